package checkpoint

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSaveLoad(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run")
	x, y := []float32{1, float32(math.Copysign(0, -1)), float32(math.Inf(1))}, []float64{math.Pi}
	require.NoError(t, Save(path, Part{"x", Floats[float32](x)}, Part{"y", Floats[float64](y)}, Part{"none", Floats[float64](nil)}))

	a, b := make([]float32, 3), make([]float64, 1)
	require.NoError(t, Load(path, Part{"y", Floats[float64](b)}, Part{"x", Floats[float32](a)}), "in any order, and not all")
	for i := range x {
		assert.Equal(t, math.Float32bits(x[i]), math.Float32bits(a[i]))
	}
	assert.Equal(t, y, b)

	for _, c := range []struct {
		part Part
		want string
	}{
		{Part{"x", Floats[float32](make([]float32, 2))}, "x: 3 elements there, 2 here"},
		{Part{"x", Floats[float64](make([]float64, 3))}, "x: elements of 4 bytes there, of 8 here"},
		{Part{Name: "x"}, "x: there is no State"},
		{Part{"z", Floats[float64](b)}, "z: there is no such section"},
		{Part{"x", broken{}}, "x: broken"},
	} {
		b[0] = 7
		err := Load(path, c.part, Part{"y", Floats[float64](b)})
		var e *Error
		require.ErrorAs(t, err, &e)
		assert.ErrorContains(t, err, "checkpoint "+path+": "+c.want)
		assert.Equal(t, 7.0, b[0], "what comes after it stays")
	}
	assert.ErrorIs(t, Load(path, Part{"x", broken{}}), errBroken)

	assert.ErrorContains(t, Load(path, Part{"y", Floats[float32](a[:1])}), "y: elements of 8 bytes there, of 4 here")

	b[0] = 7
	assert.ErrorContains(t, Load(path, Part{"y", Floats[float64](b)}, Part{"z", Floats[float64](b)}), "z: there is no such section")
	assert.Equal(t, 7.0, b[0], "nor is what comes before what isn't there")
	twice := []Part{{"y", Floats[float64](b)}, {"y", Floats[float64](b)}}
	assert.EqualError(t, Load(path, twice...), "checkpoint "+path+": y: two parts have this name")
	assert.EqualError(t, Save(path, twice...), "checkpoint "+path+": y: two parts have this name")
	assert.EqualError(t, Save(path, Part{Name: "y"}), "checkpoint "+path+": y: there is no State")
	assert.ErrorIs(t, Load(path+"2", Part{"x", Floats[float32](a)}), os.ErrNotExist)

	before, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.ErrorIs(t, Save(path, Part{"x", Floats[float32](a)}, Part{"y", broken{}}), errBroken)
	after, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, before, after)
}

var errBroken = errors.New("broken")

type broken struct{}

func (broken) MarshalBinary() ([]byte, error) { return nil, errBroken }
func (broken) UnmarshalBinary([]byte) error   { return errBroken }
