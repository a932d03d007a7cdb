package noise

// A Stream is a position in the space of random streams: 128 bits, of which Key
// is the Philox key and Sub the upper half of the Philox counter.
//
// Word i of a stream is lane i mod 4 of Philox4x32-10 block b = i/4, whose key
// words are lo(Key), hi(Key) and whose counter words are lo(b), hi(b), lo(Sub),
// hi(Sub). This is cuRAND's mapping of (seed, subsequence, offset), so the words
// can be compared with those of curand_init(Key, Sub, i, …).
//
// Streams that differ in Key or in Sub never share a counter under the same key:
// their words are independent for every practical purpose. The zero Stream is
// valid.
//
// To send a stream, send its two numbers, all 64 bits of each. (Readers of JSON that
// keep numbers as float64 lose some.)
type Stream struct {
	Key, Sub uint64
}

// New returns the root stream of a seed. Use [Stream.Derive] to get independent
// streams from it.
func New(seed uint64) Stream { return Stream{Key: seed} }

// Philox's multipliers and Weyl key increments.
const (
	mul0, mul1 = 0xD2511F53, 0xCD9E8D57
	weyl0      = 0x9E3779B9
	weyl1      = 0xBB67AE85
)

// domain separates Derive from the words of the stream itself; it is
// ⌊2^64·(√7−2)⌋, and any other constant would have done.
const domain = 0xA54FF53A5F1D36F1

// Block returns block b of the stream: its words 4b to 4b+3.
func (s Stream) Block(b uint64) [4]uint32 {
	lo, hi := philox(s.Key, b, s.Sub)
	return [4]uint32{uint32(lo), uint32(lo >> 32), uint32(hi), uint32(hi >> 32)}
}

// philox returns the words of a block, as two pairs.
func philox(key, lo, hi uint64) (uint64, uint64) {
	k0, k1 := uint32(key), uint32(key>>32)
	c0, c1, c2, c3 := uint32(lo), uint32(lo>>32), uint32(hi), uint32(hi>>32)
	for round := 0; round < 10; round++ {
		p0, p1 := uint64(c0)*mul0, uint64(c2)*mul1
		c0, c1, c2, c3 = uint32(p1>>32)^c1^k0, uint32(p1), uint32(p0>>32)^c3^k1, uint32(p0)
		k0 += weyl0
		k1 += weyl1
	}
	return uint64(c0) | uint64(c1)<<32, uint64(c2) | uint64(c3)<<32
}

// Word returns word i of the stream.
func (s Stream) Word(i uint64) uint32 { return s.Block(i / 4)[i%4] }

// Derive returns the child stream of s under the given path of identifiers, such
// as (worker, episode). Children are independent of s, of one another, and of
// their own children; s.Derive(a, b) is s.Derive(a).Derive(b), and s.Derive() is
// s. For one parent and one path length, different last identifiers always give
// different children: Philox is a permutation of the counter.
//
// It costs one Philox block an identifier and doesn't allocate.
func (s Stream) Derive(id ...uint64) Stream {
	for _, n := range id {
		s.Key, s.Sub = philox(s.Key^domain, n, s.Sub)
	}
	return s
}
