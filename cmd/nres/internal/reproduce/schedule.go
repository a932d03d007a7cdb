package reproduce

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/noise-reuse/nres/cmd/nres/internal/chart"
	"github.com/noise-reuse/nres/estimator"
	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/optim"
	"github.com/noise-reuse/nres/tasks"
	"gonum.org/v1/plot"
)

var learningRates = Experiment{
	IDs:   []string{"S4"},
	Title: "Learning-rate schedule of a classifier of images",
	Data:  images,
	Run:   runSchedule,
}

const scheduleSigma = 0.1

func runSchedule(ctx context.Context, lab *Lab) (*Report, error) {
	train, _, what, err := lab.images(4)
	if err != nil {
		return nil, err
	}
	iterations, episodes := 2000, 2
	plane := square{[2]float64{-6, -3}, [2]float64{0.5, 3}, 14}
	cfg := tasks.ScheduleConfig{Train: train, Hidden: []int{16, 16}, Batch: 16, Horizon: 200, Momentum: 0.9}
	if lab.Quick {
		iterations, plane.N, episodes, cfg.Horizon = 40, 6, 1, 50
	}
	sys, err := tasks.NewSchedule[float32](cfg)
	if err != nil {
		return nil, err
	}
	seeds := lab.seeds(5)
	names := []string{esSingle, "PES", "TES"}
	start := []float64{-5, 1.5}
	cfg.Train = nil // in the keys, what stands for it
	var units []unit[tuned]
	for _, name := range names {
		c := estimator.Config{Method: methods[name], Phase: estimator.LockStep, Workers: 8, Window: 10, Sigma: scheduleSigma, LossScale: estimator.Sum, KeepSums: true}
		for _, c.Seed = range seeds {
			t := tuning{Method: name, Config: c, Start: start, LR: 1e-2, Iterations: iterations}
			units = append(units, tuneUnit(fmt.Sprintf("%s, seed %d", name, c.Seed), []any{t, cfg, what}, sys, t))
		}
	}
	runs, err := do(ctx, lab, units)
	if err != nil {
		return nil, err
	}
	mean := func(theta []float64) float64 {
		var sum float64
		for i := range episodes {
			sum += episode(sys, theta, noise.New(0).Derive(uint64(i))) / float64(episodes)
		}
		return sum
	}
	loss, err := plane.fill(ctx, lab, "map", []any{cfg, what, episodes}, mean)
	if err != nil {
		return nil, err
	}
	// How good are the ends, on the episodes of the map?
	ends, err := do(ctx, lab, []unit[floats]{{"ends", []any{cfg, what, episodes, iterations, runs}, func(context.Context, func(float64)) (floats, error) {
		var out floats
		for i := range runs {
			out = append(out, mean(runs[i].Center))
		}
		return append(out, mean(start)), nil
	}}})
	if err != nil {
		return nil, err
	}

	r := &Report{Setup: fmt.Sprintf(`Data: %s. θ = (ln r, ln γ) of the learning rate r/(1 + (t−1)/T)^γ; the objective is the mean training loss of an episode. Published, on MNIST: two
hidden layers of 100 units, batches of 100, T = 5000, W = 10 or 100, N = 1000, σ = 0.1, Adam with 1e-2, 5,000 updates. Ours: %v units, batches of %d, T = %d, W = 10,
N = 16 (8 pairs), %d updates; momentum 0.9 as there. In lock-step. An episode has 20 windows, not 500, over which PES sums up noise, so that differences to it are smaller.`, what, cfg.Hidden, cfg.Batch, cfg.Horizon, iterations)}
	var sets []tunedSet
	for i, name := range names {
		sets = append(sets, tunedSet{name, runsOf(runs, seeds, i), runsOf(ends[0], seeds, i)})
	}
	r.Rows = scheduleRows(sets, slices.Min(loss), ends[0][len(runs)])
	r.Tables = []Table{scheduleTable(sets)}
	r.Figures = append(r.Figures, Figure{"map", "Left: mean training loss over the initial learning rate and its decay (dark is low), and paths of θ, seed 1, to the markers. Right: ln r against updates; mean over seeds, band from least to greatest.", func(w io.Writer) error {
		m := newSurface(plane, loss)
		left := m.plot("ln r, the initial learning rate", "ln γ, its decay")
		addPaths(left, sets[0].runs[0].Theta, sets[1].runs[0].Theta, sets[2].runs[0].Theta)
		m.addScale(left, "mean loss,\nnats")
		rate := panel{X: "update", Y: "ln r", LinearX: true, LinearY: true, Legend: "lines", Corner: "bottom right"}
		for _, set := range sets {
			rate.Lines = append(rate.Lines, traceOf(set.name, set.runs, 0))
		}
		return chart.Render(w, ".png", "Learning-rate schedule of a classifier", fmt.Sprintf("N = 8 pairs,  W = 10,  T = %d,  σ = 0.1,  Adam 1e-2", cfg.Horizon), []*plot.Plot{left, rate.plot()})
	}})
	for i := range runs {
		r.Digest(runs[i].Theta)
	}
	r.Digest(floats(loss))
	return r, nil
}

