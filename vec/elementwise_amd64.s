//go:build !purego

#include "textflag.h"
#include "kernel_amd64.h"

// Add, Sub, Mul, MulAdd, Axpy, Scale and Sqrt. A kernel is one of the shapes
// below, for one vector, in a loop that is the same for all; n > 0.

#define pd    DI  // dst; of axpy, y
#define pa    SI  // a; of axpy, scale and sqrt, x
#define pb    DX
#define pc    R8
#define left  CX  // bytes that remain
#define mask  K1  // of a partial vector, on AVX-512
#define masky Y15 // and on AVX2

// The scalar operand is in Z14 or Y14.

// Shapes, for the vector at byte o. MOV and ADD are those of the element type.

#define BINARY(MOV, OP, ADD, o, v, s) \
	MOV o(pa), v    \
	OP  o(pb), v, v \
	MOV v, o(pd)

#define MULADD(MOV, MUL, ADD, o, v, s) \
	MOV o(pa), v    \
	MUL o(pb), v, v \
	ADD o(pc), v, v \
	MOV v, o(pd)

#define AXPY(MOV, MUL, ADD, o, v, s) \
	MUL o(pa), s, v \
	ADD o(pd), v, v \
	MOV v, o(pd)

#define SCALE(MOV, MUL, ADD, o, v, s) \
	MUL o(pa), s, v \
	MOV v, o(pd)

#define SQRT(MOV, OP, ADD, o, v, s) \
	OP  o(pa), v \
	MOV v, o(pd)

// The same for a partial vector at byte 0. Lanes that are masked out do not fault.

#define AVX512_BINARY(MOV, OP, ADD) \
	MOV.Z (pa), mask, Z0     \
	OP.Z  (pb), Z0, mask, Z0 \
	MOV   Z0, mask, (pd)

#define AVX512_MULADD(MOV, MUL, ADD) \
	MOV.Z (pa), mask, Z0     \
	MUL.Z (pb), Z0, mask, Z0 \
	ADD.Z (pc), Z0, mask, Z0 \
	MOV   Z0, mask, (pd)

#define AVX512_AXPY(MOV, MUL, ADD) \
	MUL.Z (pa), Z14, mask, Z0 \
	ADD.Z (pd), Z0, mask, Z0  \
	MOV   Z0, mask, (pd)

#define AVX512_SCALE(MOV, MUL, ADD) \
	MUL.Z (pa), Z14, mask, Z0 \
	MOV   Z0, mask, (pd)

#define AVX512_SQRT(MOV, OP, ADD) \
	OP.Z (pa), mask, Z0 \
	MOV  Z0, mask, (pd)

#define AVX2_BINARY(MOV, OP, ADD) \
	VMASKMOVPS (pa), masky, Y0 \
	VMASKMOVPS (pb), masky, Y1 \
	OP         Y1, Y0, Y0      \
	VMASKMOVPS Y0, masky, (pd)

#define AVX2_MULADD(MOV, MUL, ADD) \
	VMASKMOVPS (pa), masky, Y0 \
	VMASKMOVPS (pb), masky, Y1 \
	VMASKMOVPS (pc), masky, Y2 \
	MUL        Y1, Y0, Y0      \
	ADD        Y2, Y0, Y0      \
	VMASKMOVPS Y0, masky, (pd)

#define AVX2_AXPY(MOV, MUL, ADD) \
	VMASKMOVPS (pa), masky, Y0 \
	VMASKMOVPS (pd), masky, Y1 \
	MUL        Y14, Y0, Y0     \
	ADD        Y1, Y0, Y0      \
	VMASKMOVPS Y0, masky, (pd)

#define AVX2_SCALE(MOV, MUL, ADD) \
	VMASKMOVPS (pa), masky, Y0 \
	MUL        Y14, Y0, Y0     \
	VMASKMOVPS Y0, masky, (pd)

#define AVX2_SQRT(MOV, OP, ADD) \
	VMASKMOVPS (pa), masky, Y0 \
	OP         Y0, Y0          \
	VMASKMOVPS Y0, masky, (pd)

// ADVANCEk moves k pointers on.
#define ADVANCE2(w) ADDQ w, pd; ADDQ w, pa
#define ADVANCE3(w) ADVANCE2(w); ADDQ w, pb
#define ADVANCE4(w) ADVANCE3(w); ADDQ w, pc

