package chart

import (
	"image/color"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// A Band draws a curve between a lower and an upper one, with a marker here and there.
// All three have the same X.
type Band struct {
	Look
	At     plotter.XYs
	Lo, Hi []float64
	Marks  int // about so many markers; 0: none
}

// Plot draws the band light, the curve over it.
func (b Band) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	var around []vg.Point
	for k, pt := range b.At {
		around = append(around, vg.Point{X: x(pt.X), Y: y(b.Hi[k])})
	}
	for k := len(b.At) - 1; k >= 0; k-- {
		around = append(around, vg.Point{X: x(b.At[k].X), Y: y(b.Lo[k])})
	}
	r, g, bl, _ := b.Color.RGBA()
	pale := color.NRGBA{uint8(r >> 8), uint8(g >> 8), uint8(bl >> 8), 0x38}
	c.FillPolygon(pale, c.ClipPolygonXY(around))
	l := Line(b.At, b.Color, 1.6)
	l.LineStyle.Dashes = b.Dashes
	// In one piece, because each piece would begin with a dash.
	l.Line.Plot(c, p)
	if b.Marks == 0 {
		return
	}
	// Evenly spaced along X.
	gap := (p.X.Max - p.X.Min) / float64(b.Marks)
	next := p.X.Min + gap/2
	for _, pt := range b.At {
		if pt.X >= next && pt.X <= p.X.Max && p.Y.Min <= pt.Y && pt.Y <= p.Y.Max {
			b.mark(&c, vg.Point{X: x(pt.X), Y: y(pt.Y)})
			next = pt.X + gap
		}
	}
}

// Thumbnail draws the line with a marker.
func (b Band) Thumbnail(c *draw.Canvas) {
	at := c.Center()
	c.StrokeLine2(draw.LineStyle{Color: b.Color, Width: vg.Points(1.6), Dashes: b.Dashes}, c.Min.X, at.Y, c.Max.X, at.Y)
	if b.Marks > 0 {
		b.mark(c, at)
	}
}

func (b Band) mark(c *draw.Canvas, at vg.Point) {
	b.Shape.DrawGlyph(c, draw.GlyphStyle{Color: b.Color, Radius: vg.Points(3)}, at)
}

// A Rule is a level line across the plot.
type Rule struct {
	Y float64
	draw.LineStyle
}

// Plot draws the line.
func (r Rule) Plot(c draw.Canvas, p *plot.Plot) {
	_, y := p.Transforms(&c)
	c.StrokeLine2(r.LineStyle, c.Min.X, y(r.Y), c.Max.X, y(r.Y))
}

// Thumbnail draws it, too.
func (r Rule) Thumbnail(c *draw.Canvas) {
	c.StrokeLine2(r.LineStyle, c.Min.X, c.Center().Y, c.Max.X, c.Center().Y)
}
