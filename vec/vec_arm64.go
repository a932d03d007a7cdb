//go:build !purego

package vec

import (
	"github.com/noise-reuse/nres/internal/cpu"
	"github.com/noise-reuse/nres/internal/race"
)

// mathChunk64 makes a call of Tanh 16 µs on a Cortex-A72 at 1.5 GHz, by llvm-mca, and the
// others less.
const mathChunk64 = 512

// useNEON is a variable for the tests.
var useNEON = cpu.Active() >= cpu.NEON

func kernels() bool { return useNEON }

//go:noinline
func addKernel32(dst, a, b *float32, n int) {
	race.Read(a, n)
	race.Read(b, n)
	race.Write(dst, n)
	add32NEON(dst, a, b, n)
}

//go:noinline
func addKernel64(dst, a, b *float64, n int) {
	race.Read(a, n)
	race.Read(b, n)
	race.Write(dst, n)
	add64NEON(dst, a, b, n)
}

//go:noinline
func subKernel32(dst, a, b *float32, n int) {
	race.Read(a, n)
	race.Read(b, n)
	race.Write(dst, n)
	sub32NEON(dst, a, b, n)
}

//go:noinline
func subKernel64(dst, a, b *float64, n int) {
	race.Read(a, n)
	race.Read(b, n)
	race.Write(dst, n)
	sub64NEON(dst, a, b, n)
}

//go:noinline
func mulKernel32(dst, a, b *float32, n int) {
	race.Read(a, n)
	race.Read(b, n)
	race.Write(dst, n)
	mul32NEON(dst, a, b, n)
}

//go:noinline
func mulKernel64(dst, a, b *float64, n int) {
	race.Read(a, n)
	race.Read(b, n)
	race.Write(dst, n)
	mul64NEON(dst, a, b, n)
}

//go:noinline
func mulAddKernel32(dst, a, b, c *float32, n int) {
	race.Read(a, n)
	race.Read(b, n)
	race.Read(c, n)
	race.Write(dst, n)
	mulAdd32NEON(dst, a, b, c, n)
}

//go:noinline
func mulAddKernel64(dst, a, b, c *float64, n int) {
	race.Read(a, n)
	race.Read(b, n)
	race.Read(c, n)
	race.Write(dst, n)
	mulAdd64NEON(dst, a, b, c, n)
}

//go:noinline
func axpyKernel32(y *float32, a float32, x *float32, n int) {
	race.Read(x, n)
	race.Write(y, n)
	axpy32NEON(y, a, x, n)
}

//go:noinline
func axpyKernel64(y *float64, a float64, x *float64, n int) {
	race.Read(x, n)
	race.Write(y, n)
	axpy64NEON(y, a, x, n)
}

//go:noinline
func scaleKernel32(dst *float32, a float32, x *float32, n int) {
	race.Read(x, n)
	race.Write(dst, n)
	scale32NEON(dst, a, x, n)
}

//go:noinline
func scaleKernel64(dst *float64, a float64, x *float64, n int) {
	race.Read(x, n)
	race.Write(dst, n)
	scale64NEON(dst, a, x, n)
}

//go:noinline
func sqrtKernel32(dst, x *float32, n int) {
	race.Read(x, n)
	race.Write(dst, n)
	sqrt32NEON(dst, x, n)
}

//go:noinline
func sqrtKernel64(dst, x *float64, n int) {
	race.Read(x, n)
	race.Write(dst, n)
	sqrt64NEON(dst, x, n)
}

//go:noinline
func expKernel32(dst, x *float32, n int) {
	race.Read(x, n)
	race.Write(dst, n)
	exp32NEON(dst, x, n)
}

//go:noinline
func expKernel64(dst, x *float64, n int) {
	race.Read(x, n)
	race.Write(dst, n)
	exp64NEON(dst, x, n)
}

//go:noinline
func tanhKernel32(dst, x *float32, n int) {
	race.Read(x, n)
	race.Write(dst, n)
	tanh32NEON(dst, x, n)
}

//go:noinline
func tanhKernel64(dst, x *float64, n int) {
	race.Read(x, n)
	race.Write(dst, n)
	tanh64NEON(dst, x, n)
}

//go:noinline
func dotKernel32(a, b *float32, n int, acc *[block]float32) float32 {
	race.Read(a, n)
	race.Read(b, n)
	return dot32NEON(a, b, n, acc)
}

//go:noinline
func dotKernel64(a, b *float64, n int, acc *[block]float64) float64 {
	race.Read(a, n)
	race.Read(b, n)
	return dot64NEON(a, b, n, acc)
}

//go:noinline
func sumKernel32(x *float32, n int, acc *[block]float32) float32 {
	race.Read(x, n)
	return sum32NEON(x, n, acc)
}

//go:noinline
func sumKernel64(x *float64, n int, acc *[block]float64) float64 {
	race.Read(x, n)
	return sum64NEON(x, n, acc)
}

//go:noinline
func sumSqKernel32(x *float32, n int, acc *[block]float32) float32 {
	race.Read(x, n)
	return sumSq32NEON(x, n, acc)
}

//go:noinline
func sumSqKernel64(x *float64, n int, acc *[block]float64) float64 {
	race.Read(x, n)
	return sumSq64NEON(x, n, acc)
}

//go:noescape
func add32NEON(dst, a, b *float32, n int)

//go:noescape
func add64NEON(dst, a, b *float64, n int)

//go:noescape
func sub32NEON(dst, a, b *float32, n int)

//go:noescape
func sub64NEON(dst, a, b *float64, n int)

//go:noescape
func mul32NEON(dst, a, b *float32, n int)

//go:noescape
func mul64NEON(dst, a, b *float64, n int)

//go:noescape
func mulAdd32NEON(dst, a, b, c *float32, n int)

//go:noescape
func mulAdd64NEON(dst, a, b, c *float64, n int)

//go:noescape
func axpy32NEON(y *float32, a float32, x *float32, n int)

//go:noescape
func axpy64NEON(y *float64, a float64, x *float64, n int)

//go:noescape
func scale32NEON(dst *float32, a float32, x *float32, n int)

//go:noescape
func scale64NEON(dst *float64, a float64, x *float64, n int)

//go:noescape
func sqrt32NEON(dst, x *float32, n int)

//go:noescape
func sqrt64NEON(dst, x *float64, n int)

//go:noescape
func exp32NEON(dst, x *float32, n int)

//go:noescape
func exp64NEON(dst, x *float64, n int)

//go:noescape
func tanh32NEON(dst, x *float32, n int)

//go:noescape
func tanh64NEON(dst, x *float64, n int)

//go:noescape
func dot32NEON(a, b *float32, n int, acc *[block]float32) float32

//go:noescape
func dot64NEON(a, b *float64, n int, acc *[block]float64) float64

//go:noescape
func sum32NEON(x *float32, n int, acc *[block]float32) float32

//go:noescape
func sum64NEON(x *float64, n int, acc *[block]float64) float64

//go:noescape
func sumSq32NEON(x *float32, n int, acc *[block]float32) float32

//go:noescape
func sumSq64NEON(x *float64, n int, acc *[block]float64) float64
