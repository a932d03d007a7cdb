//go:build !purego

package vec

import "github.com/noise-reuse/nres/internal/cpu"

func setTier(t cpu.Tier) { useNEON = t >= cpu.NEON }

// rowVectors returns how many vectors a row of AxpyRows has, and how many a call may
// multiply. Subnormal numbers take no longer than others.
func rowVectors(bytes int) (vectors, most int) { return (bytes + 15) / 16, 1600 }
