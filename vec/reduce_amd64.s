//go:build !purego

#include "textflag.h"
#include "kernel_amd64.h"

// Dot, Sum and SumSq. The four rows of 16 lanes, in their order, are the vectors
// of the accumulator: 4 or 8 on AVX-512, 8 or 16 on AVX2. If the pointer acc is
// not nil they begin with what is there and end there too.
//
// AVX-512 takes twice as long for a vector that lies in two cache lines. Where it pays, from
// least bytes on and with an acc, its vectors are therefore those of the lines of b, or of
// the only slice. The lanes are turned then, by as many as there are elements before the
// first one in its line, those in acc as well, and are turned back before they are added up.

#define pa SI
#define pb DX
#define left CX // bytes that remain
#define pacc R8
#define skew R9 // bytes in the first line before the first element
#define nowhere $1 // as pacc: there is no acc, but the lanes are to be turned back

// Shapes: t is the terms of the vector at byte o, of the lanes in k (AVX-512), or
// in Y14 and at byte 0 (AVX2). Terms of lanes that are masked out are +0, and
// adding that changes no accumulator, as none is ever -0.

#define DOT(MOV, MUL, o, t) \
	MOV o(pa), t    \
	MUL o(pb), t, t

#define SUM(MOV, MUL, o, t) \
	MOV o(pa), t

#define SUMSQ(MOV, MUL, o, t) \
	MOV o(pa), t \
	MUL t, t, t

#define AVX512_DOT(MOV, MUL, o, k, t) \
	MOV.Z o(pa), k, t    \
	MUL.Z o(pb), t, k, t

#define AVX512_SUM(MOV, MUL, o, k, t) \
	MOV.Z o(pa), k, t

#define AVX512_SUMSQ(MOV, MUL, o, k, t) \
	MOV.Z o(pa), k, t \
	MUL   t, t, t

// Heads: t is the terms of the first line, of the lanes in k, when the pointers have been
// moved back to its start. There a may be on a page that isn't there, which masking
// permits but takes 0.1 µs.

#define DOT_HEAD(EXPAND, MUL, k, t) \
	EXPAND.Z (pa)(skew*1), k, t \
	MUL.Z    (pb), t, k, t

#define SUM_HEAD(EXPAND, MUL, k, t) \
	EXPAND.Z (pa)(skew*1), k, t

#define SUMSQ_HEAD(EXPAND, MUL, k, t) \
	EXPAND.Z (pa)(skew*1), k, t \
	MUL      t, t, t

#define AVX2_DOT(MUL, t) \
	VMASKMOVPS (pa), Y14, Y13 \
	VMASKMOVPS (pb), Y14, t   \
	MUL        Y13, t, t

#define AVX2_SUM(MUL, t) \
	VMASKMOVPS (pa), Y14, t

#define AVX2_SUMSQ(MUL, t) \
	VMASKMOVPS (pa), Y14, t \
	MUL        t, t, t

// ADVANCEk moves k pointers on.
#define ADVANCE1(w) ADDQ w, pa
#define ADVANCE2(w) ADVANCE1(w); ADDQ w, pb

#define ADDTO32(SHAPE, o, a, t) \
	SHAPE(VMOVUPS, VMULPS, o, t) \
	VADDPS t, a, a

#define ADDTO64(SHAPE, o, a, t) \
	SHAPE(VMOVUPD, VMULPD, o, t) \
	VADDPD t, a, a

#define AVX512_PART32(PART, o, k, a) \
	PART(VMOVUPS, VMULPS, o, k, Z15) \
	VADDPS Z15, a, a

#define AVX512_PART64(PART, o, k, a) \
	PART(VMOVUPD, VMULPD, o, k, Z15) \
	VADDPD Z15, a, a

// FOLD leaves the sum of the 4 (float32) or 2 lanes of X0 in lane 0.
#define FOLD32 \
	VPERMILPS $0x0e, X0, X1 \
	VADDPS    X1, X0, X0    \
	VMOVSHDUP X0, X1        \
	VADDSS    X1, X0, X0

#define FOLD64 \
	VPERMILPD $1, X0, X1 \
	VADDSD    X1, X0, X0

