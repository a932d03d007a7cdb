package unroll

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/noise-reuse/nres/noise"
)

// pair is a system with a state of two and a Window of its own; what isn't nil goes wrong.
type pair struct {
	init   func(s []float32)
	step   func(s, theta []float32, t int) (loss float32)
	window func(s, theta []float32, t0 int) (sum float32)
}

func (pair) ParamLen() int { return 2 }
func (pair) StateLen() int { return 2 }
func (pair) Horizon() int  { return 300 }

func (p pair) Init(s []float32, env noise.Stream) {
	s[0], s[1] = float32(env.Word(0)%5), 0
	if p.init != nil {
		p.init(s)
	}
}

func (p pair) Step(s, theta []float32, t int, env noise.Stream) float32 {
	loss := p.plain(s, theta, t, env)
	if p.step != nil {
		loss += p.step(s, theta, t)
	}
	return loss
}

func (pair) plain(s, theta []float32, t int, env noise.Stream) float32 {
	s[0] += theta[0] - float32(0.1*s[0])
	s[1] += float32(theta[1]*s[0]) + float32(env.Word(uint64(t))&1)
	return s[1] / s[0] // may be NaN
}

func (p pair) Window(s, theta []float32, t0, n int, env noise.Stream) (sum float32) {
	for t := t0 + 1; t <= t0+n; t++ {
		sum += p.plain(s, theta, t, env)
	}
	if p.window != nil {
		sum += p.window(s, theta, t0)
	}
	return sum
}

func TestCheckSystem(t *testing.T) {
	theta := []float32{1, 2}
	require.NoError(t, CheckSystem[float32](pair{}, theta, 0.1, 1))
	require.NoError(t, CheckSystem[float32](pair{}, []float32{0, 0}, 0, 1), "NaN is NaN")

	calls, old := 0, float32(0)
	for want, sys := range map[string]pair{
		"Init of unroll.pair doesn't set element 1 of the state": {init: func(s []float32) { s[1] = old; old++ }},
		"Step of unroll.pair has changed theta": {step: func(_, theta []float32, t int) float32 {
			if t == 300 {
				theta[1] *= 2
			}
			return 0
		}},
		"is no function of its arguments: the loss is": {step: func(_, _ []float32, _ int) float32 { calls++; return float32(calls) }},
		"is no function of its arguments: element 1":   {step: func(s, _ []float32, _ int) float32 { calls++; s[1] = float32(calls); return 0 }},
		"Window of unroll.pair has changed theta":      {window: func(_, theta []float32, _ int) float32 { theta[0] = 0; return 0 }},
		"Window of unroll.pair, steps 1 to":            {window: func(_, _ []float32, _ int) float32 { return 1e-3 }},
		"element 0 of the state is NaN, but":           {window: func(s, _ []float32, t0 int) float32 { s[0] = float32(math.NaN()); return 0 }},
	} {
		assert.ErrorContains(t, CheckSystem[float32](sys, theta, 0.1, 1), want)
	}
	assert.ErrorContains(t, CheckSystem[float32](partial{}, theta, 0.1, 1), "doesn't set element 1")
	assert.ErrorContains(t, CheckSystem[float32](wrongRows{}, theta, 0.1, 1), "with Step", "in lanes")
	assert.ErrorContains(t, CheckSystem[float32](pair{}, theta[:1], 0.1, 1), "theta has length 1; allowed: the ParamLen of unroll.pair, 2")
	for _, sys := range []System[float32]{nil, (*pair)(nil)} {
		assert.EqualError(t, CheckSystem(sys, theta, 0.1, 1), "unroll: there is no system to check")
	}
}

// partial leaves an element as it was.
type partial struct{ pair }

func (partial) Init(s []float32, _ noise.Stream) { s[0] = 0 }

// wrongRows does nothing in lanes.
type wrongRows struct{ pair }

func (wrongRows) WindowLanes(_, _ []float32, _ []int, _ int, _ []noise.Stream, _ []float32) {}
