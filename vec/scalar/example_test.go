package scalar_test

import (
	"fmt"

	"github.com/noise-reuse/nres/vec"
	"github.com/noise-reuse/nres/vec/scalar"
)

// One number and a slice of them get the same bits.
func ExampleTanh() {
	y := []float32{0.3}
	vec.Tanh(y, y)
	fmt.Println(scalar.Tanh[float32](0.3) == y[0])
	// Output: true
}
