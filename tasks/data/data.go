package data

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// A Set is labelled images.
type Set struct {
	Images        []float32 // Len()·Width·Height grey values from 0 to 1, image by image, row by row
	Labels        []uint8   // each below Classes
	Width, Height int
	Classes       int
}

// Len returns the number of images.
func (s *Set) Len() int { return len(s.Labels) }

// Image returns the pixels of image i, which are not a copy.
func (s *Set) Image(i int) []float32 {
	n := s.Width * s.Height
	return s.Images[i*n : (i+1)*n : (i+1)*n]
}

// Slice returns images i to j−1, which are not a copy.
func (s *Set) Slice(i, j int) *Set {
	n, part := s.Width*s.Height, *s
	part.Images, part.Labels = s.Images[i*n:j*n:j*n], s.Labels[i:j:j]
	return &part
}

// Where users get the files.
const (
	mnistURL     = "https://ossci-datasets.s3.amazonaws.com/mnist/"
	fashionURL   = "https://github.com/zalandoresearch/fashion-mnist"
	optdigitsURL = "https://archive.ics.uci.edu/dataset/80/optical+recognition+of+handwritten+digits"
	yachtURL     = "https://archive.ics.uci.edu/dataset/243/yacht+hydrodynamics"
)

const wanted = "train-images-idx3-ubyte and train-labels-idx1-ubyte, the same with t10k for train, plain or .gz (MNIST: " +
	mnistURL + ", Fashion-MNIST: " + fashionURL + "), or optdigits.tra, optdigits.hol and optdigits.tes (" + optdigitsURL + ")"

// Load reads the images in a directory, by the names under which they are published:
// MNIST and Fashion-MNIST in IDX files, plain or gzipped (train, and t10k for the
// test), or the UCI digits (optdigits.tra and .hol, or UCI's .tra that is both, for
// training; .tes). If there is only one of training and test, its first four fifths are
// for training and the rest for the test. If there are no images, the error is an
// fs.ErrNotExist.
func Load(dir string) (train, test *Set, err error) {
	if info, err := os.Stat(dir); err != nil {
		return nil, nil, fmt.Errorf("data: %w; expected a directory with %s", err, wanted)
	} else if !info.IsDir() {
		return nil, nil, fmt.Errorf("data: %s is a file; expected a directory with %s", dir, wanted)
	}
	if train, err = loadIDX(dir, "train"); err != nil {
		return nil, nil, err
	}
	if test, err = loadIDX(dir, "t10k"); err != nil {
		return nil, nil, err
	}
	if train == nil && test == nil {
		if train, err = loadOptdigits(dir, "tra", "hol"); err != nil {
			return nil, nil, err
		}
		if test, err = loadOptdigits(dir, "tes"); err != nil {
			return nil, nil, err
		}
	}
	switch all := train; {
	case train == nil && test == nil:
		if _, err := os.Stat(filepath.Join(dir, yachtName)); err == nil {
			return nil, nil, fmt.Errorf("data: %s has %s, which are no images (%w); expected %s", dir, yachtName, fs.ErrNotExist, wanted)
		}
		return nil, nil, fmt.Errorf("data: no images in %s (%w); expected %s", dir, fs.ErrNotExist, wanted)
	case train == nil || test == nil:
		if all == nil {
			all = test
		}
		if all.Len() < 2 {
			return nil, nil, fmt.Errorf("data: %s has one image; expected enough for training and test", dir)
		}
		cut := (4*all.Len() + 4) / 5
		if cut == all.Len() {
			cut--
		}
		return all.Slice(0, cut), all.Slice(cut, all.Len()), nil
	case train.Width != test.Width || train.Height != test.Height:
		return nil, nil, fmt.Errorf("data: in %s images for training have %d×%d pixels, for the test %d×%d; expected the same size",
			dir, train.Width, train.Height, test.Width, test.Height)
	}
	return train, test, nil
}

// find returns the first of the files in dir that exists, and "" if none does.
func find(dir string, names ...string) (string, error) {
	for _, name := range names {
		path := filepath.Join(dir, name)
		if _, err := os.Stat(path); err == nil {
			return path, nil
		} else if !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("data: %w", err)
		}
	}
	return "", nil
}
