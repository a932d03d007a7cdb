package main

import (
	"container/heap"
	"context"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/noise-reuse/nres/checkpoint"
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
		t.Logf("seed %d: %.1f ms with %v, %.1f ms with %v", seed, 1000*before, s.start, 1000*after, knobsAt(sim.theta))
		assert.Less(t, after, before/2, "seed %d", seed)
		assert.Zero(t, testutil.ToFloat64(sim.answers.WithLabelValues("late")))
	}
}

// TestStalls: one window in ten is charged with 750 ms a request, whatever its knobs.
func TestStalls(t *testing.T) {
	const seeds = 8
	var before, after float64
	for seed := range uint64(seeds) {
		s := defaults
		s.seed = seed
		sim := simulate(t, s)
		before += sim.during(5*time.Second, sim.hold) / seeds
		sleeps := 0
		sim.sleep = func(ctx context.Context, d time.Duration) error {
			if sleeps++; sleeps%20 == 16 {
				w := sim.svc.live.Load()
				defer func() { w.cost.Add(750 * int64(time.Millisecond) * w.begun.Load()) }()
			}
			return sim.pass(ctx, d)
		}
		sim.during(50*time.Second, sim.run)
		sim.sleep = sim.pass
		after += sim.during(5*time.Second, sim.hold) / seeds
	}
	t.Logf("%.1f ms, %.1f ms", 1000*before, 1000*after)
	assert.Less(t, after, before/2)
}

// TestFindsKnobs: from too low a limit and from too short a timeout, too.
func TestFindsKnobs(t *testing.T) {
	for _, start := range []knobs{{4, 500 * time.Millisecond}, {200, 200 * time.Millisecond}, {4, 20 * time.Millisecond}} {
		s := defaults
		s.start = start
		sim := simulate(t, s)
		before := sim.during(5*time.Second, sim.hold)
		sim.during(90*time.Second, sim.run)
		after := sim.during(5*time.Second, sim.hold)
		t.Logf("%.1f ms with %v, %.1f ms with %v", 1000*before, start, 1000*after, knobsAt(sim.theta))
		assert.Less(t, after, 0.75*before, start)
	}
}

// TestBounds: no window leaves what is allowed, or is farther from θ than σ.
func TestBounds(t *testing.T) {
	s := defaults
	s.start, s.least, s.most, s.lr = knobs{20, 100 * time.Millisecond}, knobs{12, 60 * time.Millisecond}, knobs{40, 300 * time.Millisecond}, 1
	sim := simulate(t, s)
	n := 0
	sim.seen = func(w *window) {
		n++
		assert.True(t, s.least.limit <= w.limit && w.limit <= s.most.limit, w)
		assert.True(t, s.least.timeout-1 <= w.timeout && w.timeout <= s.most.timeout+1, w)
		at := knobsAt(sim.theta)
		assert.InDelta(t, float64(at.timeout), float64(w.timeout), math.Expm1(2*s.sigma)*float64(at.timeout)+1)
	}
	ctx, cancel := context.WithCancel(context.Background())
	sim.sleep = func(_ context.Context, d time.Duration) error {
		if sim.now > time.Minute {
			cancel()
		}
		return sim.pass(ctx, d)
	}
	sim.run(ctx)
	assert.Greater(t, n, 90)
}

// TestOrder: in the second pair of an episode, the signs of the first change places.
func TestOrder(t *testing.T) {
	p := newPure(t, defaults, 4*6)
	var up []bool // the limit is above the tuned one
	p.seen = func(w *window) { up = append(up, w.limit > knobsAt(p.theta).limit) }
	p.run(context.Background())
	require.Len(t, up, 24)
	for i := range 6 {
		assert.Equal(t, up[i], up[6+(i^1)], "window %d of iterations 1 and 2", i)
		assert.Equal(t, up[12+i], up[18+(i^1)], "window %d of iterations 3 and 4", i)
	}
}

// A pure backend answers at once, with costs that depend on nothing but the knobs and on
// how many windows there were since the last update. So it doesn't matter to it that the
// process dies.
type pure struct {
	*tuner
	iteration counter
	windows   uint64
	left      int // windows until the process is killed
}

func newPure(t *testing.T, s settings, windows int) *pure {
	sim := simulate(t, s)
	p := &pure{tuner: sim.tuner, left: windows}
	p.sleep = p.pass
	return p
}

