package tasks

import (
	"fmt"
	"sort"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/noise-reuse/nres/internal/cpu"
	"github.com/noise-reuse/nres/internal/guard"
	"github.com/noise-reuse/nres/internal/special"
	"github.com/noise-reuse/nres/internal/tiers"
	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/unroll"
	"github.com/noise-reuse/nres/vec"
)

func TestLorenzLanes(t *testing.T) {
	tiers.Run(t, setTier, func(t *testing.T) {
		testLorenzLanes[float32](t)
		testLorenzLanes[float64](t)
	})
}

func testLorenzLanes[F vec.Float](t *testing.T) {
	horizons, seeds := []int{1, 2, 3, 4, 5, 17, 200, 1000}, uint64(10)
	if testing.Short() {
		horizons, seeds = []int{1, 5, 140}, 1
	}
	for _, horizon := range horizons {
		l, err := NewLorenz(SimulateLorenz[F](LorenzTruth, horizon))
		require.NoError(t, err)
		for _, theta := range [][]F{{F(LorenzTruth[0]), F(LorenzTruth[1])}, {F(LorenzStart[0]), F(LorenzStart[1])}} {
			for _, sigma := range []F{0.04, 1, 100} {
				for seed := uint64(0); seed < seeds; seed++ {
					require.NoError(t, unroll.CheckSystem[F](l, theta, sigma, seed))
				}
			}
		}
	}
}

// BenchmarkLorenz compares ways to make the steps of Lorenz: lanes in assembly, or in
// plain Go where that is the tier; lanes written with package vec alone; and Step.
func BenchmarkLorenz(b *testing.B) {
	l, err := NewLorenz(SimulateLorenz[float32](LorenzTruth, LorenzHorizon))
	require.NoError(b, err)
	const n = 100
	run := func(tier cpu.Tier, how string, workers int, window windowLanes) {
		b.Run(fmt.Sprintf("how=%s/tier=%v/workers=%d", how, tier, workers), func(b *testing.B) {
			width := 2 * workers
			s, theta, sum := make([]float32, 3*width), make([]float32, 2*width), make([]float32, width)
			t0, env := make([]int, workers), make([]noise.Stream, workers)
			noise.Fill(theta, noise.New(1), 0)
			for j := range sum {
				theta[j], theta[width+j] = 3.7+0.04*theta[j], 3.1+0.04*theta[width+j]
				t0[j%workers] = n * (j % 20)
			}
			times := make([]float64, b.N)
			b.ReportAllocs()
			b.ResetTimer()
			for i := range times {
				for j := range sum {
					s[j], s[width+j], s[2*width+j] = 1.2, 1.3, 1.6
				}
				begin := time.Now()
				window(s, theta, t0, n, env, sum)
				times[i] = float64(time.Since(begin).Nanoseconds())
			}
			reportMedian(b, times)
			b.ReportMetric(times[len(times)/10]/float64(width*n), "p10-ns/step")
		})
	}
	tiers.Each(b, setTier, func(tier cpu.Tier) {
		for _, workers := range []int{32, 64, 128} {
			run(tier, "lanes", workers, l.WindowLanes)
			if tier == cpu.Active() { // package vec isn't limited by setTier
				run(tier, "vec", workers, vecLorenz{l}.WindowLanes)
			}
		}
	})
	run(cpu.Generic, "steps", 32, stepLanes[float32](l))
}

type windowLanes = func(s, theta []float32, t0 []int, n int, env []noise.Stream, sum []float32)

// stepLanes returns WindowLanes as it is defined, by calls of Step.
func stepLanes[F vec.Float](sys unroll.System[F]) func(s, theta []F, t0 []int, n int, env []noise.Stream, sum []F) {
	state, th := make([]F, sys.StateLen()), make([]F, sys.ParamLen())
	return func(s, theta []F, t0 []int, n int, env []noise.Stream, sum []F) {
		w := len(sum)
		for j := range sum {
			k := j % len(t0)
			for i := range state {
				state[i] = s[i*w+j]
			}
			for i := range th {
				th[i] = theta[i*w+j]
			}
			for t := t0[k] + 1; t <= t0[k]+n; t++ {
				sum[j] += sys.Step(state, th, t, env[k])
			}
			for i, v := range state {
				s[i*w+j] = v
			}
		}
	}
}

// reportMedian reports the median of times in nanoseconds, and the tenth of them that
// is fastest, which is less of a matter of what else the machine does.
func reportMedian(b *testing.B, times []float64) {
	sort.Float64s(times)
	b.ReportMetric(times[len(times)/2], "ns/median")
	b.ReportMetric(times[len(times)/10], "ns/p10")
}

