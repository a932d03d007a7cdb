package reproduce

import (
	"context"
	"fmt"
	"io"
	"math"

	"gonum.org/v1/gonum/stat"

	"github.com/noise-reuse/nres/estimator"
)

var proxies = Experiment{
	IDs:   []string{"Z6", "Z4", "Z5"},
	Title: "SGD with noise as a proxy for evolution strategies",
	Data:  images,
	Run:   runProxies,
}

const proxiesSetup = `A proxy adds normals to the exact gradient of the mini-batch, so many that the correlation with it is ρ; n mirrored pairs have
ρ = √(n/(n + P − 1)) with P parameters, %.2g %% for n = %d. Those that are compared step by step have the same mini-batches; “other
batches” is the control. Accuracies are means over the last tenth of a run. A fluctuation is how far a test loss is from the mean of the tests
before and after it, 20 updates away, in the second half.`

// sameBatches is the rule of the comparison of fluctuations.
const sameBatches = "reproduced if the 95 % confidence interval over seeds of the fluctuations' correlation is above 0, and that of its difference to " +
	"the correlation with other batches; in order only if the means are; otherwise not"

func runProxies(ctx context.Context, lab *Lab) (*Report, error) {
	d, err := lab.reading()
	if err != nil {
		return nil, err
	}
	table, err := trainClassifiers(ctx, lab, &d, 20,
		classifierRun{Method: "SGD", Rho: 1, Updates: 10_000},
		classifierRun{Method: "proxy, 20 %", Rho: 0.2, Updates: 10_000},
		classifierRun{Method: "proxy, 4 %", Rho: 0.04, Updates: 10_000})
	if err != nil {
		return nil, err
	}
	const updates, otherBatches = 2000, 1000
	es := estimator.Config{Workers: digitsPairs}
	rho := d.rho()
	proxy := fmt.Sprintf("proxy, %.2g %%", 100*rho)
	steps, err := trainClassifiers(ctx, lab, &d, 5,
		classifierRun{Method: "ES, 100 pairs", Config: es, Shared: true, Updates: updates},
		classifierRun{Method: proxy, Rho: rho, Updates: updates},
		classifierRun{Method: proxy + ", other batches", Rho: rho, Updates: updates, Batches: otherBatches},
		classifierRun{Method: "SGD", Rho: 1, Updates: updates})
	if err != nil {
		return nil, err
	}
	r := &Report{Setup: d.setup() + fmt.Sprintf(proxiesSetup, 100*rho, digitsPairs), Rows: []Row{proxyTable(table), proxyEnd(&steps[0], &steps[1]), proxySteps(&steps[0], &steps[1], &steps[2])}}
	t := Table{Title: "Accuracy at the end, %, and its standard deviation over seeds:", Head: []string{"", "updates", "seeds", "accuracy", "standard deviation"}}
	for _, sets := range [][]classifierSet{table, steps} {
		for i := range sets {
			g := sets[i].last()
			t.Rows = append(t.Rows, []string{g.Name, fmt.Sprint(sets[i].run.Updates), fmt.Sprint(len(g.Samples)), meanOf(g.Samples).String(), fmt.Sprintf("%.2g", stat.StdDev(g.Samples, nil))})
		}
		classifierDigest(r, sets)
	}
	r.Tables = []Table{t}
	r.Figures = []Figure{{"proxy", "Wrong answers on the test images against updates: SGD and its proxies; and evolution strategies beside their proxy with the same mini-batches. Logarithmic errors.",
		func(w io.Writer) error {
			return d.drawRuns(w, "SGD with noise and evolution strategies (Table 1, Figure 2)", "", table, steps[:2])
		}}}
	return r, nil
}

// proxyTable judges the order of Table 1.
func proxyTable(sets []classifierSet) Row {
	var groups []group
	row := Row{IDs: "Z6", Claim: "The higher the correlation, the higher the accuracy: SGD, 20 %, 4 %", Paper: "Table 1: 99.11, 98.99, 98.39 %", Rule: decreaseRule}
	for i := range sets {
		g := sets[i].last()
		groups = append(groups, g)
		if i > 0 {
			row.Ours += "; "
		}
		row.Ours += fmt.Sprintf("%s: %v %%", g.Name, meanOf(g.Samples))
	}
	row.Verdict = decrease(groups...)
	return row
}

// within is how near accuracies, in percentage points, are to be the same.
const within = 0.5

const withinRule = "reproduced if the 95 % confidence interval of the difference over seeds lies within half a percentage point of 0; in order only if the mean does; otherwise not"

// proxyEnd judges whether a proxy ends with the accuracy of evolution strategies.
func proxyEnd(es, proxy *classifierSet) Row {
	a, b := es.last(), proxy.last()
	d := difference(a.Samples, b.Samples)
	row := Row{IDs: "Z4", Claim: "A proxy with the correlation of evolution strategies comes to the same accuracy", Paper: "Figure 2",
		Ours: fmt.Sprintf("%s: %v %%; difference %v", a.Name, meanOf(a.Samples), d), Rule: withinRule}
	row.Verdict = judge(math.Max(-d.Low, d.High) <= within, math.Abs(d.Mean) <= within, "the seeds differ by more", "they differ")
	return row
}

// proxySteps judges whether fluctuations are those of the mini-batches.
func proxySteps(es, same, other *classifierSet) Row {
	correlations := func(s *classifierSet) (c []float64) {
		a, b := es.fluctuations(), s.fluctuations()
		for i := range a {
			c = append(c, stat.Correlation(a[i], b[i], nil))
		}
		return c
	}
	with, without := correlations(same), correlations(other)
	d := difference(with, without)
	m := meanOf(with)
	row := Row{IDs: "Z5", Claim: "The loss fluctuates with the mini-batches: alike for evolution strategies and their proxy", Paper: "Figure 2, “nearly identical”",
		Ours: fmt.Sprintf("correlation of the fluctuations %v; with other batches %v", m, meanOf(without)), Rule: sameBatches}
	row.Verdict = judge(m.Low > 0 && d.Low > 0, m.Mean > 0 && d.Mean > 0, "the seeds differ by more", "other batches do as well")
	return row
}
