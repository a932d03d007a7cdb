package estimator

import (
	"context"
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/tasks"
	"github.com/noise-reuse/nres/unroll"
)

// The theory of the papers as tests. What a theorem says is checked by functions
// that return a verdict, and each is tried on an estimator with a fault, too, which
// it must refuse. Numbers of theorems are those of Li et al., NeurIPS 2023, but for
// the propositions, which are of Vicol, ES-Single, 2023.

// sure is how many standard errors a mean may be off. For a normal vector of any
// dimension the probability of more is below exp(−(sure−1)²/2) = 2.3e-11; for
// Student's t with 31 degrees of freedom, which the errors of variances are like, it
// is 5e-9. There are some hundred such checks, and seeds are fixed.
const sure = 8

// A fault is a mistake that a check must find.
type fault int

const (
	faultless  fault = iota
	dropXi           // weighs with the last ε, not their sum
	wrongSigma       // divides by σ once too often
	skipLast         // never stands in the last window of the episode
	dropExact        // PESAnalytic without the derivative of its own window
)

// sampler returns a function for measure that draws gradients of one worker.
func sampler(t *testing.T, sys unroll.System[float64], theta []float64, cfg Config, f fault) func(g, i int, x []float64) error {
	cfg.Workers, cfg.Parallelism = 1, 1
	var ests [2]*Estimator[float64]
	for g := range ests {
		var err error
		ests[g], err = New(sys, cfg)
		require.NoError(t, err)
	}
	return func(g, i int, x []float64) error {
		e := ests[g].engine
		seed := noise.New(cfg.Seed).Derive(uint64(i))
		e.reseed(seed.Key)
		e.theta = theta
		if f == skipLast {
			e.initPair(0)
			e.advance(0, 0, int(seed.Sub%uint64(e.horizon/e.cfg.Window-1))*e.cfg.Window, false)
		} else {
			e.start(0, 0)
		}
		e.window(0, 0)
		if terms := e.workers[0].terms; f == dropXi {
			for k := range terms {
				terms[k].last = 0
			}
		}
		if f == dropExact {
			clear64(e.gradient.exact)
		}
		e.combine(x, e.scored())
		if f == wrongSigma {
			for k := range x {
				x[k] /= cfg.Sigma
			}
		}
		return e.failed()
	}
}

func spreadOf(t *testing.T, sys unroll.System[float64], theta []float64, cfg Config, n int, f fault) *Spread {
	s, err := measure(context.Background(), sys.ParamLen(), n, 2, sampler(t, sys, theta, cfg, f), nil)
	require.NoError(t, err)
	return s
}

// unbiased is the verdict on a mean.
func unbiased(s *Spread, want []float64) error {
	var off float64
	for k, v := range s.Mean {
		off += (v - want[k]) * (v - want[k])
	}
	if z := math.Sqrt(off / (s.Variance / float64(s.Samples))); !(z < sure) {
		return fmt.Errorf("mean %v is %.1f standard errors from %v", s.Mean, z, want)
	}
	return nil
}

// agrees is the verdict on a variance.
func agrees(s *Spread, want float64) error {
	if z := (s.Variance - want) / (s.High - s.Variance) * student; !(math.Abs(z) < sure) {
		return fmt.Errorf("variance %v is %+.1f standard errors from %v", s.Variance, z, want)
	}
	return nil
}

func linear(t *testing.T, d, horizon int, lean tasks.Lean, seed uint64) *tasks.Linear[float64] {
	l, err := tasks.NewLinear[float64](d, horizon, lean, seed)
	require.NoError(t, err)
	return l
}

// random returns d numbers.
func random(d int, seed uint64) []float64 {
	x := make([]float64, d)
	noise.Fill(x, noise.New(seed).Derive(77), 0)
	return x
}

// poly has the loss a + q/2·a² + c/6·a³, where a is that of a Linear.
type poly struct {
	*tasks.Linear[float64]
	q, c float64
}

func (p poly) Step(s, theta []float64, t int, env noise.Stream) float64 {
	a := p.Linear.Step(s, theta, t, env)
	return a + p.q/2*a*a + p.c/6*a*a*a
}

