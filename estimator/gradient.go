package estimator

import (
	"math"

	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/unroll"
	"github.com/noise-reuse/nres/vec"
)

// blockLen is how many parameters one call of block sums up: enough to make calls
// cheap, few enough for the first-level cache. A rest of up to blockRest joins the block
// before it: short calls take long for what they do.
const (
	blockLen  = 4096
	blockRest = blockLen / 2
)

// gradient is the sum under way: what it goes into, and for each term of each worker,
// in order, a weight and a stream.
type gradient[F vec.Float] struct {
	out     []F
	weights []F
	streams []noise.Stream
	sums    bool  // there is a ξ of more than one ε
	kept    []F   // ξ of each worker, if they are kept
	xi      [][]F // a block's ξ for each goroutine, otherwise
	ranks   ranks

	exact  []F // PESAnalytic: the derivative of each worker's window
	scale  F   // of these
	blocks []span
	first  []int     // term of each bucket; their number
	scales []float64 // of each bucket
	order  []int     // where the next term of each bucket goes
}

// A span of parameters is what a goroutine sums up at a time.
type span struct{ lo, hi, bucket, part int }

// cut returns spans of the buckets or of the parts.
func (s *gradient[F]) cut(p *perturbation[F]) {
	each := func(lo, hi, n, rest, bucket, part int) {
		for end := lo; lo < hi; lo = end {
			if end += n; end+rest >= hi {
				end = hi
			}
			s.blocks = append(s.blocks, span{lo, end, bucket, part})
		}
	}
	if p.buckets() > 1 {
		for b := 0; b < p.buckets(); b++ {
			each(p.starts[b], p.starts[b+1], blockLen, blockRest, b, 0)
		}
		return
	}
	for i, k := range p.parts {
		n, rest := blockLen, blockRest
		if k.low {
			n, rest = k.Cols*lowRows, 0
		}
		each(k.lo, k.hi, n, rest, 0, i)
	}
}

func (s *gradient[F]) init(c *crew[F], terms int) {
	s.weights = make([]F, 0, terms)
	s.streams = make([]noise.Stream, 0, terms)
	if c.cfg.Period < c.horizon && c.cfg.Method != TES {
		if c.cfg.KeepSums {
			s.kept = make([]F, c.d*c.cfg.Workers)
		} else {
			n := least(c.d, blockLen+blockRest)
			s.xi = make([][]F, c.cfg.Parallelism)
			for g := range s.xi {
				s.xi[g] = make([]F, n)
			}
		}
	}
	if c.cfg.Method == PESAnalytic {
		s.exact = make([]F, c.d*c.cfg.Workers)
	}
	if c.cfg.Shaping == CenteredRank {
		s.ranks.init(c.cfg.Workers)
	}
	s.cut(&c.shape)
	n := c.shape.buckets()
	s.first, s.scales, s.order = make([]int, n+1), make([]float64, n), make([]int, n)
}

// scored returns over how many steps there are losses since the last gradient.
func (c *crew[F]) scored() (steps int) {
	for lo := 0; lo < len(c.workers); lo += unroll.Lanes {
		hi := least(lo+unroll.Lanes, len(c.workers))
		if c.isShort(lo) {
			steps += (hi - lo) * c.cfg.Window
			continue
		}
		for i := lo; i < hi; i++ {
			steps += c.workers[i].steps
		}
	}
	return steps
}

// combine sums up what all workers found, in the workers' order, into grad, and
// forgets it. steps is what scored returns. It returns the mean loss, NaN if there was none.
func (c *crew[F]) combine(grad []F, steps int) (loss float64) {
	s := &c.gradient
	s.out = grad
	scale := c.shaped(steps)
	s.scale = F(2 * c.cfg.Sigma * scale)
	// Weights and streams are all there is to sums of one perturbation each.
	single := (c.cfg.Period == c.horizon || c.cfg.Method == TES) && s.exact == nil
	if c.shape.buckets() > 1 {
		loss = c.listBuckets(scale*float64(steps), single)
	} else {
		loss = c.list(scale, single)
	}
	c.pool.run(len(s.blocks), c.doBlock)
	if !single {
		for i := range c.workers {
			w := &c.workers[i]
			if n := len(w.terms); n > 0 && w.terms[n-1].episode == w.noise {
				w.kept = w.terms[n-1].last + 1
			}
			w.forget()
		}
	}
	c.unfind()
	s.out = nil
	c.count++
	return loss / float64(2*steps)
}

