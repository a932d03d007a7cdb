package estimator

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/unroll"
	"github.com/noise-reuse/nres/vec"
)

// huge is a walk whose losses are times a power of 2.
type huge[F vec.Float] struct {
	walk[F]
	power F
}

func (h huge[F]) Step(s, theta []F, t int, env noise.Stream) F {
	return h.power * h.walk.Step(s, theta, t, env)
}

func (h huge[F]) VJP(ds, dtheta, s, theta []F, dloss F, t int, env noise.Stream) {
	h.walk.VJP(ds, dtheta, s, theta, dloss*h.power, t, env)
}

// TestHugeLosses: losses that are 2^k times as large make a gradient that is, to the bit
// (a shaped one is the same), or an error, but none that isn't finite.
func TestHugeLosses(t *testing.T) {
	t.Run("float32", func(t *testing.T) { hugeLosses[float32](t, 127) })
	t.Run("float64", func(t *testing.T) { hugeLosses[float64](t, 1023) })
}

func hugeLosses[F vec.Float](t *testing.T, top int) {
	cfgs := append([]Config(nil), stateConfigs...)
	for _, shaping := range []Shaping{Std, Sign, CenteredRank} {
		cfgs = append(cfgs, Config{Window: 6, Shaping: shaping}, Config{Window: 6, Method: PES, Shaping: shaping}, Config{Window: 6, Method: TES, Shaping: shaping})
	}
	cfgs = append(cfgs, Config{Window: 6, LossScale: Sum}, Config{Window: 6, Rank: 1, Matrices: []Matrix{{5, 1}}}, Config{Window: 7, Method: PES, Shaping: Std},
		Config{Window: 6, Method: PESAnalytic, LossScale: Sum}, Config{Window: 24, Noise: Signs, Telescoping: true})
	for _, cfg := range cfgs {
		cfg.Workers, cfg.Sigma, cfg.Seed = 9, 0.01, 4
		for _, lanes := range []bool{false, true} {
			for _, policy := range []NonFinite{Fail, DropPair} {
				cfg.NonFinite = policy
				refused := false
				var want [3][]F
				var wantLoss [3]float64
				for k := 0; k <= top; k++ {
					if k < top-40 && k%(top/6) != 0 {
						continue
					}
					what := fmt.Sprintf("%+v, lanes %v, 2^%d", cfg, lanes, k)
					power := math.Ldexp(1, k)
					var sys unroll.System[F] = huge[F]{walk[F]{5, 24, true}, F(power)}
					if lanes {
						sys = laned[F]{System: sys}
						if cfg.Method == PESAnalytic {
							continue
						}
					}
					est, err := New(sys, cfg)
					require.NoError(t, err)
					theta, grad := make([]F, 5), make([]F, 5)
					for it := range want {
						loss, err := est.Gradient(grad, theta)
						if err != nil {
							var nonFinite *NonFiniteError
							require.ErrorAs(t, err, &nonFinite)
							require.Equal(t, Fail, policy)
							refused = true
							break
						}
						if math.IsNaN(loss) {
							require.NotZero(t, est.Dropped(), what)
							require.Equal(t, make([]F, 5), grad, what)
						}
						for _, v := range grad {
							require.LessOrEqual(t, math.Abs(float64(v)), largest[F](), what)
						}
						if est.Dropped() > 0 {
							refused = true
							continue
						}
						if k == 0 {
							want[it], wantLoss[it] = append([]F(nil), grad...), loss
						}
						scaled := append([]F(nil), want[it]...)
						for i := range scaled {
							if cfg.Shaping == Raw {
								scaled[i] *= F(power)
							}
						}
						require.Equal(t, scaled, grad, what)
						require.Equal(t, wantLoss[it]*power, loss, what)
						require.LessOrEqual(t, math.Abs(loss), math.MaxFloat64, what)
						require.False(t, refused && it == 2, "%s: smaller ones weren't accepted", what)
					}
					require.False(t, refused && k < top-40, "%s: far from overflow", what)
					est.Close()
				}
			}
		}
	}
}

