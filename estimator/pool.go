package estimator

import (
	"sync"
	"sync/atomic"
	"time"
)

// alone is how long the caller of run works before it wakes the helpers, which takes
// microseconds itself. It is a variable for the tests.
var alone = 40 * time.Microsecond

// A pool runs tasks on its caller and on goroutines that persist between runs.
// Which goroutine runs a task must not matter to its result.
type pool struct {
	helpers int
	wake    chan int // carries the number of the goroutine
	done    sync.WaitGroup
	once    sync.Once

	task  func(g, i int)
	tasks int64
	batch int64
	next  atomic.Int64
}

func newPool(parallelism int) *pool {
	p := &pool{helpers: parallelism - 1, wake: make(chan int)}
	for g := 0; g < p.helpers; g++ {
		go p.help()
	}
	return p
}

func (p *pool) help() {
	for g := range p.wake {
		p.work(g)
		p.done.Done()
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
	// The clock is read after 1, 2, 4, 8… tasks.
	start := time.Now()
	for next := 1; ; next *= 2 {
		for ; done < tasks && done < next; done++ {
			task(0, done)
		}
		if done == tasks {
			return
		}
		if time.Since(start) > alone {
			break
		}
	}
	if helpers > tasks-done-1 {
		helpers = tasks - done - 1
	}
	// A few batches each evens out tasks of different length.
	p.task, p.tasks, p.batch = task, int64(tasks), int64((tasks-done)/(8*(helpers+1))+1)
	p.next.Store(int64(done))
	p.done.Add(helpers)
	for g := 1; g <= helpers; g++ {
		p.wake <- g
	}
	p.work(0)
	p.done.Wait()
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
