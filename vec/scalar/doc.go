// Package scalar has the elementary functions of package vec for one value at
// a time. Exp and Tanh return exactly the bits that vec.Exp and vec.Tanh store
// for the same input.
//
// The functions are built from IEEE-754 operations that are each rounded once,
// with polynomials of their own, so a result is the same to the last bit on
// every architecture and with every version of Go. They use nothing of package
// math that computes: math.Exp, math.Log and others are assembly on some architectures
// and differ there. Square roots are not here, because math.Sqrt is correctly rounded
// everywhere, and so is F(math.Sqrt(float64(x))).
//
// Where a result is NaN, its sign and payload are unspecified.
//
// Errors are given in ULP, units in the last place of the exact result. The
// float32 versions of Log, Sin and Cos are the float64 versions rounded, which
// makes them correctly rounded but for rare near-ties.
package scalar
