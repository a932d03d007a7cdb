package estimator

import (
	"encoding/json"
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"

	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/vec"
)

// slope is a linear loss of one step.
type slope[F vec.Float] []F

func (s slope[F]) ParamLen() int          { return len(s) }
func (slope[F]) StateLen() int            { return 1 }
func (slope[F]) Horizon() int             { return 1 }
func (slope[F]) Init([]F, noise.Stream)   {}
func (s slope[F]) loss(theta []F) float64 { return float64(vec.Dot(s, theta)) }
func (s slope[F]) Step(_, theta []F, _ int, env noise.Stream) F {
	return vec.Dot(s, theta)
}

func newSlope[F vec.Float](d int) slope[F] {
	s := make(slope[F], d)
	noise.Fill(s, noise.New(77), 0)
	return s
}

func TestEvenBuckets(t *testing.T) {
	b := EvenBuckets(3274634, 5000) // Zhang, Clune and Stanley
	assert.Len(t, b, 655)
	assert.Equal(t, []int{5000, 4634}, b[653:])
	assert.Equal(t, []int{7}, EvenBuckets(7, 7))
	assert.Equal(t, []int{7}, EvenBuckets(7, 9))
	assert.Equal(t, []int{4, 4}, EvenBuckets(8, 4))
	assert.Panics(t, func() { EvenBuckets(0, 1) })
	assert.Panics(t, func() { EvenBuckets(1, 0) })
}

// lowRank is ε = ABᵀ/√r as its definition reads, on matrices.
func lowRank(cfg Config, eps noise.Stream) []float64 {
	var all []float64
	for _, m := range cfg.Matrices {
		at, r := uint64(len(all)), cfg.Rank
		fill := func(n int, off uint64) []float64 {
			x := make([]float64, n)
			if cfg.Noise == Signs {
				noise.FillSigns(x, eps, off)
			} else {
				noise.Fill(x, eps, off)
			}
			return x
		}
		if r*(m.Rows+m.Cols) >= m.Rows*m.Cols {
			all = append(all, fill(m.Rows*m.Cols, at)...)
			continue
		}
		a := mat.NewDense(r, m.Rows, fill(r*m.Rows, at))
		b := mat.NewDense(r, m.Cols, fill(r*m.Cols, at+uint64(r*m.Rows)))
		var e mat.Dense
		e.Mul(a.T(), b)
		e.Scale(1/math.Sqrt(float64(r)), &e)
		all = append(all, e.RawMatrix().Data...)
	}
	return all
}

// TestLowRank compares perturbations and gradient with matrices of the definition.
func TestLowRank(t *testing.T) {
	for _, cfg := range []Config{
		{Rank: 1, Matrices: []Matrix{{9, 4}, {9, 1}, {1, 5}}}, {Rank: 3, Matrices: []Matrix{{20, 11}, {2, 3}}},
		{Rank: 2, Matrices: []Matrix{{7, 300}, {1000, 5}}, Noise: Signs}, {Rank: 100, Matrices: []Matrix{{30, 30}}},
		{Rank: 40, Matrices: []Matrix{{600, 700}}}, // A and B of one stream are more than a panel
	} {
		d := 0
		for _, m := range cfg.Matrices {
			d += m.Rows * m.Cols
		}
		cfg.Workers, cfg.Window, cfg.Sigma, cfg.Seed = 5, 1, 0.3, 9
		sys := newSlope[float64](d)
		est, err := New[float64](sys, cfg)
		require.NoError(t, err)
		at, err := NewAskTell[float64](d, 1, cfg)
		require.NoError(t, err)
		theta, plus, minus, grad := newSlope[float64](d), make([]float64, d), make([]float64, d), make([]float64, d)
		want := make([]float64, d)
		for i := 0; i < cfg.Workers; i++ {
			q := at.Ask(i, plus, minus, theta)
			eps := lowRank(cfg, q.Eps)
			for j, e := range eps {
				require.InDelta(t, theta[j]+0.3*e, plus[j], 1e-12)
				require.InDelta(t, theta[j]-0.3*e, minus[j], 1e-12)
			}
			vec.Axpy(want, (sys.loss(plus)-sys.loss(minus))/(2*0.3*5), eps)
		}
		_, err = est.Gradient(grad, theta)
		require.NoError(t, err)
		for j := range want {
			require.InDelta(t, want[j], grad[j], 1e-9*float64(d), "%d of %+v", j, cfg)
		}
	}
}

