package tasks

import (
	"math"
	"math/rand"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/unroll"
	"github.com/noise-reuse/nres/vec"
)

// TestRecurrenceIsInfluence: with its matrices it has its bits, as halves are exact.
func TestRecurrenceIsInfluence(t *testing.T) {
	const n, horizon = influenceLen, 100
	a, b, start := make([]float32, n*n), make([]float32, n), make([]float32, n)
	for i := range start {
		a[i*n+i], b[i], start[i] = 0.5, 1, 1
		if i+1 < n {
			a[i*n+i+1] = 0.5
		}
		if i >= influenceFirst {
			b[i] = -1
		}
	}
	r, err := NewRecurrence(a, b, start, 1, horizon)
	require.NoError(t, err)
	l, err := NewInfluence[float32](horizon)
	require.NoError(t, err)
	s, want := make([]float32, 2*n), make([]float32, n)
	r.Init(s, noise.Stream{})
	l.Init(want, noise.Stream{})
	for step := 1; step <= horizon; step++ {
		theta := []float32{0.3}
		require.Equal(t, l.Step(want, theta, step, noise.Stream{}), r.Step(s, theta, step, noise.Stream{}))
		require.Equal(t, want, s[:n])
	}
}

// TestRecurrenceIsTheMatrix compares with the products, zeros and all.
func TestRecurrenceIsTheMatrix(t *testing.T) {
	a, b, start := []float64{0.5, -2, 0, 0, 0, 0, 0.25, 0, 1}, []float64{1, 2, 0, 0, 0, -3}, []float64{1, 2, 3}
	r, err := NewRecurrence(a, b, start, 4, 9)
	require.NoError(t, err)
	assert.Equal(t, []int{2, 6, 9}, []int{r.ParamLen(), r.StateLen(), r.Horizon()})
	s, theta := make([]float64, 6), []float64{3, 5}
	r.Init(s, noise.Stream{})
	loss := r.Step(s, theta, 1, noise.Stream{})
	assert.Equal(t, []float64{0.5 - 4 + 3 + 10, 0, 0.25 + 3 - 15}, s[:3]) // all exact
	assert.Equal(t, 0.5*5.5*5.5, loss)
}

func TestRecurrenceErrors(t *testing.T) {
	one, two := []float32{1}, []float32{1, 1}
	_, err := NewRecurrence(nil, one, nil, 0, 1)
	assert.ErrorContains(t, err, "start is empty")
	_, err = NewRecurrence(one, one, one, 0, 0)
	assert.ErrorContains(t, err, "horizon is 0")
	_, err = NewRecurrence(two, two, two, 0, 1)
	assert.ErrorContains(t, err, "A has 2 elements; with 2 in start it needs 4")
	for _, b := range [][]float32{nil, one, {1, 1, 1}} {
		_, err = NewRecurrence([]float32{1, 1, 1, 1}, b, two, 0, 1)
		assert.ErrorContains(t, err, "B has")
	}
	_, err = NewRecurrence(one, one, one, float32(math.Inf(1)), 1)
	assert.ErrorContains(t, err, "goal is +Inf")
}

func TestRecurrenceLanes(t *testing.T) {
	testRecurrenceLanes[float32](t)
	testRecurrenceLanes[float64](t)
}

func testRecurrenceLanes[F vec.Float](t *testing.T) {
	rng := rand.New(rand.NewSource(6))
	for _, c := range []struct{ n, d, horizon int }{{1, 1, 1}, {1, 3, 40}, {5, 2, 7}, {8, 8, 60}} {
		some := func(n int, share float64) []F {
			x := make([]F, n)
			for i := range x {
				if rng.Float64() < share {
					x[i] = F(rng.NormFloat64())
				}
			}
			return x
		}
		for _, share := range []float64{0.3, 1} {
			r, err := NewRecurrence(some(c.n*c.n, share), some(c.n*c.d, share), some(c.n, 1), 2, c.horizon)
			require.NoError(t, err)
			for seed := uint64(0); seed < 3; seed++ {
				require.NoError(t, unroll.CheckSystem[F](r, some(c.d, 1), 1, seed))
			}
		}
	}
}
