//go:build (amd64 || arm64) && !purego

package vec

import (
	"unsafe"

	"github.com/noise-reuse/nres/internal/cast"
	"github.com/noise-reuse/nres/internal/race"
)

const (
	// Bytes of y in a call: the largest tile.
	tileRows = 512

	// From so many products on the kernels are faster than plain Go.
	minProducts = 6
)

func axpyRows[F Float](y []F, a []F, x []F, at []int) {
	if len(y)*len(a) < minProducts || !kernels() {
		axpyRowsGeneric(y, a, x, at)
		return
	}
	tile := tileRows / int(unsafe.Sizeof(*new(F)))
	for lo := 0; lo < len(y); lo += tile {
		n := len(y) - lo
		if n > tile {
			n = tile
		}
		most := rowsOfCall[F](n)
		for k := 0; k < len(a); k += most {
			rows := len(a) - k
			if rows > most {
				rows = most
			}
			if cast.Is32[F]() {
				y, a, x := cast.To32(y), cast.To32(a), cast.To32(x)
				axpyRowsKernel32(&y[lo], n, &a[k], &x[lo], &at[k], rows)
			} else {
				y, a, x := cast.To64(y), cast.To64(a), cast.To64(x)
				axpyRowsKernel64(&y[lo], n, &a[k], &x[lo], &at[k], rows)
			}
		}
	}
}

// rowsOfCall returns how many rows of n elements a call of assembly may take.
func rowsOfCall[F Float](n int) int {
	row := n * int(unsafe.Sizeof(*new(F)))
	return chunkBytes(row) / ((row + 63) &^ 63)
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
