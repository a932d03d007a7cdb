package unroll

import (
	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/vec"
)

// A System is an unrolled computation graph with flat state and parameters.
//
// Its methods must be deterministic functions of their arguments and safe for
// concurrent use on different states: several goroutines unroll one System at a
// time. Randomness may come from env only. The estimators give all steps of an
// episode the same env, and the two members of an antithetic pair the same, too;
// use env.Derive(t) for what is to differ from step to step.
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
	// Init sets s, of length StateLen, to the state s_0 of an episode.
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

// A Differentiable is a System whose losses have a derivative that it can compute.
type Differentiable[F vec.Float] interface {
	System[F]
	// WindowGradient adds to grad, of length ParamLen, the derivative by theta of the
	// sum of the losses of steps t0+1..t0+n, given the state s_t0, and advances s to
	// s_{t0+n}, with the bits of Step. 1 ≤ n ≤ T − t0.
	WindowGradient(grad, s, theta []F, t0, n int, env noise.Stream)
}

// Stretch is the number of steps over which losses are added in type F; the sums
// of stretches are added in float64. It also bounds the time of one call of
// Window.
const Stretch = 128

// Window advances s in place from s_t0 to s_{t0+n} under constant theta and
// returns the sum of the n losses. The steps are cut into stretches of Stretch
// steps, counted from t0, the last one shorter. It uses the system's Window method
// if there is one; the result is the same.
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
