package optim

import (
	"encoding"
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/noise-reuse/nres/internal/alias"
	"github.com/noise-reuse/nres/internal/codec"
	"github.com/noise-reuse/nres/vec"
)

const (
	badLength  = "optim: slice lengths do not match"
	badOverlap = "optim: theta and grad overlap"
)

func check[F vec.Float](theta, grad []F) {
	if len(theta) != len(grad) {
		panic(badLength)
	}
	if alias.Overlap(theta, grad) {
		panic(badOverlap)
	}
}

// An Optimizer changes theta in place, downhill along grad, which it neither changes nor
// keeps. Step panics if theta and grad overlap, or their lengths do not match each other or,
// where there are moments, those of earlier calls. It allocates at most in the
// first call. It is not safe for concurrent use.
//
// MarshalBinary returns fields and moments; an optimizer of the same type goes on
// with the same bits after UnmarshalBinary, on any architecture. The fields are then
// those of the state, the learning rate among them; set what is to differ afterwards.
type Optimizer[F vec.Float] interface {
	Step(theta, grad []F)
	encoding.BinaryMarshaler
	encoding.BinaryUnmarshaler
}

// Piecewise returns the factor of a piecewise constant schedule for the learning
// rate at an iteration: the product of the factors of all boundaries that are not
// above it. Boundaries and factors go by pairs; it panics if their numbers differ.
//
//	sgd.LR = 1e-5 * float32(optim.Piecewise(i, []int{1000}, []float64{0.1}))
func Piecewise(iteration int, boundaries []int, factors []float64) float64 {
	if len(boundaries) != len(factors) {
		panic(badLength)
	}
	f := 1.0
	for i, b := range boundaries {
		if iteration >= b {
			f *= factors[i]
		}
	}
	return f
}

// AddL2 adds the gradient of ½λ‖θ‖², lambda times theta, to grad. It panics if the lengths
// do not match or the slices overlap inexactly.
func AddL2[F vec.Float](grad []F, lambda F, theta []F) { vec.Axpy(grad, lambda, theta) }

// SGD is stochastic gradient descent, with heavy-ball momentum (Polyak, 1964) if
// Momentum is not zero:
//
//	v = Momentum*v + grad
//	theta -= LR*v
//
// The fields may be changed between steps.
type SGD[F vec.Float] struct {
	LR       F
	Momentum F

	v []F
}

// Step makes one update; it panics as [Optimizer] says.
func (o *SGD[F]) Step(theta, grad []F) {
	check(theta, grad)
	if o.Momentum != 0 {
		o.v = moment(o.v, len(grad))
		for i, g := range grad {
			o.v[i] = F(o.Momentum*o.v[i]) + g
		}
		grad = o.v
	}
	vec.Axpy(theta, -o.LR, grad)
}

// MarshalBinary returns fields and moments. The error is nil.
func (o *SGD[F]) MarshalBinary() ([]byte, error) {
	var w codec.Writer
	w.String(fmt.Sprintf("%T", o))
	codec.Floats(&w, []F{o.LR, o.Momentum})
	codec.Floats(&w, o.v)
	return w.Sum(), nil
}

// UnmarshalBinary restores them. If data is damaged, or of another type of optimizer or
// element, it returns an error, and o is as it was.
func (o *SGD[F]) UnmarshalBinary(data []byte) error {
	r := read(fmt.Sprintf("%T", o), data)
	fields, v := codec.ReadFloats[F](r), codec.ReadFloats[F](r)
	if err := end(r, len(fields) == 2); err != nil {
		return err
	}
	*o = SGD[F]{LR: fields[0], Momentum: fields[1], v: v}
	return nil
}

// read returns a Reader of a state, past the name of the optimizer's type, which is kind.
func read(kind string, data []byte) *codec.Reader {
	r := codec.Checked(data)
	switch got := r.String(); {
	case r.Err != nil || got == kind:
	case strings.HasPrefix(got, "*optim."):
		r.Err = fmt.Errorf("it is of %s, not of %s", got, kind)
	default:
		r.Err = errors.New("it is not the state of an optimizer")
	}
	return &r
}

