package scalar

import (
	"flag"
	"math"
	"math/big"
	"math/rand"
	"runtime"
	"testing"
)

var exhaustive = flag.Bool("exhaustive", false, "try all float32 inputs, and many more float64 inputs")

// The largest errors allowed, in ULP. A test fails too if the error it finds is
// below 4/5 of that: then the bound says nothing.
const (
	maxExp32  = 0.99
	maxTanh32 = 1.86
	maxRound  = 0.5001 // float64 results rounded to float32
	maxExp64  = 1.0
	maxTanh64 = 1.9
	maxLog64  = 0.9
	maxSin64  = 0.8
	maxCos64  = 0.8
)

func tight(t *testing.T, name string, worst, at, bound float64) {
	t.Helper()
	t.Logf("%s: largest error %.5f ULP, at %x", name, worst, at)
	if !(worst <= bound) || !testing.Short() && worst < bound/1.25 {
		t.Errorf("%s(%x) is off by %.5f ULP, the bound is %v", name, at, worst, bound)
	}
}

func TestFloat32(t *testing.T) {
	// The standard library's float64 results are off by 2^-28 float32 ULP.
	for _, f := range []struct {
		name  string
		f     func(float32) float32
		ref   func(float64) float64
		bound float64
	}{
		{"Exp", Exp[float32], math.Exp, maxExp32},
		{"Tanh", Tanh[float32], math.Tanh, maxTanh32},
		{"Log", Log[float32], math.Log, maxRound},
		{"Sin", Sin[float32], math.Sin, maxRound},
		{"Cos", Cos[float32], math.Cos, maxRound},
	} {
		f := f
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			step := uint64(1021)
			if *exhaustive {
				step = 1
			}
			worst, at := 0.0, 0.0
			for i := uint64(0); i < 1<<32; i += step {
				x := math.Float32frombits(uint32(i))
				if e := ulp32(f.f(x), f.ref(float64(x))); !(e <= worst) {
					worst, at = e, float64(x)
				}
			}
			tight(t, f.name, worst, at, f.bound)
		})
	}
}

// ulp32 returns how far got is from want in units of want's last place, where
// +Inf stands for 2^128.
func ulp32(got float32, want float64) float64 {
	if got != got || want != want {
		if got != got && want != want {
			return 0
		}
		return inf
	}
	g := float64(got)
	if g == want {
		return 0
	}
	limit := func(x float64) float64 { return math.Max(-0x1p128, math.Min(0x1p128, x)) }
	g, want = limit(g), limit(want)
	_, e := math.Frexp(want)
	if e < -125 || want == 0 {
		e = -125
	}
	if e > 128 {
		e = 128
	}
	return math.Abs(g-want) / math.Ldexp(1, e-24)
}

// References in math/big. prec leaves 2^-150 or better after all cancellation.
const prec = 256

func newFloat(x float64) *big.Float { return new(big.Float).SetPrec(prec).SetFloat64(x) }
func bin(op func(z, x, y *big.Float) *big.Float, x, y *big.Float) *big.Float {
	return op(new(big.Float).SetPrec(prec), x, y)
}
func addB(x, y *big.Float) *big.Float { return bin((*big.Float).Add, x, y) }
func subB(x, y *big.Float) *big.Float { return bin((*big.Float).Sub, x, y) }
func mulB(x, y *big.Float) *big.Float { return bin((*big.Float).Mul, x, y) }
func quoB(x, y *big.Float) *big.Float { return bin((*big.Float).Quo, x, y) }

// expB is exp(x/2^k)^(2^k), by Taylor's series.
func expB(x *big.Float) *big.Float {
	y, k := new(big.Float).Copy(x), 0
	if e := y.MantExp(nil); x.Sign() != 0 && e > -10 {
		k = e + 10
		y.SetMantExp(y, -k)
	}
	sum, term := newFloat(1), newFloat(1)
	for i := 1; i < 22; i++ {
		term = quoB(mulB(term, y), newFloat(float64(i)))
		sum = addB(sum, term)
	}
	for ; k > 0; k-- {
		sum = mulB(sum, sum)
	}
	return sum
}

func tanhB(x float64) *big.Float {
	e := expB(newFloat(2 * x))
	return quoB(subB(e, newFloat(1)), addB(e, newFloat(1)))
}

// logB improves y ≈ log x by Halley's step, y + 2(x-e^y)/(x+e^y), twice. (On
// amd64 math.Log is wrong for denormals.)
func logB(x float64) *big.Float {
	m, e := math.Frexp(x)
	b, y := newFloat(x), newFloat(math.Log(m)+float64(e)*math.Ln2)
	for k := 0; k < 2; k++ {
		e := expB(y)
		y = addB(y, mulB(newFloat(2), quoB(subB(b, e), addB(b, e))))
	}
	return y
}

// halfPi is π/2 to more than 1300 bits: π/4 = 4 atan(1/5) - atan(1/239).
var halfPi = machin()

func machin() *big.Float {
	const bits = 1400
	atan := func(n int64) *big.Int { // times 2^bits
		p := new(big.Int).Lsh(big.NewInt(1), bits)
		p.Quo(p, big.NewInt(n))
		sum := new(big.Int)
		for k := int64(1); p.Sign() != 0; k += 2 {
			q := new(big.Int).Quo(p, big.NewInt(k))
			if k%4 == 1 {
				sum.Add(sum, q)
			} else {
				sum.Sub(sum, q)
			}
			p.Quo(p, big.NewInt(n*n))
		}
		return sum
	}
	a := atan(5)
	a.Lsh(a, 2).Sub(a, atan(239)).Lsh(a, 1)
	f := new(big.Float).SetPrec(bits).SetInt(a)
	return f.SetMantExp(f, -bits)
}

