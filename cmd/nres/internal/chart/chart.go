// Package chart draws curves, bars and maps the way the program's pictures look.
package chart

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

// Formats are what the names of pictures may end in, and Format is that end.
var Formats = []string{".png", ".svg"}

func Format(path string) string { return strings.ToLower(filepath.Ext(path)) }

const (
	plotWidth, plotHeight = 11 * vg.Inch, 5 * vg.Inch
	plotDPI               = 160
	Points                = 600 // about so many for a curve
)

var (
	sans  = font.Font{Typeface: "Liberation", Variant: "Sans"}
	Light = color.Gray{0xc0}
	Dark  = color.RGBA{0x12, 0x3c, 0x69, 0xff}
	Red   = color.RGBA{0xb4, 0x1f, 0x24, 0xff}
)

// Render draws plots side by side, in the format that path ends in.
func Render(w io.Writer, path, headline, settings string, plots []*plot.Plot) error {
	if Format(path) == ".svg" {
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

// New returns an empty plot.
func New() *plot.Plot {
	p := plot.New()
	p.Title.TextStyle.Font = font.From(sans, 12)
	p.Legend.TextStyle.Font = font.From(sans, 11)
	p.Legend.ThumbnailWidth = vg.Points(24)
	p.Legend.Padding = vg.Points(6.5)
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		a.Label.TextStyle.Font = font.From(sans, 13)
		a.Label.Padding = vg.Points(5)
		a.Tick.Label.Font = font.From(sans, 11)
		a.Tick.Marker = Ticks{}
		a.LineStyle.Width = vg.Points(0.8)
		a.Tick.LineStyle.Width = vg.Points(0.8)
		a.Padding = 0
	}
	return p
}

// Log10 takes the logarithms of the values, in place. The axis itself is linear:
// on plot's logarithmic one, a long label takes room from the data.
func Log10(pts plotter.XYs) plotter.XYs {
	for i := range pts {
		pts[i].Y = math.Log10(pts[i].Y)
	}
	return pts
}

// PlaceLegend puts the legend in the corner with the fewest points.
func PlaceLegend(p *plot.Plot, pts plotter.XYs) {
	least, best := len(pts)+1, Corner{}
	for _, corner := range []Corner{{Top: true}, {Top: true, Left: true}, {}, {Left: true}} {
		n := 0
		for _, pt := range pts {
			x, y := p.X.Norm(pt.X), p.Y.Norm(pt.Y)
			if !corner.Left {
				x = 1 - x
			}
			if corner.Top {
				y = 1 - y
			}
			if x < 0.45 && y < 0.35 {
				n++
			}
		}
		if n < least {
			least, best = n, corner
		}
	}
	best.Place(p)
}

// A Corner is one of the plot's four.
type Corner struct{ Top, Left bool }

// Place puts the legend there.
func (c Corner) Place(p *plot.Plot) {
	p.Legend.Top, p.Legend.Left = c.Top, c.Left
	p.Legend.XOffs, p.Legend.YOffs = vg.Points(-8), vg.Points(8)
	if c.Left {
		p.Legend.XOffs = vg.Points(8)
	}
	if c.Top {
		p.Legend.YOffs = vg.Points(-4)
	}
}

// A Curve is a plotter.Line that is drawn in pieces, which overlap by a point. As a
// whole, a long one with many turns takes the rasteriser seconds.
type Curve struct{ *plotter.Line }

// Line returns a curve through pts, width in points.
func Line(pts plotter.XYs, c color.Color, width float64) Curve {
	l, err := plotter.NewLine(pts)
	if err != nil { // there are points, and all are finite
		panic(err)
	}
	l.LineStyle = draw.LineStyle{Color: c, Width: vg.Points(width)}
	return Curve{l}
}

func (l Curve) Plot(c draw.Canvas, p *plot.Plot) {
	const piece = 32
	for lo := 0; lo == 0 || lo < len(l.XYs)-1; lo += piece {
		part := *l.Line
		part.XYs = l.XYs[lo:min(lo+piece+1, len(l.XYs))]
		part.Plot(c, p)
	}
}

// Envelope returns the curve of y over 1, 2, …; a long one is cut into pieces of
// which the least and greatest values are kept, so that its outline stays.
func Envelope(y []float64) plotter.XYs {
	var pts plotter.XYs
	size := (len(y) + Points - 1) / Points
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

// Thin leaves out points of a long curve, but neither end.
func Thin(pts plotter.XYs) plotter.XYs {
	size := (len(pts) + 2*Points - 1) / (2 * Points)
	var out plotter.XYs
	for i := 0; i < len(pts)-1; i += size {
		out = append(out, pts[i])
	}
	return append(out, pts[len(pts)-1])
}

// RunningMean returns the means of every n successive values, over the middle of
// each. Rounding takes none of them below least.
func RunningMean(y []float64, n int, least float64) plotter.XYs {
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

// Shade returns a colour for x from 0 to 1 that gets darker evenly, in greyscale,
// too.
func Shade(x float64) color.Color {
	stops := [][3]float64{{0xf2, 0xc0, 0x4d}, {0xd9, 0x6a, 0x4a}, {0x8c, 0x2d, 0x75}, {0x1e, 0x10, 0x50}}
	x *= float64(len(stops) - 1)
	i := min(int(x), len(stops)-2)
	var c [3]uint8
	for k := range c {
		c[k] = uint8(stops[i][k] + (x-float64(i))*(stops[i+1][k]-stops[i][k]))
	}
	return color.RGBA{c[0], c[1], c[2], 0xff}
}

// Gradient is the legend's sample of a line in many colours.
type Gradient struct {
	Colors []color.Color
	Width  vg.Length
}

func (g Gradient) Thumbnail(c *draw.Canvas) {
	y := c.Center().Y
	at := func(i int) vg.Length {
		return c.Min.X + (c.Max.X-c.Min.X)*vg.Length(i)/vg.Length(len(g.Colors))
	}
	for i, col := range g.Colors {
		c.StrokeLine2(draw.LineStyle{Color: col, Width: 1.6 * g.Width}, at(i), y, at(i+1), y)
	}
}

// A Shape is a glyph of n corners, every other one at Waist times the radius. It is
// turned by so much of a corner.
type Shape struct {
	N           int
	Waist, Turn float64
	Fill        color.Color // nil: hollow
	Bare        bool        // no white rim
}

func (s Shape) DrawGlyph(c *draw.Canvas, sty draw.GlyphStyle, pt vg.Point) {
	var pts []vg.Point
	for i := 0; i <= s.N; i++ {
		r := float64(sty.Radius)
		if i%2 == 1 {
			r *= s.Waist
		}
		sin, cos := math.Sincos((float64(i) + s.Turn) * 2 * math.Pi / float64(s.N))
		pts = append(pts, vg.Point{X: pt.X + vg.Length(r*sin), Y: pt.Y + vg.Length(r*cos)})
	}
	if !s.Bare { // against the path
		c.StrokeLines(draw.LineStyle{Color: color.White, Width: vg.Points(3.4)}, pts)
	}
	if s.Fill != nil {
		c.FillPolygon(s.Fill, pts)
	}
	c.StrokeLines(draw.LineStyle{Color: sty.Color, Width: vg.Points(1.3)}, pts)
}

// Ticks puts marks at round numbers. With Log, the axis has decadic logarithms, and
// the labels say what of.
type Ticks struct{ Log bool }

func (t Ticks) Ticks(lo, hi float64) []plot.Tick {
	if !t.Log {
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
	case decades > 2.99: // three with their 2 and 5 don't fit under a third of a picture
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

// Level returns log10 x, or the bottom if that is lower.
func Level(x, bottom float64) float64 {
	if x <= 0 {
		return bottom
	}
	return max(bottom, math.Log10(x))
}

// A Look tells the curves of points apart, without colours, too.
type Look struct {
	Color  color.Color
	Shape  Shape
	Dashes []vg.Length // nil: solid
}

// dashes tell curves that lie on each other apart.
var dashes = [][]vg.Length{nil, {6, 3}, {2, 2}, {9, 3, 2, 3}, {12, 4}, {4, 2, 1, 2, 1, 2}}

// LookOf returns the look of the i-th of n curves.
func LookOf(i, n int) Look {
	c := Shade(0.15 + 0.85*float64(n-i)/float64(n))
	fill := c
	if i%2 == 1 {
		fill = color.White
	}
	s := []Shape{{N: 24, Waist: 1}, {N: 4, Waist: 1}, {N: 4, Waist: 1, Turn: 0.5}, {N: 3, Waist: 1}, {N: 10, Waist: 0.4}, {N: 3, Waist: 1, Turn: 1.5}}[i%6]
	s.Fill, s.Bare = fill, true
	return Look{Color: c, Shape: s, Dashes: dashes[i%len(dashes)]}
}

// Bars draws values with their confidence intervals, and a line through them.
type Bars struct {
	Look
	At     plotter.XYs // logarithms
	lo, hi []float64
	Floor  float64
	NoLine bool
}

// Add adds a point: x as it is drawn, and y between lo and hi.
func (b *Bars) Add(x, y, lo, hi float64) {
	b.At = append(b.At, plotter.XY{X: x, Y: Level(y, b.Floor)})
	b.lo, b.hi = append(b.lo, Level(lo, b.Floor)), append(b.hi, Level(hi, b.Floor))
}

func (b Bars) Plot(c draw.Canvas, p *plot.Plot) {
	if len(b.At) > 1 && !b.NoLine {
		l := Line(b.At, b.Color, 1.4)
		l.LineStyle.Dashes = b.Dashes
		l.Plot(c, p)
	}
	x, y := p.Transforms(&c)
	thin := draw.LineStyle{Color: b.Color, Width: vg.Points(1.1)}
	for k, pt := range b.At {
		at, cap := x(pt.X), vg.Points(3)
		c.StrokeLine2(thin, at, y(b.lo[k]), at, y(b.hi[k]))
		for _, end := range []float64{b.lo[k], b.hi[k]} {
			c.StrokeLine2(thin, at-cap, y(end), at+cap, y(end))
		}
		b.glyph(&c, vg.Point{X: at, Y: y(pt.Y)})
	}
}

func (b Bars) glyph(c *draw.Canvas, at vg.Point) {
	b.Shape.DrawGlyph(c, draw.GlyphStyle{Color: b.Color, Radius: vg.Points(3.6)}, at)
}

// Thumbnail draws a line and a marker.
func (b Bars) Thumbnail(c *draw.Canvas) {
	at := c.Center()
	if !b.NoLine {
		c.StrokeLine2(draw.LineStyle{Color: b.Color, Width: vg.Points(1.4), Dashes: b.Dashes}, c.Min.X, at.Y, c.Max.X, at.Y)
	}
	b.glyph(c, at)
}
