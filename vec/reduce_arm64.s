//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"

// Dot, Sum and SumSq on NEON. The four rows of 16 lanes, in their order, are 16
// vectors of float32 or 32 of float64, and a block of the input is as long. If the
// pointer acc is not nil they begin with what is there and end there too. Registers
// do for whole blocks; what is left of the input is added in memory.

#define pa   R0
#define pb   R1
#define left R2 // elements that remain
#define rows R3 // the accumulators in memory: at acc, or on the stack
#define from R4
#define to   R5

// Shapes: V28 and V29 become the terms of the 32 bytes at o.
#define DOT(MUL, o) \
	FLDPQ o(pa), (F28, F29) \
	FLDPQ o(pb), (F30, F31) \
	MUL(30, 28, 28)         \
	MUL(31, 29, 29)

#define SUM(MUL, o) \
	FLDPQ o(pa), (F28, F29)

#define SUMSQ(MUL, o) \
	FLDPQ o(pa), (F28, F29) \
	MUL(28, 28, 28)         \
	MUL(29, 29, 29)

// And V28 the terms of one vector or one element, of w bytes. The pointers move on.
#define DOT1(MUL, MOV, w) \
	MOV.P w(pa), F28 \
	MOV.P w(pb), F30 \
	MUL(30, 28, 28)

#define SUM1(MUL, MOV, w) \
	MOV.P w(pa), F28

#define SUMSQ1(MUL, MOV, w) \
	MOV.P w(pa), F28 \
	MUL(28, 28, 28)

// ADVANCEk moves k pointers on.
#define ADVANCE1(w) ADD w, pa
#define ADVANCE2(w) ADD w, pa; ADD w, pb

// BEGIN sets rows, and from to the first values: those at acc or zeros.
#define BEGIN(acc, buf) \
	MOVD $zeros<>(SB), from   \
	MOVD acc, R6              \
	MOVD buf, rows            \
	CMP  $0, R6               \
	CSEL EQ, from, R6, from   \
	CSEL EQ, rows, R6, rows   \
	MOVD rows, to

GLOBL zeros<>(SB), NOPTR|RODATA, $512

// LOAD and STORE move V0 to V15. One has to move the pointers on, the other may.
#define LOAD \
	VLD1.P 64(from), [V0.B16, V1.B16, V2.B16, V3.B16]   \
	VLD1.P 64(from), [V4.B16, V5.B16, V6.B16, V7.B16]   \
	VLD1.P 64(from), [V8.B16, V9.B16, V10.B16, V11.B16] \
	VLD1.P 64(from), [V12.B16, V13.B16, V14.B16, V15.B16]

#define STORE \
	VST1.P [V0.B16, V1.B16, V2.B16, V3.B16], 64(to)   \
	VST1.P [V4.B16, V5.B16, V6.B16, V7.B16], 64(to)   \
	VST1.P [V8.B16, V9.B16, V10.B16, V11.B16], 64(to) \
	VST1.P [V12.B16, V13.B16, V14.B16, V15.B16], 64(to)

#define ADDTERMS(SHAPE, MUL, ADD, o, a) \
	SHAPE(MUL, o)    \
	ADD(28, a, a)    \
	ADD(29, a+1, a+1)

// REST adds fewer terms than a block to the accumulators in memory; left is less by
// the length of a block. An element alone has zeros in the lanes beside it.
#define REST(SHAPE1, MUL, ADD, MOV, size) \
	MOVD rows, to              \
	ADDS $(64-16/size), left   \
	BLT  last                  \
one:                               \
	SHAPE1(MUL, FMOVQ, 16)     \
	FMOVQ (to), F0             \
	ADD(28, 0, 0)              \
	FMOVQ.P F0, 16(to)         \
	SUBS  $(16/size), left     \
	BGE   one                  \
last:                              \
	ADDS $(16/size), left      \
	BEQ  fold                  \
element:                           \
	SHAPE1(MUL, MOV, size)     \
	MOV   (to), F0             \
	ADD(28, 0, 0)              \
	MOV.P F0, size(to)         \
	SUBS  $1, left             \
	BNE   element              \
fold:                              \
	MOVD rows, from

