package vec

import (
	"math"

	"github.com/noise-reuse/nres/vec/scalar"
)

// This file is the specification: other implementations return its bits. A
// product that is added to something is converted, F(a*b), because the compiler
// may fuse the two otherwise. Lengths have been checked by the caller.

func addGeneric[F Float](dst, a, b []F) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = a[i] + b[i]
	}
}

func subGeneric[F Float](dst, a, b []F) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = a[i] - b[i]
	}
}

func mulGeneric[F Float](dst, a, b []F) {
	a, b = a[:len(dst)], b[:len(dst)]
	for i := range dst {
		dst[i] = a[i] * b[i]
	}
}

func mulAddGeneric[F Float](dst, a, b, c []F) {
	a, b, c = a[:len(dst)], b[:len(dst)], c[:len(dst)]
	for i := range dst {
		dst[i] = F(a[i]*b[i]) + c[i]
	}
}

func axpyGeneric[F Float](y []F, a F, x []F) {
	x = x[:len(y)]
	for i := range y {
		y[i] += F(a * x[i])
	}
}

func axpyRowsGeneric[F Float](y []F, a []F, x []F, at []int) {
	for k, v := range a {
		axpyGeneric(y, v, x[at[k]:at[k]+len(y)])
	}
}

func scaleGeneric[F Float](dst []F, a F, x []F) {
	x = x[:len(dst)]
	for i := range dst {
		dst[i] = a * x[i]
	}
}

func expGeneric[F Float](dst, x []F) {
	x = x[:len(dst)]
	for i := range dst {
		dst[i] = scalar.Exp(x[i])
	}
}

func tanhGeneric[F Float](dst, x []F) {
	x = x[:len(dst)]
	for i := range dst {
		dst[i] = scalar.Tanh(x[i])
	}
}

// The float64 root rounded to float32 is the float32 root: 53 bits are more
// than twice 24 and two.
func sqrtGeneric[F Float](dst, x []F) {
	x = x[:len(dst)]
	for i := range dst {
		dst[i] = F(math.Sqrt(float64(x[i])))
	}
}

// A reduction keeps 4 rows of 16 lanes, acc[16*row+lane], and as many elements
// make a block. Inputs of one row or less do without the other three.
const (
	lanes = 16
	block = 4 * lanes
)

func dotGeneric[F Float](a, b []F) F {
	b = b[:len(a)]
	if len(a) <= lanes {
		var row [lanes]F
		for i := range a {
			row[i] += F(a[i] * b[i])
		}
		return foldLanes(&row)
	}
	var acc [block]F
	for len(a) >= block {
		p, q := (*[block]F)(a), (*[block]F)(b)
		for i := range acc {
			acc[i] += F(p[i] * q[i])
		}
		a, b = a[block:], b[block:]
	}
	for i := range a {
		acc[i] += F(a[i] * b[i])
	}
	return foldRows(&acc)
}

func sumGeneric[F Float](x []F) F {
	if len(x) <= lanes {
		var row [lanes]F
		for i := range x {
			row[i] += x[i]
		}
		return foldLanes(&row)
	}
	var acc [block]F
	for len(x) >= block {
		p := (*[block]F)(x)
		for i := range acc {
			acc[i] += p[i]
		}
		x = x[block:]
	}
	for i := range x {
		acc[i] += x[i]
	}
	return foldRows(&acc)
}

func sumSqGeneric[F Float](x []F) F { return dotGeneric(x, x) }

func foldRows[F Float](acc *[block]F) F {
	var row [lanes]F
	for j := range row {
		row[j] = (acc[j] + acc[lanes+j]) + (acc[2*lanes+j] + acc[3*lanes+j])
	}
	return foldLanes(&row)
}

func foldLanes[F Float](v *[lanes]F) F {
	a := (v[0] + v[8]) + (v[4] + v[12])
	b := (v[2] + v[10]) + (v[6] + v[14])
	c := (v[1] + v[9]) + (v[5] + v[13])
	d := (v[3] + v[11]) + (v[7] + v[15])
	return (a + b) + (c + d)
}
