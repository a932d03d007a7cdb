package optim

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/noise-reuse/nres/internal/codec"
	"github.com/noise-reuse/nres/vec"
)

func TestSGD(t *testing.T) {
	theta := []float64{1, 2}
	sgd := SGD[float64]{LR: 0.5}
	sgd.Step(theta, []float64{2, -4})
	assert.Equal(t, []float64{0, 4}, theta)

	heavy := SGD[float64]{LR: 0.5, Momentum: 0.25}
	heavy.Step(theta, []float64{2, -4}) // v = 2, −4
	heavy.Step(theta, []float64{1, 1})  // v = 1.5, 0
	assert.Equal(t, []float64{0 - 1 - 0.75, 4 + 2 - 0}, theta)
}

func TestAdam(t *testing.T) {
	// The first step of Adam is LR·sign(grad), but for Eps.
	theta := []float64{1, 1, 1}
	adam := NewAdam(0.1)
	adam.Step(theta, []float64{5, -1e-3, 0})
	assert.InDeltaSlice(t, []float64{0.9, 1.1, 1}, theta, 1e-5)
	assert.Equal(t, 1.0, theta[2])

	// The second and third, by algorithm 1 as it is printed.
	want, m, v := theta[0], 0.1*5, 0.001*25
	for step, g := range []float64{-3, 2} {
		m, v = 0.9*m+0.1*g, 0.999*v+0.001*g*g
		n := float64(step + 2)
		want -= 0.1 * (m / (1 - math.Pow(0.9, n))) / (math.Sqrt(v/(1-math.Pow(0.999, n))) + 1e-8)
		adam.Step(theta, []float64{g, 0, 0})
		assert.InDelta(t, want, theta[0], 1e-14)
	}

	root := NewAdam(0.1)
	root.EpsRoot = 1
	theta[0] = 0
	root.Step(theta, []float64{1, 0, 0})
	assert.InDelta(t, -0.1/math.Sqrt2, theta[0], 1e-9)
}

func TestClipUp(t *testing.T) {
	theta := []float64{1, 2}
	o := NewClipUp(1.0)
	o.Step(theta, []float64{300, -400}) // v = (0.3, −0.4)
	assert.InDeltaSlice(t, []float64{0.7, 2.4}, theta, 1e-15)
	o.Step(theta, []float64{0, 0}) // v = (0.27, −0.36)
	assert.InDeltaSlice(t, []float64{0.43, 2.76}, theta, 1e-15)
	o.Step(theta, []float64{6e-9, -8e-9}) // v = (0.243+0.3, −0.324−0.4), ‖v‖ = 0.905
	assert.InDeltaSlice(t, []float64{0.43 - 0.543, 2.76 + 0.724}, theta, 1e-15)
	o.Step(theta, []float64{6e-9, -8e-9}) // (0.7887, −1.0516) is too fast: (0.6, −0.8)
	assert.InDeltaSlice(t, []float64{0.43 - 0.543 - 0.6, 2.76 + 0.724 + 0.8}, theta, 1e-15)
}

// TestClipUpScale: the length of a gradient says nothing, be its square in range or not.
func TestClipUpScale(t *testing.T) {
	clipUpScale(t, []float32{1, 0x1p100, 0x1p-100})
	clipUpScale(t, []float64{1, 0x1p1000, 0x1p-1000})
}

func clipUpScale[F vec.Float](t *testing.T, scales []F) {
	step := func(theta, grad []F) []F {
		NewClipUp[F](1).Step(theta, grad)
		return theta
	}
	for _, scale := range scales {
		theta := step([]F{0, 0}, []F{3 * scale, -4 * scale})
		assert.Equal(t, []F{F(-0.1) * 3, F(0.1) * 4}, theta, "%g", scale)
	}
	assert.Equal(t, []F{1, 2}, step([]F{1, 2}, []F{0, 0}))
	for _, bad := range []float64{math.NaN(), math.Inf(1)} {
		assert.True(t, math.IsNaN(float64(step([]F{1, 2}, []F{F(bad), 0})[0])), "not to be hidden")
	}
}

func TestAddL2(t *testing.T) {
	grad := []float64{1, 2}
	AddL2(grad, 0.5, []float64{4, -2})
	assert.Equal(t, []float64{3, 1}, grad)
	assert.Panics(t, func() { AddL2(grad, 0.5, []float64{4}) })
}

