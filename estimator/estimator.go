package estimator

import (
	"fmt"
	"math"
	"runtime"
	"runtime/debug"

	"github.com/noise-reuse/nres/internal/alias"
	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/unroll"
	"github.com/noise-reuse/nres/vec"
)

// An Estimator, made by [New], makes one gradient after another of one system. It is not
// safe for concurrent use; it uses several goroutines itself. A method that is called
// while Gradient is under way panics, if it notices.
type Estimator[F vec.Float] struct {
	engine *engine[F]
}

// engine is what the goroutines of the pool hold, so that an Estimator that nobody
// holds any more can be collected, and its goroutines stopped.
type engine[F vec.Float] struct {
	crew[F]
	sys      unroll.System[F]
	stateLen int
	states   []F          // s⁺ and s⁻ of worker 0, of worker 1, …; or lanes. TES: s of each; PESAnalytic: s⁺, s⁻ and s
	scratch  []scratch[F] // one for each goroutine
	started  bool
	panicked *PanicError

	perWorker int             // states of a worker
	laner     unroll.Laner[F] // nil if the system is none, or lanes don't pay
	blockLen  int             // workers that are advanced together, in lanes

	differentiable unroll.Differentiable[F] // PESAnalytic only

	theta             []F            // of the call under way
	doStart, doWindow func(g, i int) // method values, made once: making one allocates
	windows           int            // calls of doWindow a gradient
}

type scratch[F vec.Float] struct {
	plus, minus   []F // θ ± σε
	sPlus, sMinus []F // states: TES's that a window ends with, thrown away; a worker's at start-up
	s, eps, tape  []F // PESAnalytic: the unperturbed state at start-up; ε; for unroll.Gradient
	lanes         *laneScratch[F]
}

// Steps counts the steps of the system that an Estimator has made.
type Steps struct {
	Total      uint64 // over all workers, perturbed or not, start-up included
	StartUp    uint64 // of these, made to bring the workers to their phases: Σ 2τ; TES: Σ τ; PESAnalytic: Σ 3τ
	Sequential uint64 // on the longest chain, were every worker to run at once
}

// PanicError says that the system has panicked, or called [runtime.Goexit], in an earlier
// call of [Estimator.Gradient], so that the workers may be in any state.
type PanicError struct {
	Gradient uint64 // 0 for the first one, its start-up included
	Value    any    // of the panic; nil for Goexit
	Stack    []byte // of the goroutine that the system ran on, from [debug.Stack]
}

func (e *PanicError) Error() string {
	if e.Value == nil {
		return fmt.Sprintf("estimator: gradient %d: the system has called runtime.Goexit", e.Gradient)
	}
	return fmt.Sprintf("estimator: gradient %d: the system has panicked: %v", e.Gradient, e.Value)
}

// New returns an Estimator for sys, which may be neither nil nor a nil pointer. Errors are
// of type *[ConfigError]. (In a module for Go 1.20 the type must be named,
// New[float32](sys, cfg): it can't infer it from sys.)
//
// It takes memory for N pairs of states, and for two vectors like theta for each
// goroutine. Perturbations take none, except with Config.KeepSums. PESAnalytic needs an
// [unroll.Differentiable]; it keeps a derivative for each worker, and W+1 states for each
// goroutine.
//
// If sys is an [unroll.Laner], N is at least 8 and d at most 16384, workers are advanced
// in lanes, up to 128 at a time while their rows are short, with the same bits. Each
// goroutine then takes up to 64 KiB for perturbations, or 32 vectors like theta if that
// is more, and half as much again with TES. Where this would be more than 32 MiB for all
// goroutines, lanes are not used.
func New[F vec.Float](sys unroll.System[F], cfg Config) (*Estimator[F], error) {
	if err := checkSystem(sys); err != nil {
		return nil, err
	}
	e := &engine[F]{sys: sys, stateLen: sys.StateLen()}
	if err := room("the system's StateLen", e.stateLen, float64(sizeOf[F]())); err != nil {
		return nil, err
	}
	e.perWorker = 2
	switch cfg.Method {
	case TES:
		e.perWorker = 1
	case PESAnalytic:
		e.perWorker = 3
	}
	if err := e.init(sys.ParamLen(), sys.Horizon(), e.perWorker*e.stateLen, cfg); err != nil {
		return nil, err
	}
	if e.cfg.Method == PESAnalytic {
		var ok bool
		if e.differentiable, ok = sys.(unroll.Differentiable[F]); !ok {
			return nil, bad("Method", PESAnalytic, "any other with a system that is no unroll.Differentiable")
		}
	}
	if e.lanesPay() {
		e.laner, _ = sys.(unroll.Laner[F])
	}
	e.scratch = make([]scratch[F], e.cfg.Parallelism)
	for i := range e.scratch {
		s := &e.scratch[i]
		s.plus, s.minus = make([]F, e.d), make([]F, e.d)
		s.sPlus, s.sMinus = make([]F, e.stateLen), make([]F, e.stateLen)
		if e.cfg.Method == PESAnalytic {
			s.s, s.eps = make([]F, e.stateLen), make([]F, e.d)
			s.tape = make([]F, (e.cfg.Window+1)*e.stateLen)
		}
	}
	e.doStart = e.start
	if e.laner != nil {
		e.initLanes()
		e.initFound()
		e.doWindow, e.windows = e.windowBlock, e.blocks()
	} else {
		e.states = make([]F, e.perWorker*e.stateLen*e.cfg.Workers)
		e.doWindow, e.windows = e.window, e.cfg.Workers
	}
	e.pool = newPool(e.cfg.Parallelism)
	est := &Estimator[F]{e}
	runtime.SetFinalizer(est, func(est *Estimator[F]) { est.engine.pool.close() })
	return est, nil
}

