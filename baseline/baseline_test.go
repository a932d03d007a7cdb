package baseline

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/num/dual"

	"github.com/noise-reuse/nres/estimator"
	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/tasks"
	"github.com/noise-reuse/nres/unroll"
	"github.com/noise-reuse/nres/vec"
)

// A problem is a system with a place to differentiate it at, and the same system again
// in dual numbers, if it isn't linear in θ anyway.
type problem[F vec.Float] struct {
	name  string
	sys   unroll.Differentiable[F]
	theta []F
	dual  func(theta []dual.Number, horizon int) (loss dual.Number)
}

func problems[F vec.Float](t *testing.T, horizon int) []problem[F] {
	lorenz, err := tasks.NewLorenz(tasks.SimulateLorenz[F](tasks.LorenzTruth, horizon))
	require.NoError(t, err)
	influence, err := tasks.NewInfluence[F](horizon)
	require.NoError(t, err)
	linear, err := tasks.NewLinear[F](5, horizon, tasks.Alike, 3)
	require.NoError(t, err)
	toy, err := tasks.NewToy[F](horizon)
	require.NoError(t, err)
	return []problem[F]{
		{"Lorenz", lorenz, []F{3.5, 2.5}, dualLorenz},
		{"Influence", influence, []F{0.5}, dualInfluence},
		{"Linear", linear, []F{1, -2, 0.5, 3, 0}, nil},
		{"Toy", toy, []F{-1, -2}, dualToy},
	}
}

// dualToy descends along a gradient that dual numbers make of f.
func dualToy(theta []dual.Number, horizon int) (loss dual.Number) {
	num := func(x float64) dual.Number { return dual.Number{Real: x} }
	add, mul := dual.Add, dual.Mul
	x, y := num(1), num(1)
	for t := 1; t <= horizon; t++ {
		part := float64(t-1) / float64(horizon)
		rate := add(dual.Scale(1-part, dual.Exp(theta[0])), dual.Scale(part, dual.Exp(theta[1])))
		bell, sin, cos := dual.Exp(dual.Scale(-5, mul(x, x))), dual.Sin(y), dual.Cos(y)
		dx := dual.Sub(mul(x, dual.PowReal(add(mul(x, x), num(5)), -0.5)), dual.Scale(10, mul(x, mul(mul(sin, sin), bell))))
		dy := dual.Sub(dual.Scale(2, mul(mul(sin, cos), bell)), num(0.25)) // y < 100
		x, y = dual.Sub(x, mul(rate, dx)), dual.Sub(y, mul(rate, dy))
		bell, sin = dual.Exp(dual.Scale(-5, mul(x, x))), dual.Sin(y)
		f := add(dual.Sqrt(add(mul(x, x), num(5))), mul(mul(sin, sin), bell))
		loss = add(loss, add(f, dual.Scale(0.25, dual.Sub(num(100), y))))
	}
	return loss
}

// dualLorenz is the paper's formula. It returns the sum of the losses.
func dualLorenz(theta []dual.Number, horizon int) (loss dual.Number) {
	const dt = 0.005
	num := func(x float64) dual.Number { return dual.Number{Real: x} }
	add, sub := dual.Add, dual.Sub
	r, a := dual.Exp(theta[0]), dual.Exp(theta[1])
	x, y, z := num(1.2), num(1.3), num(1.6)
	for _, observed := range tasks.SimulateLorenz[float64](tasks.LorenzTruth, horizon) {
		x, y, z = add(x, dual.Scale(dt, dual.Mul(a, sub(y, x)))),
			add(y, dual.Scale(dt, sub(dual.Mul(x, sub(r, z)), y))),
			add(z, dual.Scale(dt, sub(dual.Mul(x, y), dual.Scale(8.0/3, z))))
		e := sub(z, num(observed))
		loss = add(loss, dual.Mul(e, e))
	}
	return loss
}

func dualInfluence(theta []dual.Number, horizon int) (loss dual.Number) {
	s := make([]dual.Number, 24)
	for i := range s[:23] {
		s[i].Real = 1
	}
	for t := 0; t < horizon; t++ {
		for i := range s[:23] {
			s[i] = dual.Scale(0.5, dual.Add(s[i], s[i+1]))
			if i < 10 {
				s[i] = dual.Add(s[i], theta[0])
			} else {
				s[i] = dual.Sub(s[i], theta[0])
			}
		}
		e := dual.Sub(s[0], dual.Number{Real: 1})
		loss = dual.Add(loss, dual.Scale(0.5, dual.Mul(e, e)))
	}
	return loss
}

