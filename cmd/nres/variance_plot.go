package main

import (
	"image/color"
	"io"
	"math"
	"strings"

	"github.com/noise-reuse/nres/cmd/nres/internal/chart"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// A contender is a row of the right-hand plot.
type contender struct{ name, estimator, phase, noise string }

// The order of the right-hand plot.
var contenders = []contender{
	{"NRES\n \n ", "nres", "random", "normal"},
	{"NRES\nstratified\n ", "nres", "stratified", "normal"},
	{"NRES\nsigns\n ", "nres", "random", "signs"},
	{"NRES\nstratified,\nsigns", "nres", "stratified", "signs"},
	{"FullES\n \n ", "fulles", "lockstep", "normal"},
	{"PES-\nAnalytic\n ", "pesanalytic", "random", "normal"},
}

// writePlot draws the variances in the format that path's name ends in: on the left
// over the noise period (Figure 3), on the right those of all with random or other
// phases and as many steps (Figure 4b). Both have one axis.
func (v *variances) writePlot(w io.Writer, path string) error {
	lo, hi, zero := v.limits()
	periods, rivals := chart.New(), chart.New()
	for _, p := range []*plot.Plot{periods, rivals} {
		p.Y.Min, p.Y.Max = lo, hi
		p.Y.Tick.Marker = chart.Ticks{Log: true}
		if zero > lo {
			p.Y.Tick.Marker = zeroTicks{zero}
		}
	}
	periods.Y.Label.Text = "total variance"
	periods.X.Label.Text = "noise period K"
	periods.X.Tick.Marker = chart.Ticks{Log: true}
	rivals.X.Label.Text = "estimator, with 2NW steps each"
	shown := contenders
	if v.Horizon%v.Window != 0 {
		shown = shown[:len(shown)-1] // no PES-Analytic
	}
	rivals.X.Tick.Marker = contenderTicks(shown)
	rivals.X.Tick.Length = 0
	least, most := math.Log10(float64(v.Window)), math.Log10(float64(v.Horizon))
	margin := max(0.05*(most-least), 0.02)
	periods.X.Min, periods.X.Max = least-margin, most+margin
	rivals.X.Min, rivals.X.Max = -0.5, float64(len(shown))-0.5

	theory := false
	var all plotter.XYs
	for i, p := range v.Points {
		// Where there is theory, lines are its, and the measurement is points.
		theory = p.Rows[0].Theory != nil
		look := chart.LookOf(i, len(v.Points))
		curve := chart.Bars{Look: look, Floor: zero, NoLine: theory}
		other := chart.Bars{Look: look, Floor: zero, NoLine: true}
		var prediction plotter.XYs
		for _, r := range p.Rows {
			if r.Phase == "random" && r.Noise == "normal" && r.Estimator != "pesanalytic" {
				x := math.Log10(float64(r.Period))
				curve.Add(x, r.Variance, r.Low, r.High)
				if r.Theory != nil {
					prediction = append(prediction, plotter.XY{X: x, Y: chart.Level(*r.Theory, zero)})
				}
			}
			for k, c := range shown {
				if r.is(c.estimator, c.phase, c.noise) {
					x := float64(k) + 0.5*(float64(i+1)/float64(len(v.Points)+1)-0.5)
					other.Add(x, r.Variance, r.Low, r.High)
					if r.Theory != nil {
						rivals.Add(dash{x, chart.Level(*r.Theory, zero), look.Color})
					}
				}
			}
		}
		if len(prediction) > 0 {
			periods.Add(chart.Line(prediction, look.Color, 1.4))
		}
		periods.Add(curve)
		periods.Legend.Add("at "+p.title(v.ThetaNames), curve)
		rivals.Add(other)
		all = append(all, curve.At...)
	}
	if theory {
		periods.Legend.Add("lines: Theorem 5")
		rivals.Legend.Add("lines: exact prediction")
	}
	rivals.Legend.Add("bars: 95 % confidence")
	rivals.Legend.ThumbnailWidth = 0
	chart.Corner{Top: true, Left: true}.Place(rivals)
	chart.PlaceLegend(periods, all)
	headline := "Variance on " + strings.ToUpper(v.Task[:1]) + v.Task[1:]
	return chart.Render(w, path, headline, v.settings(), []*plot.Plot{periods, rivals})
}

// limits returns logarithms that all variances are between, but for those that are
// nothing but rounding errors: these are drawn at zero, below the others.
func (v *variances) limits() (lo, hi, zero float64) {
	hi = math.Inf(-1)
	each := func(f func(x float64)) {
		for _, p := range v.Points {
			for _, r := range p.Rows {
				f(r.Variance)
				f(r.High)
			}
		}
	}
	each(func(x float64) {
		if x > 0 {
			hi = max(hi, math.Log10(x))
		}
	})
	if math.IsInf(hi, -1) {
		return -1, 1, -0.9
	}
	lo = hi
	each(func(x float64) {
		if x > 0 && math.Log10(x) > hi-7 {
			lo = min(lo, math.Log10(x))
		}
	})
	margin := max(0.08*(hi-lo), 0.05)
	zero = lo - margin
	lo = zero
	each(func(x float64) {
		if chart.Level(x, zero) == zero {
			lo = zero - margin
		}
	})
	return lo, hi + 2*margin, zero
}

// zeroTicks are those of a logarithmic axis with a zero, below which is nothing.
type zeroTicks struct{ zero float64 }

func (z zeroTicks) Ticks(lo, hi float64) (out []plot.Tick) {
	for _, tick := range (chart.Ticks{Log: true}).Ticks(lo, hi) {
		if tick.Value > z.zero+0.05*(hi-lo) {
			out = append(out, tick)
		}
	}
	return append(out, plot.Tick{Value: z.zero, Label: "0"})
}

// A dash is a short level line.
type dash struct {
	x, y  float64
	color color.Color
}

func (d dash) Plot(c draw.Canvas, p *plot.Plot) {
	const half = 11
	x, y := p.Transforms(&c)
	c.StrokeLine2(draw.LineStyle{Color: d.color, Width: vg.Points(1.4)}, x(d.x)-half, y(d.y), x(d.x)+half, y(d.y))
}

// contenderTicks puts the names under the values.
type contenderTicks []contender

func (shown contenderTicks) Ticks(float64, float64) (out []plot.Tick) {
	for k, c := range shown {
		out = append(out, plot.Tick{Value: float64(k), Label: c.name})
	}
	return out
}
