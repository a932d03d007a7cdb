//go:build (amd64 || arm64) && !purego

package noise

import (
	"math"
	"math/bits"
	"math/rand"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/noise-reuse/nres/internal/cpu"
	"github.com/noise-reuse/nres/internal/special"
	"github.com/noise-reuse/nres/vec"
)

// eachTier runs f with each set of kernels that the machine has, plain Go not among
// them: that is what they are compared with.
func eachTier(t *testing.T, f func(t *testing.T)) {
	defer setTier(cpu.Active())
	for _, tier := range cpu.Available()[1:] {
		setTier(tier)
		t.Run(tier.String(), f)
	}
}

var asmStreams = []Stream{
	{}, New(1), {Key: 1<<63 + 5, Sub: 1<<64 - 1}, {Key: 1<<64 - 1, Sub: 1 << 32},
	New(2023).Derive(1, 2, 3), New(7).Derive(1),
}

// asmOffsets has all positions in a block, and blocks whose number overflows 32 bits
// before, in and after the first group.
var asmOffsets = []uint64{
	0, 1, 2, 3, 4, 61, 64, 255, 1<<20 + 7, 1<<34 - 1, 1<<34 - 2, 1<<34 - 4, 1<<34 - 63, 1<<34 - 64,
	1<<34 - 65, 1<<34 - 128, 1<<34 - 203, 1 << 34, 3<<34 + 1, 7<<34 - 99, 1<<62 - 150,
}

func asmLengths() []int {
	return append(upTo(5*group+1), 1000, maxChunk-1, maxChunk, maxChunk+group+1, 2*maxChunk+5)
}

// rounds is what the kernels do for block b, up to the given round.
func (k *schedule) rounds(b uint32, last int) (c [4]uint32) {
	hi, c3 := bits.Mul32(b, mul0)
	c2 := hi ^ k[0]
	hi, c1 := bits.Mul32(c2, mul1)
	c0, c2, c3 := hi^k[1], c3^k[2], 0 // its c3 is in k[5]
	for r := 2; r <= last; r++ {
		p, lo0 := bits.Mul32(c0, mul0)
		q, lo1 := bits.Mul32(c2, mul1)
		c0, c1, c2, c3 = q^c1^k[2*r], lo1, p^c3^k[2*r+1], lo0
	}
	return [4]uint32{c0, c1, c2, c3}
}

// TestSchedule holds the rounds as the kernels do them to Block.
func TestSchedule(t *testing.T) {
	for _, s := range asmStreams {
		for _, b := range []uint64{0, 1, 77, 1<<32 - 1, 1 << 32, 5<<32 + 9, 1<<64 - 1} {
			var k schedule
			k.single(s, uint32(b>>32))
			require.Equal(t, s.Block(b), k.rounds(uint32(b), 9), "%+v, block %d", s, b)
		}
	}
}

// TestKernels compares the kernels with plain Go, bit by bit.
func TestKernels(t *testing.T) {
	eachTier(t, func(t *testing.T) { both(t, testKernels[float32], testKernels[float64]) })
}

const canary = -12345

// A fenced slice lies between canaries, at any place relative to a cache line.
type fenced[F vec.Float] struct {
	before, s, after []F
}

func newFenced[F vec.Float](n, shift int) fenced[F] {
	all := make([]F, n+40)
	for i := range all {
		all[i] = canary
	}
	at := 4 + shift%16
	return fenced[F]{all[:at], all[at : at+n : at+n], all[at+n:]}
}

func (f fenced[F]) holds(t *testing.T, want []F, format string, args ...any) {
	t.Helper()
	for i, v := range f.s {
		if !special.Same(v, want[i]) {
			t.Fatalf("element %d is %v, not %v: "+format, append([]any{i, v, want[i]}, args...)...)
		}
	}
	for _, fence := range [][]F{f.before, f.after} {
		for _, v := range fence {
			if v != canary {
				t.Fatalf("wrote %v beside the slice: "+format, append([]any{v}, args...)...)
			}
		}
	}
}

// surround returns a fenced copy.
func surround[F vec.Float](v []F) fenced[F] {
	f := newFenced[F](len(v), 13)
	copy(f.s, v)
	return f
}

// values returns n numbers, special ones among them.
func values[F vec.Float](rng *rand.Rand, n int) []F {
	v := make([]F, n)
	big := F(math.MaxFloat32)
	special := []F{0, F(math.Copysign(0, -1)), F(math.Inf(1)), F(math.Inf(-1)), F(math.NaN()), big, -big, 1e-45, -1e-39, 1}
	for i := range v {
		v[i] = F(rng.NormFloat64())
		if rng.Intn(8) == 0 {
			v[i] = special[rng.Intn(len(special))]
		}
	}
	return v
}

