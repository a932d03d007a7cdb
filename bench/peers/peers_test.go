package peers

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/noise-reuse/nres"
	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/vec"
	"github.com/viterin/vek/vek32"
	"gonum.org/v1/gonum/blas/blas32"
	"gonum.org/v1/gonum/stat/distuv"
)

// Benchmarks are named work/by=who/n=length; ns/elem is what the runner reads.

// bench times loop, which makes calls calls, each of elements elements. If it
// returns a duration, that is the time that they took.
func bench(b *testing.B, by string, n, elements int, loop func(calls int) time.Duration) {
	b.Run(fmt.Sprintf("by=%s/n=%d", by, n), func(b *testing.B) {
		loop(1)
		b.ResetTimer()
		took := loop(b.N)
		b.StopTimer()
		if took == 0 {
			took = b.Elapsed()
		}
		ns := float64(took) / float64(b.N)
		b.ReportMetric(ns, "ns/op")
		b.ReportMetric(ns/float64(elements), "ns/elem")
	})
}

// simple is bench for functions that don't time themselves.
func simple(b *testing.B, by string, n, elements int, call func()) {
	bench(b, by, n, elements, func(calls int) time.Duration {
		for range calls {
			call()
		}
		return 0
	})
}

func ours() string { return "nres-" + nres.Tier() }

// openBLAS names the kernels that were chosen, too: OPENBLAS_CORETYPE chooses others.
func openBLAS() string { return "openblas-" + BLASCore() }

func uniform(stream uint64, n int) []float32 {
	w, x := make([]uint32, n), make([]float32, n)
	noise.Words(w, noise.New(stream), 0)
	for i := range x {
		x[i] = float32(w[i]>>8)*0x1p-23 - 1
	}
	return x
}

func BenchmarkNormals(b *testing.B) {
	const n = 16 << 10
	dst, s := make([]float32, n), noise.New(1)
	simple(b, ours(), n, n, func() { noise.Fill(dst, s, 0) })
	pcg := rand.New(rand.NewPCG(1, 2))
	simple(b, "rand-pcg", n, n, func() {
		for i := range dst {
			dst[i] = float32(pcg.NormFloat64())
		}
	})
	chacha := rand.New(rand.NewChaCha8([32]byte{1}))
	simple(b, "rand-chacha8", n, n, func() {
		for i := range dst {
			dst[i] = float32(chacha.NormFloat64())
		}
	})
	normal := distuv.Normal{Mu: 0, Sigma: 1, Src: rand.NewPCG(1, 2)}
	simple(b, "gonum", n, n, func() {
		for i := range dst {
			dst[i] = float32(normal.Rand())
		}
	})
}

func BenchmarkWords(b *testing.B) {
	const n = 16 << 10
	dst, s := make([]uint32, n), noise.New(1)
	simple(b, ours(), n, n, func() { noise.Words(dst, s, 0) })
	bench(b, "random123", n, n, func(calls int) time.Duration { return Philox(true, dst, s.Key, s.Sub, calls) })
	bench(b, "random123-vectorised", n, n, func(calls int) time.Duration { return Philox(false, dst, s.Key, s.Sub, calls) })
	pcg := rand.New(rand.NewPCG(1, 2))
	simple(b, "rand-pcg", n, n, func() {
		for i := range dst {
			dst[i] = pcg.Uint32()
		}
	})
}

func BenchmarkPerturbPair(b *testing.B) {
	const n = 16 << 10
	plus, minus, theta, s := make([]float32, n), make([]float32, n), uniform(1, n), noise.New(1)
	simple(b, ours(), n, n, func() { noise.PerturbPair(plus, minus, theta, 0.1, s, 0) })
}

func streams(k int) (ws []float32, ss []noise.Stream) {
	for i := range uint64(k) {
		ss = append(ss, noise.New(1).Derive(i))
	}
	return uniform(2, k), ss
}

const combined = 64

func BenchmarkCombine(b *testing.B) {
	const n = 16 << 10
	g := make([]float32, n)
	ws, ss := streams(combined)
	simple(b, ours(), n, n*combined, func() { noise.Combine(g, ws, ss, 0) })
}

func BenchmarkCombineSigns(b *testing.B) {
	const n = 64 << 10
	g := make([]float32, n)
	ws, ss := streams(combined)
	simple(b, ours(), n, n*combined, func() { noise.CombineSigns(g, ws, ss, 0) })
}

