//go:build !purego

#include "textflag.h"

// x, y, z and the sum of four vectors, and their parameters
#define zAX Z0
#define zAY Z1
#define zAZ Z2
#define zAS Z3
#define zBX Z4
#define zBY Z5
#define zBZ Z6
#define zBS Z7
#define zCX Z8
#define zCY Z9
#define zCZ Z10
#define zCS Z11
#define zDX Z12
#define zDY Z13
#define zDZ Z14
#define zDS Z15
#define zAR Z16
#define zBR Z17
#define zCR Z18
#define zDR Z19
#define zAA Z20 // a·dt
#define zBA Z21
#define zCA Z22
#define zDA Z23

// observations of the first and the second set of workers
#define zO1 Z24
#define zO2 Z25
#define zI1 Z26
#define zI2 Z27
#define zT1 Z28
#define zT2 Z29
#define zT3 Z30

// RELEASE lets go of Z16 to Z31: noise/kernel_amd64.h says why.
#define RELEASE \
	VPXORQ Z16, Z16, Z16 \
	VPXORQ Z17, Z17, Z17 \
	VPXORQ Z18, Z18, Z18 \
	VPXORQ Z19, Z19, Z19 \
	VPXORQ Z20, Z20, Z20 \
	VPXORQ Z21, Z21, Z21 \
	VPXORQ Z22, Z22, Z22 \
	VPXORQ Z23, Z23, Z23 \
	VPXORQ Z24, Z24, Z24 \
	VPXORQ Z25, Z25, Z25 \
	VPXORQ Z26, Z26, Z26 \
	VPXORQ Z27, Z27, Z27 \
	VPXORQ Z28, Z28, Z28 \
	VPXORQ Z29, Z29, Z29 \
	VPXORQ Z30, Z30, Z30 \
	VPXORQ Z31, Z31, Z31

#define dt z_const<>+0(SB)
DATA z_const<>+0(SB)/4, $0x3ba3d70a
#define yDecay z_const<>+4(SB)
DATA z_const<>+4(SB)/4, $0x3f7eb852
#define zDecay z_const<>+8(SB)
DATA z_const<>+8(SB)/4, $0x3f7c9630

// Those of exp, as in vec/scalar
#define expMax z_const<>+12(SB)
DATA z_const<>+12(SB)/4, $0x42b20000
#define expMin z_const<>+16(SB)
DATA z_const<>+16(SB)/4, $0xc2d00000
#define log2E z_const<>+20(SB)
DATA z_const<>+20(SB)/4, $0x3fb8aa3b
#define shift z_const<>+24(SB)
DATA z_const<>+24(SB)/4, $0x4b4000fe
#define ln2Hi z_const<>+28(SB)
DATA z_const<>+28(SB)/4, $0x3f317200
#define ln2Lo z_const<>+32(SB)
DATA z_const<>+32(SB)/4, $0x35bfbe8e
#define one z_const<>+36(SB)
DATA z_const<>+36(SB)/4, $0x3f800000
#define exp2nd z_const<>+40(SB)
DATA z_const<>+40(SB)/4, $0x3efffffb
#define exp3rd z_const<>+44(SB)
DATA z_const<>+44(SB)/4, $0x3e2aaa17
#define exp4th z_const<>+48(SB)
DATA z_const<>+48(SB)/4, $0x3d2aace3
#define exp5th z_const<>+52(SB)
DATA z_const<>+52(SB)/4, $0x3c09343a
#define exp6th z_const<>+56(SB)
DATA z_const<>+56(SB)/4, $0x3ab51875
GLOBL z_const<>(SB), RODATA|NOPTR, $60

// Z_EXP sets x to exp x, operation by operation as in vec/scalar. VSCALEFPS rounds
// once, like the two multiplications there, of which the first is exact. A minimum
// and a maximum return their second source, the first operand here, for NaN.
#define Z_EXP(x, max, min, n, z, e, o) \
	VMINPS x, max, x; \
	VMAXPS x, min, x; \
	VMULPS.BCST log2E, x, n; \
	VADDPS.BCST shift, n, n; \
	VSUBPS.BCST shift, n, n; \
	VMULPS.BCST ln2Hi, n, z; \
	VMULPS.BCST ln2Lo, n, e; \
	VSUBPS z, x, x; \
	VSUBPS e, x, x; \
	VMULPS x, x, z; \
	VMULPS.BCST exp6th, z, e; \
	VADDPS.BCST exp4th, e, e; \
	VMULPS z, e, e; \
	VADDPS.BCST exp2nd, e, e; \
	VMULPS.BCST exp5th, z, o; \
	VADDPS.BCST exp3rd, o, o; \
	VMULPS x, o, o; \
	VADDPS o, e, e; \
	VMULPS z, e, e; \
	VADDPS e, x, x; \
	VADDPS.BCST one, x, x; \
	VSCALEFPS n, x, x

// Z_PARAMS sets r and a from the rows of theta at p. It destroys Z0 to Z9.
#define Z_PARAMS(p, r, a) \
	VMOVUPS (p), r; \
	VMOVUPS (p)(DX*1), a; \
	Z_EXP(r, Z8, Z9, Z0, Z1, Z2, Z3); \
	Z_EXP(a, Z8, Z9, Z4, Z5, Z6, Z7); \
	VMULPS.BCST dt, a, a