// end returns the Reader's error, or one of its own if the lengths that were read don't fit.
func end(r *codec.Reader, fits bool) error {
	err := r.End()
	if err == nil && !fits {
		err = errors.New("it has another number of fields")
	}
	if err != nil {
		return fmt.Errorf("optim: this state does not fit: %w", err)
	}
	return nil
}

// Adam is the method of Kingma and Ba (ICLR 2015), algorithm 1:
//
//	m = β1*m + (1−β1)*grad
//	v = β2*v + (1−β2)*grad²
//	theta -= LR * m̂ / (√(v̂ + EpsRoot) + Eps)
//
// with the bias-corrected m̂ = m/(1−β1^t), v̂ = v/(1−β2^t). EpsRoot is 0 in the
// paper; the code published with NRES uses 1e-8. The betas are from 0 to below 1. With Eps and
// EpsRoot both 0, as in &Adam[F]{LR: 1}, a parameter whose gradients have all been 0
// becomes NaN: see [NewAdam]. The fields may be changed between steps.
type Adam[F vec.Float] struct {
	LR           F
	Beta1, Beta2 float64
	Eps, EpsRoot F

	m, v   []F
	b1, b2 float64 // β1^t, β2^t
}

// NewAdam returns an Adam with the usual β1 = 0.9, β2 = 0.999, Eps = 1e-8.
func NewAdam[F vec.Float](lr F) *Adam[F] {
	return &Adam[F]{LR: lr, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8}
}

// Step makes one update; it panics as [Optimizer] says.
func (o *Adam[F]) Step(theta, grad []F) {
	check(theta, grad)
	if o.m == nil {
		o.b1, o.b2 = 1, 1
	}
	o.m, o.v = moment(o.m, len(grad)), moment(o.v, len(grad))
	o.b1 = float64(o.b1 * o.Beta1)
	o.b2 = float64(o.b2 * o.Beta2)
	beta1, beta2 := F(o.Beta1), F(o.Beta2)
	rest1, rest2 := F(1-o.Beta1), F(1-o.Beta2)
	mHat, vHat := F(1/(1-o.b1)), F(1/(1-o.b2))
	for i, g := range grad {
		m := F(beta1*o.m[i]) + F(rest1*g)
		v := F(beta2*o.v[i]) + F(rest2*F(g*g))
		o.m[i], o.v[i] = m, v
		root := F(math.Sqrt(float64(F(v*vHat) + o.EpsRoot)))
		theta[i] -= F(o.LR * (F(m*mHat) / (root + o.Eps)))
	}
}

// MarshalBinary returns fields and moments. The error is nil.
func (o *Adam[F]) MarshalBinary() ([]byte, error) {
	var w codec.Writer
	w.String(fmt.Sprintf("%T", o))
	codec.Floats(&w, []F{o.LR, o.Eps, o.EpsRoot})
	codec.Floats(&w, []float64{o.Beta1, o.Beta2, o.b1, o.b2})
	codec.Floats(&w, o.m)
	codec.Floats(&w, o.v)
	return w.Sum(), nil
}

// UnmarshalBinary restores them. If data is damaged, or of another type of optimizer or
// element, it returns an error, and o is as it was.
func (o *Adam[F]) UnmarshalBinary(data []byte) error {
	r := read(fmt.Sprintf("%T", o), data)
	fields, betas := codec.ReadFloats[F](r), codec.ReadFloats[float64](r)
	m, v := codec.ReadFloats[F](r), codec.ReadFloats[F](r)
	if err := end(r, len(fields) == 3 && len(betas) == 4 && len(m) == len(v)); err != nil {
		return err
	}
	if len(m) == 0 {
		m, v = nil, nil // before the first step
	}
	*o = Adam[F]{
		LR: fields[0], Eps: fields[1], EpsRoot: fields[2],
		Beta1: betas[0], Beta2: betas[1], b1: betas[2], b2: betas[3], m: m, v: v,
	}
	return nil
}

// moment returns v, or zeros of length n if it is nil.
func moment[F vec.Float](v []F, n int) []F {
	if len(v) == 0 {
		return make([]F, n)
	}
	if len(v) != n {
		panic(badLength)
	}
	return v
}
