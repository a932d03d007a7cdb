package estimator

import (
	"context"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/noise-reuse/nres/noise"
)

// sized is a walk that says it is larger.
type sized struct {
	walk[float32]
	d, stateLen, horizon int
}

func (s sized) ParamLen() int { return s.d }
func (s sized) StateLen() int { return s.stateLen }
func (s sized) Horizon() int  { return s.horizon }

// TestSizes: counts for which there is no memory are errors, not panics, and large ones that
// take none are none.
func TestSizes(t *testing.T) {
	small := walk[float32]{2, 20, true}
	for shift := 0; shift < 3; shift++ {
		max := math.MaxInt >> shift
		for field, tests := range map[string][]struct {
			sys sized
			cfg Config
		}{
			"Workers": {
				{sized{small, 2, 2, 20}, Config{Workers: max, Window: 5}},
				{sized{small, 2, 2, 20}, Config{Workers: max - 1, Window: 5, Parallelism: max}},
				{sized{small, 2, 2, 20}, Config{Workers: max, Window: 5, Method: TES}},
				{sized{small, 2, 2, 20}, Config{Workers: max, Window: 5, Method: PES, KeepSums: true}},
				{sized{small, 2, 2, 20}, Config{Workers: max, Window: 5, Method: PESAnalytic}},
				{sized{small, 2, 2, 20}, Config{Workers: max, Window: 5, Shaping: CenteredRank}},
				{sized{small, 2, 2, 20}, Config{Workers: max, Window: 5, Buckets: []int{1, 1}}},
				{sized{small, 2, 2, 20}, Config{Workers: max, Window: 5, Phase: Staggered}},
			},
			"Window": {
				{sized{small, 2, 2, math.MaxInt}, Config{Workers: 1, Window: max, Method: GPES, Period: 1, Phase: LockStep}},
				{sized{small, 2, 2, math.MaxInt}, Config{Workers: 1, Window: math.MaxInt, Method: PESAnalytic, Phase: LockStep}},
			},
			"the system's ParamLen": {{sized{small, math.MaxInt - shift, 2, 20}, Config{Workers: 2, Window: 5}}},
			"the system's StateLen": {{sized{small, 2, math.MaxInt - shift, 20}, Config{Workers: 2, Window: 5}}},
		} {
			for i, test := range tests {
				test.cfg.Sigma = 1
				_, err := New[float32](test.sys, test.cfg)
				var ce *ConfigError
				require.ErrorAs(t, err, &ce, "%s %d", field, i)
				assert.Equal(t, field, ce.Field, "%d: %v", i, err)
				if m := test.cfg.Method; m == TES || m == PESAnalytic || test.sys.stateLen > 2 {
					continue
				}
				_, err = NewAskTell[float32](test.sys.d, test.sys.horizon, test.cfg)
				require.ErrorAs(t, err, &ce, "%s %d", field, i)
				assert.Equal(t, field, ce.Field, "%d: %v", i, err)
			}
		}
		for _, cfg := range []Config{
			{Window: max, Method: NRES}, {Window: 5, Method: GPES, Period: max}, {Window: max, Method: PES},
			{Window: 1, Method: ESSingle, Interval: max}, {Window: 3, Parallelism: max}, {Window: 5, Phase: Staggered},
			{Window: 5, Rank: max, Matrices: []Matrix{{2, 1}}},
		} {
			cfg.Workers, cfg.Sigma = 3, 1
			if cfg.Phase != Staggered {
				cfg.Phase = LockStep
			}
			est, err := New[float32](sized{small, 2, 2, math.MaxInt}, cfg)
			require.NoError(t, err, "%+v", cfg)
			if cfg.Window < 10 {
				_, err = est.Gradient(make([]float32, 2), make([]float32, 2))
				assert.NoError(t, err)
			}
			est.Close()
			at, err := NewAskTell[float32](2, math.MaxInt, cfg)
			require.NoError(t, err, "%+v", cfg)
			for _, q := range at.AskAll(nil) {
				assert.Positive(t, q.Steps)
				require.NoError(t, at.Tell(q, 1, 2))
			}
			for _, q := range at.AskAll(nil) {
				assert.Positive(t, q.Steps)
			}
			at.Close()
		}
	}
	_, err := New[float32](small, Config{Workers: math.MaxInt, Window: 5, Sigma: 1})
	assert.ErrorContains(t, err, "estimator: Workers is ")
	assert.ErrorContains(t, err, "; allowed: at most ")
}

