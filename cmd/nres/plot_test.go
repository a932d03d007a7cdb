package main

import (
	"bytes"
	"image/color"
	"image/png"
	"math"
	"strconv"
	"testing"

	"github.com/noise-reuse/nres/cmd/nres/internal/chart"
	"github.com/noise-reuse/nres/estimator"
	"github.com/noise-reuse/nres/tasks"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
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

// TestPlotOneIteration: its loss is a dot, halfway up.
func TestPlotOneIteration(t *testing.T) {
	j, tr := traceOf(t, 1, func(int) float64 { return 50 }, func(int) []float32 { return []float32{3, 2} })
	var b bytes.Buffer
	require.NoError(t, writePlot(&b, "a.png", j, tr))
	img, err := png.Decode(&b)
	require.NoError(t, err)
	dark := 0
	size := img.Bounds().Size()
	for x := range size.X / 2 {
		for y := size.Y * 3 / 8; y < size.Y*5/8; y++ {
			if color.RGBAModel.Convert(img.At(x, y)) == color.RGBAModel.Convert(chart.Dark) {
				dark++
			}
		}
	}
	assert.Greater(t, dark, 30)
}

// TestPlotZero: a loss of 0 stands at 0, which no logarithmic axis has.
func TestPlotZero(t *testing.T) {
	j, tr := traceOf(t, 100, func(int) float64 { return 0 }, func(i int) []float32 { return []float32{3, float32(i)} })
	p := lossPlot(j, tr)
	assert.Negative(t, p.Y.Min)
	assert.Positive(t, p.Y.Max)
	for _, tick := range p.Y.Tick.Marker.Ticks(p.Y.Min, p.Y.Max) {
		at, err := strconv.ParseFloat(tick.Label, 64)
		require.NoError(t, err)
		assert.InDelta(t, tick.Value, at, 1e-9)
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
