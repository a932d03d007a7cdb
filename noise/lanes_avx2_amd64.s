//go:build !purego

#include "textflag.h"

// Lanes in AVX2: 8 streams at a time, one in each lane of a row. Philox runs on two
// sets of four, A and B, with a stream in every 64-bit lane: streams 0, 1, 4, 5 and
// 2, 3, 6, 7, so that VSHUFPS puts them in order. The high halves of the lanes are
// garbage, which VPMULUDQ ignores.

// c0 to c3 of the sets; then words 0 to 3 in Y0 to Y3, and the transform in Y4 to Y9
#define yA0 Y0
#define yA1 Y1
#define yA2 Y2
#define yA3 Y3
#define yB0 Y4
#define yB1 Y5
#define yB2 Y6
#define yB3 Y7
#define yAK0 Y8 // the round keys
#define yAK1 Y9
#define yBK0 Y10
#define yBK1 Y11
#define yT Y12
#define yM0 Y13 // mul0, mul1
#define yM1 Y14
#define ySigma Y15

#define W4(name, x) \
	DATA name<>+0(SB)/8, $x; \
	DATA name<>+8(SB)/8, $x; \
	DATA name<>+16(SB)/8, $x; \
	DATA name<>+24(SB)/8, $x; \
	GLOBL name<>(SB), RODATA|NOPTR, $32

W4(y_mul0, 0xD2511F53)
W4(y_mul1, 0xCD9E8D57)
W4(y_weyl0, 0x9E3779B99E3779B9)
W4(y_weyl1, 0xBB67AE85BB67AE85)
W4(y_half, 0x3f0000003f000000)
W4(y_bias, 0x0000007f0000007f)
W4(y_fraction, 0x007fffff007fffff)
W4(y_one, 0x3f8000003f800000)
W4(y_ln2Hi, 0x3f3172203f317220)
W4(y_log2nd, 0xbf0030e9bf0030e9)
W4(y_log3rd, 0x3eab9bf03eab9bf0)
W4(y_sin1st, 0x3f490fc73f490fc7)
W4(y_sin3rd, 0xbda5530cbda5530c)
W4(y_sin5th, 0x3b1f9f9e3b1f9f9e)
W4(y_scale, 0x3000000030000000) // 2^-31
W4(y_sign, 0x8000000080000000)

// logRecip and logOffset
DATA y_recip<>+0(SB)/8, $0x3f56cf6f3f710124
DATA y_recip<>+8(SB)/8, $0x3f32b7c93f426c56
DATA y_recip<>+16(SB)/8, $0x3f1828fd3f23923c
DATA y_recip<>+24(SB)/8, $0x3f0000003f0d7e9d
GLOBL y_recip<>(SB), RODATA|NOPTR, $32

DATA y_offset<>+0(SB)/8, $0x41aa7f4b41ab6af0
DATA y_offset<>+8(SB)/8, $0x41a9069241a9b312
DATA y_offset<>+16(SB)/8, $0x41a7bd1941a85133
DATA y_offset<>+24(SB)/8, $0x41a65afe41a72844
GLOBL y_offset<>(SB), RODATA|NOPTR, $32

// Y_STREAMS sets keys and counters of a set to those of streams o/16, o/16+1, o/16+4
// and o/16+5 at SI, and the block in AX.
#define Y_STREAMS(o, k0, k1, c0, c1, c2, c3, x2, x3, x0) \
	VMOVDQU o(SI), x2; \
	VINSERTI128 $1, o+64(SI), c2, c2; \
	VMOVDQU o+16(SI), x3; \
	VINSERTI128 $1, o+80(SI), c3, c3; \
	VPUNPCKLQDQ c3, c2, k0; \
	VPUNPCKHQDQ c3, c2, c2; \
	VPSRLQ $32, k0, k1; \
	VPSRLQ $32, c2, c3; \
	VMOVQ AX, x0; \
	VPBROADCASTQ x0, c0; \
	VPXOR c1, c1, c1

// Y_ROUND is a round of one set, and moves its keys on to the next one. The registers
// of c0, c1, c2, c3 become those of c3, c0, c1, c2.
#define Y_ROUND(k0, k1, c0, c1, c2, c3) \
	VPMULUDQ yM0, c0, c0; \
	VPMULUDQ yM1, c2, c2; \
	VPXOR k1, c3, c3; \
	VPXOR k0, c1, c1; \
	VPSRLQ $32, c0, yT; \
	VPXOR yT, c3, c3; \
	VPSRLQ $32, c2, yT; \
	VPXOR yT, c1, c1; \
	VPADDD y_weyl0<>(SB), k0, k0; \
	VPADDD y_weyl1<>(SB), k1, k1

#define Y_ROUNDAB(a0, a1, a2, a3, b0, b1, b2, b3) \
	Y_ROUND(yAK0, yAK1, a0, a1, a2, a3); \
	Y_ROUND(yBK0, yBK1, b0, b1, b2, b3)

