//go:build !cgo

package peers

import (
	"fmt"
	"os"
	"testing"
)

func TestMain(*testing.M) {
	fmt.Fprintln(os.Stderr, missing)
	os.Exit(1)
}
