package reproduce

import (
	"context"
	"fmt"
	"io"

	"gonum.org/v1/gonum/stat"

	"github.com/noise-reuse/nres/estimator"
)

var noMinibatch = Experiment{
	IDs:   []string{"Z9"},
	Title: "Evolution strategies without mini-batches",
	Data:  images,
	Run:   runNoMinibatch,
}

const noMinibatchSetup = `100 mirrored pairs an update: all on one mini-batch, or each on one of its own (“no-mini-batch”). Accuracies are means over the last tenth of a
run; roughness is the standard deviation, in the second half, of the differences between the test loss and the mean of the tests before and after
it, 20 updates away.`

func runNoMinibatch(ctx context.Context, lab *Lab) (*Report, error) {
	d, err := lab.reading()
	if err != nil {
		return nil, err
	}
	const updates = 2000
	es := estimator.Config{Workers: digitsPairs}
	sets, err := trainClassifiers(ctx, lab, &d, 12,
		classifierRun{Method: "a mini-batch for each pair", Config: es, Updates: updates},
		classifierRun{Method: "one mini-batch for all pairs", Config: es, Shared: true, Updates: updates})
	if err != nil {
		return nil, err
	}
	own, shared := &sets[0], &sets[1]
	r := &Report{Setup: d.setup() + noMinibatchSetup, Rows: noMinibatchRows(own, shared)}
	classifierDigest(r, sets)
	r.Figures = []Figure{{"loss", "Wrong answers on the test images against updates. Logarithmic errors.", func(w io.Writer) error {
		return d.drawRuns(w, "Without mini-batches (Figure 4)", "100 pairs,  ", sets)
	}}}
	return r, nil
}

func noMinibatchRows(own, shared *classifierSet) []Row {
	a, b := own.last(), shared.last()
	rough := func(s *classifierSet) group {
		g := group{Name: s.run.Method}
		for _, c := range s.fluctuations() {
			g.Samples = append(g.Samples, stat.StdDev(c, nil))
		}
		return g
	}
	smooth, jagged := rough(own), rough(shared)
	return []Row{
		{"Z9", "Accuracy is higher with a mini-batch for each pair", "Figure 4: 97.44 against 96.99 %",
			fmt.Sprintf("%v against %v %%; difference %v", meanOf(a.Samples), meanOf(b.Samples), difference(a.Samples, b.Samples)), orderRule, order(b, a)},
		{"Z9", "and the curve is smoother", "Figure 4",
			fmt.Sprintf("roughness %v against %v nats", meanOf(smooth.Samples), meanOf(jagged.Samples)), orderRule, order(smooth, jagged)},
	}
}
