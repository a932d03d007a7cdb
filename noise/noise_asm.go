//go:build (amd64 || arm64) && !purego

package noise

import (
	"github.com/noise-reuse/nres/internal/cast"
	"github.com/noise-reuse/nres/internal/race"
	"github.com/noise-reuse/nres/vec"
)

// What the assembly does not do is here: choosing it, cutting calls into chunks,
// and ranges that are not whole groups of elements.
//
// All kernels for normals work on n elements, n a positive multiple of group, from
// element 4b of the stream. They are fillKernel, perturbKernel, perturbPairKernel
// and combineKernel, in noise_<arch>.go. wordsKernel works on words likewise.

const (
	// group is the number of elements that all kernels make at a time: 16 blocks.
	group = 64

	// Up to these lengths plain Go is faster than a group.
	small      = 8
	smallWords = 12
)

// A schedule is a stream as the kernels want it, for blocks whose number has a
// given upper half: the round keys, and what of the first three rounds does not
// depend on the block. With M0, M1 the multipliers and k0_r, k1_r the keys of round r,
//
//	round 0: p = M0·b;  c2 = hi(p)^s[0];            c3 = lo(p)
//	round 1: p = M1·c2; c0 = hi(p)^s[1]; c1 = lo(p); c2 = c3^s[2]
//	round 2: p = M0·c0, q = M1·c2; c0 = hi(q)^c1^s[4]; c1 = lo(q); c2 = hi(p)^s[5]; c3 = lo(p)
//	round r: p = M0·c0, q = M1·c2; c0 = hi(q)^c1^s[2r]; c1 = lo(q); c2 = hi(p)^c3^s[2r+1]; c3 = lo(p)
//
// for r = 3..9, where b is the lower half of the block number.
//
// The kernels that want paired keys (see pair) get them in another order.
type schedule [20]uint32

// set makes the schedule for the kernels of normals and words.
func (k *schedule) set(s Stream, blockHi uint32) {
	k.single(s, blockHi)
	if pairedKeys() {
		k.pair()
	}
}

func (k *schedule) single(s Stream, blockHi uint32) {
	k0, k1 := uint32(s.Key), uint32(s.Key>>32)
	p1 := uint64(uint32(s.Sub)) * mul1
	p0 := uint64(uint32(p1>>32)^blockHi^k0) * mul0
	k[0] = uint32(s.Sub>>32) ^ k1
	k[1] = uint32(p1) ^ (k0 + weyl0)
	k[2] = uint32(p0>>32) ^ (k1 + weyl1)
	for r := uint32(2); r < 10; r++ {
		k[2*r], k[2*r+1] = k0+r*weyl0, k1+r*weyl1
	}
	k[5] ^= uint32(p0)
}

// pair reorders the keys for kernels without a three-way xor. As lo(p) only waits to
// be part of the next c2, one 64-bit operation on p brings two keys in: that of this
// round in the upper half and that of the next in the lower half. So does one on q.
// With s[2r] and s[2r+1] as one 64-bit number k[r]:
//
//	round 0: p = M0·b ^ k[0]; c2 = hi(p)
//	round 1: q = M1·c2 ^ k[1]; c0 = hi(q); c1 = lo(q); c2 = lo(p)
//	round 2: p = M0·c0 ^ k[2]; q = M1·c2; c0 = hi(q)^c1; c1 = lo(q); c2 = hi(p); c3 = lo(p)
//	round r: k[r] goes to q if r is odd, to p if it is even
//
// up to round 9, whose lower half is not used.
func (k *schedule) pair() {
	var p schedule
	p[0], p[1], p[2], p[3], p[5] = k[2], k[0], k[4], k[1], k[5]
	for r := 3; r < 10; r++ {
		if r%2 == 1 {
			p[2*r+1], p[2*r-2] = k[2*r], k[2*r+1]
		} else {
			p[2*r-2], p[2*r+1] = k[2*r], k[2*r+1]
		}
	}
	*k = p
}

