//go:build (amd64 || arm64) && !purego

package noise

import (
	"unsafe"

	"github.com/noise-reuse/nres/internal/cast"
	"github.com/noise-reuse/nres/internal/race"
	"github.com/noise-reuse/nres/vec"
)

const (
	// laneGroup is the number of streams that the lane kernels take at a time.
	laneGroup = 16

	// Up to these lengths, lanes sum up streams faster than combineKernel does, and
	// what there is for signs, if there are so many streams: minTailStreams for what
	// comes after groups that combineKernel makes.
	combineLanesMax     = 16
	combineSignLanesMax = 64
	minLaneStreams      = laneGroup / 4
	minTailStreams      = laneGroup / 2

	// laneStreams is how many streams one call makes combineLanesMax rows of.
	laneStreams = 64
)

func perturbPairLanes[F vec.Float](plus, minus []F, stride int, theta []F, sigma F, ss []Stream, signs bool) {
	// A part starts with a block. Rows of signs cost a fraction of rows of normals.
	whole, perBlock, rows := 0, 4, maxChunk/laneGroup
	if signs {
		perBlock = 128
		rows = (rows + perBlock - 1) &^ (perBlock - 1)
	}
	if kernels() && cast.Is32[F]() {
		p, m, th := cast.To32(plus), cast.To32(minus), cast.To32(theta)
		// Short thetas are of several groups, long ones in several parts.
		groups := 1 + maxChunk/laneGroup/(len(th)+1)
		for whole+laneGroup <= len(ss) {
			count := least(len(ss)-whole, groups*laneGroup) &^ (laneGroup - 1)
			for i := 0; i < len(th); i += rows {
				n := least(len(th)-i, rows)
				at := i*stride + whole
				perturbPairLanesChunk(&p[at], &m[at], stride, &th[i], n, float32(sigma), &ss[whole], count, uint32(i/perBlock), signs)
			}
			whole += count
		}
	}
	perturbPairLanesGeneric(plus, minus, stride, theta, sigma, ss, whole, signs)
}

// inLanes reports whether lanes sum up n elements, at most max, from off on of at least
// so many streams. Their first block, of perBlock elements, has to begin with the first
// element, and their last one to come before block 2^32.
func inLanes(n, max int, off, perBlock uint64, streams, fewest int) bool {
	return n > 0 && n <= max && off%perBlock == 0 && off/perBlock+uint64(n)/perBlock < 1<<32 && streams >= fewest && kernels()
}

// combineLanes is combine or combineSigns for a few elements of streams in lanes, from
// the first element of block b on.
func combineLanes[F vec.Float](g []F, ws []F, ss []Stream, b uint32, signs bool) {
	var buf [combineLanesMax * laneStreams]float32
	var rest [laneGroup]Stream
	stride := laneStreams
	if len(g) > combineLanesMax {
		stride = laneGroup
	}
	for len(ws) > 0 {
		count := least(len(ws), stride)
		if count >= laneGroup {
			count &^= laneGroup - 1
			fillLanesChunk(&buf[0], stride, len(g), &ss[0], count, b, signs)
		} else {
			copy(rest[:], ss)
			fillLanesChunk(&buf[0], stride, len(g), &rest[0], laneGroup, b, signs)
		}
		// Two elements at a time, as each sum waits for itself.
		for i := 0; i < len(g); i += 2 {
			row := buf[i*stride:][:count]
			if i+1 == len(g) {
				sum := g[i]
				for k, w := range ws[:count] {
					sum += F(w * F(row[k]))
				}
				g[i] = sum
				break
			}
			row2 := buf[(i+1)*stride:][:count]
			sum, sum2 := g[i], g[i+1]
			for k, w := range ws[:count] {
				sum += F(w * F(row[k]))
				sum2 += F(w * F(row2[k]))
			}
			g[i], g[i+1] = sum, sum2
		}
		ws, ss = ws[count:], ss[count:]
	}
}

// The chunks are as those in noise_asm.go. The rows of fillLanesChunk are on the stack.

//go:noinline
func fillLanesChunk(dst *float32, stride, n int, ss *Stream, count int, b uint32, signs bool) {
	race.Read(ss, count)
	fillLanesKernel(dst, stride, n, ss, count, b, signs)
}

//go:noinline
func perturbPairLanesChunk(plus, minus *float32, stride int, theta *float32, n int, sigma float32, ss *Stream, count int, b uint32, signs bool) {
	if race.Enabled {
		race.Read(ss, count)
		race.Read(theta, n)
		for i := 0; i < n; i++ {
			race.Write((*float32)(unsafe.Add(unsafe.Pointer(plus), 4*i*stride)), count)
			race.Write((*float32)(unsafe.Add(unsafe.Pointer(minus), 4*i*stride)), count)
		}
	}
	perturbPairLanesKernel(plus, minus, stride, theta, n, sigma, ss, count, b, signs)
}
