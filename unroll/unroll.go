package unroll

import (
	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/vec"
)

// A System is an unrolled computation graph with flat state and parameters.
//
// Its methods must be deterministic functions of their arguments and safe for concurrent
// use on different states: several goroutines unroll one System at a time. If a method
// panics, so does the call of the estimator, on its caller's goroutine; whoever recovers
// finds the estimator as it is after an error.
//
// Randomness may come from env only. The estimators give all steps of an episode the same
// env, to both members of an antithetic pair; use env.Derive(uint64(t)) for what is to
// differ from step to step, or, where a few bits will do, env.Word(uint64(t)): noise.Words
// makes those of many steps at once.
//
// For the same bits on every machine, write products that feed a sum with an
// explicit conversion, F(a*b) + c, which keeps the compiler from fusing them, and
// take exp, log and the like from package vec/scalar.
type System[F vec.Float] interface {
	// ParamLen returns d, the length of theta, at least 1.
	ParamLen() int
	// StateLen returns the length of the state, at least 1.
	StateLen() int
	// Horizon returns T, the number of steps of an episode, at least 1.
	Horizon() int
	// Init sets s, of length StateLen, to the state s_0 of an episode, all of it: s may
	// hold the end of another.
	Init(s []F, env noise.Stream)
	// Step advances s in place from s_{t-1} to s_t, t = 1..T, and returns the
	// loss L_t(s_t). It must not change theta or keep either slice.
	Step(s, theta []F, t int, env noise.Stream) (loss F)
}

// A Windower is a System that can run several steps at once, without the cost of
// a call for each, or of deriving from theta what all steps share.
type Windower[F vec.Float] interface {
	// Window does what n calls of Step do, for t = t0+1..t0+n, and returns the
	// sum of their losses, added in order to +0 in type F. 1 ≤ n ≤ Stretch.
	Window(s, theta []F, t0, n int, env noise.Stream) (sum F)
}

// A Differentiable is a System that can differentiate its step t, which takes s =
// s_{t−1} and theta to s_t and L_t. s and theta must not be changed, nor slices kept.
//
// estimator.PESAnalytic and, in package baseline, BPTT and TBPTT call VJP alone, RTRL and
// DODGE JVP, UORO both.
type Differentiable[F vec.Float] interface {
	System[F]
	// JVP is forward mode: it turns ds, the derivative of s_{t−1} along some direction,
	// into that of s_t if theta's is dtheta, and returns that of L_t.
	JVP(ds, dtheta, s, theta []F, t int, env noise.Stream) (dloss F)
	// VJP is reverse mode: it turns ds, the gradient by s_t of some function, into the
	// gradient by s_{t−1} of that function plus dloss·L_t, and adds the gradient by the
	// theta of this step to dtheta.
	VJP(ds, dtheta, s, theta []F, dloss F, t int, env noise.Stream)
}

// Stretch is the number of steps over which losses are added in type F; the sums
// of stretches are added in float64. It also bounds the time of one call of
// Window.
const Stretch = 128

// Window advances s in place from s_t0 to s_{t0+n} under constant theta and
// returns the sum of the n losses. The steps are cut into stretches of Stretch
// steps, counted from t0, the last one shorter. It uses the system's Window method
// if there is one; the result is the same. s and theta have the system's StateLen and
// ParamLen; n may be 0. It does not allocate.
func Window[F vec.Float](sys System[F], s, theta []F, t0, n int, env noise.Stream) float64 {
	w, whole := sys.(Windower[F])
	var total float64
	for n > 0 {
		m := n
		if m > Stretch {
			m = Stretch
		}
		var sum F
		if whole {
			sum = w.Window(s, theta, t0, m, env)
		} else {
			for t := t0 + 1; t <= t0+m; t++ {
				sum += sys.Step(s, theta, t, env)
			}
		}
		total += float64(sum)
		t0 += m
		n -= m
	}
	return total
}

// Gradient advances s in place from s_t0 to s_{t0+n} under constant theta, adds to grad
// the gradient by theta of the sum of the n losses, with s_t0 held fixed, and returns
// that sum, added in float64. It is reverse mode: n steps, then n VJPs. tape is scratch, for
// the states that the steps start from and a gradient by the state. Gradient panics if its
// length is below (n+1)·StateLen, and does not allocate.
func Gradient[F vec.Float](sys Differentiable[F], grad, s, theta []F, t0, n int, env noise.Stream, tape []F) (loss float64) {
	m := len(s)
	tape = tape[:len(tape):len(tape)] // and not what is behind it
	ds := tape[n*m : (n+1)*m]
	for k := 0; k < n; k++ {
		copy(tape[k*m:], s)
		loss += float64(sys.Step(s, theta, t0+k+1, env))
	}
	for i := range ds {
		ds[i] = 0
	}
	for k := n - 1; k >= 0; k-- {
		sys.VJP(ds, grad, tape[k*m:(k+1)*m], theta, 1, t0+k+1, env)
	}
	return loss
}
