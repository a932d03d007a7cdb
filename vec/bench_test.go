package vec

import (
	"fmt"
	"testing"
	"unsafe"
)

func BenchmarkExp(b *testing.B) {
	bench(b, func(x, y []float32) { Exp(x, y) }, func(x, y []float64) { Exp(x, y) })
}

func BenchmarkTanh(b *testing.B) {
	bench(b, func(x, y []float32) { Tanh(x, y) }, func(x, y []float64) { Tanh(x, y) })
}

func BenchmarkSqrt(b *testing.B) {
	bench(b, func(x, y []float32) { Sqrt(x, y) }, func(x, y []float64) { Sqrt(x, y) })
}

func BenchmarkMulAdd(b *testing.B) {
	bench(b, func(x, y []float32) { MulAdd(x, y, y, y) }, func(x, y []float64) { MulAdd(x, y, y, y) })
}

func BenchmarkAxpy(b *testing.B) {
	bench(b, func(x, y []float32) { Axpy(x, 0.5, y) }, func(x, y []float64) { Axpy(x, 0.5, y) })
}

func BenchmarkDot(b *testing.B) {
	bench(b, func(x, y []float32) { x[0] = Dot(x, y) }, func(x, y []float64) { x[0] = Dot(x, y) })
}

func BenchmarkSum(b *testing.B) {
	bench(b, func(x, y []float32) { x[0] = Sum(y) }, func(x, y []float64) { x[0] = Sum(y) })
}

func bench(b *testing.B, f32 func(x, y []float32), f64 func(x, y []float64)) {
	for _, n := range []int{16, 1024} {
		b.Run(fmt.Sprintf("float32/%d", n), func(b *testing.B) { benchSize(b, n, f32) })
		b.Run(fmt.Sprintf("float64/%d", n), func(b *testing.B) { benchSize(b, n, f64) })
	}
}

func benchSize[F Float](b *testing.B, n int, f func(x, y []F)) {
	var s splitmix
	x, y := uniform[F](&s, n, 4), uniform[F](&s, n, 4)
	b.SetBytes(int64(n) * int64(unsafe.Sizeof(x[0])))
	b.ResetTimer()
	for i := 0; i < b.N; i++ {
		f(x, y)
	}
}
