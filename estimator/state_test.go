package estimator

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/vec"
)

var stateConfigs = []Config{
	{Window: 6}, {Window: 7, Method: PES}, {Window: 7, Method: PES, KeepSums: true}, {Window: 5, Method: GPES, Period: 8},
	{Window: 5, Method: TES}, {Method: FullES}, {Window: 5, Method: ESSingle, Interval: 2}, {Window: 5, Noise: Signs, Phase: Random},
	{Window: 5, Method: PES, Phase: Staggered}, {Window: 5, Method: TES, Phase: Staggered},
	{Window: 5, Method: PES, Telescoping: true}, {Window: 5, Telescoping: true},
	{Window: 6, Method: PESAnalytic}, {Window: 4, Method: PESAnalytic, KeepSums: true, Phase: Staggered},
	{Window: 5, Buckets: []int{3, 2}}, {Window: 5, Method: PES, Buckets: []int{3, 2}}, {Window: 5, Method: TES, Buckets: []int{3, 2}},
}

// TestResume: stopped at any gradient and taken over by a twin, the bits go on as if
// nothing had been.
func TestResume(t *testing.T) {
	sys := walk[float32]{5, 24, true}
	for _, cfg := range stateConfigs {
		cfg.Workers, cfg.Sigma, cfg.Seed = 5, 0.1, 4
		path := func(stop map[int]bool) (all []float32) {
			est, err := New[float32](sys, cfg)
			require.NoError(t, err)
			theta, grad := make([]float32, sys.d), make([]float32, sys.d)
			for it := 0; it < 15; it++ {
				if stop[it] {
					state, err := est.MarshalBinary()
					require.NoError(t, err)
					steps := est.Steps()
					twin := cfg
					twin.Parallelism, twin.KeepSums = 1+it%3, it%2 == 0
					est, err = New[float32](sys, twin)
					require.NoError(t, err)
					require.NoError(t, est.UnmarshalBinary(state))
					require.Equal(t, steps, est.Steps())
				}
				_, err := est.Gradient(grad, theta)
				require.NoError(t, err)
				all = append(all, grad...)
				vec.Axpy(theta, -0.01, grad)
			}
			return all
		}
		want := path(nil)
		every := map[int]bool{}
		for it := 0; it < 15; it++ {
			every[it] = true
			require.Equal(t, want, path(map[int]bool{it: true}), "%+v at %d", cfg, it)
		}
		require.Equal(t, want, path(every), "%+v", cfg)
	}
}

// failing is a walk that one episode's loss fails in when told to.
type failing struct {
	walk[float64]
	env noise.Stream
	now *bool
}

func (f failing) Step(s, theta []float64, t int, env noise.Stream) float64 {
	if *f.now && env == f.env {
		return math.NaN()
	}
	return f.walk.Step(s, theta, t, env)
}

// TestRestoreFailed: an estimator that has failed in its second block of lanes, with what
// the first one found at hand, goes on from an earlier state.
func TestRestoreFailed(t *testing.T) {
	fail := false
	env := noise.New(0).Derive(idEnv, maxBlock, 0)
	sys := laned[float64]{System: failing{walk[float64]{1, 20, false}, env, &fail}}
	est, err := New[float64](sys, Config{Workers: maxBlock + 1, Window: 5, Sigma: 0.01, Phase: LockStep, Parallelism: 1})
	require.NoError(t, err)
	state, err := est.MarshalBinary()
	require.NoError(t, err)
	gradient := func(theta float64) (float64, error) {
		grad := make([]float64, 1)
		_, err := est.Gradient(grad, []float64{theta})
		return grad[0], err
	}
	want, err := gradient(0)
	require.NoError(t, err)
	require.NoError(t, est.UnmarshalBinary(state))
	fail = true
	_, err = gradient(100)
	require.Error(t, err)
	fail = false
	require.NoError(t, est.UnmarshalBinary(state))
	got, err := gradient(0)
	require.NoError(t, err)
	assert.Equal(t, want, got)
}

