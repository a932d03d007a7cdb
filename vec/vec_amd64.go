//go:build !purego

package vec

import (
	"github.com/noise-reuse/nres/internal/cpu"
	"github.com/noise-reuse/nres/internal/race"
)

const mathChunk64 = 1 << 10

// Tests change these.
var (
	useAVX2   = cpu.Active() >= cpu.AVX2
	useAVX512 = cpu.Active() >= cpu.AVX512
)

func kernels() bool { return useAVX2 }

//go:noinline
func addKernel32(dst, a, b *float32, n int) {
	race.Read(a, n)
	race.Read(b, n)
	race.Write(dst, n)
	if useAVX512 {
		add32AVX512(dst, a, b, n)
		return
	}
	add32AVX2(dst, a, b, n)
}

//go:noinline
func addKernel64(dst, a, b *float64, n int) {
	race.Read(a, n)
	race.Read(b, n)
	race.Write(dst, n)
	if useAVX512 {
		add64AVX512(dst, a, b, n)
		return
	}
	add64AVX2(dst, a, b, n)
}

//go:noinline
func subKernel32(dst, a, b *float32, n int) {
	race.Read(a, n)
	race.Read(b, n)
	race.Write(dst, n)
	if useAVX512 {
		sub32AVX512(dst, a, b, n)
		return
	}
	sub32AVX2(dst, a, b, n)
}

//go:noinline
func subKernel64(dst, a, b *float64, n int) {
	race.Read(a, n)
	race.Read(b, n)
	race.Write(dst, n)
	if useAVX512 {
		sub64AVX512(dst, a, b, n)
		return
	}
	sub64AVX2(dst, a, b, n)
}

//go:noinline
func mulKernel32(dst, a, b *float32, n int) {
	race.Read(a, n)
	race.Read(b, n)
	race.Write(dst, n)
	if useAVX512 {
		mul32AVX512(dst, a, b, n)
		return
	}
	mul32AVX2(dst, a, b, n)
}

//go:noinline
func mulKernel64(dst, a, b *float64, n int) {
	race.Read(a, n)
	race.Read(b, n)
	race.Write(dst, n)
	if useAVX512 {
		mul64AVX512(dst, a, b, n)
		return
	}
	mul64AVX2(dst, a, b, n)
}

//go:noinline
func mulAddKernel32(dst, a, b, c *float32, n int) {
	race.Read(a, n)
	race.Read(b, n)
	race.Read(c, n)
	race.Write(dst, n)
	if useAVX512 {
		mulAdd32AVX512(dst, a, b, c, n)
		return
	}
	mulAdd32AVX2(dst, a, b, c, n)
}

//go:noinline
func mulAddKernel64(dst, a, b, c *float64, n int) {
	race.Read(a, n)
	race.Read(b, n)
	race.Read(c, n)
	race.Write(dst, n)
	if useAVX512 {
		mulAdd64AVX512(dst, a, b, c, n)
		return
	}
	mulAdd64AVX2(dst, a, b, c, n)
}

//go:noinline
func axpyKernel32(y *float32, a float32, x *float32, n int) {
	race.Read(x, n)
	race.Write(y, n)
	if useAVX512 {
		axpy32AVX512(y, a, x, n)
		return
	}
	axpy32AVX2(y, a, x, n)
}

//go:noinline
func axpyKernel64(y *float64, a float64, x *float64, n int) {
	race.Read(x, n)
	race.Write(y, n)
	if useAVX512 {
		axpy64AVX512(y, a, x, n)
		return
	}
	axpy64AVX2(y, a, x, n)
}

//go:noinline
func scaleKernel32(dst *float32, a float32, x *float32, n int) {
	race.Read(x, n)
	race.Write(dst, n)
	if useAVX512 {
		scale32AVX512(dst, a, x, n)
		return
	}
	scale32AVX2(dst, a, x, n)
}

//go:noinline
func scaleKernel64(dst *float64, a float64, x *float64, n int) {
	race.Read(x, n)
	race.Write(dst, n)
	if useAVX512 {
		scale64AVX512(dst, a, x, n)
		return
	}
	scale64AVX2(dst, a, x, n)
}

//go:noinline
func expKernel32(dst, x *float32, n int) {
	race.Read(x, n)
	race.Write(dst, n)
	if useAVX512 {
		exp32AVX512(dst, x, n)
		return
	}
	exp32AVX2(dst, x, n)
}

//go:noinline
func expKernel64(dst, x *float64, n int) {
	race.Read(x, n)
	race.Write(dst, n)
	if useAVX512 {
		exp64AVX512(dst, x, n)
		return
	}
	exp64AVX2(dst, x, n)
}

//go:noinline
func tanhKernel32(dst, x *float32, n int) {
	race.Read(x, n)
	race.Write(dst, n)
	if useAVX512 {
		tanh32AVX512(dst, x, n)
		return
	}
	tanh32AVX2(dst, x, n)
}

//go:noinline
func tanhKernel64(dst, x *float64, n int) {
	race.Read(x, n)
	race.Write(dst, n)
	if useAVX512 {
		tanh64AVX512(dst, x, n)
		return
	}
	tanh64AVX2(dst, x, n)
}

//go:noinline
func sqrtKernel32(dst, x *float32, n int) {
	race.Read(x, n)
	race.Write(dst, n)
	if useAVX512 {
		sqrt32AVX512(dst, x, n)
		return
	}
	sqrt32AVX2(dst, x, n)
}

//go:noinline
func sqrtKernel64(dst, x *float64, n int) {
	race.Read(x, n)
	race.Write(dst, n)
	if useAVX512 {
		sqrt64AVX512(dst, x, n)
		return
	}
	sqrt64AVX2(dst, x, n)
}

