package baseline

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"gonum.org/v1/gonum/stat"

	"github.com/noise-reuse/nres/noise"
)

// TestProxy: the multipliers of Zhang, Clune and Stanley (2017) for 4 % and 20 %, and
// correlations that differ from these by 0.1 % at most.
func TestProxy(t *testing.T) {
	const d, draws = 1 << 18, 40
	grad, proxy := make([]float64, d), make([]float64, d)
	noise.Fill(grad, noise.New(1), 0)
	for i := range grad {
		grad[i] = 3 + grad[i]*grad[i]*grad[i] // neither normal nor of mean 0
	}
	for _, c := range []struct{ rho, m float64 }{{0.04, 24.98}, {0.2, 4.90}} {
		var mean float64
		for k := uint64(0); k < draws; k++ {
			m := Proxy(proxy, grad, c.rho, noise.New(2).Derive(k))
			assert.InEpsilon(t, c.m, m/stat.StdDev(grad, nil), 0.01)
			mean += stat.Correlation(proxy, grad, nil) / draws
		}
		// Its standard deviation is 0.03 %.
		assert.InDelta(t, c.rho, mean, 0.001)
	}
	assert.Zero(t, Proxy(proxy, grad, 1, noise.New(2)))
	assert.InDelta(t, 1, stat.Correlation(proxy, grad, nil), 1e-12)
}

func TestProxyOfLittle(t *testing.T) {
	for _, grad := range [][]float32{{}, {7}, {7, 7}} {
		proxy := make([]float32, len(grad))
		assert.Zero(t, Proxy(proxy, grad, 0.5, noise.New(1)), "no variance, no noise")
		assert.Equal(t, grad, proxy)
	}
	proxy := make([]float32, 2)
	assert.Positive(t, Proxy(proxy, []float32{1e30, -1e30}, 0.5, noise.New(1)))
	assert.False(t, math.IsInf(float64(proxy[0]+proxy[1]), 0))
	for _, rho := range []float64{0, -0.1, 1.1, math.NaN()} {
		assert.PanicsWithValue(t, "baseline: rho is "+fmt.Sprint(rho)+"; allowed: 0 < rho ≤ 1", func() { Proxy(proxy, make([]float32, 2), rho, noise.New(1)) })
	}
	assert.Panics(t, func() { Proxy(proxy, proxy[:1], 0.5, noise.New(1)) })
	assert.PanicsWithValue(t, "baseline: dst and grad overlap", func() { Proxy(proxy, proxy, 0.5, noise.New(1)) })
}