func gradient[F vec.Float](t *testing.T, sys unroll.Differentiable[F], cfg Config, theta []F) []F {
	e, err := New(sys, cfg)
	require.NoError(t, err)
	grad := make([]F, len(theta))
	_, err = e.Gradient(grad, theta)
	require.NoError(t, err)
	return grad
}

// near compares relative to the largest element.
func near(t *testing.T, want, got []float64, tolerance float64, msg ...any) {
	t.Helper()
	var size float64
	for _, v := range want {
		size = math.Max(size, math.Abs(v))
	}
	require.NotZero(t, size, msg...)
	require.InDeltaSlice(t, want, got, tolerance*size, msg...)
}

// TestSteps: a JVP is the difference quotient of a step, and a VJP its adjoint.
func TestSteps(t *testing.T) {
	const horizon, h = 40, 1e-6
	for _, p := range problems[float64](t, horizon) {
		t.Run(p.name, func(t *testing.T) {
			n, d := p.sys.StateLen(), len(p.theta)
			s, env := make([]float64, n), noise.Stream{}
			p.sys.Init(s, env)
			for step := 1; step <= horizon; step++ {
				// Random directions of (s, θ), and adjoints of (s', L).
				random := make([]float64, 2*n+d+1)
				noise.Fill(random, noise.New(uint64(step)), 0)
				ds, dtheta, as, al := random[:n], random[n:n+d], random[n+d:2*n+d], random[2*n+d]

				var next [2][]float64
				var loss [2]float64
				for i, h := range []float64{h, -h} {
					at, theta := append([]float64(nil), s...), append([]float64(nil), p.theta...)
					vec.Axpy(at, h, ds)
					vec.Axpy(theta, h, dtheta)
					loss[i] = p.sys.Step(at, theta, step, env)
					next[i] = at
				}
				vec.Sub(next[0], next[0], next[1])
				vec.Scale(next[0], 1/(2*h), next[0])
				js := append([]float64(nil), ds...)
				jl := p.sys.JVP(js, dtheta, s, p.theta, step, env)
				near(t, append(next[0], (loss[0]-loss[1])/(2*h)), append(append([]float64(nil), js...), jl), 1e-7, "step %d", step)

				vs, vtheta := append([]float64(nil), as...), make([]float64, d)
				vtheta[0] = 0.25 // is added to
				p.sys.VJP(vs, vtheta, s, p.theta, al, step, env)
				vtheta[0] -= 0.25
				forward := vec.Dot(as, js) + float64(al*jl)
				require.InDelta(t, forward, vec.Dot(vs, ds)+vec.Dot(vtheta, dtheta), 1e-12*(1+math.Abs(al*jl)), "step %d", step)
				p.sys.Step(s, p.theta, step, env)
			}
		})
	}
}

// TestExact: BPTT, RTRL over an episode in one window or in many, dual numbers, the
// known gradient and difference quotients all agree.
func TestExact(t *testing.T) {
	const h = 1e-6
	for _, horizon := range []int{1, 2, 30, 150} {
		for _, p := range problems[float64](t, horizon) {
			bptt := gradient(t, p.sys, Config{Workers: 1}, p.theta)
			if horizon == 1 && p.name == "Lorenz" {
				assert.Equal(t, []float64{0, 0}, bptt, "z_1 doesn't depend on θ")
				continue
			}
			// Rounding grows with the trajectories of Lorenz.
			near(t, bptt, gradient(t, p.sys, Config{Method: RTRL, Window: horizon, Workers: 1}, p.theta), 1e-9, p.name)
			for _, w := range []int{1, 10} {
				if horizon%w == 0 {
					near(t, bptt, gradient(t, p.sys, Config{Method: RTRL, Window: w, Workers: horizon / w}, p.theta), 1e-9, p.name)
				}
			}
			if p.dual == nil {
				want := make([]float64, len(bptt))
				p.sys.(*tasks.Linear[float64]).Gradient(want)
				near(t, want, bptt, 1e-13)
				continue
			}
			quotients, duals := make([]float64, len(p.theta)), make([]float64, len(p.theta))
			for k := range p.theta {
				loss := func(theta []float64) float64 {
					s := make([]float64, p.sys.StateLen())
					p.sys.Init(s, noise.Stream{})
					return unroll.Window[float64](p.sys, s, theta, 0, horizon, noise.Stream{}) / float64(horizon)
				}
				theta, twice := append([]float64(nil), p.theta...), make([]dual.Number, len(p.theta))
				for i, v := range theta {
					twice[i].Real = v
				}
				twice[k].Emag = 1
				theta[k] += h
				up := loss(theta)
				theta[k] -= 2 * h
				quotients[k] = (up - loss(theta)) / (2 * h)
				duals[k] = p.dual(twice, horizon).Emag / float64(horizon)
			}
			near(t, bptt, quotients, 1e-5, "%s, %d", p.name, horizon)
			near(t, bptt, duals, 1e-9, p.name)
		}
	}
}

