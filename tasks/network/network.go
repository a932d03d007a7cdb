package network

import (
	"fmt"
	"math"

	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/tasks/data"
	"github.com/noise-reuse/nres/vec"
)

// A Layer is one of [Dense], [Conv] and [Pool].
type Layer interface {
	// shape returns the layer for pictures of that shape, and the shape of its own.
	shape(in shape) (build, shape, error)
}

// Dense is a fully connected layer: Units linear combinations of all inputs, each through a
// relu.
type Dense struct{ Units int }

// Conv is a convolution of stride 1 with kernels of Size by Size, an odd number, through
// a relu. Beyond the edge, pictures are 0, so that they keep their width and height.
type Conv struct{ Size, Channels int }

// Pool takes the maximum of two by two pixels. The last row and column of an odd number
// are left out.
type Pool struct{}

type shape struct{ channels, height, width int }

func (s shape) len() int { return s.channels * s.height * s.width }

// most is how many weights and numbers in a picture there may be, which ints of 32 bits count.
const most = math.MaxInt32

// A build is a layer that knows its place: its weights are theta[at:at+weights].
type build struct {
	Layer
	in, out     shape
	at, weights int
	inputs      int  // of a unit
	last        bool // no relu
}

func (d Dense) shape(in shape) (build, shape, error) {
	if d.Units < 1 {
		return build{}, in, fmt.Errorf("has %d units; allowed: at least 1", d.Units)
	}
	if (float64(in.len())+1)*float64(d.Units) > most {
		return build{}, in, fmt.Errorf("has %d units of %d inputs; allowed: %d weights", d.Units, in.len(), most)
	}
	return build{weights: (in.len() + 1) * d.Units, inputs: in.len()}, shape{d.Units, 1, 1}, nil
}

func (c Conv) shape(in shape) (build, shape, error) {
	if c.Size < 1 || c.Size%2 == 0 || c.Channels < 1 {
		return build{}, in, fmt.Errorf("has %d channels with kernels of size %d; allowed: at least 1, and an odd size", c.Channels, c.Size)
	}
	inputs := float64(c.Size) * float64(c.Size) * float64(in.channels)
	if pixels := float64(in.height) * float64(in.width); float64(c.Channels)*math.Max(inputs+1, pixels) > most {
		return build{}, in, fmt.Errorf("has %d channels with kernels of size %d for %d by %d pixels; allowed: %d weights, and as many numbers in a picture",
			c.Channels, c.Size, in.width, in.height, most)
	}
	n := c.Size * c.Size * in.channels
	return build{weights: (n + 1) * c.Channels, inputs: n}, shape{c.Channels, in.height, in.width}, nil
}

func (Pool) shape(in shape) (build, shape, error) {
	if in.height < 2 || in.width < 2 {
		return build{}, in, fmt.Errorf("has pictures of %d by %d to take the maximum of 2 by 2 pixels", in.width, in.height)
	}
	return build{}, shape{in.channels, in.height / 2, in.width / 2}, nil
}

// A Network maps images to a score for each class. Its parameters are those of its
// layers, of each the weights of unit after unit (of a convolution: by channel, row and
// column) and then the biases.
type Network[F vec.Float] struct {
	layers []build
	in     shape
	len    int
}

// New returns a network for images of a size, with these layers and, after them, a linear
// map to the classes, 2 to 256. There may be 2³¹−1 parameters, and as many numbers in a
// picture. An error says which layer is not possible, and why.
func New[F vec.Float](width, height, classes int, layers ...Layer) (*Network[F], error) {
	if width < 1 || height < 1 || classes < 2 || classes > 256 {
		return nil, fmt.Errorf("network: images of %d by %d in %d classes; allowed: at least 1 by 1, 2 to 256 classes", width, height, classes)
	}
	if width > most/height {
		return nil, fmt.Errorf("network: images of %d by %d; allowed: %d pixels", width, height, most)
	}
	n := &Network[F]{in: shape{1, height, width}}
	at := n.in
	for i, l := range append(append([]Layer(nil), layers...), Dense{classes}) {
		switch l.(type) {
		case Dense, Conv, Pool:
		default: // nil, a pointer, or what embeds a layer
			return nil, fmt.Errorf("network: layer %d is a %T; allowed: Dense, Conv, Pool", i, l)
		}
		b, out, err := l.shape(at)
		if err != nil {
			return nil, fmt.Errorf("network: layer %d %w", i, err)
		}
		if b.weights > most-n.len {
			return nil, fmt.Errorf("network: with layer %d there are more than %d weights", i, most)
		}
		b.Layer, b.in, b.out, b.at, b.last = l, at, out, n.len, i == len(layers)
		n.layers = append(n.layers, b)
		n.len += b.weights
		at = out
	}
	return n, nil
}

