package vec

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/noise-reuse/nres/internal/guard"
	"github.com/noise-reuse/nres/internal/tiers"
)

// TestAxpyRows compares with Axpy, row by row, for every length up to where the loops
// begin again and every number of rows that matters.
func TestAxpyRows(t *testing.T) {
	tiers.Run(t, setTier, func(t *testing.T) {
		testAxpyRows[float32](t)
		testAxpyRows[float64](t)
	})
}

func testAxpyRows[F Float](t *testing.T) {
	const canary = 12345
	x, special := make([]F, 3000), specials[F]()
	for i := range x {
		x[i] = F(i%101-50) / 7
		if i%11 == 0 {
			x[i] = special[i/11%len(special)]
		}
	}
	lengths := []int{255, 256, 257, 511, 512, 513, 1025}
	for n := 0; n < 140; n++ {
		lengths = append(lengths, n)
	}
	for _, n := range lengths {
		for _, rows := range []int{0, 1, 2, 7, 33} {
			a, at := make([]F, rows), make([]int, rows)
			for k := range a {
				a[k], at[k] = F(k-5)/3, k*k*37%(len(x)-n)
			}
			buf := make([]F, n+2)
			for i := range buf {
				buf[i] = canary
			}
			y, want := buf[1:n+1], make([]F, n)
			for i := range y {
				y[i] = special[(i*5+rows)%len(special)]
				want[i] = y[i]
			}
			for k := range a {
				Axpy(want, a[k], x[at[k]:at[k]+n])
			}
			AxpyRows(y, a, x, at)
			for i := range want {
				require.Equal(t, norm(want[i]), norm(y[i]), "element %d of %d, %d rows", i, n, rows)
			}
			require.Equal(t, [2]F{canary, canary}, [2]F{buf[0], buf[n+1]})
		}
	}
}

// norm returns bits, the same ones for all NaN.
func norm[F Float](v F) uint64 {
	if v != v {
		return 1
	}
	return math.Float64bits(float64(v))
}

func TestAxpyRowsAllocatesNothing(t *testing.T) {
	var y [70]float32
	var x [200]float32
	var a [3]float32
	var at [3]int
	assert.Zero(t, testing.AllocsPerRun(10, func() { AxpyRows(y[:], a[:], x[:], at[:]) }))
}

// TestAxpyRowsBounds: rows that end where memory ends.
func TestAxpyRowsBounds(t *testing.T) {
	tiers.Run(t, setTier, func(t *testing.T) {
		mx, my := guard.New[float32](t, 140), guard.New[float32](t, 140)
		for n := 1; n < 140; n++ {
			AxpyRows(my.Begin(n), []float32{1, 2}, mx.Begin(n), []int{0, 0})
			AxpyRows(my.End(n), []float32{1, 2}, mx.End(n), []int{0, 0})
		}
	})
}

func TestAxpyRowsPanics(t *testing.T) {
	x, y := make([]float64, 10), make([]float64, 4)
	assert.PanicsWithValue(t, badLength, func() { AxpyRows(y, []float64{1}, x, nil) })
	for _, at := range []int{-1, 7, 11, math.MaxInt, math.MinInt} {
		assert.PanicsWithValue(t, badRow, func() { AxpyRows(y, []float64{1, 1}, x, []int{0, at}) })
	}
	assert.NotPanics(t, func() { AxpyRows(y, []float64{1, 1}, x, []int{0, 6}) })
	assert.NotPanics(t, func() { AxpyRows(nil, []float64{1}, x, []int{10}) })
	assert.NotPanics(t, func() { AxpyRows(x[:5], []float64{1}, x[5:], []int{0}) })
	assert.NotPanics(t, func() { AxpyRows(x[3:3], x, x, make([]int, len(x))) })
	assert.NotPanics(t, func() { AxpyRows(y, y[2:2], x, nil) })
	assert.PanicsWithValue(t, badRowOverlap, func() { AxpyRows(x[:5], []float64{1}, x[4:], []int{1}) })
	assert.PanicsWithValue(t, badRowOverlap, func() { AxpyRows(x, []float64{1}, x, []int{0}) }, "not even exactly")
	assert.PanicsWithValue(t, badRowOverlap, func() { AxpyRows(y, y[3:], x, []int{0}) })
	assert.PanicsWithValue(t, badRow, func() { AxpyRows(x, []float64{1}, y, []int{math.MaxInt}) })
}

func BenchmarkAxpyRows(b *testing.B) {
	const rows = 100
	for _, n := range []int{16, 100, 128, 1000} {
		x, y, a, at := make([]float32, n*rows), make([]float32, n), make([]float32, rows), make([]int, rows)
		for k := range at {
			at[k] = k * n
		}
		b.Run(fmt.Sprintf("how=rows/n=%d", n), func(b *testing.B) {
			for i := 0; i < b.N; i++ {
				AxpyRows(y, a, x, at)
			}
			b.ReportMetric(float64(n*rows)*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "GMAC/s")
		})
		b.Run(fmt.Sprintf("how=axpy/n=%d", n), func(b *testing.B) {
			for i := 0; i < b.N; i++ {
				for k := range at {
					Axpy(y, a[k], x[at[k]:at[k]+n])
				}
			}
			b.ReportMetric(float64(n*rows)*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "GMAC/s")
		})
	}
}
