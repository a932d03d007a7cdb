//go:build !purego

#include "textflag.h"
#include "mask_amd64.h"

// AxpyRows. Accumulators stay in registers while all rows go by; a row's products with
// them are one vector of x each, so that the processor's two ports for products and sums
// are what limits it. n > 0, rows > 0.

#define pd   DI // y
#define pa   SI // the factors
#define px   DX // x
#define pat  R8 // where rows begin
#define nrows R9
#define left CX // elements that remain
#define row  R10 // of x
#define k    R11

// TERM adds the product of the factor in s and the vector at byte o to a.
#define TERM(MUL, ADD, o, s, t, a) \
	MUL o(row), s, t \
	ADD t, a, a

#define TERMZ(MUL, ADD, o, s, m, t, a) \
	MUL.Z o(row), s, m, t \
	ADD   t, a, a

// ROWS does TERMS, of one row, for all rows, the factor being in s. Elements take size
// bytes.
#define ROWS(loop, BROADCAST, size, s, TERMS) \
	XORL k, k           \
loop:                       \
	MOVQ (pat)(k*8), row \
	LEAQ (px)(row*size), row \
	BROADCAST (pa)(k*size), s \
	TERMS               \
	INCQ k              \
	CMPQ k, nrows       \
	JLT  loop

#define AVX512_TERMS8(MUL, ADD) \
	TERM(MUL, ADD, 0, Z31, Z16, Z0)   \
	TERM(MUL, ADD, 64, Z31, Z17, Z1)  \
	TERM(MUL, ADD, 128, Z31, Z18, Z2) \
	TERM(MUL, ADD, 192, Z31, Z19, Z3) \
	TERM(MUL, ADD, 256, Z31, Z20, Z4) \
	TERM(MUL, ADD, 320, Z31, Z21, Z5) \
	TERM(MUL, ADD, 384, Z31, Z22, Z6) \
	TERM(MUL, ADD, 448, Z31, Z23, Z7)

// Lanes that are masked out are 0, and are not stored.
#define AVX512_TERMS4(MUL, ADD) \
	TERMZ(MUL, ADD, 0, Z31, K1, Z16, Z0)   \
	TERMZ(MUL, ADD, 64, Z31, K2, Z17, Z1)  \
	TERMZ(MUL, ADD, 128, Z31, K3, Z18, Z2) \
	TERMZ(MUL, ADD, 192, Z31, K4, Z19, Z3)

#define AVX512_MOVE8(MOV, M) \
	M(MOV, 0, Z0)   \
	M(MOV, 64, Z1)  \
	M(MOV, 128, Z2) \
	M(MOV, 192, Z3) \
	M(MOV, 256, Z4) \
	M(MOV, 320, Z5) \
	M(MOV, 384, Z6) \
	M(MOV, 448, Z7)

#define LOAD(MOV, o, v) MOV o(pd), v
#define STORE(MOV, o, v) MOV v, o(pd)

// lanes are those of a vector.
#define AVX512_AXPYROWS(MOV, MUL, ADD, BROADCAST, lanes, size) \
	MOVQ y+0(FP), pd                       \
	MOVQ n+8(FP), left                     \
	MOVQ a+16(FP), pa                      \
	MOVQ x+24(FP), px                      \
	MOVQ at+32(FP), pat                    \
	MOVQ rows+40(FP), nrows                \
	SUBQ $(8*lanes), left                  \
	JLT  four                              \
eight:                                         \
	AVX512_MOVE8(MOV, LOAD)                \
	ROWS(rows8, BROADCAST, size, Z31, AVX512_TERMS8(MUL, ADD)) \
	AVX512_MOVE8(MOV, STORE)               \
	ADDQ $512, pd                          \
	ADDQ $512, px                          \
	SUBQ $(8*lanes), left                  \
	JGE  eight                             \
four:                                          \
	ADDQ $(8*lanes), left                  \
	JEQ  done                              \
part:                                          \
	MOVL $-1, AX                           \
	KMOVD AX, K1                           \
	KMOVQ K1, K2                           \
	KMOVQ K1, K3                           \
	KMOVQ K1, K4                           \
	CMPQ left, $(4*lanes)                  \
	JGE  masked                            \
	AVX512_MASK(left, K1)                  \
	KSHIFTRQ $(1*lanes), K1, K2            \
	KSHIFTRQ $(2*lanes), K1, K3            \
	KSHIFTRQ $(3*lanes), K1, K4            \
