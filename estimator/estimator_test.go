package estimator

import (
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat"

	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/vec"
)

// walk is a system whose loss is linear in the perturbations, so that the gradient
// is known: s_t = s_{t-1} + a_t·θ (elementwise) + noise of the episode, and
// L_t = c_t·Σ_i s_t,i. The gradient of the mean loss is
// 1/T Σ_t c_t Σ_{t' ≤ t} a_t', the same for every element.
type walk[F vec.Float] struct {
	d, horizon int
	noisy      bool
}

func (w walk[F]) ParamLen() int { return w.d }
func (w walk[F]) StateLen() int { return w.d }
func (w walk[F]) Horizon() int  { return w.horizon }
func (w walk[F]) a(t int) F     { return F(1 + t%3) }
func (w walk[F]) c(t int) F     { return F(1+t%5) / 4 }

func (w walk[F]) Init(s []F, env noise.Stream) {
	for i := range s {
		s[i] = 0
	}
	if w.noisy {
		noise.Fill(s, env, 0)
	}
}

func (w walk[F]) Step(s, theta []F, t int, env noise.Stream) (loss F) {
	for i := range s {
		s[i] += F(w.a(t) * theta[i])
		loss += s[i]
	}
	if w.noisy {
		noise.AxpySigns(s, 0.5, env.Derive(uint64(t)), 0)
	}
	return loss * w.c(t)
}

func (w walk[F]) gradient() float64 {
	var sum, g float64
	for t := 1; t <= w.horizon; t++ {
		sum += float64(w.a(t))
		g += float64(w.c(t)) * sum
	}
	return g / float64(w.horizon)
}

// reference is the estimator as its definition reads, one step and one worker at a
// time, with ε and ξ stored (Li et al., algorithms 1, 2 and 7).
type reference struct {
	sys     walk[float64]
	cfg     Config
	workers []refWorker
}

type refWorker struct {
	plus, minus, eps, xi []float64
	tau                  int
	episode              uint64
}

func newReference(sys walk[float64], cfg Config, phases []int, theta []float64) *reference {
	if err := cfg.check(sys.horizon); err != nil {
		panic(err)
	}
	r := &reference{sys: sys, cfg: cfg, workers: make([]refWorker, cfg.Workers)}
	for i := range r.workers {
		r.begin(i)
		for r.workers[i].tau < phases[i] {
			if w := &r.workers[i]; cfg.Method == TES {
				w.tau++
				sys.Step(w.plus, theta, w.tau, r.env(i))
			} else {
				r.step(i, theta)
			}
		}
	}
	return r
}

func (r *reference) env(i int) noise.Stream {
	return noise.New(r.cfg.Seed).Derive(idEnv, uint64(i), r.workers[i].episode)
}

// bucket returns the range that a worker perturbs in its n-th episode (TES: window).
func (r *reference) bucket(i int, n uint64) (lo, hi, bucket int) {
	if r.cfg.Buckets == nil {
		return 0, r.sys.d, 0
	}
	bucket = int((n*uint64(r.cfg.Workers) + uint64(i)) % uint64(len(r.cfg.Buckets)))
	for _, n := range r.cfg.Buckets[:bucket] {
		lo += n
	}
	return lo, lo + r.cfg.Buckets[bucket], bucket
}

func (r *reference) fill(eps []float64, s noise.Stream, i int, n uint64) {
	lo, hi, _ := r.bucket(i, n)
	defer func() {
		for j := range eps {
			if j < lo || j >= hi {
				eps[j] = 0
			}
		}
	}()
	if r.cfg.Noise == Signs {
		noise.FillSigns(eps, s, 0)
	} else {
		noise.Fill(eps, s, 0)
	}
}

func (r *reference) begin(i int) {
	w := &r.workers[i]
	d := r.sys.d
	w.tau, w.xi, w.eps = 0, make([]float64, d), make([]float64, d)
	w.plus, w.minus = make([]float64, d), make([]float64, d)
	r.sys.Init(w.plus, r.env(i))
	r.sys.Init(w.minus, r.env(i))
}

func (r *reference) step(i int, theta []float64) (plus, minus float64, xi []float64) {
	w := &r.workers[i]
	if w.tau%r.cfg.Period == 0 {
		r.fill(w.eps, noise.New(r.cfg.Seed).Derive(idNoise, uint64(i), w.episode, uint64(w.tau/r.cfg.Period)), i, w.episode)
		for j, e := range w.eps {
			w.xi[j] += e
		}
	}
	up, down := make([]float64, len(theta)), make([]float64, len(theta))
	for j, e := range w.eps {
		up[j], down[j] = theta[j]+r.cfg.Sigma*e, theta[j]-r.cfg.Sigma*e
	}
	w.tau++
	plus = r.sys.Step(w.plus, up, w.tau, r.env(i))
	minus = r.sys.Step(w.minus, down, w.tau, r.env(i))
	xi = append(xi, w.xi...)
	if w.tau == r.sys.horizon {
		w.episode++
		r.begin(i)
	}
	return plus, minus, xi
}

