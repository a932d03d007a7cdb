//go:build !purego

#include "textflag.h"

// x, y, z and the sum of two vectors
#define yAX Y0
#define yAY Y1
#define yAZ Y2
#define yAS Y3
#define yBX Y4
#define yBY Y5
#define yBZ Y6
#define yBS Y7

// observations of four steps
#define yO0 Y8
#define yO1 Y9
#define yO2 Y10
#define yO3 Y11

#define yT1 Y12
#define yT2 Y13
#define yT3 Y14

// parameters, a·dt in place of a
#define yAR r0-128(SP)
#define yAA a0-96(SP)
#define yBR r1-64(SP)
#define yBA a1-32(SP)

// the ends of the lanes' observations
#define p0 AX
#define p1 BX
#define p2 DX
#define p3 SI
#define p4 R8
#define p5 R9
#define p6 R10
#define p7 R11

#define W8(name, x) \
	DATA name<>+0(SB)/4, $x; \
	DATA name<>+4(SB)/4, $x; \
	DATA name<>+8(SB)/4, $x; \
	DATA name<>+12(SB)/4, $x; \
	DATA name<>+16(SB)/4, $x; \
	DATA name<>+20(SB)/4, $x; \
	DATA name<>+24(SB)/4, $x; \
	DATA name<>+28(SB)/4, $x; \
	GLOBL name<>(SB), RODATA|NOPTR, $32

W8(dt, 0x3ba3d70a)
W8(yDecay, 0x3f7eb852)
W8(zDecay, 0x3f7c9630)

// Those of exp, as in vec/scalar
W8(expMax, 0x42b20000)
W8(expMin, 0xc2d00000)
W8(log2E, 0x3fb8aa3b)
W8(shift, 0x4b4000fe)
W8(ln2Hi, 0x3f317200)
W8(ln2Lo, 0x35bfbe8e)
W8(one, 0x3f800000)
W8(exp2nd, 0x3efffffb)
W8(exp3rd, 0x3e2aaa17)
W8(exp4th, 0x3d2aace3)
W8(exp5th, 0x3c09343a)
W8(exp6th, 0x3ab51875)

// Y_EXP sets x to exp x, operation by operation as in vec/scalar. A minimum and a
// maximum return their second source, the first operand here, for NaN.
#define Y_EXP(x, t, n, z, e, o) \
	VMOVUPS expMax<>(SB), t; \
	VMINPS x, t, x; \
	VMOVUPS expMin<>(SB), t; \
	VMAXPS x, t, x; \
	VMULPS log2E<>(SB), x, t; \
	VADDPS shift<>(SB), t, t; \
	VSUBPS shift<>(SB), t, n; \
	VMULPS ln2Hi<>(SB), n, z; \
	VMULPS ln2Lo<>(SB), n, e; \
	VSUBPS z, x, x; \
	VSUBPS e, x, x; \
	VMULPS x, x, z; \
	VMULPS exp6th<>(SB), z, e; \
	VADDPS exp4th<>(SB), e, e; \
	VMULPS z, e, e; \
	VADDPS exp2nd<>(SB), e, e; \
	VMULPS exp5th<>(SB), z, o; \
	VADDPS exp3rd<>(SB), o, o; \
	VMULPS x, o, o; \
	VADDPS o, e, e; \
	VMULPS z, e, e; \
	VADDPS e, x, x; \
	VADDPS one<>(SB), x, x; \
	VPSRLD $1, t, n; \
	VPSUBD n, t, t; \
	VPSLLD $23, n, n; \
	VPSLLD $23, t, t; \
	VMULPS n, x, x; \
	VMULPS t, x, x

// Y_PARAMS sets r and a from the rows of theta at SI, DX bytes apart.
#define Y_PARAMS(r, a) \
	VMOVUPS (SI), Y0; \
	VMOVUPS (SI)(DX*1), Y6; \
	Y_EXP(Y0, Y1, Y2, Y3, Y4, Y5); \
	Y_EXP(Y6, Y7, Y8, Y9, Y10, Y11); \
	VMULPS dt<>(SB), Y6, Y6; \
	VMOVUPS Y0, r; \
	VMOVUPS Y6, a

// Y_STEP is one Euler step of a vector.
#define Y_STEP(x, y, z, s, r, a, o) \
	VSUBPS x, y, yT2; \
	VMOVUPS r, yT3; \
	VMULPS dt<>(SB), x, yT1; \
	VSUBPS z, yT3, yT3; \
	VMULPS a, yT2, yT2; \
	VMULPS yT1, yT3, yT3; \
	VMULPS y, yT1, yT1; \
	VMULPS yDecay<>(SB), y, y; \
	VMULPS zDecay<>(SB), z, z; \
	VADDPS yT2, x, x; \
	VADDPS yT3, y, y; \
	VADDPS yT1, z, z; \
	VSUBPS o, z, yT1; \
	VMULPS yT1, yT1, yT1; \
	VADDPS yT1, s, s

