package main

import (
	"cmp"
	"errors"
	"fmt"
	"image/color"
	"math"
	"os"
	"slices"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
)

// A history is what the windows of a demonstration came to.
type history struct {
	began  time.Time
	moment []float64 // s, the end of each window
	window []*window
	theta  []knobs   // what the window's knobs are perturbed from
	phase  []int     // the first window of each
	change []float64 // s, when each phase began
}

func (h *history) now() float64 { return time.Since(h.began).Seconds() }

func (h *history) begin() {
	h.phase = append(h.phase, len(h.window))
	h.change = append(h.change, h.now())
}

func (h *history) add(w *window, theta knobs) {
	h.moment = append(h.moment, h.now())
	h.window = append(h.window, w)
	h.theta = append(h.theta, theta)
}

// loss returns the mean cost of a request in a phase.
func (h *history) loss(phase int) float64 {
	var sum window
	for _, w := range h.window[h.phase[phase]:append(h.phase, len(h.window))[phase+1]] {
		sum.cost.Add(w.cost.Load())
		sum.ended.Add(w.ended.Load())
	}
	return sum.loss()
}

var (
	light = color.Gray{0xa0}
	dark  = color.RGBA{0x12, 0x3c, 0x69, 0xff}
)

// draw writes a PNG of the losses and knobs over time.
func (h *history) draw(path string) error {
	loss := h.series(func(i int) float64 { return 1000 * h.window[i].loss() })
	if len(loss) == 0 {
		return errors.New("nothing to draw: no request was answered")
	}
	smooth := make(plotter.XYs, len(loss)) // running mean over 12 windows, two iterations
	for i := range loss {
		lo, hi := max(0, i-6), min(len(loss), i+6)
		for _, p := range loss[lo:hi] {
			smooth[i].Y += p.Y / float64(hi-lo)
		}
		smooth[i].X = loss[i].X
	}
	panels := [][]*plot.Plot{
		{h.panel("cost of a request (ms)", "a window", loss, "running mean", smooth)},
		{h.panel("concurrency limit", "tried", h.series(func(i int) float64 { return float64(h.window[i].limit) }),
			"tuned", h.series(func(i int) float64 { return float64(h.theta[i].limit) }))},
		{h.panel("timeout (ms)", "tried", h.series(func(i int) float64 { return 1000 * h.window[i].timeout.Seconds() }),
			"tuned", h.series(func(i int) float64 { return 1000 * h.theta[i].timeout.Seconds() }))},
	}
	panels[2][0].X.Label.Text = "time (s)"
	img := vgimg.NewWith(vgimg.UseWH(8*vg.Inch, 8*vg.Inch), vgimg.UseDPI(120))
	page := draw.New(img)
	tiles := draw.Tiles{Rows: 3, Cols: 1, PadTop: vg.Points(8), PadBottom: vg.Points(8), PadLeft: vg.Points(8), PadRight: vg.Points(14), PadY: vg.Points(10)}
	for i, row := range plot.Align(panels, tiles, page) {
		panels[i][0].Draw(row[0])
	}
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	if _, err := (vgimg.PngCanvas{Canvas: img}).WriteTo(f); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

// series leaves out windows without requests, which have no loss.
func (h *history) series(y func(i int) float64) plotter.XYs {
	var pts plotter.XYs
	for i, w := range h.window {
		if w.ended.Load() > 0 {
			pts = append(pts, plotter.XY{X: h.moment[i], Y: y(i)})
		}
	}
	return pts
}

// panel draws single values as dots and a curve, on a logarithmic axis, and the times
// when tuning began and ended.
func (h *history) panel(label, dotName string, dots plotter.XYs, curveName string, curve plotter.XYs) *plot.Plot {
	p := plot.New()
	sans := font.Font{Typeface: "Liberation", Variant: "Sans"}
	p.Y.Label.Text = label
	p.Y.Scale, p.Y.Tick.Marker, p.X.Tick.Marker = plot.LogScale{}, ticks{}, seconds{}
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		a.Label.TextStyle.Font = font.From(sans, 12)
		a.Tick.Label.Font = font.From(sans, 10)
		a.Padding = 0
	}
	p.Legend.TextStyle.Font = font.From(sans, 10)
	p.Legend.Top, p.Legend.XOffs, p.Legend.Padding = true, -1.1*vg.Inch, vg.Points(3)

	scatter := &plotter.Scatter{XYs: dots, GlyphStyle: draw.GlyphStyle{Color: light, Radius: vg.Points(1.8), Shape: draw.CircleGlyph{}}}
	line := &plotter.Line{XYs: curve, LineStyle: draw.LineStyle{Color: dark, Width: vg.Points(2)}}
	p.Add(scatter, line)
	p.Legend.Add(dotName, scatter)
	p.Legend.Add(curveName, line)

	all := slices.Concat(dots, curve)
	byY := func(a, b plotter.XY) int { return cmp.Compare(a.Y, b.Y) }
	lo, hi := slices.MinFunc(all, byY).Y/1.15, slices.MaxFunc(all, byY).Y*1.15
	p.Y.Min, p.Y.Max = lo, hi*math.Pow(hi/lo, 0.3) // the legend is above all points
	p.X.Min, p.X.Max = 0, h.moment[len(h.moment)-1]
	for i, x := range h.change[1:] {
		mark := &plotter.Line{XYs: plotter.XYs{{X: x, Y: p.Y.Min}, {X: x, Y: p.Y.Max}},
			LineStyle: draw.LineStyle{Color: color.Black, Width: vg.Points(1), Dashes: []vg.Length{vg.Points(4), vg.Points(3)}}}
		p.Add(mark)
		if i == 0 {
			p.Legend.Add("tuning begins, ends", mark)
		}
	}
	return p
}

// ticks are 1, 2 and 5 times the powers of ten.
type ticks struct{}

func (ticks) Ticks(lo, hi float64) []plot.Tick {
	var marks []plot.Tick
	for power := math.Pow(10, math.Floor(math.Log10(lo))); power <= hi; power *= 10 {
		for _, v := range []float64{power, 2 * power, 5 * power} {
			if lo <= v && v <= hi {
				marks = append(marks, plot.Tick{Value: v, Label: fmt.Sprint(v)})
			}
		}
	}
	return marks
}

// seconds are about ten whole ones.
type seconds struct{}

func (seconds) Ticks(lo, hi float64) []plot.Tick {
	var marks []plot.Tick
	step := math.Ceil(hi / 12)
	for v := 0.0; v <= hi; v += step {
		marks = append(marks, plot.Tick{Value: v, Label: fmt.Sprint(v)})
	}
	return marks
}
