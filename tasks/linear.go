package tasks

import (
	"fmt"
	"math"

	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/unroll"
	"github.com/noise-reuse/nres/vec"
)

// Linear is a problem for checking estimators and their variance, whose loss is
// linear in every application of θ, with random coefficients g_i^t:
//
//	L_t = Σ_{i≤t} g_i^t·θ_i,   θ_i the parameters at step i
//
// It satisfies Assumption 2 of Li et al., NeurIPS 2023, exactly, its gradient is
// known, and it has no minimum. The g_i^t are multiples of 1/8, of standard
// deviation ½ but for what the [Lean] adds, so that short sums of them are exact.
//
// The state is Σ_i g_i^t·θ_i over the steps so far, for each t. Memory for the
// coefficients is d·T(T+1)/2 numbers, and the time of an episode as much.
type Linear[F vec.Float] struct {
	d, horizon int
	g          []F // g_1^1..g_1^T, g_2^2..g_2^T, …, d elements each
}

// A Lean says how the gradients of different windows lie to each other, which
// decides whether NRES or FullES has the lower variance (Li et al., Theorem 9).
type Lean uint8

const (
	Unrelated Lean = iota
	Alike          // they lean in one direction: a vector of ±1 is added to all g_i^t
	Opposed        // as Alike, but for t in the second and third quarter of the episode the other way
)

// NewLinear returns the problem with d parameters, the given horizon, and
// coefficients drawn from the seed. d and horizon must be at least 1.
func NewLinear[F vec.Float](d, horizon int, lean Lean, seed uint64) (*Linear[F], error) {
	switch {
	case d < 1:
		return nil, fmt.Errorf("tasks: d is %d; Linear needs at least one parameter", d)
	case horizon < 1:
		return nil, fmt.Errorf("tasks: the horizon is %d; Linear needs at least one step", horizon)
	case lean > Opposed:
		return nil, fmt.Errorf("tasks: the lean is %d; allowed: Unrelated, Alike, Opposed", lean)
	}
	l := &Linear[F]{d, horizon, make([]F, d*horizon*(horizon+1)/2)}
	root := noise.New(seed)
	noise.Fill(l.g, root.Derive(0), 0)
	for k, z := range l.g {
		l.g[k] = F(math.Round(float64(4*z))) / 8
	}
	if lean == Unrelated {
		return l, nil
	}
	direction := make([]F, d)
	noise.FillSigns(direction, root.Derive(1), 0)
	for t := 1; t <= horizon; t++ {
		by := F(1)
		if quarter := 4 * (t - 1) / horizon; lean == Opposed && (quarter == 1 || quarter == 2) {
			by = -1
		}
		for i := 1; i <= t; i++ {
			vec.Axpy(l.Partial(t, i), by, direction)
		}
	}
	return l, nil
}

// Partial returns g_i^t, 1 ≤ i ≤ t ≤ T, which is not to be changed.
func (l *Linear[F]) Partial(t, i int) []F {
	// T − k + 1 vectors for each step k before i, and t−i of step i's.
	n := (i-1)*l.horizon - (i-1)*(i-2)/2 + t - i
	return l.g[n*l.d : (n+1)*l.d]
}

// Partials sets g, of length t·d, to g_1^t, …, g_t^t, whatever theta is.
func (l *Linear[F]) Partials(g, _ []F, t int) {
	for i := 1; i <= t; i++ {
		copy(g[(i-1)*l.d:i*l.d], l.Partial(t, i))
	}
}

// Gradient sets grad, of length d, to the gradient of the mean loss of an episode,
// smoothed in whatever way or not.
func (l *Linear[F]) Gradient(grad []float64) {
	for k := range grad {
		grad[k] = 0
	}
	for k, v := range l.g {
		grad[k%l.d] += float64(v)
	}
	for k := range grad {
		grad[k] /= float64(l.horizon)
	}
}

// ParamLen returns d.
func (l *Linear[F]) ParamLen() int { return l.d }

// StateLen returns the horizon.
func (l *Linear[F]) StateLen() int { return l.horizon }

// Horizon returns T.
func (l *Linear[F]) Horizon() int { return l.horizon }

// Init sets s to 0.
func (l *Linear[F]) Init(s []F, _ noise.Stream) {
	for k := range s {
		s[k] = 0
	}
}

// Step adds what theta contributes to the losses from t on, and returns L_t.
func (l *Linear[F]) Step(s, theta []F, t int, _ noise.Stream) F {
	for k := t; k <= l.horizon; k++ {
		s[k-1] += vec.Dot(l.Partial(k, t), theta)
	}
	return s[t-1]
}

// JVP is the derivative of a step, as [unroll.Differentiable] has it.
func (l *Linear[F]) JVP(ds, dtheta, _, _ []F, t int, env noise.Stream) (dloss F) {
	return l.Step(ds, dtheta, t, env)
}

// VJP is the gradient of a step, as [unroll.Differentiable] has it.
func (l *Linear[F]) VJP(ds, dtheta, _, _ []F, dloss F, t int, _ noise.Stream) {
	ds[t-1] += dloss
	for k := t; k <= l.horizon; k++ {
		vec.Axpy(dtheta, ds[k-1], l.Partial(k, t))
	}
}

var _ unroll.Differentiable[float32] = (*Linear[float32])(nil)