func testKernels[F vec.Float](t *testing.T) {
	rng := rand.New(rand.NewSource(1))
	for _, n := range asmLengths() {
		for i, off := range asmOffsets {
			if testing.Short() && (n+i)%3 != 0 {
				continue
			}
			s := asmStreams[(n+i)%len(asmStreams)]
			theta, zero := values[F](rng, n), make([]F, n)
			sigma := values[F](rng, 1)[0]

			want := make([]F, n)
			fillGeneric(want, s, off)
			got := surround(zero)
			Fill(got.s, s, off)
			got.holds(t, want, "Fill of %d at %d", n, off)

			perturbGeneric(want, theta, sigma, s, off, false)
			got = surround(zero)
			Perturb(got.s, theta, sigma, s, off)
			got.holds(t, want, "Perturb of %d at %d by %v", n, off, sigma)
			got = surround(theta)
			Perturb(got.s, got.s, sigma, s, off)
			got.holds(t, want, "Perturb of %d at %d by %v in place", n, off, sigma)
			got = surround(theta)
			Axpy(got.s, sigma, s, off)
			got.holds(t, want, "Axpy of %d at %d by %v", n, off, sigma)

			minus := make([]F, n)
			perturbPairGeneric(want, minus, theta, sigma, s, off, false)
			got, got2 := surround(zero), surround(zero)
			PerturbPair(got.s, got2.s, theta, sigma, s, off)
			got.holds(t, want, "PerturbPair of %d at %d by %v: plus", n, off, sigma)
			got2.holds(t, minus, "PerturbPair of %d at %d by %v: minus", n, off, sigma)
			got, got2 = surround(theta), surround(zero)
			PerturbPair(got.s, got2.s, got.s, sigma, s, off)
			got.holds(t, want, "PerturbPair of %d at %d by %v: plus in place", n, off, sigma)
			got2.holds(t, minus, "PerturbPair of %d at %d by %v: minus", n, off, sigma)
			got, got2 = surround(zero), surround(theta)
			PerturbPair(got.s, got2.s, got2.s, sigma, s, off)
			got.holds(t, want, "PerturbPair of %d at %d by %v: plus", n, off, sigma)
			got2.holds(t, minus, "PerturbPair of %d at %d by %v: minus in place", n, off, sigma)
		}
	}
}

func TestCombineKernel(t *testing.T) {
	eachTier(t, func(t *testing.T) { both(t, testCombineKernel[float32], testCombineKernel[float64]) })
}

func testCombineKernel[F vec.Float](t *testing.T) {
	rng := rand.New(rand.NewSource(2))
	for _, count := range []int{0, 1, 2, 3, combineStreams - 1, combineStreams, combineStreams + 1, 2*combineStreams + 1} {
		ss := make([]Stream, count)
		for i := range ss {
			ss[i] = Stream{rng.Uint64(), rng.Uint64()}
		}
		lengths := []int{1, 8, 9, 63, 64, 65, 127, 128, 129, 192, 255, 257, 321, 1000}
		if count < 4 {
			lengths = asmLengths()
		}
		for _, n := range lengths {
			for i, off := range asmOffsets {
				if count > 3 && (n+i)%5 != 0 || testing.Short() && (n+i)%11 != 0 {
					continue
				}
				ws, g := values[F](rng, count), values[F](rng, n)
				if i%2 == 0 { // without the special values, which swallow others
					for k := range ws {
						ws[k] = F(rng.NormFloat64())
					}
					for k := range g {
						g[k] = F(rng.NormFloat64())
					}
				}
				want, got := append([]F(nil), g...), surround(g)
				combineGeneric(want, ws, ss, off, false)
				Combine(got.s, ws, ss, off)
				got.holds(t, want, "Combine of %d streams, %d at %d", count, n, off)
			}
		}
	}
}

func TestWordsTier(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		for _, n := range asmLengths() {
			for i, off := range asmOffsets {
				s := asmStreams[(n+i)%len(asmStreams)]
				want, got := make([]uint32, n), make([]uint32, n+2)
				wordsGeneric(want, s, off)
				got[0], got[n+1] = 1, 2
				Words(got[1:n+1], s, off)
				require.Equal(t, want, got[1:n+1], "%d at %d", n, off)
				require.Equal(t, [2]uint32{1, 2}, [2]uint32{got[0], got[n+1]})
			}
		}
	})
}
