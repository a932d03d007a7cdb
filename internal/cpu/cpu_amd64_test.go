//go:build !purego

package cpu

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"golang.org/x/sys/cpu"
)

// TestFeatures: a tier needs all of its features, and those of the tiers below it.
// GODEBUG=cpu.avx512vl=off and the like set the same variables.
func TestFeatures(t *testing.T) {
	before := cpu.X86
	defer func() { cpu.X86 = before }()
	x := &cpu.X86
	avx2, avx512 := []*bool{&x.HasAVX, &x.HasAVX2}, []*bool{
		&x.HasAVX512, &x.HasAVX512F, &x.HasAVX512CD, &x.HasAVX512BW, &x.HasAVX512DQ, &x.HasAVX512VL,
	}
	all := append(avx2, avx512...)
	for _, has := range all {
		*has = true
	}
	assert.Equal(t, []Tier{Generic, AVX2, AVX512}, tiers())
	for i, has := range all {
		*has = false
		want := []Tier{Generic, AVX2}
		if i < len(avx2) {
			want = want[:1]
		}
		assert.Equal(t, want, tiers(), "without feature %d", i)
		*has = true
	}
}
