//go:build amd64 && !purego

package vec

import "github.com/noise-reuse/nres/internal/cast"

const (
	// Elements and products of a call: 0.3 to 2 µs, 12 with nothing but subnormal
	// numbers.
	chunkRows     = 128
	chunkProducts = 4096

	minRowLength = 4 // below, plain Go is faster
)

func axpyRows[F Float](y []F, a []F, x []F, at []int) {
	if len(y) < minRowLength || len(a) == 0 || !kernels() {
		axpyRowsGeneric(y, a, x, at)
		return
	}
	for lo := 0; lo < len(y); lo += chunkRows {
		n := len(y) - lo
		if n > chunkRows {
			n = chunkRows
		}
		most := chunkProducts / n
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
