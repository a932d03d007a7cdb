package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/noise-reuse/nres/tasks"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// execute runs the program.
func execute(t *testing.T, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	status = run(context.Background(), args, &out, &errs)
	return status, out.String(), errs.String()
}

// decoded is a report as a reader of the JSON sees it.
func decoded[R any](t *testing.T, args ...string) (r R) {
	t.Helper()
	status, stdout, stderr := execute(t, append(args, "--json", "--quiet")...)
	require.Zero(t, status, stderr)
	assert.Empty(t, stderr)
	d := json.NewDecoder(strings.NewReader(stdout))
	d.DisallowUnknownFields()
	require.NoError(t, d.Decode(&r))
	assert.False(t, d.More(), "one object and nothing else")
	return r
}

// assertKeys finds every key of a JSON object, so that a renamed one is noticed.
func assertKeys(t *testing.T, want string, got map[string]any) {
	t.Helper()
	assert.ElementsMatch(t, strings.Fields(want), slices.Collect(maps.Keys(got)))
}

// A refusal is a command line that is refused, and what is said of it.
type refusal struct {
	args string
	want []string
}

// testRefusals runs command lines, in directories of their own, where they leave nothing.
func testRefusals(t *testing.T, refusals []refusal) {
	for _, c := range refusals {
		t.Run(c.args, func(t *testing.T) {
			t.Chdir(t.TempDir())
			refuses(t, strings.Fields(c.args), c.want...)
			assert.Empty(t, files(t, "."))
		})
	}
}

func refuses(t *testing.T, args []string, want ...string) {
	t.Helper()
	status, stdout, stderr := execute(t, args...)
	assert.Equal(t, statusUsage, status, stderr)
	assert.Empty(t, stdout)
	for _, w := range want {
		assert.Contains(t, stderr, w)
	}
	assert.Equal(t, 1, strings.Count(stderr, "\n"), "one line, and no progress before it")
}

// A stopper is a progress that interrupts.
type stopper struct {
	after float64
	stop  func()
}

func (s stopper) close() {}
func (s stopper) update(done float64, _ string, _ ...any) {
	if done >= s.after {
		s.stop()
	}
}

// interrupted runs the program until so much is done; with 0, it is interrupted before it
// begins.
func interrupted(t *testing.T, after float64, args ...string) (stdout, stderr string) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	newProgress = func(io.Writer, int, bool) progress { return stopper{after, cancel} }
	defer func() { newProgress = progressOn }()
	if after == 0 {
		cancel()
	}
	var out, errs bytes.Buffer
	assert.Equal(t, statusInterrupted, run(ctx, args, &out, &errs))
	return out.String(), errs.String()
}

func trained(t *testing.T, args ...string) report {
	t.Helper()
	return decoded[report](t, append([]string{"train", "lorenz", "--iterations", "20", "--plot", ""}, args...)...)
}

func TestHelp(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"", "nres train lorenz"},
		{"--help", "nres train lorenz"},
		{"train", "  lorenz "},
		{"train", "  digits     a network"},
		{"train", "  influence  influence balancing"},
		{"train", "  lorenz     the Lorenz system"},
		{"train --help", "N = 200, W = 100, σ = 0.04, sgd with learning rate 1e-05, 5000 iterations"},
		{"help train", "--estimator name"},
		{"help train digits", "--hidden units"},
		{"help", "nres train lorenz"},
		{"completion bash", "bash completion"},
		{"completion", "  powershell "},
		{"help train lorenz", "--estimator name"},
	} {
		status, stdout, stderr := execute(t, strings.Fields(c.args)...)
		assert.Zero(t, status, c.args)
		assert.Contains(t, stdout, c.want, c.args)
		assert.Empty(t, stderr, c.args)
	}
}

