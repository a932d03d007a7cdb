//go:build !purego

package noise

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/noise-reuse/nres/internal/cpu"
)

func setTier(tier cpu.Tier) { useNEON = tier >= cpu.NEON }

func TestWordsNEON(t *testing.T) {
	if !useNEON {
		t.Skip("no NEON")
	}
	for _, s := range asmStreams {
		for _, b := range []uint64{0, 1, 1000, 1<<32 - 80, 7 << 32} {
			for n := group; n <= 5*group; n += group {
				var k schedule
				k.set(s, uint32(b>>32))
				want, got := make([]uint32, n+2), make([]uint32, n+2)
				wordsGeneric(want[1:n+1], s, 4*b)
				wordsNEON(&got[1], n, &k, uint32(b))
				require.Equal(t, want, got, "%d from block %d", n, b)
			}
		}
	}
}
