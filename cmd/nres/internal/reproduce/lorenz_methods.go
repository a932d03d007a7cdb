package reproduce

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/noise-reuse/nres/estimator"
	"github.com/noise-reuse/nres/tasks"
)

var lorenzMethods = Experiment{
	IDs:   []string{"L1", "L2", "L3", "L4", "L11", "L13"},
	Title: "Lorenz: NRES, FullES, PES, TES and GPES",
	Run:   runLorenzMethods,
}

// lorenzRun returns a run that is evaluated as the published ones are.
func lorenzRun(name string, m estimator.Method, period int, lr float64, updates int) lorenzTraining {
	c := estimator.Config{Method: m, Phase: estimator.Random, Workers: lorenzWorkers, Window: lorenzWindow, Period: period, Sigma: lorenzSigma, KeepSums: true}
	if m == estimator.FullES {
		c.Workers, c.Window = lorenzWorkers*lorenzWindow/tasks.LorenzHorizon, tasks.LorenzHorizon
	}
	return lorenzTraining{Method: name, Config: c, LR: lr, Iterations: updates, Smoothing: 4000, Particles: 10_000}
}

// lorenzRuns are the published ones, by name; GPES has NRES's learning rate.
func lorenzRuns() []lorenzTraining {
	pes := lorenzRun("PES", estimator.PES, 0, 1e-5, 10_000)
	pes.Boundaries, pes.Factors = []int{1000}, []float64{0.1}
	return []lorenzTraining{
		lorenzRun("NRES", estimator.NRES, 0, 1e-5, 5000),
		lorenzRun("FullES", estimator.FullES, 0, 3e-5, 2000),
		pes,
		lorenzRun("TES", estimator.TES, 0, 3e-4, 5000),
		lorenzRun("GPES 500", estimator.GPES, 500, 1e-5, 5000),
		lorenzRun("GPES 1000", estimator.GPES, 1000, 1e-5, 5000),
	}
}

// Names of the runs with many workers.
const (
	nresLimit = "NRES, N = 20,000"
	pesLimit  = "PES, N = 20,000"
)

// lorenzLimits are runs with many workers, until they have converged.
func lorenzLimits() []lorenzTraining {
	nres, pes := lorenzRuns()[0], lorenzRuns()[2]
	nres.Method, pes.Method = nresLimit, pesLimit
	pes.Boundaries, pes.Factors = nil, nil // with so little variance there is no need
	for _, r := range []*lorenzTraining{&nres, &pes} {
		r.Config.Workers = 20_000
		r.Iterations = 3000
	}
	return []lorenzTraining{nres, pes}
}

// lorenzUnits returns the units of runs, one a seed, and with Quick of less of both. The
// results of run i are those from i·seeds on.
func lorenzUnits(lab *Lab, runs []lorenzTraining, seeds []uint64) []unit[lorenzTrained] {
	var units []unit[lorenzTrained]
	for _, r := range runs {
		if lab.Quick {
			r.Iterations /= 10
			r.Config.Workers = min(r.Config.Workers, 1000)
			r.Smoothing, r.Particles = min(r.Smoothing, 200), min(r.Particles, 200)
			r.Boundaries = slices.Clone(r.Boundaries)
			for i := range r.Boundaries {
				r.Boundaries[i] /= 10
			}
		}
		path := r.Path
		for i, seed := range seeds {
			r.Seed, r.Path = seed, path && i == 0
			units = append(units, r.unit())
		}
	}
	return units
}

// A lorenzSet is the runs of all seeds, by method.
type lorenzSet struct {
	names []string
	runs  map[string][]lorenzTrained
}

// trainLorenz trains runs, with all seeds but for those of many workers.
func trainLorenz(ctx context.Context, lab *Lab, runs []lorenzTraining, seeds []uint64) (*lorenzSet, error) {
	trained, err := do(ctx, lab, lorenzUnits(lab, runs, seeds))
	if err != nil {
		return nil, err
	}
	set := &lorenzSet{runs: map[string][]lorenzTrained{}}
	for i, r := range runs {
		set.names = append(set.names, r.Method)
		set.runs[r.Method] = runsOf(trained, seeds, i)
	}
	return set, nil
}

// seedsOf returns the published seeds, or some of them.
func seedsOf(lab *Lab, n int) []uint64 {
	if lab.Quick {
		n = 2
	}
	return lorenzSeeds[:n]
}

// An axis is what runs are judged by, a loss, or judged over, a cost: a value at each
// checkpoint.
type axis func(tr *lorenzTrained) []float64

