package tasks

import (
	"crypto/sha256"
	"fmt"
	"math/rand"
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

// TestGradientsAtRandom: any configuration of any of the tasks in lanes has the bits, the
// counters, the state and the errors that it has step by step.
func TestGradientsAtRandom(t *testing.T) {
	trials := 300
	if testing.Short() {
		trials = 25
	}
	rng := rand.New(rand.NewSource(7))
	for seed := 0; seed < trials; seed++ {
		horizon := 1 + rng.Intn([]int{3, 30, 150, 300}[rng.Intn(4)])
		pick := func(most int) int { // the ends, and between
			return []int{1, most, 1 + rng.Intn(most), 1 + rng.Intn(most)}[rng.Intn(4)]
		}
		cfg := estimator.Config{
			Method: estimator.Method(rng.Intn(len(estimator.MethodNames()))), Phase: estimator.Phase(rng.Intn(3)),
			Workers: []int{1 + rng.Intn(20), 1 + rng.Intn(70), 100 + rng.Intn(200)}[rng.Intn(3)],
			Window:  pick(horizon), Sigma: []float64{1e-6, 0.04, 1, 30}[rng.Intn(4)], Seed: uint64(seed),
			Noise: estimator.Noise(rng.Intn(2)), LossScale: estimator.LossScale(rng.Intn(2)),
			NonFinite: estimator.NonFinite(rng.Intn(2)), KeepSums: rng.Intn(2) == 0,
		}
		switch cfg.Method {
		case estimator.PESAnalytic: // has no lanes
			cfg.Method = estimator.PES
		case estimator.FullES:
			cfg.Window = horizon
		case estimator.GPES:
			cfg.Period = pick(2 * horizon)
		case estimator.ESSingle:
			cfg.Interval = rng.Intn(4)
		}
		shapings := 2 // the others need windows that aren't cut
		if horizon%cfg.Window == 0 && cfg.Period == 0 {
			shapings = 4
		}
		cfg.Shaping = estimator.Shaping(rng.Intn(shapings))
		sameAsSteps[float32](t, rng.Intn(3), horizon, cfg)
		sameAsSteps[float64](t, rng.Intn(3), horizon, cfg)
	}
}

func sameAsSteps[F vec.Float](t *testing.T, task, horizon int, cfg estimator.Config) {
	var sys unroll.System[F]
	theta := []F{F(LorenzStart[0]), F(LorenzStart[1])}
	var err error
	switch task {
	case 0:
		sys, err = NewLorenz(SimulateLorenz[F](LorenzTruth, horizon))
	case 1:
		sys, err = NewInfluence[F](horizon)
		theta = []F{InfluenceStart}
	case 2:
		sys, err = NewRecurrence([]F{0.5, 0.25, -1, 0.75}, []F{1, 0, 0.5, -1}, []F{1, 2}, 3, horizon)
	}
	require.NoError(t, err)
	what := fmt.Sprintf("%T of %d steps, %+v", sys, horizon, cfg)
	path := func(sys unroll.System[F]) (all []string) {
		est, err := estimator.New(sys, cfg)
		require.NoError(t, err, what)
		defer est.Close()
		theta, grad := append([]F(nil), theta...), make([]F, len(theta))
		for it := 0; it < 6; it++ {
			loss, err := est.Gradient(grad, theta)
			if err != nil {
				return append(all, err.Error())
			}
			state, err := est.MarshalBinary()
			require.NoError(t, err)
			all = append(all, fmt.Sprintf("%x %x %v %d %x", loss, grad, est.Steps(), est.Dropped(), sha256.Sum256(state)))
			vec.Axpy(theta, -1e-5, grad)
		}
		return all
	}
	cfg.Parallelism = 1
	want := path(stepped[F]{sys})
	tiers.Each(t, setTier, func(tier cpu.Tier) {
		cfg.Parallelism = 1 + int(cfg.Seed)%3
		require.Equal(t, want, path(sys), "%s on %v", what, tier)
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

// BenchmarkGradient is the papers' runs: Lorenz with 200 workers and windows of 100
// steps; influence balancing with 1000 workers and windows of one.
func BenchmarkGradient(b *testing.B) {
	run := func(name string, task Task, sys unroll.System[float32]) {
		b.Run(name, func(b *testing.B) {
			est, err := estimator.New(sys, estimator.Config{Workers: task.Workers, Window: task.Window, Sigma: task.Sigma, Seed: 1})
			require.NoError(b, err)
			defer est.Close()
			theta := narrowed(task.Start)
			grad, times := make([]float32, len(theta)), make([]float64, b.N)
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
	task := lorenzTask()
	l, err := NewLorenz(SimulateLorenz[float32](LorenzTruth, LorenzHorizon))
	require.NoError(b, err)
	run("stepped", task, stepped[float32]{l})
	run("vec", task, vecLorenz{l})
	tiers.Each(b, setTier, func(tier cpu.Tier) { run(tier.String(), task, l) })
	task = influenceTask()
	sys, err := task.New(nil)
	require.NoError(b, err)
	run("influence/stepped", task, stepped[float32]{sys})
	run("influence/vec", task, sys)
}