// TestPerturbationsShared: buckets and low ranks have the same bits for any number of
// goroutines.
func TestPerturbationsShared(t *testing.T) {
	const d = 12100
	sys := newSlope[float32](d)
	for _, cfg := range []Config{
		{Buckets: []int{5000, 1, 4999, 2100}}, {Buckets: EvenBuckets(d, 700), Noise: Signs},
		{Rank: 2, Matrices: []Matrix{{1200, 10}, {100, 1}}}, {Rank: 1, Matrices: []Matrix{{10, 1210}}},
	} {
		run := func(parallelism int) []float32 {
			cfg := cfg
			cfg.Workers, cfg.Window, cfg.Sigma, cfg.Parallelism = 23, 1, 0.1, parallelism
			est, err := New[float32](sys, cfg)
			require.NoError(t, err)
			defer est.Close()
			theta, grad := make([]float32, d), make([]float32, d)
			for it := 0; it < 3; it++ {
				_, err := est.Gradient(grad, theta)
				require.NoError(t, err)
				vec.Axpy(theta, -0.1, grad)
			}
			return theta
		}
		want := run(1)
		for _, parallelism := range []int{2, 3, 7} {
			require.Equal(t, want, run(parallelism))
		}
	}
}

// TestBucketsTakeTurns: with fewer workers than buckets, each has its turn, and those
// without one have no gradient.
func TestBucketsTakeTurns(t *testing.T) {
	sys := newSlope[float64](10)
	est, err := New[float64](sys, Config{Workers: 2, Window: 1, Sigma: 0.1, Buckets: EvenBuckets(10, 2), Noise: Signs})
	require.NoError(t, err)
	grad := make([]float64, 10)
	turns := ""
	for it := 0; it < 5; it++ {
		_, err := est.Gradient(grad, sys)
		require.NoError(t, err)
		for b := 0; b < 5; b++ {
			if grad[2*b] != 0 || grad[2*b+1] != 0 {
				turns += fmt.Sprint(b)
			}
		}
		turns += " "
	}
	assert.Equal(t, "01 23 04 12 34 ", turns)
}

// lastLost is slope in episodes of 5 steps, whose last one has no loss.
type lastLost struct{ slope[float64] }

func (lastLost) Horizon() int { return 5 }

func (l lastLost) Step(s, theta []float64, t int, env noise.Stream) float64 {
	if t == l.Horizon() {
		return math.NaN()
	}
	return l.slope.Step(s, theta, t, env)
}

// TestBucketOfWindow: a window of TES has one bucket, also what is left of it when the end
// of an episode is lost.
func TestBucketOfWindow(t *testing.T) {
	sys := lastLost{newSlope[float64](2)}
	est, err := New[float64](sys, Config{Method: TES, Phase: LockStep, Workers: 1, Window: 2, Sigma: 0.1, Buckets: []int{1, 1}, Noise: Signs, NonFinite: DropPair})
	require.NoError(t, err)
	grad := make([]float64, 2)
	for window := 0; window < 20; window++ {
		_, err := est.Gradient(grad, make([]float64, 2))
		require.NoError(t, err)
		// Windows 2, 7, … are of steps 5 and 1, windows 4, 9, … of steps 4 and 5.
		assert.Equal(t, window%5 != 4, grad[window%2] != 0, "window %d", window)
		assert.Zero(t, grad[1-window%2], "window %d", window)
	}
	assert.EqualValues(t, 8, est.Dropped())
}

