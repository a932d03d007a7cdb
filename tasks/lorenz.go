package tasks

import (
	"fmt"
	"math"

	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/unroll"
	"github.com/noise-reuse/nres/vec"
	"github.com/noise-reuse/nres/vec/scalar"
)

// Lorenz is the problem of learning the parameters of the Lorenz system from its
// z coordinate (Li et al., NeurIPS 2023, §5.1): θ = (ln r, ln a), the state is
// (x, y, z) from (1.2, 1.3, 1.6), and a step of forward Euler with dt = 0.005 is
//
//	x += a(y − x)·dt;  y += [x(r − z) − y]·dt;  z += [xy − 8/3·z]·dt
//
// all from the old x, y and z, with the loss (z − z_observed)². The horizon is the number
// of observations, one after each step.
type Lorenz[F vec.Float] struct {
	z []F
}

// The parameters that made the paper's observations, (ln 28, ln 10), and those
// that its runs start from.
var (
	LorenzTruth = [2]float64{3.3322045101752038, 2.302585092994046}
	LorenzStart = [2]float64{3.7, 3.116}
)

// LorenzHorizon is the paper's T.
const LorenzHorizon = 2000

// NewLorenz returns the problem with z[t-1] observed after step t. It keeps z.
// There must be at least one observation, and all must be finite.
func NewLorenz[F vec.Float](z []F) (*Lorenz[F], error) {
	if len(z) == 0 {
		return nil, fmt.Errorf("tasks: the series is empty; Lorenz needs at least one observation")
	}
	for i, v := range z {
		if v-v != 0 {
			return nil, fmt.Errorf("tasks: observation %d is %v; observations must be finite", i, v)
		}
	}
	return &Lorenz[F]{z}, nil
}

// SimulateLorenz returns z after each of n steps under theta = (ln r, ln a).
func SimulateLorenz[F vec.Float](theta [2]float64, n int) []F {
	z := make([]F, n)
	l := &Lorenz[F]{z}
	s := make([]F, l.StateLen())
	l.Init(s, noise.Stream{})
	th := []F{F(theta[0]), F(theta[1])}
	for t := 1; t <= n; t++ {
		l.Step(s, th, t, noise.Stream{})
		z[t-1] = s[2]
	}
	return z
}

// ParamLen returns 2: ln r and ln a.
func (l *Lorenz[F]) ParamLen() int { return 2 }

// StateLen returns 3: x, y and z.
func (l *Lorenz[F]) StateLen() int { return 3 }

// Horizon returns the number of observations.
func (l *Lorenz[F]) Horizon() int { return len(l.z) }

// Init sets s to the fixed start of every episode.
func (l *Lorenz[F]) Init(s []F, _ noise.Stream) { s[0], s[1], s[2] = 1.2, 1.3, 1.6 }

// Step makes one Euler step and returns the squared error of z.
func (l *Lorenz[F]) Step(s, theta []F, t int, env noise.Stream) F {
	return l.Window(s, theta, t-1, 1, env)
}

// Constants of a step. With xdt = x·dt taken out, y and z need two products each.
const (
	lorenzDt     = 0.005
	lorenzYDecay = 1 - lorenzDt
	lorenzZDecay = 1 - lorenzDt*8.0/3
)

// Window makes n Euler steps and returns the sum of the squared errors.
func (l *Lorenz[F]) Window(s, theta []F, t0, n int, _ noise.Stream) (sum F) {
	r := scalar.Exp(theta[0])
	adt := F(scalar.Exp(theta[1]) * lorenzDt)
	x, y, z := s[0], s[1], s[2]
	for _, observed := range l.z[t0 : t0+n] {
		xdt := F(x * lorenzDt)
		nextX := x + F(adt*(y-x))
		nextY := F(y*lorenzYDecay) + F(xdt*(r-z))
		z = F(z*lorenzZDecay) + F(xdt*y)
		x, y = nextX, nextY
		e := z - observed
		sum += F(e * e)
	}
	s[0], s[1], s[2] = x, y, z
	return sum
}

// JVP is the derivative of a step, as [unroll.Differentiable] has it.
func (l *Lorenz[F]) JVP(ds, dtheta, s, theta []F, t int, _ noise.Stream) (dloss F) {
	r, adt := scalar.Exp(theta[0]), F(scalar.Exp(theta[1])*lorenzDt)
	dr, dadt := F(r*dtheta[0]), F(adt*dtheta[1])
	x, y, z := s[0], s[1], s[2]
	dx, dy, dz := ds[0], ds[1], ds[2]
	xdt, dxdt := F(x*lorenzDt), F(dx*lorenzDt)
	ds[0] = dx + F(adt*(dy-dx)) + F(dadt*(y-x))
	ds[1] = F(dy*lorenzYDecay) + F(dxdt*(r-z)) + F(xdt*(dr-dz))
	ds[2] = F(dz*lorenzZDecay) + F(dxdt*y) + F(xdt*dy)
	return 2 * l.residual(xdt, y, z, t) * ds[2]
}

