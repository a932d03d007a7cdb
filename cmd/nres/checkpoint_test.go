package main

import (
	"math/rand"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestMain lets tests run the program in a process of its own, to kill it.
func TestMain(m *testing.M) {
	if os.Getenv("NRES_TEST_AS_PROGRAM") != "" {
		main()
	}
	os.Exit(m.Run())
}

func TestCheckpointResumes(t *testing.T) {
	for _, method := range []string{"nres", "pes", "tes", "essingle"} {
		for _, optimizer := range []string{"sgd", "adam"} {
			same := []string{"--estimator", method, "--optimizer", optimizer, "--workers", "30"}
			table := filepath.Join(t.TempDir(), "run.csv")
			want := trained(t, append(same, "--csv", table)...)
			all, err := os.ReadFile(table)
			require.NoError(t, err)
			file := filepath.Join(t.TempDir(), "run")
			for _, n := range []string{"1", "2", "11", "20", "20"} {
				got := trained(t, append(same, "--csv", table, "--checkpoint", file, "--resume", "--iterations", n)...)
				if n != "20" {
					continue
				}
				assert.Equal(t, want.SHA256, got.SHA256)
				assert.Equal(t, want.Steps, got.Steps)
				assert.Equal(t, want.LossMean, got.LossMean)
				again, err := os.ReadFile(table)
				require.NoError(t, err)
				assert.Equal(t, string(all), string(again), "the table has the iterations before, too")
			}
		}
	}
}

func TestCheckpointRefusals(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "run")
	trained(t, "--checkpoint", file)
	good, err := os.ReadFile(file)
	require.NoError(t, err)
	refused := func(want string, args ...string) {
		t.Helper()
		args = append([]string{"train", "lorenz", "--iterations", "20", "--quiet", "--plot", "none"}, args...)
		refuses(t, args, want)
	}
	resume := []string{"--checkpoint", file, "--resume"}
	refused("add --resume", "--checkpoint", file)
	_, stdout, _ := execute(t, "train", "lorenz", "--iterations", "20", "--quiet", "--plot", "none", "--checkpoint", file, "--resume")
	assert.Contains(t, stdout, " s since it was resumed at iteration 20\n")
	refused("--lr 1e-05 there, --lr 0.001 here", append(resume, "--lr", "0.001")...)
	refused("--optimizer sgd there, --optimizer adam here", append(resume, "--optimizer", "adam", "--lr", "1e-5")...)
	refused("Workers 200 there, Workers 100 here", append(resume, "--workers", "100")...)
	refused("Method nres there, Method tes here", append(resume, "--estimator", "tes")...)
	refused("--data none there", append(resume, "--data", "examples/lorenz-z.csv")...)
	refused("--iterations is 19; allowed: at least 20", append(resume, "--iterations", "19")...)
	refused("--every is 0; allowed: at least 1", append(resume, "--every", "0")...)
	refused("--checkpoint is \"\"", "--resume")
	refused("--checkpoint is \"\"", "--every", "5")
	refused("file other than that of --checkpoint", append(resume, "--csv", file)...)
	same, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, good, same, "the file is as it was")

	require.NoError(t, os.WriteFile(file, good[:len(good)-1], 0o600))
	refused("the checksum does not match", resume...)
	require.NoError(t, os.WriteFile(file, []byte("iteration,loss\n1,2\n"), 0o600))
	refused("not a checkpoint of nres", resume...)
	refused("--checkpoint: cannot write", "--checkpoint", filepath.Join(dir, "no", "run"))
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Len(t, left, 1, "nothing else was written")
}

// TestKill kills a run at random moments until it is through: it ends with the bits
// of a run that nobody killed.
func TestKill(t *testing.T) {
	kills := 100
	if testing.Short() {
		kills = 5
	}
	args := []string{"train", "lorenz", "--workers", "40", "--json", "--quiet", "--plot", "none", "--iterations", "4000"}
	want := trained(t, args[2:]...)
	file := filepath.Join(t.TempDir(), "run")
	args = append(args, "--checkpoint", file, "--every", "7", "--resume")
	rng := rand.New(rand.NewSource(1))
	killed := 0
	for {
		cmd := exec.Command(os.Args[0], args...)
		cmd.Env = append(os.Environ(), "NRES_TEST_AS_PROGRAM=1")
		var out strings.Builder
		cmd.Stdout, cmd.Stderr = &out, &out
		require.NoError(t, cmd.Start())
		if killed < kills {
			time.Sleep(time.Duration(rng.Intn(60)) * time.Millisecond)
			_ = cmd.Process.Kill() // it may be through
			if cmd.Wait() != nil {
				killed++
				continue
			}
		} else {
			require.NoError(t, cmd.Wait(), out.String())
		}
		require.Contains(t, out.String(), want.SHA256, "after %d kills", killed)
		if killed >= kills {
			break
		}
		require.NoError(t, os.Remove(file)) // through too early: once more
	}
}

// TestSIGTERM: what stops services stops a run as Ctrl-C does, in the middle of a long
// iteration, too, and if it comes more than once, as it does from timeout(1).
func TestSIGTERM(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("has no SIGTERM")
	}
	file := filepath.Join(t.TempDir(), "run")
	cmd := exec.Command(os.Args[0], "train", "lorenz", "--plot", "none", "--quiet", "--iterations", "1000000000", "--checkpoint", file, "--every", "1",
		"--workers", "100000", "--phase", "lockstep", "--parallelism", "1")
	cmd.Env = append(os.Environ(), "NRES_TEST_AS_PROGRAM=1")
	var out, errs strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errs
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill() }) // if it isn't dead yet
	require.Eventually(t, func() bool { _, err := os.Stat(file); return err == nil }, time.Minute, time.Millisecond)
	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	for range 10 { // those that come before the first is seen are one with it
		time.Sleep(time.Millisecond)
		_ = cmd.Process.Signal(syscall.SIGTERM)
	}
	_ = cmd.Wait()
	assert.Equal(t, statusInterrupted, cmd.ProcessState.ExitCode())
	assert.Contains(t, errs.String(), "nres: interrupted after ")
	assert.Contains(t, out.String(), "mean of last ")
}

// TestCheckpointOfTwoRuns: a run that finds its temporary file gone says why.
func TestCheckpointOfTwoRuns(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("removes no file that is open")
	}
	file := filepath.Join(t.TempDir(), "run")
	done := make(chan struct{})
	go func() {
		defer close(done)
		for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
			if os.Remove(file+".tmp") == nil { // as a second run's rename
				return
			}
		}
	}()
	status, _, stderr := execute(t, "train", "lorenz", "--plot", "none", "--quiet", "--workers", "1", "--iterations", "100000", "--checkpoint", file, "--every", "1")
	<-done
	assert.Equal(t, statusFailed, status)
	assert.Contains(t, stderr, "which another run writes, too: rename ")
}
