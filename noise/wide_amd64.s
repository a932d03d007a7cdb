//go:build !purego

#include "textflag.h"

// float32 noise on float64 vectors. n is a positive multiple of 8.

// func widenAVX512(dst *float64, n int, eps *float32)
TEXT ·widenAVX512(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DI
	MOVQ n+8(FP), CX
	MOVQ eps+16(FP), BX

loop:
	VCVTPS2PD (BX), Z0
	VMOVUPD   Z0, (DI)
	ADDQ      $32, BX
	ADDQ      $64, DI
	SUBQ      $8, CX
	JNZ       loop
	VZEROUPPER
	RET

// func addScaledAVX512(dst, theta *float64, n int, w float64, eps *float32)
TEXT ·addScaledAVX512(SB), NOSPLIT, $0-40
	MOVQ         dst+0(FP), DI
	MOVQ         theta+8(FP), SI
	MOVQ         n+16(FP), CX
	VBROADCASTSD w+24(FP), Z3
	MOVQ         eps+32(FP), BX

loop:
	VCVTPS2PD (BX), Z0
	VMULPD    Z3, Z0, Z0
	VADDPD    (SI), Z0, Z0
	VMOVUPD   Z0, (DI)
	ADDQ      $32, BX
	ADDQ      $64, SI
	ADDQ      $64, DI
	SUBQ      $8, CX
	JNZ       loop
	VZEROUPPER
	RET

// func addScaledPairAVX512(plus, minus, theta *float64, n int, w float64, eps *float32)
TEXT ·addScaledPairAVX512(SB), NOSPLIT, $0-48
	MOVQ         plus+0(FP), DI
	MOVQ         minus+8(FP), R8
	MOVQ         theta+16(FP), SI
	MOVQ         n+24(FP), CX
	VBROADCASTSD w+32(FP), Z3
	MOVQ         eps+40(FP), BX

loop:
	VMOVUPD   (SI), Z1
	VCVTPS2PD (BX), Z0
	VMULPD    Z3, Z0, Z0
	VADDPD    Z0, Z1, Z2
	VSUBPD    Z0, Z1, Z1
	VMOVUPD   Z2, (DI)
	VMOVUPD   Z1, (R8)
	ADDQ      $32, BX
	ADDQ      $64, SI
	ADDQ      $64, DI
	ADDQ      $64, R8
	SUBQ      $8, CX
	JNZ       loop
	VZEROUPPER
	RET

// func widenAVX2(dst *float64, n int, eps *float32)
TEXT ·widenAVX2(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), DI
	MOVQ n+8(FP), CX
	MOVQ eps+16(FP), BX

loop:
	VCVTPS2PD 0(BX), Y0
	VCVTPS2PD 16(BX), Y1
	VMOVUPD   Y0, 0(DI)
	VMOVUPD   Y1, 32(DI)
	ADDQ      $32, BX
	ADDQ      $64, DI
	SUBQ      $8, CX
	JNZ       loop
	VZEROUPPER
	RET

// func addScaledAVX2(dst, theta *float64, n int, w float64, eps *float32)
TEXT ·addScaledAVX2(SB), NOSPLIT, $0-40
	MOVQ         dst+0(FP), DI
	MOVQ         theta+8(FP), SI
	MOVQ         n+16(FP), CX
	VBROADCASTSD w+24(FP), Y3
	MOVQ         eps+32(FP), BX

loop:
	VCVTPS2PD 0(BX), Y0
	VCVTPS2PD 16(BX), Y1
	VMULPD    Y3, Y0, Y0
	VMULPD    Y3, Y1, Y1
	VADDPD    0(SI), Y0, Y0
	VADDPD    32(SI), Y1, Y1
	VMOVUPD   Y0, 0(DI)
	VMOVUPD   Y1, 32(DI)
	ADDQ      $32, BX
	ADDQ      $64, SI
	ADDQ      $64, DI
	SUBQ      $8, CX
	JNZ       loop
	VZEROUPPER
	RET

// func addScaledPairAVX2(plus, minus, theta *float64, n int, w float64, eps *float32)
TEXT ·addScaledPairAVX2(SB), NOSPLIT, $0-48
	MOVQ         plus+0(FP), DI
	MOVQ         minus+8(FP), R8
	MOVQ         theta+16(FP), SI
	MOVQ         n+24(FP), CX
	VBROADCASTSD w+32(FP), Y3
	MOVQ         eps+40(FP), BX

loop:
	VMOVUPD   0(SI), Y4
	VMOVUPD   32(SI), Y5
	VCVTPS2PD 0(BX), Y0
	VCVTPS2PD 16(BX), Y1
	VMULPD    Y3, Y0, Y0
	VMULPD    Y3, Y1, Y1
	VADDPD    Y0, Y4, Y6
	VADDPD    Y1, Y5, Y7
	VSUBPD    Y0, Y4, Y4
	VSUBPD    Y1, Y5, Y5
	VMOVUPD   Y6, 0(DI)
	VMOVUPD   Y7, 32(DI)
	VMOVUPD   Y4, 0(R8)
	VMOVUPD   Y5, 32(R8)
	ADDQ      $32, BX
	ADDQ      $64, SI
	ADDQ      $64, DI
	ADDQ      $64, R8
	SUBQ      $8, CX
	JNZ       loop
	VZEROUPPER
	RET
