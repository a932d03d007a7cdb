package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"image/png"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/noise-reuse/nres/estimator"
	"github.com/noise-reuse/nres/tasks"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func measured(t *testing.T, args string) variances {
	t.Helper()
	v := decoded[variances](t, append([]string{"variance", "--samples", "64"}, strings.Fields(args)...)...)
	v.Seconds = 0
	return v
}

func TestVariance(t *testing.T) {
	t.Chdir(t.TempDir())
	v := measured(t, "influence --workers 100 --window 10 --csv a.csv --plot a.svg --seed 5")
	assert.Equal(t, []string{"a.csv", "a.svg"}, files(t, "."))
	assert.Equal(t, [4]int{100, 10, 500, 64}, [4]int{v.Workers, v.Window, v.Horizon, v.Samples})
	require.Len(t, v.Points, 2)
	assert.Equal(t, []float32{tasks.InfluenceStart}, v.Points[0].Theta)
	assert.Equal(t, "truth", v.Points[1].Name)

	for _, p := range v.Points {
		var periods []int
		var nres spread
		for _, r := range p.Rows {
			assert.LessOrEqual(t, r.Low, r.Variance)
			assert.LessOrEqual(t, r.Variance, r.High)
			require.NotNil(t, r.Theory)
			// Fixed seeds; the intervals are those of few samples.
			assert.InDelta(t, *r.Theory, r.Variance, 3*(r.High-r.Low)+1e-6, "%s %+v", p.Name, r)
			if r.Phase == "random" && r.Noise == "normal" && r.Estimator != "pesanalytic" {
				periods = append(periods, r.Period)
			}
			if r.is("nres", "random", "normal") {
				nres = r
			}
			want := map[string]float64{"fulles": 2, "pesanalytic": 200. / 3}[r.Estimator] // as many steps
			if want == 0 {
				want = 100
			}
			assert.InEpsilon(t, want, r.Workers, 1e-15)
		}
		assert.Equal(t, []int{10, 20, 40, 80, 160, 320, 500}, periods)
		assert.Equal(t, "pes", p.Rows[0].Estimator)
		last := p.Rows[len(p.Rows)-1]
		assert.Equal(t, [3]string{"pesanalytic", "random", "normal"}, [3]string{last.Estimator, last.Phase, last.Noise})
		assert.Equal(t, 10, last.Period)
		for _, r := range p.Rows {
			assert.InEpsilon(t, r.Variance/nres.Variance, *r.Ratio, 1e-12)
			if r.Estimator == "pes" || r.Estimator == "gpes" {
				assert.Greater(t, *r.Theory, *nres.Theory, "Corollary 8")
			}
		}
	}

	f, err := os.Open("a.csv")
	require.NoError(t, err)
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	require.NoError(t, err)
	require.Len(t, rows, 1+2*len(v.Points[0].Rows))
	assert.Equal(t, strings.Split("θ,estimator,period,phase,noise,workers,variance,low,high,theory", ","), rows[0])
	got, err := strconv.ParseFloat(rows[1][6], 64)
	require.NoError(t, err)
	assert.Equal(t, v.Points[0].Rows[0].Variance, got)

	var keys map[string]any
	_, stdout, _ := execute(t, strings.Fields("variance lorenz --workers 1 --samples 64 --json --quiet --plot none --window 2000 --at start")...)
	require.NoError(t, json.Unmarshal([]byte(stdout), &keys))
	row := keys["points"].([]any)[0].(map[string]any)["rows"].([]any)[0].(map[string]any)
	assertKeys(t, "task workers window horizon sigma samples seed tier theta_names points seconds plot csv", keys)
	assertKeys(t, "estimator period phase noise workers variance low high theory ratio", row)
}