// TestTruncated compares TBPTT with the definition: derivatives along every axis that
// begin at 0 with every window and every episode, wherever windows lie.
func TestTruncated(t *testing.T) {
	const horizon = 60
	for _, p := range problems[float64](t, horizon) {
		for _, w := range []int{1, 7, 30, horizon} {
			for phase := estimator.Stratified; phase <= estimator.LockStep; phase++ {
				cfg := Config{Method: TBPTT, Workers: 3, Window: w, Phase: phase, Seed: 5}
				e, err := New(p.sys, cfg)
				require.NoError(t, err)
				grad := make([]float64, len(p.theta))
				n := p.sys.StateLen()
				tau, s := make([]int, cfg.Workers), make([][]float64, cfg.Workers)
				for i := range s {
					s[i] = make([]float64, n)
					p.sys.Init(s[i], noise.Stream{})
					tau[i] = phase.Start(i, w, horizon, noise.New(cfg.Seed).Derive(3))
					unroll.Window[float64](p.sys, s[i], p.theta, 0, tau[i], noise.Stream{})
				}
				for it := 0; it < 12; it++ {
					loss, err := e.Gradient(grad, p.theta)
					require.NoError(t, err)
					want, sum := make([]float64, len(grad)), 0.0
					for i := range s {
						ds, axis := make([]float64, n*len(grad)), make([]float64, len(grad))
						for k := 0; k < w; k++ {
							if tau[i] == horizon {
								tau[i] = 0
								p.sys.Init(s[i], noise.Stream{})
								zero(ds)
							}
							tau[i]++
							for d := range axis {
								axis[d] = 1
								want[d] += p.sys.JVP(ds[n*d:n*(d+1)], axis, s[i], p.theta, tau[i], noise.Stream{}) / float64(3*w)
								axis[d] = 0
							}
							sum += p.sys.Step(s[i], p.theta, tau[i], noise.Stream{}) / float64(3*w)
						}
					}
					require.InDeltaSlice(t, want, grad, 1e-9*(1+math.Abs(want[0])), "%s, W = %d, %v, %d", p.name, w, phase, it)
					require.InDelta(t, sum, loss, 1e-12*(1+math.Abs(sum)))
				}
			}
		}
		assert.Equal(t, gradient(t, p.sys, Config{Workers: 2}, p.theta), gradient(t, p.sys, Config{Method: TBPTT, Window: horizon, Workers: 2}, p.theta))
	}
}

// traced records the environments of episodes.
type traced struct {
	unroll.Differentiable[float64]
	envs *[]noise.Stream
}

func (s traced) Init(x []float64, env noise.Stream) {
	*s.envs = append(*s.envs, env)
	s.Differentiable.Init(x, env)
}