// total returns g^t and its product with theta.
func (p poly) total(theta []float64, t int) (g []float64, a float64) {
	g = make([]float64, len(theta))
	for i := 1; i <= t; i++ {
		add64(g, p.Partial(t, i))
	}
	for k, v := range theta {
		a += v * g[k]
	}
	return g, a
}

// Partials are the derivatives by each step's parameters: Assumption 2's if c is 0.
func (p poly) Partials(g, theta []float64, t int) {
	p.Linear.Partials(g, theta, t)
	_, a := p.total(theta, t)
	for k := range g {
		g[k] *= 1 + p.q*a + p.c/2*a*a
	}
}

// smoothed returns the gradient of the K-smoothed loss (equation 7). It depends on K
// through c alone: E (a + σz)³ = a³ + 3aσ²·E z², where z has the variance Σ_j
// ‖g_{K,j}^t‖².
func (p poly) smoothed(theta []float64, sigma float64, period int) []float64 {
	grad := make([]float64, len(theta))
	for t := 1; t <= p.Horizon(); t++ {
		g, a := p.total(theta, t)
		var variance float64
		for j := 0; j*period < t; j++ {
			sum := make([]float64, len(theta))
			for i := j*period + 1; i <= t && i <= (j+1)*period; i++ {
				add64(sum, p.Partial(t, i))
			}
			variance += squared(sum)
		}
		slope := 1 + p.q*a + p.c/2*(a*a+sigma*sigma*variance)
		for k, v := range g {
			grad[k] += slope * v / float64(p.Horizon())
		}
	}
	return grad
}

// TestLemma1 (T1): GPES_K is unbiased for the gradient of the K-smoothed loss, for
// every W and K, whether they divide T and each other or not.
func TestLemma1(t *testing.T) {
	const horizon, sigma = 6, 0.25
	sys := poly{linear(t, 2, horizon, tasks.Alike, 1), 0.02, 0.3}
	theta := []float64{0.1, -0.2}
	samples := 20000
	if testing.Short() {
		samples = 2000
	}
	for window := 1; window <= horizon; window++ {
		for period := 1; period <= horizon; period++ {
			cfg := Config{Method: GPES, Period: period, Window: window, Sigma: sigma, Phase: Random, Seed: uint64(10*window + period)}
			want := sys.smoothed(theta, sigma, period)
			assert.NoError(t, unbiased(spreadOf(t, sys, theta, cfg, samples, faultless), want), "W = %d, K = %d", window, period)
		}
	}
	if testing.Short() {
		return
	}
	for _, c := range []struct{ window, period int }{{1, 1}, {2, 2}, {1, 4}, {3, 3}, {4, 1}} {
		cfg := Config{Method: GPES, Period: c.period, Window: c.window, Sigma: sigma, Phase: Random, Seed: 1}
		want := sys.smoothed(theta, sigma, c.period)
		assert.Error(t, unbiased(spreadOf(t, sys, theta, cfg, samples, dropXi), want), "no ξ: %+v", c)
		assert.Error(t, unbiased(spreadOf(t, sys, theta, cfg, samples, wrongSigma), want), "1/σ²: %+v", c)
		if c.window < 4 && c.period < 4 {
			assert.Error(t, unbiased(spreadOf(t, sys, theta, cfg, samples, skipLast), want), "no last window: %+v", c)
		}
		if c.period < 3 {
			other := sys.smoothed(theta, sigma, horizon)
			assert.Error(t, unbiased(spreadOf(t, sys, theta, cfg, samples, faultless), other), "smoothed with K = T: %+v", c)
		}
	}
}

// assumption2 is the verdict on g_i^t, at random perturbations of every step.
func assumption2(sys AntitheticLinear[float64], theta []float64, seed uint64) error {
	d := sys.ParamLen()
	plus, minus := make([]float64, sys.StateLen()), make([]float64, sys.StateLen())
	sys.Init(plus, noise.Stream{})
	sys.Init(minus, noise.Stream{})
	var v []float64
	for t := 1; t <= sys.Horizon(); t++ {
		v = append(v, random(d, seed+uint64(t))...)
		up, down := make([]float64, d), make([]float64, d)
		for k, x := range v[(t-1)*d:] {
			up[k], down[k] = theta[k]+x, theta[k]-x
		}
		got := sys.Step(plus, up, t, noise.Stream{}) - sys.Step(minus, down, t, noise.Stream{})
		g := make([]float64, t*d)
		sys.Partials(g, theta, t)
		var want, size float64
		for k, x := range g {
			want += 2 * x * v[k]
			size += math.Abs(2 * x * v[k])
		}
		if !(math.Abs(got-want) <= 1e-11*(1+size)) {
			return fmt.Errorf("at step %d the losses differ by %v, 2Σv·g is %v", t, got, want)
		}
	}
	return nil
}