#define Y_STEPS(o) \
	Y_STEP(yAX, yAY, yAZ, yAS, yAR, yAA, o); \
	Y_STEP(yBX, yBY, yBZ, yBS, yBR, yBA, o)

#define Y_STATE(p, ps, x, y, z, s) \
	VMOVUPS (p), x; \
	VMOVUPS (p)(DX*1), y; \
	VMOVUPS (p)(DX*2), z; \
	VMOVUPS (ps), s

#define Y_STORE(p, ps, x, y, z, s) \
	VMOVUPS x, (p); \
	VMOVUPS y, (p)(DX*1); \
	VMOVUPS z, (p)(DX*2); \
	VMOVUPS s, (ps)

// Y_LANE sets p to the end of lane j's observations, but for the last n mod 4.
#define Y_LANE(j, p) \
	MOVQ (8*j)(R13), p; \
	ADDQ CX, p; \
	LEAQ (R12)(p*4), p

// func lorenzAVX2(s, theta, sum *float32, width, copies int, z *float32, t0 *int, n int)
TEXT ·lorenzAVX2(SB), NOSPLIT, $128-64
	MOVQ theta+8(FP), SI
	MOVQ width+24(FP), DX
	SHLQ $2, DX
	MOVQ copies+32(FP), R9
	SHLQ $2, R9
	Y_PARAMS(yAR, yAA)
	ADDQ R9, SI
	Y_PARAMS(yBR, yBA)

	MOVQ s+0(FP), DI
	MOVQ sum+16(FP), R8
	Y_STATE(DI, R8, yAX, yAY, yAZ, yAS)
	ADDQ R9, DI
	ADDQ R9, R8
	Y_STATE(DI, R8, yBX, yBY, yBZ, yBS)

	MOVQ z+40(FP), R12
	MOVQ t0+48(FP), R13
	MOVQ n+56(FP), CX
	ANDQ $~3, CX
	Y_LANE(0, p0)
	Y_LANE(1, p1)
	Y_LANE(2, p2)
	Y_LANE(3, p3)
	Y_LANE(4, p4)
	Y_LANE(5, p5)
	Y_LANE(6, p6)
	Y_LANE(7, p7)
	LEAQ (R12)(CX*4), R12
	NEGQ CX
	JEQ rest

	// Four steps of eight lanes, transposed into rows
loop:
	VMOVUPS (p0)(CX*4), X8
	VMOVUPS (p1)(CX*4), X9
	VMOVUPS (p2)(CX*4), X10
	VMOVUPS (p3)(CX*4), X11
	VINSERTF128 $1, (p4)(CX*4), yO0, yO0
	VINSERTF128 $1, (p5)(CX*4), yO1, yO1
	VINSERTF128 $1, (p6)(CX*4), yO2, yO2
	VINSERTF128 $1, (p7)(CX*4), yO3, yO3
	VUNPCKLPS yO1, yO0, yT1
	VUNPCKHPS yO1, yO0, yO1
	VUNPCKLPS yO3, yO2, yT2
	VUNPCKHPS yO3, yO2, yO3
	VUNPCKLPD yO3, yO1, yO2
	VUNPCKHPD yO3, yO1, yO3
	VUNPCKLPD yT2, yT1, yO0
	VUNPCKHPD yT2, yT1, yO1
	Y_STEPS(yO0)
	Y_STEPS(yO1)
	Y_STEPS(yO2)
	Y_STEPS(yO3)
	ADDQ $4, CX
	JNZ loop

rest:
	MOVQ n+56(FP), CX
	ANDQ $3, CX
	JEQ done

	// The times of the lanes
	VMOVDQU (R13), Y8
	VMOVDQU 32(R13), Y9
	VSHUFPS $0x88, Y9, Y8, Y8
	VPERMQ $0xd8, Y8, yO1

step:
	VPCMPEQD yO2, yO2, yO2
	VGATHERDPS yO2, (R12)(yO1*4), yO0
	Y_STEPS(yO0)
	ADDQ $4, R12
	DECQ CX
	JNZ step

done:
	MOVQ width+24(FP), DX
	SHLQ $2, DX
	MOVQ copies+32(FP), R9
	SHLQ $2, R9
	MOVQ s+0(FP), DI
	MOVQ sum+16(FP), R8
	Y_STORE(DI, R8, yAX, yAY, yAZ, yAS)
	ADDQ R9, DI
	ADDQ R9, R8
	Y_STORE(DI, R8, yBX, yBY, yBZ, yBS)
	VZEROUPPER
	RET
