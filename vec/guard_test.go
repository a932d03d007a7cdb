//go:build (amd64 || arm64) && !purego

package vec

import (
	"testing"
	"unsafe"
)

// TestGuardPages gives the kernels, below their thresholds too, slices that touch pages
// where every access faults.
func TestGuardPages(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		t.Run("float32", testGuardPages[float32])
		t.Run("float64", testGuardPages[float64])
	})
}

func testGuardPages[F Float](t *testing.T) {
	const longest = minPart + 4*64 + 1
	room := newRooms[F](t, longest)
	for n := 1; n <= longest; n++ {
		for place := 0; place <= 2; place += 2 { // the beginning and the end
			var s [4][]F
			for i := range s {
				s[i] = slice(room[i], n, place)
			}
			for _, k := range allKernels[F]() {
				k.run(s[0], [3][]F{s[1], s[2], s[3]})
			}
			for _, r := range allReductions[F]() {
				r.kernel(s[0], s[1], nil)
			}
			if n <= tileRows/int(unsafe.Sizeof(*new(F))) {
				rowsKernel(s[0], []F{factor, factor}, s[1], []int{0, 0})
			}
			for i := range room {
				room[i].Check(t)
			}
		}
	}
}
