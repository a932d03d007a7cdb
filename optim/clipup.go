package optim

import (
	"fmt"
	"math"

	"github.com/noise-reuse/nres/internal/codec"
	"github.com/noise-reuse/nres/vec"
)

// ClipUp is the method of Toklu, Liskowski and Srivastava (PPSN 2020), made for
// gradients by evolution strategies, whose length says little:
//
//	v = Momentum*v + LR*grad/‖grad‖
//	v *= MaxSpeed/‖v‖ if that is below 1
//	theta -= v
//
// A gradient of 0 only slows v down; one that isn't finite makes theta NaN. The fields
// may be changed between steps.
type ClipUp[F vec.Float] struct {
	LR       F // how far a step takes theta without momentum
	Momentum F
	MaxSpeed F // ‖v‖ is at most this

	v []F
}

// NewClipUp returns a ClipUp of a maximum speed, with the LR of half of that and the
// momentum of 0.9 that the paper recommends.
func NewClipUp[F vec.Float](maxSpeed F) *ClipUp[F] {
	return &ClipUp[F]{LR: maxSpeed / 2, Momentum: 0.9, MaxSpeed: maxSpeed}
}

// Step makes one update; it panics as [Optimizer] says.
func (o *ClipUp[F]) Step(theta, grad []F) {
	check(theta, grad)
	o.v = moment(o.v, len(grad))
	vec.Scale(o.v, o.Momentum, o.v)
	if a := F(float64(o.LR) / norm(grad)); !math.IsInf(float64(a), 0) {
		vec.Axpy(o.v, a, grad)
	}
	if n := norm(o.v); n > float64(o.MaxSpeed) {
		vec.Scale(o.v, F(float64(o.MaxSpeed)/n), o.v)
	}
	vec.Axpy(theta, -1, o.v)
}

// norm returns ‖x‖, also where squares overflow or vanish: those of x/max|x| don't.
func norm[F vec.Float](x []F) float64 {
	if sum := float64(vec.SumSq(x)); sum > 1e-30 && sum <= math.MaxFloat32 {
		return math.Sqrt(sum)
	}
	var most, sum float64
	for _, v := range x {
		most = math.Max(most, math.Abs(float64(v))) // NaN if one is
	}
	if most == 0 {
		return 0
	}
	for _, v := range x {
		v := float64(v) / most
		sum += float64(v * v)
	}
	return most * math.Sqrt(sum)
}

// MarshalBinary returns fields and moments. The error is nil.
func (o *ClipUp[F]) MarshalBinary() ([]byte, error) {
	var w codec.Writer
	w.String(fmt.Sprintf("%T", o))
	codec.Floats(&w, []F{o.LR, o.Momentum, o.MaxSpeed})
	codec.Floats(&w, o.v)
	return w.Sum(), nil
}

// UnmarshalBinary restores them. If data is damaged, or of another type of optimizer or
// element, it returns an error, and o is as it was.
func (o *ClipUp[F]) UnmarshalBinary(data []byte) error {
	r := read(fmt.Sprintf("%T", o), data)
	fields, v := codec.ReadFloats[F](r), codec.ReadFloats[F](r)
	if err := end(r, len(fields) == 3); err != nil {
		return err
	}
	*o = ClipUp[F]{LR: fields[0], Momentum: fields[1], MaxSpeed: fields[2], v: v}
	return nil
}