// VJP is the gradient of a step, as [unroll.Differentiable] has it.
func (l *Lorenz[F]) VJP(ds, dtheta, s, theta []F, dloss F, t int, _ noise.Stream) {
	r, adt := scalar.Exp(theta[0]), F(scalar.Exp(theta[1])*lorenzDt)
	x, y, z := s[0], s[1], s[2]
	xdt := F(x * lorenzDt)
	ax, ay, az := ds[0], ds[1], ds[2]+F(2*dloss*l.residual(xdt, y, z, t))
	ds[0] = F(ax*(1-adt)) + F(lorenzDt*(F(ay*(r-z))+F(az*y)))
	ds[1] = F(ax*adt) + F(ay*lorenzYDecay) + F(az*xdt)
	ds[2] = F(az*lorenzZDecay) - F(ay*xdt)
	dtheta[0] += F(ay * xdt * r)
	dtheta[1] += F(ax * adt * (y - x))
}

// residual returns z − z_observed after step t from x = xdt/dt, y and z.
func (l *Lorenz[F]) residual(xdt, y, z F, t int) F {
	return F(z*lorenzZDecay) + F(xdt*y) - l.z[t-1]
}

// WindowLanes makes n Euler steps of every lane.
func (l *Lorenz[F]) WindowLanes(s, theta []F, t0 []int, n int, _ []noise.Stream, sum []F) {
	// The kernels don't check.
	if len(s) != 3*len(sum) || len(theta) != 2*len(sum) || len(sum)%len(t0) != 0 || len(t0)%unroll.Lanes != 0 || n < 1 {
		panic("tasks: these aren't lanes")
	}
	for _, t := range t0 {
		_ = l.z[t : t+n]
	}
	if !l.windowKernel(s, theta, t0, n, sum) {
		l.windowLanesGeneric(s, theta, t0, n, sum)
	}
}

// windowLanesGeneric runs two lanes at a time, as each waits for its own results.
func (l *Lorenz[F]) windowLanesGeneric(s, theta []F, t0 []int, n int, sum []F) {
	w := len(sum)
	lnR, lnA := theta[:w], theta[w:]
	sx, sy, sz := s[:w], s[w:2*w], s[2*w:]
	for j := 0; j < w; j += 2 {
		k := j + 1
		at, at2 := t0[j%len(t0)], t0[k%len(t0)]
		zs, zs2 := l.z[at:at+n], l.z[at2:at2+n]
		r, r2 := scalar.Exp(lnR[j]), scalar.Exp(lnR[k])
		adt, adt2 := F(scalar.Exp(lnA[j])*lorenzDt), F(scalar.Exp(lnA[k])*lorenzDt)
		x, y, z, total := sx[j], sy[j], sz[j], sum[j]
		x2, y2, z2, total2 := sx[k], sy[k], sz[k], sum[k]
		for i, observed := range zs {
			xdt, xdt2 := F(x*lorenzDt), F(x2*lorenzDt)
			nextX, nextX2 := x+F(adt*(y-x)), x2+F(adt2*(y2-x2))
			nextY, nextY2 := F(y*lorenzYDecay)+F(xdt*(r-z)), F(y2*lorenzYDecay)+F(xdt2*(r2-z2))
			z, z2 = F(z*lorenzZDecay)+F(xdt*y), F(z2*lorenzZDecay)+F(xdt2*y2)
			x, y, x2, y2 = nextX, nextY, nextX2, nextY2
			e, e2 := z-observed, z2-zs2[i]
			total += F(e * e)
			total2 += F(e2 * e2)
		}
		sx[j], sy[j], sz[j], sum[j] = x, y, z, total
		sx[k], sy[k], sz[k], sum[k] = x2, y2, z2, total2
	}
}

var (
	_ unroll.Windower[float32]       = (*Lorenz[float32])(nil)
	_ unroll.Laner[float32]          = (*Lorenz[float32])(nil)
	_ unroll.Differentiable[float32] = (*Lorenz[float32])(nil)
)

func lorenzTask() Task {
	return Task{
		Name:    "lorenz",
		Summary: "the Lorenz system's r and a from its z coordinate (NRES paper, §5.1)",
		Params:  []string{"ln r", "ln a"},
		Start:   LorenzStart[:],
		Truth:   LorenzTruth[:],
		Series:  true,
		New: func(z []float64) (unroll.System[float32], error) {
			if z == nil {
				return NewLorenz(SimulateLorenz[float32](LorenzTruth, LorenzHorizon))
			}
			narrow := make([]float32, len(z))
			for i, v := range z {
				narrow[i] = float32(v)
				if math.IsInf(float64(narrow[i]), 0) {
					return nil, fmt.Errorf("tasks: observation %d is %v; observations must be finite in float32", i, v)
				}
			}
			return NewLorenz(narrow)
		},
		Workers: 200, Window: 100, Sigma: 0.04,
		Optimizer: "sgd", LR: 1e-5, Iterations: 5000,
	}
}
