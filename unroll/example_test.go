package unroll_test

import (
	"fmt"

	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/unroll"
	"github.com/noise-reuse/nres/vec"
	"github.com/noise-reuse/nres/vec/scalar"
)

// neuron feeds itself: s ← tanh(a·s + b), θ = (a, b), and s is to be ½.
type neuron struct{}

func (neuron) ParamLen() int                    { return 2 }
func (neuron) StateLen() int                    { return 1 }
func (neuron) Horizon() int                     { return 500 }
func (neuron) Init(s []float32, _ noise.Stream) { s[0] = 0 }

// Step is enough for a system to work.
func (neuron) Step(s, theta []float32, _ int, _ noise.Stream) float32 {
	s[0] = scalar.Tanh(float32(theta[0]*s[0]) + theta[1])
	e := s[0] - 0.5
	return float32(e * e)
}

// WindowLanes makes it fast: each operation is one of package vec on a row, which has
// an element of each particle. The operations are those of Step, each rounded, in the
// same order; MulAdd rounds twice.
func (neuron) WindowLanes(s, theta []float32, t0 []int, n int, _ []noise.Stream, sum []float32) {
	var half, row [unroll.MaxLanes]float32
	w := len(sum)
	a, b := theta[:w], theta[w:]
	e := row[:w]
	for j := range half {
		half[j] = 0.5
	}
	for ; n > 0; n-- {
		vec.MulAdd(s, a, s, b)
		vec.Tanh(s, s)
		vec.Sub(e, s, half[:w])
		vec.MulAdd(sum, e, e, sum)
	}
}

// A system needs five methods. Window unrolls it, here for a whole episode.
func ExampleWindow() {
	var sys neuron
	s, env := make([]float32, sys.StateLen()), noise.New(1)
	sys.Init(s, env)
	loss := unroll.Window[float32](sys, s, []float32{0.9, 0.1}, 0, sys.Horizon(), env)
	fmt.Printf("state %.3f, mean loss %.4f\n", s[0], loss/float64(sys.Horizon()))
	// Output: state 0.502, mean loss 0.0008
}

// forgetful has a counter, which its Init leaves as the last episode left it.
type forgetful struct{ neuron }

func (forgetful) StateLen() int { return 2 }
func (forgetful) Step(s, theta []float32, t int, env noise.Stream) float32 {
	s[1]++
	return neuron{}.Step(s[:1], theta, t, env)
}

// CheckSystem belongs in the tests of every system.
func ExampleCheckSystem() {
	fmt.Println(unroll.CheckSystem[float32](neuron{}, []float32{0.9, 0.1}, 0.5, 1))
	fmt.Println(unroll.CheckSystem[float32](forgetful{}, []float32{0.9, 0.1}, 0.5, 1))
	// Output:
	// <nil>
	// unroll: Init of unroll_test.forgetful doesn't set element 1 of the state, or not by env alone
}

// A system written for many particles side by side. CheckLanes compares it with Step.
func ExampleLaner() {
	err := unroll.CheckLanes[float32](neuron{}, []float32{0.9, 0.1}, 0.5, 1)
	fmt.Println("differences:", err)
	// Output: differences: <nil>
}
