package estimator_test

import (
	"fmt"

	"github.com/noise-reuse/nres/estimator"
	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/optim"
)

// leaky is a tank: θ is what flows in at each step, a tenth of the level flows out,
// and the level is to be 5.
type leaky struct{}

func (leaky) ParamLen() int                    { return 1 }
func (leaky) StateLen() int                    { return 1 }
func (leaky) Horizon() int                     { return 60 }
func (leaky) Init(s []float64, _ noise.Stream) { s[0] = 0 }
func (leaky) Step(s, theta []float64, _ int, _ noise.Stream) float64 {
	s[0] += theta[0] - float64(0.1*s[0])
	return float64((s[0] - 5) * (s[0] - 5))
}

func Example() {
	est, err := estimator.New[float64](leaky{}, estimator.Config{Workers: 30, Window: 10, Sigma: 0.1})
	if err != nil {
		fmt.Println(err)
		return
	}
	theta, grad := []float64{0}, []float64{0}
	sgd := optim.SGD[float64]{LR: 0.01}
	for i := 0; i < 500; i++ {
		if _, err := est.Gradient(grad, theta); err != nil {
			fmt.Println(err)
			return
		}
		sgd.Step(theta, grad)
	}
	fmt.Printf("inflow %.2f after %d steps\n", theta[0], est.Steps().Total)
	// Output: inflow 0.52 after 301500 steps
}

// A service tunes a knob while it serves: half of its traffic runs with θ+σε, the
// other half with θ−σε, for the next 10 requests.
func ExampleAskTell() {
	at, err := estimator.NewAskTell[float64](1, 20, estimator.Config{Workers: 1, Window: 10, Sigma: 0.1})
	if err != nil {
		fmt.Println(err)
		return
	}
	cost := func(knob float64) float64 { return (knob - 2) * (knob - 2) } // of one request
	theta, plus, minus, grad := []float64{0}, []float64{0}, []float64{0}, []float64{0}
	sgd := optim.SGD[float64]{LR: 0.05}
	for i := 0; i < 400; i++ {
		q := at.Ask(0, plus, minus, theta)
		n := float64(q.Steps)
		if err := at.Tell(q, n*cost(plus[0]), n*cost(minus[0])); err != nil {
			fmt.Println(err)
			return
		}
		at.Gradient(grad)
		sgd.Step(theta, grad)
	}
	fmt.Printf("knob %.1f\n", theta[0])
	// Output: knob 2.0
}
