//go:build (amd64 || arm64) && !purego

package vec

import (
	"flag"
	"math"
	"testing"
	"unsafe"

	"github.com/noise-reuse/nres/internal/cast"
	"github.com/noise-reuse/nres/internal/cpu"
)

var exhaustive = flag.Bool("exhaustive", false, "try all float32 inputs of Exp and Tanh, and many more float64 inputs")

// eachTier runs f on every tier that has kernels.
func eachTier(t *testing.T, f func(t *testing.T)) {
	defer setTier(cpu.Active())
	for _, tier := range cpu.Available()[1:] {
		setTier(tier)
		t.Run(tier.String(), f)
	}
}

// TestAllOnEachTier runs the tests of plain Go on every tier, with plain Go, which the
// other tests may not have run, first.
func TestAllOnEachTier(t *testing.T) {
	all := func(t *testing.T) {
		t.Run("Elementwise", TestElementwise)
		t.Run("MulAddIsNotFused", TestMulAddIsNotFused)
		t.Run("Reductions", TestReductions)
		t.Run("ReductionsNeverReturnMinusZero", TestReductionsNeverReturnMinusZero)
		t.Run("ReductionsSpecial", TestReductionsSpecial)
		t.Run("NoAllocations", TestNoAllocations)
		t.Run("Golden", TestGolden)
	}
	setTier(cpu.Generic)
	t.Run("generic", all)
	eachTier(t, all)
}

// A kernel is an element-wise function below its checks and thresholds.
type kernel[F Float] struct {
	name   string
	inputs int
	run    func(dst []F, in [3][]F)
	plain  func(dst []F, in [3][]F)
	public func(dst []F, in [3][]F)
}

func allKernels[F Float]() []kernel[F] {
	if cast.Is32[F]() {
		return any(allKernels32()).([]kernel[F])
	}
	return any(allKernels64()).([]kernel[F])
}

func allKernels32() []kernel[float32] {
	return kernelsOf(
		[]func(dst, a, b *float32, n int){add32, sub32, mul32}, mulAdd32,
		[]func(dst *float32, a float32, x *float32, n int){axpy32, scale32},
		[]func(dst, x *float32, n int){exp32, tanh32, sqrt32})
}

func allKernels64() []kernel[float64] {
	return kernelsOf(
		[]func(dst, a, b *float64, n int){add64, sub64, mul64}, mulAdd64,
		[]func(dst *float64, a float64, x *float64, n int){axpy64, scale64},
		[]func(dst, x *float64, n int){exp64, tanh64, sqrt64})
}

func kernelsOf[F Float](binary []func(dst, a, b *F, n int), ternary func(dst, a, b, c *F, n int), scaled []func(dst *F, a F, x *F, n int), unary []func(dst, x *F, n int)) (ks []kernel[F]) {
	for i, f := range binary {
		f, plain := f, []func(dst, a, b []F){addGeneric[F], subGeneric[F], mulGeneric[F]}[i]
		public := []func(dst, a, b []F){Add[F], Sub[F], Mul[F]}[i]
		ks = append(ks, kernel[F]{[]string{"Add", "Sub", "Mul"}[i], 2,
			func(d []F, in [3][]F) { f(&d[0], &in[0][0], &in[1][0], len(d)) },
			func(d []F, in [3][]F) { plain(d, in[0], in[1]) },
			func(d []F, in [3][]F) { public(d, in[0], in[1]) }})
	}
	ks = append(ks, kernel[F]{"MulAdd", 3,
		func(d []F, in [3][]F) { ternary(&d[0], &in[0][0], &in[1][0], &in[2][0], len(d)) },
		func(d []F, in [3][]F) { mulAddGeneric(d, in[0], in[1], in[2]) },
		func(d []F, in [3][]F) { MulAdd(d, in[0], in[1], in[2]) }})
	for i, f := range scaled {
		f, plain := f, []func(dst []F, a F, x []F){axpyGeneric[F], scaleGeneric[F]}[i]
		public := []func(dst []F, a F, x []F){Axpy[F], Scale[F]}[i]
		ks = append(ks, kernel[F]{[]string{"Axpy", "Scale"}[i], 1,
			func(d []F, in [3][]F) { f(&d[0], factor, &in[0][0], len(d)) },
			func(d []F, in [3][]F) { plain(d, factor, in[0]) },
			func(d []F, in [3][]F) { public(d, factor, in[0]) }})
	}
	for i, f := range unary {
		f, plain := f, []func(dst, x []F){expGeneric[F], tanhGeneric[F], sqrtGeneric[F]}[i]
		public := []func(dst, x []F){Exp[F], Tanh[F], Sqrt[F]}[i]
		ks = append(ks, kernel[F]{[]string{"Exp", "Tanh", "Sqrt"}[i], 1,
			func(d []F, in [3][]F) { f(&d[0], &in[0][0], len(d)) },
			func(d []F, in [3][]F) { plain(d, in[0]) },
			func(d []F, in [3][]F) { public(d, in[0]) }})
	}
	return ks
}

