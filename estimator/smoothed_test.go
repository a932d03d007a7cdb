package estimator

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/noise-reuse/nres/noise"
)

// parabola has loss (θ − s)², with a constant state of 1, at each of its steps.
type parabola struct{}

func (parabola) ParamLen() int                    { return 1 }
func (parabola) StateLen() int                    { return 1 }
func (parabola) Horizon() int                     { return 200 }
func (parabola) Init(s []float64, _ noise.Stream) { s[0] = 1 }
func (parabola) Step(s, theta []float64, _ int, _ noise.Stream) float64 {
	return (theta[0] - s[0]) * (theta[0] - s[0])
}

func TestSmoothedLoss(t *testing.T) {
	if testing.Short() {
		t.Skip("long")
	}
	// E (θ + σε − 1)² = (θ − 1)² + σ²; a pair's mean has variance 2σ⁴.
	mean, stderr := SmoothedLoss[float64](parabola{}, []float64{3}, 0.5, 200, 20000, 1)
	assert.InDelta(t, 4.25, mean, 5.5*stderr)
	assert.InDelta(t, 0.25*1.4142/141.42, stderr, 1e-4)

	// With eight perturbations an episode the mean is the same, and the variance an
	// eighth; the last of three periods of 90 is cut.
	mean, stderr = SmoothedLoss[float64](parabola{}, []float64{3}, 0.5, 25, 20000, 1)
	assert.InDelta(t, 4.25, mean, 5.5*stderr)
	assert.Less(t, stderr, 0.25/141.42)
	mean, stderr = SmoothedLoss[float64](parabola{}, []float64{3}, 0.5, 90, 20000, 1)
	assert.InDelta(t, 4.25, mean, 5.5*stderr)
}

func TestSmoothedLossPanics(t *testing.T) {
	for _, theta := range [][]float64{nil, {3, 3}} {
		assert.PanicsWithValue(t, "estimator: theta must have the length of the system's parameters",
			func() { SmoothedLoss[float64](parabola{}, theta, 0.5, 200, 2, 1) })
	}
	for _, sigma := range []float64{-1, math.NaN(), math.Inf(1)} {
		assert.Panics(t, func() { SmoothedLoss[float64](parabola{}, []float64{3}, sigma, 200, 2, 1) })
	}
	mean, _ := SmoothedLoss[float64](parabola{}, []float64{3}, 0, 200, 2, 1)
	assert.Equal(t, 4.0, mean)
	const few = "estimator: SmoothedLoss needs a period of at least 1 and two pairs"
	assert.PanicsWithValue(t, few, func() { SmoothedLoss[float64](parabola{}, []float64{3}, 0.5, 0, 2, 1) })
	assert.PanicsWithValue(t, few, func() { SmoothedLoss[float64](parabola{}, []float64{3}, 0.5, 200, 1, 1) })
}

// TestSmoothedLossOfConstant: no variance is 0, not the root of a rounding error.
func TestSmoothedLossOfConstant(t *testing.T) {
	for n := 2; n < 40; n++ {
		mean, stderr := SmoothedLoss[float64](constant{}, []float64{0}, 0.1, 7, n, 1)
		assert.InDelta(t, 0.1, mean, 1e-15)
		assert.InDelta(t, 0, stderr, 1e-16)
	}
}

type constant struct{ parabola }

func (constant) Step(_, _ []float64, _ int, _ noise.Stream) float64 { return 0.1 }
