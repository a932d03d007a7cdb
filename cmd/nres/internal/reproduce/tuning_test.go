package reproduce

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/noise-reuse/nres/estimator"
	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/tasks"
	"github.com/noise-reuse/nres/unroll"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestTune: the mean and the jitter are those of θ over the last quarter, as a training
// written out finds them.
func TestTune(t *testing.T) {
	toy := newToy()
	run := tuning{Config: estimator.Config{Method: estimator.ESSingle, Workers: 4, Window: 10, Sigma: 0.3, Seed: 1}, Start: []float64{-4, -4}, LR: 0.01, Iterations: 8}
	var parts []float64
	tuned, err := tune[float64](context.Background(), toy, run, func(part float64) { parts = append(parts, part) })
	require.NoError(t, err)
	assert.Equal(t, []int{0, 1, 2, 3, 4, 5, 6, 7, 8}, tuned.Iteration)
	assert.Equal(t, floats{-4, -4}, tuned.Theta[0])
	assert.Equal(t, []float64{0}, parts)
	for k, c := range tuned.Center {
		assert.InDelta(t, (tuned.Theta[6][k]+tuned.Theta[7][k]+tuned.Theta[8][k])/3, c, 1e-12)
	}
	var square float64
	for _, theta := range tuned.Theta[6:] {
		for k, v := range theta {
			square += (v - tuned.Center[k]) * (v - tuned.Center[k]) / 3
		}
	}
	assert.InDelta(t, math.Sqrt(square), tuned.Jitter, 1e-7)
	assert.Greater(t, tuned.Jitter, 1e-3)

	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = tune[float64](ctx, toy, run, func(float64) {})
	assert.ErrorIs(t, err, context.Canceled)
	run.Config.Workers = 0
	_, err = tune[float64](context.Background(), toy, run, func(float64) {})
	assert.ErrorContains(t, err, "Workers")
}

// TestSquare: points are the middles of cells, the first coordinate along rows.
func TestSquare(t *testing.T) {
	q := square{[2]float64{0, 10}, [2]float64{4, 30}, 2}
	assert.Equal(t, []float64{1, 15}, q.at(0, 0))
	assert.Equal(t, []float64{3, 15}, q.at(0, 1))
	assert.Equal(t, []float64{1, 25}, q.at(1, 0))
	lab := &Lab{Out: t.TempDir(), id: "X1"}
	require.NoError(t, lab.Prepare())
	loss, err := q.fill(context.Background(), lab, "map", nil, func(theta []float64) float64 { return theta[0] + theta[1] })
	require.NoError(t, err)
	assert.Equal(t, []float64{16, 18, 26, 28}, loss)
}

// TestLastBest: the last step has no loss there, and the mean over all has its least
// elsewhere.
func TestLastBest(t *testing.T) {
	n, err := tasks.NewInfluence[float64](telescopeHorizon)
	require.NoError(t, err)
	best := lastBest(n)
	last := telescopeHorizon * episode(unroll.Telescope[float64](n), []float64{best}, noise.Stream{})
	assert.InDelta(t, 0, last, 1e-12)
	assert.Less(t, episode[float64](n, []float64{n.Best()}, noise.Stream{}), 0.9*episode[float64](n, []float64{best}, noise.Stream{}))
}

