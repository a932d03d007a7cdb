// Package cast views slices of a type parameter as the concrete type that they
// are, at no cost: the conditions are constants in each instance.
package cast

import "unsafe"

// Is32 reports whether F is float32.
func Is32[F float32 | float64]() bool {
	var x F
	return unsafe.Sizeof(x) == 4
}

// To32 returns x, whose F must be float32.
func To32[F float32 | float64](x []F) []float32 { return *(*[]float32)(unsafe.Pointer(&x)) }

// To64 returns x, whose F must be float64.
func To64[F float32 | float64](x []F) []float64 { return *(*[]float64)(unsafe.Pointer(&x)) }
