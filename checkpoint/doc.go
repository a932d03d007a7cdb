// Package checkpoint keeps the state of a run in a file that is whole or not there.
//
// A file has named sections, such as the parameters, the state of an optimizer and
// the state of an estimator. It begins with a magic string and
// a version, and ends with the SHA-256 of all before. [Save] replaces a file in one
// step: whenever the process or the machine stops, the file holds either what it held
// before or all of what was to be written.
//
// The form does not depend on the architecture. [Write] and [Read] are for sections that
// aren't a [State]'s.
package checkpoint
