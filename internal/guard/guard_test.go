package guard

import (
	"fmt"
	"runtime/debug"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
)

func TestMemory(t *testing.T) {
	t.Run("uint32", testMemory[uint32])
	t.Run("float64", testMemory[float64])
}

func testMemory[T Elem](t *testing.T) {
	// touch reports whether element i, counted from &s[0], can be written to.
	touch := func(s []T, i int) (ok bool) {
		defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
		defer func() { ok = recover() == nil }()
		*(*T)(unsafe.Add(unsafe.Pointer(&s[0]), i*int(unsafe.Sizeof(s[0])))) = 1
		return true
	}
	// noticed reports whether writing there fails the check.
	noticed := func(m *Memory[T], s []T, i int) bool {
		rec := &recorder{TB: t}
		touch(s, i)
		m.Check(rec)
		return rec.failure != ""
	}

	m := New[T](t, 1010)
	assert.GreaterOrEqual(t, m.Len(), 1010)
	for _, n := range []int{1, 2, 17, 1000} {
		if pages {
			assert.False(t, touch(m.Begin(n), -1), "before the beginning")
			assert.False(t, touch(m.End(n), n), "after the end")
		} else {
			assert.True(t, noticed(m, m.Begin(n), -1), "before the beginning")
			assert.True(t, noticed(m, m.End(n), n), "after the end")
		}
		assert.True(t, noticed(m, m.Begin(n), n), "after the elements")
		assert.True(t, noticed(m, m.End(n), -1), "before the elements")
		s := m.At(7, n)
		for i := range s {
			assert.Zero(t, s[i])
			assert.False(t, noticed(m, s, i), "element %d of %d", i, n)
		}
		assert.True(t, noticed(m, m.At(7, n), -7))
	}
	m.Begin(0)
	m.Check(t)
	m.End(0)
	m.Check(t)
	assert.NotPanics(t, func() { New[T](t, 0).Begin(0) })
}

type recorder struct {
	testing.TB
	failure string
}

func (r *recorder) Helper() {}
func (r *recorder) Fatalf(format string, args ...any) {
	r.failure = fmt.Sprintf(format, args...)
}
