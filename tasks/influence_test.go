package tasks

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/noise-reuse/nres/estimator"
	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/optim"
	"github.com/noise-reuse/nres/unroll"
	"github.com/noise-reuse/nres/vec"
)

// TestInfluenceIsTheMatrix compares with A·s + θ·signs, written out.
func TestInfluenceIsTheMatrix(t *testing.T) {
	const n, theta = 23, 0.3
	l, err := NewInfluence[float64](40)
	require.NoError(t, err)
	s, want := make([]float64, n), make([]float64, n)
	l.Init(s, noise.Stream{})
	for i := range want {
		want[i] = 1
	}
	for step := 1; step <= 40; step++ {
		next := make([]float64, n)
		for i := range next {
			for j := range want {
				if j == i || j == i+1 {
					next[i] += 0.5 * want[j]
				}
			}
			if i < 10 {
				next[i] += theta
			} else {
				next[i] -= theta
			}
		}
		want = next
		loss := l.Step(s, []float64{theta}, step, noise.Stream{})
		assert.InDeltaSlice(t, want, s, 1e-14)
		assert.InDelta(t, 0.5*(want[0]-1)*(want[0]-1), loss, 1e-14)
	}
}

// TestInfluenceBest: the best θ has no gradient, and is −1/6 in the limit.
func TestInfluenceBest(t *testing.T) {
	for _, horizon := range []int{1, 30, 500} {
		l, err := NewInfluence[float64](horizon)
		require.NoError(t, err)
		loss := func(theta float64) float64 {
			s := make([]float64, l.StateLen())
			l.Init(s, noise.Stream{})
			return unroll.Window[float64](l, s, []float64{theta}, 0, horizon, noise.Stream{})
		}
		best := l.Best()
		assert.Less(t, loss(best), loss(best+1e-4))
		assert.Less(t, loss(best), loss(best-1e-4))
		var slope float64
		g := make([]float64, horizon)
		for step := 1; step <= horizon; step++ {
			l.Partials(g[:step], []float64{0.2}, step)
			for _, v := range g[:step] {
				slope += v
			}
		}
		assert.InDelta(t, (loss(0.2+1e-3)-loss(0.2-1e-3))/2e-3, slope, 1e-6)
	}
	long, err := NewInfluence[float64](100_000)
	require.NoError(t, err)
	assert.InDelta(t, -1./6, long.Best(), 3e-4)
	_, err = NewInfluence[float64](0)
	assert.ErrorContains(t, err, "at least one step")
}

// TestInfluenceBalancing: NRES and PES find the best θ, TES walks away from it.
func TestInfluenceBalancing(t *testing.T) {
	task, err := Lookup("influence")
	require.NoError(t, err)
	walk := func(m estimator.Method, iterations int) (path [][]float32) {
		if testing.Short() {
			iterations = 20
		}
		sys, err := task.New(nil)
		require.NoError(t, err)
		return descend[float32](t, sys, narrowed(task.Start), estimator.Config{Method: m, Workers: task.Workers, Window: task.Window, Sigma: task.Sigma, Seed: 1, KeepSums: true},
			&optim.SGD[float32]{LR: float32(task.LR)}, iterations)
	}
	nres, pes, tes := walk(estimator.NRES, task.Iterations), walk(estimator.PES, 1500), walk(estimator.TES, 1000)
	assert.Equal(t, influenceGolden, digest(nres[:20]))
	for i := 19; i < len(tes); i += 20 {
		require.Greater(t, tes[i][0], float32(InfluenceStart)+float32(i)*2e-4, "TES goes up, iteration %d", i)
	}
	if testing.Short() {
		assert.Less(t, nres[19][0], float32(0.48))
		assert.Less(t, pes[19][0], float32(0.48))
		return
	}
	var mean [2]float64
	for i, path := range [][][]float32{nres, pes} {
		for _, theta := range path[len(path)-500:] {
			mean[i] += float64(theta[0]) / 500
		}
	}
	assert.InDelta(t, task.Truth[0], mean[0], 0.002)
	assert.InDelta(t, task.Truth[0], mean[1], 0.01)
}

const influenceGolden = "d004d316b7b41faaed44dfdb360a6f8e0ea5dd6f4d35bb9af677f568a9e83bee"

func narrowed(x []float64) []float32 {
	y := make([]float32, len(x))
	for i, v := range x {
		y[i] = float32(v)
	}
	return y
}

func TestInfluenceLanes(t *testing.T) {
	testInfluenceLanes[float32](t)
	testInfluenceLanes[float64](t)
}

func testInfluenceLanes[F vec.Float](t *testing.T) {
	for _, horizon := range []int{1, 2, 30, 500} {
		l, err := NewInfluence[F](horizon)
		require.NoError(t, err)
		for seed := uint64(0); seed < 3; seed++ {
			require.NoError(t, unroll.CheckSystem[F](l, []F{InfluenceStart}, 10, seed))
		}
	}
}