func TestMismatch(t *testing.T) {
	for _, o := range []Optimizer[float32]{&SGD[float32]{LR: 1}, &SGD[float32]{LR: 1, Momentum: 0.5}, NewAdam[float32](1), NewClipUp[float32](1)} {
		assert.PanicsWithValue(t, badLength, func() { o.Step(make([]float32, 2), make([]float32, 3)) })
		x := []float32{1, 2, 3}
		for _, grad := range [][]float32{x[:2], x[1:]} {
			assert.PanicsWithValue(t, badOverlap, func() { o.Step(x[:2], grad) })
		}
		assert.Equal(t, []float32{1, 2, 3}, x)
	}
	for _, o := range []Optimizer[float32]{&SGD[float32]{LR: 1, Momentum: 0.5}, NewAdam[float32](1), NewClipUp[float32](1)} {
		o.Step(make([]float32, 2), make([]float32, 2))
		assert.PanicsWithValue(t, badLength, func() { o.Step(make([]float32, 3), make([]float32, 3)) }, "another length")
	}
}

func TestNoAllocation(t *testing.T) {
	theta, grad := make([]float32, 10), make([]float32, 10)
	for _, o := range []Optimizer[float32]{&SGD[float32]{LR: 1}, &SGD[float32]{LR: 1, Momentum: 0.5}, NewAdam[float32](1), NewClipUp[float32](1)} {
		o.Step(theta, grad)
		assert.Zero(t, testing.AllocsPerRun(10, func() { o.Step(theta, grad) }))
	}
}

func TestResume(t *testing.T) {
	fresh := map[string]func() Optimizer[float32]{
		"sgd":      func() Optimizer[float32] { return &SGD[float32]{} },
		"momentum": func() Optimizer[float32] { return &SGD[float32]{} },
		"adam":     func() Optimizer[float32] { return &Adam[float32]{} },
		"clipup":   func() Optimizer[float32] { return &ClipUp[float32]{} },
	}
	for name, first := range map[string]func() Optimizer[float32]{
		"sgd":      func() Optimizer[float32] { return &SGD[float32]{LR: 0.1} },
		"momentum": func() Optimizer[float32] { return &SGD[float32]{LR: 0.1, Momentum: 0.9} },
		"adam":     func() Optimizer[float32] { return NewAdam[float32](0.1) },
		"clipup":   func() Optimizer[float32] { return NewClipUp[float32](0.1) },
	} {
		run := func(stop bool) []float32 {
			theta, o := []float32{1, 2}, first()
			for i := 0; i < 5; i++ {
				if stop {
					state, err := o.MarshalBinary()
					assert.NoError(t, err)
					for n := range state {
						assert.Error(t, fresh[name]().UnmarshalBinary(state[:n]), "%s, %d bytes", name, n)
						bad := append([]byte(nil), state...)
						bad[n]++
						assert.Error(t, fresh[name]().UnmarshalBinary(bad), "%s, byte %d", name, n)
					}
					o = fresh[name]()
					assert.NoError(t, o.UnmarshalBinary(state))
				}
				o.Step(theta, []float32{theta[0] * 0.3, 1})
			}
			return theta
		}
		assert.Equal(t, run(false), run(true), name)
	}
	state, _ := NewAdam[float32](1).MarshalBinary()
	assert.EqualError(t, (&SGD[float32]{}).UnmarshalBinary(state), `optim: this state does not fit: it is of *optim.Adam[float32], not of *optim.SGD[float32]`)
	est := codec.Writer{}
	est.String("Method nres\nPhase stratified")
	assert.EqualError(t, (&SGD[float32]{}).UnmarshalBinary(est.Sum()), "optim: this state does not fit: it is not the state of an optimizer")
}

func TestPiecewise(t *testing.T) {
	for iteration, want := range map[int]float64{0: 1, 9: 1, 10: 0.5, 19: 0.5, 20: 0.125, 1000: 0.125} {
		assert.Equal(t, want, Piecewise(iteration, []int{10, 20}, []float64{0.5, 0.25}))
	}
	assert.Panics(t, func() { Piecewise(1, []int{1}, nil) })
}
