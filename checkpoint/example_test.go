package checkpoint_test

import (
	"bytes"
	"encoding/binary"
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

// A run is all that its future depends on. An AskTell in the place of the Estimator is
// kept in the same way.
type run struct {
	theta []float32
	est   *estimator.Estimator[float32]
	adam  *optim.Adam[float32]
}

func (r *run) save(path string) error {
	var theta bytes.Buffer
	if err := binary.Write(&theta, binary.LittleEndian, r.theta); err != nil {
		return err
	}
	est, err := r.est.MarshalBinary()
	if err != nil {
		return err
	}
	adam, err := r.adam.MarshalBinary()
	if err != nil {
		return err
	}
	return checkpoint.Write(path, checkpoint.Section{Name: "theta", Data: theta.Bytes()},
		checkpoint.Section{Name: "estimator", Data: est}, checkpoint.Section{Name: "adam", Data: adam})
}

// load goes on from a file, or from the start if there is none.
func (r *run) load(path string) error {
	sections, err := checkpoint.Read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	data := map[string][]byte{}
	for _, s := range sections {
		data[s.Name] = s.Data
	}
	if err := binary.Read(bytes.NewReader(data["theta"]), binary.LittleEndian, r.theta); err != nil {
		return err
	}
	if err := r.est.UnmarshalBinary(data["estimator"]); err != nil {
		return err
	}
	return r.adam.UnmarshalBinary(data["adam"])
}

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
	r := &run{[]float32{3.7, 3.1}, est, optim.NewAdam[float32](0.001)}
	if err := r.load(path); err != nil {
		return nil, err
	}
	grad := make([]float32, len(r.theta))
	for i := 0; i < 100; i++ {
		if _, err := r.est.Gradient(grad, r.theta); err != nil {
			return nil, err
		}
		r.adam.Step(r.theta, grad)
	}
	return r.theta, r.save(path)
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
