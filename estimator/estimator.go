package estimator

import (
	"fmt"
	"runtime"

	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/unroll"
	"github.com/noise-reuse/nres/vec"
)

// An Estimator makes one gradient after another of one system. It is not safe for
// concurrent use; it uses several goroutines itself.
type Estimator[F vec.Float] struct {
	*engine[F]
}

// Steps counts the steps of the system that an Estimator has made.
type Steps struct {
	Total      uint64 // over all workers and both signs, start-up included
	StartUp    uint64 // of these, made to bring the workers to their phases: Σ 2τ
	Sequential uint64 // on the longest chain, were every worker to run at once
}

// A NonFiniteError says which worker's loss left the finite numbers, in which
// gradient, and where in the episode.
type NonFiniteError struct {
	Gradient    uint64 // 0 for the first call of Gradient, whose start-up included
	Worker      int
	First, Last int     // the steps t of the episode among which it is, 1 to T
	Plus, Minus float64 // the sums of the losses over these steps
}

func (e *NonFiniteError) Error() string {
	return fmt.Sprintf("estimator: gradient %d, worker %d: the loss over steps %d to %d is not finite (θ+σε: %v, θ−σε: %v)",
		e.Gradient, e.Worker, e.First, e.Last, e.Plus, e.Minus)
}

// Identifiers under which the seed's stream is divided.
const (
	idNoise      = iota + 1 // then worker, episode, noise period
	idEnv                   // then worker, episode
	idPhase                 // then worker
	idEvaluation            // then sample
)

// engine is what the goroutines of the pool hold, so that an Estimator that nobody
// holds any more can be collected, and its goroutines stopped.
type engine[F vec.Float] struct {
	sys      unroll.System[F]
	cfg      Config
	horizon  int
	stateLen int
	seed     noise.Stream

	workers  []worker
	states   []F    // s⁺ and s⁻ of worker 0, of worker 1, …
	terms    []term // maxTerms for each worker
	maxTerms int
	scratch  []scratch[F] // one for each goroutine

	// The gradient under way: the weight and the noise of each term, and whether
	// there is one whose ξ is more than that.
	weights []F
	streams []noise.Stream
	sums    bool

	pool                       *pool
	doStart, doWindow, doBlock func(g, i int) // made once: a method value allocates

	theta []F // of the call under way
	grad  []F
	count uint64 // calls of Gradient that returned a gradient
	steps Steps
}

// worker is the position of one worker; its two states are in engine.states.
type worker struct {
	tau     int // steps of the episode made
	episode uint64
	noise   noise.Stream // of the episode; its noise periods derive theirs
	eps     noise.Stream // of the noise period
	env     noise.Stream // of the episode

	terms int // of the window just made
	loss  float64
	err   *NonFiniteError
}

// A term is a part of a worker's gradient: weight·ξ, where ξ is the sum of the noise
// periods 0..last of an episode. eps is the noise of the last one.
type term struct {
	weight       float64
	episode, eps noise.Stream
	last         uint64
}

type scratch[F vec.Float] struct {
	plus, minus []F // θ ± σε
}

// New returns an Estimator for sys. Errors are of type *[ConfigError].
//
// It takes memory for N pairs of states, and two vectors like theta for each
// goroutine; there is no perturbation for each worker.
func New[F vec.Float](sys unroll.System[F], cfg Config) (*Estimator[F], error) {
	d, horizon, stateLen := sys.ParamLen(), sys.Horizon(), sys.StateLen()
	for _, n := range []struct {
		what string
		n    int
	}{{"ParamLen", d}, {"Horizon", horizon}, {"StateLen", stateLen}} {
		if n.n < 1 {
			return nil, &ConfigError{"the system's " + n.what, fmt.Sprint(n.n), "≥ 1"}
		}
	}
	if err := cfg.check(horizon); err != nil {
		return nil, err
	}
	e := &engine[F]{
		sys: sys, cfg: cfg, horizon: horizon, stateLen: stateLen, seed: noise.New(cfg.Seed),
		workers: make([]worker, cfg.Workers),
		states:  make([]F, 2*stateLen*cfg.Workers),
		// A window holds a whole number of periods, cut ones at both ends, and one
		// more cut where the episode ends.
		maxTerms: (cfg.Window-1)/cfg.Period + 3,
		scratch:  make([]scratch[F], cfg.Parallelism),
	}
	e.terms = make([]term, e.maxTerms*cfg.Workers)
	e.weights = make([]F, 0, len(e.terms))
	e.streams = make([]noise.Stream, 0, len(e.terms))
	for i := range e.scratch {
		e.scratch[i] = scratch[F]{make([]F, d), make([]F, d)}
	}
	e.pool = newPool(cfg.Parallelism)
	e.doStart, e.doWindow, e.doBlock = e.start, e.window, e.block
	est := &Estimator[F]{e}
	runtime.SetFinalizer(est, func(est *Estimator[F]) { est.pool.close() })
	return est, nil
}

// Close ends the goroutines of the Estimator, which may go on being used, without
// parallelism. An Estimator that is dropped is closed by the garbage collector.
func (e *Estimator[F]) Close() { e.pool.close() }

// Steps returns the number of steps made so far.
func (e *Estimator[F]) Steps() Steps { return e.steps }

// Config returns the configuration, with the defaults filled in: Period is that of
// the method, at most T.
func (e *Estimator[F]) Config() Config { return e.cfg }

// Gradient sets grad to an estimate of the gradient at theta of the smoothed loss,
// from one window of every worker, and returns the mean of the losses seen. The
// first call also brings the workers to their phases under theta.
//
// It makes 2·N·W steps of the system, and regenerates one perturbation for each
// worker twice, to unroll and to sum up (GPES and PES: up to T/K at the latter).
// After the first call it doesn't allocate. It panics if grad or theta do not have
// the system's ParamLen.
//
// If a loss isn't finite, the error is a *[NonFiniteError] of the lowest worker that
// saw one. grad is then as it was, and the estimator can't be used any further:
// every later call returns the same error.
func (e *Estimator[F]) Gradient(grad, theta []F) (loss float64, err error) {
	// The finalizer must not close the pool under us.
	defer runtime.KeepAlive(e)
	return e.gradient(grad, theta)
}

func (e *engine[F]) gradient(grad, theta []F) (float64, error) {
	if d := e.sys.ParamLen(); len(grad) != d || len(theta) != d {
		panic("estimator: grad and theta must have the length of the system's parameters")
	}
	if err := e.failed(); err != nil {
		return 0, err
	}
	e.grad, e.theta = grad, theta
	defer e.forget()
	if e.count == 0 {
		e.pool.run(len(e.workers), e.doStart)
		if err := e.failed(); err != nil {
			return 0, err
		}
		var longest int
		for i := range e.workers {
			e.steps.StartUp += 2 * uint64(e.workers[i].tau)
			if e.workers[i].tau > longest {
				longest = e.workers[i].tau
			}
		}
		e.steps.Total += e.steps.StartUp
		e.steps.Sequential += uint64(longest)
	}
	e.pool.run(len(e.workers), e.doWindow)
	if err := e.failed(); err != nil {
		return 0, err
	}
	loss := e.combine()
	e.count++
	e.steps.Total += 2 * uint64(e.cfg.Workers) * uint64(e.cfg.Window)
	e.steps.Sequential += uint64(e.cfg.Window)
	return loss, nil
}

func (e *engine[F]) forget() { e.grad, e.theta = nil, nil }

func (e *engine[F]) failed() error {
	for i := range e.workers {
		if err := e.workers[i].err; err != nil {
			return err
		}
	}
	return nil
}
