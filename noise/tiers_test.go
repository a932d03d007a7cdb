package noise

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/noise-reuse/nres/internal/cpu"
	"github.com/noise-reuse/nres/internal/guard"
	"github.com/noise-reuse/nres/internal/race"
	"github.com/noise-reuse/nres/internal/special"
	"github.com/noise-reuse/nres/internal/tiers"
	"github.com/noise-reuse/nres/vec"
)

// An operation on up to three slices, of which the last is an input that may be
// one of the others. It uses one stream, or as many as weights.
type operation[F vec.Float] struct {
	name   string
	slices int
	signs  bool
	run    func(s [3][]F, ws []F, ss []Stream, off uint64)
}

func operations[F vec.Float]() []operation[F] {
	return []operation[F]{
		{"Fill", 1, false, func(s [3][]F, _ []F, ss []Stream, off uint64) { Fill(s[0], ss[0], off) }},
		{"FillSigns", 1, true, func(s [3][]F, _ []F, ss []Stream, off uint64) { FillSigns(s[0], ss[0], off) }},
		{"Perturb", 2, false, func(s [3][]F, ws []F, ss []Stream, off uint64) { Perturb(s[0], s[1], ws[0], ss[0], off) }},
		{"PerturbSigns", 2, true, func(s [3][]F, ws []F, ss []Stream, off uint64) { PerturbSigns(s[0], s[1], ws[0], ss[0], off) }},
		{"PerturbPair", 3, false, func(s [3][]F, ws []F, ss []Stream, off uint64) {
			PerturbPair(s[0], s[1], s[2], ws[0], ss[0], off)
		}},
		{"PerturbPairSigns", 3, true, func(s [3][]F, ws []F, ss []Stream, off uint64) {
			PerturbPairSigns(s[0], s[1], s[2], ws[0], ss[0], off)
		}},
		{"Axpy", 1, false, func(s [3][]F, ws []F, ss []Stream, off uint64) { Axpy(s[0], ws[0], ss[0], off) }},
		{"AxpySigns", 1, true, func(s [3][]F, ws []F, ss []Stream, off uint64) { AxpySigns(s[0], ws[0], ss[0], off) }},
		{"Combine", 1, false, func(s [3][]F, ws []F, ss []Stream, off uint64) { Combine(s[0], ws[1:], ss[1:], off) }},
		{"CombineSigns", 1, true, func(s [3][]F, ws []F, ss []Stream, off uint64) { CombineSigns(s[0], ws[1:], ss[1:], off) }},
	}
}

// A trial is one call, to be made on every tier.
type trial struct {
	n      int    // elements
	place  int    // where the slices are, and whether the input is a result
	off    uint64 // in the streams
	stream Stream // the first
	count  int    // the streams that Combine takes
	seed   uint64 // of the values and of those streams
	share  uint8  // of special ones among the values
	weight uint64 // the bits of the first weight
}

// TestTiers tries all short lengths in all alignments, and some long ones, on every
// tier.
func TestTiers(t *testing.T) { both(t, testTiers[float32], testTiers[float64]) }

func testTiers[F vec.Float](t *testing.T) {
	const short, long = 4*64 + 1, 2*4096 + 3*64 + 1 // four of the largest vectors of all blocks; two chunks
	room, roomWords := newRooms[F](t, short+64), guard.New[uint32](t, short+64)
	places := []int{0, 2} // the first slice begins at one guard and ends at the other
	for a := 0; a < 16; a++ {
		places = append(places, 1+4*a) // all alignments to 16 elements
	}
	if testing.Short() || race.Enabled {
		places = places[:3]
	}
	i := uint64(0)
	next := func(n, place int) trial {
		i++
		x := New(i).Block(0)
		return trial{n, place | int(x[0]>>8)<<6, uint64(x[0]) << (x[1] % 32), Stream{uint64(x[2]), i << 30}, int(x[3]) % 6, i >> 4, uint8(x[1] >> 24), 0x3f8ccccd3f8ccccd + i}
	}
	for _, op := range operations[F]() {
		for _, n := range upTo(short) {
			for _, place := range places {
				try(t, op, next(n, place), room)
			}
		}
	}
	for _, n := range upTo(short) {
		for _, place := range places {
			next(n, place).words(t, roomWords)
		}
	}
	room, roomWords = newRooms[F](t, long+64), guard.New[uint32](t, long+64)
	for _, n := range []int{1000, 2047, 2048, 2049, 4095, 4096, 4097, 4096 + 64, 2*4096 + 1, long} {
		for _, op := range operations[F]() {
			tr := next(n, 0)
			tr.count *= 15 // more than are made at a time
			try(t, op, tr, room)
		}
		next(n, 0).words(t, roomWords)
	}
}

