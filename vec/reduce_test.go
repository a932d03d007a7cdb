package vec

import (
	"math"
	"testing"
)

// reduce is the loop of the package documentation.
func reduce[F Float](n int, term func(int) F) F {
	var acc [4][16]F
	for i := 0; i < n; i++ {
		acc[i/16%4][i%16] += term(i)
	}
	var lane [16]F
	for j := 0; j < 16; j++ {
		lane[j] = (acc[0][j] + acc[1][j]) + (acc[2][j] + acc[3][j])
	}
	for w := 8; w > 0; w /= 2 {
		for j := 0; j < w; j++ {
			lane[j] += lane[j+w]
		}
	}
	return lane[0]
}

// reversed adds the same terms to the same lanes, but the rows in another order.
func reversed[F Float](n int, term func(int) F) F {
	var row [64]F
	for i := 0; i < n; i++ {
		row[(63-i%64)/16*16+i%16] += term(i)
	}
	return reduce(64, func(i int) F { return row[(i+16)%64] })
}

func sequential[F Float](n int, term func(int) F) (s F) {
	for i := 0; i < n; i++ {
		s += term(i)
	}
	return s
}

func TestReductions(t *testing.T) {
	t.Run("float32", testReductions[float32])
	t.Run("float64", testReductions[float64])
}

func testReductions[F Float](t *testing.T) {
	var s splitmix
	const longest = 4*64 + 1
	sums, long, otherOrder, otherRows := 0, 0, 0, 0
	for n := 0; n <= longest; n++ {
		a, b := uniform[F](&s, n, 1), uniform[F](&s, n, 1)
		for i := range a { // magnitudes from 1 to 2^-7
			a[i] /= F(int(1) << (s.next() % 8))
		}
		for _, c := range []struct {
			name string
			got  F
			term func(int) F
		}{
			{"Dot", Dot(a, b), func(i int) F { return F(a[i] * b[i]) }},
			{"Sum", Sum(a), func(i int) F { return a[i] }},
			{"SumSq", SumSq(a), func(i int) F { return F(a[i] * a[i]) }},
		} {
			want := reduce(n, c.term)
			if toBits(want) != toBits(c.got) {
				t.Fatalf("%s, length %d: got %v, want %v", c.name, n, c.got, want)
			}
			if n > 16 {
				sums++
				if sequential(n, c.term) != want {
					otherOrder++
				}
			}
			if n > 48 {
				long++
				if reversed(n, c.term) != want {
					otherRows++
				}
			}
		}
	}
	// The inputs tell orders apart.
	if otherOrder < sums/2 || otherRows < long/4 {
		t.Errorf("of %d sums only %d differ when added one after the other; of %d, only %d with other rows", sums, otherOrder, long, otherRows)
	}
}

func TestReductionsNeverReturnMinusZero(t *testing.T) {
	t.Run("float32", testNeverMinusZero[float32])
	t.Run("float64", testNeverMinusZero[float64])
}

func testNeverMinusZero[F Float](t *testing.T) {
	for n := 0; n < 3*64; n++ {
		minus, plus := make([]F, n), make([]F, n)
		for i := range minus {
			minus[i] = F(math.Copysign(0, -1))
		}
		for _, got := range []F{Sum(minus), Dot(minus, plus), Dot(plus, minus), SumSq(minus)} {
			if toBits(got) != 0 {
				t.Errorf("-0 at length %d", n)
			}
		}
	}
}

func TestReductionsSpecial(t *testing.T) {
	inf := math.Inf(1)
	for n := 1; n < 140; n++ {
		for i := 0; i < n; i++ {
			x := make([]float64, n)
			x[i] = -inf
			if Sum(x) != -inf || SumSq(x) != inf || !math.IsNaN(Dot(x, make([]float64, n))) {
				t.Fatalf("-Inf at %d of %d", i, n)
			}
		}
	}
}
