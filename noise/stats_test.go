package noise

import (
	"math"
	"sort"
	"testing"

	"github.com/stretchr/testify/assert"
)

// The statistical tests run on fixed seeds, so they pass or fail for good. Their
// bounds are five standard deviations of the statistic for exact normals: a
// generator that is right fails one with probability 6e-7.

func normalCDF(x float64) float64 { return 0.5 * math.Erfc(-x/math.Sqrt2) }

// within asserts that got is within five standard deviations of want.
func within(t *testing.T, what string, want, sd, got float64) {
	t.Helper()
	t.Logf("%s: %+.2f standard deviations", what, (got-want)/sd)
	if !(math.Abs(got-want) < 5*sd) {
		t.Errorf("%s: %v, want %v ± 5·%v", what, got, want, sd)
	}
}

// chi2 asserts that Pearson's statistic of the counts is that of the expected
// ones, in Wilson and Hilferty's normal approximation.
func chi2(t *testing.T, what string, counts []int, expected func(i int) float64) {
	t.Helper()
	var x float64
	for i, c := range counts {
		d := float64(c) - expected(i)
		x += d * d / expected(i)
	}
	k := float64(len(counts) - 1)
	within(t, what+": (χ²/k)^⅓", 1-2/(9*k), math.Sqrt(2/(9*k)), math.Cbrt(x/k))
}

// uniform is what chi2 expects of n samples in k bins of equal probability.
func uniform(n, k int) func(int) float64 {
	return func(int) float64 { return float64(n) / float64(k) }
}

func samples(t *testing.T, logN int) []float32 {
	if testing.Short() {
		t.Skip("long; the digests say that the samples are those of the machines that ran it")
	}
	z := make([]float32, 1<<logN)
	Fill(z, New(20231210), 0)
	return z
}

func TestMoments(t *testing.T) {
	z := samples(t, 22)
	var m [5]float64
	for _, v := range z {
		x := float64(v)
		m[1] += x
		m[2] += x * x
		m[3] += x * x * x
		m[4] += x * x * x * x
	}
	n := float64(len(z))
	root := math.Sqrt(n)
	within(t, "mean", 0, 1/root, m[1]/n)
	within(t, "second moment", 1, math.Sqrt(2)/root, m[2]/n)
	within(t, "third moment", 0, math.Sqrt(15)/root, m[3]/n)
	within(t, "fourth moment", 3, math.Sqrt(96)/root, m[4]/n)
}

func TestBins(t *testing.T) {
	z := samples(t, 22)
	counts := make([]int, 1000)
	for _, v := range z {
		counts[int(normalCDF(float64(v))*1000)]++
	}
	chi2(t, "1000 bins of equal probability", counts, uniform(len(z), 1000))
}

func TestKolmogorovSmirnov(t *testing.T) {
	z := samples(t, 20)
	sort.Slice(z, func(i, j int) bool { return z[i] < z[j] })
	n := float64(len(z))
	var d float64
	for i, v := range z {
		p := normalCDF(float64(v))
		d = math.Max(d, math.Max(p-float64(i)/n, float64(i+1)/n-p))
	}
	// P(√n·D > 2.74) = 2·exp(−2·2.74²) = 6e-7
	assert.Less(t, math.Sqrt(n)*d, 2.74)
	assert.Greater(t, math.Sqrt(n)*d, 0.27, "too good to be random: P(√n·D < 0.27) = 6e-7")
}

func TestTails(t *testing.T) {
	z := samples(t, 25)
	n := float64(len(z))
	for _, bound := range []float64{4, 5} {
		p := 1 - normalCDF(bound)
		var above, below float64
		for _, v := range z {
			if float64(v) > bound {
				above++
			}
			if float64(v) < -bound {
				below++
			}
		}
		within(t, "mass in the upper tail", n*p, math.Sqrt(n*p), above)
		within(t, "mass in the lower tail", n*p, math.Sqrt(n*p), below)
	}
}

// independent asserts that two sequences of standard normals are uncorrelated, in
// themselves, their squares and their signs, and that pairs of them are uniform on
// a grid of 16×16 equally probable cells.
func independent(t *testing.T, what string, x, y func(i int) float32, n int) {
	t.Helper()
	var xy, x2y2, x2y, xy2, sign float64
	counts := make([]int, 256)
	for i := 0; i < n; i++ {
		a, b := float64(x(i)), float64(y(i))
		xy += a * b
		x2y2 += (a*a - 1) * (b*b - 1) / 2
		x2y += (a*a - 1) * b / math.Sqrt2
		xy2 += a * (b*b - 1) / math.Sqrt2
		if a*b > 0 {
			sign++
		} else {
			sign--
		}
		counts[int(normalCDF(a)*16)*16+int(normalCDF(b)*16)]++
	}
	root := math.Sqrt(float64(n))
	for name, sum := range map[string]float64{"x·y": xy, "x²·y²": x2y2, "x²·y": x2y, "x·y²": xy2, "signs": sign} {
		within(t, what+": correlation of "+name, 0, 1, sum/root)
	}
	chi2(t, what+": grid", counts, uniform(n, 256))
}

func TestPairIsIndependent(t *testing.T) {
	z := samples(t, 21)
	at := func(stride, first int) func(int) float32 {
		return func(i int) float32 { return z[stride*i+first] }
	}
	independent(t, "the two of a Box-Muller pair", at(2, 0), at(2, 1), len(z)/2)
	independent(t, "neighbouring pairs", at(4, 1), at(4, 2), len(z)/4)
	independent(t, "neighbouring blocks", at(4, 3), func(i int) float32 { return z[(4*i+4)%len(z)] }, len(z)/4)
}

func TestNeighbouringStreamsAreIndependent(t *testing.T) {
	z := samples(t, 20)
	other := make([]float32, len(z))
	s := New(20231210)
	for what, o := range map[string]Stream{
		"Sub + 1":          {s.Key, s.Sub + 1},
		"Key + 1":          {s.Key + 1, s.Sub},
		"high word of Key": {s.Key + 1<<32, s.Sub},
		"child":            s.Derive(0),
		"child of Key^…":   Stream{s.Key ^ domain, s.Sub}.Derive(0),
	} {
		Fill(other, o, 0)
		independent(t, what, func(i int) float32 { return z[i] }, func(i int) float32 { return other[i] }, len(z))
	}
	Fill(z, s.Derive(1), 0)
	independent(t, "siblings", func(i int) float32 { return z[i] }, func(i int) float32 { return other[i] }, len(z))
}

func TestSigns(t *testing.T) {
	if testing.Short() {
		t.Skip("long")
	}
	z := make([]float32, 1<<22)
	FillSigns(z, New(4), 0)
	n := float64(len(z))
	for _, lag := range []int{0, 1, 31, 32, 127, 128} {
		var sum float64
		for i := range z {
			v := float64(z[i])
			if math.Abs(v) != 1 {
				t.Fatal(v)
			}
			if lag > 0 {
				v *= float64(z[(i+lag)%len(z)])
			}
			sum += v
		}
		within(t, "sum of products at a distance", 0, math.Sqrt(n), sum)
	}
	counts := make([]int, 256)
	for i := 0; i+8 <= len(z); i += 8 {
		b := 0
		for j := 0; j < 8; j++ {
			b = 2*b + int(1-z[i+j])/2
		}
		counts[b]++
	}
	chi2(t, "bytes of signs", counts, uniform(len(z)/8, 256))
}