func TestVarianceParallelism(t *testing.T) {
	const args = "influence --workers 7 --window 100 --plot none --at 0.25"
	one := measured(t, args+" --parallelism 1")
	assert.Equal(t, one, measured(t, args+" --parallelism 3"))
	assert.NotEqual(t, one.Points, measured(t, args+" --seed 2").Points)
}

func TestVarianceReport(t *testing.T) {
	t.Chdir(t.TempDir())
	status, stdout, stderr := execute(t, strings.Fields("variance lorenz --workers 4 --window 500 --samples 64 --at 3.5,2.5 --at truth")...)
	require.Zero(t, status, stderr)
	for _, want := range []string{"PES    500", "NRES   2000   stratified    signs", "PES-Analytic    500       random   normal", "At ln r = 3.5, ln a = 2.5:", "At the truth, ln r = 3.3322",
		"1 FullES pairs", "picture: nres-variance-lorenz.png"} {
		assert.Contains(t, stdout, want)
	}
	assert.NotContains(t, stdout, "theory", "Lorenz is not of Assumption 2")
	assert.Contains(t, stderr, "(100 %)  variance ")
	f, err := os.Open("nres-variance-lorenz.png")
	require.NoError(t, err)
	defer f.Close()
	img, err := png.Decode(f)
	require.NoError(t, err)
	assert.Equal(t, 1760, img.Bounds().Dx())

	status, stdout, _ = execute(t, "variance", "--help")
	assert.Zero(t, status)
	assert.Contains(t, stdout, "--samples number")
}

func TestVarianceBadInput(t *testing.T) {
	testRefusals(t, []refusal{
		{"variance sudoku", []string{`"sudoku"`, "influence, lorenz"}},
		{"variance lorenz lorenz", []string{"variance takes one task"}},
		{"variance lorenz --csv=", []string{"--csv", "a CSV file"}},
		{"variance lorenz --at 1", []string{"--at", `"1"`, "start, truth, or 2 finite numbers (ln r, ln a)"}},
		{"variance lorenz --at 1,2,3", []string{"--at", "2 finite numbers"}},
		{"variance lorenz --at 1,NaN", []string{"--at", "2 finite numbers"}},
		{"variance lorenz --at end", []string{"--at", "2 finite numbers"}},
		{"variance lorenz --samples 63", []string{"--samples is 63", "64 to 1000000"}},
		{"variance lorenz --workers 0", []string{"--workers is 0", "N ≥ 1"}},
		{"variance lorenz --workers -3", []string{"--workers is -3", "N ≥ 1"}},
		{"variance lorenz --workers 9999999", []string{"--workers is 9999999", "1 to 1000000"}},
		{"variance lorenz --window 0", []string{"--window is 0", "1 ≤ W ≤ T = 2000"}},
		{"variance lorenz --window 2001", []string{"--window is 2001", "1 ≤ W ≤ T = 2000"}},
		{"variance lorenz --sigma 0", []string{"--sigma is 0", "positive and finite"}},
		{"variance lorenz --parallelism -1", []string{"--parallelism is -1", "0 for GOMAXPROCS"}},
		{"variance lorenz --plot a.pdf", []string{"--plot", "*.png, *.svg"}},
		{"variance lorenz --csv none/a.csv", []string{"--csv", "directory"}},
		{"variance lorenz --frobnicate", []string{"--frobnicate", "--samples"}},
		{"variance --workers 3", []string{"influence, lorenz"}},
		{"variance lorenz --csv a.svg --plot ./a.svg", []string{"--csv", "--plot"}},
	})
}