//go:noinline
func dotKernel32(a, b *float32, n int, acc *[block]float32) float32 {
	race.Read(a, n)
	race.Read(b, n)
	if useAVX512 {
		return dot32AVX512(a, b, n, acc)
	}
	return dot32AVX2(a, b, n, acc)
}

//go:noinline
func dotKernel64(a, b *float64, n int, acc *[block]float64) float64 {
	race.Read(a, n)
	race.Read(b, n)
	if useAVX512 {
		return dot64AVX512(a, b, n, acc)
	}
	return dot64AVX2(a, b, n, acc)
}

//go:noinline
func sumKernel32(x *float32, n int, acc *[block]float32) float32 {
	race.Read(x, n)
	if useAVX512 {
		return sum32AVX512(x, n, acc)
	}
	return sum32AVX2(x, n, acc)
}

//go:noinline
func sumKernel64(x *float64, n int, acc *[block]float64) float64 {
	race.Read(x, n)
	if useAVX512 {
		return sum64AVX512(x, n, acc)
	}
	return sum64AVX2(x, n, acc)
}

//go:noinline
func sumSqKernel32(x *float32, n int, acc *[block]float32) float32 {
	race.Read(x, n)
	if useAVX512 {
		return sumSq32AVX512(x, n, acc)
	}
	return sumSq32AVX2(x, n, acc)
}

//go:noinline
func sumSqKernel64(x *float64, n int, acc *[block]float64) float64 {
	race.Read(x, n)
	if useAVX512 {
		return sumSq64AVX512(x, n, acc)
	}
	return sumSq64AVX2(x, n, acc)
}

//go:noescape
func add32AVX512(dst, a, b *float32, n int)

//go:noescape
func add32AVX2(dst, a, b *float32, n int)

//go:noescape
func add64AVX512(dst, a, b *float64, n int)

//go:noescape
func add64AVX2(dst, a, b *float64, n int)

//go:noescape
func sub32AVX512(dst, a, b *float32, n int)

//go:noescape
func sub32AVX2(dst, a, b *float32, n int)

//go:noescape
func sub64AVX512(dst, a, b *float64, n int)

//go:noescape
func sub64AVX2(dst, a, b *float64, n int)

//go:noescape
func mul32AVX512(dst, a, b *float32, n int)

//go:noescape
func mul32AVX2(dst, a, b *float32, n int)

//go:noescape
func mul64AVX512(dst, a, b *float64, n int)

//go:noescape
func mul64AVX2(dst, a, b *float64, n int)

//go:noescape
func mulAdd32AVX512(dst, a, b, c *float32, n int)

//go:noescape
func mulAdd32AVX2(dst, a, b, c *float32, n int)

//go:noescape
func mulAdd64AVX512(dst, a, b, c *float64, n int)

//go:noescape
func mulAdd64AVX2(dst, a, b, c *float64, n int)

//go:noescape
func axpy32AVX512(y *float32, a float32, x *float32, n int)

//go:noescape
func axpy32AVX2(y *float32, a float32, x *float32, n int)

//go:noescape
func axpy64AVX512(y *float64, a float64, x *float64, n int)

//go:noescape
func axpy64AVX2(y *float64, a float64, x *float64, n int)

//go:noescape
func scale32AVX512(dst *float32, a float32, x *float32, n int)

//go:noescape
func scale32AVX2(dst *float32, a float32, x *float32, n int)

//go:noescape
func scale64AVX512(dst *float64, a float64, x *float64, n int)

//go:noescape
func scale64AVX2(dst *float64, a float64, x *float64, n int)

//go:noescape
func exp32AVX512(dst, x *float32, n int)

//go:noescape
func exp32AVX2(dst, x *float32, n int)

//go:noescape
func exp64AVX512(dst, x *float64, n int)

//go:noescape
func exp64AVX2(dst, x *float64, n int)

//go:noescape
func tanh32AVX512(dst, x *float32, n int)

//go:noescape
func tanh32AVX2(dst, x *float32, n int)

//go:noescape
func tanh64AVX512(dst, x *float64, n int)

//go:noescape
func tanh64AVX2(dst, x *float64, n int)

//go:noescape
func sqrt32AVX512(dst, x *float32, n int)

//go:noescape
func sqrt32AVX2(dst, x *float32, n int)

//go:noescape
func sqrt64AVX512(dst, x *float64, n int)

//go:noescape
func sqrt64AVX2(dst, x *float64, n int)

//go:noescape
func dot32AVX512(a, b *float32, n int, acc *[block]float32) float32

//go:noescape
func dot32AVX2(a, b *float32, n int, acc *[block]float32) float32

//go:noescape
func dot64AVX512(a, b *float64, n int, acc *[block]float64) float64

//go:noescape
func dot64AVX2(a, b *float64, n int, acc *[block]float64) float64

//go:noescape
func sum32AVX512(x *float32, n int, acc *[block]float32) float32

//go:noescape
func sum32AVX2(x *float32, n int, acc *[block]float32) float32

//go:noescape
func sum64AVX512(x *float64, n int, acc *[block]float64) float64

//go:noescape
func sum64AVX2(x *float64, n int, acc *[block]float64) float64

//go:noescape
func sumSq32AVX512(x *float32, n int, acc *[block]float32) float32

//go:noescape
func sumSq32AVX2(x *float32, n int, acc *[block]float32) float32

//go:noescape
func sumSq64AVX512(x *float64, n int, acc *[block]float64) float64

//go:noescape
func sumSq64AVX2(x *float64, n int, acc *[block]float64) float64
