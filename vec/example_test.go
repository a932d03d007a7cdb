package vec_test

import (
	"fmt"

	"github.com/noise-reuse/nres/vec"
)

func ExampleAxpy() {
	y := []float32{1, 2, 3}
	vec.Axpy(y, 0.5, []float32{2, 4, 8})
	fmt.Println(y)
	// Output: [2 4 7]
}

// A row of a matrix product: 2·(1, 2, 3) − (4, 5, 6), rows that begin at 0 and 3 of x.
func ExampleAxpyRows() {
	x := []float32{1, 2, 3, 4, 5, 6}
	y := make([]float32, 3)
	vec.AxpyRows(y, []float32{2, -1}, x, []int{0, 3})
	fmt.Println(y)
	// Output: [-2 -1 0]
}

func ExampleDot() {
	fmt.Println(vec.Dot([]float64{1, 2, 3}, []float64{4, 5, 6}))
	// Output: 32
}

func ExampleExp() {
	x := []float32{-1, 0, 1}
	vec.Exp(x, x) // in place
	fmt.Println(x)
	// Output: [0.36787945 1 2.7182817]
}
