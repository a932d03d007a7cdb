package checkpoint

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"github.com/noise-reuse/nres/internal/codec"
	"github.com/noise-reuse/nres/internal/whole"
)

const (
	magic   = "nres checkpoint\n"
	version = 1
)

// A Section is a named part of a checkpoint.
type Section struct {
	Name string
	Data []byte
}

// Write replaces the file at path by one with the given sections, in order, and the
// permissions of the old one, if there was one. On an error, such as a full disk, the
// file is as it was. Write makes path + ".tmp", syncs it, and renames it; of a symbolic
// link it replaces the link, not the file that it leads to. A directory, a device or the
// like is refused with an *[Error]. A path must have one writer at a time.
func Write(path string, sections ...Section) error {
	if path == "" {
		return errors.New("checkpoint: the path is empty")
	}
	if old, err := os.Stat(path); err == nil && !old.Mode().IsRegular() {
		return &Error{path, errors.New("not a regular file")}
	}
	w := codec.Writer{B: []byte(magic)}
	w.Uint(version)
	w.Int(len(sections))
	for _, s := range sections {
		w.String(s.Name)
		w.String(string(s.Data))
	}
	sum := sha256.Sum256(w.B)

	f, err := os.OpenFile(path+".tmp", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666)
	if err != nil {
		return err
	}
	return whole.Replace(path, f, func(f io.Writer) error {
		_, err := f.Write(append(w.B, sum[:]...))
		return err
	})
}

// An Error says why a file is not a checkpoint that can be used.
type Error struct {
	Path string
	Err  error
}

func (e *Error) Error() string { return fmt.Sprintf("checkpoint %s: %v", e.Path, e.Err) }
func (e *Error) Unwrap() error { return e.Err }

// Read returns the sections of a file. The error is an *[Error] if the file was cut
// off, changed, or written by something else, and wraps [fs.ErrNotExist] if there is
// none.
func Read(path string) ([]Section, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		var pe *fs.PathError
		if errors.As(err, &pe) {
			err = pe.Err
		}
		return nil, &Error{path, err}
	}
	sections, err := parse(b)
	if err != nil {
		return nil, &Error{path, err}
	}
	return sections, nil
}

func parse(b []byte) ([]Section, error) {
	if len(b) < len(magic) || string(b[:len(magic)]) != magic {
		return nil, errors.New("not a checkpoint of nres")
	}
	r := codec.Reader{B: b[len(magic):]}
	if v := r.Uint(); r.Err == nil && v != version {
		return nil, fmt.Errorf("version %d; this program reads version %d", v, version)
	}
	end := len(b) - sha256.Size
	if r.Err != nil || end < len(magic) || sha256.Sum256(b[:end]) != [sha256.Size]byte(b[end:]) {
		return nil, errors.New("cut off or changed: the checksum does not match")
	}
	r.B = r.B[:len(r.B)-sha256.Size]
	var sections []Section
	for n := r.Uint(); n > 0 && r.Err == nil; n-- {
		sections = append(sections, Section{r.String(), []byte(r.String())})
	}
	return sections, r.End()
}
