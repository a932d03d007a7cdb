package tiers

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/noise-reuse/nres/internal/cpu"
)

func TestRun(t *testing.T) {
	current := cpu.Tier(255)
	set := func(tier cpu.Tier) { current = tier }
	var ran []cpu.Tier
	Run(t, set, func(*testing.T) { ran = append(ran, current) })
	assert.Equal(t, cpu.Available(), ran)
	assert.Equal(t, cpu.Active(), current, "afterwards")
}

func TestPromised(t *testing.T) {
	both := []cpu.Tier{cpu.Generic, cpu.AVX2}
	assert.NoError(t, promised("", both))
	assert.NoError(t, promised("generic", both))
	assert.NoError(t, promised("avx2", both))
	assert.ErrorContains(t, promised("avx512", both), `"avx512", but here only [generic avx2] can run`)
	assert.Error(t, promised("neon", both))
}
