package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/noise-reuse/nres/internal/whole"
)

// An output is a file to be written whole or not at all.
type output struct {
	flag   string
	path   string // as the user named it
	target string // with symbolic links resolved
}

// newOutput checks that the file can be written, without changing it or leaving
// anything behind.
func newOutput(flag, path string) (*output, error) {
	o := &output{flag: flag, path: path}
	if err := o.check(); err != nil {
		// The temporary file's name would only confuse.
		if p := (*fs.PathError)(nil); errors.As(err, &p) {
			err = p.Err
		}
		none := ""
		if flag == "plot" {
			none = `, or "none"`
		}
		return nil, fmt.Errorf("--%s: cannot write %q: %w; allowed: a file in a directory that can be written%s", flag, path, err, none)
	}
	return o, nil
}

func (o *output) check() (err error) {
	if strings.HasSuffix(o.path, "/") || strings.HasSuffix(o.path, string(filepath.Separator)) {
		return errors.New("is a directory")
	}
	if o.target, err = resolve(o.path); err != nil {
		return err
	}
	info, err := os.Stat(o.target)
	switch {
	case err == nil && info.IsDir():
		return errors.New("is a directory")
	case err == nil && !info.Mode().IsRegular():
		return errors.New("is not a regular file")
	case err == nil:
		// A file of that name is to be replaced, but not if it is write-protected.
		f, err := os.OpenFile(o.target, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		f.Close()
	case !errors.Is(err, fs.ErrNotExist):
		return err
	}
	return whole.Writable(o.target)
}

// resolve returns path without symbolic links. The file need not exist.
func resolve(path string) (string, error) {
	target, err := filepath.EvalSymlinks(path)
	if err == nil {
		return filepath.Abs(target)
	}
	if _, err := os.Lstat(path); err == nil {
		return "", errors.New("symbolic link to nowhere")
	}
	dir, err := filepath.EvalSymlinks(filepath.Dir(path))
	if err != nil {
		return "", err
	}
	return filepath.Abs(filepath.Join(dir, filepath.Base(path)))
}

// write replaces the file by what fn writes, if there is no error.
func (o *output) write(fn func(io.Writer) error) error {
	if err := whole.Write(o.target, fn); err != nil {
		return fmt.Errorf("--%s: cannot write %q: %w", o.flag, o.path, err)
	}
	return nil
}

// save is write, which sets to the path, but for an output that isn't wanted: a nil one.
func (o *output) save(to **string, fn func(io.Writer) error) error {
	if o == nil {
		return nil
	}
	if err := o.write(fn); err != nil {
		return &failure{statusFailed, err}
	}
	*to = &o.path
	return nil
}

// rescue writes what a run had done before it failed with err, if anything, and adds to err
// where that is.
func (o *output) rescue(err error, done int, fn func(io.Writer) error) error {
	if o == nil || done == 0 {
		return err
	}
	if bad := o.write(fn); bad != nil {
		return errors.Join(err, bad)
	}
	return fmt.Errorf("%w; what was measured before is in %s", err, o.path)
}

// writeReport writes a report as text, or as one JSON object.
func writeReport(w io.Writer, r interface{ text() string }, asJSON bool) error {
	text := []byte(r.text())
	if asJSON {
		var err error
		if text, err = json.MarshalIndent(r, "", "  "); err != nil {
			return &failure{statusFailed, err}
		}
		text = append(text, '\n')
	}
	_, err := w.Write(text)
	return err
}

// sameFile says whether two paths lead to one file, or would if it existed.
func sameFile(a, b string) bool {
	if x, err := resolve(a); err == nil {
		a = x
	}
	if x, err := resolve(b); err == nil {
		b = x
	}
	if a == b {
		return true
	}
	x, errX := os.Stat(a)
	y, errY := os.Stat(b)
	return errX == nil && errY == nil && os.SameFile(x, y)
}
