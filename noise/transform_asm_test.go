//go:build (amd64 || arm64) && !purego

package noise

import (
	"math"
	"testing"
)

// streamOf returns a stream and a block of it that has the words w: with the key
// given, Philox can be run backwards.
func streamOf(w [4]uint32, key uint64) (Stream, uint64) {
	inverse := func(odd uint32) uint32 {
		x := odd
		for i := 0; i < 5; i++ {
			x *= 2 - odd*x
		}
		return x
	}
	i0, i1 := inverse(mul0), inverse(mul1)
	k0, k1 := uint32(key), uint32(key>>32)
	for r := 9; r >= 0; r-- {
		round := uint32(r)
		c0, c2 := w[3]*i0, w[1]*i1
		p0, p1 := uint64(c0)*mul0, uint64(c2)*mul1
		c1 := w[0] ^ uint32(p1>>32) ^ (k0 + round*weyl0)
		c3 := w[2] ^ uint32(p0>>32) ^ (k1 + round*weyl1)
		w = [4]uint32{c0, c1, c2, c3}
	}
	return Stream{key, uint64(w[2]) | uint64(w[3])<<32}, uint64(w[0]) | uint64(w[1])<<32
}

// TestTransform gives the kernels words that are too rare to wait for: the ends of
// all intervals of the logarithm, and of the angle.
func TestTransform(t *testing.T) {
	eachTier(t, func(t *testing.T) {
		if !kernels() {
			t.Skip("plain Go")
		}
		var radii []uint32
		for e := 0; e < 32; e++ {
			for i := uint64(0); i < 8; i++ {
				edge := uint32((8 + i) << e >> 3)
				for _, d := range []uint32{0, 1, 2, 1 << e >> 24, 1 << e >> 25, 3 << e >> 25} {
					radii = append(radii, edge-d, edge+d, -edge-d, -edge+d)
				}
			}
		}
		angles := []uint32{0, 1, 2, 1<<31 - 1, 1<<31 - 2, 1<<31 - 64, 1<<31 - 65, 1 << 31, 1<<31 + 1, 1<<32 - 1, 1<<32 - 2, 1<<30 + 5}
		for i, w0 := range radii {
			w := [4]uint32{w0, angles[i%len(angles)], radii[(i*7)%len(radii)], angles[(i/12)%len(angles)]}
			s, b := streamOf(w, uint64(i)<<40+17)
			if s.Block(b) != w {
				t.Fatal("this is not the inverse")
			}
			var k schedule
			k.set(s, uint32(b>>32))
			lane := uint32(i % 16) // the blocks before it may be those of another upper half
			var got [group]float32
			fillKernel(&got[0], group, &k, uint32(b)-lane)
			for j := 0; j < 4; j += 2 {
				z0, z1 := normalPair(w[j], w[j+1])
				p := got[4*int(lane)+j:]
				if math.Float32bits(p[0]) != math.Float32bits(z0) || math.Float32bits(p[1]) != math.Float32bits(z1) {
					t.Fatalf("words %#x, %#x: %v, %v, want %v, %v", w[j], w[j+1], p[0], p[1], z0, z1)
				}
			}
		}
	})
}