// forgetful has no derivative by the first step.
type forgetful struct{ *tasks.Linear[float64] }

func (f forgetful) Partials(g, theta []float64, t int) {
	f.Linear.Partials(g, theta, t)
	clear64(g[:f.ParamLen()])
}

// TestAssumption2 (T2): the systems that say so satisfy it, quadratic losses do
// (Remark 3), cubic ones don't.
func TestAssumption2(t *testing.T) {
	influence, err := tasks.NewInfluence[float64](60)
	require.NoError(t, err)
	for lean := tasks.Unrelated; lean <= tasks.Opposed; lean++ {
		for _, d := range []int{1, 3, 20} {
			l, theta := linear(t, d, 10, lean, 3), random(d, 1)
			assert.NoError(t, assumption2(l, theta, 1))
			assert.NoError(t, assumption2(poly{l, 0.3, 0}, theta, 1))
			assert.Error(t, assumption2(poly{l, 0.3, 0.1}, theta, 1))
			assert.Error(t, assumption2(forgetful{l}, theta, 1))
		}
	}
	assert.NoError(t, assumption2(influence, []float64{0.5}, 1))
}

// lemma4 is the verdict on single gradients, W = 1: the same ε in the closed form
// Σ_j (Σ_i ε_i) ε_jᵀ g_{c,j}^{τ+1}.
func lemma4(t *testing.T, sys AntitheticLinear[float64], theta []float64, cfg Config, f fault) error {
	d := sys.ParamLen()
	draw := sampler(t, sys, theta, cfg, f)
	cfg.Workers = 1
	e, err := New[float64](sys, cfg)
	require.NoError(t, err)
	got := make([]float64, d)
	for i := 0; i < 40; i++ {
		require.NoError(t, draw(0, i, got))
		e.engine.reseed(noise.New(cfg.Seed).Derive(uint64(i)).Key)
		step := e.engine.phase(0) + 1
		g := make([]float64, step*d)
		sys.Partials(g, theta, step)
		xi, eps := make([]float64, d), make([]float64, d)
		var product, size float64
		for i := 0; i < step; i++ {
			if i%cfg.Period == 0 {
				noise.Fill(eps, e.engine.seed.Derive(idNoise, 0, 0, uint64(i/cfg.Period)), 0)
				add64(xi, eps)
			}
			for k, x := range eps {
				product += x * g[i*d+k]
				size += math.Abs(x * g[i*d+k])
			}
		}
		for k, x := range xi {
			if !(math.Abs(got[k]-x*product) <= 1e-11*(1+size)*(1+math.Abs(x))) {
				return fmt.Errorf("sample %d: element %d is %v, not %v", i, k, got[k], x*product)
			}
		}
	}
	return nil
}

// TestLemma4 (T3).
func TestLemma4(t *testing.T) {
	const horizon = 12
	for _, d := range []int{1, 3, 17} {
		sys, theta := poly{linear(t, d, horizon, tasks.Unrelated, 5), 0.1, 0}, random(d, 2)
		for period := 1; period <= horizon; period++ {
			cfg := Config{Method: GPES, Period: period, Window: 1, Sigma: 0.5, Phase: Random, Seed: 9}
			assert.NoError(t, lemma4(t, sys, theta, cfg, faultless), "K = %d", period)
			assert.Error(t, lemma4(t, sys, theta, cfg, wrongSigma), "K = %d", period)
			if period < horizon {
				assert.Error(t, lemma4(t, sys, theta, cfg, dropXi), "K = %d", period)
			}
		}
	}
}

