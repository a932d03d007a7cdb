// Package network is classifiers of images, to be trained from losses alone or, for
// comparison, by exact gradients.
//
// A batch goes forward at a time. Activations lie unit by unit, the images of the batch
// side by side, so that whatever a network does is a sum of rows times numbers: calls of
// vec.AxpyRows, as long as the batch or, in convolutions, the batch times the width of a
// picture. Their order of additions is the same on every machine, which that of a BLAS is
// not.
package network
