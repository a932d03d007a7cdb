package estimator

import (
	"context"
	"fmt"
	"math"
	"runtime"
	"sync"

	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/unroll"
	"github.com/noise-reuse/nres/vec"
)

// A Spread is what was found about the distribution of a random vector.
type Spread struct {
	// Mean has itself the total variance Variance/n, with the n that [Variance] was given.
	Mean []float64
	// Variance is the total variance, the trace of the covariance matrix; the
	// estimate is unbiased.
	Variance float64
	// Low and High bound the variance with 95 % confidence.
	Low, High float64
	Samples   int // independent ones that were drawn
}

const (
	// Samples are cut into so many batches. The spread of the batches' variances is
	// where the confidence interval comes from, with no assumption about the
	// samples but that there are enough for a batch's variance to be about normal.
	batches = 32
	// student is the 97.5 % quantile of Student's t with batches − 1 degrees of
	// freedom.
	student = 2.0395134463964077
)

// MinSamples is the least number of samples for a confidence interval.
const MinSamples = 2 * batches

// Variance estimates the total variance of the gradients that an [Estimator] with
// this configuration makes at a theta that does not change, tr Cov of the first
// Gradient over all seeds. (In lock-step or staggered that is the episode's first window.) It
// makes the steps of n first gradients: n·N·(2W + 2E τ) with N workers.
//
// Where workers are independent it draws n·N workers, each its own sample, and
// divides their variance by N, which is more exact. They are not where phases are
// Stratified, where shaping compares workers, or where DropPair may leave some out:
// then n whole gradients are the samples. Either must be at least MinSamples.
//
// The interval takes the means of batches of samples for normal. It holds the
// variance of one worker of NRES 92 times of 100 with 200 samples, and 94 times with
// 3000; that of a whole gradient, 95 times with 64.
//
// Bits depend on cfg.Seed alone; cfg.Parallelism bounds the samples that are drawn
// at a time, as does 32. Each of these takes memory for an Estimator and two gradients of
// float64.
//
// progress, if it isn't nil, is called after every sample with the number of samples
// drawn so far and of all, from any goroutine but never from two at a time. When ctx
// is cancelled, Variance returns its error after the samples under way. Errors of
// the configuration are of type *[ConfigError]; a loss that isn't finite is an error
// that wraps a *[NonFiniteError], but for DropPair. It panics if theta doesn't have
// the system's ParamLen, and if the system or progress does, with its value.
func Variance[F vec.Float](ctx context.Context, sys unroll.System[F], theta []F, cfg Config, n int, progress func(done, of int)) (*Spread, error) {
	if ctx == nil {
		return nil, bad("the context", "nil", "context.Background() or any other")
	}
	if err := checkSystem(sys); err != nil {
		return nil, err
	}
	resolved, parallelism, share := cfg, cfg.Parallelism, 1
	if err := resolved.check(sys.Horizon()); err != nil {
		return nil, err
	}
	if parallelism == 0 {
		parallelism = runtime.GOMAXPROCS(0)
	}
	parallelism = least(parallelism, batches)
	cfg.Parallelism = 1
	if n > 0 && independent(resolved, sys.Horizon()) {
		if n > math.MaxInt/cfg.Workers {
			return nil, bad("the number of samples", fmt.Sprintf("%d·%d", n, cfg.Workers), "an int")
		}
		n *= cfg.Workers
		cfg.Workers, share = 1, cfg.Workers
	}
	if n < MinSamples {
		return nil, bad("the number of samples", n, fmt.Sprintf("≥ %d", MinSamples))
	}
	ests, grads := make([]*Estimator[F], parallelism), make([][]F, parallelism)
	for g := range ests {
		var err error
		if ests[g], err = New(sys, cfg); err != nil {
			return nil, err
		}
		grads[g] = make([]F, len(theta))
	}
	root := noise.New(cfg.Seed)
	spread, err := measure(ctx, len(theta), n, parallelism, func(g, i int, x []float64) error {
		ests[g].engine.reseed(root.Derive(idVariance, uint64(i)).Key)
		if _, err := ests[g].Gradient(grads[g], theta); err != nil {
			return fmt.Errorf("estimator: sample %d: %w", i, err)
		}
		for k, v := range grads[g] {
			x[k] = float64(v)
		}
		return nil
	}, progress)
	if err != nil {
		return nil, err
	}
	spread.Variance /= float64(share)
	spread.Low /= float64(share)
	spread.High /= float64(share)
	return spread, nil
}

