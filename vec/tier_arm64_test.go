//go:build !purego

package vec

import "github.com/noise-reuse/nres/internal/cpu"

func useTier(t cpu.Tier) { useNEON = t >= cpu.NEON }
