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
//	PESAnalytic       PES with the exact derivative of a window's loss by the window's
//	                  own parameters, from an unroll.Differentiable
//	TES       K = W   weighs with ε alone, and starts each window from a state that
//	                  was unrolled without perturbation; a third unroll; biased
//
// What all but TES and PESAnalytic estimate without bias is the gradient of the loss
// smoothed over perturbations that are drawn anew every K steps (equation 7); for NRES
// that is the usual smoothed loss E L(θ + σε). It holds for any W and K: where an episode
// or a noise period ends inside a window, each step is weighed with the noise that it saw.
//
// Perturbations are not stored. A worker's noise is a [noise.Stream], 16 bytes, and a
// gradient is a list of streams and weights until it is summed up. For one seed the
// results are the same to the last bit on every machine and for every degree of
// parallelism.
//
// A system that can't be copied or stepped from here, such as a live service, is driven
// the other way round, by [AskTell].
//
// # Variance
//
// [Variance] measures the total variance of a gradient, the trace of its covariance
// matrix, and [Predict] computes it for an [AntitheticLinear] system, where
// L_t⁺ − L_t⁻ = 2σ Σ_i ε_i·g_i^t, with ε_i the perturbation at step i and g_i^t
// about the derivative of L_t by the parameters of step i. Let g^t = Σ_i g_i^t, and
// g_j^t that sum over noise period j only.
//
// A worker whose window is the steps B of one episode gives
//
//	ĝ = 1/W Σ_ij ε_i ε_jᵀ a_ij,   a_ij = Σ g_j^t over the steps t ∈ B in period max(i,j) or later
//
// Fourth moments of independent elements of variance 1 and E ε⁴ = 3 + κ then give the
// mean 1/W Σ a_ii, and given the window
//
//	tr Cov ĝ = 1/W² [d Σ_ij ‖a_ij‖² + Σ_ij a_ij·a_ji + κ Σ_i ‖a_ii‖²]
//
// with κ = 0 for normals and −2 for signs. A window that goes on in a new episode is
// two such, with independent perturbations. Where one ε lasts for the window and
// a_j = Σ_B g_j^t over n periods, that is
//
//	1/W² [d·n Σ_j ‖a_j‖² + ‖Σ_j a_j‖² + κ Σ_j ‖a_j‖²]
//
// and for NRES, n = 1, m_B = 1/W Σ_B g^t being the window's gradient,
//
//	(d+1)‖m_B‖² with normals,   (d−1)‖m_B‖² with signs
//
// Config.Telescoping changes a_ij where period i begins in the window: for j < i it adds
// Σ g_j^t over all steps before that. (All these t, and B, are then of p_t = L_t −
// L_{t−1}, whose sum is L_t.)
//
// PESAnalytic (Vicol et al., ICML 2021, where it is PES+Analytic) unrolls a third,
// unperturbed state, whose window has the derivative p = a_n by the window's own
// parameters. It is added as it is, and what the perturbed losses owe to ε_n = ε, about
// σε·p, is taken from them before they are weighed with the perturbations before:
//
//	ĝ = 1/(2σ·W) [(L⁺ − σε·p) − (L⁻ + σε·p)]·(ξ − ε) + 1/W p
//
// So the last period adds nothing to the variance, which is that of n − 1 periods, 0 for
// the first window. It is unbiased where losses are quadratic. In general p is the
// derivative of a loss that isn't smoothed, and no better than that where it is chaotic.
//
// N workers with Random phases are independent. With the mean over the windows B,
//
//	tr Cov = 1/N [mean_B tr Cov(ĝ|B) + mean_B ‖m_B − m̄‖²]
//
// which for W = 1 is Theorem 5, because mean ‖m_B − m̄‖² = mean ‖m_B‖² − ‖m̄‖² and
// n Σ_j ‖a_j‖² = ‖Σ_j a_j‖² + ½ Σ_jj' ‖a_j − a_j'‖². What the options remove of it:
//
//   - K = T: the part with n > 1, d/2 Σ_jj' ‖a_j − a_j'‖² (Corollaries 6 and 8). The
//     variance need not fall all the way from K = W to T: with a K that doesn't
//     divide the steps so far, n is rounded up.
//   - Stratified: mean ‖m_B − m̄‖², the variance between windows, all of it if N·W is
//     a multiple of T; otherwise what is left comes from the workers of the last,
//     incomplete round.
//   - Signs: 2 mean ‖m_B‖² of NRES's (d+1) mean ‖m_B‖². It's all there is if d = 1,
//     and next to nothing if d is large.
//
// FullES is the case of one window, (d±1)‖m̄‖²/N, m̄ being the gradient of the loss;
// ES-Single, summed over an episode, has that of the loss summed (Vicol, Propositions
// 3.1 and 3.2). With as many steps, N NRES workers against N·W/T FullES pairs, NRES
// has the lower variance if and only if
//
//	Σ_B ‖s_B‖² ≤ (d+1+W/T)/(d+2) ‖Σ_B s_B‖²,   s_B = Σ_B g^t over the T/W windows B
//
// (Theorem 9 demands (d+1)/(d+2), which suffices), and Stratified NRES if and only if
// Σ ‖s_B‖² ≤ ‖Σ s_B‖². Near a minimum of the loss ‖Σ s_B‖ vanishes and FullES wins.
//
// # Populations
//
// A loss that takes one evaluation is an episode of one step, T = W = 1, and FullES
// is what is known as OpenAI-ES: Workers mirrored pairs, each with data of its own
// (env), with Config.Shaping weighed by ranks. Config.Buckets and Config.Rank are for
// large d, [AskTell] is for evaluators on other machines: a question is a stream, an
// answer two losses.
//
// For a linear loss the correlation ρ of an estimate from n pairs with the gradient
// has E ρ² = n/(n+d−1): it takes n of the order of d for a direction, but a few thousand
// are enough to learn by (Zhang, Clune and Stanley, 2017).
package estimator
