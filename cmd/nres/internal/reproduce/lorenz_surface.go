package reproduce

import (
	"context"
	"fmt"
	"image/color"
	"io"
	"math"
	"slices"

	"github.com/noise-reuse/nres/cmd/nres/internal/chart"
	"github.com/noise-reuse/nres/estimator"
	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/tasks"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
)

var lorenzSurface = Experiment{
	IDs:   []string{"L10", "F1a"},
	Title: "Lorenz: the loss surface",
	Run:   runLorenzSurface,
}

// A grid is the corners of a part of the plane and the number of points across it.
type grid struct {
	LnR, LnA [2]float64
	N        int
}

var lorenzPlane = grid{[2]float64{3.05, 3.8}, [2]float64{1.95, 3.3}, 300}

// at returns the point in a row and a column.
func (g grid) at(row, col int) [2]float32 {
	across := func(b [2]float64, i int) float32 {
		return float32(b[0] + float64((b[1]-b[0])*((float64(i)+0.5)/float64(g.N))))
	}
	return [2]float32{across(g.LnR, col), across(g.LnA, row)}
}

// square returns the part of the plane, as maps have it.
func (g grid) square() square {
	return square{[2]float64{g.LnR[0], g.LnA[0]}, [2]float64{g.LnR[1], g.LnA[1]}, g.N}
}

// unit returns the unit that finds the loss at all points, row by row.
func (g grid) unit() unit[floats] {
	return unit[floats]{"surface", g, func(ctx context.Context, tick func(float64)) (floats, error) {
		sys := newLorenz()
		var all floats
		for row := range g.N {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			tick(float64(row) / float64(g.N))
			thetas := make([][2]float32, g.N)
			for col := range thetas {
				thetas[col] = g.at(row, col)
			}
			all = append(all, meanLosses(sys, lorenzInit, thetas)...)
		}
		return all, nil
	}}
}

// A cut is a straight way through the plane, θ_gt + αu.
type cut struct {
	Direction [2]float64 // u, a unit vector
	From, To  float64    // α
	N         int
	Smoothing int // perturbations for each point; 0: none
}

func (c cut) alpha(i int) float64 { return c.From + float64((c.To-c.From)*(float64(i)/float64(c.N-1))) }

func (c cut) at(alpha float64) [2]float32 {
	var theta [2]float32
	for k, v := range tasks.LorenzTruth {
		theta[k] = float32(v + float64(alpha*c.Direction[k]))
	}
	return theta
}

func (c cut) unit(name string) unit[floats] {
	return unit[floats]{name, c, func(ctx context.Context, tick func(float64)) (floats, error) {
		sys := newLorenz()
		thetas := make([][2]float32, c.N)
		for i := range thetas {
			thetas[i] = c.at(c.alpha(i))
		}
		if c.Smoothing == 0 {
			return meanLosses(sys, lorenzInit, thetas), nil
		}
		return mean(ctx, c.N, c.Smoothing, smoothing(sys, thetas, lorenzSigma, func(i int) { tick(float64(i) / float64(c.Smoothing)) }))
	}}
}

// randomDirection returns a unit vector.
func randomDirection(seed uint64) [2]float64 {
	var z [2]float32
	noise.Fill(z[:], noise.New(seed), 0)
	x, y := float64(z[0]), float64(z[1])
	norm := math.Sqrt(float64(x*x) + float64(y*y))
	return [2]float64{x / norm, y / norm}
}

// A jump is how much the loss changes over a small way, at random places of a cut.
type jump struct {
	cut
	H float64 // the way
}

func (j jump) unit() unit[floats] {
	return unit[floats]{fmt.Sprintf("jump %g", j.H), j, func(context.Context, func(float64)) (floats, error) {
		sys := newLorenz()
		places := noise.New(2)
		var here, there [][2]float32
		for i := range j.N {
			alpha := j.From + float64((j.To-j.From)*(float64(places.Word(uint64(i)))/(1<<32)))
			here, there = append(here, j.at(alpha)), append(there, j.at(alpha+j.H))
		}
		a, b := meanLosses(sys, lorenzInit, here), meanLosses(sys, lorenzInit, there)
		for i := range a {
			a[i] = math.Abs(a[i] - b[i])
		}
		return a, nil
	}}
}

