// Package reproduce repeats the experiments of the papers and sets what comes out
// beside what they say.
//
// An [Experiment] runs units of work, such as one method with one seed, and makes a
// [Report] of their results: rows for the table of verdicts, tables, and figures. All
// that it may use is in its [Lab]. To add one, write a file with a variable of type
// Experiment and name it in [All].
//
// Results depend on nothing but a unit's parameters, so that a page has the same numbers
// on every machine, for every degree of parallelism, and whether a run was interrupted
// or not. Times are the exception: they belong into figures and into the column of
// seconds, and never into a digest.
package reproduce
