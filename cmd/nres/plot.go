package main

import (
	"fmt"
	"image/color"
	"io"
	"math"
	"path/filepath"
	"strings"

	"github.com/noise-reuse/nres/cmd/nres/internal/chart"
	"github.com/noise-reuse/nres/estimator"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// writePlot draws the run in the format that path's name ends in: on the left the
// loss, on the right the path of the first two parameters.
func writePlot(w io.Writer, path string, j *job, tr *trace) error {
	plots := []*plot.Plot{lossPlot(j, tr)}
	if len(tr.params) > 1 {
		plots = append(plots, pathPlot(j, tr))
	}
	return chart.Render(w, path, j.headline(), j.settings(), plots)
}

func (j *job) headline() string {
	name := strings.ToUpper(j.task.Name[:1]) + j.task.Name[1:]
	if j.data != "" {
		name += ", " + filepath.Base(j.data)
	}
	return methodTitle(j.cfg.Method.String()) + " on " + name
}

func (j *job) settings() string {
	return fmt.Sprintf("N = %d,  W = %d,  K = %d,  σ = %v,  %s phases%s,  %s,  learning rate %v,  seed %d",
		j.cfg.Workers, j.cfg.Window, j.cfg.Period, j.cfg.Sigma, j.cfg.Phase, j.unusual(",  "), optimizerTitle(j.optimizer), j.lr, j.cfg.Seed)
}

// unusual returns what isn't as it is without flags, each with sep before it.
func (j *job) unusual(sep string) (s string) {
	if j.cfg.Noise != estimator.Normal {
		s += sep + j.cfg.Noise.String() + " for noise"
	}
	if j.cfg.LossScale == estimator.Sum && j.cfg.Method != estimator.ESSingle {
		s += sep + "losses summed"
	}
	if j.cfg.Shaping != estimator.Raw {
		s += sep + "shaping " + j.cfg.Shaping.String()
	}
	return s
}

// lossName says what the loss of a task is.
func lossName(task string) string {
	if task == "lorenz" {
		return "mean squared error of z over the window"
	}
	return "mean loss over the window"
}

// lossPlot draws the loss of every iteration and its running mean.
func lossPlot(j *job, tr *trace) *plot.Plot {
	p := chart.New()
	p.X.Label.Text = "iteration"
	p.Y.Label.Text = lossName(j.task.Name)

	// A logarithmic axis has no zero. A run of nothing else is on a linear one.
	least := math.Inf(1)
	for _, v := range tr.loss {
		if v > 0 {
			least = min(least, v)
		}
	}
	log := !math.IsInf(least, 1)
	if !log {
		least = 0
	}
	p.Y.Tick.Marker = chart.Ticks{Log: log}
	loss := make([]float64, tr.len())
	for i, v := range tr.loss {
		loss[i] = max(v, least)
	}

	window := max(1, tr.len()/100)
	every, means := chart.Envelope(loss), chart.Thin(chart.RunningMean(loss, window, least))
	if log {
		every, means = chart.Log10(every), chart.Log10(means)
	}
	raw, mean := chart.Line(every, chart.Light, 0.6), chart.Line(means, chart.Dark, 1.8)
	p.Add(raw, mean)
	if tr.len() == 1 { // of which there is no line
		p.Add(&plotter.Scatter{XYs: mean.XYs, GlyphStyle: draw.GlyphStyle{Color: chart.Dark, Radius: vg.Points(3), Shape: draw.CircleGlyph{}}})
	}
	p.Legend.Add("every iteration", raw)
	p.Legend.Add(fmt.Sprintf("running mean over %d", window), mean)

	p.X.Min, p.X.Max = 0, float64(tr.len())
	_, _, lo, hi := plotter.XYRange(every)
	margin := max(0.06*(hi-lo), 0.01)
	p.Y.Min, p.Y.Max = lo-margin, hi+margin
	chart.PlaceLegend(p, raw.XYs)
	return p
}

// pathPlot draws the way of the first two parameters.
func pathPlot(j *job, tr *trace) *plot.Plot {
	p := chart.New()
	p.X.Label.Text, p.Y.Label.Text = tr.params[0], tr.params[1]
	var all plotter.XYs
	for i := 0; i <= tr.len(); i++ {
		all = append(all, pointOf(convert[float64](tr.at(i))))
	}
	// Segments from light to chart.Dark, which overlap by a point. Early iterations go
	// farther, and get more of the shades.
	path := chart.Thin(all)
	const shades = 48
	part := func(s float64) int { return int(math.Pow(s/shades, 2.5) * float64(len(path)-1)) }
	legend := chart.Gradient{Width: vg.Points(1.6)}
	for s := 0; s < shades; s++ {
		lo, hi := part(float64(s)), part(float64(s+1))
		c := chart.Shade(float64(s) / (shades - 1))
		legend.Colors = append(legend.Colors, c)
		if hi > lo {
			p.Add(chart.Line(path[lo:hi+1], c, 1.6))
		}
	}
	p.Legend.Add(fmt.Sprintf("iteration 0 to %d", tr.len()), legend)

	mean, _ := tr.means()
	marks := []mark{
		{"start", all[0], chart.Shape{N: 24, Waist: 1, Fill: color.White}, 5, color.Black},
		{fmt.Sprintf("mean of last %d", tr.tail()), pointOf(mean), chart.Shape{N: 4, Waist: 1}, 8, color.Black},
		{"end", all[tr.len()], chart.Shape{N: 4, Waist: 1, Turn: 0.5, Fill: color.White}, 4.5, color.Black},
	}
	if t := j.truth(); t != nil {
		marks = append(marks, mark{"truth", pointOf(t), chart.Shape{N: 10, Waist: 0.42, Fill: chart.Red}, 7.5, chart.Red})
	}
	lo, hi := all[0], all[0]
	for _, pt := range all {
		lo, hi = corners(lo, hi, pt)
	}
	for _, m := range marks {
		s, err := plotter.NewScatter(plotter.XYs{m.at})
		if err != nil { // all points are finite
			panic(err)
		}
		s.GlyphStyle = draw.GlyphStyle{Shape: m.shape, Radius: vg.Points(m.radius), Color: m.color}
		p.Add(s)
		p.Legend.Add(m.name, s)
		lo, hi = corners(lo, hi, m.at)
		all = append(all, m.at)
	}
	dx, dy := 0.08*(hi.X-lo.X), 0.08*(hi.Y-lo.Y)
	dx, dy = max(dx, 1e-3, math.Abs(hi.X)*1e-5), max(dy, 1e-3, math.Abs(hi.Y)*1e-5)
	p.X.Min, p.X.Max = lo.X-dx, hi.X+dx
	p.Y.Min, p.Y.Max = lo.Y-dy, hi.Y+dy
	chart.PlaceLegend(p, all)
	return p
}

type mark struct {
	name   string
	at     plotter.XY
	shape  draw.GlyphDrawer
	radius float64
	color  color.Color
}

func pointOf(theta []float64) plotter.XY { return plotter.XY{X: theta[0], Y: theta[1]} }

func corners(lo, hi, p plotter.XY) (plotter.XY, plotter.XY) {
	return plotter.XY{X: min(lo.X, p.X), Y: min(lo.Y, p.Y)}, plotter.XY{X: max(hi.X, p.X), Y: max(hi.Y, p.Y)}
}

// optimizerTitle returns an optimizer as the papers write it.
func optimizerTitle(name string) string {
	return map[string]string{"sgd": "SGD", "adam": "Adam", "clipup": "ClipUp"}[name]
}

// methodTitle returns a method as the papers write it.
func methodTitle(name string) string {
	if title, ok := map[string]string{"fulles": "FullES", "essingle": "ES-Single", "pesanalytic": "PES-Analytic"}[name]; ok {
		return title
	}
	return strings.ToUpper(name)
}
