package data

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/noise-reuse/nres/noise"
)

// idx is an IDX file: magic number, dimensions, content.
func idx(magic uint32, size []uint32, content ...byte) []byte {
	b := binary.BigEndian.AppendUint32(nil, magic)
	for _, n := range size {
		b = binary.BigEndian.AppendUint32(b, n)
	}
	return append(b, content...)
}

func zipped(t *testing.T, b []byte) []byte {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, err := w.Write(b)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return out.Bytes()
}

// dir is a directory with files.
func dir(t *testing.T, files map[string][]byte) string {
	d := t.TempDir()
	for name, b := range files {
		require.NoError(t, os.WriteFile(filepath.Join(d, name), b, 0o600))
	}
	return d
}

// Two images of 3 columns and 2 rows.
var (
	twoImages = idx(idxImages, []uint32{2, 2, 3}, 0, 51, 102, 153, 204, 255, 1, 2, 3, 4, 5, 6)
	twoLabels = idx(idxLabels, []uint32{2}, 7, 9)
)

func TestLoadIDX(t *testing.T) {
	one := idx(idxImages, []uint32{1, 2, 3}, 255, 0, 0, 0, 0, 0)
	for name, files := range map[string]map[string][]byte{
		"plain": {
			"train-images-idx3-ubyte": twoImages, "train-labels-idx1-ubyte": twoLabels,
			"t10k-images-idx3-ubyte": one, "t10k-labels-idx1-ubyte": idx(idxLabels, []uint32{1}, 4),
		},
		"zipped, and dots": {
			"train-images.idx3-ubyte": twoImages, "train-labels-idx1-ubyte.gz": zipped(t, twoLabels),
			"t10k-images-idx3-ubyte.gz": zipped(t, one), "t10k-labels.idx1-ubyte.gz": zipped(t, idx(idxLabels, []uint32{1}, 4)),
		},
		"zipped under a plain name": {
			"train-images-idx3-ubyte": zipped(t, twoImages), "train-labels-idx1-ubyte": twoLabels,
			"t10k-images-idx3-ubyte": one, "t10k-labels-idx1-ubyte": zipped(t, idx(idxLabels, []uint32{1}, 4)),
		},
	} {
		train, test, err := Load(dir(t, files))
		require.NoError(t, err, name)
		assert.Equal(t, &Set{[]float32{0, .2, .4, .6, .8, 1, 1. / 255, 2. / 255, 3. / 255, 4. / 255, 5. / 255, 6. / 255},
			[]uint8{7, 9}, 3, 2, 10}, train, name)
		assert.Equal(t, &Set{[]float32{1, 0, 0, 0, 0, 0}, []uint8{4}, 3, 2, 10}, test, name)
		assert.Equal(t, 2, train.Len())
		assert.Equal(t, train.Images[6:], train.Image(1))
	}
}

// TestLoadSplits: four fifths are for training where there is only one part.
func TestLoadSplits(t *testing.T) {
	for n, want := range map[int]int{2: 1, 5: 4, 6: 5, 10: 8} {
		labels := make([]byte, n)
		for i := range labels {
			labels[i] = byte(i)
		}
		for _, part := range []string{"train", "t10k"} {
			train, test, err := Load(dir(t, map[string][]byte{
				part + "-images-idx3-ubyte": idx(idxImages, []uint32{uint32(n), 1, 1}, labels...),
				part + "-labels-idx1-ubyte": idx(idxLabels, []uint32{uint32(n)}, labels...),
			}))
			require.NoError(t, err)
			assert.Equal(t, labels[:want], train.Labels)
			assert.Equal(t, labels[want:], test.Labels)
			assert.Equal(t, float32(want)/255, test.Image(0)[0])
		}
	}
}

