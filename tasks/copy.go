package tasks

import (
	"fmt"
	"math"
	"sync"

	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/vec"
	"github.com/noise-reuse/nres/vec/scalar"
)

// Copy is the copy task (Vicol, ES-Single, 2023): an LSTM reads bits, then as many
// blanks, during which it is to say the bits again:
//
//	input   0 1 1 - - -
//	output        0 1 1
//
// so that an estimator learns from an episode of T = 2·Bits steps only if it sees
// what a weight did Bits steps ago. θ is the matrix of the LSTM, row by row, then the
// weights of the output and its bias. The matrix has a row for each of the symbols 0, 1
// and blank and for each hidden unit, and a column for each gate of each unit (first all
// in, then forget, out and new). The sequences of an episode are drawn from its stream.
//
// The loss of a step is 0 while bits are read, and then the cross-entropy of the bit in
// nats, averaged over the sequences of a batch: ln 2 where everything is forgotten. The
// mean loss of an episode is therefore half the loss of a bit.
//
// The state is, for each sequence of the batch, hidden units and cells. A step takes
// 4·Hidden² + 9·Hidden multiplications and 5·Hidden tanh for each of them.
type Copy[F vec.Float] struct {
	bits, hidden, batch int
	at                  []int // where the rows of the hidden units are in theta
	rows                *sync.Pool
}

// NewCopy returns the problem; each argument must be at least 1. Sizes have not been
// published.
func NewCopy[F vec.Float](bits, hidden, batch int) (*Copy[F], error) {
	for _, c := range []struct {
		name  string
		value int
	}{{"number of bits", bits}, {"number of hidden units", hidden}, {"batch", batch}} {
		if c.value < 1 {
			return nil, fmt.Errorf("tasks: the %s is %d; Copy needs at least 1", c.name, c.value)
		}
	}
	at := make([]int, hidden)
	for i := range at {
		at[i] = (copySymbols + i) * 4 * hidden
	}
	return &Copy[F]{bits, hidden, batch, at, &sync.Pool{New: func() any {
		row := make([]F, 5*hidden)
		return &row
	}}}, nil
}

const (
	copySymbols = 3
	blank       = 2
)

// Bits returns the number of bits.
func (c *Copy[F]) Bits() int { return c.bits }

// ParamLen returns 4·Hidden·(Hidden + 3) + Hidden + 1.
func (c *Copy[F]) ParamLen() int { return 4*c.hidden*(copySymbols+c.hidden) + c.hidden + 1 }

// StateLen returns 2·Hidden·Batch.
func (c *Copy[F]) StateLen() int { return 2 * c.hidden * c.batch }

// Horizon returns 2·Bits.
func (c *Copy[F]) Horizon() int { return 2 * c.bits }

// Init sets s to 0.
func (c *Copy[F]) Init(s []F, _ noise.Stream) {
	for i := range s {
		s[i] = 0
	}
}

// Start sets theta to initial weights: normals of variance 1/Hidden, but 1 for the
// bias of the forget gates, which is the same for all symbols, and 0 for that of the
// output.
func (c *Copy[F]) Start(theta []F, s noise.Stream) {
	noise.Fill(theta, s, 0)
	vec.Scale(theta, F(1/math.Sqrt(float64(c.hidden))), theta)
	h := c.hidden
	for symbol := 0; symbol < copySymbols; symbol++ {
		forget := theta[(4*symbol+1)*h : (4*symbol+2)*h]
		for i := range forget {
			forget[i]++
		}
	}
	theta[len(theta)-1] = 0
}

// bit returns bit i of sequence k.
func (c *Copy[F]) bit(env noise.Stream, k, i int) int {
	n := uint64(k)*uint64(c.bits) + uint64(i)
	return int(env.Word(n/32) >> (n % 32) & 1)
}

// symbol returns what the LSTM of sequence k reads at step t.
func (c *Copy[F]) symbol(env noise.Stream, k, t int) int {
	if t > c.bits {
		return blank
	}
	return c.bit(env, k, t-1)
}

// cell makes one step of one LSTM. gates, of length 4·Hidden, are then the activations.
func (c *Copy[F]) cell(theta, gates, hidden, cells, tanh []F, symbol int) {
	h := c.hidden
	copy(gates, theta[symbol*4*h:])
	vec.AxpyRows(gates, hidden, theta, c.at)
	// The logistic function of x is ½ + ½·tanh(x/2).
	sigmoids := gates[:3*h]
	vec.Scale(sigmoids, 0.5, sigmoids)
	vec.Tanh(gates, gates)
	for i, v := range sigmoids {
		sigmoids[i] = 0.5 + F(0.5*v)
	}
	in, forget, out, fresh := gates[:h], gates[h:2*h], gates[2*h:3*h], gates[3*h:]
	vec.Mul(cells, cells, forget)
	vec.MulAdd(cells, in, fresh, cells)
	vec.Tanh(tanh, cells)
	vec.Mul(hidden, out, tanh)
}

