//go:build !purego

package vec

import "github.com/noise-reuse/nres/internal/race"

// chunkBytes bounds what a call multiplies: it takes some 1,500 cycles.
func chunkBytes(int) int { return 24 << 10 }

//go:noinline
func axpyRowsKernel32(y *float32, n int, a, x *float32, at *int, rows int) {
	readRows(a, x, at, n, rows)
	race.Write(y, n)
	axpyRows32NEON(y, n, a, x, at, rows)
}

//go:noinline
func axpyRowsKernel64(y *float64, n int, a, x *float64, at *int, rows int) {
	readRows(a, x, at, n, rows)
	race.Write(y, n)
	axpyRows64NEON(y, n, a, x, at, rows)
}

//go:noescape
func axpyRows32NEON(y *float32, n int, a, x *float32, at *int, rows int)

//go:noescape
func axpyRows64NEON(y *float64, n int, a, x *float64, at *int, rows int)
