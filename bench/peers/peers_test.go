package peers

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/noise-reuse/nres"
	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/vec"
	"github.com/viterin/vek/vek32"
	"gonum.org/v1/gonum/blas/blas32"
	"gonum.org/v1/gonum/stat/distuv"
)

// Benchmarks are named work/n=length and time all peers in turns: on a machine with
// neighbours only what ran within the same millisecond can be compared. Each peer's
// median is a metric of its own, by-ns/elem, which is what the runner reads.

// A peer does some work, each call on so many elements. If loop returns a duration,
// that is the time that its calls took.
type peer struct {
	by       string
	elements int
	loop     func(calls int) time.Duration
}

// slice is how long a peer's turn takes, if one call doesn't take longer.
const slice = 50 * time.Microsecond

func bench(b *testing.B, name string, peers ...peer) {
	b.Run(name, func(b *testing.B) {
		turn := func(p peer, calls int) time.Duration {
			began := time.Now()
			took := p.loop(calls)
			if took == 0 {
				took = time.Since(began)
			}
			return took
		}
		calls, ns := make([]int, len(peers)), make([][]float64, len(peers))
		for i, p := range peers {
			calls[i] = 1
			for took := turn(p, 1); took < slice; took = turn(p, calls[i]) {
				calls[i] *= 2
			}
		}
		for round := range b.N {
			for i := range peers {
				if round%2 == 1 { // nobody is always the one after another
					i = len(peers) - 1 - i
				}
				took := turn(peers[i], calls[i])
				ns[i] = append(ns[i], float64(took)/float64(calls[i]*peers[i].elements))
			}
		}
		b.ReportMetric(0, "ns/op") // of a whole round
		for i, p := range peers {
			slices.Sort(ns[i])
			b.ReportMetric(ns[i][len(ns[i])/2], p.by+"-ns/elem")
		}
	})
}

// simple makes a peer of a function that doesn't time itself.
func simple(by string, elements int, call func()) peer {
	return peer{by, elements, func(calls int) time.Duration {
		for range calls {
			call()
		}
		return 0
	}}
}

func size(n int) string { return fmt.Sprintf("n=%d", n) }

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

func fill(by string, n int) peer {
	dst, s := make([]float32, n), noise.New(1)
	return simple(by, n, func() { noise.Fill(dst, s, 0) })
}

func BenchmarkNormals(b *testing.B) {
	const n = 16 << 10
	dst := make([]float32, n)
	draw := func(by string, normal func() float64) peer {
		return simple(by, n, func() {
			for i := range dst {
				dst[i] = float32(normal())
			}
		})
	}
	bench(b, size(n), fill(ours(), n),
		draw("rand-pcg", rand.New(rand.NewPCG(1, 2)).NormFloat64),
		draw("rand-chacha8", rand.New(rand.NewChaCha8([32]byte{1})).NormFloat64),
		draw("gonum", distuv.Normal{Mu: 0, Sigma: 1, Src: rand.NewPCG(1, 2)}.Rand))
}

func BenchmarkWords(b *testing.B) {
	const n = 16 << 10
	dst, s := make([]uint32, n), noise.New(1)
	pcg := rand.New(rand.NewPCG(1, 2))
	bench(b, size(n), simple(ours(), n, func() { noise.Words(dst, s, 0) }),
		peer{"random123-scalar", n, func(calls int) time.Duration { return Philox(true, dst, s.Key, s.Sub, calls) }},
		peer{"random123-vectorised", n, func(calls int) time.Duration { return Philox(false, dst, s.Key, s.Sub, calls) }},
		simple("rand-pcg", n, func() {
			for i := range dst {
				dst[i] = pcg.Uint32()
			}
		}))
}

func BenchmarkPerturbPair(b *testing.B) {
	const n = 16 << 10
	plus, minus, theta, s := make([]float32, n), make([]float32, n), uniform(1, n), noise.New(1)
	bench(b, size(n), simple(ours(), n, func() { noise.PerturbPair(plus, minus, theta, 0.1, s, 0) }), fill("fill", n))
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
	bench(b, size(n), simple(ours(), n*combined, func() { noise.Combine(g, ws, ss, 0) }), fill("fill", n))
}

func BenchmarkCombineSigns(b *testing.B) {
	const n = 64 << 10
	g := make([]float32, n)
	ws, ss := streams(combined)
	bench(b, size(n), simple(ours(), n*combined, func() { noise.CombineSigns(g, ws, ss, 0) }))
}

var sizes = []int{1 << 10, 4 << 10, 16 << 10, 64 << 10, 256 << 10, 1 << 20, 4 << 20, 16 << 20}

func BenchmarkAxpy(b *testing.B) {
	for _, n := range sizes {
		x, y, tmp := uniform(1, n), uniform(2, n), make([]float32, n)
		vx, vy := blas32.Vector{N: n, Inc: 1, Data: x}, blas32.Vector{N: n, Inc: 1, Data: y}
		bench(b, size(n),
			peer{ours(), n, func(calls int) time.Duration { // its loop is as tight as OpenBLAS's in C
				for range calls {
					vec.Axpy(y, 0.5, x)
				}
				return 0
			}},
			peer{openBLAS(), n, func(calls int) time.Duration { return Saxpy(y, x, calls) }},
			simple("gonum", n, func() { blas32.Axpy(0.5, vx, vy) }),
			simple("vek", n, func() { // it has no axpy
				vek32.MulNumber_Into(tmp, x, 0.5)
				vek32.Add_Inplace(y, tmp)
			}))
	}
}

func BenchmarkDot(b *testing.B) {
	for _, n := range sizes {
		x, y := uniform(1, n), uniform(2, n)
		vx, vy := blas32.Vector{N: n, Inc: 1, Data: x}, blas32.Vector{N: n, Inc: 1, Data: y}
		var sum float32
		bench(b, size(n),
			peer{ours(), n, func(calls int) time.Duration {
				var s float32
				for range calls {
					s = vec.Dot(x, y)
				}
				sum += s
				return 0
			}},
			peer{openBLAS(), n, func(calls int) time.Duration { return Sdot(y, x, calls) }},
			simple("gonum", n, func() { sum += blas32.Dot(vx, vy) }),
			simple("vek", n, func() { sum += vek32.Dot(x, y) }))
	}
}

// What vek has besides.
func BenchmarkElementwise(b *testing.B) {
	for _, n := range []int{1 << 10, 4 << 10} {
		x, y, dst := uniform(1, n), uniform(2, n), make([]float32, n)
		for i := range x {
			x[i] = x[i]*x[i] + 0.1
		}
		var sum float32
		for _, op := range []struct {
			name      string
			nres, vek func()
		}{
			{"Add", func() { vec.Add(dst, x, y) }, func() { vek32.Add_Into(dst, x, y) }},
			{"Mul", func() { vec.Mul(dst, x, y) }, func() { vek32.Mul_Into(dst, x, y) }},
			{"Sqrt", func() { vec.Sqrt(dst, x) }, func() { vek32.Sqrt_Into(dst, x) }},
			{"Exp", func() { vec.Exp(dst, x) }, func() { vek32.Exp_Into(dst, x) }},
			{"Sum", func() { sum += vec.Sum(x) }, func() { sum += vek32.Sum(x) }},
		} {
			bench(b, "op="+op.name+"/"+size(n), simple(ours(), n, op.nres), simple("vek", n, op.vek))
		}
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
