package main

import (
	"bytes"
	"context"
	"encoding/json"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/noise-reuse/nres/internal/cpu"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// workers lets nres bench start this test program as workers; see TestMain.
func workers(t *testing.T) { t.Setenv("NRES_TEST_AS_PROGRAM", "1") }

func benched(t *testing.T, args ...string) benchReport {
	t.Helper()
	workers(t)
	return decoded[benchReport](t, append([]string{"bench", "--time", "20ms"}, args...)...)
}

func TestBenchJSON(t *testing.T) {
	rep := benched(t, "--filter", "vec.Axpy float32|noise.Combine ", "--sizes", "2,300")
	assert.Equal(t, tier(), rep.Tier)
	assert.Equal(t, repetitions, rep.Repetitions)
	assert.Positive(t, rep.Seconds)
	assert.LessOrEqual(t, rep.GHzLow, rep.GHz)
	assert.LessOrEqual(t, rep.GHz, rep.GHzHigh)
	var names []string
	for _, r := range rep.Rows {
		names = append(names, r.Operation+" "+r.Type+" "+short(r.N))
		assert.Positive(t, r.NS)
		assert.InEpsilon(t, float64(r.N*r.Streams)/r.NS*1e9, r.Elements, 1e-9)
		assert.Equal(t, tier() != "generic", r.GenericNS != nil)
		if r.Ratio != nil {
			assert.Positive(t, *r.GenericNS)
			assert.Positive(t, *r.Ratio) // of turns, and so not of the medians
			assert.Equal(t, *r.Ratio < tie, r.Loses)
		}
		measured := r.Operation == "vec.Axpy" && r.N == 300
		assert.Equal(t, measured, r.Bandwidth != nil)
		if measured {
			assert.Positive(t, r.Bandwidth.Read)
			assert.Positive(t, r.Bandwidth.Write)
			assert.Positive(t, r.Bandwidth.Both)
			assert.Positive(t, *r.Share)
		}
	}
	assert.Equal(t, []string{
		"vec.Axpy float32 2", "vec.Axpy float32 300",
		"noise.Combine float32 2", "noise.Combine float32 300",
		"noise.Combine float64 2", "noise.Combine float64 300",
	}, names)

	_, stdout, _ := execute(t, "bench", "--json", "--quiet", "--time", "1ms", "--filter", "vec.Add float32 n=16$")
	var all struct {
		Rows []map[string]any `json:"rows"`
	}
	var keys map[string]any
	require.NoError(t, json.Unmarshal([]byte(stdout), &keys))
	require.NoError(t, json.Unmarshal([]byte(stdout), &all))
	assertKeys(t, "processor llvm go goos goarch tier ghz ghz_low ghz_high repetitions rows seconds", keys)
	require.Len(t, all.Rows, 1)
	assertKeys(t, "operation type n streams uses ns elements_per_second bytes_per_second cycles_per_element "+
		"generic_ns ratio loses bandwidth limit share", all.Rows[0])
}

func TestBenchTable(t *testing.T) {
	workers(t)
	status, stdout, stderr := execute(t, "bench", "--time", "1ms", "--filter", "float32 n=(3|16)$")
	assert.Zero(t, status)
	assert.NotContains(t, stderr, "nres:")
	for _, o := range operations() {
		if o.elem == "float32" {
			assert.Contains(t, stdout, o.String())
		}
	}
	assert.Contains(t, stdout, " GHz (")
	assert.Contains(t, stdout, "; medians of 11, ")
}

func TestBenchText(t *testing.T) {
	limit := func(s string) *string { return &s }
	number := func(x float64) *float64 { return &x }
	axpy := operation{name: "vec.Axpy", elem: "float32"}
	rep := &benchReport{
		Processor: "Model A", Go: "go1", GOOS: "plan9", GOARCH: "amd64", Tier: "avx2",
		GHz: 2, GHzLow: 1.5, GHzHigh: 2.25, Repetitions: 11, Seconds: 12.34,
		Rows: []*row{
			{N: 3, NS: 10, Elements: 3e8, Bytes: 3.6e9, Cycles: 6.67, GenericNS: number(8), Ratio: number(0.8), Loses: true, op: axpy},
			{N: 16 << 10, NS: 1234, Elements: 13.3e9, Bytes: 159e9, Cycles: 0.15, GenericNS: number(9872), Ratio: number(8),
				Limit: limit("memory"), Share: number(0.914), op: axpy},
		},
	}
	assert.Equal(t, `Model A, go1 plan9/amd64, 2.00 GHz (1.50 to 2.25), kernels: avx2

  operation             n    ns  Gelem/s  GB/s  cycles  Go ns  ratio           limit       
  vec.Axpy float32      3  10.0    0.300  3.60    6.67   8.00  0.800                  loses
                    16 Ki  1234     13.3   159   0.150   9872   8.00  91 % of memory       

1 of 2 rows lose against plain Go; medians of 11, 12.3 s
`, rep.text())
	rep.Tier = "generic"
	assert.Contains(t, rep.text(), "\n2 rows, all plain Go; medians")
}

func TestBenchBadInput(t *testing.T) {
	testRefusals(t, []refusal{
		{"info now", []string{"info takes no arguments", "now"}},
		{"info --frobnicate", []string{"--frobnicate", "--json"}},
		{"bench now", []string{"bench takes no arguments", "now"}},
		{"bench --frobnicate", []string{"--frobnicate", "--filter", "--sizes", "--time"}},
		{"bench --filter (", []string{"--filter", `"("`, "regular expression"}},
		{"bench --filter vec.Cos", []string{"--filter", `"vec.Cos"`, "vec.Axpy", "noise.Fill"}},
		{"bench --time 0s", []string{"--time is 0s", "1ms to 24h"}},
		{"bench --time -1s", []string{"--time is -1s", "1ms to 24h"}},
		{"bench --time long", []string{"--time", `"long"`, "20s"}},
		{"bench --sizes=", []string{"--sizes", `""`, "whole numbers from 1 to 67108864"}},
		{"bench --sizes 0", []string{"--sizes", `"0"`, "whole numbers"}},
		{"bench --sizes 1,,2", []string{"--sizes", `"1,,2"`, "commas"}},
		{"bench --sizes 1e3", []string{"--sizes", `"1e3"`, "whole numbers"}},
		{"bench --sizes 67108865", []string{"--sizes", "67108864"}},
	})
}

func TestBenchInterrupted(t *testing.T) {
	workers(t)
	stdout, stderr := interrupted(t, 1, strings.Fields("bench --time 50ms --filter float32 --sizes 1 --json")...)
	assert.Equal(t, "nres: interrupted after 1 of 23 rows\n", stderr)
	var rep benchReport
	require.NoError(t, json.Unmarshal([]byte(stdout), &rep))
	assert.Len(t, rep.Rows, 1, "what there is is reported")

	stdout, _ = interrupted(t, 0, "bench")
	assert.Empty(t, stdout)
}

func TestWorker(t *testing.T) {
	var out bytes.Buffer
	require.NoError(t, work(strings.NewReader(`{"Operation":"vec.Sum","Type":"float64","N":5,"Time":1000}`), &out))
	var got timing
	require.NoError(t, json.Unmarshal(out.Bytes(), &got))
	assert.Equal(t, tier(), got.Tier)
	assert.Positive(t, got.NS)
	assert.Positive(t, got.GHz)
	assert.Error(t, work(strings.NewReader(`{"Operation":"vec.Sum","Type":"float16","N":5}`), &out))
	assert.Error(t, work(strings.NewReader(`{"Operation":"vec.Sum","Type":"float64","N":0}`), &out))
	assert.Error(t, work(strings.NewReader(`Sum`), &out))

	// The worker really runs the tier that it is started for.
	workers(t)
	for _, tier := range cpu.Available() {
		w, err := startWorker(context.Background(), tier)
		require.NoError(t, err)
		got, err := w.time(&row{Operation: "vec.Sum", Type: "float64", N: 5}, time.Microsecond)
		assert.NoError(t, err)
		assert.Equal(t, tier.String(), got.Tier)
		w.Stop()
	}
}

// Every operation runs, whatever the length of its vectors.
func TestOperations(t *testing.T) {
	seen := map[string]bool{}
	for _, o := range operations() {
		assert.False(t, seen[o.String()], o)
		seen[o.String()] = true
		assert.Positive(t, o.reads+o.writes, o)
		assert.Positive(t, o.streams, o)
		assert.NotEmpty(t, o.kernel, o)
		for _, n := range []int{1, 100, 5000} {
			loop := o.prepare(n)
			loop(2)
		}
	}
	assert.Len(t, seen, 47)
}

func TestUses(t *testing.T) {
	linked := map[string]bool{
		"vec.axpy32AVX2": true, "vec.axpy32AVX512": true, "vec.exp32AVX2": true,
		"noise.fillAVX2": true, "noise.addScaledAVX2": true, "noise.combineAVX2": true,
		"noise.fillSignsAVX2": true, "vec.mul32": true, "vec.add32": false,
	}
	for _, c := range []struct {
		operation string
		tier      cpu.Tier
		want      string
	}{
		{"vec.Axpy float32", cpu.AVX512, "axpy32AVX512"},
		{"vec.Axpy float32", cpu.AVX2, "axpy32AVX2"},
		{"vec.Axpy float32", cpu.Generic, "plain Go"},
		{"vec.Axpy float64", cpu.AVX512, "plain Go"},
		{"vec.Mul float32", cpu.NEON, "mul32"},
		{"vec.Mul float32", cpu.Generic, "plain Go"},
		{"vec.Add float32", cpu.NEON, "plain Go"},
		{"vec.Exp float32", cpu.AVX512, "exp32AVX2"},
		{"noise.Fill float32", cpu.AVX2, "fillAVX2"},
		{"noise.Fill float64", cpu.AVX2, "fillAVX2, plain Go"},
		{"noise.Combine float64", cpu.AVX2, "fillAVX2, addScaledAVX2"},
		{"noise.CombineSigns float64", cpu.AVX2, "fillSignsAVX2, addScaledAVX2"},
		{"noise.Words uint32", cpu.AVX2, "plain Go"},
	} {
		ops := operations()
		i := slices.IndexFunc(ops, func(o operation) bool { return o.String() == c.operation })
		assert.Equal(t, c.want, ops[i].uses(c.tier, linked), c.operation)
	}
}

func TestAssembly(t *testing.T) {
	if runtime.GOARCH != "amd64" && runtime.GOARCH != "arm64" {
		assert.Empty(t, assembly())
		return
	}
	// All functions are seen, those in Go, too.
	assert.Contains(t, assembly(), "noise.Stream.Block")
	assert.Contains(t, assembly(), "vec.sumGeneric[...]")

	// Where a package has kernels, all of its operations know their names.
	linked := assembly()
	has := map[string]bool{}
	for name := range linked {
		if pkg, kernel, _ := strings.Cut(name, "."); strings.HasSuffix(kernel, strings.ToUpper(tier())) {
			has[pkg] = true
		}
	}
	for _, o := range operations() {
		pkg, _, _ := strings.Cut(o.name, ".")
		assert.Equal(t, !has[pkg], strings.Contains(o.uses(cpu.Active(), linked), plainGo), o)
	}
}

func TestMedian(t *testing.T) {
	x := []float64{5, 1, 4}
	assert.Equal(t, 4.0, median(x))
	assert.Equal(t, []float64{5, 1, 4}, x)
	assert.Equal(t, 2.5, median([]float64{9, 2, 1, 3}))
	// What slows down both for a while is in neither: of the medians it would be 3.
	assert.Equal(t, 2.0, medianRatio([]float64{2, 20, 6}, []float64{1, 10, 2}))
}

func TestDigits(t *testing.T) {
	for x, want := range map[float64]string{
		0.0123: "0.012", 0.5: "0.500", 1: "1.00", 9.994: "9.99", 12.34: "12.3", 123.4: "123", 12345.6: "12346",
	} {
		assert.Equal(t, want, digits(x))
	}
	assert.Equal(t, "1025", short(1025))
	assert.Equal(t, "64 Ki", short(65536))
	assert.Equal(t, "4 Mi", short(4<<20))
}

func TestClock(t *testing.T) {
	assert.Positive(t, clock())
}
