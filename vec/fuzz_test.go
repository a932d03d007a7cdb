package vec

import (
	"testing"

	"github.com/noise-reuse/nres/internal/cpu"
	"github.com/noise-reuse/nres/internal/guard"
	"github.com/noise-reuse/nres/internal/race"
	"github.com/noise-reuse/nres/internal/special"
	"github.com/noise-reuse/nres/internal/tiers"
)

// An operation on up to four slices, of which the first is the result and may be
// any of the others; or one that returns a value and has only inputs.
type operation[F Float] struct {
	name   string
	slices int
	run    func(s [4][]F, a F) F
}

func operations[F Float]() []operation[F] {
	return []operation[F]{
		{"Add", 3, func(s [4][]F, _ F) F { Add(s[0], s[1], s[2]); return 0 }},
		{"Sub", 3, func(s [4][]F, _ F) F { Sub(s[0], s[1], s[2]); return 0 }},
		{"Mul", 3, func(s [4][]F, _ F) F { Mul(s[0], s[1], s[2]); return 0 }},
		{"MulAdd", 4, func(s [4][]F, _ F) F { MulAdd(s[0], s[1], s[2], s[3]); return 0 }},
		{"Axpy", 2, func(s [4][]F, a F) F { Axpy(s[0], a, s[1]); return 0 }},
		{"Scale", 2, func(s [4][]F, a F) F { Scale(s[0], a, s[1]); return 0 }},
		{"Dot", 2, func(s [4][]F, _ F) F { return Dot(s[0], s[1]) }},
		{"Sum", 1, func(s [4][]F, _ F) F { return Sum(s[0]) }},
		{"SumSq", 1, func(s [4][]F, _ F) F { return SumSq(s[0]) }},
		{"Exp", 2, func(s [4][]F, _ F) F { Exp(s[0], s[1]); return 0 }},
		{"Tanh", 2, func(s [4][]F, _ F) F { Tanh(s[0], s[1]); return 0 }},
		{"Sqrt", 2, func(s [4][]F, _ F) F { Sqrt(s[0], s[1]); return 0 }},
		{"AxpyRows", 3, func(s [4][]F, _ F) F { rows(s[0], s[1], s[2]); return 0 }},
	}
}

// rows adds rows of x, from its first to its last one, to the first and then the last two
// thirds of y. The factors are the first and the last elements of a.
func rows[F Float](y, x, a []F) {
	n := len(y)
	if n == 0 || &y[0] == &x[0] || &y[0] == &a[0] {
		return // they must not overlap
	}
	m, at := n-n/3, make([]int, 1+n%70*n/(n+70))
	for k := range at {
		at[k] = k * 31 % (n - m + 1)
	}
	at[len(at)-1] = n - m
	AxpyRows(y[:m], a[:len(at)], x, at)
	AxpyRows(y[n-m:], a[n-len(at):], x, at)
}

// A trial is one call, to be made on every tier.
type trial struct {
	n     int    // elements
	place uint32 // where the slices are, and which input is the result
	seed  uint64 // of the values
	share uint8  // of special ones among them
	bits  uint64 // of the scalar
}

// fuzzLen is more than two chunks.
const fuzzLen = 8<<10 + 200

// FuzzTiers compares every operation on every tier with plain Go: the result, the
// inputs, and what is around them. Reading beyond the slices crashes.
func FuzzTiers(f *testing.F) {
	s := splitmix(1)
	seeds := 500
	if testing.Short() {
		seeds = 150
	}
	for i := 0; i < seeds; i++ {
		x := s.next()
		f.Add(uint8(i), uint16(x)>>(x>>16%16), uint32(x>>20), s.next(), uint8(s.next()), s.next())
	}
	op32, room32 := operations[float32](), newRooms[float32](f, fuzzLen)
	op64, room64 := operations[float64](), newRooms[float64](f, fuzzLen)
	f.Fuzz(func(t *testing.T, op uint8, n uint16, place uint32, seed uint64, share uint8, bits uint64) {
		tr := trial{int(n) % fuzzLen, place, seed, share, bits}
		if op&1 == 0 {
			try(t, op32[int(op>>1)%len(op32)], tr, room32)
		} else {
			try(t, op64[int(op>>1)%len(op64)], tr, room64)
		}
	})
}

// TestTiers tries all short lengths in all alignments, on every tier.
func TestTiers(t *testing.T) {
	t.Run("float32", testTiers[float32])
	t.Run("float64", testTiers[float64])
}

func testTiers[F Float](t *testing.T) {
	const short = 4*64 + 1 // four turns of the widest loop
	room := newRooms[F](t, short+64)
	places := []uint32{0, 2} // the first slice begins at one guard and ends at the other
	for a := uint32(0); a < 16; a++ {
		places = append(places, 1+4*a) // all alignments to 16 elements
	}
	if testing.Short() || race.Enabled {
		places = places[:4]
	}
	s := splitmix(2)
	for _, op := range operations[F]() {
		for n := 0; n <= short; n++ {
			if testing.Short() && n > 65 && n%64 > 1 && n%64 < 63 {
				continue // on emulators; beyond a block only around the next ones
			}
			for _, place := range places {
				x := s.next()
				try(t, op, trial{n, place | uint32(x)<<6, x, uint8(x >> 32), s.next()}, room)
			}
		}
	}
}

type rooms[F Float] [4]*guard.Memory[F]

func newRooms[F Float](tb testing.TB, n int) (r rooms[F]) {
	for i := range r {
		r[i] = guard.New[F](tb, n)
	}
	return r
}

func try[F Float](t *testing.T, op operation[F], tr trial, room rooms[F]) {
	a := fromBits[F](tr.bits)
	var want, s [4][]F
	var wantValue F
	tiers.Each(t, setTier, func(tier cpu.Tier) {
		place := tr.place
		for i := 0; i < op.slices; i++ {
			s[i] = slice(room[i], tr.n, int(place))
			special.Values(s[i], tr.seed+uint64(i), tr.share)
			place = place>>6 | place<<26
		}
		if in := int(place>>20) % 4; in > 0 && in < op.slices {
			s[in] = s[0]
		}
		value := op.run(s, a)
		if tier == cpu.Generic {
			wantValue = value
		} else if !special.Same(wantValue, value) {
			t.Fatalf("%s of %T on %v is %x, want %x; %+v", op.name, s[0], tier, value, wantValue, tr)
		}
		for i := 0; i < op.slices; i++ {
			room[i].Check(t)
			if tier == cpu.Generic {
				want[i] = append([]F(nil), s[i]...)
			} else if j := special.Differ(want[i], s[i]); j >= 0 {
				t.Fatalf("%s of %T on %v: slice %d, element %d is %x, want %x; %+v", op.name, s[0], tier, i, j, s[i][j], want[i][j], tr)
			}
		}
	})
}

// slice places n elements at the beginning, at the end, or between.
func slice[F Float](room *guard.Memory[F], n, place int) []F {
	switch place % 4 {
	case 0:
		return room.Begin(n)
	case 1:
		return room.At(1+place/4%64, n)
	default:
		return room.End(n)
	}
}
