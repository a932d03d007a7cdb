package estimator

import (
	"context"
	"errors"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat"

	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/tasks"
)

// TestMeasure: mean and variance are those of all samples, whatever the batches.
func TestMeasure(t *testing.T) {
	const d = 3
	sample := func(i int, x []float64) {
		noise.Fill(x, noise.New(4).Derive(uint64(i)), 0)
		for k := range x {
			x[k] = 100 + float64(k+1)*x[k]
		}
	}
	for _, n := range []int{64, 65, 95, 96, 1000} {
		var want float64
		columns := make([][]float64, d)
		for i := 0; i < n; i++ {
			x := make([]float64, d)
			sample(i, x)
			for k := range columns {
				columns[k] = append(columns[k], x[k])
			}
		}
		for _, parallelism := range []int{1, 3, 64} {
			drawn, reported := make([]int, n), 0
			s, err := measure(context.Background(), d, n, parallelism, func(_, i int, x []float64) error {
				drawn[i]++
				sample(i, x)
				return nil
			}, func(done, of int) {
				reported++
				assert.Equal(t, [2]int{reported, n}, [2]int{done, of})
			})
			require.NoError(t, err)
			assert.Equal(t, n, reported)
			want = 0
			for k := range columns {
				mean, variance := stat.MeanVariance(columns[k], nil)
				want += variance
				assert.InDelta(t, mean, s.Mean[k], 1e-11)
			}
			assert.InDelta(t, want, s.Variance, 1e-11*want)
			for i, times := range drawn {
				assert.Equal(t, 1, times, "sample %d", i)
			}
			assert.True(t, s.Low < s.Variance && s.Variance < s.High)
		}
	}
}

// TestConfidence: 95 % of the intervals hold the true variance. Of 400, more than
// 398 or fewer than 354 would do so once in a million times.
func TestConfidence(t *testing.T) {
	if testing.Short() {
		t.Skip("long")
	}
	sys := linear(t, 4, 6, tasks.Unrelated, 1)
	theta := make([]float64, 4)
	cfg := Config{Window: 2, Workers: 1, Sigma: 1, Phase: Random}
	p, err := Predict[float64](sys, theta, cfg)
	require.NoError(t, err)
	held := 0
	for cfg.Seed = 0; cfg.Seed < 400; cfg.Seed++ {
		s, err := Variance[float64](context.Background(), sys, theta, cfg, 3200, nil)
		require.NoError(t, err)
		if s.Low <= p.Variance() && p.Variance() <= s.High {
			held++
		}
	}
	assert.True(t, 354 <= held && held <= 398, "%d of 400", held)
}

// TestVarianceParallelism: the bits are the same, on every machine, for independent
// workers and for whole gradients.
func TestVarianceParallelism(t *testing.T) {
	sys, err := tasks.NewLinear[float32](7, 12, tasks.Alike, 2)
	require.NoError(t, err)
	theta := make([]float32, 7)
	for name, c := range map[string]struct {
		cfg  Config
		want [3]float64
	}{
		"pes":        {Config{Method: PES, Phase: Random}, [3]float64{596.6607846482068, 482.38949815297246, -4.974173995697756}},
		"stratified": {Config{Noise: Signs}, [3]float64{444.48919061500817, 365.10092910811414, -5.703750057816504}},
		"std":        {Config{Phase: Random, Shaping: Std}, [3]float64{1.3657189725390866, 1.1876262873715053, -0.33512007876299316}},
	} {
		c.cfg.Workers, c.cfg.Window, c.cfg.Sigma, c.cfg.Seed, c.cfg.Parallelism = 5, 3, 0.25, 3, 1
		one, err := Variance[float32](context.Background(), sys, theta, c.cfg, 100, nil)
		require.NoError(t, err)
		assert.Equal(t, c.want, [3]float64{one.Variance, one.Low, one.Mean[6]}, name)
		samples := 100
		if name == "pes" {
			samples = 500 // workers are
		}
		assert.Equal(t, samples, one.Samples, name)
		for _, c.cfg.Parallelism = range []int{2, 3, 5, 40, 0} {
			s, err := Variance[float32](context.Background(), sys, theta, c.cfg, 100, nil)
			require.NoError(t, err)
			assert.Equal(t, one, s, "%s, parallelism %d", name, c.cfg.Parallelism)
		}
	}
}

