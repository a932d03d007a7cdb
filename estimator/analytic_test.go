package estimator

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/tasks"
	"github.com/noise-reuse/nres/unroll"
	"github.com/noise-reuse/nres/vec"
)

func (p poly) VJP(ds, dtheta, s, theta []float64, dloss float64, t int, env noise.Stream) {
	a := s[t-1] + vec.Dot(p.Partial(t, t), theta)
	p.Linear.VJP(ds, dtheta, s, theta, dloss*(1+p.q*a+p.c/2*a*a), t, env)
}

func (w walk[F]) VJP(ds, dtheta, _, _ []F, dloss F, t int, _ noise.Stream) {
	for k := range ds {
		ds[k] += w.c(t) * dloss
		dtheta[k] += w.a(t) * ds[k]
	}
}

func (poly) JVP(_, _, _, _ []float64, _ int, _ noise.Stream) float64 { panic("not asked for") }
func (walk[F]) JVP(_, _, _, _ []F, _ int, _ noise.Stream) F          { panic("not asked for") }

// TestAnalytic: unbiased where losses are quadratic, and not where they are cubic, with
// the variance that is predicted, which is less than that of PES; faults are found.
func TestAnalytic(t *testing.T) {
	const horizon = 12
	samples := 20000
	if testing.Short() {
		samples = 1000
	}
	for _, d := range []int{1, 3} {
		sys, theta := poly{linear(t, d, horizon, tasks.Alike, 5), 0.02, 0}, random(d, 1)
		want := sys.smoothed(theta, 1, 1)
		for _, window := range []int{1, 3, 4, 12} {
			for _, law := range []Noise{Normal, Signs} {
				cfg := Config{Method: PESAnalytic, Window: window, Workers: 1, Sigma: 0.25, Phase: Random, Noise: law, Seed: uint64(window)}
				p, err := Predict[float64](sys, theta, cfg)
				require.NoError(t, err)
				assert.InDeltaSlice(t, want, p.Mean, 1e-11)
				s := spreadOf(t, sys, theta, cfg, samples, faultless)
				if window == horizon { // no noise has a part in it
					assert.InDeltaSlice(t, want, s.Mean, 1e-11)
					assert.Less(t, s.Variance+p.Variance(), 1e-20)
					continue
				}
				assert.NoError(t, unbiased(s, want), "%+v", cfg)
				assert.NoError(t, agrees(s, p.Variance()), "%+v", cfg)
				pes := cfg
				pes.Method = PES
				more, err := Predict[float64](sys, theta, pes)
				require.NoError(t, err)
				assert.Less(t, p.Variance(), more.Variance())
				if testing.Short() || window == 1 { // where all this is a twelfth
					continue
				}
				assert.Error(t, agrees(s, more.Variance()), "%+v", cfg)
				assert.Error(t, unbiased(spreadOf(t, sys, theta, cfg, samples, wrongSigma), want), "1/σ²: %+v", cfg)
				assert.Error(t, unbiased(spreadOf(t, sys, theta, cfg, samples, dropXi), want), "no ξ: %+v", cfg)
				assert.Error(t, unbiased(spreadOf(t, sys, theta, cfg, samples, dropExact), want), "no p: %+v", cfg)
				assert.NoError(t, unbiased(spreadOf(t, sys, theta, pes, samples, faultless), want), "PES: %+v", pes)
			}
		}
		if testing.Short() {
			continue
		}
		cubic := poly{sys.Linear, 0, 0.3}
		cfg := Config{Method: PESAnalytic, Window: horizon, Workers: 1, Sigma: 1, Phase: Random}
		want = cubic.smoothed(theta, cfg.Sigma, cfg.Window)
		s := spreadOf(t, cubic, theta, cfg, MinSamples, faultless) // all alike
		assert.Greater(t, squared(want)-squared(s.Mean), 1e-3*squared(want))
		cfg.Method = PES
		assert.NoError(t, unbiased(spreadOf(t, cubic, theta, cfg, samples, faultless), want))
	}
}