// TestDirectional: on a linear problem, where σ doesn't matter, DODGE is GPES_K,
// perturbation by perturbation, and it sees the same environments.
func TestDirectional(t *testing.T) {
	const horizon = 12
	sys := problems[float64](t, horizon)[2].sys
	theta := []float64{1, -2, 0.5, 3, 0}
	for _, w := range []int{1, 4, 5, 12} {
		for _, k := range []int{1, 3, 4, 5, 8, 12} {
			for phase := estimator.Stratified; phase <= estimator.LockStep; phase++ {
				var dodged, perturbed []noise.Stream
				e, err := New[float64](traced{sys, &dodged}, Config{Method: DODGE, Workers: 3, Window: w, Period: k, Phase: phase, Seed: 2})
				require.NoError(t, err)
				es, err := estimator.New[float64](traced{sys, &perturbed}, estimator.Config{
					Method: estimator.GPES, Workers: 3, Window: w, Period: k, Phase: phase, Seed: 2, Sigma: 1, Parallelism: 1})
				require.NoError(t, err)
				got, want := make([]float64, 5), make([]float64, 5)
				for it := 0; it < 15; it++ {
					_, err := e.Gradient(got, theta)
					require.NoError(t, err)
					_, err = es.Gradient(want, theta)
					require.NoError(t, err)
					near(t, want, got, 1e-12, "W = %d, K = %d, %v", w, k, phase)
				}
				require.Equal(t, perturbed, dodged)
				two := es.Steps()
				require.Equal(t, estimator.Steps{Total: two.Total / 2, StartUp: two.StartUp / 2, Sequential: two.Sequential}, e.Steps())
			}
		}
	}
}

// forgetful leaves out of VJPs what the theta of the step does to its own loss;
// biased makes a loss's JVP too large by half.
type forgetful struct{ unroll.Differentiable[float64] }

func (s forgetful) VJP(ds, dtheta, x, theta []float64, dloss float64, t int, env noise.Stream) {
	if dloss == 0 {
		s.Differentiable.VJP(ds, dtheta, x, theta, 0, t, env)
	}
}

type biased struct{ unroll.Differentiable[float64] }

func (s biased) JVP(ds, dtheta, x, theta []float64, t int, env noise.Stream) float64 {
	return 1.5 * s.Differentiable.JVP(ds, dtheta, x, theta, t, env)
}

// TestUnbiased: the mean of many estimates is the gradient, and what is a little wrong
// is found out. Of 32 z-values that should be normal, one is beyond 6 with probability
// 32·2e-9.
func TestUnbiased(t *testing.T) {
	const horizon = 12
	samples := 20_000
	if testing.Short() {
		samples = 4000
	}
	worst := func(sys unroll.Differentiable[float64], cfg Config, theta, want []float64) (z float64) {
		e, err := New(sys, cfg)
		require.NoError(t, err)
		mean, square, grad := make([]float64, len(theta)), make([]float64, len(theta)), make([]float64, len(theta))
		for i := 0; i < samples; i++ {
			// A cycle of windows is an episode, and independent of the next one.
			var sum [5]float64
			for k := 0; k < horizon/cfg.Window; k++ {
				_, err := e.Gradient(grad, theta)
				require.NoError(t, err)
				vec.Axpy(sum[:len(grad)], float64(cfg.Window)/horizon, grad)
			}
			for k := range mean {
				delta := sum[k] - mean[k]
				mean[k] += delta / float64(i+1)
				square[k] += delta * (sum[k] - mean[k])
			}
		}
		for k := range mean {
			if off := math.Abs(mean[k] - want[k]); off > 0 {
				z = math.Max(z, off*float64(samples)/math.Sqrt(square[k]))
			}
		}
		return z
	}
	for _, p := range problems[float64](t, horizon) {
		exact := gradient(t, p.sys, Config{Workers: 1}, p.theta)
		for _, cfg := range []Config{
			{Method: UORO, Window: horizon}, {Method: UORO, Window: 4},
			{Method: DODGE, Window: horizon}, {Method: DODGE, Window: 3, Period: 5},
		} {
			cfg.Phase, cfg.Workers, cfg.Seed = estimator.LockStep, 1, 9
			assert.Less(t, worst(p.sys, cfg, p.theta, exact), 6.0, "%s, %+v", p.name, cfg)
			if p.name == "Linear" {
				assert.Greater(t, worst(biased{p.sys}, cfg, p.theta, exact), 6.0, "%+v", cfg)
				if cfg.Method == UORO {
					assert.Greater(t, worst(forgetful{p.sys}, cfg, p.theta, exact), 6.0, "%+v", cfg)
				}
			}
		}
	}
}

