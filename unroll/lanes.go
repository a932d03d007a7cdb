package unroll

import (
	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/vec"
)

// Lanes is the unit in which particles are put side by side: row lengths of a Laner
// are multiples of it, up to MaxLanes.
const (
	Lanes    = 16
	MaxLanes = 24 * Lanes
)

// A Laner is a System that can advance many particles at once, in lanes: rows that
// hold one element of the state, or of theta, of all particles.
//
// It doesn't take assembly to gain by that. Lorenz written with package vec, on rows of 256, makes
// steps 15 times as fast as its Step does on a Xeon with AVX-512, and a fifth as fast
// as its kernel in assembly; on rows of 64, whose calls have less to do, 7 times and
// a twelfth.
type Laner[F vec.Float] interface {
	// WindowLanes does for each lane what n calls of Step do. len(sum) is the number
	// of lanes, a multiple of Lanes and at most MaxLanes. s is StateLen rows of that
	// length, and theta ParamLen rows:
	//
	//	for j := range sum {
	//		k := j % len(t0)
	//		for t := t0[k] + 1; t <= t0[k]+n; t++ {
	//			sum[j] += Step(lane j of s, lane j of theta, t, env[k])
	//		}
	//	}
	//
	// t0 and env are of the same length, a multiple of Lanes that divides len(sum):
	// lanes that far apart are one worker's particles, under different perturbations.
	// 1 ≤ n ≤ Stretch.
	//
	// Every lane must get the bits that Step gives, however the steps are cut into
	// calls. Some lanes may hold copies of others, or go on from a state whose loss
	// was not finite; what becomes of these does not matter. theta, t0 and env must not be
	// changed, nor slices kept. Several goroutines call it at a time: rows for
	// intermediate results are no part of the System but variables, arrays of MaxLanes,
	// which Go keeps on the stack if they are of at most 128 KiB.
	WindowLanes(s, theta []F, t0 []int, n int, env []noise.Stream, sum []F)
}
