package whole

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A dir has the files that a test writes.
type dir struct {
	*testing.T
	path string
}

// has says what all files of the directory are to hold.
func (d dir) has(want map[string]string) {
	d.Helper()
	got := map[string]string{}
	entries, err := os.ReadDir(d.path)
	require.NoError(d, err)
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(d.path, e.Name()))
		require.NoError(d, err)
		got[e.Name()] = string(text)
	}
	assert.Equal(d, want, got)
}

func say(text string) func(io.Writer) error {
	return func(w io.Writer) error { _, err := io.WriteString(w, text); return err }
}

func TestWrite(t *testing.T) {
	d := dir{t, t.TempDir()}
	path := filepath.Join(d.path, "a")
	require.NoError(t, Writable(path))
	d.has(map[string]string{})

	require.NoError(t, Write(path, say("first")))
	d.has(map[string]string{"a": "first"})
	require.NoError(t, Writable(path))
	d.has(map[string]string{"a": "first"})

	// Until all is written, readers have the file before.
	require.NoError(t, Write(path, func(w io.Writer) error {
		err := say("sec")(w)
		text, readErr := os.ReadFile(path)
		assert.Equal(t, "first", string(text))
		return errors.Join(err, readErr, say("ond")(w))
	}))
	d.has(map[string]string{"a": "second"})
}

func TestMode(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("permissions are others here")
	}
	path := t.TempDir()
	mode := func(name string) fs.FileMode {
		info, err := os.Stat(filepath.Join(path, name))
		require.NoError(t, err)
		return info.Mode()
	}
	any, err := os.Create(filepath.Join(path, "any"))
	require.NoError(t, err)
	require.NoError(t, any.Close())
	require.NoError(t, Write(filepath.Join(path, "new"), say("")))
	assert.Equal(t, mode("any"), mode("new"))
	require.NoError(t, os.Chmod(filepath.Join(path, "new"), 0o604))
	require.NoError(t, Write(filepath.Join(path, "new"), say("")))
	assert.Equal(t, fs.FileMode(0o604), mode("new"))
}

// TestFailure: whatever fails, the files are those of before.
func TestFailure(t *testing.T) {
	d := dir{t, t.TempDir()}
	path := filepath.Join(d.path, "a")
	require.NoError(t, Write(path, say("whole")))
	fire := errors.New("disk on fire")
	assert.ErrorIs(t, Write(path, func(w io.Writer) error { return errors.Join(say("ha")(w), fire) }), fire)
	assert.ErrorIs(t, Write(path, func(w io.Writer) error { return w.(*os.File).Close() }), fs.ErrClosed, "one that is closed already")
	d.has(map[string]string{"a": "whole"})

	sub := filepath.Join(d.path, "sub")
	assert.ErrorIs(t, Writable(filepath.Join(sub, "a")), fs.ErrNotExist)
	assert.ErrorIs(t, Write(filepath.Join(sub, "a"), say("")), fs.ErrNotExist)
	assert.Error(t, Writable(filepath.Join(path, "a")), "a file as a directory")
	d.has(map[string]string{"a": "whole"})

	other := dir{t, t.TempDir()}
	require.NoError(t, os.MkdirAll(filepath.Join(other.path, "b", "c"), 0o777))
	assert.Error(t, Write(filepath.Join(other.path, "b"), say("")), "a directory in its place")
	require.NoError(t, os.RemoveAll(filepath.Join(other.path, "b")))
	other.has(map[string]string{})
}