func TestBadInput(t *testing.T) {
	outer := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(outer, name)
		require.NoError(t, os.WriteFile(path, []byte(text), 0o666))
		return path
	}
	short := write("short.csv", "z\n1\n2\n3\n")
	wrong := write("wrong.csv", "z\n1\ntwo\n")
	empty := write("empty.csv", "")

	testRefusals(t, []refusal{
		{"frobnicate", []string{`"frobnicate"`, "train"}},
		{"help frobnicate", []string{`"frobnicate"`, "train"}},
		{"trian lorenz", []string{`"trian"`, "; did you mean train?"}},
		{"train lorez --seed 3", []string{`"lorez"`, "; did you mean lorenz?"}},
		{"train digit", []string{`"digit"`, "; did you mean digits?"}},
		{"train lorenz --itreations 3", []string{"--itreations", "--workers", "; did you mean --iterations?"}},
		{"train lorenz --l", []string{"unknown flag --l;", "; did you mean --loss or --lr?"}},
		{"bench latncy", []string{"bench takes no arguments", "commands are: latency, master; did you mean latency?"}},
		{"help bench latncy", []string{"did you mean latency?"}},
		{"help train sudoku", []string{`"sudoku"`, "influence, lorenz, digits"}},
		{"completion tcsh", []string{"completion takes no arguments", "bash, fish, powershell, zsh"}},
		{"train sudoku", []string{`"sudoku"`, "influence, lorenz, digits"}},
		{"train sudoku --workers 3", []string{`"sudoku"`, "influence, lorenz, digits"}},
		{"train --workers 3", []string{"train takes a task; tasks are: influence, lorenz, digits"}},
		{"train lorenz lorenz", []string{"one task"}},
		{"--frobnicate", []string{"--frobnicate", "--help"}},
		{"train lorenz --frobnicate", []string{"--frobnicate", "--workers", "--data"}},
		{"train lorenz -x", []string{"-x", "--workers"}},
		{"train lorenz --estimator reinforce", []string{"--estimator", `"reinforce"`, "nres, pes, gpes"}},
		{"train lorenz --phase full", []string{"--phase", `"full"`, "stratified, random, lockstep"}},
		{"train lorenz --optimizer lbfgs", []string{"--optimizer", `"lbfgs"`, "sgd, adam"}},
		{"train lorenz --workers 0", []string{"--workers is 0", "N ≥ 1"}},
		{"train lorenz --workers -5", []string{"--workers is -5", "N ≥ 1"}},
		{"train lorenz --workers 10000000", []string{"--workers is 10000000", "1 to 1000000"}},
		{"train lorenz --workers many", []string{"--workers", `"many"`, "whole number"}},
		{"train lorenz --workers", []string{"--workers", "needs an argument"}},
		{"train lorenz --window 0", []string{"--window is 0", "1 ≤ W ≤ T = 2000"}},
		{"train lorenz --window 2001", []string{"--window is 2001", "1 ≤ W ≤ T = 2000"}},
		{"train lorenz --sigma 0", []string{"--sigma is 0", "positive and finite"}},
		{"train lorenz --sigma -1", []string{"--sigma is -1", "positive and finite"}},
		{"train lorenz --sigma NaN", []string{"--sigma is NaN", "positive and finite"}},
		{"train lorenz --sigma Inf", []string{"--sigma is +Inf", "positive and finite"}},
		{"train lorenz --sigma 1e-60", []string{"--sigma is 1e-60", "float32"}},
		{"train lorenz --lr 0", []string{"--lr is 0", "positive and finite"}},
		{"train lorenz --lr nan", []string{"--lr is NaN", "positive and finite"}},
		{"train lorenz --lr inf", []string{"--lr is +Inf", "positive and finite"}},
		{"train lorenz --lr 1e40", []string{"--lr is 1e+40", "float32"}},
		{"train lorenz --lr fast", []string{"--lr", `"fast"`, "a number"}},
		{"train lorenz --iterations 0", []string{"--iterations is 0", "at least 1"}},
		{"train lorenz --seed -1", []string{"--seed", `"-1"`, "whole number from 0"}},
		{"train lorenz --parallelism -1", []string{"--parallelism is -1", "0 for GOMAXPROCS"}},
		{"train lorenz --period 100", []string{"--period is 100", "2000, or 0 for it, with nres"}},
		{"train lorenz --estimator pes --period 101", []string{"--period is 101", "100, or 0 for it, with pes"}},
		{"train lorenz --estimator gpes", []string{"--period is 0", "K ≥ 1 with gpes"}},
		{"train lorenz --data none.csv", []string{"--data", "none.csv"}},
		{"train lorenz --csv=", []string{"--csv", "a CSV file"}},
		{"train lorenz --data=", []string{"--data", "a CSV file"}},
		{"train lorenz --data " + wrong, []string{"--data", "wrong.csv", "line 3", `"two"`, "finite numbers"}},
		{"train lorenz --data " + empty, []string{"--data", "empty.csv", "at least one row"}},
		{"train lorenz --data " + short, []string{"--window is 100", "1 ≤ W ≤ T = 3", "short.csv"}},
		{"train lorenz --plot a.pdf", []string{"--plot", `"a.pdf"`, "*.png, *.svg"}},
		{"train lorenz --plot picture", []string{"--plot", `"picture"`, "*.png, *.svg"}},
		{"train lorenz --plot none/a.png", []string{"--plot", "none/a.png", "directory", `, or "none"`}},
		{"train lorenz --csv none/a.csv", []string{"--csv", "none/a.csv", "directory"}},
		{"train lorenz --csv .", []string{"--csv", "is a directory"}},
		{"train lorenz --csv a.svg --plot ./a.svg", []string{"--csv", "--plot"}},
		{"train lorenz --data " + short + " --window 3 --csv " + short, []string{"--csv", "--data"}},
	})
	assert.Len(t, files(t, outer), 3)
	assert.Equal(t, "z\n1\n2\n3\n", read(t, short))
}

