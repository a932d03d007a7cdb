package nres_test

import (
	"context"
	"fmt"
	"testing"
	"time"
	"unsafe"

	"github.com/noise-reuse/nres"
	"github.com/noise-reuse/nres/estimator"
	"github.com/noise-reuse/nres/internal/latency"
	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/tasks"
	"github.com/noise-reuse/nres/vec"
)

// Benchmarks are named after the tier that runs; NRES_SIMD gives the others:
//
//	for t in generic avx2 avx512; do NRES_SIMD=$t go test -run - -bench . -count 10; done
//
// Bytes are those read plus those written. Elements of Combine are d times the
// number of streams.

var (
	vecSizes   = []int{4, 16, 1024, 4096, 1 << 20}
	noiseSizes = []int{4, 16, 1024, 16384}
)

// A buffers has slices of one length, with values from 1/8 to 4.
type buffers[F vec.Float] struct {
	dst, a, b, c []F
	words        []uint32
}

func newBuffers[F vec.Float](n int) *buffers[F] {
	make1 := func(stream uint64) []F {
		w, x := make([]uint32, n), make([]F, n)
		noise.Words(w, noise.New(stream), 0)
		for i := range x {
			x[i] = 0.125 + F(w[i]>>8)*0x1p-24*3.875
		}
		return x
	}
	return &buffers[F]{make1(1), make1(2), make1(3), make1(4), make([]uint32, n)}
}

// sizes runs loop, which makes calls calls, for vectors of each length. An element
// takes passes reads and writes, and is made of terms terms.
func sizes[F vec.Float](b *testing.B, ns []int, passes, terms int, loop func(x *buffers[F], calls int)) {
	suffix := ""
	if terms > 1 {
		suffix = fmt.Sprintf("/k=%d", terms)
	}
	for _, n := range ns {
		b.Run(fmt.Sprintf("tier=%s%s/n=%d", nres.Tier(), suffix, n), func(b *testing.B) {
			x := newBuffers[F](n)
			b.SetBytes(int64(n*passes) * int64(unsafe.Sizeof(x.a[0])))
			b.ReportAllocs()
			b.ResetTimer()
			loop(x, b.N)
			b.StopTimer()
			b.ReportMetric(float64(b.N)*float64(n*terms)/b.Elapsed().Seconds(), "elem/s")
		})
	}
}

func BenchmarkAdd(b *testing.B) {
	sizes(b, vecSizes, 3, 1, func(x *buffers[float32], calls int) {
		for ; calls > 0; calls-- {
			vec.Add(x.dst, x.a, x.b)
		}
	})
}

func BenchmarkMul(b *testing.B) {
	sizes(b, vecSizes, 3, 1, func(x *buffers[float32], calls int) {
		for ; calls > 0; calls-- {
			vec.Mul(x.dst, x.a, x.b)
		}
	})
}

func BenchmarkMulAdd(b *testing.B) {
	sizes(b, vecSizes, 4, 1, func(x *buffers[float32], calls int) {
		for ; calls > 0; calls-- {
			vec.MulAdd(x.dst, x.a, x.b, x.c)
		}
	})
}

func BenchmarkAxpy(b *testing.B)   { sizes(b, vecSizes, 3, 1, axpy[float32]) }
func BenchmarkAxpy64(b *testing.B) { sizes(b, vecSizes, 3, 1, axpy[float64]) }

func axpy[F vec.Float](x *buffers[F], calls int) {
	for ; calls > 0; calls-- {
		vec.Axpy(x.dst, 0.5, x.a)
	}
}

// BenchmarkAxpyRows adds rows as a convolution does, which overlap.
func BenchmarkAxpyRows(b *testing.B)   { sizes(b, vecSizes[:3], 2, streams, axpyRows[float32]) }
func BenchmarkAxpyRows64(b *testing.B) { sizes(b, vecSizes[:3], 2, streams, axpyRows[float64]) }

func axpyRows[F vec.Float](x *buffers[F], calls int) {
	n, a, at := len(x.dst), make([]F, streams), make([]int, streams)
	rows := newBuffers[F](n + 16*streams).a
	for k := range at {
		a[k], at[k] = 1/F(k+1), 16*k
	}
	for ; calls > 0; calls-- {
		vec.AxpyRows(x.dst, a, rows, at)
	}
}

