package network

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"

	"github.com/noise-reuse/nres/estimator"
	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/tasks/data"
	"github.com/noise-reuse/nres/vec"
)

// images draws a set of noise.
func images(n, width, height, classes int) *data.Set {
	s := &data.Set{Images: make([]float32, n*width*height), Labels: make([]uint8, n), Width: width, Height: height, Classes: classes}
	noise.Fill(s.Images, noise.New(4), 0)
	for i, v := range s.Images {
		s.Images[i] = v * v / 50
	}
	for i := range s.Labels {
		s.Labels[i] = uint8(i * 7 % classes)
	}
	return s
}

func whole[F vec.Float](n *Network[F], set *data.Set) *Pass[F] {
	p := n.NewPass(set.Len())
	for i := 0; i < set.Len(); i++ {
		p.Set(i, set, i)
	}
	return p
}

// TestLengths: those of Zhang, Clune and Stanley (2017).
func TestLengths(t *testing.T) {
	big, err := New[float32](28, 28, 10, Conv{5, 32}, Pool{}, Conv{5, 64}, Pool{}, Dense{1024})
	require.NoError(t, err)
	assert.Equal(t, 3274634, big.Len())
	small, err := New[float32](28, 28, 10, Conv{5, 16}, Pool{}, Conv{5, 32}, Pool{})
	require.NoError(t, err)
	assert.Equal(t, 28938, small.Len())
	assert.Equal(t, []estimator.Matrix{{Rows: 16, Cols: 25}, {Rows: 16, Cols: 1}, {Rows: 32, Cols: 400}, {Rows: 32, Cols: 1}, {Rows: 10, Cols: 1568}, {Rows: 10, Cols: 1}}, small.Matrices())
	sum := 0
	for _, m := range small.Matrices() {
		sum += m.Rows * m.Cols
	}
	assert.Equal(t, small.Len(), sum)
}

// naive is a network as it is defined, for one image.
func naive(n *Network[float64], theta, image []float64, label int) (loss float64, best int) {
	x := image
	for i := range n.layers {
		l := &n.layers[i]
		y := make([]float64, l.out.len())
		at := func(c, iy, ix int) float64 {
			if iy < 0 || iy >= l.in.height || ix < 0 || ix >= l.in.width {
				return 0
			}
			return x[(c*l.in.height+iy)*l.in.width+ix]
		}
		for o := range y {
			c, oy, ox := o/(l.out.height*l.out.width), o/l.out.width%l.out.height, o%l.out.width
			switch k := l.Layer.(type) {
			case Dense:
				y[o] = theta[l.at+l.inputs*l.out.channels+o]
				for j, v := range x {
					y[o] += v * theta[l.at+o*l.inputs+j]
				}
			case Conv:
				y[o] = theta[l.at+l.inputs*l.out.channels+c]
				w := theta[l.at+c*l.inputs:]
				for ci := 0; ci < l.in.channels; ci++ {
					for ky := 0; ky < k.Size; ky++ {
						for kx := 0; kx < k.Size; kx++ {
							y[o] += at(ci, oy+ky-k.Size/2, ox+kx-k.Size/2) * w[(ci*k.Size+ky)*k.Size+kx]
						}
					}
				}
			case Pool:
				y[o] = math.Max(math.Max(at(c, 2*oy, 2*ox), at(c, 2*oy, 2*ox+1)), math.Max(at(c, 2*oy+1, 2*ox), at(c, 2*oy+1, 2*ox+1)))
				continue
			}
			if !l.last {
				y[o] = math.Max(y[o], 0)
			}
		}
		x = y
	}
	sum := 0.0
	for c, v := range x {
		sum += math.Exp(v)
		if v > x[best] {
			best = c
		}
	}
	return math.Log(sum) - x[label], best
}

var networks = [][]Layer{
	nil, {Dense{7}}, {Dense{5}, Dense{6}}, {Conv{3, 4}}, {Conv{5, 3}, Pool{}, Conv{3, 4}, Pool{}, Dense{6}}, {Pool{}, Conv{1, 2}}, {Conv{7, 2}, Conv{9, 2}},
}