// A tunedSet is a method's runs with all seeds, and the losses at the mean θ of their last
// quarters.
type tunedSet struct {
	name string
	runs []tuned
	ends []float64
}

func (s *tunedSet) loss() group { return group{s.name, s.ends} }

// jitter returns how far θ is from its mean in the last quarter of each run.
func (s *tunedSet) jitter() (out []float64) {
	for _, run := range s.runs {
		out = append(out, run.Jitter)
	}
	return out
}

// scheduleRows judges ES-Single, PES and TES by their ends, the least loss on the map, and
// that at the start.
func scheduleRows(sets []tunedSet, least, start float64) []Row {
	single, pes, tes := &sets[0], &sets[1], &sets[2]
	a, b := meanOf(single.ends), meanOf(pes.ends)
	half := (least + start) / 2
	basin := Row{
		IDs: "S4", Claim: "ES-Single and PES both reach the basin", Paper: "ES-Single, MNIST LR schedule",
		Ours: fmt.Sprintf("loss at the mean θ of the last quarter: ES-Single %v, PES %v; least on the map %.4g, at the start %.4g", a, b, least, start),
		Rule: "reproduced if both intervals lie below 1.1 times the least loss on the map; in order only if both means are nearer to that than to the start; otherwise not",
	}
	basin.Verdict = judge(max(a.High, b.High) < 1.1*least, max(a.Mean, b.Mean) < half, "one may be above 1.1 times the least loss", "one is not near the least loss")
	ratio := ratioOf(pes.jitter(), single.jitter())
	return []Row{basin, {
		IDs: "S4", Claim: "ES-Single converges more stably at the optimum than PES", Paper: "ES-Single, MNIST LR schedule",
		Ours:    fmt.Sprintf("root mean square distance of θ from its mean in the last quarter: ES-Single %v, PES %v times that", meanOf(single.jitter()), ratio),
		Rule:    "reproduced if the interval of the ratio lies above 1; in order only if its mean does; otherwise not",
		Verdict: aboveOne(ratio, "PES jitters no more, over 20 windows an episode"),
	}, {
		IDs: "S4", Claim: "truncated ES ends at a higher loss", Paper: "PES paper, MNIST LR schedule",
		Ours: fmt.Sprintf("loss at the mean θ of the last quarter: TES − ES-Single %v; TES − PES %v", difference(tes.ends, single.ends), difference(tes.ends, pes.ends)),
		Rule: "for TES and each of them: " + orderRule, Verdict: worst(order(single.loss(), tes.loss()), order(pes.loss(), tes.loss())),
	}}
}

func scheduleTable(sets []tunedSet) Table {
	t := Table{Title: "Over the last quarter of the updates (mean over seeds):", Head: []string{"", "ln r", "ln γ", "loss", "distance from the mean"}}
	for _, s := range sets {
		var theta [2][]float64
		for _, run := range s.runs {
			for j := range theta {
				theta[j] = append(theta[j], run.Center[j])
			}
		}
		t.Rows = append(t.Rows, []string{s.name, meanOf(theta[0]).String(), meanOf(theta[1]).String(), meanOf(s.ends).String(), meanOf(s.jitter()).String()})
	}
	return t
}

var metaGradients = Experiment{
	IDs:   []string{"S10"},
	Title: "Gradients over several inner problems",
	Data:  images,
	Run:   runMetaGradients,
}

