//go:build (linux || darwin) && (amd64 || arm64) && !purego

package vec

import (
	"syscall"
	"testing"
	"unsafe"
)

// guarded returns the end and the beginning of n elements each that touch pages
// where every access faults.
func guarded[F Float](t *testing.T, n int) (end, begin []F) {
	page := syscall.Getpagesize()
	size := (n*8 + page - 1) / page * page
	m, err := syscall.Mmap(-1, 0, size+2*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Munmap(m) })
	for _, p := range [][]byte{m[:page], m[page+size:]} {
		if err := syscall.Mprotect(p, syscall.PROT_NONE); err != nil {
			t.Fatal(err)
		}
	}
	all := unsafe.Slice((*F)(unsafe.Pointer(&m[page])), size/int(unsafe.Sizeof(*new(F))))
	return all[len(all)-n:], all[:n]
}

// Kernels touch no byte outside their slices. (Under qemu 7.2 this fails on AVX2:
// its VMASKMOV loads read the lanes that are masked out.)
func TestGuardPages(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		t.Run("float32", testGuardPages[float32])
		t.Run("float64", testGuardPages[float64])
	})
}

func testGuardPages[F Float](t *testing.T) {
	const longest = 4*64 + 1
	var end, begin [4][]F
	for k := range end {
		end[k], begin[k] = guarded[F](t, longest)
	}
	for n := 1; n <= longest; n++ {
		for _, m := range [][4][]F{
			{end[0][longest-n:], end[1][longest-n:], end[2][longest-n:], end[3][longest-n:]},
			{begin[0][:n], begin[1][:n], begin[2][:n], begin[3][:n]},
		} {
			for _, k := range allKernels[F]() {
				k.run(m[0], [3][]F{m[1], m[2], m[3]})
			}
			for _, r := range allReductions[F]() {
				r.kernel(m[0], m[1], nil)
			}
		}
	}
}
