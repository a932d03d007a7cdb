package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"math"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"
)

// A load is an open one: requests arrive as a Poisson process, whether or not others
// have been answered, as they do from many clients.
type load struct {
	url      string
	rate     float64       // requests a second
	duration time.Duration // 0 for until it is stopped
}

func (l load) valid() bool { return l.rate > 0 && !math.IsInf(l.rate, 0) }

// mostOpen bounds the requests without an answer, so that a service that has died doesn't
// take the generator with it. What would exceed it is left out and counted as failed.
const mostOpen = 4096

// A tally is what clients saw.
type tally struct {
	mu        sync.Mutex
	status    map[int]int // 0 where there was no answer
	latencies []time.Duration
}

func (t *tally) add(status int, took time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.status == nil {
		t.status = map[int]int{}
	}
	t.status[status]++
	if status == http.StatusOK {
		t.latencies = append(t.latencies, took)
	}
}

// report prints what was seen and forgets it.
func (t *tally) report(w io.Writer) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var p50, p99 time.Duration
	if n := len(t.latencies); n > 0 {
		slices.Sort(t.latencies)
		p50, p99 = t.latencies[n/2], t.latencies[n*99/100]
	}
	fmt.Fprintf(w, "%6d served, %6d rejected, %6d timed out, %6d without an answer; served in %v (median), %v (99 %%)",
		t.status[http.StatusOK], t.status[http.StatusServiceUnavailable], t.status[http.StatusGatewayTimeout], t.status[0],
		p50.Round(100*time.Microsecond), p99.Round(100*time.Microsecond))
	for _, known := range []int{http.StatusOK, http.StatusServiceUnavailable, http.StatusGatewayTimeout, 0} {
		delete(t.status, known)
	}
	for _, other := range slices.Sorted(maps.Keys(t.status)) { // is the address right?
		fmt.Fprintf(w, "; %d with status %d", t.status[other], other)
	}
	fmt.Fprintln(w)
	clear(t.status)
	t.latencies = t.latencies[:0]
}

// run sends requests until ctx is done or the duration over, and waits for the answers.
func (l load) run(ctx context.Context, seen *tally) {
	if l.duration > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, l.duration)
		defer cancel()
	}
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: mostOpen}}
	defer client.CloseIdleConnections()
	get := func() {
		start := time.Now()
		status := 0
		if resp, err := client.Get(l.url); err == nil {
			if _, err := io.Copy(io.Discard, resp.Body); err == nil {
				status = resp.StatusCode
			}
			resp.Body.Close()
		}
		seen.add(status, time.Since(start))
	}
	rng := rand.New(rand.NewPCG(1, 2))
	open := make(chan struct{}, mostOpen)
	var wg sync.WaitGroup
	defer wg.Wait()
	for next := time.Now(); ; {
		next = next.Add(time.Duration(rng.ExpFloat64() / l.rate * float64(time.Second)))
		if sleep(ctx, time.Until(next)) != nil {
			return
		}
		select {
		case open <- struct{}{}:
			wg.Go(func() { get(); <-open })
		default:
			seen.add(0, 0)
		}
	}
}