// meta is the parameters of a unit: gradients of ln r over some inner problems, at a
// constant θ or while Adam adapts it.
type meta struct {
	Method   estimator.Method
	Schedule tasks.ScheduleConfig
	Data     string
	Problems int
	LR       float64
	Seed     uint64
}

// metered is gradients and θ at every update.
type metered struct{ Gradient, Theta floats }

const (
	metaWindow = 20
	metaStart  = -4
)

func (m meta) unit(sys *tasks.Schedule[float32]) unit[metered] {
	return unit[metered]{fmt.Sprintf("%v, learning rate %v, seed %d", m.Method, m.LR, m.Seed), m, func(ctx context.Context, tick func(float64)) (metered, error) {
		var out metered
		est, err := estimator.New[float32](sys, estimator.Config{
			Method: m.Method, Phase: estimator.LockStep, Workers: 4, Window: metaWindow, Sigma: scheduleSigma, LossScale: estimator.Sum, Seed: m.Seed, KeepSums: true, Parallelism: 1,
		})
		if err != nil {
			return out, err
		}
		defer est.Close()
		n := m.Problems * sys.Horizon() / metaWindow
		theta, grad := []float32{metaStart}, make([]float32, 1)
		adam := optim.NewAdam(float32(m.LR))
		for i := range n {
			if err := ctx.Err(); err != nil {
				return out, err
			}
			tick(float64(i) / float64(n))
			if _, err := est.Gradient(grad, theta); err != nil {
				return out, err
			}
			out.Gradient, out.Theta = append(out.Gradient, float64(grad[0])), append(out.Theta, float64(theta[0]))
			if m.LR > 0 {
				adam.Step(theta, grad)
			}
		}
		return out, nil
	}}
}

func runMetaGradients(ctx context.Context, lab *Lab) (*Report, error) {
	train, _, what, err := lab.images(4)
	if err != nil {
		return nil, err
	}
	cfg := tasks.ScheduleConfig{Train: train, Hidden: []int{16}, Batch: 16, Horizon: 2000, Momentum: 0.9, Constant: true}
	problems := 4
	seeds := lab.seeds(8)
	if lab.Quick {
		cfg.Horizon, problems = 400, 2
	}
	sys, err := tasks.NewSchedule[float32](cfg)
	if err != nil {
		return nil, err
	}
	cfg.Train = nil
	methods := []estimator.Method{estimator.ESSingle, estimator.PES}
	var units []unit[metered]
	for _, method := range methods {
		m := meta{Method: method, Schedule: cfg, Data: what, Problems: problems}
		for _, m.Seed = range seeds {
			units = append(units, m.unit(sys))
		}
		m.LR, m.Seed = 0.03, 1
		units = append(units, m.unit(sys))
	}
	runs, err := do(ctx, lab, units)
	if err != nil {
		return nil, err
	}
	each := len(seeds) + 1
	windows := cfg.Horizon / metaWindow

	single, pes := newMetaSpread(runs[:len(seeds)], problems, windows), newMetaSpread(runs[each:each+len(seeds)], problems, windows)
	r := &Report{Setup: fmt.Sprintf(`Data: %s. θ = ln r of a constant learning rate, one hidden layer of 16 units, batches of 16, T = %d steps an inner problem, W = %d, four pairs, σ = 0.1, in lock-step. Variances
are measured at θ = %v, over %d problems and %d seeds; adaptation starts there, with Adam and a learning rate of 0.03. Only T has been published.
Gradients get smaller while an inner problem is solved, and variances with them; what PES adds is seen over ES-Single's.`, what, cfg.Horizon, metaWindow, metaStart, problems, len(seeds))}
	r.Rows = metaRows(single, pes)
	r.Figures = append(r.Figures, Figure{"gradients", "Left: variance of a gradient against the place in the inner problem, at constant θ. Middle: gradients over several inner problems while ln r adapts; a new problem begins every T steps. Right: ln r.", func(w io.Writer) error {
		variance := panel{X: "step of the inner problem", Y: "variance of a gradient", LinearX: true, Legend: "lines", Corner: "top right"}
		gradients := panel{X: "inner step, over all problems", Y: "gradient by ln r", LinearX: true, LinearY: true}
		adaptation := panel{X: "inner step, over all problems", Y: "ln r", LinearX: true, LinearY: true}
		for i, v := range [][]float64{single.variance, pes.variance} {
			name := []string{esSingle, "PES"}[i]
			var x, all, y []float64
			const bin = 4 // windows, to be readable
			for w := 0; w+bin <= windows; w += bin {
				x = append(x, float64(metaWindow)*(float64(w)+bin/2.))
				y = append(y, (v[w]+v[w+1]+v[w+2]+v[w+3])/bin)
			}
			run := &runs[i*each+len(seeds)]
			for k := range run.Theta {
				all = append(all, float64(metaWindow*k))
			}
			variance.Lines = append(variance.Lines, line{name, [][]float64{x}, [][]float64{y}})
			gradients.Lines = append(gradients.Lines, line{name, [][]float64{all}, [][]float64{run.Gradient}})
			adaptation.Lines = append(adaptation.Lines, line{name, [][]float64{all}, [][]float64{run.Theta}})
		}
		return drawPanels(w, "Gradients over inner problems", fmt.Sprintf("T = %d,  W = %d,  N = 4 pairs,  σ = 0.1", cfg.Horizon, metaWindow), variance, gradients, adaptation)
	}})
	for i := range runs {
		r.Digest(runs[i])
	}
	return r, nil
}

