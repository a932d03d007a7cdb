package nres

import "github.com/noise-reuse/nres/internal/cpu"

// Tier returns the name of the kernels that this process runs: "avx512", "avx2",
// "neon", or "generic" for plain Go. Results do not depend on it.
//
// It is the best that the processor and the operating system have. The environment
// variable NRES_SIMD, set to one of these names when the process starts, caps it; a
// name that the machine does not have is ignored. GODEBUG=cpu.avx512f=off and the
// like take features away; the build tag purego leaves all assembly out. (Run tests
// with -count=1 then: the test cache does not look at NRES_SIMD.)
func Tier() string { return cpu.Active().String() }
