//go:build !purego

package tasks

import "github.com/noise-reuse/nres/internal/cpu"

func setTier(t cpu.Tier) { useNEON = t >= cpu.NEON }
