package estimator

import (
	"fmt"
	"math"
	"math/bits"
	"sync/atomic"
	"unsafe"

	"github.com/noise-reuse/nres/internal/cast"
	"github.com/noise-reuse/nres/internal/null"
	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/unroll"
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
	positions

	gradient gradient[F]
	shape    perturbation[F]
	low      [][]F // scratch of each goroutine, where the rank is low
	pool     *pool
	doBlock  func(g, i int) // a method value, made once: making one allocates
	count    uint64         // gradients made
	// Config.Sigma as it was before SetSigma.
	initialSigma float64
	roots        []root      // of the workers' streams
	odd          atomic.Bool // some worker may have an err, or be lost
	limit        float64     // see limitOf
	found
}

// found is the short form of what workers found in one window under one perturbation,
// c.eps, where no more is needed than the sum and the mean loss.
type found struct {
	allowed     bool
	short       []bool    // of unroll.Lanes workers each: it is here
	plus, minus []float64 // of each worker
}

func (c *crew[F]) initFound() {
	n := len(c.tau)
	c.found = found{
		allowed: c.cfg.Period == c.horizon && c.cfg.Method != TES && c.cfg.Shaping == Raw,
		short:   make([]bool, n/unroll.Lanes), plus: make([]float64, n), minus: make([]float64, n),
	}
}

// root is what all noise and all environments of a worker derive from.
type root struct{ noise, env noise.Stream }

// positions are where the workers are: an element for each, and more for idle lanes up to
// the next multiple of unroll.Lanes.
type positions struct {
	tau  []int          // steps of the episode made
	eps  []noise.Stream // of the noise period
	env  []noise.Stream // of the episode
	made []uint64       // steps of the system made in all, scored or not
}

func makePositions(workers int) positions {
	n := (workers + unroll.Lanes - 1) / unroll.Lanes * unroll.Lanes
	return positions{make([]int, n), make([]noise.Stream, n), make([]noise.Stream, n), make([]uint64, n)}
}

// worker is what else there is to a worker, and what it found since the last gradient.
type worker struct {
	episode uint64
	window  uint64       // windows begun; TES only
	bucket  int          // that is perturbed
	noise   noise.Stream // of the episode; its noise periods derive theirs
	lost    bool         // the loss wasn't finite: nothing counts until the episode ends

	terms       []term
	steps       int     // scored
	plus, minus float64 // sums of the losses over them
	dropped     uint64  // windows with steps that weren't scored, being lost
	err         *NonFiniteError

	told float64 // Telescoping: L⁺ − L⁻ of the episode so far
	kept uint64  // noise periods of the episode in the worker's kept ξ
}

// A term is a part of a worker's gradient: weight·ξ, where ξ is the sum of the noise
// periods 0..last of an episode. eps is the noise of the last one.
type term struct {
	weight       float64
	episode, eps noise.Stream
	last         uint64
	steps        int // that were scored
	bucket       int
}

// NonFiniteError says in which gradient, of which worker, and where in its episode a loss,
// or the sum or difference of the two losses of a pair, is not finite, or is so large that
// the gradient might not be. That is where (L⁺ − L⁻)·ξ/2σ a step (with [Sum], times W) could
// overflow the estimator's type, elements of ξ being up to 6.7 for each perturbation. With
// Std this cannot happen, and with Sign and CenteredRank it depends on σ alone, which New
// checks. Losses beyond 10^288 are refused as well.
type NonFiniteError struct {
	Gradient    uint64 // 0 for the first one, its start-up included
	Worker      int
	First, Last int     // the steps t of the episode among which it is, 1 to T
	Plus, Minus float64 // the sums of the losses over these steps
}

func (e *NonFiniteError) Error() string {
	what := "sum or difference of the losses over steps %d to %d is not finite"
	s, d := e.Plus+e.Minus, e.Plus-e.Minus
	if e.Plus-e.Plus != 0 || e.Minus-e.Minus != 0 {
		what = "loss over steps %d to %d is not finite"
	} else if s-s == 0 && d-d == 0 {
		what = "losses over steps %d to %d are too large, or too far apart for this σ"
	}
	return fmt.Sprintf("estimator: gradient %d, worker %d: the "+what+" (θ+σε: %v, θ−σε: %v)",
		e.Gradient, e.Worker, e.First, e.Last, e.Plus, e.Minus)
}

// checkSystem refuses what is no system.
func checkSystem[F vec.Float](sys unroll.System[F]) error {
	if name := null.Name(sys); name != "" {
		return bad("the system", name, "an unroll.System")
	}
	return positive(count{"the system's ParamLen", sys.ParamLen()}, count{"the system's StateLen", sys.StateLen()},
		count{"the system's Horizon", sys.Horizon()})
}