// ADD2, 4 and 8 add as many vectors to d and the next.
#define ADD2(ADD, m, d) ADD(m, d, d); ADD(m+1, d+1, d+1)
#define ADD4(ADD, m, d) ADD2(ADD, m, d); ADD2(ADD, m+2, d+2)
#define ADD8(ADD, m, d) ADD4(ADD, m, d); ADD4(ADD, m+4, d+4)

#define REDUCE32(SHAPE, SHAPE1, ADVANCE) \
	LOAD                                   \
	SUBS $64, left                         \
	BLT  store                             \
loop:                                          \
	ADDTERMS(SHAPE, FMUL_4S, FADD_4S, 0, 0)    \
	ADDTERMS(SHAPE, FMUL_4S, FADD_4S, 32, 2)   \
	ADDTERMS(SHAPE, FMUL_4S, FADD_4S, 64, 4)   \
	ADDTERMS(SHAPE, FMUL_4S, FADD_4S, 96, 6)   \
	ADDTERMS(SHAPE, FMUL_4S, FADD_4S, 128, 8)  \
	ADDTERMS(SHAPE, FMUL_4S, FADD_4S, 160, 10) \
	ADDTERMS(SHAPE, FMUL_4S, FADD_4S, 192, 12) \
	ADDTERMS(SHAPE, FMUL_4S, FADD_4S, 224, 14) \
	ADVANCE($256)                          \
	SUBS $64, left                         \
	BGE  loop                              \
store:                                         \
	STORE                                  \
	REST(SHAPE1, FMUL_4S, FADD_4S, FMOVS, 4) \
	LOAD                                   \
	ADD4(FADD_4S, 4, 0)                    \
	ADD4(FADD_4S, 12, 8)                   \
	ADD4(FADD_4S, 8, 0)                    \ // lanes 0 to 15
	ADD2(FADD_4S, 2, 0)                    \ // 0 to 7
	FADD_4S(1, 0, 0)                       \
	VDUP V0.D[1], V1.D2                    \
	FADD_4S(1, 0, 0)                       \
	FADDP_4S(0, 0, 0)

// The second half of V0 to V31.
#define LOAD2 \
	VLD1.P 64(from), [V16.B16, V17.B16, V18.B16, V19.B16] \
	VLD1.P 64(from), [V20.B16, V21.B16, V22.B16, V23.B16] \
	VLD1.P 64(from), [V24.B16, V25.B16, V26.B16, V27.B16] \
	VLD1.P 64(from), [V28.B16, V29.B16, V30.B16, V31.B16]

// Of 32 accumulators the last four, here the two at o, stay in memory, to leave
// registers free for the terms.
#define ADDTERMS_MEM(SHAPE, o) \
	SHAPE(FMUL_2D, o)         \
	FLDPQ o(rows), (F30, F31) \
	FADD_2D(28, 30, 30)       \
	FADD_2D(29, 31, 31)       \
	FSTPQ (F30, F31), o(rows)

#define REDUCE64(SHAPE, SHAPE1, ADVANCE) \
	LOAD                                   \
	LOAD2                                  \
	FSTPQ (F28, F29), 448(rows)            \
	FSTPQ (F30, F31), 480(rows)            \
	SUBS  $64, left                        \
	BLT   store                            \
loop:                                          \
	ADDTERMS(SHAPE, FMUL_2D, FADD_2D, 0, 0)    \
	ADDTERMS(SHAPE, FMUL_2D, FADD_2D, 32, 2)   \
	ADDTERMS(SHAPE, FMUL_2D, FADD_2D, 64, 4)   \
	ADDTERMS(SHAPE, FMUL_2D, FADD_2D, 96, 6)   \
	ADDTERMS(SHAPE, FMUL_2D, FADD_2D, 128, 8)  \
	ADDTERMS(SHAPE, FMUL_2D, FADD_2D, 160, 10) \
	ADDTERMS(SHAPE, FMUL_2D, FADD_2D, 192, 12) \
	ADDTERMS(SHAPE, FMUL_2D, FADD_2D, 224, 14) \
	ADDTERMS(SHAPE, FMUL_2D, FADD_2D, 256, 16) \
	ADDTERMS(SHAPE, FMUL_2D, FADD_2D, 288, 18) \
	ADDTERMS(SHAPE, FMUL_2D, FADD_2D, 320, 20) \
	ADDTERMS(SHAPE, FMUL_2D, FADD_2D, 352, 22) \
	ADDTERMS(SHAPE, FMUL_2D, FADD_2D, 384, 24) \
	ADDTERMS(SHAPE, FMUL_2D, FADD_2D, 416, 26) \
	ADDTERMS_MEM(SHAPE, 448)               \
	ADDTERMS_MEM(SHAPE, 480)               \
	ADVANCE($512)                          \
	SUBS $64, left                         \
	BGE  loop                              \
