package main

import (
	"bytes"
	"image/png"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// One experiment from the flags to the page, in its quick form.
func TestReproduce(t *testing.T) {
	t.Chdir(t.TempDir())
	status, stdout, stderr := execute(t, "reproduce", "L9", "--quick", "--out", "a")
	require.Zero(t, status, stderr)
	assert.Contains(t, stdout, "L9")
	assert.Contains(t, stdout, "not judged")
	assert.Contains(t, stdout, filepath.Join("a", "reproduction.md"))
	assert.Contains(t, stderr, "(100 %)")
	assert.Equal(t, []string{"a"}, files(t, "."))
	assert.Equal(t, []string{"reproduction", "reproduction.md"}, files(t, "a"))
	assert.Equal(t, []string{"cache", "l9-paths.png"}, files(t, "a/reproduction"))
	picture, err := os.ReadFile("a/reproduction/l9-paths.png")
	require.NoError(t, err)
	_, err = png.Decode(bytes.NewReader(picture))
	require.NoError(t, err)

	page := func(dir string) string {
		return regexp.MustCompile(`\| [0-9.]+ \|\n`).ReplaceAllString(read(t, filepath.Join(dir, "reproduction.md")), "| s |\n")
	}
	want := page("a")
	for _, link := range regexp.MustCompile(`\]\((\S+)\)`).FindAllStringSubmatch(want, -1) {
		assert.FileExists(t, filepath.Join("a", link[1]))
	}
	assert.Regexp(t, "SHA-256 of θ and losses: `[0-9a-f]{64}`", want)

	// In another way, with the same bits.
	status, _, stderr = execute(t, "reproduce", "l9", "--quick", "--out", "b", "--parallelism", "3", "--quiet")
	require.Zero(t, status, stderr)
	assert.Empty(t, stderr)
	assert.Equal(t, want, page("b"))
	again, err := os.ReadFile("b/reproduction/l9-paths.png")
	require.NoError(t, err)
	assert.True(t, bytes.Equal(picture, again), "the picture")

	// From what is there, with no unit running again.
	cached := files(t, "a/reproduction/cache")
	status, _, stderr = execute(t, "reproduce", "L9", "--quick", "--out", "a", "--resume", "--quiet")
	require.Zero(t, status, stderr)
	assert.Equal(t, want, page("a"))
	assert.Equal(t, cached, files(t, "a/reproduction/cache"))
}

func TestReproduceInterrupted(t *testing.T) {
	t.Chdir(t.TempDir())
	out, errs := interrupted(t, 3, strings.Fields("reproduce L9 --quick --parallelism 1")...)
	assert.Equal(t, "nres: interrupted; 3 units are kept, --resume goes on from there\n", errs)
	assert.Empty(t, out)
	assert.Len(t, files(t, "reproduction/reproduction/cache"), 3)
}

func TestReproduceList(t *testing.T) {
	t.Chdir(t.TempDir())
	status, stdout, stderr := execute(t, "reproduce", "--list")
	require.Zero(t, status, stderr)
	for _, want := range []string{"L1 L2", "L9", "F3", "MuJoCo"} {
		assert.Contains(t, stdout, want)
	}
	status, stdout, stderr = execute(t, "reproduce", "--list", "z8", "S9")
	require.Zero(t, status, stderr)
	assert.Regexp(t, `^S9 .*\(--data: yachts\)\nZ8 .*\(--data: images\)\n$`, stdout)
	assert.Empty(t, files(t, "."))
}

// TestReproduceReadOnly: it is found before anything runs that a directory which it made once
// can't be written any more.
func TestReproduceReadOnly(t *testing.T) {
	if runtime.GOOS == "windows" || os.Geteuid() == 0 {
		t.Skip("may write everywhere")
	}
	out := t.TempDir()
	cache := filepath.Join(out, "reproduction", "cache")
	require.NoError(t, os.MkdirAll(cache, 0o777))
	for _, dir := range []string{cache, filepath.Dir(cache), out} {
		require.NoError(t, os.Chmod(dir, 0o555))
		refuses(t, []string{"reproduce", "L9", "--quick", "--out", out}, "--out", dir+": permission denied")
		require.NoError(t, os.Chmod(dir, 0o777))
	}
}

func TestReproduceBadInput(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o666))
	taken := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(taken, "reproduction.md"), 0o777))
	testRefusals(t, []refusal{
		{"reproduce L99", []string{`"L99"`, "L1, L2", "F3"}},
		{"reproduce --list L99", []string{`"L99"`}},
		{"reproduce L1 R3", []string{"R3", "MuJoCo"}},
		{"reproduce --parallelism -1", []string{"--parallelism is -1", "at least 1"}},
		{"reproduce --parallelism many", []string{"--parallelism", `"many"`, "whole number"}},
		{"reproduce --frobnicate", []string{"--frobnicate", "--quick", "--resume", "--out"}},
		{"reproduce --data none", []string{"--data", `"none"`, "directory"}},
		{"reproduce --data .", []string{"--data: no images in .", "train-images-idx3-ubyte"}},
		{"reproduce L9 Z3 --data .", []string{"--data", `"."`, "only with experiments that take files: S4, S9, S10, Z6, Z4, Z5, Z8, Z9"}},
		{"reproduce --data=", []string{"--data", `""`, "directory"}},
		{"reproduce --data " + file, []string{"--data", `file"`, "directory"}},
		{"reproduce --out " + file, []string{"--out", `file"`, "directory that can be written"}},
		{"reproduce --out " + file + "/in", []string{"--out", "directory that can be written"}},
		{"reproduce L9 --quick --out " + taken, []string{"--out", "reproduction.md: not a regular file", "directory that can be written"}},
		{"reproduce --out=", []string{"--out", "directory that can be written"}},
	})
}
