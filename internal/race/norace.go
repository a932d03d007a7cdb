//go:build !race

// Package race tells the race detector what assembly reads and writes. Without
// -race its functions are nothing.
package race

// Enabled reports whether the race detector is on.
const Enabled = false

// Read says that the n elements from p on are about to be read.
func Read[T any](p *T, n int) {}

// Write says that the n elements from p on are about to be written.
func Write[T any](p *T, n int) {}
