package tasks

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/tasks/data"
	"github.com/noise-reuse/nres/tasks/network"
	"github.com/noise-reuse/nres/unroll"
	"github.com/noise-reuse/nres/vec"
)

// TestSystems: all systems here, but those that have lanes and are checked where these
// are, keep to what unroll.System says.
func TestSystems(t *testing.T) {
	testSystems[float32](t)
	testSystems[float64](t)
}

func testSystems[F vec.Float](t *testing.T) {
	check := func(sys unroll.System[F], err error) {
		t.Helper()
		require.NoError(t, err)
		assert.NoError(t, unroll.CheckSystem(sys, make([]F, sys.ParamLen()), 0.1, 1))
		assert.NoError(t, unroll.CheckSystem(unroll.Telescope(sys), make([]F, sys.ParamLen()), 0.1, 1))
	}
	linear, err := NewLinear[F](3, 40, Opposed, 1)
	check(linear, err)
	toy, err := NewToy[F](ToyHorizon)
	check(toy, err)
	ridge, err := NewRidge[F](data.Plane(20, 3, noise.New(1)), 200, 1)
	check(ridge, err)
	echo, err := NewCopy[F](4, 3, 2)
	check(echo, err)
	schedule, err := NewSchedule[F](digitsConfig())
	check(schedule, err)
	classifier, _ := newClassifier[F](t, data.Digits(20, noise.New(1)), 5, network.Dense{Units: 4})
	check(classifier, nil)
}
