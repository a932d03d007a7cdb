package estimator

import (
	"fmt"
	"math"

	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/vec"
)

// A Matrix is a part of theta, Rows·Cols parameters row by row. A vector is a Matrix
// with one column. The type has no name of its own, so that packages that know nothing of this
// one can return it.
type Matrix = struct{ Rows, Cols int }

// EvenBuckets cuts d parameters into as few buckets of at most size as it takes, all
// of that size but the last one. (Zhang, Clune and Stanley, 2017: 3,274,634
// parameters by 5,000 are 655 buckets, the last of 4,634.) It panics if d or size is
// below 1.
func EvenBuckets(d, size int) []int {
	if d < 1 || size < 1 {
		panic("estimator: d and size must be positive")
	}
	var buckets []int
	for ; d > size; d -= size {
		buckets = append(buckets, size)
	}
	return append(buckets, d)
}

// A perturbation is how a stream becomes ε: on which parameters, and made of what.
type perturbation[F vec.Float] struct {
	signs   bool
	sigma   F
	starts  []int // of the buckets, and d
	parts   []part
	rank    int
	scratch int // elements that pair and combine need, where the rank is low
}

// A part of theta is perturbed by σε, or by σABᵀ/√r if it is a matrix whose A and B
// are smaller.
type part struct {
	lo, hi int
	Matrix
	low bool
	at  []int // where rows of Cols elements begin
}

func (p *perturbation[F]) init(d int, cfg *Config) error {
	p.signs, p.sigma, p.rank = cfg.Noise == Signs, F(cfg.Sigma), cfg.Rank
	lo := 0
	p.starts = []int{0}
	for i, n := range cfg.Buckets {
		if n < 1 || n > d-lo {
			return bad("Buckets", fmt.Sprintf("%d at [%d]", n, i), left(lo, d))
		}
		lo += n
		p.starts = append(p.starts, lo)
	}
	switch {
	case cfg.Buckets == nil:
		p.starts = append(p.starts, d)
	case lo != d:
		return bad("Buckets", fmt.Sprint(lo, " parameters in all"), fmt.Sprintf("d = %d: every parameter is in a bucket", d))
	}
	switch {
	case cfg.Rank < 0:
		return bad("Rank", cfg.Rank, "≥ 1, or 0 for perturbations without structure")
	case (cfg.Rank > 0) != (len(cfg.Matrices) > 0):
		return bad("Rank", fmt.Sprintf("%d with %d Matrices", cfg.Rank, len(cfg.Matrices)), "both or neither")
	case cfg.Rank > 0 && cfg.Buckets != nil:
		return bad("Buckets", fmt.Sprint(len(cfg.Buckets), " of them"), "none with Rank")
	}
	lo = 0
	for i, m := range cfg.Matrices {
		if m.Rows < 1 || m.Cols < 1 || m.Rows > (d-lo)/m.Cols {
			return bad("Matrices", fmt.Sprintf("%d×%d at [%d]", m.Rows, m.Cols, i), left(lo, d))
		}
		n := m.Rows * m.Cols
		low := p.rank <= n/(m.Rows+m.Cols) && p.rank*(m.Rows+m.Cols) < n
		k := part{lo, lo + n, m, low, nil}
		for i := 0; low && i < p.rank*p.panel(1, m.Cols); i++ {
			k.at = append(k.at, i*m.Cols)
		}
		p.parts = append(p.parts, k)
		lo += n
		if low && p.scratchLen(m) > p.scratch {
			p.scratch = p.scratchLen(m)
		}
	}
	if cfg.Rank > 0 && lo != d {
		return bad("Matrices", fmt.Sprint(lo, " parameters in all"), fmt.Sprintf("d = %d: every parameter is in one", d))
	}
	if len(cfg.Matrices) == 0 {
		p.parts = []part{{0, d, Matrix{d, 1}, false, nil}}
	}
	return nil
}

// left says what may follow what covers lo of d parameters.
func left(lo, d int) string {
	if lo == d {
		return fmt.Sprintf("nothing: those before it cover all d = %d parameters", d)
	}
	return fmt.Sprintf("1 to %d parameters: those before it cover %d of d = %d", d-lo, lo, d)
}

func (p *perturbation[F]) buckets() int { return len(p.starts) - 1 }

// bucket returns what a pair perturbs, given its turn: the buckets in order.
func (p *perturbation[F]) bucket(turn uint64) int {
	if p.buckets() == 1 {
		return 0
	}
	return int(turn % uint64(p.buckets()))
}

