//go:build !purego

#include "textflag.h"
#include "kernel_amd64.h"

// AxpyRows. A tile of y, up to eight vectors, stays in registers while all rows go by: a
// row costs a product and a sum for each vector, so that the ports for them are what
// limits it, or, with three vectors and less, the time that a sum takes. rows > 0.

#define pd    DI // y
#define pa    SI // the factors
#define px    DX // x
#define pat   R8 // where rows begin
#define nrows R9
#define left  CX // elements that remain
#define row   R10 // of x
#define k     R11
#define last  R12 // AVX2: where a tile's last vector is, in bytes

#define ARGUMENTS \
	MOVQ y+0(FP), pd  \
	MOVQ n+8(FP), left \
	MOVQ a+16(FP), pa \
	MOVQ x+24(FP), px \
	MOVQ at+32(FP), pat \
	MOVQ rows+40(FP), nrows

// What a tile does with a vector at byte o of y, kept in v. s is the factor, t is free.
#define LOAD(MOV, _, o, s, t, v) MOV o(pd), v
#define STORE(MOV, _, o, s, t, v) MOV v, o(pd)
#define TERM(MUL, ADD, o, s, t, v) \
	MUL o(row), s, t \
	ADD t, v, v

// ROWS does TERMS for each row. Elements take size bytes.
#define ROWS(loop, BROADCAST, size, s, TERMS) \
	XORL k, k                 \
loop:                             \
	MOVQ (pat)(k*8), row      \
	LEAQ (px)(row*size), row  \
	BROADCAST (pa)(k*size), s \
	TERMS                     \
	INCQ k                    \
	CMPQ k, nrows             \
	JLT  loop

// With AVX-512, three to eight vectors (n > 2*lanes, n <= 8*lanes) are one tile. Of n
// vectors, Zn_ does OP for all but the last one; K1 has the lanes of that.
#define Z3_(OP, A, B) OP(A, B, 0, Z8, Z9, Z0); OP(A, B, 64, Z8, Z9, Z1)
#define Z4_(OP, A, B) Z3_(OP, A, B); OP(A, B, 128, Z8, Z9, Z2)
#define Z5_(OP, A, B) Z4_(OP, A, B); OP(A, B, 192, Z8, Z9, Z3)
#define Z6_(OP, A, B) Z5_(OP, A, B); OP(A, B, 256, Z8, Z9, Z4)
#define Z7_(OP, A, B) Z6_(OP, A, B); OP(A, B, 320, Z8, Z9, Z5)
#define Z8_(OP, A, B) Z7_(OP, A, B); OP(A, B, 384, Z8, Z9, Z6)

#define AVX512_TERMS(ALL, MUL, ADD, o) \
	ALL(TERM, MUL, ADD)          \
	MUL.Z o(row), Z8, K1, Z9   \
	ADD   Z9, Z7, Z7

#define AVX512_TILE(loop, ALL, o, MOV, MUL, ADD, BROADCAST, size) \
	ALL(LOAD, MOV, MOV)                                             \
	MOV.Z o(pd), K1, Z7                                             \
	ROWS(loop, BROADCAST, size, Z8, AVX512_TERMS(ALL, MUL, ADD, o)) \
	ALL(STORE, MOV, MOV)                                            \
	MOV Z7, K1, o(pd)

#define AVX512_AXPYROWS(MOV, MUL, ADD, BROADCAST, lanes, size) \
	ARGUMENTS                \
	LEAQ -1(left), k         \
	ANDL $(lanes-1), k       \
	INCL k                   \
	AVX512_MASK(k, K1)       \
	CMPQ left, $(3*lanes)    \
	JLE  three               \
	CMPQ left, $(4*lanes)    \
	JLE  four                \
	CMPQ left, $(5*lanes)    \
	JLE  five                \
	CMPQ left, $(6*lanes)    \
	JLE  six                 \
	CMPQ left, $(7*lanes)    \
	JLE  seven               \
	AVX512_TILE(rows8, Z8_, 448, MOV, MUL, ADD, BROADCAST, size) \
	JMP  done                \
three:                           \
	AVX512_TILE(rows3, Z3_, 128, MOV, MUL, ADD, BROADCAST, size) \
	JMP  done                \
four:                            \
	AVX512_TILE(rows4, Z4_, 192, MOV, MUL, ADD, BROADCAST, size) \
	JMP  done                \
five:                            \
	AVX512_TILE(rows5, Z5_, 256, MOV, MUL, ADD, BROADCAST, size) \
	JMP  done                \
six:                             \
	AVX512_TILE(rows6, Z6_, 320, MOV, MUL, ADD, BROADCAST, size) \
	JMP  done                \
seven:                           \
	AVX512_TILE(rows7, Z7_, 384, MOV, MUL, ADD, BROADCAST, size) \
done:                            \
	VZEROUPPER