func TestJSON(t *testing.T) {
	t.Chdir(t.TempDir())
	r := trained(t, "--seed", "7", "--csv", "a.csv", "--plot", "a.svg")
	assert.Equal(t, digest(r.Theta), r.SHA256)
	file := func(s string) *string { return &s }
	assert.Equal(t, report{
		Task: "lorenz", Estimator: "nres", Phase: "stratified",
		Workers: 200, Window: 100, Period: 2000, Sigma: 0.04,
		Noise: "normal", LossScale: "mean", Shaping: "raw", Optimizer: "sgd", LR: 1e-5, Iterations: 20, Seed: 7, Tier: tier(),
		ThetaNames: []string{"ln r", "ln a"}, Truth: tasks.LorenzTruth[:], Tail: 2,
		Plot: file("a.svg"), CSV: file("a.csv"),
		// These are checked elsewhere, or differ from run to run.
		Theta: r.Theta, ThetaMean: r.ThetaMean, Loss: r.Loss, LossMean: r.LossMean,
		Steps: r.Steps, SHA256: r.SHA256, Seconds: r.Seconds,
	}, r)
	assert.EqualValues(t, 20*2*200*100, r.Steps.Total-r.Steps.StartUp)
	assert.Positive(t, r.Seconds)
	assert.Less(t, r.Theta[0], float32(3.7), "it has moved")
	assert.Equal(t, []string{"a.csv", "a.svg"}, files(t, "."))

	var keys map[string]any
	_, stdout, _ := execute(t, "train", "lorenz", "--iterations", "1", "--json", "--quiet", "--plot", "none")
	require.NoError(t, json.Unmarshal([]byte(stdout), &keys))
	assertKeys(t, "task data estimator phase workers window period sigma noise loss_scale shaping optimizer lr theta "+
		"theta_names theta_mean truth loss loss_mean tail iterations steps seed tier sha256 seconds plot csv", keys)
}

func TestDigest(t *testing.T) {
	// printf '\0\0\200\77\0\0\0\300' | sha256sum
	assert.Equal(t, "ee4ac73c2bd27756ab82780f27c73a7bc4d3f0bb6acb37e008bc27eccd7e588b", digest([]float32{1, -2}))
}

func TestParallelismChangesNothing(t *testing.T) {
	for _, args := range [][]string{nil, {"--estimator", "pes"}, {"--estimator", "gpes", "--period", "250", "--optimizer", "adam"}} {
		one := trained(t, append(args, "--parallelism", "1")...)
		for _, p := range []string{"2", "3"} {
			assert.Equal(t, one.SHA256, trained(t, append(args, "--parallelism", p)...).SHA256, "%v, %s", args, p)
		}
		assert.NotEqual(t, one.SHA256, trained(t, append(args, "--seed", "2")...).SHA256, "%v", args)
	}
}

