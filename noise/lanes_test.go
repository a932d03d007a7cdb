//go:build (amd64 || arm64) && !purego

package noise

import (
	"fmt"
	"math"
	"math/rand"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/noise-reuse/nres/internal/cpu"
	"github.com/noise-reuse/nres/internal/tiers"
	"github.com/noise-reuse/nres/vec"
)

func TestLanes(t *testing.T) {
	tiers.Run(t, setTier, func(t *testing.T) {
		both(t, testLanes[float32], testLanes[float64])
	})
}

func testLanes[F vec.Float](t *testing.T) {
	rng := rand.New(rand.NewSource(4))
	for _, lanes := range []int{0, 1, 3, 15, 16, 17, 32, 47, 64, 65} {
		ss := make([]Stream, lanes)
		for j := range ss {
			ss[j] = Stream{rng.Uint64(), rng.Uint64()}
		}
		for _, d := range []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 15, 16, 17, 31, 32, 33, 128, 129, 300, 600} {
			for _, signs := range []bool{false, true} {
				stride := 2*lanes + d%3
				theta, sigma := values[F](rng, d), values[F](rng, 1)[0]
				want, got := make([]F, d*stride), surround(make([]F, d*stride))
				if d*stride > 0 {
					if signs {
						PerturbPairLanesSigns(got.s, got.s[lanes:], stride, theta, sigma, ss)
					} else {
						PerturbPairLanes(got.s, got.s[lanes:], stride, theta, sigma, ss)
					}
				}
				plus, minus := make([]F, d), make([]F, d)
				for j := range ss {
					perturbPairGeneric(plus, minus, theta, sigma, ss[j], 0, signs)
					for i := range theta {
						want[i*stride+j], want[i*stride+lanes+j] = plus[i], minus[i]
					}
				}
				got.holds(t, want, "%d lanes, %d rows, signs %v", lanes, d, signs)
			}
		}
	}
}

func TestLanesPanics(t *testing.T) { both(t, testLanesPanics[float32], testLanesPanics[float64]) }

func testLanesPanics[F vec.Float](t *testing.T) {
	const rows, stride = 3, 5
	theta, ss := make([]F, rows), make([]Stream, 2)
	long := make([]F, 2*rows*stride)
	call := func(plus, minus []F, stride int, theta []F) (message any) {
		defer func() { message = recover() }()
		PerturbPairLanes(plus, minus, stride, theta, 1, ss)
		PerturbPairLanesSigns(plus, minus, stride, theta, 1, ss)
		return nil
	}

	// The shortest slices, and one element less.
	const n = (rows-1)*stride + 2
	require.Nil(t, call(long[:n], long[n:2*n], stride, theta))
	const short = "noise: slices too short for rows of this stride"
	require.Equal(t, short, call(long[:n-1], long[n:2*n], stride, theta))
	require.Equal(t, short, call(long[:n], long[n:2*n-1], stride, theta))
	require.Equal(t, short, call(long[:1], long[n:n+1], stride, theta[:1]))
	require.Equal(t, short, call(nil, nil, stride, theta))
	require.Nil(t, call(nil, nil, stride, nil))
	for _, stride := range []int{1, 0, -1, math.MinInt, math.MaxInt, math.MaxInt/2 + 1, math.MaxInt/4 + 1} { // times 2 or 4 some overflow
		require.Equal(t, short, call(long, long, stride, theta), "stride %d", stride)
		require.Equal(t, short, call(long, long, stride, make([]F, 5)), "stride %d", stride)
	}

	// What elements plus and minus have, by their distance.
	for a := 0; a+n <= len(long); a++ {
		for b := 0; b+n <= len(long); b++ {
			used := map[int]bool{}
			shared := any(nil)
			for i := 0; i < rows; i++ {
				for j := range ss {
					used[a+i*stride+j] = true
				}
			}
			for i := 0; i < rows; i++ {
				for j := range ss {
					if used[b+i*stride+j] {
						shared = badOverlap
					}
				}
			}
			require.Equal(t, shared, call(long[a:], long[b:], stride, theta), "plus from %d, minus from %d", a, b)
		}
	}
	require.Equal(t, badOverlap, call(long[:n], long[n:], stride, long[n-1:n+2]))
	require.Equal(t, badOverlap, call(long[n:], long[:n], stride, long[n-1:n+2]))
	require.Nil(t, call(long[:n], long[n:], stride, long[2*n:2*n+3]))
}

