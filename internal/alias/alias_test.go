package alias

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestAll compares all with the numbers of the elements, for all parts of a slice.
func TestAll(t *testing.T) {
	t.Run("uint8", testAll[uint8])
	t.Run("float64", testAll[float64])
}

func testAll[T any](t *testing.T) {
	const n = 7
	m := make([]T, n)
	for a := 0; a <= n; a++ {
		for b := a; b <= n; b++ {
			for c := 0; c <= n; c++ {
				for d := c; d <= n; d++ {
					common := a < b && c < d && a < d && c < b
					assert.Equal(t, common, Overlap(m[a:b], m[c:d]), "[%d:%d], [%d:%d]", a, b, c, d)
					if a < b && c < d { // the empty ones at the end begin elsewhere
						assert.Equal(t, c-a, Distance(m[a:b], m[c:d]))
					}
					if b-a == d-c {
						assert.Equal(t, common && a != c, Inexact(m[a:b], m[c:d]), "[%d:%d], [%d:%d]", a, b, c, d)
					}
				}
			}
		}
	}
	other := make([]T, n)
	assert.False(t, Overlap(m, other) || Inexact(m, other))
	assert.False(t, Overlap(m, nil) || Overlap(nil, m) || Overlap[T](nil, nil) || Inexact[T](nil, nil))
}
