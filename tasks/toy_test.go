package tasks

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/noise-reuse/nres/estimator"
	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/optim"
)

// TestToyByHand compares with f as it is printed, and its differences.
func TestToyByHand(t *testing.T) {
	f := func(x, y float64) float64 {
		return math.Sqrt(x*x+5) - math.Sqrt(5) + math.Sin(y)*math.Sin(y)*math.Exp(-5*x*x) + 0.25*math.Abs(y-100)
	}
	const h = 1e-6
	for _, at := range [][2]float64{{1, 1}, {-0.3, 2}, {0.1, 98.9}, {0.05, 101.3}, {4, -7}} {
		x, y := at[0], at[1]
		got, dx, dy := toyLoss(x, y)
		assert.InDelta(t, f(x, y), got, 1e-13)
		assert.InDelta(t, (f(x+h, y)-f(x-h, y))/(2*h), dx, 1e-7)
		assert.InDelta(t, (f(x, y+h)-f(x, y-h))/(2*h), dy, 1e-7)
	}
	o, err := NewToy[float64](4)
	require.NoError(t, err)
	s, theta := make([]float64, 2), []float64{math.Log(0.4), math.Log(0.8)}
	o.Init(s, noise.Stream{})
	x, y := 1.0, 1.0
	for step := 1; step <= 4; step++ {
		rate := 0.4 + 0.1*float64(step-1) // 0.8 would be that of step 5
		_, dx, dy := toyLoss(x, y)
		x, y = x-rate*dx, y-rate*dy
		assert.InDelta(t, f(x, y), o.Step(s, theta, step, noise.Stream{}), 1e-13)
		assert.InDeltaSlice(t, []float64{x, y}, s, 1e-13)
	}
	_, err = NewToy[float32](0)
	assert.EqualError(t, err, "tasks: the horizon is 0; Toy needs at least one step")
}

func TestToyGolden(t *testing.T) {
	o, err := NewToy[float32](ToyHorizon)
	require.NoError(t, err)
	cfg := estimator.Config{Workers: 50, Window: 10, Sigma: 0.3, Seed: 1, LossScale: estimator.Sum}
	path := descend[float32](t, o, narrowed(ToyStart[:]), cfg, optim.NewAdam[float32](0.01), 30)
	assert.Equal(t, "34d38382845f8ba9c81f58faa26efea4b765881f9876f30931c993eba133214b", digest(path))
}
