package baseline_test

import (
	"fmt"

	"github.com/noise-reuse/nres/baseline"
	"github.com/noise-reuse/nres/tasks"
)

// Influence balancing, where θ's short and long run disagree: truncated backpropagation
// says that θ should grow, the whole gradient that it should fall.
func Example() {
	sys, err := tasks.NewInfluence[float64](tasks.InfluenceHorizon)
	if err != nil {
		fmt.Println(err)
		return
	}
	theta, grad := []float64{tasks.InfluenceStart}, make([]float64, 1)
	for _, cfg := range []baseline.Config{
		{Method: baseline.BPTT, Workers: 1},
		{Method: baseline.RTRL, Workers: 50, Window: 10},
		{Method: baseline.TBPTT, Workers: 50, Window: 10},
	} {
		est, err := baseline.New[float64](sys, cfg)
		if err == nil {
			_, err = est.Gradient(grad, theta)
		}
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%-5v %7.2f\n", cfg.Method, grad[0])
	}
	// Output:
	// bptt    26.34
	// rtrl    26.34
	// tbptt  -17.96
}