func (r *reference) gradient(theta []float64) (grad []float64, loss float64) {
	grad = make([]float64, len(theta))
	n := float64(r.cfg.Workers * r.cfg.Window)
	steps := make([]float64, len(r.cfg.Buckets)+1)
	var means []float64
	for i := range r.workers {
		r.breakstep(i)
		var sumPlus, sumMinus float64
		for t := 0; t < r.cfg.Window; t++ {
			_, _, bucket := r.bucket(i, r.workers[i].episode)
			steps[bucket]++
			plus, minus, xi := r.step(i, theta)
			loss += (plus + minus) / (2 * n)
			sumPlus += plus
			sumMinus += minus
			for j := range grad {
				grad[j] += (plus - minus) * xi[j]
			}
		}
		means = append(means, sumPlus/float64(r.cfg.Window), sumMinus/float64(r.cfg.Window))
	}
	r.scale(grad, steps)
	if r.cfg.Shaping == Std {
		for j := range grad {
			grad[j] *= r.cfg.Sigma / stat.PopStdDev(means, nil)
		}
	}
	return grad, loss
}

// breakstep cuts the first episode short, as Vicol et al.'s code does.
func (r *reference) breakstep(i int) {
	w := &r.workers[i]
	if r.cfg.Phase == Staggered && w.episode == 0 && w.tau >= r.sys.horizon/r.cfg.Workers*(i+1) {
		w.episode++
		r.begin(i)
	}
}

// scale divides each bucket of grad by 2σ and its steps.
func (r *reference) scale(grad, steps []float64) {
	for i := range steps {
		lo, hi, bucket := r.bucket(i, 0)
		for j := lo; j < hi && i == bucket && steps[bucket] > 0; j++ {
			grad[j] /= 2 * r.cfg.Sigma * steps[bucket]
			if r.cfg.LossScale == Sum {
				grad[j] *= float64(r.cfg.Window)
			}
		}
	}
}

// tesGradient is a window of TES (Vicol et al., algorithm 1).
func (r *reference) tesGradient(theta []float64, window uint64) (grad []float64, loss float64) {
	d := len(theta)
	grad = make([]float64, d)
	n := float64(r.cfg.Workers * r.cfg.Window)
	steps := make([]float64, len(r.cfg.Buckets)+1)
	for i := range r.workers {
		r.breakstep(i)
		w := &r.workers[i]
		_, _, bucket := r.bucket(i, window)
		steps[bucket] += float64(r.cfg.Window)
		eps := make([]float64, d)
		r.fill(eps, noise.New(r.cfg.Seed).Derive(idNoise, uint64(i), window), i, window)
		plus, minus := append([]float64(nil), w.plus...), append([]float64(nil), w.plus...)
		up, down := make([]float64, d), make([]float64, d)
		for j, e := range eps {
			up[j], down[j] = theta[j]+r.cfg.Sigma*e, theta[j]-r.cfg.Sigma*e
		}
		for t := 0; t < r.cfg.Window; t++ {
			w.tau++
			a, b := r.sys.Step(plus, up, w.tau, r.env(i)), r.sys.Step(minus, down, w.tau, r.env(i))
			r.sys.Step(w.plus, theta, w.tau, r.env(i))
			loss += (a + b) / (2 * n)
			for j := range grad {
				grad[j] += (a - b) * eps[j]
			}
			if w.tau == r.sys.horizon {
				w.episode++
				r.begin(i)
				copy(plus, w.plus)
				copy(minus, w.plus)
			}
		}
	}
	r.scale(grad, steps)
	return grad, loss
}

func configs(horizon int) []Config {
	var cs []Config
	for _, w := range []int{1, 3, 5, 12, horizon - 1, horizon} {
		for _, p := range []Phase{Stratified, Random, LockStep, Staggered} {
			for _, m := range []Method{NRES, PES, TES, ESSingle} {
				cs = append(cs, Config{Method: m, Window: w, Phase: p})
			}
			cs = append(cs, Config{Method: NRES, Window: w, Phase: p, Noise: Signs}, Config{Method: ESSingle, Interval: 2, Window: w})
			for _, k := range []int{1, 2, 4, 5, 7, 11, horizon, 3 * horizon} {
				cs = append(cs, Config{Method: GPES, Period: k, Window: w, Phase: p})
			}
			cs = append(cs, Config{Method: GPES, Period: 5, Window: w, Phase: p, Noise: Signs, LossScale: Sum, Shaping: Std})
		}
	}
	if testing.Short() { // for slow emulators: every 13th still has all values of each field
		for i := 0; 13*i < len(cs); i++ {
			cs[i] = cs[13*i]
		}
		cs = cs[:(len(cs)+12)/13]
	}
	for i := range cs {
		cs[i].Workers, cs[i].Sigma, cs[i].Seed = 7, 0.3, uint64(i)
	}
	return cs
}