type count struct {
	field string
	n     int
}

func positive(counts ...count) error {
	for _, c := range counts {
		if c.n < 1 {
			return bad(c.field, c.n, "≥ 1")
		}
	}
	return nil
}

// init checks the configuration and sets up all but the goroutines. d and horizon are
// positive; state is the number of elements in the states of a worker.
func (c *crew[F]) init(d, horizon, state int, cfg Config) error {
	if err := room("the system's ParamLen", d, float64(sizeOf[F]())); err != nil {
		return err
	}
	if err := cfg.check(horizon); err != nil {
		return err
	}
	if err := c.shape.init(d, &cfg); err != nil {
		return err
	}
	if err := cfg.fits(float64(sizeOf[F]()), d, state); err != nil {
		return err
	}
	if c.shape.scratch > 0 {
		c.low = make([][]F, cfg.Parallelism)
		for g := range c.low {
			c.low[g] = make([]F, c.shape.scratch)
		}
	}
	c.initialSigma = cfg.Sigma
	c.cfg, c.d, c.horizon, c.seed = cfg, d, horizon, noise.New(cfg.Seed)
	c.cfg = c.config() // the caller may go on with its slices
	if err := c.setSigma(cfg.Sigma); err != nil {
		return err
	}
	c.workers, c.positions = make([]worker, cfg.Workers), makePositions(cfg.Workers)
	// A window holds a whole number of periods, cut ones at both ends, and one more
	// cut where the episode ends; or it is never cut.
	most := (cfg.Window-1)/cfg.Period + 3
	if horizon%cfg.Window == 0 && cfg.Period%cfg.Window == 0 {
		most = 1
	}
	if cfg.Telescoping {
		most++
	}
	terms := make([]term, most*cfg.Workers)
	for i := range c.workers {
		c.workers[i].terms = terms[i*most : i*most : (i+1)*most]
	}
	c.gradient.init(c, len(terms))
	c.doBlock = c.block
	c.roots = make([]root, cfg.Workers)
	c.plant()
	return nil
}

// maxBytes is what an address space holds, of 32 or 47 bits: make panics if it is to make more.
const maxBytes = 1 << (32 + 15*(^uint(0)>>63))

// room refuses a count of what takes so many bytes each, if no memory holds it.
func room(field string, n int, each float64) error {
	if most := math.Floor(maxBytes / each); float64(n) > most {
		return bad(field, n, fmt.Sprintf("at most %.0f, of %.3g bytes each", most, each))
	}
	return nil
}

func sizeOf[F vec.Float]() int { return int(unsafe.Sizeof(*new(F))) }

// fits refuses counts that no memory holds. element is the size of one in bytes, state the
// number of them in the states of a worker.
func (c *Config) fits(element float64, d, state int) error {
	states := float64(element * float64(state))
	goroutine := float64(2*element*float64(d)) + float64(2*states)
	if c.Method == PESAnalytic {
		if err := room("Window", c.Window, states); err != nil { // the tape
			return err
		}
		goroutine += float64(states * float64(c.Window))
	}
	term := float64(unsafe.Sizeof(term{})+unsafe.Sizeof(noise.Stream{})) + element
	if err := room("Window", c.Window, term/float64(c.Period)); err != nil {
		return err
	}
	// 200 bytes are for positions, what is found, ranks and questions.
	worker := float64(unsafe.Sizeof(worker{})+unsafe.Sizeof(root{})) + 200 + states + float64(term*float64(c.Window/c.Period+4))
	if c.KeepSums || c.Method == PESAnalytic {
		worker += float64(element * float64(d))
	}
	if err := room("Workers", c.Workers, worker); err != nil {
		return err
	}
	return room("Parallelism", c.Parallelism, goroutine)
}

// plant puts all workers at the start of their episode, with the streams of the seed.
func (c *crew[F]) plant() {
	noises, envs := c.seed.Derive(idNoise), c.seed.Derive(idEnv)
	for i := range c.workers {
		c.roots[i] = root{noises.Derive(uint64(i)), envs.Derive(uint64(i))}
		c.begin(i)
	}
	c.unfind()
}

// phase returns where in its episode worker i starts.
func (c *crew[F]) phase(i int) int {
	return c.cfg.Phase.Start(i, c.cfg.Window, c.horizon, c.seed.Derive(idPhase))
}

