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

// TestRareWords has each operation make so many normals that words of one in a million
// are among them, those of angles where a normal passes 0. TestTransform makes such words
// for one kernel; lanes only have the first blocks of a stream.
func TestRareWords(t *testing.T) { eachTier(t, testRareWords) }

func testRareWords(t *testing.T) {
	rounds := 64
	if testing.Short() {
		rounds = 1
	}
	const rows = 1 << 14 // of lanes, and elements of each stream for the other operations
	var want, got, other, zero [laneGroup * rows]float32
	negative := 0
	for r := 0; r < rounds; r++ {
		var ss [laneGroup]Stream
		for j := range ss {
			ss[j] = New(uint64(r)).Derive(uint64(j))
			part := want[j*rows:][:rows]
			fillGeneric(part, ss[j], 0)
			for i, z := range part {
				// Two words decide on the signs, unless a normal was negative before.
				if math.Abs(float64(z)) < 1e-5 && math.Signbit(float64(z)) != (ss[j].Word(uint64(i))>>(31-i%2*31)&1 == 1) {
					negative++
				}
			}
		}
		check := func(name string, lanes, pair bool) {
			for k, z := range want {
				at := k
				if lanes {
					at = k%rows*laneGroup + k/rows
				}
				if got[at] != z || pair && other[at] != -z {
					t.Fatalf("%s: element %d of %v is %v, want %v", name, k%rows, ss[k/rows], got[at], z)
				}
			}
		}
		each := func(name string, pair bool, f func(dst, other, zero []float32, s Stream)) {
			for j, s := range ss {
				f(got[j*rows:][:rows], other[j*rows:][:rows], zero[j*rows:][:rows], s)
			}
			check(name, false, pair)
		}
		each("Fill", false, func(dst, _, _ []float32, s Stream) { Fill(dst, s, 0) })
		each("Perturb", false, func(dst, _, zero []float32, s Stream) { Perturb(dst, zero, 1, s, 0) })
		each("PerturbPair", true, func(dst, other, zero []float32, s Stream) { PerturbPair(dst, other, zero, 1, s, 0) })
		each("Combine", false, func(dst, _, zero []float32, s Stream) {
			copy(dst, zero)
			Combine(dst, []float32{1, 0, 0}, []Stream{s, s, s}, 0)
		})
		fillLanesKernel(&got[0], laneGroup, rows, &ss[0], laneGroup, 0, false)
		check("lanes", true, false)
		PerturbPairLanes(got[:], other[:], laneGroup, zero[:rows], 1, ss[:])
		check("PerturbPairLanes", true, true)
	}
	if !testing.Short() && negative < 4 {
		t.Errorf("only %d normals were negative before they got their signs", negative)
	}
}