func TestIDXErrors(t *testing.T) {
	for name, c := range map[string]struct {
		images, labels []byte
		want           string
	}{
		"no labels":     {twoImages, nil, "has no labels beside it; expected "},
		"empty":         {[]byte{}, twoLabels, "it ends after 0 bytes, in its header of 16"},
		"short header":  {twoImages[:15], twoLabels, "it ends after 15 bytes, in its header of 16"},
		"magic":         {append([]byte{0, 0, 9, 3}, twoImages[4:]...), twoLabels, "it begins with 0x00000903, not with 0x00000803"},
		"swapped":       {twoLabels, twoImages, "it ends after 10 bytes"},
		"truncated":     {twoImages[:27], twoLabels, "it ends after 11 of the 12 bytes"},
		"trailing":      {append(twoImages[:28:28], 0), twoLabels, "there is more in it than the 12 bytes"},
		"no rows":       {idx(idxImages, []uint32{2, 0, 3}), twoLabels, "dimension 1 is 0, not 1 to 4096"},
		"huge":          {idx(idxImages, []uint32{1 << 24, 4096, 4096}, 1, 2, 3), twoLabels, "it ends after 3 of the 281474976710656 bytes"},
		"too many":      {idx(idxImages, []uint32{1<<24 + 1, 1, 1}), twoLabels, "dimension 0 is 16777217"},
		"counts":        {twoImages, idx(idxLabels, []uint32{1}, 7), "has 1 labels; expected 2, one for each image of "},
		"label":         {twoImages, idx(idxLabels, []uint32{2}, 7, 10), "label 1 is 10; expected 0 to 9"},
		"labels, magic": {twoImages, idx(idxImages, []uint32{2}, 7, 9), "train-labels-idx1-ubyte: it begins with 0x00000803"},
		"gzip, cut":     {zipped(t, twoImages)[:20], twoLabels, "train-images-idx3-ubyte: "},
		"gzip, header":  {[]byte{0x1f, 0x8b, 0}, twoLabels, "train-images-idx3-ubyte: "},
		"gzip, sum":     {badSum(t, twoImages), twoLabels, "checksum"},
	} {
		files := map[string][]byte{"train-images-idx3-ubyte": c.images}
		if c.labels != nil {
			files["train-labels-idx1-ubyte"] = c.labels
		}
		d := dir(t, files)
		train, test, err := Load(d)
		require.Error(t, err, name)
		assert.Nil(t, train)
		assert.Nil(t, test)
		assert.Contains(t, err.Error(), c.want, name)
		assert.Contains(t, err.Error(), d, name)
		assert.Contains(t, err.Error(), "expected ", name)
	}
}

// badSum is a gzip file whose content does not have its checksum.
func badSum(t *testing.T, b []byte) []byte {
	z := zipped(t, b)
	z[len(z)-8] ^= 1
	return z
}

func TestLoadErrors(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "nowhere")
	_, nowhere := os.Stat(missing) // every system says it in its own words
	file := filepath.Join(dir(t, map[string][]byte{"f": nil}), "f")
	yacht := dir(t, map[string][]byte{yachtName: []byte("1 2 3 4 5 6 7\n")})
	odd := map[string][]byte{
		"train-images-idx3-ubyte": twoImages, "train-labels-idx1-ubyte": twoLabels,
		"t10k-images-idx3-ubyte": idx(idxImages, []uint32{1, 3, 2}, 1, 2, 3, 4, 5, 6), "t10k-labels-idx1-ubyte": idx(idxLabels, []uint32{1}, 1),
	}
	single := map[string][]byte{"t10k-images-idx3-ubyte": odd["t10k-images-idx3-ubyte"], "t10k-labels-idx1-ubyte": odd["t10k-labels-idx1-ubyte"]}
	for path, want := range map[string]string{
		missing:        nowhere.Error(),
		file:           "is a file; expected a directory with train-images-idx3-ubyte",
		t.TempDir():    "no images in ",
		yacht:          "which are no images",
		dir(t, odd):    "images for training have 3×2 pixels, for the test 2×3",
		dir(t, single): "has one image",
	} {
		_, _, err := Load(path)
		require.Error(t, err)
		assert.Contains(t, err.Error(), want)
		assert.Contains(t, err.Error(), path)
	}
	_, _, err := Load(t.TempDir())
	for _, url := range []string{mnistURL, fashionURL, optdigitsURL} {
		assert.ErrorContains(t, err, url)
	}
}

// digitsLine is a line of the UCI digits, whose k-th value is v and class c.
func digitsLine(k int, v, c string) string {
	fields := strings.Split(strings.Repeat("0,", 64)+c, ",")
	fields[k] = v
	return strings.Join(fields, ",") + "\n"
}

