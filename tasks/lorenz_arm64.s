//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"

// x, y, z and the sum of four vectors: A and B are 8 lanes, C and D the copies
#define aX 0
#define aY 1
#define aZ 2
#define aS 3
#define bX 4
#define bY 5
#define bZ 6
#define bS 7
#define cX 8
#define cY 9
#define cZ 10
#define cS 11
#define dX 12
#define dY 13
#define dZ 14
#define dS 15

// observations of four steps, of A and C, and of B and D
#define oA0 16
#define oA1 17
#define oA2 18
#define oA3 19
#define oB0 20
#define oB1 21
#define oB2 22
#define oB3 23

#define t1 24
#define t2 25
#define t3 26 // r
#define t4 27 // a·dt
#define factors 28 // lanes: dt, yDecay, zDecay

// the lanes' observations
#define p0 R0
#define p1 R1
#define p2 R2
#define p3 R3
#define p4 R4
#define p5 R5
#define p6 R6
#define p7 R7

#define params R8 // r and a·dt of A, B, C, D
#define left   R9 // steps still to do
#define row    R10
#define rows   R11 // bytes from one to the next
#define apart  R12 // bytes from A to C
#define total  R13

// exp, as in vec/scalar
#define max   16
#define min   17
#define shift 18
#define one   19
#define c2    20
#define c3    21
#define c4    22
#define c5    23
#define f0    24 // lanes: log2E, ln2Hi, ln2Lo, c6

#define VEC32(o, c) \
	DATA lorenz<>+(o)(SB)/4, $(c)   \
	DATA lorenz<>+(o+4)(SB)/4, $(c) \
	DATA lorenz<>+(o+8)(SB)/4, $(c) \
	DATA lorenz<>+(o+12)(SB)/4, $(c)

VEC32(0x00, 89.0)                              // max
VEC32(0x10, -104.0)                            // min
VEC32(0x20, 0x4B4000FE)                        // shift = 0x1.8p23 + 2*127
VEC32(0x30, 1.0)                               // one
VEC32(0x40, 0x1.fffff6p-2)                     // c2
VEC32(0x50, 0x1.55542ep-3)                     // c3
VEC32(0x60, 0x1.5559c6p-5)                     // c4
VEC32(0x70, 0x1.126874p-7)                     // c5
DATA lorenz<>+0x80(SB)/4, $(0x1.715476p0)      // log2E
DATA lorenz<>+0x84(SB)/4, $(0x1.62e4p-1)       // ln2Hi
DATA lorenz<>+0x88(SB)/4, $(0x1.7f7d1cp-20)    // ln2Lo
DATA lorenz<>+0x8c(SB)/4, $(0x1.6a30eap-10)    // c6
DATA lorenz<>+0x90(SB)/8, $0x3f7eb8523ba3d70a  // yDecay, dt
DATA lorenz<>+0x98(SB)/8, $0x000000003f7c9630  // zDecay
GLOBL lorenz<>(SB), NOPTR|RODATA, $0xa0

// NEON_EXP sets x to exp x. FMIN and FMAX return NaN if there is one.
#define NEON_EXP(x, t, n, z, e, o) \
	FMIN_4S(max, x, x)         \
	FMAX_4S(min, x, x)         \
	FMUL_4S_LANE(0, f0, x, t)  \
	FADD_4S(shift, t, t)       \
	FSUB_4S(shift, t, n)       \
	FMUL_4S_LANE(1, f0, n, z)  \
	FMUL_4S_LANE(2, f0, n, e)  \
	FSUB_4S(z, x, x)           \
	FSUB_4S(e, x, x)           \
	FMUL_4S(x, x, z)           \
	FMUL_4S_LANE(3, f0, z, e)  \
	FADD_4S(c4, e, e)          \
	FMUL_4S(z, e, e)           \
	FADD_4S(c2, e, e)          \
	FMUL_4S(c5, z, o)          \
	FADD_4S(c3, o, o)          \
	FMUL_4S(x, o, o)           \
	FADD_4S(o, e, e)           \
	FMUL_4S(z, e, e)           \
	FADD_4S(e, x, x)           \
	FADD_4S(one, x, x)         \
	USHR_4S(1, t, n)           \
	SUB_4S(n, t, t)            \
	SHL_4S(23, n, n)           \
	SHL_4S(23, t, t)           \
	FMUL_4S(n, x, x)           \
	FMUL_4S(t, x, x)

// NEON_PARAMS sets r and a·dt of a vector, whose rows of theta are at row.
#define NEON_PARAMS(i) \
	FMOVQ (row), F0              \
	ADD   rows, row, R0          \
	FMOVQ (R0), F6               \
	NEON_EXP(0, 1, 2, 3, 4, 5)   \
	NEON_EXP(6, 7, 8, 9, 10, 11) \
	FMUL_4S_LANE(0, factors, 6, 6) \
	FSTPQ (F0, F6), (32*i)(params)

// NEON_STEP is one Euler step of vector i.
#define NEON_STEP(i, x, y, z, s, o) \
	FLDPQ (32*i)(params), (F26, F27) \
	FSUB_4S(x, y, t2)                \
	FMUL_4S_LANE(0, factors, x, t1)  \
	FSUB_4S(z, t3, t3)               \
	FMUL_4S(t4, t2, t2)              \
	FMUL_4S(t1, t3, t3)              \
	FMUL_4S(y, t1, t1)               \
	FMUL_4S_LANE(1, factors, y, y)   \
	FMUL_4S_LANE(2, factors, z, z)   \
	FADD_4S(t2, x, x)                \
	FADD_4S(t3, y, y)                \
	FADD_4S(t1, z, z)                \
	FSUB_4S(o, z, t1)                \
	FMUL_4S(t1, t1, t1)              \
	FADD_4S(t1, s, s)