// TestNoSystem: what is no system, or has no size, is named, whatever it is given to.
func TestNoSystem(t *testing.T) {
	for want, sys := range map[string]AntitheticLinear[float32]{
		"the system is nil; allowed: an unroll.System":                   nil,
		"the system is a nil *estimator.flat; allowed: an unroll.System": (*flat)(nil),
		"the system's ParamLen is 0; allowed: ≥ 1":                       flat{0, 1, 1},
		"the system's StateLen is -1; allowed: ≥ 1":                      flat{1, -1, 1},
		"the system's Horizon is 0; allowed: ≥ 1":                        flat{1, 1, 0},
	} {
		want := "estimator: " + want
		for _, m := range []Method{NRES, FullES, ESSingle} {
			cfg, theta := Config{Method: m, Workers: 1, Window: 1, Sigma: 1}, []float32{0}
			if m == FullES {
				cfg.Window = 0
			}
			_, err := New[float32](sys, cfg)
			assert.EqualError(t, err, want)
			_, err = Variance[float32](context.Background(), sys, theta, cfg, MinSamples, nil)
			assert.EqualError(t, err, want)
			_, err = Predict(sys, theta, cfg)
			assert.EqualError(t, err, want)
		}
		assert.PanicsWithValue(t, want, func() { SmoothedLoss[float32](sys, []float32{0}, 1, 1, 2, 0) })
	}
	for want, cfg := range map[string]Config{"Buckets is 1 of": {Buckets: []int{1}}, "Rank is 1;": {Rank: 1, Matrices: []Matrix{{1, 1}}}, "Rank is -1;": {Rank: -1}} {
		cfg.Workers, cfg.Window, cfg.Sigma = 1, 1, 1
		_, err := Predict[float32](flat{1, 1, 1}, []float32{0}, cfg)
		assert.ErrorContains(t, err, "estimator: "+want)
	}
	_, err := NewAskTell[float32](0, 1, Config{Workers: 1, Window: 1, Sigma: 1})
	assert.EqualError(t, err, "estimator: d is 0; allowed: ≥ 1")
	_, err = NewAskTell[float32](1, 0, Config{Workers: 1, Window: 1, Sigma: 1})
	assert.EqualError(t, err, "estimator: the horizon is 0; allowed: ≥ 1")
	var none context.Context
	_, err = Variance[float32](none, flat{1, 1, 1}, []float32{0}, Config{Workers: 1, Window: 1, Sigma: 1}, MinSamples, nil)
	assert.EqualError(t, err, "estimator: the context is nil; allowed: context.Background() or any other")

	for _, bad := range [][3]int{{-1, 1, 1}, {0, 0, 1}, {0, 1, 0}} {
		for p := Stratified; p <= Staggered; p++ {
			assert.Panics(t, func() { p.Start(bad[0], bad[1], bad[2], noise.New(1)) }, "%v %v", p, bad)
		}
	}
}

// flat has sizes, and losses of 0.
type flat struct{ d, stateLen, horizon int }

func (f flat) ParamLen() int                                          { return f.d }
func (f flat) StateLen() int                                          { return f.stateLen }
func (f flat) Horizon() int                                           { return f.horizon }
func (flat) Init([]float32, noise.Stream)                             {}
func (flat) Step([]float32, []float32, int, noise.Stream) (l float32) { return l }
func (flat) Partials([]float32, []float32, int)                       {}

// TestNoMatrices: an empty list, of JSON perhaps, is none.
func TestNoMatrices(t *testing.T) {
	cfg := Config{Workers: 1, Window: 1, Sigma: 1, Matrices: []Matrix{}}
	_, err := New[float32](flat{1, 1, 1}, cfg)
	require.NoError(t, err)
	cfg.Rank = 1
	_, err = New[float32](flat{1, 1, 1}, cfg)
	assert.EqualError(t, err, "estimator: Rank is 1 with 0 Matrices; allowed: both or neither")
}

func TestGradientPanics(t *testing.T) {
	est, err := New[float32](flat{2, 1, 1}, Config{Workers: 1, Window: 1, Sigma: 1})
	require.NoError(t, err)
	x := make([]float32, 3)
	for _, bad := range [][2][]float32{{x[:2], x[:2]}, {x[:2], x[1:]}} {
		assert.PanicsWithValue(t, "estimator: grad and theta overlap", func() { _, _ = est.Gradient(bad[0], bad[1]) })
	}
	for _, bad := range [][2][]float32{{x[:1], x[1:]}, {make([]float32, 2), x}, {nil, nil}} {
		assert.Panics(t, func() { _, _ = est.Gradient(bad[0], bad[1]) })
	}
	_, err = est.Gradient(make([]float32, 2), x[:2])
	assert.NoError(t, err, "nothing has happened")
}

// meddler calls a method of its estimator, in its first step.
type meddler struct {
	flat
	call func()
	step *int
}

func (m meddler) Step([]float32, []float32, int, noise.Stream) float32 {
	if *m.step++; *m.step == 1 {
		m.call()
	}
	return 0
}

// TestUnderWay: nothing is read or changed in the middle of a gradient, and none begun.
func TestUnderWay(t *testing.T) {
	var est *Estimator[float32]
	state := []byte(nil)
	for name, call := range map[string]func(){
		"Gradient":        func() { _, _ = est.Gradient(make([]float32, 1), make([]float32, 1)) },
		"SetSigma":        func() { _ = est.SetSigma(2) },
		"MarshalBinary":   func() { _, _ = est.MarshalBinary() },
		"UnmarshalBinary": func() { _ = est.UnmarshalBinary(state) },
	} {
		var err error
		est, err = New[float32](meddler{flat{1, 1, 1}, call, new(int)}, Config{Workers: 1, Window: 1, Sigma: 1})
		require.NoError(t, err)
		state, err = est.MarshalBinary()
		require.NoError(t, err)
		assert.PanicsWithValue(t, "estimator: a call of Gradient is under way; an Estimator is not safe for concurrent use",
			func() { _, _ = est.Gradient(make([]float32, 1), make([]float32, 1)) }, name)
		assert.NoError(t, est.UnmarshalBinary(state))
		assert.Equal(t, 1.0, est.Config().Sigma)
	}
}
