// Package asmcheck has tests only: of machine code, as it is after assembling,
// compiling and linking. They build a program with all that the core packages
// export, float32 and float64, for each architecture, and look at every function of
// this module in it:
//
//   - no fused multiply-add, estimate, or other operation that isn't one IEEE
//     operation: not in assembly, and not in what the compiler made of Go, either;
//   - on amd64, no instruction beyond the tier that the name of a function ends in
//     (Debian's binutils must know them: gas checks it), no legacy SSE, VZEROUPPER
//     before returning and nothing left in registers 16 to 31, no aligned access to the
//     stack and none below it, BP, R14, R15 left alone, and no other general register
//     used before it is set; a name without a tier is that of an entry, which jumps to
//     the kernels of its name;
//   - on arm64, the words that stand for instructions decode to what their macros in
//     neon_arm64.h say;
//   - tables of Exp, Tanh and Lorenz have the constants of plain Go;
//   - a function in a .s file reads all of its arguments;
//   - every one is in the program, so that nothing goes unchecked.
//
// testdata/bad breaks each rule; the tests must find that.
package asmcheck
