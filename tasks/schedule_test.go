package tasks

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/noise-reuse/nres/estimator"
	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/optim"
	"github.com/noise-reuse/nres/tasks/data"
	"github.com/noise-reuse/nres/unroll"
)

func digitsConfig() ScheduleConfig {
	return ScheduleConfig{
		Train: data.Digits(200, noise.New(1)), Validation: data.Digits(100, noise.New(2)),
		Hidden: []int{8}, Batch: 10, Horizon: 50, Momentum: 0.9,
	}
}

// TestScheduleStep does the first two steps by hand: gradients of the loss, momentum.
func TestScheduleStep(t *testing.T) {
	cfg := digitsConfig()
	c, err := NewSchedule[float64](cfg)
	require.NoError(t, err)
	require.Equal(t, 2, c.ParamLen())
	require.Equal(t, 2*(64*8+8+8*10+10), c.StateLen())
	env, theta := noise.New(3), []float64{math.Log(0.1), math.Log(2)}
	s := make([]float64, c.StateLen())
	s[c.StateLen()-1] = 5
	c.Init(s, env)
	n := c.StateLen() / 2
	for _, v := range s[n:] {
		require.Zero(t, v)
	}
	w, v := append([]float64(nil), s[:n]...), make([]float64, n)
	for step := 1; step <= 2; step++ {
		g, p, want := make([]float64, n), c.net.NewPass(1), 0.0
		for k := 0; k < cfg.Batch; k++ {
			i := pick(env.Derive(uint64(step)), k, cfg.Train)
			p.Set(0, cfg.Train, i)
			l, _ := p.Forward(w)
			p.Backward(g, w, 0.1)
			want += l / 10
		}
		rate := 0.1 / math.Pow(1+float64(step-1)/50, 2)
		assert.InDelta(t, rate, c.Rate(theta, step), 1e-15)
		for i := range w {
			v[i] = 0.9*v[i] + g[i]
			w[i] -= rate * v[i]
		}
		assert.InDelta(t, want, c.Step(s, theta, step, env), 1e-13)
		assert.InDeltaSlice(t, w, s[:n], 1e-14)
		assert.InDeltaSlice(t, v, s[n:], 1e-14)
	}
}

func TestScheduleConstant(t *testing.T) {
	cfg := digitsConfig()
	cfg.Constant = true
	c, err := NewSchedule[float32](cfg)
	require.NoError(t, err)
	assert.Equal(t, 1, c.ParamLen())
	for _, step := range []int{1, 50} {
		assert.InDelta(t, 0.1, c.Rate([]float32{float32(math.Log(0.1))}, step), 1e-7)
	}
}

// TestScheduleObjectives: training gets better at each, and diverges into the cap.
func TestScheduleObjectives(t *testing.T) {
	env := noise.New(3)
	for objective, most := range map[Objective]float64{TrainingLoss: 1.5 * math.Ln10, ValidationLoss: 1.5 * math.Ln10, ValidationError: 1} {
		cfg := digitsConfig()
		cfg.Objective = objective
		c, err := NewSchedule[float32](cfg)
		require.NoError(t, err)
		run := func(lr float64, t0, n int) float64 {
			s, theta := make([]float32, c.StateLen()), []float32{float32(math.Log(lr)), 0}
			c.Init(s, env)
			unroll.Window[float32](c, s, theta, 0, t0, env)
			return unroll.Window[float32](c, s, theta, t0, n, env) / float64(n)
		}
		assert.Less(t, run(0.1, 30, 20), 0.85*run(0.1, 0, 5), "%d", objective)
		end := run(1e4, 40, 10)
		assert.LessOrEqual(t, end, most*(1+1e-6), "%d", objective)
		assert.Greater(t, end, 0.7*most, "%d", objective)
		assert.InDelta(t, most, run(1e30, 40, 10), 1e-6, "%d, not a number", objective)
	}
}