// theorem5 is the variance as the paper prints it (9), of the "mega" system of W
// steps a step, if W isn't 1 (Corollary 8).
func theorem5(sys AntitheticLinear[float64], theta []float64, window, period int) float64 {
	d, steps := sys.ParamLen(), sys.Horizon()/window
	var first, third float64
	mean := make([]float64, d)
	for k := 0; k < steps; k++ {
		// g_{c,j} of the mega step's loss, the mean over the window's.
		sums := make([][]float64, ((k+1)*window-1)/period+1)
		for j := range sums {
			sums[j] = make([]float64, d)
		}
		for t := k*window + 1; t <= (k+1)*window; t++ {
			g := make([]float64, t*d)
			sys.Partials(g, theta, t)
			for i := range g {
				sums[i/d/period][i%d] += g[i] / float64(window)
			}
		}
		total := make([]float64, d)
		for _, a := range sums {
			add64(total, a)
			for _, b := range sums {
				for i := range a {
					third += (a[i] - b[i]) * (a[i] - b[i])
				}
			}
		}
		first += squared(total)
		for i, v := range total {
			mean[i] += v / float64(steps)
		}
	}
	n, f := float64(steps), float64(d)
	return (f+2)/n*first - squared(mean) + f/2/n*third
}

// exactly returns the mean and the variance, given the phase, of the gradient of a
// window of one worker, by enumerating all signs, or all points of the 3-point
// Gauss-Hermite rule, which is exact for the moments of normals up to the fifth.
func exactly(sys AntitheticLinear[float64], theta []float64, cfg Config, tau int) (mean []float64, variance float64) {
	d, horizon := sys.ParamLen(), sys.Horizon()
	points, weights := []float64{-1, 1}, []float64{0.5, 0.5}
	if cfg.Noise == Normal {
		points, weights = []float64{-math.Sqrt(3), 0, math.Sqrt(3)}, []float64{1. / 6, 2. / 3, 1. / 6}
	}
	// Every step of the window has g_1^t.. and the first of its episode's noises.
	type step struct {
		t, eps int
		g      []float64
	}
	var steps []step
	eps := 0
	for s := 1; s <= cfg.Window; s++ {
		t := tau + s
		if t == horizon+1 {
			eps += (horizon-1)/cfg.Period + 1
		}
		if t > horizon {
			t -= horizon
		}
		g := make([]float64, t*d)
		sys.Partials(g, theta, t)
		steps = append(steps, step{t, eps, g})
	}
	last := steps[len(steps)-1]
	z := make([]float64, (last.eps+(last.t-1)/cfg.Period+1)*d)
	mean = make([]float64, d)
	var second float64
	var enumerate func(k int, weight float64)
	enumerate = func(k int, weight float64) {
		if k < len(z) {
			for p := range points {
				z[k] = points[p]
				enumerate(k+1, weight*weights[p])
			}
			return
		}
		x := make([]float64, d)
		for _, s := range steps {
			var product float64
			for i, v := range s.g {
				product += v * z[(s.eps+i/d/cfg.Period)*d+i%d]
			}
			for j := 0; j <= (s.t-1)/cfg.Period; j++ {
				for k := range x {
					x[k] += product * z[(s.eps+j)*d+k] / float64(cfg.Window)
				}
			}
		}
		second += weight * squared(x)
		for k, v := range x {
			mean[k] += weight * v
		}
	}
	enumerate(0, 1)
	return mean, second - squared(mean)
}

// predicted is the verdict on a prediction, by enumeration of the noise of a worker
// and of the phases of all.
func predicted(p *Prediction, sys AntitheticLinear[float64], theta []float64, cfg Config) error {
	d, horizon := sys.ParamLen(), sys.Horizon()
	unit := gcd(cfg.Window, horizon)
	n := float64(cfg.Workers)
	phases := horizon / unit
	means, variances, mean := make([][]float64, phases), make([]float64, phases), make([]float64, d)
	for k := range means {
		means[k], variances[k] = exactly(sys, theta, cfg, k*unit)
		for i, v := range means[k] {
			mean[i] += v / float64(phases)
		}
	}
	var within, between float64
	for u := range means {
		within += variances[u] / float64(phases) / n
		sum := make([]float64, d)
		for i := 0; i < cfg.Workers; i++ {
			add64(sum, means[(u*unit+i*cfg.Window)%horizon/unit])
		}
		for i, v := range sum {
			if cfg.Phase == Random {
				v = means[u][i]
			}
			sum[i] = v
		}
		for i, v := range sum {
			if cfg.Phase == Random {
				between += (v - mean[i]) * (v - mean[i]) / float64(phases) / n
			} else {
				between += (v/n - mean[i]) * (v/n - mean[i]) / float64(phases)
			}
		}
	}
	for _, c := range []struct{ got, want float64 }{{p.Within, within}, {p.Between, between}} {
		if !(math.Abs(c.got-c.want) <= 1e-11*(within+between)) {
			return fmt.Errorf("within %v, between %v; by enumeration %v, %v", p.Within, p.Between, within, between)
		}
	}
	for k := range mean {
		if !(math.Abs(p.Mean[k]-mean[k]) <= 1e-11*(1+math.Abs(mean[k]))) {
			return fmt.Errorf("mean %v, by enumeration %v", p.Mean, mean)
		}
	}
	return nil
}

