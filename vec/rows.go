package vec

import "github.com/noise-reuse/nres/internal/alias"

const (
	badRow        = "vec: a row is out of range"
	badRowOverlap = "vec: y overlaps a or x"
)

// AxpyRows adds a sum of rows of x, each times a number, to y, which is how a product
// of matrices, or a convolution, becomes loops over rows:
//
//	for k := range a {
//		for i := range y {
//			y[i] += F(a[k] * x[at[k]+i])
//		}
//	}
//
// It has the same bits as one [Axpy] a row, in order, but y stays in registers while
// rows go by: it takes a fifth to two thirds of the time. Rows may overlap. It panics, with
// y as it was, if the lengths of a and at do not match, if a row is not in x, or if y
// overlaps a or x.
func AxpyRows[F Float](y []F, a []F, x []F, at []int) {
	if len(a) != len(at) {
		panic(badLength)
	}
	if len(at) > 0 && (len(y) > len(x) || !within(at, len(x)-len(y))) {
		panic(badRow)
	}
	if alias.Overlap(y, x) || alias.Overlap(y, a) {
		panic(badRowOverlap)
	}
	axpyRows(y, a, x, at)
}

// within says whether no element of at is less than 0 or more than most. It has no
// branches, and registers of its own: for short rows the check takes as long as the sum.
//
//go:noinline
func within(at []int, most int) bool {
	signs := 0
	for _, k := range at {
		signs |= k | (most - k)
	}
	return signs >= 0
}
