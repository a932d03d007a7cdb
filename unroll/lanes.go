package unroll

import (
	"fmt"

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
	// was not finite; what becomes of these does not matter.
	WindowLanes(s, theta []F, t0 []int, n int, env []noise.Stream, sum []F)
}

// CheckLanes compares WindowLanes of a system with Step, bit by bit (any NaN equals
// any other): on lanes at different times in their episodes, under normal perturbations
// of theta, over stretches of different lengths. It is for the tests of systems, and
// returns an error that says where they differ, or that sys is no Laner, or has no size, or
// that theta isn't as long as its parameters. It makes some hundreds of steps for each step of an
// episode.
func CheckLanes[F vec.Float](sys System[F], theta []F, sigma F, seed uint64) error {
	laner, ok := sys.(Laner[F])
	if !ok {
		return fmt.Errorf("unroll: %T is no Laner", sys)
	}
	root := noise.New(seed)
	d, stateLen, horizon := sys.ParamLen(), sys.StateLen(), sys.Horizon()
	if d < 1 || stateLen < 1 || horizon < 1 {
		return fmt.Errorf("unroll: %T has ParamLen %d, StateLen %d, Horizon %d; allowed: ≥ 1", sys, d, stateLen, horizon)
	}
	if len(theta) != d {
		return fmt.Errorf("unroll: theta has length %d; allowed: the ParamLen of %T, %d", len(theta), sys, d)
	}
	for round := uint64(0); round < 12; round++ {
		workers := Lanes * (1 + int(round%2))
		if round == 11 {
			workers = MaxLanes / 3
		}
		width := workers * (1 + int(round%3))
		t0, env := make([]int, workers), make([]noise.Stream, workers)
		for k := range t0 {
			env[k] = root.Derive(round, uint64(k))
			t0[k] = int(env[k].Word(0)) & (1<<31 - 1) % horizon
			if round < 4 {
				t0[k] = 0
			}
		}
		s, rows := make([]F, stateLen*width), make([]F, d*width)
		states, thetas := make([][]F, width), make([][]F, width)
		sum, want := make([]F, width), make([]F, width)
		for j := range states {
			k := j % workers
			states[j], thetas[j] = make([]F, stateLen), make([]F, d)
			sys.Init(states[j], env[k])
			noise.Perturb(thetas[j], theta, sigma, root.Derive(round, uint64(k), uint64(j/workers)), 0)
			// All are brought to their place step by step.
			for t := 1; t <= t0[k]; t++ {
				sys.Step(states[j], thetas[j], t, env[k])
			}
			for i, v := range states[j] {
				s[i*width+j] = v
			}
			for i, v := range thetas[j] {
				rows[i*width+j] = v
			}
		}
		for call := uint64(0); call < 6; call++ {
			n := 1 + int(root.Derive(round).Word(call)%Stretch)
			if call == 0 {
				n = 1 + int(round%7)
			}
			for k := range t0 {
				if left := horizon - t0[k]; n > left {
					n = left
				}
			}
			if n == 0 {
				break
			}
			laner.WindowLanes(s, rows, t0, n, env, sum)
			for j := range states {
				k := j % workers
				for t := t0[k] + 1; t <= t0[k]+n; t++ {
					want[j] += sys.Step(states[j], thetas[j], t, env[k])
				}
				differ := func(what string, got, want F) error {
					return fmt.Errorf("unroll: lane %d of %d, steps %d to %d: %s is %v, but %v with Step",
						j, width, t0[k]+1, t0[k]+n, what, got, want)
				}
				if !same(sum[j], want[j]) {
					return differ("the sum", sum[j], want[j])
				}
				for i, v := range states[j] {
					if got := s[i*width+j]; !same(got, v) {
						return differ(fmt.Sprintf("element %d of the state", i), got, v)
					}
				}
			}
			for k := range t0 {
				t0[k] += n
			}
		}
	}
	return nil
}

// same is equality of bits, but for NaN.
func same[F vec.Float](a, b F) bool {
	return a == b && 1/a == 1/b || a != a && b != b
}
