// Bad has code that the tests of asmcheck must object to.
package main

// The compiler fuses these where it can.

//go:noinline
func mulAdd32(a, b, c float32) float32 { return a*b + c }

//go:noinline
func mulAdd64(a, b, c float64) float64 { return a*b + c }

//go:noinline
func mulSub32(a, b, c float32) float32 { return a*b - c }

//go:noinline
func mulSub64(a, b, c float64) float64 { return a*b - c }

//go:noinline
func negMulAdd64(a, b, c float64) float64 { return c - a*b }

//go:noinline
func rounded(a, b, c float64) float64 { return c - float64(a*b) }

func main() {
	println(mulAdd32(1, 2, 3), mulAdd64(1, 2, 3), mulSub32(1, 2, 3), mulSub64(1, 2, 3), negMulAdd64(1, 2, 3), rounded(1, 2, 3))
	assembly()
}
