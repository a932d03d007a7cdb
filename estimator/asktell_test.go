package estimator

import (
	"fmt"
	"math"
	"math/rand"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/noise-reuse/nres/internal/race"
	"github.com/noise-reuse/nres/unroll"
	"github.com/noise-reuse/nres/vec"
)

// service runs what an AskTell asks for, on states of its own.
type service struct {
	sys    walk[float32]
	states [][2][]float32
}

func newService(sys walk[float32], workers int) *service {
	s := &service{sys, make([][2][]float32, workers)}
	for i := range s.states {
		s.states[i] = [2][]float32{make([]float32, sys.d), make([]float32, sys.d)}
	}
	return s
}

func (s *service) answer(q Question, plus, minus []float32) (lossPlus, lossMinus float64) {
	st := &s.states[q.Worker]
	if q.From == 0 {
		s.sys.Init(st[0], q.Env)
		s.sys.Init(st[1], q.Env)
	}
	return unroll.Window[float32](s.sys, st[0], plus, q.From, q.Steps, q.Env),
		unroll.Window[float32](s.sys, st[1], minus, q.From, q.Steps, q.Env)
}

// TestAskTellIsEstimator: asked in random order, with questions replaced, repeated
// and answered twice, the gradient has the bits of Estimator.
func TestAskTellIsEstimator(t *testing.T) {
	sys := walk[float32]{5, 24, true}
	rng := rand.New(rand.NewSource(1))
	for _, cfg := range []Config{
		{Window: 6}, {Window: 7}, {Window: 7, Method: PES}, {Window: 5, Method: GPES, Period: 3}, {Window: 24},
		{Method: FullES}, {Window: 5, Method: ESSingle, Interval: 2}, {Window: 6, Phase: Random, Noise: Signs, Shaping: Std},
		{Window: 6, Shaping: Sign}, {Window: 6, Method: PES, KeepSums: true},
		{Window: 5, Method: PES, Phase: Staggered, KeepSums: true}, {Window: 6, Phase: Staggered}, {Window: 5, Method: GPES, Period: 7, Telescoping: true},
		{Window: 6, Shaping: CenteredRank}, {Window: 7, Buckets: []int{2, 3}}, {Window: 7, Method: PES, Buckets: []int{2, 3}, Parallelism: 3},
		{Window: 6, Rank: 1, Matrices: []Matrix{{5, 1}}},
	} {
		cfg.Workers, cfg.Sigma, cfg.Seed = 6, 0.2, 8
		est, err := New[float32](sys, cfg)
		require.NoError(t, err)
		at, err := NewAskTell[float32](sys.d, sys.horizon, cfg)
		require.NoError(t, err)
		svc := newService(sys, cfg.Workers)
		want, got := make([]float32, sys.d), make([]float32, sys.d)
		plus, minus, theta := make([]float32, sys.d), make([]float32, sys.d), make([]float32, sys.d)
		for it := 0; it < 12; it++ {
			wantLoss, err := est.Gradient(want, theta)
			require.NoError(t, err)
			left := map[int]int{}
			for i := 0; i < cfg.Workers; i++ {
				left[i] = at.Config().Window
			}
			for len(left) > 0 {
				w := rng.Intn(cfg.Workers)
				if left[w] == 0 {
					continue
				}
				replaced := at.Ask(w, plus, minus, theta)
				q := at.Ask(w, plus, minus, theta)
				require.ErrorIs(t, at.Tell(replaced, 1, 2), ErrStale)
				a, b := svc.answer(q, plus, minus)
				require.NoError(t, at.Tell(q, a, b))
				require.ErrorIs(t, at.Tell(q, 5, 6), ErrStale)
				if q.WarmUp {
					continue
				}
				if left[w] -= q.Steps; left[w] == 0 {
					delete(left, w)
				}
			}
			loss, steps := at.Gradient(got)
			require.Equal(t, want, got, "%+v, gradient %d", cfg, it)
			require.Equal(t, wantLoss, loss)
			require.Equal(t, cfg.Workers*at.Config().Window, steps)
			vec.Axpy(theta, -0.01, got)
		}
	}
}

