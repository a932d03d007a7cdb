// Package baseline computes gradients of unrolled computation graphs by automatic
// differentiation: what evolution strategies are compared with. It is kept small;
// systems bring the derivatives of their steps: see [unroll.Differentiable].
//
// As in package estimator, N workers each advance a window of W steps a gradient,
// wherever in their episodes of T steps they are, and the loss is the mean over windows
// and workers. With θ_i the parameters at step i, all methods sum up
//
//	dL_t/dθ = Σ_i ∂L_t/∂θ_i
//
// over the steps t of the windows, and they differ in the i that they see, and how:
//
//	BPTT   reverse mode; a window is an episode. The exact gradient.
//	TBPTT  reverse mode; i only from the window's first step on. Biased, most of all
//	       where what θ does at once and in the long run differ (Tallec and Ollivier,
//	       "Unbiasing truncated backpropagation through time", 2017)
//	RTRL   forward mode along every axis of θ: all i, d tangents of the state (Williams
//	       and Zipser, 1989)
//	DODGE  forward mode along a random direction v of standard normals, drawn anew every
//	       K steps of an episode, and times the sum ξ of the episode's directions
//	       (Silver et al., "Learning by directional gradient descent", ICLR 2022). It is
//	       what GPES_K becomes as σ → 0, unbiased for any K.
//	UORO   an unbiased estimate s̃θ̃ᵀ, of rank one, of all tangents, which takes in ν of
//	       random signs every step (Tallec and Ollivier, "Unbiased online recurrent
//	       optimization", 2017, algorithm 1)
//
// Steps before the window were made under the parameters of their time: but for BPTT,
// and for constant parameters, that is not the gradient at one θ. It is the same
// hysteresis as that of online evolution strategies.
//
// For one seed the results are the same to the last bit on every machine. Nothing runs
// in parallel.
package baseline