// TestForward compares with the definition.
func TestForward(t *testing.T) {
	for _, layers := range networks {
		set := images(9, 7, 6, 4)
		n, err := New[float64](7, 6, 4, layers...)
		require.NoError(t, err)
		theta := make([]float64, n.Len())
		n.Init(theta, noise.New(1))
		vec.Axpy(theta, 1, func() []float64 {
			e := make([]float64, len(theta))
			noise.Fill(e, noise.New(2), 0)
			vec.Scale(e, 0.1, e)
			return e
		}())
		var want float64
		right := 0
		for i := range set.Labels {
			image := make([]float64, 42)
			for j, v := range set.Image(i) {
				image[j] = float64(v)
			}
			loss, best := naive(n, theta, image, int(set.Labels[i]))
			want += loss
			if best == int(set.Labels[i]) {
				right++
			}
		}
		loss, got := whole(n, set).Forward(theta)
		assert.InDelta(t, want, loss, 1e-11, "%v", layers)
		assert.Equal(t, right, got, "%v", layers)
	}
}

// TestBackward compares with differences.
func TestBackward(t *testing.T) {
	for _, layers := range networks {
		set := images(5, 7, 6, 4)
		n, err := New[float64](7, 6, 4, layers...)
		require.NoError(t, err)
		theta, grad := make([]float64, n.Len()), make([]float64, n.Len())
		n.Init(theta, noise.New(1))
		p := whole(n, set)
		p.Forward(theta)
		p.Backward(grad, theta, 0.5)
		p.Backward(grad, theta, 0.5) // adds
		for j := range theta {
			const h = 1e-6
			at := theta[j]
			theta[j] = at + h
			up, _ := p.Forward(theta)
			theta[j] = at - h
			down, _ := p.Forward(theta)
			theta[j] = at
			require.InDelta(t, (up-down)/(2*h), grad[j], 1e-6, "%d of %v", j, layers)
		}
		p.Forward(theta)
		assert.Zero(t, testing.AllocsPerRun(3, func() { p.Forward(theta); p.Backward(grad, theta, 1) }))
	}
}

// TestBits: every machine finds the same loss and gradient.
func TestBits(t *testing.T) {
	n, err := New[float32](8, 8, 10, Conv{5, 4}, Pool{}, Conv{3, 5}, Pool{}, Dense{20})
	require.NoError(t, err)
	theta, grad := make([]float32, n.Len()), make([]float32, n.Len())
	n.Init(theta, noise.New(1))
	p := whole(n, data.Digits(60, noise.New(2)))
	loss, right := p.Forward(theta)
	p.Backward(grad, theta, 1)
	h := sha256.New()
	require.NoError(t, binary.Write(h, binary.LittleEndian, append(grad, loss, float32(right))))
	assert.Equal(t, "9c5111c0052523a6b260818b407f581b8e3e66fcf5d217ffb08e434bcf076055", fmt.Sprintf("%x", h.Sum(nil)))
}

// TestNotANumber: what has overflown is no small loss.
func TestNotANumber(t *testing.T) {
	n, err := New[float32](4, 4, 3, Conv{3, 2}, Pool{}, Dense{3})
	require.NoError(t, err)
	theta := make([]float32, n.Len())
	for i := range theta {
		theta[i] = 1e30 * float32(i%3-1)
	}
	loss, right := whole(n, images(4, 4, 4, 3)).Forward(theta)
	assert.True(t, math.IsNaN(float64(loss)) || math.IsInf(float64(loss), 1), "%v", loss)
	assert.LessOrEqual(t, right, 4)
}

// embedding is a Layer by Dense's method, and none that a Pass knows.
type embedding struct{ Dense }

