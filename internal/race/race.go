//go:build race

// Package race tells the race detector what assembly reads and writes. Without
// -race its functions are nothing.
package race

import (
	"runtime"
	"unsafe"
)

// Enabled reports whether the race detector is on.
const Enabled = true

// Read says that the n elements from p on are about to be read.
func Read[T any](p *T, n int) { runtime.RaceReadRange(hide(p), n*int(unsafe.Sizeof(*p))) }

// Write says that the n elements from p on are about to be written.
func Write[T any](p *T, n int) { runtime.RaceWriteRange(hide(p), n*int(unsafe.Sizeof(*p))) }

// hide hides p from escape analysis, which doesn't know that the race detector
// doesn't keep it: stack arrays stay on the stack under -race, too.
func hide[T any](p *T) unsafe.Pointer {
	x := uintptr(unsafe.Pointer(p))
	return *(*unsafe.Pointer)(unsafe.Pointer(&x))
}
