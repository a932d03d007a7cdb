package reproduce

import (
	"image/color"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/noise-reuse/nres/cmd/nres/internal/chart"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

// A line is the curve of one method: for each seed x and y at the same checkpoints.
type line struct {
	Name string
	X, Y [][]float64
}

// A level is a horizontal line.
type level struct {
	Name string
	Y    float64
}

// A panel is a plot, with logarithmic axes if they aren't said to be linear: of each line
// the mean over seeds, and a band from the least to the greatest.
type panel struct {
	X, Y             string // labels, with units
	LinearX, LinearY bool
	Lines            []line
	Levels           []level
	Legend           string // which of them it explains: "lines", "levels", "both", or none
	Corner           string // where it is: "top right" and so on, or where there is room in logarithmic plots
}

// onAxis returns v as an axis has it.
func onAxis(v float64, linear bool) float64 {
	if linear {
		return v
	}
	return math.Log10(v)
}

// drawPanels draws panels side by side.
func drawPanels(w io.Writer, headline, settings string, panels ...panel) error {
	var plots []*plot.Plot
	for _, p := range panels {
		plots = append(plots, p.plot())
	}
	return chart.Render(w, ".png", headline, settings, plots)
}

func (p *panel) plot() *plot.Plot {
	out := chart.New()
	out.X.Label.Text, out.Y.Label.Text = p.X, p.Y
	out.X.Tick.Marker, out.Y.Tick.Marker = chart.Ticks{Log: !p.LinearX}, chart.Ticks{Log: !p.LinearY}
	lo := plotter.XY{X: math.Inf(1), Y: math.Inf(1)}
	hi := plotter.XY{X: math.Inf(-1), Y: math.Inf(-1)}
	var bands []chart.Band
	var all plotter.XYs
	for i, l := range p.Lines {
		b := chart.Band{Look: chart.LookOf(i, len(p.Lines)), Marks: 7}
		for k := range l.Y[0] {
			x, y, least, most := 0.0, 0.0, math.Inf(1), math.Inf(-1)
			for s := range l.Y {
				x += l.X[s][k] / float64(len(l.Y))
				y += l.Y[s][k] / float64(len(l.Y))
				least, most = min(least, l.Y[s][k]), max(most, l.Y[s][k])
			}
			if !p.LinearX && x <= 0 || !p.LinearY && !(least > 0) || least-least != 0 || most-most != 0 { // not on these axes
				continue
			}
			pt := plotter.XY{X: onAxis(x, p.LinearX), Y: onAxis(y, p.LinearY)}
			b.At = append(b.At, pt)
			b.Lo, b.Hi = append(b.Lo, onAxis(least, p.LinearY)), append(b.Hi, onAxis(most, p.LinearY))
			lo.X, hi.X = min(lo.X, pt.X), max(hi.X, pt.X)
			lo.Y, hi.Y = min(lo.Y, onAxis(least, p.LinearY)), max(hi.Y, onAxis(most, p.LinearY))
		}
		if len(b.At) > 0 {
			bands = append(bands, b)
			for k, pt := range b.At {
				all = append(all, pt, plotter.XY{X: pt.X, Y: b.Lo[k]}, plotter.XY{X: pt.X, Y: b.Hi[k]})
			}
			if p.Legend == "lines" || p.Legend == "both" {
				out.Legend.Add(l.Name, b)
			}
		}
	}
	// The first line is on top.
	for _, b := range slices.Backward(bands) {
		out.Add(b)
	}
	for i, l := range p.Levels {
		if !p.LinearY && !(l.Y > 0) || math.IsInf(l.Y, 0) {
			continue
		}
		r := chart.Rule{Y: onAxis(l.Y, p.LinearY), LineStyle: draw.LineStyle{Color: color.Black, Width: vg.Points(0.8), Dashes: [][]vg.Length{{1, 2}, {8, 2, 1, 2}}[i%2]}}
		out.Add(r)
		if p.Legend == "levels" || p.Legend == "both" {
			out.Legend.Add(l.Name, r)
		}
		lo.Y, hi.Y = min(lo.Y, r.Y), max(hi.Y, r.Y)
	}
	margin := max(0.04*(hi.Y-lo.Y), 0.01)
	out.X.Min, out.X.Max, out.Y.Min, out.Y.Max = lo.X, hi.X, lo.Y-margin, hi.Y+margin
	out.Legend.TextStyle.Font.Size = 9.5
	switch {
	case p.Corner != "":
		chart.Corner{Top: strings.HasPrefix(p.Corner, "top"), Left: strings.HasSuffix(p.Corner, "left")}.Place(out)
	case p.LinearX:
		chart.PlaceLegend(out, all)
	default:
		// Losses fall late, on this axis: on the left there is room, above the levels.
		chart.Corner{Left: true}.Place(out)
		out.Legend.YOffs = vg.Points(44)
	}
	return out
}
