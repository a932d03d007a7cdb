package baseline

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/noise-reuse/nres/estimator"
	"github.com/noise-reuse/nres/internal/alias"
	"github.com/noise-reuse/nres/internal/null"
	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/unroll"
	"github.com/noise-reuse/nres/vec"
)

// A Method is a way to differentiate; see the package documentation.
type Method uint8

const (
	BPTT Method = iota
	TBPTT
	RTRL
	DODGE
	UORO
)

var methodNames = []string{"bptt", "tbptt", "rtrl", "dodge", "uoro"}

func (m Method) String() string {
	if int(m) < len(methodNames) {
		return methodNames[m]
	}
	return fmt.Sprintf("Method(%d)", m)
}

// Config holds what an [Estimator] is made from.
type Config struct {
	Method  Method
	Phase   estimator.Phase // not Staggered
	Workers int             // N ≥ 1
	Window  int             // W, in steps, 1 to T; BPTT: T, or 0, which stands for it
	Period  int             // K ≥ 1, in steps, for DODGE, or 0, which stands for T; 0 with the other methods
	Seed    uint64
}

func bad(field string, value any, allowed string) error {
	return &estimator.ConfigError{Field: field, Value: fmt.Sprint(value), Allowed: allowed}
}

// check also resolves Window and Period.
func (c *Config) check(horizon int) error {
	if c.Method == BPTT && c.Window == 0 {
		c.Window = horizon
	}
	switch {
	case int(c.Method) >= len(methodNames):
		return bad("Method", uint8(c.Method), "the constants for "+strings.Join(methodNames, ", "))
	case c.Phase > estimator.LockStep:
		return bad("Phase", uint8(c.Phase), "the constants for "+strings.Join(estimator.PhaseNames()[:estimator.LockStep+1], ", "))
	case c.Workers < 1:
		return bad("Workers", c.Workers, "N ≥ 1")
	case c.Window < 1 || c.Window > horizon:
		return bad("Window", c.Window, fmt.Sprintf("1 ≤ W ≤ T = %d", horizon))
	case c.Method == BPTT && c.Window != horizon:
		return bad("Window", c.Window, fmt.Sprintf("T = %d with bptt", horizon))
	case c.Method != DODGE && c.Period != 0:
		return bad("Period", c.Period, fmt.Sprintf("0 with %v; dodge takes any", c.Method))
	case c.Period < 0:
		return bad("Period", c.Period, "K ≥ 1, or 0 for T")
	}
	if c.Period == 0 || c.Period > horizon {
		c.Period = horizon // an episode ends every period
	}
	return nil
}

// An Estimator makes one gradient after another of one system. It is not safe for
// concurrent use.
type Estimator[F vec.Float] struct {
	sys     unroll.Differentiable[F]
	horizon int
	cfg     Config
	seed    noise.Stream
	workers []worker[F]
	started bool
	count   uint64
	steps   estimator.Steps
	err     error
	under   bool // a call of Gradient is under way, or has panicked

	sum    []float64 // the gradient, not yet divided
	part   []F       // of it: a stretch of one worker
	tape   []F       // BPTT, TBPTT: of a stretch
	ds     []F       // UORO
	dtheta []F       // UORO: ∂s_t/∂θ in direction ν; otherwise 0
	nu     []F       // ν
}

type worker[F vec.Float] struct {
	tau        int // steps of the episode made
	episode    uint64
	noise, env noise.Stream // of the episode

	s []F
	// Derivatives of s along dtheta; RTRL: along all axes, one after the other; UORO: s̃.
	ds []F
	// DODGE: v; UORO: θ̃.
	dtheta []F
	xi     []F // DODGE: ξ
}

// New returns an Estimator for sys. Errors are of type *[estimator.ConfigError].
//
// With n the length of the state, a worker takes memory for n numbers, and with RTRL
// n·d, DODGE n + 2d, UORO n + d more. BPTT and TBPTT take (W+1)·n for all workers.
func New[F vec.Float](sys unroll.Differentiable[F], cfg Config) (*Estimator[F], error) {
	if name := null.Name(sys); name != "" {
		return nil, bad("the system", name, "an unroll.Differentiable")
	}
	n, d, horizon := sys.StateLen(), sys.ParamLen(), sys.Horizon()
	for _, l := range []struct {
		what string
		n    int
	}{{"StateLen", n}, {"ParamLen", d}, {"Horizon", horizon}} {
		if l.n < 1 {
			return nil, bad("the system's "+l.what, l.n, "≥ 1")
		}
	}
	if err := cfg.check(horizon); err != nil {
		return nil, err
	}
	e := &Estimator[F]{
		sys: sys, horizon: horizon, cfg: cfg, seed: noise.New(cfg.Seed), workers: make([]worker[F], cfg.Workers),
		sum: make([]float64, d), part: make([]F, d), dtheta: make([]F, d),
	}
	tangents, directions := 0, 0
	switch cfg.Method {
	case BPTT, TBPTT:
		e.tape = make([]F, n*(cfg.Window+1))
	case RTRL:
		tangents = d
	case DODGE:
		tangents, directions = 1, 2
	case UORO:
		tangents, directions = 1, 1
		e.ds, e.nu = make([]F, n), make([]F, n)
	}
	for i := range e.workers {
		w := &e.workers[i]
		w.s, w.ds = make([]F, n), make([]F, tangents*n)
		if directions > 0 {
			w.dtheta, w.xi = make([]F, d), make([]F, (directions-1)*d)
		}
	}
	return e, nil
}

