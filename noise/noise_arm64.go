//go:build !purego

package noise

import "github.com/noise-reuse/nres/internal/cpu"

const (
	// maxChunk bounds the elements, times streams, of one call, which can't be
	// preempted: below 20 µs on small cores at 1.5 GHz, by llvm-mca for Cortex-A55.
	maxChunk = 1024

	// combineStreams is how many streams one call of combineKernel takes: with all of
	// them, maxChunk leaves room for a group.
	combineStreams = 16
)

// useNEON is a variable for the tests.
var useNEON = cpu.Active() >= cpu.NEON

func kernels() bool { return useNEON }

func pairedKeys() bool { return false }

func wordsKernel(dst *uint32, n int, k *schedule, b uint32) { wordsNEON(dst, n, k, b) }

func fillKernel(dst *float32, n int, k *schedule, b uint32) { fillNEON(dst, n, k, b) }

func perturbKernel(dst, theta *float32, n int, sigma float32, k *schedule, b uint32) {
	perturbNEON(dst, theta, n, sigma, k, b)
}

func perturbPairKernel(plus, minus, theta *float32, n int, sigma float32, k *schedule, b uint32) {
	perturbPairNEON(plus, minus, theta, n, sigma, k, b)
}

func combineKernel(g *float32, n int, ws *float32, ks *schedule, count int, b uint32) {
	combineNEON(g, n, ws, ks, count, b)
}

//go:noescape
func wordsNEON(dst *uint32, n int, k *schedule, b uint32)

//go:noescape
func fillNEON(dst *float32, n int, k *schedule, b uint32)

//go:noescape
func perturbNEON(dst, theta *float32, n int, sigma float32, k *schedule, b uint32)

//go:noescape
func perturbPairNEON(plus, minus, theta *float32, n int, sigma float32, k *schedule, b uint32)

//go:noescape
func combineNEON(dst *float32, n int, ws *float32, ks *schedule, count int, b uint32)

// The lane kernels, as on amd64.

func fillLanesKernel(dst *float32, stride, n int, ss *Stream, count int, b uint32, signs bool) {
	if signs {
		fillSignLanesNEON(dst, stride, n, ss, count, b)
	} else {
		fillLanesNEON(dst, stride, n, ss, count, b)
	}
}

func perturbPairLanesKernel(plus, minus *float32, stride int, theta *float32, n int, sigma float32, ss *Stream, count int, b uint32, signs bool) {
	if signs {
		perturbPairSignLanesNEON(plus, minus, stride, theta, n, sigma, ss, count, b)
	} else {
		perturbPairLanesNEON(plus, minus, stride, theta, n, sigma, ss, count, b)
	}
}

//go:noescape
func fillLanesNEON(dst *float32, stride, n int, ss *Stream, count int, b uint32)

//go:noescape
func perturbPairLanesNEON(plus, minus *float32, stride int, theta *float32, n int, sigma float32, ss *Stream, count int, b uint32)

//go:noescape
func fillSignLanesNEON(dst *float32, stride, n int, ss *Stream, count int, b uint32)

//go:noescape
func perturbPairSignLanesNEON(plus, minus *float32, stride int, theta *float32, n int, sigma float32, ss *Stream, count int, b uint32)

// The kernels between float32 noise and float64 slices, as on amd64.

func widenKernel(dst *float64, n int, eps *float32) { widenNEON(dst, n, eps) }

func addScaledKernel(dst, theta *float64, n int, w float64, eps *float32) {
	addScaledNEON(dst, theta, n, w, eps)
}

func addScaledPairKernel(plus, minus, theta *float64, n int, w float64, eps *float32) {
	addScaledPairNEON(plus, minus, theta, n, w, eps)
}

//go:noescape
func widenNEON(dst *float64, n int, eps *float32)

//go:noescape
func addScaledNEON(dst, theta *float64, n int, w float64, eps *float32)

//go:noescape
func addScaledPairNEON(plus, minus, theta *float64, n int, w float64, eps *float32)
