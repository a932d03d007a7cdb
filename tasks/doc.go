// Package tasks has the problems of the papers, ready to train: each a
// [unroll.System] with the constants and the hyperparameters that were published.
package tasks