// TestPredict (T4): the formulas against enumeration, for every W and K, normals and
// signs, random and stratified phases, and any number of workers.
func TestPredict(t *testing.T) {
	const horizon, d = 4, 2
	sys, theta := linear(t, d, horizon, tasks.Unrelated, 3), []float64{1, 2}
	predict := func(cfg Config) *Prediction {
		p, err := Predict[float64](sys, theta, cfg)
		require.NoError(t, err)
		return p
	}
	for _, law := range []Noise{Normal, Signs} {
		for window := 1; window <= horizon; window++ {
			for period := 1; period <= horizon; period++ {
				if law == Normal && window == 3 && period == 1 && testing.Short() {
					continue // half a million points
				}
				cfg := Config{Method: GPES, Window: window, Period: period, Noise: law, Sigma: 1, Workers: 1, Phase: Random}
				assert.NoError(t, predicted(predict(cfg), sys, theta, cfg), "%+v", cfg)
				if law == Normal && (window == 3 || period == 1) {
					continue // long, and nothing new
				}
				other := cfg
				other.Noise = 1 - law
				assert.Error(t, predicted(predict(other), sys, theta, cfg), "other noise")
				if cfg.Period < horizon {
					other = cfg
					other.Period++
					assert.Error(t, predicted(predict(other), sys, theta, cfg), "other period")
				}
				for cfg.Workers = 1; cfg.Workers <= 6; cfg.Workers++ {
					random := predict(cfg)
					stratified := cfg
					stratified.Phase = Stratified
					p := predict(stratified)
					assert.NoError(t, predicted(p, sys, theta, stratified), "%+v", stratified)
					assert.Equal(t, random.Within, p.Within)
					if cfg.Workers*window%horizon == 0 {
						assert.Less(t, p.Between, 1e-25)
					}
					if cfg.Workers > 1 && window < horizon {
						assert.Error(t, predicted(random, sys, theta, stratified), "other phases")
					}
				}
			}
		}
	}
}

// TestTheorem5Formula (T4): Predict is (9) where that applies.
func TestTheorem5Formula(t *testing.T) {
	for _, horizon := range []int{1, 6, 12} {
		for _, d := range []int{1, 2, 16} {
			sys, theta := poly{linear(t, d, horizon, tasks.Lean(d%3), uint64(d)), 0.05, 0}, random(d, 1)
			for window := 1; window <= horizon; window++ {
				for c := 1; horizon%window == 0 && c*window <= horizon; c++ {
					cfg := Config{Method: GPES, Window: window, Period: c * window, Sigma: 1, Workers: 1, Phase: Random}
					p, err := Predict[float64](sys, theta, cfg)
					require.NoError(t, err)
					assert.InEpsilon(t, theorem5(sys, theta, window, c*window), p.Variance(), 1e-11, "%+v", cfg)
					if c*window == horizon {
						continue
					}
					assert.Greater(t, math.Abs(theorem5(sys, theta, window, horizon)/p.Variance()-1), 1e-6, "K = T is another")
				}
			}
			// FullES: (d+1)‖∇L‖², with signs d − 1.
			want := squared(sys.smoothed(theta, 1, 1))
			for law, f := range []float64{float64(d + 1), float64(d - 1)} {
				p, err := Predict[float64](sys, theta, Config{Method: FullES, Noise: Noise(law), Sigma: 1, Workers: 3})
				require.NoError(t, err)
				assert.InDelta(t, f*want/3, p.Variance(), 1e-11*want)
			}
		}
	}
}

