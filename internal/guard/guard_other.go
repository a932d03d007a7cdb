//go:build !linux && !darwin

package guard

import (
	"testing"
	"unsafe"
)

const pages = false

// alloc returns memory with a margin that has only canaries to guard it.
func alloc(_ testing.TB, size int) (bytes []byte, margin int) {
	margin = 256
	words := make([]uint64, (size+2*margin+7)/8+1) // aligned like every element type
	return unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), (size+7)/8*8+2*margin), margin
}