masked:                                        \
	MOV.Z 0(pd), K1, Z0                    \
	MOV.Z 64(pd), K2, Z1                   \
	MOV.Z 128(pd), K3, Z2                  \
	MOV.Z 192(pd), K4, Z3                  \
	ROWS(rows4, BROADCAST, size, Z31, AVX512_TERMS4(MUL, ADD)) \
	MOV Z0, K1, 0(pd)                      \
	MOV Z1, K2, 64(pd)                     \
	MOV Z2, K3, 128(pd)                    \
	MOV Z3, K4, 192(pd)                    \
	ADDQ $256, pd                          \
	ADDQ $256, px                          \
	SUBQ $(4*lanes), left                  \
	JGT  part                              \
done:                                          \
	VZEROUPPER

#define AVX2_TERMS4(MUL, ADD) \
	TERM(MUL, ADD, 0, Y15, Y8, Y0)   \
	TERM(MUL, ADD, 32, Y15, Y9, Y1)  \
	TERM(MUL, ADD, 64, Y15, Y10, Y2) \
	TERM(MUL, ADD, 96, Y15, Y11, Y3)

#define AVX2_TERMS8(MUL, ADD) \
	AVX2_TERMS4(MUL, ADD)             \
	TERM(MUL, ADD, 128, Y15, Y8, Y4)  \
	TERM(MUL, ADD, 160, Y15, Y9, Y5)  \
	TERM(MUL, ADD, 192, Y15, Y10, Y6) \
	TERM(MUL, ADD, 224, Y15, Y11, Y7)

#define AVX2_TERM1(MUL, ADD) \
	VMASKMOVPS (row), Y14, Y8 \
	MUL Y8, Y15, Y8           \
	ADD Y8, Y0, Y0

#define AVX2_MOVE4(MOV, M) \
	M(MOV, 0, Y0)  \
	M(MOV, 32, Y1) \
	M(MOV, 64, Y2) \
	M(MOV, 96, Y3)

#define AVX2_MOVE8(MOV, M) \
	AVX2_MOVE4(MOV, M) \
	M(MOV, 128, Y4) \
	M(MOV, 160, Y5) \
	M(MOV, 192, Y6) \
	M(MOV, 224, Y7)

#define AVX2_AXPYROWS(MOV, MUL, ADD, BROADCAST, lanes, size) \
	MOVQ y+0(FP), pd                       \
	MOVQ n+8(FP), left                     \
	MOVQ a+16(FP), pa                      \
	MOVQ x+24(FP), px                      \
	MOVQ at+32(FP), pat                    \
	MOVQ rows+40(FP), nrows                \
	SUBQ $(8*lanes), left                  \
	JLT  four                              \
eight:                                         \
	AVX2_MOVE8(MOV, LOAD)                  \
	ROWS(rows8, BROADCAST, size, Y15, AVX2_TERMS8(MUL, ADD)) \
	AVX2_MOVE8(MOV, STORE)                 \
	ADDQ $256, pd                          \
	ADDQ $256, px                          \
	SUBQ $(8*lanes), left                  \
	JGE  eight                             \
four:                                          \
	ADDQ $(4*lanes), left                  \
	JLT  one                               \
	AVX2_MOVE4(MOV, LOAD)                  \
	ROWS(rows4, BROADCAST, size, Y15, AVX2_TERMS4(MUL, ADD)) \
	AVX2_MOVE4(MOV, STORE)                 \
	ADDQ $128, pd                          \
	ADDQ $128, px                          \
	SUBQ $(4*lanes), left                  \
one:                                           \
	ADDQ $(4*lanes), left                  \
	JEQ  done                              \
part:                                          \
	VPCMPEQD Y14, Y14, Y14                 \
	CMPQ left, $lanes                      \
	JGE  masked                            \
	MOVQ left, k                           \
	IMULQ $size, k                         \
	AVX2_MASK(k, Y14)                      \
masked:                                        \
	VMASKMOVPS (pd), Y14, Y0               \
	ROWS(rows1, BROADCAST, size, Y15, AVX2_TERM1(MUL, ADD)) \
	VMASKMOVPS Y0, Y14, (pd)               \
	ADDQ $32, pd                           \
	ADDQ $32, px                           \
	SUBQ $lanes, left                      \
	JGT  part                              \
done:                                          \
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