// TestReference compares with the definition, whatever W, K and T: windows that
// straddle episodes, periods that straddle windows.
func TestReference(t *testing.T) {
	sys := walk[float64]{3, 24, true}
	theta, grad := []float64{0.5, -0.2, 0.1}, make([]float64, 3)
	for i, cfg := range configs(sys.horizon) {
		cfg.Buckets = [][]int{nil, {1, 2}, {1, 1, 1}}[i%3]
		est, err := New[float64](sys, cfg)
		require.NoError(t, err)
		phases := make([]int, cfg.Workers)
		for i := range phases {
			phases[i] = est.engine.phase(i)
		}
		ref := newReference(sys, cfg, phases, theta)
		for it := 0; it < 60; it++ {
			loss, err := est.Gradient(grad, theta)
			require.NoError(t, err)
			var want []float64
			var wantLoss float64
			if cfg.Method == TES {
				want, wantLoss = ref.tesGradient(theta, uint64(it))
			} else {
				want, wantLoss = ref.gradient(theta)
			}
			// The sums are in another order.
			for j := range want {
				require.InDelta(t, want[j], grad[j], 1e-10*(1+math.Abs(want[j])), "%+v, gradient %d", cfg, it)
			}
			require.InDelta(t, wantLoss, loss, 1e-10*(1+math.Abs(wantLoss)), "%+v, gradient %d", cfg, it)
			vec.Axpy(theta, -0.001, grad)
		}
	}
}

// TestUnbiased tests the mean of many independent first gradients against the true
// one, with a z-test at 5.5 standard deviations (a false alarm in 3e7).
func TestUnbiased(t *testing.T) {
	if testing.Short() {
		t.Skip("long")
	}
	for _, horizon := range []int{12, 13} {
		sys := walk[float64]{2, horizon, true}
		theta, grad := []float64{0.5, -0.2}, make([]float64, 2)
		for _, cfg := range configs(horizon) {
			if cfg.Phase == LockStep || cfg.Phase == Staggered || cfg.Method == ESSingle || cfg.Method == TES || cfg.Shaping != Raw {
				continue // one window of the episode only; biased; scaled
			}
			var sum, squares float64
			const n = 400
			for seed := uint64(0); seed < n; seed++ {
				cfg := cfg
				cfg.Workers, cfg.Seed, cfg.Parallelism = 3, seed, 1
				est, err := New[float64](sys, cfg)
				require.NoError(t, err)
				for it := 0; it <= cfg.Window%3; it++ { // the first, the second or the third gradient
					_, err = est.Gradient(grad, theta)
					require.NoError(t, err)
				}
				x := grad[0] + grad[1]
				sum += x
				squares += x * x
			}
			mean := sum / n
			sd := math.Sqrt((squares/n - mean*mean) / n)
			z := (mean - 2*sys.gradient()) / sd
			require.Less(t, math.Abs(z), 5.5, "T=%d %+v: mean %v, true %v ± %v", horizon, cfg, mean, 2*sys.gradient(), sd)
		}
	}
}

// TestStratifiedCoversAll: with N·W a multiple of T, every step of the episode is in
// exactly N·W/T windows of every gradient.
func TestStratifiedCoversAll(t *testing.T) {
	for _, c := range []struct{ horizon, window, workers int }{{20, 5, 4}, {20, 5, 12}, {20, 6, 10}, {20, 20, 3}, {7, 3, 14}} {
		est, err := New[float64](walk[float64]{1, c.horizon, false}, Config{Workers: c.workers, Window: c.window, Sigma: 1, Seed: 5})
		require.NoError(t, err)
		covered := make([]int, c.horizon)
		for i := 0; i < c.workers; i++ {
			for s := 0; s < c.window; s++ {
				covered[(est.engine.phase(i)+s)%c.horizon]++
			}
		}
		for s := range covered {
			require.Equal(t, c.workers*c.window/c.horizon, covered[s], "%+v step %d", c, s)
		}
	}
}

