// Package asmcheck has tests of the assembly as assembled, on any machine: they
// need the go command only.
package asmcheck
