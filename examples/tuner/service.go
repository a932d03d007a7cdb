package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/noise-reuse/nres/noise"
)

// knobs are what is tuned.
type knobs struct {
	limit   int           // requests in flight
	timeout time.Duration // of one request
}

func (k knobs) String() string {
	return fmt.Sprintf("limit %d, timeout %v", k.limit, k.timeout.Round(time.Millisecond))
}

// A window is a stretch of time under one setting of the knobs. It answers for the
// requests that arrive in it, whenever they end.
type window struct {
	knobs
	begun, ended atomic.Int64
	cost         atomic.Int64 // ns; integers have one sum in any order
}

// loss returns the mean cost of a request in seconds.
func (w *window) loss() float64 {
	return time.Duration(w.cost.Load()).Seconds() / float64(w.ended.Load())
}

// over says whether all requests of a window have ended that is live no more.
func (w *window) over() bool { return w.begun.Load() == w.ended.Load() }

type outcome int

const (
	served outcome = iota
	rejected
	timedOut
	canceled // by the client, which says nothing about the knobs
)

var outcomes = []string{"served", "rejected", "timeout", "canceled"}

// failure is what a request costs that was rejected or timed out, on top of the time
// that it took: so much longer would its client have waited for an answer.
const failure = 100 * time.Millisecond

// A service passes requests to the backend, as many at a time and for as long as the
// knobs allow. It learns the knobs by one atomic load.
type service struct {
	live     atomic.Pointer[window]
	inFlight atomic.Int64
	backend  backend
	requests []prometheus.Counter // by outcome
	latency  prometheus.Histogram
}

func newService(seed uint64, k knobs, reg prometheus.Registerer) *service {
	auto := promauto.With(reg)
	requests := auto.NewCounterVec(prometheus.CounterOpts{
		Name: "tuner_requests_total", Help: "Requests by outcome.",
	}, []string{"outcome"})
	s := &service{
		backend: backend{stream: noise.New(seed)},
		latency: auto.NewHistogram(prometheus.HistogramOpts{
			Name: "tuner_request_duration_seconds", Help: "Time that served requests took.",
			Buckets: prometheus.ExponentialBuckets(0.001, 2, 12),
		}),
	}
	for _, name := range outcomes { // found once, not in every request
		s.requests = append(s.requests, requests.WithLabelValues(name))
	}
	auto.NewGaugeFunc(prometheus.GaugeOpts{Name: "tuner_in_flight_requests", Help: "Requests in flight."},
		func() float64 { return float64(s.inFlight.Load()) })
	s.live.Store(&window{knobs: k})
	return s
}

// begin enters a request into the live window, as the n-th in flight. It must end if it
// is not admitted, too.
func (s *service) begin() (w *window, n int, admitted bool) {
	w = s.live.Load()
	w.begun.Add(1)
	n = int(s.inFlight.Add(1))
	return w, n, n <= w.limit
}

func (s *service) end(w *window, o outcome, took time.Duration) {
	s.inFlight.Add(-1)
	s.requests[o].Inc()
	switch o {
	case canceled:
		w.begun.Add(-1)
		return
	case served:
		s.latency.Observe(took.Seconds())
	default:
		took += failure
	}
	w.cost.Add(int64(took))
	w.ended.Add(1)
}

func (s *service) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	start := time.Now()
	w, n, admitted := s.begin()
	if !admitted {
		s.end(w, rejected, 0)
		http.Error(rw, "too many requests in flight", http.StatusServiceUnavailable)
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), w.timeout)
	defer cancel()
	err := s.backend.do(ctx, n)
	took := time.Since(start)
	switch {
	case err == nil:
		s.end(w, served, took)
		_, _ = rw.Write([]byte("done\n")) // the client may have gone
	case errors.Is(err, context.DeadlineExceeded):
		s.end(w, timedOut, took)
		http.Error(rw, "timed out", http.StatusGatewayTimeout)
	default:
		s.end(w, canceled, took)
	}
}