func BenchmarkScale(b *testing.B) {
	sizes(b, vecSizes, 2, 1, func(x *buffers[float32], calls int) {
		for ; calls > 0; calls-- {
			vec.Scale(x.dst, 0.5, x.a)
		}
	})
}

func BenchmarkDot(b *testing.B)   { sizes(b, vecSizes, 2, 1, dot[float32]) }
func BenchmarkDot64(b *testing.B) { sizes(b, vecSizes, 2, 1, dot[float64]) }

func dot[F vec.Float](x *buffers[F], calls int) {
	var s F
	for ; calls > 0; calls-- {
		s = vec.Dot(x.a, x.b)
	}
	x.dst[0] = s
}

func BenchmarkSum(b *testing.B) {
	sizes(b, vecSizes, 1, 1, func(x *buffers[float32], calls int) {
		var s float32
		for ; calls > 0; calls-- {
			s = vec.Sum(x.a)
		}
		x.dst[0] = s
	})
}

func BenchmarkExp(b *testing.B)   { sizes(b, vecSizes, 2, 1, exp[float32]) }
func BenchmarkExp64(b *testing.B) { sizes(b, vecSizes, 2, 1, exp[float64]) }

func exp[F vec.Float](x *buffers[F], calls int) {
	for ; calls > 0; calls-- {
		vec.Exp(x.dst, x.a)
	}
}

func BenchmarkTanh(b *testing.B)   { sizes(b, vecSizes, 2, 1, tanh[float32]) }
func BenchmarkTanh64(b *testing.B) { sizes(b, vecSizes, 2, 1, tanh[float64]) }

func tanh[F vec.Float](x *buffers[F], calls int) {
	for ; calls > 0; calls-- {
		vec.Tanh(x.dst, x.a)
	}
}

func BenchmarkSqrt(b *testing.B) {
	sizes(b, vecSizes, 2, 1, func(x *buffers[float32], calls int) {
		for ; calls > 0; calls-- {
			vec.Sqrt(x.dst, x.a)
		}
	})
}

// The elements of buffers[float32] are as large as words.
func BenchmarkWords(b *testing.B) {
	sizes(b, noiseSizes, 1, 1, func(x *buffers[float32], calls int) {
		for s := noise.New(1); calls > 0; calls-- {
			noise.Words(x.words, s, 0)
		}
	})
}

func BenchmarkFill(b *testing.B)   { sizes(b, noiseSizes, 1, 1, fill[float32]) }
func BenchmarkFill64(b *testing.B) { sizes(b, noiseSizes, 1, 1, fill[float64]) }

func fill[F vec.Float](x *buffers[F], calls int) {
	for s := noise.New(1); calls > 0; calls-- {
		noise.Fill(x.dst, s, 0)
	}
}

func BenchmarkFillSigns(b *testing.B) {
	sizes(b, noiseSizes, 1, 1, func(x *buffers[float32], calls int) {
		for s := noise.New(1); calls > 0; calls-- {
			noise.FillSigns(x.dst, s, 0)
		}
	})
}

func BenchmarkPerturb(b *testing.B) {
	sizes(b, noiseSizes, 2, 1, func(x *buffers[float32], calls int) {
		for s := noise.New(1); calls > 0; calls-- {
			noise.Perturb(x.dst, x.a, 0.1, s, 0)
		}
	})
}

func BenchmarkPerturbPair(b *testing.B)   { sizes(b, noiseSizes, 3, 1, perturbPair[float32]) }
func BenchmarkPerturbPair64(b *testing.B) { sizes(b, noiseSizes, 3, 1, perturbPair[float64]) }

func perturbPair[F vec.Float](x *buffers[F], calls int) {
	for s := noise.New(1); calls > 0; calls-- {
		noise.PerturbPair(x.dst, x.b, x.a, 0.1, s, 0)
	}
}

// BenchmarkNoiseAxpy is noise.Axpy.
func BenchmarkNoiseAxpy(b *testing.B) {
	sizes(b, noiseSizes, 2, 1, func(x *buffers[float32], calls int) {
		for s := noise.New(1); calls > 0; calls-- {
			noise.Axpy(x.dst, 0.1, s, 0)
		}
	})
}

const streams = 64

