package tasks

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/noise-reuse/nres/estimator"
	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/optim"
	"github.com/noise-reuse/nres/unroll"
	"github.com/noise-reuse/nres/vec"
)

// TestLorenzIsEuler compares with the paper's formula as it is printed, over the
// time in which rounding has not yet grown to matter.
func TestLorenzIsEuler(t *testing.T) {
	const dt = 0.005
	x, y, z := 1.2, 1.3, 1.6
	got := SimulateLorenz[float64](LorenzTruth, 600)
	narrow := SimulateLorenz[float32](LorenzTruth, 600)
	for i := range got {
		x, y, z = x+10*(y-x)*dt, y+(x*(28-z)-y)*dt, z+(x*y-8.0/3*z)*dt
		require.InDelta(t, z, got[i], 1e-9, "step %d", i+1)
		require.InDelta(t, z, narrow[i], 2e-2, "step %d", i+1)
	}
}

// TestLorenzWindow: any cut of an episode into windows gives the same bits.
func TestLorenzWindow(t *testing.T) {
	l, err := NewLorenz(SimulateLorenz[float32](LorenzTruth, 300))
	require.NoError(t, err)
	theta := []float32{3.5, 2.4}
	var env noise.Stream
	step, window := make([]float32, 3), make([]float32, 3)
	l.Init(step, env)
	l.Init(window, env)
	for t0, n := 0, 1; t0+n <= 300; t0, n = t0+n, n%50+7 {
		var sum float32
		for s := t0 + 1; s <= t0+n; s++ {
			sum += l.Step(step, theta, s, env)
		}
		require.Equal(t, sum, l.Window(window, theta, t0, n, env))
		require.Equal(t, step, window)
	}
	assert.Greater(t, unroll.Window[float32](l, step, theta, 0, 100, env), 0.0)
	assert.Zero(t, lossAt(l, []float32{float32(LorenzTruth[0]), float32(LorenzTruth[1])}), "the truth fits its own data")
}

func lossAt(l *Lorenz[float32], theta []float32) float64 {
	s := make([]float32, 3)
	l.Init(s, noise.Stream{})
	return unroll.Window[float32](l, s, theta, 0, l.Horizon(), noise.Stream{})
}

func TestLorenzErrors(t *testing.T) {
	_, err := NewLorenz[float32](nil)
	assert.ErrorContains(t, err, "at least one")
	_, err = NewLorenz([]float64{1, math.Inf(1)})
	assert.ErrorContains(t, err, "observation 1 is +Inf")
	task, err := Lookup("lorenz")
	require.NoError(t, err)
	_, err = task.New([]float64{1, 2, 1e39})
	assert.ErrorContains(t, err, "observation 2")
	_, err = task.New([]float64{})
	assert.Error(t, err)
	_, err = Lookup("lorentz")
	assert.EqualError(t, err, `unknown task "lorentz"; tasks are: influence, lorenz`)
}

// TestSmoothedLoss: the smoothed loss is lower where NRES goes than at the truth.
func TestSmoothedLoss(t *testing.T) {
	if testing.Short() {
		t.Skip("long")
	}
	sys, err := lorenzTask().New(nil)
	require.NoError(t, err)
	at := func(lnR, lnA float32, want float64) {
		mean, stderr := estimator.SmoothedLoss(sys, []float32{lnR, lnA}, 0.04, LorenzHorizon, 20000, 1)
		assert.InDelta(t, want, mean, 0.05+5*stderr, "at (%v, %v): %v ± %v", lnR, lnA, mean, stderr)
	}
	at(3.284, 2.379, 49.7)
	at(float32(LorenzTruth[0]), float32(LorenzTruth[1]), 56.5)
}

func train[F vec.Float](t *testing.T, cfg estimator.Config, iterations int, opt optim.Optimizer[F]) (path [][]F) {
	l, err := NewLorenz(SimulateLorenz[F](LorenzTruth, LorenzHorizon))
	require.NoError(t, err)
	return descend[F](t, l, []F{F(LorenzStart[0]), F(LorenzStart[1])}, cfg, opt, iterations)
}

// TestLorenzGolden holds the bits of θ on this machine to those on every other.
func TestLorenzGolden(t *testing.T) {
	cfg := estimator.Config{Workers: 40, Window: 100, Sigma: 0.04, Seed: 7}
	pes, odd := cfg, cfg
	pes.Method, pes.Phase = estimator.PES, estimator.Random
	odd.Method, odd.Period, odd.Window = estimator.GPES, 333, 77
	adam32, adam64 := optim.NewAdam[float32](1e-3), optim.NewAdam(1e-3)
	got := map[string]string{
		"nres, float32, sgd":  digest(train[float32](t, cfg, 40, &optim.SGD[float32]{LR: 1e-5})),
		"nres, float64, adam": digest(train[float64](t, cfg, 40, adam64)),
		"pes, float32, adam":  digest(train[float32](t, pes, 40, adam32)),
		"gpes, float64, sgd":  digest(train[float64](t, odd, 40, &optim.SGD[float64]{LR: 1e-6, Momentum: 0.9})),
	}
	assert.Equal(t, lorenzGolden, got)
}

func digest[F vec.Float](path [][]F) string {
	h := sha256.New()
	for _, theta := range path {
		_ = binary.Write(h, binary.LittleEndian, theta) // a hash returns no error
	}
	return hex.EncodeToString(h.Sum(nil))
}

var lorenzGolden = map[string]string{
	"nres, float32, sgd":  "61f395b08aab95ad4b4316f4daa824f272f91fe75d2e5ea76b94bcf069f2469f",
	"nres, float64, adam": "7c345bd84ed6621c5420c1186984f203284c68cfe61d6c30fa277db57e1d5fc6",
	"pes, float32, adam":  "24869eb927365f3c140bcdfa7f84d46c0956dbc4186950c66bcbcfa39426b376",
	"gpes, float64, sgd":  "555c55744f5e66acc47299204cd1f0d07b65e244b2b64d6508d99258a4e19bc3",
}

// TestLorenzLearns runs the paper's row L1.
func TestLorenzLearns(t *testing.T) {
	if testing.Short() {
		t.Skip("long")
	}
	task := lorenzTask()
	cfg := estimator.Config{Workers: task.Workers, Window: task.Window, Sigma: task.Sigma, Seed: 101}
	const tail = 500
	spread := func(path [][]float32) (mean, sd [2]float64) {
		for _, theta := range path[len(path)-tail:] {
			for j, v := range theta {
				mean[j] += float64(v) / tail
			}
		}
		for _, theta := range path[len(path)-tail:] {
			for j, v := range theta {
				sd[j] += (float64(v) - mean[j]) * (float64(v) - mean[j]) / tail
			}
		}
		return mean, [2]float64{math.Sqrt(sd[0]), math.Sqrt(sd[1])}
	}
	mean, sd := spread(train[float32](t, cfg, task.Iterations, &optim.SGD[float32]{LR: float32(task.LR)}))
	assert.InDelta(t, 3.284, mean[0], 0.01)
	assert.InDelta(t, 2.379, mean[1], 0.01)

	cfg.Method = estimator.PES
	_, pes := spread(train[float32](t, cfg, 2000, &optim.SGD[float32]{LR: float32(task.LR)}))
	assert.Greater(t, pes[0], 2*sd[0], "PES oscillates more (Figure 5a)")
	assert.Greater(t, pes[1], 2*sd[1])
}
