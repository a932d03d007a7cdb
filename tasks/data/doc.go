// Package data reads the data sets of the papers' problems, MNIST, Fashion-MNIST, UCI's
// digits and UCI's yachts, from local files, and draws sets of its own ([Digits], [Plane])
// for machines that have none of them.
//
// Nothing is downloaded. Errors name the file, what was expected of it, and where it
// comes from.
package data
