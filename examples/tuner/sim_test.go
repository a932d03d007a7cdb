package main

import (
	"container/heap"
	"context"
	"math"
	"path/filepath"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/vec/scalar"
)

// A simulation is a service and its tuner under load, without a clock: one event after
// the other, in the order of their times.
type simulation struct {
	*tuner
	rate     float64 // arrivals a second
	arrivals noise.Stream
	now      time.Duration
	next     time.Duration // arrival
	arrived  uint64
	leaving  departures
}

type departure struct {
	begun, ends time.Duration
	w           *window
	o           outcome
}

type departures []departure

func (d departures) Len() int           { return len(d) }
func (d departures) Less(i, j int) bool { return d[i].ends < d[j].ends }
func (d departures) Swap(i, j int)      { d[i], d[j] = d[j], d[i] }
func (d *departures) Push(x any)        { *d = append(*d, x.(departure)) }
func (d *departures) Pop() any {
	last := (*d)[len(*d)-1]
	*d = (*d)[:len(*d)-1]
	return last
}

func simulate(t *testing.T, s settings) *simulation {
	t.Helper()
	svc := newService(s.seed, s.start, prometheus.NewPedanticRegistry())
	tu, err := newTuner(svc, s, prometheus.NewPedanticRegistry())
	require.NoError(t, err)
	require.NoError(t, tu.resume())
	sim := &simulation{tuner: tu, rate: 1000, arrivals: noise.New(s.seed).Derive(1)}
	tu.sleep = sim.pass
	return sim
}

// pass lets d pass.
func (s *simulation) pass(ctx context.Context, d time.Duration) error {
	until := s.now + d
	for {
		switch {
		case len(s.leaving) > 0 && s.leaving[0].ends <= min(s.next, until):
			d := heap.Pop(&s.leaving).(departure)
			s.svc.end(d.w, d.o, d.ends-d.begun)
		case s.next <= until:
			s.arrive()
		default:
			s.now = until
			return ctx.Err()
		}
	}
}

func (s *simulation) arrive() {
	now, i := s.next, s.arrived
	s.arrived++
	u := (float64(s.arrivals.Word(i)) + 0.5) / (1 << 32)
	s.next += time.Duration(-scalar.Log(u) / s.rate * float64(time.Second))
	w, n, admitted := s.svc.begin()
	if !admitted {
		s.svc.end(w, rejected, 0)
		return
	}
	d := departure{now, now + duration(s.svc.backend.stream, i, n), w, served}
	if d.ends > now+w.timeout {
		d.ends, d.o = now+w.timeout, timedOut
	}
	heap.Push(&s.leaving, d)
}

// during lets the tuner do something for a time, and returns the loss of its windows.
func (s *simulation) during(d time.Duration, do func(context.Context)) float64 {
	ctx, cancel := context.WithCancel(context.Background())
	until := s.now + d
	var seen []*window
	s.seen = func(w *window) {
		if seen = append(seen, w); s.now >= until {
			cancel()
		}
	}
	do(ctx)
	_ = s.pass(ctx, s.most.timeout)
	var sum window
	for _, w := range seen {
		sum.cost.Add(w.cost.Load())
		sum.ended.Add(w.ended.Load())
	}
	return sum.loss()
}

// TestTunes: what the demonstration does, for twenty seeds.
func TestTunes(t *testing.T) {
	for seed := range uint64(20) {
		s := defaults
		s.seed = seed
		sim := simulate(t, s)
		before := sim.during(5*time.Second, sim.hold)
		sim.during(50*time.Second, sim.run)
		after := sim.during(5*time.Second, sim.hold)
		t.Logf("seed %d: %.1f ms, %v; after %d updates %.1f ms, %v; late %v", seed, 1000*before, s.start, sim.iteration, 1000*after, knobsAt(sim.theta),
			testutil.ToFloat64(sim.answers.WithLabelValues("late")))
		assert.Less(t, after, before/2, "seed %d", seed)
	}
}
var _ = filepath.Join
var _ = math.Pi