// TestAskTellWithoutAnswers: workers that never answer hold up no other.
func TestAskTellWithoutAnswers(t *testing.T) {
	at, err := NewAskTell[float64](2, 20, Config{Workers: 4, Window: 5, Sigma: 1, Phase: LockStep})
	require.NoError(t, err)
	plus, minus, theta, grad := make([]float64, 2), make([]float64, 2), []float64{3, 4}, []float64{7, 7}
	loss, steps := at.Gradient(grad)
	assert.True(t, math.IsNaN(loss))
	assert.Zero(t, steps)
	assert.Equal(t, []float64{0, 0}, grad)

	silent := at.Ask(0, plus, minus, theta)
	for i := 0; i < 3; i++ { // several windows of one worker between gradients
		q := at.Ask(2, plus, minus, theta)
		assert.Equal(t, 5*i, q.From)
		assert.InDeltaSlice(t, theta, []float64{(plus[0] + minus[0]) / 2, (plus[1] + minus[1]) / 2}, 1e-12)
		require.NoError(t, at.Tell(q, 10, 5))
	}
	assert.Equal(t, 15, at.Told())
	loss, steps = at.Gradient(grad)
	assert.Equal(t, 1.5, loss)
	assert.Equal(t, 15, steps)
	assert.Zero(t, at.Told())
	assert.InDelta(t, 15*(plus[0]-minus[0])/2/(2*15), grad[0], 1e-12)

	require.NoError(t, at.Tell(silent, 1, 2), "late, but nothing replaced it")
	_, steps = at.Gradient(grad)
	assert.Equal(t, 5, steps)

	q := at.Ask(2, plus, minus, theta)
	before := plus[0]
	at.Restart(2)
	assert.ErrorIs(t, at.Tell(q, 1, 2), ErrStale)
	q = at.Ask(2, plus, minus, theta)
	assert.Equal(t, [2]int{0, 5}, [2]int{q.From, q.Steps})
	assert.NotEqual(t, before, plus[0], "a new episode has a new perturbation")

	var nonFinite *NonFiniteError
	assert.ErrorAs(t, at.Tell(q, math.NaN(), 2), &nonFinite)
	again := at.Ask(2, plus, minus, theta)
	assert.Equal(t, q.Episode+1, again.Episode)
	require.NoError(t, at.Tell(again, 1, 2))
	assert.ErrorIs(t, at.Tell(Question{Worker: 9}, 1, 2), ErrForeign)
}

// TestAskTellConcurrently: the bits do not depend on who answers first.
func TestAskTellConcurrently(t *testing.T) {
	sys := walk[float32]{5, 24, true}
	once := func() []float32 {
		at, err := NewAskTell[float32](sys.d, sys.horizon, Config{Workers: 16, Window: 6, Sigma: 0.2})
		require.NoError(t, err)
		svc := newService(sys, 16)
		theta, grad := make([]float32, sys.d), make([]float32, sys.d)
		for it := 0; it < 5; it++ {
			var wg sync.WaitGroup
			for i := 0; i < 16; i++ {
				wg.Add(1)
				go func(i int) {
					defer wg.Done()
					plus, minus := make([]float32, sys.d), make([]float32, sys.d)
					for warm := true; warm; {
						q := at.Ask(i, plus, minus, theta)
						a, b := svc.answer(q, plus, minus)
						assert.NoError(t, at.Tell(q, a, b))
						warm = q.WarmUp
					}
				}(i)
			}
			wg.Wait()
			at.Gradient(grad)
			vec.Axpy(theta, -0.01, grad)
		}
		return grad
	}
	assert.Equal(t, once(), once())
}

func TestAskTellErrors(t *testing.T) {
	for _, cfg := range []Config{
		{Workers: 1, Window: 5, Sigma: 1, Method: TES}, {Workers: 1, Window: 5, Sigma: 1, Buckets: []int{1}},
		{Workers: 0, Window: 5, Sigma: 1}, {Workers: 1, Window: 21, Sigma: 1},
	} {
		_, err := NewAskTell[float32](2, 20, cfg)
		var ce *ConfigError
		assert.ErrorAs(t, err, &ce)
	}
	_, err := NewAskTell[float32](0, 20, Config{Workers: 1, Window: 5, Sigma: 1})
	assert.ErrorContains(t, err, "d is 0; allowed: ≥ 1")
	at, err := NewAskTell[float32](2, 20, Config{Workers: 1, Window: 5, Sigma: 1})
	require.NoError(t, err)
	two, three := make([]float32, 2), make([]float32, 3)
	assert.Panics(t, func() { at.Ask(0, two, two, three) })
	assert.Panics(t, func() { at.Gradient(three) })
}

