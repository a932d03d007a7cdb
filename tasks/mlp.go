package tasks

import (
	"fmt"
	"math"

	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/tasks/data"
	"github.com/noise-reuse/nres/vec"
	"github.com/noise-reuse/nres/vec/scalar"
)

// mlp is a classifier: layers of a linear map each, relu between them, and softmax with
// cross-entropy at the end. Its weights are flat: of each layer first a row of weights
// for each input, then the biases.
//
// All products are rows times numbers and rows times rows, made by package vec, whose
// order of additions is the same everywhere; that of a BLAS is not.
type mlp[F vec.Float] struct {
	sizes   []int // pixels, hidden units of each layer, classes
	weights int
}

func newMLP[F vec.Float](set *data.Set, hidden []int) (mlp[F], error) {
	sizes := append(append([]int{set.Width * set.Height}, hidden...), set.Classes)
	m := mlp[F]{sizes: sizes}
	for l := 1; l < len(sizes); l++ {
		if sizes[l] < 1 {
			return m, fmt.Errorf("tasks: hidden layer %d has %d units; allowed: at least 1", l, sizes[l])
		}
		m.weights += (sizes[l-1] + 1) * sizes[l]
	}
	return m, nil
}

// init sets w to normals of variance 2/inputs (He et al., 2015), biases to 0.
func (m mlp[F]) init(w []F, s noise.Stream) {
	noise.Fill(w, s, 0)
	for l := 1; l < len(m.sizes); l++ {
		in, out := m.sizes[l-1], m.sizes[l]
		vec.Scale(w[:in*out], F(math.Sqrt(2/float64(in))), w[:in*out])
		biases := w[in*out : (in+1)*out]
		for i := range biases {
			biases[i] = 0
		}
		w = w[(in+1)*out:]
	}
}

// A pass has what going forward leaves for going back, for one image: the outputs of
// each layer, first the image, last the derivatives of the loss by the scores. It and
// slopes, as long as the widest layer, can be used again.
type pass[F vec.Float] struct {
	outputs   [][]F
	slope, up []F
}

func (m mlp[F]) newPass() *pass[F] {
	p := &pass[F]{}
	widest := 0
	for _, n := range m.sizes {
		p.outputs = append(p.outputs, make([]F, n))
		if n > widest {
			widest = n
		}
	}
	p.slope, p.up = make([]F, widest), make([]F, widest)
	return p
}

// forward returns the cross-entropy of an image, in nats, and whether its class has the
// highest score. p's last outputs are the derivatives of the loss by the scores.
func (m mlp[F]) forward(p *pass[F], w []F, image []float32, label uint8) (loss F, right bool) {
	for i, v := range image {
		p.outputs[0][i] = F(v)
	}
	last := len(m.sizes) - 1
	for l := 1; l <= last; l++ {
		in, out := p.outputs[l-1], p.outputs[l]
		n := len(out)
		copy(out, w[len(in)*n:])
		for i, v := range in {
			if v != 0 { // half of relu's outputs are
				vec.Axpy(out, v, w[i*n:(i+1)*n])
			}
		}
		if l < last {
			for i, v := range out {
				if v < 0 {
					out[i] = 0
				}
			}
		}
		w = w[(len(in)+1)*n:]
	}
	scores := p.outputs[last]
	best, top := 0, scores[0]
	for i, v := range scores {
		if v > top {
			best, top = i, v
		}
	}
	of := scores[label] - top
	for i := range scores {
		scores[i] -= top
	}
	vec.Exp(scores, scores)
	sum := vec.Sum(scores)
	vec.Scale(scores, 1/sum, scores)
	scores[label]--
	return scalar.Log(sum) - of, best == int(label)
}

// backward adds scale times the gradient of the loss of the last image that went
// forward to grad.
func (m mlp[F]) backward(p *pass[F], grad, w []F, scale F) {
	end := len(w)
	slope, up := p.slope, p.up
	last := len(m.sizes) - 1
	slope = slope[:m.sizes[last]]
	vec.Scale(slope, scale, p.outputs[last])
	for l := last; l > 0; l-- {
		in, n := p.outputs[l-1], m.sizes[l]
		begin := end - (len(in)+1)*n
		vec.Axpy(grad[end-n:end], 1, slope)
		up = up[:len(in)]
		for i, v := range in {
			row := begin + i*n
			up[i] = 0
			if v == 0 {
				continue
			}
			vec.Axpy(grad[row:row+n], v, slope)
			if l > 1 {
				up[i] = vec.Dot(w[row:row+n], slope)
			}
		}
		slope, up, end = up, slope[:cap(slope)], begin
	}
}
