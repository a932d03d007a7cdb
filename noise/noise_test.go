package noise

import (
	"bufio"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"math"
	"os"
	"sort"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/noise-reuse/nres/internal/tiers"
	"github.com/noise-reuse/nres/vec"
)

// The three vectors that Random123 publishes for philox4x32-10 (kat_vectors):
// counter, key, result.
var knownAnswers = []struct{ ctr, key, want []uint32 }{
	{[]uint32{0, 0, 0, 0}, []uint32{0, 0}, []uint32{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
	{
		[]uint32{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, []uint32{0xffffffff, 0xffffffff},
		[]uint32{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd},
	},
	{
		[]uint32{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, []uint32{0xa4093822, 0x299f31d0},
		[]uint32{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1},
	},
}

func TestKnownAnswers(t *testing.T) {
	join := func(w []uint32) uint64 { return uint64(w[0]) | uint64(w[1])<<32 }
	for _, k := range knownAnswers {
		// cuRAND's mapping: the offset counts in the low half of the counter, the
		// subsequence is the high half, the seed is the key.
		s := Stream{Key: join(k.key), Sub: join(k.ctr[2:])}
		b := join(k.ctr)
		got := s.Block(b)
		assert.Equal(t, k.want, got[:])
		if b < 1<<62 { // word numbers have 64 bits
			words := make([]uint32, 4)
			Words(words, s, 4*b)
			assert.Equal(t, k.want, words)
			for i := range words {
				assert.Equal(t, words[i], s.Word(4*b+uint64(i)))
			}
		}
	}
}

func TestDerive(t *testing.T) {
	s := New(7)
	assert.Equal(t, s, s.Derive())
	assert.Equal(t, s.Derive(1).Derive(2), s.Derive(1, 2))
	assert.NotEqual(t, s.Derive(1, 2), s.Derive(2, 1))
	seen := map[Stream]string{s: "root"}
	add := func(c Stream, name string) {
		require.NotContains(t, seen, c, name)
		seen[c] = name
	}
	for i := uint64(0); i < 300; i++ {
		add(s.Derive(i), fmt.Sprint("child ", i))
		add(s.Derive(i, 0), fmt.Sprint("grandchild ", i))
		add(New(8+i).Derive(0), fmt.Sprint("other seed ", i))
		// Not the words of the parent either.
		w := s.Block(i)
		add(Stream{uint64(w[0]) | uint64(w[1])<<32, uint64(w[2]) | uint64(w[3])<<32}, fmt.Sprint("block ", i))
	}
}

// lengths has all short ones and some long ones.
func lengths() []int { return append(upTo(4*64+1), 1000, 4096, 4099) }

// upTo returns the lengths to last; with -short, for emulators, beyond a group of 64
// only those around the next ones.
func upTo(last int) (ns []int) {
	for n := 0; n <= last; n++ {
		if !testing.Short() || n <= 65 || n%64 < 2 || n%64 > 62 {
			ns = append(ns, n)
		}
	}
	return ns
}

// offsets cross the blocks of four and of 128 elements and the 32-bit boundary of
// the block number.
var offsets = []uint64{0, 1, 2, 3, 5, 127, 128, 1<<34 - 130, 1<<39 - 7}

func TestChunksAndOffsets(t *testing.T) { both(t, testChunks[float32], testChunks[float64]) }

func testChunks[F vec.Float](t *testing.T) {
	s := New(1).Derive(2)
	for _, off := range offsets {
		for name, f := range map[string]func([]F, Stream, uint64){"normals": Fill[F], "signs": FillSigns[F]} {
			whole := make([]F, 5000)
			f(whole, s, off)
			for _, n := range lengths() {
				got := make([]F, n+2)
				got[n] = 7 // a canary
				from := uint64(n*7) % 900
				f(got[:n], s, off+from)
				require.Equal(t, whole[from:from+uint64(n)], got[:n], "%s, %d at %d+%d", name, n, off, from)
				require.Equal(t, []F{7, 0}, got[n:])
			}
		}
	}
	words, one := make([]uint32, 999), make([]uint32, 1)
	Words(words, s, 3)
	for i, w := range words {
		Words(one, s, 3+uint64(i))
		require.Equal(t, w, one[0])
	}
}

// TestElements holds single elements to the words they are made of, up to the last.
func TestElements(t *testing.T) {
	s := New(4).Derive(2)
	for shift := 0; shift < 64; shift++ {
		for _, i := range []uint64{1<<shift - 2, 1<<shift - 1, 1 << shift, -(1 << shift), -(1 << shift) + 3} {
			var z, sign [1]float64
			Fill(z[:], s, i)
			z0, z1 := normalPair(s.Word(i&^1), s.Word(i|1))
			if i%2 == 1 {
				z0 = z1
			}
			require.Equal(t, float64(z0), z[0], "normal %d", i)
			FillSigns(sign[:], s, i)
			require.Equal(t, 1-2*float64(s.Word(i/32)>>(i%32)&1), sign[0], "sign %d", i)
		}
	}
}

// TestFused holds the fused operations to their definitions.
func TestFused(t *testing.T) { both(t, testFused[float32], testFused[float64]) }

func testFused[F vec.Float](t *testing.T) {
	s := New(3).Derive(1, 4)
	const sigma, w = 0.037, -1.7
	kinds := []struct {
		name        string
		fill        func([]F, Stream, uint64)
		perturb     func(dst, theta []F, sigma F, s Stream, off uint64)
		perturbPair func(plus, minus, theta []F, sigma F, s Stream, off uint64)
		axpy        func([]F, F, Stream, uint64)
		combine     func([]F, []F, []Stream, uint64)
	}{
		{"normals", Fill[F], Perturb[F], PerturbPair[F], Axpy[F], Combine[F]},
		{"signs", FillSigns[F], PerturbSigns[F], PerturbPairSigns[F], AxpySigns[F], CombineSigns[F]},
	}
	for _, k := range kinds {
		for _, off := range offsets {
			for _, n := range lengths() {
				theta, eps := make([]F, n), make([]F, n)
				Fill(theta, New(99), 0)
				k.fill(eps, s, off)
				plus, minus, sum := make([]F, n), make([]F, n), make([]F, n)
				for i := range theta {
					d := F(sigma * eps[i])
					plus[i], minus[i], sum[i] = theta[i]+d, theta[i]-d, theta[i]+F(w*eps[i])
				}

				dst, dst2 := make([]F, n), make([]F, n)
				k.perturb(dst, theta, sigma, s, off)
				require.Equal(t, plus, dst, "%s Perturb, n=%d, off=%d", k.name, n, off)
				k.perturbPair(dst, dst2, theta, sigma, s, off)
				require.Equal(t, plus, dst, "%s PerturbPair, n=%d, off=%d", k.name, n, off)
				require.Equal(t, minus, dst2, "%s PerturbPair, n=%d, off=%d", k.name, n, off)
				copy(dst, theta)
				k.perturbPair(dst2, dst, dst, sigma, s, off)
				require.Equal(t, minus, dst, "%s PerturbPair in place, n=%d, off=%d", k.name, n, off)
				copy(dst, theta)
				k.perturb(dst, dst, sigma, s, off)
				require.Equal(t, plus, dst, "%s Perturb in place, n=%d, off=%d", k.name, n, off)
				copy(dst, theta)
				k.axpy(dst, w, s, off)
				require.Equal(t, sum, dst, "%s Axpy, n=%d, off=%d", k.name, n, off)
			}
		}
		for _, pairs := range []int{0, 1, 2, 3, 7, 17} {
			ws, ss := make([]F, pairs), make([]Stream, pairs)
			Fill(ws, New(5), 0)
			for k := range ss {
				ss[k] = s.Derive(uint64(k))
			}
			for _, n := range lengths() {
				want, got := make([]F, n), make([]F, n)
				Fill(want, New(6), 0)
				copy(got, want)
				for j := range ws {
					k.axpy(want, ws[j], ss[j], 11)
				}
				k.combine(got, ws, ss, 11)
				require.Equal(t, want, got, "%s Combine of %d, n=%d", k.name, pairs, n)
			}
		}
	}
}

func TestLengthMismatch(t *testing.T) {
	a, b := make([]float32, 3), make([]float32, 4)
	s := New(1)
	for name, f := range map[string]func(){
		"Perturb":           func() { Perturb(a, b, 1, s, 0) },
		"PerturbSigns":      func() { PerturbSigns(a, b, 1, s, 0) },
		"PerturbPair plus":  func() { PerturbPair(a, b, b, 1, s, 0) },
		"PerturbPair minus": func() { PerturbPair(b, a, b, 1, s, 0) },
		"PerturbPairSigns":  func() { PerturbPairSigns(b, a, b, 1, s, 0) },
		"Combine":           func() { Combine(a, b, make([]Stream, 3), 0) },
		"CombineSigns":      func() { CombineSigns(a, b, make([]Stream, 3), 0) },
	} {
		assert.PanicsWithValue(t, badLength, f, name)
	}
}

// TestOverlap: a result may be theta, and nothing else. Nothing is written before a panic.
func TestOverlap(t *testing.T) { both(t, testOverlap[float32], testOverlap[float64]) }

func testOverlap[F vec.Float](t *testing.T) {
	const n = 5000 // more than one call of a kernel
	m, s := make([]F, 4*n), New(1)
	at := func(i int) []F { return m[i : i+n] }
	for _, f := range []struct {
		name    string
		perturb func(dst, theta []F, sigma F, s Stream, off uint64)
		pair    func(plus, minus, theta []F, sigma F, s Stream, off uint64)
		combine func(g, ws []F, ss []Stream, off uint64)
	}{
		{"normals", Perturb[F], PerturbPair[F], Combine[F]},
		{"signs", PerturbSigns[F], PerturbPairSigns[F], CombineSigns[F]},
	} {
		for i := range m {
			m[i] = F(i)
		}
		for _, d := range []int{1, n / 2, n - 1} {
			for what, call := range map[string]func(){
				"dst after theta":            func() { f.perturb(at(d), at(0), 1, s, 0) },
				"dst before theta":           func() { f.perturb(at(0), at(d), 1, s, 0) },
				"plus and theta":             func() { f.pair(at(d), at(2*n), at(0), 1, s, 0) },
				"minus and theta":            func() { f.pair(at(2*n), at(0), at(d), 1, s, 0) },
				"plus and minus":             func() { f.pair(at(0), at(d), at(2*n), 1, s, 0) },
				"plus is minus":              func() { f.pair(at(0), at(0), at(2*n), 1, s, 0) },
				"all one":                    func() { f.pair(at(0), at(0), at(0), 1, s, 0) },
				"plus is theta, minus isn't": func() { f.pair(at(0), at(d), at(0), 1, s, 0) },
				"sum and weights":            func() { f.combine(at(d), m[d+n-1:][:2], make([]Stream, 2), 0) },
				"weights in the sum":         func() { f.combine(at(0), m[d:d+2], make([]Stream, 2), 0) },
			} {
				assert.PanicsWithValue(t, badOverlap, call, "%s, %s, %d", f.name, what, d)
			}
		}
		for i := range m {
			require.Equal(t, F(i), m[i])
		}
		assert.NotPanics(t, func() {
			f.perturb(at(n), at(0), 1, s, 0)
			f.perturb(m[3:3], m[2:2], 1, s, 0)
			f.pair(at(0), at(n), at(2*n), 1, s, 0)
			f.pair(at(0), at(n), at(n), 1, s, 0)
			f.combine(at(n), at(0)[n-2:], make([]Stream, 2), 0)
			f.combine(at(0), m[7:7], nil, 0)
		})
	}
}

func TestNoAllocation(t *testing.T) { both(t, testNoAllocation[float32], testNoAllocation[float64]) }

func testNoAllocation[F vec.Float](t *testing.T) {
	assert.Zero(t, testing.AllocsPerRun(10, func() {
		var a, b, theta [300]F
		var words [300]uint32
		ws, ss := [2]F{1, 2}, [2]Stream{New(1).Derive(1, 2), New(2)}
		Words(words[:], ss[0], 0)
		Fill(theta[:], ss[0], 0)
		FillSigns(a[:], ss[0], 0)
		Perturb(a[:], theta[:], 1, ss[0], 0)
		PerturbSigns(a[:], theta[:], 1, ss[0], 0)
		PerturbPair(a[:], b[:], theta[:], 1, ss[0], 0)
		PerturbPairSigns(a[:], b[:], theta[:], 1, ss[0], 0)
		Axpy(a[:], 2, ss[1], 0)
		AxpySigns(a[:], 2, ss[1], 0)
		Combine(a[:], ws[:], ss[:], 0)
		CombineSigns(a[:], ws[:], ss[:], 0)
		var many [20]Stream
		var weights [20]F
		Combine(a[:9], weights[:], many[:], 0)
		CombineSigns(a[:9], weights[:], many[:], 0)
		PerturbPairLanes(a[:], b[:], len(many), theta[:15], 1, many[:])
		PerturbPairLanesSigns(a[:], b[:], len(many), theta[:15], 1, many[:])
	}))
}

// TestNormalPair holds the transform to the function that it approximates, at the
// ends and at many points between.
func TestNormalPair(t *testing.T) {
	check := func(w0, w1 uint32) {
		z0, z1 := normalPair(w0, w1)
		u := math.Abs(float64(float32(int32(w0))+0.5)) / (1 << 31) // 24 bits of it
		r := math.Sqrt(-2 * math.Log(u))
		phi := math.Pi/4 + float64(int32(w1))*math.Pi/(1<<33)
		want0, want1 := r*math.Cos(phi), r*math.Sin(phi)
		if w0>>31 == 1 {
			want0 = -want0
		}
		if w1&1 == 1 {
			want1 = -want1
		}
		tolerance := 6e-6*r + 1.6e-6*r + 1e-7 // R's error, sin φ's, and rounding
		if r < 0.33 {
			tolerance += 6e-6 * r
		}
		if u == 1 {
			tolerance = 1e-4
		}
		if !(math.Abs(float64(z0)-want0) < tolerance) || !(math.Abs(float64(z1)-want1) < tolerance) {
			t.Fatalf("normalPair(%#x, %#x) = %v, %v; want %v, %v", w0, w1, z0, z1, want0, want1)
		}
	}
	ends := []uint32{0, 1, 2, 0x7fffffff, 0x7fffffbf, 0x7fffffc0, 0x80000000, 0x80000001, 0x80000040, 0x80000041, 0xffffffff, 0xfffffffe}
	for _, w0 := range ends {
		for _, w1 := range ends {
			check(w0, w1)
		}
	}
	words := make([]uint32, 1<<16)
	Words(words, New(11), 0)
	for i := 0; i < len(words); i += 2 {
		check(words[i], words[i+1])
		check(words[i]>>(words[i+1]%32), words[i+1]) // all magnitudes of u
	}
	z0, z1 := normalPair(0xffffffff, 0x7fffffff)
	assert.InDelta(t, 0, z0, 1e-4)
	assert.InDelta(t, -6.6604, z1, 1e-4, "the largest magnitude")
}

// TestDistributionFunction finds the largest distance of the distribution function from
// the normal one, for which samples won't do. For some w0 it looks for the w1 where the
// first normal of the pair passes a bound; the second is the first with -w1.
func TestDistributionFunction(t *testing.T) {
	if testing.Short() {
		t.Skip("long; the transform is the same everywhere")
	}
	// below returns which part of all w1 make c − b, which falls as w1 grows, less than z.
	below := func(w0 uint32, z float32) float64 {
		first := sort.Search(1<<30, func(i int) bool {
			z0, _ := normalPair(w0, uint32(4*i)-1<<31)
			return z0 < z
		})
		return 1 - float64(first)/(1<<30)
	}
	const parts = 1 << 10 // of each octave of w0 and of 2^31 − w0
	worst, at := 0.0, 0.0
	for z := 0x1p-18; z < 7; z *= 2 {
		sum := 0.0
		for e := 0; e < 30; e++ {
			n := 1 << e
			step := 1
			if n > parts {
				step = n / parts
			}
			for w := n; w < 2*n; w += step {
				for _, w0 := range []uint32{uint32(w + step/2), uint32(1<<31 - 1 - w - step/2)} {
					sum += float64(step) * (below(w0, float32(z)) - below(w0, float32(-z)))
				}
			}
		}
		sum += below(0, float32(z)) + below(1<<31-1, float32(z)) - below(1<<31-1, float32(-z))
		if d := math.Abs(sum/(1<<31)-math.Erf(z/math.Sqrt2)) / 2; d > worst {
			worst, at = d, z
		}
	}
	t.Logf("largest distance %.3g, at %.3g", worst, at)
	assert.Less(t, worst, 5e-7)
	assert.Greater(t, worst, 4.5e-7, "the documentation gives too large a bound")
}

// add writes the bits of v, a slice of numbers, to a hash, which returns no error.
func add(d hash.Hash, v any) { _ = binary.Write(d, binary.LittleEndian, v) }

// TestGolden compares long outputs with the committed digests. If one changes, the
// change is wrong, not the digest.
func TestGolden(t *testing.T) { tiers.Run(t, setTier, testGolden) }

func testGolden(t *testing.T) {
	want := readGolden(t)
	const n = 1 << 20
	s := New(2023).Derive(1, 2, 3)
	for name, fill := range map[string]func(d hash.Hash){
		"words":       func(d hash.Hash) { v := make([]uint32, n); Words(v, s, 1); add(d, v) },
		"normals32":   func(d hash.Hash) { v := make([]float32, n); Fill(v, s, 1); add(d, v) },
		"normals64":   func(d hash.Hash) { v := make([]float64, n); Fill(v, s, 1); add(d, v) },
		"signs32":     func(d hash.Hash) { v := make([]float32, n); FillSigns(v, s, 1); add(d, v) },
		"signs64":     func(d hash.Hash) { v := make([]float64, n); FillSigns(v, s, 1); add(d, v) },
		"pair32":      func(d hash.Hash) { testGoldenFused(PerturbPair[float32], Combine[float32], d) },
		"pair64":      func(d hash.Hash) { testGoldenFused(PerturbPair[float64], Combine[float64], d) },
		"signpair32":  func(d hash.Hash) { testGoldenFused(PerturbPairSigns[float32], CombineSigns[float32], d) },
		"signpair64":  func(d hash.Hash) { testGoldenFused(PerturbPairSigns[float64], CombineSigns[float64], d) },
		"single32":    func(d hash.Hash) { testGoldenSingle(Perturb[float32], Axpy[float32], d) },
		"single64":    func(d hash.Hash) { testGoldenSingle(Perturb[float64], Axpy[float64], d) },
		"sign32":      func(d hash.Hash) { testGoldenSingle(PerturbSigns[float32], AxpySigns[float32], d) },
		"sign64":      func(d hash.Hash) { testGoldenSingle(PerturbSigns[float64], AxpySigns[float64], d) },
		"lanes32":     func(d hash.Hash) { testGoldenLanes(PerturbPairLanes[float32], d) },
		"lanes64":     func(d hash.Hash) { testGoldenLanes(PerturbPairLanes[float64], d) },
		"signlanes32": func(d hash.Hash) { testGoldenLanes(PerturbPairLanesSigns[float32], d) },
		"signlanes64": func(d hash.Hash) { testGoldenLanes(PerturbPairLanesSigns[float64], d) },
	} {
		d := sha256.New()
		fill(d)
		assert.Equal(t, want[name], hex.EncodeToString(d.Sum(nil)), name)
		delete(want, name)
	}
	assert.Empty(t, want, "digests without a test")
}

func testGoldenFused[F vec.Float](pair func(plus, minus, theta []F, sigma F, s Stream, off uint64), combine func([]F, []F, []Stream, uint64), d hash.Hash) {
	const n = 1 << 16
	theta, plus, minus := make([]F, n), make([]F, n), make([]F, n)
	Fill(theta, New(1), 0)
	pair(plus, minus, theta, 0.1, New(2), 5)
	add(d, plus)
	add(d, minus)
	combine(theta, []F{0.3, -1.1, 2.7}, []Stream{New(3), New(4).Derive(1), {5, 6}}, 5)
	add(d, theta)
}

func testGoldenSingle[F vec.Float](perturb func(dst, theta []F, sigma F, s Stream, off uint64), axpy func(g []F, w F, s Stream, off uint64), d hash.Hash) {
	x := make([]F, 1<<16)
	Fill(x, New(1), 0)
	perturb(x, x, 0.1, New(2), 5)
	add(d, x)
	axpy(x, -1.3, New(3), 1<<40)
	add(d, x)
}

func testGoldenLanes[F vec.Float](pair func(plus, minus []F, stride int, theta []F, sigma F, ss []Stream), d hash.Hash) {
	const rows, lanes, stride = 301, 53, 60
	var ss [lanes]Stream
	for i := range ss {
		ss[i] = New(4).Derive(uint64(i))
	}
	theta, plus, minus := make([]F, rows), make([]F, rows*stride), make([]F, rows*stride)
	Fill(theta, New(1), 0)
	pair(plus, minus, stride, theta, 0.1, ss[:])
	add(d, plus)
	add(d, minus)
}

func readGolden(t *testing.T) map[string]string {
	f, err := os.Open("testdata/golden.txt")
	require.NoError(t, err)
	defer f.Close()
	want := map[string]string{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if name, sum, ok := strings.Cut(lines.Text(), " "); ok && name != "#" {
			want[name] = strings.TrimSpace(sum)
		}
	}
	return want
}

func both(t *testing.T, f32, f64 func(*testing.T)) {
	t.Run("float32", f32)
	t.Run("float64", f64)
}