// A piece is what one call of a kernel makes: n elements from element 4·block on, of which
// keep elements from skip on are wanted. Pieces that aren't wanted whole go through a
// buffer of one group.
type piece struct {
	block      uint64
	n          int
	skip, keep int
}

// nextPiece returns the first piece of the n elements from off, at most max long.
func nextPiece(n int, off uint64, max int) piece {
	p := piece{block: off / 4, n: group, skip: int(off % 4)}
	// The schedule is for one upper half of the block number: a piece ends where
	// the lower half overflows.
	left := (1<<32 - p.block&(1<<32-1)) * 4
	if p.skip == 0 && n >= group && left >= group {
		p.n = least(n, max) &^ (group - 1)
		if uint64(p.n) > left {
			p.n = int(left) &^ (group - 1)
		}
		p.keep = p.n
		return p
	}
	p.keep = least(n, group-p.skip)
	if left < group {
		p.keep = least(p.keep, int(left)-p.skip)
	}
	return p
}

func (p *piece) whole() bool { return p.keep == p.n }

func words(dst []uint32, s Stream, off uint64) {
	if len(dst) <= smallWords || !kernels() {
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

func fill[F vec.Float](dst []F, s Stream, off uint64) {
	switch {
	case len(dst) <= small || !kernels():
		fillGeneric(dst, s, off)
	case cast.Is32[F]():
		fill32(cast.To32(dst), s, off)
	default:
		fill64(cast.To64(dst), s, off)
	}
}

func fill32(dst []float32, s Stream, off uint64) {
	var k schedule
	for len(dst) > 0 {
		p := nextPiece(len(dst), off, maxChunk)
		k.set(s, uint32(p.block>>32))
		if p.whole() {
			fillChunk(&dst[0], p.n, &k, uint32(p.block))
		} else {
			var buf [group]float32
			fillChunk(&buf[0], group, &k, uint32(p.block))
			copy(dst[:p.keep], buf[p.skip:])
		}
		dst, off = dst[p.keep:], off+uint64(p.keep)
	}
}

func perturb[F vec.Float](dst, theta []F, sigma F, s Stream, off uint64) {
	check(dst, theta)
	switch {
	case len(dst) <= small || !kernels():
		perturbGeneric(dst, theta, sigma, s, off, false)
	case cast.Is32[F]():
		perturb32(cast.To32(dst), cast.To32(theta), float32(sigma), s, off)
	default:
		perturb64(cast.To64(dst), cast.To64(theta), float64(sigma), s, off)
	}
}

func perturb32(dst, theta []float32, sigma float32, s Stream, off uint64) {
	var k schedule
	for len(dst) > 0 {
		p := nextPiece(len(dst), off, maxChunk)
		k.set(s, uint32(p.block>>32))
		if p.whole() {
			perturbChunk(&dst[0], &theta[0], p.n, sigma, &k, uint32(p.block))
		} else {
			var buf [group]float32
			copy(buf[p.skip:], theta[:p.keep])
			perturbChunk(&buf[0], &buf[0], group, sigma, &k, uint32(p.block))
			copy(dst[:p.keep], buf[p.skip:])
		}
		dst, theta, off = dst[p.keep:], theta[p.keep:], off+uint64(p.keep)
	}
}

func perturbPair[F vec.Float](plus, minus, theta []F, sigma F, s Stream, off uint64) {
	checkPair(plus, minus, theta)
	switch {
	case len(theta) <= small || !kernels():
		perturbPairGeneric(plus, minus, theta, sigma, s, off, false)
	case cast.Is32[F]():
		perturbPair32(cast.To32(plus), cast.To32(minus), cast.To32(theta), float32(sigma), s, off)
	default:
		perturbPair64(cast.To64(plus), cast.To64(minus), cast.To64(theta), float64(sigma), s, off)
	}
}

func perturbPair32(plus, minus, theta []float32, sigma float32, s Stream, off uint64) {
	var k schedule
	for len(theta) > 0 {
		p := nextPiece(len(theta), off, maxChunk)
		k.set(s, uint32(p.block>>32))
		if p.whole() {
			perturbPairChunk(&plus[0], &minus[0], &theta[0], p.n, sigma, &k, uint32(p.block))
		} else {
			var up, down [group]float32
			copy(up[p.skip:], theta[:p.keep])
			perturbPairChunk(&up[0], &down[0], &up[0], group, sigma, &k, uint32(p.block))
			copy(plus[:p.keep], up[p.skip:])
			copy(minus[:p.keep], down[p.skip:])
		}
		plus, minus, theta, off = plus[p.keep:], minus[p.keep:], theta[p.keep:], off+uint64(p.keep)
	}
}

// axpy is perturb in place.
func axpy[F vec.Float](g []F, w F, s Stream, off uint64) { perturb(g, g, w, s, off) }

func combine[F vec.Float](g []F, ws []F, ss []Stream, off uint64) {
	checkCombine(g, ws, ss)
	whole, streams := len(g)&^(group-1), minLaneStreams
	if whole > 0 {
		streams = minTailStreams
	}
	if at := off + uint64(whole); inLanes(len(g)-whole, combineLanesMax, at, 4, len(ws), streams) {
		combineLanes(g[whole:], ws, ss, uint32(at/4), false)
		g = g[:whole]
	}
	switch {
	case len(g) == 0:
	case len(g) <= small || !kernels():
		combineGeneric(g, ws, ss, off, false)
	case cast.Is32[F]():
		combine32(cast.To32(g), cast.To32(ws), ss, off)
	default:
		combine64(cast.To64(g), cast.To64(ws), ss, off)
	}
}

func combine32(g, ws []float32, ss []Stream, off uint64) {
	var ks [combineStreams]schedule
	for len(ws) > 0 {
		count := len(ws)
		if count > combineStreams {
			count = combineStreams
		}
		expanded := uint64(1) << 32 // an upper half that no block has
		for rest, off := g, off; len(rest) > 0; {
			p := nextPiece(len(rest), off, maxChunk/count&^(group-1))
			if p.block>>32 != expanded {
				expanded = p.block >> 32
				for i := range ks[:count] {
					ks[i].set(ss[i], uint32(expanded))
				}
			}
			if p.whole() {
				combineChunk(&rest[0], p.n, &ws[0], &ks[0], count, uint32(p.block))
			} else {
				var buf [group]float32
				copy(buf[p.skip:], rest[:p.keep])
				combineChunk(&buf[0], group, &ws[0], &ks[0], count, uint32(p.block))
				copy(rest[:p.keep], buf[p.skip:])
			}
			rest, off = rest[p.keep:], off+uint64(p.keep)
		}
		ws, ss = ws[count:], ss[count:]
	}
}

// The chunks are not inlined: their prologue is where a goroutine can be
// preempted between two calls of a kernel. They tell the race detector what the
// kernel is about to touch; k, ks and buffers on the stack nobody else can see.

//go:noinline
func wordsChunk(dst *uint32, n int, k *schedule, b uint32) {
	race.Write(dst, n)
	wordsKernel(dst, n, k, b)
}

//go:noinline
func fillChunk(dst *float32, n int, k *schedule, b uint32) {
	race.Write(dst, n)
	fillKernel(dst, n, k, b)
}

//go:noinline
func perturbChunk(dst, theta *float32, n int, sigma float32, k *schedule, b uint32) {
	race.Read(theta, n)
	race.Write(dst, n)
	perturbKernel(dst, theta, n, sigma, k, b)
}

//go:noinline
func perturbPairChunk(plus, minus, theta *float32, n int, sigma float32, k *schedule, b uint32) {
	race.Read(theta, n)
	race.Write(plus, n)
	race.Write(minus, n)
	perturbPairKernel(plus, minus, theta, n, sigma, k, b)
}

//go:noinline
func combineChunk(g *float32, n int, ws *float32, ks *schedule, count int, b uint32) {
	race.Read(ws, count)
	race.Write(g, n)
	combineKernel(g, n, ws, ks, count, b)
}

// float64 goes through float32 noise in the first-level cache.

const wideLen = 512

func fill64(dst []float64, s Stream, off uint64) {
	var eps [wideLen]float32
	for len(dst) > 0 {
		n := least(len(dst), wideLen)
		fill32(eps[:n], s, off)
		widen(dst[:n], eps[:n])
		dst, off = dst[n:], off+uint64(n)
	}
}

func perturb64(dst, theta []float64, sigma float64, s Stream, off uint64) {
	var eps [wideLen]float32
	for len(dst) > 0 {
		n := least(len(dst), wideLen)
		fill32(eps[:n], s, off)
		addScaled(dst[:n], theta[:n], sigma, eps[:n])
		dst, theta, off = dst[n:], theta[n:], off+uint64(n)
	}
}

func perturbPair64(plus, minus, theta []float64, sigma float64, s Stream, off uint64) {
	var eps [wideLen]float32
	for len(theta) > 0 {
		n := least(len(theta), wideLen)
		fill32(eps[:n], s, off)
		addScaledPair(plus[:n], minus[:n], theta[:n], sigma, eps[:n])
		plus, minus, theta, off = plus[n:], minus[n:], theta[n:], off+uint64(n)
	}
}

func combine64(g, ws []float64, ss []Stream, off uint64) {
	var eps [wideLen]float32
	for len(g) > 0 {
		n := least(len(g), wideLen)
		for k, w := range ws {
			fill32(eps[:n], ss[k], off)
			addScaled(g[:n], g[:n], w, eps[:n])
		}
		g, off = g[n:], off+uint64(n)
	}
}

// widen sets dst to eps.
func widen(dst []float64, eps []float32) {
	i := 0
	if n := len(eps) &^ 7; n > 0 {
		widenChunk(&dst[0], n, &eps[0])
		i = n
	}
	dst = dst[:len(eps)]
	for ; i < len(eps); i++ {
		dst[i] = float64(eps[i])
	}
}

// addScaled sets dst to theta + w·eps.
func addScaled(dst, theta []float64, w float64, eps []float32) {
	i := 0
	if n := len(eps) &^ 7; n > 0 {
		addScaledChunk(&dst[0], &theta[0], n, w, &eps[0])
		i = n
	}
	dst, theta = dst[:len(eps)], theta[:len(eps)]
	for ; i < len(eps); i++ {
		dst[i] = theta[i] + float64(w*float64(eps[i]))
	}
}

// addScaledPair sets plus and minus to theta + w·eps and theta − w·eps.
func addScaledPair(plus, minus, theta []float64, w float64, eps []float32) {
	i := 0
	if n := len(eps) &^ 7; n > 0 {
		addScaledPairChunk(&plus[0], &minus[0], &theta[0], n, w, &eps[0])
		i = n
	}
	plus, minus, theta = plus[:len(eps)], minus[:len(eps)], theta[:len(eps)]
	for ; i < len(eps); i++ {
		th, d := theta[i], float64(w*float64(eps[i]))
		plus[i], minus[i] = th+d, th-d
	}
}

//go:noinline
func widenChunk(dst *float64, n int, eps *float32) {
	race.Write(dst, n)
	widenKernel(dst, n, eps)
}

//go:noinline
func addScaledChunk(dst, theta *float64, n int, w float64, eps *float32) {
	race.Read(theta, n)
	race.Write(dst, n)
	addScaledKernel(dst, theta, n, w, eps)
}

//go:noinline
func addScaledPairChunk(plus, minus, theta *float64, n int, w float64, eps *float32) {
	race.Read(theta, n)
	race.Write(plus, n)
	race.Write(minus, n)
	addScaledPairKernel(plus, minus, theta, n, w, eps)
}
