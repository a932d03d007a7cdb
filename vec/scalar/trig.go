package scalar

import (
	"math"
	"math/bits"
)

// reduce returns q modulo 4 and y + tail in about [-π/4, π/4] such that
// x = q π/2 + y + tail.
func reduce(x float64) (q uint64, y, tail float64) {
	const (
		shift     = 0x1.8p52
		twoOverPi = 0x1.45f306dc9c883p-1
		pio2A     = 0x1.921fb544p0        // π/2 in three parts: 33 bits,
		pio2B     = 0x1.0b4611a6p-34      // 33 bits
		pio2C     = 0x1.3198a2e037073p-69 // and 53 bits
	)
	a := math.Float64frombits(math.Float64bits(x) &^ (1 << 63))
	switch {
	case a <= 0x1.921fb54442d18p-1: // π/4
		return 0, x, 0
	case a < 1<<20: // n < 2^20: its products with the 33-bit parts are exact
		t := float64(x*twoOverPi) + shift
		n := t - shift
		r := x - float64(n*pio2A)
		w := float64(n * pio2B)
		v := r - w
		if v > 0x1p-12 || v < -0x1p-12 { // else too much has cancelled
			w = ((r - v) - w) - float64(n*pio2C)
			y = v + w
			return math.Float64bits(t), y, (v - y) + w
		}
	case !(a <= math.MaxFloat64): // Inf and NaN
		return 0, math.NaN(), 0
	}

	q, y, tail = payneHanek(a)
	if x < 0 {
		return -q, -y, -tail
	}
	return q, y, tail
}

// payneHanek is reduce for any finite x ≥ 1/2, in integers.
func payneHanek(x float64) (q uint64, y, tail float64) {
	// x = m 2**e. The bits of 2/π that count start at weight 2**(1-e): higher
	// ones contribute multiples of 4. 192 bits leave an error below 2^-137 in
	// a fraction that for no x is below 2^-62.
	b := math.Float64bits(x)
	e := int(b>>52) - 1075
	m := b&(1<<52-1) | 1<<52

	pos := uint(e + 62)
	w, sh := twoOverPi[pos/64:], pos%64
	w0 := w[0]<<sh | w[1]>>(64-sh)
	w1 := w[1]<<sh | w[2]>>(64-sh)
	w2 := w[2]<<sh | w[3]>>(64-sh)

	h2, p2 := bits.Mul64(m, w2)
	h1, l1 := bits.Mul64(m, w1)
	p1, c := bits.Add64(l1, h2, 0)
	p0, _ := bits.Add64(m*w0, h1, c)

	// p is x·2/π mod 4: two bits of quadrant, then the fraction, which becomes
	// its distance to the nearest integer.
	q = p0 >> 62
	f0, f1, f2 := p0<<2|p1>>62, p1<<2|p2>>62, p2<<2
	up := f0>>63 != 0
	if up {
		q++
		f2, c = bits.Sub64(0, f2, 0)
		f1, c = bits.Sub64(0, f1, c)
		f0, _ = bits.Sub64(0, f0, c)
	}
	lz := uint(bits.LeadingZeros64(f0))
	a0 := f0<<lz | f1>>(64-lz)
	a1 := f1<<lz | f2>>(64-lz)

	// Times π/2 = (c0 2^64 + c1) 2^-127, to 128 bits h, l.
	const c0, c1 = 0xc90fdaa22168c234, 0xc4c6628b80dc1cd1
	h, l := bits.Mul64(a0, c0)
	x1, _ := bits.Mul64(a0, c1)
	x2, _ := bits.Mul64(a1, c0)
	l, c = bits.Add64(l, x1, 0)
	h += c
	l, c = bits.Add64(l, x2, 0)
	h += c

	// Both parts fit 53 bits, and the scales are powers of two: exact.
	hi := float64(float64(int64(h>>11)) * math.Float64frombits(uint64(1023-52-lz)<<52))
	lo := float64(float64(int64(h&(1<<11-1)<<42|l>>22)) * math.Float64frombits(uint64(1023-105-lz)<<52))
	y = hi + lo
	tail = (hi - y) + lo
	if up {
		return q, -y, -tail
	}
	return q, y, tail
}

// twoOverPi has 64 zeros and the first 1216 bits of 2/π, most significant first.
var twoOverPi = [20]uint64{
	0x0000000000000000, 0xa2f9836e4e441529, 0xfc2757d1f534ddc0, 0xdb6295993c439041,
	0xfe5163abdebbc561, 0xb7246e3a424dd2e0, 0x06492eea09d1921c, 0xfe1deb1cb129a73e,
	0xe88235f52ebb4484, 0xe99c7026b45f7e41, 0x3991d639835339f4, 0x9c845f8bbdf9283b,
	0x1ff897ffde05980f, 0xef2f118b5a0a6d1f, 0x6d367ecf27cb09b7, 0x4f463f669e5fea2d,
	0x7527bac7ebe5f17b, 0x3d0739f78a5292ea, 0x6bfb5fb11f8d5d08, 0x56033046fc7b6bab,
}

// sinCos returns sin(q π/2 + y + tail).
func sinCos(q uint64, y, tail float64) float64 {
	v := 0.0
	if q&1 == 0 {
		v = sinPoly(y, tail)
	} else {
		v = cosPoly(y, tail)
	}
	if q&2 != 0 {
		return -v
	}
	return v
}

// sinPoly is the sine on [-π/4, π/4]: sin y / y - 1 by fpminimax(.., [|1,...,6|],
// [|D...|], [0;0.6169], absolute) in z = y², error 2^-58.
func sinPoly(y, tail float64) float64 {
	const (
		s1 = -0x1.5555555555549p-3
		s2 = 0x1.111111110f8a7p-7
		s3 = -0x1.a01a019c163dcp-13
		s4 = 0x1.71de357b378d7p-19
		s5 = -0x1.ae5e68b042ff8p-26
		s6 = 0x1.5d93a8134bebp-33
	)
	z := y * y
	w := z * z
	r := s2 + float64(z*(s3+float64(z*s4))) + float64(float64(z*w)*(s5+float64(z*s6)))
	v := z * y
	return y - ((float64(z*(float64(0.5*tail)-float64(v*r))) - tail) - float64(v*s1))
}

// cosPoly is the cosine there: cos y - 1 + z/2, [|2,...,7|], error 2^-64.
func cosPoly(y, tail float64) float64 {
	const (
		c2 = 0x1.555555555554cp-5
		c3 = -0x1.6c16c16c15222p-10
		c4 = 0x1.a01a019cbfcffp-16
		c5 = -0x1.27e4f813107d4p-22
		c6 = 0x1.1ee9f192814afp-29
		c7 = -0x1.8fb15228adae4p-37
	)
	z := y * y
	w := z * z
	r := float64(z*(c2+float64(z*(c3+float64(z*c4))))) + float64(float64(w*w)*(c5+float64(z*(c6+float64(z*c7)))))
	h := float64(0.5 * z)
	v := 1 - h
	return v + (((1 - v) - h) + (float64(z*r) - float64(y*tail)))
}