// TestStaggered: where N divides T, workers end up T/N steps apart, for good, or as
// many windows as it takes; more workers than steps are spread evenly, too.
func TestStaggered(t *testing.T) {
	for _, c := range []struct {
		horizon, window, workers int
		want                     []int // after 3T steps
	}{
		{20, 5, 4, []int{15, 10, 5, 0}},
		{20, 1, 4, []int{15, 10, 5, 0}},
		{20, 5, 10, []int{15, 15, 10, 10, 10, 5, 5, 0, 0, 0}}, // cut at 2, 4, … 20 and the next end of a window
		{20, 5, 3, []int{10, 5, 0}},                           // at 6, 12, 18
		{2, 1, 5, []int{1, 0, 1, 0, 1}},
		{3, 3, 2, []int{0, 0}},
	} {
		sys := walk[float32]{1, c.horizon, false}
		est, err := New[float32](sys, Config{Workers: c.workers, Window: c.window, Sigma: 1, Phase: Staggered})
		require.NoError(t, err)
		var covered int
		for n := 0; n < 3*c.horizon; n += c.window {
			_, err := est.Gradient([]float32{0}, []float32{0})
			require.NoError(t, err)
			covered += c.window
		}
		assert.Equal(t, Steps{Total: uint64(2 * covered * c.workers), Sequential: uint64(covered)}, est.Steps())
		est.engine.stagger() // what the next gradient begins with
		assert.Equal(t, c.want, est.engine.tau[:c.workers], "%+v", c)
	}
}

// TestLongestHorizon: no phase overflows.
func TestLongestHorizon(t *testing.T) {
	for i := 0; i < 20; i++ {
		for _, phase := range []Phase{Stratified, Random, LockStep, Staggered} {
			assert.GreaterOrEqual(t, phase.Start(i, math.MaxInt/7*3, math.MaxInt, noise.New(uint64(i))), 0, "%v %d", phase, i)
		}
	}
}

func TestRandomPhases(t *testing.T) {
	est, err := New[float64](walk[float64]{1, 20, false}, Config{Workers: 4000, Window: 5, Sigma: 1, Phase: Random})
	require.NoError(t, err)
	count := map[int]int{}
	for i := 0; i < 4000; i++ {
		count[est.engine.phase(i)]++
	}
	assert.Len(t, count, 4)
	for _, tau := range []int{0, 5, 10, 15} {
		assert.InDelta(t, 1000, count[tau], 150) // 5.5 standard deviations
	}
}

func run(t *testing.T, cfg Config, n int) (grads []float32) {
	sys := walk[float32]{2*blockLen + blockRest/2, 24, true} // a block of parameters, and one with a rest
	if testing.Short() {
		sys.d = 60
	}
	theta, grad := make([]float32, sys.d), make([]float32, sys.d)
	est, err := New[float32](sys, cfg)
	require.NoError(t, err)
	defer est.Close()
	for i := 0; i < n; i++ {
		_, err := est.Gradient(grad, theta)
		require.NoError(t, err)
		grads = append(grads, grad...)
		vec.Axpy(theta, -0.01, grad)
	}
	return grads
}

// TestIdentities: GPES is PES with K = W and NRES with K ≥ T; FullES is NRES with
// W = T; ESSingle is GPES in lock-step, M windows a period, with the loss summed; all
// to the bit. And ξ kept is ξ regenerated.
func TestIdentities(t *testing.T) {
	for _, window := range []int{6, 7, 24} {
		for _, n := range []Noise{Normal, Signs} {
			with := func(cfg Config) []float32 {
				cfg.Workers, cfg.Window, cfg.Sigma, cfg.Seed, cfg.Noise = 5, window, 0.1, 3, n
				return run(t, cfg, 9)
			}
			gpes := func(period int) Config { return Config{Method: GPES, Period: period} }
			pes, nres := with(Config{Method: PES}), with(Config{})
			assert.Equal(t, pes, with(gpes(window)))
			assert.Equal(t, nres, with(gpes(24)))
			assert.Equal(t, nres, with(gpes(1000)))
			assert.NotEqual(t, nres, with(gpes(23)))
			if window < 24 {
				assert.NotEqual(t, pes, nres)
			} else {
				assert.Equal(t, nres, with(Config{Method: FullES}))
			}

			lockstep := func(cfg Config) []float32 {
				cfg.Phase, cfg.LossScale = LockStep, Sum
				return with(cfg)
			}
			single := func(m int) []float32 { return with(Config{Method: ESSingle, Interval: m}) }
			assert.Equal(t, lockstep(Config{Method: PES}), single(1))
			assert.Equal(t, lockstep(gpes(2*window)), single(2))
			assert.Equal(t, lockstep(Config{Method: NRES}), single(0))
			assert.Equal(t, single(0), single(1<<30))

			for _, period := range []int{1, 4, 7, 11, 13} {
				cfg := gpes(period)
				regenerated := with(cfg)
				cfg.KeepSums = true
				assert.Equal(t, regenerated, with(cfg), "W = %d, K = %d", window, period)
			}
		}
	}
}