// TestInfluence: truncation leads away from the minimum, at −1/6, and the others there.
func TestInfluence(t *testing.T) {
	sys, err := tasks.NewInfluence[float64](200_000)
	require.NoError(t, err)
	walk := func(cfg Config, updates int) (start, end float64) {
		cfg.Workers, cfg.Seed, cfg.Phase = 1, 1, estimator.LockStep
		if cfg.Method == UORO {
			cfg.Workers = 300
		}
		e, err := New[float64](sys, cfg)
		require.NoError(t, err)
		theta, grad := []float64{tasks.InfluenceStart}, make([]float64, 1)
		for i := 0; i < updates; i++ {
			_, err := e.Gradient(grad, theta)
			require.NoError(t, err)
			if i == 100/cfg.Window { // the state is about that of θ
				start = theta[0]
			}
			vec.Axpy(theta, -1e-4, grad)
		}
		return start, theta[0]
	}
	for _, w := range []int{1, 10, 100} {
		start, end := walk(Config{Method: TBPTT, Window: w}, 1000)
		assert.Greater(t, end, start+0.01, "TBPTT, W = %d", w)
	}
	start, end := walk(Config{Method: TBPTT, Window: 1000}, 200)
	assert.Less(t, end, start-0.01, "long enough")
	for _, cfg := range []Config{{Method: RTRL, Window: 1}, {Method: UORO, Window: 1}} {
		start, end := walk(cfg, 1000)
		assert.Less(t, end, start-0.1, "%v", cfg.Method)
		assert.Greater(t, end, -0.2, "%v", cfg.Method)
	}
}

func TestConfig(t *testing.T) {
	p := problems[float64](t, 20)[0]
	for _, c := range []struct {
		field string
		cfg   Config
	}{
		{"Method", Config{Method: 5, Workers: 1, Window: 1}},
		{"Phase", Config{Phase: 3, Workers: 1}},
		{"Workers", Config{}},
		{"Window", Config{Workers: 1, Window: 10}},
		{"Window", Config{Method: TBPTT, Workers: 1}},
		{"Window", Config{Method: UORO, Workers: 1, Window: 21}},
		{"Period", Config{Method: RTRL, Workers: 1, Window: 1, Period: 1}},
		{"Period", Config{Method: DODGE, Workers: 1, Window: 1, Period: -1}},
	} {
		_, err := New(p.sys, c.cfg)
		var bad *estimator.ConfigError
		require.True(t, errors.As(err, &bad), "%+v", c.cfg)
		assert.Equal(t, c.field, bad.Field)
	}
	_, err := New(p.sys, Config{Phase: estimator.Staggered, Workers: 1})
	assert.ErrorContains(t, err, "Phase is 3; allowed: the constants for stratified, random, lockstep")
	assert.NotContains(t, err.Error(), "staggered")
	e, err := New(p.sys, Config{Workers: 1})
	require.NoError(t, err)
	assert.Equal(t, 20, e.Config().Window)
	assert.Panics(t, func() { e.Gradient(make([]float64, 1), p.theta) })
	assert.PanicsWithValue(t, "baseline: grad and theta overlap", func() { e.Gradient(p.theta, p.theta) })
	_, err = New[float64](nil, Config{Workers: 1})
	assert.EqualError(t, err, "estimator: the system is nil; allowed: an unroll.Differentiable")
	_, err = New[float64]((*tasks.Lorenz[float64])(nil), Config{Workers: 1})
	assert.EqualError(t, err, "estimator: the system is a nil *tasks.Lorenz[float64]; allowed: an unroll.Differentiable")
	assert.Equal(t, "bptt", BPTT.String())
	assert.Equal(t, "uoro", UORO.String())
	assert.Equal(t, "Method(5)", Method(5).String())
}

// whimsical panics at step number *at, and has fewer steps an episode each time it is asked.
type whimsical struct {
	unroll.Differentiable[float64]
	at, horizon *int
}

func (w whimsical) Horizon() int {
	*w.horizon--
	return *w.horizon
}

func (w whimsical) Step(s, theta []float64, t int, env noise.Stream) float64 {
	if *w.at--; *w.at == 0 {
		panic("enough")
	}
	return w.Differentiable.Step(s, theta, t, env)
}

