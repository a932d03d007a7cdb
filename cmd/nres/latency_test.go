package main

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/noise-reuse/nres/internal/latency"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestLatency(t *testing.T) {
	file := filepath.Join(t.TempDir(), "l.svg")
	r := decoded[latencyReport](t, strings.Fields("bench latency --duration 400ms --rate 400 --workers 33 --window 50 --parallelism 2 --plot "+file)...)
	assert.Equal(t, []int{33, 50, 2}, []int{r.Workers, r.Window, r.Parallelism})
	assert.Equal(t, 400.0, r.Rate)
	assert.Zero(t, r.Allocations)
	for _, p := range []percentiles{r.Gradient, r.Control, r.Alone, r.Late} {
		assert.Positive(t, p.Calls)
		assert.Positive(t, p.P50)
		assert.True(t, p.P50 <= p.P99 && p.P99 <= p.P999 && p.P999 <= p.Max, "%+v", p)
	}
	assert.InDelta(t, 320, r.Late.Calls+r.Missed, 1, "calls, controls, and those missed")
	assert.Positive(t, r.Documents)
	assert.Positive(t, r.With.Count)
	assert.Positive(t, r.Without.Count)
	require.Len(t, r.Verdicts, 3)
	assert.True(t, *r.Verdicts[0].Met)
	assert.Nil(t, r.Verdicts[1].Met)
	assert.Contains(t, r.Verdicts[1].Found, "calls, too few: take 5000")
	picture, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, file, *r.Plot)
	for _, want := range []string{"time of a call, µs", "stop-the-world pause, µs", "N = 33", "gradients left out", "p99.9"} {
		assert.Contains(t, string(picture), want)
	}
}

// many returns times 10 µs, but for the last few of n.
func many(n, few int, long time.Duration) (times []time.Duration) {
	for i := 0; i < n; i++ {
		times = append(times, 10*time.Microsecond)
		if i >= n-few {
			times[i] = long
		}
	}
	return times
}

// stops returns count pauses, of which so many are long.
func stops(count, long uint64) latency.Pauses {
	h := latency.Histogram{Bounds: []float64{0, 1e-3, 2e-3, math.Inf(1)}, Counts: []uint64{count - long, long, 0}}
	return latency.Pauses{Total: h, Stopping: h}
}

func TestVerdicts(t *testing.T) {
	yes, no := true, false
	const us = time.Microsecond
	for name, c := range map[string]struct {
		allocations   float64
		call, control []time.Duration
		with, without latency.Pauses
		want          [3]*bool
		found         string
	}{
		"good": {0, many(10_000, 20, 29*us), many(10_000, 20, 20*us), stops(100, 0), stops(100, 0), [3]*bool{&yes, &yes, &yes}, "1.45 × (95 %: 1.45 to 1.45)"},
		// Of 10,000 calls ten may be longer than the percentile.
		"ten outliers":        {0, many(10_000, 10, 90*us), many(10_000, 10, 10*us), stops(100, 0), stops(100, 3), [3]*bool{&yes, &yes, &yes}, "1.00 × (95 %: 1.00 to 9.00)"},
		"allocates":           {0.02, many(10_000, 11, 40*us), many(10_000, 20, 20*us), stops(100, 3), stops(100, 3), [3]*bool{&no, &no, &yes}, "2.00 ×"},
		"few calls":           {0, many(4999, 20, 40*us), many(9000, 20, 20*us), stops(100, 1), stops(100, 0), [3]*bool{&yes, nil, nil}, "4999 calls, too few"},
		"control off":         {0, many(10_000, 6000, 20*us), many(10_000, 20, 20*us), stops(100, 9), stops(100, 0), [3]*bool{&yes, nil, &no}, "median is -50 % off"},
		"no collections":      {0, many(5000, 6, 30*us), many(5000, 6, 20*us), stops(0, 0), stops(9, 0), [3]*bool{&yes, &yes, nil}, "1.50 ×"},
		"pauses were busier":  {0, many(5000, 6, 30*us), many(5000, 6, 20*us), stops(100, 30), stops(200, 62), [3]*bool{&yes, &yes, &yes}, "1.50 ×"},
		"pauses of a machine": {0, many(5000, 6, 30*us), many(5000, 6, 20*us), stops(100, 12), stops(100, 9), [3]*bool{&yes, &yes, &yes}, "1.50 ×"},
		"pauses of ours":      {0, many(5000, 6, 30*us), many(5000, 6, 20*us), stops(100, 40), stops(100, 9), [3]*bool{&yes, &yes, &no}, "1.50 ×"},
	} {
		r := latencyReport{Allocations: c.allocations, result: &latency.Result{Call: c.call, Control: c.control, With: c.with, Without: c.without}}
		r.judge()
		for i, v := range r.Verdicts {
			assert.Equal(t, c.want[i], v.Met, "%s: %+v", name, v)
		}
		assert.Contains(t, r.Verdicts[1].Found, c.found, name)
		text := r.text()
		for word, met := range map[string]*bool{"met  ": &yes, "NOT MET": &no, "can't tell": nil} {
			n := 0
			for _, v := range c.want {
				if v == met {
					n++
				}
			}
			assert.Equal(t, n, strings.Count(text, "\n"+word), "%s in\n%s", word, text)
		}
	}
}

