// Package guard gives tests memory that shows what was touched beyond it.
package guard

import (
	"bytes"
	"testing"
	"unsafe"
)

// Elem is the constraint of the element types.
type Elem interface{ ~uint32 | ~float32 | ~float64 }

// Memory is room for elements. What a test has not asked for is filled with a
// canary, which Check looks at. On Linux and macOS the room lies between two pages
// that the process must not touch, so that reading beyond its ends crashes, too.
type Memory[T Elem] struct {
	bytes []byte // the room, and elsewhere than on Linux and macOS a margin on both sides
	room  []T
	used  []T
}

// canary is no common number in any type, and large and finite as a float.
const canary = 0x6B

// New returns room for n elements or some more, until the end of the test.
func New[T Elem](tb testing.TB, n int) *Memory[T] {
	tb.Helper()
	size := int(unsafe.Sizeof(*new(T)))
	bytes, margin := alloc(tb, n*size)
	room := (len(bytes) - 2*margin) / size
	return &Memory[T]{bytes, unsafe.Slice((*T)(unsafe.Pointer(&bytes[margin])), room), nil}
}

// Len returns how many elements there is room for.
func (m *Memory[T]) Len() int { return len(m.room) }

// Begin returns n elements from the beginning of the room on: what comes before
// them must not be touched.
func (m *Memory[T]) Begin(n int) []T { return m.At(0, n) }

// End returns n elements up to the end of the room: what comes after them must not
// be touched.
func (m *Memory[T]) End(n int) []T { return m.At(len(m.room)-n, n) }

// At returns n elements from element i of the room on. They are zero; earlier ones
// that it or Begin or End returned must not be used any more.
func (m *Memory[T]) At(i, n int) []T {
	m.bytes[0] = canary
	for done := 1; done < len(m.bytes); done *= 2 {
		copy(m.bytes[done:], m.bytes[:done])
	}
	m.used = m.room[i : i+n : i+n]
	for j := range m.used {
		m.used[j] = 0
	}
	return m.used
}

// Check fails the test if memory around the elements in use was written to.
func (m *Memory[T]) Check(tb testing.TB) {
	tb.Helper()
	first, size := 0, len(m.used)*int(unsafe.Sizeof(*new(T)))
	if size > 0 {
		first = int(uintptr(unsafe.Pointer(&m.used[0])) - uintptr(unsafe.Pointer(&m.bytes[0])))
	}
	before, after := m.bytes[:first], m.bytes[first+size:]
	if n := bytes.Count(before, []byte{canary}); n < len(before) {
		tb.Fatalf("guard: %d bytes before %d elements were written to", len(before)-n, len(m.used))
	}
	if n := bytes.Count(after, []byte{canary}); n < len(after) {
		tb.Fatalf("guard: %d bytes after %d elements were written to", len(after)-n, len(m.used))
	}
}
