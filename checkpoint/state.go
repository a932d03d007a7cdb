package checkpoint

import (
	"encoding"
	"fmt"
	"unsafe"

	"github.com/noise-reuse/nres/internal/codec"
	"github.com/noise-reuse/nres/vec"
)

// A State is what a run goes on from: an Estimator, an AskTell, an optimizer, or
// parameters as [Floats].
type State interface {
	encoding.BinaryMarshaler
	encoding.BinaryUnmarshaler
}

// A Part is a state and the name of its section.
type Part struct {
	Name  string
	State State
}

// check refuses parts of which some would be lost.
func check(path string, parts []Part) error {
	seen := map[string]bool{}
	for _, p := range parts {
		switch {
		case p.State == nil:
			return &Error{path, fmt.Errorf("%s: there is no State", p.Name)}
		case seen[p.Name]:
			return &Error{path, fmt.Errorf("%s: two parts have this name", p.Name)}
		}
		seen[p.Name] = true
	}
	return nil
}

// Save replaces the file at path by one with the states of the parts, as [Write] does.
// A part without a State and two parts of one name are an *[Error].
func Save(path string, parts ...Part) error {
	if err := check(path, parts); err != nil {
		return err
	}
	sections := make([]Section, len(parts))
	for i, p := range parts {
		data, err := p.State.MarshalBinary()
		if err != nil {
			return fmt.Errorf("%s: %w", p.Name, err)
		}
		sections[i] = Section{p.Name, data}
	}
	return Write(path, sections...)
}

// Load restores the parts, in order, from a file written by [Save]; sections that belong
// to no part are ignored. It restores nothing if the parts are bad (see [Save]), the file
// can't be read (see [Read]) or a part has no section in it, which is an *[Error]. If a
// State refuses its data, the *[Error] wraps what it said; the parts before it have then
// been restored, it and those after it are as they were.
func Load(path string, parts ...Part) error {
	if err := check(path, parts); err != nil {
		return err
	}
	sections, err := Read(path)
	if err != nil {
		return err
	}
	data := map[string][]byte{}
	for _, s := range sections {
		data[s.Name] = s.Data
	}
	for _, p := range parts {
		if _, ok := data[p.Name]; !ok {
			return &Error{path, fmt.Errorf("%s: there is no such section", p.Name)}
		}
	}
	for _, p := range parts {
		if err := p.State.UnmarshalBinary(data[p.Name]); err != nil {
			return &Error{path, fmt.Errorf("%s: %w", p.Name, err)}
		}
	}
	return nil
}

// Floats is a slice, such as θ, as a State: Floats[float32](theta) restores the elements
// of theta in place, and refuses states with another number of them.
type Floats[F vec.Float] []F

// MarshalBinary returns the elements' bits.
func (x Floats[F]) MarshalBinary() ([]byte, error) {
	var w codec.Writer
	codec.Floats(&w, x)
	return w.Sum(), nil
}

// UnmarshalBinary restores the elements, or leaves them as they were.
func (x Floats[F]) UnmarshalBinary(data []byte) error {
	r := codec.Checked(data)
	// The other type of as many elements.
	theirs, ours := r, uint64(unsafe.Sizeof(*new(F)))
	if n := theirs.Uint(); n > 0 && uint64(len(theirs.B)) == n*(4+8-ours) {
		return fmt.Errorf("elements of %d bytes there, of %d here", 4+8-ours, ours)
	}
	y := codec.ReadFloats[F](&r)
	if err := r.End(); err != nil {
		return err
	}
	if len(y) != len(x) {
		return fmt.Errorf("%d elements there, %d here", len(y), len(x))
	}
	copy(x, y)
	return nil
}
