package estimator

import (
	"errors"
	"fmt"
	"math/rand"
	"os"
	"os/exec"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/unroll"
)

// panicking is a walk that does something else in some worker's Step, once it is armed.
type panicking struct {
	walk[float32]
	workers []noise.Stream // the env of each
	armed   *atomic.Bool
	under   *atomic.Int32 // calls of Step under way
	fail    func(worker int)
}

func (f panicking) Step(s, theta []float32, t int, env noise.Stream) float32 {
	f.under.Add(1)
	defer f.under.Add(-1)
	if f.armed.Load() {
		for i, e := range f.workers {
			if e == env {
				f.fail(i)
			}
		}
	}
	return f.walk.Step(s, theta, t, env)
}

// inOwnGoroutine runs f, for 10 seconds at most, and returns what it panics with, and whether
// it returned.
func inOwnGoroutine(t *testing.T, f func()) (value any, returned bool) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() { value = recover() }()
		f()
		returned = true
	}()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Fatal("it hangs")
	}
	return value, returned
}

// TestSystemPanics: a panic in the system is the caller's, of the same value for every
// parallelism, and a state from before it can be restored. So is runtime.Goexit.
func TestSystemPanics(t *testing.T) {
	defer func(d time.Duration) { alone = d }(alone)
	alone = 0
	boom := errors.New("boom")
	for _, test := range []struct {
		name string
		fail func(worker int)
		want any
		says string
	}{
		{"one", func(w int) {
			if w == 37 {
				panic(boom)
			}
		}, boom, "estimator: gradient 2: the system has panicked: boom"},
		{"several", func(w int) {
			if w >= 21 {
				panic(w)
			}
		}, 21, "estimator: gradient 2: the system has panicked: 21"},
		{"runtime.Goexit", func(w int) {
			if w == 37 {
				runtime.Goexit()
			}
		}, nil, "estimator: gradient 2: the system has called runtime.Goexit"},
	} {
		for _, parallelism := range []int{1, 2, 4} {
			for _, lanes := range []bool{false, true} {
				what := fmt.Sprintf("%s, parallelism %d, lanes %v", test.name, parallelism, lanes)
				f := panicking{walk[float32]{2, 24, true}, make([]noise.Stream, 64), new(atomic.Bool), new(atomic.Int32), test.fail}
				cfg := Config{Workers: 64, Window: 6, Sigma: 0.1, Parallelism: parallelism}
				newOne := func(sys unroll.System[float32]) *Estimator[float32] {
					if lanes {
						sys = laned[float32]{System: sys}
					}
					est, err := New(sys, cfg)
					require.NoError(t, err)
					return est
				}
				twin := newOne(f.walk)
				defer twin.Close()
				est := newOne(f)
				defer est.Close()
				grad, want, theta := make([]float32, 2), make([]float32, 2), []float32{1, 2}
				for i := 0; i < 2; i++ {
					_, err := est.Gradient(grad, theta)
					require.NoError(t, err)
					_, err = twin.Gradient(want, theta)
					require.NoError(t, err)
				}
				before, err := est.MarshalBinary()
				require.NoError(t, err)
				copy(f.workers, est.engine.env)

				f.armed.Store(true)
				copy(grad, []float32{7, 7})
				value, returned := inOwnGoroutine(t, func() { est.Gradient(grad, theta) })
				require.False(t, returned, what)
				assert.Zero(t, f.under.Load(), "%s: others go on", what)
				f.armed.Store(false)
				assert.Equal(t, test.want, value, what)
				assert.Equal(t, []float32{7, 7}, grad, "%s: grad is as it was", what)

				_, err = est.Gradient(grad, theta)
				var panicked *PanicError
				require.ErrorAs(t, err, &panicked, what)
				assert.EqualError(t, err, test.says)
				assert.Equal(t, test.want, panicked.Value)
				assert.Contains(t, string(panicked.Stack), "panicking.Step", what)
				_, again := est.MarshalBinary()
				assert.Equal(t, err, again)

				require.NoError(t, est.UnmarshalBinary(before))
				for i := 0; i < 3; i++ {
					_, err = est.Gradient(grad, theta)
					require.NoError(t, err)
					_, err = twin.Gradient(want, theta)
					require.NoError(t, err)
					require.Equal(t, want, grad, "%s: a restored state is as if nothing had been", what)
				}
			}
		}
	}
}

