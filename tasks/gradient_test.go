package tasks

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/noise-reuse/nres/estimator"
	"github.com/noise-reuse/nres/internal/cpu"
	"github.com/noise-reuse/nres/internal/tiers"
	"github.com/noise-reuse/nres/unroll"
	"github.com/noise-reuse/nres/vec"
)

// stepped hides what a system has besides Step.
type stepped[F vec.Float] struct{ unroll.System[F] }

// TestGradientTiers: gradients of Lorenz have the bits of those made step by step.
func TestGradientTiers(t *testing.T) {
	for n, cfg := range []estimator.Config{
		{Workers: 200, Window: 100}, {Workers: 1, Window: 1}, {Workers: 15, Window: 300}, {Workers: 8, Window: 1}, {Workers: 33, Window: 7},
		{Workers: 47, Window: 100, Method: estimator.PES}, {Workers: 31, Window: 13, Method: estimator.TES},
		{Workers: 65, Window: 100, Method: estimator.GPES, Period: 37}, {Workers: 9, Method: estimator.FullES},
		{Workers: 40, Window: 50, Method: estimator.ESSingle, Interval: 2}, {Workers: 100, Window: 99, Phase: estimator.Random},
		{Workers: 64, Window: 60, Noise: estimator.Signs, Shaping: estimator.Std},
	} {
		cfg.Sigma, cfg.Seed = 0.04, uint64(n)
		sameGradients[float32](t, cfg)
		sameGradients[float64](t, cfg)
	}
}

func sameGradients[F vec.Float](t *testing.T, cfg estimator.Config) {
	l, err := NewLorenz(SimulateLorenz[F](LorenzTruth, 300))
	require.NoError(t, err)
	iterations := 12
	if testing.Short() {
		iterations = 3
	}
	path := func(sys unroll.System[F]) (all []F) {
		est, err := estimator.New(sys, cfg)
		require.NoError(t, err)
		defer est.Close()
		theta, grad := []F{F(LorenzStart[0]), F(LorenzStart[1])}, make([]F, 2)
		for it := 0; it < iterations; it++ {
			loss, err := est.Gradient(grad, theta)
			require.NoError(t, err)
			all = append(append(all, F(loss)), grad...)
			vec.Axpy(theta, -1e-5, grad)
		}
		return all
	}
	cfg.Parallelism = 1
	want := path(stepped[F]{l})
	tiers.Run(t, setTier, func(t *testing.T) {
		for _, cfg.Parallelism = range []int{1, 2, 3} {
			require.Equal(t, want, path(l), "%+v", cfg)
		}
	})
}

func TestGradientAllocations(t *testing.T) {
	sys, err := lorenzTask().New(nil)
	require.NoError(t, err)
	for _, cfg := range []estimator.Config{{}, {Method: estimator.PES}, {Method: estimator.TES}, {Noise: estimator.Signs}} {
		for _, cfg.Parallelism = range []int{1, 2} {
			cfg.Workers, cfg.Window, cfg.Sigma = 200, 100, 0.04
			est, err := estimator.New(sys, cfg)
			require.NoError(t, err)
			theta, grad := []float32{float32(LorenzStart[0]), float32(LorenzStart[1])}, make([]float32, 2)
			_, err = est.Gradient(grad, theta)
			require.NoError(t, err)
			tiers.Run(t, setTier, func(t *testing.T) {
				require.Zero(t, testing.AllocsPerRun(100, func() { _, err = est.Gradient(grad, theta) }), "%+v", cfg)
				require.NoError(t, err)
			})
			est.Close()
		}
	}
}

// BenchmarkGradient is the paper's Lorenz run: 200 workers, windows of 100 steps.
func BenchmarkGradient(b *testing.B) {
	sys, err := lorenzTask().New(nil)
	require.NoError(b, err)
	bench := func(name string, sys unroll.System[float32]) {
		b.Run(name, func(b *testing.B) {
			est, err := estimator.New(sys, estimator.Config{Workers: 200, Window: 100, Sigma: 0.04, Seed: 1})
			require.NoError(b, err)
			defer est.Close()
			theta, grad := []float32{float32(LorenzStart[0]), float32(LorenzStart[1])}, make([]float32, 2)
			times := make([]float64, b.N)
			_, err = est.Gradient(grad, theta)
			require.NoError(b, err)
			b.ResetTimer()
			b.ReportAllocs()
			for i := range times {
				begin := time.Now()
				_, err = est.Gradient(grad, theta)
				times[i] = float64(time.Since(begin).Nanoseconds())
			}
			require.NoError(b, err)
			reportMedian(b, times)
		})
	}
	bench("stepped", stepped[float32]{sys})
	tiers.Each(b, setTier, func(tier cpu.Tier) { bench(tier.String(), sys) })
}