func TestVarianceNonFinite(t *testing.T) {
	t.Chdir(t.TempDir())
	status, stdout, stderr := execute(t, strings.Fields("variance lorenz --at 50,50 --samples 64 --quiet --csv a.csv")...)
	assert.Equal(t, statusFailed, status)
	assert.Empty(t, stdout)
	for _, want := range []string{"gpes with K = 100 at ln r = 50, ln a = 50", "not finite", "smaller --sigma"} {
		assert.Contains(t, stderr, want)
	}
	assert.Empty(t, files(t, "."))

	status, _, stderr = execute(t, strings.Fields("variance lorenz --at start --at 50,50 --workers 2 --window 2000 --samples 64 --quiet --csv a.csv")...)
	assert.Equal(t, statusFailed, status)
	assert.Contains(t, stderr, "what was measured before is in a.csv")
	assert.Equal(t, 1+6, strings.Count(read(t, "a.csv"), "\n"), "the variances at the start")
	assert.Equal(t, []string{"a.csv"}, files(t, "."))
}

func TestVarianceInterrupt(t *testing.T) {
	t.Chdir(t.TempDir())
	for after, rows := range map[float64]int{1: 0, 64*3 + 20: 3} {
		out, errs := interrupted(t, after, strings.Fields("variance influence --samples 64 --workers 50 --csv a.csv --plot a.png --json")...)
		assert.Equal(t, "nres: interrupted after "+strconv.Itoa(rows)+" of 30 variances\n", errs)
		if rows == 0 {
			assert.Empty(t, out)
			assert.Empty(t, files(t, "."))
			continue
		}
		var v variances
		require.NoError(t, json.Unmarshal([]byte(out), &v))
		assert.Len(t, v.Points, 1)
		assert.Equal(t, 1+rows, strings.Count(read(t, "a.csv"), "\n"))
		assert.Equal(t, []string{"a.csv", "a.png"}, files(t, "."))
		require.NoError(t, os.Remove("a.csv"))
		require.NoError(t, os.Remove("a.png"))
	}
}

// TestVariancePESAnalytic: it is there only with windows that divide the horizon, in the
// picture as well.
func TestVariancePESAnalytic(t *testing.T) {
	t.Chdir(t.TempDir())
	for window, there := range map[string]bool{"500": true, "501": false} {
		v := measured(t, "lorenz --workers 3 --at start --plot a.svg --window "+window)
		last := v.Points[0].Rows[len(v.Points[0].Rows)-1]
		assert.Equal(t, there, last.Estimator == "pesanalytic", window)
		assert.Equal(t, there, strings.Contains(read(t, "a.svg"), "Analytic"), window)
		if there { // two workers take the steps of three
			sys, err := tasks.NewLorenz(tasks.SimulateLorenz[float32](tasks.LorenzTruth, tasks.LorenzHorizon))
			require.NoError(t, err)
			want, err := estimator.Variance(context.Background(), sys, v.Points[0].Theta,
				estimator.Config{Method: estimator.PESAnalytic, Phase: estimator.Random, Workers: 3, Window: 500, Sigma: v.Sigma, Seed: v.Seed}, 64, nil)
			require.NoError(t, err)
			assert.InEpsilon(t, 1.5*want.Variance, last.Variance, 1e-12)
		}
	}
}

// Whatever is measured, drawing it must not panic.
func TestVariancePlotOdd(t *testing.T) {
	row := func(k int, v float64) spread {
		return spread{Estimator: "gpes", Period: k, Phase: "random", Noise: "normal", Variance: v, Low: v / 2, High: 2 * v}
	}
	for name, rows := range map[string][]spread{
		"one":  {row(1, 3)},
		"zero": {row(1, 0), row(2, 0)},
		"tiny": {row(1, 1e-300), row(2, 1e300)},
		"same": {row(1, 5), row(2, 5)},
	} {
		v := variances{Task: "a", Window: 1, Horizon: 1, ThetaNames: []string{"θ"}}
		for i := 0; i < 7; i++ {
			v.Points = append(v.Points, point{"x", []float32{1}, rows})
		}
		var b bytes.Buffer
		assert.NoError(t, v.writePlot(&b, "a.svg"), name)
		assert.NotContains(t, b.String(), "NaN", name)
		assert.Contains(t, b.String(), "noise period K")
		assert.NotEmpty(t, v.text())
	}
}
