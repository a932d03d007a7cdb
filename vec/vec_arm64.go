//go:build !purego

package vec

import "unsafe"

// There are no kernels yet: plain Go stands in for them.

func kernels() bool { return false }

func addKernel32(dst, a, b *float32, n int) {
	addGeneric(unsafe.Slice(dst, n), unsafe.Slice(a, n), unsafe.Slice(b, n))
}

func addKernel64(dst, a, b *float64, n int) {
	addGeneric(unsafe.Slice(dst, n), unsafe.Slice(a, n), unsafe.Slice(b, n))
}

func subKernel32(dst, a, b *float32, n int) {
	subGeneric(unsafe.Slice(dst, n), unsafe.Slice(a, n), unsafe.Slice(b, n))
}

func subKernel64(dst, a, b *float64, n int) {
	subGeneric(unsafe.Slice(dst, n), unsafe.Slice(a, n), unsafe.Slice(b, n))
}

func mulKernel32(dst, a, b *float32, n int) {
	mulGeneric(unsafe.Slice(dst, n), unsafe.Slice(a, n), unsafe.Slice(b, n))
}

func mulKernel64(dst, a, b *float64, n int) {
	mulGeneric(unsafe.Slice(dst, n), unsafe.Slice(a, n), unsafe.Slice(b, n))
}

func mulAddKernel32(dst, a, b, c *float32, n int) {
	mulAddGeneric(unsafe.Slice(dst, n), unsafe.Slice(a, n), unsafe.Slice(b, n), unsafe.Slice(c, n))
}

func mulAddKernel64(dst, a, b, c *float64, n int) {
	mulAddGeneric(unsafe.Slice(dst, n), unsafe.Slice(a, n), unsafe.Slice(b, n), unsafe.Slice(c, n))
}

func axpyKernel32(y *float32, a float32, x *float32, n int) {
	axpyGeneric(unsafe.Slice(y, n), a, unsafe.Slice(x, n))
}

func axpyKernel64(y *float64, a float64, x *float64, n int) {
	axpyGeneric(unsafe.Slice(y, n), a, unsafe.Slice(x, n))
}

func scaleKernel32(dst *float32, a float32, x *float32, n int) {
	scaleGeneric(unsafe.Slice(dst, n), a, unsafe.Slice(x, n))
}

func scaleKernel64(dst *float64, a float64, x *float64, n int) {
	scaleGeneric(unsafe.Slice(dst, n), a, unsafe.Slice(x, n))
}

func expKernel32(dst, x *float32, n int) {
	expGeneric(unsafe.Slice(dst, n), unsafe.Slice(x, n))
}

func expKernel64(dst, x *float64, n int) {
	expGeneric(unsafe.Slice(dst, n), unsafe.Slice(x, n))
}

func tanhKernel32(dst, x *float32, n int) {
	tanhGeneric(unsafe.Slice(dst, n), unsafe.Slice(x, n))
}

func tanhKernel64(dst, x *float64, n int) {
	tanhGeneric(unsafe.Slice(dst, n), unsafe.Slice(x, n))
}

func sqrtKernel32(dst, x *float32, n int) {
	sqrtGeneric(unsafe.Slice(dst, n), unsafe.Slice(x, n))
}

func sqrtKernel64(dst, x *float64, n int) {
	sqrtGeneric(unsafe.Slice(dst, n), unsafe.Slice(x, n))
}

func dotKernel32(a, b *float32, n int, acc *[block]float32) float32 {
	return dotOnto(unsafe.Slice(a, n), unsafe.Slice(b, n), acc)
}

func sumSqKernel32(x *float32, n int, acc *[block]float32) float32 {
	return dotKernel32(x, x, n, acc)
}

func sumKernel32(x *float32, n int, acc *[block]float32) float32 {
	return sumOnto(unsafe.Slice(x, n), acc)
}

func dotKernel64(a, b *float64, n int, acc *[block]float64) float64 {
	return dotOnto(unsafe.Slice(a, n), unsafe.Slice(b, n), acc)
}

func sumSqKernel64(x *float64, n int, acc *[block]float64) float64 {
	return dotKernel64(x, x, n, acc)
}

func sumKernel64(x *float64, n int, acc *[block]float64) float64 {
	return sumOnto(unsafe.Slice(x, n), acc)
}

func dotOnto[F Float](a, b []F, acc *[block]F) F {
	if acc == nil {
		return dotGeneric(a, b)
	}
	for i := range a {
		acc[i%block] += F(a[i] * b[i])
	}
	return foldRows(acc)
}

func sumOnto[F Float](x []F, acc *[block]F) F {
	if acc == nil {
		return sumGeneric(x)
	}
	for i := range x {
		acc[i%block] += x[i]
	}
	return foldRows(acc)
}
