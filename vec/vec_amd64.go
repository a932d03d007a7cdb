//go:build !purego

package vec

import "github.com/noise-reuse/nres/internal/cpu"

const mathChunk64 = 1 << 10

// Tests change these.
var (
	useAVX2   = cpu.Active() >= cpu.AVX2
	useAVX512 = cpu.Active() >= cpu.AVX512
)

func kernels() bool { return useAVX2 }

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
