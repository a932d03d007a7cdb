package reproduce

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/noise-reuse/nres/baseline"
	"github.com/noise-reuse/nres/cmd/nres/internal/chart"
	"github.com/noise-reuse/nres/estimator"
	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/tasks"
	"gonum.org/v1/plot"
)

var toyRegression = Experiment{
	IDs:   []string{"S3", "S12"},
	Title: "Toy regression in two dimensions: a learning-rate schedule",
	Run:   runToy,
}

const toySigma = 0.3

func newToy() *tasks.Toy[float64] {
	toy, err := tasks.NewToy[float64](tasks.ToyHorizon)
	if err != nil { // the horizon is positive
		panic(err)
	}
	return toy
}

// A toyed has the losses at the checkpoints of a run, too.
type toyed struct {
	tuned
	Loss     floats // mean of an episode
	Smoothed floats // E of that over θ+σε
}

// gdtuo is “Gradient Descent: The Ultimate Optimizer” (Chandra et al., NeurIPS 2022): the
// gradient of the next step's loss, as of truncated backpropagation with windows of one step.
const gdtuo = "GDTUO"

func toyUnit(t tuning, pairs int) unit[toyed] {
	return unit[toyed]{fmt.Sprintf("%s, seed %d", t.Method, t.Config.Seed), []any{t, pairs}, func(ctx context.Context, tick func(float64)) (toyed, error) {
		toy := newToy()
		train := func(tick func(float64)) (tuned, error) { return tune[float64](ctx, toy, t, tick) }
		if t.Method == gdtuo {
			train = func(tick func(float64)) (tuned, error) {
				tbptt, err := baseline.New[float64](toy, baseline.Config{Method: baseline.TBPTT, Phase: estimator.LockStep, Workers: 1, Window: 1})
				if err != nil {
					return tuned{}, err
				}
				return descend(ctx, tbptt.Gradient, t, tick)
			}
		}
		tuned, err := train(func(part float64) { tick(0.9 * part) })
		r := toyed{tuned: tuned}
		if err != nil {
			return r, err
		}
		for _, theta := range r.Theta {
			smoothed, _ := estimator.SmoothedLoss(toy, theta, toySigma, tasks.ToyHorizon, pairs, 1)
			r.Loss = append(r.Loss, episode(toy, theta, noise.Stream{}))
			r.Smoothed = append(r.Smoothed, smoothed)
		}
		return r, ctx.Err()
	}}
}

// lastTenth returns the mean of y over the checkpoints in the last tenth of a run.
func (t *tuned) lastTenth(y []float64) float64 {
	var sum, n float64
	for k, i := range t.Iteration {
		if 10*i >= 9*t.Iteration[len(t.Iteration)-1] {
			sum += y[k]
			n++
		}
	}
	return sum / n
}

