//go:build (amd64 || arm64) && !purego

package noise

import "github.com/noise-reuse/nres/internal/race"

// Up to this length plain Go is faster than a group of words.
const smallWords = 12

func words(dst []uint32, s Stream, off uint64) {
	if len(dst) <= smallWords || !signKernels() {
		wordsGeneric(dst, s, off)
		return
	}
	var k schedule
	for len(dst) > 0 {
		p := nextPiece(len(dst), off, maxChunk)
		k.set(s, uint32(p.block>>32))
		if p.whole() {
			wordsChunk(&dst[0], p.n, &k, uint32(p.block))
		} else {
			var buf [group]uint32
			wordsChunk(&buf[0], group, &k, uint32(p.block))
			copy(dst[:p.keep], buf[p.skip:])
		}
		dst, off = dst[p.keep:], off+uint64(p.keep)
	}
}

//go:noinline
func wordsChunk(dst *uint32, n int, k *schedule, b uint32) {
	race.Write(dst, n)
	wordsKernel(dst, n, k, b)
}
