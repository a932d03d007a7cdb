package tasks

import (
	"fmt"
	"sync"

	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/tasks/data"
	"github.com/noise-reuse/nres/tasks/network"
	"github.com/noise-reuse/nres/vec"
)

// Classifier is a network that learns to classify images: a system of one step, whose
// loss is the cross-entropy of a mini-batch, in nats (Zhang, Clune and Stanley, 2017).
// The batch is drawn from the episode's stream, so that each pair of an estimator has
// its own ("no-mini-batch" sampling, section 5). The state is one number, which nothing
// uses.
type Classifier[F vec.Float] struct {
	net    *network.Network[F]
	set    *data.Set
	batch  int
	passes sync.Pool
}

// NewClassifier returns the problem for a network and a set to train with, which it
// keeps. A batch has at least one image.
func NewClassifier[F vec.Float](net *network.Network[F], set *data.Set, batch int) (*Classifier[F], error) {
	if err := net.Fits(set); err != nil {
		return nil, err
	}
	if batch < 1 {
		return nil, fmt.Errorf("tasks: the batch is %d; a Classifier needs at least one image", batch)
	}
	c := &Classifier[F]{net: net, set: set, batch: batch}
	c.passes.New = func() any { return net.NewPass(batch) }
	return c, nil
}

// ParamLen returns the length of the network's parameters.
func (c *Classifier[F]) ParamLen() int { return c.net.Len() }

// StateLen returns 1.
func (c *Classifier[F]) StateLen() int { return 1 }

// Horizon returns 1.
func (c *Classifier[F]) Horizon() int { return 1 }

// Init sets the state, which nothing depends on, to 0.
func (c *Classifier[F]) Init(s []F, _ noise.Stream) { s[0] = 0 }

// Step returns the mean loss of the batch.
func (c *Classifier[F]) Step(_, theta []F, _ int, env noise.Stream) F {
	p := c.passes.Get().(*network.Pass[F])
	loss := c.forward(p, theta, env)
	c.passes.Put(p)
	return loss
}

// Gradient adds the gradient of Step to grad and returns its loss, for comparison.
func (c *Classifier[F]) Gradient(grad, theta []F, env noise.Stream) (loss F) {
	p := c.passes.Get().(*network.Pass[F])
	loss = c.forward(p, theta, env)
	p.Backward(grad, theta, 1/F(c.batch))
	c.passes.Put(p)
	return loss
}

func (c *Classifier[F]) forward(p *network.Pass[F], theta []F, env noise.Stream) F {
	draw(p, c.set, env, 0, c.batch)
	sum, _ := p.Forward(theta)
	return sum / F(c.batch)
}