// Y_WORDS sets Y0 to Y3 to words 0 to 3 of block AX of the streams at SI.
#define Y_WORDS \
	Y_STREAMS(0, yAK0, yAK1, yA0, yA1, yA2, yA3, X2, X3, X0); \
	Y_STREAMS(32, yBK0, yBK1, yB0, yB1, yB2, yB3, X6, X7, X4); \
	Y_ROUNDAB(yA0, yA1, yA2, yA3, yB0, yB1, yB2, yB3); \
	Y_ROUNDAB(yA1, yA2, yA3, yA0, yB1, yB2, yB3, yB0); \
	Y_ROUNDAB(yA2, yA3, yA0, yA1, yB2, yB3, yB0, yB1); \
	Y_ROUNDAB(yA3, yA0, yA1, yA2, yB3, yB0, yB1, yB2); \
	Y_ROUNDAB(yA0, yA1, yA2, yA3, yB0, yB1, yB2, yB3); \
	Y_ROUNDAB(yA1, yA2, yA3, yA0, yB1, yB2, yB3, yB0); \
	Y_ROUNDAB(yA2, yA3, yA0, yA1, yB2, yB3, yB0, yB1); \
	Y_ROUNDAB(yA3, yA0, yA1, yA2, yB3, yB0, yB1, yB2); \
	Y_ROUNDAB(yA0, yA1, yA2, yA3, yB0, yB1, yB2, yB3); \
	Y_ROUNDAB(yA1, yA2, yA3, yA0, yB1, yB2, yB3, yB0); \
	VSHUFPS $0x88, yB0, yA0, yT; \
	VSHUFPS $0x88, yB2, yA2, Y0; \
	VSHUFPS $0x88, yB1, yA1, Y8; \
	VSHUFPS $0x88, yB3, yA3, Y1; \
	VMOVDQA yT, Y2; \
	VMOVDQA Y8, Y3

// Y_NORMALS turns a pair of rows of words into normals. The names in the comments are
// those of normalPair.
#define Y_NORMALS(u, v) \
	VCVTDQ2PS u, Y4; \
	VADDPS y_half<>(SB), Y4, Y4; \
	VPSRLD $20, Y4, Y5; \
	VPSLLD $1, Y4, Y6; \
	VPSRLD $24, Y6, Y6; \
	VPSUBD y_bias<>(SB), Y6, Y6; \
	VCVTDQ2PS Y6, Y6; \
	VPAND y_fraction<>(SB), Y4, Y4; \
	VPOR y_one<>(SB), Y4, Y4; \
	VPERMPS y_recip<>(SB), Y5, Y7; \
	VMULPS Y7, Y4, Y4; \
	VSUBPS y_one<>(SB), Y4, Y4; \
	VPERMPS y_offset<>(SB), Y5, Y5; \
	VMULPS y_ln2Hi<>(SB), Y6, Y6; \
	VSUBPS Y6, Y5, Y5; \
	VMULPS y_log3rd<>(SB), Y4, Y6; \
	VADDPS y_log2nd<>(SB), Y6, Y6; \
	VMULPS Y4, Y4, Y7; \
	VMULPS Y7, Y6, Y6; \
	VADDPS Y4, Y6, Y6; \
	VSUBPS Y6, Y5, Y5; \
	VSQRTPS Y5, Y4; \
	VCVTDQ2PS v, Y6; \
	VMULPS y_scale<>(SB), Y6, Y6; \
	VMULPS Y6, Y6, Y7; \
	VMULPS y_sin5th<>(SB), Y7, Y8; \
	VADDPS y_sin3rd<>(SB), Y8, Y8; \
	VMULPS Y7, Y8, Y8; \
	VADDPS y_sin1st<>(SB), Y8, Y8; \
	VMULPS Y6, Y8, Y8; \
	VMULPS Y8, Y4, Y4; \
	VMULPS Y4, Y4, Y6; \
	VSUBPS Y6, Y5, Y5; \
	VSQRTPS Y5, Y5; \
	VSUBPS Y4, Y5, Y6; \
	VADDPS Y4, Y5, Y5; \
	VPAND y_sign<>(SB), u, u; \
	VPXOR Y6, u, u; \
	VPSLLD $31, v, v; \
	VPXOR Y5, v, v

#define Y_INIT \
	VMOVDQU y_mul0<>(SB), yM0; \
	VMOVDQU y_mul1<>(SB), yM1

// func fillLanesAVX2(dst *float32, stride, n int, ss *Stream, count int, b uint32)
TEXT ·fillLanesAVX2(SB), NOSPLIT, $0-44
	MOVQ dst+0(FP), DI
	MOVQ stride+8(FP), DX
	MOVQ ss+24(FP), SI
	MOVQ count+32(FP), R10
	SHLQ $2, DX
	Y_INIT

streams:
	MOVQ DI, R8
	MOVQ n+16(FP), CX
	MOVL b+40(FP), AX

rows:
	Y_WORDS
	Y_NORMALS(Y0, Y1)
	VMOVUPS Y0, (R8)
	CMPQ CX, $1
	JEQ next
	VMOVUPS Y1, (R8)(DX*1)
	CMPQ CX, $2
	JEQ next
	Y_NORMALS(Y2, Y3)
	LEAQ (R8)(DX*2), R8
	VMOVUPS Y2, (R8)
	CMPQ CX, $3
	JEQ next
	VMOVUPS Y3, (R8)(DX*1)
	LEAQ (R8)(DX*2), R8
	INCL AX
	SUBQ $4, CX
	JNZ rows

