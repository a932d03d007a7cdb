package checkpoint_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/noise-reuse/nres/checkpoint"
	"github.com/noise-reuse/nres/estimator"
	"github.com/noise-reuse/nres/optim"
	"github.com/noise-reuse/nres/tasks"
)

// process is a program that goes on where the last one stopped, for 100 updates.
func process(path string) ([]float32, error) {
	system, err := tasks.NewLorenz(tasks.SimulateLorenz[float32](tasks.LorenzTruth, 400))
	if err != nil {
		return nil, err
	}
	est, err := estimator.New[float32](system, estimator.Config{Workers: 20, Window: 100, Sigma: 0.04})
	if err != nil {
		return nil, err
	}
	defer est.Close()
	theta, adam := []float32{3.7, 3.1}, optim.NewAdam[float32](0.001)
	// All that the future depends on. An AskTell is kept like an Estimator.
	run := []checkpoint.Part{
		{Name: "theta", State: checkpoint.Floats[float32](theta)},
		{Name: "adam", State: adam},
		{Name: "estimator", State: est},
	}
	if err := checkpoint.Load(path, run...); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	grad := make([]float32, len(theta))
	for i := 0; i < 100; i++ {
		if _, err := est.Gradient(grad, theta); err != nil {
			return nil, err
		}
		adam.Step(theta, grad)
	}
	return theta, checkpoint.Save(path, run...)
}

// Three processes after each other make one run.
func Example() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	for i := 0; i < 3; i++ {
		theta, err := process(filepath.Join(dir, "run.ckpt"))
		fmt.Printf("%.3f %v\n", theta, err)
	}
	// Output:
	// [3.621 3.080] <nil>
	// [3.552 3.050] <nil>
	// [3.485 3.033] <nil>
}
