//go:build go1.22

package noise

import (
	"math/rand/v2"
	"testing"
)

// BenchmarkRandV2 is what Fill is compared with.
func BenchmarkRandV2(b *testing.B) {
	dst := make([]float64, 16<<10)
	rng := rand.New(rand.NewPCG(1, 2))
	for i := 0; i < b.N; i++ {
		for j := range dst {
			dst[j] = rng.NormFloat64()
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(dst)), "ns/element")
}
