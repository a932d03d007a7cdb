package reproduce

import (
	"context"
	"encoding/json"
	"math"
	"testing"

	"github.com/noise-reuse/nres/estimator"
	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/optim"
	"github.com/noise-reuse/nres/tasks"
	"github.com/noise-reuse/nres/unroll"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What lanes find is what single episodes have, to the last bit.
func TestMeanLosses(t *testing.T) {
	starts := lorenzStarts(noise.New(5), 70)
	problems := lorenzFrom(starts)
	require.Len(t, problems, len(starts))
	truth := [2]float32{float32(tasks.LorenzTruth[0]), float32(tasks.LorenzTruth[1])}
	thetas := [][2]float32{truth, {3.7, 3.116}, {3.3, 2.3}}
	for _, i := range []int{0, 63, 64, 69} {
		got := meanLosses(problems[i], starts[i], thetas)
		assert.Zero(t, got[0], "the truth has no error")
		for k, theta := range thetas {
			s := starts[i]
			want := unroll.Window[float32](problems[i], s[:], theta[:], 0, problems[i].Horizon(), noise.Stream{})
			assert.Equal(t, want/float64(problems[i].Horizon()), got[k])
		}
	}
	// The published problem is that of the published start.
	published := newLorenz()
	assert.Equal(t, meanLosses(published, lorenzInit, thetas), meanLosses(lorenzFrom([][3]float32{lorenzInit})[0], lorenzInit, thetas))
}

func TestStartsAreNormal(t *testing.T) {
	var sum, squares [3]float64
	const n = 10_000
	for _, s := range lorenzStarts(noise.New(6), n) {
		for k, v := range s {
			off := float64(v - lorenzInit[k])
			sum[k] += off
			squares[k] += off * off
		}
	}
	for k := range sum {
		assert.InDelta(t, 0, sum[k]/n, 5/math.Sqrt(n))
		assert.InDelta(t, 1, squares[k]/n, 5*math.Sqrt(2.0/n))
	}
}

// The smoothed loss agrees with the library's own estimate.
func TestSmoothing(t *testing.T) {
	sys, theta := newLorenz(), [2]float32{3.6, 3}
	const n = 2000
	found, err := mean(context.Background(), 1, n, smoothing(sys, [][2]float32{theta}, lorenzSigma, func(int) {}))
	require.NoError(t, err)
	want, stderr := estimator.SmoothedLoss[float32](sys, theta[:], lorenzSigma, tasks.LorenzHorizon, n/2, 9)
	assert.InDelta(t, want, found[0], 6*stderr)
}

func TestRun(t *testing.T) {
	r := lorenzRun("NRES", estimator.NRES, 0, 1e-5, 60)
	r.Seed, r.Smoothing, r.Particles, r.Path = 101, 10, 10, true
	r.Boundaries, r.Factors = []int{30}, []float64{0.5}
	tr, err := r.train(context.Background(), func(float64) {})
	require.NoError(t, err)

	// The same, plainly.
	cfg := r.Config
	cfg.Seed = 101
	est, err := estimator.New[float32](newLorenz(), cfg)
	require.NoError(t, err)
	sgd := optim.SGD[float32]{LR: 1e-5}
	theta, grad := []float32{3.7, 3.116}, make([]float32, 2)
	var travelled float64
	for i := range 60 {
		if i == 30 {
			sgd.LR = float32(1e-5 * 0.5)
		}
		before := [2]float32(theta)
		_, err := est.Gradient(grad, theta)
		require.NoError(t, err)
		sgd.Step(theta, grad)
		require.Equal(t, [2]float32(theta), tr.Path[i])
		travelled += math.Hypot(float64(theta[0])-float64(before[0]), float64(theta[1])-float64(before[1]))
	}
	last := len(tr.Iteration) - 1
	assert.Equal(t, 60, tr.Iteration[last])
	assert.Equal(t, [2]float32(theta), tr.Theta[last])
	assert.Equal(t, est.Steps().Total, tr.Steps[last])
	assert.Equal(t, est.Steps().Sequential, tr.Sequential[last])
	assert.InDelta(t, travelled, tr.Travelled, 1e-9)
	for k, i := range tr.Iteration[1:] {
		assert.Equal(t, tr.Path[i-1], tr.Theta[k+1])
	}
	for _, loss := range []floats{tr.Loss, tr.Smoothed, tr.Test} {
		assert.Len(t, loss, len(tr.Iteration))
	}
	assert.Len(t, tr.Seconds, len(tr.Iteration))
	assert.Empty(t, tr.Diverged)
}

// Runs that diverge say so, and their results can be kept.
func TestRunDiverges(t *testing.T) {
	for _, lr := range []float64{1, 3e38} { // in the loss, and in the update
		r := lorenzRun("NRES", estimator.NRES, 0, lr, 60)
		r.Smoothing, r.Particles, r.Seed = 2, 2, 2
		tr, err := r.train(context.Background(), func(float64) {})
		require.NoError(t, err)
		assert.NotEmpty(t, tr.Diverged)
		assert.Less(t, tr.Iteration[len(tr.Iteration)-1], 60)
		_, err = json.Marshal(tr)
		assert.NoError(t, err)
		set := lorenzSet{[]string{"NRES"}, map[string][]lorenzTrained{"NRES": {tr}}}
		assert.Equal(t, []float64{math.Inf(1)}, set.before("NRES", iterations, testLoss, 60).Samples)
	}
}

func TestRunIsInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	r := lorenzRun("NRES", estimator.NRES, 0, 1e-5, 5000)
	n := 0
	_, err := r.train(ctx, func(float64) { n++; cancel() })
	assert.ErrorIs(t, err, context.Canceled)
	assert.Equal(t, 1, n)
}