func (p *pure) pass(_ context.Context, d time.Duration) error {
	if d == p.settle {
		return nil
	}
	if p.left--; p.left < 0 {
		return context.Canceled
	}
	if p.iteration != p.tuner.iteration {
		p.iteration, p.windows = p.tuner.iteration, 0
	}
	p.windows++
	env := noise.New(77).Derive(uint64(p.iteration), p.windows)
	for i := range uint64(30) {
		w, _, _ := p.svc.begin()
		p.svc.end(w, served, time.Duration(w.limit)*time.Millisecond+w.timeout/50+duration(env, i, 1))
	}
	return nil
}

// TestKilled: killed after any window and resumed, the tuner goes on with the same bits.
func TestKilled(t *testing.T) {
	const iterations, perIteration = 6, 6
	s := defaults
	s.file = filepath.Join(t.TempDir(), "whole")
	whole := newPure(t, s, iterations*perIteration)
	whole.run(context.Background())
	require.EqualValues(t, iterations, whole.tuner.iteration)
	require.NotEqual(t, s.start.theta(), whole.theta)
	want, err := os.ReadFile(s.file)
	require.NoError(t, err)

	for life := 1; life <= 2*perIteration; life++ {
		s.file = filepath.Join(t.TempDir(), "killed")
		var p *pure
		for lives := 0; p == nil || p.tuner.iteration < iterations; lives++ {
			require.Less(t, lives, 100)
			windows := max(life, perIteration) // or it never gets anywhere
			if lives == 0 {
				windows = life
			}
			p = newPure(t, s, windows)
			if left := iterations - int(p.tuner.iteration); left*perIteration < windows {
				p.left = left * perIteration
			}
			p.run(context.Background())
		}
		assert.Equal(t, whole.theta, p.theta)
		got, err := os.ReadFile(s.file)
		require.NoError(t, err)
		assert.Equal(t, want, got, "killed after %d windows", life)
	}
}

func TestResumeRefuses(t *testing.T) {
	s := defaults
	s.file = filepath.Join(t.TempDir(), "checkpoint")
	newPure(t, s, 16).run(context.Background())
	good, err := os.ReadFile(s.file)
	require.NoError(t, err)
	refused := func(s settings) error {
		tu, err := newTuner(newService(s.seed, s.start, nil), s, nil)
		require.NoError(t, err)
		return tu.resume()
	}
	other := s
	other.sigma = 0.1
	assert.ErrorContains(t, refused(other), "Sigma 0.2 there, Sigma 0.1 here")

	good[len(good)/2] ^= 1
	require.NoError(t, os.WriteFile(s.file, good, 0o600))
	var damaged *checkpoint.Error
	assert.ErrorAs(t, refused(s), &damaged)

	require.NoError(t, checkpoint.Write(s.file, checkpoint.Section{Name: "run", Data: []byte("else")}))
	assert.ErrorContains(t, refused(s), "iteration: there is no such section")
}

// TestNoTraffic: without requests nothing is learned, and the knobs stay.
func TestNoTraffic(t *testing.T) {
	sim := simulate(t, defaults)
	sim.rate = 20 // 8 a window
	sim.during(10*time.Second, sim.run)
	assert.Zero(t, sim.iteration)
	assert.Equal(t, defaults.start.theta(), sim.theta)
	assert.Positive(t, testutil.ToFloat64(sim.answers.WithLabelValues("too_few_requests")))
}

// TestLate: a pair of windows whose last request ends after its worker was asked again
// is left out, and holds up no other.
func TestLate(t *testing.T) {
	p := newPure(t, defaults, 2*6)
	hang, _, _ := p.svc.begin()
	p.sleep = func(ctx context.Context, d time.Duration) error {
		if p.svc.live.Load() != hang && p.windows == 0 && d == p.measure {
			hang, _, _ = p.svc.begin()
		}
		return p.pass(ctx, d)
	}
	p.run(context.Background())
	assert.EqualValues(t, 2, p.tuner.iteration)
	require.Len(t, p.open, 1)
	p.svc.end(hang, timedOut, time.Second)
	p.tell()
	assert.Empty(t, p.open)
	assert.Equal(t, 1.0, testutil.ToFloat64(p.answers.WithLabelValues("late")))
	assert.Equal(t, 5.0, testutil.ToFloat64(p.answers.WithLabelValues("told")))
}
