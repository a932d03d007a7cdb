//go:build (amd64 || arm64) && !purego

package noise

import (
	"unsafe"

	"github.com/noise-reuse/nres/internal/cast"
	"github.com/noise-reuse/nres/internal/race"
	"github.com/noise-reuse/nres/vec"
)

// Signs are made of words in two ways. One stream at a time, in the order of the
// elements: fillSignsKernel, perturbSignsKernel and perturbPairSignsKernel take any
// positive number n of elements, and the signs from bit first on of the words. They
// may read the word after the last one that has bits for them.
//
// For many streams the sum is held in a signPanel, in an order in which whole words
// stand side by side in a vector, so that a sign costs little more than the addition.

const (
	// panelLen is the number of elements in a panel: 16 blocks of 128.
	panelLen = 2048

	// panelStreams is how many streams' words a panel holds.
	panelStreams = 16

	// signStreams is how many streams share one pass over g.
	signStreams = 64

	// Up to these lengths plain Go is faster, in float64 up to half as much again.
	smallFillSigns = 44
	smallSigns     = 28

	// Fewer streams or elements than these are faster one stream at a time, and
	// then so many elements at a time.
	minPanelStreams = 6
	minPanel        = 1024
	byStreamLen     = 4096

	// signChunk bounds the elements of one call of the other kernels.
	signChunk = 8192
)

// A signPanel is what a pass over the streams works on, all of it in the
// first-level cache. Each kernel set orders and uses its parts as it likes:
//
//   - signPanelLoad and signPanelStore move panelLen elements to and from acc;
//   - signPanelWords makes the words of count streams for 16 blocks from b, which
//     must not pass the end of the lower half, and what the weights need;
//   - signPanelAdd adds ±w_k to acc, for k in order.
type signPanel struct {
	tables [panelStreams * 64]float32 // AVX-512 uses three quarters of it
	acc    [panelLen]float32
	words  [panelStreams*128 + 1]uint32 // two versions; unaligned loads read beyond both ends
}

// A signPanelRoom has room for a panel on a cache line, which is worth a few percent.
type signPanelRoom [unsafe.Sizeof(signPanel{}) + 63]byte

func (r *signPanelRoom) panel() *signPanel {
	p := unsafe.Pointer(r)
	return (*signPanel)(unsafe.Add(p, -uintptr(p)&63))
}

// longerThan reports whether kernels are faster than plain Go for n elements.
func longerThan[F vec.Float](n, small int) bool {
	if !cast.Is32[F]() {
		small += small / 2
	}
	return n > small
}

func fillSigns[F vec.Float](dst []F, s Stream, off uint64) {
	switch {
	case !longerThan[F](len(dst), smallFillSigns) || !kernels():
		fillSignsGeneric(dst, s, off)
	case cast.Is32[F]():
		fillSigns32(cast.To32(dst), s, off)
	default:
		fillSigns64(cast.To64(dst), s, off)
	}
}

func perturbSigns[F vec.Float](dst, theta []F, sigma F, s Stream, off uint64) {
	check(dst, theta)
	switch {
	case !longerThan[F](len(dst), smallSigns) || !kernels():
		perturbGeneric(dst, theta, sigma, s, off, true)
	case cast.Is32[F]():
		perturbSigns32(cast.To32(dst), cast.To32(theta), float32(sigma), s, off)
	default:
		perturbSigns64(cast.To64(dst), cast.To64(theta), float64(sigma), s, off)
	}
}

func perturbPairSigns[F vec.Float](plus, minus, theta []F, sigma F, s Stream, off uint64) {
	checkPair(plus, minus, theta)
	switch {
	case !longerThan[F](len(theta), smallSigns) || !kernels():
		perturbPairGeneric(plus, minus, theta, sigma, s, off, true)
	case cast.Is32[F]():
		perturbPairSigns32(cast.To32(plus), cast.To32(minus), cast.To32(theta), float32(sigma), s, off)
	default:
		perturbPairSigns64(cast.To64(plus), cast.To64(minus), cast.To64(theta), float64(sigma), s, off)
	}
}

// axpySigns is perturbSigns in place.
func axpySigns[F vec.Float](g []F, w F, s Stream, off uint64) { perturbSigns(g, g, w, s, off) }

