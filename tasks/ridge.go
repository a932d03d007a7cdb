package tasks

import (
	"fmt"
	"math"

	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/tasks/data"
	"github.com/noise-reuse/nres/vec"
	"github.com/noise-reuse/nres/vec/scalar"
)

// Ridge is linear regression by gradient descent, whose regularisation is tuned on
// other rows while it goes on (Vicol et al., ICML 2021, on UCI's yacht data): θ = ln λ of
//
//	½‖X·w − y‖² + ½λ‖w‖²
//
// over four fifths of the rows, of which a step is w −= 0.001·gradient, and the loss is
// ½‖X′·w − y′‖² over the others. Inputs and outputs are normalised, to mean 0 and
// variance 1 over all rows; there is no intercept. w starts from standard normals, the
// same in all episodes.
type Ridge[F vec.Float] struct {
	horizon int
	train   gram[F]
	held    gram[F]
	start   []F
}

// RidgeHorizon is the published T. Published runs have N = 4 (two pairs), W = 1,
// σ = 0.01, Adam with learning rate 0.003 for 50,000 iterations, and start from six
// values of θ.
const RidgeHorizon = 1_000_000

const ridgeRate = 0.001

// RidgeStarts are the θ that published runs start from.
var RidgeStarts = [6]float64{5, 3, 1, -1, -3, -5}

// gram is ½‖X·w − y‖² as ½wᵀAw − bᵀw + c, with A = XᵀX, b = Xᵀy, c = ½yᵀy.
type gram[F vec.Float] struct {
	a    []F // row by row
	b    []F
	c    F
	rows int
}

// NewRidge returns the problem with the given horizon, at least 1. The seed decides
// which rows are for training, and on w's start. There must be at least 5 rows, and
// no column may be constant.
func NewRidge[F vec.Float](set *data.Regression, horizon int, seed uint64) (*Ridge[F], error) {
	switch {
	case horizon < 1:
		return nil, fmt.Errorf("tasks: the horizon is %d; Ridge needs at least one step", horizon)
	case set == nil:
		return nil, fmt.Errorf("tasks: there are no rows; Ridge needs at least 5")
	case set.Len() < 5 || set.Inputs < 1 || len(set.X) != set.Len()*set.Inputs:
		return nil, fmt.Errorf("tasks: %d rows with %d inputs of %d; Ridge needs at least 5 rows, and an input",
			set.Len(), set.Inputs, len(set.X))
	}
	n, d := set.Len(), set.Inputs
	x, y := append([]float64(nil), set.X...), append([]float64(nil), set.Y...)
	for k := 0; k < d; k++ {
		if !normalise(x, k, d) {
			return nil, fmt.Errorf("tasks: input %d is the same in all rows, or not finite; Ridge can't normalise it", k)
		}
	}
	if !normalise(y, 0, 1) {
		return nil, fmt.Errorf("tasks: the output is the same in all rows, or not finite; Ridge can't normalise it")
	}
	root := noise.New(seed)
	order := shuffled(n, root.Derive(0))
	cut := 4 * n / 5
	r := &Ridge[F]{horizon, newGram[F](x, y, d, order[:cut]), newGram[F](x, y, d, order[cut:]), make([]F, d)}
	noise.Fill(r.start, root.Derive(1), 0)
	return r, nil
}

// normalise gives every stride-th element of x from k on mean 0 and variance 1. It
// says whether that is possible.
func normalise(x []float64, k, stride int) bool {
	n := float64(len(x) / stride)
	var mean, square float64
	varies := false
	for i := k; i < len(x); i += stride {
		mean += x[i] / n
		varies = varies || x[i] != x[k]
	}
	for i := k; i < len(x); i += stride {
		x[i] -= mean
		square += float64(x[i] * x[i])
	}
	sd := math.Sqrt(square / n)
	for i := k; i < len(x); i += stride {
		x[i] /= sd
	}
	return varies && sd > 0 && !math.IsInf(sd, 0)
}

// shuffled returns 0 to n−1 in a random order.
func shuffled(n int, s noise.Stream) []int {
	order := make([]int, n)
	for i := range order {
		// Fisher and Yates, from the front.
		j := int(uint64(s.Word(uint64(i))) * uint64(i+1) >> 32)
		order[i] = order[j]
		order[j] = i
	}
	return order
}

func newGram[F vec.Float](x, y []float64, d int, rows []int) gram[F] {
	a, b, c := make([]float64, d*d), make([]float64, d), 0.0
	for _, i := range rows {
		row := x[i*d : (i+1)*d]
		for k, v := range row {
			vec.Axpy(a[k*d:(k+1)*d], v, row)
		}
		vec.Axpy(b, y[i], row)
		c += float64(0.5 * float64(y[i]*y[i]))
	}
	g := gram[F]{make([]F, d*d), make([]F, d), F(c), len(rows)}
	for i, v := range a {
		g.a[i] = F(v)
	}
	for i, v := range b {
		g.b[i] = F(v)
	}
	return g
}

// slope returns element k of A·w − b.
func (g *gram[F]) slope(k int, w []F) F {
	d := len(w)
	return vec.Dot(g.a[k*d:(k+1)*d], w) - g.b[k]
}

// ParamLen returns 1.
func (r *Ridge[F]) ParamLen() int { return 1 }

// StateLen returns twice the number of inputs: w, and room for its gradient.
func (r *Ridge[F]) StateLen() int { return 2 * len(r.start) }

// Horizon returns T.
func (r *Ridge[F]) Horizon() int { return r.horizon }

// Init sets w to its start.
func (r *Ridge[F]) Init(s []F, _ noise.Stream) {
	for i := copy(s, r.start); i < len(s); i++ {
		s[i] = 0
	}
}

// Step makes one step of gradient descent and returns the loss on the rows that are
// held out.
func (r *Ridge[F]) Step(s, theta []F, _ int, _ noise.Stream) F {
	w, g := s[:len(r.start)], s[len(r.start):]
	lambda := scalar.Exp(theta[0])
	for k := range w {
		g[k] = r.train.slope(k, w) + F(lambda*w[k])
	}
	vec.Axpy(w, -ridgeRate, g)
	return r.loss(w)
}

func (r *Ridge[F]) loss(w []F) F {
	loss := r.held.c
	for k, v := range w {
		loss += F(v * F(0.5*(r.held.slope(k, w)-r.held.b[k])))
	}
	return loss
}

// Settled returns the loss of a step in the long run, when w has become
// (XᵀX + λ)⁻¹Xᵀy, the minimum under that λ.
func (r *Ridge[F]) Settled(lnLambda float64) float64 {
	d := len(r.start)
	lambda := scalar.Exp(lnLambda)
	m, w := make([]float64, d*d), make([]float64, d)
	for i, v := range r.train.a {
		m[i] = float64(v)
	}
	for k, v := range r.train.b {
		m[k*d+k] += lambda
		w[k] = float64(v)
	}
	// Gaussian elimination: the matrix is positive definite, no rows need be exchanged.
	for k := 0; k < d; k++ {
		for i := k + 1; i < d; i++ {
			f := -m[i*d+k] / m[k*d+k]
			vec.Axpy(m[i*d:(i+1)*d], f, m[k*d:(k+1)*d])
			w[i] += float64(f * w[k])
		}
	}
	for k := d - 1; k >= 0; k-- {
		w[k] /= m[k*d+k]
		for i := 0; i < k; i++ {
			w[i] -= float64(m[i*d+k] * w[k])
		}
	}
	out := make([]F, d)
	for k, v := range w {
		out[k] = F(v)
	}
	return float64(r.loss(out))
}
