package reproduce

import (
	"bytes"
	"image/png"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Whatever runs come to, drawing them must not panic.
func TestPanels(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	x := [][]float64{{0, 1, 2, 3}, {0, 1, 2, 3}}
	for name, lines := range map[string][]line{
		"usual":     {{"a", x, [][]float64{{9, 4, 2, 1}, {8, 4, 3, 1}}}, {"b", x, [][]float64{{9, 8, 7, 6}, {9, 9, 9, 9}}}},
		"diverged":  {{"a", x, [][]float64{{9, 4, 2, 1}, {8, 4, 3, 1}}}, {"b", x, [][]float64{{9, 8, inf, inf}, {9, 9, nan, 9}}}},
		"level":     {{"a", x, [][]float64{{1, 1, 1, 1}}}},
		"one point": {{"a", [][]float64{{1}}, [][]float64{{1}}}},
		"all lost":  {{"a", x, [][]float64{{inf, inf, nan, nan}}}},
		"nothing":   nil,
	} {
		var b bytes.Buffer
		require.NoError(t, drawPanels(&b, "headline", "settings",
			panel{X: "x", Y: "y", Lines: lines, Legend: "lines"},
			panel{X: "x", Lines: lines, Levels: []level{{"some", 5}, {"none", 0}, {"other", nan}}, Legend: "levels"}), name)
		img, err := png.Decode(&b)
		require.NoError(t, err, name)
		assert.Equal(t, 1760, img.Bounds().Dx(), name)
	}
}
