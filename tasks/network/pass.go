package network

import (
	"math"
	"unsafe"

	"github.com/noise-reuse/nres/internal/cast"
	"github.com/noise-reuse/nres/tasks/data"
	"github.com/noise-reuse/nres/vec"
	"github.com/noise-reuse/nres/vec/scalar"
)

// A Pass takes a batch of images through a network. It has memory for all activations, and
// as much again once it has gone backward. It is not safe for concurrent use.
type Pass[F vec.Float] struct {
	net    *Network[F]
	batch  int
	labels []uint8
	// Of the rows that a sum takes: where they are, in the input and in a kernel, and
	// their weights.
	at, taps []int
	weights  []F
	outputs  [][]F // of each layer, first the images
	slopes   [][]F // derivatives by them
	row      []F
	forward  bool // since images were set
}

// NewPass returns a Pass for batches of that many images, at least one, or panics.
func (n *Network[F]) NewPass(batch int) *Pass[F] {
	if batch < 1 {
		panic("network: a batch needs at least one image")
	}
	p := &Pass[F]{net: n, batch: batch, labels: make([]uint8, batch), row: make([]F, 2*batch)}
	p.outputs = append(p.outputs, make([]F, n.in.len()*batch))
	rows := 0
	for _, l := range n.layers {
		p.outputs = append(p.outputs, make([]F, l.out.len()*batch))
		if l.inputs > rows {
			rows = l.inputs
		}
	}
	p.at, p.taps, p.weights = make([]int, rows), make([]int, rows), make([]F, rows)
	return p
}

// Set makes image i of a set, which must fit the network, the k-th one of the batch. It
// panics if there is no such image or place, or if it has another number of pixels.
func (p *Pass[F]) Set(k int, set *data.Set, i int) {
	image := set.Image(i)
	if len(image) != p.net.in.len() {
		panic("network: the image must have as many pixels as the network is for")
	}
	p.labels[k] = set.Labels[i]
	for j, v := range image {
		p.outputs[0][j*p.batch+k] = F(v)
	}
	p.forward = false
}

// Forward returns the sum of the cross-entropies of the batch, in nats, and how many of
// its images have their highest score for their own class (of equal scores, the first
// class counts). It does not allocate. It panics if theta does not have the network's Len.
func (p *Pass[F]) Forward(theta []F) (loss F, right int) {
	p.net.checkLen(theta)
	p.forward = true
	for i := range p.net.layers {
		l := &p.net.layers[i]
		in, out := p.outputs[i], p.outputs[i+1]
		switch k := l.Layer.(type) {
		case Dense:
			p.dense(l, theta, in, out)
		case Conv:
			p.conv(l, k, theta, in, out)
		case Pool:
			p.pool(l, in, out)
		}
	}
	return p.softmax()
}

func (p *Pass[F]) dense(l *build, theta, in, out []F) {
	w, biases := split(l, theta)
	n := p.batch
	at := p.at[:l.inputs]
	for i := range at {
		at[i] = i * n
	}
	for j, bias := range biases {
		fill(out[j*n:(j+1)*n], bias)
	}
	// Units take turns with rows that the first level of cache holds.
	for lo := 0; lo < len(at); lo += block {
		hi := least(lo+block, len(at))
		for j := range biases {
			vec.AxpyRows(out[j*n:(j+1)*n], w[j*l.inputs+lo:j*l.inputs+hi], in, at[lo:hi])
		}
	}
	if !l.last {
		relu(out)
	}
}

// block is how many rows, each as long as the batch, units take together: of 100 float32,
// 38 KiB.
const block = 96

func (p *Pass[F]) conv(l *build, k Conv, theta, in, out []F) {
	w, biases := split(l, theta)
	row := l.out.width * p.batch
	h := l.in.height
	for y := 0; y < h; y++ {
		for x := 0; x < l.in.width; {
			at, taps, n := p.reach(l, k, y, x)
			for c, bias := range biases {
				to := out[(c*h+y)*row+x*p.batch:][:n*p.batch]
				fill(to, bias)
				weights := w[c*l.inputs : (c+1)*l.inputs]
				if len(taps) < len(weights) {
					for i, tap := range taps {
						p.weights[i] = weights[tap]
					}
					weights = p.weights[:len(taps)]
				}
				vec.AxpyRows(to, weights, in, at)
				relu(to)
			}
			x += n
		}
	}
}