// Close ends the goroutines of the Estimator, which may go on being used, without
// parallelism. An Estimator that is dropped is closed by the garbage collector.
func (est *Estimator[F]) Close() { est.engine.pool.close() }

// Config returns the configuration, with what the method implies filled in: Period,
// at most T, is that of any method.
func (est *Estimator[F]) Config() Config { return est.engine.config() }

// SetSigma changes σ from the next gradient on, for a schedule. The error, if sigma
// or 1/sigma is not positive and finite in type F, is of type *[ConfigError].
// Perturbations that go on scale with it.
func (est *Estimator[F]) SetSigma(sigma float64) error {
	est.engine.idle()
	return est.engine.setSigma(sigma)
}

// Count returns the number of gradients made.
func (est *Estimator[F]) Count() uint64 { return est.engine.count }

// Steps returns the number of steps made so far.
func (est *Estimator[F]) Steps() Steps {
	e := est.engine
	s := Steps{Sequential: e.count * uint64(e.cfg.Window)}
	perStep := uint64(e.perWorker)
	var longest uint64
	for i := range e.workers {
		s.Total += e.made[i]
		if e.started {
			tau := uint64(e.phase(i))
			s.StartUp += perStep * tau
			if tau > longest {
				longest = tau
			}
		}
	}
	s.Sequential += longest
	return s
}

// Dropped returns how many windows, or parts of them, were left out because a loss of
// their worker was not finite. It is 0 unless Config.NonFinite is DropPair.
func (est *Estimator[F]) Dropped() uint64 {
	e := est.engine
	var n uint64
	for i := range e.workers {
		n += e.workers[i].dropped
	}
	return n
}

// Gradient sets grad to an estimate of the gradient at theta of the smoothed loss,
// from one window of every worker, and returns the mean of the perturbed losses. The
// first call also brings the workers to their phases under theta.
//
// It makes 2·N·W steps of the system (TES and PESAnalytic: 3·N·W), and the noise of each
// worker twice, to unroll and to sum up (with K < T and without KeepSums, up to T/K
// perturbations for the sum). After the first call it doesn't allocate. It panics if grad
// and theta overlap or don't have the system's ParamLen.
//
// If a loss isn't finite, or is so large that grad might not be, and Config.NonFinite is
// Fail, the error is a *[NonFiniteError] of the lowest worker that saw one. grad is then
// as it was, and every later call returns the same error, until UnmarshalBinary restores
// an earlier state. With DropPair the mean is over the pairs that are left; if there is
// none, grad is 0 and the loss NaN.
//
// If the system panics, on whichever goroutine, Gradient panics with the same value, once
// no goroutine uses theta or the system any more. Of several values it is that of the
// lowest worker, or block of lanes. In the same way runtime.Goexit in the system ends the
// caller's goroutine. grad is then as it was, and later calls return a *[PanicError],
// which has the stack, until a state is restored.
func (est *Estimator[F]) Gradient(grad, theta []F) (loss float64, err error) {
	// The finalizer must not close the pool under us.
	defer runtime.KeepAlive(est)
	return est.engine.run(grad, theta)
}

