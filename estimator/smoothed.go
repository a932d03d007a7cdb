package estimator

import (
	"fmt"
	"math"

	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/unroll"
	"github.com/noise-reuse/nres/vec"
)

const thetaLength = "estimator: theta must have the length of the system's parameters"

// SmoothedLoss returns a Monte-Carlo estimate of the objective that GPES_K minimises,
// the mean loss of an episode whose parameters are θ + σε with a new standard normal
// ε every period K of steps (Li et al., equation 7), and its standard error, from n
// antithetic pairs. With a period of T or more it is E L(θ + σε), that of NRES and
// FullES (equation 2). One seed gives the same perturbations at every theta, so
// a difference between two thetas is far more exact than stderr: central differences check a
// gradient. It makes 2nT steps of the system on the calling goroutine. It panics if period is below 1, n below 2, sigma negative or not finite, or theta doesn't have
// the system's ParamLen; with sigma = 0 it is the loss at theta.
func SmoothedLoss[F vec.Float](sys unroll.System[F], theta []F, sigma F, period, n int, seed uint64) (mean, stderr float64) {
	if period < 1 || n < 2 {
		panic("estimator: SmoothedLoss needs a period of at least 1 and two pairs")
	}
	if err := checkSystem(sys); err != nil {
		panic(err.Error())
	}
	if !(sigma >= 0) || sigma-sigma != 0 {
		panic(fmt.Sprintf("estimator: sigma is %v; allowed: 0 or positive, and finite", sigma))
	}
	if len(theta) != sys.ParamLen() {
		panic(thetaLength)
	}
	root := noise.New(seed).Derive(idEvaluation)
	plus, minus := make([]F, len(theta)), make([]F, len(theta))
	sPlus, sMinus := make([]F, sys.StateLen()), make([]F, sys.StateLen())
	horizon := sys.Horizon()
	var sum float64
	spread := moments{mean: make([]float64, 1)}
	for i := 0; i < n; i++ {
		env := root.Derive(uint64(i), 1)
		sys.Init(sPlus, env)
		copy(sMinus, sPlus)
		var pair float64
		for t := 0; t < horizon; t += period {
			m := least(period, horizon-t)
			noise.PerturbPair(plus, minus, theta, sigma, root.Derive(uint64(i), 0, uint64(t/period)), 0)
			pair += unroll.Window(sys, sPlus, plus, t, m, env)
			pair += unroll.Window(sys, sMinus, minus, t, m, env)
		}
		pair /= float64(2 * horizon)
		sum += pair
		spread.add([]float64{pair})
	}
	return sum / float64(n), math.Sqrt(spread.variance() / float64(n))
}
