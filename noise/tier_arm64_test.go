//go:build !purego

package noise

import "github.com/noise-reuse/nres/internal/cpu"

func setTier(t cpu.Tier) { useNEON = t >= cpu.NEON }
