package main

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestStatus(t *testing.T) {
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	for _, c := range []struct {
		knobs
		ctx    context.Context
		status int
		o      outcome
	}{
		{knobs{1, time.Minute}, context.Background(), http.StatusOK, served},
		{knobs{0, time.Minute}, context.Background(), http.StatusServiceUnavailable, rejected},
		{knobs{1, -1}, context.Background(), http.StatusGatewayTimeout, timedOut},
		{knobs{1, time.Minute}, gone, http.StatusOK, canceled}, // a status that nobody sees
	} {
		svc := newService(1, c.knobs, nil)
		w := svc.live.Load()
		rec := httptest.NewRecorder()
		svc.ServeHTTP(rec, httptest.NewRequestWithContext(c.ctx, "GET", "/work", nil))
		assert.Equal(t, c.status, rec.Code, outcomes[c.o])
		for o, counter := range svc.requests {
			want := 0.0
			if outcome(o) == c.o {
				want = 1
			}
			assert.Equal(t, want, testutil.ToFloat64(counter), "%s: %s", outcomes[c.o], outcomes[o])
		}
		assert.Zero(t, svc.inFlight.Load())
		assert.True(t, w.over())
		switch c.o {
		case canceled:
			assert.Zero(t, w.ended.Load())
		case served:
			assert.Positive(t, w.loss())
		case rejected:
			assert.Equal(t, failure.Seconds(), w.loss())
		case timedOut:
			assert.Greater(t, w.loss(), failure.Seconds())
		}
	}
}

// TestWindowOfArrival: a request is charged to the window in which it arrived.
func TestWindowOfArrival(t *testing.T) {
	svc := newService(1, knobs{5, time.Second}, nil)
	first, n, admitted := svc.begin()
	assert.True(t, admitted)
	assert.Equal(t, 1, n)
	second := &window{knobs: knobs{1, time.Second}}
	svc.live.Store(second)
	_, n, admitted = svc.begin()
	assert.False(t, admitted)
	assert.Equal(t, 2, n)
	svc.end(first, served, 3*time.Second)
	assert.True(t, first.over())
	assert.False(t, second.over())
	assert.Equal(t, 3.0, first.loss())
}

func TestRequestsDoNotAllocate(t *testing.T) {
	svc := newService(1, knobs{5, time.Second}, nil)
	assert.Zero(t, testing.AllocsPerRun(1000, func() {
		w, _, _ := svc.begin()
		svc.end(w, served, time.Millisecond)
	}))
}

func TestMetrics(t *testing.T) {
	reg := prometheus.NewPedanticRegistry()
	svc := newService(1, defaults.start, reg)
	_, err := newTuner(svc, defaults, reg)
	require.NoError(t, err)
	problems, err := testutil.GatherAndLint(reg)
	require.NoError(t, err)
	assert.Empty(t, problems)

	srv, err := newServer("127.0.0.1:0", defaults)
	require.NoError(t, err)
	get := func(path string) (int, string) {
		resp, err := http.Get(srv.url + path)
		require.NoError(t, err)
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		return resp.StatusCode, string(body)
	}
	status, _ := get("/work")
	assert.Equal(t, http.StatusOK, status)
	status, _ = get("/elsewhere")
	assert.Equal(t, http.StatusNotFound, status)
	status, body := get("/metrics")
	assert.Equal(t, http.StatusOK, status)
	for _, line := range []string{
		`tuner_requests_total{outcome="served"} 1`, `tuner_requests_total{outcome="rejected"} 0`,
		`tuner_requests_total{outcome="timeout"} 0`, `tuner_requests_total{outcome="canceled"} 0`,
		`tuner_request_duration_seconds_count 1`, `tuner_in_flight_requests 0`,
		`tuner_concurrency_limit 64`, `tuner_timeout_seconds 0.5`, `tuner_loss_seconds NaN`, `tuner_iteration 0`,
		`tuner_checkpoint_timestamp_seconds 0`,
		`tuner_answers_total{result="told"} 0`, `tuner_answers_total{result="late"} 0`, `tuner_answers_total{result="too_few_requests"} 0`,
	} {
		assert.Contains(t, body, line+"\n")
	}
	require.NoError(t, srv.close())
	_, err = http.Get(srv.url + "/work")
	assert.Error(t, err, "it is closed")
}