func iterations(tr *lorenzTrained) []float64 { return asFloats(tr.Iteration) }
func sequential(tr *lorenzTrained) []float64 { return asFloats(tr.Sequential) }
func unrolled(tr *lorenzTrained) []float64   { return asFloats(tr.Steps) }
func wallClock(tr *lorenzTrained) []float64  { return tr.Seconds }

func testLoss(tr *lorenzTrained) []float64     { return tr.Test }
func smoothedLoss(tr *lorenzTrained) []float64 { return tr.Smoothed }
func trainingLoss(tr *lorenzTrained) []float64 { return tr.Loss }

// before returns the mean loss over the checkpoints in the last fifth of a budget, of each
// seed.
func (s *lorenzSet) before(name string, x, loss axis, budget float64) group {
	g := group{Name: name}
	for i := range s.runs[name] {
		tr := &s.runs[name][i]
		var sum, n, last float64
		for k, at := range x(tr) {
			if at > budget {
				break
			}
			last = loss(tr)[k]
			if at >= 0.8*budget {
				sum += last
				n++
			}
		}
		if n > 0 {
			last = sum / n
		}
		if tr.Diverged != "" && x(tr)[len(x(tr))-1] < budget {
			last = math.Inf(1)
		}
		g.Samples = append(g.Samples, last)
	}
	return g
}

// last is before with all that a run has.
func (s *lorenzSet) last(name string, loss axis) group {
	return s.before(name, iterations, loss, s.end(name, iterations))
}

// end returns the greatest x of a run.
func (s *lorenzSet) end(name string, x axis) float64 {
	all := x(&s.runs[name][0])
	return all[len(all)-1]
}

// until returns the logarithm of x at the first checkpoint whose loss is at most the
// target, of each seed, and how many there are. Of a run that never gets there it
// is the end, which is too little.
func (s *lorenzSet) until(name string, x, loss axis, target float64) (g group, arrived int) {
	g.Name = name
	for i := range s.runs[name] {
		tr := &s.runs[name][i]
		at := len(tr.Iteration) - 1
		if k := slices.IndexFunc(loss(tr), func(v float64) bool { return v <= target }); k >= 0 {
			at = k
			arrived++
		}
		g.Samples = append(g.Samples, math.Log(x(tr)[at]))
	}
	return g, arrived
}

// lines returns what panels draw.
func (s *lorenzSet) lines(x, y axis) (lines []line) {
	for _, name := range s.names {
		l := line{Name: name}
		for i := range s.runs[name] {
			tr := &s.runs[name][i]
			l.X, l.Y = append(l.X, x(tr)), append(l.Y, y(tr))
		}
		lines = append(lines, l)
	}
	return lines
}

// rivals are the methods that the paper's Figure 5(b) sets beside NRES.
var rivals = []string{"FullES", "PES", "TES"}

