package reproduce

import (
	"context"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/noise-reuse/nres/estimator"
	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/tasks/network"
)

// ending returns runs whose accuracy goes in a straight line to the ends, in %, and whose
// loss is a walk of that stream.
func ending(walk uint64, ends ...float64) *classifierSet {
	s := &classifierSet{run: classifierRun{Method: "a method", Updates: digitsPoints}}
	for i, end := range ends {
		var r classified
		steps := make([]float64, digitsPoints+1)
		noise.Fill(steps, noise.New(walk).Derive(uint64(i)), 0)
		loss := 0.0
		for k := range steps {
			loss += steps[k]
			r.Loss, r.Accuracy = append(r.Loss, loss), append(r.Accuracy, end/100*min(1, float64(k)/80))
		}
		s.runs = append(s.runs, r)
	}
	return s
}

func TestClassifierVerdicts(t *testing.T) {
	high, near, low, wide := ending(1, 97, 97.1, 96.9), ending(1, 96.9, 97.2, 97), ending(2, 90, 90.2, 89.8), ending(2, 95, 99.3, 97)
	assert.InDeltaSlice(t, []float64{97, 97.1, 96.9}, high.last().Samples, 1e-9)
	smooth := ending(3, 97, 97.1, 96.9)
	for i := range smooth.runs {
		for k := range smooth.runs[i].Loss {
			smooth.runs[i].Loss[k] /= 10
		}
	}
	for name, c := range map[string]struct {
		row  Row
		want Status
	}{
		"order":            {proxyTable([]classifierSet{*high, *low}), Reproduced},
		"wrong order":      {proxyTable([]classifierSet{*low, *high}), NotReproduced},
		"unsure":           {proxyTable([]classifierSet{*ending(1, 97.2, 97.3, 97), *near, *low}), OrderOnly},
		"same end":         {proxyEnd(high, near), Reproduced},
		"same mean":        {proxyEnd(high, wide), OrderOnly},
		"other end":        {proxyEnd(high, low), NotReproduced},
		"same batches":     {proxySteps(high, near, low), Reproduced},
		"other batches":    {proxySteps(high, low, near), NotReproduced},
		"not inferior":     {limitedRow(low, high), Reproduced},
		"inferior":         {limitedRow(high, low), NotReproduced},
		"maybe":            {limitedRow(high, wide), OrderOnly},
		"own batches":      {noMinibatchRows(high, low)[0], Reproduced},
		"shared batches":   {noMinibatchRows(low, high)[0], NotReproduced},
		"smoother":         {noMinibatchRows(smooth, high)[1], Reproduced},
		"not smoother":     {noMinibatchRows(high, smooth)[1], NotReproduced},
		"parameters":       {parametersRow(3274634), Reproduced},
		"other parameters": {parametersRow(3274635), NotReproduced},
	} {
		assert.Equal(t, c.want, c.row.Verdict.Status, "%s: %+v", name, c.row)
		assert.Equal(t, c.want == Reproduced, c.row.Verdict.Why == "", name)
	}
}

// TestClassifierRuns: short runs have the same bits again, and mini-batches are shared
// where they should be.
func TestClassifierRuns(t *testing.T) {
	d, err := (&Lab{}).reading()
	require.NoError(t, err)
	run := func(r classifierRun) classified {
		r.Updates, r.Seed, r.Batches = digitsPoints, 1, max(r.Batches, 1)
		found, err := r.train(context.Background(), &d, func(float64) {})
		require.NoError(t, err)
		require.Len(t, found.Accuracy, digitsPoints+1)
		return found
	}
	es := estimator.Config{Workers: 2}
	for _, r := range []classifierRun{{Rho: 1}, {Rho: 0.2}, {Config: es}, {Config: es, Shared: true}} {
		first := run(r)
		assert.Equal(t, first, run(r))
		r.Batches = 2
		if drawn := r.Config.Workers > 0 && !r.Shared; drawn {
			assert.Equal(t, first, run(r), "pairs have batches of their own")
		} else {
			assert.NotEqual(t, first, run(r))
		}
	}
	exact := run(classifierRun{Rho: 1})
	assert.Greater(t, exact.Accuracy[digitsPoints], 0.5)
	assert.Less(t, exact.Loss[digitsPoints], exact.Loss[0])

	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = classifierRun{Rho: 1, Updates: digitsPoints}.train(ctx, &d, func(float64) {})
	assert.ErrorIs(t, err, context.Canceled)
}

