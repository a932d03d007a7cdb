package latency

import (
	"math"
	"runtime/metrics"
	"time"
)

// Pauses are stop-the-world pauses for garbage collections.
type Pauses struct {
	Total    Histogram // from the decision to stop until the world goes on
	Stopping Histogram // the part until all goroutines have stopped; empty before Go 1.22
}

// A Histogram has counts between bounds: Counts[i] from Bounds[i] to Bounds[i+1], in
// seconds. The first and the last bound may be infinite.
type Histogram struct {
	Bounds []float64
	Counts []uint64
}

const (
	total    = "/sched/pauses/total/gc:seconds"
	stopping = "/sched/pauses/stopping/gc:seconds"
	older    = "/gc/pauses:seconds" // before Go 1.22
)

func readPauses() Pauses {
	s := []metrics.Sample{{Name: total}, {Name: stopping}, {Name: older}}
	metrics.Read(s)
	var h [3]Histogram
	for i := range s {
		if s[i].Value.Kind() == metrics.KindFloat64Histogram {
			v := s[i].Value.Float64Histogram()
			h[i] = Histogram{v.Buckets, v.Counts}
		}
	}
	if h[0].Bounds == nil {
		h[0] = h[2]
	}
	return Pauses{h[0], h[1]}
}

// add adds what happened from before to after.
func (p *Pauses) add(before, after Pauses) {
	p.Total.add(before.Total, after.Total)
	p.Stopping.add(before.Stopping, after.Stopping)
}

func (h *Histogram) add(before, after Histogram) {
	if h.Bounds == nil {
		h.Bounds, h.Counts = after.Bounds, make([]uint64, len(after.Counts))
	}
	for i := range h.Counts {
		h.Counts[i] += after.Counts[i] - before.Counts[i]
	}
}

// Count returns the number of pauses.
func (h *Histogram) Count() (n uint64) {
	for _, c := range h.Counts {
		n += c
	}
	return n
}

// Above returns how many pauses may have been longer than d.
func (h *Histogram) Above(d time.Duration) (n uint64) {
	for i, c := range h.Counts {
		if h.Bounds[i+1] > d.Seconds() {
			n += c
		}
	}
	return n
}

// Longest returns a bound of the longest pause, or 0 if there was none.
func (h *Histogram) Longest() time.Duration {
	for i := len(h.Counts) - 1; i >= 0; i-- {
		if h.Counts[i] == 0 {
			continue
		}
		s := h.Bounds[i+1]
		if math.IsInf(s, 1) {
			s = h.Bounds[i]
		}
		return time.Duration(math.Ceil(s * 1e9))
	}
	return 0
}
