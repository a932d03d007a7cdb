package main

import (
	"bytes"
	"runtime"
	"slices"
	"time"
	"unsafe"

	"github.com/noise-reuse/nres/internal/latency"
	"github.com/noise-reuse/nres/vec"
)

// A timer times a loop again and again.
type timer struct {
	loop  func(calls int)
	calls int // that fill the time
}

func newTimer(loop func(calls int)) *timer { return &timer{loop: loop} }

// time returns the nanoseconds that a call takes, from calls that take about d
// together, at least one.
func (t *timer) time(d time.Duration) float64 {
	if t.calls == 0 {
		t.loop(1) // caches, page faults
		took := stopwatch(t.loop, 1)
		for t.calls = 1; took < d/8 && t.calls < 1<<30; {
			t.calls *= 2
			took = stopwatch(t.loop, t.calls)
		}
		t.fit(took, d)
	}
	if t.calls < 16 {
		t.loop(1) // what ran meanwhile may have taken the caches
	}
	took := stopwatch(t.loop, t.calls)
	ns := float64(took) / float64(t.calls)
	t.fit(took, d)
	return ns
}

func (t *timer) fit(took, d time.Duration) {
	t.calls = max(1, int(float64(t.calls)*float64(d)/max(1, float64(took))))
}

func stopwatch(loop func(int), calls int) time.Duration {
	began := latency.Now()
	loop(calls)
	return latency.Now() - began
}

// clock estimates the processor's frequency in GHz, from a chain of instructions
// that take a cycle each and wait for one another.
func clock() float64 {
	const rounds = 4000 // 40 µs at 3 GHz
	best := time.Hour
	for range 3 {
		best = min(best, stopwatch(func(n int) { runtime.KeepAlive(chain(n, 1, 0x9E3779B97F4A7C15, 0xD1B54A32D192ED03)) }, rounds))
	}
	return rounds * chained / max(1, float64(best))
}

const chained = 32 // instructions in a round of chain

// Additions alone could be eliminated: some processors add constants for nothing.
//
//go:noinline
func chain(n int, x, y, z uint64) uint64 {
	for range n {
		x = (x + y) ^ z
		x = (x + y) ^ z
		x = (x + y) ^ z
		x = (x + y) ^ z
		x = (x + y) ^ z
		x = (x + y) ^ z
		x = (x + y) ^ z
		x = (x + y) ^ z
		x = (x + y) ^ z
		x = (x + y) ^ z
		x = (x + y) ^ z
		x = (x + y) ^ z
		x = (x + y) ^ z
		x = (x + y) ^ z
		x = (x + y) ^ z
		x = (x + y) ^ z
	}
	return x
}

// probes measure bandwidth over one working set: loops of Go's run-time library
// and our own that only read, only write, copy, and update in place.
type probes struct {
	timers [5]*timer
	moved  [5]float64   // bytes a call
	seen   [5][]float64 // bandwidths
}

// newProbes returns probes for a working set of about size bytes: not so few that
// calls take long beside their work, which all first-level caches hold, and not so
// many that there is no end of it.
func newProbes(size int) *probes {
	n := min(max(size, 24<<10), 64<<20) / 8
	both := make([]float32, 2*n)
	for i := range both {
		both[i] = 1
	}
	x, y := both[:n], both[n:]
	view := func(x []float32) []byte { return unsafe.Slice((*byte)(unsafe.Pointer(&x[0])), 4*len(x)) }
	bx, by := view(x), view(y)
	ws := float64(8 * n)
	return &probes{
		moved: [5]float64{ws, ws, ws, ws, 2 * ws},
		timers: [5]*timer{
			newTimer(func(calls int) {
				for range calls {
					if !bytes.Equal(bx, by) {
						panic("bench: equal slices differ")
					}
				}
			}),
			newTimer(func(calls int) {
				for range calls {
					vec.Dot(x, y)
				}
			}),
			newTimer(func(calls int) {
				for range calls {
					clear(both)
				}
			}),
			newTimer(func(calls int) {
				for range calls {
					copy(x, y)
				}
			}),
			newTimer(func(calls int) {
				for range calls {
					vec.Scale(both, 1, both)
				}
			}),
		},
	}
}

// time runs the probes for about d together.
func (p *probes) time(d time.Duration) {
	for i, t := range p.timers {
		p.seen[i] = append(p.seen[i], p.moved[i]/t.time(d/time.Duration(len(p.timers))))
	}
}

// bandwidth returns the best that was seen.
func (p *probes) bandwidth() bandwidth {
	var m [5]float64
	for i, b := range p.seen {
		m[i] = slices.Max(b)
	}
	copied, scaled := m[3]/2, m[4]/2 // in each direction
	return bandwidth{
		Read:  max(m[0], m[1], copied, scaled),
		Write: max(m[2], copied, scaled),
		Both:  slices.Max(m[:]),
	}
}

// median returns the middle of x, which isn't empty, or the mean of the middle two.
func median(x []float64) float64 {
	x = slices.Sorted(slices.Values(x))
	return (x[(len(x)-1)/2] + x[len(x)/2]) / 2
}

// medianRatio returns the median of a[i]/b[i], whose turns came one after the other.
func medianRatio(a, b []float64) float64 {
	q := make([]float64, len(a))
	for i := range a {
		q[i] = a[i] / b[i]
	}
	return median(q)
}
