package estimator

import (
	"errors"
	"fmt"
	"math"
	"runtime"
	"sort"
	"sync"

	"github.com/noise-reuse/nres/internal/alias"
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
// A live service has no copies, so the two members of a pair take turns on it, and no
// episodes. For such a service, LockStep phases avoid the warm-up, the horizon is how long
// a perturbation is kept, Signs bound what is tried to θ ± σ in each parameter, and Std or
// Sign keep one bad window from weighing more than it should. examples/tuner is one.
//
// [NewAskTell] makes one. All methods are safe for concurrent use; while Gradient sums up,
// which takes as long as for an Estimator, the others wait. theta and the optimizer are the
// caller's to guard: theta may not change while Ask reads it, and none of the three while a
// checkpoint is made of them.
//
// Ask, Tell and Gradient allocate only until workers have told as much as they ever do
// between two gradients. Until Gradient is called, what is told takes memory, 64 bytes for
// each perturbation, and Gradient time in proportion.
type AskTell[F vec.Float] struct {
	mu      sync.Mutex
	crew    *crew[F] // what the goroutines hold
	asked   []asked
	scratch sync.Pool // of *[]F, for low ranks
}

// asked is what a worker was last asked.
type asked struct {
	serial uint64 // of the question; 0 if there was none
	open   bool
	left   int // steps to the end of the window or of the warm-up
	steps  int // of the question
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
	// Eps is the stream of the perturbation, which is of the parameters Lo to Hi−1.
	// These, theta and σ are all that an evaluator elsewhere needs to know:
	//
	//	noise.PerturbPair(plus[q.Lo:q.Hi], minus[q.Lo:q.Hi], theta[q.Lo:q.Hi], sigma, q.Eps, uint64(q.Lo))
	//
	// makes what Ask returns, the rest of plus and minus being theta, unless
	// Config.Rank says otherwise; see Perturb.
	Eps    noise.Stream
	Lo, Hi int
	// Serial is the number of the question among the worker's.
	Serial uint64
}

// An Answer is what there is to tell about a question.
type Answer struct {
	Question    Question
	Plus, Minus float64 // sums of the losses
}

// ErrStale is what Tell returns for a question that was answered before, or that
// another one or Restart has replaced. The answer is ignored.
var ErrStale = errors.New("estimator: this question was answered or replaced")

// ErrForeign is what Tell returns for a question that differs from the one that the worker
// has open, or whose worker doesn't exist: it was changed on its way, or is of an AskTell
// with another seed or configuration. The answer is ignored, and the open question stays
// open.
var ErrForeign = errors.New("estimator: this question was not asked here: it was changed, or is of another AskTell")

// NewAskTell returns an AskTell for d parameters and episodes of horizon steps.
// Errors are of type *[ConfigError]. TES and PESAnalytic are refused, because they need
// an unperturbed state. With CenteredRank only the last answer of each worker before a
// gradient counts.
func NewAskTell[F vec.Float](d, horizon int, cfg Config) (*AskTell[F], error) {
	a := &AskTell[F]{crew: &crew[F]{}}
	if cfg.Method == TES || cfg.Method == PESAnalytic {
		return nil, bad("Method", cfg.Method, "methods without an unperturbed state, with AskTell: not tes or pesanalytic")
	}
	if err := positive(count{"d", d}, count{"the horizon", horizon}); err != nil {
		return nil, err
	}
	if err := a.crew.init(d, horizon, 0, cfg); err != nil {
		return nil, err
	}
	a.crew.pool = newPool(a.crew.cfg.Parallelism)
	a.asked = make([]asked, cfg.Workers)
	n := a.crew.shape.scratch
	a.scratch.New = func() any { s := make([]F, n); return &s }
	runtime.SetFinalizer(a, func(a *AskTell[F]) { a.crew.pool.close() })
	return a, nil
}

// Close ends the goroutines that sum up gradients. The AskTell may go on being used,
// without them. One that is dropped is closed by the garbage collector.
func (a *AskTell[F]) Close() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.crew.pool.close()
}

// SetSigma changes σ, for a schedule. Call it after Gradient: what has been told is
// weighed with the new σ. So is what will be told to questions that are open, which were asked
// with the old one: the gradient is off by the ratio. After a large change, Ask again. The error, if sigma or 1/sigma is not positive and finite in
// type F, is of type *[ConfigError].
func (a *AskTell[F]) SetSigma(sigma float64) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.crew.setSigma(sigma)
}

// Config returns the configuration, with what the method implies filled in.
func (a *AskTell[F]) Config() Config {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.crew.config()
}

// Ask sets plus and minus to theta ± σε for the next stretch of a worker, from 0 to
// Workers−1. An open question of the worker is replaced, by the same stretch around
// the new theta.
//
// It panics if there is no such worker, or if the three slices overlap or don't have d
// elements.
func (a *AskTell[F]) Ask(worker int, plus, minus, theta []F) Question {
	// A caller may recover from a panic: there is none under the lock, or once the question counts
	// as asked.
	a.checkWorker(worker)
	a.checkSlices(plus, minus, theta)
	a.mu.Lock()
	q := a.ask(worker)
	a.mu.Unlock()
	a.Perturb(plus, minus, theta, q)
	return q
}

