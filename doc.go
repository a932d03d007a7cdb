// Package nres computes gradients of unrolled computation graphs from loss values
// alone, online, by evolution strategies: Noise-Reuse Evolution Strategies (Li et
// al., NeurIPS 2023) and its relatives.
//
// The work is done by the packages below it:
//
//	vec            slices of float32 and float64
//	vec/scalar     elementary functions with the same bits, of one number
//	noise          counter-based random streams; perturbations that are never stored
//	unroll         what an unrolled computation graph is
//	estimator      gradients from windows of it: NRES, PES, GPES_K and others
//	baseline       gradients by automatic differentiation, to compare with
//	optim          what turns gradients into new parameters
//	checkpoint     files that hold the state of a run
//	tasks          the papers' problems, ready to train
//	tasks/data     images and tables for them
//	tasks/network  classifiers of images
//
// A program describes its computation as an unroll.System and gives it to
// estimator.New; what cannot be stepped from here, such as a live service, is tuned
// with estimator.NewAskTell.
//
// For one seed, every result is the same to the last bit on every architecture,
// with and without assembly, and for every degree of parallelism.
package nres