// STEPBACK moves to the start of the first line, and sets K1 to the lanes of its elements.
#define STEPBACK(ADVANCE, base, within, shift) \
	MOVQ  base, skew   \
	ANDQ  within, skew \
	ADDQ  skew, left   \
	NEGQ  skew         \
	ADVANCE(skew)      \
	NEGQ  skew         \
	MOVQ  skew, BX     \
	SHRQ  shift, BX    \
	XORL  AX, AX       \
	BTSQ  BX, AX       \
	NEGQ  AX           \
	KMOVW AX, K1

#define AVX512_BLOCK32(SHAPE, o) \
	ADDTO32(SHAPE, o+0, Z0, Z4)   \
	ADDTO32(SHAPE, o+64, Z1, Z4)  \
	ADDTO32(SHAPE, o+128, Z2, Z4) \
	ADDTO32(SHAPE, o+192, Z3, Z4)

// The next call's sums begin while this one's last ones still wait for each other, as
// far as there are registers to rename to: of a call of 1024 elements these decide 10 %.
// So those that hold nothing are let go, and the lanes are folded in the fewest cycles
// rather than instructions. Beside a neighbour on the core instructions count, and so two
// blocks make a turn. If their number is even the first one isn't added to +0, but for a
// quarter: a lane may begin with -0 then, but what is left of it is added to a lane of that
// quarter, none of which ever is -0.
#define AVX512_REDUCE32(SHAPE, PART, HEAD, ADVANCE, base, least) \
	SHLQ    $2, left                 \
	VPXOR   X0, X0, X0               \
	VPXOR   X1, X1, X1               \
	VPXOR   X2, X2, X2               \
	VPXOR   X3, X3, X3               \
	TESTQ   pacc, pacc               \
	JNE     load                     \
	TESTB   $60, base                \
	JNE     unaligned                \
	TESTQ   $256, left               \
	JNE     odd                      \
	SUBQ    $512, left               \
	JLT     rest                     \
	SHAPE(VMOVUPS, VMULPS, 0, Z0)    \
	SHAPE(VMOVUPS, VMULPS, 64, Z1)   \
	SHAPE(VMOVUPS, VMULPS, 128, Z2)  \
	ADDTO32(SHAPE, 192, Z3, Z4)      \
	JMP     second                   \
unaligned:                               \
	CMPQ    left, least              \
	JLT     blocks                   \
	MOVQ    nowhere, pacc            \
	JMP     head                     \
load:                                    \
	VMOVUPS 0(pacc), Z0              \
	VMOVUPS 64(pacc), Z1             \
	VMOVUPS 128(pacc), Z2            \
	VMOVUPS 192(pacc), Z3            \
	XORL    skew, skew               \
	TESTB   $60, base                \
	JEQ     blocks                   \
head:                                    \
	STEPBACK(ADVANCE, base, $60, $2) \
	HEAD(VEXPANDPS, VMULPS, K1, Z4)  \
	VADDPS  Z4, Z0, Z0               \
	ADDTO32(SHAPE, 64, Z1, Z4)       \
	ADDTO32(SHAPE, 128, Z2, Z4)      \
	ADDTO32(SHAPE, 192, Z3, Z4)      \
	ADVANCE($256)                    \
	SUBQ    $256, left               \
blocks:                                  \
	TESTQ   $256, left               \
	JEQ     pairs                    \
odd:                                     \
	AVX512_BLOCK32(SHAPE, 0)         \
	ADVANCE($256)                    \
	SUBQ $256, left                  \
pairs:                                   \
	SUBQ $512, left                  \
	JLT  rest                        \
loop:                                    \
	AVX512_BLOCK32(SHAPE, 0)         \
second:                                  \
	AVX512_BLOCK32(SHAPE, 256)       \
	ADVANCE($512)                    \
	SUBQ $512, left                  \
	JGE  loop                        \
	VPXOR X4, X4, X4                 \
	RELEASE                          \
