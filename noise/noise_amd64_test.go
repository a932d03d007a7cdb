//go:build !purego

package noise

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/noise-reuse/nres/internal/cpu"
)

func setTier(t cpu.Tier) { useAVX2, useAVX512 = t >= cpu.AVX2, t >= cpu.AVX512 }

func TestWordsAVX512(t *testing.T) {
	if !useAVX512 {
		t.Skip("no AVX-512")
	}
	for _, s := range asmStreams {
		for _, b := range []uint64{0, 1, 1000, 1<<32 - 80, 7 << 32} {
			for n := group; n <= 5*group; n += group {
				var k schedule
				k.set(s, uint32(b>>32))
				want, got := make([]uint32, n+2), make([]uint32, n+2)
				wordsGeneric(want[1:n+1], s, 4*b)
				wordsAVX512(&got[1], n, &k, uint32(b))
				require.Equal(t, want, got, "%d from block %d", n, b)
			}
		}
	}
}

func BenchmarkWordsKernel(b *testing.B) {
	if !useAVX512 {
		b.Skip("no AVX-512")
	}
	dst := make([]uint32, benchLen)
	var k schedule
	k.set(New(1), 0)
	for i := 0; i < b.N; i++ {
		for j := 0; j < benchLen; j += maxChunk {
			wordsAVX512(&dst[j], maxChunk, &k, uint32(j/4))
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/benchLen, "ns/element")
}
