package main

import (
	"fmt"
	"math"
	"os"

	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/unroll"
)

// How far the others may be from nres. A window's rounding errors are ours and theirs,
// grown for half a unit of a chaotic system's time; means differ by chance, and by 5
// standard errors hardly ever.
const (
	tolerance  = 1e-4
	deviations = 5
	batches    = 20
	batch      = 200
)

// agree tells whether all compute what nres does: from the same states and perturbations
// the same losses, states and gradient, to rounding; and with noise of their own the
// same mean gradient.
func agree(all []*contender) error {
	windows, err := record()
	if err != nil {
		return err
	}
	means := make([]means, len(all))
	for i, c := range all {
		if err := c.Ask(map[string][]int{"mean": {batches, batch}}, &means[i]); err != nil {
			return err
		}
		z := means[i].deviations(means[0])
		if c.ours {
			if z != 0 {
				return fmt.Errorf("%s, %s: not the bits of %s", c.Name, c.Where, all[0].Name)
			}
			continue
		}
		worst := 0.0
		for _, w := range windows {
			var a results
			if err := c.Ask(map[string]any{"window": w.given}, &a); err != nil {
				return err
			}
			worst = math.Max(worst, w.results.distance(a))
		}
		fmt.Fprintf(os.Stderr, "%s, %s: losses, states and gradients of windows within %.1e of ours, mean gradients %.3g standard errors apart: %.5g\n",
			c.Name, c.Where, worst, z, means[i].mean())
		if !(worst <= tolerance && z <= deviations) {
			return fmt.Errorf("%s does not compute what nres does", c.Name)
		}
	}
	return nil
}

// A window is that of all workers for one gradient. Of arrays of numbers the last index
// is the worker's, the one before it the sign's.
type window struct {
	given
	results
}

type given struct {
	S     [3][2][]float32 `json:"s"`
	Theta [2][2][]float32 `json:"theta"`
	T0    []int           `json:"t0"`
}

type results struct {
	Loss [2][]float64    `json:"loss"` // summed
	End  [3][2][]float32 `json:"end"`  // states
	Grad []float32       `json:"grad"`
}

// distance is the greatest difference, relative to the greatest number of its kind.
func (r results) distance(of results) (worst float64) {
	relative := func(a, b []float64) {
		most, scale := 0.0, 0.0
		for i := range a {
			d := math.Abs(a[i] - b[i])
			if d != d {
				d = math.Inf(1)
			}
			most, scale = math.Max(most, d), math.Max(scale, math.Abs(a[i]))
		}
		worst = math.Max(worst, most/scale)
	}
	for sign := range r.Loss {
		relative(r.Loss[sign], of.Loss[sign])
		for i := range r.End {
			relative(wide(r.End[i][sign]), wide(of.End[i][sign]))
		}
	}
	relative(wide(r.Grad), wide(of.Grad))
	return worst
}

func wide(x []float32) []float64 {
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = float64(v)
	}
	return y
}

// A recorder is a system that keeps the windows that are asked of it, which come worker
// by worker, plus before minus. It hides what the system can do in lanes.
type recorder struct {
	unroll.System[float32]
	unroll.Windower[float32]
	w     *window
	calls int
}

func (r *recorder) Window(s, theta []float32, t0, n int, env noise.Stream) float32 {
	if r.w == nil {
		return r.Windower.Window(s, theta, t0, n, env)
	}
	sign := r.calls % 2
	r.calls++
	if sign == 0 {
		r.w.T0 = append(r.w.T0, t0)
	}
	for i := range theta {
		r.w.Theta[i][sign] = append(r.w.Theta[i][sign], theta[i])
	}
	for i := range s {
		r.w.S[i][sign] = append(r.w.S[i][sign], s[i])
	}
	sum := r.Windower.Window(s, theta, t0, n, env)
	for i := range s {
		r.w.End[i][sign] = append(r.w.End[i][sign], s[i])
	}
	r.w.Loss[sign] = append(r.w.Loss[sign], float64(sum))
	return sum
}

// record returns the windows of the first few gradients.
func record() ([]window, error) {
	var r *recorder
	est, theta, err := newEstimator(1, func(sys unroll.System[float32]) unroll.System[float32] {
		r = &recorder{System: sys, Windower: sys.(unroll.Windower[float32])}
		return r
	})
	if err != nil {
		return nil, err
	}
	defer est.Close()
	windows := make([]window, 3)
	grad := make([]float32, len(theta))
	if _, err := est.Gradient(grad, theta); err != nil { // brings the workers to their phases
		return nil, err
	}
	for i := range windows {
		w := &windows[i]
		r.w = w
		if _, err := est.Gradient(grad, theta); err != nil {
			return nil, err
		}
		w.Grad = append(w.Grad, grad...)
	}
	return windows, nil
}

// means are the mean gradients of batches.
type means struct{ Means [][]float64 }

func (m means) mean() []float64 {
	mean, _ := m.moments()
	return mean
}

// moments returns the mean of the batches and the square of its standard error.
func (m means) moments() (mean, variance []float64) {
	n := float64(len(m.Means))
	mean, variance = make([]float64, len(m.Means[0])), make([]float64, len(m.Means[0]))
	for _, b := range m.Means {
		for i, v := range b {
			mean[i] += v / n
		}
	}
	for _, b := range m.Means {
		for i, v := range b {
			variance[i] += (v - mean[i]) * (v - mean[i]) / (n * (n - 1))
		}
	}
	return mean, variance
}

// deviations returns how many standard errors the means are apart, at most.
func (m means) deviations(of means) (z float64) {
	a, va := m.moments()
	b, vb := of.moments()
	for i := range a {
		if d := math.Abs(a[i]-b[i]) / math.Sqrt(va[i]+vb[i]); !(d <= z) {
			z = d
		}
	}
	return z
}