#define EIGHT(W, SHAPE, MOV, OP, ADD, o, v0, v1, v2, v3, s) \
	SHAPE(MOV, OP, ADD, o+0*W, v0, s) \
	SHAPE(MOV, OP, ADD, o+1*W, v1, s) \
	SHAPE(MOV, OP, ADD, o+2*W, v2, s) \
	SHAPE(MOV, OP, ADD, o+3*W, v3, s) \
	SHAPE(MOV, OP, ADD, o+4*W, v0, s) \
	SHAPE(MOV, OP, ADD, o+5*W, v1, s) \
	SHAPE(MOV, OP, ADD, o+6*W, v2, s) \
	SHAPE(MOV, OP, ADD, o+7*W, v3, s)

// WHOLE does the whole vectors of W bytes, eight at a time and then what REST does.
// It sets left to the bytes after them, and the flags accordingly.
#define WHOLE(W, SHAPE, ADVANCE, MOV, OP, ADD, v0, v1, v2, v3, s) \
	SUBQ $(8*W), left                                   \
	JLT  few                                            \
eight:                                                      \
	EIGHT(W, SHAPE, MOV, OP, ADD, 0, v0, v1, v2, v3, s) \
	ADVANCE($(8*W))                                     \
	SUBQ $(8*W), left                                   \
	JGE  eight                                          \
	REST(W, SHAPE, ADVANCE, MOV, OP, ADD, v0, v1, v2, v3, s)

// TWICE is WHOLE with two eights a turn, after one if their number is odd.
#define TWICE(W, SHAPE, ADVANCE, MOV, OP, ADD, v0, v1, v2, v3, s) \
	SUBQ  $(8*W), left                                    \
	JLT   few                                             \
	TESTQ $(8*W), left                                    \
	JNE   even                                            \
	EIGHT(W, SHAPE, MOV, OP, ADD, 0, v0, v1, v2, v3, s)   \
	ADVANCE($(8*W))                                       \
	SUBQ  $(8*W), left                                    \
	JLT   rest                                            \
even:                                                         \
	EIGHT(W, SHAPE, MOV, OP, ADD, 0, v0, v1, v2, v3, s)   \
	EIGHT(W, SHAPE, MOV, OP, ADD, 8*W, v0, v1, v2, v3, s) \
	ADVANCE($(16*W))                                      \
	SUBQ  $(16*W), left                                   \
	JGE   even                                            \
rest:                                                         \
	REST(W, SHAPE, ADVANCE, MOV, OP, ADD, v0, v1, v2, v3, s)

// REST does up to seven vectors, one by one; but four of few at once, as for 16 float64 the
// jumps take longer than plain Go. Fewer than four meet no jump for that.
#define REST(W, SHAPE, ADVANCE, MOV, OP, ADD, v0, v1, v2, v3, s) \
	ADDQ $(7*W), left               \
	JGE  one                        \
	JMP  none                       \
four:                                   \
	SHAPE(MOV, OP, ADD, 0*W, v0, s) \
	SHAPE(MOV, OP, ADD, 1*W, v1, s) \
	SHAPE(MOV, OP, ADD, 2*W, v2, s) \
	SHAPE(MOV, OP, ADD, 3*W, v3, s) \
	ADVANCE($(4*W))                 \
	SUBQ $(4*W), left               \
	JMP  three                      \
few:                                    \
	ADDQ $(4*W), left               \
	JGE  four                       \
three:                                  \
	ADDQ $(3*W), left               \
	JLT  none                       \
one:                                    \
	SHAPE(MOV, OP, ADD, 0, v0, s)   \
	ADVANCE($W)                     \
	SUBQ $W, left                   \
	JGE  one                        \
none:                                   \
	ADDQ $W, left

// If there is enough to do, a partial vector first aligns dst: in the first-level
// cache, stores across the end of a cache line take twice as long.
#define AVX512_LOOP(LOOP, SHAPE, PART, ADVANCE, MOV, OP, ADD, log) \
	SHLQ $log, left                                              \
	CMPQ left, $512                                              \
	JLT  aligned                                                 \
	MOVQ pd, BX                                                  \
	NEGQ BX                                                      \
	ANDQ $63, BX                                                 \
	SHRQ $log, BX                                                \
	JEQ  aligned                                                 \
	AVX512_MASK(BX, mask)                                        \
	PART(MOV, OP, ADD)                                           \
	SHLQ $log, BX                                                \
	ADVANCE(BX)                                                  \
	SUBQ BX, left                                                \
aligned:                                                             \
	LOOP(64, SHAPE, ADVANCE, MOV, OP, ADD, Z0, Z1, Z2, Z3, Z14)  \
	JEQ  done                                                    \
	SHRQ $log, left                                              \
	AVX512_MASK(left, mask)                                      \
	PART(MOV, OP, ADD)                                           \