next:
	ADDQ $128, SI
	ADDQ $32, DI
	SUBQ $8, R10
	JNZ streams
	VZEROUPPER
	RET

// Y_PAIR writes a row of perturbations, of theta at R11.
#define Y_PAIR(eps) \
	VBROADCASTSS (R11), Y4; \
	VMULPS ySigma, eps, eps; \
	VADDPS eps, Y4, Y5; \
	VSUBPS eps, Y4, Y4; \
	VMOVUPS Y5, (R8); \
	VMOVUPS Y4, (R9); \
	ADDQ $4, R11; \
	ADDQ DX, R8; \
	ADDQ DX, R9; \
	DECQ CX; \
	JEQ next

// func perturbPairLanesAVX2(plus, minus *float32, stride int, theta *float32, n int, sigma float32, ss *Stream, count int, b uint32)
TEXT ·perturbPairLanesAVX2(SB), NOSPLIT, $0-68
	MOVQ plus+0(FP), DI
	MOVQ minus+8(FP), BX
	MOVQ stride+16(FP), DX
	VBROADCASTSS sigma+40(FP), ySigma
	MOVQ ss+48(FP), SI
	MOVQ count+56(FP), R10
	SHLQ $2, DX
	Y_INIT

streams:
	MOVQ DI, R8
	MOVQ BX, R9
	MOVQ theta+24(FP), R11
	MOVQ n+32(FP), CX
	MOVL b+64(FP), AX

rows:
	Y_WORDS
	Y_NORMALS(Y0, Y1)
	Y_PAIR(Y0)
	Y_PAIR(Y1)
	Y_NORMALS(Y2, Y3)
	Y_PAIR(Y2)
	Y_PAIR(Y3)
	INCL AX
	JMP rows

next:
	ADDQ $128, SI
	ADDQ $32, DI
	ADDQ $32, BX
	SUBQ $8, R10
	JNZ streams
	VZEROUPPER
	RET

// Signs: word j of a block has the bits of rows 32j to 32j+31.

// Y_SIGN sets Y6 to the row of the lowest bits of Y0, which it shifts out.
#define Y_SIGN \
	VPSLLD $31, Y0, Y6; \
	VPOR y_one<>(SB), Y6, Y6; \
	VPSRLD $1, Y0, Y0

// Y_NEXTWORD sets Y0 to the next word.
#define Y_NEXTWORD \
	VMOVDQA Y1, Y0; \
	VMOVDQA Y2, Y1; \
	VMOVDQA Y3, Y2

// func fillSignLanesAVX2(dst *float32, stride, n int, ss *Stream, count int, b uint32)
TEXT ·fillSignLanesAVX2(SB), NOSPLIT, $0-44
	MOVQ dst+0(FP), DI
	MOVQ stride+8(FP), DX
	MOVQ ss+24(FP), SI
	MOVQ count+32(FP), R10
	SHLQ $2, DX
	Y_INIT

streams:
	MOVQ DI, R8
	MOVQ n+16(FP), CX
	MOVL b+40(FP), AX

block:
	Y_WORDS
	MOVL $4, R13

word:
	MOVL $32, R12

row:
	Y_SIGN
	VMOVUPS Y6, (R8)
	ADDQ DX, R8
	DECQ CX
	JEQ next
	DECL R12
	JNZ row
	Y_NEXTWORD
	DECL R13
	JNZ word
	INCL AX
	JMP block

next:
	ADDQ $128, SI
	ADDQ $32, DI
	SUBQ $8, R10
	JNZ streams
	VZEROUPPER
	RET

// func perturbPairSignLanesAVX2(plus, minus *float32, stride int, theta *float32, n int, sigma float32, ss *Stream, count int, b uint32)
TEXT ·perturbPairSignLanesAVX2(SB), NOSPLIT, $0-68
	MOVQ plus+0(FP), DI
	MOVQ minus+8(FP), BX
	MOVQ stride+16(FP), DX
	VBROADCASTSS sigma+40(FP), ySigma
	MOVQ ss+48(FP), SI
	MOVQ count+56(FP), R10
	SHLQ $2, DX
	Y_INIT

streams:
	MOVQ DI, R8
	MOVQ BX, R9
	MOVQ theta+24(FP), R11
	MOVQ n+32(FP), CX
	MOVL b+64(FP), AX

block:
	Y_WORDS
	MOVL $4, R13

word:
	MOVL $32, R12

row:
	Y_SIGN
	Y_PAIR(Y6)
	DECL R12
	JNZ row
	Y_NEXTWORD
	DECL R13
	JNZ word
	INCL AX
	JMP block

next:
	ADDQ $128, SI
	ADDQ $32, DI
	ADDQ $32, BX
	SUBQ $8, R10
	JNZ streams
	VZEROUPPER
	RET