rest:                                    \
	ADDQ $512, left                  \
	JEQ  store                       \
	SHRQ $2, left                    \
	AVX512_MASK(left, K1)            \
	KSHIFTRQ $16, K1, K2             \
	KSHIFTRQ $32, K1, K3             \
	KSHIFTRQ $48, K1, K4             \
	AVX512_PART32(PART, 0, K1, Z0)   \
	AVX512_PART32(PART, 64, K2, Z1)  \
	AVX512_PART32(PART, 128, K3, Z2) \
	AVX512_PART32(PART, 192, K4, Z3) \
store:                                   \
	TESTQ   pacc, pacc               \
	JEQ     fold                     \
	CMPQ    pacc, nowhere            \
	JEQ     turn                     \
	VMOVUPS Z0, 0(pacc)              \
	VMOVUPS Z1, 64(pacc)             \
	VMOVUPS Z2, 128(pacc)            \
	VMOVUPS Z3, 192(pacc)            \
	TESTQ   skew, skew               \
	JEQ     fold                     \
turn:                                    \
	SHRQ    $2, skew                 \
	VPBROADCASTD skew, Z4            \
	VPADDD  iota32<>(SB), Z4, Z4     \
	VMOVAPS Z0, Z5                   \
	VPERMT2PS Z1, Z4, Z0             \
	VPERMT2PS Z2, Z4, Z1             \
	VPERMT2PS Z3, Z4, Z2             \
	VPERMT2PS Z5, Z4, Z3             \
fold:                                    \
	VADDPS Z1, Z0, Z0                \
	VADDPS Z3, Z2, Z2                \
	VADDPS Z2, Z0, Z0                \
	VEXTRACTF32X4 $2, Z0, X2         \
	VEXTRACTF32X4 $3, Z0, X3         \
	VEXTRACTF128 $1, Y0, X1          \
	VADDPS X2, X0, X0                \ // lanes 0 to 3 and 8 to 11
	VADDPS X3, X1, X1                \
	VADDPS X1, X0, X0                \
	FOLD32

#define AVX512_REDUCE64(SHAPE, PART, HEAD, ADVANCE, base, least) \
	SHLQ    $3, left                 \
	VPXOR   X0, X0, X0               \
	VPXOR   X1, X1, X1               \
	VPXOR   X2, X2, X2               \
	VPXOR   X3, X3, X3               \
	VPXOR   X4, X4, X4               \
	VPXOR   X5, X5, X5               \
	VPXOR   X6, X6, X6               \
	VPXOR   X7, X7, X7               \
	TESTQ   pacc, pacc               \
	JNE     load                     \
	TESTB   $56, base                \
	JEQ     blocks                   \
	CMPQ    left, least              \
	JLT     blocks                   \
	MOVQ    nowhere, pacc            \
	JMP     head                     \
load:                                    \
	VMOVUPD 0(pacc), Z0              \
	VMOVUPD 64(pacc), Z1             \
	VMOVUPD 128(pacc), Z2            \
	VMOVUPD 192(pacc), Z3            \
	VMOVUPD 256(pacc), Z4            \
	VMOVUPD 320(pacc), Z5            \
	VMOVUPD 384(pacc), Z6            \
	VMOVUPD 448(pacc), Z7            \
	XORL    skew, skew               \
	TESTB   $56, base                \
	JEQ     blocks                   \
head:                                    \
	STEPBACK(ADVANCE, base, $56, $3) \
	HEAD(VEXPANDPD, VMULPD, K1, Z15) \
	VADDPD  Z15, Z0, Z0              \
	ADDTO64(SHAPE, 64, Z1, Z15)      \
	ADDTO64(SHAPE, 128, Z2, Z15)     \
	ADDTO64(SHAPE, 192, Z3, Z15)     \
	ADDTO64(SHAPE, 256, Z4, Z15)     \
	ADDTO64(SHAPE, 320, Z5, Z15)     \
	ADDTO64(SHAPE, 384, Z6, Z15)     \
	ADDTO64(SHAPE, 448, Z7, Z15)     \
	ADVANCE($512)                    \
	SUBQ $512, left                  \
blocks:                                  \
	SUBQ $512, left                  \
	JLT  rest                        \