// independent says whether a gradient is the mean of N independent, identically
// distributed ones.
func independent(cfg Config, horizon int) bool {
	return cfg.Buckets == nil && (cfg.Phase != Stratified || cfg.Window == horizon) &&
		(cfg.Shaping == Raw || cfg.Shaping == Sign) && cfg.NonFinite == Fail
}

// reseed makes the estimator what New makes with another seed.
func (e *engine[F]) reseed(seed uint64) {
	e.cfg.Seed, e.seed, e.count, e.started, e.panicked = seed, noise.New(seed), 0, false, nil
	for i := range e.workers {
		e.workers[i], e.made[i] = worker{terms: e.workers[i].terms[:0]}, 0
	}
	e.plant()
}

// moments are the number, the mean and the spread of the samples of a batch.
type moments struct {
	n       float64
	mean    []float64
	squares float64 // Σ ‖x − mean‖²
	err     error
}

// add takes one more sample (Welford's update).
func (m *moments) add(x []float64) {
	m.n++
	for k, v := range x {
		off := v - m.mean[k]
		m.mean[k] += off / m.n
		m.squares += float64(off * (v - m.mean[k]))
	}
}

// merge takes the samples of b (Chan, Golub and LeVeque).
func (m *moments) merge(b *moments) {
	n := m.n + b.n
	for k, v := range b.mean {
		off := v - m.mean[k]
		m.mean[k] += float64(off * (b.n / n))
		m.squares += float64(off * float64(off*(m.n*b.n/n)))
	}
	m.squares += b.squares
	m.n = n
}

func (m *moments) variance() float64 { return m.squares / (m.n - 1) }

// measure draws n samples: draw sets x, of length d, to sample i, on goroutine g. More
// goroutines than batches have nothing to do.
func measure(ctx context.Context, d, n, parallelism int, draw func(g, i int, x []float64) error, progress func(done, of int)) (*Spread, error) {
	pool := newPool(parallelism)
	defer pool.close()
	var mu sync.Mutex
	done := 0
	report := func() {
		if progress != nil {
			mu.Lock()
			defer mu.Unlock()
			done++
			progress(done, n)
		}
	}
	// As many batches at a time as there are goroutines, then merged in order.
	xs, under := make([][]float64, parallelism), make([]moments, parallelism)
	for g := range xs {
		xs[g] = make([]float64, d)
		under[g].mean = make([]float64, d)
	}
	total := moments{mean: make([]float64, d)}
	var variances [batches]float64
	for first := 0; first < batches; first += parallelism {
		now := under[:least(parallelism, batches-first)]
		pool.run(len(now), func(g, j int) {
			m := &now[j]
			for k := range m.mean {
				m.mean[k] = 0
			}
			m.n, m.squares = 0, 0
			for i := bound(n, first+j); i < bound(n, first+j+1); i++ {
				if m.err = ctx.Err(); m.err != nil {
					return
				}
				if m.err = draw(g, i, xs[g]); m.err != nil {
					return
				}
				m.add(xs[g])
				report()
			}
		})
		for j := range now {
			if err := now[j].err; err != nil {
				return nil, err
			}
			variances[first+j] = now[j].variance()
			total.merge(&now[j])
		}
	}
	var mean, squares float64
	for _, v := range variances {
		mean += float64(v / batches) // a product, of a power of 2
	}
	for _, v := range variances {
		squares += float64((v - mean) * (v - mean))
	}
	s := &Spread{Mean: total.mean, Variance: total.variance(), Samples: n}
	half := float64(student * math.Sqrt(squares/(batches-1)/batches))
	s.Low, s.High = math.Max(0, s.Variance-half), s.Variance+half
	return s, nil
}

// bound returns the first sample of a batch, of n samples: n·batch/batches.
func bound(n, batch int) int { return n/batches*batch + n%batches*batch/batches }