// sinB returns sin(x + q π/2).
func sinB(x float64, q int64) *big.Float {
	const wide = 1400
	n, _ := new(big.Float).SetPrec(wide).Quo(new(big.Float).SetPrec(wide).SetFloat64(x), halfPi).Int(nil)
	r := new(big.Float).SetPrec(wide).SetInt(n)
	r.Mul(r, halfPi).Sub(new(big.Float).SetPrec(wide).SetFloat64(x), r)
	q += new(big.Int).And(n, big.NewInt(3)).Int64()
	if q&1 != 0 { // cos r = sin(π/2 - r)
		r.Sub(halfPi, r)
	}
	y := newFloat(0).Set(r)
	z := mulB(y, y)
	sum, term := newFloat(0), y
	for i := 1; i < 50; i += 2 {
		sum = addB(sum, term)
		term = quoB(mulB(term, z), newFloat(float64(-(i+1)*(i+2))))
	}
	if q&2 != 0 {
		sum.Neg(sum)
	}
	return sum
}

func ulp64(got float64, want *big.Float) float64 {
	d := subB(want, newFloat(got))
	e := want.MantExp(nil)
	if e < -1021 {
		e = -1021
	}
	f, _ := d.SetMantExp(d, 53-e).Float64()
	return math.Abs(f)
}

func TestFloat64(t *testing.T) {
	between := func(lo, hi float64) func(*rand.Rand) float64 {
		return func(r *rand.Rand) float64 { return lo + (hi-lo)*r.Float64() }
	}
	// wide gives magnitudes 2^lo to 2^hi, either sign.
	wide := func(lo, hi int) func(*rand.Rand) float64 {
		return func(r *rand.Rand) float64 {
			return math.Ldexp((1+r.Float64())*float64(1-2*r.Intn(2)), lo+r.Intn(hi-lo))
		}
	}
	abs := func(f func(*rand.Rand) float64) func(*rand.Rand) float64 {
		return func(r *rand.Rand) float64 { return math.Abs(f(r)) }
	}
	// nearPi gives the numbers next to multiples of π/2, where most cancels.
	nearPi := func(r *rand.Rand) float64 { return math.Pi / 2 * float64(1+r.Intn(1<<(1+r.Intn(30)))) }
	cosB := func(x float64) *big.Float { return sinB(x, 1) }
	sinB := func(x float64) *big.Float { return sinB(x, 0) }

	for _, f := range []struct {
		name  string
		f     func(float64) float64
		ref   func(float64) *big.Float
		bound float64
		from  []func(*rand.Rand) float64
	}{
		{"Exp", Exp[float64], func(x float64) *big.Float { return expB(newFloat(x)) }, maxExp64,
			[]func(*rand.Rand) float64{between(-1, 1), between(-745, 709.7), wide(-40, 9)}},
		{"Tanh", Tanh[float64], tanhB, maxTanh64,
			[]func(*rand.Rand) float64{between(0.25, 0.5), between(-1, 1), between(0, 20), wide(-40, 3)}},
		{"Log", Log[float64], logB, maxLog64,
			[]func(*rand.Rand) float64{between(0.5, 2), between(0.9, 1.1), abs(wide(-1074, 1024))}},
		{"Sin", Sin[float64], sinB, maxSin64,
			[]func(*rand.Rand) float64{between(-1, 1), between(-100, 100), wide(-40, 1024), wide(15, 25), nearPi}},
		{"Cos", Cos[float64], cosB, maxCos64,
			[]func(*rand.Rand) float64{between(-1, 1), between(-100, 100), wide(-40, 1024), wide(15, 25), nearPi}},
	} {
		f := f
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			n := 20000
			if testing.Short() {
				n = 2000
			}
			if *exhaustive {
				n = 500000
			}
			r := rand.New(rand.NewSource(1))
			worst, at := 0.0, 0.0
			for i := 0; i < n; i++ {
				x := f.from[i%len(f.from)](r)
				if e := ulp64(f.f(x), f.ref(x)); !(e <= worst) {
					worst, at = e, x
				}
			}
			tight(t, f.name, worst, at, f.bound)
		})
	}
}

// Many more inputs than math/big can do, against the standard library, whose
// error of less than 1 ULP (2 for Tanh) adds to ours.
func TestFloat64Many(t *testing.T) {
	if runtime.GOARCH == "s390x" {
		t.Skip("math.Tanh is off by 4 ULP")
	}
	for _, f := range []struct {
		name  string
		f     func(float64) float64
		ref   func(float64) float64
		limit float64
		bound float64
	}{
		{"Exp", Exp[float64], math.Exp, 700, maxExp64 + 1},
		{"Tanh", Tanh[float64], math.Tanh, 20, maxTanh64 + 2},
		{"Log", func(x float64) float64 { return Log(x * x) }, func(x float64) float64 { return math.Log(x * x) }, 100, maxLog64 + 1},
		{"Sin", Sin[float64], math.Sin, 0.78, maxSin64 + 1},
		{"Cos", Cos[float64], math.Cos, 0.78, maxCos64 + 1},
	} {
		r := rand.New(rand.NewSource(2))
		for i := 0; i < 1<<20; i++ {
			x := (2*r.Float64() - 1) * f.limit
			want := f.ref(x)
			if e := ulp64Std(f.f(x), want); !(e <= f.bound) {
				t.Errorf("%s(%x) = %x, want %x", f.name, x, f.f(x), want)
				break
			}
		}
	}
}

func ulp64Std(got, want float64) float64 {
	_, e := math.Frexp(want)
	return math.Abs(got-want) / math.Ldexp(1, e-53)
}
