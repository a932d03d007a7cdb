package reproduce

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/gonum/stat"
	"gonum.org/v1/gonum/stat/distuv"
)

// A Status is how a claim fared.
type Status uint8

const (
	Reproduced Status = iota
	OrderOnly
	NotReproduced
	NotJudged // no data, or too short a run
)

func (s Status) String() string {
	return [...]string{"reproduced", "reproduced in order, not in size", "not reproduced", "not judged"}[s]
}

// A Verdict is a status, and why it isn't the best.
type Verdict struct {
	Status Status
	Why    string
}

// An interval is an estimate and its 95 % confidence interval.
type interval struct{ Mean, Low, High float64 }

func (i interval) String() string {
	return fmt.Sprintf("%.4g (%.4g to %.4g)", i.Mean, i.Low, i.High)
}

// times returns the interval of a multiple, c > 0.
func (i interval) times(c float64) interval { return interval{i.Mean * c, i.Low * c, i.High * c} }

// meanOf returns the mean of independent samples, and Student's interval. With one sample
// nothing is known about its error.
func meanOf(samples []float64) interval {
	mean, sd := stat.MeanStdDev(samples, nil)
	n := float64(len(samples))
	if n < 2 {
		return interval{mean, math.Inf(-1), math.Inf(1)}
	}
	half := studentQuantile(len(samples)-1) * sd / math.Sqrt(n)
	return interval{mean, mean - half, mean + half}
}

// studentQuantile returns the 97.5 % quantile of Student's t.
func studentQuantile(degrees int) float64 {
	return distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(degrees)}.Quantile(0.975)
}

// difference returns the mean of a[i] − b[i].
func difference(a, b []float64) interval {
	d := make([]float64, len(a))
	for i := range a {
		d[i] = a[i] - b[i]
	}
	return meanOf(d)
}

// ratioOf returns the mean ratio a[i]/b[i] of positive samples: geometric mean and
// Student's interval of the logarithm.
func ratioOf(a, b []float64) interval {
	d := make([]float64, len(a))
	for i := range a {
		d[i] = math.Log(a[i] / b[i])
	}
	m := meanOf(d)
	return interval{math.Exp(m.Mean), math.Exp(m.Low), math.Exp(m.High)}
}

// quotient returns a/b of independent estimates of positive quantities, with the interval
// of the logarithm by the delta method.
func quotient(a, b interval) interval {
	half := math.Hypot((a.High-a.Low)/2/a.Mean, (b.High-b.Low)/2/b.Mean)
	q := a.Mean / b.Mean
	return interval{q, q * math.Exp(-half), q * math.Exp(half)}
}

// A group is a quantity of one method, a sample for each seed.
type group struct {
	Name    string
	Samples []float64
}

// orderRule is the rule of order.
const orderRule = "reproduced if the 95 % confidence interval of each difference, over seeds, is above 0; " +
	"in order only if all mean differences are; otherwise not"

// order judges whether the first group lies below each of the others. Runs that diverged
// have infinite samples: a method of which some did is above if all its samples are.
func order(first group, others ...group) Verdict {
	var wrong, unsure []string
	for _, o := range others {
		switch d := difference(o.Samples, first.Samples); {
		case math.IsInf(d.Mean, 1): // some diverged, and there is no interval
			if slices.Min(o.Samples) <= slices.Max(first.Samples) {
				unsure = append(unsure, o.Name)
			}
		case !(d.Mean > 0):
			wrong = append(wrong, o.Name)
		case !(d.Low > 0):
			unsure = append(unsure, o.Name)
		}
	}
	switch {
	case wrong != nil:
		return Verdict{NotReproduced, strings.Join(wrong, ", ") + " is not above " + first.Name}
	case unsure != nil:
		return Verdict{OrderOnly, strings.Join(unsure, ", ") + " is above " + first.Name + " by less than the seeds differ"}
	}
	return Verdict{}
}

// decreaseRule is the rule of decrease.
const decreaseRule = "reproduced if the 95 % confidence interval of each difference between neighbours, over seeds, is above 0; " +
	"in order only if all mean differences are; otherwise not"

// decrease judges whether the groups lie below each other, in order.
func decrease(groups ...group) Verdict {
	worst := Verdict{}
	for i := 1; i < len(groups); i++ {
		if v := order(groups[i], groups[i-1]); v.Status > worst.Status {
			worst = v
		}
	}
	return worst
}

// judge returns the verdict of most rules, and why it isn't the best.
func judge(reproduced, inOrder bool, unsure, wrong string) Verdict {
	switch {
	case reproduced:
		return Verdict{}
	case inOrder:
		return Verdict{OrderOnly, unsure}
	}
	return Verdict{NotReproduced, wrong}
}

// atLeast judges whether a ratio is not less than the claimed one: reproduced if the
// interval isn't, in order only if it is above 1.
func atLeast(ratio interval, claimed float64) Verdict {
	return judge(ratio.Low >= claimed, ratio.Low > 1, fmt.Sprintf("the ratio may be below %.4g", claimed), "the ratio may be below 1")
}

// worst returns the worst of several verdicts, the first of its kind.
func worst(verdicts ...Verdict) (worst Verdict) {
	for _, v := range verdicts {
		if v.Status > worst.Status {
			worst = v
		}
	}
	return worst
}
