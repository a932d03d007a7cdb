package noise

import (
	"math"

	"github.com/noise-reuse/nres/vec"
)

// This file defines the noise. Assembly must reproduce it to the last bit.
//
// # Normals
//
// Words 2j and 2j+1 become normals 2j and 2j+1 by the Box-Muller transform, turned
// by 45 degrees so that one octant of the circle and two random signs suffice:
//
//	u  = |w0 + ½|/2^31          w0 as int32; its sign bit is the sign of the first
//	R  = √(−ln u)
//	φ  = w1·π/2^33 ∈ [−π/4, π/4]        w1 as int32; its lowest bit signs the second
//	z0 = ±R(cos φ − sin φ) = ±√(−2 ln u)·cos(φ + π/4)
//	z1 = ±R(cos φ + sin φ) = ±√(−2 ln u)·sin(φ + π/4)
//
// −ln u comes from a table of eight reciprocals (by the top three mantissa bits)
// and a cubic; sin φ from a quintic; and R·cos φ = √(R² − (R·sin φ)²) takes one
// square root in place of a second polynomial. R is within 1.2e-5 relative of
// √(−ln u), and within 6e-6 for u < 0.95; sin φ within 1.6e-6. What counts is the
// distribution function: it is nowhere further than 5e-7 from that of the normal
// distribution, which a Kolmogorov-Smirnov test would need 2^43 samples to see.

// The reciprocals 1/c_i and the offsets ln(2/c_i) + 30·ln2Hi of the logarithm.
// The offsets are multiples of 2^-19, as is ln2Hi, so that offset − e·ln2Hi is
// exact; each c_i is near the centre of its interval, where 1/c_i happens to be
// within 3e-11 of a float32. c_7 = 2 makes −ln u exact as u approaches 1, and c_0 is
// 6e-7 off so that −ln u is 4e-9, not negative, for u = 1.
var (
	logRecip = [8]float32{
		0x1.e20248p-01, 0x1.ad9edep-01, 0x1.84d8acp-01, 0x1.656f92p-01,
		0x1.472478p-01, 0x1.3051fap-01, 0x1.1afd3ap-01, 0x1p-01,
	}
	logOffset = [8]float32{
		0x1.56d5ep+04, 0x1.54fe96p+04, 0x1.536624p+04, 0x1.520d24p+04,
		0x1.50a266p+04, 0x1.4f7a32p+04, 0x1.4e5088p+04, 0x1.4cb5fcp+04,
	}
)

const (
	ln2Hi = 0x1.62e44p-01 // ln 2, rounded to 19 bits

	// ln(1+r) − r ≈ r²(log2nd + log3rd·r) on [−1/16, 1/17], error 6.5e-7
	log2nd = -0x1.0061d2p-01
	log3rd = 0x1.5737ep-02

	// sin(πt/4) ≈ t(sin1st + sin3rd·t² + sin5th·t⁴) on [−1, 1], relative error 1.5e-6
	sin1st = 0x1.921f8ep-01
	sin3rd = -0x1.4aa618p-04
	sin5th = 0x1.3f3f3cp-09
)

// normalPair turns two random words into two independent standard normals.
func normalPair(w0, w1 uint32) (z0, z1 float32) {
	// |w0+½| runs from ½ to 2^31: both ends are safe below, 2^31 because
	// logOffset[0] was chosen so that x is not negative there.
	f := float32(int32(w0)) + 0.5
	bits := math.Float32bits(f)
	e := float32(int32(bits>>23&0xff) - 127)
	i := bits >> 20 & 7
	m := math.Float32frombits(bits&0x007fffff | 0x3f800000)
	r := float32(m*logRecip[i]) - 1
	p := float32(log3rd*r) + log2nd
	p = float32(p*float32(r*r)) + r
	x := (logOffset[i] - float32(e*ln2Hi)) - p // −ln u

	t := float32(int32(w1)) * 0x1p-31
	q := t * t
	s := float32(sin5th*q) + sin3rd
	s = float32(s*q) + sin1st
	s = s * t // sin φ

	b := float32(sqrt(x) * s) // R sin φ; without the conversion, c−b would be fused
	c := sqrt(x - float32(b*b))
	z0 = math.Float32frombits(math.Float32bits(c-b) ^ w0&(1<<31))
	z1 = math.Float32frombits(math.Float32bits(c+b) ^ w1<<31)
	return z0, z1
}

func sqrt(x float32) float32 { return float32(math.Sqrt(float64(x))) }

func wordsGeneric(dst []uint32, s Stream, off uint64) {
	for len(dst) > 0 {
		w := s.Block(off / 4)
		n := copy(dst, w[off%4:])
		dst = dst[n:]
		off += uint64(n)
	}
}

func fillGeneric[F vec.Float](dst []F, s Stream, off uint64) {
	for len(dst) > 0 {
		w := s.Block(off / 4)
		var z [4]float32
		z[0], z[1] = normalPair(w[0], w[1])
		z[2], z[3] = normalPair(w[2], w[3])
		for _, v := range z[off%4:] {
			if len(dst) == 0 {
				return
			}
			dst[0] = F(v)
			dst = dst[1:]
			off++
		}
	}
}

func fillSignsGeneric[F vec.Float](dst []F, s Stream, off uint64) {
	for len(dst) > 0 {
		w := s.Block(off / 128)
		for j := off % 128; j < 128; j++ {
			if len(dst) == 0 {
				return
			}
			dst[0] = 1 - 2*F(w[j/32]>>(j%32)&1)
			dst = dst[1:]
			off++
		}
	}
}

// The fused operations are their parts, one after the other, a block at a time.

const blockLen = 256

func perturbGeneric[F vec.Float](dst, theta []F, sigma F, s Stream, off uint64, signs bool) {
	var buf [blockLen]F
	for len(theta) > 0 {
		eps := block(&buf, len(theta), s, off, signs)
		for i, e := range eps {
			dst[i] = theta[i] + F(sigma*e)
		}
		dst, theta, off = dst[len(eps):], theta[len(eps):], off+uint64(len(eps))
	}
}

func perturbPairGeneric[F vec.Float](plus, minus, theta []F, sigma F, s Stream, off uint64, signs bool) {
	var buf [blockLen]F
	for len(theta) > 0 {
		eps := block(&buf, len(theta), s, off, signs)
		for i, e := range eps {
			th, d := theta[i], F(sigma*e)
			plus[i], minus[i] = th+d, th-d
		}
		n := len(eps)
		plus, minus, theta, off = plus[n:], minus[n:], theta[n:], off+uint64(n)
	}
}

func axpyGeneric[F vec.Float](g []F, w F, s Stream, off uint64, signs bool) {
	var buf [blockLen]F
	for len(g) > 0 {
		eps := block(&buf, len(g), s, off, signs)
		for i, e := range eps {
			g[i] += F(w * e)
		}
		g, off = g[len(eps):], off+uint64(len(eps))
	}
}

func combineGeneric[F vec.Float](g []F, ws []F, ss []Stream, off uint64, signs bool) {
	for len(g) > 0 {
		n := least(len(g), blockLen)
		for k, w := range ws {
			axpyGeneric(g[:n], w, ss[k], off, signs)
		}
		g, off = g[n:], off+uint64(n)
	}
}

// block makes the next elements of a stream, as many as are wanted and fit.
func block[F vec.Float](buf *[blockLen]F, want int, s Stream, off uint64, signs bool) []F {
	eps := buf[:least(want, blockLen)]
	if signs {
		fillSignsGeneric(eps, s, off)
	} else {
		fillGeneric(eps, s, off)
	}
	return eps
}
