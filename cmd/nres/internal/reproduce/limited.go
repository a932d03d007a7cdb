package reproduce

import (
	"context"
	"fmt"
	"io"

	"github.com/noise-reuse/nres/estimator"
)

var limited = Experiment{
	IDs:   []string{"Z8"},
	Title: "Limited perturbation",
	Data:  images,
	Run:   runLimited,
}

const limitedSetup = `A pair has a mini-batch of its own and perturbs all parameters, or one bucket of at most %d, which is a tenth. With as many pairs, the
evaluations cost as much, and the master's update a tenth. The published buckets are 5,000 of 3,274,634 parameters, with five times as many
pairs as the full perturbation has. For a linear loss, n pairs in B buckets have the correlation of n pairs: √(n/B/(n/B + P/B − 1)).
Accuracies are means over the last tenth of a run.`

// inferior is how much accuracy, in percentage points, may be lost.
const inferior = 0.5

func runLimited(ctx context.Context, lab *Lab) (*Report, error) {
	d, err := lab.reading()
	if err != nil {
		return nil, err
	}
	const updates = 2000
	tenth := (d.net.Len() + 9) / 10
	full := estimator.Config{Workers: digitsPairs}
	bucket := full
	bucket.Buckets = estimator.EvenBuckets(d.net.Len(), tenth)
	sets, err := trainClassifiers(ctx, lab, &d, 6,
		classifierRun{Method: "all parameters, 100 pairs", Config: full, Updates: updates},
		classifierRun{Method: "buckets, 100 pairs", Config: bucket, Updates: updates})
	if err != nil {
		return nil, err
	}
	r := &Report{Setup: d.setup() + fmt.Sprintf(limitedSetup, tenth), Rows: []Row{limitedRow(&sets[0], &sets[1])}}
	classifierDigest(r, sets)
	r.Figures = []Figure{{"limited", "Wrong answers on the test images against updates. Logarithmic errors.",
		func(w io.Writer) error { return d.drawRuns(w, "Limited perturbation", "", sets) }}}
	return r, nil
}

// limitedRow judges whether buckets lose accuracy.
func limitedRow(full, buckets *classifierSet) Row {
	a, b := buckets.last(), full.last()
	d := difference(a.Samples, b.Samples)
	row := Row{IDs: "Z8", Claim: "Pairs that perturb a tenth of the parameters each learn no worse, with as many evaluations", Paper: "§4.1: no difference, p = 0.75",
		Ours: fmt.Sprintf("%s: %v %%; %s: %v %%; difference %v", b.Name, meanOf(b.Samples), a.Name, meanOf(a.Samples), d),
		Rule: "reproduced if the 95 % confidence interval of the difference over seeds lies above −0.5 percentage points; in order only if the mean does; otherwise not"}
	row.Verdict = judge(d.Low > -inferior, d.Mean > -inferior, "the seeds differ by more", "they learn worse")
	return row
}