func runLorenzSurface(ctx context.Context, lab *Lab) (*Report, error) {
	plane := lorenzPlane
	u := randomDirection(1)
	wide := cut{Direction: u, From: -0.3, To: 0.3, N: 2001}
	narrow := cut{Direction: u, From: -0.2, To: -0.199, N: 1001}
	smooth := wide
	smooth.N, smooth.Smoothing = 201, 4000
	places := 2000
	if lab.Quick {
		plane.N, wide.N, narrow.N, smooth.N, smooth.Smoothing, places = 100, 501, 201, 51, 200, 200
	}
	units := []unit[floats]{plane.unit(), wide.unit("cut"), narrow.unit("short cut"), smooth.unit("smoothed cut")}
	ways := []float64{1e-5, 1e-4, 1e-3, 1e-2, 1e-1}
	for _, h := range ways {
		j := jump{wide, h}
		j.N = places
		units = append(units, j.unit())
	}
	found, err := do(ctx, lab, units)
	if err != nil {
		return nil, err
	}
	r := &Report{Setup: fmt.Sprintf(`The loss of an episode from the fixed start, at %d × %d points of the plane, and along θ_gt + αu with u = (%.4f, %.4f), drawn at random.
σ = 0.04 is how far perturbations reach.`, plane.N, plane.N, u[0], u[1])}
	t := Table{Title: fmt.Sprintf("Mean change of the loss over a way h along u, from %d places with |α| ≤ 0.3:", places), Head: []string{"h", "h/σ", "mean change", "part of that over h = 0.1"}}
	far := meanOf(found[len(found)-1])
	var at3 interval
	for i, h := range ways {
		m := meanOf(found[4+i])
		q := quotient(m, far)
		if h == 1e-3 {
			at3 = q
		}
		t.Rows = append(t.Rows, []string{fmt.Sprint(h), fmt.Sprint(float32(h / lorenzSigma)), m.String(), q.String()})
	}
	r.Tables = append(r.Tables, t)
	row := Row{
		IDs: "L10, F1a", Claim: "the loss is extremely sensitive to small changes of θ", Paper: "Figures 1(a), 5(a), 8",
		Ours: fmt.Sprintf("over h = 0.001 it changes by %v of what it changes by over h = 0.1", at3),
		Rule: "reproduced if the interval of that part lies above 0.1, ten times what a smooth function's would be; in order only if it lies above 0.01; otherwise not",
	}
	row.Verdict = judge(at3.Low > 0.1, at3.Low > 0.01, "less than ten times", "it changes as a smooth function does")
	r.Rows = append(r.Rows, row)
	r.Figures = append(r.Figures, Figure{"surface", "The training loss over the plane of parameters, a cut along a random direction through the truth, and a 600th part of that. Losses on logarithmic scales; unperturbed ones are cut off below.", func(w io.Writer) error {
		m := newSurface(plane.square(), found[0])
		left := m.lorenz(true)
		m.addScale(left, "training\nloss")
		long, short := cutPlot(wide, found[1]), cutPlot(narrow, found[2])
		line := chart.Line(chart.Log10(along(smooth, found[3])), chart.Red, 2)
		line.LineStyle.Dashes = []vg.Length{6, 3}
		long.Add(line)
		long.Legend.Add("smoothed, σ = 0.04", line)
		long.Y.Max += 0.15 * (long.Y.Max - long.Y.Min)
		short.X.Label.Text = "1000 (α − α₀),  α₀ = −0.2"
		short.X.Tick.Marker = shifted{narrow.From, 1000}
		return chart.Render(w, ".png", "Lorenz: the loss surface (Figure 5a)", "loss: mean squared error of z over an episode of T = 2000;  the star is the truth", []*plot.Plot{left, long, short})
	}})
	for _, f := range found {
		r.Digest(f)
	}
	return r, nil
}

// smoothing returns the losses at thetas + σε of the i-th perturbation, for mean.
func smoothing(sys *tasks.Lorenz[float32], thetas [][2]float32, sigma float64, tick func(i int)) func(i int) []float64 {
	root := noise.New(0).Derive(1, 0) // of no training, and the same for all
	return func(i int) []float64 {
		tick(i)
		// The members of a pair share their perturbation.
		var eps [2]float32
		noise.Fill(eps[:], root.Derive(uint64(i/2)), 0)
		shift := float32(sigma)
		if i%2 == 1 {
			shift = -shift
		}
		moved := slices.Clone(thetas)
		for k := range moved {
			for j := range eps {
				moved[k][j] += float32(shift * eps[j])
			}
		}
		return meanLosses(sys, lorenzInit, moved)
	}
}

// lorenz returns the map with the truth.
func (m *surface) lorenz(yLabel bool) *plot.Plot {
	y := ""
	if yLabel {
		y = "ln a"
	}
	p := m.plot("ln r", y)
	p.Title.Padding = vg.Points(4)
	p.Add(&plotter.Scatter{
		XYs:        plotter.XYs{{X: tasks.LorenzTruth[0], Y: tasks.LorenzTruth[1]}},
		GlyphStyle: draw.GlyphStyle{Shape: chart.Shape{N: 10, Waist: 0.42, Fill: color.White}, Radius: vg.Points(6), Color: color.Black},
	})
	return p
}

// shifted is ticks in a unit of its own, from a place of its own.
type shifted struct{ from, times float64 }

func (s shifted) Ticks(lo, hi float64) []plot.Tick {
	out := chart.Ticks{}.Ticks((lo-s.from)*s.times, (hi-s.from)*s.times)
	for i := range out {
		out[i].Value = s.from + out[i].Value/s.times
	}
	return out
}