// TestShaping: Sign and CenteredRank on four workers of one window each.
func TestShaping(t *testing.T) {
	sys := walk[float64]{2, 24, true}
	theta := []float64{0.5, -0.2}
	plain := Config{Workers: 4, Window: 6, Sigma: 0.3, Seed: 3}
	est, err := New[float64](sys, plain)
	require.NoError(t, err)
	phases := make([]int, 4)
	for i := range phases {
		phases[i] = est.engine.phase(i)
	}
	ref := newReference(sys, plain, phases, theta)
	var losses []float64
	var noises [][]float64
	for i := range ref.workers {
		var plus, minus float64
		for s := 0; s < 6; s++ {
			if s == 0 && ref.workers[i].tau > 0 {
				noises = append(noises, append([]float64(nil), ref.workers[i].eps...))
			}
			p, m, xi := ref.step(i, theta)
			if s == 0 && len(noises) == i {
				noises = append(noises, xi)
			}
			plus, minus = plus+p, minus+m
		}
		losses = append(losses, plus, minus)
	}
	rank := func(l float64) float64 {
		below := 0
		for _, other := range losses {
			if other < l {
				below++
			}
		}
		return float64(below)/7 - 0.5
	}
	for _, shaping := range []Shaping{Sign, CenteredRank} {
		want, got := make([]float64, 2), make([]float64, 2)
		for i, eps := range noises {
			weight := rank(losses[2*i]) - rank(losses[2*i+1])
			if shaping == Sign {
				weight = math.Copysign(1, losses[2*i]-losses[2*i+1])
			}
			for j := range want {
				want[j] += weight * eps[j] / (2 * 0.3 * 4)
			}
		}
		cfg := plain
		cfg.Shaping = shaping
		est, err := New[float64](sys, cfg)
		require.NoError(t, err)
		_, err = est.Gradient(got, theta)
		require.NoError(t, err)
		assert.InDeltaSlice(t, want, got, 1e-13, "%v", shaping)
	}
	// Ties share their rank: equal losses give no gradient.
	tied, err := New[float64](walk[float64]{2, 24, false}, Config{Workers: 3, Window: 6, Sigma: 1e-300, Shaping: CenteredRank, Phase: LockStep})
	require.NoError(t, err)
	got := []float64{1, 1}
	_, err = tied.Gradient(got, theta)
	require.NoError(t, err)
	assert.Equal(t, []float64{0, 0}, got)
}

// TestDropPair: a pair whose loss isn't finite is left out until its episode ends.
func TestDropPair(t *testing.T) {
	for _, m := range []Method{NRES, PES, TES} {
		sys := breaking{walk[float32]{1, 20, false}}
		est, err := New[float32](sys, Config{Method: m, Workers: 8, Window: 5, Sigma: 0.01, NonFinite: DropPair})
		require.NoError(t, err)
		grad, theta := []float32{0}, []float32{2}
		for i := 0; i < 8; i++ {
			loss, err := est.Gradient(grad, theta)
			require.NoError(t, err)
			assert.False(t, math.IsNaN(loss))
			assert.False(t, math.IsNaN(float64(grad[0])))
		}
		assert.NotZero(t, est.Dropped())
	}
	// All of them: no gradient.
	est, err := New[float32](broken{walk[float32]{1, 20, false}}, Config{Workers: 8, Window: 5, Sigma: 0.01, NonFinite: DropPair})
	require.NoError(t, err)
	grad := []float32{9}
	loss, err := est.Gradient(grad, []float32{2})
	require.NoError(t, err)
	assert.True(t, math.IsNaN(loss))
	assert.Zero(t, grad[0])
}

type broken struct{ walk[float32] }

func (broken) Step(_, _ []float32, _ int, _ noise.Stream) float32 { return float32(math.Inf(1)) }

// TestParallelism: the bits do not depend on the number of goroutines.
func TestParallelism(t *testing.T) {
	for _, cfg := range []Config{
		{}, {Method: PES}, {Method: PES, KeepSums: true}, {Method: TES}, {Shaping: Std, Noise: Signs},
	} {
		cfg.Workers, cfg.Window, cfg.Sigma, cfg.Seed, cfg.Parallelism = 23, 7, 0.1, 3, 1
		want := run(t, cfg, 6)
		for _, cfg.Parallelism = range []int{2, 3, 5, 23, 64, 0} {
			assert.Equal(t, want, run(t, cfg, 6), "Parallelism %d", cfg.Parallelism)
		}
	}
}