// TestBatches: questions that have gone elsewhere and come back as JSON, answered in
// any order by somebody who knows only the configuration and theta, are the Estimator's.
func TestBatches(t *testing.T) {
	const d = 60
	sys := newSlope[float32](d)
	for _, cfg := range []Config{
		{Shaping: CenteredRank}, {Buckets: EvenBuckets(d, 25), Shaping: CenteredRank}, {Buckets: EvenBuckets(d, 25), Noise: Signs},
		{Rank: 1, Matrices: []Matrix{{5, 12}}, Shaping: Std},
	} {
		cfg.Method, cfg.Workers, cfg.Sigma, cfg.Seed = FullES, 14, 0.1, 3
		est, err := New[float32](sys, cfg)
		require.NoError(t, err)
		master, err := NewAskTell[float32](d, 1, cfg)
		require.NoError(t, err)
		evaluator, err := NewAskTell[float32](d, 1, cfg)
		require.NoError(t, err)
		theta, want, got := make([]float32, d), make([]float32, d), make([]float32, d)
		plus, minus := make([]float32, d), make([]float32, d)
		sigma := 0.1
		for it := 0; it < 6; it++ {
			_, err := est.Gradient(want, theta)
			require.NoError(t, err)
			questions := master.AskAll(nil)
			require.Len(t, questions, 14)
			require.Empty(t, master.AskAll(nil), "all are open")
			var answers []Answer
			for k := range questions {
				message, err := json.Marshal(questions[(k*5+3)%14])
				require.NoError(t, err)
				var q Question
				require.NoError(t, json.Unmarshal(message, &q))
				evaluator.Perturb(plus, minus, theta, q)
				if cfg.Rank == 0 && cfg.Noise == Normal {
					p, m := append([]float32(nil), theta...), append([]float32(nil), theta...)
					noise.PerturbPair(p[q.Lo:q.Hi], m[q.Lo:q.Hi], theta[q.Lo:q.Hi], float32(sigma), q.Eps, uint64(q.Lo))
					require.Equal(t, p, plus)
					require.Equal(t, m, minus)
				}
				answers = append(answers, Answer{q, sys.loss(plus), sys.loss(minus)})
			}
			stale, err := master.TellAll(append(answers, answers[:3]...))
			require.NoError(t, err)
			require.Equal(t, 3, stale)
			_, steps := master.Gradient(got)
			require.Equal(t, 14, steps)
			require.Equal(t, want, got, "%+v, gradient %d", cfg, it)
			vec.Axpy(theta, -0.01, got)
			sigma *= 0.9
			require.NoError(t, est.SetSigma(sigma))
			require.NoError(t, master.SetSigma(sigma))
			require.NoError(t, evaluator.SetSigma(sigma))

			// A twin of the first configuration takes σ over with the rest.
			state, err := est.MarshalBinary()
			require.NoError(t, err)
			est, err = New[float32](sys, cfg)
			require.NoError(t, err)
			require.NoError(t, est.UnmarshalBinary(state))
			require.Equal(t, sigma, est.Config().Sigma)
		}
		stale, err := master.TellAll([]Answer{{master.Ask(0, plus, minus, theta), math.NaN(), 1}, {Question{Worker: 1}, 1, 1}, {master.Ask(2, plus, minus, theta), 1, 1}})
		assert.Equal(t, 1, stale)
		var nonFinite *NonFiniteError
		assert.ErrorAs(t, err, &nonFinite)
		_, steps := master.Gradient(got)
		assert.Equal(t, 1, steps, "the answer after the wrong ones")
	}
}

