package estimator

import (
	"fmt"
	"runtime"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/unroll"
	"github.com/noise-reuse/nres/vec"
)

// wide is a system with many parameters, of which a step reads one.
type wide[F vec.Float] struct{ d int }

func (w wide[F]) ParamLen() int            { return w.d }
func (wide[F]) StateLen() int              { return 3 }
func (wide[F]) Horizon() int               { return 4 }
func (wide[F]) Init(s []F, _ noise.Stream) { copy(s, []F{1, 2, 3}) }
func (w wide[F]) Step(s, theta []F, t int, _ noise.Stream) F {
	s[0] = F(s[0]/2) + theta[t%w.d]
	return s[0]
}

// wideLanes is a Laner, too.
type wideLanes[F vec.Float] struct{ wide[F] }

func (w wideLanes[F]) WindowLanes(s, theta []F, t0 []int, n int, _ []noise.Stream, sum []F) {
	for j := range sum {
		for t := t0[j%len(t0)] + 1; t <= t0[j%len(t0)]+n; t++ {
			s[j] = F(s[j]/2) + theta[t%w.d*len(sum)+j]
			sum[j] += s[j]
		}
	}
}

// allocated returns how many bytes f allocates: what is freed meanwhile counts.
func allocated(f func()) int {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	n := int(after.TotalAlloc - before.TotalAlloc)
	if after.StackSys > before.StackSys {
		n += int(after.StackSys - before.StackSys)
	}
	return n
}

const (
	bulk      = 1000    // workers
	bulkD     = 100_000 // parameters
	perWorker = 1 << 10 // bytes, for states of three elements and what belongs to them
)

// TestMemory: beyond N pairs of states there are two vectors like theta for each
// goroutine, and none for each worker: far less than 64 MiB for a thousand workers
// of 100,000 parameters, whose perturbations would be 400 MB.
func TestMemory(t *testing.T) {
	skipShort(t)
	inBulk[float64](t, wide[float64]{bulkD}, Config{Workers: bulk, Window: 2, Sigma: 0.1, Parallelism: 8, Noise: Signs}, 0)
	const d = bulkD / 20 // what is made for each worker would be far too much here, too
	for _, cfg := range []Config{
		{Method: NRES}, {Method: PES}, {Method: GPES, Period: 3}, {Method: FullES}, {Method: TES}, {Method: ESSingle, Interval: 1},
	} {
		for _, cfg.Parallelism = range []int{1, 8} {
			for _, cfg.Noise = range []Noise{Signs, Normal} {
				cfg.Workers, cfg.Sigma = bulk, 0.1
				if cfg.Method != FullES {
					cfg.Window = 2
				}
				inBulk[float32](t, wide[float32]{d}, cfg, 0)
				inBulk[float64](t, wide[float64]{d}, cfg, 0)
			}
		}
	}
}

// TestMemoryLanes: lanes take more, but not ever more with the goroutines.
func TestMemoryLanes(t *testing.T) {
	skipShort(t)
	for _, d := range []int{257, maxLanesD, maxLanesD + 1} {
		for _, cfg := range []Config{{}, {Method: TES}} {
			for _, cfg.Parallelism = range []int{2, 64} {
				cfg.Workers, cfg.Window, cfg.Sigma, cfg.Noise = bulk, 2, 0.1, Signs
				inBulk[float32](t, wideLanes[float32]{wide[float32]{d}}, cfg, maxLaneBytes)
				inBulk[float64](t, wideLanes[float64]{wide[float64]{d}}, cfg, maxLaneBytes)
			}
		}
	}
}

func skipShort(t *testing.T) {
	if testing.Short() {
		t.Skip("much noise, and the same memory on all processors")
	}
}

// inBulk checks how much memory an Estimator and its first gradients take.
func inBulk[F vec.Float](t *testing.T, sys unroll.System[F], cfg Config, lanes int) {
	name := fmt.Sprintf("%T, d = %d: %+v", sys, sys.ParamLen(), cfg)
	theta, grad := make([]F, sys.ParamLen()), make([]F, sys.ParamLen())
	got := allocated(func() {
		est, err := New[F](sys, cfg)
		require.NoError(t, err, name)
		defer est.Close()
		for i := 0; i < 2; i++ {
			_, err = est.Gradient(grad, theta)
			require.NoError(t, err, name)
		}
	})
	vector := len(theta) * int(unsafe.Sizeof(theta[0]))
	limit := 2*cfg.Parallelism*vector + lanes + bulk*perWorker
	require.LessOrEqual(t, limit, 64<<20)
	assert.LessOrEqual(t, got, limit, name)
}

func TestMemoryAskTell(t *testing.T) {
	skipShort(t)
	theta, plus, minus := make([]float32, bulkD), make([]float32, bulkD), make([]float32, bulkD)
	for _, cfg := range []Config{{}, {Method: PES}} {
		cfg.Workers, cfg.Window, cfg.Sigma, cfg.Noise = bulk, 2, 0.1, Signs
		got := allocated(func() {
			a, err := NewAskTell[float32](bulkD, 4, cfg)
			require.NoError(t, err)
			for i := 0; i < bulk; i++ {
				for told := false; !told; {
					q := a.Ask(i, plus, minus, theta)
					require.NoError(t, a.Tell(q, float64(i), 1))
					told = !q.WarmUp
				}
			}
			_, steps := a.Gradient(plus)
			require.Equal(t, 2*bulk, steps)
		})
		assert.LessOrEqual(t, got, bulk*perWorker, "%+v", cfg)
	}
}
