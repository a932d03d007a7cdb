package special

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestValues(t *testing.T) {
	t.Run("float32", testValues[float32])
	t.Run("float64", testValues[float64])
}

func testValues[F Float](t *testing.T) {
	v, w := make([]F, 10000), make([]F, 10000)
	Values(v, 1, 64)
	Values(w, 1, 64)
	assert.Equal(t, -1, Differ(v, w), "the same seed")
	Values(w, 2, 64)
	assert.LessOrEqual(t, 0, Differ(v, w), "another")
	n := map[string]int{}
	for _, x := range v {
		switch {
		case x == 0 && !math.Signbit(float64(x)):
			n["0"]++
		case x == 0:
			n["-0"]++
		case x != x:
			n["NaN"]++
		case x-x != 0 && x > 0:
			n["+Inf"]++
		case x-x != 0:
			n["-Inf"]++
		case x/2*2 != x:
			n["subnormal"]++
		case x*2-x*2 != 0:
			n["huge"]++
		}
	}
	for _, kind := range []string{"0", "-0", "NaN", "+Inf", "-Inf", "subnormal", "huge"} {
		assert.Greater(t, n[kind], 20, "%s in %v", kind, n)
	}
	Values(v, 3, 0)
	for _, x := range v {
		assert.False(t, x-x != 0, "none are special")
	}
}

func TestSame(t *testing.T) {
	nan, zero := math.NaN(), 0.0
	assert.True(t, Same(nan, -nan))
	assert.True(t, Same(1.5, 1.5))
	assert.False(t, Same(zero, -1/math.Inf(1)))
	assert.False(t, Same(nan, 1))
	assert.False(t, Same(1, nan))
	assert.Equal(t, 2, Differ([]float32{1, 2, 3}, []float32{1, 2, 4}))
}