// TestLongBatch: TellAll, which takes long batches in parts, is Tell one after the other.
func TestLongBatch(t *testing.T) {
	const workers = 300
	var twins [2]*AskTell[float32]
	var answers []Answer
	for i := range twins {
		var err error
		twins[i], err = NewAskTell[float32](2, 1, Config{Method: FullES, Workers: workers, Sigma: 0.1})
		require.NoError(t, err)
		answers = answers[:0]
		for k, q := range twins[i].AskAll(nil) {
			a := Answer{q, float64(k), 1}
			switch k {
			case 70:
				a.Plus = math.Inf(1)
			case 200:
				a.Question.Worker = -1
			}
			answers = append(answers, a, a)
		}
	}
	stale, err := twins[0].TellAll(answers)
	wantStale, want := 0, error(nil)
	for _, a := range answers {
		if e := twins[1].Tell(a.Question, a.Plus, a.Minus); e == ErrStale {
			wantStale++
		} else if want == nil {
			want = e
		}
	}
	assert.Equal(t, workers-1, wantStale)
	assert.Equal(t, wantStale, stale)
	assert.Error(t, want)
	assert.Equal(t, want, err)
	var states [2][]byte
	for i := range twins {
		states[i], err = twins[i].MarshalBinary()
		require.NoError(t, err)
	}
	assert.Equal(t, states[1], states[0])
}

// TestRankedOnce: of a worker that answers twice before a gradient, the last answer is
// ranked.
func TestRankedOnce(t *testing.T) {
	theta, grads := make([]float32, 4), [2][]float32{make([]float32, 4), make([]float32, 4)}
	for twice := range grads {
		at, err := NewAskTell[float32](4, 2, Config{Workers: 3, Window: 1, Sigma: 0.1, Shaping: CenteredRank, Phase: LockStep})
		require.NoError(t, err)
		plus, minus := make([]float32, 4), make([]float32, 4)
		for i := 0; i < 3; i++ {
			if q := at.Ask(i, plus, minus, theta); twice > 0 {
				require.NoError(t, at.Tell(q, 100, -100))
				q = at.Ask(i, plus, minus, theta)
				require.NoError(t, at.Tell(q, float64(i), 3))
			} else {
				require.NoError(t, at.Tell(q, float64(i), 3))
			}
		}
		_, steps := at.Gradient(grads[twice])
		assert.Equal(t, 3, steps)
	}
	assert.Equal(t, grads[0], grads[1])
}

// TestConfigKept: what becomes of the slices of a Config is no concern of an Estimator's.
func TestConfigKept(t *testing.T) {
	buckets, matrices := []int{1, 2}, []Matrix{{3, 1}}
	for _, cfg := range []Config{{Buckets: buckets}, {Rank: 1, Matrices: matrices}} {
		cfg.Workers, cfg.Window, cfg.Sigma = 1, 1, 0.1
		est, err := New[float64](newSlope[float64](3), cfg)
		require.NoError(t, err)
		state, err := est.MarshalBinary()
		require.NoError(t, err)
		buckets[0], matrices[0].Rows = 7, 7
		assert.NoError(t, est.UnmarshalBinary(state))
		buckets[0], matrices[0].Rows = 1, 3
		at, err := NewAskTell[float64](3, 4, cfg)
		require.NoError(t, err)
		for _, config := range []func() Config{est.Config, at.Config} {
			got := config()
			for i := range got.Buckets {
				got.Buckets[i] = 7
			}
			for i := range got.Matrices {
				got.Matrices[i].Rows = 7
			}
			assert.Equal(t, cfg.Buckets, config().Buckets)
			assert.Equal(t, cfg.Matrices, config().Matrices)
		}
	}
}

func TestSetSigma(t *testing.T) {
	est, err := New[float64](newSlope[float64](3), Config{Workers: 1, Window: 1, Sigma: 0.1})
	require.NoError(t, err)
	for _, sigma := range []float64{0, -1, math.NaN(), math.Inf(1), 1e-309} {
		assert.ErrorContains(t, est.SetSigma(sigma), "Sigma is ")
	}
	assert.Equal(t, 0.1, est.Config().Sigma)
}