func (e *engine[F]) run(grad, theta []F) (loss float64, err error) {
	if len(grad) != e.d || len(theta) != e.d {
		panic("estimator: grad and theta must have the length of the system's parameters")
	}
	if alias.Overlap(grad, theta) {
		panic("estimator: grad and theta overlap")
	}
	e.idle()
	if err := e.failed(); err != nil {
		return 0, err
	}
	e.theta = theta
	returned := false
	defer func() {
		e.theta = nil
		if returned {
			return
		}
		e.panicked = &PanicError{e.count, recover(), debug.Stack()}
		if f := e.pool.failure; f != nil {
			e.panicked.Stack, e.pool.failure = f.stack, nil
		}
		if v := e.panicked.Value; v != nil {
			panic(v)
		}
		err = e.panicked // returned after panic(nil), before Go 1.21
	}()
	loss, err = e.estimate(grad)
	returned = true
	return loss, err
}

// estimate is run under e.theta.
func (e *engine[F]) estimate(grad []F) (float64, error) {
	if !e.started {
		e.pool.run(len(e.workers), e.doStart)
		if err := e.failed(); err != nil {
			return 0, err
		}
		e.started = true
	}
	e.stagger()
	e.pool.run(e.windows, e.doWindow)
	if err := e.failed(); err != nil {
		return 0, err
	}
	return e.combine(grad, e.scored()), nil
}

// idle panics in the middle of a gradient: a state taken then would look as valid as any.
func (e *engine[F]) idle() {
	if e.theta != nil {
		panic("estimator: a call of Gradient is under way; an Estimator is not safe for concurrent use")
	}
}

// failed returns what every call returns from now on, if anything.
func (e *engine[F]) failed() error {
	if e.panicked != nil {
		return e.panicked
	}
	return e.crew.failed()
}

// stagger begins the second episode of the workers whose first one is to be cut.
func (e *engine[F]) stagger() {
	if e.cfg.Phase != Staggered {
		return
	}
	for i := range e.workers {
		if e.cut(i) {
			plus, minus := e.scratch[0].sPlus, e.scratch[0].sMinus
			e.init2(plus, minus, e.env[i])
			e.setStates(i, plus, minus, plus)
		}
	}
}

// start brings worker i to its phase.
func (e *engine[F]) start(g, i int) {
	plus, minus, s := e.scratch[g].sPlus, e.scratch[g].sMinus, e.scratch[g].s
	if e.cfg.Method == TES {
		e.sys.Init(plus, e.env[i])
		e.tau[i] = e.phase(i)
		unroll.Window(e.sys, plus, e.theta, 0, e.tau[i], e.env[i])
		e.made[i] = uint64(e.tau[i])
	} else {
		e.init2(plus, minus, e.env[i])
		copy(s, plus)
		e.advancePair(g, i, plus, minus, s, e.phase(i), false)
	}
	e.setStates(i, plus, minus, s)
}

// window makes a window of worker i.
func (e *engine[F]) window(g, i int) {
	if e.cfg.Method == TES {
		e.advanceShared(g, i)
	} else {
		e.advance(g, i, e.cfg.Window, true)
	}
}

// pair returns the states of worker i, s⁺, s⁻ and, with PESAnalytic, s; and state its
// one state under TES.
func (e *engine[F]) pair(i int) (plus, minus, s []F) {
	n := e.stateLen
	all := e.states[e.perWorker*n*i : e.perWorker*n*(i+1)]
	return all[:n:n], all[n : 2*n : 2*n], all[2*n:]
}

func (e *engine[F]) state(i int) []F { return e.states[e.stateLen*i : e.stateLen*(i+1)] }

// setStates and getStates copy the states of worker i, which are s⁺ and s⁻, or with
// TES one, or with PESAnalytic all three.
func (e *engine[F]) setStates(i int, states ...[]F) {
	for c, s := range states[:e.perWorker] {
		if e.laner != nil {
			rows, j, width := e.lane(i, c)
			putLane(rows, j, width, s)
		} else {
			copy(e.states[e.stateLen*(e.perWorker*i+c):], s)
		}
	}
}

