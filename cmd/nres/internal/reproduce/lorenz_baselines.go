package reproduce

import (
	"context"
	"fmt"
	"io"
	"math"

	"github.com/noise-reuse/nres/baseline"
	"github.com/noise-reuse/nres/estimator"
	"github.com/noise-reuse/nres/tasks"
)

var lorenzBaselines = Experiment{
	IDs:   []string{"L5", "L6", "L7", "L8", "L12"},
	Title: "Lorenz: automatic differentiation",
	Run:   runLorenzBaselines,
}

const lorenzBaselinesSetup = `BPTT (L5), TBPTT (L6), UORO (L7) and DODGE (L8, K = T) with the published hyperparameters, and NRES, FullES, PES and
TES as above; seeds 101, 103, 107, 109, 113 and random phases. A step of the system counts once, for automatic differentiation
too, although it costs more with its derivatives. BPTT is deterministic: it has one run, of 50,000 updates, of which the published
one is the first 1,000. The generalization loss is the mean over 2,000 episodes.`

// lorenzBaseline returns a run of automatic differentiation.
func lorenzBaseline(name string, m baseline.Method, lr float64, updates int) lorenzTraining {
	r := lorenzRun(name, 0, 0, lr, updates) // for evaluation, and as the unit's parameters
	cfg := baseline.Config{Method: m, Phase: estimator.Random, Workers: lorenzWorkers, Window: lorenzWindow}
	if m == baseline.BPTT {
		cfg.Workers, cfg.Window = 1, tasks.LorenzHorizon
	}
	r.New = func(sys *tasks.Lorenz[float32], seed uint64) (gradienter, error) {
		cfg := cfg
		cfg.Seed = seed
		return baseline.New[float32](sys, cfg)
	}
	return r
}

func runLorenzBaselines(ctx context.Context, lab *Lab) (*Report, error) {
	seeds := seedsOf(lab, len(lorenzSeeds))
	evolution := lorenzRuns()[:4]
	automatic := []lorenzTraining{
		lorenzBaseline("BPTT", baseline.BPTT, 1e-8, 50_000),
		lorenzBaseline("TBPTT", baseline.TBPTT, 3e-4, 10_000),
		lorenzBaseline("UORO", baseline.UORO, 1e-13, 5000),
		lorenzBaseline("DODGE", baseline.DODGE, 1e-10, 5000),
	}
	for _, runs := range [][]lorenzTraining{evolution, automatic} {
		for i := range runs {
			runs[i].Smoothing, runs[i].Particles = 0, 2000
		}
	}
	set, err := trainLorenz(ctx, lab, append(evolution, automatic[1:]...), seeds)
	if err != nil {
		return nil, err
	}
	bptt, err := trainLorenz(ctx, lab, automatic[:1], seeds[:1])
	if err != nil {
		return nil, err
	}
	set.names = append(set.names, "BPTT")
	for range seeds {
		set.runs["BPTT"] = append(set.runs["BPTT"], bptt.runs["BPTT"][0])
	}

	r := &Report{Setup: lorenzBaselinesSetup}
	budget := math.Inf(1)
	for _, name := range set.names {
		budget = min(budget, set.end(name, unrolled))
	}
	at := func(loss axis, run *lorenzTraining) group { return set.before(run.Method, unrolled, loss, budget) }
	var all []group
	for i := range automatic {
		all = append(all, at(testLoss, &automatic[i]))
	}
	first := at(testLoss, &evolution[0])
	r.Rows = append(r.Rows, Row{
		IDs: "L12", Claim: "Automatic differentiation has a higher loss than NRES after as many unroll steps", Paper: "Figure 9, not in our copy",
		Ours: fmt.Sprintf("generalization loss after %.3g steps: NRES %v%s", budget, meanOf(first.Samples), differences(first, all)),
		Rule: orderRule, Verdict: order(first, all...),
	})
	for i, g := range all {
		row := Row{
			IDs: fmt.Sprintf("L%d", 5+i), Claim: g.Name + " has a higher loss than FullES, PES and TES after as many unroll steps", Paper: "Figure 9, not in our copy",
			Ours: fmt.Sprintf("%s %v", g.Name, meanOf(g.Samples)), Rule: orderRule,
		}
		for j := range evolution[1:] {
			es := at(testLoss, &evolution[1+j])
			row.Ours += fmt.Sprintf("; %s %v, difference %v", es.Name, meanOf(es.Samples), difference(g.Samples, es.Samples))
			if v := order(es, g); v.Status > row.Verdict.Status {
				row.Verdict = v
			}
		}
		r.Rows = append(r.Rows, row)
	}

	table := Table{
		Title: fmt.Sprintf("After %.3g unroll steps (mean over the last tenth, and over seeds):", budget),
		Head:  []string{"", "learning rate", "training loss", "generalization loss", "ln r", "ln a"},
	}
	for _, runs := range [][]lorenzTraining{evolution, automatic} {
		for i := range runs {
			row := []string{runs[i].Method, fmt.Sprint(runs[i].LR)}
			for _, what := range []axis{trainingLoss, testLoss, parameter(0), parameter(1)} {
				row = append(row, meanOf(at(what, &runs[i]).Samples).String())
			}
			table.Rows = append(table.Rows, row)
		}
	}
	r.Tables = append(r.Tables, table)

	r.Figures = append(r.Figures, Figure{"loss", "Generalization loss and training loss against unroll steps: evolution strategies and automatic differentiation. Logarithmic axes.",
		func(w io.Writer) error {
			return drawPanels(w, "Lorenz: automatic differentiation (Figure 9)", "mean over seeds, band from least to greatest;  N = 200 (FullES: 10, BPTT: 1),  W = 100,  T = 2000",
				panel{X: "unroll steps", Y: "generalization loss (mean squared error of z)", Lines: set.lines(unrolled, testLoss)},
				panel{X: "unroll steps", Y: "training loss", Lines: set.lines(unrolled, trainingLoss), Legend: "lines"})
		}})
	for _, name := range set.names {
		for _, tr := range set.runs[name] {
			r.Digest([]any{tr.Theta, tr.Loss, tr.Test})
		}
	}
	return r, nil
}

// differences lists by how much groups are above the first.
func differences(first group, others []group) (s string) {
	for _, o := range others {
		s += fmt.Sprintf("; %s − %s %v", o.Name, first.Name, difference(o.Samples, first.Samples))
	}
	return s
}

// parameter returns the k-th element of θ.
func parameter(k int) axis {
	return func(tr *lorenzTrained) (values []float64) {
		for _, theta := range tr.Theta {
			values = append(values, float64(theta[k]))
		}
		return values
	}
}
