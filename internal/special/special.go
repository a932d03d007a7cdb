// Package special makes floating-point values for tests, among them those that
// are easily got wrong.
package special

import "math"

// Float is the constraint of the element types.
type Float interface{ float32 | float64 }

// Values sets dst to values that depend on seed: about share of 256 are zeros,
// infinities, NaNs, subnormal numbers and so on, the others of all magnitudes or
// near 1.
func Values[F Float](dst []F, seed uint64, share uint8) {
	list := special32
	if F(1)/3 != F(float32(1)/3) {
		list = special64
	}
	for i := range dst {
		seed += 0x9E3779B97F4A7C15 // SplitMix64
		x := seed
		x = (x ^ x>>30) * 0xBF58476D1CE4E5B9
		x = (x ^ x>>27) * 0x94D049BB133111EB
		x ^= x >> 31
		sign := 1 - 2*float64(x>>63)
		switch {
		case uint8(x) < share:
			dst[i] = F(sign * list[x>>8%uint64(len(list))])
		case x&(1<<20) == 0:
			dst[i] = F(sign * (0.5 + float64(x<<1>>12)/(1<<52)))
		default: // every finite number of the type
			dst[i] = finite[F](x)
		}
	}
}

func finite[F Float](x uint64) F {
	v := F(math.Float64frombits(x))
	if _, ok := any(v).(float32); ok {
		v = F(math.Float32frombits(uint32(x >> 32)))
	}
	if v-v != 0 {
		return 1
	}
	return v
}

var special32 = append(common,
	math.MaxFloat32, math.SmallestNonzeroFloat32, 0x1p-126, 0x1p-126-0x1p-149, // largest, smallest, smallest normal, largest subnormal
	1+0x1p-23, 1-0x1p-24, 1<<24, 1<<24-1, 0x1.fffffep63, 0x1p-63)

var special64 = append(common,
	math.MaxFloat64, math.SmallestNonzeroFloat64, 0x1p-1022, 0x1p-1022-0x1p-1074,
	1+0x1p-52, 1-0x1p-53, 1<<53, 1<<53-1, 0x1.fffffffffffffp511, 0x1p-511)

var common = []float64{0, 0, 0, math.Inf(1), math.Inf(1), math.NaN(), 1, 2, 0.5}

// Same reports whether a and b have the same bits or are both NaN: which NaN an
// operation makes differs between processors.
func Same[F Float](a, b F) bool {
	return a == b && math.Signbit(float64(a)) == math.Signbit(float64(b)) || a != a && b != b
}

// Differ returns the first i with a[i] and b[i] not the same, or -1.
func Differ[F Float](a, b []F) int {
	for i := range a {
		if !Same(a[i], b[i]) {
			return i
		}
	}
	return -1
}