// A metaSpread is how gradients at a constant θ vary over problems and seeds: the variance of
// each window of a problem, and of the first and the last quarter of the windows the squares
// of the distances from its mean, for each seed.
type metaSpread struct{ variance, first, last []float64 }

func newMetaSpread(runs []metered, problems, windows int) metaSpread {
	s := metaSpread{make([]float64, windows), make([]float64, len(runs)), make([]float64, len(runs))}
	n := float64(problems * len(runs))
	for w := range windows {
		var mean float64
		for _, run := range runs {
			for p := range problems {
				mean += run.Gradient[p*windows+w] / n
			}
		}
		for i, run := range runs {
			for p := range problems {
				d := run.Gradient[p*windows+w] - mean
				square := float64(d * d)
				s.variance[w] += square / (n - 1)
				switch {
				case 4*w < windows:
					s.first[i] += square
				case 4*w >= 3*windows:
					s.last[i] += square
				}
			}
		}
	}
	return s
}

// metaRows judges how the variances of ES-Single and PES grow inside an inner problem.
func metaRows(single, pes metaSpread) []Row {
	growth, pesGrowth := ratioOf(single.last, single.first), ratioOf(pes.last, pes.first)
	relative := ratioOf(product(pes.last, single.first), product(single.last, pes.first))
	grows := Row{
		IDs: "S10", Claim: "PES's gradient variance grows inside each inner problem, ES-Single's does not", Paper: "ES-Single, meta-gradient comparison",
		Ours: fmt.Sprintf("variance in the last quarter of a problem, in parts of that in the first: ES-Single %v, PES %v, which is %v times as much", growth, pesGrowth, relative),
		Rule: "reproduced if PES's interval lies above 1 and ES-Single's does not; in order only if the interval of the last number lies above 1; otherwise not",
	}
	switch {
	case pesGrowth.Low > 1 && growth.Low <= 1:
	case relative.Low > 1 && pesGrowth.Mean < 1:
		grows.Verdict = Verdict{OrderOnly, "both fall, as gradients do; PES's grows over ES-Single's"}
	case relative.Low > 1:
		grows.Verdict = Verdict{OrderOnly, "PES's grows by less than the seeds differ, or ES-Single's does, too"}
	default:
		grows.Verdict = Verdict{NotReproduced, "PES's does not grow over ES-Single's"}
	}
	between := ratioOf(pes.last, single.last)
	return []Row{grows, {
		IDs: "S10", Claim: "ES-Single's gradients vary less than PES's", Paper: "ES-Single, meta-gradient comparison",
		Ours:    fmt.Sprintf("variance of PES, in parts of ES-Single's: in the first quarter of a problem %v, in the last %v", ratioOf(pes.first, single.first), between),
		Rule:    "reproduced if the interval in the last quarter lies above 2; in order only if it lies above 1; otherwise not",
		Verdict: atLeast(between, 2),
	}}
}

func product(a, b []float64) []float64 {
	out := make([]float64, len(a))
	for i := range a {
		out[i] = a[i] * b[i]
	}
	return out
}
