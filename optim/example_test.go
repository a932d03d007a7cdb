package optim_test

import (
	"fmt"

	"github.com/noise-reuse/nres/optim"
)

// Adam goes down (θ_0 − 3)² + 10·(θ_1 + 1)², with a learning rate that falls to a tenth.
func Example() {
	theta, grad := []float64{0, 0}, []float64{0, 0}
	adam := optim.NewAdam(0.1)
	for i := 0; i < 400; i++ {
		grad[0], grad[1] = 2*(theta[0]-3), 20*(theta[1]+1)
		adam.LR = 0.1 * optim.Piecewise(i, []int{200}, []float64{0.1})
		adam.Step(theta, grad)
	}
	fmt.Printf("%.3f\n", theta)
	// Output: [3.000 -1.000]
}
