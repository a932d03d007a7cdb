package tasks

import (
	"fmt"
	"sync"

	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/tasks/data"
	"github.com/noise-reuse/nres/tasks/network"
	"github.com/noise-reuse/nres/vec"
	"github.com/noise-reuse/nres/vec/scalar"
)

// An Objective is what the parameters of a [Schedule] are to make small: the loss of its
// steps.
type Objective uint8

const (
	// TrainingLoss is the cross-entropy of the step's mini-batch before the update.
	TrainingLoss Objective = iota
	// ValidationLoss is the cross-entropy of as many images of the validation set, drawn
	// anew each step, after the update.
	ValidationLoss
	// ValidationError is the fraction of these images that are misclassified, which has
	// differences but no gradient.
	ValidationError
)

// ScheduleConfig says what a [Schedule] trains. The comments give what was published
// (Vicol et al., "Unbiased gradient estimation in unrolled computation graphs with
// persistent evolution strategies", ICML 2021, on MNIST, with N = 1000, W = 10 or 100, σ =
// 0.1, Adam with learning rate 1e-2); there are no defaults.
type ScheduleConfig struct {
	Train      *data.Set
	Validation *data.Set // nil with TrainingLoss
	Hidden     []int     // units of each hidden layer: 100, 100
	Batch      int       // images a step: 100
	Horizon    int       // T, steps of training: 5000
	Momentum   float64   // 0.9
	Objective  Objective
	Constant   bool // the learning rate is constant, and θ its logarithm alone
}

// Schedule is the training of a classifier with relu units by stochastic gradient
// descent with momentum. θ is (ln r, ln γ) of the learning rate at step t,
//
//	r / (1 + (t−1)/T)^γ
//
// The state is weights and momenta. The episode's stream decides on the initial weights
// and on the images of each step.
//
// Where training diverges, losses are cut off at 1.5 times that of guessing, 1.5·ln C for
// C classes, as the NRES paper does on CIFAR-10; NaN counts as that, too. (Errors are at
// most 1.)
//
// A step takes about 3·Batch times the number of weights multiplications, and does not
// allocate after the first ones.
type Schedule[F vec.Float] struct {
	cfg    ScheduleConfig
	net    *network.Network[F]
	cap    F
	passes sync.Pool
}

// NewSchedule returns the problem. It keeps the sets.
func NewSchedule[F vec.Float](cfg ScheduleConfig) (*Schedule[F], error) {
	switch {
	case cfg.Train == nil || cfg.Train.Len() < 1:
		return nil, fmt.Errorf("tasks: Schedule has no images to train on; it needs at least one")
	case cfg.Objective > ValidationError:
		return nil, fmt.Errorf("tasks: the objective is %d; allowed: TrainingLoss, ValidationLoss, ValidationError", cfg.Objective)
	case cfg.Objective != TrainingLoss && (cfg.Validation == nil || cfg.Validation.Len() < 1):
		return nil, fmt.Errorf("tasks: Schedule has no images to validate with; its objective needs at least one")
	case cfg.Batch < 1:
		return nil, fmt.Errorf("tasks: the batch is %d; Schedule needs at least one image", cfg.Batch)
	case cfg.Horizon < 1:
		return nil, fmt.Errorf("tasks: the horizon is %d; Schedule needs at least one step", cfg.Horizon)
	case !(cfg.Momentum >= 0 && cfg.Momentum < 1):
		return nil, fmt.Errorf("tasks: the momentum is %v; allowed: 0 ≤ μ < 1", cfg.Momentum)
	}
	var hidden []network.Layer
	for _, units := range cfg.Hidden {
		hidden = append(hidden, network.Dense{Units: units})
	}
	net, err := network.New[F](cfg.Train.Width, cfg.Train.Height, cfg.Train.Classes, hidden...)
	if err != nil {
		return nil, fmt.Errorf("tasks: Schedule's %w", err)
	}
	if err := net.Fits(cfg.Train); err != nil {
		return nil, fmt.Errorf("tasks: Schedule's training set: %w", err)
	}
	if cfg.Objective != TrainingLoss {
		if err := net.Fits(cfg.Validation); err != nil {
			return nil, fmt.Errorf("tasks: Schedule's validation set: %w", err)
		}
	}
	c := &Schedule[F]{cfg: cfg, net: net, cap: F(1.5 * scalar.Log(float64(cfg.Train.Classes)))}
	c.passes.New = func() any { return net.NewPass(cfg.Batch) }
	return c, nil
}

// ParamLen returns 2, or 1 if the rate is constant.
func (c *Schedule[F]) ParamLen() int {
	if c.cfg.Constant {
		return 1
	}
	return 2
}

// StateLen returns twice the number of weights.
func (c *Schedule[F]) StateLen() int { return 2 * c.net.Len() }

// Horizon returns T.
func (c *Schedule[F]) Horizon() int { return c.cfg.Horizon }

// Init draws the weights as the network does ([network.Network.Init]), and sets momenta
// to 0.
func (c *Schedule[F]) Init(s []F, env noise.Stream) {
	w, v := s[:c.net.Len()], s[c.net.Len():]
	c.net.Init(w, env.Derive(0))
	for i := range v {
		v[i] = 0
	}
}

// Rate returns the learning rate at step t.
func (c *Schedule[F]) Rate(theta []F, t int) F {
	if c.cfg.Constant {
		return scalar.Exp(theta[0])
	}
	decay := float64(scalar.Exp(theta[1]))
	passed := scalar.Log(1 + float64(t-1)/float64(c.Horizon()))
	return scalar.Exp(theta[0] - F(decay*passed))
}

// Step makes one update and returns the objective.
func (c *Schedule[F]) Step(s, theta []F, t int, env noise.Stream) F {
	p := c.passes.Get().(*network.Pass[F])
	defer c.passes.Put(p)
	w, v := s[:c.net.Len()], s[c.net.Len():]
	env = env.Derive(uint64(t))
	batch, each := c.cfg.Batch, 1/F(c.cfg.Batch)
	draw(p, c.cfg.Train, env, 0, batch)
	loss, _ := p.Forward(w)
	vec.Scale(v, F(c.cfg.Momentum), v) // and the gradient is added
	p.Backward(v, w, each)
	vec.Axpy(w, -c.Rate(theta, t), v)
	if c.cfg.Objective != TrainingLoss {
		draw(p, c.cfg.Validation, env, batch, batch)
		var right int
		if loss, right = p.Forward(w); c.cfg.Objective == ValidationError {
			loss = F(batch - right)
		}
	}
	if loss = F(loss * each); loss < c.cap {
		return loss
	}
	return c.cap
}

// draw fills a batch with images of a set, picked by the stream's words from the given one
// on.
func draw[F vec.Float](p *network.Pass[F], set *data.Set, env noise.Stream, from, batch int) {
	for k := 0; k < batch; k++ {
		p.Set(k, set, pick(env, from+k, set))
	}
}

// pick returns the number of the image that word k of the stream picks from the whole set.
func pick(env noise.Stream, k int, set *data.Set) int {
	return int(uint64(env.Word(uint64(k))) * uint64(set.Len()) >> 32)
}

// Accuracy returns the fraction of a set that the weights in s classify correctly, or an
// error if its images don't have the size and classes of those to train on.
func (c *Schedule[F]) Accuracy(s []F, set *data.Set) (float64, error) {
	_, accuracy, err := c.net.NewPass(c.cfg.Batch).Test(s[:c.net.Len()], set)
	return accuracy, err
}