func BenchmarkCombine(b *testing.B) {
	ws, ss := weights()
	sizes(b, noiseSizes, 2, streams, func(x *buffers[float32], calls int) {
		for ; calls > 0; calls-- {
			noise.Combine(x.dst, ws, ss, 0)
		}
	})
}

func BenchmarkCombineSigns(b *testing.B) {
	ws, ss := weights()
	sizes(b, []int{4, 16, 1024, 65536}, 2, streams, func(x *buffers[float32], calls int) {
		for ; calls > 0; calls-- {
			noise.CombineSigns(x.dst, ws, ss, 0)
		}
	})
}

func weights() (ws []float32, ss []noise.Stream) {
	for k := uint64(0); k < streams; k++ {
		ws = append(ws, 1/float32(k+1))
		ss = append(ss, noise.New(1).Derive(k))
	}
	return ws, ss
}

// newGradient returns a function that makes a gradient of the paper's Lorenz problem,
// and has made the first one, which brings the workers to their phases.
func newGradient(b *testing.B, cfg estimator.Config) (*estimator.Estimator[float32], func()) {
	task, err := tasks.Lookup("lorenz")
	if err != nil {
		b.Fatal(err)
	}
	sys, err := task.New(nil)
	if err != nil {
		b.Fatal(err)
	}
	cfg.Window, cfg.Sigma = task.Window, task.Sigma
	est, err := estimator.New(sys, cfg)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(est.Close)
	theta := []float32{float32(task.Start[0]), float32(task.Start[1])}
	grad := make([]float32, len(theta))
	gradient := func() {
		if _, err := est.Gradient(grad, theta); err != nil {
			b.Fatal(err)
		}
	}
	gradient()
	return est, gradient
}

// BenchmarkGradient is one gradient of the paper's Lorenz problem: 40,000 steps, or
// four million for the asymptote of many workers.
func BenchmarkGradient(b *testing.B) {
	for _, cfg := range []estimator.Config{
		{Method: estimator.NRES, Workers: 200}, {Method: estimator.PES, Workers: 200}, {Method: estimator.NRES, Workers: 20_000},
	} {
		cfg.Parallelism = 1
		b.Run(fmt.Sprintf("tier=%s/method=%v/N=%d", nres.Tier(), cfg.Method, cfg.Workers), func(b *testing.B) {
			est, gradient := newGradient(b, cfg)
			steps := est.Steps().Total
			b.ReportAllocs()
			b.ResetTimer()
			for i := 0; i < b.N; i++ {
				gradient()
			}
			b.StopTimer()
			b.ReportMetric(float64(est.Steps().Total-steps)/b.Elapsed().Seconds(), "steps/s")
		})
	}
}

// BenchmarkLatency makes 500 gradients a second in a process that serves allocating
// work. p99.9 takes thousands of calls: -bench Latency -benchtime 10000x. The control,
// a loop in plain Go of the same median, sees the same machine.
func BenchmarkLatency(b *testing.B) {
	for _, parallelism := range []int{1, 2} {
		b.Run(fmt.Sprintf("tier=%s/parallelism=%d", nres.Tier(), parallelism), func(b *testing.B) {
			_, gradient := newGradient(b, estimator.Config{Workers: 200, Parallelism: parallelism})
			b.ReportMetric(latency.Allocations(gradient, 100), "allocs/gradient")
			const rate = 500
			load := latency.Serve()
			trial := latency.Trial{Call: gradient, Rate: rate, Duration: time.Duration(2*b.N) * time.Second / rate}
			r := trial.Run(context.Background())
			load.Close()
			ours, control := latency.Sort(r.Call), latency.Sort(r.Control)
			for _, q := range []struct {
				share float64
				name  string
			}{{0.5, "p50-ns"}, {0.99, "p99-ns"}, {0.999, "p99.9-ns"}, {1, "max-ns"}} {
				b.ReportMetric(float64(latency.Quantile(ours, q.share)), q.name)
				b.ReportMetric(float64(latency.Quantile(control, q.share)), "control-"+q.name)
			}
			b.ReportMetric(float64(r.With.Total.Longest()), "pause-ns")
			b.ReportMetric(float64(r.Without.Total.Longest()), "pause-without-ns")
			b.ReportMetric(0, "ns/op") // would be 1/rate
		})
	}
}