func runToy(ctx context.Context, lab *Lab) (*Report, error) {
	iterations, pairs := 20_000, 100
	plane := square{[2]float64{-6, -6}, [2]float64{5, 5}, 110}
	coarse := square{plane.From, plane.To, 40}
	if lab.Quick {
		iterations, pairs, plane.N, coarse.N = 1500, 30, 40, 16
	}
	seeds := lab.seeds(3)
	names := []string{esSingle, "PES", "TES"}
	var units []unit[toyed]
	for _, name := range names {
		cfg := estimator.Config{Method: methods[name], Phase: estimator.LockStep, Workers: 50, Window: 10, Sigma: toySigma, LossScale: estimator.Sum, KeepSums: true}
		for _, cfg.Seed = range seeds {
			units = append(units, toyUnit(tuning{Method: name, Config: cfg, Start: tasks.ToyStart[:], LR: 1e-2, Beta1: 0.99, Iterations: iterations}, pairs))
		}
	}
	// Nothing in it is random.
	names = append(names, gdtuo)
	units = append(units, toyUnit(tuning{Method: gdtuo, Start: tasks.ToyStart[:], LR: 1e-2, Beta1: 0.99, Iterations: iterations}, pairs))
	runs, err := do(ctx, lab, units)
	if err != nil {
		return nil, err
	}
	of := func(i int) []toyed { return runs[i*len(seeds) : min((i+1)*len(seeds), len(runs))] }
	toy := newToy()
	loss, err := plane.fill(ctx, lab, "map", nil, func(theta []float64) float64 { return episode(toy, theta, noise.Stream{}) })
	if err != nil {
		return nil, err
	}
	smoothed, err := coarse.fill(ctx, lab, "smoothed map", pairs, func(theta []float64) float64 {
		v, _ := estimator.SmoothedLoss(toy, theta, toySigma, tasks.ToyHorizon, pairs, 1)
		return v
	})
	if err != nil {
		return nil, err
	}

	r := &Report{Setup: fmt.Sprintf(`Published: N = 100 (50 pairs), W = 10, T = 100, σ = 0.3, Adam with learning rate 1e-2 and β₁ = 0.99, from θ = (−4, −4), %d updates,
in lock-step. Ours: %d seeds. θ holds the logarithms of the learning rate at the first and at the last step. GDTUO, “Gradient Descent: The Ultimate Optimizer”, goes along the
gradient of the next step's loss, one step an update; it was published as a figure on another problem.`, iterations, len(seeds))}
	group := func(name string, y func(*toyed) floats) group {
		g := group{Name: name}
		for _, run := range of(slices.Index(names, name)) {
			g.Samples = append(g.Samples, run.lastTenth(y(&run)))
		}
		return g
	}
	whole := func(t *toyed) floats { return t.Smoothed }
	single, pes, tes := group(esSingle, whole), group("PES", whole), group("TES", whole)
	r.Rows = append(r.Rows, Row{
		IDs: "S3", Claim: "PES and ES-Single find a good schedule, truncated ES does not", Paper: "PES paper, toy regression",
		Ours: fmt.Sprintf("smoothed loss at the end: ES-Single %v; PES − ES-Single %v; TES − ES-Single %v", meanOf(single.Samples), difference(pes.Samples, single.Samples), difference(tes.Samples, single.Samples)),
		Rule: "for TES and ES-Single, and for TES and PES: " + orderRule, Verdict: worst(order(single, tes), order(pes, tes)),
	})
	least := slices.Min(smoothed)
	best := meanOf(single.Samples).times(1 / least)
	row := Row{
		IDs: "S3", Claim: "ES-Single comes to the minimum", Paper: "PES paper, of PES",
		Ours: fmt.Sprintf("smoothed loss at the end, in parts of the least on a %d × %d map (%.4g): ES-Single %v; PES %v", coarse.N, coarse.N, least, best, meanOf(pes.Samples).times(1/least)),
		Rule: "reproduced if ES-Single's interval lies below 1.05; in order only if its mean is below 1.5; otherwise not",
	}
	row.Verdict = judge(best.High < 1.05, best.Mean < 1.5, "it may be 5 % above the minimum", "it is far from the minimum")
	r.Rows = append(r.Rows, row)
	heuristic := group(gdtuo, whole).Samples[0]
	part := meanOf(tes.Samples).Mean - meanOf(single.Samples).Mean
	part = (heuristic - meanOf(single.Samples).Mean) / part
	r.Rows = append(r.Rows, Row{
		IDs: "S12", Claim: "GDTUO behaves like truncated ES", Paper: "ES-Single, comparison to a gradient-based heuristic",
		Ours:    fmt.Sprintf("smoothed loss at the end: GDTUO %.4g, which is above ES-Single's by %.4g of what TES's is", heuristic, part),
		Rule:    "reproduced if that part is between 0.9 and 1.1; in order only if it is above 0.5; otherwise not",
		Verdict: judge(part > 0.9 && part < 1.1, part > 0.5, "it is elsewhere", "it ends nearer to ES-Single"),
	})
	lines := func(y func(*toyed) floats) (lines []line) {
		for i, name := range names {
			l := line{Name: name}
			for _, run := range of(i) {
				l.X, l.Y = append(l.X, asFloats(run.Iteration)), append(l.Y, y(&run))
			}
			lines = append(lines, l)
		}
		return lines
	}
	paths := func(i int) []floats { return of(i)[0].Theta }
	r.Figures = append(r.Figures, Figure{"map", "Left: the mean loss of an episode over the two hyperparameters (dark is low), and the paths of θ from (−4, −4), seed 1, to the markers. Right: the smoothed loss against updates; mean over seeds, band from least to greatest.", func(w io.Writer) error {
		m := newSurface(plane, loss)
		left := m.plot("ln of the learning rate, first step", "ln of the learning rate, last step")
		addPaths(left, paths(0), paths(1), paths(2), paths(3))
		m.addScale(left, "mean\nloss")
		losses := panel{X: "update", Y: "mean loss of an episode, smoothed", Lines: lines(whole), Legend: "lines", Corner: "bottom left"}
		return chart.Render(w, ".png", "Toy regression: a learning-rate schedule", "N = 50 pairs,  W = 10,  T = 100,  σ = 0.3,  Adam 1e-2", []*plot.Plot{left, losses.plot()})
	}})
	for i := range runs {
		r.Digest([]any{runs[i].Theta, runs[i].Loss, runs[i].Smoothed})
	}
	r.Digest(floats(loss))
	return r, nil
}
