//go:build !cgo

package peers

import "time"

const missing = "bench/peers needs cgo, a C compiler, Random123 and OpenBLAS; " +
	"on Debian or Ubuntu: apt-get install gcc librandom123-dev libopenblas-dev, and CGO_ENABLED=1"

func Compiler() string                                                           { panic(missing) }
func BLAS() string                                                               { panic(missing) }
func BLASCore() string                                                           { panic(missing) }
func Philox(scalar bool, dst []uint32, key, sub uint64, calls int) time.Duration { panic(missing) }
func Saxpy(y, x []float32, calls int) time.Duration                              { panic(missing) }
func Sdot(y, x []float32, calls int) time.Duration                               { panic(missing) }
