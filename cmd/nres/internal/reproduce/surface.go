package reproduce

import (
	"context"
	"fmt"
	"image"
	"image/color"
	"math"
	"slices"

	"github.com/noise-reuse/nres/cmd/nres/internal/chart"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// A square is a part of the plane of θ, and as many points across it each way.
type square struct {
	From, To [2]float64
	N        int
}

func (q square) at(row, col int) []float64 {
	across := func(k, i int) float64 { return q.From[k] + (q.To[k]-q.From[k])*(float64(i)+0.5)/float64(q.N) }
	return []float64{across(0, col), across(1, row)}
}

// unit returns a unit that finds the loss at all points of a row.
func (q square) unit(name string, params any, row int, loss func(theta []float64) float64) unit[floats] {
	return unit[floats]{fmt.Sprintf("%s, row %d", name, row), []any{q, params, row}, func(ctx context.Context, tick func(float64)) (floats, error) {
		var all floats
		for col := range q.N {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			tick(float64(col) / float64(q.N))
			all = append(all, loss(q.at(row, col)))
		}
		return all, nil
	}}
}

// fill finds the losses of the whole square, row by row.
func (q square) fill(ctx context.Context, lab *Lab, name string, params any, loss func(theta []float64) float64) ([]float64, error) {
	var units []unit[floats]
	for row := range q.N {
		units = append(units, q.unit(name, params, row, loss))
	}
	rows, err := do(ctx, lab, units)
	return slices.Concat(rows...), err
}

// A surface is a map of the loss over a square. Dark is low.
type surface struct {
	square
	loss   []float64 // logarithms, row by row
	lo, hi float64   // the ends of the scale
}

func newSurface(q square, loss []float64) *surface {
	m := &surface{square: q}
	for _, v := range loss {
		m.loss = append(m.loss, math.Log10(max(v, 1e-9)))
	}
	// A few points with losses near 0 must not take all shades.
	sorted := slices.Sorted(slices.Values(m.loss))
	m.lo, m.hi = sorted[len(sorted)/200], sorted[len(sorted)-1]
	return m
}

func (m *surface) shade(v float64) color.Color {
	return chart.Shade(1 - min(1, max(0, (v-m.lo)/(m.hi-m.lo))))
}

// plot returns the map.
func (m *surface) plot(x, y string) *plot.Plot {
	img := image.NewRGBA(image.Rect(0, 0, m.N, m.N))
	for i, v := range m.loss {
		img.Set(i%m.N, m.N-1-i/m.N, m.shade(v))
	}
	p := chart.New()
	p.X.Label.Text, p.Y.Label.Text = x, y
	p.Add(plotter.NewImage(img, m.From[0], m.From[1], m.To[0], m.To[1]))
	p.X.Min, p.X.Max, p.Y.Min, p.Y.Max = m.From[0], m.To[0], m.From[1], m.To[1]
	return p
}

// addPaths draws the ways of θ, the i-th of a list as panels draw the i-th line.
func addPaths(p *plot.Plot, paths ...[]floats) {
	var ends []plot.Plotter
	for i, path := range paths {
		look := chart.LookOf(i, len(paths))
		look.Shape.Bare = false
		var pts plotter.XYs
		for _, theta := range path {
			pts = append(pts, plotter.XY{X: theta[0], Y: theta[1]})
		}
		rim := chart.Line(pts, color.White, 3.2) // to be seen on light and on dark
		line := chart.Line(pts, look.Color, 1.6)
		line.LineStyle.Dashes = look.Dashes
		p.Add(rim, line.Line) // in one piece, because each piece would begin with a dash
		ends = append(ends, &plotter.Scatter{
			XYs:        pts[len(pts)-1:],
			GlyphStyle: draw.GlyphStyle{Shape: look.Shape, Radius: vg.Points(4.5), Color: look.Color},
		})
	}
	slices.Reverse(ends) // the first is on top
	p.Add(ends...)
}

// addScale makes room right of the map for a bar of its shades.
func (m *surface) addScale(p *plot.Plot, label string) {
	p.X.Max += 0.3 * (p.X.Max - p.X.Min)
	p.X.Tick.Marker = upTo(m.To[0])
	p.Add(scale{m, label})
}

// A scale is the bar of the shades of a surface.
type scale struct {
	*surface
	label string
}

// Plot draws it.
func (s scale) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	across := p.X.Max - s.To[0]
	left, right := x(s.To[0]+0.25*across), x(s.To[0]+0.42*across)
	const n = 256
	height := (p.Y.Max - p.Y.Min) * 0.9
	at := func(part float64) vg.Length { return y(p.Y.Min + height*part) }
	for i := range n {
		lo, hi := at(float64(i)/n), at(float64(min(i+2, n))/n) // overlapping, or seams would show
		c.FillPolygon(s.shade(s.lo+(s.hi-s.lo)*(float64(i)+0.5)/n), []vg.Point{{X: left, Y: lo}, {X: right, Y: lo}, {X: right, Y: hi}, {X: left, Y: hi}})
	}
	style := p.Y.Tick.Label
	style.XAlign, style.YAlign = draw.XLeft, draw.YCenter
	for _, tick := range (chart.Ticks{Log: true}).Ticks(s.lo, s.hi) {
		if tick.Label != "" {
			h := at((tick.Value - s.lo) / (s.hi - s.lo))
			c.StrokeLine2(p.Y.Tick.LineStyle, right, h, right+vg.Points(4), h)
			c.FillText(style, vg.Point{X: right + vg.Points(6), Y: h}, tick.Label)
		}
	}
	style.XAlign, style.YAlign = draw.XLeft, draw.YBottom
	c.FillText(style, vg.Point{X: left, Y: at(1) + vg.Points(5)}, s.label)
}

// upTo is ticks that end before the axis does.
type upTo float64

func (u upTo) Ticks(lo, _ float64) []plot.Tick { return chart.Ticks{}.Ticks(lo, float64(u)) }