// TestPoolFails: the lowest failing task is the one that counts, nothing runs any more when
// run is left, and all goroutines are there afterwards.
func TestPoolFails(t *testing.T) {
	defer func(d time.Duration) { alone = d }(alone)
	alone = 0
	const tasks = 100
	p := newPool(4)
	defer p.close()
	rng := rand.New(rand.NewSource(3))
	var under atomic.Int32
	for run := 0; run < 500; run++ {
		var fails [tasks]int // 1: panics; 2: exits
		lowest := tasks
		for n := rng.Intn(4); n >= 0; n-- {
			i := rng.Intn(tasks)
			fails[i] = 1 + rng.Intn(2)
			if i < lowest {
				lowest = i
			}
		}
		var ran [tasks]atomic.Int32
		value, returned := inOwnGoroutine(t, func() {
			p.run(tasks, func(_, i int) {
				under.Add(1)
				defer under.Add(-1)
				ran[i].Add(1)
				if i%7 == 0 {
					runtime.Gosched()
				}
				switch fails[i] {
				case 1:
					panic(i)
				case 2:
					runtime.Goexit()
				}
			})
		})
		require.False(t, returned)
		require.Zero(t, under.Load())
		var want any
		if fails[lowest] == 1 {
			want = lowest
		}
		require.Equal(t, want, value, "run %d", run)
		for i := range ran {
			require.LessOrEqual(t, ran[i].Load(), int32(1))
			if i <= lowest {
				require.Equal(t, int32(1), ran[i].Load(), "task %d before the first that fails, %d", i, lowest)
			}
		}
	}
	// As in TestPoolJoins: all four goroutines work at the same time.
	var begun atomic.Int32
	_, returned := inOwnGoroutine(t, func() {
		p.run(5, func(_, i int) {
			for begun.Add(1); i > 0 && begun.Load() < 5; {
				time.Sleep(time.Millisecond)
			}
		})
	})
	assert.True(t, returned)
}

// TestPoolStops: after a failure, each goroutine finishes its batch, and no other is begun.
func TestPoolStops(t *testing.T) {
	defer func(d time.Duration) { alone = d }(alone)
	alone = 0
	const tasks = 1000
	p := newPool(4)
	defer p.close()
	deadline := time.Now().Add(20 * time.Second)
	var ran atomic.Int64
	assert.PanicsWithValue(t, "boom", func() {
		p.run(tasks, func(_, i int) {
			ran.Add(1)
			wait := func(enough func() bool) {
				for !enough() && time.Now().Before(deadline) {
					runtime.Gosched()
				}
			}
			switch i {
			case 0:
			case 1:
				wait(func() bool { return ran.Load() > 2 }) // a helper has joined
				panic("boom")
			default:
				wait(func() bool { return p.next.Load() >= tasks })
			}
		})
	})
	assert.LessOrEqual(t, ran.Load(), 1+4*p.batch)
}

// TestPanicPrints: if nobody recovers, the process prints where in the system it was.
func TestPanicPrints(t *testing.T) {
	const crash = "NRES_TEST_CRASH"
	if os.Getenv(crash) != "" {
		alone = 0
		f := panicking{walk[float32]{2, 24, true}, make([]noise.Stream, 64), new(atomic.Bool), new(atomic.Int32), func(int) { panic("boom") }}
		est, err := New[float32](f, Config{Workers: 64, Window: 6, Sigma: 0.1, Parallelism: 2})
		require.NoError(t, err)
		copy(f.workers[1:], est.engine.env[1:]) // the first task is the caller's, and comes before helpers are woken
		f.armed.Store(true)
		est.Gradient(make([]float32, 2), make([]float32, 2))
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestPanicPrints$")
	cmd.Env = append(os.Environ(), crash+"=1")
	out, err := cmd.CombinedOutput()
	if exit := (*exec.ExitError)(nil); err != nil && !errors.As(err, &exit) {
		t.Skip("an emulated processor, or js: ", err)
	}
	assert.Error(t, err)
	assert.Contains(t, string(out), "panicking.Step")
	assert.Contains(t, string(out), "boom")
}