func TestRarer(t *testing.T) {
	// Of 3 long pauses none fell on 100 of 300: (2/3)³.
	assert.InDelta(t, 8.0/27, rarer(pauses{Count: 100}, pauses{Count: 200, Above: 3}), 1e-12)
	assert.InDelta(t, 1, rarer(pauses{Count: 100, Above: 3}, pauses{Count: 200}), 1e-12)
	assert.InDelta(t, 0.5, rarer(pauses{Count: 50}, pauses{Count: 50, Above: 1}), 1e-12)
}

// TestRatioInterval: ranks 9985 to 9995 of 10,000 have a normal quantile's 83 %
// confidence for p99.9.
func TestRatioInterval(t *testing.T) {
	var a, b []time.Duration
	for i := 1; i <= 10_000; i++ {
		a, b = append(a, time.Duration(2*i)), append(b, time.Duration(i))
	}
	lo, hi := ratioInterval(a, b, 0.999)
	assert.Equal(t, 2*9986.0/9995, lo)
	assert.Equal(t, 2*9995.0/9986, hi)
}

func TestLatencyErrors(t *testing.T) {
	testRefusals(t, []refusal{
		{"bench latency lorenz", []string{"latency takes no arguments"}},
		{"bench latency --rate 0", []string{"--rate is 0", "0.1 to 100000"}},
		{"bench latency --rate NaN", []string{"--rate is NaN", "0.1 to 100000"}},
		{"bench latency --rate fast", []string{"--rate", `"fast"`, "a number"}},
		{"bench latency --duration 1ms", []string{"--duration is 1ms", "10ms to 24h"}},
		{"bench latency --duration 10", []string{"--duration", `"10"`, "20s"}},
		{"bench latency --rate 10000 --duration 1h", []string{"--duration is 1h", "16m40s at this rate"}},
		{"bench latency --workers 0", []string{"--workers is 0", "N ≥ 1"}},
		{"bench latency --workers 1000001", []string{"--workers is 1000001", "1000000"}},
		{"bench latency --window 0", []string{"--window is 0", "1 ≤ W ≤ T = 2000"}},
		{"bench latency --parallelism -1", []string{"--parallelism is -1", "GOMAXPROCS"}},
		{"bench latency --plot a.gif", []string{"--plot", "*.png, *.svg"}},
		{"bench latency --time 1s", []string{"unknown flag --time", "--rate", "--duration"}},
		{"bench latancy", []string{"bench takes no arguments"}},
	})
}

func TestLatencyInterrupted(t *testing.T) {
	stdout, stderr := interrupted(t, 60, strings.Fields("bench latency --duration 1s --rate 50 --json")...) // of 100
	assert.Contains(t, stderr, "nres: interrupted after ")
	var r latencyReport
	require.NoError(t, json.Unmarshal([]byte(stdout), &r))
	assert.NotZero(t, r.Late.Calls, "what there is is reported")

	stdout, _ = interrupted(t, 0, "bench", "latency")
	assert.Empty(t, stdout)
}

// Whatever was found, drawing it must not panic.
func TestLatencyPlotOdd(t *testing.T) {
	for _, res := range []latency.Result{
		{}, {Call: many(1, 0, 0), Control: many(1, 0, 0)}, {Call: make([]time.Duration, 3), Alone: many(2, 1, time.Hour)},
		{With: stops(1, 1), Without: stops(3, 0)},
	} {
		r := latencyReport{result: &res}
		r.judge()
		for _, name := range []string{"a.png", "a.svg"} {
			var b bytes.Buffer
			require.NoError(t, r.writePlot(&b, name))
			assert.NotContains(t, b.String(), "NaN")
			assert.NotEmpty(t, b.String())
		}
	}
}