loop:                                    \
	SHAPE(VMOVUPD, VMULPD, 0, Z8)    \
	SHAPE(VMOVUPD, VMULPD, 64, Z9)   \
	SHAPE(VMOVUPD, VMULPD, 128, Z10) \
	SHAPE(VMOVUPD, VMULPD, 192, Z11) \
	SHAPE(VMOVUPD, VMULPD, 256, Z12) \
	SHAPE(VMOVUPD, VMULPD, 320, Z13) \
	SHAPE(VMOVUPD, VMULPD, 384, Z14) \
	SHAPE(VMOVUPD, VMULPD, 448, Z15) \
	VADDPD Z8, Z0, Z0                \
	VADDPD Z9, Z1, Z1                \
	VADDPD Z10, Z2, Z2               \
	VADDPD Z11, Z3, Z3               \
	VADDPD Z12, Z4, Z4               \
	VADDPD Z13, Z5, Z5               \
	VADDPD Z14, Z6, Z6               \
	VADDPD Z15, Z7, Z7               \
	ADVANCE($512)                    \
	SUBQ $512, left                  \
	JGE  loop                        \
rest:                                    \
	ADDQ $512, left                  \
	JEQ  store                       \
	SHRQ $3, left                    \
	AVX512_MASK(left, K1)            \
	KSHIFTRQ $8, K1, K2              \
	KSHIFTRQ $16, K1, K3             \
	KSHIFTRQ $24, K1, K4             \
	AVX512_PART64(PART, 0, K1, Z0)   \
	AVX512_PART64(PART, 64, K2, Z1)  \
	AVX512_PART64(PART, 128, K3, Z2) \
	AVX512_PART64(PART, 192, K4, Z3) \
	KSHIFTRQ $32, K1, K1             \
	KSHIFTRQ $8, K1, K2              \
	KSHIFTRQ $16, K1, K3             \
	KSHIFTRQ $24, K1, K4             \
	AVX512_PART64(PART, 256, K1, Z4) \
	AVX512_PART64(PART, 320, K2, Z5) \
	AVX512_PART64(PART, 384, K3, Z6) \
	AVX512_PART64(PART, 448, K4, Z7) \
store:                                   \
	TESTQ   pacc, pacc               \
	JEQ     fold                     \
	CMPQ    pacc, nowhere            \
	JEQ     turn                     \
	VMOVUPD Z0, 0(pacc)              \
	VMOVUPD Z1, 64(pacc)             \
	VMOVUPD Z2, 128(pacc)            \
	VMOVUPD Z3, 192(pacc)            \
	VMOVUPD Z4, 256(pacc)            \
	VMOVUPD Z5, 320(pacc)            \
	VMOVUPD Z6, 384(pacc)            \
	VMOVUPD Z7, 448(pacc)            \
	TESTQ   skew, skew               \
	JEQ     fold                     \
turn:                                    \
	SHRQ    $3, skew                 \
	VPBROADCASTQ skew, Z8            \
	VPADDQ  iota64<>(SB), Z8, Z8     \
	VMOVAPD Z0, Z9                   \
	VPERMT2PD Z1, Z8, Z0             \
	VPERMT2PD Z2, Z8, Z1             \
	VPERMT2PD Z3, Z8, Z2             \
	VPERMT2PD Z4, Z8, Z3             \
	VPERMT2PD Z5, Z8, Z4             \
	VPERMT2PD Z6, Z8, Z5             \
	VPERMT2PD Z7, Z8, Z6             \
	VPERMT2PD Z9, Z8, Z7             \
fold:                                    \
	VADDPD Z2, Z0, Z0                \
	VADDPD Z6, Z4, Z4                \
	VADDPD Z4, Z0, Z0                \ // lanes 0 to 7
	VADDPD Z3, Z1, Z1                \
	VADDPD Z7, Z5, Z5                \
	VADDPD Z5, Z1, Z1                \ // lanes 8 to 15
	VADDPD Z1, Z0, Z0                \
	VEXTRACTF64X4 $1, Z0, Y1         \
	VADDPD Y1, Y0, Y0                \
	VEXTRACTF128 $1, Y0, X1          \
	VADDPD X1, X0, X0                \
	FOLD64