func TestCloseKeepsWorking(t *testing.T) {
	sys := walk[float32]{3, 24, true}
	theta, a, b := make([]float32, 3), make([]float32, 3), make([]float32, 3)
	cfg := Config{Workers: 9, Window: 5, Sigma: 0.1, Parallelism: 3}
	open, err := New[float32](sys, cfg)
	require.NoError(t, err)
	closed, err := New[float32](sys, cfg)
	require.NoError(t, err)
	for i := 0; i < 4; i++ {
		if i == 2 {
			closed.Close()
			closed.Close()
		}
		_, err = open.Gradient(a, theta)
		require.NoError(t, err)
		_, err = closed.Gradient(b, theta)
		require.NoError(t, err)
		require.Equal(t, a, b)
	}
}

func TestNoAllocation(t *testing.T) {
	for _, cfg := range []Config{{}, {Method: PES}, {Method: PES, KeepSums: true}, {Method: TES}, {Shaping: CenteredRank}, {Shaping: Std, Noise: Signs},
		{Buckets: []int{20, 30}}, {Method: PES, Buckets: []int{20, 30}}, {Rank: 2, Matrices: []Matrix{{5, 8}, {10, 1}}}} {
		for _, parallelism := range []int{1, 2} {
			sys := walk[float32]{50, 20, false}
			cfg.Workers, cfg.Window, cfg.Sigma, cfg.Parallelism = 8, 5, 0.1, parallelism
			est, err := New[float32](sys, cfg)
			require.NoError(t, err)
			theta, grad := make([]float32, 50), make([]float32, 50)
			_, err = est.Gradient(grad, theta)
			require.NoError(t, err)
			assert.Zero(t, testing.AllocsPerRun(100, func() { _, err = est.Gradient(grad, theta) }), "%+v", cfg)
			require.NoError(t, err)
			est.Close()
		}
	}
}

// TestSteps also sees that start-up makes exactly τ steps per sign.
func TestSteps(t *testing.T) {
	for _, window := range []int{5, 6} {
		sys := &counting{walk: walk[float32]{1, 20, false}}
		est, err := New[float32](sys, Config{Workers: 10, Window: window, Sigma: 0.1, Seed: 9, Parallelism: 1})
		require.NoError(t, err)
		var startUp, longest uint64
		for i := 0; i < 10; i++ {
			tau := uint64(est.engine.phase(i))
			startUp += 2 * tau
			if tau > longest {
				longest = tau
			}
		}
		assert.Zero(t, est.Steps())
		theta, grad := []float32{1}, []float32{0}
		for n := uint64(1); n <= 12; n++ {
			_, err = est.Gradient(grad, theta)
			require.NoError(t, err)
			want := Steps{Total: startUp + n*2*10*uint64(window), StartUp: startUp, Sequential: longest + n*uint64(window)}
			require.Equal(t, want, est.Steps())
			require.Equal(t, want.Total, sys.steps)
		}
	}
}

type counting struct {
	walk[float32]
	steps uint64
}

func (c *counting) Step(s, theta []float32, t int, env noise.Stream) float32 {
	c.steps++
	return c.walk.Step(s, theta, t, env)
}

// breaking has a loss that isn't finite from step 15 on, for θ above 1.
type breaking struct{ walk[float32] }

func (b breaking) Step(s, theta []float32, t int, env noise.Stream) float32 {
	if t >= 15 && theta[0] > 1 {
		return float32(math.NaN())
	}
	return b.walk.Step(s, theta, t, env)
}

func TestNonFinite(t *testing.T) {
	for _, parallelism := range []int{1, 3} {
		sys := breaking{walk[float32]{1, 20, false}}
		est, err := New[float32](sys, Config{Workers: 8, Window: 5, Sigma: 0.01, Parallelism: parallelism})
		require.NoError(t, err)
		grad := []float32{0}
		for i := 0; i < 3; i++ {
			_, err = est.Gradient(grad, []float32{0})
			require.NoError(t, err)
		}
		before, err := est.MarshalBinary()
		require.NoError(t, err)
		grad[0] = 77
		_, err = est.Gradient(grad, []float32{2})
		var nonFinite *NonFiniteError
		require.True(t, errors.As(err, &nonFinite), "%v", err)
		assert.EqualValues(t, 3, nonFinite.Gradient)
		// The lowest of the workers whose window has steps 15..20.
		want := 0
		for ; ; want++ {
			if tau := (est.engine.phase(want) + 15) % 20; tau >= 10 {
				assert.Equal(t, [2]int{tau + 1, tau + 5}, [2]int{nonFinite.First, nonFinite.Last})
				break
			}
		}
		assert.Equal(t, want, nonFinite.Worker)
		assert.Contains(t, err.Error(), fmt.Sprintf("gradient 3, worker %d", want))
		assert.Equal(t, float32(77), grad[0], "grad is as it was")
		_, again := est.Gradient(grad, []float32{0})
		assert.Equal(t, err, again)

		twin, err := New[float32](sys, est.Config())
		require.NoError(t, err)
		require.NoError(t, twin.UnmarshalBinary(before))
		unhurt := []float32{0}
		_, err = twin.Gradient(unhurt, []float32{0.5})
		require.NoError(t, err)
		require.NoError(t, est.UnmarshalBinary(before))
		_, err = est.Gradient(grad, []float32{0.5})
		require.NoError(t, err)
		assert.Equal(t, unhurt, grad, "a restored state is as if nothing had been")
	}
}

