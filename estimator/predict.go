package estimator

import (
	"fmt"

	"github.com/noise-reuse/nres/unroll"
	"github.com/noise-reuse/nres/vec"
)

// An AntitheticLinear is a system for which the difference of the losses of an
// antithetic pair is linear in the perturbations of the single steps (Li et al.,
// Assumption 2): for any v_1, …, v_t,
//
//	L_t(θ+v_1, …, θ+v_t) − L_t(θ−v_1, …, θ−v_t) = 2 Σ_{i≤t} v_i·g_i^t
//
// Losses that are linear or quadratic in the parameters of all steps are such. Then
// g_i^t is the derivative of L_t by the parameters of step i. It must not depend on
// the episode's env.
type AntitheticLinear[F vec.Float] interface {
	unroll.System[F]
	// Partials sets g, of length t·d, to g_1^t, …, g_t^t at theta, 1 ≤ t ≤ T.
	Partials(g, theta []F, t int)
}

// A Prediction is the mean of a gradient and its total variance, the trace of the
// covariance matrix, in two parts.
type Prediction struct {
	Mean    []float64
	Within  float64 // due to the perturbations, given the phases
	Between float64 // due to the windows that the workers happen to stand in
}

// Variance returns the total variance.
func (p *Prediction) Variance() float64 { return p.Within + p.Between }

// Predict returns the exact mean and variance of the gradients that an [Estimator]
// with this configuration makes at a theta that does not change; in lock-step or
// staggered, of the first one. For one worker, W = 1, GPES and Random phases the variance is that
// of Li et al., Theorem 5; the package documentation has the general formula. It is
// computed in float64.
//
// It takes time for all partial derivatives of an episode, d·T²/2 numbers (W/gcd(W,
// T) times as much), and memory for d·T of them and for the mean of each window.
// Errors are of type *[ConfigError]; shaping other than Raw is one. It panics if theta
// doesn't have the system's ParamLen.
func Predict[F vec.Float](sys AntitheticLinear[F], theta []F, cfg Config) (*Prediction, error) {
	if err := checkSystem[F](sys); err != nil {
		return nil, err
	}
	horizon := sys.Horizon()
	if err := cfg.check(horizon); err != nil {
		return nil, err
	}
	if cfg.Shaping != Raw {
		return nil, bad("Shaping", cfg.Shaping, "raw, for predictions")
	}
	if cfg.Buckets != nil {
		return nil, bad("Buckets", fmt.Sprint(len(cfg.Buckets), " of them"), "none, for predictions")
	}
	if cfg.Rank != 0 {
		return nil, bad("Rank", cfg.Rank, "0, for predictions")
	}
	w, d := cfg.Window, sys.ParamLen()
	if len(theta) != d {
		panic(thetaLength)
	}
	unit, phases := gcd(w, horizon), 1
	if cfg.Phase == Stratified || cfg.Phase == Random {
		phases = horizon / unit
	}
	win := newWindowMoments(sys, theta, &cfg)
	p := &Prediction{Mean: make([]float64, d)}
	means := make([]float64, phases*d)
	for k := 0; k < phases; k++ {
		p.Within += win.moments(means[k*d:(k+1)*d], k*unit) / float64(phases)
	}
	for k, v := range means {
		p.Mean[k%d] += v / float64(phases)
	}
	for k := range means {
		means[k] -= p.Mean[k%d]
	}
	p.Within /= float64(cfg.Workers)
	p.Between = between(means, d, unit, &cfg)
	if cfg.LossScale == Sum {
		for k := range p.Mean {
			p.Mean[k] *= float64(w)
		}
		p.Within *= float64(w) * float64(w)
		p.Between *= float64(w) * float64(w)
	}
	return p, nil
}

// between returns the variance of the mean of the windows' means that the workers
// stand in. off has these means less their mean, d numbers for each multiple of
// unit.
func between(off []float64, d, unit int, cfg *Config) (v float64) {
	phases := len(off) / d
	n := float64(cfg.Workers)
	if cfg.Phase != Stratified {
		return squared(off) / float64(phases) / n
	}
	// Of stratified workers every phases-th stands alike: what whole rounds of them
	// see is the mean, and only the last, incomplete one varies.
	sum := make([]float64, d)
	for u := 0; u < phases; u++ {
		for k := range sum {
			sum[k] = 0
		}
		for i := 0; i < cfg.Workers%phases; i++ {
			at := (u + i*(cfg.Window/unit)) % phases
			for k, x := range off[at*d : (at+1)*d] {
				sum[k] += x
			}
		}
		v += squared(sum) / float64(phases)
	}
	return v / n / n
}

// windowMoments finds the mean and the variance of one worker's window.
type windowMoments[F vec.Float] struct {
	sys      AntitheticLinear[F]
	theta, g []F
	cfg      *Config
	excess   float64     // E ε⁴ − 3
	sums     [][]float64 // for each noise period j, Σ g_j^t over the steps so far
}

