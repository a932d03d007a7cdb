package estimator

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
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
