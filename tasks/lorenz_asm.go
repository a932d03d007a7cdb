//go:build (amd64 || arm64) && !purego

package tasks

import (
	"unsafe"

	"github.com/noise-reuse/nres/internal/cast"
	"github.com/noise-reuse/nres/internal/race"
	"github.com/noise-reuse/nres/unroll"
)

// windowKernel is WindowLanes in assembly. It reports whether there is any.
func (l *Lorenz[F]) windowKernel(s, theta []F, t0 []int, n int, sum []F) bool {
	lanes := lorenzLanes()
	if lanes == 0 || !cast.Is32[F]() {
		return false
	}
	s32, theta32, sum32, z := cast.To32(s), cast.To32(theta), cast.To32(sum), cast.To32(l.z)
	workers, width := len(t0), len(sum)
	for j := 0; j < workers; {
		// A call's work is two particles of each worker, and with AVX-512 two groups
		// of workers. Where there is but one of either, it is done twice.
		step, second := lanes, 0
		if lanes == unroll.Lanes && j+lanes < workers {
			step, second = 2*lanes, lanes
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
	lorenzKernel(s, theta, sum, width, second, copies, z, t0, n)
}

// lorenzRace tells the race detector what a kernel touches of what isn't constant.
func lorenzRace(s, theta, sum *float32, width, second, copies int) {
	lanes := lorenzLanes()
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
