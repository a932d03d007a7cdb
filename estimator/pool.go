package estimator

import (
	"sync"
	"sync/atomic"
	"time"
)

// alone is how long the caller of run works before it wakes the helpers, and how much
// must be left for them: waking takes microseconds itself. It is a variable for the
// tests.
var alone = 40 * time.Microsecond

// A pool runs tasks on its caller and on goroutines that persist between runs.
// Which goroutine runs a task must not matter to its result.
//
// Helpers that are woken join when they get to run, if the run goes on. The caller
// waits for those that have joined: on a busy machine, the others may take longer to
// come than everything else.
type pool struct {
	helpers  int
	wake     chan struct{}
	open     atomic.Int64  // helpers that may still join; the numbers they get are those below
	finished chan struct{} // by each that has joined
	once     sync.Once

	task  func(g, i int)
	tasks int64
	batch int64
	next  atomic.Int64
}

func newPool(parallelism int) *pool {
	n := parallelism - 1
	p := &pool{helpers: n, wake: make(chan struct{}, n), finished: make(chan struct{}, n)}
	for ; n > 0; n-- {
		go p.help()
	}
	return p
}

func (p *pool) help() {
	for range p.wake {
		for g := p.open.Load(); g > 0; g = p.open.Load() {
			if p.open.CompareAndSwap(g, g-1) {
				p.work(int(g))
				p.finished <- struct{}{}
				break
			}
		}
	}
}

// run calls task(g, i) for every i in 0..tasks-1. g is the number of the goroutine,
// 0 to parallelism-1: no two calls with the same g overlap.
func (p *pool) run(tasks int, task func(g, i int)) {
	helpers := p.helpers
	if helpers > tasks-1 {
		helpers = tasks - 1
	}
	done := 0
	if helpers <= 0 {
		for ; done < tasks; done++ {
			task(0, done)
		}
		return
	}
	// The clock is read after 1, 2, 4, 8… tasks. What is left counts by the faster of
	// the last two times: a machine that holds the caller up is no reason to wait for
	// helpers, too.
	start := time.Now()
	var at, each time.Duration
	for next := 1; ; next *= 2 {
		first := done
		for ; done < tasks && done < next; done++ {
			task(0, done)
		}
		if done == tasks {
			return
		}
		now, faster := time.Since(start), each
		each = (now - at) / time.Duration(done-first)
		if at = now; first == 0 || each < faster {
			faster = each
		}
		if now >= alone && faster*time.Duration(tasks-done) >= alone {
			break
		}
	}
	if helpers > tasks-done-1 {
		helpers = tasks - done - 1
	}
	// A few batches each evens out tasks of different length.
	p.task, p.tasks, p.batch = task, int64(tasks), int64((tasks-done)/(8*(helpers+1))+1)
	p.next.Store(int64(done))
	p.open.Store(int64(helpers))
	for h := 0; h < helpers; h++ {
		select {
		case p.wake <- struct{}{}:
		default: // as many are on their way, since an earlier run
		}
	}
	p.work(0)
	for joined := int64(helpers) - p.open.Swap(0); joined > 0; joined-- {
		<-p.finished
	}
	p.task = nil
}

func (p *pool) work(g int) {
	for {
		end := p.next.Add(p.batch)
		i := end - p.batch
		if i >= p.tasks {
			return
		}
		if end > p.tasks {
			end = p.tasks
		}
		for ; i < end; i++ {
			p.task(g, int(i))
		}
	}
}

func (p *pool) close() {
	p.once.Do(func() {
		p.helpers = 0
		close(p.wake)
	})
}
