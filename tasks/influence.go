package tasks

import (
	"fmt"

	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/unroll"
	"github.com/noise-reuse/nres/vec"
)

// Influence is influence balancing (Tallec and Ollivier, "Unbiasing truncated
// backpropagation through time", 2017), where what θ does at once and what it does
// in the long run have opposite signs, so that truncation leads the wrong way:
//
//	s_t = A·s_{t−1} + θ·(1, …, 1, −1, …, −1)ᵀ,   10 times 1 and 13 times −1,
//
// with ½ on the diagonal and the superdiagonal of A, s_0 = (1, …, 1), one scalar θ,
// and the loss ½(s_t[0] − 1)². At first a larger θ raises s[0]; in the end s[0] is
// −6θ. The loss satisfies Assumption 2 of Li et al., NeurIPS 2023.
type Influence[F vec.Float] struct {
	horizon   int
	half, one []F // rows of constants
}

const (
	influenceLen   = 23
	influenceFirst = 10 // as many elements to which θ is added
)

// InfluenceStart is the θ that published runs start from.
const InfluenceStart = 0.5

// InfluenceHorizon is the T of the registered task. Published runs never end an
// episode, but evaluate 500 steps.
const InfluenceHorizon = 500

// NewInfluence returns the problem with the given horizon, at least 1.
func NewInfluence[F vec.Float](horizon int) (*Influence[F], error) {
	if horizon < 1 {
		return nil, fmt.Errorf("tasks: the horizon is %d; Influence needs at least one step", horizon)
	}
	n := &Influence[F]{horizon, make([]F, unroll.MaxLanes), make([]F, unroll.MaxLanes)}
	for j := range n.half {
		n.half[j], n.one[j] = 0.5, 1
	}
	return n, nil
}

// ParamLen returns 1.
func (n *Influence[F]) ParamLen() int { return 1 }

// StateLen returns 23.
func (n *Influence[F]) StateLen() int { return influenceLen }

// Horizon returns T.
func (n *Influence[F]) Horizon() int { return n.horizon }

// Init sets s to ones.
func (n *Influence[F]) Init(s []F, _ noise.Stream) {
	for i := range s {
		s[i] = 1
	}
}

// Step makes one step and returns ½(s[0] − 1)².
func (n *Influence[F]) Step(s, theta []F, _ int, _ noise.Stream) F {
	th := theta[0]
	s = s[:influenceLen]
	for i := 0; i < influenceFirst; i++ {
		s[i] = F(0.5*(s[i]+s[i+1])) + th
	}
	for i := influenceFirst; i < influenceLen-1; i++ {
		s[i] = F(0.5*(s[i]+s[i+1])) - th
	}
	s[influenceLen-1] = F(0.5*s[influenceLen-1]) - th
	e := s[0] - 1
	return F(0.5 * e * e)
}

// JVP is the derivative of a step, as [unroll.Differentiable] has it.
func (n *Influence[F]) JVP(ds, dtheta, s, theta []F, t int, env noise.Stream) (dloss F) {
	n.Step(ds, dtheta, t, env) // which is linear
	return (F(0.5*(s[0]+s[1])) + theta[0] - 1) * ds[0]
}

// VJP is the gradient of a step, as [unroll.Differentiable] has it.
func (n *Influence[F]) VJP(ds, dtheta, s, theta []F, dloss F, _ int, _ noise.Stream) {
	ds[0] += F(dloss * (F(0.5*(s[0]+s[1])) + theta[0] - 1))
	dtheta[0] += timesB(ds)
	timesA(ds)
}

// timesA sets the row vector v to v·A.
func timesA[F vec.Float](v []F) {
	for k := influenceLen - 1; k > 0; k-- {
		v[k] = F(0.5 * (v[k] + v[k-1]))
	}
	v[0] *= 0.5
}

// timesB returns the product of the row vector v and the signs that θ is added with.
func timesB[F vec.Float](v []F) (sum F) {
	for k, x := range v[:influenceLen] {
		if k < influenceFirst {
			sum += x
		} else {
			sum -= x
		}
	}
	return sum
}

// WindowLanes makes steps of every lane, a row of the state at a time.
func (n *Influence[F]) WindowLanes(s, theta []F, _ []int, steps int, _ []noise.Stream, sum []F) {
	var rows [3][unroll.MaxLanes]F
	w := len(sum)
	minus, e, halfE := rows[0][:w], rows[1][:w], rows[2][:w]
	half, one := n.half[:w], n.one[:w]
	vec.Scale(minus, -1, theta)
	for ; steps > 0; steps-- {
		for i := 0; i < influenceLen; i++ {
			row, add := s[i*w:(i+1)*w], theta
			if i >= influenceFirst {
				add = minus
			}
			if i < influenceLen-1 {
				vec.Add(row, row, s[(i+1)*w:(i+2)*w])
			}
			vec.MulAdd(row, half, row, add)
		}
		vec.Sub(e, s[:w], one)
		vec.Scale(halfE, 0.5, e)
		vec.MulAdd(sum, halfE, e, sum)
	}
}

// Partials sets g, of length t, to the g_i^t of Assumption 2 at theta: the
// derivatives of L_t by the parameters of steps 1, …, t.
func (n *Influence[F]) Partials(g, theta []F, t int) {
	s := make([]F, influenceLen)
	n.Init(s, noise.Stream{})
	for k := 1; k <= t; k++ {
		n.Step(s, theta, k, noise.Stream{})
	}
	// row is the first row of A^(t−i); times the signs it is ∂s_t[0]/∂θ_i.
	row := make([]F, influenceLen)
	row[0] = 1
	for i := t; i >= 1; i-- {
		g[i-1] = (s[0] - 1) * timesB(row)
		timesA(row)
	}
}

// Best returns the θ whose episode has the least mean loss, smoothed or not. It
// tends to −1/6 with the horizon.
func (n *Influence[F]) Best() float64 {
	// s_t[0] = b_t + θ·c_t, so it's a least-squares problem.
	exact := &Influence[float64]{horizon: n.horizon}
	var s [2][influenceLen]float64
	for k := range s {
		exact.Init(s[k][:], noise.Stream{})
	}
	var above, below float64
	for t := 1; t <= n.horizon; t++ {
		for k := range s {
			exact.Step(s[k][:], []float64{float64(k)}, t, noise.Stream{})
		}
		b, c := s[0][0], s[1][0]-s[0][0]
		above += float64(c * (1 - b))
		below += float64(c * c)
	}
	return above / below
}

var (
	_ unroll.Laner[float32]          = (*Influence[float32])(nil)
	_ unroll.Differentiable[float32] = (*Influence[float32])(nil)
)

func influenceTask() Task {
	n, err := NewInfluence[float32](InfluenceHorizon)
	if err != nil {
		panic(err)
	}
	return Task{
		Name:    "influence",
		Summary: "influence balancing: short and long run disagree (Tallec and Ollivier, 2017)",
		Params:  []string{"θ"},
		Start:   []float64{InfluenceStart},
		Truth:   []float64{n.Best()},
		New:     func([]float64) (unroll.System[float32], error) { return n, nil },
		Workers: 1000, Window: 1, Sigma: 0.1,
		Optimizer: "sgd", LR: 1e-4, Iterations: 3000,
	}
}