// TestAskTellPanics: a server that recovers from a panic, as net/http does, goes on, with
// the open question still open.
func TestAskTellPanics(t *testing.T) {
	at, err := NewAskTell[float32](2, 20, Config{Workers: 3, Window: 5, Sigma: 1, Phase: LockStep})
	require.NoError(t, err)
	two, three := make([]float32, 2), make([]float32, 3)
	plus, minus := make([]float32, 2), make([]float32, 2)
	_, returned := inOwnGoroutine(t, func() { // a lock that is still held would hang
		q := at.Ask(0, plus, minus, two)
		for _, worker := range []int{-1, 3} {
			says := fmt.Sprintf("estimator: worker is %d; allowed: 0 to 2", worker)
			assert.PanicsWithValue(t, says, func() { at.Ask(worker, plus, minus, two) })
			assert.PanicsWithValue(t, says, func() { at.Restart(worker) })
		}
		assert.PanicsWithValue(t, "estimator: plus, minus and theta must have d elements", func() { at.Ask(0, plus, three, two) })
		for _, x := range [][3][]float32{{plus, plus, two}, {plus, minus, plus}, {plus, minus, minus}, {three[:2], three[1:], two}} {
			assert.PanicsWithValue(t, "estimator: plus, minus and theta overlap", func() { at.Ask(0, x[0], x[1], x[2]) })
		}
		assert.NotPanics(t, func() { at.Ask(1, plus, minus, two) })
		assert.NoError(t, at.Tell(q, 1, 2))
	})
	assert.True(t, returned)
}

func TestNonFiniteErrorText(t *testing.T) {
	at, err := NewAskTell[float64](2, 20, Config{Workers: 1, Window: 5, Sigma: 1, Phase: LockStep})
	require.NoError(t, err)
	x := make([]float64, 2)
	for _, c := range []struct {
		plus, minus float64
		want        string
	}{
		{math.NaN(), 1, "the loss over steps 1 to 5 is not finite (θ+σε: NaN, θ−σε: 1)"},
		{1e308, -1e308, "the sum or difference of the losses over steps 1 to 5 is not finite (θ+σε: 1e+308, θ−σε: -1e+308)"},
		{1e308, 1e308, "the sum or difference of the losses over steps 1 to 5 is not finite (θ+σε: 1e+308, θ−σε: 1e+308)"},
	} {
		q := at.Ask(0, make([]float64, 2), make([]float64, 2), x)
		assert.EqualError(t, at.Tell(q, c.plus, c.minus), "estimator: gradient 0, worker 0: "+c.want)
	}
}

// TestAskTellForeign: what it didn't ask counts for nothing, and the question stays
// open.
func TestAskTellForeign(t *testing.T) {
	cfg := Config{Method: FullES, Workers: 3, Sigma: 0.1, Buckets: []int{4, 5}}
	newOne := func(seed uint64, shaping Shaping) *AskTell[float32] {
		cfg := cfg
		cfg.Seed, cfg.Shaping = seed, shaping
		at, err := NewAskTell[float32](9, 1, cfg)
		require.NoError(t, err)
		return at
	}
	for _, shaping := range []Shaping{Raw, CenteredRank} {
		own, other := newOne(1, shaping), newOne(2, shaping)
		good := own.AskAll(nil)
		foreign := other.AskAll(nil)[1]
		var wrong []Answer
		for _, change := range []func(q *Question){
			func(q *Question) { *q = foreign }, func(q *Question) { q.Lo-- }, func(q *Question) { q.Hi-- }, func(q *Question) { q.Lo, q.Hi = 0, 4 },
			func(q *Question) { q.Steps++ }, func(q *Question) { q.From++ }, func(q *Question) { q.Episode++ }, func(q *Question) { q.WarmUp = true },
			func(q *Question) { q.Eps = q.Env }, func(q *Question) { q.Env = q.Eps }, func(q *Question) { q.Worker = 2 },
			func(q *Question) { q.Worker = -1 }, func(q *Question) { q.Worker = 3 },
		} {
			q := good[1]
			change(&q)
			require.NotEqual(t, good[1], q)
			assert.ErrorIs(t, own.Tell(q, 1, 2), ErrForeign, "%+v", q)
			wrong = append(wrong, Answer{q, 1, 2})
		}
		stale, err := own.TellAll(wrong)
		assert.Zero(t, stale)
		assert.ErrorIs(t, err, ErrForeign)
		grad := make([]float32, 9)
		_, steps := own.Gradient(grad)
		assert.Zero(t, steps)
		for i, q := range good {
			require.NoError(t, own.Tell(q, float64(i), 3))
		}
		_, steps = own.Gradient(grad)
		assert.Equal(t, 3, steps)

		x := [3][]float32{make([]float32, 9), make([]float32, 9), make([]float32, 9)}
		for _, at := range [][2]int{{-1, 4}, {0, 10}, {4, 4}, {5, 4}, {0, 3}, {0, 9}, {9, 9}, {8, 9}} {
			q := good[1] // whose bucket is 4 to 9
			q.Lo, q.Hi = at[0], at[1]
			assert.Panics(t, func() { own.Perturb(x[0], x[1], x[2], q) }, "%v", at)
		}
	}
}

