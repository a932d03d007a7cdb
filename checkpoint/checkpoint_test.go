package checkpoint

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var sections = []Section{{"θ", []byte{1, 2, 3}}, {"empty", []byte{}}, {"text", []byte("a\nb")}}

func TestWriteRead(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run")
	_, err := Read(path)
	assert.ErrorIs(t, err, os.ErrNotExist)
	require.NoError(t, Write(path, Section{"old", nil}))
	require.NoError(t, os.Chmod(path, 0o600))
	require.NoError(t, Write(path, sections...))
	info, err := os.Stat(path)
	require.NoError(t, err)
	if runtime.GOOS != "windows" { // which has none such
		assert.Equal(t, os.FileMode(0o600), info.Mode(), "others can't read it now either")
	}
	got, err := Read(path)
	require.NoError(t, err)
	assert.Equal(t, sections, got)
	files, err := os.ReadDir(filepath.Dir(path))
	require.NoError(t, err)
	assert.Len(t, files, 1, "no temporary file stays")
}

// TestDamage: every file cut off anywhere, or with any bit changed, is refused.
func TestDamage(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run")
	require.NoError(t, Write(path, sections...))
	good, err := os.ReadFile(path)
	require.NoError(t, err)
	refused := func(b []byte, why string) {
		t.Helper()
		require.NoError(t, os.WriteFile(path, b, 0o600))
		_, err := Read(path)
		var e *Error
		require.ErrorAs(t, err, &e, why)
		require.Contains(t, err.Error(), path)
	}
	for n := range good {
		refused(good[:n], "cut off")
		for bit := 0; bit < 8; bit++ {
			bad := append([]byte(nil), good...)
			bad[n] ^= 1 << bit
			refused(bad, "changed")
		}
	}
	refused(append(good, 0), "longer")
	refused([]byte("iteration,loss\n"), "foreign")
	later := append([]byte(nil), good...)
	later[len(magic)] = 9
	require.NoError(t, os.WriteFile(path, later, 0o600))
	_, err = Read(path)
	assert.ErrorContains(t, err, "version 9; this program reads version 1")
}

// TestFailureHarmsNothing: the file stays as it was if the new one can't be written.
func TestFailureHarmsNothing(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "run")
	require.NoError(t, Write(path, sections...))
	require.NoError(t, os.Mkdir(path+".tmp", 0o700)) // in the way
	assert.Error(t, Write(path, Section{"new", nil}))
	got, err := Read(path)
	require.NoError(t, err)
	assert.Equal(t, sections, got)
	assert.Error(t, Write(filepath.Join(dir, "no", "such", "folder"), sections...))
}

// TestNoFile: what is no file is not replaced by one, as root might a device.
func TestNoFile(t *testing.T) {
	dir := t.TempDir()
	assert.EqualError(t, Write(dir, sections...), "checkpoint "+dir+": not a regular file")
	assert.NoFileExists(t, dir+".tmp")
	assert.EqualError(t, Write("", sections...), "checkpoint: the path is empty")
	_, err := os.ReadDir(dir)
	assert.NoError(t, err)

	if runtime.GOOS == "windows" {
		t.Skip("no links without permission")
	}
	link := filepath.Join(dir, "link")
	require.NoError(t, os.Symlink(os.DevNull, link))
	assert.EqualError(t, Write(link, sections...), "checkpoint "+link+": not a regular file")
	to, err := os.Readlink(link)
	require.NoError(t, err)
	assert.Equal(t, os.DevNull, to)
}