func TestErrors(t *testing.T) {
	for want, layers := range map[string][]Layer{
		"layer 0 has 0 units; allowed: at least 1":                       {Dense{0}},
		"layer 1 has 3 channels with kernels of size 4; allowed: ":       {Dense{1}, Conv{4, 3}},
		"layer 0 has 0 channels with kernels of size 3; allowed: ":       {Conv{3, 0}},
		"layer 2 has pictures of 1 by 1 to take the maximum of 2 by 2 p": {Pool{}, Pool{}, Pool{}},
		"layer 0 is a <nil>; allowed: Dense, Conv, Pool":                 {nil},
		"layer 1 is a *network.Dense; allowed: Dense, Conv, Pool":        {Dense{1}, &Dense{1}},
		"layer 0 is a network.embedding; allowed: Dense, Conv, Po":       {embedding{Dense{1}}},
		"layer 1 has 70000 units of 70000 inputs; allowed: 2147483647 w": {Dense{70000}, Dense{70000}},
		"layer 0 has 2147483647 units of 16 inputs; allowed: ":           {Dense{math.MaxInt32}},
		"layer 0 has 2147483647 channels with kernels of size 1 for 4 b": {Conv{1, math.MaxInt32}},
		"layer 1 has 1 channels with kernels of size 2147483647 for 4 b": {Conv{1, 1}, Conv{math.MaxInt32, 1}},
		"layer 1 has 134217728 channels with kernels of size 1 for 4 by": {Conv{1, 1}, Conv{1, 1 << 27}}, // 2³¹ numbers
		"with layer 2 there are more than 2147483647 weights":            {Dense{30000}, Dense{50000}, Dense{20000}},
	} {
		_, err := New[float32](4, 4, 3, layers...)
		assert.ErrorContains(t, err, want)
	}
	_, err := New[float32](1<<16, 1<<15, 3)
	assert.EqualError(t, err, "network: images of 65536 by 32768; allowed: 2147483647 pixels")
	n, err := New[float32](4, 4, 3)
	require.NoError(t, err)
	for want, set := range map[string]*data.Set{
		"there are no images":                               nil,
		"2 images have 31 pixels; with 4 by 4 they need 32": {Images: make([]float32, 31), Labels: make([]uint8, 2), Width: 4, Height: 4, Classes: 3},
		"label 1 is 3; allowed: 0 to 2":                     {Images: make([]float32, 32), Labels: []uint8{2, 3}, Width: 4, Height: 4, Classes: 3},
	} {
		assert.ErrorContains(t, n.Fits(set), want)
	}
	dark := &data.Set{Images: make([]float32, 16), Labels: []uint8{0}, Width: 4, Height: 4, Classes: 3}
	dark.Images[3] = -1
	assert.NoError(t, n.Fits(dark))
	pooled, err := New[float32](4, 4, 3, Pool{})
	require.NoError(t, err)
	assert.ErrorContains(t, pooled.Fits(dark), "network: pixel 3 is -1; allowed where the first layer is a Pool")
	for _, none := range []*Network[float32]{nil, {}} {
		assert.EqualError(t, none.Fits(data.Digits(1, noise.Stream{})), "network: there is no network; New makes one")
	}
	_, err = New[float32](0, 4, 3)
	assert.ErrorContains(t, err, "images of 0 by 4")
	_, err = New[float32](4, 4, 1)
	assert.ErrorContains(t, err, "in 1 classes")
}

func BenchmarkForward(b *testing.B) {
	const batch = 100
	for name, layers := range map[string][]Layer{
		"mlp": {Dense{100}, Dense{100}}, "cnn": {Conv{5, 16}, Pool{}, Conv{5, 32}, Pool{}},
	} {
		for _, side := range []int{8, 28} {
			b.Run(fmt.Sprintf("net=%s/side=%d", name, side), func(b *testing.B) {
				set := images(batch, side, side, 10)
				n, err := New[float32](side, side, 10, layers...)
				require.NoError(b, err)
				theta := make([]float32, n.Len())
				n.Init(theta, noise.New(1))
				p := whole(n, set)
				b.ResetTimer()
				for i := 0; i < b.N; i++ {
					p.Forward(theta)
				}
				macs := 0
				for _, l := range n.layers {
					if l.weights > 0 {
						macs += l.inputs * l.out.len()
					}
				}
				b.ReportMetric(float64(macs*batch)*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "GMAC/s")
			})
		}
	}
}

