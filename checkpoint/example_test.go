package checkpoint_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/noise-reuse/nres/checkpoint"
	"github.com/noise-reuse/nres/optim"
)

// A run keeps its optimizer, and a later one goes on from there, or afresh if there is
// no file.
func Example() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "run.ckpt")
	for run := 1; run <= 2; run++ {
		adam := optim.NewAdam[float32](0.1)
		sections, err := checkpoint.Read(path)
		if err == nil {
			err = adam.UnmarshalBinary(sections[0].Data)
		} else if errors.Is(err, fs.ErrNotExist) {
			fmt.Println("afresh")
			err = nil
		}
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println("learning rate", adam.LR)
		adam.LR /= 2
		state, err := adam.MarshalBinary()
		if err == nil {
			err = checkpoint.Write(path, checkpoint.Section{Name: "adam", Data: state})
		}
		if err != nil {
			fmt.Println(err)
			return
		}
	}
	// Output:
	// afresh
	// learning rate 0.1
	// learning rate 0.05
}
