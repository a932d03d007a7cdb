package race_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestReported holds every operation to telling the race detector all that its
// assembly reads and writes, and no more. testdata/racy does the work, under -race.
// NRES_TEST_REQUIRE_RACE says that -race must work here.
func TestReported(t *testing.T) {
	for _, dir := range []string{".", "testdata/racy", "../../noise", "../../vec"} {
		_, err := os.ReadDir(dir) // what this looks at invalidates the test cache
		require.NoError(t, err)
	}
	racy := filepath.Join(t.TempDir(), "racy")
	build := exec.Command("go", "build", "-race", "-o", racy, "./testdata/racy")
	build.Env = append(os.Environ(), "CGO_ENABLED=1")
	if out, err := build.CombinedOutput(); err != nil {
		if os.Getenv("NRES_TEST_REQUIRE_RACE") == "" && unsupported(string(out)) {
			t.Skipf("no race detector here: %s", out)
		}
		t.Fatalf("go build -race: %v\n%s", err, out)
	}
	run := exec.Command(racy)
	run.Env = append(os.Environ(), "GORACE=exitcode=66 halt_on_error=0 atexit_sleep_ms=0 suppress_equal_stacks=0 suppress_equal_addresses=0")
	var stderr strings.Builder
	run.Stderr = &stderr
	out, err := run.Output()
	exit, ok := err.(*exec.ExitError)
	require.True(t, ok, "%v\n%s\n%s", err, out, &stderr)
	assert.Equal(t, 66, exit.ExitCode(), "the exit code for races\n%s", out)
	assert.Contains(t, string(out), " 0 wrong\n")
	assert.Contains(t, stderr.String(), "WARNING: DATA RACE\n")
}

// unsupported reports whether go build failed for want of a race detector or of a
// C compiler, rather than for something wrong with the program.
func unsupported(out string) bool {
	for _, s := range []string{"-race is not supported", "-race requires cgo", "C compiler", "cgo: cannot"} {
		if strings.Contains(out, s) {
			return true
		}
	}
	return false
}
