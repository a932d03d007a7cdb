//go:build !purego

package tasks

import (
	"unsafe"

	"github.com/noise-reuse/nres/internal/cast"
	"github.com/noise-reuse/nres/internal/cpu"
	"github.com/noise-reuse/nres/internal/race"
	"github.com/noise-reuse/nres/unroll"
)

// The tiers in use; tests switch them off.
var (
	useAVX2   = cpu.Active() >= cpu.AVX2
	useAVX512 = cpu.Active() >= cpu.AVX512
)

// windowKernel is WindowLanes in assembly. It reports whether there is any.
func (l *Lorenz[F]) windowKernel(s, theta []F, t0 []int, n int, sum []F) bool {
	if !useAVX2 || !cast.Is32[F]() {
		return false
	}
	s32, theta32, sum32, z := cast.To32(s), cast.To32(theta), cast.To32(sum), cast.To32(l.z)
	workers, width := len(t0), len(sum)
	const lanes = unroll.Lanes
	for j := 0; j < workers; {
		// A call's work is two particles of each worker, and with AVX-512 two groups
		// of workers. Where there is but one of either, it is done twice.
		step, second := lanes/2, 0
		if useAVX512 {
			step = lanes
			if j+lanes < workers {
				step, second = 2*lanes, lanes
			}
		}
		for c := j; c < width; c += 2 * workers {
			copies := workers
			if c+copies >= width {
				copies = 0
			}
			lorenzChunk(&s32[c], &theta32[c], &sum32[c], width, second, copies, &z[0], &t0[j], n)
		}
		j += step
	}
	return true
}

// lorenzChunk's prologue is where a goroutine can be preempted between two calls of
// the kernel.
//
//go:noinline
func lorenzChunk(s, theta, sum *float32, width, second, copies int, z *float32, t0 *int, n int) {
	if race.Enabled {
		lorenzRace(s, theta, sum, width, second, copies)
	}
	if useAVX512 {
		lorenzAVX512(s, theta, sum, width, second, copies, z, t0, n)
	} else {
		lorenzAVX2(s, theta, sum, width, copies, z, t0, n)
	}
}

// lorenzRace tells the race detector what a kernel touches of what isn't constant.
func lorenzRace(s, theta, sum *float32, width, second, copies int) {
	lanes := unroll.Lanes
	if !useAVX512 {
		lanes /= 2
	}
	at := func(p *float32, i int) *float32 { return (*float32)(unsafe.Add(unsafe.Pointer(p), 4*i)) }
	for _, j := range [4]int{0, second, copies, second + copies} {
		race.Read(at(theta, j), lanes)
		race.Read(at(theta, width+j), lanes)
		race.Write(at(s, j), lanes)
		race.Write(at(s, width+j), lanes)
		race.Write(at(s, 2*width+j), lanes)
		race.Write(at(sum, j), lanes)
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
