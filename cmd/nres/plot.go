package main

import (
	"bytes"
	"fmt"
	"image/color"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"
	"gonum.org/v1/plot/vg/vgsvg"
)

var plotFormats = []string{".png", ".svg"}

func plotFormat(path string) string { return strings.ToLower(filepath.Ext(path)) }

const (
	plotWidth, plotHeight = 11 * vg.Inch, 5 * vg.Inch
	plotDPI               = 160
	plotPoints            = 600 // about so many for a curve
)

var (
	sans  = font.Font{Typeface: "Liberation", Variant: "Sans"}
	light = color.Gray{0xc0}
	dark  = color.RGBA{0x12, 0x3c, 0x69, 0xff}
	red   = color.RGBA{0xb4, 0x1f, 0x24, 0xff}
)

// writePlot draws the run in the format that path's name ends in: on the left the
// loss, on the right the path of the first two parameters.
func writePlot(w io.Writer, path string, j *job, tr *trace) error {
	plots := []*plot.Plot{lossPlot(j, tr)}
	if len(tr.params) > 1 {
		plots = append(plots, pathPlot(j, tr))
	}
	return render(w, path, j.headline(), j.settings(), plots)
}

// render draws plots side by side.
func render(w io.Writer, path, headline, settings string, plots []*plot.Plot) error {
	if plotFormat(path) == ".svg" {
		c := vgsvg.New(plotWidth, plotHeight)
		drawPlots(draw.New(c), headline, settings, plots)
		var b bytes.Buffer
		if _, err := c.WriteTo(&b); err != nil {
			return err
		}
		// Where the font is missing, one of its shape, not a serif one.
		_, err := w.Write(bytes.ReplaceAll(b.Bytes(), []byte("font-family:Liberation Sans;"),
			[]byte("font-family:Liberation Sans,Arial,Helvetica,sans-serif;")))
		return err
	}
	c := vgimg.NewWith(vgimg.UseWH(plotWidth, plotHeight), vgimg.UseDPI(plotDPI))
	drawPlots(draw.New(c), headline, settings, plots)
	_, err := vgimg.PngCanvas{Canvas: c}.WriteTo(w)
	return err
}

func drawPlots(c draw.Canvas, headline, settings string, plots []*plot.Plot) {
	c.FillPolygon(color.White, []vg.Point{
		c.Min, {X: c.Max.X, Y: c.Min.Y}, c.Max, {X: c.Min.X, Y: c.Max.Y},
	})
	title := plots[0].Title.TextStyle
	title.XAlign, title.YAlign = draw.XCenter, draw.YTop
	middle := (c.Min.X + c.Max.X) / 2
	title.Font = font.From(sans, 15)
	c.FillText(title, vg.Point{X: middle, Y: c.Max.Y - 0.13*vg.Inch}, headline)
	title.Font = font.From(sans, 11)
	title.Color = color.Gray{0x50}
	c.FillText(title, vg.Point{X: middle, Y: c.Max.Y - 0.42*vg.Inch}, settings)

	tiles := draw.Tiles{
		Rows: 1, Cols: len(plots),
		PadTop: 0.75 * vg.Inch, PadBottom: 0.12 * vg.Inch,
		PadLeft: 0.12 * vg.Inch, PadRight: 0.2 * vg.Inch, PadX: 0.3 * vg.Inch,
	}
	// Axes that stand at one height, whatever their labels take.
	bottom, top := c.Min.Y, c.Max.Y
	for i, p := range plots {
		data := p.DataCanvas(tiles.At(c, i, 0))
		bottom, top = max(bottom, data.Min.Y), min(top, data.Max.Y)
	}
	for i, p := range plots {
		tile := tiles.At(c, i, 0)
		data := p.DataCanvas(tile)
		p.Draw(draw.Crop(tile, 0, 0, bottom-data.Min.Y, top-data.Max.Y))
	}
}

func (j *job) headline() string {
	name := strings.ToUpper(j.task.Name[:1]) + j.task.Name[1:]
	if j.data != "" {
		name += ", " + filepath.Base(j.data)
	}
	return methodTitle(j.cfg.Method.String()) + " on " + name
}