func TestCheckpoints(t *testing.T) {
	for _, n := range []int{1, 7, 200, 5000} {
		at := checkpoints(n)
		assert.Equal(t, 0, at[0])
		assert.Equal(t, n, at[len(at)-1])
		for k := 1; k < len(at); k++ {
			assert.Less(t, at[k-1], at[k])
		}
	}
	assert.Len(t, checkpoints(7), 8)
}

func TestBudgets(t *testing.T) {
	run := func(losses ...float64) lorenzTrained {
		tr := lorenzTrained{Smoothed: losses}
		for i := range losses {
			tr.Iteration = append(tr.Iteration, i)
			tr.Sequential = append(tr.Sequential, uint64(10*i))
		}
		return tr
	}
	set := lorenzSet{[]string{"a"}, map[string][]lorenzTrained{"a": {run(9, 5, 4, 3, 2, 1), run(9, 8, 7, 6, 5, 5)}}}
	assert.Equal(t, []float64{1.5, 5}, set.before("a", sequential, smoothedLoss, 50).Samples, "40 and 50 are in the last fifth")
	assert.Equal(t, []float64{4, 7}, set.before("a", sequential, smoothedLoss, 29).Samples, "20 is the last before")
	assert.Equal(t, []float64{1.5, 5}, set.last("a", smoothedLoss).Samples)
	assert.Equal(t, 50.0, set.end("a", sequential))
	g, arrived := set.until("a", sequential, smoothedLoss, 3.5)
	assert.Equal(t, []float64{math.Log(30), math.Log(50)}, g.Samples)
	assert.Equal(t, 1, arrived)
}

func TestLimitRows(t *testing.T) {
	end := func(losses ...float64) (runs []lorenzTrained) {
		for _, v := range losses {
			runs = append(runs, lorenzTrained{Iteration: []int{0, 1}, Sequential: []uint64{0, 1}, Test: floats{9, v}})
		}
		return runs
	}
	for _, c := range []struct {
		few  []float64
		want [2]Status // NRES should get there, PES not
	}{
		{[]float64{50, 50.1, 49.9}, [2]Status{Reproduced, NotReproduced}},
		{[]float64{50, 60, 40}, [2]Status{OrderOnly, NotReproduced}},
		{[]float64{52, 52.1, 51.9}, [2]Status{Reproduced, OrderOnly}},
		{[]float64{70, 70.1, 69.9}, [2]Status{NotReproduced, Reproduced}},
	} {
		set := &lorenzSet{runs: map[string][]lorenzTrained{"NRES": end(c.few...), "PES": end(c.few...)}}
		limits := &lorenzSet{runs: map[string][]lorenzTrained{nresLimit: end(50, 50, 50), pesLimit: end(50, 50, 50)}}
		assert.Equal(t, c.want[0], limitRow(set, limits, "NRES", nresLimit).Verdict.Status, c.few)
		assert.Equal(t, c.want[1], limitRow(set, limits, "PES", pesLimit).Verdict.Status, c.few)
	}
}

