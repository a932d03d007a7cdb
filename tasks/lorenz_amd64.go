//go:build !purego

package tasks

import "github.com/noise-reuse/nres/internal/cpu"

// The tiers in use; tests switch them off.
var (
	useAVX2   = cpu.Active() >= cpu.AVX2
	useAVX512 = cpu.Active() >= cpu.AVX512
)

// lorenzLanes returns how many workers are in a set of the kernel, 0 if there is none.
func lorenzLanes() int {
	switch {
	case useAVX512:
		return 16
	case useAVX2:
		return 8
	}
	return 0
}

func lorenzKernel(s, theta, sum *float32, width, second, copies int, z *float32, t0 *int, n int) {
	if useAVX512 {
		lorenzAVX512(s, theta, sum, width, second, copies, z, t0, n)
	} else {
		lorenzAVX2(s, theta, sum, width, copies, z, t0, n)
	}
}

// lorenzAVX512 makes n steps of four vectors of lanes: at 0, second, copies and
// second+copies. The lanes of the first and the third are at t0[0..15], those of the
// other two at t0[second..second+15].
//
//go:noescape
func lorenzAVX512(s, theta, sum *float32, width, second, copies int, z *float32, t0 *int, n int)

// lorenzAVX2 makes n steps of two vectors of 8 lanes, at 0 and copies, both at
// t0[0..7].
//
//go:noescape
func lorenzAVX2(s, theta, sum *float32, width, copies int, z *float32, t0 *int, n int)
