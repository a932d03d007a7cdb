//go:build !purego

package cpu

import "golang.org/x/sys/cpu"

func tiers() []Tier {
	x := &cpu.X86
	switch { // HasAVX512 only repeats HasAVX512F, but GODEBUG=cpu.avx512=off clears it alone; so with HasAVX
	case !(x.HasAVX && x.HasAVX2):
		return []Tier{Generic}
	case !(x.HasAVX512 && x.HasAVX512F && x.HasAVX512CD && x.HasAVX512BW && x.HasAVX512DQ && x.HasAVX512VL):
		return []Tier{Generic, AVX2}
	}
	return []Tier{Generic, AVX2, AVX512}
}
