package reproduce

import (
	"context"
	"fmt"
	"io"
	"math"

	"github.com/noise-reuse/nres/estimator"
	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/tasks"
	"github.com/noise-reuse/nres/unroll"
)

var telescoping = Experiment{
	IDs:   []string{"S8"},
	Title: "Telescoping sums: the loss of the last step, from online estimates",
	Run:   runTelescoping,
}

// telescopeHorizon is so short that the best θ for the last step isn't that for all.
const telescopeHorizon = 60

// lastBest returns the θ for which influence balancing has no loss in its last step,
// whose s[0] is linear in θ.
func lastBest(n *tasks.Influence[float64]) float64 {
	var s0 [2]float64
	for k := range s0 {
		s := make([]float64, n.StateLen())
		n.Init(s, noise.Stream{})
		unroll.Window[float64](n, s, []float64{float64(k)}, 0, telescopeHorizon, noise.Stream{})
		s0[k] = s[0]
	}
	return (1 - s0[0]) / (s0[1] - s0[0])
}

func runTelescoping(ctx context.Context, lab *Lab) (*Report, error) {
	iterations := 20_000
	if lab.Quick {
		iterations = 3000
	}
	seeds := lab.seeds(5)
	n, err := tasks.NewInfluence[float64](telescopeHorizon)
	if err != nil {
		return nil, err
	}
	const all, last = "all losses", "telescoped"
	best := map[string]float64{all: n.Best(), last: lastBest(n)}
	var units []unit[tuned]
	for _, name := range []string{all, last} {
		var sys unroll.System[float64] = n
		if name == last {
			sys = unroll.Telescope(sys)
		}
		for _, seed := range seeds {
			t := tuning{Method: name, Start: []float64{tasks.InfluenceStart}, LR: 3e-3, Iterations: iterations,
				Config: estimator.Config{Method: estimator.ESSingle, Workers: 50, Window: 10, Sigma: 0.1, Seed: seed}}
			units = append(units, tuneUnit(fmt.Sprintf("%s, seed %d", name, seed), t, sys, t))
		}
	}
	runs, err := do(ctx, lab, units)
	if err != nil {
		return nil, err
	}
	r := &Report{Setup: fmt.Sprintf(`Influence balancing with T = %d, which is so short that the best θ for the mean loss of an episode (%.4f) is not the best for the loss of
its last step (%.4f, where that is 0). ES-Single with 50 pairs, W = 10, σ = 0.1, Adam with learning rate 3e-3, %d updates, on the losses L_t and on
p_t = L_t − L_(t−1). No sizes have been published.`, telescopeHorizon, best[all], best[last], iterations)}
	var lines []line
	var to [2][]float64 // where each ends
	for k, name := range []string{all, last} {
		own := runsOf(runs, seeds, k)
		lines = append(lines, traceOf(name, own, 0))
		for i := range own {
			to[k] = append(to[k], own[i].Center[0])
			r.Digest(own[i].Theta)
		}
	}
	half := math.Abs(best[last]-best[all]) / 2
	row := Row{
		IDs: "S8", Claim: "with p_t = L_t − L_(t−1), online estimates minimise the loss of the last step", Paper: "ES-Single, telescoping sums",
		Ours: fmt.Sprintf("θ over the last quarter: telescoped %v, best %.4f; on all losses %v, best %.4f", meanOf(to[1]), best[last], meanOf(to[0]), best[all]),
		Rule: "reproduced if the interval of each lies within a tenth of the difference between the two best values from its own; in order only if each mean is nearer to its own; otherwise not",
	}
	for k, name := range []string{all, last} {
		m, own := meanOf(to[k]), best[name]
		off := max(m.High-own, own-m.Low)
		mean := max(m.Mean-own, own-m.Mean)
		switch {
		case off <= half/5:
		case mean < half:
			row.Verdict = worst(row.Verdict, Verdict{OrderOnly, name + ": not exactly there"})
		default:
			row.Verdict = worst(row.Verdict, Verdict{NotReproduced, name + ": nearer to the other"})
		}
	}
	r.Rows = append(r.Rows, row)
	r.Figures = append(r.Figures, Figure{"theta", "θ against updates for ES-Single on all losses and on telescoping sums; mean over seeds, band from least to greatest. Horizontal lines are the exact minima.", func(w io.Writer) error {
		return drawPanels(w, "Telescoping sums on influence balancing", fmt.Sprintf("ES-Single,  N = 50 pairs,  W = 10,  T = %d,  σ = 0.1,  Adam 3e-3", telescopeHorizon),
			panel{X: "update", Y: "θ", LinearX: true, LinearY: true, Lines: lines, Levels: []level{{"best for all losses", best[all]}, {"best for the last", best[last]}}, Legend: "both", Corner: "top right"})
	}})
	return r, nil
}