// TestLorenzTimes: times take 64 bits, as those before the kernel's first observation show.
func TestLorenzTimes(t *testing.T) {
	l, err := NewLorenz(SimulateLorenz[float32](LorenzTruth, 100))
	require.NoError(t, err)
	tiers.Each(t, setTier, func(tier cpu.Tier) {
		const n, workers = 7, 32
		window := func(first int) []float32 {
			s, theta, sum, t0 := make([]float32, 3*workers), make([]float32, 2*workers), make([]float32, workers), make([]int, workers)
			noise.Fill(s, noise.New(1), 0)
			noise.Fill(theta, noise.New(2), 0)
			for k := range t0 {
				t0[k] = k - first
			}
			from := Lorenz[float32]{z: l.z[first:]}
			require.Equal(t, tier != cpu.Generic, from.windowKernel(s, theta, t0, n, sum))
			return append(s, sum...)
		}
		require.Equal(t, window(0), window(50), "%v", tier)
	})
}

// TestLorenzBounds: the kernels stay in their rows, and in the observations, and take any parameters.
func TestLorenzBounds(t *testing.T) {
	const horizon, most = 200, 3 * 48
	z := guard.New[float32](t, horizon)
	s, theta, sum := guard.New[float32](t, 3*most), guard.New[float32](t, 2*most), guard.New[float32](t, most)
	env := make([]noise.Stream, 48)
	for _, n := range []int{1, 2, 3, 4, 5, 7, 8, 100, 128} {
		for _, workers := range []int{16, 32, 48} {
			for copies := 1; copies <= 3; copies++ {
				w := workers * copies
				for _, at := range []int{0, horizon - n} {
					var want []float32
					tiers.Each(t, setTier, func(tier cpu.Tier) {
						observed, rows, params, sums := z.End(horizon), s.End(3*w), theta.End(2*w), sum.End(w)
						if at == 0 {
							observed, rows, params, sums = z.Begin(horizon), s.Begin(3*w), theta.Begin(2*w), sum.Begin(w)
						}
						noise.Fill(rows, noise.New(1), 0)
						special.Values(params, 2, 64)
						t0 := make([]int, workers)
						for k := range t0 {
							t0[k] = at
						}
						l, err := NewLorenz(observed)
						require.NoError(t, err)
						l.WindowLanes(rows, params, t0, n, env[:workers], sums)
						z.Check(t)
						s.Check(t)
						theta.Check(t)
						sum.Check(t)
						if got := append(append([]float32(nil), rows...), sums...); tier == cpu.Generic {
							want = got
						} else {
							require.Negative(t, special.Differ(want, got), "%v", tier)
						}
					})
				}
			}
		}
	}
	l, err := NewLorenz(make([]float32, 10))
	require.NoError(t, err)
	for _, f := range []func(){
		func() {
			l.WindowLanes(make([]float32, 48), make([]float32, 32), make([]int, 16), 11, env[:16], make([]float32, 16))
		},
		func() {
			l.WindowLanes(make([]float32, 48), make([]float32, 32), make([]int, 16), 0, env[:16], make([]float32, 16))
		},
		func() {
			l.WindowLanes(make([]float32, 48), make([]float32, 31), make([]int, 16), 1, env[:16], make([]float32, 16))
		},
		func() {
			l.WindowLanes(make([]float32, 24), make([]float32, 16), make([]int, 8), 1, env[:8], make([]float32, 8))
		},
	} {
		require.Panics(t, f)
	}
}

// vecLorenz is how a user would write the lanes of Lorenz: with package vec alone.
type vecLorenz struct{ *Lorenz[float32] }

func (l vecLorenz) WindowLanes(s, theta []float32, t0 []int, n int, _ []noise.Stream, sum []float32) {
	var rows [8][unroll.MaxLanes]float32
	w := len(sum)
	x, y, z := s[:w], s[w:2*w], s[2*w:]
	r, adt, xdt, dx, dy, dz, e := rows[0][:w], rows[1][:w], rows[2][:w], rows[3][:w], rows[4][:w], rows[5][:w], rows[6][:w]
	observed := rows[7][:len(t0)]
	vec.Exp(r, theta[:w])
	vec.Exp(adt, theta[w:])
	vec.Scale(adt, lorenzDt, adt)
	for i := 0; i < n; i++ {
		vec.Scale(xdt, lorenzDt, x)
		vec.Sub(dx, y, x)
		vec.Sub(dy, r, z)
		vec.Mul(dz, xdt, y)
		vec.MulAdd(x, adt, dx, x)
		vec.Scale(y, lorenzYDecay, y)
		vec.MulAdd(y, xdt, dy, y)
		vec.Scale(z, lorenzZDecay, z)
		vec.Add(z, z, dz)
		for k, t := range t0 {
			observed[k] = l.z[t+i]
		}
		for j := 0; j < w; j += len(t0) {
			vec.Sub(e[j:j+len(t0)], z[j:j+len(t0)], observed)
		}
		vec.MulAdd(sum, e, e, sum)
	}
}

func TestVecLorenz(t *testing.T) {
	l, err := NewLorenz(SimulateLorenz[float32](LorenzTruth, 500))
	require.NoError(t, err)
	for seed := uint64(0); seed < 20; seed++ {
		require.NoError(t, unroll.CheckLanes[float32](vecLorenz{l}, []float32{3.7, 3.1}, 0.1, seed))
	}
}