// TestPanic: after a panic workers are anywhere, and there are no gradients. The horizon is what
// it was in New.
func TestPanic(t *testing.T) {
	p := problems[float64](t, 20)[0]
	for m := BPTT; m <= UORO; m++ {
		for _, after := range []int{3, 200} {
			at, horizon := after, 21
			e, err := New[float64](whimsical{p.sys, &at, &horizon}, Config{Method: m, Workers: 3, Window: 20})
			require.NoError(t, err)
			twin, err := New(p.sys, Config{Method: m, Workers: 3, Window: 20})
			require.NoError(t, err)
			grad, want := make([]float64, 2), make([]float64, 2)
			assert.PanicsWithValue(t, "enough", func() {
				for {
					_, err := e.Gradient(grad, p.theta)
					require.NoError(t, err)
					_, err = twin.Gradient(want, p.theta)
					require.NoError(t, err)
					require.Equal(t, want, grad)
				}
			})
			_, err = e.Gradient(grad, p.theta)
			assert.EqualError(t, err, "baseline: the system has panicked in an earlier call of Gradient")
		}
	}
}

// steep has infinite derivatives, and finite losses.
type steep struct{ unroll.Differentiable[float64] }

func (s steep) VJP(ds, dtheta, _, _ []float64, _ float64, _ int, _ noise.Stream) {
	dtheta[0] = math.Inf(1)
}

func (s steep) JVP(ds, dtheta, _, _ []float64, _ int, _ noise.Stream) float64 { return math.NaN() }

func TestNonFinite(t *testing.T) {
	p := problems[float64](t, 200)[0]
	for m := BPTT; m <= UORO; m++ {
		cfg := Config{Method: m, Workers: 4, Window: 200, Phase: estimator.LockStep}
		if m != BPTT {
			cfg.Window, cfg.Phase = 20, estimator.Stratified
		}
		far := []float64{8, 8} // where Euler's method explodes
		e, err := New(p.sys, cfg)
		require.NoError(t, err)
		grad := []float64{7, 7}
		_, err = e.Gradient(grad, p.theta)
		require.NoError(t, err)
		copy(grad, []float64{7, 7})
		for i := 0; i < 12 && err == nil; i++ {
			_, err = e.Gradient(grad, far)
			if err == nil {
				copy(grad, []float64{7, 7})
			}
		}
		var bad *NonFiniteError
		require.True(t, errors.As(err, &bad), "%v", m)
		assert.Equal(t, []float64{7, 7}, grad, "untouched")
		assert.NotZero(t, bad.Gradient)
		_, again := e.Gradient(grad, p.theta)
		assert.Equal(t, err, again)

		e, err = New[float64](steep{p.sys}, Config{Method: m, Workers: 4, Window: 200})
		require.NoError(t, err)
		_, err = e.Gradient(grad, p.theta)
		require.True(t, errors.As(err, &bad))
		assert.Equal(t, NonFiniteError{0, 0, 1, 200, bad.Loss}, *bad)
		assert.Contains(t, err.Error(), fmt.Sprintf("gradient 0, worker 0: the gradient over steps 1 to 200 is not finite (the loss is %v)", bad.Loss))
		assert.Less(t, bad.Loss, 1e9)
	}
}

// TestGolden: the same bits on every machine, and no garbage.
func TestGolden(t *testing.T) {
	assert.Equal(t, golden32, digest[float32](t))
	assert.Equal(t, golden64, digest[float64](t))
}

func digest[F vec.Float](t *testing.T) string {
	sum := sha256.New()
	for _, p := range problems[F](t, 50)[:3] { // Toy came later
		for m := BPTT; m <= UORO; m++ {
			cfg := Config{Method: m, Workers: 3, Window: 8, Phase: estimator.Random, Seed: 4}
			switch m {
			case BPTT:
				cfg.Window = 50
			case DODGE:
				cfg.Period = 20
			}
			e, err := New(p.sys, cfg)
			require.NoError(t, err)
			theta, grad := append([]F(nil), p.theta...), make([]F, len(p.theta))
			for i := 0; i < 10; i++ {
				loss, err := e.Gradient(grad, theta)
				require.NoError(t, err)
				vec.Axpy(theta, -1e-5, grad)
				fmt.Fprintf(sum, "%x %x\n", loss, grad) // all bits
			}
			require.Zero(t, testing.AllocsPerRun(20, func() { _, err = e.Gradient(grad, theta) }), "%v", m)
			require.NoError(t, err)
		}
	}
	return hex.EncodeToString(sum.Sum(nil))
}

const (
	golden32 = "43f3ee5f3243a0ebf66412f5a5cacd2dafef2fbf8c2a5007c5b4036970773bf0"
	golden64 = "b42acee4b45e334e8a75bb7206fd122f9d5e3929ba01806ab7183c4465e06b9d"
)
