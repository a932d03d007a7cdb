// Package unroll says what an unrolled computation graph is, and runs stretches
// of it.
//
// An unrolled computation graph (Li et al., NeurIPS 2023, equation 1) is a state
// that a function with parameters θ advances step by step,
//
//	s_t = f_t(s_{t−1}; θ),   t = 1..T,
//
// with a loss L_t(s_t) at every step; the objective is their mean over the
// horizon T. Trajectories of dynamical systems, inner training loops and
// reinforcement-learning episodes are of this form. A user describes one by
// implementing [System]; the estimators need nothing else, no derivative in
// particular.
//
// For speed, a system may also be a [Windower], which saves calls, or a [Laner], which
// advances many particles side by side. All forms must give the same bits, which
// [CheckSystem], for the tests of a system, compares. A [Differentiable] has the derivatives of its steps as well, which package baseline and
// PESAnalytic ask for.
package unroll