// TestAnalyticReference compares with the definition, window by window, while theta
// moves, in random environments; kept sums or not, the bits are the same.
func TestAnalyticReference(t *testing.T) {
	const horizon, d, sigma, workers = 24, 3, 0.25, 3
	sys := walk[float64]{d, horizon, true}
	for _, window := range []int{1, 4, 8, 24} {
		for _, phase := range []Phase{Stratified, LockStep} {
			cfg := Config{Method: PESAnalytic, Window: window, Workers: workers, Phase: phase, Sigma: sigma, Seed: 3}
			est, err := New[float64](sys, cfg)
			require.NoError(t, err)
			cfg.KeepSums, cfg.Parallelism = true, 2
			twin, err := New[float64](sys, cfg)
			require.NoError(t, err)
			phases := make([]int, workers)
			for i := range phases {
				phases[i] = est.engine.phase(i)
			}
			cfg.Method = PES
			ref := newReference(sys, cfg, phases, []float64{0.5, -0.2, 0.1})
			theta, grad, same := []float64{0.5, -0.2, 0.1}, make([]float64, d), make([]float64, d)
			for it := 0; it < 40; it++ {
				want := make([]float64, d)
				for i := range ref.workers {
					tau := ref.workers[i].tau
					var p, a float64 // p, of every element
					for t := tau + 1; t <= tau+window; t++ {
						a += sys.a(t)
						p += sys.c(t) * a
					}
					var diff float64
					var xi, eps []float64
					for n := 0; n < window; n++ {
						plus, minus, sum := ref.step(i, theta)
						diff += plus - minus
						if xi = sum; n == 0 {
							eps = append(eps, ref.workers[i].eps...) // a new episode's, after the last step
							if ref.workers[i].tau == 0 {
								ref.fill(eps, noise.New(3).Derive(idNoise, uint64(i), ref.workers[i].episode-1, uint64(tau/window)), i, 0)
							}
						}
					}
					for _, e := range eps {
						diff -= 2 * sigma * e * p
					}
					for k := range want {
						want[k] += (diff/(2*sigma)*(xi[k]-eps[k]) + p) / float64(window*workers)
					}
				}
				_, err := est.Gradient(grad, theta)
				require.NoError(t, err)
				for k := range want {
					require.InDelta(t, want[k], grad[k], 1e-9, "%+v gradient %d", cfg, it)
				}
				_, err = twin.Gradient(same, theta)
				require.NoError(t, err)
				require.Equal(t, grad, same)
				vec.Axpy(theta, -0.001, grad)
			}
			assert.Equal(t, est.Steps(), twin.Steps())
			var tau uint64
			for _, p := range phases {
				tau += uint64(p)
			}
			assert.Equal(t, 3*(tau+40*uint64(window)*workers), est.Steps().Total)
			assert.Equal(t, 3*tau, est.Steps().StartUp)
		}
	}
}

// watched checks the states that it is to differentiate at.
type watched struct {
	walk[float64]
	t *testing.T
}

func (w watched) VJP(ds, dtheta, s, theta []float64, dloss float64, t int, env noise.Stream) {
	want := make([]float64, len(s))
	w.Init(want, env)
	for k := 1; k < t; k++ {
		w.Step(want, theta, k, env)
	}
	assert.Equal(w.t, want, s, "step %d", t)
	w.walk.VJP(ds, dtheta, s, theta, dloss, t, env)
}

// TestAnalyticState: the derivative is that at the unperturbed state, in all episodes.
func TestAnalyticState(t *testing.T) {
	for phase := range phaseNames {
		est, err := New[float64](watched{walk[float64]{3, 24, true}, t}, Config{Method: PESAnalytic, Window: 4, Workers: 5, Sigma: 1, Phase: Phase(phase), Parallelism: 1})
		require.NoError(t, err)
		for it := 0; it < 20; it++ {
			_, err := est.Gradient(make([]float64, 3), []float64{0.5, -0.2, 0.1})
			require.NoError(t, err)
		}
	}
}

// TestAnalyticErrors: what PESAnalytic isn't for.
func TestAnalyticErrors(t *testing.T) {
	cfg := Config{Method: PESAnalytic, Window: 4, Workers: 2, Sigma: 1}
	_, err := New[float64](unroll.Telescope[float64](walk[float64]{1, 24, true}), cfg)
	assert.EqualError(t, err, "estimator: Method is pesanalytic; allowed: any other with a system that is no unroll.Differentiable")
	cfg.Window = 5
	_, err = New[float64](walk[float64]{1, 24, true}, cfg)
	assert.EqualError(t, err, "estimator: Window is 5; allowed: a divisor of T = 24 with pesanalytic")
	cfg.Window, cfg.Shaping = 4, Std
	_, err = New[float64](walk[float64]{1, 24, true}, cfg)
	assert.EqualError(t, err, "estimator: Shaping is std; allowed: raw with pesanalytic")
	cfg.Shaping, cfg.Telescoping = Raw, true
	_, err = New[float64](walk[float64]{1, 24, true}, cfg)
	assert.EqualError(t, err, "estimator: Telescoping is true; allowed: false with pesanalytic")
	cfg.Telescoping = false
	_, err = NewAskTell[float64](1, 24, cfg)
	assert.ErrorContains(t, err, "Method is pesanalytic")
}
