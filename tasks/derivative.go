package tasks

import (
	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/vec/scalar"
)

// WindowGradient adds the derivative of the window's losses to grad, by forward
// differentiation.
func (l *Lorenz[F]) WindowGradient(grad, s, theta []F, t0, n int, _ noise.Stream) {
	r := scalar.Exp(theta[0])
	adt := F(scalar.Exp(theta[1]) * lorenzDt)
	x, y, z := s[0], s[1], s[2]
	var dx, dy, dz [2]F // by ln r and by ln a
	for _, observed := range l.z[t0 : t0+n] {
		xdt := F(x * lorenzDt)
		nextX := x + F(adt*(y-x))
		nextY := F(y*lorenzYDecay) + F(xdt*(r-z))
		nextZ := F(z*lorenzZDecay) + F(xdt*y)
		e := nextZ - observed
		direct := [2][2]F{{0, F(adt * (y - x))}, {F(xdt * r), 0}} // of x and y
		for k := range dx {
			dxdt := F(dx[k] * lorenzDt)
			nextDx := dx[k] + F(adt*(dy[k]-dx[k])) + direct[0][k]
			nextDy := F(dy[k]*lorenzYDecay) + F(dxdt*(r-z)) - F(xdt*dz[k]) + direct[1][k]
			dz[k] = F(dz[k]*lorenzZDecay) + F(dxdt*y) + F(xdt*dy[k])
			dx[k], dy[k] = nextDx, nextDy
			grad[k] += F(F(2*e) * dz[k])
		}
		x, y, z = nextX, nextY, nextZ
	}
	s[0], s[1], s[2] = x, y, z
}

// WindowGradient adds the derivative of the window's losses to grad, by forward
// differentiation: that of the state moves as the state does, from 0, with a θ of 1.
func (n *Influence[F]) WindowGradient(grad, s, theta []F, t0, steps int, env noise.Stream) {
	var ds [influenceLen]F
	one := [1]F{1}
	for t := t0 + 1; t <= t0+steps; t++ {
		n.Step(ds[:], one[:], t, env)
		n.Step(s, theta, t, env)
		grad[0] += F((s[0] - 1) * ds[0])
	}
}