// Config returns the configuration, with Window and Period filled in.
func (e *Estimator[F]) Config() Config { return e.cfg }

// Steps returns the number of steps made so far. A step counts once, together with what
// differentiates it: BPTT and TBPTT take a VJP, RTRL d JVPs, DODGE a JVP, UORO a JVP and
// two VJPs.
func (e *Estimator[F]) Steps() estimator.Steps { return e.steps }

// A NonFiniteError says in which gradient, of which worker, and where in its episode a loss
// or a gradient is not finite.
type NonFiniteError struct {
	Gradient    uint64 // 0 for the first one, its start-up included
	Worker      int
	First, Last int     // the steps t of the episode among which it is, 1 to T
	Loss        float64 // the sum of the losses over these steps
}

func (e *NonFiniteError) Error() string {
	what := "gradient"
	if e.Loss-e.Loss != 0 {
		what = "loss"
	}
	return fmt.Sprintf("baseline: gradient %d, worker %d: the %s over steps %d to %d is not finite (the loss is %v)",
		e.Gradient, e.Worker, what, e.First, e.Last, e.Loss)
}

// Identifiers under which the seed's stream is divided. They are package estimator's:
// DODGE draws GPES's perturbations.
const (
	idNoise = iota + 1 // then worker, episode, period; UORO: worker, episode
	idEnv              // then worker, episode
	idPhase            // then worker
)

var errPanicked = errors.New("baseline: the system has panicked in an earlier call of Gradient")

// Gradient sets grad to an estimate of the gradient at theta from one window of every
// worker, and returns the mean of their losses. The first call also brings the workers
// to their phases under theta; later ones don't allocate. It makes N·W steps. It panics
// if grad and theta overlap or don't have the system's ParamLen.
//
// If a loss or a gradient isn't finite, the error is a *[NonFiniteError] of the lowest
// such worker. grad is then as it was, and every later call returns the same error. If the
// system panics, so does Gradient, and every later call returns an error.
func (e *Estimator[F]) Gradient(grad, theta []F) (loss float64, err error) {
	if len(grad) != len(e.sum) || len(theta) != len(e.sum) {
		panic("baseline: grad and theta must have the length of the system's parameters")
	}
	if alias.Overlap(grad, theta) {
		panic("baseline: grad and theta overlap")
	}
	if e.under {
		return 0, errPanicked
	}
	if e.err != nil {
		return 0, e.err
	}
	e.under = true
	if !e.started {
		e.started = true
		phases, longest := e.seed.Derive(idPhase), 0
		for i := range e.workers {
			tau := e.cfg.Phase.Start(i, e.cfg.Window, e.horizon, phases)
			e.begin(i)
			e.advance(i, tau, theta)
			if tau > longest {
				longest = tau
			}
		}
		e.steps.StartUp, e.steps.Sequential = e.steps.Total, uint64(longest)
	}
	for k := range e.sum {
		e.sum[k] = 0
	}
	for i := range e.workers {
		loss += e.advance(i, e.cfg.Window, theta)
	}
	e.under = false
	if e.err != nil {
		return 0, e.err
	}
	e.steps.Sequential += uint64(e.cfg.Window)
	e.count++
	steps := float64(e.cfg.Workers) * float64(e.cfg.Window)
	for k, g := range e.sum {
		grad[k] = F(g / steps)
	}
	return loss / steps, nil
}

// begin puts worker i to the start of its episode.
func (e *Estimator[F]) begin(i int) {
	w := &e.workers[i]
	w.tau = 0
	w.noise = e.seed.Derive(idNoise, uint64(i), w.episode)
	w.env = e.seed.Derive(idEnv, uint64(i), w.episode)
	zero(w.ds)
	zero(w.dtheta)
	zero(w.xi)
	e.sys.Init(w.s, w.env)
}

