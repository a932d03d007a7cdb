//go:build !purego

package vec

import "github.com/noise-reuse/nres/internal/cpu"

func setTier(t cpu.Tier) { useAVX2, useAVX512 = t >= cpu.AVX2, t >= cpu.AVX512 }

// rowVectors returns how many vectors a row of AxpyRows has, and how many a call may
// multiply: 19 µs of subnormal numbers, at 47 ns a vector.
func rowVectors(bytes int) (vectors, most int) {
	if rowsOfAVX512(bytes) {
		return (bytes + 63) / 64, 400
	}
	return (bytes + 31) / 32, 400
}
