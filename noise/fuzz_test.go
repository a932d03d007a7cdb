package noise

import (
	"testing"

	"github.com/noise-reuse/nres/internal/guard"
)

// trialLen is more than two chunks.
const trialLen = 2*4096 + 200

// FuzzTiers compares every operation on every tier with plain Go: the result, the
// input, and what is around them. Reading beyond the slices crashes.
func FuzzTiers(f *testing.F) {
	seeds := uint64(500)
	if testing.Short() {
		seeds = 150
	}
	for i := uint64(0); i < seeds; i++ {
		x := make([]uint32, 8)
		Words(x, New(i), 0)
		n := uint16(x[0] >> (x[1] % 16))
		f.Add(uint8(i), n, uint8(x[2]>>(x[3]%32)), uint16(x[4]), uint64(x[5])<<(x[6]%48), i*i<<32, i<<40+i, i*i, uint8(x[7]))
	}
	op32, room32 := operations[float32](), newRooms[float32](f, trialLen)
	op64, room64 := operations[float64](), newRooms[float64](f, trialLen)
	words := guard.New[uint32](f, trialLen)
	f.Fuzz(func(t *testing.T, op uint8, n uint16, count uint8, place uint16, off, key, sub, seed uint64, share uint8) {
		tr := trial{int(n) % trialLen, int(place), off, Stream{key, sub}, int(count % 72), seed, share, sub}
		switch op, wide := int(op>>1), op&1 == 1; {
		case op%8 == 7:
			tr.words(t, words)
		case wide:
			try(t, op64[op%len(op64)], tr, room64)
		default:
			try(t, op32[op%len(op32)], tr, room32)
		}
	})
}
