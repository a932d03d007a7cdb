//go:build !purego

#include "textflag.h"

// The entry of an operation goes on in the kernel for the tier, with the caller's
// arguments.
#define ENTRY(kernel512, kernel2)   \
	CMPB ·useAVX512(SB), $0 \
	JEQ  avx2               \
	JMP  kernel512          \
avx2:                           \
	JMP  kernel2

TEXT ·add32(SB), NOSPLIT, $0-32
	ENTRY(·add32AVX512(SB), ·add32AVX2(SB))

TEXT ·add64(SB), NOSPLIT, $0-32
	ENTRY(·add64AVX512(SB), ·add64AVX2(SB))

TEXT ·sub32(SB), NOSPLIT, $0-32
	ENTRY(·sub32AVX512(SB), ·sub32AVX2(SB))

TEXT ·sub64(SB), NOSPLIT, $0-32
	ENTRY(·sub64AVX512(SB), ·sub64AVX2(SB))

TEXT ·mul32(SB), NOSPLIT, $0-32
	ENTRY(·mul32AVX512(SB), ·mul32AVX2(SB))

TEXT ·mul64(SB), NOSPLIT, $0-32
	ENTRY(·mul64AVX512(SB), ·mul64AVX2(SB))

TEXT ·mulAdd32(SB), NOSPLIT, $0-40
	ENTRY(·mulAdd32AVX512(SB), ·mulAdd32AVX2(SB))

TEXT ·mulAdd64(SB), NOSPLIT, $0-40
	ENTRY(·mulAdd64AVX512(SB), ·mulAdd64AVX2(SB))

TEXT ·axpy32(SB), NOSPLIT, $0-32
	ENTRY(·axpy32AVX512(SB), ·axpy32AVX2(SB))

TEXT ·axpy64(SB), NOSPLIT, $0-32
	ENTRY(·axpy64AVX512(SB), ·axpy64AVX2(SB))

TEXT ·scale32(SB), NOSPLIT, $0-32
	ENTRY(·scale32AVX512(SB), ·scale32AVX2(SB))

TEXT ·scale64(SB), NOSPLIT, $0-32
	ENTRY(·scale64AVX512(SB), ·scale64AVX2(SB))

TEXT ·sqrt32(SB), NOSPLIT, $0-24
	ENTRY(·sqrt32AVX512(SB), ·sqrt32AVX2(SB))

TEXT ·sqrt64(SB), NOSPLIT, $0-24
	ENTRY(·sqrt64AVX512(SB), ·sqrt64AVX2(SB))

TEXT ·exp32(SB), NOSPLIT, $0-24
	ENTRY(·exp32AVX512(SB), ·exp32AVX2(SB))

TEXT ·exp64(SB), NOSPLIT, $0-24
	ENTRY(·exp64AVX512(SB), ·exp64AVX2(SB))

TEXT ·tanh32(SB), NOSPLIT, $0-24
	ENTRY(·tanh32AVX512(SB), ·tanh32AVX2(SB))

TEXT ·tanh64(SB), NOSPLIT, $0-24
	ENTRY(·tanh64AVX512(SB), ·tanh64AVX2(SB))

TEXT ·dot32(SB), NOSPLIT, $0-36
	ENTRY(·dot32AVX512(SB), ·dot32AVX2(SB))

TEXT ·dot64(SB), NOSPLIT, $0-40
	ENTRY(·dot64AVX512(SB), ·dot64AVX2(SB))

TEXT ·sum32(SB), NOSPLIT, $0-28
	ENTRY(·sum32AVX512(SB), ·sum32AVX2(SB))

TEXT ·sum64(SB), NOSPLIT, $0-32
	ENTRY(·sum64AVX512(SB), ·sum64AVX2(SB))

TEXT ·sumSq32(SB), NOSPLIT, $0-28
	ENTRY(·sumSq32AVX512(SB), ·sumSq32AVX2(SB))

TEXT ·sumSq64(SB), NOSPLIT, $0-32
	ENTRY(·sumSq64AVX512(SB), ·sumSq64AVX2(SB))
