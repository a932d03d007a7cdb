//go:build linux || darwin

package guard

import (
	"syscall"
	"testing"
)

const pages = true

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
	for _, fence := range [][]byte{all[:page], all[page+size:]} {
		if err := syscall.Mprotect(fence, syscall.PROT_NONE); err != nil {
			tb.Fatal("guard: mprotect: ", err)
		}
	}
	return all[page : page+size : page+size], 0
}
