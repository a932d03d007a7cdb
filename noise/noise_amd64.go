//go:build !purego

package noise

import "github.com/noise-reuse/nres/internal/cpu"

const (
	// maxChunk bounds the elements, times streams, of one call, which can't be
	// preempted: 2 to 4 µs, and 16 if all products are subnormal (29 with AVX2).
	maxChunk = 4096

	// combineStreams is how many streams one call of combineKernel takes: with all of
	// them, maxChunk leaves room for a group.
	combineStreams = 32
)

// The tiers in use; tests switch them off.
var (
	useAVX2   = cpu.Active() >= cpu.AVX2
	useAVX512 = cpu.Active() >= cpu.AVX512
)

func kernels() bool { return useAVX2 }

// AVX-512 has a three-way xor.
func pairedKeys() bool { return !useAVX512 }

func wordsKernel(dst *uint32, n int, k *schedule, b uint32) {
	if useAVX512 {
		wordsAVX512(dst, n, k, b)
	} else {
		wordsAVX2(dst, n, k, b)
	}
}

func fillKernel(dst *float32, n int, k *schedule, b uint32) {
	if useAVX512 {
		fillAVX512(dst, n, k, b)
	} else {
		fillAVX2(dst, n, k, b)
	}
}

func perturbKernel(dst, theta *float32, n int, sigma float32, k *schedule, b uint32) {
	if useAVX512 {
		perturbAVX512(dst, theta, n, sigma, k, b)
	} else {
		perturbAVX2(dst, theta, n, sigma, k, b)
	}
}

func perturbPairKernel(plus, minus, theta *float32, n int, sigma float32, k *schedule, b uint32) {
	if useAVX512 {
		perturbPairAVX512(plus, minus, theta, n, sigma, k, b)
	} else {
		perturbPairAVX2(plus, minus, theta, n, sigma, k, b)
	}
}

func combineKernel(g *float32, n int, ws *float32, ks *schedule, count int, b uint32) {
	if useAVX512 {
		combineAVX512(g, n, ws, ks, count, b)
	} else {
		combineAVX2(g, n, ws, ks, count, b)
	}
}

//go:noescape
func wordsAVX2(dst *uint32, n int, k *schedule, b uint32)

//go:noescape
func fillAVX2(dst *float32, n int, k *schedule, b uint32)

//go:noescape
func perturbAVX2(dst, theta *float32, n int, sigma float32, k *schedule, b uint32)

//go:noescape
func perturbPairAVX2(plus, minus, theta *float32, n int, sigma float32, k *schedule, b uint32)

//go:noescape
func combineAVX2(sums *float32, n int, ws *float32, ks *schedule, count int, b uint32)

//go:noescape
func wordsAVX512(dst *uint32, n int, k *schedule, b uint32)

//go:noescape
func fillAVX512(dst *float32, n int, k *schedule, b uint32)

//go:noescape
func perturbAVX512(dst, theta *float32, n int, sigma float32, k *schedule, b uint32)

//go:noescape
func perturbPairAVX512(plus, minus, theta *float32, n int, sigma float32, k *schedule, b uint32)

//go:noescape
func combineAVX512(acc *float32, n int, ws *float32, ks *schedule, count int, b uint32)

// The lane kernels make rows of as many lanes as there are streams, count of them, a
// multiple of laneGroup, from block b of the streams on: element 4b, or 128b of signs.

func fillLanesKernel(dst *float32, stride, n int, ss *Stream, count int, b uint32, signs bool) {
	switch {
	case signs && useAVX512:
		fillSignLanesAVX512(dst, stride, n, ss, count, b)
	case signs:
		fillSignLanesAVX2(dst, stride, n, ss, count, b)
	case useAVX512:
		fillLanesAVX512(dst, stride, n, ss, count, b)
	default:
		fillLanesAVX2(dst, stride, n, ss, count, b)
	}
}

func perturbPairLanesKernel(plus, minus *float32, stride int, theta *float32, n int, sigma float32, ss *Stream, count int, b uint32, signs bool) {
	switch {
	case signs && useAVX512:
		perturbPairSignLanesAVX512(plus, minus, stride, theta, n, sigma, ss, count, b)
	case signs:
		perturbPairSignLanesAVX2(plus, minus, stride, theta, n, sigma, ss, count, b)
	case useAVX512:
		perturbPairLanesAVX512(plus, minus, stride, theta, n, sigma, ss, count, b)
	default:
		perturbPairLanesAVX2(plus, minus, stride, theta, n, sigma, ss, count, b)
	}
}

//go:noescape
func fillLanesAVX512(dst *float32, stride, n int, ss *Stream, count int, b uint32)

//go:noescape
func perturbPairLanesAVX512(plus, minus *float32, stride int, theta *float32, n int, sigma float32, ss *Stream, count int, b uint32)

//go:noescape
func fillLanesAVX2(dst *float32, stride, n int, ss *Stream, count int, b uint32)

//go:noescape
func perturbPairLanesAVX2(plus, minus *float32, stride int, theta *float32, n int, sigma float32, ss *Stream, count int, b uint32)

//go:noescape
func fillSignLanesAVX512(dst *float32, stride, n int, ss *Stream, count int, b uint32)

//go:noescape
func perturbPairSignLanesAVX512(plus, minus *float32, stride int, theta *float32, n int, sigma float32, ss *Stream, count int, b uint32)

//go:noescape
func fillSignLanesAVX2(dst *float32, stride, n int, ss *Stream, count int, b uint32)

//go:noescape
func perturbPairSignLanesAVX2(plus, minus *float32, stride int, theta *float32, n int, sigma float32, ss *Stream, count int, b uint32)

// The kernels between float32 noise and float64 slices, for n a positive multiple of 8.

func widenKernel(dst *float64, n int, eps *float32) {
	if useAVX512 {
		widenAVX512(dst, n, eps)
	} else {
		widenAVX2(dst, n, eps)
	}
}

func addScaledKernel(dst, theta *float64, n int, w float64, eps *float32) {
	if useAVX512 {
		addScaledAVX512(dst, theta, n, w, eps)
	} else {
		addScaledAVX2(dst, theta, n, w, eps)
	}
}

func addScaledPairKernel(plus, minus, theta *float64, n int, w float64, eps *float32) {
	if useAVX512 {
		addScaledPairAVX512(plus, minus, theta, n, w, eps)
	} else {
		addScaledPairAVX2(plus, minus, theta, n, w, eps)
	}
}

//go:noescape
func widenAVX512(dst *float64, n int, eps *float32)

//go:noescape
func addScaledAVX512(dst, theta *float64, n int, w float64, eps *float32)

//go:noescape
func addScaledPairAVX512(plus, minus, theta *float64, n int, w float64, eps *float32)

//go:noescape
func widenAVX2(dst *float64, n int, eps *float32)

//go:noescape
func addScaledAVX2(dst, theta *float64, n int, w float64, eps *float32)

//go:noescape
func addScaledPairAVX2(plus, minus, theta *float64, n int, w float64, eps *float32)
