package data_test

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/tasks/data"
)

// The files of a user, or drawn digits for those who have none.
func Example() {
	train, test, err := data.Load("no-such-directory")
	if errors.Is(err, fs.ErrNotExist) {
		root := noise.New(0)
		train, test, err = data.Digits(4000, root.Derive(0)), data.Digits(1000, root.Derive(1)), nil
	}
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%d images to train with, %d to test, %d×%d pixels, %d classes\n",
		train.Len(), test.Len(), train.Width, train.Height, train.Classes)
	fmt.Println(train.Labels[:12])
	// Output:
	// 4000 images to train with, 1000 to test, 8×8 pixels, 10 classes
	// [0 1 2 3 4 5 6 7 8 9 0 1]
}