#define Z_STATE(p, ps, x, y, z, s) \
	VMOVUPS (p), x; \
	VMOVUPS (p)(DX*1), y; \
	VMOVUPS (p)(DX*2), z; \
	VMOVUPS (ps), s

#define Z_STORE(p, ps, x, y, z, s) \
	VMOVUPS x, (p); \
	VMOVUPS y, (p)(DX*1); \
	VMOVUPS z, (p)(DX*2); \
	VMOVUPS s, (ps)

// Z_STEP is one Euler step of a vector.
#define Z_STEP(x, y, z, s, r, a, o) \
	VSUBPS x, y, zT2; \
	VMULPS.BCST dt, x, zT1; \
	VSUBPS z, r, zT3; \
	VMULPS a, zT2, zT2; \
	VMULPS zT1, zT3, zT3; \
	VMULPS y, zT1, zT1; \
	VMULPS.BCST yDecay, y, y; \
	VMULPS.BCST zDecay, z, z; \
	VADDPS zT2, x, x; \
	VADDPS zT3, y, y; \
	VADDPS zT1, z, z; \
	VSUBPS o, z, zT1; \
	VMULPS zT1, zT1, zT1; \
	VADDPS zT1, s, s

// func lorenzAVX512(s, theta, sum *float32, width, second, copies int, z *float32, t0 *int, n int)
TEXT ·lorenzAVX512(SB), NOSPLIT, $0-72
	MOVQ s+0(FP), DI
	MOVQ theta+8(FP), SI
	MOVQ sum+16(FP), BX
	MOVQ width+24(FP), DX
	MOVQ second+32(FP), R8
	MOVQ copies+40(FP), R9
	MOVQ z+48(FP), R12
	MOVQ t0+56(FP), R13
	MOVQ n+64(FP), CX
	SHLQ $2, DX
	SHLQ $2, R8
	SHLQ $2, R9

	// Indices
	VMOVDQU64 (R13), Z0
	VMOVDQU64 64(R13), Z1
	VPMOVQD Z0, Y0
	VPMOVQD Z1, Y1
	VINSERTI64X4 $1, Y1, Z0, zI1
	LEAQ (R13)(R8*2), R13
	VMOVDQU64 (R13), Z0
	VMOVDQU64 64(R13), Z1
	VPMOVQD Z0, Y0
	VPMOVQD Z1, Y1
	VINSERTI64X4 $1, Y1, Z0, zI2

	VBROADCASTSS expMax, Z8
	VBROADCASTSS expMin, Z9
	Z_PARAMS(SI, zAR, zAA)
	LEAQ (SI)(R8*1), AX
	Z_PARAMS(AX, zBR, zBA)
	ADDQ R9, SI
	Z_PARAMS(SI, zCR, zCA)
	ADDQ R9, AX
	Z_PARAMS(AX, zDR, zDA)

	LEAQ (DI)(R8*1), AX
	LEAQ (BX)(R8*1), R10
	Z_STATE(DI, BX, zAX, zAY, zAZ, zAS)
	Z_STATE(AX, R10, zBX, zBY, zBZ, zBS)
	ADDQ R9, DI
	ADDQ R9, AX
	ADDQ R9, BX
	ADDQ R9, R10
	Z_STATE(DI, BX, zCX, zCY, zCZ, zCS)
	Z_STATE(AX, R10, zDX, zDY, zDZ, zDS)

	TESTQ R8, R8
	JEQ half

loop:
	KXNORW K1, K1, K1
	KXNORW K2, K2, K2
	VGATHERDPS (R12)(zI1*4), K1, zO1
	VGATHERDPS (R12)(zI2*4), K2, zO2
	Z_STEP(zAX, zAY, zAZ, zAS, zAR, zAA, zO1)
	Z_STEP(zBX, zBY, zBZ, zBS, zBR, zBA, zO2)
	Z_STEP(zCX, zCY, zCZ, zCS, zCR, zCA, zO1)
	Z_STEP(zDX, zDY, zDZ, zDS, zDR, zDA, zO2)
	ADDQ $4, R12
	DECQ CX
	JNZ loop

	Z_STORE(AX, R10, zDX, zDY, zDZ, zDS)
	SUBQ R9, AX
	SUBQ R9, R10
	Z_STORE(AX, R10, zBX, zBY, zBZ, zBS)

done:
	Z_STORE(DI, BX, zCX, zCY, zCZ, zCS)
	SUBQ R9, DI
	SUBQ R9, BX
	Z_STORE(DI, BX, zAX, zAY, zAZ, zAS)
	RELEASE
	VZEROUPPER
	RET

	// Without a second set of workers, there are but the first and the third vector.
half:
	KXNORW K1, K1, K1
	VGATHERDPS (R12)(zI1*4), K1, zO1
	Z_STEP(zAX, zAY, zAZ, zAS, zAR, zAA, zO1)
	Z_STEP(zCX, zCY, zCZ, zCS, zCR, zCA, zO1)
	ADDQ $4, R12
	DECQ CX
	JNZ half
	JMP done