// A reduction is the same for Dot, Sum and SumSq.
type reduction[F Float] struct {
	name   string
	kernel func(a, b []F, acc *[block]F) F
	plain  func(a, b []F) F
	public func(a, b []F) F
}

func allReductions[F Float]() []reduction[F] {
	if cast.Is32[F]() {
		return any(reductionsOf(dot32, sum32, sumSq32)).([]reduction[F])
	}
	return any(reductionsOf(dot64, sum64, sumSq64)).([]reduction[F])
}

func reductionsOf[F Float](dot func(a, b *F, n int, acc *[block]F) F, sum, sumSq func(x *F, n int, acc *[block]F) F) []reduction[F] {
	return []reduction[F]{
		{"Dot", func(a, b []F, acc *[block]F) F { return dot(&a[0], &b[0], len(a), acc) },
			dotGeneric[F], Dot[F]},
		{"Sum", func(a, _ []F, acc *[block]F) F { return sum(&a[0], len(a), acc) },
			func(a, _ []F) F { return sumGeneric(a) }, func(a, _ []F) F { return Sum(a) }},
		{"SumSq", func(a, _ []F, acc *[block]F) F { return sumSq(&a[0], len(a), acc) },
			func(a, _ []F) F { return sumSqGeneric(a) }, func(a, _ []F) F { return SumSq(a) }},
	}
}

// mixed returns n values of all kinds, apart from NaN and infinities mostly.
func mixed[F Float](s *splitmix, n int) []F {
	x, bits, special := uniform[F](s, n, 4), pattern[F](s, n), specials[F]()
	for i := range x {
		switch s.next() % 8 {
		case 0:
			x[i] = bits[i]
		case 1:
			x[i] = special[s.next()%uint64(len(special))]
		}
	}
	return x
}

const canary = 0x5a5a5a5a5a5a5a5a

// padded returns n elements, with canaries around them, that start off elements
// after a multiple of 16 (of 64 bytes at least, as the runtime aligns them).
func padded[F Float](n, off int) (x, whole []F) {
	whole = make([]F, 16+off+n+16)
	for i := range whole {
		whole[i] = fromBits[F](canary)
	}
	return whole[16+off:][:n:n], whole
}

func intact[F Float](t *testing.T, what string, x, whole []F, off int) {
	t.Helper()
	for i, v := range whole {
		if (i < 16+off || i >= 16+off+len(x)) && toBits(v) != toBits(fromBits[F](canary)) {
			t.Fatalf("%s wrote outside: length %d, offset %d, at %d", what, len(x), off, i-16-off)
		}
	}
}

func offsetStep() int {
	if testing.Short() {
		return 5
	}
	return 1
}

func TestKernels(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		t.Run("float32", testKernels[float32])
		t.Run("float64", testKernels[float64])
	})
}

func testKernels[F Float](t *testing.T) {
	var s splitmix
	kernels := allKernels[F]()
	const longest = 4*64 + 1
	for n := 1; n <= longest; n++ {
		var from [3][]F
		for k := range from {
			from[k] = mixed[F](&s, n)
		}
		for _, k := range kernels {
			first := mixed[F](&s, n) // what Axpy adds to
			want := clone(first)
			k.plain(want, from)
			for off := 0; off < 16; off += offsetStep() {
				var in [3][]F
				for j := range in {
					x, _ := padded[F](n, (off*(2*j+3)+5*j)%16)
					copy(x, from[j])
					in[j] = x
				}
				dst, whole := padded[F](n, off)
				copy(dst, first)
				k.run(dst, in)
				equal(t, k.name, want, dst)
				intact(t, k.name, dst, whole, off)
				for j := 0; j < k.inputs; j++ {
					equal(t, k.name+" changed an input", from[j], in[j])
				}
			}
			// The destination on top of each input, and of all.
			for j := 0; j <= k.inputs; j++ {
				in, plain := from, from
				dst, whole := padded[F](n, n%16)
				copy(dst, from[j%3])
				ref := clone(dst)
				for i := range in {
					if i == j || j == k.inputs {
						in[i], plain[i] = dst, ref
					}
				}
				k.plain(ref, plain)
				k.run(dst, in)
				equal(t, k.name+" in place", ref, dst)
				intact(t, k.name+" in place", dst, whole, n%16)
			}
		}
	}
}