DATA iota32<>+0(SB)/8, $0x0000000100000000
DATA iota32<>+8(SB)/8, $0x0000000300000002
DATA iota32<>+16(SB)/8, $0x0000000500000004
DATA iota32<>+24(SB)/8, $0x0000000700000006
DATA iota32<>+32(SB)/8, $0x0000000900000008
DATA iota32<>+40(SB)/8, $0x0000000b0000000a
DATA iota32<>+48(SB)/8, $0x0000000d0000000c
DATA iota32<>+56(SB)/8, $0x0000000f0000000e
GLOBL iota32<>(SB), RODATA|NOPTR, $64

DATA iota64<>+0(SB)/8, $0
DATA iota64<>+8(SB)/8, $1
DATA iota64<>+16(SB)/8, $2
DATA iota64<>+24(SB)/8, $3
DATA iota64<>+32(SB)/8, $4
DATA iota64<>+40(SB)/8, $5
DATA iota64<>+48(SB)/8, $6
DATA iota64<>+56(SB)/8, $7
GLOBL iota64<>(SB), RODATA|NOPTR, $64

// On AVX2 the registers do for the blocks of 64. They then go to memory, where the
// last terms are added, and fold from there.

#define AVX2_REDUCE32(SHAPE, PART, ADVANCE) \
	SHLQ    $2, left                                              \
	TESTQ   pacc, pacc                                            \
	JNE     load                                                  \
	LEAQ    buf-256(SP), pacc                                     \
	VPXOR   X0, X0, X0                                            \
	VPXOR   X1, X1, X1                                            \
	VPXOR   X2, X2, X2                                            \
	VPXOR   X3, X3, X3                                            \
	VPXOR   X4, X4, X4                                            \
	VPXOR   X5, X5, X5                                            \
	VPXOR   X6, X6, X6                                            \
	VPXOR   X7, X7, X7                                            \
	JMP     blocks                                                \
load:                                                                 \
	VMOVUPS 0(pacc), Y0                                           \
	VMOVUPS 32(pacc), Y1                                          \
	VMOVUPS 64(pacc), Y2                                          \
	VMOVUPS 96(pacc), Y3                                          \
	VMOVUPS 128(pacc), Y4                                         \
	VMOVUPS 160(pacc), Y5                                         \
	VMOVUPS 192(pacc), Y6                                         \
	VMOVUPS 224(pacc), Y7                                         \
blocks:                                                               \
	SUBQ $256, left                                               \
	JLT  store                                                    \
loop:                                                                 \
	ADDTO32(SHAPE, 0, Y0, Y8)                                     \
	ADDTO32(SHAPE, 32, Y1, Y9)                                    \
	ADDTO32(SHAPE, 64, Y2, Y10)                                   \
	ADDTO32(SHAPE, 96, Y3, Y11)                                   \
	ADDTO32(SHAPE, 128, Y4, Y8)                                   \
	ADDTO32(SHAPE, 160, Y5, Y9)                                   \
	ADDTO32(SHAPE, 192, Y6, Y10)                                  \
	ADDTO32(SHAPE, 224, Y7, Y11)                                  \
	ADVANCE($256)                                                 \
	SUBQ $256, left                                               \
	JGE  loop                                                     \
store:                                                                \
	VMOVUPS Y0, 0(pacc)                                           \
	VMOVUPS Y1, 32(pacc)                                          \
	VMOVUPS Y2, 64(pacc)                                          \
	VMOVUPS Y3, 96(pacc)                                          \
	VMOVUPS Y4, 128(pacc)                                         \
	VMOVUPS Y5, 160(pacc)                                         \
	VMOVUPS Y6, 192(pacc)                                         \
	VMOVUPS Y7, 224(pacc)                                         \
	AVX2_REST(SHAPE, PART, ADVANCE, VMOVUPS, VMULPS, VADDPS, 256) \
	AVX2_ROWS(VMOVUPS, VADDPS, 64, 0, Y0, Y1)                     \ // lanes 0 to 7
	AVX2_ROWS(VMOVUPS, VADDPS, 64, 32, Y2, Y3)                    \ // lanes 8 to 15
	VADDPS Y2, Y0, Y0                                             \
	VEXTRACTF128 $1, Y0, X1                                       \
	VADDPS X1, X0, X0                                             \
	FOLD32

