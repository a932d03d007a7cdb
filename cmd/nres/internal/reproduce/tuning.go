package reproduce

import (
	"context"
	"errors"
	"math"

	"github.com/noise-reuse/nres/estimator"
	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/optim"
	"github.com/noise-reuse/nres/unroll"
	"github.com/noise-reuse/nres/vec"
)

// This file has what the experiments with few hyperparameters share.

const esSingle = "ES-Single"

// methods are those compared, as the page names them.
var methods = map[string]estimator.Method{esSingle: estimator.ESSingle, "PES": estimator.PES, "TES": estimator.TES}

// A tuning is a training of hyperparameters with Adam. It is the parameters of a unit,
// too.
type tuning struct {
	Method     string
	Config     estimator.Config // with the seed
	Start      []float64
	LR, Beta1  float64
	Iterations int
}

// tuned is what came of a tuning.
type tuned struct {
	Iteration []int
	Theta     []floats // at these iterations
	Center    floats   // the mean of θ over the last quarter of all iterations
	Jitter    float64  // root mean square distance from it there
}

// tune trains with an estimator.
func tune[F vec.Float](ctx context.Context, sys unroll.System[F], t tuning, tick func(float64)) (tuned, error) {
	t.Config.Parallelism = 1
	est, err := estimator.New(sys, t.Config)
	if err != nil {
		return tuned{}, err
	}
	defer est.Close()
	return descend(ctx, est.Gradient, t, tick)
}

// descend trains with any gradient. A loss or θ that isn't finite is an error.
func descend[F vec.Float](ctx context.Context, gradient func(grad, theta []F) (loss float64, err error), t tuning, tick func(float64)) (tuned, error) {
	var found tuned
	adam := optim.NewAdam(F(t.LR))
	if t.Beta1 != 0 {
		adam.Beta1 = t.Beta1
	}
	theta, grad := make([]F, len(t.Start)), make([]F, len(t.Start))
	for i, v := range t.Start {
		theta[i] = F(v)
	}
	at := checkpoints(t.Iterations)
	sum, square, n := make([]float64, len(theta)), 0.0, 0.0
	for i := 0; ; i++ {
		if i%16 == 0 {
			if err := ctx.Err(); err != nil {
				return found, err
			}
			tick(float64(i) / float64(t.Iterations))
		}
		wide := make(floats, len(theta))
		for k, v := range theta {
			wide[k] = float64(v)
		}
		if i == at[len(found.Theta)] {
			found.Iteration, found.Theta = append(found.Iteration, i), append(found.Theta, wide)
		}
		if 4*i >= 3*t.Iterations {
			n++
			for k, v := range wide {
				sum[k] += v
				square += float64(v * v)
			}
		}
		if i == t.Iterations {
			break
		}
		if _, err := gradient(grad, theta); err != nil {
			return found, err
		}
		adam.Step(theta, grad)
	}
	square /= n
	for _, v := range sum {
		found.Center = append(found.Center, v/n)
		square -= float64(v / n * (v / n))
	}
	found.Jitter = math.Sqrt(max(square, 0))
	if math.IsNaN(square) {
		return found, errors.New("θ is not finite")
	}
	return found, nil
}

// tuneUnit returns a unit that trains.
func tuneUnit[F vec.Float](name string, params any, sys unroll.System[F], t tuning) unit[tuned] {
	return unit[tuned]{name, params, func(ctx context.Context, tick func(float64)) (tuned, error) { return tune(ctx, sys, t, tick) }}
}

// traceOf returns the curve of element k of θ, from a run for each seed.
func traceOf(name string, runs []tuned, k int) line {
	l := line{Name: name}
	for i := range runs {
		var y []float64
		for _, theta := range runs[i].Theta {
			y = append(y, theta[k])
		}
		l.X, l.Y = append(l.X, asFloats(runs[i].Iteration)), append(l.Y, y)
	}
	return l
}

// aboveOne judges whether a ratio, over seeds, is above 1: in order only if the interval
// isn't, but the mean.
func aboveOne(ratio interval, otherwise string) Verdict {
	return judge(ratio.Low > 1, ratio.Mean > 1, "by less than the seeds differ", otherwise)
}

// episode returns the mean loss of an episode under constant θ.
func episode[F vec.Float](sys unroll.System[F], theta []float64, env noise.Stream) float64 {
	s, narrow := make([]F, sys.StateLen()), make([]F, len(theta))
	for i, v := range theta {
		narrow[i] = F(v)
	}
	sys.Init(s, env)
	return unroll.Window(sys, s, narrow, 0, sys.Horizon(), env) / float64(sys.Horizon())
}
