package latency

import (
	"context"
	"math"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestQuantile(t *testing.T) {
	for _, c := range []struct {
		n    int // times 1, 2, …, n
		q    float64
		want time.Duration
	}{
		{0, 0.5, 0}, {1, 0, 1}, {1, 0.999, 1}, {2, 0.5, 1}, {3, 0.5, 2}, {3, 0.67, 3},
		{999, 0.999, 999}, {1000, 0.999, 999}, {1000, 0.99, 990}, {1000, 1, 1000}, {1001, 0.999, 1000},
		{10_000, 0.999, 9990}, {100_000, 0.999, 99_900}, {100_000, 0.99, 99_000}, {7000, 0.07, 490},
	} {
		var times []time.Duration
		for i := c.n; i > 0; i-- {
			times = append(times, time.Duration(i))
		}
		assert.Equal(t, c.want, Quantile(Sort(times), c.q), "%+v", c)
		if c.n > 0 {
			assert.Equal(t, time.Duration(c.n), times[0], "Sort makes a copy")
		}
	}
}

func TestAllocations(t *testing.T) {
	var keep *[64]int
	three := func() {
		for i := 0; i < 3; i++ {
			keep = new([64]int)
		}
	}
	assert.Equal(t, 3.0, Allocations(three, 100))
	assert.Zero(t, Allocations(func() { keep[0]++ }, 100))
	n := 0
	seldom := func() {
		if n++; n%50 == 0 {
			keep = new([64]int)
		}
	}
	assert.Equal(t, 0.02, Allocations(seldom, 100), "one that seldom allocates isn't rounded off")
}

// TestRun: calls and controls take turns, for half of the time there are no calls,
// and nothing is lost.
func TestRun(t *testing.T) {
	calls, turns := 0, 0
	last := time.Duration(-1)
	trial := Trial{Call: func() { calls++ }, Rate: 2000, Duration: 400 * time.Millisecond, Between: func(elapsed, took time.Duration) {
		assert.Greater(t, elapsed, last)
		last = elapsed
		turns++
	}}
	r := trial.Run(context.Background())
	assert.NotEmpty(t, r.Call)
	assert.NotEmpty(t, r.Alone)
	assert.InDelta(t, len(r.Call), len(r.Control), slices, "of every pair one is a call; a slice can end in one")
	assert.Len(t, r.Late, len(r.Call)+len(r.Control)+len(r.Alone))
	assert.Len(t, r.Late, turns)
	assert.GreaterOrEqual(t, calls, len(r.Call))
	assert.InDelta(t, 1600, turns+r.Missed, 1)
	for _, late := range r.Late {
		assert.GreaterOrEqual(t, late, time.Duration(0))
	}
}

// TestRunTunes: the control takes about as long as the calls, and calls that are too
// long for the rate are missed.
func TestRunTunes(t *testing.T) {
	const long = 2 * time.Millisecond
	trial := Trial{Call: func() { time.Sleep(long) }, Rate: 2000, Duration: 400 * time.Millisecond}
	r := trial.Run(context.Background())
	assert.Positive(t, r.Missed)
	require.NotEmpty(t, r.Control)
	// Whatever delays a sleep or the loop makes it longer.
	assert.Greater(t, Quantile(Sort(r.Control), 0.5), long/2)
}

// TestFollow: the control comes to the median, from both sides, whatever the rest of
// the distribution is.
func TestFollow(t *testing.T) {
	for _, rounds := range []float64{1, 10_000} {
		for i := 0; i < 3000; i++ {
			call := []time.Duration{90, 100, 1 << 40}[i%3]
			rounds = follow(rounds, [2]time.Duration{call, time.Duration(rounds)}, 1.01)
		}
		assert.InDelta(t, 100, rounds, 3)
	}
}

func TestRunStops(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	turns := 0
	trial := Trial{Call: func() {}, Rate: 1000, Duration: 10 * time.Second, Between: func(time.Duration, time.Duration) {
		if turns++; turns == 3 {
			cancel()
		}
	}}
	r := trial.Run(ctx)
	assert.Equal(t, 3, turns)
	assert.Len(t, r.Late, 3)
	r = trial.Run(ctx)
	assert.Empty(t, r.Late)
}

func TestHistogram(t *testing.T) {
	inf := math.Inf(1)
	h := Histogram{Bounds: []float64{-inf, 0, 1e-6, 1e-3, 2e-3, inf}, Counts: []uint64{0, 5, 4, 2, 0}}
	assert.Equal(t, uint64(11), h.Count())
	assert.Equal(t, uint64(2), h.Above(time.Millisecond))
	assert.Equal(t, uint64(6), h.Above(500*time.Microsecond), "in part of a bucket: may be longer")
	assert.Equal(t, 2*time.Millisecond, h.Longest())
	more := Histogram{h.Bounds, []uint64{0, 5, 4, 3, 1}}
	var sum Histogram
	sum.add(h, more)
	sum.add(h, more)
	assert.Equal(t, []uint64{0, 0, 0, 2, 2}, sum.Counts)
	assert.Equal(t, 2*time.Millisecond, sum.Longest(), "of an open bucket it is the finite bound")
	var none Histogram
	assert.Zero(t, none.Longest())
	assert.Zero(t, none.Count())
}

func TestPauses(t *testing.T) {
	var p Pauses
	before := readPauses()
	runtime.GC()
	p.add(before, readPauses())
	assert.GreaterOrEqual(t, p.Total.Count(), uint64(2), "a collection stops the world twice")
	assert.Positive(t, p.Total.Longest())
	if len(p.Stopping.Counts) > 0 { // Go 1.22
		assert.Equal(t, p.Total.Count(), p.Stopping.Count())
		assert.LessOrEqual(t, p.Stopping.Longest(), p.Total.Longest())
	}
}

func TestLoad(t *testing.T) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	l := Serve()
	for l.requests.Load() < 200 {
		time.Sleep(time.Millisecond)
	}
	assert.GreaterOrEqual(t, l.Close(), int64(200))
	runtime.ReadMemStats(&after)
	assert.Greater(t, after.TotalAlloc-before.TotalAlloc, uint64(200*10_000), "10 KB a document")
}