// TestNumbersBeginAgain holds calls that go beyond element 2^64−1 to two calls, one up to
// there and one from element 0 on.
func TestNumbersBeginAgain(t *testing.T) {
	tiers.Run(t, setTier, func(t *testing.T) {
		both(t, testNumbersBeginAgain[float32], testNumbersBeginAgain[float64])
	})
}

func testNumbersBeginAgain[F vec.Float](t *testing.T) {
	ss, ws := make([]Stream, 9), make([]F, 9) // of signs, panels of many streams too
	for k := range ss {
		ss[k], ws[k] = New(6).Derive(uint64(k)), F(k)-3.5
	}
	for _, n := range []int{1, 2, 70, 5000} {
		for _, before := range []int{0, 1, 3, 63, 128, 2048, 2500, 4999} {
			if before >= n || testing.Short() && before > 1 && before < 2500 {
				continue
			}
			for _, op := range operations[F]() {
				var want, got, first, second [3][]F
				for i := range got {
					got[i], want[i] = make([]F, n), make([]F, n)
					Fill(got[i], New(uint64(i)), 0)
					copy(want[i], got[i])
					first[i], second[i] = want[i][:before], want[i][before:]
				}
				op.run(got, ws, ss, -uint64(before))
				op.run(first, ws, ss, -uint64(before))
				op.run(second, ws, ss, 0)
				require.Equal(t, want, got, "%s, %d elements, %d of them before the end", op.name, n, before)
			}
			want, got := make([]uint32, n), make([]uint32, n)
			Words(got, ss[1], -uint64(before))
			Words(want[:before], ss[1], -uint64(before))
			Words(want[before:], ss[1], 0)
			require.Equal(t, want, got, "Words, %d, %d of them before the end", n, before)
		}
	}
}

type rooms[F vec.Float] [3]*guard.Memory[F]

func newRooms[F vec.Float](tb testing.TB, n int) (r rooms[F]) {
	for i := range r {
		r[i] = guard.New[F](tb, n)
	}
	return r
}

func try[F vec.Float](t *testing.T, op operation[F], tr trial, room rooms[F]) {
	boundary := 34 // where the number of a block passes 2^32
	if op.signs {
		boundary = 39
	}
	tr.nearBoundary(boundary)
	ss := []Stream{tr.stream}
	for k := 0; k < tr.count; k++ {
		ss = append(ss, ss[k].Derive(tr.seed))
	}
	ws := make([]F, len(ss))
	special.Values(ws, ^tr.seed, tr.share)
	ws[0] = fromBits[F](tr.weight)
	var want, s [3][]F
	tiers.Each(t, setTier, func(tier cpu.Tier) {
		place := tr.place
		for i := 0; i < op.slices; i++ {
			s[i] = slice(room[i], tr.n, place)
			special.Values(s[i], tr.seed+uint64(i), tr.share)
			place /= 64
		}
		if in := tr.place % op.slices; in < op.slices-1 && tr.place&8 != 0 {
			s[op.slices-1] = s[in]
		}
		op.run(s, ws, ss, tr.off)
		for i := 0; i < op.slices; i++ {
			room[i].Check(t)
			if tier == cpu.Generic {
				want[i] = append([]F(nil), s[i]...)
			} else if j := special.Differ(want[i], s[i]); j >= 0 {
				t.Fatalf("%s of %T on %v: slice %d, element %d is %x, want %x; %+v", op.name, ws, tier, i, j, s[i][j], want[i][j], tr)
			}
		}
	})
}

func (tr trial) words(t *testing.T, room *guard.Memory[uint32]) {
	tr.nearBoundary(34)
	var want []uint32
	tiers.Each(t, setTier, func(tier cpu.Tier) {
		s := slice(room, tr.n, tr.place)
		Words(s, tr.stream, tr.off)
		room.Check(t)
		if tier == cpu.Generic {
			want = append([]uint32(nil), s...)
		}
		for i, w := range want {
			if s[i] != w {
				t.Fatalf("Words on %v: element %d is %x, want %x; %+v", tier, i, s[i], w, tr)
			}
		}
	})
}

// nearBoundary moves every other trial to where it meets a multiple of 2^bits, and
// half of those to where element numbers begin again.
func (tr *trial) nearBoundary(bits int) {
	switch tr.seed & 3 {
	case 1:
		tr.off = tr.off&^(1<<bits-1) - tr.off%uint64(tr.n+200)
	case 3:
		tr.off = -(tr.off % uint64(tr.n+200))
	}
}

// slice places n elements at the beginning, at the end, or between.
func slice[F guard.Elem](room *guard.Memory[F], n, place int) []F {
	switch place % 4 {
	case 0:
		return room.Begin(n)
	case 1:
		return room.At(1+place/4%64, n)
	default:
		return room.End(n)
	}
}

func fromBits[F vec.Float](bits uint64) F {
	if x := F(0); any(x) == any(float32(0)) {
		return F(math.Float32frombits(uint32(bits)))
	}
	return F(math.Float64frombits(bits))
}
