package main

import (
	"image/color"
	"io"
	"math"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// The rows of the right-hand plot, in order.
var contenders = []struct{ name, estimator, phase, noise string }{
	{"NRES\n \n ", "nres", "random", "normal"},
	{"NRES\nstratified\n ", "nres", "stratified", "normal"},
	{"NRES\nsigns\n ", "nres", "random", "signs"},
	{"NRES\nstratified,\nsigns", "nres", "stratified", "signs"},
	{"FullES\n \n ", "fulles", "lockstep", "normal"},
}

// writePlot draws the variances in the format that path's name ends in: on the left
// over the noise period (Figure 3), on the right those of all with random or other
// phases and as many steps (Figure 4b). Both have one axis.
func (v *variances) writePlot(w io.Writer, path string) error {
	lo, hi, zero := v.limits()
	periods, rivals := newPlot(), newPlot()
	for _, p := range []*plot.Plot{periods, rivals} {
		p.Y.Min, p.Y.Max = lo, hi
		p.Y.Tick.Marker = ticks{log: true}
		if zero > lo {
			p.Y.Tick.Marker = zeroTicks{zero}
		}
	}
	periods.Y.Label.Text = "total variance"
	periods.X.Label.Text = "noise period K"
	periods.X.Tick.Marker = ticks{log: true}
	rivals.X.Label.Text = "estimator, with 2NW steps each"
	rivals.X.Tick.Marker = contenderTicks{}
	rivals.X.Tick.Length = 0
	least, most := math.Log10(float64(v.Window)), math.Log10(float64(v.Horizon))
	margin := max(0.05*(most-least), 0.02)
	periods.X.Min, periods.X.Max = least-margin, most+margin
	rivals.X.Min, rivals.X.Max = -0.5, float64(len(contenders))-0.5

	theory := false
	var all plotter.XYs
	for i, p := range v.Points {
		// Where there is theory, lines are its, and the measurement is points.
		theory = p.Rows[0].Theory != nil
		look := lookOf(i, len(v.Points))
		curve := bars{look: look, floor: zero, noLine: theory}
		other := bars{look: look, floor: zero, noLine: true}
		var prediction plotter.XYs
		for _, r := range p.Rows {
			if r.Phase == "random" && r.Noise == "normal" {
				x := math.Log10(float64(r.Period))
				curve.add(x, r.Variance, r.Low, r.High)
				if r.Theory != nil {
					prediction = append(prediction, plotter.XY{X: x, Y: level(*r.Theory, zero)})
				}
			}
			for k, c := range contenders {
				if r.is(c.estimator, c.phase, c.noise) {
					x := float64(k) + 0.5*(float64(i+1)/float64(len(v.Points)+1)-0.5)
					other.add(x, r.Variance, r.Low, r.High)
					if r.Theory != nil {
						rivals.Add(dash{x, level(*r.Theory, zero), look.color})
					}
				}
			}
		}
		if len(prediction) > 0 {
			periods.Add(line(prediction, look.color, 1.4))
		}
		periods.Add(curve)
		periods.Legend.Add("at "+p.title(v.ThetaNames), curve)
		rivals.Add(other)
		all = append(all, curve.at...)
	}
	if theory {
		periods.Legend.Add("lines: Theorem 5")
		rivals.Legend.Add("lines: exact prediction")
	}
	rivals.Legend.Add("bars: 95 % confidence")
	rivals.Legend.ThumbnailWidth = 0
	rivals.Legend.Top, rivals.Legend.Left = true, true
	rivals.Legend.XOffs, rivals.Legend.YOffs = vg.Points(8), vg.Points(-4)
	placeLegend(periods, all)
	headline := "Variance on " + strings.ToUpper(v.Task[:1]) + v.Task[1:]
	return render(w, path, headline, v.settings(), []*plot.Plot{periods, rivals})
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
		if level(x, zero) == zero {
			lo = zero - margin
		}
	})
	return lo, hi + 2*margin, zero
}

// level returns log10 x, or the bottom if that is lower.
func level(x, bottom float64) float64 {
	if x <= 0 {
		return bottom
	}
	return max(bottom, math.Log10(x))
}

// zeroTicks are those of a logarithmic axis with a zero, below which is nothing.
type zeroTicks struct{ zero float64 }

func (z zeroTicks) Ticks(lo, hi float64) (out []plot.Tick) {
	for _, tick := range (ticks{log: true}).Ticks(lo, hi) {
		if tick.Value > z.zero+0.05*(hi-lo) {
			out = append(out, tick)
		}
	}
	return append(out, plot.Tick{Value: z.zero, Label: "0"})
}

// A look tells the curves of points apart, without colours, too.
type look struct {
	color color.Color
	shape shape
}

func lookOf(i, n int) look {
	c := shade(0.15 + 0.85*float64(n-i)/float64(n))
	fill := c
	if i%2 == 1 {
		fill = color.White
	}
	s := []shape{{n: 24}, {n: 4}, {n: 4, turn: 0.5}, {n: 3}}[i%4]
	s.waist, s.fill, s.bare = 1, fill, true
	return look{c, s}
}

// bars draws values with their confidence intervals, and a line through them.
type bars struct {
	look
	at     plotter.XYs // logarithms
	lo, hi []float64
	floor  float64
	noLine bool
}

func (b *bars) add(x, y, lo, hi float64) {
	b.at = append(b.at, plotter.XY{X: x, Y: level(y, b.floor)})
	b.lo, b.hi = append(b.lo, level(lo, b.floor)), append(b.hi, level(hi, b.floor))
}

func (b bars) Plot(c draw.Canvas, p *plot.Plot) {
	if len(b.at) > 1 && !b.noLine {
		line(b.at, b.color, 1.4).Plot(c, p)
	}
	x, y := p.Transforms(&c)
	thin := draw.LineStyle{Color: b.color, Width: vg.Points(1.1)}
	for k, pt := range b.at {
		at, cap := x(pt.X), vg.Points(3)
		c.StrokeLine2(thin, at, y(b.lo[k]), at, y(b.hi[k]))
		for _, end := range []float64{b.lo[k], b.hi[k]} {
			c.StrokeLine2(thin, at-cap, y(end), at+cap, y(end))
		}
		b.glyph(&c, vg.Point{X: at, Y: y(pt.Y)})
	}
}

func (b bars) glyph(c *draw.Canvas, at vg.Point) {
	b.shape.DrawGlyph(c, draw.GlyphStyle{Color: b.color, Radius: vg.Points(3.6)}, at)
}

// Thumbnail draws a line and a marker.
func (b bars) Thumbnail(c *draw.Canvas) {
	at := c.Center()
	if !b.noLine {
		c.StrokeLine2(draw.LineStyle{Color: b.color, Width: vg.Points(1.4)}, c.Min.X, at.Y, c.Max.X, at.Y)
	}
	b.glyph(c, at)
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
type contenderTicks struct{}

func (contenderTicks) Ticks(float64, float64) (out []plot.Tick) {
	for k, c := range contenders {
		out = append(out, plot.Tick{Value: float64(k), Label: c.name})
	}
	return out
}