type empty struct{ walk[float32] }

func (empty) ParamLen() int { return 0 }
func (empty) StateLen() int { return 1 }
func (empty) Horizon() int  { return 20 }

// TestConfigRoundTrip: what Config returns is accepted, and is the same estimator.
func TestConfigRoundTrip(t *testing.T) {
	const horizon = 12
	sys, theta := walk[float32]{2, horizon, true}, []float32{1, 2}
	for _, cfg := range []Config{
		{Method: NRES, Window: 5}, {Method: PES, Window: 5}, {Method: TES, Window: 5},
		{Method: GPES, Window: 5, Period: 7}, {Method: GPES, Window: 5, Period: horizon + 1},
		{Method: FullES}, {Method: FullES, Window: horizon},
		{Method: ESSingle, Window: 5}, {Method: ESSingle, Window: 5, Interval: 2}, {Method: ESSingle, Window: 5, Interval: 3},
		{Method: PESAnalytic, Window: 4},
	} {
		cfg.Workers, cfg.Sigma, cfg.Seed = 3, 0.25, 4
		first, err := New[float32](sys, cfg)
		require.NoError(t, err)
		again, err := New[float32](sys, first.Config())
		require.NoError(t, err, "%+v", cfg)
		assert.Equal(t, first.Config(), again.Config())
		got, want := make([]float32, 2), make([]float32, 2)
		for i := 0; i < 4; i++ {
			_, err = first.Gradient(want, theta)
			require.NoError(t, err)
			_, err = again.Gradient(got, theta)
			require.NoError(t, err)
			assert.Equal(t, want, got, "%+v", cfg)
		}
		if cfg.Method != TES && cfg.Method != PESAnalytic {
			at, err := NewAskTell[float32](2, horizon, cfg)
			require.NoError(t, err)
			_, err = NewAskTell[float32](2, horizon, at.Config())
			assert.NoError(t, err, "%+v", cfg)
		}
		if cfg = first.Config(); cfg.Method != GPES {
			cfg.Period++
			_, err = New[float32](sys, cfg)
			assert.EqualError(t, err, fmt.Sprintf("estimator: Period is %d; allowed: %d, or 0 for it, with %v; gpes takes any",
				cfg.Period, cfg.Period-1, cfg.Method))
		}
	}
}

