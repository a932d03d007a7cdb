//go:build !purego

package noise

import "github.com/noise-reuse/nres/internal/cpu"

func setTier(t cpu.Tier) { useAVX2, useAVX512 = t >= cpu.AVX2, t >= cpu.AVX512 }
