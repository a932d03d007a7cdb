package tasks

import (
	"fmt"
	"math"
	"sync"

	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/tasks/data"
	"github.com/noise-reuse/nres/vec"
	"github.com/noise-reuse/nres/vec/scalar"
)

// An Objective is the loss of a step of training, for the sake of which [Schedule]'s
// parameters are chosen.
type Objective uint8

const (
	// TrainingLoss is the cross-entropy of the step's mini-batch before the update.
	TrainingLoss Objective = iota
	// ValidationLoss is the cross-entropy of as many images of the validation set, drawn
	// anew each step, after the update.
	ValidationLoss
	// ValidationError is the part of them that are classified wrongly: no gradient
	// goes through that, but differences do.
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
// Where training diverges, losses are cut off at 1.5 times that of guessing, 1.5·ln
// C for C classes, as the NRES paper does on CIFAR-10; not a number counts as that, too. (Errors
// are at most 1.)
//
// A step takes about 3·Batch times the number of weights multiplications, and does not
// allocate after the first ones.
type Schedule[F vec.Float] struct {
	cfg    ScheduleConfig
	net    mlp[F]
	cap    F
	passes *sync.Pool
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
	case cfg.Objective != TrainingLoss && (cfg.Validation.Width*cfg.Validation.Height != cfg.Train.Width*cfg.Train.Height || cfg.Validation.Classes != cfg.Train.Classes):
		return nil, fmt.Errorf("tasks: images to validate with have %d×%d pixels and %d classes, those to train on %d×%d and %d; Schedule needs the same",
			cfg.Validation.Width, cfg.Validation.Height, cfg.Validation.Classes, cfg.Train.Width, cfg.Train.Height, cfg.Train.Classes)
	case cfg.Batch < 1:
		return nil, fmt.Errorf("tasks: the batch is %d; Schedule needs at least one image", cfg.Batch)
	case cfg.Horizon < 1:
		return nil, fmt.Errorf("tasks: the horizon is %d; Schedule needs at least one step", cfg.Horizon)
	case !(cfg.Momentum >= 0 && cfg.Momentum < 1):
		return nil, fmt.Errorf("tasks: the momentum is %v; allowed: 0 ≤ μ < 1", cfg.Momentum)
	}
	net, err := newMLP[F](cfg.Train, cfg.Hidden)
	if err != nil {
		return nil, err
	}
	s := &Schedule[F]{cfg: cfg, net: net, cap: F(1.5 * scalar.Log(float64(cfg.Train.Classes)))}
	s.passes = &sync.Pool{New: func() interface{} { return net.newPass() }}
	return s, nil
}

// ParamLen returns 2, or 1 if the rate is constant.
func (c *Schedule[F]) ParamLen() int {
	if c.cfg.Constant {
		return 1
	}
	return 2
}

// StateLen returns twice the number of weights.
func (c *Schedule[F]) StateLen() int { return 2 * c.net.weights }

// Horizon returns T.
func (c *Schedule[F]) Horizon() int { return c.cfg.Horizon }

// Init draws the weights, with a variance of 2 by the inputs of a unit, and sets
// biases and momenta to 0.
func (c *Schedule[F]) Init(s []F, env noise.Stream) {
	c.net.init(s[:c.net.weights], env.Derive(0))
	for i := range s[c.net.weights:] {
		s[c.net.weights+i] = 0
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
	p := c.passes.Get().(*pass[F])
	defer c.passes.Put(p)
	w, v := s[:c.net.weights], s[c.net.weights:]
	env = env.Derive(uint64(t))
	vec.Scale(v, F(c.cfg.Momentum), v) // the gradient is added to it, image by image
	var loss F
	each := 1 / F(c.cfg.Batch)
	for k := 0; k < c.cfg.Batch; k++ {
		i := pick(env, k, c.cfg.Train)
		l, _ := c.net.forward(p, w, c.cfg.Train.Image(i), c.cfg.Train.Labels[i])
		c.net.backward(p, v, w, each)
		loss += l
	}
	vec.Axpy(w, -c.Rate(theta, t), v)
	if c.cfg.Objective != TrainingLoss {
		loss = c.validate(p, w, env)
	}
	if loss = F(loss * each); loss < c.cap {
		return loss
	}
	return c.cap
}

// validate returns the sum of the objective over a batch.
func (c *Schedule[F]) validate(p *pass[F], w []F, env noise.Stream) (sum F) {
	for k := 0; k < c.cfg.Batch; k++ {
		i := pick(env, c.cfg.Batch+k, c.cfg.Validation)
		l, right := c.net.forward(p, w, c.cfg.Validation.Image(i), c.cfg.Validation.Labels[i])
		switch {
		case c.cfg.Objective == ValidationLoss:
			sum += l
		case !right || l != l:
			sum++
		}
	}
	return sum
}

// pick returns the k-th image of a stream's, each drawn from all of them.
func pick(env noise.Stream, k int, set *data.Set) int {
	return int(uint64(env.Word(uint64(k))) * uint64(set.Len()) >> 32)
}

// Accuracy returns the part of a set that the weights in s classify rightly.
func (c *Schedule[F]) Accuracy(s []F, set *data.Set) float64 {
	p := c.net.newPass()
	n := 0
	for i := range set.Labels {
		if l, right := c.net.forward(p, s[:c.net.weights], set.Image(i), set.Labels[i]); right && !math.IsNaN(float64(l)) {
			n++
		}
	}
	return float64(n) / float64(set.Len())
}
