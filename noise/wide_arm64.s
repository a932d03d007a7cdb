//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"

// float32 noise on float64 vectors. n is a positive multiple of 8.

// NEON_WIDEN sets V0 to V3 to the next eight at eps.
#define NEON_WIDEN(eps) \
	VLD1.P 32(eps), [V4.S4, V5.S4] \
	FCVTL_2D(4, 0)  \
	FCVTL2_2D(4, 1) \
	FCVTL_2D(5, 2)  \
	FCVTL2_2D(5, 3)

// func widenNEON(dst *float64, n int, eps *float32)
TEXT ·widenNEON(SB), NOSPLIT, $0-24
	MOVD dst+0(FP), R0
	MOVD n+8(FP), R1
	MOVD eps+16(FP), R2

loop:
	NEON_WIDEN(R2)
	VST1.P [V0.D2, V1.D2, V2.D2, V3.D2], 64(R0)
	SUBS   $8, R1
	BNE    loop
	RET

// V16 has w in both lanes.
#define NEON_WIDEN_SCALED(eps) \
	NEON_WIDEN(eps)    \
	FMUL_2D(16, 0, 0)  \
	FMUL_2D(16, 1, 1)  \
	FMUL_2D(16, 2, 2)  \
	FMUL_2D(16, 3, 3)

// func addScaledNEON(dst, theta *float64, n int, w float64, eps *float32)
TEXT ·addScaledNEON(SB), NOSPLIT, $0-40
	MOVD  dst+0(FP), R0
	MOVD  theta+8(FP), R4
	MOVD  n+16(FP), R1
	FMOVD w+24(FP), F16
	MOVD  eps+32(FP), R2
	VDUP  V16.D[0], V16.D2

loop:
	NEON_WIDEN_SCALED(R2)
	VLD1.P 64(R4), [V8.D2, V9.D2, V10.D2, V11.D2]
	FADD_2D(0, 8, 0)
	FADD_2D(1, 9, 1)
	FADD_2D(2, 10, 2)
	FADD_2D(3, 11, 3)
	VST1.P [V0.D2, V1.D2, V2.D2, V3.D2], 64(R0)
	SUBS   $8, R1
	BNE    loop
	RET

// func addScaledPairNEON(plus, minus, theta *float64, n int, w float64, eps *float32)
TEXT ·addScaledPairNEON(SB), NOSPLIT, $0-48
	MOVD  plus+0(FP), R0
	MOVD  minus+8(FP), R5
	MOVD  theta+16(FP), R4
	MOVD  n+24(FP), R1
	FMOVD w+32(FP), F16
	MOVD  eps+40(FP), R2
	VDUP  V16.D[0], V16.D2

loop:
	NEON_WIDEN_SCALED(R2)
	VLD1.P 64(R4), [V8.D2, V9.D2, V10.D2, V11.D2]
	FADD_2D(0, 8, 4)
	FADD_2D(1, 9, 5)
	FADD_2D(2, 10, 6)
	FADD_2D(3, 11, 7)
	FSUB_2D(0, 8, 0)
	FSUB_2D(1, 9, 1)
	FSUB_2D(2, 10, 2)
	FSUB_2D(3, 11, 3)
	VST1.P [V4.D2, V5.D2, V6.D2, V7.D2], 64(R0)
	VST1.P [V0.D2, V1.D2, V2.D2, V3.D2], 64(R5)
	SUBS   $8, R1
	BNE    loop
	RET