func combineSigns[F vec.Float](g []F, ws []F, ss []Stream, off uint64) {
	checkCombine(g, ws, ss)
	switch {
	case inLanes(len(g), combineSignLanesMax, off, 128, len(ws), minLaneStreams):
		combineLanes(g, ws, ss, uint32(off/128), true)
	case !longerThan[F](len(g), smallSigns) || !kernels():
		combineGeneric(g, ws, ss, off, true)
	case cast.Is32[F]():
		combineSigns32(cast.To32(g), cast.To32(ws), ss, off)
	default:
		combineSigns64(cast.To64(g), cast.To64(ws), ss, off)
	}
}

// signWords has the words for a call of a kernel, and the one after.
type signWords [signChunk/32 + 1]uint32

// set makes the words for the elements from off on, n or as many as fit and come
// before the last element number. It returns how many, and which bit is the first.
func (w *signWords) set(n int, s Stream, off uint64) (fit, first int) {
	first = int(off % 128)
	fit = least(n, signChunk-first)
	if left := -off; left-1 < uint64(fit) { // the words go on, element numbers begin again
		fit = int(left)
	}
	count := (first + fit + 32*group - 1) / (32 * group) * group // whole groups are fastest
	words(w[:count], s, off/128*4)
	return fit, first
}

func fillSigns32(dst []float32, s Stream, off uint64) {
	var w signWords
	for len(dst) > 0 {
		n, first := w.set(len(dst), s, off)
		fillSignsChunk(&dst[0], n, &w[0], first)
		dst, off = dst[n:], off+uint64(n)
	}
}

func perturbSigns32(dst, theta []float32, sigma float32, s Stream, off uint64) {
	var w signWords
	for len(dst) > 0 {
		n, first := w.set(len(dst), s, off)
		perturbSignsChunk(&dst[0], &theta[0], n, sigma, &w[0], first)
		dst, theta, off = dst[n:], theta[n:], off+uint64(n)
	}
}

func perturbPairSigns32(plus, minus, theta []float32, sigma float32, s Stream, off uint64) {
	var w signWords
	for len(theta) > 0 {
		n, first := w.set(len(theta), s, off)
		perturbPairSignsChunk(&plus[0], &minus[0], &theta[0], n, sigma, &w[0], first)
		plus, minus, theta, off = plus[n:], minus[n:], theta[n:], off+uint64(n)
	}
}

func combineSigns32(g, ws []float32, ss []Stream, off uint64) {
	if len(ws) < minPanelStreams || len(g) < minPanel {
		combineSignsByStream(g, ws, ss, off)
		return
	}
	for len(ws) > 0 {
		count := least(len(ws), signStreams)
		combineSignsPanels(g, ws[:count], ss, off)
		ws, ss = ws[count:], ss[count:]
	}
}

// combineSignsByStream makes one pass over the streams for each part of g.
func combineSignsByStream(g, ws []float32, ss []Stream, off uint64) {
	for len(g) > 0 {
		n := least(len(g), byStreamLen-int(off%128))
		for k, w := range ws {
			perturbSigns32(g[:n], g[:n], w, ss[k], off)
		}
		g, off = g[n:], off+uint64(n)
	}
}

// combineSignsPanels takes up to signStreams streams.
func combineSignsPanels(g, ws []float32, ss []Stream, off uint64) {
	var (
		room signPanelRoom
		ks   [signStreams]schedule
	)
	panel := room.panel()
	expanded := uint64(1) << 32 // an upper half that no block has
	for len(g) > 0 {
		b, skip := off/128, int(off%128)
		n := least(len(g), panelLen-skip)
		if b&(1<<32-1) > 1<<32-panelLen/128 || n < minPanel {
			combineSignsByStream(g[:n], ws, ss, off)
			g, off = g[n:], off+uint64(n)
			continue
		}
		if b>>32 != expanded {
			expanded = b >> 32
			for i := range ws {
				ks[i].single(ss[i], uint32(expanded))
			}
		}
		if n == panelLen {
			signPanelLoad(panel, &g[0])
			panel.add(ws, &ks, uint32(b))
			signPanelStore(&g[0], panel)
		} else {
			panel.addPart(g[:n], skip, ws, &ks, uint32(b))
		}
		g, off = g[n:], off+uint64(n)
	}
}

