// Package alias compares where slices are in memory.
package alias

import "unsafe"

// Distance returns how many elements y begins after x, below 0 if it begins before.
func Distance[T any](x, y []T) int {
	d := uintptr(unsafe.Pointer(unsafe.SliceData(y))) - uintptr(unsafe.Pointer(unsafe.SliceData(x)))
	return int(d) / int(unsafe.Sizeof(*new(T)))
}

// Overlap reports whether x and y have an element in common.
func Overlap[T any](x, y []T) bool {
	size := unsafe.Sizeof(*new(T))
	a, b := uintptr(unsafe.Pointer(unsafe.SliceData(x))), uintptr(unsafe.Pointer(unsafe.SliceData(y)))
	return len(x) > 0 && len(y) > 0 && a < b+uintptr(len(y))*size && b < a+uintptr(len(x))*size
}

// Inexact reports whether x and y, which are of one length, overlap and are not the same.
func Inexact[T any](x, y []T) bool {
	size := uintptr(len(y)) * unsafe.Sizeof(*new(T))
	d := uintptr(unsafe.Pointer(unsafe.SliceData(x))) - uintptr(unsafe.Pointer(unsafe.SliceData(y)))
	return d != 0 && (d < size || -d < size)
}