func (j *job) settings() string {
	return fmt.Sprintf("N = %d,  W = %d,  K = %d,  σ = %v,  %s phases,  %s,  learning rate %v,  seed %d",
		j.cfg.Workers, j.cfg.Window, j.cfg.Period, j.cfg.Sigma, j.cfg.Phase, strings.ToUpper(j.optimizer), j.lr, j.cfg.Seed)
}

func newPlot() *plot.Plot {
	p := plot.New()
	p.Title.TextStyle.Font = font.From(sans, 12)
	p.Legend.TextStyle.Font = font.From(sans, 11)
	p.Legend.ThumbnailWidth = vg.Points(24)
	p.Legend.Padding = vg.Points(6.5)
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		a.Label.TextStyle.Font = font.From(sans, 13)
		a.Label.Padding = vg.Points(5)
		a.Tick.Label.Font = font.From(sans, 11)
		a.Tick.Marker = ticks{}
		a.LineStyle.Width = vg.Points(0.8)
		a.Tick.LineStyle.Width = vg.Points(0.8)
		a.Padding = 0
	}
	return p
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
	p := newPlot()
	p.X.Label.Text = "iteration"
	p.Y.Label.Text = lossName(j.task.Name)
	p.Y.Tick.Marker = ticks{log: true}

	// A logarithmic axis has no zero.
	least := math.Inf(1)
	for _, v := range tr.loss {
		if v > 0 {
			least = min(least, v)
		}
	}
	if math.IsInf(least, 1) {
		least = 1
	}
	loss := make([]float64, tr.len())
	for i, v := range tr.loss {
		loss[i] = max(v, least)
	}

	window := max(1, tr.len()/100)
	raw := line(log10(envelope(loss)), light, 0.6)
	mean := line(log10(thin(runningMean(loss, window, least))), dark, 1.8)
	p.Add(raw, mean)
	p.Legend.Add("every iteration", raw)
	p.Legend.Add(fmt.Sprintf("running mean over %d", window), mean)

	p.X.Min, p.X.Max = 0, float64(tr.len())
	lo, hi := math.Log10(slices.Min(loss)), math.Log10(slices.Max(loss))
	margin := max(0.06*(hi-lo), 0.01)
	p.Y.Min, p.Y.Max = lo-margin, hi+margin
	placeLegend(p, raw.XYs)
	return p
}

// log10 takes the logarithms of the values, in place. The axis itself is linear:
// on plot's logarithmic one, a long label takes room from the data.
func log10(pts plotter.XYs) plotter.XYs {
	for i := range pts {
		pts[i].Y = math.Log10(pts[i].Y)
	}
	return pts
}