func TestConfigErrors(t *testing.T) {
	good := Config{Workers: 3, Window: 5, Sigma: 1}
	for field, changes := range map[string][]func(c *Config){
		"Method":  {func(c *Config) { c.Method = 7 }},
		"Phase":   {func(c *Config) { c.Phase = 4 }},
		"Workers": {func(c *Config) { c.Workers = 0 }, func(c *Config) { c.Workers = -1 }},
		"Window": {
			func(c *Config) { c.Window = 0 }, func(c *Config) { c.Window = 21 },
			func(c *Config) { c.Method = FullES }, func(c *Config) { c.Window, c.Strict = 6, true },
			func(c *Config) { c.Window, c.Shaping = 6, CenteredRank },
		},
		"Parallelism": {func(c *Config) { c.Parallelism = -1 }},
		"Interval":    {func(c *Config) { c.Interval = 1 }, func(c *Config) { c.Method, c.Interval = ESSingle, -1 }},
		"Noise":       {func(c *Config) { c.Noise = 2 }},
		"LossScale":   {func(c *Config) { c.LossScale = 2 }},
		"Shaping":     {func(c *Config) { c.Shaping = 4 }},
		"NonFinite":   {func(c *Config) { c.NonFinite = 2 }},
		"Period": {
			func(c *Config) { c.Method = GPES }, func(c *Config) { c.Method, c.Period = GPES, -1 },
			func(c *Config) { c.Period = 5 }, func(c *Config) { c.Method, c.Period = PES, 6 },
			func(c *Config) { c.Method, c.Period, c.Strict = GPES, 7, true },
			func(c *Config) { c.Method, c.Period, c.Shaping = GPES, 7, Sign },
		},
		"Telescoping": {
			func(c *Config) { c.Telescoping, c.Method = true, TES },
			func(c *Config) { c.Telescoping, c.Shaping = true, Sign },
		},
		"Buckets": {
			func(c *Config) { c.Buckets = []int{0} }, func(c *Config) { c.Buckets = []int{-1, 3} },
			func(c *Config) { c.Buckets = []int{1, 2} }, func(c *Config) { c.Buckets = []int{1, math.MaxInt} },
			func(c *Config) { c.Buckets = []int{1} }, func(c *Config) { c.Buckets = []int{} },
			func(c *Config) { c.Buckets, c.Rank, c.Matrices = []int{2}, 1, []Matrix{{2, 1}} },
		},
		"Rank": {
			func(c *Config) { c.Rank = -1 }, func(c *Config) { c.Rank = 1 }, func(c *Config) { c.Matrices = []Matrix{{2, 1}} },
			func(c *Config) { c.Method, c.Rank, c.Matrices = PES, 1, []Matrix{{2, 1}} },
		},
		"Matrices": {
			func(c *Config) { c.Rank, c.Matrices = 1, []Matrix{{0, 2}} }, func(c *Config) { c.Rank, c.Matrices = 1, []Matrix{{3, math.MaxInt}} },
			func(c *Config) { c.Rank, c.Matrices = 1, []Matrix{{1, 1}, {1, 2}} }, func(c *Config) { c.Rank, c.Matrices = 1, []Matrix{{1, 1}} },
		},
		"Sigma": {
			func(c *Config) { c.Sigma = 0 }, func(c *Config) { c.Sigma = -1 },
			func(c *Config) { c.Sigma = math.NaN() }, func(c *Config) { c.Sigma = math.Inf(1) },
			func(c *Config) { c.Sigma = 1e-50 }, func(c *Config) { c.Sigma = 1e39 }, func(c *Config) { c.Sigma = 1e-39 }, // not in float32
		},
	} {
		for i, change := range changes {
			cfg := good
			change(&cfg)
			_, err := New[float32](walk[float32]{2, 20, false}, cfg)
			var ce *ConfigError
			if assert.True(t, errors.As(err, &ce), "%s %d", field, i) {
				assert.Equal(t, field, ce.Field)
				assert.Contains(t, err.Error(), "allowed: ")
			}
		}
	}
	for want, change := range map[string]func(c *Config){
		"Buckets is 2 at [1]; allowed: 1 to 1 parameters: those before it cover 1 of d = 2":    func(c *Config) { c.Buckets = []int{1, 2} },
		"Buckets is 1 parameters in all; allowed: d = 2: every parameter is in a bucket":       func(c *Config) { c.Buckets = []int{1} },
		"Matrices is 1×2 at [1]; allowed: 1 to 1 parameters: those before it cover 1 of d = 2": func(c *Config) { c.Rank, c.Matrices = 1, []Matrix{{1, 1}, {1, 2}} },
		"Matrices is 1 parameters in all; allowed: d = 2: every parameter is in one":           func(c *Config) { c.Rank, c.Matrices = 1, []Matrix{{1, 1}} },
	} {
		cfg := good
		change(&cfg)
		_, err := New[float32](walk[float32]{2, 20, false}, cfg)
		assert.EqualError(t, err, "estimator: "+want)
	}
	_, err := New[float32](walk[float32]{1, 20, false}, good)
	assert.NoError(t, err)
	_, err = New[float32](empty{}, good)
	assert.ErrorContains(t, err, "ParamLen")
	_, err = New[float32](nil, good)
	assert.EqualError(t, err, "estimator: the system is nil; allowed: an unroll.System")
	tiny := good
	tiny.Sigma = 1e-50
	_, err = New[float64](walk[float64]{1, 20, false}, tiny)
	assert.NoError(t, err)
	est, err := New[float32](walk[float32]{1, 20, false}, good)
	require.NoError(t, err)
	assert.EqualError(t, est.SetSigma(1e-50), "estimator: Sigma is 1e-50; allowed: positive and finite, 1/σ too, in float32")
	_, err = ParseMethod("es")
	assert.EqualError(t, err, `estimator: Method is "es"; allowed: one of nres, pes, gpes, fulles, tes, essingle, pesanalytic`)
	for _, n := range MethodNames() {
		m, err := ParseMethod(n)
		assert.NoError(t, err)
		assert.Equal(t, n, m.String())
	}
	for _, n := range PhaseNames() {
		p, err := ParsePhase(n)
		assert.NoError(t, err)
		assert.Equal(t, n, p.String())
	}
	assert.Panics(t, func() {
		est, _ := New[float32](walk[float32]{2, 20, false}, good)
		_, _ = est.Gradient(make([]float32, 2), make([]float32, 3))
	})
}