// addPart adds to g, which is a panel from element skip on.
func (p *signPanel) addPart(g []float32, skip int, ws []float32, ks *[signStreams]schedule, b uint32) {
	var buf [panelLen]float32
	copy(buf[skip:], g)
	signPanelLoad(p, &buf[0])
	p.add(ws, ks, b)
	signPanelStore(&buf[0], p)
	copy(g, buf[skip:])
}

func (p *signPanel) add(ws []float32, ks *[signStreams]schedule, b uint32) {
	for i := 0; i < len(ws); i += panelStreams {
		count := least(len(ws)-i, panelStreams)
		signPanelWords(p, &ws[i], &ks[i], count, b)
		signPanelAdd(p, count)
	}
}

// The chunks are not inlined, and tell the race detector what the kernels touch:
// see noise_asm.go. Words and panels are on the stack.

//go:noinline
func fillSignsChunk(dst *float32, n int, words *uint32, first int) {
	race.Write(dst, n)
	fillSignsKernel(dst, n, words, first)
}

//go:noinline
func perturbSignsChunk(dst, theta *float32, n int, sigma float32, words *uint32, first int) {
	race.Read(theta, n)
	race.Write(dst, n)
	perturbSignsKernel(dst, theta, n, sigma, words, first)
}

//go:noinline
func perturbPairSignsChunk(plus, minus, theta *float32, n int, sigma float32, words *uint32, first int) {
	race.Read(theta, n)
	race.Write(plus, n)
	race.Write(minus, n)
	perturbPairSignsKernel(plus, minus, theta, n, sigma, words, first)
}

//go:noinline
func signPanelLoad(p *signPanel, g *float32) {
	race.Read(g, panelLen)
	signPanelLoadKernel(&p.acc[0], g)
}

//go:noinline
func signPanelStore(g *float32, p *signPanel) {
	race.Write(g, panelLen)
	signPanelStoreKernel(g, &p.acc[0])
}

//go:noinline
func signPanelWords(p *signPanel, ws *float32, ks *schedule, count int, b uint32) {
	race.Read(ws, count)
	signPanelWordsKernel(&p.words[0], &p.tables[0], ws, ks, count, b)
}

//go:noinline
func signPanelAdd(p *signPanel, count int) {
	signPanelAddKernel(&p.acc[0], &p.words[0], &p.tables[0], count)
}

// float64 goes through float32 signs in the first-level cache.

// wideSigns has the words of up to signChunk elements, and up to wideLen signs of them.
type wideSigns struct {
	words      signWords
	first, end int // bits of the words still to be used
	eps        [wideLen]float32
}

// next returns the signs from element off on, some of n. The next call goes on from there.
func (w *wideSigns) next(n int, s Stream, off uint64) []float32 {
	if w.first == w.end {
		n, w.first = w.words.set(n, s, off)
		w.end = w.first + n
	}
	eps := w.eps[:least(w.end-w.first, wideLen)]
	fillSignsChunk(&eps[0], len(eps), &w.words[0], w.first)
	w.first += len(eps)
	return eps
}

func fillSigns64(dst []float64, s Stream, off uint64) {
	var w wideSigns
	for len(dst) > 0 {
		eps := w.next(len(dst), s, off)
		widen(dst, eps)
		dst, off = dst[len(eps):], off+uint64(len(eps))
	}
}

func perturbSigns64(dst, theta []float64, sigma float64, s Stream, off uint64) {
	var w wideSigns
	for len(dst) > 0 {
		eps := w.next(len(dst), s, off)
		n := len(eps)
		addScaled(dst, theta, sigma, eps)
		dst, theta, off = dst[n:], theta[n:], off+uint64(n)
	}
}

func perturbPairSigns64(plus, minus, theta []float64, sigma float64, s Stream, off uint64) {
	var w wideSigns
	for len(theta) > 0 {
		eps := w.next(len(theta), s, off)
		n := len(eps)
		addScaledPair(plus, minus, theta, sigma, eps)
		plus, minus, theta, off = plus[n:], minus[n:], theta[n:], off+uint64(n)
	}
}

func combineSigns64(g, ws []float64, ss []Stream, off uint64) {
	for len(g) > 0 {
		n := least(len(g), panelLen-int(off%128))
		for k, w := range ws {
			perturbSigns64(g[:n], g[:n], w, ss[k], off)
		}
		g, off = g[n:], off+uint64(n)
	}
}
