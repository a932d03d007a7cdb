// Package cpu chooses the tier of kernels that this process runs.
package cpu

import "os"

// A Tier is a set of kernels that need the same processor features. Tiers of one
// architecture are ordered: a processor that has one has those below.
type Tier uint8

const (
	Generic Tier = iota // plain Go
	NEON                // arm64
	AVX2                // amd64 with AVX2, and an operating system that saves YMM
	AVX512              // amd64 with AVX-512 F, CD, BW, DQ and VL
)

var names = [...]string{Generic: "generic", NEON: "neon", AVX2: "avx2", AVX512: "avx512"}

func (t Tier) String() string { return names[t] }

// active is the highest tier of this build and machine that NRES_SIMD allows.
var active = limit(tiers(), os.Getenv("NRES_SIMD"))

// Active returns the tier in use. It does not change.
func Active() Tier { return active }

// Detected returns the tiers that this build and machine have, whatever NRES_SIMD
// says. The tag purego, and GODEBUG=cpu.avx2=off and the like, take some away.
func Detected() []Tier { return tiers() }

// Available returns the detected tiers up to the active one: those that tests switch
// between.
func Available() []Tier {
	ts := tiers()
	for ts[len(ts)-1] > active {
		ts = ts[:len(ts)-1]
	}
	return ts
}

// limit returns the last of ts, or the one of the given name. A name that isn't
// among them is ignored: a library does not fail on its environment.
func limit(ts []Tier, name string) Tier {
	for _, t := range ts {
		if t.String() == name {
			return t
		}
	}
	return ts[len(ts)-1]
}
