package tasks

import (
	"math"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/noise-reuse/nres/estimator"
	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/tasks/data"
	"github.com/noise-reuse/nres/tasks/network"
	"github.com/noise-reuse/nres/vec"
)

func newClassifier[F vec.Float](t testing.TB, set *data.Set, batch int, layers ...network.Layer) (*Classifier[F], *network.Network[F]) {
	t.Helper()
	net, err := network.New[F](set.Width, set.Height, set.Classes, layers...)
	require.NoError(t, err)
	c, err := NewClassifier(net, set, batch)
	require.NoError(t, err)
	return c, net
}

// TestClassifierByHand: two images of one pixel, two classes, no hidden layer. Scores are
// w_c·x + b_c, and the loss is ln(1 + exp(score of the wrong class − of the right one)).
func TestClassifierByHand(t *testing.T) {
	set := &data.Set{Images: []float32{0.5, 1}, Labels: []uint8{0, 1}, Width: 1, Height: 1, Classes: 2}
	const batch = 7
	c, net := newClassifier[float64](t, set, batch)
	require.Equal(t, 4, net.Len())
	theta := []float64{2, -1, 0.25, 0.75} // w₀, w₁, b₀, b₁
	losses := []float64{math.Log1p(math.Exp((-0.5 + 0.75) - (1 + 0.25))), math.Log1p(math.Exp((2 + 0.25) - (-1 + 0.75)))}
	seen := map[int]bool{}
	for k := uint64(0); k < 9; k++ {
		env, second := noise.New(1).Derive(k), 0
		for i := uint64(0); i < batch; i++ {
			if env.Word(i) >= 1<<31 {
				second++
			}
		}
		want := (float64(batch-second)*losses[0] + float64(second)*losses[1]) / batch
		assert.InDelta(t, want, c.Step(make([]float64, 1), theta, 1, env), 1e-12)
		seen[second] = true
	}
	assert.Greater(t, len(seen), 2, "other streams are other batches")
}

// TestClassifierGradient: Gradient is that of Step, by differences, and adds.
func TestClassifierGradient(t *testing.T) {
	for _, layers := range [][]network.Layer{{network.Dense{Units: 6}}, {network.Conv{Size: 3, Channels: 2}, network.Pool{}}} {
		c, net := newClassifier[float64](t, data.Digits(50, noise.New(1)), 11, layers...)
		theta, grad := make([]float64, c.ParamLen()), make([]float64, c.ParamLen())
		net.Init(theta, noise.New(2))
		env := noise.New(3)
		for i := range grad {
			grad[i] = 1
		}
		assert.Equal(t, c.Step(nil, theta, 1, env), c.Gradient(grad, theta, env))
		for i := range theta {
			const h = 1e-6
			at := theta[i]
			theta[i] = at + h
			up := c.Step(nil, theta, 1, env)
			theta[i] = at - h
			down := c.Step(nil, theta, 1, env)
			theta[i] = at
			require.InDelta(t, (up-down)/(2*h), grad[i]-1, 1e-6, "%d of %v", i, layers)
		}
	}
}

// TestClassifierSmoothed: as σ falls, many pairs' estimate becomes the exact gradient.
func TestClassifierSmoothed(t *testing.T) {
	c, net := newClassifier[float64](t, data.Digits(1, noise.New(1)), 1) // one image, so one batch
	theta, exact, grad := make([]float64, c.ParamLen()), make([]float64, c.ParamLen()), make([]float64, c.ParamLen())
	net.Init(theta, noise.New(2))
	c.Gradient(exact, theta, noise.New(3))
	n := 4 * c.ParamLen()
	est, err := estimator.New[float64](c, estimator.Config{Method: estimator.FullES, Workers: n, Sigma: 1e-4})
	require.NoError(t, err)
	defer est.Close()
	_, err = est.Gradient(grad, theta)
	require.NoError(t, err)
	rho := vec.Dot(grad, exact) / math.Sqrt(vec.SumSq(grad)*vec.SumSq(exact))
	// ρ² has a mean of n/(n+d−1) = 4/5 and a standard deviation below 1/√d.
	assert.InDelta(t, 0.8, rho*rho, 5/math.Sqrt(float64(c.ParamLen())))
}

// TestClassifierConcurrent: Step has the same bits from several goroutines, as for one.
func TestClassifierConcurrent(t *testing.T) {
	c, net := newClassifier[float32](t, data.Digits(100, noise.New(1)), 20, network.Dense{Units: 9})
	theta := make([]float32, c.ParamLen())
	net.Init(theta, noise.New(2))
	want := make([]float32, 40)
	for i := range want {
		want[i] = c.Step(nil, theta, 1, noise.New(uint64(i)))
	}
	var wg sync.WaitGroup
	for g := 0; g < 4; g++ {
		wg.Add(1)
		go func(g int) {
			defer wg.Done()
			for i := g; i < len(want); i += 4 {
				assert.Equal(t, want[i], c.Step(nil, theta, 1, noise.New(uint64(i))))
			}
		}(g)
	}
	wg.Wait()
	assert.Equal(t, []int{c.ParamLen(), 1, 1}, []int{net.Len(), c.StateLen(), c.Horizon()})
}

func TestClassifierErrors(t *testing.T) {
	set := data.Digits(3, noise.New(1))
	net, err := network.New[float32](8, 8, 10)
	require.NoError(t, err)
	_, err = NewClassifier(net, set, 0)
	assert.EqualError(t, err, "tasks: the batch is 0; a Classifier needs at least one image")
	_, err = NewClassifier(net, set.Slice(1, 1), 1)
	assert.EqualError(t, err, "network: there are no images; it needs at least one")
	_, err = NewClassifier[float32](nil, set, 1)
	assert.EqualError(t, err, "network: there is no network; New makes one")
	other, err := network.New[float32](8, 7, 10)
	require.NoError(t, err)
	_, err = NewClassifier(other, set, 1)
	assert.EqualError(t, err, "network: the images are 8 by 8 in 10 classes; this one is for 8 by 7 and 10")
}