// reach returns where in the input the pixels are that a pixel of the output sees, and
// the elements of a kernel that weigh them. n pixels in a row see as much; to those at
// the edges, part of the kernel is missing.
func (p *Pass[F]) reach(l *build, k Conv, y, x int) (at, taps []int, n int) {
	half, w := k.Size/2, l.in.width
	left, right := least(half, x), least(half, w-1-x)
	for n = 1; x+n < w && least(half, x+n) == left && least(half, w-1-x-n) == right; n++ {
	}
	at, taps = p.at[:0], p.taps[:0]
	for ci := 0; ci < l.in.channels; ci++ {
		for ky := 0; ky < k.Size; ky++ {
			iy := y + ky - half
			if iy < 0 || iy >= l.in.height {
				continue
			}
			for kx := half - left; kx <= half+right; kx++ {
				at = append(at, ((ci*l.in.height+iy)*w+x+kx-half)*p.batch)
				taps = append(taps, (ci*k.Size+ky)*k.Size+kx)
			}
		}
	}
	return at, taps, n
}

func least(a, b int) int {
	if a < b {
		return a
	}
	return b
}

// corners calls do with the starts of the rows of four pixels and of their maximum.
func (p *Pass[F]) corners(l *build, do func(o, a, b, c, d int)) {
	n, w := p.batch, l.in.width
	o := 0
	for ch := 0; ch < l.in.channels; ch++ {
		for y := 0; y < l.out.height; y++ {
			for x := 0; x < l.out.width; x++ {
				a := ((ch*l.in.height+2*y)*w + 2*x) * n
				do(o, a, a+n, a+w*n, a+(w+1)*n)
				o += n
			}
		}
	}
}

func (p *Pass[F]) pool(l *build, in, out []F) {
	n := p.batch
	p.corners(l, func(o, a, b, c, d int) {
		if cast.Is32[F]() {
			maxima(bits32(out[o:o+n]), bits32(in[a:a+n]), bits32(in[b:b+n]), bits32(in[c:c+n]), bits32(in[d:d+n]))
		} else {
			maxima(bits64(out[o:o+n]), bits64(in[a:a+n]), bits64(in[b:b+n]), bits64(in[c:c+n]), bits64(in[d:d+n]))
		}
	})
}

// Activations, inputs in [0, 1] and what relu leaves, are not negative: their bits, as
// whole numbers, have their order, NaN above all. Whole numbers are compared without
// branches, which would be mispredicted half of the time.

func bits32[F vec.Float](x []F) []uint32 { return *(*[]uint32)(unsafe.Pointer(&x)) }
func bits64[F vec.Float](x []F) []uint64 { return *(*[]uint64)(unsafe.Pointer(&x)) }

func maxima[U uint32 | uint64](dst, a, b, c, d []U) {
	a, b, c, d = a[:len(dst)], b[:len(dst)], c[:len(dst)], d[:len(dst)]
	for i := range dst {
		x, y := a[i], c[i]
		if v := b[i]; v > x {
			x = v
		}
		if v := d[i]; v > y {
			y = v
		}
		if y > x {
			x = y
		}
		dst[i] = x
	}
}

// relu sets what is negative to +0. NaN stays, as the same NaN on every machine.
func relu[F vec.Float](x []F) {
	if cast.Is32[F]() {
		x := bits32(x)
		for i, v := range x {
			if v&^(1<<31) > 0x7f800000 {
				v = 0x7fc00000
			}
			x[i] = v &^ uint32(int32(v)>>31)
		}
		return
	}
	y := bits64(x)
	for i, v := range y {
		if v&^(1<<63) > 0x7ff<<52 {
			v = 0x7ff8 << 48
		}
		y[i] = v &^ uint64(int64(v)>>63)
	}
}

func fill[F vec.Float](x []F, v F) {
	done := least(16, len(x))
	for i := range x[:done] {
		x[i] = v
	}
	for ; done < len(x); done *= 2 {
		copy(x[done:], x[:done])
	}
}