// list sets the weights and streams of the sum, in the workers' order, and returns the
// sum of the losses. What the workers found is forgotten where it is no longer needed.
func (c *crew[F]) list(scale float64, single bool) (loss float64) {
	s := &c.gradient
	weights, streams, sums := s.weights[:0], s.streams[:0], false
	for lo := 0; lo < len(c.workers); lo += unroll.Lanes {
		hi := least(lo+unroll.Lanes, len(c.workers))
		if c.isShort(lo) {
			minus := c.minus[lo:hi]
			for j, plus := range c.plus[lo:hi] {
				loss += plus + minus[j]
				weights = append(weights, F((plus-minus[j])*scale))
			}
			streams = append(streams, c.eps[lo:hi]...)
			continue
		}
		for i := lo; i < hi; i++ {
			w := &c.workers[i]
			loss += w.plus + w.minus
			for j := range w.terms {
				t := &w.terms[j]
				weights = append(weights, F(t.weight*scale))
				streams = append(streams, t.eps)
				sums = sums || t.last > 0
			}
			if single {
				w.forget()
			}
		}
	}
	s.weights, s.streams, s.sums = weights, streams, sums
	s.first[1] = len(weights)
	return loss
}

// listBuckets is list where there are buckets: their terms come one bucket after the
// other, in the workers' order. scale is for one step, of those of the bucket.
func (c *crew[F]) listBuckets(scale float64, single bool) (loss float64) {
	s := &c.gradient
	for b := range s.order {
		s.order[b], s.scales[b] = 0, 0
	}
	for i := range c.workers {
		w := &c.workers[i]
		loss += w.plus + w.minus
		for j := range w.terms {
			t := &w.terms[j]
			s.order[t.bucket]++
			s.scales[t.bucket] += float64(t.steps)
		}
	}
	n := 0
	for b, terms := range s.order {
		s.first[b], s.order[b] = n, n
		s.scales[b] = scale / s.scales[b]
		n += terms
	}
	s.first[len(s.order)] = n
	s.sums = false
	if n > cap(s.weights) { // an AskTell may be told more than a window of each worker
		s.weights, s.streams = make([]F, n), make([]noise.Stream, n)
	}
	s.weights, s.streams = s.weights[:n], s.streams[:n]
	for i := range c.workers {
		w := &c.workers[i]
		for j := range w.terms {
			t := &w.terms[j]
			k := s.order[t.bucket]
			s.order[t.bucket]++
			s.weights[k], s.streams[k] = F(t.weight*s.scales[t.bucket]), t.eps
			s.sums = s.sums || t.last > 0
		}
		if single {
			w.forget()
		}
	}
	return loss
}

// isShort reports whether what the workers from i on found, i a multiple of
// unroll.Lanes, is in the short form.
func (f *found) isShort(i int) bool {
	j := i / unroll.Lanes
	return j < len(f.short) && f.short[j]
}

// unfind drops what is in the short form.
func (f *found) unfind() {
	for i := range f.short {
		f.short[i] = false
	}
}

// forget drops what the worker found.
func (w *worker) forget() {
	w.terms = w.terms[:0]
	w.steps = 0
	w.plus = 0
	w.minus = 0
}

// shaped turns the weights of the terms, L⁺ − L⁻ or signs of it, into what the shaping says,
// and returns the factor that is left: 1/(2σ) over the number of steps.
func (c *crew[F]) shaped(steps int) (scale float64) {
	if steps == 0 {
		return 0
	}
	scale = 1 / (2 * c.cfg.Sigma * float64(steps))
	if c.cfg.LossScale == Sum {
		scale *= float64(c.cfg.Window)
	}
	switch c.cfg.Shaping {
	case Std:
		variance, unit := c.lossVariance(1), 1.0
		if variance-variance != 0 { // squares overflow
			unit = 0x1p-480
			variance = c.lossVariance(unit)
		}
		if variance > 0 {
			scale *= c.cfg.Sigma * unit / math.Sqrt(variance)
		}
	case Sign, CenteredRank: // of whole windows: weights don't grow with them
		scale = 1 / (2 * c.cfg.Sigma * float64(steps/c.cfg.Window))
		if c.cfg.Shaping == CenteredRank {
			c.gradient.ranks.shape(c.workers)
		}
	}
	return scale
}

// lossVariance returns the variance of the windows' mean losses times unit, a power of 2.
func (c *crew[F]) lossVariance(unit float64) (variance float64) {
	var n, mean float64
	each := func(f func(l float64)) {
		for i := range c.workers {
			if w := &c.workers[i]; w.steps > 0 {
				f(float64(w.plus / float64(w.steps) * unit))
				f(float64(w.minus / float64(w.steps) * unit))
			}
		}
	}
	each(func(l float64) { n++; mean += l })
	mean /= n
	each(func(l float64) { l -= mean; variance += float64(l * l) })
	return variance / n
}