done:                                                                \
	VZEROUPPER

#define AVX2_LOOP(SHAPE, PART, ADVANCE, MOV, OP, ADD, log) \
	SHLQ $log, left                                              \
	CMPQ left, $256                                              \
	JLT  aligned                                                 \
	MOVQ pd, BX                                                  \
	NEGQ BX                                                      \
	ANDQ $(32-(1<<log)), BX                                      \
	JEQ  aligned                                                 \
	AVX2_MASK(BX, masky)                                         \
	PART(MOV, OP, ADD)                                           \
	ADVANCE(BX)                                                  \
	SUBQ BX, left                                                \
aligned:                                                             \
	WHOLE(32, SHAPE, ADVANCE, MOV, OP, ADD, Y0, Y1, Y2, Y3, Y14) \
	JEQ  done                                                    \
	AVX2_MASK(left, masky)                                       \
	PART(MOV, OP, ADD)                                           \
done:                                                                \
	VZEROUPPER

// func add32(dst, a, b *float32, n int)
TEXT ·add32(SB), NOSPLIT, $0-32
	MOVQ dst+0(FP), pd
	MOVQ a+8(FP), pa
	MOVQ b+16(FP), pb
	MOVQ n+24(FP), left
	CHOOSE(vec·add32AVX512<>(SB), vec·add32AVX2<>(SB))

// func add64(dst, a, b *float64, n int)
TEXT ·add64(SB), NOSPLIT, $0-32
	MOVQ dst+0(FP), pd
	MOVQ a+8(FP), pa
	MOVQ b+16(FP), pb
	MOVQ n+24(FP), left
	CHOOSE(vec·add64AVX512<>(SB), vec·add64AVX2<>(SB))

TEXT vec·add32AVX512<>(SB), NOSPLIT, $0-32
	AVX512_LOOP(WHOLE, BINARY, AVX512_BINARY, ADVANCE3, VMOVUPS, VADDPS, VADDPS, 2)
	RET

TEXT vec·add64AVX512<>(SB), NOSPLIT, $0-32
	AVX512_LOOP(WHOLE, BINARY, AVX512_BINARY, ADVANCE3, VMOVUPD, VADDPD, VADDPD, 3)
	RET

TEXT vec·add32AVX2<>(SB), NOSPLIT, $0-32
	AVX2_LOOP(BINARY, AVX2_BINARY, ADVANCE3, VMOVUPS, VADDPS, VADDPS, 2)
	RET

TEXT vec·add64AVX2<>(SB), NOSPLIT, $0-32
	AVX2_LOOP(BINARY, AVX2_BINARY, ADVANCE3, VMOVUPD, VADDPD, VADDPD, 3)
	RET

// func sub32(dst, a, b *float32, n int)
TEXT ·sub32(SB), NOSPLIT, $0-32
	MOVQ dst+0(FP), pd
	MOVQ a+8(FP), pa
	MOVQ b+16(FP), pb
	MOVQ n+24(FP), left
	CHOOSE(vec·sub32AVX512<>(SB), vec·sub32AVX2<>(SB))

// func sub64(dst, a, b *float64, n int)
TEXT ·sub64(SB), NOSPLIT, $0-32
	MOVQ dst+0(FP), pd
	MOVQ a+8(FP), pa
	MOVQ b+16(FP), pb
	MOVQ n+24(FP), left
	CHOOSE(vec·sub64AVX512<>(SB), vec·sub64AVX2<>(SB))

TEXT vec·sub32AVX512<>(SB), NOSPLIT, $0-32
	AVX512_LOOP(WHOLE, BINARY, AVX512_BINARY, ADVANCE3, VMOVUPS, VSUBPS, VADDPS, 2)
	RET

TEXT vec·sub64AVX512<>(SB), NOSPLIT, $0-32
	AVX512_LOOP(WHOLE, BINARY, AVX512_BINARY, ADVANCE3, VMOVUPD, VSUBPD, VADDPD, 3)
	RET

TEXT vec·sub32AVX2<>(SB), NOSPLIT, $0-32
	AVX2_LOOP(BINARY, AVX2_BINARY, ADVANCE3, VMOVUPS, VSUBPS, VADDPS, 2)
	RET

TEXT vec·sub64AVX2<>(SB), NOSPLIT, $0-32
	AVX2_LOOP(BINARY, AVX2_BINARY, ADVANCE3, VMOVUPD, VSUBPD, VADDPD, 3)
	RET

