package unroll

import (
	"github.com/noise-reuse/nres/internal/null"
	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/vec"
)

// Telescope returns a system that moves like sys and whose loss at step t is
// L_t − L_{t−1}, with L_0 = 0. The losses of an episode then sum up to the last one,
// so that online estimators, which see windows of it, minimise L_T and not the mean
// (Vicol, ES-Single, 2023): T times the gradient of the mean loss is that of L_T.
//
// With more than one perturbation an episode there are two unbiased ways to weigh
// these losses: see estimator.Config.Telescoping.
//
// The state has one element more than that of sys, the last loss. It steps one by one:
// Window and WindowLanes of sys are not used. It panics if sys is nil, or a nil pointer.
func Telescope[F vec.Float](sys System[F]) System[F] {
	if null.Name(sys) != "" {
		panic("unroll: there is no system to telescope")
	}
	return telescope[F]{sys}
}

type telescope[F vec.Float] struct{ sys System[F] }

func (t telescope[F]) ParamLen() int { return t.sys.ParamLen() }
func (t telescope[F]) StateLen() int { return t.sys.StateLen() + 1 }
func (t telescope[F]) Horizon() int  { return t.sys.Horizon() }

func (t telescope[F]) Init(s []F, env noise.Stream) {
	last := len(s) - 1
	t.sys.Init(s[:last:last], env)
	s[last] = 0
}

func (t telescope[F]) Step(s, theta []F, step int, env noise.Stream) F {
	last := len(s) - 1
	loss := t.sys.Step(s[:last:last], theta, step, env)
	d := loss - s[last]
	s[last] = loss
	return d
}
