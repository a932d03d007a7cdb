package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var smallMaster = []string{"bench", "master", "--quiet", "--params", "1000", "--pairs", "20", "--bucket", "300", "--bucket-pairs", "40", "--rounds", "2", "--table", "5000"}

func TestBenchMaster(t *testing.T) {
	rep := decoded[masterReport](t, append(smallMaster, "--python", "none")...)
	require.Len(t, rep.Rows, 4)
	assert.Nil(t, rep.Numpy)
	for i, r := range rep.Rows {
		assert.Positive(t, r.Seconds)
		assert.InEpsilon(t, r.Seconds*1e9/float64(r.Pairs*r.Each), r.NS, 1e-9)
		assert.Nil(t, r.Ratio)
		assert.Equal(t, []int{20, 20, 40, 40}[i], r.Pairs)
		assert.Equal(t, []int{1000, 1000, 300, 300}[i], r.Each)
	}
	assert.InEpsilon(t, rep.Rows[0].NS/rep.Rows[2].NS, rep.Limited, 1e-9)
}

// TestBenchMasterNumpy: with something that answers like numpy, the fastest of its
// forms counts.
func TestBenchMasterNumpy(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("needs a shell")
	}
	python := filepath.Join(t.TempDir(), "python")
	script := `#!/bin/sh
echo '{"numpy": "9.9"}'
while read job; do
	case "$job" in
	*rows*|*blocks*'"Threads":1'*) echo '{"seconds": 5}' ;;
	*blocks*) echo '{"seconds": 4}' ;;
	*) echo '{"seconds": 3}' ;;
	esac
done
`
	require.NoError(t, os.WriteFile(python, []byte(script), 0o755))
	status, stdout, stderr := execute(t, append(smallMaster, "--python", python, "--json")...)
	require.Zero(t, status, stderr)
	var rep masterReport
	require.NoError(t, json.Unmarshal([]byte(stdout), &rep))
	assert.Equal(t, "9.9", *rep.Numpy)
	for i, r := range rep.Rows[:4] {
		any := []float64{4, 4, 3, 3}[i]
		if rep.Cores == 1 && i < 2 {
			any = 5
		}
		assert.InEpsilon(t, any/r.Seconds, *r.Ratio, 1e-9)
		assert.InEpsilon(t, []float64{5, 5, 3, 3}[i]/r.Seconds, *r.RatioOne, 1e-9)
	}
	for _, r := range rep.Rows[4:] {
		assert.Nil(t, r.Ratio)
	}
	_, stdout, _ = execute(t, append(smallMaster, "--python", python)...)
	assert.Contains(t, stdout, "numpy 9.9, d = 1000")
	assert.Contains(t, stdout, "numpy, blocks, 1 threads")
}

func TestBenchMasterErrors(t *testing.T) {
	testRefusals(t, []refusal{
		{"bench master --params 0", []string{"--params is 0; allowed: 1 to 1073741824"}},
		{"bench master --params 10 --bucket 11", []string{"--bucket is 11; allowed: 1 to 10"}},
		{"bench master --params 10 --bucket 5 --table 10", []string{"--table is 10; allowed: 11 to 1073741824"}},
		{"bench master --rounds 0", []string{"--rounds is 0; allowed: 1 to 1000"}},
		{"bench master --pairs -1", []string{"--pairs is -1; allowed: 1 to 1073741824"}},
		{"bench master --bucket-pairs 0", []string{"--bucket-pairs is 0; allowed: 1 to 1073741824"}},
	})
	status, _, stderr := execute(t, append(smallMaster, "--python", filepath.Join(t.TempDir(), "none"))...)
	assert.Equal(t, statusFailed, status)
	assert.Contains(t, stderr, "name a Python that has it")

	if runtime.GOOS != "windows" {
		without := filepath.Join(t.TempDir(), "python")
		require.NoError(t, os.WriteFile(without, []byte("#!/bin/sh\necho Traceback >&2\necho No module named numpy >&2\nexit 1\n"), 0o755))
		_, _, stderr = execute(t, append(smallMaster, "--python", without)...)
		assert.Contains(t, stderr, "does not run numpy (No module named numpy)", "the last that it said")
	}
}

// TestBenchMasterInterrupt: also while numpy makes its table.
func TestBenchMasterInterrupt(t *testing.T) {
	_, errs := interrupted(t, 0, append(smallMaster, "--python", "python3")...)
	assert.Equal(t, "nres: interrupted before numpy had its table\n", errs)
	_, errs = interrupted(t, 3, append(smallMaster, "--python", "none")...)
	assert.Contains(t, errs, "nres: interrupted after ")
}

// TestBenchMasterPartial: what was measured before Ctrl-C is reported.
func TestBenchMasterPartial(t *testing.T) {
	args := append(smallMaster, "--python", "none")
	for after, want := range map[float64]string{
		1: "Partial: 1 of 4 rows, medians of 1 to 1 of 2,",
		3: "Partial: 3 of 4 rows, medians of 1 to 1 of 2,",
		4: "Partial: 4 of 4 rows, medians of 1 to 1 of 2,",
		6: "Partial: 4 of 4 rows, medians of 1 to 2 of 2,",
	} {
		out, errs := interrupted(t, after, args...)
		assert.Equal(t, fmt.Sprintf("nres: interrupted after %v of 8 updates\n", after), errs)
		assert.Contains(t, out, want)
		assert.Equal(t, after >= 3, strings.Contains(out, "speed of a full one"), out)

		out, _ = interrupted(t, after, append(args, "--json")...)
		var rep masterReport
		require.NoError(t, json.Unmarshal([]byte(out), &rep))
		sum := 0
		for _, r := range rep.Rows {
			assert.Positive(t, r.Seconds)
			sum += r.Rounds
		}
		assert.EqualValues(t, after, sum)
		assert.Equal(t, 4, len(rep.Rows)+rep.Missing)
	}
}