// Of 16 accumulators the last stays in memory, to leave one register free.
#define AVX2_REDUCE64(SHAPE, PART, ADVANCE) \
	SHLQ    $3, left                                              \
	TESTQ   pacc, pacc                                            \
	JNE     load                                                  \
	LEAQ    buf-512(SP), pacc                                     \
	VPXOR   X0, X0, X0                                            \
	VPXOR   X1, X1, X1                                            \
	VPXOR   X2, X2, X2                                            \
	VPXOR   X3, X3, X3                                            \
	VPXOR   X4, X4, X4                                            \
	VPXOR   X5, X5, X5                                            \
	VPXOR   X6, X6, X6                                            \
	VPXOR   X7, X7, X7                                            \
	VPXOR   X8, X8, X8                                            \
	VPXOR   X9, X9, X9                                            \
	VPXOR   X10, X10, X10                                         \
	VPXOR   X11, X11, X11                                         \
	VPXOR   X12, X12, X12                                         \
	VPXOR   X13, X13, X13                                         \
	VPXOR   X14, X14, X14                                         \
	VMOVUPD Y0, 480(pacc)                                         \
	JMP     blocks                                                \
load:                                                                 \
	VMOVUPD 0(pacc), Y0                                           \
	VMOVUPD 32(pacc), Y1                                          \
	VMOVUPD 64(pacc), Y2                                          \
	VMOVUPD 96(pacc), Y3                                          \
	VMOVUPD 128(pacc), Y4                                         \
	VMOVUPD 160(pacc), Y5                                         \
	VMOVUPD 192(pacc), Y6                                         \
	VMOVUPD 224(pacc), Y7                                         \
	VMOVUPD 256(pacc), Y8                                         \
	VMOVUPD 288(pacc), Y9                                         \
	VMOVUPD 320(pacc), Y10                                        \
	VMOVUPD 352(pacc), Y11                                        \
	VMOVUPD 384(pacc), Y12                                        \
	VMOVUPD 416(pacc), Y13                                        \
	VMOVUPD 448(pacc), Y14                                        \
blocks:                                                               \
	SUBQ $512, left                                               \
	JLT  store                                                    \
loop:                                                                 \
	ADDTO64(SHAPE, 0, Y0, Y15)                                    \
	ADDTO64(SHAPE, 32, Y1, Y15)                                   \
	ADDTO64(SHAPE, 64, Y2, Y15)                                   \
	ADDTO64(SHAPE, 96, Y3, Y15)                                   \
	ADDTO64(SHAPE, 128, Y4, Y15)                                  \
	ADDTO64(SHAPE, 160, Y5, Y15)                                  \
	ADDTO64(SHAPE, 192, Y6, Y15)                                  \
	ADDTO64(SHAPE, 224, Y7, Y15)                                  \
	ADDTO64(SHAPE, 256, Y8, Y15)                                  \
	ADDTO64(SHAPE, 288, Y9, Y15)                                  \
	ADDTO64(SHAPE, 320, Y10, Y15)                                 \
	ADDTO64(SHAPE, 352, Y11, Y15)                                 \
	ADDTO64(SHAPE, 384, Y12, Y15)                                 \
	ADDTO64(SHAPE, 416, Y13, Y15)                                 \
	ADDTO64(SHAPE, 448, Y14, Y15)                                 \
	SHAPE(VMOVUPD, VMULPD, 480, Y15)                              \
	VADDPD  480(pacc), Y15, Y15                                   \
	VMOVUPD Y15, 480(pacc)                                        \
	ADVANCE($512)                                                 \
	SUBQ    $512, left                                            \
	JGE     loop                                                  \