func (e *engine[F]) getStates(i int, states ...[]F) {
	for c, s := range states[:e.perWorker] {
		if e.laner != nil {
			rows, j, width := e.lane(i, c)
			getLane(s, rows, j, width)
		} else {
			copy(s, e.states[e.stateLen*(e.perWorker*i+c):])
		}
	}
}

func (e *engine[F]) initPair(i int) {
	plus, minus, s := e.pair(i)
	e.init2(plus, minus, e.env[i])
	copy(s, plus)
}

func (e *engine[F]) init2(plus, minus []F, env noise.Stream) {
	e.sys.Init(plus, env)
	copy(minus, plus)
}

// advance makes n steps of worker i under both signs, across the ends of noise
// periods and episodes, on scratch g.
func (e *engine[F]) advance(g, i, n int, score bool) {
	plus, minus, s := e.pair(i)
	e.advancePair(g, i, plus, minus, s, n, score)
}

// advancePair is advance for states that are at hand.
func (e *engine[F]) advancePair(g, i int, sPlus, sMinus, s []F, n int, score bool) {
	w, buf := &e.workers[i], &e.scratch[g]
	for n > 0 && w.err == nil {
		m := e.stretch(i, n)
		var plus, minus float64
		if !w.lost {
			e.perturb(g, i, buf.plus, buf.minus, e.theta)
			plus = unroll.Window(e.sys, sPlus, buf.plus, e.tau[i], m, e.env[i])
			minus = unroll.Window(e.sys, sMinus, buf.minus, e.tau[i], m, e.env[i])
			if e.cfg.Method == PESAnalytic {
				off := e.differentiate(g, i, s, m, score)
				plus -= off
				minus += off
			}
			e.made[i] += uint64(e.perWorker) * uint64(m)
		}
		e.tau[i] += m
		if e.record(i, m, plus, minus, score) {
			e.init2(sPlus, sMinus, e.env[i])
			copy(s, sPlus)
		}
		n -= m
	}
}

// advanceShared is advance for TES: both perturbed copies start from the worker's
// one state, which then moves on unperturbed (Vicol et al., ES-Single, algorithm 1).
func (e *engine[F]) advanceShared(g, i int) {
	w, buf := &e.workers[i], &e.scratch[g]
	s := e.state(i)
	e.beginWindow(i)
	e.perturb(g, i, buf.plus, buf.minus, e.theta)
	copy(buf.sPlus, s)
	copy(buf.sMinus, s)
	w.lost = false // the shared state isn't: only a window is
	for n := e.cfg.Window; n > 0 && w.err == nil; {
		m := e.stretch(i, n)
		plus := unroll.Window(e.sys, buf.sPlus, buf.plus, e.tau[i], m, e.env[i])
		minus := unroll.Window(e.sys, buf.sMinus, buf.minus, e.tau[i], m, e.env[i])
		unroll.Window(e.sys, s, e.theta, e.tau[i], m, e.env[i])
		e.made[i] += 3 * uint64(m)
		e.tau[i] += m
		if e.record(i, m, plus, minus, true) {
			e.sys.Init(s, e.env[i])
			copy(buf.sPlus, s)
			copy(buf.sMinus, s)
		}
		n -= m
	}
}

// differentiate makes m steps of worker i's unperturbed state. If they are scored, which
// is then one window under one perturbation, it keeps the derivative p of their losses,
// and returns σε·p, what the losses owe to ε.
func (e *engine[F]) differentiate(g, i int, s []F, m int, score bool) float64 {
	if !score {
		unroll.Window(e.sys, s, e.theta, e.tau[i], m, e.env[i])
		return 0
	}
	p, eps := e.gradient.exact[e.d*i:e.d*(i+1)], e.scratch[g].eps
	for k := range p {
		p[k] = 0
	}
	unroll.Gradient(e.differentiable, p, s, e.theta, e.tau[i], m, e.env[i], e.scratch[g].tape)
	for _, v := range p {
		if !(math.Abs(float64(v)) <= largest[F]()/4) {
			return math.NaN()
		}
	}
	e.shape.fill(eps, e.eps[i], 0)
	return float64(e.cfg.Sigma * float64(vec.Dot(eps, p)))
}