#define NEON_STEPS(oA, oB) \
	NEON_STEP(0, aX, aY, aZ, aS, oA) \
	NEON_STEP(1, bX, bY, bZ, bS, oB) \
	NEON_STEP(2, cX, cY, cZ, cS, oA) \
	NEON_STEP(3, dX, dY, dZ, dS, oB)

// NEON_TRANSPOSE turns four lanes of four steps into four steps of four lanes.
#define NEON_TRANSPOSE(V0, V1, V2, V3) \
	VTRN1 V1.S4, V0.S4, V24.S4 \
	VTRN2 V1.S4, V0.S4, V25.S4 \
	VTRN1 V3.S4, V2.S4, V26.S4 \
	VTRN2 V3.S4, V2.S4, V27.S4 \
	VTRN1 V26.D2, V24.D2, V0.D2 \
	VTRN1 V27.D2, V25.D2, V1.D2 \
	VTRN2 V26.D2, V24.D2, V2.D2 \
	VTRN2 V27.D2, V25.D2, V3.D2

// x, y, z and the sums of 8 lanes from and to memory
#define NEON_LOAD(X1, X2, Y1, Y2, Z1, Z2, S1, S2) \
	FLDPQ (row), (X1, X2)   \
	ADD   rows, row, R0     \
	FLDPQ (R0), (Y1, Y2)    \
	ADD   rows, R0, R0      \
	FLDPQ (R0), (Z1, Z2)    \
	FLDPQ (total), (S1, S2)

#define NEON_STORE(X1, X2, Y1, Y2, Z1, Z2, S1, S2) \
	FSTPQ (X1, X2), (row)   \
	ADD   rows, row, R0     \
	FSTPQ (Y1, Y2), (R0)    \
	ADD   rows, R0, R0      \
	FSTPQ (Z1, Z2), (R0)    \
	FSTPQ (S1, S2), (total)

// NEON_LANE sets p to the observations of lane j.
#define NEON_LANE(j, p) \
	MOVD (8*j)(R14), p   \
	ADD  p<<2, R15, p

// func lorenzNEON(s, theta, sum *float32, width, copies int, z *float32, t0 *int, n int)
TEXT ·lorenzNEON(SB), NOSPLIT, $128-64
	MOVD $local-128(SP), params
	MOVD width+24(FP), rows
	MOVD copies+32(FP), apart
	LSL  $2, rows, rows
	LSL  $2, apart, apart

	MOVD   $lorenz<>(SB), R0
	VLD1.P 64(R0), [V16.S4, V17.S4, V18.S4, V19.S4]
	VLD1.P 64(R0), [V20.S4, V21.S4, V22.S4, V23.S4]
	FLDPQ  (R0), (F24, F28)
	MOVD   theta+8(FP), row
	NEON_PARAMS(0)
	ADD    $16, row
	NEON_PARAMS(1)
	ADD    apart, row
	NEON_PARAMS(3)
	SUB    $16, row
	NEON_PARAMS(2)

	MOVD s+0(FP), row
	MOVD sum+16(FP), total
	NEON_LOAD(F0, F4, F1, F5, F2, F6, F3, F7)
	ADD  apart, row
	ADD  apart, total
	NEON_LOAD(F8, F12, F9, F13, F10, F14, F11, F15)

	MOVD t0+48(FP), R14
	MOVD z+40(FP), R15
	MOVD n+56(FP), left
	NEON_LANE(0, p0)
	NEON_LANE(1, p1)
	NEON_LANE(2, p2)
	NEON_LANE(3, p3)
	NEON_LANE(4, p4)
	NEON_LANE(5, p5)
	NEON_LANE(6, p6)
	NEON_LANE(7, p7)
	SUBS $4, left
	BLT  rest

loop:
	FMOVQ.P 16(p0), F16
	FMOVQ.P 16(p1), F17
	FMOVQ.P 16(p2), F18
	FMOVQ.P 16(p3), F19
	FMOVQ.P 16(p4), F20
	FMOVQ.P 16(p5), F21
	FMOVQ.P 16(p6), F22
	FMOVQ.P 16(p7), F23
	NEON_TRANSPOSE(V16, V17, V18, V19)
	NEON_TRANSPOSE(V20, V21, V22, V23)
	NEON_STEPS(oA0, oB0)
	NEON_STEPS(oA1, oB1)
	NEON_STEPS(oA2, oB2)
	NEON_STEPS(oA3, oB3)
	SUBS $4, left
	BGE  loop

rest:
	ADDS $4, left
	BEQ  done

step:
	VLD1.P 4(p0), V16.S[0]
	VLD1.P 4(p1), V16.S[1]
	VLD1.P 4(p2), V16.S[2]
	VLD1.P 4(p3), V16.S[3]
	VLD1.P 4(p4), V20.S[0]
	VLD1.P 4(p5), V20.S[1]
	VLD1.P 4(p6), V20.S[2]
	VLD1.P 4(p7), V20.S[3]
	NEON_STEPS(oA0, oB0)
	SUBS $1, left
	BNE  step

done:
	NEON_STORE(F8, F12, F9, F13, F10, F14, F11, F15)
	SUB apart, row
	SUB apart, total
	NEON_STORE(F0, F4, F1, F5, F2, F6, F3, F7)
	RET
