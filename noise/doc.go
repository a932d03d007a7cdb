// Package noise makes the perturbations of evolution strategies from 16-byte
// stream positions, so that they never have to be stored.
//
// A [Stream] names a sequence of 2^66 random words of Philox4x32-10 (Salmon et
// al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011). The generator is
// counter-based: word i is a function of the stream and of i alone, so every
// element can be had on its own, in any order and on any machine. Two
// distributions are made from the words:
//
//   - standard normals ([Fill], [Perturb], [PerturbPair], [Axpy], [Combine]);
//   - signs, ±1 with equal probability ([FillSigns] and its companions). They have
//     the first two moments of the normal, a smaller fourth one, and hence a
//     smaller estimator variance, and take a small fraction of the time.
//
// The fused calls make the noise ε where it is used: a worker's perturbation is
// θ ± σε ([PerturbPair]), and the gradient of many workers is g + Σ w_k ε_k
// ([Combine]), both without a buffer of the size of θ for ε.
//
// # One seed, one answer
//
// Element i of a stream has the same bits on every architecture, with and
// without assembly, whatever the length and offset of the call that makes it.
// Every floating-point operation is one IEEE-754 operation, rounded once; there
// is no fused multiply-add and no call into the platform's mathematics. The plain
// Go code in noise_generic.go is the definition. Only where the caller's numbers make
// a NaN are its sign and payload unspecified.
//
// Normals are made by the method of Box and Muller (1958). Their distribution
// function is within 5e-7 of the normal one everywhere.
//
// # Arguments
//
// The destination comes first. Lengths, offsets, and how slices may overlap are said
// with each call. Slices may be empty or nil, where there is nothing to do. A call that
// panics has changed nothing. None allocates. All are safe for concurrent use on
// different destinations.
//
// # Cost
//
// A normal takes a quarter of a Philox block, a square root and some 16 other
// operations, a sign 1/128 of a block. Calls make one pass over their slices,
// Combine and CombineSigns one for 16 streams or more. All work is done on the caller's
// goroutine. (nres bench, the command, has times of all.)
//
// # Element types
//
// All calls take float32 or float64 slices. Both see the same noise: a float32
// normal, widened exactly.
package noise