// TestTheorem5 (T4): what estimators do, against (9).
func TestTheorem5(t *testing.T) {
	const horizon = 12
	for _, d := range []int{1, 2, 16, 100} {
		sys, theta := linear(t, d, horizon, tasks.Alike, uint64(d)), random(d, 1)
		samples := 200000 / (10 + d)
		if testing.Short() {
			samples = 500
		}
		for _, c := range []int{1, 2, 5, 12} {
			cfg := Config{Method: GPES, Window: 1, Period: c, Sigma: 0.25, Phase: Random, Seed: uint64(d)}
			want := theorem5(sys, theta, 1, c)
			assert.NoError(t, agrees(spreadOf(t, sys, theta, cfg, samples, faultless), want), "d = %d, K = %d", d, c)
			if testing.Short() {
				continue
			}
			assert.Error(t, agrees(spreadOf(t, sys, theta, cfg, samples, wrongSigma), want), "d = %d, K = %d", d, c)
			if c <= 2 {
				assert.Error(t, agrees(spreadOf(t, sys, theta, cfg, samples, dropXi), want), "d = %d, K = %d", d, c)
			}
		}
	}
}

// leastAtT is the verdict on variances at periods in increasing order, up to T: none
// is less than the last, by more than their errors.
func leastAtT(variances, errs []float64) error {
	last := len(variances) - 1
	for k, v := range variances {
		if v < variances[last]-sure*math.Hypot(errs[k], errs[last])-1e-12*v {
			return fmt.Errorf("variance %v at period %d of %d, %v at T", v, k, last, variances[last])
		}
	}
	return nil
}

// aligned is a walk, whose partial derivatives point all one way.
type aligned struct{ walk[float64] }

func (w aligned) Partials(g, _ []float64, t int) {
	for k := range g {
		g[k] = w.a(1+k/w.d) * w.c(t)
	}
}

// TestCorollaries6And8 (T5): of all GPES_K, K = T has the least variance, for W = 1
// and for any W that divides T.
func TestCorollaries6And8(t *testing.T) {
	sweep := func(sys AntitheticLinear[float64], theta []float64, window int) (variances []float64) {
		for period := window; period <= sys.Horizon(); period += window {
			p, err := Predict(sys, theta, Config{Method: GPES, Window: window, Period: period, Sigma: 1, Workers: 1, Phase: Random})
			require.NoError(t, err)
			variances = append(variances, p.Variance())
		}
		return variances
	}
	for seed := uint64(0); seed < 30; seed++ {
		d := 1 + int(seed%5)
		sys, theta := linear(t, d, 12, tasks.Lean(seed%3), seed), random(d, seed)
		for _, window := range []int{1, 2, 3, 4, 6, 12} {
			v := sweep(sys, theta, window)
			assert.NoError(t, leastAtT(v, make([]float64, len(v))))
			if len(v) > 1 {
				v[0], v[len(v)-1] = v[len(v)-1], v[0]
				assert.Error(t, leastAtT(v, make([]float64, len(v))))
			}
		}
	}
	// Between 1 and T it need not fall: a short last period can outweigh the gain.
	v := sweep(aligned{walk[float64]{2, 3, false}}, []float64{1, 1}, 1)
	assert.True(t, v[0] < v[1] && v[2] < v[0], "%v", v)

	if testing.Short() {
		return
	}
	sys, theta := linear(t, 3, 12, tasks.Alike, 3), []float64{1, 2, 3}
	for _, window := range []int{1, 3} {
		measured := func(f fault) (v, errs []float64) {
			for period := window; period <= 12; period += window {
				cfg := Config{Method: GPES, Window: window, Period: period, Sigma: 0.25, Phase: Random, Seed: 3}
				s := spreadOf(t, sys, theta, cfg, 20000, f)
				v, errs = append(v, s.Variance), append(errs, (s.High-s.Variance)/student)
			}
			return v, errs
		}
		assert.NoError(t, leastAtT(measured(faultless)))
		assert.Error(t, leastAtT(measured(dropXi)), "without ξ, another is least")
	}
}

