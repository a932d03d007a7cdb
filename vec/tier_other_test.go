//go:build (!amd64 && !arm64) || purego

package vec

import "github.com/noise-reuse/nres/internal/cpu"

func setTier(cpu.Tier) {}