func TestCSV(t *testing.T) {
	t.Chdir(t.TempDir())
	r := trained(t, "--csv", "a.csv")
	f, err := os.Open("a.csv")
	require.NoError(t, err)
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 21)
	assert.Equal(t, []string{"iteration", "loss", "ln r", "ln a"}, rows[0])
	var sum [3]float64
	for i, row := range rows[1:] {
		assert.Equal(t, strconv.Itoa(i+1), row[0])
		loss, err := strconv.ParseFloat(row[1], 64)
		require.NoError(t, err)
		theta := make([]float32, 2)
		for k := range theta {
			v, err := strconv.ParseFloat(row[2+k], 32)
			require.NoError(t, err)
			theta[k] = float32(v)
		}
		if i >= 18 { // the last tenth
			sum[0] += float64(theta[0])
			sum[1] += float64(theta[1])
			sum[2] += loss
		}
		if i == 19 {
			assert.Equal(t, r.Theta, theta)
			assert.Equal(t, r.Loss, loss)
			assert.Equal(t, r.SHA256, digest(theta))
		}
	}
	assert.Equal(t, []float64{sum[0] / 2, sum[1] / 2}, r.ThetaMean)
	assert.Equal(t, sum[2]/2, r.LossMean)
}

func TestDataIsTheSimulation(t *testing.T) {
	t.Chdir(t.TempDir())
	var b strings.Builder
	for i, v := range tasks.SimulateLorenz[float32](tasks.LorenzTruth, tasks.LorenzHorizon) {
		fmt.Fprintf(&b, "%v,%v\n", i, v)
	}
	require.NoError(t, os.WriteFile("z.csv", []byte(b.String()), 0o666))
	own, fitted := trained(t), trained(t, "--data", "z.csv")
	assert.Equal(t, own.SHA256, fitted.SHA256)
	assert.Equal(t, own.Loss, fitted.Loss)
	assert.Equal(t, "z.csv", *fitted.Data)
	assert.Nil(t, fitted.Truth)
}

func TestReport(t *testing.T) {
	t.Chdir(t.TempDir())
	status, stdout, stderr := execute(t, "train", "lorenz", "--iterations", "30")
	require.Zero(t, status, stderr)
	for _, want := range []string{"ln r", "28.000", "mean of last 3", "truth", "nres-lorenz.png", "49.7"} {
		assert.Contains(t, stdout, want)
	}
	assert.Contains(t, stderr, "30/30 (100 %)")
	assert.Equal(t, []string{"nres-lorenz.png"}, files(t, "."))

	require.NoError(t, os.WriteFile("z.csv", exampleCSV(), 0o666))
	status, stdout, stderr = execute(t, "train", "lorenz", "--iterations", "1", "--data", "z.csv", "--quiet", "--plot=")
	require.Zero(t, status, stderr)
	assert.Empty(t, stderr)
	for _, other := range []string{"truth", "49.7", "picture"} {
		assert.NotContains(t, stdout, other)
	}
	_, stdout, _ = execute(t, strings.Fields("train lorenz --iterations 1 --quiet --plot= --noise signs --loss sum --shaping rank --optimizer adam")...)
	assert.Contains(t, stdout, "σ = 0.04, signs for noise, losses summed, shaping rank, Adam with learning rate 0.001, seed 1\n")
	_, stdout, _ = execute(t, "train", "lorenz", "--iterations", "1", "--sigma", "0.05", "--quiet", "--plot=")
	assert.NotContains(t, stdout, "49.7", "a note on other settings")
	_, stdout, _ = execute(t, "train", "lorenz", "--iterations", "1", "--estimator", "pes", "--quiet", "--plot=")
	assert.NotContains(t, stdout, "49.7", "a note on another method")
}

func TestDiverging(t *testing.T) {
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile("a.csv", []byte("precious"), 0o666))
	for _, lr := range []string{"1", "3e38", "1 --non-finite drop"} { // in the loss, in the update, of every pair
		args := strings.Fields("train lorenz --csv a.csv --quiet --lr " + lr)
		status, stdout, stderr := execute(t, args...)
		assert.Equal(t, statusFailed, status)
		assert.Empty(t, stdout)
		for _, want := range []string{"diverged in iteration", "ln r = ", "ln a = ", "smaller --lr or --sigma"} {
			assert.Contains(t, stderr, want)
		}
		assert.Equal(t, []string{"a.csv"}, files(t, "."))
		if lr == "3e38" { // in the first iteration
			assert.NotContains(t, stderr, "a.csv")
			assert.Equal(t, "precious", read(t, "a.csv"))
			continue
		}
		assert.Equal(t, lr == "1", strings.Contains(stderr, "worker"))
		assert.Contains(t, stderr, "what was measured before is in a.csv")
		assert.Equal(t, 2, strings.Count(read(t, "a.csv"), "\n"))
		require.NoError(t, os.WriteFile("a.csv", []byte("precious"), 0o666))
	}
}

