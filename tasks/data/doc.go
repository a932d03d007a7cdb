// Package data reads the files that the papers' problems are about, and draws sets of
// its own for machines that have none of them.
//
// Nothing is downloaded. Errors name the file, what was expected of it, and where it
// comes from.
package data