// TestReseed: a reseeded estimator is a new one.
func TestReseed(t *testing.T) {
	sys := walk[float64]{3, 24, true}
	theta, want, got := []float64{1, 2, 3}, make([]float64, 3), make([]float64, 3)
	for _, cfg := range []Config{{}, {Method: TES}, {Method: GPES, Period: 5, KeepSums: true}, {Phase: Random, Shaping: CenteredRank}} {
		cfg.Workers, cfg.Window, cfg.Sigma = 4, 6, 0.5
		old, err := New[float64](sys, cfg)
		require.NoError(t, err)
		for i := 0; i < 7; i++ {
			_, err = old.Gradient(got, theta)
			require.NoError(t, err)
		}
		cfg.Seed = 12
		old.engine.reseed(12)
		fresh, err := New[float64](sys, cfg)
		require.NoError(t, err)
		assert.Equal(t, fresh.Config(), old.Config())
		for i := 0; i < 9; i++ {
			_, err = old.Gradient(got, theta)
			require.NoError(t, err)
			_, err = fresh.Gradient(want, theta)
			require.NoError(t, err)
			require.Equal(t, want, got, "%+v", cfg)
			require.Equal(t, fresh.Steps(), old.Steps())
		}
	}
}

func TestVarianceErrors(t *testing.T) {
	sys := walk[float32]{1, 20, false}
	good := Config{Workers: 8, Window: 5, Sigma: 0.01}
	theta := []float32{2}
	ctx, cancel := context.WithCancel(context.Background())
	var ce *ConfigError

	_, err := Variance[float32](ctx, sys, theta, Config{Workers: 8, Window: 21, Sigma: 1}, 100, nil)
	assert.True(t, errors.As(err, &ce) && ce.Field == "Window", "%v", err)
	_, err = Variance[float32](ctx, sys, theta, good, MinSamples-1, nil)
	assert.EqualError(t, err, "estimator: the number of samples is 63; allowed: ≥ 64")
	random := good
	random.Phase = Random
	_, err = Variance[float32](ctx, sys, theta, random, 7, nil)
	assert.ErrorContains(t, err, "is 56;")
	_, err = Variance[float32](ctx, sys, theta, random, 8, nil)
	assert.NoError(t, err)
	_, err = Variance[float32](ctx, sys, theta, random, math.MaxInt/7, nil)
	assert.True(t, errors.As(err, &ce), "%v", err)

	many := good
	many.Parallelism = math.MaxInt
	_, err = Variance[float32](ctx, sys, theta, many, 64, nil)
	assert.NoError(t, err, "it is a bound")

	_, err = Variance[float32](ctx, breaking{sys}, theta, good, 100, nil)
	var nonFinite *NonFiniteError
	assert.True(t, errors.As(err, &nonFinite), "%v", err)
	assert.ErrorContains(t, err, "sample 0: ")
	drop := good
	drop.NonFinite = DropPair
	s, err := Variance[float32](ctx, breaking{sys}, theta, drop, 100, nil)
	require.NoError(t, err)
	assert.False(t, math.IsNaN(s.Variance))

	last := 0
	_, err = Variance[float32](ctx, sys, theta, good, 1000, func(done, of int) {
		if last = done; done == 100 {
			cancel()
		}
	})
	assert.ErrorIs(t, err, context.Canceled)
	assert.Less(t, last, 200, "it stops at once")

	assert.PanicsWithValue(t, "estimator: theta must have the length of the system's parameters", func() {
		_, _ = Predict[float64](linear(t, 1, 4, tasks.Alike, 1), []float64{1, 1}, Config{Workers: 1, Window: 2, Sigma: 1})
	})
	_, err = Predict[float64](linear(t, 1, 4, tasks.Alike, 1), []float64{1}, Config{Workers: 1, Window: 2, Sigma: 1, Shaping: Std})
	assert.True(t, errors.As(err, &ce) && ce.Field == "Shaping", "%v", err)
	_, err = Predict[float64](linear(t, 1, 4, tasks.Alike, 1), []float64{1}, Config{Workers: 1, Window: 5, Sigma: 1})
	assert.True(t, errors.As(err, &ce) && ce.Field == "Window", "%v", err)
}
