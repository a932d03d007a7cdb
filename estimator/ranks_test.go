package estimator

import (
	"math"
	"math/rand"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestRanks: a loss's rank is the number of lower ones, and half of those that equal it.
func TestRanks(t *testing.T) {
	rng := rand.New(rand.NewSource(1))
	losses := []func() float64{
		rng.NormFloat64,
		func() float64 { return float64(float32(rng.NormFloat64())) },
		func() float64 { return float64(rng.Intn(5) - 2) },
		func() float64 { return []float64{0, math.Copysign(0, -1), 5e-324, -5e-324, 1e308, -1e308}[rng.Intn(6)] },
		func() float64 { return 3 },
	}
	var r ranks
	r.init(40)
	for round := 0; round < 200; round++ {
		loss := losses[round%len(losses)]
		workers := make([]worker, 1+rng.Intn(40))
		var all []float64
		for i := range workers {
			if i == 0 || rng.Intn(4) > 0 { // others have not answered
				workers[i] = worker{plus: loss(), minus: loss(), terms: make([]term, 1)}
				all = append(all, workers[i].plus, workers[i].minus)
			}
		}
		centred := func(l float64) float64 {
			var below, equal float64
			for _, other := range all {
				if other < l {
					below++
				} else if other == l {
					equal++
				}
			}
			return (below+(equal-1)/2)/float64(len(all)-1) - 0.5
		}
		r.shape(workers)
		for i := range workers {
			if w := &workers[i]; len(w.terms) > 0 {
				require.Equal(t, centred(w.plus)-centred(w.minus), w.terms[0].weight)
			}
		}
	}
}

func BenchmarkRanks(b *testing.B) {
	rng := rand.New(rand.NewSource(1))
	workers := make([]worker, 25_000)
	for i := range workers {
		workers[i] = worker{plus: float64(rng.Float32()), minus: float64(rng.Float32()), terms: make([]term, 1)}
	}
	var r ranks
	r.init(len(workers))
	b.ResetTimer()
	for i := 0; i < b.N; i++ {
		r.shape(workers)
	}
}