// TestUsersData: files of users are taken, what is not there is drawn, and what is
// broken is an error.
func TestUsersData(t *testing.T) {
	write := func(dir, name, text string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
	const yacht, digits = "yacht_hydrodynamics.data", "optdigits.tra"
	var rows strings.Builder
	for i := range 10 {
		for k := range 7 {
			rows.WriteString(string(rune('0'+(i*(k+3)+k)%10)) + " ")
		}
		rows.WriteString("\n")
	}
	lines := strings.Repeat(strings.Repeat("1,", 64)+"7\n", 10)

	both, one, other, empty, broken := t.TempDir(), t.TempDir(), t.TempDir(), t.TempDir(), t.TempDir()
	write(both, yacht, rows.String())
	write(both, digits, lines)
	write(one, yacht, rows.String())
	write(other, digits, lines)
	write(broken, yacht, "1 2 3\n")
	write(broken, digits, "1,2,3\n")
	for dir, want := range map[string][2]int{"": {4000, 308}, both: {8, 10}, one: {4000, 10}, other: {8, 308}} {
		lab := &Lab{Data: dir}
		train, test, what, err := lab.images(4)
		require.NoError(t, err)
		assert.Equal(t, want[0], train.Len())
		assert.Equal(t, want[0]/4, test.Len())
		assert.Equal(t, want[0] == 8, strings.Contains(what, "--data"))
		set, what, err := lab.rows()
		require.NoError(t, err)
		assert.Equal(t, want[1], set.Len())
		assert.Equal(t, want[1] == 10, strings.Contains(what, "--data"))
	}
	_, _, before, err := (&Lab{Data: other}).images(4)
	require.NoError(t, err)
	write(other, digits, strings.Replace(lines, "1,7", "2,7", 1))
	_, _, after, err := (&Lab{Data: other}).images(4)
	require.NoError(t, err)
	assert.NotEqual(t, before, after, "other images of the same number")
	_, _, _, err = (&Lab{Data: broken}).images(4)
	assert.ErrorContains(t, err, "line 1 has 3 columns")
	_, _, err = (&Lab{Data: broken}).rows()
	assert.ErrorContains(t, err, "line 1 has 3 columns")

	// Before anything runs: one of the experiments must find what it takes.
	for _, c := range []struct {
		dir    string
		chosen []Experiment
		want   string
	}{
		{both, All(), ""}, {one, All(), ""}, {other, All(), ""}, {other, []Experiment{limited}, ""}, {one, []Experiment{ridgeTuning}, ""},
		{one, []Experiment{limited, influence}, "expected train-images"}, {other, []Experiment{ridgeTuning}, "expected 7 finite numbers"},
		{empty, All(), "expected train-images"}, {broken, All(), "line 1 has 3 columns"}, {broken, []Experiment{ridgeTuning}, "line 1 has 3 columns"},
	} {
		err := (&Lab{Data: c.dir}).CheckData(c.chosen)
		if c.want == "" {
			assert.NoError(t, err)
		} else {
			assert.ErrorContains(t, err, c.want)
		}
	}
}

// TestCurriculum: a lesson goes on from length to length, and counts updates.
func TestCurriculum(t *testing.T) {
	l := lesson{Method: "nres", Hidden: 8, Batch: 4, Workers: 60, Sigma: 0.05, LR: 0.02, Updates: 400, Seed: 1}
	got, err := l.run(context.Background(), func(float64) {})
	require.NoError(t, err)
	require.NotEmpty(t, got.Solved)
	assert.Zero(t, got.Solved[0]%copyCheck)
	assert.IsIncreasing(t, append([]int{0}, got.Solved...))
	again, err := l.run(context.Background(), func(float64) {})
	require.NoError(t, err)
	assert.Equal(t, got, again)

	l.Method = "tbptt"
	l.Workers, l.Updates = 10, 400
	got, err = l.run(context.Background(), func(float64) {})
	require.NoError(t, err)
	assert.Less(t, len(got.Solved), 4)
	assert.Greater(t, got.Loss, 0.0)

	l.Method = "none"
	_, err = l.run(context.Background(), func(float64) {})
	assert.ErrorContains(t, err, `"none"`)
}

// TestTruncated: the gradient is that of backpropagation through one step, mean over
// workers at their phases.
func TestTruncated(t *testing.T) {
	sys, err := tasks.NewCopy[float32](2, 3, 1)
	require.NoError(t, err)
	theta := make([]float32, sys.ParamLen())
	sys.Start(theta, noise.New(1))
	root := noise.New(2)
	const workers, calls = 3, 9
	gradient := lesson{Workers: workers}.truncated(sys, root)
	grad := make([]float32, len(theta))
	for call := range calls {
		require.NoError(t, gradient(grad, theta))
		want := make([]float32, len(theta))
		for i := range workers {
			at := i + call // steps made before
			env := root.Derive(uint64(i), uint64(at/4))
			s := make([]float32, sys.StateLen())
			sys.Init(s, env)
			unroll.Window[float32](sys, s, theta, 0, at%4, env)
			sys.Backpropagate(want, s, theta, at%4, 1, env)
		}
		for i := range want {
			want[i] /= workers
		}
		require.Equal(t, want, grad, "call %d", call)
	}
}

func TestAboveOne(t *testing.T) {
	assert.Equal(t, Verdict{}, aboveOne(interval{2, 1.1, 3}, "no"))
	assert.Equal(t, OrderOnly, aboveOne(interval{2, 1, 3}, "no").Status)
	assert.Equal(t, Verdict{NotReproduced, "no"}, aboveOne(interval{1, 0.5, 3}, "no"))
	assert.Equal(t, NotReproduced, aboveOne(interval{math.NaN(), math.NaN(), math.NaN()}, "no").Status)
}

// TestTraceOf: a curve for each run, of one element.
func TestTraceOf(t *testing.T) {
	runs := []tuned{{Iteration: []int{0, 5}, Theta: []floats{{1, 2}, {3, 4}}}, {Iteration: []int{0, 6}, Theta: []floats{{5, 6}, {7, 8}}}}
	assert.Equal(t, line{"x", [][]float64{{0, 5}, {0, 6}}, [][]float64{{2, 4}, {6, 8}}}, traceOf("x", runs, 1))
}