// theorem9 is the verdict on the variance of the mean of T/W workers and that of one
// FullES pair. The paper's condition (10) suffices; what is necessary, too, is
// Σ_k ‖s_k‖² ≤ (d+1+W/T)/(d+2)·‖Σ s_k‖², where s_k = Σ g^t over window k, and for
// stratified workers Σ_k ‖s_k‖² ≤ ‖Σ s_k‖².
func theorem9(sys AntitheticLinear[float64], theta []float64, window int, phase Phase, workers, full, err float64) (holds bool, _ error) {
	d := sys.ParamLen()
	all := make([]float64, d)
	var squares float64
	for t0 := 0; t0 < sys.Horizon(); t0 += window {
		s := make([]float64, d)
		for t := t0 + 1; t <= t0+window; t++ {
			g := make([]float64, t*d)
			sys.Partials(g, theta, t)
			for k, v := range g {
				s[k%d] += v
			}
		}
		squares += squared(s)
		add64(all, s)
	}
	bound := float64(d) + 1 + float64(window)/float64(sys.Horizon())
	if phase == Stratified {
		bound = float64(d) + 2
	}
	holds = squares <= bound/float64(d+2)*squared(all)
	switch off := workers - full; {
	case holds && off > sure*err+1e-12*full:
		return holds, fmt.Errorf("T/W workers have %v more than FullES's %v", off, full)
	case !holds && off < -sure*err-1e-12*full:
		return holds, fmt.Errorf("T/W workers have %v less than FullES's %v", -off, full)
	case squares <= float64(d+1)/float64(d+2)*squared(all) && !holds:
		return holds, fmt.Errorf("(10) is not sufficient")
	}
	return holds, nil
}

// TestTheorem9 (T6), on instances that satisfy (10) and instances that don't.
func TestTheorem9(t *testing.T) {
	const horizon = 12
	var held, failed int
	for seed := uint64(0); seed < 60; seed++ {
		d := 1 + int(seed%7)
		sys, theta := linear(t, d, horizon, tasks.Lean(seed%3), seed), random(d, seed)
		full, err := Predict[float64](sys, theta, Config{Method: FullES, Sigma: 1, Workers: 1})
		require.NoError(t, err)
		for _, window := range []int{1, 2, 3, 4, 6} {
			for _, phase := range []Phase{Random, Stratified} {
				p, err := Predict[float64](sys, theta, Config{Window: window, Sigma: 1, Workers: horizon / window, Phase: phase})
				require.NoError(t, err)
				holds, err := theorem9(sys, theta, window, phase, p.Variance(), full.Variance(), 0)
				assert.NoError(t, err, "W = %d, d = %d, %v", window, d, phase)
				_, err = theorem9(sys, theta, window, phase, 2*full.Variance()-p.Variance(), full.Variance(), 0)
				assert.Error(t, err, "the other way round")
				switch {
				case holds:
					held++
				default:
					failed++
				}
				if lean := tasks.Lean(seed % 3); d > 1 && lean != tasks.Unrelated {
					assert.Equal(t, lean == tasks.Alike, holds, "W = %d, d = %d, %v", window, d, phase)
				}
			}
		}
	}
	assert.Greater(t, held, 100)
	assert.Greater(t, failed, 100)

	if testing.Short() {
		return
	}
	for _, lean := range []tasks.Lean{tasks.Alike, tasks.Opposed} {
		sys, theta := linear(t, 4, horizon, lean, 1), random(4, 1)
		cfg := Config{Window: 3, Sigma: 0.25, Phase: Random, Seed: 4}
		verdict := func(f fault) error {
			one := spreadOf(t, sys, theta, cfg, 40000, f)
			full := spreadOf(t, sys, theta, Config{Method: FullES, Sigma: 0.25, Seed: 4}, 40000, faultless)
			of := func(s *Spread) float64 { return (s.High - s.Variance) / student }
			_, err := theorem9(sys, theta, 3, Random, one.Variance/4, full.Variance, math.Hypot(of(one)/4, of(full)))
			return err
		}
		assert.NoError(t, verdict(faultless))
		if lean == tasks.Alike {
			assert.Error(t, verdict(wrongSigma))
		}
	}
}