func TestAskTellResume(t *testing.T) {
	sys := walk[float32]{5, 24, true}
	for _, method := range []Method{NRES, PES} {
		path := func(restart bool) (all []float32) {
			cfg := Config{Method: method, Workers: 5, Window: 7, Sigma: 0.1, Seed: 4}
			at, err := NewAskTell[float32](sys.d, sys.horizon, cfg)
			require.NoError(t, err)
			svc := newService(sys, 5)
			plus, minus, theta, grad := make([]float32, 5), make([]float32, 5), make([]float32, 5), make([]float32, 5)
			for n := 0; n < 120; n++ {
				if restart {
					at.Ask(n%5, plus, minus, theta) // open, and lost
					state, err := at.MarshalBinary()
					require.NoError(t, err)
					at, err = NewAskTell[float32](sys.d, sys.horizon, cfg)
					require.NoError(t, err)
					require.NoError(t, at.UnmarshalBinary(state))
				}
				q := at.Ask(n*n%5, plus, minus, theta)
				a, b := svc.answer(q, plus, minus)
				require.NoError(t, at.Tell(q, a, b))
				if n%13 == 12 {
					at.Gradient(grad)
					all = append(all, grad...)
					vec.Axpy(theta, -0.01, grad)
				}
			}
			return all
		}
		require.Equal(t, path(false), path(true))
	}
}

// TestForeignState: a state of something else is refused, with what differs, and
// changes nothing.
func TestForeignState(t *testing.T) {
	sys := walk[float32]{5, 24, true}
	cfg := Config{Workers: 5, Window: 6, Sigma: 0.1, Seed: 4}
	make32 := func(cfg Config) *Estimator[float32] {
		est, err := New[float32](sys, cfg)
		require.NoError(t, err)
		return est
	}
	est := make32(cfg)
	grad, theta := make([]float32, 5), make([]float32, 5)
	_, err := est.Gradient(grad, theta)
	require.NoError(t, err)
	before, err := est.MarshalBinary()
	require.NoError(t, err)

	other := cfg
	other.Workers, other.Sigma, other.Method = 6, 0.2, PES
	foreign, err := make32(other).MarshalBinary()
	require.NoError(t, err)
	err = est.UnmarshalBinary(foreign)
	assert.ErrorContains(t, err, "Method pes there, Method nres here; Workers 6 there, Workers 5 here")
	assert.ErrorContains(t, err, "Sigma 0.2 there, Sigma 0.1 here")

	wide, err := New[float64](walk[float64]{5, 24, true}, cfg)
	require.NoError(t, err)
	foreign, err = wide.MarshalBinary()
	require.NoError(t, err)
	assert.ErrorContains(t, est.UnmarshalBinary(foreign), "elements float64 there")
	at, err := NewAskTell[float32](5, 24, cfg)
	require.NoError(t, err)
	foreign, err = at.MarshalBinary()
	require.NoError(t, err)
	assert.ErrorContains(t, est.UnmarshalBinary(foreign), "AskTell there")
	assert.ErrorContains(t, at.UnmarshalBinary(before), "AskTell here")

	told, err := at.MarshalBinary()
	require.NoError(t, err)
	for n := 0; n < len(before); n += 3 {
		assert.Error(t, est.UnmarshalBinary(before[:n]))
		bad := append([]byte(nil), before...)
		bad[n]++
		assert.Error(t, est.UnmarshalBinary(bad))
		if n < len(told) {
			bad = append([]byte(nil), told...)
			bad[n]++
			assert.Error(t, at.UnmarshalBinary(bad))
		}
	}
	assert.Error(t, est.UnmarshalBinary(append(append([]byte(nil), before...), 0)))
	after, err := est.MarshalBinary()
	require.NoError(t, err)
	assert.Equal(t, before, after)
}
