package tasks

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/noise-reuse/nres/estimator"
	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/optim"
	"github.com/noise-reuse/nres/tasks/data"
)

// TestRidgeByHand compares with the sums over rows.
func TestRidgeByHand(t *testing.T) {
	const n, d, seed, theta = 11, 3, 5, 0.7
	set := data.Plane(n, d, noise.New(1))
	r, err := NewRidge[float64](set, 10, seed)
	require.NoError(t, err)
	x, y := make([][d]float64, n), make([]float64, n)
	column := func(get func(i int) float64, put func(i int, v float64)) {
		var mean, square float64
		for i := 0; i < n; i++ {
			mean += get(i) / n
			square += get(i) * get(i) / n
		}
		for i := 0; i < n; i++ {
			put(i, (get(i)-mean)/math.Sqrt(square-mean*mean))
		}
	}
	for k := 0; k < d; k++ {
		column(func(i int) float64 { return set.Row(i)[k] }, func(i int, v float64) { x[i][k] = v })
	}
	column(func(i int) float64 { return set.Y[i] }, func(i int, v float64) { y[i] = v })
	order := shuffled(n, noise.New(seed).Derive(0))
	train, held := order[:8], order[8:]

	s := make([]float64, r.StateLen())
	r.Init(s, noise.Stream{})
	assert.NotZero(t, s[0])
	w := append([]float64(nil), s[:d]...)
	errorOf := func(i int) float64 {
		e := -y[i]
		for k, v := range w {
			e += v * x[i][k]
		}
		return e
	}
	for step := 1; step <= 10; step++ {
		var grad [d]float64
		for k, v := range w {
			grad[k] = math.Exp(theta) * v
			for _, i := range train {
				grad[k] += errorOf(i) * x[i][k]
			}
		}
		for k, g := range grad {
			w[k] -= 0.001 * g
		}
		want := 0.0
		for _, i := range held {
			want += 0.5 * errorOf(i) * errorOf(i)
		}
		assert.InDelta(t, want, r.Step(s, []float64{theta}, step, noise.Stream{}), 1e-12)
		assert.InDeltaSlice(t, w, s[:d], 1e-13)
	}
	again := make([]float64, r.StateLen())
	r.Init(again, noise.New(99))
	r.Init(s, noise.New(1))
	assert.Equal(t, s, again, "all episodes start alike")
	assert.ElementsMatch(t, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, order)
}

// TestRidgeSettles: training ends where Settled says.
func TestRidgeSettles(t *testing.T) {
	r, err := NewRidge[float64](data.Plane(100, 6, noise.New(1)), RidgeHorizon, 1)
	require.NoError(t, err)
	for _, theta := range []float64{-3, 1, 4} {
		s := make([]float64, r.StateLen())
		r.Init(s, noise.Stream{})
		var loss float64
		for step := 1; step <= 20000; step++ {
			loss = r.Step(s, []float64{theta}, step, noise.Stream{})
		}
		assert.InDelta(t, loss, r.Settled(theta), 1e-9)
	}
}

func TestRidgeErrors(t *testing.T) {
	good := data.Plane(10, 2, noise.New(1))
	flat := data.Plane(10, 2, noise.New(1))
	level := data.Plane(10, 2, noise.New(1))
	infinite := data.Plane(10, 2, noise.New(1))
	for i := range flat.Y {
		flat.Row(i)[1] = 3
		level.Y[i] = 0
	}
	infinite.X[4] = math.Inf(1)
	for want, c := range map[string]struct {
		set     *data.Regression
		horizon int
	}{
		"the horizon is 0; Ridge needs at least one step": {good, 0},
		"there are no rows; ":                             {nil, 1},
		"4 rows with 2 inputs":                            {data.Plane(4, 2, noise.New(1)), 1},
		"5 rows with 0 inputs":                            {data.Plane(5, 0, noise.New(1)), 1},
		"input 1 is the same in all rows":                 {flat, 1},
		"the output is the same in all rows":              {level, 1},
		"input 0 is the same in all rows, or not finite":  {infinite, 1},
	} {
		_, err := NewRidge[float32](c.set, c.horizon, 1)
		assert.ErrorContains(t, err, want)
	}
}

func TestRidgeGolden(t *testing.T) {
	r, err := NewRidge[float64](data.Plane(308, 6, noise.New(1)), RidgeHorizon, 1)
	require.NoError(t, err)
	cfg := estimator.Config{Method: estimator.ESSingle, Workers: 2, Window: 1, Sigma: 0.01, Seed: 1}
	path := descend[float64](t, r, RidgeStarts[:1], cfg, optim.NewAdam(0.003), 100)
	assert.Equal(t, "59202b9ce90a8a055ce6ce7c0c19b2437dfcf3b732ff9b67c43a9c8037308702", digest(path))
}