// Start returns where in its episode of T = horizon steps worker i starts, 0 to T−1,
// given W = window and the stream that what is random comes from. All starting points
// are multiples of gcd(W, T), which divides T and is W where W does. It panics if i is
// negative or one of the two others below 1.
func (p Phase) Start(i, window, horizon int, s noise.Stream) int {
	if i < 0 || window < 1 || horizon < 1 {
		panic(fmt.Sprintf("estimator: no worker %d with windows of %d steps in episodes of %d", i, window, horizon))
	}
	unit := gcd(window, horizon)
	draw := func(id uint64) int {
		n, _ := bits.Mul64(s.Derive(id).Key, uint64(horizon/unit))
		return int(n) * unit
	}
	switch p {
	case Stratified:
		hi, lo := bits.Mul64(uint64(i), uint64(window)) // may overflow 64 bits
		return int((uint64(draw(0)) + bits.Rem64(hi, lo, uint64(horizon))) % uint64(horizon))
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

// begin puts worker i at the start of w.episode.
func (c *crew[F]) begin(i int) {
	w := &c.workers[i]
	c.tau[i], w.lost, w.told, w.kept = 0, false, 0, 0
	w.noise, c.env[i] = c.streams(i, w.episode)
	if c.cfg.Method != TES { // whose window, with its bucket, may go on
		w.bucket = c.turn(i, w.episode)
	}
}

// turn returns the bucket of worker i in its n-th episode (TES: window). The workers
// take the buckets in turn, and go on with the next ones.
func (c *crew[F]) turn(i int, n uint64) int {
	return c.shape.bucket(uint64(i) + n*uint64(len(c.workers)))
}

// cut ends the first episode of worker i before its next window, if Staggered says so.
// It reports whether it did: the state is for the caller to set up.
func (c *crew[F]) cut(i int) bool {
	if c.cfg.Phase != Staggered || c.workers[i].episode > 0 {
		return false
	}
	n, at := c.cfg.Workers, i%c.horizon+1
	if n <= c.horizon {
		at = c.horizon / n * (i + 1)
	}
	if c.tau[i] < at {
		return false
	}
	c.end(i)
	return true
}

// streams returns an episode's streams of worker i.
func (c *crew[F]) streams(i int, episode uint64) (noise, env noise.Stream) {
	r := &c.roots[i]
	return r.noise.Derive(episode), r.env.Derive(episode)
}

// beginWindow draws TES's perturbation, which lasts for the window, an end of the
// episode in it notwithstanding.
func (c *crew[F]) beginWindow(i int) {
	if w := &c.workers[i]; c.cfg.Method == TES {
		c.eps[i] = c.roots[i].noise.Derive(w.window)
		w.bucket = c.turn(i, w.window)
		w.window++
	}
}

// stretch returns how many of the next n steps of worker i are of one episode and
// under one perturbation, which it sets c.eps[i] to.
func (c *crew[F]) stretch(i, n int) int {
	tau := c.tau[i]
	if period := c.period(tau); tau == period*c.cfg.Period && c.cfg.Method != TES {
		c.eps[i] = c.workers[i].noise.Derive(uint64(period))
	}
	return c.left(i, n)
}

// left is stretch for a c.eps[i] that is set already.
func (c *crew[F]) left(i, n int) int {
	tau := c.tau[i]
	n = least(n, c.horizon-tau)
	if c.cfg.Method == TES {
		return n
	}
	return least(n, c.cfg.Period-(tau-c.period(tau)*c.cfg.Period))
}

// period returns the noise period that step tau+1 is in. Divisions take time; NRES
// doesn't need any.
func (c *crew[F]) period(tau int) int {
	if tau < c.cfg.Period {
		return 0
	}
	return tau / c.cfg.Period
}

// record takes the loss sums of a stretch of n steps, which worker i has made. It
// reports whether the episode has ended: a new one has begun, in a state that is for
// the caller to set up.
func (c *crew[F]) record(i, n int, plus, minus float64, score bool) (ended bool) {
	w := &c.workers[i]
	period, weight, begins := 0, plus-minus, false
	if c.cfg.Method != TES {
		period = c.period(c.tau[i] - n)
		begins = c.cfg.Telescoping && period > 0 && c.tau[i]-n == period*c.cfg.Period
	}
	size := math.Abs(weight)
	if begins {
		weight += w.told
		size = math.Abs(weight) + math.Abs(w.told)
	}
	fits := math.Abs(plus)+math.Abs(minus) <= maxLoss*float64(n) && (!score || size*float64(period+1) <= c.limit*float64(n))
	if !fits && !w.lost {
		c.odd.Store(true)
		if c.cfg.NonFinite == Fail {
			w.err = &NonFiniteError{c.count, i, c.tau[i] - n + 1, c.tau[i], plus, minus}
			return false
		}
		w.lost = true
	}
	if score && !w.lost {
		if c.cfg.Shaping == Sign {
			weight = sign(weight)
		}
		if begins {
			w.addTerm(-w.told, w.noise.Derive(uint64(period-1)), period-1, 0)
		}
		switch {
		case c.cfg.Method != PESAnalytic:
			w.addTerm(weight, c.eps[i], period, n)
		case period > 0: // what is left of the window's loss is due to the perturbations before
			w.addTerm(weight, w.noise.Derive(uint64(period-1)), period-1, n)
		}
		w.steps += n
		w.plus += plus
		w.minus += minus
	}
	if score && w.lost {
		w.dropped++
	}
	if c.cfg.Telescoping && c.cfg.Period < c.horizon {
		w.told += plus - minus
	}
	if c.tau[i] == c.horizon {
		c.end(i)
		return true
	}
	return false
}

// end begins the next episode of worker i.
func (c *crew[F]) end(i int) {
	c.workers[i].episode++
	c.begin(i)
}

func sign(x float64) float64 {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return 0
}

// addTerm adds to the last term or appends one. It is written where it belongs: a copy
// of what was just written would wait for it.
func (w *worker) addTerm(weight float64, eps noise.Stream, period, steps int) {
	n := len(w.terms)
	if n > 0 && w.terms[n-1].eps == eps {
		w.terms[n-1].weight += weight
		w.terms[n-1].steps += steps
		return
	}
	w.terms = append(w.terms, term{})
	t := &w.terms[n]
	t.weight, t.episode, t.eps, t.last = weight, w.noise, eps, uint64(period)
	t.steps, t.bucket = steps, w.bucket
}

// perturb sets plus and minus to theta ± σε for worker i, on goroutine g.
func (c *crew[F]) perturb(g, i int, plus, minus, theta []F) {
	var scratch []F
	if c.low != nil {
		scratch = c.low[g]
	}
	b := c.workers[i].bucket
	c.shape.pair(plus, minus, theta, c.eps[i], c.shape.starts[b], c.shape.starts[b+1], scratch)
}

// checkSigma refuses a σ that perturbs nothing, or all to infinity, or that losses can't
// be divided by.
func checkSigma[F vec.Float](sigma float64) error {
	s := F(sigma)
	if inverse := 1 / s; !(s > 0) || s-s != 0 || inverse-inverse != 0 {
		return bad("Sigma", sigma, fmt.Sprintf("positive and finite, 1/σ too, in %T", s))
	}
	return nil
}

// maxLoss bounds the size of losses, so that the sum of 2^63 pairs is finite.
const maxLoss = 0x1p959

// config returns the configuration, with slices that are the caller's.
func (c *crew[F]) config() Config {
	cfg := c.cfg
	cfg.Buckets = append([]int(nil), cfg.Buckets...)
	cfg.Matrices = append([]Matrix(nil), cfg.Matrices...)
	return cfg
}

func (c *crew[F]) setSigma(sigma float64) error {
	limit, err := c.limitOf(sigma)
	if err == nil {
		c.cfg.Sigma, c.shape.sigma, c.limit = sigma, F(sigma), limit
	}
	return err
}

// limitOf returns the limit of |L⁺ − L⁻| a step: a gradient is a weighted mean of
// (L⁺ − L⁻)·ξ/2σ a step, so it is finite if these are. (They are far from all being as
// large as normals can be, 6.67, so that rounding needs no room.)
func (c *crew[F]) limitOf(sigma float64) (limit float64, err error) {
	if err := checkSigma[F](sigma); err != nil {
		return 0, err
	}
	eps := 6.7
	if c.shape.scratch > 0 {
		eps *= 6.7 * math.Sqrt(float64(c.cfg.Rank)) // ABᵀ/√r
	}
	if c.cfg.Method == PESAnalytic {
		eps *= 2 // leaves room for the derivatives
	}
	limit = largest[F]() / eps * 2 * sigma
	switch c.cfg.Shaping {
	case Raw:
		if c.cfg.LossScale == Sum {
			limit /= float64(c.cfg.Window)
		}
	case Std: // L⁺ − L⁻ is at most 2√N standard deviations
		limit = math.Inf(1)
	default: // ±1 and ranks take its place
		periods := 1
		if c.cfg.Method != TES {
			periods += c.period(c.horizon - 1)
		}
		if limit < float64(periods) {
			return 0, bad("Sigma", sigma, fmt.Sprintf("at least %.3g with shaping %v", sigma/limit*float64(periods), c.cfg.Shaping))
		}
		limit = math.Inf(1)
	}
	return limit, nil
}

// largest returns the largest finite number.
func largest[F vec.Float]() float64 {
	if cast.Is32[F]() {
		return math.MaxFloat32
	}
	return math.MaxFloat64
}

func (c *crew[F]) failed() error {
	if !c.odd.Load() {
		return nil
	}
	for i := range c.workers {
		if err := c.workers[i].err; err != nil {
			return err
		}
	}
	return nil
}