// TestDivergingTable: the table of a run that diverges is that of one that ends before,
// also when the run is resumed.
func TestDivergingTable(t *testing.T) {
	t.Chdir(t.TempDir())
	adam := strings.Fields("train lorenz --optimizer adam --lr 1 --quiet --plot none --csv a.csv")
	status, _, stderr := execute(t, append(adam, "--iterations", "4")...)
	require.Zero(t, status, stderr)
	want := read(t, "a.csv")
	for range 2 {
		require.NoError(t, os.Remove("a.csv"))
		status, _, stderr = execute(t, append(adam, strings.Fields("--checkpoint run --every 3 --resume")...)...)
		assert.Equal(t, statusFailed, status)
		assert.Contains(t, stderr, "diverged in iteration 5")
		assert.Equal(t, want, read(t, "a.csv"))
	}
}

// TestWritesThatFail: neither a table nor a checkpoint that cannot be written hides why a
// run ended.
func TestWritesThatFail(t *testing.T) {
	for args, want := range map[string]struct {
		status int
		says   string
	}{
		"--checkpoint d/run":                       {statusInterrupted, "interrupted after 3 of 5000"},
		"--csv d/a.csv":                            {statusInterrupted, "interrupted after 3 of 5000"},
		"--csv d/a.csv --optimizer adam --lr 1":    {statusFailed, "diverged in iteration 5"},
		"--checkpoint d/run --every 4 --csv a.csv": {statusFailed, "what was measured before is in a.csv"},
	} {
		t.Run(args, func(t *testing.T) {
			t.Chdir(t.TempDir())
			require.NoError(t, os.Mkdir("d", 0o777))
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			newProgress = func(io.Writer, int, bool) progress {
				return stopper{3, func() {
					assert.NoError(t, os.RemoveAll("d"))
					if want.status == statusInterrupted {
						cancel()
					}
				}}
			}
			defer func() { newProgress = progressOn }()
			var out, errs bytes.Buffer
			assert.Equal(t, want.status, run(ctx, strings.Fields("train lorenz --plot none "+args), &out, &errs))
			assert.Contains(t, errs.String(), want.says)
			assert.Contains(t, errs.String(), "nres: "+strings.Fields(args)[0]+": cannot write \"d/")
		})
	}
}

func TestInterrupt(t *testing.T) {
	t.Chdir(t.TempDir())
	out, errs := interrupted(t, 12, strings.Fields("train lorenz --csv a.csv --plot a.png --json")...)
	assert.Equal(t, "nres: interrupted after 12 of 5000 iterations\n", errs)
	var r report
	require.NoError(t, json.Unmarshal([]byte(out), &r))
	assert.Equal(t, 12, r.Iterations)
	assert.Equal(t, 13, strings.Count(read(t, "a.csv"), "\n"))
	assert.Equal(t, []string{"a.csv", "a.png"}, files(t, "."))
}

// failing is a stdout that takes nothing.
type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestReportThatCannotBeWritten(t *testing.T) {
	for _, args := range []string{"train lorenz --iterations 1 --quiet --plot none", "info", "reproduce --list", "help", "train", "completion bash"} {
		var errs bytes.Buffer
		status := run(context.Background(), strings.Fields(args), failing{}, &errs)
		assert.Equal(t, statusFailed, status, args)
		assert.Equal(t, "nres: no space left\n", errs.String(), args)
	}
}

func TestInterruptAtOnce(t *testing.T) {
	t.Chdir(t.TempDir())
	out, errs := interrupted(t, 0, "train", "lorenz")
	assert.Empty(t, out)
	assert.Contains(t, errs, "after 0 of 5000")
	assert.Empty(t, files(t, "."))
}