// TestHugeLossNames: the error says where, and the other answers count.
func TestHugeLossNames(t *testing.T) {
	at, err := NewAskTell[float32](2, 20, Config{Workers: 3, Window: 5, Sigma: 1e-30, Phase: LockStep})
	require.NoError(t, err)
	q := at.AskAll(nil)
	require.NoError(t, at.Tell(q[0], 1e30, 1e30))
	require.EqualError(t, at.Tell(q[1], 1e30, 1),
		"estimator: gradient 0, worker 1: the losses over steps 1 to 5 are too large, or too far apart for this σ (θ+σε: 1e+30, θ−σε: 1)")
	require.NoError(t, at.Tell(q[2], 2, 1))
	grad := make([]float32, 2)
	loss, steps := at.Gradient(grad)
	assert.Equal(t, 10, steps)
	sum := 1e30
	assert.Equal(t, (sum+sum+2+1)/20, loss)
	for _, v := range grad {
		assert.NotZero(t, v)
		assert.Less(t, math.Abs(float64(v)), math.Inf(1))
	}
}

// TestSmallSigma: where losses don't count, σ alone decides whether a gradient overflows.
func TestSmallSigma(t *testing.T) {
	sys := walk[float32]{2, 20, true}
	for _, shaping := range []Shaping{Sign, CenteredRank} {
		_, err := New[float32](sys, Config{Method: PES, Workers: 3, Window: 5, Sigma: 1e-38, Shaping: shaping})
		assert.EqualError(t, err, fmt.Sprintf("estimator: Sigma is 1e-38; allowed: at least 3.94e-38 with shaping %v", shaping))
		_, err = New[float32](sys, Config{Workers: 3, Window: 5, Sigma: 1e-38, Shaping: shaping})
		assert.NoError(t, err)
	}
}

// TestLargestLosses: the largest loss that isn't refused makes a finite gradient also where ξ
// is larger than normals are.
func TestLargestLosses(t *testing.T) {
	for _, cfg := range []Config{
		{Method: PES}, {Method: GPES, Period: 2}, {Method: FullES}, {Method: FullES, Rank: 1, Matrices: []Matrix{{3000, 30}}, Seed: 1},
	} {
		d, horizon := 3000, 24
		if cfg.Method == FullES {
			d, horizon = 90_000, 1
		}
		cfg.Workers, cfg.Window, cfg.Sigma, cfg.Phase = 1, 1, 0.01, LockStep
		grad, accepted := make([]float32, d), 0
		for refused, loss := false, 1e34; !refused; loss *= 1.1 {
			at, err := NewAskTell[float32](d, horizon, cfg)
			require.NoError(t, err)
			for step := 1; step <= horizon; step++ {
				q := at.AskAll(nil)[0]
				if step < horizon {
					require.NoError(t, at.Tell(q, 0, 0))
					at.Gradient(grad)
				} else if err := at.Tell(q, loss, 0); err != nil {
					refused = true
				} else {
					accepted++
					at.Gradient(grad)
				}
			}
			at.Close()
			for _, v := range grad {
				if v-v != 0 {
					t.Fatalf("%+v, loss %v: %v", cfg, loss, v)
				}
			}
		}
		assert.Greater(t, accepted, 10)
	}
}

// steep has the largest derivative that there is.
type steep struct{ walk[float32] }

func (steep) Step(_, theta []float32, _ int, _ noise.Stream) float32 {
	return math.MaxFloat32 * theta[0]
}

func (steep) VJP(_, dtheta, _, _ []float32, dloss float32, _ int, _ noise.Stream) {
	dtheta[0] += math.MaxFloat32 * dloss
}

// TestLargestDerivative: 3 times a third of it, rounded up, overflows.
func TestLargestDerivative(t *testing.T) {
	est, err := New[float32](steep{walk[float32]{1, 4, false}}, Config{Method: PESAnalytic, Workers: 3, Window: 1, Sigma: 1e-3})
	require.NoError(t, err)
	grad := []float32{7}
	_, err = est.Gradient(grad, []float32{0})
	var nonFinite *NonFiniteError
	assert.ErrorAs(t, err, &nonFinite)
	assert.Equal(t, []float32{7}, grad)
}
