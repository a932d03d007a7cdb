package scalar

import (
	"math"
	"testing"
)

type special struct{ x, want float64 }

var (
	inf     = math.Inf(1)
	nan     = math.NaN()
	negZero = math.Copysign(0, -1)
)

func TestSpecial(t *testing.T) {
	both := []struct {
		name string
		f32  func(float32) float32
		f64  func(float64) float64
		tab  []special
	}{
		{"Exp", Exp[float32], Exp[float64], []special{
			{0, 1}, {negZero, 1}, {inf, inf}, {-inf, 0}, {nan, nan}, {1e4, inf}, {-1e4, 0}, {1e-30, 1},
		}},
		{"Tanh", Tanh[float32], Tanh[float64], []special{
			{0, 0}, {negZero, negZero}, {inf, 1}, {-inf, -1}, {nan, nan}, {1e4, 1}, {-1e4, -1}, {22, 1}, {-22, -1},
			{0x1p-40, 0x1p-40}, {-0x1p-140, -0x1p-140},
		}},
		{"Log", Log[float32], Log[float64], []special{
			{1, 0}, {inf, inf}, {0, -inf}, {negZero, -inf}, {-1, nan}, {-0x1p-140, nan}, {-inf, nan}, {nan, nan},
		}},
		{"Sin", Sin[float32], Sin[float64], []special{
			{0, 0}, {negZero, negZero}, {inf, nan}, {-inf, nan}, {nan, nan}, {0x1p-40, 0x1p-40}, {-0x1p-140, -0x1p-140},
		}},
		{"Cos", Cos[float32], Cos[float64], []special{
			{0, 1}, {negZero, 1}, {inf, nan}, {-inf, nan}, {nan, nan}, {0x1p-40, 1}, {-0x1p-140, 1},
		}},
	}
	for _, f := range both {
		for _, s := range f.tab {
			expect(t, f.name+"[float32]", s.x, s.want, float64(f.f32(float32(s.x))))
			expect(t, f.name+"[float64]", s.x, s.want, f.f64(s.x))
		}
	}

	// The last results on either side of overflow and of underflow. Half the
	// smallest denormal is the limit below.
	f32 := math.Float32frombits
	for _, s := range []struct{ x, want float32 }{
		{f32(0x42b17217), f32(0x7f7fff84)}, {f32(0x42b17218), float32(inf)},
		{f32(0xc2cff1b4), f32(1)}, {f32(0xc2cff1b5), 0}, {-104, 0}, {89, float32(inf)},
	} {
		expect(t, "Exp[float32]", float64(s.x), float64(s.want), float64(Exp(s.x)))
	}
	f64 := math.Float64frombits
	for _, s := range []special{
		{f64(0x40862e42fefa39ef), f64(0x7fefffffffffff2a)}, {f64(0x40862e42fefa39f0), inf},
		{f64(0xc0874910d52d3051), f64(1)}, {f64(0xc0874910d52d3053), 0}, {-746, 0}, {710, inf},
		{math.MaxFloat64, inf}, {-math.MaxFloat64, 0},
	} {
		expect(t, "Exp[float64]", s.x, s.want, Exp(s.x))
	}

	expect(t, "Log[float64]", 0x1p-1074, -0x1.74385446d71c3p9, Log(0x1p-1074)) // -1074 ln 2
	expect(t, "Log[float64]", 0x1p1023, 0x1.628b76e3a7b61p9, Log(0x1p1023))
	expect(t, "Sin[float64]", math.MaxFloat64, 0x1.452fc98b34e97p-8, Sin(math.MaxFloat64))
	expect(t, "Cos[float64]", math.MaxFloat64, -0x1.fffe62ecfab75p-1, Cos(math.MaxFloat64))
	// The finite number next to a multiple of π/2.
	expect(t, "Cos[float64]", 6381956970095103*0x1p797, -0x1.14ae72e6ba22fp-61, Cos(6381956970095103*0x1p797))
}

func expect(t *testing.T, name string, x, want, got float64) {
	t.Helper()
	if math.Float64bits(want) != math.Float64bits(got) && !(want != want && got != got) {
		t.Errorf("%s(%v) = %x, want %x", name, x, got, want)
	}
}

func TestSymmetry(t *testing.T) {
	for i := uint32(0); i < 0x7f800000; i += 10007 {
		x := math.Float32frombits(i)
		if y := Tanh(x); !(y >= 0 && y <= 1) || math.Float32bits(Tanh(-x)) != math.Float32bits(y)|1<<31 {
			t.Fatalf("Tanh(±%v) = %v, %v", x, y, Tanh(-x))
		}
		if Sin(-x) != -Sin(x) || Cos(-x) != Cos(x) {
			t.Fatalf("Sin(±%v) = %v, %v; Cos %v, %v", x, Sin(x), Sin(-x), Cos(x), Cos(-x))
		}
		y := float64(x) * 0x1.000000123p0
		if z := Tanh(y); !(z >= 0 && z <= 1) || math.Float64bits(Tanh(-y)) != math.Float64bits(z)|1<<63 {
			t.Fatalf("Tanh(±%v) = %v, %v", y, z, Tanh(-y))
		}
		if Sin(-y) != -Sin(y) || Cos(-y) != Cos(y) {
			t.Fatalf("Sin(±%v) = %v, %v; Cos %v, %v", y, Sin(y), Sin(-y), Cos(y), Cos(-y))
		}
	}
}

// Steps of 1021 float32 units are larger than the errors wherever Exp grows.
func TestExpMonotone(t *testing.T) {
	last := float32(0)
	check := func(i uint32) {
		y := Exp(math.Float32frombits(i))
		if y < last {
			t.Fatalf("Exp(%v) = %v after %v", math.Float32frombits(i), y, last)
		}
		last = y
	}
	const infBits, sign, step = 0x7f800000, 1 << 31, 1021
	for i := uint32(infBits); i >= step; i -= step {
		check(i | sign)
	}
	for i := uint32(0); i < infBits; i += step {
		check(i)
	}
}
