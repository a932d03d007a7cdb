//go:build go1.22

package noise

import (
	"fmt"
	"os"
	"runtime"
	"runtime/metrics"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/noise-reuse/nres/vec"
)

// TestStop forces garbage collections while the kernels are at work on long slices.
// A collection stops all goroutines, and has to wait for every call of a kernel; no
// such stop may take a millisecond. Because other processes can delay one, too, it
// is enough that one of many tries is good, and a stop that plain Go at the same time
// makes just as long is not held against the kernels; with calls of four milliseconds
// or more none is good on a machine that has nothing else to do.
func TestStop(t *testing.T) {
	if os.Getenv("NRES_TEST_STOP") == "" {
		t.Skip("not while other tests keep the processors busy: NRES_TEST_STOP=1 go test -run TestStop ./noise")
	}
	if runtime.GOMAXPROCS(0) < 2 {
		t.Skip("one processor")
	}
	const (
		size    = 64 << 20
		perTry  = 5
		limit   = 4 * time.Second // for all tries
		longest = time.Millisecond
	)
	var ws [4]float32
	var ss [4]Stream
	var slices [2][]float32
	words := make([]uint32, size/4)
	for i := range slices {
		slices[i] = make([]float32, size/4)
	}
	// best returns the shortest of the longest stops of several tries, at most limit
	// long, while run is at work on both slices.
	best := func(t *testing.T, run func(s []float32)) time.Duration {
		var stop atomic.Bool
		var started, done sync.WaitGroup
		for _, s := range slices {
			s := s
			started.Add(1)
			done.Add(1)
			go func() {
				defer done.Done()
				started.Done()
				for !stop.Load() {
					run(s)
				}
			}()
		}
		started.Wait()
		defer done.Wait()
		defer stop.Store(true)
		best, start := time.Hour, time.Now()
		for tries := 0; best > longest && (tries < 3 || time.Since(start) < limit); tries++ {
			before := stops(t)
			for j := 0; j < perTry; j++ {
				runtime.GC()
			}
			if d := before.longest(stops(t)); d < best {
				best = d
			}
		}
		return best
	}
	plainGo := func(s []float32) {
		for i := range s {
			s[i] += 1
		}
	}
	for name, run := range map[string]func(s []float32){
		"Fill":         func(s []float32) { Fill(s, ss[0], 0) },
		"FillSigns":    func(s []float32) { FillSigns(s, ss[0], 0) },
		"Perturb":      func(s []float32) { Perturb(s, s, 1, ss[0], 0) },
		"PerturbSigns": func(s []float32) { PerturbSigns(s, s, 1, ss[0], 0) },
		"PerturbPair":  func(s []float32) { PerturbPair(s[:len(s)/2], s[len(s)/2:], s[:len(s)/2], 1, ss[0], 0) },
		"Combine":      func(s []float32) { Combine(s, ws[:], ss[:], 0) },
		"CombineSigns": func(s []float32) { CombineSigns(s, ws[:], ss[:], 0) },
		"Words":        func(s []float32) { Words(words, ss[0], 0) },
		"vec.Axpy":     func(s []float32) { vec.Axpy(s[:len(s)/2], 1, s[len(s)/2:]) },
	} {
		t.Run(name, func(t *testing.T) {
			for round := 0; round < 3; round++ { // a busy machine may have been less so for the control
				ours := best(t, run)
				t.Logf("longest of %d collections, in the best try: %v", perTry, ours)
				if ours <= longest {
					return
				}
				if control := best(t, plainGo); control > ours/4 {
					t.Skipf("plain Go makes stops of %v: the machine is too busy to tell", control)
				}
			}
			t.Errorf("in each try a collection took more than %v to stop the goroutines", longest)
		})
	}
}

type histogram struct{ *metrics.Float64Histogram }

// stops returns how long collections have taken so far to stop all goroutines.
func stops(t *testing.T) histogram {
	s := []metrics.Sample{{Name: "/sched/pauses/stopping/gc:seconds"}}
	metrics.Read(s)
	if s[0].Value.Kind() != metrics.KindFloat64Histogram {
		t.Fatal("no such metric: ", s[0].Name)
	}
	return histogram{s[0].Value.Float64Histogram()}
}

// longest returns the longest stop since then, to the resolution of the histogram.
func (h histogram) longest(now histogram) time.Duration {
	for i := len(h.Counts) - 1; i >= 0; i-- {
		if now.Counts[i] > h.Counts[i] {
			return time.Duration(h.Buckets[i] * float64(time.Second))
		}
	}
	panic(fmt.Sprint("no collection in ", len(h.Counts), " buckets"))
}
