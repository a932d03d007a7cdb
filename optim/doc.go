// Package optim updates parameters from gradients: stochastic gradient descent
// with optional momentum, Adam, and ClipUp. The gradient may come from anywhere.
//
// Every operation is one IEEE-754 operation rounded once, so that a sequence of
// updates has the same bits on every machine.
package optim
