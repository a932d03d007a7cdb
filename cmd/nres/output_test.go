package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// files returns the names in a directory.
func files(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	names := []string{}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(text)
}

func TestOutput(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.csv")
	o, err := newOutput("csv", path)
	require.NoError(t, err)
	assert.Empty(t, files(t, dir), "the check leaves nothing behind")

	say := func(text string) func(io.Writer) error {
		return func(w io.Writer) error { _, err := io.WriteString(w, text); return err }
	}
	require.NoError(t, o.write(say("first")))
	assert.Equal(t, "first", read(t, path))

	require.NoError(t, os.Chmod(path, 0o640))
	o, err = newOutput("csv", path)
	require.NoError(t, err)
	require.NoError(t, o.write(say("second")))
	assert.Equal(t, "second", read(t, path))
	info, err := os.Stat(path)
	require.NoError(t, err)
	if runtime.GOOS != "windows" {
		assert.Equal(t, os.FileMode(0o640), info.Mode().Perm(), "permissions stay")
	}

	err = o.write(func(w io.Writer) error { io.WriteString(w, "half"); return errors.New("disk on fire") })
	assert.ErrorContains(t, err, "disk on fire")
	assert.Equal(t, "second", read(t, path), "an error changes nothing")
	assert.Equal(t, []string{"a.csv"}, files(t, dir))
}

func TestOutputRefuses(t *testing.T) {
	dir := t.TempDir()
	for _, path := range []string{dir, dir + "/", filepath.Join(dir, "none", "a.csv"), os.DevNull} {
		_, err := newOutput("csv", path)
		assert.ErrorContains(t, err, "--csv: cannot write", path)
	}
	assert.Empty(t, files(t, dir))
}

func TestOutputLinks(t *testing.T) {
	dir := t.TempDir()
	real, link := filepath.Join(dir, "real.csv"), filepath.Join(dir, "link.csv")
	if err := os.Symlink("real.csv", link); err != nil {
		t.Skip("no symbolic links here:", err)
	}
	_, err := newOutput("csv", link)
	assert.ErrorContains(t, err, "symbolic link to nowhere")

	require.NoError(t, os.WriteFile(real, []byte("old"), 0o666))
	o, err := newOutput("csv", link)
	require.NoError(t, err)
	require.NoError(t, o.write(func(w io.Writer) error { _, err := io.WriteString(w, "new"); return err }))
	assert.Equal(t, "new", read(t, real), "the file that the link leads to is replaced, not the link")
	assert.True(t, sameFile(real, link))
	assert.False(t, sameFile(real, filepath.Join(dir, "other.csv")))
}