func TestTruthRow(t *testing.T) {
	at := func(thetas ...[2]float64) (runs []lorenzTrained) {
		for _, theta := range thetas {
			runs = append(runs, lorenzTrained{Iteration: []int{0, 1}, Theta: [][2]float32{{9, 9}, {float32(math.Log(theta[0])), float32(math.Log(theta[1]))}}})
		}
		return runs
	}
	for _, c := range []struct {
		found []lorenzTrained
		want  Status
	}{
		{at([2]float64{27.9, 10.1}, [2]float64{28.1, 9.9}, [2]float64{28, 10}), Reproduced},
		{at([2]float64{27, 10.1}, [2]float64{27.1, 9.9}, [2]float64{27, 10}), OrderOnly},
		{at([2]float64{20, 10.1}, [2]float64{20.1, 9.9}, [2]float64{20, 10}), NotReproduced},
		{at([2]float64{28, 20.1}, [2]float64{28.1, 20}, [2]float64{27.9, 20}), NotReproduced},
	} {
		set := &lorenzSet{runs: map[string][]lorenzTrained{"NRES": c.found}}
		assert.Equal(t, c.want, set.truth().Verdict.Status)
	}
}

func TestLeast(t *testing.T) {
	s := study{periods: []int{1, 2, 4}, points: []string{"here"}}
	for _, c := range []struct {
		second spread
		want   Status
	}{
		{spread{Variance: 5, Low: 4, High: 6}, Reproduced},
		{spread{Variance: 3.2, Low: 2.9, High: 3.5}, OrderOnly},
		{spread{Variance: 2, Low: 1.9, High: 2.1}, NotReproduced},
	} {
		s.found = [][]spread{{{Variance: 9, Low: 8, High: 10}, c.second, {Variance: 3, Low: 2.8, High: 3.1}}}
		assert.Equal(t, c.want, s.least().Status)
	}
}

// The sides of Theorem 9's inequality are what they are where gradients are known.
func TestSides(t *testing.T) {
	// Two windows with gradients (3, 0) and (0, 4), or (1, 1) and (1, 1), and replicates
	// with errors that cancel in products of different ones.
	for _, c := range []struct {
		mean [][]float64
		want float64
	}{
		{[][]float64{{3, 0}, {0, 4}}, 1},
		{[][]float64{{1, 1}, {1, 1}}, 0.5},
		{[][]float64{{2, 0}, {-1, 0}}, 5},
	} {
		w := windows{[][][]float64{c.mean, c.mean, c.mean}}
		got := w.sides()
		assert.InDelta(t, c.want, got.Mean, 1e-12)
		assert.InDelta(t, got.Low, got.High, 1e-9)
	}
	// Errors e that are opposite in the two windows, and orthogonal in the replicates,
	// would add ‖e‖² to products of a replicate with itself.
	biased := windows{[][][]float64{{{4, 1}, {-2, 1}}, {{1, 4}, {1, -2}}}}
	assert.Equal(t, 0.5, biased.sides().Mean)
	// With a W of 1 and T of 1 there is one window.
	sides, err := linearSides(3, 1, 1, tasks.Unrelated)
	require.NoError(t, err)
	assert.Equal(t, 1.0, sides)
	// Windows that lean one way have less, the more they are.
	few, err := linearSides(3, 40, 20, tasks.Alike)
	require.NoError(t, err)
	many, err := linearSides(3, 40, 2, tasks.Alike)
	require.NoError(t, err)
	assert.Less(t, many, few)
	assert.Less(t, few, 1.0)
}
