package estimator

import (
	"bytes"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/unroll"
	"github.com/noise-reuse/nres/vec"
)

// laned offers any system in lanes. It notes the lanes' stretches, if asked to.
type laned[F vec.Float] struct {
	unroll.System[F]
	calls *[]int
}

func (l laned[F]) WindowLanes(s, theta []F, t0 []int, n int, env []noise.Stream, sum []F) {
	w := len(sum)
	if l.calls != nil {
		*l.calls = append(*l.calls, n)
	}
	if n < 1 || n > unroll.Stretch || len(t0)%unroll.Lanes != 0 || len(env) != len(t0) || w%len(t0) != 0 ||
		len(s) != w*l.StateLen() || len(theta) != w*l.ParamLen() {
		panic("lanes")
	}
	state, th := make([]F, l.StateLen()), make([]F, l.ParamLen())
	for j := range sum {
		k := j % len(t0)
		getLane(state, s, j, w)
		getLane(th, theta, j, w)
		if t0[k] < 0 || t0[k]+n > l.Horizon() {
			panic("time")
		}
		for t := t0[k] + 1; t <= t0[k]+n; t++ {
			sum[j] += l.Step(state, th, t, env[k])
		}
		putLane(s, j, w, state)
	}
}

// stepped hides what a system has besides Step.
type stepped[F vec.Float] struct{ unroll.System[F] }

func TestCheckLanes(t *testing.T) {
	sys := walk[float64]{3, 300, true}
	theta := []float64{1, 2, 3}
	require.NoError(t, unroll.CheckLanes[float64](laned[float64]{System: sys}, theta, 0.1, 1))
	require.ErrorContains(t, unroll.CheckLanes[float64](sys, theta, 0.1, 1), "is no Laner")
	for _, f := range []flat{{0, 1, 1}, {1, 0, 1}, {1, 1, 0}} {
		want := fmt.Sprintf("unroll: estimator.laned[float32] has ParamLen %d, StateLen %d, Horizon %d; allowed: ≥ 1", f.d, f.stateLen, f.horizon)
		require.EqualError(t, unroll.CheckLanes[float32](laned[float32]{System: f}, make([]float32, f.d), 0.1, 1), want)
	}
	require.ErrorContains(t, unroll.CheckLanes[float64](laned[float64]{System: sys}, theta[1:], 0.1, 1), "unroll: theta has length ")
	for _, c := range []struct {
		what  string
		wrong func(s, sum []float64, t0 []int)
	}{
		{"lane 5 of 16, steps 1 to 1: the sum is ", func(s, sum []float64, t0 []int) { sum[5] += 1e-9 }},
		{"lane 15 of 16, steps 1 to 1: element 2 of the state is NaN", func(s, sum []float64, t0 []int) { s[len(s)-1] = math.NaN() }},
		{"lane 3 of 16, ", func(s, sum []float64, t0 []int) {
			if t0[3] > 0 {
				sum[3]++
			}
		}},
	} {
		err := unroll.CheckLanes[float64](wrongLanes{laned[float64]{System: sys}, c.wrong}, theta, 0.1, 1)
		require.ErrorContains(t, err, c.what)
		require.ErrorContains(t, err, "with Step")
	}
	for what, changes := range map[string]changingLanes{
		"theta": {changes: func(theta []float64, _ []int, _ []noise.Stream) { theta[len(theta)-1] *= 2 }},
		"t0":    {changes: func(_ []float64, t0 []int, _ []noise.Stream) { t0[7]++ }},
		"env":   {changes: func(_ []float64, _ []int, env []noise.Stream) { env[7] = env[7].Derive(1) }},
	} {
		changes.laned = laned[float64]{System: walk[float64]{3, 30, true}}
		err := unroll.CheckLanes[float64](changes, theta, 0.1, 1)
		require.EqualError(t, err, "unroll: WindowLanes of estimator.changingLanes has changed "+what)
	}
}

type wrongLanes struct {
	laned[float64]
	wrong func(s, sum []float64, t0 []int)
}

func (w wrongLanes) WindowLanes(s, theta []float64, t0 []int, n int, env []noise.Stream, sum []float64) {
	w.laned.WindowLanes(s, theta, t0, n, env, sum)
	w.wrong(s, sum, t0)
}

// changingLanes changes what it may only read, after use.
type changingLanes struct {
	laned[float64]
	changes func(theta []float64, t0 []int, env []noise.Stream)
}

func (c changingLanes) WindowLanes(s, theta []float64, t0 []int, n int, env []noise.Stream, sum []float64) {
	c.laned.WindowLanes(s, theta, t0, n, env, sum)
	c.changes(theta, t0, env)
}

