package unroll

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/noise-reuse/nres/noise"
)

// TestTelescope: recorder's loss at step t is t, so that of each telescoped step is 1.
func TestTelescope(t *testing.T) {
	var steps []int
	sys := Telescope[float32](recorder{&steps})
	assert.Equal(t, 2, sys.StateLen())
	assert.Equal(t, 1, sys.ParamLen())
	assert.Equal(t, 1000, sys.Horizon())
	s, theta := []float32{9, 9}, []float32{2}
	sys.Init(s, noise.Stream{})
	assert.Equal(t, []float32{0, 0}, s)
	for i := 1; i <= 5; i++ {
		assert.Equal(t, float32(1), sys.Step(s, theta, i, noise.Stream{}))
		assert.Equal(t, []float32{float32(2 * i), float32(i)}, s)
	}
	assert.Equal(t, 995.0, Window[float32](sys, s, theta, 5, 995, noise.Stream{}), "L_1000 − L_5")
	assert.Len(t, steps, 1000)
	assert.PanicsWithValue(t, "unroll: there is no system to telescope", func() { Telescope[float32](nil) })
	assert.PanicsWithValue(t, "unroll: there is no system to telescope", func() { Telescope[float32]((*pair)(nil)) })
}