// TestLanesKernels tries more rows than a call is given, and strides that are negative:
// strides take 64 bits.
func TestLanesKernels(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		for _, count := range []int{laneGroup, 3 * laneGroup} {
			ss := make([]Stream, count)
			for j := range ss {
				ss[j] = New(9).Derive(uint64(j))
			}
			for _, n := range []int{1, 2, 3, 4, 5, 6, 7, 8, 31, 32, 33, 127, 128, 129, 300} {
				theta := specials[float32](n)
				for _, b := range []uint32{0, 1, 1<<32 - 100} {
					for _, signs := range []bool{false, true} {
						first, stride := 0, count+3
						size := n * stride
						if n%2 == 0 {
							first, stride = size-stride, -stride
						}
						var want [3][]float32
						var got [3]fenced[float32]
						for k := range want {
							want[k], got[k] = make([]float32, size), surround(make([]float32, size))
						}
						eps, plus, minus := make([]float32, n), make([]float32, n), make([]float32, n)
						for j, s := range ss {
							off := 4 * uint64(b)
							if signs {
								off = 128 * uint64(b)
								fillSignsGeneric(eps, s, off)
							} else {
								fillGeneric(eps, s, off)
							}
							perturbPairGeneric(plus, minus, theta, 0.3, s, off, signs)
							for i := range theta {
								at := first + i*stride + j
								want[0][at], want[1][at], want[2][at] = eps[i], plus[i], minus[i]
							}
						}
						fillLanesKernel(&got[0].s[first], stride, n, &ss[0], count, b, signs)
						perturbPairLanesKernel(&got[1].s[first], &got[2].s[first], stride, &theta[0], n, 0.3, &ss[0], count, b, signs)
						for k, name := range []string{"fill", "plus", "minus"} {
							got[k].holds(t, want[k], "%s: %d rows of %d lanes from block %d, signs %v", name, n, count, b, signs)
						}
					}
				}
			}
		}
	})
}

func TestCombineLanes(t *testing.T) {
	tiers.Run(t, setTier, func(t *testing.T) {
		both(t, testCombineLanes[float32], testCombineLanes[float64])
	})
}

func testCombineLanes[F vec.Float](t *testing.T) {
	rng := rand.New(rand.NewSource(5))
	step := 1
	if testing.Short() {
		step = 5 // for slow emulators
	}
	for count := 0; count <= 2*laneStreams+17; count += step {
		ss := make([]Stream, count)
		for i := range ss {
			ss[i] = Stream{rng.Uint64(), rng.Uint64()}
		}
		for d := 0; d <= combineSignLanesMax+1; d++ {
			if testing.Short() && (d+count)%7 != 0 || d > combineLanesMax+1 && d < combineSignLanesMax && (count+d)%11 != 0 {
				continue
			}
			testCombineLanesOf[F](t, rng, ss, d, 0)
			if d <= combineLanesMax+1 { // behind groups, and up to the last block of a schedule and beyond
				n := (d+count)%3*group + d
				testCombineLanesOf[F](t, rng, ss, n, 128*uint64(d*count))
				testCombineLanesOf[F](t, rng, ss, n, 1<<34-uint64(n)&^3+4*uint64(count%3)-4)
				testCombineLanesOf[F](t, rng, ss, n, 1<<39-128*uint64(count%4))
			}
		}
	}
}

func testCombineLanesOf[F vec.Float](t *testing.T, rng *rand.Rand, ss []Stream, d int, off uint64) {
	ws, g := values[F](rng, len(ss)), values[F](rng, d)
	if d%2 == 0 {
		for k := range ws {
			ws[k] = F(rng.NormFloat64())
		}
	}
	for i := range g {
		g[i] = F(rng.NormFloat64())
	}
	for _, signs := range []bool{false, true} {
		want, got := append([]F(nil), g...), surround(g)
		combineGeneric(want, ws, ss, off, signs)
		if signs {
			CombineSigns(got.s, ws, ss, off)
		} else {
			Combine(got.s, ws, ss, off)
		}
		got.holds(t, want, "Combine of %d streams, %d elements from %d on, signs %v", len(ss), d, off, signs)
	}
}

func benchTiers(b *testing.B, elements int, f func()) {
	tiers.Each(b, setTier, func(tier cpu.Tier) {
		b.Run(tier.String(), func(b *testing.B) {
			for i := 0; i < b.N; i++ {
				f()
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(elements), "ns/element")
		})
	})
}

func BenchmarkCombineSmall(b *testing.B) {
	const k = 200
	ws, ss := make([]float32, k), make([]Stream, k)
	for i := range ss {
		ws[i], ss[i] = float32(i)*0.01, New(1).Derive(uint64(i))
	}
	for _, n := range []int{1, 2, 4, 8, 16, 32} {
		g := make([]float32, n)
		b.Run(fmt.Sprint(n), func(b *testing.B) { benchTiers(b, k*n, func() { Combine(g, ws, ss, 0) }) })
	}
}

func BenchmarkPerturbPairLanes(b *testing.B) {
	const lanes = 32
	ss := make([]Stream, lanes)
	for _, n := range []int{2, 4, 64, 1000} {
		theta, rows := make([]float32, n), make([]float32, 2*lanes*n)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			benchTiers(b, lanes*n, func() { PerturbPairLanes(rows, rows[lanes:], 2*lanes, theta, 0.1, ss) })
		})
	}
}
