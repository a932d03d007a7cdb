package tasks

import (
	"fmt"
	"math"

	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/vec"
	"github.com/noise-reuse/nres/vec/scalar"
)

// Toy is the training of two numbers by gradient descent from (1, 1) on
//
//	f(x, y) = √(x² + 5) − √5 + sin²(y)·exp(−5x²) + ¼|y − 100|
//
// (Vicol et al., ICML 2021), which oscillates along y where x is near 0. θ holds the
// logarithms of the learning rate at the beginning and at the end, between which it
// goes linearly:
//
//	e^θ_0·(1 − (t−1)/T) + e^θ_1·(t−1)/T
//
// The state is (x, y), the loss f after the step.
type Toy[F vec.Float] struct {
	horizon int
}

// ToyHorizon is the published T. Published runs have windows of 10 steps, N = 100 (50
// pairs), σ = 0.3, and Adam with β1 = 0.99 and a learning rate of 1e-2 for 20,000
// iterations.
const ToyHorizon = 100

// ToyStart is the θ that published runs start from.
var ToyStart = [2]float64{-4, -4}

// NewToy returns the problem with the given horizon, at least 1.
func NewToy[F vec.Float](horizon int) (*Toy[F], error) {
	if horizon < 1 {
		return nil, fmt.Errorf("tasks: the horizon is %d; Toy needs at least one step", horizon)
	}
	return &Toy[F]{horizon}, nil
}

// ParamLen returns 2.
func (o *Toy[F]) ParamLen() int { return 2 }

// StateLen returns 2.
func (o *Toy[F]) StateLen() int { return 2 }

// Horizon returns T.
func (o *Toy[F]) Horizon() int { return o.horizon }

// Init sets s to (1, 1).
func (o *Toy[F]) Init(s []F, _ noise.Stream) { s[0], s[1] = 1, 1 }

// Step makes one step of gradient descent and returns f.
func (o *Toy[F]) Step(s, theta []F, t int, _ noise.Stream) F {
	first, last := o.rates(theta, t)
	_, dx, dy := toyLoss(s[0], s[1])
	s[0] -= F((first + last) * dx)
	s[1] -= F((first + last) * dy)
	f, _, _ := toyLoss(s[0], s[1])
	return f
}

// rates returns the parts of the learning rate that the elements of theta make. They are
// their own derivatives, too.
func (o *Toy[F]) rates(theta []F, t int) (first, last F) {
	part := F(t-1) / F(o.horizon)
	return F(scalar.Exp(theta[0]) * (1 - part)), F(scalar.Exp(theta[1]) * part)
}

// JVP is the derivative of a step, as [unroll.Differentiable] has it.
func (o *Toy[F]) JVP(ds, dtheta, s, theta []F, t int, _ noise.Stream) (dloss F) {
	first, last := o.rates(theta, t)
	rate, drate := first+last, F(first*dtheta[0])+F(last*dtheta[1])
	_, dx, dy := toyLoss(s[0], s[1])
	_, x, y := toyLoss(s[0]-F(rate*dx), s[1]-F(rate*dy))
	hx, hy := toyHessian(s[0], s[1], ds[0], ds[1])
	ds[0] -= F(rate*hx) + F(drate*dx)
	ds[1] -= F(rate*hy) + F(drate*dy)
	return F(x*ds[0]) + F(y*ds[1])
}

// VJP is the gradient of a step, as [unroll.Differentiable] has it.
func (o *Toy[F]) VJP(ds, dtheta, s, theta []F, dloss F, t int, _ noise.Stream) {
	first, last := o.rates(theta, t)
	rate := first + last
	_, dx, dy := toyLoss(s[0], s[1])
	_, x, y := toyLoss(s[0]-F(rate*dx), s[1]-F(rate*dy))
	ds[0] += F(dloss * x)
	ds[1] += F(dloss * y)
	along := F(ds[0]*dx) + F(ds[1]*dy)
	dtheta[0] -= F(first * along)
	dtheta[1] -= F(last * along)
	hx, hy := toyHessian(s[0], s[1], ds[0], ds[1])
	ds[0] -= F(rate * hx)
	ds[1] -= F(rate * hy)
}

// toyLoss returns f and its derivatives.
func toyLoss[F vec.Float](x, y F) (f, dx, dy F) {
	root := F(math.Sqrt(float64(F(x*x) + 5)))
	sin, cos := scalar.Sin(y), scalar.Cos(y)
	bell := scalar.Exp(F(-5 * F(x*x)))
	wave := F(F(sin*sin) * bell)
	slope := F(0.25)
	if y < 100 {
		slope = -slope
	}
	f = root - F(math.Sqrt(5)) + wave + F(slope*(y-100))
	dx = x/root - F(10*F(x*wave))
	dy = F(2*F(F(sin*cos)*bell)) + slope
	return f, dx, dy
}

// toyHessian returns the product of f's second derivatives at (x, y) and (dx, dy).
func toyHessian[F vec.Float](x, y, dx, dy F) (hx, hy F) {
	root := F(math.Sqrt(float64(F(x*x) + 5)))
	sin, cos := scalar.Sin(y), scalar.Cos(y)
	bell := scalar.Exp(F(-5 * F(x*x)))
	wave := F(F(sin*sin) * bell)
	xx := 5/F(F(root*root)*root) + F(10*F(wave*(F(10*F(x*x))-1)))
	xy := -F(20 * F(F(x*bell)*F(sin*cos)))
	yy := F(2 * F(bell*(F(cos*cos)-F(sin*sin))))
	return F(xx*dx) + F(xy*dy), F(xy*dx) + F(yy*dy)
}
