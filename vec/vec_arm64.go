//go:build !purego

package vec

import "github.com/noise-reuse/nres/internal/cpu"

// mathChunk64 makes a call of Tanh 16 µs on a Cortex-A72 at 1.5 GHz, by llvm-mca, and the
// others less.
const mathChunk64 = 512

// useNEON is a variable for the tests.
var useNEON = cpu.Active() >= cpu.NEON

func kernels() bool { return useNEON }