// say returns the cross-entropy of a bit, and its derivative by the score.
func (c *Copy[F]) say(theta, hidden []F, bit int) (loss, slope F) {
	w := theta[len(theta)-c.hidden-1:]
	score := vec.Dot(w[:c.hidden], hidden) + w[c.hidden]
	if bit == 1 {
		score = -score
	}
	// ln(1 + e^score), of what speaks for the other bit.
	if score > 0 {
		e := scalar.Exp(-score)
		loss, slope = score+scalar.Log(1+e), 1/(1+e)
	} else {
		e := scalar.Exp(score)
		loss, slope = scalar.Log(1+e), e/(1+e)
	}
	if bit == 1 {
		slope = -slope
	}
	return loss, slope
}

// Step lets every sequence's LSTM read a symbol and returns the loss.
func (c *Copy[F]) Step(s, theta []F, t int, env noise.Stream) (loss F) {
	row := c.rows.Get().(*[]F)
	gates, tanh := (*row)[:4*c.hidden], (*row)[4*c.hidden:]
	for k := 0; k < c.batch; k++ {
		hidden, cells := c.sequence(s, k)
		c.cell(theta, gates, hidden, cells, tanh, c.symbol(env, k, t))
		if t > c.bits {
			l, _ := c.say(theta, hidden, c.bit(env, k, t-1-c.bits))
			loss += l
		}
	}
	c.rows.Put(row)
	return loss / F(c.batch)
}

// sequence returns the parts of a state that belong to sequence k.
func (c *Copy[F]) sequence(s []F, k int) (hidden, cells []F) {
	h := c.hidden
	s = s[2*h*k : 2*h*(k+1)]
	return s[:h], s[h:]
}

// Backpropagate advances s by n steps from s_t0, as unroll.Window does, and adds the
// gradient of the sum of their losses, as if s_t0 did not depend on theta, to grad: for
// n = T that is backpropagation through time, for less truncated. It returns the sum of
// the losses. It allocates memory for all activations of n steps.
func (c *Copy[F]) Backpropagate(grad, s, theta []F, t0, n int, env noise.Stream) (sum F) {
	h := c.hidden
	each := 1 / F(c.batch)
	// Of every step: hidden and cells before, gates, tanh of cells after, hidden after.
	const parts = 8
	tape := make([]F, parts*h*n)
	dHidden, dCells, dGates, up := make([]F, h), make([]F, h), make([]F, 4*h), make([]F, h)
	for k := 0; k < c.batch; k++ {
		hidden, cells := c.sequence(s, k)
		slopes := make([]F, n)
		for j := 0; j < n; j++ {
			step := tape[parts*h*j : parts*h*(j+1)]
			copy(step, hidden)
			copy(step[h:], cells)
			c.cell(theta, step[2*h:6*h], hidden, cells, step[6*h:7*h], c.symbol(env, k, t0+j+1))
			copy(step[7*h:], hidden)
			if t := t0 + j + 1; t > c.bits {
				var l F
				l, slopes[j] = c.say(theta, hidden, c.bit(env, k, t-1-c.bits))
				sum += F(l * each)
				slopes[j] *= each
			}
		}
		for i := range dHidden {
			dHidden[i], dCells[i] = 0, 0
		}
		w, dw := theta[len(theta)-h-1:], grad[len(theta)-h-1:]
		for j := n - 1; j >= 0; j-- {
			step := tape[parts*h*j : parts*h*(j+1)]
			before, cellsBefore, tanh := step[:h], step[h:2*h], step[6*h:7*h]
			in, forget, out, fresh := step[2*h:3*h], step[3*h:4*h], step[4*h:5*h], step[5*h:6*h]
			vec.Axpy(dw[:h], slopes[j], step[7*h:])
			dw[h] += slopes[j]
			vec.Axpy(dHidden, slopes[j], w[:h])
			for i := 0; i < h; i++ {
				d := dHidden[i]
				dc := dCells[i] + F(F(d*out[i])*(1-F(tanh[i]*tanh[i])))
				dGates[i] = F(F(dc*fresh[i]) * F(in[i]*(1-in[i])))
				dGates[h+i] = F(F(dc*cellsBefore[i]) * F(forget[i]*(1-forget[i])))
				dGates[2*h+i] = F(F(d*tanh[i]) * F(out[i]*(1-out[i])))
				dGates[3*h+i] = F(F(dc*in[i]) * (1 - F(fresh[i]*fresh[i])))
				dCells[i] = dc * forget[i]
			}
			symbol := c.symbol(env, k, t0+j+1)
			vec.Axpy(grad[symbol*4*h:(symbol+1)*4*h], 1, dGates)
			for i, v := range before {
				at := c.at[i]
				vec.Axpy(grad[at:at+4*h], v, dGates)
				up[i] = vec.Dot(theta[at:at+4*h], dGates)
			}
			dHidden, up = up, dHidden
		}
	}
	return sum
}
