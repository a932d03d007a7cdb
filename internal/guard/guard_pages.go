//go:build linux || darwin

package guard

import (
	"os"
	"syscall"
	"testing"
)

const pages = true

// fence is how the pages at the ends are protected. NRES_TEST_GUARD=write lets them be
// read, for emulators: qemu 7.2 loads the lanes that VMASKMOV masks out.
func fence() int {
	if os.Getenv("NRES_TEST_GUARD") == "write" {
		return syscall.PROT_READ
	}
	return syscall.PROT_NONE
}

// alloc returns whole pages between two inaccessible ones.
func alloc(tb testing.TB, size int) (bytes []byte, margin int) {
	tb.Helper()
	page := syscall.Getpagesize()
	size = (size + page - 1) / page * page
	if size == 0 {
		size = page
	}
	all, err := syscall.Mmap(-1, 0, size+2*page, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		tb.Fatal("guard: mmap: ", err)
	}
	tb.Cleanup(func() {
		if err := syscall.Munmap(all); err != nil {
			tb.Error("guard: munmap: ", err)
		}
	})
	for _, end := range [][]byte{all[:page], all[page+size:]} {
		if err := syscall.Mprotect(end, fence()); err != nil {
			tb.Fatal("guard: mprotect: ", err)
		}
	}
	return all[page : page+size : page+size], 0
}
