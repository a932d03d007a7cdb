// Package peers times nres beside what else there is for the same work, in one
// process: gonum, viterin/vek, math/rand/v2, and, through cgo, Random123's
// reference in C and OpenBLAS on one thread. numpy_bench.py does the same with
// numpy. It is a module, and a workspace, of its own:
//
//	cd bench/peers
//	go test -bench .    # once, on the tier that this machine has
//	go run ./run        # every tier, in turns, and numpy; a table of ratios
//	go run ./lorenz     # a gradient on Lorenz in every tier, numpy and JAX
//
// It needs cgo and, of Debian or Ubuntu, the packages gcc, librandom123-dev and
// libopenblas-dev; python3-venv for numpy. lorenz needs python3-venv (Python 3.11 or
// later) and Linux' taskset alone.
package peers
