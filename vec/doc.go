// Package vec computes with slices of float32 and float64: sums and products
// element by element, dot products, and elementary functions.
//
// # The same bits everywhere
//
// Every floating-point operation is one IEEE-754 operation, rounded once: no
// fused multiply-add, no estimates. The elementary functions use polynomials of
// their own. A result is therefore the same to the last bit on every
// architecture, and for any split of a slice into parts where the function works
// element by element. Only the sign and payload of a NaN are unspecified.
//
// # The order of reductions
//
// Dot, Sum and SumSq add their terms in one order, whatever the vector width of
// the machine. There are four rows of 16 accumulators, acc[0][0] to acc[3][15],
// which start at +0. Then
//
//	for i := 0; i < n; i++ {
//		acc[i/16%4][i%16] += term(i)
//	}
//	for j := 0; j < 16; j++ {
//		lane[j] = (acc[0][j] + acc[1][j]) + (acc[2][j] + acc[3][j])
//	}
//	for w := 8; w > 0; w /= 2 {
//		for j := 0; j < w; j++ {
//			lane[j] += lane[j+w]
//		}
//	}
//	return lane[0]
//
// The order is part of the output format and will not change. (No accumulator is
// ever -0, so adding one that was not used changes nothing and may be skipped.)
//
// # Arguments
//
// The destination comes first. Functions panic if the lengths of their slices
// differ. A destination may be exactly one of the inputs, or several of them, or
// not overlap them; if it overlaps one inexactly the function panics. (AxpyRows, whose
// slices are of different lengths, has rules of its own.) Inputs may overlap each other
// in any way. Slices may be empty or nil. A call that panics has changed nothing.
// Nothing allocates, and all work is done on the caller's goroutine. All are safe for
// concurrent use on different destinations.
package vec