store:                                                                \
	VMOVUPD Y0, 0(pacc)                                           \
	VMOVUPD Y1, 32(pacc)                                          \
	VMOVUPD Y2, 64(pacc)                                          \
	VMOVUPD Y3, 96(pacc)                                          \
	VMOVUPD Y4, 128(pacc)                                         \
	VMOVUPD Y5, 160(pacc)                                         \
	VMOVUPD Y6, 192(pacc)                                         \
	VMOVUPD Y7, 224(pacc)                                         \
	VMOVUPD Y8, 256(pacc)                                         \
	VMOVUPD Y9, 288(pacc)                                         \
	VMOVUPD Y10, 320(pacc)                                        \
	VMOVUPD Y11, 352(pacc)                                        \
	VMOVUPD Y12, 384(pacc)                                        \
	VMOVUPD Y13, 416(pacc)                                        \
	VMOVUPD Y14, 448(pacc)                                        \
	AVX2_REST(SHAPE, PART, ADVANCE, VMOVUPD, VMULPD, VADDPD, 512) \
	AVX2_ROWS(VMOVUPD, VADDPD, 128, 0, Y0, Y4)                    \ // lanes 0 to 3
	AVX2_ROWS(VMOVUPD, VADDPD, 128, 32, Y1, Y5)                   \ // lanes 4 to 7
	AVX2_ROWS(VMOVUPD, VADDPD, 128, 64, Y2, Y6)                   \ // lanes 8 to 11
	AVX2_ROWS(VMOVUPD, VADDPD, 128, 96, Y3, Y7)                   \ // lanes 12 to 15
	VADDPD Y2, Y0, Y0                                             \
	VADDPD Y3, Y1, Y1                                             \
	VADDPD Y1, Y0, Y0                                             \
	VEXTRACTF128 $1, Y0, X1                                       \
	VADDPD X1, X0, X0                                             \
	FOLD64

// AVX2_REST adds the last terms, fewer than the size bytes of the accumulators;
// left is less by size.
#define AVX2_REST(SHAPE, PART, ADVANCE, MOV, MUL, ADD, size) \
	MOVQ pacc, BX           \
	ADDQ $(size-32), left   \
	JLT  part               \
whole:                          \
	SHAPE(MOV, MUL, 0, Y15) \
	ADD  (BX), Y15, Y15     \
	MOV  Y15, (BX)          \
	ADDQ $32, BX            \
	ADVANCE($32)            \
	SUBQ $32, left          \
	JGE  whole              \
part:                           \
	ADDQ $32, left          \
	JEQ  fold               \
	AVX2_MASK(left, Y14)    \
	PART(MUL, Y15)          \
	ADD  (BX), Y15, Y15     \
	MOV  Y15, (BX)          \
fold:

// AVX2_ROWS sets v to the sum of the rows at byte o, rows being size bytes long.
#define AVX2_ROWS(MOV, ADD, size, o, v, w) \
	MOV (0*size+o)(pacc), v    \
	ADD (1*size+o)(pacc), v, v \
	MOV (2*size+o)(pacc), w    \
	ADD (3*size+o)(pacc), w, w \
	ADD w, v, v

// func dot32(a, b *float32, n int, acc *[64]float32) float32
TEXT ·dot32(SB), NOSPLIT, $0-36
	MOVQ a+0(FP), pa
	MOVQ b+8(FP), pb
	MOVQ n+16(FP), left
	MOVQ acc+24(FP), pacc
	CHOOSE(vec·dot32AVX512<>(SB), vec·dot32AVX2<>(SB))

// func dot64(a, b *float64, n int, acc *[64]float64) float64
TEXT ·dot64(SB), NOSPLIT, $0-40
	MOVQ a+0(FP), pa
	MOVQ b+8(FP), pb
	MOVQ n+16(FP), left
	MOVQ acc+24(FP), pacc
	CHOOSE(vec·dot64AVX512<>(SB), vec·dot64AVX2<>(SB))

TEXT vec·dot32AVX512<>(SB), NOSPLIT, $0-36
	AVX512_REDUCE32(DOT, AVX512_DOT, DOT_HEAD, ADVANCE2, pb, $1024)
	VMOVSS X0, ret+32(FP)
	VZEROUPPER
	RET

TEXT vec·dot64AVX512<>(SB), NOSPLIT, $0-40
	AVX512_REDUCE64(DOT, AVX512_DOT, DOT_HEAD, ADVANCE2, pb, $1024)
	VMOVSD X0, ret+32(FP)
	VZEROUPPER
	RET

