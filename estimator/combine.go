package estimator

import (
	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/vec"
)

// blockLen is how many parameters one call of block sums up: enough to make calls
// cheap, few enough for the first-level cache.
const blockLen = 4096

// combine sums up the terms of all workers, in the workers' order, into e.grad and
// returns the mean loss.
func (e *engine[F]) combine() (loss float64) {
	cfg := &e.cfg
	steps := float64(cfg.Workers) * float64(cfg.Window)
	scale := 1 / (2 * cfg.Sigma * steps)
	e.weights, e.streams = e.weights[:0], e.streams[:0]
	e.sums = false
	for i := range e.workers {
		w := &e.workers[i]
		loss += w.loss
		for j := range e.terms[i*e.maxTerms:][:w.terms] {
			t := &e.terms[i*e.maxTerms+j]
			e.weights = append(e.weights, F(t.weight*scale))
			e.streams = append(e.streams, t.eps)
			e.sums = e.sums || t.last > 0
		}
	}
	e.pool.run((len(e.grad)+blockLen-1)/blockLen, e.doBlock)
	return loss / (2 * steps)
}

// block sums up the terms for one block of parameters.
func (e *engine[F]) block(g, b int) {
	lo, hi := b*blockLen, (b+1)*blockLen
	if hi > len(e.grad) {
		hi = len(e.grad)
	}
	grad, off := e.grad[lo:hi], uint64(lo)
	for i := range grad {
		grad[i] = 0
	}
	if !e.sums {
		noise.Combine(grad, e.weights, e.streams, off)
		return
	}
	xi := e.scratch[g].plus[:len(grad)]
	k := 0
	for i := range e.workers {
		for _, t := range e.terms[i*e.maxTerms:][:e.workers[i].terms] {
			noise.Fill(xi, t.episode.Derive(0), off)
			for p := uint64(1); p <= t.last; p++ {
				noise.Axpy(xi, 1, t.episode.Derive(p), off)
			}
			vec.Axpy(grad, e.weights[k], xi)
			k++
		}
	}
}
