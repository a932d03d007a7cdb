package tasks

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/noise-reuse/nres/estimator"
	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/optim"
	"github.com/noise-reuse/nres/unroll"
	"github.com/noise-reuse/nres/vec"
)

// TestCopyGradient: backpropagation has the differences of the loss, on whole episodes
// and on parts of them.
func TestCopyGradient(t *testing.T) {
	c, err := NewCopy[float64](3, 4, 2)
	require.NoError(t, err)
	root := noise.New(1)
	theta := make([]float64, c.ParamLen())
	c.Start(theta, root.Derive(0))
	env := root.Derive(1)
	for _, part := range [][2]int{{0, 6}, {0, 1}, {2, 3}, {3, 1}, {5, 1}} {
		from := make([]float64, c.StateLen())
		c.Init(from, env)
		unroll.Window[float64](c, from, theta, 0, part[0], env)
		loss := func(s []float64) float64 {
			copy(s, from)
			return unroll.Window[float64](c, s, theta, part[0], part[1], env)
		}
		grad, s, want := make([]float64, len(theta)), append([]float64(nil), from...), make([]float64, len(from))
		sum := c.Backpropagate(grad, s, theta, part[0], part[1], env)
		assert.InDelta(t, loss(want), sum, 1e-14)
		assert.Equal(t, want, s)
		for i := range theta {
			const h = 1e-5
			at := theta[i]
			theta[i] = at + h
			up := loss(s)
			theta[i] = at - h
			down := loss(s)
			theta[i] = at
			require.InDelta(t, (up-down)/(2*h), grad[i], 1e-9, "%v, θ[%d]", part, i)
		}
	}
}

// TestCopyByHand compares one hidden unit with the formulas of an LSTM, written out.
func TestCopyByHand(t *testing.T) {
	c, err := NewCopy[float64](2, 1, 1)
	require.NoError(t, err)
	require.Equal(t, 4*(1+3)+1+1, c.ParamLen())
	require.Equal(t, 2, c.StateLen())
	require.Equal(t, 4, c.Horizon())
	theta := make([]float64, c.ParamLen())
	noise.Fill(theta, noise.New(1), 0)
	sigmoid := func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }
	seen := map[[2]int]bool{}
	for seed := uint64(0); seed < 20; seed++ {
		env := noise.New(seed)
		bits := [2]int{int(env.Word(0) & 1), int(env.Word(0) >> 1 & 1)}
		seen[bits] = true
		var h, cell float64
		s := []float64{3, 3}
		c.Init(s, env)
		for step := 1; step <= 4; step++ {
			symbol := 2
			if step <= 2 {
				symbol = bits[step-1]
			}
			var x [4]float64
			for gate := range x {
				x[gate] = theta[4*symbol+gate] + theta[12+gate]*h
			}
			cell = sigmoid(x[1])*cell + sigmoid(x[0])*math.Tanh(x[3])
			h = sigmoid(x[2]) * math.Tanh(cell)
			loss := c.Step(s, theta, step, env)
			assert.InDelta(t, h, s[0], 1e-14)
			assert.InDelta(t, cell, s[1], 1e-14)
			want := 0.0
			if step > 2 {
				p := sigmoid(theta[16]*h + theta[17])
				if bits[step-3] == 0 {
					p = 1 - p
				}
				want = -math.Log(p)
			}
			assert.InDelta(t, want, loss, 1e-14)
		}
	}
	assert.Len(t, seen, 4)
}

// TestCopyBits: sequences of a batch, and episodes, have bits of their own.
func TestCopyBits(t *testing.T) {
	c, err := NewCopy[float32](40, 2, 3)
	require.NoError(t, err)
	env := noise.New(1)
	seen := map[string]bool{}
	for _, env := range []noise.Stream{env, env.Derive(1)} {
		for k := 0; k < 3; k++ {
			var bits []byte
			for step := 1; step <= 40; step++ {
				bits = append(bits, '0'+byte(c.symbol(env, k, step)))
			}
			assert.Regexp(t, "^[01]{40}$", string(bits))
			seen[string(bits)] = true
			assert.Equal(t, blank, c.symbol(env, k, 41))
		}
	}
	assert.Len(t, seen, 6)
}

func TestCopyErrors(t *testing.T) {
	_, err := NewCopy[float32](0, 1, 1)
	assert.EqualError(t, err, "tasks: the number of bits is 0; Copy needs at least 1")
	_, err = NewCopy[float32](1, -1, 1)
	assert.EqualError(t, err, "tasks: the number of hidden units is -1; Copy needs at least 1")
	_, err = NewCopy[float32](1, 1, 0)
	assert.EqualError(t, err, "tasks: the batch is 0; Copy needs at least 1")
}

// TestCopyGolden holds the bits of θ on this machine to those on every other.
func TestCopyGolden(t *testing.T) {
	c, err := NewCopy[float32](2, 16, 4)
	require.NoError(t, err)
	theta := make([]float32, c.ParamLen())
	c.Start(theta, noise.New(1))
	path := descend[float32](t, c, theta, estimator.Config{Workers: 100, Window: 1, Sigma: 0.05, Seed: 1, LossScale: estimator.Sum},
		optim.NewAdam[float32](0.01), 10)
	assert.Equal(t, "198d3cfa337aaa519c163957c85b9b34346a84e13d66eddaa513b3fc6bc5db2d", digest(path))
}

// descend returns θ after each iteration.
func descend[F vec.Float](t *testing.T, sys unroll.System[F], theta []F, cfg estimator.Config, opt optim.Optimizer[F], iterations int) (path [][]F) {
	est, err := estimator.New(sys, cfg)
	require.NoError(t, err)
	defer est.Close()
	theta, grad := append([]F(nil), theta...), make([]F, len(theta))
	for i := 0; i < iterations; i++ {
		_, err := est.Gradient(grad, theta)
		require.NoError(t, err)
		opt.Step(theta, grad)
		path = append(path, append([]F(nil), theta...))
	}
	return path
}