func runLorenzMethods(ctx context.Context, lab *Lab) (*Report, error) {
	set, err := trainLorenz(ctx, lab, lorenzRuns(), seedsOf(lab, 5))
	if err != nil {
		return nil, err
	}
	limits, err := trainLorenz(ctx, lab, lorenzLimits(), seedsOf(lab, 3))
	if err != nil {
		return nil, err
	}
	r := &Report{Setup: lorenzSetup}

	// Order at equal cost.
	budget := set.end("NRES", sequential)
	r.Rows = append(r.Rows, set.order("L1–L4, L13", "NRES has a lower loss than FullES, PES and TES after as many sequential steps, which are the time with a processor for each worker",
		"Figure 5(b)", fmt.Sprintf("generalization loss after %.3g sequential steps", budget), sequential, testLoss, budget))
	budget = math.Inf(1)
	for _, name := range append(rivals, "NRES") {
		budget = min(budget, set.end(name, unrolled))
	}
	r.Rows = append(r.Rows, set.order("L1–L4, L13", "the same after as many unroll steps",
		"not shown", fmt.Sprintf("generalization loss after %.3g steps", budget), unrolled, testLoss, budget))

	// Speed.
	asymptote := limits.last(nresLimit, smoothedLoss)
	target := 1.05 * meanOf(asymptote.Samples).Mean
	goal := fmt.Sprintf("the smoothed training loss is within 5 %% of NRES's with N = 20,000 (%.4g)", target)
	r.Rows = append(r.Rows,
		set.speed("NRES converges before FullES, PES and TES, in sequential steps", "Figure 5(b)", goal, "sequential steps", sequential, target),
		set.speed("the same in unroll steps, which are the time with one processor", "not shown", goal, "steps", unrolled, target))

	// Asymptotes.
	r.Rows = append(r.Rows, limitRow(set, limits, "NRES", nresLimit), limitRow(set, limits, "PES", pesLimit))
	r.Rows = append(r.Rows, set.truth())

	r.Tables = append(r.Tables, set.table(limits))
	levels := func(loss axis) []level {
		mean := func(name string) float64 { return meanOf(limits.last(name, loss).Samples).Mean }
		return []level{{nresLimit, mean(nresLimit)}, {pesLimit, mean(pesLimit)}}
	}
	const generalization = "generalization loss (mean squared error of z)"
	settings := "mean over seeds, band from least to greatest;  N = 200 (FullES: 10),  W = 100,  T = 2000,  σ = 0.04"
	r.Figures = append(r.Figures,
		Figure{"loss", "Generalization loss against wall-clock time of one processor, unroll steps, and sequential steps. Logarithmic axes.",
			func(w io.Writer) error {
				return drawPanels(w, "Lorenz: loss against cost (Figure 5b)", settings,
					panel{X: "wall-clock time, s", Y: generalization, Lines: set.lines(wallClock, testLoss), Levels: levels(testLoss), Legend: "lines"},
					panel{X: "unroll steps", Lines: set.lines(unrolled, testLoss), Levels: levels(testLoss), Legend: "levels"},
					panel{X: "sequential steps", Lines: set.lines(sequential, testLoss), Levels: levels(testLoss)})
			}},
		Figure{"losses", "Three losses at the same θ, against updates: of training without perturbation, of training smoothed over perturbations, which NRES and FullES minimise, and from random initial states. Logarithmic axes.",
			func(w io.Writer) error {
				return drawPanels(w, "Lorenz: training and generalization loss", settings,
					panel{X: "update", Y: "training loss at θ", Lines: set.lines(iterations, trainingLoss), Legend: "lines"},
					panel{X: "update", Y: "training loss, smoothed, σ = 0.04", Lines: set.lines(iterations, smoothedLoss), Levels: levels(smoothedLoss), Legend: "levels", Corner: "top right"},
					panel{X: "update", Y: generalization, Lines: set.lines(iterations, testLoss), Levels: levels(testLoss)})
			}})
	for _, s := range []*lorenzSet{set, limits} {
		for _, name := range s.names {
			for _, tr := range s.runs[name] {
				r.Digest([]any{tr.Theta, tr.Loss, tr.Smoothed, tr.Test})
			}
		}
	}
	return r, nil
}

const lorenzSetup = `Published hyperparameters, seeds 101, 103, 107, 109, 113 and random phases. The training loss is that of an
episode from the fixed start; smoothed, its mean over perturbations of σ = 0.04; the generalization loss is the mean over
10,000 episodes from starts s₀ ~ N(·, 1) around the fixed one, each against the true system from the same start. The runs with
N = 20,000 have three seeds, 3,000 updates and a constant learning rate of 1e-5. Methods run with one goroutine each and are timed
without evaluation.

The paper's times are of a GPU, on which the workers' windows run side by side, so that an update takes as long as its sequential steps: W of
NRES, T of FullES. With one processor, time is unroll steps instead; of these an update takes as many with either, and FullES has a learning
rate three times NRES's. Times themselves, which differ from run to run, are in the figure only.`

// order judges the losses of NRES and its rivals at one budget.
func (s *lorenzSet) order(ids, claim, paper, what string, x, loss axis, budget float64) Row {
	first := s.before("NRES", x, loss, budget)
	ours := what + ": NRES " + meanOf(first.Samples).String()
	var others []group
	for _, name := range rivals {
		g := s.before(name, x, loss, budget)
		others = append(others, g)
		ours += fmt.Sprintf("; %s − NRES %v", name, difference(g.Samples, first.Samples))
	}
	return Row{ids, claim, paper, ours, orderRule, order(first, others...)}
}