// With AVX2, n > 0. The last vector of a tile ends where y does, and may have elements
// in common with the one before it: both find the same bits.
#define Y1_(OP, A, B)
#define Y2_(OP, A, B) OP(A, B, 0, Y12, Y13, Y0)
#define Y3_(OP, A, B) Y2_(OP, A, B); OP(A, B, 32, Y12, Y13, Y1)
#define Y4_(OP, A, B) Y3_(OP, A, B); OP(A, B, 64, Y12, Y13, Y2)
#define Y5_(OP, A, B) Y4_(OP, A, B); OP(A, B, 96, Y12, Y13, Y3)
#define Y6_(OP, A, B) Y5_(OP, A, B); OP(A, B, 128, Y12, Y13, Y4)
#define Y7_(OP, A, B) Y6_(OP, A, B); OP(A, B, 160, Y12, Y13, Y5)
#define Y8_(OP, A, B) Y7_(OP, A, B); OP(A, B, 192, Y12, Y13, Y6)

#define AVX2_TERMS(ALL, MUL, ADD) \
	ALL(TERM, MUL, ADD)           \
	MUL (row)(last*1), Y12, Y13   \
	ADD Y13, Y7, Y7

#define AVX2_TILE(loop, ALL, MOV, MUL, ADD, BROADCAST, size) \
	ALL(LOAD, MOV, MOV)     \
	MOV (pd)(last*1), Y7    \
	ROWS(loop, BROADCAST, size, Y12, AVX2_TERMS(ALL, MUL, ADD)) \
	ALL(STORE, MOV, MOV)    \
	MOV Y7, (pd)(last*1)

// For fewer elements than a vector has.
#define AVX2_PART(MUL, ADD) \
	VMASKMOVPS (row), Y14, Y13 \
	MUL Y13, Y12, Y13          \
	ADD Y13, Y7, Y7

#define AVX2_AXPYROWS(MOV, MUL, ADD, BROADCAST, lanes, size) \
	ARGUMENTS                \
next:                            \
	MOVL $(7*32), last       \
	CMPQ left, $(8*lanes)    \
	JGE  eight               \
	MOVQ left, last          \
	IMULQ $size, last        \
	SUBQ $32, last           \
	JLT  part                \
	CMPQ left, $(1*lanes)    \
	JLE  one                 \
	CMPQ left, $(2*lanes)    \
	JLE  two                 \
	CMPQ left, $(3*lanes)    \
	JLE  three               \
	CMPQ left, $(4*lanes)    \
	JLE  four                \
	CMPQ left, $(5*lanes)    \
	JLE  five                \
	CMPQ left, $(6*lanes)    \
	JLE  six                 \
	CMPQ left, $(7*lanes)    \
	JLE  seven               \
eight:                           \
	AVX2_TILE(rows8, Y8_, MOV, MUL, ADD, BROADCAST, size) \
	ADDQ $256, pd            \
	ADDQ $256, px            \
	SUBQ $(8*lanes), left    \
	JGT  next                \
	JMP  done                \
one:                             \
	AVX2_TILE(rows1, Y1_, MOV, MUL, ADD, BROADCAST, size) \
	JMP  done                \
two:                             \
	AVX2_TILE(rows2, Y2_, MOV, MUL, ADD, BROADCAST, size) \
	JMP  done                \
three:                           \
	AVX2_TILE(rows3, Y3_, MOV, MUL, ADD, BROADCAST, size) \
	JMP  done                \
four:                            \
	AVX2_TILE(rows4, Y4_, MOV, MUL, ADD, BROADCAST, size) \
	JMP  done                \
five:                            \
	AVX2_TILE(rows5, Y5_, MOV, MUL, ADD, BROADCAST, size) \
	JMP  done                \
six:                             \
	AVX2_TILE(rows6, Y6_, MOV, MUL, ADD, BROADCAST, size) \
	JMP  done                \
seven:                           \
	AVX2_TILE(rows7, Y7_, MOV, MUL, ADD, BROADCAST, size) \
	JMP  done                \
part:                            \
	ADDQ $32, last           \
	AVX2_MASK(last, Y14)     \
	VMASKMOVPS (pd), Y14, Y7 \
	ROWS(rows0, BROADCAST, size, Y12, AVX2_PART(MUL, ADD)) \
	VMASKMOVPS Y7, Y14, (pd) \
done:                            \
	VZEROUPPER

// func axpyRows32AVX512(y *float32, n int, a, x *float32, at *int, rows int)
TEXT ·axpyRows32AVX512(SB), NOSPLIT, $0-48
	AVX512_AXPYROWS(VMOVUPS, VMULPS, VADDPS, VBROADCASTSS, 16, 4)
	RET

// func axpyRows32AVX2(y *float32, n int, a, x *float32, at *int, rows int)
TEXT ·axpyRows32AVX2(SB), NOSPLIT, $0-48
	AVX2_AXPYROWS(VMOVUPS, VMULPS, VADDPS, VBROADCASTSS, 8, 4)
	RET

// func axpyRows64AVX512(y *float64, n int, a, x *float64, at *int, rows int)
TEXT ·axpyRows64AVX512(SB), NOSPLIT, $0-48
	AVX512_AXPYROWS(VMOVUPD, VMULPD, VADDPD, VBROADCASTSD, 8, 8)
	RET

// func axpyRows64AVX2(y *float64, n int, a, x *float64, at *int, rows int)
TEXT ·axpyRows64AVX2(SB), NOSPLIT, $0-48
	AVX2_AXPYROWS(VMOVUPD, VMULPD, VADDPD, VBROADCASTSD, 4, 8)
	RET
