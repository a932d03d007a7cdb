//go:build (!amd64 && !arm64) || purego

package noise

import "github.com/noise-reuse/nres/vec"

func words(dst []uint32, s Stream, off uint64) { wordsGeneric(dst, s, off) }

func fill[F vec.Float](dst []F, s Stream, off uint64)      { fillGeneric(dst, s, off) }
func fillSigns[F vec.Float](dst []F, s Stream, off uint64) { fillSignsGeneric(dst, s, off) }

func perturb[F vec.Float](dst, theta []F, sigma F, s Stream, off uint64) {
	check(dst, theta)
	perturbGeneric(dst, theta, sigma, s, off, false)
}

func perturbSigns[F vec.Float](dst, theta []F, sigma F, s Stream, off uint64) {
	check(dst, theta)
	perturbGeneric(dst, theta, sigma, s, off, true)
}

func perturbPair[F vec.Float](plus, minus, theta []F, sigma F, s Stream, off uint64) {
	checkPair(plus, minus, theta)
	perturbPairGeneric(plus, minus, theta, sigma, s, off, false)
}

func perturbPairSigns[F vec.Float](plus, minus, theta []F, sigma F, s Stream, off uint64) {
	checkPair(plus, minus, theta)
	perturbPairGeneric(plus, minus, theta, sigma, s, off, true)
}

func axpy[F vec.Float](g []F, w F, s Stream, off uint64) { axpyGeneric(g, w, s, off, false) }

func axpySigns[F vec.Float](g []F, w F, s Stream, off uint64) { axpyGeneric(g, w, s, off, true) }

func combine[F vec.Float](g []F, ws []F, ss []Stream, off uint64) {
	checkCombine(g, ws, ss)
	combineGeneric(g, ws, ss, off, false)
}

func combineSigns[F vec.Float](g []F, ws []F, ss []Stream, off uint64) {
	checkCombine(g, ws, ss)
	combineGeneric(g, ws, ss, off, true)
}

func perturbPairLanes[F vec.Float](plus, minus []F, stride int, theta []F, sigma F, ss []Stream, signs bool) {
	perturbPairLanesGeneric(plus, minus, stride, theta, sigma, ss, 0, signs)
}