// Perturb sets plus and minus to theta ± σε for a question. Apart from its arguments it
// depends on nothing but d and the configuration, so an evaluator in another process may
// call it on an AskTell of its own, after the same SetSigma. It panics if the three slices
// overlap or don't have d elements, or if the question's Lo and Hi are those of no bucket.
func (a *AskTell[F]) Perturb(plus, minus, theta []F, q Question) {
	a.checkSlices(plus, minus, theta)
	starts := a.crew.shape.starts
	if b := sort.SearchInts(starts, q.Lo); b+1 >= len(starts) || starts[b] != q.Lo || starts[b+1] != q.Hi {
		panic(fmt.Sprintf("estimator: the question is about parameters %d to %d of %d, which are no bucket here", q.Lo, q.Hi-1, a.crew.d))
	}
	a.mu.Lock()
	shape := a.crew.shape
	a.mu.Unlock()
	var low []F
	if shape.scratch > 0 {
		s := a.scratch.Get().(*[]F)
		defer a.scratch.Put(s)
		low = *s
	}
	shape.pair(plus, minus, theta, q.Eps, q.Lo, q.Hi, low)
}

// AskAll appends a question to dst for every worker that has no open one and has told
// nothing since the last gradient: the next batch, for evaluators anywhere. A question
// whose evaluator dies stays open: Ask replaces it, Restart gives it up. AskAll allocates
// for the growth of dst only.
func (a *AskTell[F]) AskAll(dst []Question) []Question {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i := range a.asked {
		if !a.asked[i].open && a.crew.workers[i].steps == 0 {
			dst = append(dst, a.ask(i))
		}
	}
	return dst
}

// TellAll takes a batch of answers, as Tell does one after the other. It returns how
// many were stale and thus ignored, and the first error of any other kind; it goes on
// after errors.
func (a *AskTell[F]) TellAll(answers []Answer) (stale int, err error) {
	const some = 64 // under one lock, so that others needn't wait for all of them
	for len(answers) > 0 {
		n := least(len(answers), some)
		s, e := a.tellSome(answers[:n])
		if stale += s; err == nil {
			err = e
		}
		answers = answers[n:]
	}
	return stale, err
}

func (a *AskTell[F]) tellSome(answers []Answer) (stale int, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for i := range answers {
		k := &answers[i]
		switch e := a.tell(&k.Question, k.Plus, k.Minus); {
		case e == ErrStale:
			stale++
		case err == nil:
			err = e
		}
	}
	return stale, err
}

func (a *AskTell[F]) ask(worker int) Question {
	c := a.crew
	k := &a.asked[worker]
	if k.left == 0 {
		if !k.done {
			k.left, k.warmUp = c.phase(worker), true
		}
		if k.left == 0 {
			k.left, k.warmUp, k.done = c.cfg.Window, false, true
			c.cut(worker)
		}
	}
	k.serial++
	k.open = true
	k.steps = c.stretch(worker, k.left) // which sets eps
	return a.open(worker)
}

// open returns the worker's open question.
func (a *AskTell[F]) open(worker int) Question {
	c := a.crew
	w, k := &c.workers[worker], &a.asked[worker]
	return Question{
		Worker: worker, Episode: w.episode, From: c.tau[worker], Steps: k.steps, WarmUp: k.warmUp,
		Env: c.env[worker], Eps: c.eps[worker], Lo: c.shape.starts[w.bucket], Hi: c.shape.starts[w.bucket+1], Serial: k.serial,
	}
}

// Tell takes the sums of the losses over the steps of a question, under θ+σε and under
// θ−σε. It returns ErrStale for an answer that is no longer wanted, and ErrForeign for one
// to a question that wasn't asked here.
//
// If a loss, or the sum or difference of the two, is not finite in type F, or so large that
// the gradient might not be, and Config.NonFinite is Fail, it returns a *[NonFiniteError],
// once, and the worker begins a new episode. With DropPair the worker is left out until its
// episode ends.
func (a *AskTell[F]) Tell(q Question, plus, minus float64) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.tell(&q, plus, minus)
}

func (a *AskTell[F]) tell(q *Question, plus, minus float64) error {
	if q.Worker < 0 || q.Worker >= len(a.asked) {
		return ErrForeign
	}
	k := &a.asked[q.Worker]
	if !k.open || k.serial != q.Serial {
		return ErrStale
	}
	if *q != a.open(q.Worker) {
		return ErrForeign
	}
	k.open = false
	for _, l := range []*float64{&plus, &minus} {
		if over := float64(F(*l)); over-over != 0 {
			*l = over
		}
	}
	c := a.crew
	w := &c.workers[q.Worker]
	if c.cfg.Shaping == CenteredRank {
		w.forget()
	}
	c.tau[q.Worker] += k.steps
	c.record(q.Worker, k.steps, plus, minus, !k.warmUp)
	if err := w.err; err != nil {
		w.err = nil
		a.restart(q.Worker)
		return err
	}
	if k.left -= k.steps; k.left == 0 && k.warmUp {
		k.done = true
	}
	return nil
}

func (a *AskTell[F]) checkWorker(worker int) {
	if n := a.crew.cfg.Workers; worker < 0 || worker >= n {
		panic(fmt.Sprintf("estimator: worker is %d; allowed: 0 to %d", worker, n-1))
	}
}

func (a *AskTell[F]) checkSlices(plus, minus, theta []F) {
	if d := a.crew.d; len(plus) != d || len(minus) != d || len(theta) != d {
		panic("estimator: plus, minus and theta must have d elements")
	}
	if alias.Overlap(plus, minus) || alias.Overlap(plus, theta) || alias.Overlap(minus, theta) {
		panic("estimator: plus, minus and theta overlap")
	}
}

// Restart makes the worker begin a new episode, with a new perturbation, because its
// systems were lost. Its open question becomes stale; what it told before counts. It
// panics if there is no such worker.
func (a *AskTell[F]) Restart(worker int) {
	a.checkWorker(worker)
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

// Told returns the number of scored steps that have been told since the last gradient.
func (a *AskTell[F]) Told() (steps int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.crew.scored()
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
	if steps = a.crew.scored(); steps == 0 {
		for i := range grad {
			grad[i] = 0
		}
		return math.NaN(), 0
	}
	return a.crew.combine(grad, steps), steps
}