// TestCorrelationLaw: n pairs' estimate of the gradient of a linear
// loss has the correlation 1/√(1+(P+1)/n) with it: normals are a regression's.
func TestCorrelationLaw(t *testing.T) {
	const p, n = 4000, 250
	sys := newSlope[float64](p)
	var mean float64
	const times = 40
	grad, theta := make([]float64, p), make([]float64, p)
	est, err := New[float64](sys, Config{Method: FullES, Workers: n, Sigma: 1})
	require.NoError(t, err)
	for i := 0; i < times; i++ {
		_, err := est.Gradient(grad, theta)
		require.NoError(t, err)
		mean += vec.Dot(grad, sys) / math.Sqrt(vec.Dot[float64](grad, grad)*vec.Dot(sys, sys)) / times
	}
	want := 1 / math.Sqrt(1+float64(p+1)/n)
	// One has a standard deviation of √((1−ρ²)/P) + O(1/n) at most.
	assert.InDelta(t, want, mean, 5.5*math.Sqrt((1-want*want)/p/times))
}

// BenchmarkPerturbations: a pair and element of the gradient of a network's layer.
func BenchmarkPerturbations(b *testing.B) {
	const pairs, rows, cols = 512, 256, 1024
	for name, cfg := range map[string]Config{
		"normals": {}, "signs": {Noise: Signs}, "rank1": {Rank: 1, Matrices: []Matrix{{rows, cols}}}, "rank4": {Rank: 4, Matrices: []Matrix{{rows, cols}}},
		"buckets": {Buckets: EvenBuckets(rows*cols, 4096)},
	} {
		b.Run(name, func(b *testing.B) {
			cfg.Method, cfg.Workers, cfg.Sigma, cfg.Parallelism = FullES, pairs, 0.1, 1
			at, err := NewAskTell[float32](rows*cols, 1, cfg)
			require.NoError(b, err)
			grad := make([]float32, rows*cols)
			var questions []Question
			each := float64(rows * cols * pairs)
			if cfg.Buckets != nil {
				each = 4096 * pairs
			}
			b.ResetTimer()
			for i := 0; i < b.N; i++ {
				questions = at.AskAll(questions[:0])
				for _, q := range questions {
					_ = at.Tell(q, 1, float64(q.Worker%7))
				}
				at.Gradient(grad)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/each, "ns/pair·element")
		})
	}
}

// TestTellOutOfRange: a loss that is finite, but not in float32, is no weight.
func TestTellOutOfRange(t *testing.T) {
	at, err := NewAskTell[float32](2, 1, Config{Workers: 1, Window: 1, Sigma: 1})
	require.NoError(t, err)
	two := make([]float32, 2)
	var nonFinite *NonFiniteError
	assert.ErrorAs(t, at.Tell(at.Ask(0, make([]float32, 2), make([]float32, 2), two), 1e300, 0), &nonFinite)
	assert.NoError(t, at.Tell(at.Ask(0, make([]float32, 2), make([]float32, 2), two), 1e38, 0))
}

// TestBucketsToldOften: a worker may answer any number of windows before a gradient, each
// of them, at T = 1, about another bucket.
func TestBucketsToldOften(t *testing.T) {
	at, err := NewAskTell[float64](3, 1, Config{Workers: 2, Window: 1, Sigma: 0.5, Buckets: []int{1, 2}})
	require.NoError(t, err)
	theta, plus, minus := make([]float64, 3), make([]float64, 3), make([]float64, 3)
	want, pairs := make([]float64, 3), make([]float64, 3)
	for i := 0; i < 5; i++ {
		for worker := 0; worker < 2; worker++ {
			q, loss := at.Ask(worker, plus, minus, theta), float64(3*i-2*worker)
			require.NoError(t, at.Tell(q, loss, 0))
			for k := q.Lo; k < q.Hi; k++ {
				want[k] += loss * plus[k] / 0.5 // ε = (θ+σε)/σ at θ = 0
				pairs[k]++
			}
		}
	}
	for k := range want {
		want[k] /= 2 * 0.5 * pairs[k]
	}
	grad := make([]float64, 3)
	_, steps := at.Gradient(grad)
	assert.Equal(t, 10, steps)
	assert.InDeltaSlice(t, want, grad, 1e-12)
}
