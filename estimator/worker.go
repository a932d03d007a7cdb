package estimator

import (
	"math/bits"

	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/unroll"
)

// start brings worker i to its phase.
func (e *engine[F]) start(g, i int) {
	e.begin(i)
	e.advance(g, i, e.phase(i), false)
}

// window makes a window of worker i, and its terms and loss.
func (e *engine[F]) window(g, i int) {
	e.advance(g, i, e.cfg.Window, true)
}

// phase returns where in its episode worker i starts. All starting points are
// multiples of gcd(W, T), which divides T and is W where W does.
func (e *engine[F]) phase(i int) int {
	w, horizon := e.cfg.Window, e.horizon
	unit := gcd(w, horizon)
	draw := func(id uint64) int {
		word := e.seed.Derive(idPhase, id)
		n, _ := bits.Mul64(word.Key, uint64(horizon/unit))
		return int(n) * unit
	}
	switch e.cfg.Phase {
	case Stratified:
		// i·W mod T first: i·W alone may overflow.
		hi, lo := bits.Mul64(uint64(i), uint64(w))
		return (draw(0) + int(bits.Rem64(hi, lo, uint64(horizon)))) % horizon
	case Random:
		return draw(uint64(i))
	}
	return 0
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// pair returns the states of worker i.
func (e *engine[F]) pair(i int) (plus, minus []F) {
	n := e.stateLen
	s := e.states[2*n*i : 2*n*(i+1)]
	return s[:n:n], s[n:]
}

// begin sets worker i to the start of its episode.
func (e *engine[F]) begin(i int) {
	w := &e.workers[i]
	w.tau = 0
	w.noise = e.seed.Derive(idNoise, uint64(i), w.episode)
	w.env = e.seed.Derive(idEnv, uint64(i), w.episode)
	plus, minus := e.pair(i)
	e.sys.Init(plus, w.env)
	copy(minus, plus)
}

// advance makes n steps of worker i under both signs, across the ends of noise
// periods and episodes, on scratch g. With record, it keeps the terms and the loss.
func (e *engine[F]) advance(g, i, n int, record bool) {
	w, buf := &e.workers[i], &e.scratch[g]
	sPlus, sMinus := e.pair(i)
	w.terms, w.loss = 0, 0
	for n > 0 {
		// A stretch under one perturbation, inside one episode.
		period := w.tau / e.cfg.Period
		if w.tau%e.cfg.Period == 0 {
			w.eps = w.noise.Derive(uint64(period))
		}
		m := least(n, e.horizon-w.tau, (period+1)*e.cfg.Period-w.tau)
		noise.PerturbPair(buf.plus, buf.minus, e.theta, F(e.cfg.Sigma), w.eps, 0)
		plus := unroll.Window(e.sys, sPlus, buf.plus, w.tau, m, w.env)
		minus := unroll.Window(e.sys, sMinus, buf.minus, w.tau, m, w.env)
		if s := plus + minus; s-s != 0 {
			w.err = &NonFiniteError{e.count, i, w.tau + 1, w.tau + m, plus, minus}
			return
		}
		if record {
			e.terms[i*e.maxTerms+w.terms] = term{plus - minus, w.noise, w.eps, uint64(period)}
			w.terms++
			w.loss += plus + minus
		}
		w.tau += m
		n -= m
		if w.tau == e.horizon {
			w.episode++
			e.begin(i)
		}
	}
}

func least(a, b, c int) int {
	if b < a {
		a = b
	}
	if c < a {
		a = c
	}
	return a
}
