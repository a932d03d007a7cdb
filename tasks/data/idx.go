package data

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// The magic numbers say: unsigned bytes, three dimensions or one.
const (
	idxImages = 0x00000803
	idxLabels = 0x00000801
)

const maxSide = 1 << 12 // pixels; more is a damaged header

// loadIDX reads the images and labels of a part, "train" or "t10k". There is no set and
// no error if there are no images.
func loadIDX(dir, part string) (*Set, error) {
	name := func(what, kind string) []string {
		a, b := part+"-"+what+"-"+kind+"-ubyte", part+"-"+what+"."+kind+"-ubyte"
		return []string{a, a + ".gz", b, b + ".gz"}
	}
	images, err := find(dir, name("images", "idx3")...)
	if err != nil || images == "" {
		return nil, err
	}
	labels, err := find(dir, name("labels", "idx1")...)
	if err != nil {
		return nil, err
	}
	if labels == "" {
		return nil, fmt.Errorf("data: %s has no labels beside it; expected %s, plain or .gz (from where the images are)",
			images, filepath.Join(dir, name("labels", "idx1")[0]))
	}
	size, pixels, err := readIDX(images, idxImages, 3)
	if err != nil {
		return nil, err
	}
	n, classes, err := readIDX(labels, idxLabels, 1)
	if err != nil {
		return nil, err
	}
	if n[0] != size[0] {
		return nil, fmt.Errorf("data: %s has %d labels; expected %d, one for each image of %s", labels, n[0], size[0], images)
	}
	s := &Set{make([]float32, len(pixels)), classes, size[2], size[1], 10}
	for i, v := range pixels {
		s.Images[i] = float32(v) / 255
	}
	for i, v := range classes {
		if int(v) >= s.Classes {
			return nil, fmt.Errorf("data: %s: label %d is %d; expected 0 to %d", labels, i, v, s.Classes-1)
		}
	}
	return s, nil
}

// readIDX returns the dimensions and the bytes of an IDX file, plain or gzipped, which
// its first two bytes tell.
func readIDX(path string, magic uint32, dimensions int) (size []int, content []byte, err error) {
	expected := fmt.Sprintf("an IDX file of MNIST (%s) or Fashion-MNIST (%s)", mnistURL, fashionURL)
	bad := func(err error) ([]int, []byte, error) {
		return nil, nil, fmt.Errorf("data: %s: %w; expected %s", path, err, expected)
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, fmt.Errorf("data: %w; expected %s", err, expected)
	}
	defer f.Close()
	buffered := bufio.NewReader(f)
	var r io.Reader = buffered
	if first, _ := buffered.Peek(2); bytes.Equal(first, []byte{0x1f, 0x8b}) {
		if r, err = gzip.NewReader(buffered); err != nil {
			return bad(err)
		}
	}
	header := make([]byte, 4+4*dimensions)
	if n, err := io.ReadFull(r, header); err == io.EOF || err == io.ErrUnexpectedEOF {
		return bad(fmt.Errorf("it ends after %d bytes, in its header of %d", n, len(header)))
	} else if err != nil {
		return bad(err)
	}
	if got := binary.BigEndian.Uint32(header); got != magic {
		return bad(fmt.Errorf("it begins with %#08x, not with %#08x", got, magic))
	}
	each := 1 // bytes an image or label
	for i := 0; i < dimensions; i++ {
		v := binary.BigEndian.Uint32(header[4+4*i:])
		most := uint32(maxSide)
		if i == 0 {
			most = 1 << 24
		}
		if v < 1 || v > most {
			return bad(fmt.Errorf("dimension %d is %d, not 1 to %d", i, v, most))
		}
		size = append(size, int(v))
		if i > 0 {
			each *= int(v)
		}
	}
	// Memory grows with what there is, not with what the header says.
	want := int64(size[0]) * int64(each)
	content, err = io.ReadAll(io.LimitReader(r, want+1))
	if err != nil {
		return bad(err)
	}
	if got := int64(len(content)); got < want {
		return bad(fmt.Errorf("it ends after %d of the %d bytes that its header announces", got, want))
	} else if got > want {
		return bad(fmt.Errorf("there is more in it than the %d bytes that its header announces", want))
	}
	return size, content, nil
}
