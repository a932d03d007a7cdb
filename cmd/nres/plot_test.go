package main

import (
	"bytes"
	"image/png"
	"math"
	"testing"

	"github.com/noise-reuse/nres/estimator"
	"github.com/noise-reuse/nres/tasks"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/plot/plotter"
)

// traceOf makes a run of n iterations whose losses and parameters are functions of
// the iteration.
func traceOf(t *testing.T, n int, loss func(i int) float64, theta func(i int) []float32) (*job, *trace) {
	t.Helper()
	task, err := tasks.Lookup("lorenz")
	require.NoError(t, err)
	tr := newTrace(task, n)
	for i := 1; i <= n; i++ {
		tr.add(loss(i), theta(i))
	}
	return &job{task: task, optimizer: "sgd", lr: 1e-5, cfg: estimator.Config{Workers: 200, Window: 100, Period: 2000, Sigma: 0.04}}, tr
}

func TestPlotFormats(t *testing.T) {
	noisy := func(i int) float64 { return 50 + float64(i*7919%97) }
	spiral := func(i int) []float32 {
		s, c := math.Sincos(float64(i) / 10)
		return []float32{3 + float32(s/float64(i)), 2 + float32(c)}
	}
	for _, n := range []int{1, 2, 5000, 100_000} {
		j, tr := traceOf(t, n, noisy, spiral)
		var b bytes.Buffer
		require.NoError(t, writePlot(&b, "a.PNG", j, tr))
		img, err := png.Decode(&b)
		require.NoError(t, err)
		assert.Equal(t, 1760, img.Bounds().Dx())

		b.Reset()
		require.NoError(t, writePlot(&b, "a.svg", j, tr))
		assert.Less(t, b.Len(), 1<<20, "%d iterations", n)
		for _, want := range []string{"iteration", "mean squared error of z over the window", "ln r", "start", "truth", "sans-serif"} {
			assert.Contains(t, b.String(), want)
		}
		j.data = "some/z.csv"
		b.Reset()
		require.NoError(t, writePlot(&b, "a.svg", j, tr))
		assert.Contains(t, b.String(), "z.csv")
		assert.NotContains(t, b.String(), "truth")
	}
}

// Whatever happens in a run, drawing it must not panic.
func TestPlotOddRuns(t *testing.T) {
	for name, f := range map[string]func(i int) float64{
		"constant":  func(int) float64 { return 3 },
		"zero":      func(int) float64 { return 0 },
		"perfect":   func(i int) float64 { return max(0, float64(3-i)) },
		"exploding": func(i int) float64 { return math.Pow(10, float64(i)*3) },
		"vanishing": func(i int) float64 { return math.Pow(10, -float64(i)*3) },
	} {
		j, tr := traceOf(t, 100, f, func(i int) []float32 { return []float32{float32(min(f(i), 3e38)), float32(-i)} })
		var b bytes.Buffer
		assert.NoError(t, writePlot(&b, "a.svg", j, tr), name)
		assert.NotContains(t, b.String(), "NaN", name)
	}
}

func TestTicks(t *testing.T) {
	labels := func(log bool, lo, hi float64) (out []string) {
		for _, tick := range (ticks{log}).Ticks(lo, hi) {
			if tick.Label != "" {
				out = append(out, tick.Label)
			}
		}
		return out
	}
	assert.Equal(t, []string{"0", "1000", "2000", "3000", "4000", "5000"}, labels(false, 0, 5000))
	assert.Equal(t, []string{"2.2", "2.4", "2.6", "2.8", "3.0"}, labels(false, 2.2, 3.1))
	assert.Equal(t, []string{"-0.005", "0.000", "0.005", "0.010", "0.015"}, labels(false, -0.006, 0.016))
	assert.Equal(t, []string{"50", "70", "100", "200", "300"}, labels(true, math.Log10(45), math.Log10(350)))
	assert.Equal(t, []string{"45", "50", "55", "60"}, labels(true, math.Log10(43), math.Log10(62)))
	assert.Equal(t, []string{"0.1", "0.2", "0.5", "1", "2", "5"}, labels(true, -1, 0.9))
	assert.Equal(t, []string{"0.1", "1", "10", "100", "1000"}, labels(true, -1, 3.5))
	for _, hi := range []float64{1e-9, 1, 40, 300} {
		assert.LessOrEqual(t, len(labels(true, 0, hi)), 12)
	}
}

func TestDownsampling(t *testing.T) {
	y := make([]float64, 10_001)
	pts := make(plotter.XYs, len(y))
	for i := range y {
		pts[i].X = float64(i)
	}
	y[7] = -5
	y[9876] = 8
	e := envelope(y)
	assert.LessOrEqual(t, len(e), 2*plotPoints+2)
	assert.Contains(t, e, plotter.XY{X: 8, Y: -5})
	assert.Contains(t, e, plotter.XY{X: 9877, Y: 8})

	short := thin(pts)
	assert.LessOrEqual(t, len(short), 2*plotPoints+2)
	assert.Equal(t, pts[0], short[0])
	assert.Equal(t, pts[10_000], short[len(short)-1])
	assert.Equal(t, pts[:1], thin(pts[:1]))

	assert.Equal(t, plotter.XYs{{X: 2, Y: 2}, {X: 3, Y: 3}, {X: 4, Y: 5}}, runningMean([]float64{1, 2, 3, 4, 8}, 3, 1))
}