// pair sets plus and minus to theta ± σε, with ε in the bucket from lo to hi.
func (p *perturbation[F]) pair(plus, minus, theta []F, eps noise.Stream, lo, hi int, scratch []F) {
	if p.buckets() > 1 {
		copy(plus[:lo], theta)
		copy(plus[hi:], theta[hi:])
		copy(minus[:lo], theta)
		copy(minus[hi:], theta[hi:])
		p.plain(plus[lo:hi], minus[lo:hi], theta[lo:hi], eps, lo)
		return
	}
	for _, k := range p.parts {
		if k.low {
			p.low(plus[k.lo:k.hi], minus[k.lo:k.hi], theta[k.lo:k.hi], eps, k, scratch)
		} else {
			p.plain(plus[k.lo:k.hi], minus[k.lo:k.hi], theta[k.lo:k.hi], eps, k.lo)
		}
	}
}

func (p *perturbation[F]) plain(plus, minus, theta []F, eps noise.Stream, lo int) {
	if p.signs {
		noise.PerturbPairSigns(plus, minus, theta, p.sigma, eps, uint64(lo))
	} else {
		noise.PerturbPair(plus, minus, theta, p.sigma, eps, uint64(lo))
	}
}

func (p *perturbation[F]) fill(dst []F, eps noise.Stream, off uint64) {
	if p.signs {
		noise.FillSigns(dst, eps, off)
	} else {
		noise.Fill(dst, eps, off)
	}
}

// Of a part in low rank, the stream's elements from its first parameter on are the
// columns of A, one after the other, then those of B. A row of E = ABᵀ is the sum of
// the columns of B, weighed with that row of A, in order.

func (p *perturbation[F]) low(plus, minus, theta []F, eps noise.Stream, k part, scratch []F) {
	a := scratch[:p.rank*k.Rows]
	b := scratch[len(a):][:p.rank*k.Cols]
	e := scratch[len(a)+len(b):][:k.Cols]
	p.fill(scratch[:len(a)+len(b)], eps, uint64(k.lo))
	scale := p.sigma * p.unit()
	for i := 0; i < k.Rows; i++ {
		vec.Scale(e, a[i], b[:k.Cols])
		for q := 1; q < p.rank; q++ {
			vec.Axpy(e, a[q*k.Rows+i], b[q*k.Cols:][:k.Cols])
		}
		lo, hi := i*k.Cols, (i+1)*k.Cols
		copy(plus[lo:hi], theta[lo:hi])
		copy(minus[lo:hi], theta[lo:hi])
		vec.Axpy(plus[lo:hi], scale, e)
		vec.Axpy(minus[lo:hi], -scale, e)
	}
}

// unit is 1/√r, what makes the elements of ABᵀ of variance 1.
func (p *perturbation[F]) unit() F { return F(1 / math.Sqrt(float64(p.rank))) }

// lowRows is how many rows of a matrix a goroutine sums up at a time: so many that
// making B anew for them costs little.
const lowRows = 256

// panelLen is how many elements of As and Bs a goroutine makes at a time, while as
// many streams as that is sum up in the rows of the gradient. It fits the
// second-level cache.
const panelLen = 1 << 15

// panel returns the number of streams that are made together for so many rows.
func (p *perturbation[F]) panel(rows, cols int) int {
	if n := panelLen / (p.rank * (rows + cols)); n > 1 {
		return n
	}
	return 1
}

// scratchLen is how many elements pair and combineLow need: A, B, a row and a column, or, if
// that is more, a panel and a column of as many rows as are summed up at a time.
func (p *perturbation[F]) scratchLen(m Matrix) int {
	one := p.rank*(m.Rows+m.Cols) + m.Rows + m.Cols
	if one < panelLen+lowRows {
		return panelLen + lowRows
	}
	return one
}

// combineLow adds Σ w ABᵀ/√r to g, which are rows of part k from row on.
func (p *perturbation[F]) combineLow(g []F, ws []F, ss []noise.Stream, k part, row int, scratch []F) {
	rows, unit := len(g)/k.Cols, p.unit()
	n := p.panel(rows, k.Cols)
	for len(ws) > 0 {
		n = least(n, len(ws))
		// A row of a for each row of g; a row of b for each column of a.
		m := n * p.rank
		column, rest := scratch[:rows], scratch[rows:]
		a, b := rest[:rows*m], rest[rows*m:][:m*k.Cols]
		for j := 0; j < n; j++ {
			for q := 0; q < p.rank; q++ {
				p.fill(column, ss[j], uint64(k.lo+q*k.Rows+row))
				vec.Scale(column, F(ws[j]*unit), column)
				for i, v := range column {
					a[i*m+j*p.rank+q] = v
				}
			}
			p.fill(b[j*p.rank*k.Cols:][:p.rank*k.Cols], ss[j], uint64(k.lo+p.rank*k.Rows))
		}
		for i := 0; i < rows; i++ {
			vec.AxpyRows(g[i*k.Cols:(i+1)*k.Cols], a[i*m:(i+1)*m], b, k.at[:m])
		}
		ws, ss = ws[n:], ss[n:]
	}
}