// block sums up the terms for one block of parameters.
func (c *crew[F]) block(g, b int) {
	s := &c.gradient
	at := s.blocks[b]
	lo, hi := at.lo, at.hi
	out, off := s.out[lo:hi], uint64(lo)
	for i := range out {
		out[i] = 0
	}
	if s.exact != nil {
		for i := range c.workers {
			if c.workers[i].steps > 0 {
				vec.Axpy(out, s.scale, s.exact[c.d*i+lo:c.d*i+hi])
			}
		}
	}
	first, end := s.first[at.bucket], s.first[at.bucket+1]
	if !s.sums && s.kept == nil {
		weights, streams := s.weights[first:end], s.streams[first:end]
		if k := c.shape.parts[at.part]; k.low {
			c.shape.combineLow(out, weights, streams, k, (lo-k.lo)/k.Cols, c.low[g])
		} else if c.cfg.Noise == Signs {
			noise.CombineSigns(out, weights, streams, off)
		} else {
			noise.Combine(out, weights, streams, off)
		}
		return
	}
	k := first
	for i := range c.workers {
		w := &c.workers[i]
		// ξ of one term is that of the term before it and the periods between, if
		// both are of one episode.
		var xi []F
		var episode noise.Stream
		var have uint64
		if s.kept != nil {
			xi, episode, have = s.kept[c.d*i+lo:c.d*i+hi], w.keptEpisode(), w.kept
		} else {
			xi = s.xi[g][:len(out)]
		}
		for _, t := range w.terms {
			if t.bucket != at.bucket {
				continue
			}
			if t.episode != episode {
				episode, have = t.episode, 0
			}
			for ; have <= t.last; have++ {
				c.addNoise(xi, t.episode.Derive(have), off, have == 0)
			}
			vec.Axpy(out, s.weights[k], xi)
			k++
		}
	}
}

// keptEpisode returns the episode that the worker's kept ξ is of.
func (w *worker) keptEpisode() noise.Stream {
	if len(w.terms) > 0 {
		return w.terms[0].episode
	}
	return w.noise
}

// addNoise adds ε to xi, or sets xi to it.
func (c *crew[F]) addNoise(xi []F, eps noise.Stream, off uint64, first bool) {
	switch {
	case first:
		c.shape.fill(xi, eps, off)
	case c.cfg.Noise == Signs:
		noise.AxpySigns(xi, 1, eps, off)
	default:
		noise.Axpy(xi, 1, eps, off)
	}
}

// ranks sorts the losses of both signs of all workers.
type ranks struct{ order, other []ranked }

// A ranked is a loss, as a key that is in order if the losses are, and where it is from: 2i for
// θ+σε of worker i, 2i+1 for θ−σε.
type ranked struct {
	key uint64
	of  int
}

func (r *ranks) init(workers int) {
	r.order, r.other = make([]ranked, 0, 2*workers), make([]ranked, 2*workers)
}

func (r *ranks) add(loss float64, of int) {
	b := math.Float64bits(loss + 0) // one zero
	r.order = append(r.order, ranked{b ^ (uint64(int64(b)>>63) | 1<<63), of})
}

// sort goes through the keys byte by byte, which for 50,000 losses takes a fifth of the time of
// comparing them, and little for bytes that all have in common, as those of float32.
func (r *ranks) sort() {
	var counts [8][256]int
	for _, x := range r.order {
		for i := range counts {
			counts[i][byte(x.key>>(8*i))]++
		}
	}
	for i := range counts {
		if n := len(r.order); n == 0 || counts[i][byte(r.order[0].key>>(8*i))] == n {
			continue
		}
		sum := 0
		for b, n := range counts[i] {
			counts[i][b], sum = sum, sum+n
		}
		sorted := r.other[:len(r.order)]
		for _, x := range r.order {
			b := byte(x.key >> (8 * i))
			sorted[counts[i][b]] = x
			counts[i][b]++
		}
		r.order, r.other = sorted, r.order[:cap(r.order)]
	}
}

// shape sets the weight of each worker's one term to the difference of its centred
// ranks.
func (r *ranks) shape(workers []worker) {
	r.order = r.order[:0]
	for i := range workers {
		if w := &workers[i]; len(w.terms) > 0 {
			r.add(w.plus, 2*i)
			r.add(w.minus, 2*i+1)
			w.terms[0].weight = 0
		}
	}
	r.sort()
	last := float64(len(r.order) - 1)
	for lo := 0; lo < len(r.order); {
		hi := lo + 1
		for hi < len(r.order) && r.order[hi].key == r.order[lo].key {
			hi++
		}
		rank := float64(lo+hi-1)/2/last - 0.5
		for _, x := range r.order[lo:hi] {
			if x.of%2 == 0 {
				workers[x.of/2].terms[0].weight += rank
			} else {
				workers[x.of/2].terms[0].weight -= rank
			}
		}
		lo = hi
	}
}
