package tasks

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/unroll"
)

// That the g_i^t are Assumption 2's, at perturbations of every step, is in
// estimator's theory tests.

// TestLinearGradient: the gradient is what a step along each axis changes.
func TestLinearGradient(t *testing.T) {
	for lean := Unrelated; lean <= Opposed; lean++ {
		for _, c := range []struct{ d, horizon int }{{1, 1}, {1, 7}, {5, 12}, {100, 30}} {
			l, err := NewLinear[float64](c.d, c.horizon, lean, 3)
			require.NoError(t, err)
			loss := func(theta []float64) float64 {
				s := make([]float64, l.StateLen())
				l.Init(s, noise.Stream{})
				return unroll.Window[float64](l, s, theta, 0, l.Horizon(), noise.Stream{}) / float64(c.horizon)
			}
			grad, theta := make([]float64, c.d), make([]float64, c.d)
			l.Gradient(grad)
			for k := range theta {
				theta[k] = 1
				assert.InDelta(t, loss(theta), grad[k], 1e-12)
				theta[k] = 0
			}
			assert.Zero(t, loss(theta))
		}
	}
}

func TestLinearPartials(t *testing.T) {
	const d, horizon = 20, 12
	var size [3]float64
	for lean := Unrelated; lean <= Opposed; lean++ {
		l, err := NewLinear[float32](d, horizon, lean, 3)
		require.NoError(t, err)
		var sum [horizon + 1][d]float32 // g^t
		seen := map[*float32]bool{}
		for s := 1; s <= horizon; s++ {
			all := make([]float32, s*d)
			l.Partials(all, nil, s)
			for i := 1; i <= s; i++ {
				g := l.Partial(s, i)
				assert.Equal(t, all[(i-1)*d:i*d], g)
				assert.False(t, seen[&g[0]], "a vector of its own")
				seen[&g[0]] = true
				for k, v := range g {
					assert.Equal(t, v*8, float32(int(v*8)), "a multiple of 1/8")
					sum[s][k] += v
					if lean == Unrelated {
						size[0] += float64(v * v)
						size[1]++
					}
				}
			}
		}
		// Signs of products of g^s and g^t.
		for s := 4; s <= horizon; s++ {
			for u := 4; u < s; u++ {
				var dot float32
				for k := range sum[s] {
					dot += sum[s][k] * sum[u][k]
				}
				opposite := lean == Opposed && (s <= 9) != (u <= 9)
				assert.Equal(t, lean != Unrelated && !opposite, dot > 100, "%d, %d", s, u)
				assert.Equal(t, opposite, dot < -100, "%d, %d", s, u)
			}
		}
	}
	assert.InDelta(t, 0.25, size[0]/size[1], 0.05)

	a, _ := NewLinear[float32](2, 3, Alike, 1)
	b, _ := NewLinear[float64](2, 3, Alike, 1)
	c, _ := NewLinear[float32](2, 3, Alike, 2)
	assert.NotEqual(t, a, c)
	for k, v := range a.g {
		assert.Equal(t, float64(v), b.g[k], "the same for both types")
	}
}

func TestLinearErrors(t *testing.T) {
	_, err := NewLinear[float32](0, 1, Alike, 1)
	assert.ErrorContains(t, err, "at least one parameter")
	_, err = NewLinear[float32](1, 0, Alike, 1)
	assert.ErrorContains(t, err, "at least one step")
	_, err = NewLinear[float32](1, 1, 3, 1)
	assert.ErrorContains(t, err, "lean is 3")
}
