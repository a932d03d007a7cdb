// Package network has classifiers of images, dense and convolutional networks, to be
// trained from losses alone or, for comparison, by exact gradients: [New] makes a [Network],
// and its NewPass a [Pass], which takes a batch forward and back.
//
// Activations lie unit by unit, the images of the batch side by side, so that whatever a
// network does is a sum of rows times numbers: calls of vec.AxpyRows, as long as the batch
// or, in convolutions, the batch times the width of a picture. Unlike those of a BLAS, they
// add in the same order on every machine.
package network
