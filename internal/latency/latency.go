// Package latency times calls that are made at a fixed rate in a process that serves
// allocating work meanwhile, beside a control: a loop in plain Go of the same median,
// which takes turns with the calls, and so sees the same machine.
package latency

import (
	"context"
	"math"
	"runtime"
	"sort"
	"time"

	"github.com/noise-reuse/nres/noise"
)

// A Trial says what to time.
type Trial struct {
	Call     func()
	Rate     float64       // calls a second, and as many controls
	Duration time.Duration // of all; Call is left out for half of it

	// Between is called between two turns with the time since the beginning and how
	// long the last turn took. It may be nil.
	Between func(elapsed, took time.Duration)
}

// A Result is what a trial found.
type Result struct {
	Call, Control []time.Duration // which took turns
	Alone         []time.Duration // controls while Call was left out
	Late          []time.Duration // of all turns: from when it was due to when it began
	Missed        int             // turns left out, because the one before took too long
	With, Without Pauses          // while Call was called, and while it was left out
}

const (
	slices   = 20    // of a trial, half of them without Call
	coarsely = 1.02  // how a round of tuning changes the control, before anything counts
	finely   = 1.003 // and afterwards
)

// Run makes the calls until Duration has passed or ctx ends. It is one goroutine that
// sleeps until the next turn is due. What is timed is the call alone; how late it
// began is a thing of its own.
//
// Turns go in pairs, a call and a control, in random order. Slices of a trial with
// calls and slices with controls only go with, without, without, with, …: a drift of
// the machine meets both alike. The control follows the calls' median: after each
// pair it gets a little longer if it was shorter.
func (t *Trial) Run(ctx context.Context) *Result {
	period := time.Duration(float64(time.Second) / (2 * t.Rate))
	if period < 1 {
		period = 1
	}
	slice := t.Duration / slices
	warmUp := slice
	if warmUp > time.Second {
		warmUp = time.Second
	}
	s := series{Trial: Trial{Call: t.Call}, period: period, rounds: t.tune(), order: noise.New(1), due: time.Now()}
	s.begin = s.due.Add(warmUp)
	s.until(ctx, s.begin, true, coarsely, &Result{})
	s.Between = t.Between
	r := &Result{}
	for k := 0; k < slices && ctx.Err() == nil; k++ {
		with, pauses := (k+1)/2%2 == 0, &r.With
		if !with {
			pauses = &r.Without
		}
		before := readPauses()
		s.until(ctx, s.begin.Add(time.Duration(k+1)*slice), with, finely, r)
		pauses.add(before, readPauses())
	}
	ran := time.Since(s.begin)
	if ran > t.Duration {
		ran = t.Duration
	}
	if due := int((ran + period - 1) / period); due > len(r.Late) {
		r.Missed = due - len(r.Late)
	}
	return r
}

// A series is the turns of a trial.
type series struct {
	Trial
	period     time.Duration
	begin, due time.Time // of what counts, and of the next turn
	rounds     float64   // of the control
	order      noise.Stream
	turn       uint64
	pair       [2]time.Duration // a call and a control
}

// until makes the turns that are due before end, with calls or without, and adds their
// times to r. Each pair changes the control as [follow] says.
func (s *series) until(ctx context.Context, end time.Time, with bool, change float64, r *Result) {
	for ; s.due.Before(end) && ctx.Err() == nil; s.turn++ {
		time.Sleep(time.Until(s.due))
		isCall := with && (s.turn+uint64(s.order.Word(s.turn/2)))%2 == 0
		start, began := time.Now(), Now()
		if isCall {
			s.Call()
		} else {
			runtime.KeepAlive(control(int(s.rounds)))
		}
		took := Now() - began
		r.Late = append(r.Late, start.Sub(s.due))
		switch {
		case isCall:
			s.pair[0], r.Call = took, append(r.Call, took)
		case with:
			s.pair[1], r.Control = took, append(r.Control, took)
		default:
			s.pair[1], r.Alone = took, append(r.Alone, took)
		}
		if with && s.turn%2 == 1 {
			s.rounds = follow(s.rounds, s.pair, change)
		}
		if s.Between != nil {
			s.Between(start.Sub(s.begin), took)
		}
		s.due = s.due.Add(s.period)
		if behind := time.Since(s.due); behind > s.period {
			s.due = s.due.Add(behind.Truncate(s.period))
		}
	}
}

// follow returns a longer control if its time, the second, is the shorter one, and a
// shorter control otherwise. Half of the calls then take longer than half of the
// controls.
func follow(rounds float64, pair [2]time.Duration, change float64) float64 {
	if pair[1] < pair[0] {
		return rounds * change
	}
	return rounds / change
}

// tune returns about how many rounds of the control take as long as a call.
func (t *Trial) tune() float64 {
	const rounds, tries = 1000, 15
	return rounds * float64(fastest(tries, t.Call)) / float64(fastest(tries, func() { runtime.KeepAlive(control(rounds)) })+1)
}

func fastest(tries int, f func()) time.Duration {
	best := time.Duration(math.MaxInt64)
	for ; tries > 0; tries-- {
		start := Now()
		f()
		if d := Now() - start; d < best {
			best = d
		}
	}
	return best
}

// control is the loop in plain Go: a xorshift generator, whose steps wait for one
// another.
//
//go:noinline
func control(rounds int) uint64 {
	x := uint64(1)
	for ; rounds > 0; rounds-- {
		x ^= x << 13
		x ^= x >> 7
		x ^= x << 17
	}
	return x
}

// Sort returns a sorted copy.
func Sort(d []time.Duration) []time.Duration {
	d = append([]time.Duration(nil), d...)
	sort.Slice(d, func(i, j int) bool { return d[i] < d[j] })
	return d
}

// Quantile returns the shortest time that at least a share q of the sorted ones don't
// exceed (the nearest-rank definition), or 0 if there are none. Of fewer than 1/(1−q)
// it is the longest.
func Quantile(sorted []time.Duration, q float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	// q·n may be rounded up beyond a whole number.
	i := int(math.Ceil(q*float64(len(sorted))*(1-1e-12))) - 1
	if i < 0 {
		i = 0
	}
	return sorted[i]
}

// Allocations returns how many allocations a call makes. What else runs in the process
// must not allocate; the best of three rounds counts.
func Allocations(call func(), calls int) float64 {
	best := math.Inf(1)
	for round := 0; round < 3; round++ {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for i := 0; i < calls; i++ {
			call()
		}
		runtime.ReadMemStats(&after)
		best = math.Min(best, float64(after.Mallocs-before.Mallocs)/float64(calls))
	}
	return best
}
