//go:build !purego

package vec

import "github.com/noise-reuse/nres/internal/race"

// Sums of AVX-512 take longer than those of AVX2, of which four vectors are faster than two.
func rowsOfAVX512(bytes int) bool { return useAVX512 && bytes > 128 }

// chunkBytes bounds what a call multiplies, of rows that long. It takes 0.3 to 2 µs, and
// with nothing but subnormal numbers, which cost Intel's processors 47 ns a vector, 18 µs.
func chunkBytes(row int) int {
	if rowsOfAVX512(row) {
		return 24 << 10
	}
	return 12 << 10
}

//go:noinline
func axpyRowsKernel32(y *float32, n int, a, x *float32, at *int, rows int) {
	readRows(a, x, at, n, rows)
	race.Write(y, n)
	if rowsOfAVX512(4 * n) {
		axpyRows32AVX512(y, n, a, x, at, rows)
		return
	}
	axpyRows32AVX2(y, n, a, x, at, rows)
}

//go:noinline
func axpyRowsKernel64(y *float64, n int, a, x *float64, at *int, rows int) {
	readRows(a, x, at, n, rows)
	race.Write(y, n)
	if rowsOfAVX512(8 * n) {
		axpyRows64AVX512(y, n, a, x, at, rows)
		return
	}
	axpyRows64AVX2(y, n, a, x, at, rows)
}

//go:noescape
func axpyRows32AVX512(y *float32, n int, a, x *float32, at *int, rows int)

//go:noescape
func axpyRows32AVX2(y *float32, n int, a, x *float32, at *int, rows int)

//go:noescape
func axpyRows64AVX512(y *float64, n int, a, x *float64, at *int, rows int)

//go:noescape
func axpyRows64AVX2(y *float64, n int, a, x *float64, at *int, rows int)