// pathPlot draws the way of the first two parameters.
func pathPlot(j *job, tr *trace) *plot.Plot {
	p := newPlot()
	p.X.Label.Text, p.Y.Label.Text = tr.params[0], tr.params[1]
	var all plotter.XYs
	for i := 0; i <= tr.len(); i++ {
		all = append(all, pointOf(widen(tr.at(i))))
	}
	// Segments from light to dark, which overlap by a point. Early iterations go
	// farther, and get more of the shades.
	path := thin(all)
	const shades = 48
	part := func(s float64) int { return int(math.Pow(s/shades, 2.5) * float64(len(path)-1)) }
	legend := gradient{width: vg.Points(1.6)}
	for s := 0; s < shades; s++ {
		lo, hi := part(float64(s)), part(float64(s+1))
		c := shade(float64(s) / (shades - 1))
		legend.colors = append(legend.colors, c)
		if hi > lo {
			p.Add(line(path[lo:hi+1], c, 1.6))
		}
	}
	p.Legend.Add(fmt.Sprintf("iteration 0 to %d", tr.len()), legend)

	mean, _ := tr.means()
	marks := []mark{
		{"start", all[0], shape{n: 24, waist: 1, fill: color.White}, 5, color.Black},
		{fmt.Sprintf("mean of last %d", tr.tail()), pointOf(mean), shape{n: 4, waist: 1}, 8, color.Black},
		{"end", all[tr.len()], shape{n: 4, waist: 1, turn: 0.5, fill: color.White}, 4.5, color.Black},
	}
	if t := j.truth(); t != nil {
		marks = append(marks, mark{"truth", pointOf(t), shape{n: 10, waist: 0.42, fill: red}, 7.5, red})
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
	placeLegend(p, all)
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

// placeLegend puts the legend in the corner with the fewest points.
func placeLegend(p *plot.Plot, pts plotter.XYs) {
	least := len(pts) + 1
	for _, corner := range []struct{ top, left bool }{{true, false}, {true, true}, {false, false}, {false, true}} {
		n := 0
		for _, pt := range pts {
			x, y := p.X.Norm(pt.X), p.Y.Norm(pt.Y)
			if !corner.left {
				x = 1 - x
			}
			if corner.top {
				y = 1 - y
			}
			if x < 0.45 && y < 0.35 {
				n++
			}
		}
		if n < least {
			least = n
			p.Legend.Top, p.Legend.Left = corner.top, corner.left
		}
	}
	p.Legend.XOffs, p.Legend.YOffs = vg.Points(-8), vg.Points(8)
	if p.Legend.Left {
		p.Legend.XOffs = vg.Points(8)
	}
	if p.Legend.Top {
		p.Legend.YOffs = vg.Points(-4)
	}
}

// A curve is a plotter.Line that is drawn in pieces, which overlap by a point. As a
// whole, a long one with many turns takes the rasteriser seconds.
type curve struct{ *plotter.Line }

func line(pts plotter.XYs, c color.Color, width float64) curve {
	l, err := plotter.NewLine(pts)
	if err != nil { // there are points, and all are finite
		panic(err)
	}
	l.LineStyle = draw.LineStyle{Color: c, Width: vg.Points(width)}
	return curve{l}
}

func (l curve) Plot(c draw.Canvas, p *plot.Plot) {
	const piece = 32
	for lo := 0; lo == 0 || lo < len(l.XYs)-1; lo += piece {
		part := *l.Line
		part.XYs = l.XYs[lo:min(lo+piece+1, len(l.XYs))]
		part.Plot(c, p)
	}
}

// envelope returns the curve of y over 1, 2, …; a long one is cut into pieces of
// which the least and greatest values are kept, so that its outline stays.
func envelope(y []float64) plotter.XYs {
	var pts plotter.XYs
	size := (len(y) + plotPoints - 1) / plotPoints
	for lo := 0; lo < len(y); lo += size {
		hi := min(lo+size, len(y))
		a, b := lo, lo
		for i := lo; i < hi; i++ {
			if y[i] < y[a] {
				a = i
			}
			if y[i] > y[b] {
				b = i
			}
		}
		if a > b {
			a, b = b, a
		}
		pts = append(pts, plotter.XY{X: float64(a + 1), Y: y[a]})
		if b != a {
			pts = append(pts, plotter.XY{X: float64(b + 1), Y: y[b]})
		}
	}
	return pts
}

// thin leaves out points of a long curve, but neither end.
func thin(pts plotter.XYs) plotter.XYs {
	size := (len(pts) + 2*plotPoints - 1) / (2 * plotPoints)
	var out plotter.XYs
	for i := 0; i < len(pts)-1; i += size {
		out = append(out, pts[i])
	}
	return append(out, pts[len(pts)-1])
}

// runningMean returns the means of every n successive values, over the middle of
// each. Rounding takes none of them below least.
func runningMean(y []float64, n int, least float64) plotter.XYs {
	var pts plotter.XYs
	var sum float64
	for i, v := range y {
		sum += v
		if i >= n {
			sum -= y[i-n]
		}
		if i >= n-1 {
			pts = append(pts, plotter.XY{X: float64(i+1) - float64(n-1)/2, Y: max(sum/float64(n), least)})
		}
	}
	return pts
}

// shade returns a colour for x from 0 to 1 that gets darker evenly, in greyscale,
// too.
func shade(x float64) color.Color {
	stops := [][3]float64{{0xf2, 0xc0, 0x4d}, {0xd9, 0x6a, 0x4a}, {0x8c, 0x2d, 0x75}, {0x1e, 0x10, 0x50}}
	x *= float64(len(stops) - 1)
	i := min(int(x), len(stops)-2)
	var c [3]uint8
	for k := range c {
		c[k] = uint8(stops[i][k] + (x-float64(i))*(stops[i+1][k]-stops[i][k]))
	}
	return color.RGBA{c[0], c[1], c[2], 0xff}
}

// gradient is the legend's sample of a line in many colours.
type gradient struct {
	colors []color.Color
	width  vg.Length
}

func (g gradient) Thumbnail(c *draw.Canvas) {
	y := c.Center().Y
	at := func(i int) vg.Length {
		return c.Min.X + (c.Max.X-c.Min.X)*vg.Length(i)/vg.Length(len(g.colors))
	}
	for i, col := range g.colors {
		c.StrokeLine2(draw.LineStyle{Color: col, Width: 1.6 * g.width}, at(i), y, at(i+1), y)
	}
}

// A shape is a glyph of n corners, every other one at waist times the radius. It is
// turned by so much of a corner.
type shape struct {
	n           int
	waist, turn float64
	fill        color.Color // nil: hollow
	bare        bool        // no white rim
}

func (s shape) DrawGlyph(c *draw.Canvas, sty draw.GlyphStyle, pt vg.Point) {
	var pts []vg.Point
	for i := 0; i <= s.n; i++ {
		r := float64(sty.Radius)
		if i%2 == 1 {
			r *= s.waist
		}
		sin, cos := math.Sincos((float64(i) + s.turn) * 2 * math.Pi / float64(s.n))
		pts = append(pts, vg.Point{X: pt.X + vg.Length(r*sin), Y: pt.Y + vg.Length(r*cos)})
	}
	if !s.bare { // against the path
		c.StrokeLines(draw.LineStyle{Color: color.White, Width: vg.Points(3.4)}, pts)
	}
	if s.fill != nil {
		c.FillPolygon(s.fill, pts)
	}
	c.StrokeLines(draw.LineStyle{Color: sty.Color, Width: vg.Points(1.3)}, pts)
}

// ticks puts marks at round numbers. With log, the axis has decadic logarithms, and
// the labels say what of.
type ticks struct{ log bool }

func (t ticks) Ticks(lo, hi float64) []plot.Tick {
	if !t.log {
		return linearTicks(lo, hi)
	}
	var out []plot.Tick
	if hi-lo < 0.5 {
		for _, tick := range linearTicks(math.Pow(10, lo), math.Pow(10, hi)) {
			tick.Value = math.Log10(tick.Value)
			out = append(out, tick)
		}
		return out
	}
	labelled := []float64{1, 2, 3, 5, 7}
	every := 1
	switch decades := hi - lo; {
	case decades > 3:
		labelled = []float64{1}
		every = 1 + int(decades/8)
	case decades > 1.3:
		labelled = []float64{1, 2, 5}
	}
	for e := int(math.Floor(lo)); e <= int(math.Ceil(hi)); e++ {
		for m := 1.0; m < 10; m++ {
			v := m * math.Pow(10, float64(e))
			at := math.Log10(v)
			if at < lo || at > hi || every > 1 && m > 1 {
				continue
			}
			tick := plot.Tick{Value: at}
			if slices.Contains(labelled, m) && e%every == 0 {
				tick.Label = exponents.Replace(fmt.Sprintf("%.4g", v))
			}
			out = append(out, tick)
		}
	}
	return out
}

// exponents makes 1e+06 a 1e6.
var exponents = strings.NewReplacer("e+0", "e", "e+", "e", "e-0", "e-")

// linearTicks labels three to nine multiples of 1, 2 or 5 times a power of ten.
func linearTicks(lo, hi float64) []plot.Tick {
	step := math.Pow(10, math.Floor(math.Log10((hi-lo)/3.5)))
	for _, m := range []float64{5, 2} {
		if (hi-lo)/(m*step) >= 3.5 {
			step *= m
			break
		}
	}
	digits := max(0, -int(math.Floor(math.Log10(step))))
	var out []plot.Tick
	for k := math.Ceil(lo / step); k*step <= hi; k++ {
		out = append(out, plot.Tick{Value: k * step, Label: fmt.Sprintf("%.*f", digits, k*step+0)})
	}
	return out
}

// methodTitle returns a method as the papers write it.
func methodTitle(name string) string {
	if title, ok := map[string]string{"fulles": "FullES", "essingle": "ES-Single", "pesanalytic": "PES-Analytic"}[name]; ok {
		return title
	}
	return strings.ToUpper(name)
}