// BenchmarkProducts is the matrix products of a forward pass, units by inputs times inputs by
// batch, as rows and by gonum's Gemm, for which a convolution's inputs are copied before
// (not timed here).
func BenchmarkProducts(b *testing.B) {
	for _, d := range []struct{ units, inputs, columns int }{{100, 784, 100}, {100, 100, 100}, {10, 100, 100}, {16, 25, 6400}, {32, 400, 1600}} {
		w, x, y := make([]float32, d.units*d.inputs), make([]float32, d.inputs*d.columns), make([]float32, d.units*d.columns)
		noise.Fill(w, noise.New(1), 0)
		noise.Fill(x, noise.New(2), 0)
		run := func(how string, product func()) {
			b.Run(fmt.Sprintf("how=%s/units=%d/inputs=%d/columns=%d", how, d.units, d.inputs, d.columns), func(b *testing.B) {
				for i := 0; i < b.N; i++ {
					product()
				}
				b.ReportMetric(float64(d.units*d.inputs*d.columns)*float64(b.N)/float64(b.Elapsed().Nanoseconds()), "GMAC/s")
			})
		}
		l := &build{inputs: d.inputs, weights: (d.inputs + 1) * d.units, out: shape{channels: d.units}}
		p := &Pass[float32]{batch: d.columns, at: make([]int, d.inputs)}
		theta := append(w, make([]float32, d.units)...)
		run("rows", func() { p.dense(l, theta, x, y) })
		matrix := func(rows, cols int, x []float32) blas32.General {
			return blas32.General{Rows: rows, Cols: cols, Stride: cols, Data: x}
		}
		run("gonum", func() {
			blas32.Gemm(blas.NoTrans, blas.NoTrans, 1, matrix(d.units, d.inputs, w), matrix(d.inputs, d.columns, x), 0, matrix(d.units, d.columns, y))
		})
	}
}

func TestPanics(t *testing.T) {
	n, err := New[float32](8, 8, 10)
	require.NoError(t, err)
	p, theta := n.NewPass(1), make([]float32, n.Len())
	assert.Panics(t, func() { n.NewPass(0) })
	const early = "network: Backward needs a Forward of the same batch before it"
	grad := make([]float32, n.Len())
	assert.PanicsWithValue(t, early, func() { p.Backward(grad, theta, 1) })
	p.Forward(theta)
	p.Backward(grad, theta, 1)
	set := data.Digits(2, noise.Stream{})
	p.Set(0, set, 1)
	assert.PanicsWithValue(t, early, func() { p.Backward(grad, theta, 1) })

	// What panics changes nothing.
	loss, _ := p.Forward(theta)
	small := &data.Set{Images: make([]float32, 63), Labels: []uint8{0}, Width: 7, Height: 9, Classes: 10}
	assert.PanicsWithValue(t, "network: the image must have as many pixels as the network is for", func() { p.Set(0, small, 0) })
	for _, k := range []int{-1, 1} {
		assert.Panics(t, func() { p.Set(k, set, 0) })
	}
	assert.Panics(t, func() { p.Set(0, set, 2) })
	again, _ := p.Forward(theta)
	assert.Equal(t, loss, again)
	for _, wrong := range [][]float32{theta[1:], append(theta, 0)} {
		assert.Panics(t, func() { n.Init(wrong, noise.Stream{}) })
		assert.Panics(t, func() { p.Forward(wrong) })
		assert.Panics(t, func() { p.Backward(wrong, theta, 1) })
		assert.Panics(t, func() { p.Backward(theta, wrong, 1) })
	}
}
