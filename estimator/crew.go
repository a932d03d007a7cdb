package estimator

import (
	"fmt"
	"math/bits"

	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/vec"
)

// Identifiers under which the seed's stream is divided.
const (
	idNoise      = iota + 1 // then worker, episode, noise period; TES: worker, window
	idEnv                   // then worker, episode
	idPhase                 // then worker
	idEvaluation            // then sample
	idVariance              // then sample
)

// A crew is the workers without a system: where in their episodes they are, the
// noise they see there, what they found, and what becomes of it.
type crew[F vec.Float] struct {
	cfg     Config
	d       int
	horizon int
	seed    noise.Stream
	workers []worker

	gradient gradient[F]
	pool     *pool
	doBlock  func(g, i int) // a method value, made once: making one allocates
	count    uint64         // gradients made
}

// worker is the position of one worker and what it found since the last gradient.
type worker struct {
	tau     int // steps of the episode made
	episode uint64
	window  uint64       // windows begun; TES only
	noise   noise.Stream // of the episode; its noise periods derive theirs
	eps     noise.Stream // of the noise period
	env     noise.Stream // of the episode
	lost    bool         // the loss wasn't finite: nothing counts until the episode ends

	terms       []term
	steps       int     // scored
	plus, minus float64 // sums of the losses over them
	made        uint64  // steps of the system made, scored or not
	dropped     uint64  // windows with steps that weren't scored, being lost
	err         *NonFiniteError

	kept uint64 // noise periods of the episode in the worker's kept ξ
}

// A term is a part of a worker's gradient: weight·ξ, where ξ is the sum of the noise
// periods 0..last of an episode. eps is the noise of the last one.
type term struct {
	weight       float64
	episode, eps noise.Stream
	last         uint64
}

// NonFiniteError says which worker's loss left the finite numbers, in which
// gradient, and where in the episode.
type NonFiniteError struct {
	Gradient    uint64 // 0 for the first one, its start-up included
	Worker      int
	First, Last int     // the steps t of the episode among which it is, 1 to T
	Plus, Minus float64 // the sums of the losses over these steps
}

func (e *NonFiniteError) Error() string {
	return fmt.Sprintf("estimator: gradient %d, worker %d: the loss over steps %d to %d is not finite (θ+σε: %v, θ−σε: %v)",
		e.Gradient, e.Worker, e.First, e.Last, e.Plus, e.Minus)
}

// init checks the configuration and sets up all but the goroutines.
func (c *crew[F]) init(d, horizon int, cfg Config) error {
	for _, n := range []struct {
		what string
		n    int
	}{{"ParamLen", d}, {"Horizon", horizon}} {
		if n.n < 1 {
			return &ConfigError{"the system's " + n.what, fmt.Sprint(n.n), "≥ 1"}
		}
	}
	if err := cfg.check(horizon); err != nil {
		return err
	}
	c.cfg, c.d, c.horizon, c.seed = cfg, d, horizon, noise.New(cfg.Seed)
	c.workers = make([]worker, cfg.Workers)
	// A window holds a whole number of periods, cut ones at both ends, and one more
	// cut where the episode ends.
	most := (cfg.Window-1)/cfg.Period + 3
	terms := make([]term, most*cfg.Workers)
	for i := range c.workers {
		c.workers[i].terms = terms[i*most : i*most : (i+1)*most]
	}
	c.gradient.init(c, len(terms))
	c.doBlock = c.block
	for i := range c.workers {
		c.begin(i)
	}
	return nil
}

// phase returns where in its episode worker i starts. All starting points are
// multiples of gcd(W, T), which divides T and is W where W does.
func (c *crew[F]) phase(i int) int {
	w, horizon := c.cfg.Window, c.horizon
	unit := gcd(w, horizon)
	draw := func(id uint64) int {
		word := c.seed.Derive(idPhase, id)
		n, _ := bits.Mul64(word.Key, uint64(horizon/unit))
		return int(n) * unit
	}
	switch c.cfg.Phase {
	case Stratified:
		hi, lo := bits.Mul64(uint64(i), uint64(w)) // may overflow 64 bits
		return (draw(0) + int(bits.Rem64(hi, lo, uint64(horizon)))) % horizon
	case Random:
		return draw(uint64(i))
	}
	return 0
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// begin puts worker i to the start of w.episode.
func (c *crew[F]) begin(i int) {
	w := &c.workers[i]
	w.tau, w.lost, w.kept = 0, false, 0
	w.noise = c.seed.Derive(idNoise, uint64(i), w.episode)
	w.env = c.seed.Derive(idEnv, uint64(i), w.episode)
}

// beginWindow draws TES's perturbation, which lasts for the window, an end of the
// episode in it notwithstanding.
func (c *crew[F]) beginWindow(i int) {
	if w := &c.workers[i]; c.cfg.Method == TES {
		w.eps = c.seed.Derive(idNoise, uint64(i), w.window)
		w.window++
	}
}

// stretch returns how many of the next n steps of worker i are of one episode and
// under one perturbation, which it sets w.eps to.
func (c *crew[F]) stretch(i, n int) int {
	w := &c.workers[i]
	if left := c.horizon - w.tau; left < n {
		n = left
	}
	if c.cfg.Method == TES {
		return n
	}
	period := w.tau / c.cfg.Period
	if w.tau%c.cfg.Period == 0 {
		w.eps = w.noise.Derive(uint64(period))
	}
	if left := (period+1)*c.cfg.Period - w.tau; left < n {
		n = left
	}
	return n
}

// record takes the loss sums of a stretch of n steps of worker i and moves the worker
// on. It reports whether the episode has ended: a new one has begun, in a state that
// is for the caller to set up.
func (c *crew[F]) record(i, n int, plus, minus float64, score bool) (ended bool) {
	w := &c.workers[i]
	if s := plus + minus; s-s != 0 && !w.lost {
		if c.cfg.NonFinite == Fail {
			w.err = &NonFiniteError{c.count, i, w.tau + 1, w.tau + n, plus, minus}
			return false
		}
		w.lost = true
	}
	if score && !w.lost {
		t := term{plus - minus, w.noise, w.eps, uint64(w.tau / c.cfg.Period)}
		if c.cfg.Method == TES {
			t.last = 0
		}
		if last := len(w.terms) - 1; last >= 0 && w.terms[last].eps == t.eps {
			w.terms[last].weight += t.weight
		} else {
			w.terms = append(w.terms, t)
		}
		w.steps += n
		w.plus += plus
		w.minus += minus
	}
	if score && w.lost {
		w.dropped++
	}
	w.tau += n
	if w.tau == c.horizon {
		w.episode++
		c.begin(i)
		return true
	}
	return false
}

// perturb sets plus and minus to theta ± σε.
func (c *crew[F]) perturb(plus, minus, theta []F, eps noise.Stream) {
	if c.cfg.Noise == Signs {
		noise.PerturbPairSigns(plus, minus, theta, F(c.cfg.Sigma), eps, 0)
	} else {
		noise.PerturbPair(plus, minus, theta, F(c.cfg.Sigma), eps, 0)
	}
}

func (c *crew[F]) failed() error {
	for i := range c.workers {
		if err := c.workers[i].err; err != nil {
			return err
		}
	}
	return nil
}
