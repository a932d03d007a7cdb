package estimator

import (
	"math"
	"math/rand"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

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
	assert.ErrorIs(t, at.Tell(Question{Worker: 9}, 1, 2), ErrStale)
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
	assert.ErrorContains(t, err, "ParamLen")
	at, err := NewAskTell[float32](2, 20, Config{Workers: 1, Window: 5, Sigma: 1})
	require.NoError(t, err)
	two, three := make([]float32, 2), make([]float32, 3)
	assert.Panics(t, func() { at.Ask(0, two, two, three) })
	assert.Panics(t, func() { at.Gradient(three) })
}
