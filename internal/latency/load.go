package latency

import (
	"encoding/json"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
)

// A Load is allocating work like that of a service: on each processor, documents are
// encoded to JSON, decoded, and kept for a while, half of the time.
type Load struct {
	stop     atomic.Bool
	done     sync.WaitGroup
	requests atomic.Int64
}

const (
	spell   = 2 * time.Millisecond // of work, and of rest
	records = 64                   // in a document: some 10 KB of JSON
	kept    = 256                  // documents, on each processor
)

type record struct {
	ID     int
	Name   string
	Tags   []string
	Values map[string]float64
}

// Serve begins to work.
func Serve() *Load {
	l := &Load{}
	for p := runtime.GOMAXPROCS(0); p > 0; p-- {
		l.done.Add(1)
		go l.serve()
	}
	return l
}

func (l *Load) serve() {
	defer l.done.Done()
	doc := make([]record, records)
	for i := range doc {
		doc[i] = record{i, fmt.Sprint("record ", i), []string{"a", "b", "c"}, map[string]float64{"x": float64(i), "y": 0.5}}
	}
	var live [kept][]record
	for n := 0; !l.stop.Load(); {
		for start := time.Now(); time.Since(start) < spell; n++ {
			text, err := json.Marshal(doc)
			var got []record
			if err == nil {
				err = json.Unmarshal(text, &got)
			}
			if err != nil { // all values are finite
				panic(err)
			}
			live[n%kept] = got
			l.requests.Add(1)
		}
		time.Sleep(spell)
	}
}

// Close ends the work, and returns how many documents there were.
func (l *Load) Close() int64 {
	l.stop.Store(true)
	l.done.Wait()
	return l.requests.Load()
}
