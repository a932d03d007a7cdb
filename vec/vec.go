package vec

import (
	"github.com/noise-reuse/nres/internal/alias"
	"github.com/noise-reuse/nres/vec/scalar"
)

// Float is the constraint of the element types.
type Float = scalar.Float

const (
	badLength  = "vec: slice lengths do not match"
	badOverlap = "vec: slices overlap inexactly"
)

// Exported functions are nothing but a call, so that they are inlined. What they call, in
// vec_asm.go and vec_noasm.go, also checks the arguments.

// checkLength panics unless the slices have one length.
func checkLength[F Float](a, b []F) {
	if len(a) != len(b) {
		panic(badLength)
	}
}

// check panics unless x is as long as dst and either dst itself or apart from it.
func check[F Float](dst, x []F) {
	checkLength(dst, x)
	if alias.Inexact(dst, x) {
		panic(badOverlap)
	}
}

// Add stores the sum of a and b in dst:
//
//	for i := range dst {
//		dst[i] = a[i] + b[i]
//	}
//
// dst may be a or b. It panics if the argument lengths do not match or if dst
// overlaps an input inexactly. It costs one pass over memory.
func Add[F Float](dst, a, b []F) { add(dst, a, b) }

// Sub stores the difference of a and b in dst:
//
//	for i := range dst {
//		dst[i] = a[i] - b[i]
//	}
//
// dst may be a or b. It panics if the argument lengths do not match or if dst
// overlaps an input inexactly. It costs one pass over memory.
func Sub[F Float](dst, a, b []F) { sub(dst, a, b) }

// Mul stores the element-wise product of a and b in dst:
//
//	for i := range dst {
//		dst[i] = a[i] * b[i]
//	}
//
// dst may be a or b. It panics if the argument lengths do not match or if dst
// overlaps an input inexactly. It costs one pass over memory.
func Mul[F Float](dst, a, b []F) { mul(dst, a, b) }

// MulAdd stores the element-wise product of a and b plus c in dst. It is not a
// fused multiply-add: the product is rounded, then the sum.
//
//	for i := range dst {
//		dst[i] = F(a[i]*b[i]) + c[i]
//	}
//
// dst may be a, b or c. It panics if the argument lengths do not match or if dst
// overlaps an input inexactly. It costs one pass over memory.
func MulAdd[F Float](dst, a, b, c []F) { mulAdd(dst, a, b, c) }

// Axpy adds a times x to y:
//
//	for i := range y {
//		y[i] += F(a * x[i])
//	}
//
// y may be x. It panics if the argument lengths do not match or if y overlaps x
// inexactly. It costs one pass over memory.
func Axpy[F Float](y []F, a F, x []F) { axpy(y, a, x) }

// Scale stores a times x in dst:
//
//	for i := range dst {
//		dst[i] = a * x[i]
//	}
//
// dst may be x. It panics if the argument lengths do not match or if dst
// overlaps x inexactly. It costs one pass over memory.
func Scale[F Float](dst []F, a F, x []F) { scale(dst, a, x) }

// Dot returns the sum of
//
//	F(a[i] * b[i])
//
// added in the order that the package documentation gives; +0 if there are no
// elements. a and b may overlap in any way. It panics if the argument lengths do
// not match. It costs one pass over memory.
func Dot[F Float](a, b []F) F { return dot(a, b) }

// Sum returns the sum of the elements of x, added in the order that the package
// documentation gives; +0 if there are none. It costs one pass over memory.
func Sum[F Float](x []F) F { return sum(x) }

// SumSq returns the sum of the squares of the elements of x. It is Dot(x, x). It
// costs one pass over memory.
func SumSq[F Float](x []F) F { return sumSq(x) }

// Exp stores the exponential of x in dst:
//
//	for i := range dst {
//		dst[i] = scalar.Exp(x[i])
//	}
//
// Errors and special cases are those of [scalar.Exp]. dst may be x. It panics if
// the argument lengths do not match or if dst overlaps x inexactly. An element
// costs 27 operations (float32) or 37 (float64), none a division, whatever
// its value.
func Exp[F Float](dst, x []F) { exp(dst, x) }

// Tanh stores the hyperbolic tangent of x in dst:
//
//	for i := range dst {
//		dst[i] = scalar.Tanh(x[i])
//	}
//
// Errors and special cases are those of [scalar.Tanh]. dst may be x. It panics if
// the argument lengths do not match or if dst overlaps x inexactly. An element
// costs 26 operations (float32) or 37 (float64), one a division, whatever
// its value.
func Tanh[F Float](dst, x []F) { tanh(dst, x) }

// Sqrt stores the square root of x, correctly rounded, in dst:
//
//	for i := range dst {
//		dst[i] = F(math.Sqrt(float64(x[i])))
//	}
//
// The root of -0 is -0, that of a number below 0 is NaN. dst may be x. It panics
// if the argument lengths do not match or if dst overlaps x inexactly. An element
// costs one square root.
func Sqrt[F Float](dst, x []F) { sqrt(dst, x) }
