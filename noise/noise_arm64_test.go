//go:build !purego

package noise

import "github.com/noise-reuse/nres/internal/cpu"

func setTier(cpu.Tier) {}
