package estimator

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/tasks"
	"github.com/noise-reuse/nres/unroll"
)

// telescoped is unroll.Telescope of a system that satisfies Assumption 2, and satisfies
// it itself.
type telescoped struct {
	unroll.System[float64]
	of AntitheticLinear[float64]
}

func telescope(sys AntitheticLinear[float64]) telescoped {
	return telescoped{unroll.Telescope[float64](sys), sys}
}

func (s telescoped) Partials(g, theta []float64, t int) {
	s.of.Partials(g, theta, t)
	if t > 1 {
		last := make([]float64, len(g)-len(theta))
		s.of.Partials(last, theta, t-1)
		for k, v := range last {
			g[k] -= v
		}
	}
}

// TestTelescopingReference compares with the definition of Vicol et al.'s code: of
// each window, (objective so far)·(ξ+ε) − (objective before it)·ξ.
func TestTelescopingReference(t *testing.T) {
	const horizon, d, sigma = 24, 3, 0.25
	walked := walk[float64]{d, horizon, true}
	sys := unroll.Telescope[float64](walked)
	for _, keep := range []bool{false, true} {
		for _, c := range []struct{ window, period int }{{4, 4}, {6, 6}, {4, 8}, {6, 3}, {5, 7}, {24, 5}, {6, 24}} {
			cfg := Config{Method: GPES, Window: c.window, Period: c.period, Workers: 1, Phase: LockStep, Sigma: sigma, Seed: 3, Telescoping: true, KeepSums: keep}
			est, err := New[float64](sys, cfg)
			require.NoError(t, err)
			theta, grad := []float64{0.5, -0.2, 0.1}, make([]float64, d)
			plus, minus := make([]float64, d), make([]float64, d)
			up, down, eps, xi := make([]float64, d), make([]float64, d), make([]float64, d), make([]float64, d)
			env := func(episode uint64) noise.Stream { return noise.New(3).Derive(idEnv, 0, episode) }
			var objective, before float64 // differences of the loss: of step t, and of the last one under another ε
			tau, episode := 0, uint64(0)
			walked.Init(plus, env(0))
			walked.Init(minus, env(0))
			for it := 0; it < 15; it++ {
				want := make([]float64, d)
				for n := 0; n < c.window; n++ {
					if tau%c.period == 0 {
						// What went before counts with the ξ of then.
						before = objective
						for k := range want {
							want[k] -= before * xi[k]
						}
						noise.Fill(eps, noise.New(3).Derive(idNoise, 0, episode, uint64(tau/c.period)), 0)
						for k, e := range eps {
							xi[k] += e
							up[k], down[k] = theta[k]+sigma*e, theta[k]-sigma*e
							want[k] += before * xi[k]
						}
					}
					tau++
					last := objective
					objective = walked.Step(plus, up, tau, env(episode)) - walked.Step(minus, down, tau, env(episode))
					for k := range want {
						want[k] += (objective - last) * xi[k]
					}
					if tau == horizon {
						tau, objective = 0, 0
						episode++
						clear64(xi)
						walked.Init(plus, env(episode))
						walked.Init(minus, env(episode))
					}
				}
				_, err := est.Gradient(grad, theta)
				require.NoError(t, err)
				for k := range want {
					require.InDelta(t, want[k]/(2*sigma*float64(c.window)), grad[k], 1e-9, "%+v gradient %d", c, it)
				}
			}
		}
	}
}

// TestTelescoping: without bias, and with the variance that is predicted, less than
// without where the loss forgets, more where it doesn't.
func TestTelescoping(t *testing.T) {
	const horizon, d = 12, 3
	samples := 20000
	if testing.Short() {
		samples = 1000
	}
	for _, lean := range []tasks.Lean{tasks.Unrelated, tasks.Alike} {
		of, theta := linear(t, d, horizon, lean, 5), random(d, 1)
		sys := telescope(of)
		require.NoError(t, assumption2(sys, theta, 2))
		want := make([]float64, d) // the gradient of L_T, over T
		for i := 1; i <= horizon; i++ {
			for k, v := range of.Partial(horizon, i) {
				want[k] += v / horizon
			}
		}
		predict := func(cfg Config) float64 {
			p, err := Predict[float64](sys, theta, cfg)
			require.NoError(t, err)
			return p.Variance()
		}
		for _, c := range []Config{{Window: 3, Period: 3}, {Window: 1, Period: 1}, {Window: 4, Period: 6}, {Window: 5, Period: 3}, {Window: 3, Period: 5}, {Window: 12, Period: 4}} {
			c.Method, c.Workers, c.Sigma, c.Phase, c.Seed = GPES, 1, 0.25, Random, 7
			plain := c
			c.Telescoping = true
			s := spreadOf(t, sys, theta, c, samples, faultless)
			assert.NoError(t, unbiased(s, want), "%+v", c)
			assert.NoError(t, agrees(s, predict(c)), "%+v", c)
			if pes := c.Window == c.Period; pes || lean == tasks.Alike {
				assert.Equal(t, lean == tasks.Unrelated, predict(c) < predict(plain), "%+v", c)
			}
			if testing.Short() || lean == tasks.Unrelated { // whose gradient is next to nothing
				continue
			}
			assert.Error(t, agrees(s, predict(plain)), "%+v", c)
			assert.Error(t, unbiased(spreadOf(t, sys, theta, c, samples, dropXi), want), "no ξ: %+v", c)
			assert.Error(t, unbiased(spreadOf(t, sys, theta, c, samples, wrongSigma), want), "1/σ²: %+v", c)
		}
	}
}
