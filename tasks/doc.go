// Package tasks has the problems of the papers, each an [unroll.System]:
//
//	Lorenz      two parameters of a chaotic system, from one of its coordinates
//	Influence   one parameter whose short and long run disagree
//	Recurrence  any linear recurrence, of which Influence is one
//	Linear      a loss that is linear in the parameters of every step, to check variances
//	Toy         learning rates of gradient descent on a function of two numbers
//	Ridge       L2 regularisation of a regression
//	Copy        an LSTM that is to repeat the bits that it has read
//	Schedule    a learning-rate schedule of a classifier of images
//	Classifier  a classifier of images, in episodes of one step
//
// The papers' constants and hyperparameters stand with each. Those of Lorenz and Influence
// are also a [Task], which has everything that a training run needs: see [All] and [Lookup].
//
// Lorenz, Influence and Recurrence advance many workers at a time ([unroll.Laner]). Lorenz,
// Influence, Linear and Toy have derivatives ([unroll.Differentiable]). All are safe for
// concurrent use on different states.
package tasks
