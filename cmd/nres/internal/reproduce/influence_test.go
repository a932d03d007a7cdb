package reproduce

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/noise-reuse/nres/baseline"
	"github.com/noise-reuse/nres/estimator"
	"github.com/noise-reuse/nres/tasks"
)

// influenceEnding returns runs whose losses go from 8 to the ends, in equal parts.
func influenceEnding(name string, ends ...float64) *influenceSet {
	s := &influenceSet{run: influenceRun{Method: name, Particles: 10, Updates: 100}}
	for _, end := range ends {
		var tr influenceTrained
		for k := 0; k <= influenceCheckpoints; k++ {
			tr.Loss = append(tr.Loss, 8+(end-8)*float64(k)/influenceCheckpoints)
		}
		s.results = append(s.results, tr)
	}
	return s
}

func TestInfluenceVerdicts(t *testing.T) {
	const target = 4
	up, down := influenceEnding("up", 9, 80), influenceEnding("down", 0, 1)
	half, slow := influenceEnding("half", 9, 1), influenceEnding("slow", 5, 7)
	for _, c := range []struct {
		row  Row
		want Status
	}{
		{influenceWrong([]influenceSet{*up, *up}), Reproduced},
		{influenceWrong([]influenceSet{*up, *half}), NotReproduced},
		{influenceAlike(target, influenceEnding("exact", 0), down, down), Reproduced},
		{influenceAlike(target, influenceEnding("exact", -20), down), OrderOnly},
		{influenceAlike(target, influenceEnding("exact", 0), down, slow), NotReproduced},
		{influenceAlike(target, influenceEnding("exact", 5), down), NotReproduced},
		{influenceUORO(target, down, down, down), Reproduced},
		{influenceUORO(target, down, slow, down), OrderOnly},
		{influenceUORO(target, down, half, down), NotReproduced},
		{influenceFew([]int{10}, []influenceSet{*down, *up}), Reproduced},
		{influenceFew([]int{10}, []influenceSet{*down, *half}), OrderOnly},
		{influenceFew([]int{10, 20}, []influenceSet{*down, *up, *down, *down}), NotReproduced},
		{influenceFew([]int{10}, []influenceSet{*half, *up}), NotReproduced},
	} {
		assert.Equal(t, c.want, c.row.Verdict.Status, "%+v", c.row)
		assert.Equal(t, c.want == Reproduced, c.row.Verdict.Why == "", "%+v", c.row)
	}
}

// TestInfluenceRuns: short runs go where they should, and again with the same bits.
func TestInfluenceRuns(t *testing.T) {
	assert.InDelta(t, 8, influenceLoss(tasks.InfluenceStart), 1e-9)
	assert.Less(t, influenceLoss(-1./6), 1e-20)
	for _, c := range []struct {
		gradients func(r *influenceRun, sys *tasks.Influence[float32]) (gradienter, error)
		window    int
		up        bool
	}{
		{perturbed(estimator.ESSingle), 1, false}, {perturbed(estimator.TES), 1, true},
		{differentiated(baseline.RTRL), 1, false}, {differentiated(baseline.TBPTT), 10, true},
	} {
		r := influenceRun{Particles: 100, Window: c.window, LR: 1e-4, Updates: 200, Seed: 1, gradients: c.gradients}
		tr, err := r.train(context.Background(), func(float64) {})
		require.NoError(t, err)
		require.Len(t, tr.Loss, influenceCheckpoints+1)
		require.Len(t, tr.Theta, influenceCheckpoints+1)
		assert.Equal(t, 0.5, tr.Theta[0])
		assert.Equal(t, c.up, tr.Loss[influenceCheckpoints] > tr.Loss[0])
		again, err := r.train(context.Background(), func(float64) {})
		require.NoError(t, err)
		assert.Equal(t, tr, again)
	}
}