// softmax returns the sum of the losses and leaves the derivatives by the scores in their
// place.
func (p *Pass[F]) softmax() (loss F, right int) {
	n := p.batch
	scores := p.outputs[len(p.outputs)-1]
	top, sum := p.row[:n], p.row[n:]
	copy(top, scores)
	for c := n; c < len(scores); c += n {
		for k, v := range scores[c : c+n] {
			if v > top[k] {
				top[k] = v
			}
		}
	}
	fill(sum, 0)
	for k, label := range p.labels {
		of := scores[int(label)*n+k]
		loss += top[k] - of
		if of == top[k] && p.first(scores, k) == int(label) {
			right++
		}
	}
	for c := 0; c < len(scores); c += n {
		row := scores[c : c+n]
		vec.Sub(row, row, top)
		vec.Exp(row, row)
		vec.Add(sum, sum, row)
	}
	for k, v := range sum {
		loss += scalar.Log(v)
		sum[k] = 1 / v
	}
	for c := 0; c < len(scores); c += n {
		vec.Mul(scores[c:c+n], scores[c:c+n], sum)
	}
	for k, label := range p.labels {
		scores[int(label)*n+k]--
	}
	return loss, right
}

// first returns the first class with the highest score.
func (p *Pass[F]) first(scores []F, k int) int {
	best, top := 0, F(math.Inf(-1))
	for c := 0; c*p.batch < len(scores); c++ {
		if v := scores[c*p.batch+k]; v > top {
			best, top = c, v
		}
	}
	return best
}

// Backward adds scale times the gradient of the batch's last Forward, at the same theta,
// to grad. It does not allocate after the first call. It panics if grad or theta do not
// have the network's Len, or if there was no Forward since the last Set.
func (p *Pass[F]) Backward(grad, theta []F, scale F) {
	p.net.checkLen(grad)
	p.net.checkLen(theta)
	if !p.forward {
		panic("network: Backward needs a Forward of the same batch before it")
	}
	if p.slopes == nil {
		for _, o := range p.outputs {
			p.slopes = append(p.slopes, make([]F, len(o)))
		}
	}
	last := len(p.outputs) - 1
	vec.Scale(p.slopes[last], scale, p.outputs[last])
	for i := last - 1; i >= 0; i-- {
		l := &p.net.layers[i]
		in, out, slope, up := p.outputs[i], p.outputs[i+1], p.slopes[i+1], p.slopes[i]
		if _, pool := l.Layer.(Pool); !pool && !l.last {
			for j, v := range out {
				if v == 0 {
					slope[j] = 0
				}
			}
		}
		if i == 0 {
			up = nil // nobody wants derivatives by the images
		}
		fill(up, 0)
		switch k := l.Layer.(type) {
		case Dense:
			p.denseBack(l, grad, theta, in, slope, up)
		case Conv:
			p.convBack(l, k, grad, theta, in, slope, up)
		case Pool:
			if up != nil {
				p.poolBack(l, in, out, slope, up)
			}
		}
	}
}

func (p *Pass[F]) denseBack(l *build, grad, theta, in, slope, up []F) {
	n := p.batch
	w, _ := split(l, theta)
	gw, gb := split(l, grad)
	for j := range gb {
		s := slope[j*n : (j+1)*n]
		gb[j] += vec.Sum(s)
		for i := 0; i < l.inputs; i++ {
			gw[j*l.inputs+i] += vec.Dot(s, in[i*n:(i+1)*n])
			if up != nil {
				vec.Axpy(up[i*n:(i+1)*n], w[j*l.inputs+i], s)
			}
		}
	}
}

func (p *Pass[F]) convBack(l *build, k Conv, grad, theta, in, slope, up []F) {
	w, _ := split(l, theta)
	gw, gb := split(l, grad)
	h, row := l.out.height, l.out.width*p.batch
	for y := 0; y < h; y++ {
		for x := 0; x < l.in.width; {
			at, taps, n := p.reach(l, k, y, x)
			n *= p.batch
			for c := range gb {
				s := slope[(c*h+y)*row+x*p.batch:][:n]
				gb[c] += vec.Sum(s)
				for i, tap := range taps {
					tap += c * l.inputs
					gw[tap] += vec.Dot(s, in[at[i]:at[i]+n])
					if up != nil {
						vec.Axpy(up[at[i]:at[i]+n], w[tap], s)
					}
				}
			}
			x += n / p.batch
		}
	}
}

// poolBack hands the derivative to the first of the pixels that are the maximum.
func (p *Pass[F]) poolBack(l *build, in, out, slope, up []F) {
	p.corners(l, func(o, a, b, c, d int) {
		for k := 0; k < p.batch; k++ {
			switch v := out[o+k]; v {
			case in[a+k]:
				up[a+k] += slope[o+k]
			case in[b+k]:
				up[b+k] += slope[o+k]
			case in[c+k]:
				up[c+k] += slope[o+k]
			default:
				up[d+k] += slope[o+k]
			}
		}
	})
}
