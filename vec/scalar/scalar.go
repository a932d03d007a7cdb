package scalar

import (
	"math"
	"unsafe"
)

// Float is the constraint of the element types.
type Float interface{ float32 | float64 }

// Exp returns e**x, at most 0.989 ULP (float32, every input tried) or less than
// 1 ULP (float64, 0.97 found) off.
// Results below the smallest normal number lose bits gradually.
//
// Special cases are:
//
//	Exp(±0) = 1
//	Exp(+Inf) = +Inf
//	Exp(-Inf) = 0
//	Exp(NaN) = NaN
//
// Large arguments overflow to +Inf or underflow to 0.
func Exp[F Float](x F) F {
	if unsafe.Sizeof(x) == 4 { // a constant in either instantiation
		return F(exp32(float32(x)))
	}
	return F(exp64(float64(x)))
}

// Tanh returns the hyperbolic tangent of x, at most 1.859 ULP (float32, every
// input tried; 0.61 where |x| ≤ 1/4) or 1.9 ULP (float64, 1.79 found) off.
// Tanh(-x) is exactly -Tanh(x), and |Tanh(x)| ≤ 1.
//
// Special cases are:
//
//	Tanh(±0) = ±0
//	Tanh(±Inf) = ±1
//	Tanh(NaN) = NaN
func Tanh[F Float](x F) F {
	if unsafe.Sizeof(x) == 4 {
		return F(tanh32(float32(x)))
	}
	return F(tanh64(float64(x)))
}

// Log returns the natural logarithm of x, less than 1 ULP off (float64), or
// rounded from that (float32).
//
// Special cases are:
//
//	Log(1) = +0
//	Log(+Inf) = +Inf
//	Log(±0) = -Inf
//	Log(x < 0) = NaN
//	Log(NaN) = NaN
func Log[F Float](x F) F { return F(log64(float64(x))) }

// Sin returns the sine of x radians, for every finite x less than 1 ULP off
// (float64), or rounded from that (float32).
//
// Special cases are:
//
//	Sin(±0) = ±0
//	Sin(±Inf) = NaN
//	Sin(NaN) = NaN
func Sin[F Float](x F) F {
	q, y, tail := reduce(float64(x))
	return F(sinCos(q, y, tail))
}

// Cos returns the cosine of x radians, for every finite x less than 1 ULP off
// (float64), or rounded from that (float32).
//
// Special cases are:
//
//	Cos(±0) = 1
//	Cos(±Inf) = NaN
//	Cos(NaN) = NaN
func Cos[F Float](x F) F {
	q, y, tail := reduce(float64(x))
	return F(sinCos(q+1, y, tail))
}

func log64(x float64) float64 {
	switch {
	case x != x || x > math.MaxFloat64:
		return x
	case x < 0:
		return math.NaN()
	case x == 0:
		return math.Inf(-1)
	}
	k := 0.0
	if x < 0x1p-1022 { // denormal
		x *= 0x1p54
		k = -54
	}

	// x = 2**k m with m in [√½, √2), so that k = 0 next to 1.
	const one, sqrtHalf = 0x3ff0000000000000, 0x3fe6a09e667f3bcd
	i := math.Float64bits(x) + (one - sqrtHalf)
	k += float64(int(i>>52) - 1023)
	m := math.Float64frombits(i&(1<<52-1) + sqrtHalf)

	// log(1+f) = 2 atanh(s), s = f/(2+f), in the form that keeps f exact:
	// f - (f²/2 - s(f²/2 + R)), R = 2 atanh(s)/s - 2.
	//
	// R(z = s²): fpminimax(2*atanh(sqrt(z))/sqrt(z)-2, [|1,...,7|], [|D...|],
	// [0;0.0296], absolute), error of the logarithm 2^-59.4.
	const (
		l1 = 0x1.5555555555595p-1
		l2 = 0x1.999999997eec4p-2
		l3 = 0x1.24924942d1b26p-2
		l4 = 0x1.c71c51488b3bdp-3
		l5 = 0x1.74666886a4212p-3
		l6 = 0x1.399d55920e13p-3
		l7 = 0x1.2f339f2b7bc93p-3
	)
	f := m - 1
	s := f / (2 + f)
	z := s * s
	w := z * z
	odd := l1 + float64(w*(l3+float64(w*(l5+float64(w*l7)))))
	even := l2 + float64(w*(l4+float64(w*l6)))
	r := float64(z*odd) + float64(w*even)
	h := float64(0.5 * float64(f*f))
	return float64(k*ln2Hi64) - ((h - (float64(s*(h+r)) + float64(k*ln2Lo64))) - f)
}
