//go:build !purego

package vec

import "github.com/noise-reuse/nres/internal/cpu"

func useTier(t cpu.Tier) { useAVX2, useAVX512 = t >= cpu.AVX2, t >= cpu.AVX512 }