func newWindowMoments[F vec.Float](sys AntitheticLinear[F], theta []F, cfg *Config) *windowMoments[F] {
	horizon, d := sys.Horizon(), sys.ParamLen()
	m := &windowMoments[F]{sys: sys, theta: theta, g: make([]F, horizon*d), cfg: cfg}
	if cfg.Noise == Signs {
		m.excess = -2
	}
	m.sums = make([][]float64, (horizon-1)/cfg.Period+1)
	for j := range m.sums {
		m.sums[j] = make([]float64, d)
	}
	return m
}

// moments sets mean to that of the gradient of the window from tau on and returns
// its total variance. A window goes on in the next episode where it reaches the end
// of one; there the perturbations are others.
func (m *windowMoments[F]) moments(mean []float64, tau int) (variance float64) {
	w, horizon := m.cfg.Window, m.sys.Horizon()
	end := least(tau+w, horizon)
	rest := tau + w - end
	if m.cfg.Method == TES {
		variance = m.truncated(mean, tau, end, rest)
	} else {
		variance = m.part(mean, tau, end)
		if rest > 0 {
			variance += m.part(mean, 0, rest)
		}
	}
	for k := range mean {
		mean[k] /= float64(w)
	}
	return variance / (float64(w) * float64(w))
}

// part adds to mean what the steps from+1..to of an episode add to W times the
// gradient, Σ_{i,j} ε_i ε_jᵀ a_ij, and returns the variance of that:
// d Σ ‖a_ij‖² + Σ a_ij·a_ji + excess·Σ ‖a_ii‖², where a_ij is the sum of g_j^t over
// the steps of period max(i, j) or later.
func (m *windowMoments[F]) part(mean []float64, from, to int) (variance float64) {
	period := m.cfg.Period
	first, last := from/period, (to-1)/period
	for j := range m.sums[:last+1] {
		clear64(m.sums[j])
	}
	d := float64(len(mean))
	total, older := make([]float64, len(mean)), make([]float64, len(mean))
	for p := last; p >= first; p-- { // p = max(i, j), but for the first: max(i, j) ≤ p
		for t := to; t > from && t > p*period; t-- {
			m.add(m.sums, t, 0)
		}
		to = least(to, p*period)
		clear64(older)
		for _, s := range m.sums[:p] {
			add64(older, s)
		}
		copy(total, older)
		add64(total, m.sums[p])
		if m.cfg.Method == PESAnalytic { // one period, whose own ε has no part in it
			add64(mean, total)
			for _, s := range m.sums[:p] {
				variance += float64((float64(d*float64(p)) + m.excess) * squared(s))
			}
			return variance + squared(older)
		}
		variance += squared(total)
		if m.cfg.Telescoping && p > 0 && p*period >= from {
			variance += m.telescoped(p)
		}
		if p > first {
			add64(mean, m.sums[p])
			variance += float64((float64(d*float64(p)) + m.excess) * squared(m.sums[p]))
			for _, s := range m.sums[:p+1] {
				variance += float64(d * squared(s))
			}
			variance -= squared(older)
			continue
		}
		add64(mean, total)
		for _, s := range m.sums[:p+1] {
			variance += float64((float64(d*float64(p+1)) + m.excess) * squared(s))
		}
	}
	return variance
}

// telescoped returns what Telescoping adds to the variance of a part in which period p
// begins: Σ g_j^t over the steps before it is added to a_pj, for the j before p.
func (m *windowMoments[F]) telescoped(p int) (variance float64) {
	before := make([][]float64, p)
	for j := range before {
		before[j] = make([]float64, len(m.theta))
	}
	for t := 1; t <= p*m.cfg.Period; t++ {
		m.add(before, t, 0)
	}
	for j, b := range before {
		for k, v := range b {
			variance += float64(2 * v * m.sums[p][k])
			b[k] += m.sums[j][k]
		}
		variance += float64(float64(len(b)) * (squared(b) - squared(m.sums[j])))
	}
	return variance
}

// truncated is part for TES: one ε for all, and no derivative by the parameters
// of steps before the window.
func (m *windowMoments[F]) truncated(mean []float64, from, to, rest int) float64 {
	for j := range m.sums {
		clear64(m.sums[j])
	}
	for t := from + 1; t <= to; t++ {
		m.add(m.sums, t, from)
	}
	for t := 1; t <= rest; t++ {
		m.add(m.sums, t, 0)
	}
	for _, s := range m.sums {
		add64(mean, s)
	}
	return (float64(len(mean)) + 1 + m.excess) * squared(mean)
}

// add adds the g_i^t, i > from, to the sums of their noise periods.
func (m *windowMoments[F]) add(sums [][]float64, t, from int) {
	d := len(m.theta)
	m.sys.Partials(m.g[:t*d], m.theta, t)
	for i := from; i < t; i++ {
		sum := sums[i/m.cfg.Period]
		for k, v := range m.g[i*d : (i+1)*d] {
			sum[k] += float64(v)
		}
	}
}

func clear64(x []float64) {
	for k := range x {
		x[k] = 0
	}
}

func add64(x, y []float64) {
	for k, v := range y {
		x[k] += v
	}
}

func squared(x []float64) (sum float64) {
	for _, v := range x {
		sum += float64(v * v)
	}
	return sum
}
