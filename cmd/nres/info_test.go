package main

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/noise-reuse/nres/internal/cpu"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestInfo(t *testing.T) {
	status, stdout, stderr := execute(t, "info")
	assert.Zero(t, status)
	assert.Empty(t, stderr)
	assert.Regexp(t, `(?m)^tier +`+tier()+`$`, stdout)
	for _, o := range operations() {
		assert.Contains(t, stdout, o.name)
	}

	status, stdout, _ = execute(t, "info", "--json")
	assert.Zero(t, status)
	var in information
	require.NoError(t, json.Unmarshal([]byte(stdout), &in))
	assert.Equal(t, tier(), in.Tier)
	assert.Contains(t, in.Tiers, in.Tier)
	assert.Len(t, in.Operations, len(operations()))
	if simd, set := os.LookupEnv("NRES_SIMD"); set {
		assert.Equal(t, simd, *in.NRESSIMD)
	} else {
		assert.Nil(t, in.NRESSIMD)
	}
	has := map[bool]int{}
	for _, f := range in.Features {
		has[f.Has]++
	}
	if cpu.Active() == cpu.AVX512 {
		assert.Equal(t, map[bool]int{true: 8}, has)
	}
	var keys map[string]any
	require.NoError(t, json.Unmarshal([]byte(stdout), &keys))
	assertKeys(t, "version processor llvm cpus gomaxprocs go goos goarch build tier tiers nres_simd godebug why "+
		"features operations", keys)
}

func TestWhy(t *testing.T) {
	all := []string{"generic", "avx2", "avx512"}
	best := "avx512 is the best of what the processor and the system have: generic, avx2, avx512; "
	for simd, want := range map[string]string{
		"":       best + "NRES_SIMD is not set",
		"avx512": best + "NRES_SIMD=avx512 allows it",
		"avx2":   best + "NRES_SIMD caps it at avx2",
		"sse":    best + `NRES_SIMD="sse" is ignored, which is none of: generic, avx2, avx512`,
		"AVX2":   best + `NRES_SIMD="AVX2" is ignored, which is none of: generic, avx2, avx512`,
	} {
		assert.Equal(t, want, why(all, simd, "amd64", false))
	}
	assert.Equal(t, `built with the tag purego, without assembly; NRES_SIMD="avx2" is ignored, which is none of: generic`,
		why(all[:1], "avx2", "amd64", true))
	assert.Equal(t, "there are no kernels for s390x; NRES_SIMD is not set", why(all[:1], "", "s390x", false))
}

func TestProcessors(t *testing.T) {
	const xeon = "processor\t: 0\nvendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 143\n" +
		"model name\t: Intel(R) Xeon(R) Platinum 8481C\n\nprocessor\t: 1\nmodel name\t: another\n"
	const graviton = "processor\t: 0\nBogoMIPS\t: 243.75\nCPU implementer\t: 0x41\nCPU part\t: 0xd40\n"
	const ryzen = "vendor_id\t: AuthenticAMD\ncpu family\t: 25\nmodel\t\t: 97\nmodel name\t: AMD Ryzen 9 7950X\n"
	assert.Equal(t, processor{"Intel(R) Xeon(R) Platinum 8481C", "sapphirerapids"}, parseCPUInfo(xeon))
	assert.Equal(t, processor{"implementer 0x41 part 0xd40", "neoverse-v1"}, parseCPUInfo(graviton))
	assert.Equal(t, processor{"AMD Ryzen 9 7950X", "znver4"}, parseCPUInfo(ryzen))
	assert.Equal(t, processor{}, parseCPUInfo(""))
	windows := "Intel64 Family 6 Model 85 Stepping 7, GenuineIntel"
	assert.Equal(t, processor{windows, "skylake-avx512"}, parseWindows(windows))
	assert.Equal(t, processor{name: "odd"}, parseWindows("odd"))
	assert.Equal(t, "apple-m1", appleName("Apple M1 Pro"))
	assert.Empty(t, appleName("Intel"))
}

func TestLimits(t *testing.T) {
	const header = "# a comment\noperation,type,tier,processor,cycles,source\n"
	got, err := readLimits(header + "noise.Fill,float32,avx2,haswell,2.5,\"a tool, and how\"\n")
	require.NoError(t, err)
	assert.Equal(t, map[loop]float64{{"noise.Fill", "float32", "avx2", "haswell"}: 2.5}, got)
	const good = "noise.Fill,float32,avx2,haswell,2.5,tool\n"
	for _, bad := range []string{"operation,type\n", good, header + "noise.Fill,2.5\n", header + good + good,
		header + "noise.Fill,float32,avx2,haswell,fast,tool\n", header + "noise.Fill,float32,avx2,haswell,0,tool\n"} {
		_, err := readLimits(bad)
		assert.Error(t, err, bad)
	}

	// The table that is built in names things that exist.
	limits, err := readLimits(limitsCSV)
	require.NoError(t, err)
	known := map[string]bool{}
	for _, o := range operations() {
		known[o.String()] = true
	}
	for l := range limits {
		assert.True(t, known[l.operation+" "+l.elem], l)
		assert.Contains(t, []string{"avx2", "avx512", "neon"}, l.tier)
	}
	// And for the processor that the README speaks of, all that memory doesn't bound; but
	// llvm-mca has no figure for square roots that could be believed.
	for _, o := range operations() {
		for _, tier := range []string{"avx2", "avx512"} {
			if o.compute && o.name != "vec.Sqrt" {
				assert.Contains(t, limits, loop{o.name, o.elem, tier, "sapphirerapids"})
			}
		}
	}
}

func TestBandwidth(t *testing.T) {
	b := bandwidth{Read: 100, Write: 50, Both: 120}
	assert.Equal(t, 20.0, b.least(2000, 500), "reads")
	assert.Equal(t, 40.0, b.least(2000, 2000), "writes")
	assert.Equal(t, 6e6/120, b.least(4e6, 2e6), "both, where there is one path")
}

func TestLimit(t *testing.T) {
	llvm := "haswell"
	known := map[loop]float64{{"vec.Exp", "float32", tier(), llvm}: 2}
	r := row{Operation: "vec.Exp", Type: "float32", NS: 1000}
	r.limit(nil, 1000, 4000, 4000, 4, &llvm, known)
	assert.Equal(t, "core", *r.Limit)
	assert.Equal(t, 0.5, *r.Share)
	for _, r := range []row{{Operation: "vec.Tanh", Type: "float32", NS: 1000}, {Operation: "vec.Exp", Type: "float64", NS: 1000}} {
		r.limit(nil, 1000, 4000, 4000, 4, &llvm, known)
		assert.Nil(t, r.Limit, "not known")
	}
	r.Limit = nil
	r.limit(nil, 1000, 4000, 4000, 4, nil, known)
	assert.Nil(t, r.Limit, "processor not known")
}