func TestReductionKernels(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		t.Run("float32", testReductionKernels[float32])
		t.Run("float64", testReductionKernels[float64])
	})
}

func testReductionKernels[F Float](t *testing.T) {
	var s splitmix
	for n := 1; n <= 2*minPart+4*64+1; n++ {
		for off := 0; off < 16; off += offsetStep() {
			a, wholeA := padded[F](n, off)
			b, _ := padded[F](n, (3*off+5)%16)
			copy(a, uniform[F](&s, n, 1))
			copy(b, uniform[F](&s, n, 1))
			for i := range a { // many magnitudes, so that the order matters
				a[i] /= F(int(1) << (s.next() % 20))
			}
			if off >= 12 { // infinities, NaN, overflow
				a[s.next()%uint64(n)] = mixed[F](&s, 1)[0]
				copy(b, mixed[F](&s, n))
			}
			before := clone(wholeA)
			for _, r := range allReductions[F]() {
				want := toBits(r.plain(a, b))
				if got := toBits(r.kernel(a, b, nil)); got != want {
					t.Fatalf("%s, length %d, offset %d: got %x, want %x", r.name, n, off, got, want)
				}
				if n < 2*minPart {
					continue
				}
				var acc [block]F
				cut := minPart + block*int(s.next()%uint64((n-2*minPart)/block+1))
				r.kernel(a[:cut], b[:cut], &acc)
				if got := toBits(r.kernel(a[cut:], b[cut:], &acc)); got != want {
					t.Fatalf("%s, length %d, cut at %d: got %x, want %x", r.name, n, cut, got, want)
				}
			}
			equal(t, "reduction changed its input", before, wholeA)
		}
	}
}

// rowsKernel is AxpyRows below its checks and thresholds, for y of a tile and less.
func rowsKernel[F Float](y, a, x []F, at []int) {
	if cast.Is32[F]() {
		axpyRowsKernel32(&cast.To32(y)[0], len(y), &cast.To32(a)[0], &cast.To32(x)[0], &at[0], len(at))
	} else {
		axpyRowsKernel64(&cast.To64(y)[0], len(y), &cast.To64(a)[0], &cast.To64(x)[0], &at[0], len(at))
	}
}

// TestRowsKernel tries every length of a tile in all alignments.
func TestRowsKernel(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		t.Run("float32", testRowsKernel[float32])
		t.Run("float64", testRowsKernel[float64])
	})
}

func testRowsKernel[F Float](t *testing.T) {
	var s splitmix
	for n := 1; n <= tileRows/int(unsafe.Sizeof(*new(F))); n++ {
		for off := 0; off < 16; off += offsetStep() {
			rows := 1 + (n+off)%4
			x, wholeX := padded[F](n+40, (3*off+5)%16)
			copy(x, mixed[F](&s, n+40))
			a, at := uniform[F](&s, rows, 2), make([]int, rows)
			for k := range at {
				at[k] = int(s.next() % 41)
			}
			y, whole := padded[F](n, off)
			copy(y, mixed[F](&s, n))
			want, before := clone(y), clone(wholeX)
			axpyRowsGeneric(want, a, x, at)
			// Some rows begin before the x of the kernel: places take 64 bits, as they do
			// beyond 2^32 elements.
			const middle = 20
			for k := range at {
				at[k] -= middle
			}
			rowsKernel(y, a, x[middle:], at)
			equal(t, "AxpyRows", want, y)
			intact(t, "AxpyRows", y, whole, off)
			equal(t, "AxpyRows changed an input", before, wholeX)
		}
	}
}

// TestRowsOfCall: a call of assembly takes one row at least, and is short, though all
// numbers be subnormal.
func TestRowsOfCall(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		t.Run("float32", testRowsOfCall[float32])
		t.Run("float64", testRowsOfCall[float64])
	})
}

func testRowsOfCall[F Float](t *testing.T) {
	size := int(unsafe.Sizeof(*new(F)))
	for n := 1; n <= tileRows/size; n++ {
		rows := rowsOfCall[F](n)
		if vectors, most := rowVectors(n * size); rows < 1 || rows*vectors > most {
			t.Errorf("%d rows of %d elements are %d vectors, more than %d", rows, n, rows*vectors, most)
		}
	}
}