// speed judges how long NRES and its rivals take to a target.
func (s *lorenzSet) speed(claim, paper, goal, unit string, x axis, target float64) Row {
	first, arrived := s.until("NRES", x, smoothedLoss, target)
	m := meanOf(first.Samples)
	ours := fmt.Sprintf("until %s: NRES %v %s%s", goal, interval{math.Exp(m.Mean), math.Exp(m.Low), math.Exp(m.High)}, unit, missing(arrived, len(first.Samples)))
	var others []group
	for _, name := range rivals {
		g, arrived := s.until(name, x, smoothedLoss, target)
		others = append(others, g)
		d := difference(g.Samples, first.Samples)
		ours += fmt.Sprintf("; %s %v times that%s", name, interval{math.Exp(d.Mean), math.Exp(d.Low), math.Exp(d.High)}, missing(arrived, len(g.Samples)))
	}
	return Row{"L1–L4", claim, paper, ours,
		"of logarithms: " + orderRule + "; a run that doesn't get there counts as if it did with its last update", order(first, others...)}
}

func missing(arrived, of int) string {
	if arrived == of {
		return ""
	}
	return fmt.Sprintf(" (at least: %d of %d seeds never get there)", of-arrived, of)
}

// limitRow judges whether a method with few workers gets where it does with many.
func limitRow(set, limits *lorenzSet, name, limit string) Row {
	few := meanOf(set.last(name, testLoss).Samples)
	many := meanOf(limits.last(limit, testLoss).Samples)
	q := quotient(few, many)
	row := Row{
		IDs: "L11", Paper: "Figure 5(b)",
		Ours: fmt.Sprintf("generalization loss at the end: N = 200 %v; N = 20,000 %v; ratio %v", few, many, q),
	}
	if name == "NRES" {
		row.Claim = "NRES with N = 200 reaches the loss that it has with N = 20,000"
		row.Rule = "reproduced if the ratio's interval lies below 1.1; in order only if the ratio does; otherwise not"
		row.Verdict = judge(q.High < 1.1, q.Mean < 1.1, "the ratio may be above 1.1", "the ratio is above 1.1")
		return row
	}
	row.Claim = name + " with N = 200 stays far above the loss that it has with N = 20,000"
	row.Rule = "reproduced if the ratio's interval lies above 1.1; in order only if it lies above 1; otherwise not"
	row.Verdict = atLeast(q, 1.1)
	return row
}

// truth judges how near NRES comes to the parameters that made the observations.
func (s *lorenzSet) truth() Row {
	var r, a []float64
	for i := range s.runs["NRES"] {
		tr := &s.runs["NRES"][i]
		var lnR, lnA, n float64
		for k, it := range tr.Iteration {
			if 5*it >= 4*tr.Iteration[len(tr.Iteration)-1] {
				lnR += float64(tr.Theta[k][0])
				lnA += float64(tr.Theta[k][1])
				n++
			}
		}
		r, a = append(r, math.Exp(lnR/n)), append(a, math.Exp(lnA/n))
	}
	row := Row{
		IDs: "L1", Claim: "NRES recovers the parameters r = 28, a = 10, from r = 40.4, a = 22.6", Paper: "§5.1",
		Ours: fmt.Sprintf("r = %v, a = %v", meanOf(r), meanOf(a)),
		Rule: "reproduced if both intervals contain the truth; in order only if both means are within 10 % of it; otherwise not",
	}
	status := Reproduced
	for _, p := range []struct {
		found interval
		truth float64
	}{{meanOf(r), 28}, {meanOf(a), 10}} {
		switch off := math.Abs(p.found.Mean/p.truth - 1); {
		case p.found.Low <= p.truth && p.truth <= p.found.High:
		case off < 0.1:
			status = max(status, OrderOnly)
		default:
			status = NotReproduced
		}
	}
	row.Verdict.Status = status
	switch status {
	case OrderOnly:
		row.Verdict.Why = "the minimum of the smoothed loss is next to the truth"
	case NotReproduced:
		row.Verdict.Why = "a parameter is more than 10 % off"
	}
	return row
}

// table lists what each method comes to.
func (s *lorenzSet) table(limits *lorenzSet) Table {
	t := Table{
		Title: "At the end of the runs (mean over the last fifth, and over seeds):",
		Head:  []string{"", "updates", "unroll steps", "sequential steps", "training loss", "smoothed", "generalization loss"},
	}
	for _, set := range []*lorenzSet{s, limits} {
		for _, name := range set.names {
			tr := &set.runs[name][0]
			last := len(tr.Iteration) - 1
			row := []string{name, fmt.Sprint(tr.Iteration[last]), fmt.Sprintf("%.3g", float64(tr.Steps[last])), fmt.Sprintf("%.3g", float64(tr.Sequential[last]))}
			for _, loss := range []axis{trainingLoss, smoothedLoss, testLoss} {
				row = append(row, meanOf(set.last(name, loss).Samples).String())
			}
			t.Rows = append(t.Rows, row)
		}
	}
	return t
}
