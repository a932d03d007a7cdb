package estimator

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestPool: every task runs once, and no two at the same time on goroutines of one
// number; the race detector sees the latter. Tasks go one at a time and in batches.
func TestPool(t *testing.T) {
	defer func(d time.Duration) { alone = d }(alone)
	for _, alone = range []time.Duration{0, 100} {
		testPool(t)
	}
}

func testPool(t *testing.T) {
	for _, parallelism := range []int{1, 2, 3, 8} {
		p := newPool(parallelism)
		made := make([]int, parallelism)
		for run := 0; run < 300; run++ {
			tasks := run % 40
			times := make([]atomic.Int32, tasks)
			p.run(tasks, func(g, i int) {
				made[g]++
				times[i].Add(1)
			})
			for i := range times {
				require.Equal(t, int32(1), times[i].Load())
			}
			if run == 200 {
				p.close()
				p.close()
			}
		}
		sum := 0
		for _, n := range made {
			sum += n
		}
		assert.Equal(t, 300/40*780+19*20/2, sum)
	}
}

// TestPoolLate: helpers that don't get to run hold nobody up, and joining late does
// no harm.
func TestPoolLate(t *testing.T) {
	defer func(d time.Duration) { alone = d }(alone)
	alone = 0
	const helpers = 3
	p := &pool{helpers: helpers, wake: make(chan struct{}, helpers), finished: make(chan struct{}, helpers)}
	var made [helpers + 1]int
	task := func(g, _ int) { made[g]++ }
	for run := 0; run < 3; run++ {
		p.run(10, task)
	}
	assert.Equal(t, [helpers + 1]int{30}, made)
	for g := 0; g < helpers; g++ {
		go p.help()
	}
	for run := 0; run < 300; run++ {
		p.run(10, task)
	}
	p.close()
	sum := 0
	for _, n := range made {
		sum += n
	}
	assert.Equal(t, 3030, sum)
	assert.Zero(t, p.open.Load())
}

// TestPoolJoins: helpers do join, and the caller waits for them.
func TestPoolJoins(t *testing.T) {
	defer func(d time.Duration) { alone = d }(alone)
	alone = 0
	p := newPool(3)
	defer p.close()
	// Each of three tasks waits for all of them to have begun. The first is the
	// caller's own, before it wakes anybody.
	var begun atomic.Int32
	var seen [3]atomic.Bool
	p.run(4, func(g, i int) {
		if i == 0 {
			return
		}
		seen[g].Store(true)
		for begun.Add(1); begun.Load() < 3; {
			time.Sleep(time.Millisecond)
		}
	})
	for g := range seen {
		assert.True(t, seen[g].Load())
	}
}

// TestPoolBatches: tasks that take long are given out one at a time, or some goroutine
// would be left with a batch of them while the others wait.
func TestPoolBatches(t *testing.T) {
	p := newPool(2)
	defer p.close()
	p.run(100, func(int, int) { time.Sleep(alone) })
	assert.Equal(t, int64(1), p.batch)
}