// advance makes n steps of worker i, across the ends of episodes, adds their gradient
// to e.sum, and returns the sum of the losses.
func (e *Estimator[F]) advance(i, n int, theta []F) (loss float64) {
	w := &e.workers[i]
	for n > 0 && e.err == nil {
		m := n
		if m > e.cfg.Window { // at start-up
			m = e.cfg.Window
		}
		if left := e.horizon - w.tau; left < m {
			m = left
		}
		zero(e.part)
		first := w.tau + 1
		sum := e.stretch(w, m, theta)
		finite := sum-sum == 0
		for k, g := range e.part {
			finite = finite && g-g == 0
			e.sum[k] += float64(g)
		}
		if !finite {
			e.err = &NonFiniteError{e.count, i, first, w.tau, sum}
		}
		loss += sum
		e.steps.Total += uint64(m)
		n -= m
		if w.tau == e.horizon {
			w.episode++
			e.begin(i)
		}
	}
	return loss
}

// stretch makes n steps of one episode, sets e.part, which is zero, to their gradient,
// and returns the sum of the losses.
func (e *Estimator[F]) stretch(w *worker[F], n int, theta []F) (loss float64) {
	if e.tape != nil {
		loss = unroll.Gradient(e.sys, e.part, w.s, theta, w.tau, n, w.env, e.tape)
		w.tau += n
		return loss
	}
	for k := 0; k < n; k++ {
		switch e.cfg.Method {
		case RTRL:
			e.rtrl(w, theta)
		case DODGE:
			e.dodge(w, theta)
		case UORO:
			e.uoro(w, theta)
		}
		w.tau++
		loss += float64(e.sys.Step(w.s, theta, w.tau, w.env))
	}
	return loss
}

// rtrl adds ∂L_t/∂θ to e.part, t being the step to come, and advances ∂s/∂θ, as do
// dodge and uoro along their directions.
func (e *Estimator[F]) rtrl(w *worker[F], theta []F) {
	n := len(w.s)
	for k := range theta {
		e.dtheta[k] = 1
		e.part[k] += e.sys.JVP(w.ds[k*n:(k+1)*n], e.dtheta, w.s, theta, w.tau+1, w.env)
		e.dtheta[k] = 0
	}
}

func (e *Estimator[F]) dodge(w *worker[F], theta []F) {
	if w.tau%e.cfg.Period == 0 {
		noise.Fill(w.dtheta, w.noise.Derive(uint64(w.tau/e.cfg.Period)), 0)
		vec.Add(w.xi, w.xi, w.dtheta)
	}
	vec.Axpy(e.part, e.sys.JVP(w.ds, w.dtheta, w.s, theta, w.tau+1, w.env), w.xi)
}

func (e *Estimator[F]) uoro(w *worker[F], theta []F) {
	t, n := w.tau+1, len(w.s)
	// ∂L_t/∂s_{t−1}·s̃ θ̃ + ∂L_t/∂θ_t; s̃ becomes ∂s_t/∂s_{t−1}·s̃.
	zero(e.dtheta)
	dloss := e.sys.JVP(w.ds, e.dtheta, w.s, theta, t, w.env)
	vec.Axpy(e.part, dloss, w.dtheta)
	zero(e.ds)
	e.sys.VJP(e.ds, e.part, w.s, theta, 1, t, w.env)

	noise.FillSigns(e.nu, w.noise, uint64(n)*uint64(w.tau))
	copy(e.ds, e.nu)
	e.sys.VJP(e.ds, e.dtheta, w.s, theta, 0, t, w.env) // e.dtheta = νᵀ·∂s_t/∂θ_t
	const eps = 1e-7
	rho0 := F(math.Sqrt(norm(w.dtheta)/(norm(w.ds)+eps)) + eps)
	rho1 := F(math.Sqrt(norm(e.dtheta)/(norm(e.nu)+eps)) + eps)
	for k, v := range e.nu {
		w.ds[k] = F(rho0*w.ds[k]) + F(rho1*v)
	}
	for k, v := range e.dtheta {
		w.dtheta[k] = w.dtheta[k]/rho0 + v/rho1
	}
}

// norm is the Euclidean norm. In float64 no float32 overflows.
func norm[F vec.Float](x []F) float64 {
	var sum float64
	for _, v := range x {
		sum += float64(float64(v) * float64(v))
	}
	return math.Sqrt(sum)
}

func zero[F vec.Float](x []F) {
	for k := range x {
		x[k] = 0
	}
}
