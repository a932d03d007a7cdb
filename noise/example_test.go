package noise_test

import (
	"encoding/json"
	"fmt"

	"github.com/noise-reuse/nres/noise"
)

// A worker's perturbation is a stream. It is made when it is needed, to perturb and
// again to sum up, and never stored.
func ExampleCombine() {
	root := noise.New(1)
	workers := make([]noise.Stream, 100_000)
	for i := range workers {
		workers[i] = root.Derive(uint64(i))
	}
	loss := func(theta []float64) float64 { return 3*theta[0] - 2*theta[1] }
	theta, plus, minus := []float64{5, 7}, make([]float64, 2), make([]float64, 2)
	const sigma = 0.1
	weights := make([]float64, len(workers))
	for i, s := range workers {
		noise.PerturbPair(plus, minus, theta, sigma, s, 0)
		weights[i] = (loss(plus) - loss(minus)) / (2 * sigma * float64(len(workers)))
	}
	grad := make([]float64, 2)
	noise.Combine(grad, weights, workers, 0)
	fmt.Printf("%.1f\n", grad)
	// Output: [3.0 -2.0]
}

// A stream is two numbers. Who has them has the noise: this machine, another one, or the
// same one tomorrow.
func ExampleStream() {
	message, err := json.Marshal(noise.New(7).Derive(3, 1)) // such as worker 3, episode 1
	if err != nil {
		fmt.Println(err)
		return
	}
	var s noise.Stream
	if err := json.Unmarshal(message, &s); err != nil {
		fmt.Println(err)
		return
	}
	normals, signs := make([]float32, 3), make([]float32, 6)
	noise.Fill(normals, s, 1_000_000) // elements 1,000,000 to 1,000,002
	noise.FillSigns(signs, s, 0)
	fmt.Println(string(message), normals, signs)
	// Output: {"Key":9582953634906923732,"Sub":7982507064331430020} [0.17310622 -0.35979483 -2.523443] [-1 -1 1 1 -1 1]
}

// Elements can be had in any order and in parts.
func ExampleFill() {
	s := noise.New(7).Derive(3, 1)
	whole, part := make([]float32, 8), make([]float32, 3)
	noise.Fill(whole, s, 0)
	noise.Fill(part, s, 5)
	fmt.Println(part[0] == whole[5], part[1] == whole[6], part[2] == whole[7])
	// Output: true true true
}
