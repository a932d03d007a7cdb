package codec

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestRoundTrip(t *testing.T) {
	var w Writer
	w.Uint(1<<63 + 5)
	w.Int(-7)
	w.Float(math.Inf(-1))
	w.Bool(true)
	w.String("θ")
	Floats(&w, []float32{1.5, float32(math.Copysign(0, -1))})
	Floats(&w, []float64{math.Pi})
	Floats(&w, []float64(nil))
	read := func(b []byte) error {
		r := Reader{B: b}
		assert.EqualValues(t, uint64(1<<63+5), r.Uint())
		assert.Equal(t, -7, r.Int())
		assert.Equal(t, math.Inf(-1), r.Float())
		assert.True(t, r.Bool())
		assert.Equal(t, "θ", r.String())
		x := ReadFloats[float32](&r)
		assert.Equal(t, []float32{1.5, 0}, x)
		assert.True(t, math.Signbit(float64(x[1])))
		assert.Equal(t, []float64{math.Pi}, ReadFloats[float64](&r))
		assert.Empty(t, ReadFloats[float64](&r))
		return r.End()
	}
	assert.NoError(t, read(w.B))
	assert.ErrorContains(t, read(append(w.B, 0)), "after the end")
	for n := range w.B {
		r := Reader{B: w.B[:n]}
		r.Uint()
		r.Int()
		r.Float()
		r.Bool()
		_ = r.String()
		ReadFloats[float32](&r)
		ReadFloats[float64](&r)
		ReadFloats[float64](&r)
		assert.ErrorIs(t, r.End(), ErrShort, "%d bytes", n)
	}
	// A length that isn't true doesn't allocate.
	var huge Writer
	huge.Uint(1 << 60)
	r := Reader{B: huge.B}
	assert.Nil(t, ReadFloats[float64](&r))
	assert.Error(t, r.Err)
}

// TestSum: what was cut off, extended, or changed anywhere is refused.
func TestSum(t *testing.T) {
	var w Writer
	w.String("a state")
	w.Float(0.25)
	good := w.Sum()
	read := func(b []byte) error {
		r := Checked(b)
		_, _ = r.String(), r.Float()
		return r.End()
	}
	assert.NoError(t, read(good))
	assert.Error(t, read(append(append([]byte(nil), good...), 0)))
	for n := range good {
		assert.Error(t, read(good[:n]), "cut off at %d", n)
		for bit := 0; bit < 8; bit++ {
			bad := append([]byte(nil), good...)
			bad[n] ^= 1 << bit
			assert.Error(t, read(bad), "bit %d of byte %d", bit, n)
		}
	}
}