// TestLanes: workers in lanes have the bits of workers one by one, in gradients,
// losses, counters and states.
func TestLanes(t *testing.T) {
	for _, horizon := range []int{24, 300} { // in 300, stretches are cut
		for n, cfg := range configs(horizon) {
			if horizon > 24 && n%7 != 0 || testing.Short() && n%3 != 0 {
				continue
			}
			cfg.Workers = []int{8, 9, 16, 17, 33, 70, 150}[n%7]
			cfg.Parallelism = 1 + n%3
			cfg.KeepSums = n%2 == 0
			cfg.NonFinite = NonFinite(n % 2)
			var sys unroll.System[float32] = walk[float32]{3, horizon, n%4 != 0}
			if n%5 == 0 {
				sys = breaking{walk[float32]{3, horizon, true}}
			}
			sameInLanes[float32](t, sys, cfg, 15)
		}
	}
	for _, cfg := range stateConfigs {
		if cfg.Method == PESAnalytic || cfg.Buckets != nil { // never in lanes
			continue
		}
		cfg.Workers, cfg.Sigma, cfg.Seed = 21, 0.1, 4
		sameInLanes[float64](t, walk[float64]{300, 24, true}, cfg, 10) // with blocks of one group
	}
	for _, cfg := range []Config{{Shaping: CenteredRank}, {Shaping: Sign}, {Shaping: Std}} {
		cfg.Workers, cfg.Sigma, cfg.Window = 40, 0.1, 6
		sameInLanes[float64](t, walk[float64]{5, 24, true}, cfg, 10)
	}
}

func sameInLanes[F vec.Float](t *testing.T, sys unroll.System[F], cfg Config, n int) {
	t.Helper()
	defer func(d time.Duration) { alone = d }(alone)
	if cfg.Seed%2 == 0 {
		alone = 0 // so that helpers do get to work
	}
	what := fmt.Sprintf("%T %+v", sys, cfg)
	one, err := New[F](stepped[F]{sys}, cfg)
	require.NoError(t, err)
	defer one.Close()
	lanes, err := New[F](laned[F]{System: sys}, cfg)
	require.NoError(t, err)
	defer lanes.Close()
	require.Nil(t, one.engine.laner)
	require.NotNil(t, lanes.engine.laner)
	theta := make([]F, sys.ParamLen())
	for i := range theta {
		theta[i] = 0.97 // some of breaking's perturbations are beyond 1
	}
	a, b := make([]F, len(theta)), make([]F, len(theta))
	for it := 0; it < n; it++ {
		lossA, errA := one.Gradient(a, theta)
		lossB, errB := lanes.Gradient(b, theta)
		require.Equal(t, fmt.Sprint(errA), fmt.Sprint(errB), what)
		require.Equal(t, one.Steps(), lanes.Steps(), what)
		require.Equal(t, one.Dropped(), lanes.Dropped(), what)
		if errA != nil {
			return
		}
		require.Equal(t, math.Float64bits(lossA), math.Float64bits(lossB), what)
		require.Equal(t, a, b, what)
		stateA, errA := one.MarshalBinary()
		stateB, errB := lanes.MarshalBinary()
		require.NoError(t, errA)
		require.NoError(t, errB)
		require.True(t, bytes.Equal(stateA, stateB), what)
		if it == n/2 { // and each takes over the other's
			require.NoError(t, one.UnmarshalBinary(stateB))
			require.NoError(t, lanes.UnmarshalBinary(stateA))
		}
		vec.Axpy(theta, -0.001, a)
	}
}

// TestLaneStretches: windows that tile the episodes are not cut.
func TestLaneStretches(t *testing.T) {
	var calls []int
	sys := laned[float32]{walk[float32]{2, 200, false}, &calls}
	est, err := New[float32](sys, Config{Workers: 150, Window: 100, Sigma: 0.1, Parallelism: 1})
	require.NoError(t, err)
	theta, grad := make([]float32, 2), make([]float32, 2)
	for i := 0; i < 6; i++ {
		calls = calls[:0]
		_, err = est.Gradient(grad, theta)
		require.NoError(t, err)
		assert.Equal(t, []int{100, 100}, calls)
	}
}

// cliff's losses are finite, and so is their sum over both signs, but not their difference.
type cliff struct{ walk[float64] }

func (cliff) Step(_, theta []float64, _ int, _ noise.Stream) float64 {
	return math.Copysign(1.5e308, theta[0])
}

// TestLanesNotFinite: neither the sum nor the difference of a pair's losses may overflow.
func TestLanesNotFinite(t *testing.T) {
	sys := cliff{walk[float64]{1, 4, false}}
	for _, sys := range []unroll.System[float64]{sys, laned[float64]{System: sys}} {
		est, err := New(sys, Config{Workers: 16, Window: 1, Sigma: 0.1, Phase: LockStep})
		require.NoError(t, err)
		_, err = est.Gradient([]float64{0}, []float64{0})
		var nonFinite *NonFiniteError
		assert.ErrorAs(t, err, &nonFinite, "%T", sys)
	}
}
