package baseline

import (
	"fmt"
	"math"

	"github.com/noise-reuse/nres/internal/alias"
	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/vec"
)

// Proxy sets dst to what an estimate by evolution strategies is like whose correlation
// with the exact gradient grad is rho: grad + m·ε, with ε the normals that s begins with,
// and
//
//	m = √(variance(grad)·(1−ρ²) / (variance(ε)·ρ²))
//
// which it returns (Zhang, Clune and Stanley, 2017, section 4). The correlation of d
// elements is ρ with a standard deviation of (1−ρ²)^1.5/√d. An estimate from n mirrored
// pairs has E ρ² = n/(n+d−1), where the loss is linear.
//
// It panics if dst and grad differ in length or overlap, or 0 < rho ≤ 1 doesn't hold. With
// rho = 1, or one element, dst is grad. It makes d normals.
func Proxy[F vec.Float](dst, grad []F, rho float64, s noise.Stream) (m float64) {
	if len(dst) != len(grad) {
		panic("baseline: dst and grad must have the same length")
	}
	if alias.Overlap(dst, grad) {
		panic("baseline: dst and grad overlap")
	}
	if !(rho > 0 && rho <= 1) {
		panic(fmt.Sprintf("baseline: rho is %v; allowed: 0 < rho ≤ 1", rho))
	}
	noise.Fill(dst, s, 0)
	m = math.Sqrt(variance(grad) / variance(dst) * (1 - float64(rho*rho)) / float64(rho*rho))
	if len(grad) < 2 || rho == 1 {
		m = 0 // one element has no variance
	}
	vec.Scale(dst, F(m), dst)
	vec.Add(dst, dst, grad)
	return m
}

// variance is that of the elements, in float64, in which the squares of no float32 overflow.
func variance[F vec.Float](x []F) float64 {
	var mean, sum float64
	for _, v := range x {
		mean += float64(v)
	}
	mean /= float64(len(x))
	for _, v := range x {
		d := float64(v) - mean
		sum += float64(d * d)
	}
	return sum / float64(len(x))
}
