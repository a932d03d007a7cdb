//go:build !purego

package vec

import "github.com/noise-reuse/nres/internal/cpu"

const mathChunk64 = 1 << 10

// Tests change these.
var (
	useAVX2   = cpu.Active() >= cpu.AVX2
	useAVX512 = cpu.Active() >= cpu.AVX512
)

func kernels() bool { return useAVX2 }
