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

func (v Verdict) String() string {
	if v.Why == "" {
		return v.Status.String()
	}
	return v.Status.String() + ": " + v.Why
}

// An Interval is an estimate and its 95 % confidence interval.
type Interval struct{ Mean, Low, High float64 }

func (i Interval) String() string {
	return fmt.Sprintf("%.4g (%.4g to %.4g)", i.Mean, i.Low, i.High)
}

// Times returns the interval of a multiple, c > 0.
func (i Interval) Times(c float64) Interval { return Interval{i.Mean * c, i.Low * c, i.High * c} }

// MeanOf returns the mean of independent samples, and Student's interval. With one sample
// nothing is known about its error.
func MeanOf(samples []float64) Interval {
	mean, sd := stat.MeanStdDev(samples, nil)
	n := float64(len(samples))
	if n < 2 {
		return Interval{mean, math.Inf(-1), math.Inf(1)}
	}
	half := studentQuantile(len(samples)-1) * sd / math.Sqrt(n)
	return Interval{mean, mean - half, mean + half}
}

// studentQuantile returns the 97.5 % quantile of Student's t.
func studentQuantile(degrees int) float64 {
	return distuv.StudentsT{Mu: 0, Sigma: 1, Nu: float64(degrees)}.Quantile(0.975)
}

// Difference returns the mean of a[i] − b[i].
func Difference(a, b []float64) Interval {
	d := make([]float64, len(a))
	for i := range a {
		d[i] = a[i] - b[i]
	}
	return MeanOf(d)
}

// RatioOf returns the mean ratio a[i]/b[i] of positive samples: geometric mean and
// Student's interval of the logarithm.
func RatioOf(a, b []float64) Interval {
	d := make([]float64, len(a))
	for i := range a {
		d[i] = math.Log(a[i] / b[i])
	}
	m := MeanOf(d)
	return Interval{math.Exp(m.Mean), math.Exp(m.Low), math.Exp(m.High)}
}

// Quotient returns a/b of independent estimates of positive quantities, with the interval
// of the logarithm by the delta method.
func Quotient(a, b Interval) Interval {
	half := math.Hypot((a.High-a.Low)/2/a.Mean, (b.High-b.Low)/2/b.Mean)
	q := a.Mean / b.Mean
	return Interval{q, q * math.Exp(-half), q * math.Exp(half)}
}

// A Group is a quantity of one method, a sample for each seed.
type Group struct {
	Name    string
	Samples []float64
}

// OrderRule is the rule of Order.
const OrderRule = "reproduced if the 95 % confidence interval of each difference, over seeds, is above 0; " +
	"in order only if all mean differences are; otherwise not"

// Order judges whether the first group lies below each of the others. Runs that diverged
// have infinite samples: a method of which some did is above if all its samples are.
func Order(first Group, others ...Group) Verdict {
	var wrong, unsure []string
	for _, o := range others {
		switch d := Difference(o.Samples, first.Samples); {
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

// DecreaseRule is the rule of Decrease.
const DecreaseRule = "reproduced if the 95 % confidence interval of each difference between neighbours, over seeds, is above 0; " +
	"in order only if all mean differences are; otherwise not"

// Decrease judges whether the groups lie below each other, in order.
func Decrease(groups ...Group) Verdict {
	worst := Verdict{}
	for i := 1; i < len(groups); i++ {
		if v := Order(groups[i], groups[i-1]); v.Status > worst.Status {
			worst = v
		}
	}
	return worst
}

// Judge returns the verdict of most rules, and why it isn't the best.
func Judge(reproduced, inOrder bool, unsure, wrong string) Verdict {
	switch {
	case reproduced:
		return Verdict{}
	case inOrder:
		return Verdict{OrderOnly, unsure}
	}
	return Verdict{NotReproduced, wrong}
}

// AtLeast judges whether a ratio is not less than the claimed one: reproduced if the
// interval isn't, in order only if it is above 1.
func AtLeast(ratio Interval, claimed float64) Verdict {
	return Judge(ratio.Low >= claimed, ratio.Low > 1, fmt.Sprintf("the ratio may be below %.4g", claimed), "the ratio may be below 1")
}

// Worst returns the worst of several verdicts, the first of its kind.
func Worst(verdicts ...Verdict) (worst Verdict) {
	for _, v := range verdicts {
		if v.Status > worst.Status {
			worst = v
		}
	}
	return worst
}
