package vec

import (
	"math"
	"testing"
	"unsafe"

	"github.com/noise-reuse/nres/vec/scalar"
)

// splitmix is the generator of Steele, Lea and Flood: test inputs that do not
// depend on any library.
type splitmix uint64

func (s *splitmix) next() uint64 {
	*s += 0x9e3779b97f4a7c15
	z := uint64(*s)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// uniform returns n values in [-limit, limit).
func uniform[F Float](s *splitmix, n int, limit float64) []F {
	x := make([]F, n)
	for i := range x {
		x[i] = F(float64(int64(s.next())>>11) * 0x1p-52 * limit)
	}
	return x
}

// pattern returns n values of random bits: every exponent, denormals, NaN.
func pattern[F Float](s *splitmix, n int) []F {
	x := make([]F, n)
	for i := range x {
		x[i] = fromBits[F](s.next())
	}
	return x
}

func fromBits[F Float](b uint64) (x F) {
	switch p := any(&x).(type) {
	case *float32:
		*p = math.Float32frombits(uint32(b))
	case *float64:
		*p = math.Float64frombits(b)
	}
	return x
}

// toBits returns the bits of x, with one value for all NaN.
func toBits[F Float](x F) uint64 {
	switch x := any(x).(type) {
	case float32:
		if x != x {
			return 0x7fc00000
		}
		return uint64(math.Float32bits(x))
	case float64:
		if x != x {
			return 0x7ff8000000000000
		}
		return math.Float64bits(x)
	}
	panic("unreachable")
}

// specials returns zeros, infinities, NaN, the ends of the ranges of normal and
// denormal numbers, and what is next to where Exp and Tanh change.
func specials[F Float]() (x []F) {
	var f F
	tiny, least, huge := 0x1p-1074, 0x1p-1022, math.MaxFloat64
	if _, ok := any(f).(float32); ok {
		tiny, least, huge = 0x1p-149, 0x1p-126, math.MaxFloat32
	}
	for _, v := range []float64{
		0, 1, 0.5, math.Inf(1), math.NaN(), tiny, 3 * tiny, least - tiny, least, least + tiny, huge, 0x1p23, 0x1p52,
		10, 20, 22, 88, 88.72283, 88.72284, 89, 87.3365, 103.278, 103.9720, 103.9721, 104, 0.2599, 0.26,
		709.782712893384, 709.782712893385, 710, 708.3964, 744.4400, 745.1332, 745.1333, 746,
	} {
		c := toBits(F(v))
		for d := uint64(0); d < 4; d++ {
			x = append(x, fromBits[F](c+d), fromBits[F](c-d), -fromBits[F](c+d), -fromBits[F](c-d))
		}
	}
	return x
}

func equal[F Float](t *testing.T, what string, want, got []F) {
	t.Helper()
	for i := range want {
		if toBits(want[i]) != toBits(got[i]) {
			t.Fatalf("%s, length %d: element %d is %v, want %v", what, len(want), i, got[i], want[i])
		}
	}
}

// op is an element-wise function, with the loop it stands for.
type op[F Float] struct {
	name   string
	inputs int
	run    func(dst []F, in [3][]F)
	want   func(a, b, c F) F
}

const factor = 1.7

func ops[F Float]() []op[F] {
	f := F(factor)
	return []op[F]{
		{"Add", 2, func(d []F, in [3][]F) { Add(d, in[0], in[1]) }, func(a, b, _ F) F { return a + b }},
		{"Sub", 2, func(d []F, in [3][]F) { Sub(d, in[0], in[1]) }, func(a, b, _ F) F { return a - b }},
		{"Mul", 2, func(d []F, in [3][]F) { Mul(d, in[0], in[1]) }, func(a, b, _ F) F { return a * b }},
		{"MulAdd", 3, func(d []F, in [3][]F) { MulAdd(d, in[0], in[1], in[2]) }, func(a, b, c F) F { p := F(a * b); return p + c }},
		{"Scale", 1, func(d []F, in [3][]F) { Scale(d, f, in[0]) }, func(a, _, _ F) F { return f * a }},
		{"Exp", 1, func(d []F, in [3][]F) { Exp(d, in[0]) }, func(a, _, _ F) F { return scalar.Exp(a) }},
		{"Tanh", 1, func(d []F, in [3][]F) { Tanh(d, in[0]) }, func(a, _, _ F) F { return scalar.Tanh(a) }},
		{"Sqrt", 1, func(d []F, in [3][]F) { Sqrt(d, in[0]) }, func(a, _, _ F) F { return F(math.Sqrt(float64(a))) }},
	}
}

func inputs[F Float](s *splitmix, n int) (in [3][]F) {
	for k := range in {
		in[k] = uniform[F](s, n, 4)
		if n > 40 {
			copy(in[k][20:40], pattern[F](s, 20))
		}
	}
	return in
}

func clone[F Float](x []F) []F { return append([]F(nil), x...) }

func TestElementwise(t *testing.T) {
	t.Run("float32", testElementwise[float32])
	t.Run("float64", testElementwise[float64])
}

func testElementwise[F Float](t *testing.T) {
	var s splitmix
	for n := 0; n <= 4*64+1; n++ {
		in := inputs[F](&s, n)
		for _, op := range ops[F]() {
			want := make([]F, n)
			for i := range want {
				want[i] = op.want(in[0][i], in[1][i], in[2][i])
			}
			got := uniform[F](&s, n+1, 1) // old contents and one element beyond
			beyond := got[n]
			op.run(got[:n], in)
			equal(t, op.name, want, got[:n])
			if got[n] != beyond {
				t.Fatalf("%s wrote beyond length %d", op.name, n)
			}
			// The destination on top of each input, and of all.
			for k := 0; k < op.inputs; k++ {
				over := in
				over[k] = clone(in[k])
				op.run(over[k], over)
				equal(t, op.name+" in place", want, over[k])
			}
			x := clone(in[0])
			for i := range want {
				want[i] = op.want(x[i], x[i], x[i])
			}
			op.run(x, [3][]F{x, x, x})
			equal(t, op.name+" on itself", want, x)
		}

		y, x := in[0], in[1]
		want := make([]F, n)
		for i := range want {
			p := F(factor) * x[i]
			want[i] = y[i] + F(p)
		}
		got := clone(y)
		Axpy(got, factor, x)
		equal(t, "Axpy", want, got)
	}
}

// The product must be rounded before the sum: a fused one gives 2^-24 here.
func TestMulAddIsNotFused(t *testing.T) {
	a, b, c := []float32{1 + 0x1p-12}, []float32{1 + 0x1p-12}, []float32{-(1 + 0x1p-11)}
	MulAdd(a, a, b, c)
	if a[0] != 0 {
		t.Errorf("float32: got %v, want 0", a[0])
	}
	y := []float64{-(1 + 0x1p-26)}
	Axpy(y, 1+0x1p-27, []float64{1 + 0x1p-27})
	if y[0] != 0 {
		t.Errorf("float64: got %v, want 0", y[0])
	}
}

func panics(t *testing.T, what, want string, f func()) {
	t.Helper()
	defer func() {
		t.Helper()
		if got := recover(); got != want {
			t.Errorf("%s: panic %v, want %q", what, got, want)
		}
	}()
	f()
}

func TestPanics(t *testing.T) {
	t.Run("float32", testPanics[float32])
	t.Run("float64", testPanics[float64])
}

func testPanics[F Float](t *testing.T) {
	testPanicsOf[F](t, 4)
	testPanicsOf[F](t, 20)
	testPanicsOf[F](t, 10000) // of several calls of a kernel, the last ones alone would overlap
}

func testPanicsOf[F Float](t *testing.T, n int) {
	m := uniform[F](new(splitmix), 2*n, 1)
	other := make([]F, n)
	for _, op := range ops[F]() {
		for k := 0; k < op.inputs; k++ {
			for _, length := range []int{0, n - 1, n + 1} {
				in := [3][]F{other, other, other}
				in[k] = m[:length]
				panics(t, op.name, badLength, func() { op.run(make([]F, n), in) })
			}
			in := [3][]F{other, other, other}
			before := clone(m)
			for _, shift := range []int{1, n - 1} {
				in[k] = m[:n]
				panics(t, op.name, badOverlap, func() { op.run(m[shift:shift+n], in) })
				in[k] = m[shift : shift+n]
				panics(t, op.name, badOverlap, func() { op.run(m[:n], in) })
			}
			equal(t, op.name+" before its panic", before, m)
			in[k] = m[:n]
			op.run(m[n:], in) // adjacent is not overlapping
			in[k] = m[n:]
			op.run(m[:n], in)
		}
		op.run(nil, [3][]F{m[1:1], nil, m[2:2]})
	}
	panics(t, "Axpy", badLength, func() { Axpy(m[:3], 1, other[:4]) })
	panics(t, "Axpy", badOverlap, func() { Axpy(m[:n], 1, m[n-1:2*n-1]) })
	panics(t, "Dot", badLength, func() { Dot(m[:3], other[:4]) })
	Dot(m[:3], m[1:4])
}

// An overlap by part of an element can only come from unsafe code.
func TestOverlapWithinElement(t *testing.T) {
	var m [17]byte
	p := unsafe.Pointer(&m)
	if uintptr(p)%8 != 0 {
		t.Skip("not aligned")
	}
	x := unsafe.Slice((*float32)(p), 2)
	y := unsafe.Slice((*float32)(unsafe.Add(p, 4)), 2)
	panics(t, "Scale", badOverlap, func() { Scale(x, 2, y) })
}

// FuzzChunks checks that an element's result does not depend on its neighbours.
func FuzzChunks(f *testing.F) {
	f.Add(uint64(1), uint16(100), uint16(7), uint16(64))
	f.Add(uint64(2), uint16(1000), uint16(16), uint16(17))
	f.Add(uint64(3), uint16(3), uint16(0), uint16(1))
	f.Fuzz(func(t *testing.T, seed uint64, n, cut1, cut2 uint16) {
		chunks[float32](t, seed, int(n), int(cut1), int(cut2))
		chunks[float64](t, seed, int(n), int(cut1), int(cut2))
	})
}

func chunks[F Float](t *testing.T, seed uint64, n, cut1, cut2 int) {
	s := splitmix(seed)
	in := inputs[F](&s, n)
	from := cut1 % (n + 1)
	to := from + cut2%(n-from+1)
	for _, op := range ops[F]() {
		whole, parts := make([]F, n), make([]F, n)
		op.run(whole, in)
		for _, r := range [][2]int{{to, n}, {0, from}, {from, to}} {
			lo, hi := r[0], r[1]
			op.run(parts[lo:hi], [3][]F{in[0][lo:hi], in[1][lo:hi], in[2][lo:hi]})
		}
		equal(t, op.name, whole, parts)
	}
}

func TestNoAllocations(t *testing.T) {
	t.Run("float32", testNoAllocations[float32])
	t.Run("float64", testNoAllocations[float64])
}

func testNoAllocations[F Float](t *testing.T) {
	got := testing.AllocsPerRun(10, func() {
		var x, y, z [100]F // on the stack, unless a call makes them escape
		a, b, c := x[:], y[:], z[:]
		Add(a, b, c)
		Sub(a, b, c)
		Mul(a, b, c)
		MulAdd(a, b, c, a)
		Axpy(a, 2, b)
		Scale(a, 2, b)
		Exp(a, b)
		Tanh(a, b)
		Sqrt(a, b)
		a[0] = Dot(a, b) + Sum(b) + SumSq(c)
		a[1] = scalar.Exp(b[0]) + scalar.Tanh(b[1]) + scalar.Log(b[2]) + scalar.Sin(b[3]) + scalar.Cos(b[4])
	})
	if got != 0 {
		t.Errorf("%v allocations", got)
	}
}