// TestPropositions31And32 (T7): with a quadratic loss, the sum of ES-Single's
// gradients over an episode is unbiased, and its total variance is (d+1)‖∇L‖²; with
// signs (d−1)‖∇L‖².
func TestPropositions31And32(t *testing.T) {
	const horizon, window = 12, 3
	samples := 20000
	if testing.Short() {
		samples = 1000
	}
	for _, d := range []int{1, 2, 16} {
		sys, theta := poly{linear(t, d, horizon, tasks.Unrelated, 2), 0.1, 0}, random(d, 3)
		want := sys.smoothed(theta, 1, 1)
		for k := range want {
			want[k] *= horizon // L is the sum of the episode's losses
		}
		episode := func(cfg Config) *Spread {
			cfg.Workers, cfg.Parallelism, cfg.Method, cfg.Window = 1, 1, ESSingle, window
			var ests [2]*Estimator[float64]
			var grads [2][]float64
			for g := range ests {
				var err error
				ests[g], err = New[float64](sys, cfg)
				require.NoError(t, err)
				grads[g] = make([]float64, d)
			}
			s, err := measure(context.Background(), d, samples, 2, func(g, i int, x []float64) error {
				ests[g].engine.reseed(noise.New(5).Derive(uint64(i)).Key)
				clear64(x)
				for k := 0; k < horizon; k += window {
					if _, err := ests[g].Gradient(grads[g], theta); err != nil {
						return err
					}
					add64(x, grads[g])
				}
				return nil
			}, nil)
			require.NoError(t, err)
			return s
		}
		single := episode(Config{Sigma: 0.25})
		assert.NoError(t, unbiased(single, want), "d = %d", d)
		assert.NoError(t, agrees(single, float64(d+1)*squared(want)), "d = %d", d)
		if d > 1 { // with d = 1 it is 0
			assert.NoError(t, agrees(episode(Config{Sigma: 0.25, Noise: Signs}), float64(d-1)*squared(want)), "d = %d", d)
		}
		if testing.Short() {
			continue
		}
		wrong := *single
		wrong.Mean = append([]float64(nil), wrong.Mean...)
		for k := range wrong.Mean {
			wrong.Mean[k] /= 0.25
		}
		assert.Error(t, unbiased(&wrong, want), "1/σ²")
		pes := episode(Config{Sigma: 0.25, Interval: 1})
		assert.NoError(t, unbiased(pes, want), "PES, too, is unbiased")
		assert.Error(t, agrees(pes, float64(d+1)*squared(want)), "PES has another variance")
	}
}

// TestPredictMethods: what no theorem is about, Predict against estimators: windows
// that straddle episodes, TES, lock-step, sums, signs, workers that don't tile.
func TestPredictMethods(t *testing.T) {
	const horizon, d = 10, 3
	samples := 20000
	if testing.Short() {
		samples = 300
	}
	sys, theta := linear(t, d, horizon, tasks.Opposed, 8), random(d, 1)
	for _, cfg := range []Config{
		{Method: GPES, Period: 3, Window: 4, Phase: Random, Workers: 1},
		{Method: PES, Window: 7, Phase: Random, Workers: 2, LossScale: Sum},
		{Method: TES, Window: 5, Phase: Random, Workers: 2},
		{Method: TES, Window: 4, Phase: Random, Workers: 1, Noise: Signs},
		{Method: TES, Window: 4, Workers: 5},
		{Method: ESSingle, Window: 5, Interval: 1, Workers: 2},
		{Window: 2, Workers: 3},
		{Window: 2, Workers: 5, Noise: Signs},
		{Window: 3, Workers: 10},
		{Method: PES, Window: 1, Workers: 4, LossScale: Sum},
	} {
		cfg.Sigma, cfg.Seed = 0.5, 6
		p, err := Predict[float64](sys, theta, cfg)
		require.NoError(t, err)
		s, err := Variance[float64](context.Background(), sys, theta, cfg, samples, nil)
		require.NoError(t, err)
		assert.NoError(t, agrees(s, p.Variance()), "%+v", cfg)
		mean := *s
		if s.Samples > samples { // s.Variance is that of the mean of several samples
			mean.Variance *= float64(cfg.Workers)
		}
		assert.NoError(t, unbiased(&mean, p.Mean), "%+v", cfg)
		if cfg.Phase == Stratified && cfg.Method == NRES && cfg.Workers*cfg.Window%horizon == 0 && !testing.Short() {
			cfg.Phase = Random
			p, err := Predict[float64](sys, theta, cfg)
			require.NoError(t, err)
			assert.Error(t, agrees(s, p.Variance()), "%+v", cfg)
		}
	}
}
