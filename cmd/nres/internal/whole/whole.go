// Package whole writes files that are whole or not there.
package whole

import (
	"crypto/rand"
	"io"
	"io/fs"
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

// Write replaces the file at path by what fn writes, if there is no error. Its permissions
// are mode, or those of any new file if that is 0.
func Write(path string, mode fs.FileMode, fn func(io.Writer) error) (err error) {
	f, err := temp(path)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
		}
	}()
	if err := fn(f); err != nil {
		return err
	}
	if mode != 0 {
		if err := f.Chmod(mode); err != nil {
			return err
		}
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// temp creates a file next to path, with the permissions of any new file.
func temp(path string) (*os.File, error) {
	name := filepath.Join(filepath.Dir(path), ".nres-"+rand.Text()[:10]+".tmp")
	return os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
}
