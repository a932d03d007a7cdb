package main

import (
	"context"
	"math/rand"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestMain lets tests run the program in a process of its own, to kill it.
func TestMain(m *testing.M) {
	if os.Getenv("NRES_TEST_AS_PROGRAM") != "" {
		os.Exit(run(context.Background(), os.Args[1:], os.Stdout, os.Stderr))
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
	refused("no such file or directory", "--checkpoint", filepath.Join(dir, "no", "run"))
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
