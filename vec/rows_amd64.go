//go:build !purego

package vec

import (
	"unsafe"

	"github.com/noise-reuse/nres/internal/race"
)

//go:noinline
func axpyRowsKernel32(y *float32, n int, a, x *float32, at *int, rows int) {
	readRows(a, x, at, n, rows)
	race.Write(y, n)
	if useAVX512 {
		axpyRows32AVX512(y, n, a, x, at, rows)
		return
	}
	axpyRows32AVX2(y, n, a, x, at, rows)
}

//go:noinline
func axpyRowsKernel64(y *float64, n int, a, x *float64, at *int, rows int) {
	readRows(a, x, at, n, rows)
	race.Write(y, n)
	if useAVX512 {
		axpyRows64AVX512(y, n, a, x, at, rows)
		return
	}
	axpyRows64AVX2(y, n, a, x, at, rows)
}

// readRows tells the race detector what is read.
func readRows[F Float](a, x *F, at *int, n, rows int) {
	if !race.Enabled {
		return
	}
	race.Read(a, rows)
	race.Read(at, rows)
	for _, k := range unsafe.Slice(at, rows) {
		race.Read((*F)(unsafe.Add(unsafe.Pointer(x), k*int(unsafe.Sizeof(*x)))), n)
	}
}

//go:noescape
func axpyRows32AVX512(y *float32, n int, a, x *float32, at *int, rows int)

//go:noescape
func axpyRows32AVX2(y *float32, n int, a, x *float32, at *int, rows int)

//go:noescape
func axpyRows64AVX512(y *float64, n int, a, x *float64, at *int, rows int)

//go:noescape
func axpyRows64AVX2(y *float64, n int, a, x *float64, at *int, rows int)
