package noise

import (
	"fmt"
	"math"
	"os"
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/noise-reuse/nres/internal/race"
	"github.com/noise-reuse/nres/vec"
)

const (
	exactBlock  = 4096
	exactBins   = 512 // a unit of z
	exactLimit  = 8   // no |z| is as large
	exactGroups = 64  // what kernels make at a time
)

// exactLags are distances of elements: in a pair, a block, a vector, a group and beyond.
var exactLags = [...]int{1, 2, 3, 4, 8, 16, 64, 128, 1000}

// exactSums is what TestExactDistribution counts and adds up. Sums are of products of
// z, other streams, and their squares.
type exactSums struct {
	counts        [2 * exactLimit * exactBins]int
	moments       [5]float64
	lags, lags2   [len(exactLags)]float64 // of products of z, and of z² − 1
	cross         [2]float64              // of products with the next stream, and of the squares
	place, place2 [exactGroups]float64    // of z, and of z², by place in a group
}

// TestExactDistribution compares 2^28 normals, with NRES_TEST_LONG=1 2^33 in half a
// minute or more, with the exact distribution: by bins, the Kolmogorov-Smirnov distance
// at their edges, tails, moments, correlations, and the places in a group. Bounds are five standard
// deviations, a false alarm in 2 million for each of the 180 figures; the seed is fixed.
func TestExactDistribution(t *testing.T) {
	logN := 28
	switch {
	case os.Getenv("NRES_TEST_LONG") != "":
		logN = 33
	case testing.Short():
		t.Skip("long")
	case race.Enabled:
		logN = 24
	}
	n := math.Ldexp(1, logN)
	blocks := uint64(1) << logN / exactBlock

	// One part a processor; which part a block is in makes a difference in the last bits of
	// the sums only.
	parts := make([]exactSums, runtime.GOMAXPROCS(0))
	var wg sync.WaitGroup
	for p := range parts {
		p := p
		wg.Add(1)
		go func() {
			defer wg.Done()
			s, next := New(20231210).Derive(33), New(20231210).Derive(34)
			first, last := blocks*uint64(p)/uint64(len(parts)), blocks*uint64(p+1)/uint64(len(parts))
			for b := first; b < last; b++ {
				parts[p].add(s, next, b*exactBlock)
			}
		}()
	}
	wg.Wait()
	all := &parts[0]
	for i := range parts[1:] {
		all.merge(&parts[1+i])
	}

	root := math.Sqrt(n)
	within(t, "mean", 0, 1/root, all.moments[1]/n)
	within(t, "second moment", 1, math.Sqrt(2)/root, all.moments[2]/n)
	within(t, "third moment", 0, math.Sqrt(15)/root, all.moments[3]/n)
	within(t, "fourth moment", 3, math.Sqrt(96)/root, all.moments[4]/n)
	for i, lag := range exactLags {
		pairs := math.Sqrt(n / exactBlock * float64(exactBlock-lag))
		within(t, fmt.Sprintf("correlation at distance %d", lag), 0, 1, all.lags[i]/pairs)
		within(t, fmt.Sprintf("correlation of squares at distance %d", lag), 0, 2, all.lags2[i]/pairs)
	}
	within(t, "correlation with the next stream", 0, 1, all.cross[0]/root)
	within(t, "correlation of squares with the next stream", 0, 2, all.cross[1]/root)
	for i := range all.place {
		m := n / exactGroups
		within(t, fmt.Sprintf("sum at place %d", i), 0, math.Sqrt(m), all.place[i])
		within(t, fmt.Sprintf("sum of squares at place %d", i), m, math.Sqrt(2*m), all.place2[i])
	}

	// The bins, those of fewer than 100 expected elements together.
	edge := func(i int) float64 { return float64(i)/exactBins - exactLimit }
	var distance float64
	var counts []int
	var expected []float64
	below, count, mass := 0, 0, 0.0
	for i, c := range all.counts {
		below += c
		distance = math.Max(distance, math.Abs(float64(below)/n-normalCDF(edge(i+1))))
		count, mass = count+c, mass+n*normalMass(edge(i), edge(i+1))
		if mass >= 100 && n*normalMass(edge(i+1), exactLimit) >= 100 || i == len(all.counts)-1 {
			counts, expected = append(counts, count), append(expected, mass)
			count, mass = 0, 0
		}
	}
	assert.Equal(t, int(n/exactBlock), below/exactBlock)
	chi2(t, fmt.Sprint(len(counts), " bins"), counts, func(i int) float64 { return expected[i] })
	// P(√n·D > 2.74) = 2·exp(−2·2.74²) = 6e-7
	t.Logf("Kolmogorov-Smirnov: √n·D = %.3f, P = %.3g", root*distance, 2*math.Exp(-2*root*distance*root*distance))
	assert.Less(t, root*distance, 2.74)
	for _, bound := range []float64{4, 4.5, 5, 5.5, 5.75} {
		p := normalMass(bound, exactLimit)
		if n*p < 25 {
			break
		}
		var above, below int
		for i, c := range all.counts {
			if edge(i) >= bound {
				above += c
			}
			if edge(i+1) <= -bound {
				below += c
			}
		}
		within(t, fmt.Sprint("elements above ", bound), n*p, math.Sqrt(n*p), float64(above))
		within(t, fmt.Sprint("elements below ", -bound), n*p, math.Sqrt(n*p), float64(below))
	}
}

// normalMass is the probability of [a, b), exact in both tails.
func normalMass(a, b float64) float64 {
	if a+b > 0 {
		a, b = -b, -a
	}
	return normalCDF(b) - normalCDF(a)
}

// add takes the block from element off on.
func (e *exactSums) add(s, next Stream, off uint64) {
	var z, z2, other, d, d2 [exactBlock]float64
	Fill(z[:], s, off)
	for _, v := range z {
		e.counts[int((v+exactLimit)*exactBins)]++
	}
	vec.Mul(z2[:], z[:], z[:])
	e.moments[1] += vec.Sum(z[:])
	e.moments[2] += vec.Sum(z2[:])
	e.moments[3] += vec.Dot(z2[:], z[:])
	e.moments[4] += vec.SumSq(z2[:])
	for i := range d {
		d[i] = z2[i] - 1
	}
	for i, lag := range exactLags {
		e.lags[i] += vec.Dot(z[lag:], z[:exactBlock-lag])
		e.lags2[i] += vec.Dot(d[lag:], d[:exactBlock-lag])
	}
	Fill(other[:], next, off)
	e.cross[0] += vec.Dot(z[:], other[:])
	vec.Mul(d2[:], other[:], other[:])
	e.cross[1] += vec.Dot(d[:], d2[:]) - vec.Sum(d[:])
	for i := 0; i < exactBlock; i += exactGroups {
		vec.Add(e.place[:], e.place[:], z[i:i+exactGroups])
		vec.Add(e.place2[:], e.place2[:], z2[i:i+exactGroups])
	}
}

func (e *exactSums) merge(o *exactSums) {
	for i, c := range o.counts {
		e.counts[i] += c
	}
	vec.Add(e.moments[:], e.moments[:], o.moments[:])
	vec.Add(e.lags[:], e.lags[:], o.lags[:])
	vec.Add(e.lags2[:], e.lags2[:], o.lags2[:])
	vec.Add(e.cross[:], e.cross[:], o.cross[:])
	vec.Add(e.place[:], e.place[:], o.place[:])
	vec.Add(e.place2[:], e.place2[:], o.place2[:])
}
