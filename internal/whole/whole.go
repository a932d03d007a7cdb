// Package whole writes files that are whole or not there.
package whole

import (
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Writable finds out whether files can be made beside path, and leaves nothing behind.
func Writable(path string) error {
	f, err := temp(path)
	if err != nil {
		return err
	}
	f.Close()
	return os.Remove(f.Name())
}

// Write is Replace by way of a file that no other process writes.
func Write(path string, fn func(io.Writer) error) error {
	f, err := temp(path)
	if err != nil {
		return err
	}
	return Replace(path, f, fn)
}

// temp creates a file next to path, with the permissions of any new file.
func temp(path string) (*os.File, error) {
	var b [8]byte
	if _, err := rand.Read(b[:]); err != nil {
		return nil, err
	}
	name := filepath.Join(filepath.Dir(path), fmt.Sprintf(".nres-%x.tmp", b))
	return os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
}

// Replace replaces the file at path by what fn writes to f, an empty file in the same
// directory, with the permissions of the old one, if there is one. On an error the file
// at path is as it was, and f is removed. In any case f is closed.
func Replace(path string, f *os.File, fn func(io.Writer) error) (err error) {
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
		}
	}()
	if old, err := os.Stat(path); err == nil {
		if err := f.Chmod(old.Mode().Perm()); err != nil {
			return err
		}
	}
	if err := fn(f); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	// The name is safe once the directory is; some systems can't sync one.
	if dir, err := os.Open(filepath.Dir(path)); err == nil {
		_ = dir.Sync()
		dir.Close()
	}
	return nil
}
