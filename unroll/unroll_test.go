package unroll

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/noise-reuse/nres/noise"
)

// recorder's loss at step t is t, and it notes what it was asked for.
type recorder struct{ steps *[]int }

func (recorder) ParamLen() int                    { return 1 }
func (recorder) StateLen() int                    { return 1 }
func (recorder) Horizon() int                     { return 1000 }
func (recorder) Init(s []float32, _ noise.Stream) { s[0] = 0 }
func (r recorder) Step(s, theta []float32, t int, _ noise.Stream) float32 {
	*r.steps = append(*r.steps, t)
	s[0] += theta[0]
	return float32(t)
}

type windower struct {
	recorder
	windows *[][2]int
}

func (w windower) Window(s, theta []float32, t0, n int, env noise.Stream) (sum float32) {
	*w.windows = append(*w.windows, [2]int{t0, n})
	for t := t0 + 1; t <= t0+n; t++ {
		sum += w.Step(s, theta, t, env)
	}
	return sum
}

func TestWindow(t *testing.T) {
	for _, n := range []int{0, 1, 127, 128, 129, 300} {
		var steps, steps2 []int
		var windows [][2]int
		s, s2, theta := []float32{1}, []float32{1}, []float32{2}
		got := Window[float32](recorder{&steps}, s, theta, 10, n, noise.Stream{})
		whole := Window[float32](windower{recorder{&steps2}, &windows}, s2, theta, 10, n, noise.Stream{})
		assert.Equal(t, float64(n*10+n*(n+1)/2), got)
		assert.Equal(t, got, whole)
		assert.Equal(t, steps, steps2)
		assert.Len(t, steps, n)
		for i, step := range steps {
			assert.Equal(t, 11+i, step)
		}
		assert.Equal(t, float32(1+2*n), s[0])
		for i, w := range windows {
			want := n - i*Stretch
			if want > Stretch {
				want = Stretch
			}
			assert.Equal(t, [2]int{10 + i*Stretch, want}, w)
		}
		assert.Len(t, windows, (n+Stretch-1)/Stretch)
	}
}

// TestSumsStretchesInFloat64: 2^24 ones in float32 would stop counting.
func TestSumsStretchesInFloat64(t *testing.T) {
	got := Window[float32](ones{}, []float32{0}, nil, 0, 1<<24+300, noise.Stream{})
	assert.Equal(t, float64(1<<24+300), got)
}

type ones struct{ recorder }

func (ones) Step(_, _ []float32, _ int, _ noise.Stream) float32 { return 1 }

// power is s_t = θ·s_{t−1}, L_t = s_t.
type power struct{ recorder }

func (power) Step(s, theta []float32, _ int, _ noise.Stream) float32 {
	s[0] *= theta[0]
	return s[0]
}

func (power) JVP(_, _, _, _ []float32, _ int, _ noise.Stream) float32 { panic("not used") }

func (power) VJP(ds, dtheta, s, theta []float32, dloss float32, _ int, _ noise.Stream) {
	d := ds[0] + dloss
	dtheta[0] += float32(d * s[0])
	ds[0] = d * theta[0]
}

// TestGradient: losses 2·3, 2·9, 2·27 by θ = 3 are 2 + 12 + 54.
func TestGradient(t *testing.T) {
	grad, s, theta := []float32{1}, []float32{2}, []float32{3}
	tape := []float32{-1, -1, -1, -1, -7, -7}
	assert.Equal(t, 78.0, Gradient[float32](power{}, grad, s, theta, 0, 3, noise.Stream{}, tape[:5]))
	assert.Equal(t, []float32{69}, grad)
	assert.Equal(t, []float32{54}, s)
	assert.Equal(t, float32(-7), tape[5])

	tape = []float32{-1, -1, -1, -7, -7}
	assert.Panics(t, func() { Gradient[float32](power{}, grad, s, theta, 0, 3, noise.Stream{}, tape[:3]) })
	assert.Equal(t, []float32{-1, -1, -1, -7, -7}, tape, "long enough only with what is behind it")
	assert.Equal(t, []float32{54}, s)
}
