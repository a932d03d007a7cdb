//go:build !purego

package tasks

import "github.com/noise-reuse/nres/internal/cpu"

// useNEON is a variable for the tests.
var useNEON = cpu.Active() >= cpu.NEON

// lorenzLanes returns how many workers are in a set of the kernel, 0 if there is none.
func lorenzLanes() int {
	if useNEON {
		return 8
	}
	return 0
}

func lorenzKernel(s, theta, sum *float32, width, _, copies int, z *float32, t0 *int, n int) {
	lorenzNEON(s, theta, sum, width, copies, z, t0, n)
}

// lorenzNEON makes n steps of 8 lanes at 0 and 8 at copies, both at t0[0..7].
//
//go:noescape
func lorenzNEON(s, theta, sum *float32, width, copies int, z *float32, t0 *int, n int)