// func mul32(dst, a, b *float32, n int)
TEXT ·mul32(SB), NOSPLIT, $0-32
	MOVQ dst+0(FP), pd
	MOVQ a+8(FP), pa
	MOVQ b+16(FP), pb
	MOVQ n+24(FP), left
	CHOOSE(vec·mul32AVX512<>(SB), vec·mul32AVX2<>(SB))

// func mul64(dst, a, b *float64, n int)
TEXT ·mul64(SB), NOSPLIT, $0-32
	MOVQ dst+0(FP), pd
	MOVQ a+8(FP), pa
	MOVQ b+16(FP), pb
	MOVQ n+24(FP), left
	CHOOSE(vec·mul64AVX512<>(SB), vec·mul64AVX2<>(SB))

TEXT vec·mul32AVX512<>(SB), NOSPLIT, $0-32
	AVX512_LOOP(WHOLE, BINARY, AVX512_BINARY, ADVANCE3, VMOVUPS, VMULPS, VADDPS, 2)
	RET

TEXT vec·mul64AVX512<>(SB), NOSPLIT, $0-32
	AVX512_LOOP(WHOLE, BINARY, AVX512_BINARY, ADVANCE3, VMOVUPD, VMULPD, VADDPD, 3)
	RET

TEXT vec·mul32AVX2<>(SB), NOSPLIT, $0-32
	AVX2_LOOP(BINARY, AVX2_BINARY, ADVANCE3, VMOVUPS, VMULPS, VADDPS, 2)
	RET

TEXT vec·mul64AVX2<>(SB), NOSPLIT, $0-32
	AVX2_LOOP(BINARY, AVX2_BINARY, ADVANCE3, VMOVUPD, VMULPD, VADDPD, 3)
	RET

// func mulAdd32(dst, a, b, c *float32, n int)
TEXT ·mulAdd32(SB), NOSPLIT, $0-40
	MOVQ dst+0(FP), pd
	MOVQ a+8(FP), pa
	MOVQ b+16(FP), pb
	MOVQ c+24(FP), pc
	MOVQ n+32(FP), left
	CHOOSE(vec·mulAdd32AVX512<>(SB), vec·mulAdd32AVX2<>(SB))

// func mulAdd64(dst, a, b, c *float64, n int)
TEXT ·mulAdd64(SB), NOSPLIT, $0-40
	MOVQ dst+0(FP), pd
	MOVQ a+8(FP), pa
	MOVQ b+16(FP), pb
	MOVQ c+24(FP), pc
	MOVQ n+32(FP), left
	CHOOSE(vec·mulAdd64AVX512<>(SB), vec·mulAdd64AVX2<>(SB))

TEXT vec·mulAdd32AVX512<>(SB), NOSPLIT, $0-40
	AVX512_LOOP(WHOLE, MULADD, AVX512_MULADD, ADVANCE4, VMOVUPS, VMULPS, VADDPS, 2)
	RET

TEXT vec·mulAdd64AVX512<>(SB), NOSPLIT, $0-40
	AVX512_LOOP(WHOLE, MULADD, AVX512_MULADD, ADVANCE4, VMOVUPD, VMULPD, VADDPD, 3)
	RET

TEXT vec·mulAdd32AVX2<>(SB), NOSPLIT, $0-40
	AVX2_LOOP(MULADD, AVX2_MULADD, ADVANCE4, VMOVUPS, VMULPS, VADDPS, 2)
	RET

TEXT vec·mulAdd64AVX2<>(SB), NOSPLIT, $0-40
	AVX2_LOOP(MULADD, AVX2_MULADD, ADVANCE4, VMOVUPD, VMULPD, VADDPD, 3)
	RET

// func axpy32(y *float32, a float32, x *float32, n int)
TEXT ·axpy32(SB), NOSPLIT, $0-32
	MOVQ y+0(FP), pd
	MOVQ x+16(FP), pa
	MOVQ n+24(FP), left
	CHOOSE(vec·axpy32AVX512<>(SB), vec·axpy32AVX2<>(SB))

// func axpy64(y *float64, a float64, x *float64, n int)
TEXT ·axpy64(SB), NOSPLIT, $0-32
	MOVQ y+0(FP), pd
	MOVQ x+16(FP), pa
	MOVQ n+24(FP), left
	CHOOSE(vec·axpy64AVX512<>(SB), vec·axpy64AVX2<>(SB))

TEXT vec·axpy32AVX512<>(SB), NOSPLIT, $0-32
	VBROADCASTSS a+8(FP), Z14
	AVX512_LOOP(TWICE, AXPY, AVX512_AXPY, ADVANCE2, VMOVUPS, VMULPS, VADDPS, 2)
	RET