// TestTellNotFinite: no gradient is made of losses that are not finite, nor of two whose
// difference isn't.
func TestTellNotFinite(t *testing.T) {
	inf, nan, huge := math.Inf(1), math.NaN(), math.MaxFloat64
	for _, losses := range [][2]float64{{nan, 1}, {1, nan}, {inf, 1}, {1, -inf}, {inf, inf}, {huge, -huge}, {huge, huge}} {
		at, err := NewAskTell[float64](2, 1, Config{Method: FullES, Workers: 2, Sigma: 0.1})
		require.NoError(t, err)
		q := at.AskAll(nil)
		stale, err := at.TellAll([]Answer{{q[0], losses[0], losses[1]}, {q[1], 1, 2}})
		assert.Zero(t, stale)
		var nonFinite *NonFiniteError
		require.ErrorAs(t, err, &nonFinite, "%v", losses)
		assert.Equal(t, 0, nonFinite.Worker)
		assert.Contains(t, err.Error(), "worker 0")
		grad := make([]float64, 2)
		_, steps := at.Gradient(grad)
		assert.Equal(t, 1, steps, "the other answer")
		assert.False(t, math.IsNaN(grad[0]+grad[1]) || math.IsInf(grad[0]+grad[1], 0))
	}
}

// TestSignsToldOften: each window has a sign, though an episode has one perturbation.
func TestSignsToldOften(t *testing.T) {
	for _, buckets := range [][]int{nil, {1, 1}} {
		a, err := NewAskTell[float64](2, 6, Config{Workers: 1, Window: 2, Sigma: 0.5, Phase: LockStep, Shaping: Sign, Noise: Signs, Buckets: buckets})
		require.NoError(t, err)
		plus, minus, grad := make([]float64, 2), make([]float64, 2), make([]float64, 2)
		for _, l := range []float64{9, -1, 2} {
			q := a.Ask(0, plus, minus, make([]float64, 2))
			require.NoError(t, a.Tell(q, l, 0))
		}
		_, steps := a.Gradient(grad)
		assert.Equal(t, 6, steps)
		assert.Equal(t, 1./3/(2*0.5), math.Abs(grad[0]), "(1 − 1 + 1)/3 of 1/2σ")
	}
}

func TestAskTellNoAllocation(t *testing.T) {
	for _, cfg := range []Config{{}, {Method: PES}, {Method: PES, KeepSums: true}, {Shaping: CenteredRank}, {Shaping: Std, Noise: Signs},
		{Method: PES, Buckets: []int{20, 30}}, {Rank: 2, Matrices: []Matrix{{5, 8}, {10, 1}}}} {
		cfg.Workers, cfg.Window, cfg.Sigma, cfg.Parallelism = 8, 5, 0.1, 2
		a, err := NewAskTell[float32](50, 20, cfg)
		require.NoError(t, err)
		theta, plus, minus := make([]float32, 50), make([]float32, 50), make([]float32, 50)
		round := func() {
			for i := 0; i < 2*cfg.Workers; i++ { // two windows of each
				q := a.Ask(i%cfg.Workers, plus, minus, theta)
				if err := a.Tell(q, float64(i), 1); err != nil {
					t.Error(err)
				}
			}
			a.Gradient(plus)
		}
		for i := 0; i < 4; i++ {
			round()
		}
		if n := testing.AllocsPerRun(100, round); cfg.Rank == 0 || !race.Enabled { // under which a sync.Pool forgets at random
			assert.Zero(t, n, "%+v", cfg)
		}
		a.Close()
	}
}
