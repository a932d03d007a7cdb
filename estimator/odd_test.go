package estimator

import (
	"math"
	"math/rand"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/noise-reuse/nres/noise"
)

// An odd system has a state that depends on theta nonlinearly, and random
// environments.
type odd struct {
	d, stateLen, horizon int
	step                 func(s, theta []float64, t int, z float64) float64
}

func (o odd) ParamLen() int { return o.d }
func (o odd) StateLen() int { return o.stateLen }
func (o odd) Horizon() int  { return o.horizon }

func (o odd) Init(s []float64, env noise.Stream) { noise.Fill(s, env.Derive(0), 0) }

func (o odd) Step(s, theta []float64, t int, env noise.Stream) float64 {
	var z [1]float64
	noise.Fill(z[:], env.Derive(uint64(t)), 0)
	return o.step(s, theta, t, z[0])
}

// smoothed estimates the gradient of the K-smoothed loss (equation 7) from whole
// episodes, with noise from elsewhere.
func (o odd) smoothed(theta []float64, sigma float64, period, n int) []float64 {
	rng := rand.New(rand.NewSource(99))
	grad, eps := make([]float64, o.d), make([]float64, o.d*((o.horizon-1)/period+1))
	up, down, plus, minus := make([]float64, o.d), make([]float64, o.d), make([]float64, o.stateLen), make([]float64, o.stateLen)
	for i := 0; i < n; i++ {
		env := noise.New(rng.Uint64())
		for k := range eps {
			eps[k] = rng.NormFloat64()
		}
		o.Init(plus, env)
		copy(minus, plus)
		for t := 1; t <= o.horizon; t++ {
			now := (t - 1) / period * o.d
			for k, e := range eps[now : now+o.d] {
				up[k], down[k] = theta[k]+sigma*e, theta[k]-sigma*e
			}
			diff := o.Step(plus, up, t, env) - o.Step(minus, down, t, env)
			for k, e := range eps[:now+o.d] {
				grad[k%o.d] += diff * e / (2 * sigma * float64(n*o.horizon))
			}
		}
	}
	return grad
}

// TestOddSystems: Lemma 1 far from linear: chaotic, discontinuous, and with T prime.
func TestOddSystems(t *testing.T) {
	if testing.Short() {
		t.Skip("long")
	}
	const sigma, samples = 0.3, 10000
	for name, o := range map[string]odd{
		"one parameter": {1, 1, 5, func(s, theta []float64, t int, z float64) float64 {
			s[0] = s[0]*math.Exp(theta[0])/(1+s[0]*s[0]) + 0.3*z + theta[0]*theta[0]
			return math.Abs(s[0]-0.5) + 0.1*float64(t)*theta[0]*s[0]
		}},
		"recurrent": {2, 2, 7, func(s, theta []float64, t int, z float64) float64 {
			a, b := math.Tanh(theta[0]*s[0]+s[1]), math.Sin(theta[1]*float64(t)+s[0])
			s[0], s[1] = a+0.2*z, 0.5*s[1]+b
			return 2*s[0]*s[0]*s[1] + theta[0]*s[0]
		}},
		"discontinuous": {3, 1, 6, func(s, theta []float64, t int, z float64) float64 {
			if s[0] += theta[t%3]; s[0] > 0.8 {
				s[0] -= 1.3
			}
			return s[0] + 0.5*z*theta[0]
		}},
	} {
		theta := []float64{0.7, -0.4, 0.3}[:o.d]
		for _, period := range []int{1, 2, 4, o.horizon} {
			want := o.smoothed(theta, sigma, period, 20*samples)
			for _, window := range []int{1, 3, 4, o.horizon} {
				cfg := Config{Method: GPES, Period: period, Window: window, Sigma: sigma, Phase: Random, Seed: uint64(window)}
				assert.NoError(t, unbiased(spreadOf(t, o, theta, cfg, samples, faultless), want), "%s, W = %d, K = %d", name, window, period)
				if name != "discontinuous" { // whose gradients are long enough to tell
					continue
				}
				assert.Error(t, unbiased(spreadOf(t, o, theta, cfg, samples, wrongSigma), want), "1/σ²: W = %d, K = %d", window, period)
				if period < o.horizon {
					assert.Error(t, unbiased(spreadOf(t, o, theta, cfg, samples, dropXi), want), "no ξ: W = %d, K = %d", window, period)
				}
			}
		}
	}
}