store:                                         \
	STORE                                  \
	VST1.P [V16.B16, V17.B16, V18.B16, V19.B16], 64(to) \
	VST1.P [V20.B16, V21.B16, V22.B16, V23.B16], 64(to) \
	VST1.P [V24.B16, V25.B16, V26.B16, V27.B16], 64(to) \
	REST(SHAPE1, FMUL_2D, FADD_2D, FMOVD, 8) \
	LOAD                                   \
	LOAD2                                  \
	ADD8(FADD_2D, 8, 0)                    \
	ADD8(FADD_2D, 24, 16)                  \
	ADD8(FADD_2D, 16, 0)                   \ // lanes 0 to 15
	ADD4(FADD_2D, 4, 0)                    \ // 0 to 7
	ADD2(FADD_2D, 2, 0)                    \ // 0 to 3
	FADD_2D(1, 0, 0)                       \
	FADDP_2D(0, 0, 0)

// func dot32(a, b *float32, n int, acc *[block]float32) float32
TEXT ·dot32(SB), NOSPLIT, $256-36
	MOVD a+0(FP), pa
	MOVD b+8(FP), pb
	MOVD n+16(FP), left
	BEGIN(acc+24(FP), $buf-256(SP))
	REDUCE32(DOT, DOT1, ADVANCE2)
	FMOVS F0, ret+32(FP)
	RET

// func dot64(a, b *float64, n int, acc *[block]float64) float64
TEXT ·dot64(SB), NOSPLIT, $512-40
	MOVD a+0(FP), pa
	MOVD b+8(FP), pb
	MOVD n+16(FP), left
	BEGIN(acc+24(FP), $buf-512(SP))
	REDUCE64(DOT, DOT1, ADVANCE2)
	FMOVD F0, ret+32(FP)
	RET

// func sum32(x *float32, n int, acc *[block]float32) float32
TEXT ·sum32(SB), NOSPLIT, $256-28
	MOVD x+0(FP), pa
	MOVD n+8(FP), left
	BEGIN(acc+16(FP), $buf-256(SP))
	REDUCE32(SUM, SUM1, ADVANCE1)
	FMOVS F0, ret+24(FP)
	RET

// func sum64(x *float64, n int, acc *[block]float64) float64
TEXT ·sum64(SB), NOSPLIT, $512-32
	MOVD x+0(FP), pa
	MOVD n+8(FP), left
	BEGIN(acc+16(FP), $buf-512(SP))
	REDUCE64(SUM, SUM1, ADVANCE1)
	FMOVD F0, ret+24(FP)
	RET

// func sumSq32(x *float32, n int, acc *[block]float32) float32
TEXT ·sumSq32(SB), NOSPLIT, $256-28
	MOVD x+0(FP), pa
	MOVD n+8(FP), left
	BEGIN(acc+16(FP), $buf-256(SP))
	REDUCE32(SUMSQ, SUMSQ1, ADVANCE1)
	FMOVS F0, ret+24(FP)
	RET

// func sumSq64(x *float64, n int, acc *[block]float64) float64
TEXT ·sumSq64(SB), NOSPLIT, $512-32
	MOVD x+0(FP), pa
	MOVD n+8(FP), left
	BEGIN(acc+16(FP), $buf-512(SP))
	REDUCE64(SUMSQ, SUMSQ1, ADVANCE1)
	FMOVD F0, ret+24(FP)
	RET