var sizes = []int{1 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20, 4 << 20, 16 << 20}

func BenchmarkAxpy(b *testing.B) {
	for _, n := range sizes {
		x, y, tmp := uniform(1, n), uniform(2, n), make([]float32, n)
		simple(b, ours(), n, n, func() { vec.Axpy(y, 0.5, x) })
		bench(b, openBLAS(), n, n, func(calls int) time.Duration { return Saxpy(y, x, calls) })
		vx, vy := blas32.Vector{N: n, Inc: 1, Data: x}, blas32.Vector{N: n, Inc: 1, Data: y}
		simple(b, "gonum", n, n, func() { blas32.Axpy(0.5, vx, vy) })
		simple(b, "vek", n, n, func() { // it has no axpy
			vek32.MulNumber_Into(tmp, x, 0.5)
			vek32.Add_Inplace(y, tmp)
		})
	}
}

func BenchmarkDot(b *testing.B) {
	for _, n := range sizes {
		x, y := uniform(1, n), uniform(2, n)
		var sum float32
		simple(b, ours(), n, n, func() { sum += vec.Dot(x, y) })
		bench(b, openBLAS(), n, n, func(calls int) time.Duration { return Sdot(y, x, calls) })
		vx, vy := blas32.Vector{N: n, Inc: 1, Data: x}, blas32.Vector{N: n, Inc: 1, Data: y}
		simple(b, "gonum", n, n, func() { sum += blas32.Dot(vx, vy) })
		simple(b, "vek", n, n, func() { sum += vek32.Dot(x, y) })
	}
}

// What vek has besides.
func BenchmarkElementwise(b *testing.B) {
	for _, n := range []int{1 << 10, 4 << 10} {
		x, y, dst := uniform(1, n), uniform(2, n), make([]float32, n)
		for i := range x {
			x[i] = x[i]*x[i] + 0.1
		}
		simple(b, "vek/op=Add", n, n, func() { vek32.Add_Into(dst, x, y) })
		simple(b, ours()+"/op=Add", n, n, func() { vec.Add(dst, x, y) })
		simple(b, "vek/op=Mul", n, n, func() { vek32.Mul_Into(dst, x, y) })
		simple(b, ours()+"/op=Mul", n, n, func() { vec.Mul(dst, x, y) })
		simple(b, "vek/op=Sqrt", n, n, func() { vek32.Sqrt_Into(dst, x) })
		simple(b, ours()+"/op=Sqrt", n, n, func() { vec.Sqrt(dst, x) })
		simple(b, "vek/op=Exp", n, n, func() { vek32.Exp_Into(dst, x) })
		simple(b, ours()+"/op=Exp", n, n, func() { vec.Exp(dst, x) })
		var sum float32
		simple(b, "vek/op=Sum", n, n, func() { sum += vek32.Sum(x) })
		simple(b, ours()+"/op=Sum", n, n, func() { sum += vec.Sum(x) })
	}
}

// The peers do the work that they are compared for.
func TestSameWork(t *testing.T) {
	const n = 4096
	s := noise.New(0x0123456789abcdef).Derive(7)
	want, got := make([]uint32, n), make([]uint32, n)
	noise.Words(want, s, 0)
	for _, scalar := range []bool{true, false} {
		clear(got)
		Philox(scalar, got, s.Key, s.Sub, 1)
		for i := range want {
			if want[i] != got[i] {
				t.Fatalf("word %d is %#x, in C %#x", i, want[i], got[i])
			}
		}
	}

	near := func(what string, a, b float32) {
		if d := a - b; !(d*d < 1e-6*(1+a*a)) {
			t.Errorf("%s: %v, %v", what, a, b)
		}
	}
	x, y := uniform(1, n), uniform(2, n)
	sum := vec.Dot(x, y)
	near("gonum's dot", sum, blas32.Dot(blas32.Vector{N: n, Inc: 1, Data: x}, blas32.Vector{N: n, Inc: 1, Data: y}))
	near("vek's dot", sum, vek32.Dot(x, y))
	axpy := append([]float32(nil), y...)
	vec.Axpy(axpy, 0.5, x)
	blas := append([]float32(nil), y...)
	Saxpy(blas, x, 1)
	for i := range x {
		near("OpenBLAS' axpy", axpy[i], blas[i])
	}
	t.Logf("%s; %s, kernels for %s; nres: %s", Compiler(), BLAS(), BLASCore(), nres.Tier())
}