TEXT vec·axpy64AVX512<>(SB), NOSPLIT, $0-32
	VBROADCASTSD a+8(FP), Z14
	AVX512_LOOP(TWICE, AXPY, AVX512_AXPY, ADVANCE2, VMOVUPD, VMULPD, VADDPD, 3)
	RET

TEXT vec·axpy32AVX2<>(SB), NOSPLIT, $0-32
	VBROADCASTSS a+8(FP), Y14
	AVX2_LOOP(AXPY, AVX2_AXPY, ADVANCE2, VMOVUPS, VMULPS, VADDPS, 2)
	RET

TEXT vec·axpy64AVX2<>(SB), NOSPLIT, $0-32
	VBROADCASTSD a+8(FP), Y14
	AVX2_LOOP(AXPY, AVX2_AXPY, ADVANCE2, VMOVUPD, VMULPD, VADDPD, 3)
	RET

// func scale32(dst *float32, a float32, x *float32, n int)
TEXT ·scale32(SB), NOSPLIT, $0-32
	MOVQ dst+0(FP), pd
	MOVQ x+16(FP), pa
	MOVQ n+24(FP), left
	CHOOSE(vec·scale32AVX512<>(SB), vec·scale32AVX2<>(SB))

// func scale64(dst *float64, a float64, x *float64, n int)
TEXT ·scale64(SB), NOSPLIT, $0-32
	MOVQ dst+0(FP), pd
	MOVQ x+16(FP), pa
	MOVQ n+24(FP), left
	CHOOSE(vec·scale64AVX512<>(SB), vec·scale64AVX2<>(SB))

TEXT vec·scale32AVX512<>(SB), NOSPLIT, $0-32
	VBROADCASTSS a+8(FP), Z14
	AVX512_LOOP(WHOLE, SCALE, AVX512_SCALE, ADVANCE2, VMOVUPS, VMULPS, VADDPS, 2)
	RET

TEXT vec·scale64AVX512<>(SB), NOSPLIT, $0-32
	VBROADCASTSD a+8(FP), Z14
	AVX512_LOOP(WHOLE, SCALE, AVX512_SCALE, ADVANCE2, VMOVUPD, VMULPD, VADDPD, 3)
	RET

TEXT vec·scale32AVX2<>(SB), NOSPLIT, $0-32
	VBROADCASTSS a+8(FP), Y14
	AVX2_LOOP(SCALE, AVX2_SCALE, ADVANCE2, VMOVUPS, VMULPS, VADDPS, 2)
	RET

TEXT vec·scale64AVX2<>(SB), NOSPLIT, $0-32
	VBROADCASTSD a+8(FP), Y14
	AVX2_LOOP(SCALE, AVX2_SCALE, ADVANCE2, VMOVUPD, VMULPD, VADDPD, 3)
	RET

// func sqrt32(dst, x *float32, n int)
TEXT ·sqrt32(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), pd
	MOVQ x+8(FP), pa
	MOVQ n+16(FP), left
	CHOOSE(vec·sqrt32AVX512<>(SB), vec·sqrt32AVX2<>(SB))

// func sqrt64(dst, x *float64, n int)
TEXT ·sqrt64(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), pd
	MOVQ x+8(FP), pa
	MOVQ n+16(FP), left
	CHOOSE(vec·sqrt64AVX512<>(SB), vec·sqrt64AVX2<>(SB))

TEXT vec·sqrt32AVX512<>(SB), NOSPLIT, $0-24
	AVX512_LOOP(WHOLE, SQRT, AVX512_SQRT, ADVANCE2, VMOVUPS, VSQRTPS, VADDPS, 2)
	RET

TEXT vec·sqrt64AVX512<>(SB), NOSPLIT, $0-24
	AVX512_LOOP(WHOLE, SQRT, AVX512_SQRT, ADVANCE2, VMOVUPD, VSQRTPD, VADDPD, 3)
	RET

TEXT vec·sqrt32AVX2<>(SB), NOSPLIT, $0-24
	AVX2_LOOP(SQRT, AVX2_SQRT, ADVANCE2, VMOVUPS, VSQRTPS, VADDPS, 2)
	RET

TEXT vec·sqrt64AVX2<>(SB), NOSPLIT, $0-24
	AVX2_LOOP(SQRT, AVX2_SQRT, ADVANCE2, VMOVUPD, VSQRTPD, VADDPD, 3)
	RET
