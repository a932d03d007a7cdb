package noise

import (
	"github.com/noise-reuse/nres/internal/alias"
	"github.com/noise-reuse/nres/vec"
)

const (
	badLength  = "noise: slice lengths do not match"
	badOverlap = "noise: slices overlap"
)

// Exported functions are nothing but a call, so that they are inlined. What they call, in
// noise_asm.go, signs_asm.go and noise_noasm.go, also checks the arguments.

// check panics unless theta is as long as dst and either dst itself or apart from it.
func check[F vec.Float](dst, theta []F) {
	if len(dst) != len(theta) {
		panic(badLength)
	}
	if alias.Inexact(dst, theta) {
		panic(badOverlap)
	}
}

func checkPair[F vec.Float](plus, minus, theta []F) {
	check(plus, theta)
	check(minus, theta)
	if alias.Overlap(plus, minus) {
		panic(badOverlap)
	}
}

func checkCombine[F vec.Float](g, ws []F, ss []Stream) {
	if len(ws) != len(ss) {
		panic(badLength)
	}
	if alias.Overlap(g, ws) {
		panic(badOverlap)
	}
}

func least(a, b int) int {
	if a < b {
		return a
	}
	return b
}

// Words sets dst[i] to word off+i of the stream. Numbers are modulo 2^64: after word
// 2^64−1 comes word 0.
func Words(dst []uint32, s Stream, off uint64) { words(dst, s, off) }

// Fill sets dst to standard normals:
//
//	for i := range dst {
//		dst[i] = ε[off+i]
//	}
//
// where ε[i] is element i of the stream: normals 2j and 2j+1 are made of words 2j
// and 2j+1. Element numbers are modulo 2^64: after element 2^64−1 comes element 0. The
// largest magnitude that can occur is 6.661; NaN and ±Inf cannot.
func Fill[F vec.Float](dst []F, s Stream, off uint64) { fill(dst, s, off) }

// FillSigns sets dst to random signs, +1 or −1:
//
//	for i := range dst {
//		dst[i] = ε[off+i]
//	}
//
// where ε[i] is −1 if bit i mod 32 of word i/32 of the stream is set and +1
// otherwise. Element numbers are modulo 2^64: after element 2^64−1 comes element 0.
func FillSigns[F vec.Float](dst []F, s Stream, off uint64) { fillSigns(dst, s, off) }

// Perturb sets dst to theta, perturbed by sigma times standard normals:
//
//	for i := range dst {
//		dst[i] = theta[i] + sigma*ε[off+i]
//	}
//
// where ε and its numbers are those of [Fill]. The product and the sum are each
// rounded. dst and theta may be the same slice. It panics if they overlap otherwise or
// if their lengths do not match.
func Perturb[F vec.Float](dst, theta []F, sigma F, s Stream, off uint64) {
	perturb(dst, theta, sigma, s, off)
}

// PerturbSigns is [Perturb] with the signs of [FillSigns] as ε.
func PerturbSigns[F vec.Float](dst, theta []F, sigma F, s Stream, off uint64) {
	perturbSigns(dst, theta, sigma, s, off)
}

// PerturbPair sets plus and minus to the two members of an antithetic pair, from
// one generation of the noise:
//
//	for i := range theta {
//		plus[i] = theta[i] + sigma*ε[off+i]
//		minus[i] = theta[i] - sigma*ε[off+i]
//	}
//
// where ε and its numbers are those of [Fill]. Products and sums are each rounded. One
// of plus and minus may be the same slice as theta. It panics if the three overlap
// otherwise or if their lengths do not match.
func PerturbPair[F vec.Float](plus, minus, theta []F, sigma F, s Stream, off uint64) {
	perturbPair(plus, minus, theta, sigma, s, off)
}

// PerturbPairSigns is [PerturbPair] with the signs of [FillSigns] as ε.
func PerturbPairSigns[F vec.Float](plus, minus, theta []F, sigma F, s Stream, off uint64) {
	perturbPairSigns(plus, minus, theta, sigma, s, off)
}

// Axpy adds w times standard normals to g:
//
//	for i := range g {
//		g[i] += w * ε[off+i]
//	}
//
// where ε and its numbers are those of [Fill]. The product and the sum are each rounded.
func Axpy[F vec.Float](g []F, w F, s Stream, off uint64) { axpy(g, w, s, off) }

// AxpySigns is [Axpy] with the signs of [FillSigns] as ε.
func AxpySigns[F vec.Float](g []F, w F, s Stream, off uint64) { axpySigns(g, w, s, off) }

// Combine adds a weighted sum of normal streams to g, which is how a list of
// (stream, weight) pairs becomes a gradient:
//
//	for k := range ws {
//		for i := range g {
//			g[i] += ws[k] * ε_k[off+i]
//		}
//	}
//
// where ε_k are the normals of ss[k], numbered as by [Fill]. It has the same bits as
// one [Axpy] a stream, in order, but passes over g once for 16 streams or more, and works
// on the caller's goroutine alone. To share the work among
// goroutines or machines, give each a range of g (and its offset): sums of parts of
// the streams, added up, have other bits. It panics if the lengths of ws and ss do not
// match or if g overlaps ws.
func Combine[F vec.Float](g []F, ws []F, ss []Stream, off uint64) { combine(g, ws, ss, off) }

// CombineSigns is [Combine] with the signs of [FillSigns] as ε_k.
func CombineSigns[F vec.Float](g []F, ws []F, ss []Stream, off uint64) { combineSigns(g, ws, ss, off) }
