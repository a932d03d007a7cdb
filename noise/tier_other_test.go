//go:build (!amd64 && !arm64) || purego

package noise

import "github.com/noise-reuse/nres/internal/cpu"

func setTier(cpu.Tier) {}
