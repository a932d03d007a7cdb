// Package checkpoint keeps the state of a run in a file that is whole or not there.
//
// [Save] writes the parameters of a run and the states of its optimizer and estimator,
// each to a section of the file with a name of its own, and [Load] restores them. [Write]
// and [Read] do the same with sections of bytes.
//
// A file is replaced in one step: whenever the process or the machine stops, it holds
// either what it held before or all of what was to be written. It begins with a magic
// string and a version, ends with the SHA-256 of all before, and has the same form on
// every architecture.
package checkpoint