func TestOptdigits(t *testing.T) {
	tra, hol, tes := digitsLine(1, "16", "3"), digitsLine(2, "8", "4")+"\n", digitsLine(63, " 4", "0\r")+"\r\n"+digitsLine(0, "1", "9")
	train, test, err := Load(dir(t, map[string][]byte{"optdigits.tra": []byte(tra), "optdigits.hol": []byte(hol), "optdigits.tes": []byte(tes)}))
	require.NoError(t, err)
	assert.Equal(t, []uint8{3, 4}, train.Labels)
	assert.Equal(t, []uint8{0, 9}, test.Labels)
	assert.Equal(t, []float32{0, 1, 0, 0}, train.Image(0)[:4])
	assert.Equal(t, []float32{0, 0, .5, 0}, train.Image(1)[:4])
	assert.Equal(t, float32(.25), test.Image(0)[63])
	assert.Equal(t, [3]int{8, 8, 10}, [3]int{train.Width, train.Height, train.Classes})

	for text, want := range map[string]string{
		"":                                    "is empty",
		"\n \n":                               "is empty",
		tra + "1,2,3\n":                       "line 2 has 3 columns",
		tra + "\n" + digitsLine(4, "17", "1"): `line 3 has "17" in column 5`,
		digitsLine(4, "-1", "1"):              `"-1" in column 5`,
		digitsLine(4, "x", "1"):               `"x" in column 5`,
		digitsLine(4, "", "1"):                `"" in column 5`,
		digitsLine(4, "1.5", "1"):             `"1.5" in column 5`,
		digitsLine(4, "1", "10"):              `"10" in column 65`,
		tra[:40]:                              "columns",
	} {
		_, _, err := Load(dir(t, map[string][]byte{"optdigits.tra": []byte(text)}))
		assert.ErrorContains(t, err, want)
		assert.ErrorContains(t, err, "optdigits.tra")
		assert.ErrorContains(t, err, optdigitsURL)
	}
}

func TestYacht(t *testing.T) {
	d := dir(t, map[string][]byte{yachtName: []byte("-2.3 0.568 4.78 3.99 3.17 0.125 0.11 \n1  2 3 4 5 6 7\r\n\n")})
	for _, path := range []string{d, filepath.Join(d, yachtName)} {
		r, err := LoadYacht(path)
		require.NoError(t, err)
		assert.Equal(t, &Regression{[]float64{-2.3, 0.568, 4.78, 3.99, 3.17, 0.125, 1, 2, 3, 4, 5, 6}, []float64{0.11, 7}, 6}, r)
		assert.Equal(t, []float64{1, 2, 3, 4, 5, 6}, r.Row(1))
	}
	for text, want := range map[string]string{
		"":                               "is empty",
		"1 2 3 4 5 6\n":                  "line 1 has 6 columns",
		"1 2 3 4 5 6 7\n1 2 3 4 5 6 7 8": "line 2 has 8 columns",
		"1 2 3 4 5 6 seven":              `line 1 has "seven" in column 7`,
		"\n1 2 NaN 4 5 6 7":              `line 2 has "NaN" in column 3`,
		"1 2 3 4 5 6 1e999":              `"1e999" in column 7`,
		"1,2,3,4,5,6,7":                  "1 columns",
	} {
		_, err := LoadYacht(dir(t, map[string][]byte{yachtName: []byte(text)}))
		assert.ErrorContains(t, err, want)
		assert.ErrorContains(t, err, yachtURL)
	}
	_, err := LoadYacht(t.TempDir())
	assert.ErrorIs(t, err, os.ErrNotExist)
	assert.ErrorContains(t, err, yachtURL)
}

func TestDigitsGolden(t *testing.T) {
	set := Digits(100, noise.New(1))
	h := sha256.New()
	for i, v := range set.Images {
		require.True(t, v >= 0 && v <= 1, "pixel %d is %v", i, v)
		require.NoError(t, binary.Write(h, binary.LittleEndian, math.Float32bits(v)))
	}
	for i, label := range set.Labels {
		require.Equal(t, uint8(i%10), label)
	}
	assert.Equal(t, digitsGolden, hex.EncodeToString(h.Sum(nil)))

	h.Reset()
	plane := Plane(50, 6, noise.New(1))
	for _, v := range append(append([]float64(nil), plane.X...), plane.Y...) {
		require.NoError(t, binary.Write(h, binary.LittleEndian, math.Float64bits(v)))
	}
	assert.Equal(t, planeGolden, hex.EncodeToString(h.Sum(nil)))
}

const (
	digitsGolden = "ee4994183bf0e2a525f79442da4a6bc0b998da2594aecdf19f90813042ce7901"
	planeGolden  = "ec9068bef1b601ec051dda35b5da609272c18585dd5b0f7e43c99ef250bdfa5f"
)

// TestDigits: a longer set begins with the shorter one, and another stream draws
// other images.
func TestDigits(t *testing.T) {
	short, long, other := Digits(30, noise.New(1)), Digits(50, noise.New(1)), Digits(30, noise.New(2))
	assert.Equal(t, short, long.Slice(0, 30))
	for i := range short.Labels {
		assert.NotEqual(t, short.Image(i), other.Image(i))
	}
	assert.Zero(t, Digits(0, noise.New(1)).Len())
	for digit, g := range glyphs {
		points := 0
		for _, stroke := range g {
			points += len(stroke)
		}
		assert.LessOrEqual(t, points, mostPoints, "digit %d", digit)
	}
}
