//go:build (amd64 || arm64) && !purego

package noise

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/noise-reuse/nres/internal/guard"
	"github.com/noise-reuse/nres/vec"
)

var signOffsets = []uint64{0, 1, 7, 8, 100, 127, 128, 2047, 1<<39 - 2048 - 5, 1<<39 - 300, 1<<39 - 128, 1<<62 + 3}

func signLengths() []int {
	ns := lengths()
	return append(ns, signChunk-128, signChunk-1, signChunk+1, 3*signChunk+17)
}

// specials has normals and, in between, what could go wrong.
func specials[F vec.Float](n int) []F {
	v := make([]F, n)
	fillGeneric(v, New(17), 0)
	odd := []F{0, F(math.Copysign(0, -1)), F(math.Inf(1)), F(math.Inf(-1)), F(math.NaN()), 1e-40, -1e-44, 3e38, -3e38, 1, -1}
	for i := 0; i < n; i += 3 {
		v[i] = odd[i/3%len(odd)]
	}
	return v
}

func TestSignKernels(t *testing.T) {
	eachTier(t, func(t *testing.T) { both(t, testSignKernels[float32], testSignKernels[float64]) })
}

func testSignKernels[F vec.Float](t *testing.T) {
	s := New(3).Derive(1)
	sigmas := []F{0.37, 0, F(math.Inf(1)), F(math.NaN()), -1e-42, 3e38}
	for o, off := range signOffsets {
		for _, n := range signLengths() {
			want, want2 := make([]F, n), make([]F, n)
			theta, sigma := specials[F](n), sigmas[(n+o)%len(sigmas)]
			dst, dst2 := newFenced[F](n, n), newFenced[F](n, n/16+o)

			fillSignsGeneric(want, s, off)
			FillSigns(dst.s, s, off)
			dst.holds(t, want, "fill, n=%d, off=%d", n, off)

			perturbPairGeneric(want, want2, theta, sigma, s, off, true)
			PerturbSigns(dst.s, theta, sigma, s, off)
			dst.holds(t, want, "perturb, n=%d, off=%d", n, off)
			copy(dst.s, theta)
			AxpySigns(dst.s, sigma, s, off)
			dst.holds(t, want, "axpy, n=%d, off=%d", n, off)

			copy(dst.s, theta)
			PerturbPairSigns(dst.s, dst2.s, dst.s, sigma, s, off)
			dst.holds(t, want, "plus in place, n=%d, off=%d", n, off)
			dst2.holds(t, want2, "minus, n=%d, off=%d", n, off)
			copy(dst2.s, theta)
			PerturbPairSigns(dst.s, dst2.s, dst2.s, sigma, s, off)
			dst.holds(t, want, "plus, n=%d, off=%d", n, off)
			dst2.holds(t, want2, "minus in place, n=%d, off=%d", n, off)
		}
	}
}

func TestCombineSignKernels(t *testing.T) {
	eachTier(t, func(t *testing.T) { both(t, testCombineSignKernels[float32], testCombineSignKernels[float64]) })
}

func testCombineSignKernels[F vec.Float](t *testing.T) {
	for _, count := range []int{0, 1, 2, 5, 6, 7, 15, 16, 17, 31, 33, 63, 64, 65, 71, 133} {
		ws, ss := make([]F, count), make([]Stream, count)
		fillGeneric(ws, New(5), 0)
		for k := range ss {
			ss[k] = New(uint64(count)).Derive(uint64(k))
		}
		for o, off := range signOffsets {
			for _, n := range []int{0, 1, 17, 128, 1000, 1024, 1500, 2047, 2048, 2049, 3000, 3072, 4096, 5000} {
				if testing.Short() && (n+o+count)%23 != 0 {
					continue
				}
				want := specials[F](n)
				got := newFenced[F](n, n+o)
				copy(got.s, want)
				combineGeneric(want, ws, ss, off, true)
				CombineSigns(got.s, ws, ss, off)
				got.holds(t, want, "%d streams, n=%d, off=%d", count, n, off)
			}
		}
	}
	odd := specials[F](33) // as weights
	want, got := make([]F, panelLen), newFenced[F](panelLen, 3)
	for _, w := range odd {
		ws, ss := make([]F, minPanelStreams), make([]Stream, minPanelStreams)
		for k := range ws {
			ws[k], ss[k] = w, New(uint64(k))
		}
		fillGeneric(want, New(8), 0)
		copy(got.s, want)
		combineGeneric(want, ws, ss, 0, true)
		CombineSigns(got.s, ws, ss, 0)
		got.holds(t, want, "weight %v", w)
	}
}

// TestSignOrder adds weights of which each rounds away, unless the sum is made in
// the order of the streams.
func TestSignOrder(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		ws, ss := make([]float32, 40), make([]Stream, 40)
		for k := range ws {
			ws[k], ss[k] = float32(math.Ldexp(1.1, k*7%30-15)), New(uint64(k)).Derive(9)
		}
		want, got := make([]float32, 3*panelLen), make([]float32, 3*panelLen)
		combineGeneric(want, ws, ss, 77, true)
		CombineSigns(got, ws, ss, 77)
		require.Equal(t, want, got)
	})
}

// TestPanelBounds: the kernels of panels stay in their parts, which lie side by side, but for loads of words,
// which go 3 bytes beyond both ends.
func TestPanelBounds(t *testing.T) {
	g, acc, tables := guard.New[float32](t, panelLen), guard.New[float32](t, panelLen), guard.New[float32](t, panelStreams*64)
	ws, words := guard.New[float32](t, panelStreams), guard.New[uint32](t, panelStreams*128+2)
	eachTier(t, func(t *testing.T) {
		var ks [panelStreams]schedule
		for _, count := range []int{1, 5, panelStreams} {
			src, a, w := &g.End(panelLen)[0], &acc.End(panelLen)[0], &words.At(1, count*128)[0]
			table, weights := &tables.End(count * 64)[0], &ws.End(count)[0]
			signPanelLoadKernel(a, src)
			signPanelWordsKernel(w, table, weights, &ks[0], count, 0)
			signPanelAddKernel(a, w, table, count)
			signPanelStoreKernel(src, a)
			g.Check(t)
			acc.Check(t)
			tables.Check(t)
			words.Check(t)
		}
	})
}

func TestWideKernels(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		for _, n := range upTo(wideLen) {
			eps := make([]float32, n)
			fillGeneric(eps, New(1), 0)
			theta := specials[float64](n)
			for _, w := range []float64{0.1, math.Inf(-1), math.NaN(), 1e-320, 0} {
				wide, plus, minus := make([]float64, n), make([]float64, n), make([]float64, n)
				for i, e := range eps {
					wide[i] = float64(e)
					d := float64(w * wide[i])
					plus[i], minus[i] = theta[i]+d, theta[i]-d
				}
				dst, dst2, what := newFenced[float64](n, n), newFenced[float64](n, n/16), fmt.Sprint("w=", w)
				widen(dst.s, eps)
				dst.holds(t, wide, "widen, n=%d", n)
				addScaled(dst.s, theta, w, eps)
				dst.holds(t, plus, "addScaled, n=%d, %s", n, what)
				copy(dst.s, theta)
				addScaledPair(dst.s, dst2.s, dst.s, w, eps)
				dst.holds(t, plus, "addScaledPair plus, n=%d, %s", n, what)
				dst2.holds(t, minus, "addScaledPair minus, n=%d, %s", n, what)
			}
		}
	})
}