// TestScheduleAccuracy counts.
func TestScheduleAccuracy(t *testing.T) {
	cfg := digitsConfig()
	c, err := NewSchedule[float32](cfg)
	require.NoError(t, err)
	s := make([]float32, c.StateLen())
	s[c.StateLen()/2-10+4] = 1 // the bias of class 4
	accuracy, err := c.Accuracy(s, cfg.Train)
	require.NoError(t, err)
	assert.Equal(t, 0.1, accuracy)
	s[64*8] = float32(math.NaN()) // a bias, on its way to all scores
	accuracy, err = c.Accuracy(s, cfg.Train)
	require.NoError(t, err)
	assert.Zero(t, accuracy)
	cfg.Train.Classes = 9
	_, err = c.Accuracy(s, cfg.Train)
	assert.EqualError(t, err, "network: the images are 8 by 8 in 9 classes; this one is for 8 by 8 and 10")
}

func TestPick(t *testing.T) {
	set, seen := data.Digits(7, noise.New(1)), map[int]int{}
	for k := 0; k < 700; k++ {
		seen[pick(noise.New(1), k, set)]++
	}
	require.Len(t, seen, 7)
	for i, n := range seen {
		assert.InDelta(t, 100, n, 50, "image %d", i)
	}
}

func TestScheduleErrors(t *testing.T) {
	for want, spoil := range map[string]func(*ScheduleConfig){
		"no images to train on":                                            func(c *ScheduleConfig) { c.Train = nil },
		"no images to validate with":                                       func(c *ScheduleConfig) { c.Objective, c.Validation = ValidationLoss, nil },
		"validation set: network: the images are 8 by 8 in 9 classes":      func(c *ScheduleConfig) { c.Objective, c.Validation.Classes = ValidationError, 9 },
		"training set: network: label 5 is 10; allowed: 0 to 9":            func(c *ScheduleConfig) { c.Train.Labels[5] = 10 },
		"the objective is 3":                                               func(c *ScheduleConfig) { c.Objective = 3 },
		"the batch is 0":                                                   func(c *ScheduleConfig) { c.Batch = 0 },
		"the horizon is 0":                                                 func(c *ScheduleConfig) { c.Horizon = 0 },
		"the momentum is 1; allowed: 0 ≤ μ < 1":                            func(c *ScheduleConfig) { c.Momentum = 1 },
		"the momentum is NaN":                                              func(c *ScheduleConfig) { c.Momentum = math.NaN() },
		"tasks: Schedule's network: layer 0 has -1 units; allowed: at lea": func(c *ScheduleConfig) { c.Hidden = []int{-1} },
	} {
		cfg := digitsConfig()
		spoil(&cfg)
		_, err := NewSchedule[float32](cfg)
		assert.ErrorContains(t, err, want)
	}
}

func TestScheduleGolden(t *testing.T) {
	for objective, want := range scheduleGolden {
		cfg := digitsConfig()
		cfg.Objective = objective
		c, err := NewSchedule[float32](cfg)
		require.NoError(t, err)
		parallelisms := []int{2}
		if objective == TrainingLoss {
			parallelisms = []int{1, 2, 3}
		}
		for _, parallelism := range parallelisms {
			path := descend[float32](t, c, []float32{-2, 0}, estimator.Config{Workers: 10, Window: 5, Sigma: 0.1, Seed: 1, Parallelism: parallelism},
				optim.NewAdam[float32](0.01), 11)
			assert.Equal(t, want, digest(path), "%d, parallelism %d", objective, parallelism)
		}
	}
}

var scheduleGolden = map[Objective]string{
	TrainingLoss:    "1455612ec84a5e5fce58b861d01011f09594a563ec255d4e4585fd9b84e8699a",
	ValidationLoss:  "5dbec3cbaf54dbe74a5e3b3e8d15751e5e208f80763bbffef6d59fc14bcfad8d",
	ValidationError: "ab19bcd60d7d19d47b2f55de73f088ce31853f925af4388f18cf329b639a30ab",
}

func BenchmarkSchedule(b *testing.B) {
	train := data.Digits(1000, noise.New(1))
	for name, hidden := range map[string][]int{"32,32": {32, 32}, "100,100": {100, 100}} {
		b.Run(name, func(b *testing.B) {
			c, err := NewSchedule[float32](ScheduleConfig{Train: train, Hidden: hidden, Batch: 100, Horizon: 5000, Momentum: 0.9})
			require.NoError(b, err)
			s, theta := make([]float32, c.StateLen()), []float32{-3, 0}
			c.Init(s, noise.New(1))
			b.ReportAllocs()
			for i := 0; i < b.N; i++ {
				c.Step(s, theta, 1+i%5000, noise.New(1))
			}
		})
	}
}