// TestChunks tries lengths next to the bounds of a call.
func TestChunks(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		t.Run("float32", testChunks[float32])
		t.Run("float64", testChunks[float64])
	})
}

func testChunks[F Float](t *testing.T) {
	var s splitmix
	small, large := mathChunk64, chunk64
	if cast.Is32[F]() {
		small, large = mathChunk32, chunk32
	}
	for _, n := range []int{small - 1, small, small + 1, large - 1, large, large + 1, large + 16, large + minPart, large + minPart + 1, large + minPart + 3, large + minPart + 5, 2*large + 8, 2*large + 65, 2*large + minPart + 1, 3 * large} {
		var in [3][]F
		for k := range in {
			in[k] = mixed[F](&s, n)
		}
		for _, k := range allKernels[F]() {
			want, got := clone(in[2]), clone(in[2])
			k.plain(want, in)
			k.public(got, in)
			equal(t, k.name, want, got)
		}
		a, b := uniform[F](&s, n+2*block, 1), uniform[F](&s, n+2*block, 1) // what is behind must not count
		for _, r := range allReductions[F]() {
			for off := 0; off < 5; off += 2 {
				a, b := a[off:n], b[off/2:n-off+off/2]
				if want, got := r.plain(a, b), r.public(a, b); want != got {
					t.Fatalf("%s, length %d, offset %d: got %v, want %v", r.name, len(a), off, got, want)
				}
			}
		}
	}
}

// TestMathInputs compares Exp and Tanh with plain Go on all float32 inputs, or some
// of them, and on float64 inputs of every exponent, of every result, and
// next to where the results change.
func TestMathInputs(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		t.Run("float32", testMathInputs32)
		t.Run("float64", testMathInputs64)
	})
}

func sameMath[F Float](t *testing.T, x, got, want []F) {
	Exp(got, x)
	expGeneric(want, x)
	differ(t, "Exp", x, got, want)
	Tanh(got, x)
	tanhGeneric(want, x)
	differ(t, "Tanh", x, got, want)
}

func differ[F Float](t *testing.T, what string, x, got, want []F) {
	for i := range x {
		if got[i] != want[i] || got[i] == 0 {
			if toBits(got[i]) != toBits(want[i]) {
				t.Fatalf("%s(%x) = %x, want %x", what, x[i], got[i], want[i])
			}
		}
	}
}

func testMathInputs32(t *testing.T) {
	step, dense := uint32(1021), uint32(61)
	switch {
	case *exhaustive:
		step, dense = 1, 1<<32-1
	case testing.Short():
		step, dense = 16381, 509
	}
	x, got, want := make([]float32, 4096), make([]float32, 4096), make([]float32, 4096)
	inputs := func(first, last, step uint32) {
		for i := uint64(first); i <= uint64(last); {
			for k := range x {
				x[k] = math.Float32frombits(uint32(i))
				i += uint64(step)
			}
			sameMath(t, x, got, want)
		}
	}
	inputs(0, 1<<32-1, step)
	// What the last bits of coefficients change is rare: more of where they matter.
	least, most := math.Float32bits(0x1p-10), math.Float32bits(104)
	inputs(least, most, dense)
	inputs(1<<31+least, 1<<31+most, dense)
	special := specials[float32]()
	sameMath(t, special, make([]float32, len(special)), make([]float32, len(special)))
}

func testMathInputs64(t *testing.T) {
	rounds := 20
	switch {
	case *exhaustive:
		rounds = 2000
	case testing.Short():
		rounds = 2
	}
	var s splitmix
	var x []float64
	for r := 0; r < rounds; r++ {
		x = append(x[:0], specials[float64]()...)
		for e := uint64(0); e < 1<<12; e++ { // sign and exponent
			x = append(x, math.Float64frombits(e<<52|s.next()>>12))
		}
		for _, limit := range []float64{1, 25, 750} {
			x = append(x, uniform[float64](&s, 4096, limit)...)
		}
		for n := -2200; n < 2200; n++ { // where n of the reduction changes, and between
			c := math.Float64bits(float64(n) * math.Ln2 / 4)
			x = append(x, math.Float64frombits(c+s.next()%16-8))
		}
		for i := 0; i < 1000; i++ { // denormal results, and next to overflow
			x = append(x, -708-38*uniform[float64](&s, 1, 1)[0], 709.78+0.01*uniform[float64](&s, 1, 1)[0])
		}
		sameMath(t, x, make([]float64, len(x)), make([]float64, len(x)))
	}
}