// cutPlot draws the loss along a cut, down to a 50th of its maximum: at the truth it
// is 0, which a logarithmic axis doesn't have.
func cutPlot(c cut, loss []float64) *plot.Plot {
	p := chart.New()
	p.X.Label.Text, p.Y.Label.Text = "α", "training loss at the truth + αu"
	p.Y.Tick.Marker = chart.Ticks{Log: true}
	most := slices.Max(loss)
	least := max(slices.Min(loss), most/50)
	pts := along(c, loss)
	for i := range pts {
		pts[i].Y = max(pts[i].Y, least)
	}
	raw := chart.Line(chart.Log10(pts), chart.Dark, 0.6)
	p.Add(raw)
	p.Legend.Add("unperturbed", raw)
	chart.Corner{Top: true}.Place(p)
	p.X.Min, p.X.Max = c.From, c.To
	p.Y.Min, p.Y.Max = math.Log10(least), math.Log10(most)
	p.Y.Max += 0.1 * (p.Y.Max - p.Y.Min)
	return p
}

func along(c cut, y []float64) (pts plotter.XYs) {
	for i, v := range y {
		pts = append(pts, plotter.XY{X: c.alpha(i), Y: v})
	}
	return pts
}

var lorenzSweep = Experiment{
	IDs:   []string{"L9"},
	Title: "Lorenz: trajectories of GPES for several periods",
	Run:   runLorenzSweep,
}

func runLorenzSweep(ctx context.Context, lab *Lab) (*Report, error) {
	periods := []int{100, 200, 500, 1000, 2000}
	var runs []lorenzTraining
	for _, k := range periods {
		r := lorenzRun(fmt.Sprintf("K = %d", k), estimator.GPES, k, 1e-5, 5000)
		r.Smoothing, r.Particles, r.Path = 0, 0, true
		runs = append(runs, r)
	}
	plane := lorenzPlane
	if lab.Quick {
		plane.N = 100
	}
	set, err := trainLorenz(ctx, lab, runs, seedsOf(lab, 5))
	if err != nil {
		return nil, err
	}
	loss, err := do(ctx, lab, []unit[floats]{plane.unit()})
	if err != nil {
		return nil, err
	}
	r := &Report{Setup: "GPES with the learning rate 1e-5 and 5,000 updates for every K; N = 200, W = 100, random phases. K = 100 is PES, K = 2000 is NRES."}
	var lengths, squares []group
	t := Table{Title: "Oscillation (mean over seeds):", Head: []string{"", "path length, Σ ‖Δθ‖", "root of the mean ‖Δθ‖²"}}
	ours := ""
	for i, name := range set.names {
		var length, root group
		length.Name, root.Name = name, name
		for _, tr := range set.runs[name] {
			length.Samples = append(length.Samples, tr.Travelled)
			root.Samples = append(root.Samples, math.Sqrt(tr.Squares/float64(tr.Iteration[len(tr.Iteration)-1])))
		}
		lengths, squares = append(lengths, length), append(squares, root)
		t.Rows = append(t.Rows, []string{name, meanOf(length.Samples).String(), meanOf(root.Samples).String()})
		if i > 0 {
			ours += "; "
		}
		ours += fmt.Sprintf("%s: %v", name, meanOf(length.Samples))
	}
	r.Tables = append(r.Tables, t)
	r.Rows = append(r.Rows, Row{
		IDs: "L9", Claim: "trajectories oscillate the less, the longer K; NRES's the least", Paper: "Figure 5(a)",
		Ours: "path length " + ours, Rule: decreaseRule, Verdict: worst(decrease(lengths...), decrease(squares...)),
	})
	m := newSurface(plane.square(), loss[0])
	made := set.runs[set.names[0]][0].Iteration
	updates := made[len(made)-1] // fewer if it is quick
	r.Figures = append(r.Figures, Figure{"paths", "Paths of θ over the loss surface, one seed, for four periods under one learning rate. Darker is a lower loss; the ring is the start, the star the truth.", func(w io.Writer) error {
		var plots []*plot.Plot
		for i, k := range periods {
			if k == 200 {
				continue
			}
			p := m.lorenz(len(plots) == 0)
			p.Title.Text = fmt.Sprintf("K = %d", k)
			switch k {
			case 100:
				p.Title.Text += " (PES)"
			case tasks.LorenzHorizon:
				p.Title.Text += " (NRES)"
			}
			start := plotter.XY{X: tasks.LorenzStart[0], Y: tasks.LorenzStart[1]}
			pts := plotter.XYs{start}
			for _, theta := range set.runs[set.names[i]][0].Path {
				pts = append(pts, plotter.XY{X: float64(theta[0]), Y: float64(theta[1])})
			}
			p.Add(chart.Line(pts, color.White, 1), &plotter.Scatter{
				XYs:        plotter.XYs{start},
				GlyphStyle: draw.GlyphStyle{Shape: chart.Shape{N: 24, Waist: 1, Fill: color.White}, Radius: vg.Points(4), Color: color.Black},
			})
			plots = append(plots, p)
		}
		return chart.Render(w, ".png", "Lorenz: trajectories of GPES (Figure 5a)", fmt.Sprintf("learning rate 1e-5,  %d updates,  N = 200,  W = 100,  σ = 0.04,  seed 101", updates), plots)
	}})
	for _, name := range set.names {
		for _, tr := range set.runs[name] {
			r.Digest([]any{tr.Theta, tr.Travelled, tr.Squares})
		}
	}
	return r, nil
}
