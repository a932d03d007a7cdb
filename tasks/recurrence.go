package tasks

import (
	"fmt"

	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/unroll"
	"github.com/noise-reuse/nres/vec"
)

// Recurrence is a linear recurrence of any shape,
//
//	s_t = A·s_{t−1} + B·θ,
//
// with the loss ½(s_t[0] − goal)². [Influence] is one. Zeros in A and B cost nothing.
type Recurrence[F vec.Float] struct {
	n, d, horizon int
	rows          [][]product[F] // what the elements of s_t are sums of
	start         []F
	goal          []F // a row of it
}

// A product is an element of A or B and what it belongs to: an element of s or, from n
// on, of θ.
type product[F vec.Float] struct {
	c  F
	of int
}

// NewRecurrence returns the problem with A of n×n and B of n×d numbers, row by row,
// where n is the length of start, which is s_0. All must be finite.
func NewRecurrence[F vec.Float](a, b, start []F, goal F, horizon int) (*Recurrence[F], error) {
	n := len(start)
	switch {
	case n < 1:
		return nil, fmt.Errorf("tasks: start is empty; Recurrence needs at least one element")
	case horizon < 1:
		return nil, fmt.Errorf("tasks: the horizon is %d; Recurrence needs at least one step", horizon)
	case len(a) != n*n:
		return nil, fmt.Errorf("tasks: A has %d elements; with %d in start it needs %d", len(a), n, n*n)
	case len(b) < n || len(b)%n != 0:
		return nil, fmt.Errorf("tasks: B has %d elements; with %d in start it needs %d for each parameter", len(b), n, n)
	}
	for _, x := range []struct {
		what string
		v    []F
	}{{"A", a}, {"B", b}, {"start", start}, {"goal", []F{goal}}} {
		for i, v := range x.v {
			if v-v != 0 {
				return nil, fmt.Errorf("tasks: element %d of %s is %v; it must be finite", i, x.what, v)
			}
		}
	}
	r := &Recurrence[F]{
		n: n, d: len(b) / n, horizon: horizon,
		rows: make([][]product[F], n), start: append([]F(nil), start...), goal: make([]F, unroll.MaxLanes),
	}
	for j := range r.goal {
		r.goal[j] = goal
	}
	for i := range r.rows {
		for k, c := range append(append([]F(nil), a[i*n:(i+1)*n]...), b[i*r.d:(i+1)*r.d]...) {
			if c != 0 {
				r.rows[i] = append(r.rows[i], product[F]{c, k})
			}
		}
	}
	return r, nil
}

// ParamLen returns d.
func (r *Recurrence[F]) ParamLen() int { return r.d }

// StateLen returns 2n: s_t, and room to make it in.
func (r *Recurrence[F]) StateLen() int { return 2 * r.n }

// Horizon returns T.
func (r *Recurrence[F]) Horizon() int { return r.horizon }

// Init sets s to s_0.
func (r *Recurrence[F]) Init(s []F, _ noise.Stream) {
	copy(s, r.start)
	copy(s[r.n:], r.start)
}

// Step makes one step and returns ½(s[0] − goal)². Sums are from left to right, without
// zeros.
func (r *Recurrence[F]) Step(s, theta []F, _ int, _ noise.Stream) F {
	next := s[r.n:]
	for i, row := range r.rows {
		var sum F
		for k, p := range row {
			x := s
			if p.of >= r.n {
				x = theta[p.of-r.n:]
				p.of = 0
			}
			if v := F(p.c * x[p.of]); k == 0 {
				sum = v
			} else {
				sum += v
			}
		}
		next[i] = sum
	}
	copy(s, next)
	e := s[0] - r.goal[0]
	return F(0.5 * e * e)
}

// WindowLanes makes steps of every lane, a row of the state at a time.
func (r *Recurrence[F]) WindowLanes(s, theta []F, _ []int, steps int, _ []noise.Stream, sum []F) {
	var rows [2][unroll.MaxLanes]F
	w := len(sum)
	e, halfE, goal := rows[0][:w], rows[1][:w], r.goal[:w]
	s, next := s[:r.n*w], s[r.n*w:]
	for ; steps > 0; steps-- {
		for i, row := range r.rows {
			y := next[i*w : (i+1)*w]
			if len(row) == 0 {
				for j := range y {
					y[j] = 0
				}
			}
			for k, p := range row {
				x, at := s, p.of
				if at >= r.n {
					x, at = theta, at-r.n
				}
				if x = x[at*w : (at+1)*w]; k == 0 {
					vec.Scale(y, p.c, x)
				} else {
					vec.Axpy(y, p.c, x)
				}
			}
		}
		copy(s, next)
		vec.Sub(e, s[:w], goal)
		vec.Scale(halfE, 0.5, e)
		vec.MulAdd(sum, halfE, e, sum)
	}
}

var _ unroll.Laner[float32] = (*Recurrence[float32])(nil)
