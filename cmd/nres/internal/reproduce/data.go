package reproduce

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/tasks/data"
)

// Kinds of users' files.
const (
	images = "images"
	yachts = "yachts"
)

// CheckData reads the users' files: one kind of those that the experiments take must be
// there.
func (lab *Lab) CheckData(chosen []Experiment) (err error) {
	found := false
	for _, kind := range []string{images, yachts} {
		if !slices.ContainsFunc(chosen, func(x Experiment) bool { return x.Data == kind }) {
			continue
		}
		var bad error
		if kind == images {
			_, _, bad = data.Load(lab.Data)
		} else {
			_, bad = data.LoadYacht(lab.Data)
		}
		if bad != nil && !errors.Is(bad, fs.ErrNotExist) {
			return bad
		}
		found = found || bad == nil
		err = cmp.Or(err, bad)
	}
	if found {
		return nil
	}
	return err
}

// images returns the users' images, or, if they have none, drawn digits, so many thousands to
// train on and a quarter of them to test; and what they are.
func (lab *Lab) images(thousands int) (train, test *data.Set, what string, err error) {
	if lab.Data != "" {
		train, test, err = data.Load(lab.Data)
		if err == nil {
			// The digest keeps results of other images of as many apart.
			what = fmt.Sprintf("%d images of %d×%d pixels to train on and %d to validate with, from --data (SHA-256 %x…)", train.Len(), train.Width, train.Height, test.Len(), digestOf(train, test))
			return train, test, what, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return nil, nil, "", err
		}
	}
	root := noise.New(0)
	train, test = data.Digits(1000*thousands, root.Derive(0)), data.Digits(250*thousands, root.Derive(1))
	return train, test, fmt.Sprintf("%d,000 drawn 8×8 digits to train on and %d,000 to validate with", thousands, thousands/4), nil
}

// digestOf returns the first bytes of a digest of images and labels.
func digestOf(sets ...*data.Set) []byte {
	h := sha256.New()
	for _, s := range sets {
		binary.Write(h, binary.LittleEndian, s.Images) // a hash returns no error
		h.Write(s.Labels)
	}
	return h.Sum(nil)[:8]
}

// rows returns the users' yacht data, or, if they have none, drawn rows; and what they are.
func (lab *Lab) rows() (set *data.Regression, what string, err error) {
	if lab.Data != "" {
		if set, err = data.LoadYacht(lab.Data); err == nil {
			return set, fmt.Sprintf("the %d rows of UCI's yacht data, from --data", set.Len()), nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return nil, "", err
		}
	}
	return data.Plane(308, 6, noise.New(1)), "308 drawn rows of as many inputs as the yacht data, linear with much noise", nil
}
