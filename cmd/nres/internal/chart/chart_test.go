package chart

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"gonum.org/v1/plot/plotter"
)

func TestTicks(t *testing.T) {
	labels := func(log bool, lo, hi float64) (out []string) {
		for _, tick := range (Ticks{log}).Ticks(lo, hi) {
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
	assert.Equal(t, []string{"1", "10", "100", "1000"}, labels(true, 0, math.Log10(1000)))
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
	e := Envelope(y)
	assert.LessOrEqual(t, len(e), 2*Points+2)
	assert.Contains(t, e, plotter.XY{X: 8, Y: -5})
	assert.Contains(t, e, plotter.XY{X: 9877, Y: 8})

	short := Thin(pts)
	assert.LessOrEqual(t, len(short), 2*Points+2)
	assert.Equal(t, pts[0], short[0])
	assert.Equal(t, pts[10_000], short[len(short)-1])
	assert.Equal(t, pts[:1], Thin(pts[:1]))

	assert.Equal(t, plotter.XYs{{X: 2, Y: 2}, {X: 3, Y: 3}, {X: 4, Y: 5}}, RunningMean([]float64{1, 2, 3, 4, 8}, 3, 1))
}
