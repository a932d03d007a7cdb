package estimator

import (
	"math"

	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/unroll"
	"github.com/noise-reuse/nres/vec"
)

// SmoothedLoss returns a Monte-Carlo estimate of the objective that FullES and NRES
// minimise, E L(θ + σε) with ε standard normal and L the mean loss of an episode
// (Li et al., equation 2), and its standard error, from n antithetic pairs. It
// makes 2nT steps of the system on the calling goroutine.
func SmoothedLoss[F vec.Float](sys unroll.System[F], theta []F, sigma F, n int, seed uint64) (mean, stderr float64) {
	root := noise.New(seed).Derive(idEvaluation)
	plus, minus := make([]F, len(theta)), make([]F, len(theta))
	s := make([]F, sys.StateLen())
	horizon := sys.Horizon()
	var sum, squares float64
	for i := 0; i < n; i++ {
		env := root.Derive(uint64(i), 1)
		noise.PerturbPair(plus, minus, theta, sigma, root.Derive(uint64(i), 0), 0)
		var pair float64
		for _, th := range [2][]F{plus, minus} {
			sys.Init(s, env)
			pair += unroll.Window(sys, s, th, 0, horizon, env) / float64(2*horizon)
		}
		sum += pair
		squares += float64(pair * pair)
	}
	mean = sum / float64(n)
	return mean, math.Sqrt((squares/float64(n) - float64(mean*mean)) / float64(n-1))
}
