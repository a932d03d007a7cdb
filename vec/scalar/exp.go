package scalar

import "math"

// Exp and tanh are made for vectors: no branch that a select cannot replace,
// no table, no fused multiply-add. Vector kernels repeat them operation by
// operation; only which operand a minimum returns for a NaN is theirs to get
// right (the NaN, always).
//
// Adding 1.5·2^23 (1.5·2^52) to x/ln2 rounds it to an integer n and leaves n in
// the low bits; a small integer added to that constant puts the exponent bias
// there too. Even and odd powers of a polynomial are summed apart where that
// costs nothing or next to it: half the latency of Horner's rule.

const (
	log2E32 = 0x1.715476p0
	ln2_32  = 0x1.62e43p-1 // ln 2 to 21 bits and yet to 2^-28 relative
	ln2Hi32 = 0x1.62e4p-1  // 15 bits: n·ln2Hi32 is exact
	ln2Lo32 = 0x1.7f7d1cp-20

	log2E64 = 0x1.71547652b82fep0
	ln2Hi64 = 0x1.62e42fefa38p-1 // 42 bits: n·ln2Hi64 is exact
	ln2Lo64 = 0x1.ef35793c7673p-45
)

// Exp writes x = n ln2 + r with |r| ≤ ln2/2.
//
// exp r = 1 + r + r² P(r): fpminimax(exp(r), [|2,...,d|], [|SG...|] or [|D...|],
// [-1.001*log(2)/2; 1.001*log(2)/2], relative, 1+r), d = 6 or 11, relative errors
// 2^-28 and 2^-57.9. A search over neighbouring coefficients then took the
// float32 result from 1.02 to 0.99 ULP.

func exp32(x float32) float32 {
	const (
		shift = 0x1.8p23 + 2*127
		c2    = 0x1.fffff6p-2
		c3    = 0x1.55542ep-3
		c4    = 0x1.5559c6p-5
		c5    = 0x1.126874p-7
		c6    = 0x1.6a30eap-10
	)
	// The bounds themselves overflow to +Inf and underflow to 0.
	if x > 89 {
		x = 89
	}
	if x < -104 {
		x = -104
	}
	t := float32(x*log2E32) + shift
	n := t - shift
	r := (x - float32(n*ln2Hi32)) - float32(n*ln2Lo32)
	z := r * r
	even := c2 + float32(z*(c4+float32(z*c6)))
	odd := c3 + float32(z*c5)
	y := 1 + (r + float32(z*(even+float32(r*odd))))

	// 2**n in two halves: neither overflows, and only the second
	// multiplication rounds, where the result is denormal.
	i := math.Float32bits(t)
	half := i >> 1
	y *= math.Float32frombits(half << 23)
	y *= math.Float32frombits((i - half) << 23)
	return y
}

func exp64(x float64) float64 {
	const (
		shift = 0x1.8p52 + 2*1023
		c2    = 0x1.000000000000ap-1
		c3    = 0x1.55555555554fcp-3
		c4    = 0x1.5555555550688p-5
		c5    = 0x1.111111112725fp-7
		c6    = 0x1.6c16c1848904bp-10
		c7    = 0x1.a01a012dcb0c1p-13
		c8    = 0x1.a0199921d175fp-16
		c9    = 0x1.71df1d14501bap-19
		c10   = 0x1.28ae3e02f5795p-22
		c11   = 0x1.ad8d591184cdbp-26
	)
	if x > 710 {
		x = 710
	}
	if x < -746 {
		x = -746
	}
	t := float64(x*log2E64) + shift
	n := t - shift
	r := (x - float64(n*ln2Hi64)) - float64(n*ln2Lo64)
	z := r * r
	even := c2 + float64(z*(c4+float64(z*(c6+float64(z*(c8+float64(z*c10)))))))
	odd := c3 + float64(z*(c5+float64(z*(c7+float64(z*(c9+float64(z*c11)))))))
	y := 1 + (r + float64(z*(even+float64(r*odd))))

	i := math.Float64bits(t)
	half := i >> 1
	y *= math.Float64frombits(half << 52)
	y *= math.Float64frombits((i - half) << 52)
	return y
}

// Tanh writes |x| = n ln2/2 + r. With T = tanh r and h = 2**n / 2, the addition
// theorem is
//
//	tanh |x| = (D - 1 + T) / D,  D = (h + 1/2) + (h - 1/2) T
//
// where D - 1 is exact, and an error of D nearly cancels as the result nears 1.
// For n = 0 the quotient is T/1. That is why n becomes 1 only at |x| = 0.26:
// shift leaves one binary digit of |x|·2/ln2 after the point, and the mask
// drops it, so that r is in [-ln2/8, 3 ln2/8].
//
// T = r + r³ P(r²): fpminimax(tanh(sqrt(z))/sqrt(z), [|1,...,d|], [|SG...|] or
// [|D...|], [0;0.2601^2], relative, 1), d = 3 or 7, errors 2^-27.9 and 2^-56.9.

func tanh32(x float32) float32 {
	const (
		sign  = 1 << 31
		shift = 0x1.8p22 + 126 // the bias of h, not of 2**n
		c1    = -0x1.555506p-2
		c2    = 0x1.10d94cp-3
		c3    = -0x1.a3a60ap-5
	)
	b := math.Float32bits(x)
	a := math.Float32frombits(b &^ sign)
	if a > 10 { // the quotient has reached 1
		a = 10
	}
	i := math.Float32bits(float32(a*(2*log2E32))+shift) &^ 1
	n := math.Float32frombits(i) - shift
	r := a - float32(n*(ln2_32/2)) // exact for n ≤ 8; beyond, tanh is flat
	z := r * r
	p := c1 + float32(z*(c2+float32(z*c3)))
	t := r + float32(float32(r*z)*p)
	h := math.Float32frombits(i << 22)
	d := (h + 0.5) + float32((h-0.5)*t)
	q := ((d - 1) + t) / d
	return math.Float32frombits(math.Float32bits(q) | b&sign)
}

func tanh64(x float64) float64 {
	const (
		sign  = 1 << 63
		shift = 0x1.8p51 + 1022
		c1    = -0x1.55555555554bp-2
		c2    = 0x1.11111110f28dep-3
		c3    = -0x1.ba1ba17d1d6f2p-5
		c4    = 0x1.664f2b9287887p-6
		c5    = -0x1.2266d96f8fa95p-7
		c6    = 0x1.d4c2ef30f0047p-9
		c7    = -0x1.56bec6e2cf811p-10
	)
	b := math.Float64bits(x)
	a := math.Float64frombits(b &^ sign)
	if a > 20 {
		a = 20
	}
	i := math.Float64bits(float64(a*(2*log2E64))+shift) &^ 1
	n := math.Float64frombits(i) - shift
	r := (a - float64(n*(ln2Hi64/2))) - float64(n*(ln2Lo64/2))
	z := r * r
	w := z * z
	odd := c1 + float64(w*(c3+float64(w*(c5+float64(w*c7)))))
	even := c2 + float64(w*(c4+float64(w*c6)))
	p := odd + float64(z*even)
	t := r + float64(float64(r*z)*p)
	h := math.Float64frombits(i << 51)
	d := (h + 0.5) + float64((h-0.5)*t)
	q := ((d - 1) + t) / d
	return math.Float64frombits(math.Float64bits(q) | b&sign)
}
