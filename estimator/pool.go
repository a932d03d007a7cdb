package estimator

import (
	"runtime"
	"runtime/debug"
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
//
// A task that panics, or calls runtime.Goexit, ends the run in the same way on the
// caller's goroutine. Tasks are begun in order, and those that others have begun are
// finished: of several, it is the lowest, whichever goroutines they were on.
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

	mu      sync.Mutex
	failure *failure // of the run under way or the last one: that of the lowest task
}

// A failure is what a task did instead of returning.
type failure struct {
	task  int64
	value any // of the panic; nil for runtime.Goexit
	stack []byte
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
	closed := false
	defer func() {
		if !closed { // a task has called runtime.Goexit
			go p.help()
		}
	}()
	for range p.wake {
		for g := p.open.Load(); g > 0; g = p.open.Load() {
			if p.open.CompareAndSwap(g, g-1) {
				p.work(int(g))
				break
			}
		}
	}
	closed = true
}

// run calls task(g, i) for every i in 0..tasks-1. g is the number of the goroutine,
// 0 to parallelism-1: no two calls with the same g overlap.
func (p *pool) run(tasks int, task func(g, i int)) {
	p.failure = nil
	helpers := least(p.helpers, tasks-1)
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
	var at, each, faster time.Duration
	for next := 1; ; next *= 2 {
		first := done
		for ; done < tasks && done < next; done++ {
			task(0, done)
		}
		if done == tasks {
			return
		}
		now := time.Since(start)
		faster, each = each, (now-at)/time.Duration(done-first)
		if at = now; first == 0 || each < faster {
			faster = each
		}
		if now >= alone && faster*time.Duration(tasks-done) >= alone {
			break
		}
	}
	helpers = least(helpers, tasks-done-1)
	// A few batches each, or many that take long enough, even out what tasks take.
	batch := least((tasks-done)/(8*(helpers+1)), int(alone/(faster+1)))
	p.task, p.tasks, p.batch = task, int64(tasks), int64(batch+1)
	p.next.Store(int64(done))
	p.open.Store(int64(helpers))
	for h := 0; h < helpers; h++ {
		select {
		case p.wake <- struct{}{}:
		default: // as many are on their way, since an earlier run
		}
	}
	defer p.finish(helpers) // also if a task calls runtime.Goexit here
	p.work(0)
}

// finish waits for the helpers that have joined, and fails as a task did.
func (p *pool) finish(helpers int) {
	for joined := int64(helpers) - p.open.Swap(0); joined > 0; joined-- {
		<-p.finished
	}
	p.task = nil
	if p.failure != nil {
		p.failure.again()
	}
}

func (p *pool) work(g int) {
	var i int64
	returned := false
	defer func() {
		if !returned {
			p.fail(failure{i, recover(), debug.Stack()})
		}
		if g > 0 {
			p.finished <- struct{}{}
		}
	}()
	for {
		end := p.next.Add(p.batch)
		if i = end - p.batch; i >= p.tasks {
			break
		}
		if end > p.tasks {
			end = p.tasks
		}
		for ; i < end; i++ {
			p.task(g, int(i))
		}
	}
	returned = true
}

func (p *pool) fail(f failure) {
	p.next.Store(p.tasks) // no other batch is begun
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.failure == nil || f.task < p.failure.task {
		p.failure = &f
	}
}

// again panics with the same value, or ends the goroutine.
func (f *failure) again() {
	if f.value == nil {
		runtime.Goexit()
	}
	// The latter panic is what recover returns. If nobody recovers, both are printed.
	defer panic(f.value)
	panic("on a goroutine of the estimator:\n" + string(f.stack))
}

func (p *pool) close() {
	p.once.Do(func() {
		p.helpers = 0
		close(p.wake)
	})
}