TEXT vec·dot32AVX2<>(SB), NOSPLIT, $256-36
	AVX2_REDUCE32(DOT, AVX2_DOT, ADVANCE2)
	VMOVSS X0, ret+32(FP)
	VZEROUPPER
	RET

TEXT vec·dot64AVX2<>(SB), NOSPLIT, $512-40
	AVX2_REDUCE64(DOT, AVX2_DOT, ADVANCE2)
	VMOVSD X0, ret+32(FP)
	VZEROUPPER
	RET

// func sum32(x *float32, n int, acc *[64]float32) float32
TEXT ·sum32(SB), NOSPLIT, $0-28
	MOVQ x+0(FP), pa
	MOVQ n+8(FP), left
	MOVQ acc+16(FP), pacc
	CHOOSE(vec·sum32AVX512<>(SB), vec·sum32AVX2<>(SB))

// func sum64(x *float64, n int, acc *[64]float64) float64
TEXT ·sum64(SB), NOSPLIT, $0-32
	MOVQ x+0(FP), pa
	MOVQ n+8(FP), left
	MOVQ acc+16(FP), pacc
	CHOOSE(vec·sum64AVX512<>(SB), vec·sum64AVX2<>(SB))

TEXT vec·sum32AVX512<>(SB), NOSPLIT, $0-28
	AVX512_REDUCE32(SUM, AVX512_SUM, SUM_HEAD, ADVANCE1, pa, $2048)
	VMOVSS X0, ret+24(FP)
	VZEROUPPER
	RET

TEXT vec·sum64AVX512<>(SB), NOSPLIT, $0-32
	AVX512_REDUCE64(SUM, AVX512_SUM, SUM_HEAD, ADVANCE1, pa, $2048)
	VMOVSD X0, ret+24(FP)
	VZEROUPPER
	RET

TEXT vec·sum32AVX2<>(SB), NOSPLIT, $256-28
	AVX2_REDUCE32(SUM, AVX2_SUM, ADVANCE1)
	VMOVSS X0, ret+24(FP)
	VZEROUPPER
	RET

TEXT vec·sum64AVX2<>(SB), NOSPLIT, $512-32
	AVX2_REDUCE64(SUM, AVX2_SUM, ADVANCE1)
	VMOVSD X0, ret+24(FP)
	VZEROUPPER
	RET

// func sumSq32(x *float32, n int, acc *[64]float32) float32
TEXT ·sumSq32(SB), NOSPLIT, $0-28
	MOVQ x+0(FP), pa
	MOVQ n+8(FP), left
	MOVQ acc+16(FP), pacc
	CHOOSE(vec·sumSq32AVX512<>(SB), vec·sumSq32AVX2<>(SB))

// func sumSq64(x *float64, n int, acc *[64]float64) float64
TEXT ·sumSq64(SB), NOSPLIT, $0-32
	MOVQ x+0(FP), pa
	MOVQ n+8(FP), left
	MOVQ acc+16(FP), pacc
	CHOOSE(vec·sumSq64AVX512<>(SB), vec·sumSq64AVX2<>(SB))

TEXT vec·sumSq32AVX512<>(SB), NOSPLIT, $0-28
	AVX512_REDUCE32(SUMSQ, AVX512_SUMSQ, SUMSQ_HEAD, ADVANCE1, pa, $8192)
	VMOVSS X0, ret+24(FP)
	VZEROUPPER
	RET

TEXT vec·sumSq64AVX512<>(SB), NOSPLIT, $0-32
	AVX512_REDUCE64(SUMSQ, AVX512_SUMSQ, SUMSQ_HEAD, ADVANCE1, pa, $8192)
	VMOVSD X0, ret+24(FP)
	VZEROUPPER
	RET

TEXT vec·sumSq32AVX2<>(SB), NOSPLIT, $256-28
	AVX2_REDUCE32(SUMSQ, AVX2_SUMSQ, ADVANCE1)
	VMOVSS X0, ret+24(FP)
	VZEROUPPER
	RET

TEXT vec·sumSq64AVX2<>(SB), NOSPLIT, $512-32
	AVX2_REDUCE64(SUMSQ, AVX2_SUMSQ, ADVANCE1)
	VMOVSD X0, ret+24(FP)
	VZEROUPPER
	RET