// Len returns the number of parameters.
func (n *Network[F]) Len() int { return n.len }

func (n *Network[F]) checkLen(theta []F) {
	if len(theta) != n.len {
		panic("network: slices must have the length of the network's parameters")
	}
}

// Matrices returns what the parameters consist of, as estimator.Config.Matrices takes it: of
// each layer the weights, a row for each unit, and the biases, one column.
func (n *Network[F]) Matrices() (m []struct{ Rows, Cols int }) {
	type matrix = struct{ Rows, Cols int }
	for _, l := range n.layers {
		if rows := l.out.channels; l.weights > 0 {
			m = append(m, matrix{rows, l.inputs}, matrix{rows, 1})
		}
	}
	return m
}

// Init sets the weights to normals of variance 2/inputs (He et al., 2015), those of the
// last layer to normals of variance 1/inputs, and biases to 0. It panics if theta does
// not have length Len.
func (n *Network[F]) Init(theta []F, s noise.Stream) {
	n.checkLen(theta)
	noise.Fill(theta, s, 0)
	for i := range n.layers {
		l := &n.layers[i]
		if l.weights == 0 {
			continue
		}
		variance := 2 / float64(l.inputs)
		if l.last {
			variance /= 2
		}
		w, biases := split(l, theta)
		vec.Scale(w, F(math.Sqrt(variance)), w)
		for i := range biases {
			biases[i] = 0
		}
	}
}

// split returns the layer's part of theta or of a gradient.
func split[F vec.Float](l *build, theta []F) (w, biases []F) {
	n := l.at + l.inputs*l.out.channels
	return theta[l.at:n], theta[n : l.at+l.weights]
}

// Fits returns an error unless a set has images, of the size and classes that the network is
// for.
func (n *Network[F]) Fits(set *data.Set) error {
	if n == nil || len(n.layers) == 0 {
		return fmt.Errorf("network: there is no network; New makes one")
	}
	classes := n.layers[len(n.layers)-1].out.channels
	switch {
	case set == nil || set.Len() < 1:
		return fmt.Errorf("network: there are no images; it needs at least one")
	case set.Width != n.in.width || set.Height != n.in.height || set.Classes != classes:
		return fmt.Errorf("network: the images are %d by %d in %d classes; this one is for %d by %d and %d",
			set.Width, set.Height, set.Classes, n.in.width, n.in.height, classes)
	case len(set.Images) != set.Len()*n.in.len():
		return fmt.Errorf("network: %d images have %d pixels; with %d by %d they need %d",
			set.Len(), len(set.Images), set.Width, set.Height, set.Len()*n.in.len())
	}
	for i, label := range set.Labels {
		if int(label) >= classes {
			return fmt.Errorf("network: label %d is %d; allowed: 0 to %d", i, label, classes-1)
		}
	}
	if _, pool := n.layers[0].Layer.(Pool); pool { // which compares bits
		for i, v := range set.Images {
			if math.Signbit(float64(v)) {
				return fmt.Errorf("network: pixel %d is %v; allowed where the first layer is a Pool: no sign, as 0 to 1", i, v)
			}
		}
	}
	return nil
}

// Test returns the mean cross-entropy of a set, in nats, and the fraction of its images
// that are classified correctly. It takes them in batches of p's size, and allocates for a
// last one that is smaller. The error is that of Fits; it panics as Forward does.
func (p *Pass[F]) Test(theta []F, set *data.Set) (loss, accuracy float64, err error) {
	if err := p.net.Fits(set); err != nil {
		return 0, 0, err
	}
	right := 0
	for i := 0; i < set.Len(); {
		n := p.batch
		if n > set.Len()-i {
			p = p.net.NewPass(set.Len() - i)
			n = p.batch
		}
		for k := 0; k < n; k++ {
			p.Set(k, set, i+k)
		}
		sum, r := p.Forward(theta)
		loss += float64(sum)
		right += r
		i += n
	}
	return loss / float64(set.Len()), float64(right) / float64(set.Len()), nil
}
