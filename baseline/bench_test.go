package baseline

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/noise-reuse/nres/tasks"
)

// BenchmarkGradient is the paper's Lorenz run: 200 workers, windows of 100 steps.
func BenchmarkGradient(b *testing.B) {
	sys, err := tasks.NewLorenz(tasks.SimulateLorenz[float32](tasks.LorenzTruth, tasks.LorenzHorizon))
	require.NoError(b, err)
	for m := TBPTT; m <= UORO; m++ {
		b.Run(m.String(), func(b *testing.B) {
			e, err := New[float32](sys, Config{Method: m, Workers: 200, Window: 100, Seed: 1})
			require.NoError(b, err)
			theta, grad := []float32{float32(tasks.LorenzStart[0]), float32(tasks.LorenzStart[1])}, make([]float32, 2)
			_, err = e.Gradient(grad, theta)
			require.NoError(b, err)
			b.ResetTimer()
			b.ReportAllocs()
			for i := 0; i < b.N; i++ {
				_, err = e.Gradient(grad, theta)
			}
			require.NoError(b, err)
		})
	}
}
