package noise

import "github.com/noise-reuse/nres/vec"

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
// between the rows is left alone; plus and minus may be interleaved, but must not share
// an element. It panics if they are too short or if stride is less than len(ss).
func PerturbPairLanes[F vec.Float](plus, minus []F, stride int, theta []F, sigma F, ss []Stream) {
	if checkLanes(len(plus), len(minus), stride, len(theta), len(ss)) {
		perturbPairLanes(plus, minus, stride, theta, sigma, ss, false)
	}
}

// PerturbPairLanesSigns is [PerturbPairLanes] with the signs of [FillSigns] as ε_j.
func PerturbPairLanesSigns[F vec.Float](plus, minus []F, stride int, theta []F, sigma F, ss []Stream) {
	if checkLanes(len(plus), len(minus), stride, len(theta), len(ss)) {
		perturbPairLanes(plus, minus, stride, theta, sigma, ss, true)
	}
}

// checkLanes reports whether there is anything to do.
func checkLanes(plus, minus, stride, rows, lanes int) bool {
	if rows == 0 || lanes == 0 {
		return false
	}
	if n := (rows-1)*stride + lanes; stride < lanes || plus < n || minus < n {
		panic("noise: slices too short for rows of this stride")
	}
	return true
}

// perturbPairLanesGeneric does the streams from the given one on.
func perturbPairLanesGeneric[F vec.Float](plus, minus []F, stride int, theta []F, sigma F, ss []Stream, from int, signs bool) {
	var buf [blockLen]F
	for j := from; j < len(ss); j++ {
		for i := 0; i < len(theta); {
			eps := buf[:]
			if n := len(theta) - i; n < blockLen {
				eps = buf[:n]
			}
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
