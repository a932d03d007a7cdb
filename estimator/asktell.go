package estimator

import (
	"errors"
	"math"
	"sync"

	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/vec"
)

// An AskTell estimates gradients of what it cannot run itself: a live service, a
// simulator in another process. Ask says which perturbed parameters a worker is to
// run next, and for how many steps; Tell takes the losses that it saw. Answers may
// come in any order, late, twice, from several goroutines, or not at all: a worker
// that doesn't answer holds up no other.
//
// The same seed gives the same perturbations as an [Estimator]. If every worker is
// asked until it has answered a window, and the losses are those of [unroll.Window],
// the gradient has the same bits.
//
// All methods are safe for concurrent use.
type AskTell[F vec.Float] struct {
	mu    sync.Mutex
	crew  crew[F]
	asked []asked
}

// asked is what a worker was last asked.
type asked struct {
	serial uint64 // of the question; 0 if there was none
	open   bool
	left   int // steps to the end of the window or of the warm-up
	warmUp bool
	done   bool // the warm-up
}

// A Question is a stretch of one worker's episode under one perturbation.
type Question struct {
	Worker  int
	Episode uint64
	// From is the number of steps of the episode already made. Where it is 0, the
	// worker's two systems are to be put to the start of a new episode first.
	From  int
	Steps int
	// WarmUp questions bring the worker to its phase. Their losses do not count.
	WarmUp bool
	// Env is the episode's stream of randomness, the same for both systems.
	Env noise.Stream

	serial uint64
}

// ErrStale is what Tell returns for a question that was answered before, or that
// another one or Restart has replaced. The answer is ignored.
var ErrStale = errors.New("estimator: this question was answered or replaced")

// NewAskTell returns an AskTell for d parameters and episodes of horizon steps.
// Errors are of type *[ConfigError]. TES and PESAnalytic are refused, because they need
// an unperturbed state, and CenteredRank, which needs one window of every worker.
func NewAskTell[F vec.Float](d, horizon int, cfg Config) (*AskTell[F], error) {
	a := &AskTell[F]{}
	if cfg.Method == TES || cfg.Method == PESAnalytic {
		return nil, &ConfigError{"Method", cfg.Method.String(), "methods without an unperturbed state, with AskTell: not tes or pesanalytic"}
	}
	if cfg.Shaping == CenteredRank {
		return nil, &ConfigError{"Shaping", CenteredRank.String(), "any other with AskTell: ranks need one window of every worker"}
	}
	cfg.Parallelism = 1
	if err := a.crew.init(d, horizon, cfg); err != nil {
		return nil, err
	}
	a.crew.pool = newPool(1)
	a.asked = make([]asked, cfg.Workers)
	return a, nil
}

// Config returns the configuration, with what the method implies filled in.
func (a *AskTell[F]) Config() Config { return a.crew.cfg }

// Ask sets plus and minus to theta ± σε for the next stretch of a worker, from 0 to
// Workers−1. An open question of the worker is replaced, by the same stretch around
// the new theta.
//
// It panics if there is no such worker or if the slices don't have d elements.
func (a *AskTell[F]) Ask(worker int, plus, minus, theta []F) Question {
	if d := a.crew.d; len(plus) != d || len(minus) != d || len(theta) != d {
		panic("estimator: plus, minus and theta must have d elements")
	}
	q, eps := a.ask(worker)
	a.crew.perturb(plus, minus, theta, eps)
	return q
}

func (a *AskTell[F]) ask(worker int) (Question, noise.Stream) {
	a.mu.Lock()
	defer a.mu.Unlock()
	c := &a.crew
	w, k := &c.workers[worker], &a.asked[worker]
	if k.left == 0 {
		if k.left, k.warmUp = c.phase(worker), true; k.done || k.left == 0 {
			k.left, k.warmUp, k.done = c.cfg.Window, false, true
			c.cut(worker)
		}
	}
	k.serial++
	k.open = true
	return Question{
		Worker: worker, Episode: w.episode, From: c.tau[worker], Steps: c.stretch(worker, k.left),
		WarmUp: k.warmUp, Env: c.env[worker], serial: k.serial,
	}, c.eps[worker]
}

// Tell takes the sums of the losses over the steps of a question, under θ+σε and
// under θ−σε. It returns ErrStale for an answer that is no longer wanted, and a
// *[NonFiniteError], once, if a loss is not finite and Config.NonFinite is Fail; the
// worker then begins a new episode. With DropPair it is left out until its episode
// ends.
func (a *AskTell[F]) Tell(q Question, plus, minus float64) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if q.Worker < 0 || q.Worker >= len(a.asked) {
		return ErrStale
	}
	k := &a.asked[q.Worker]
	if !k.open || k.serial != q.serial {
		return ErrStale
	}
	k.open = false
	c := &a.crew
	w := &c.workers[q.Worker]
	c.tau[q.Worker] += q.Steps
	c.record(q.Worker, q.Steps, plus, minus, !q.WarmUp)
	if err := w.err; err != nil {
		w.err = nil
		a.restart(q.Worker)
		return err
	}
	if k.left -= q.Steps; k.left == 0 && q.WarmUp {
		k.done = true
	}
	return nil
}

// Restart makes the worker begin a new episode, with a new perturbation, because its
// systems were lost. Its open question becomes stale; what it told before counts.
func (a *AskTell[F]) Restart(worker int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.restart(worker)
}

func (a *AskTell[F]) restart(worker int) {
	a.crew.workers[worker].episode++
	a.crew.begin(worker)
	k := &a.asked[worker]
	k.open, k.left, k.done = false, 0, true
}

// Gradient sets grad to the estimate from all that was told since the last call, and
// returns the mean loss and the number of steps it is over: N·W if every worker
// answered one window. With none, grad is 0 and the loss NaN. It panics if grad
// doesn't have d elements.
func (a *AskTell[F]) Gradient(grad []F) (loss float64, steps int) {
	if len(grad) != a.crew.d {
		panic("estimator: grad must have d elements")
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for i := range a.crew.workers {
		steps += a.crew.workers[i].steps
	}
	if steps == 0 {
		for i := range grad {
			grad[i] = 0
		}
		return math.NaN(), 0
	}
	return a.crew.combine(grad), steps
}
