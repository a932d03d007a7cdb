package tasks

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/unroll"
)

// TestWindowGradient compares with central differences, and the states with Step's.
func TestWindowGradient(t *testing.T) {
	lorenz, err := NewLorenz(SimulateLorenz[float64](LorenzTruth, 60))
	require.NoError(t, err)
	influence, err := NewInfluence[float64](60)
	require.NoError(t, err)
	for _, c := range []struct {
		sys   unroll.Differentiable[float64]
		theta []float64
	}{{lorenz, []float64{3.4, 2.2}}, {influence, []float64{0.7}}} {
		const from, n = 20, 35
		start := make([]float64, c.sys.StateLen())
		c.sys.Init(start, noise.Stream{})
		unroll.Window[float64](c.sys, start, c.theta, 0, from, noise.Stream{})
		after := func(theta []float64) (s []float64, loss float64) {
			s = append(s, start...)
			return s, unroll.Window[float64](c.sys, s, theta, from, n, noise.Stream{})
		}
		grad := make([]float64, len(c.theta))
		for k := range grad {
			grad[k] = 0.5 // is added to
		}
		s := append([]float64(nil), start...)
		c.sys.WindowGradient(grad, s, c.theta, from, n, noise.Stream{})
		want, _ := after(c.theta)
		assert.Equal(t, want, s)
		for k := range grad {
			const h = 1e-5
			theta := append([]float64(nil), c.theta...)
			theta[k] += h
			_, up := after(theta)
			theta[k] -= 2 * h
			_, down := after(theta)
			assert.InEpsilon(t, (up-down)/(2*h), grad[k]-0.5, 1e-7, "%T, parameter %d", c.sys, k)
		}
	}
}