// TestClassifierData: classifiers train with users' images, and no result of others is taken
// for theirs.
func TestClassifierData(t *testing.T) {
	out := t.TempDir()
	run := func(text string) []classified {
		lab := &Lab{Data: t.TempDir(), Out: out, Quick: true, Resume: true, id: "Z6"}
		require.NoError(t, os.WriteFile(filepath.Join(lab.Data, "optdigits.tra"), []byte(text), 0o600))
		require.NoError(t, lab.Prepare())
		d, err := lab.reading()
		require.NoError(t, err)
		assert.Contains(t, d.setup(), "40 images of 8×8 pixels to train on and 10 to")
		sets, err := trainClassifiers(context.Background(), lab, &d, 1, classifierRun{Method: "SGD", Rho: 1})
		require.NoError(t, err)
		return sets[0].runs
	}
	var lines strings.Builder
	for i := range 50 {
		lines.WriteString(strings.Repeat(fmt.Sprintf("%d,", i%10), 64) + fmt.Sprintln(i%10))
	}
	text := lines.String()
	first := run(text)
	assert.Equal(t, first, run(text))
	assert.NotEqual(t, first, run(strings.ReplaceAll(text, "9,", "8,")))

	d, err := (&Lab{}).reading()
	require.NoError(t, err)
	assert.Equal(t, 0.2, d.rho())
	d.net, err = network.New[float32](28, 28, 10, network.Dense{Units: digitsHidden})
	require.NoError(t, err)
	assert.Equal(t, 0.063, d.rho(), "√(100/(100 + 25449))")
}

// TestCorrelation: the law's numbers, those of a small run, and its verdicts.
func TestCorrelation(t *testing.T) {
	assert.InDelta(t, 0.03905, correlationLaw(fewPairs, bigParameters).Mean, 5e-6)
	assert.InDelta(t, 0.2004, correlationLaw(manyPairs, bigParameters).Mean, 5e-5)
	law := correlationLaw(100, 2001)
	assert.InDelta(t, math.Sqrt(100./2100), law.Mean, 1e-12)
	// By the delta method, the standard deviation is (1−ρ²)/√(2P).
	assert.InEpsilon(t, 2*1.96*(1-law.Mean*law.Mean)/math.Sqrt(2*2000), law.High-law.Low, 0.01)
	assert.InDelta(t, 1, correlationOf([]float32{1, 2, 4}, []float32{12, 14, 18}), 1e-15, "without means")
	assert.InDelta(t, -1, correlationOf([]float32{1, 2}, []float32{1, 0}), 1e-15)

	run := correlationRun{Parameters: 20_000, Round: 50, Rounds: 8, Seed: 1}
	for _, run.Noise = range []string{"normal", "signs"} {
		rho, err := run.run(context.Background(), 1, func(float64) {})
		require.NoError(t, err)
		require.Len(t, rho, run.Rounds)
		for k, got := range rho {
			// Twice as wide as 95 %: none of 16 is likely to lie outside.
			law := correlationLaw((k+1)*run.Round, run.Parameters)
			assert.InDelta(t, law.Mean, got, law.High-law.Low)
		}
		for _, goroutines := range []int{2, 3} {
			again, err := run.run(context.Background(), goroutines, func(float64) {})
			require.NoError(t, err)
			assert.Equal(t, rho, again)
		}
	}

	big := correlationRun{Parameters: bigParameters, Round: roundPairs, Rounds: 2}
	two := correlationLaw(2*roundPairs, bigParameters)
	for _, c := range []struct {
		rho  float64
		want Status
	}{{two.Mean, Reproduced}, {two.High + 1e-6, OrderOnly}, {two.Low - 1e-6, OrderOnly}, {1.1 * two.Mean, NotReproduced}, {math.NaN(), NotReproduced}} {
		assert.Equal(t, c.want, correlationRow("Z3", "normals", "3.9 %", 2, big, []float64{0, c.rho}).Verdict.Status, c.rho)
	}
	big.Rounds = manyPairs / roundPairs
	rho := make([]float64, big.Rounds)
	assert.Equal(t, NotReproduced, twentyRow(big, rho).Verdict.Status)
	rho[136] = 0.2001
	assert.Equal(t, Reproduced, twentyRow(big, rho).Verdict.Status)
	rho[120] = 0.2001
	assert.Equal(t, NotReproduced, twentyRow(big, rho).Verdict.Status)
}
