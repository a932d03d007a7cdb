// Package estimator computes gradients of unrolled computation graphs online,
// from loss values alone, by evolution strategies.
//
// N workers each keep two copies of the state, perturbed by +σε and −σε. A call of
// [Estimator.Gradient] advances every worker by a window of W steps, wherever in
// its episode of T steps it is, and turns the difference of the two losses into a
// weight:
//
//	ĝ = 1/(2σ·W·N) Σ_workers Σ_{t in window} (L_t⁺ − L_t⁻)·ξ,   ε, ξ standardised
//
// The methods differ in when a new perturbation ε is drawn, which is every K steps
// of an episode, and ξ is the sum of the perturbations that the episode has used so
// far (GPES_K; Li et al., NeurIPS 2023, Lemma 1):
//
//	PES       K = W   ξ grows with every window (Vicol et al., ICML 2021)
//	GPES_K    any K
//	NRES      K = T   one ε for the whole episode, ξ = ε; the least variance
//	                  (Corollaries 6 and 8)
//	FullES    K = T   and W = T: offline
//	ESSingle  K = MW  in lock-step, the losses of a window summed, not averaged
//	                  (Vicol, 2023; M = T/W unless Config.Interval says otherwise)
//	TES       K = W   weighs with ε alone, and starts each window from a state that
//	                  was unrolled without perturbation; a third unroll; biased
//
// What all but TES estimate without bias is the gradient of the loss smoothed over
// perturbations that are drawn anew every K steps (equation 7); for NRES that is the
// usual smoothed loss E L(θ + σε). It holds for any W and K: where an episode or a
// noise period ends inside a window, each step is weighed with the noise that it
// saw.
//
// Systems that can't be copied or stepped from here, such as a live service, are
// driven the other way round, by [AskTell].
//
// Perturbations are not stored. A worker's noise is a [noise.Stream], 16 bytes, and
// a gradient is a list of streams and weights until it is summed up.
//
// For one seed the results are the same to the last bit on every machine and for
// every degree of parallelism.
package estimator
