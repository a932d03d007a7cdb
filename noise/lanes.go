package noise

import (
	"github.com/noise-reuse/nres/internal/alias"
	"github.com/noise-reuse/nres/vec"
)

// PerturbPairLanes is [PerturbPair] for many streams side by side, one in each lane of
// rows that are stride apart, from element 0:
//
//	for j := range ss {
//		for i := range theta {
//			plus[i*stride+j] = theta[i] + sigma*ε_j[i]
//			minus[i*stride+j] = theta[i] - sigma*ε_j[i]
//		}
//	}
//
// where ε_j are the normals of ss[j]. Multiples of 16 streams are fastest. What is
// between the rows is left alone, so that plus and minus may be interleaved. It panics
// if they are too short, that is shorter than (len(theta)−1)·stride + len(ss), if stride
// is less than len(ss), if an element of plus is one of minus, or if theta is among the
// rows of either; but never if theta or ss is empty.
func PerturbPairLanes[F vec.Float](plus, minus []F, stride int, theta []F, sigma F, ss []Stream) {
	if checkLanes(plus, minus, stride, theta, len(ss)) {
		perturbPairLanes(plus, minus, stride, theta, sigma, ss, false)
	}
}

// PerturbPairLanesSigns is [PerturbPairLanes] with the signs of [FillSigns] as ε_j.
func PerturbPairLanesSigns[F vec.Float](plus, minus []F, stride int, theta []F, sigma F, ss []Stream) {
	if checkLanes(plus, minus, stride, theta, len(ss)) {
		perturbPairLanes(plus, minus, stride, theta, sigma, ss, true)
	}
}

// checkLanes reports whether there is anything to do.
func checkLanes[F vec.Float](plus, minus []F, stride int, theta []F, lanes int) bool {
	if len(theta) == 0 || lanes == 0 {
		return false
	}
	short := least(len(plus), len(minus))
	if stride < lanes || short < lanes || (short-lanes)/stride < len(theta)-1 {
		panic("noise: slices too short for rows of this stride")
	}
	n := (len(theta)-1)*stride + lanes
	plus, minus = plus[:n], minus[:n]
	if alias.Overlap(plus, theta) || alias.Overlap(minus, theta) {
		panic(badOverlap)
	}
	if alias.Overlap(plus, minus) {
		if d := (alias.Distance(plus, minus)%stride + stride) % stride; d < lanes || d > stride-lanes {
			panic(badOverlap)
		}
	}
	return true
}

// perturbPairLanesGeneric does the streams from the given one on.
func perturbPairLanesGeneric[F vec.Float](plus, minus []F, stride int, theta []F, sigma F, ss []Stream, from int, signs bool) {
	var buf [blockLen]F
	for j := from; j < len(ss); j++ {
		for i := 0; i < len(theta); {
			eps := buf[:least(len(theta)-i, blockLen)]
			if signs {
				FillSigns(eps, ss[j], uint64(i))
			} else {
				Fill(eps, ss[j], uint64(i))
			}
			for k, e := range eps {
				at := (i+k)*stride + j
				th, d := theta[i+k], F(sigma*e)
				plus[at], minus[at] = th+d, th-d
			}
			i += len(eps)
		}
	}
}
