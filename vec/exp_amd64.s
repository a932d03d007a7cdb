//go:build !purego

#include "textflag.h"
#include "kernel_amd64.h"

// Exp and Tanh, operation by operation as in scalar/exp.go. The minimum and the
// maximum take x as their second source (the first operand), which is what they
// return if there is a NaN.

#define pd DI
#define px SI
#define left CX // bytes that remain

// A constant fills 32 bytes: an operand of AVX2; AVX-512 broadcasts its first
// element.
#define CONST(table, o, v) \
	DATA table<>+(o+0)(SB)/8, $v  \
	DATA table<>+(o+8)(SB)/8, $v  \
	DATA table<>+(o+16)(SB)/8, $v \
	DATA table<>+(o+24)(SB)/8, $v

CONST(exp32, 0, 0x42b2000042b20000) // max = 89
CONST(exp32, 32, 0xc2d00000c2d00000) // min = -104
CONST(exp32, 64, 0x3fb8aa3b3fb8aa3b) // log2E = 0x1.715476p+0
CONST(exp32, 96, 0x4b4000fe4b4000fe) // shift = 0x1.8001fcp+23
CONST(exp32, 128, 0x3f3172003f317200) // ln2Hi = 0x1.62e4p-1
CONST(exp32, 160, 0x35bfbe8e35bfbe8e) // ln2Lo = 0x1.7f7d1cp-20
CONST(exp32, 192, 0x3f8000003f800000) // one = 1
CONST(exp32, 224, 0x3efffffb3efffffb) // c2 = 0x1.fffff6p-2
CONST(exp32, 256, 0x3e2aaa173e2aaa17) // c3 = 0x1.55542ep-3
CONST(exp32, 288, 0x3d2aace33d2aace3) // c4 = 0x1.5559c6p-5
CONST(exp32, 320, 0x3c09343a3c09343a) // c5 = 0x1.126874p-7
CONST(exp32, 352, 0x3ab518753ab51875) // c6 = 0x1.6a30eap-10
GLOBL exp32<>(SB), RODATA|NOPTR, $384

CONST(exp64, 0, 0x4086300000000000) // max = 710
CONST(exp64, 32, 0xc087500000000000) // min = -746
CONST(exp64, 64, 0x3ff71547652b82fe) // log2E = 0x1.71547652b82fep+0
CONST(exp64, 96, 0x43380000000007fe) // shift = 0x1.80000000007fep+52
CONST(exp64, 128, 0x3fe62e42fefa3800) // ln2Hi = 0x1.62e42fefa38p-1
CONST(exp64, 160, 0x3d2ef35793c76730) // ln2Lo = 0x1.ef35793c7673p-45
CONST(exp64, 192, 0x3ff0000000000000) // one = 1
CONST(exp64, 224, 0x3fe000000000000a) // c2 = 0x1.000000000000ap-1
CONST(exp64, 256, 0x3fc55555555554fc) // c3 = 0x1.55555555554fcp-3
CONST(exp64, 288, 0x3fa5555555550688) // c4 = 0x1.5555555550688p-5
CONST(exp64, 320, 0x3f8111111112725f) // c5 = 0x1.111111112725fp-7
CONST(exp64, 352, 0x3f56c16c1848904b) // c6 = 0x1.6c16c1848904bp-10
CONST(exp64, 384, 0x3f2a01a012dcb0c1) // c7 = 0x1.a01a012dcb0c1p-13
CONST(exp64, 416, 0x3efa0199921d175f) // c8 = 0x1.a0199921d175fp-16
CONST(exp64, 448, 0x3ec71df1d14501ba) // c9 = 0x1.71df1d14501bap-19
CONST(exp64, 480, 0x3e928ae3e02f5795) // c10 = 0x1.28ae3e02f5795p-22
CONST(exp64, 512, 0x3e5ad8d591184cdb) // c11 = 0x1.ad8d591184cdbp-26
GLOBL exp64<>(SB), RODATA|NOPTR, $544

CONST(tanh32, 0, 0x4120000041200000) // max = 10
CONST(tanh32, 32, 0x7fffffff7fffffff) // abs
CONST(tanh32, 64, 0x8000000080000000) // sign
CONST(tanh32, 96, 0xfffffffefffffffe) // even
CONST(tanh32, 128, 0x4038aa3b4038aa3b) // log2E2 = 0x1.715476p+1
CONST(tanh32, 160, 0x4ac000fc4ac000fc) // shift = 0x1.8001f8p+22
CONST(tanh32, 192, 0x3eb172183eb17218) // ln2 = 0x1.62e43p-2
CONST(tanh32, 224, 0x3f0000003f000000) // half = 0.5
CONST(tanh32, 256, 0x3f8000003f800000) // one = 1
CONST(tanh32, 288, 0xbeaaaa83beaaaa83) // c1 = -0x1.555506p-2
CONST(tanh32, 320, 0x3e086ca63e086ca6) // c2 = 0x1.10d94cp-3
CONST(tanh32, 352, 0xbd51d305bd51d305) // c3 = -0x1.a3a60ap-5
GLOBL tanh32<>(SB), RODATA|NOPTR, $384

CONST(tanh64, 0, 0x4034000000000000) // max = 20
CONST(tanh64, 32, 0x7fffffffffffffff) // abs
CONST(tanh64, 64, 0x8000000000000000) // sign
CONST(tanh64, 96, 0xfffffffffffffffe) // even
CONST(tanh64, 128, 0x40071547652b82fe) // log2E2 = 0x1.71547652b82fep+1
CONST(tanh64, 160, 0x43280000000007fc) // shift = 0x1.80000000007fcp+51
CONST(tanh64, 192, 0x3fd62e42fefa3800) // ln2Hi = 0x1.62e42fefa38p-2
CONST(tanh64, 224, 0x3d1ef35793c76730) // ln2Lo = 0x1.ef35793c7673p-46
CONST(tanh64, 256, 0x3fe0000000000000) // half = 0.5
CONST(tanh64, 288, 0x3ff0000000000000) // one = 1
CONST(tanh64, 320, 0xbfd55555555554b0) // c1 = -0x1.55555555554bp-2
CONST(tanh64, 352, 0x3fc11111110f28de) // c2 = 0x1.11111110f28dep-3
CONST(tanh64, 384, 0xbfaba1ba17d1d6f2) // c3 = -0x1.ba1ba17d1d6f2p-5
CONST(tanh64, 416, 0x3f9664f2b9287887) // c4 = 0x1.664f2b9287887p-6
CONST(tanh64, 448, 0xbf82266d96f8fa95) // c5 = -0x1.2266d96f8fa95p-7
CONST(tanh64, 480, 0x3f6d4c2ef30f0047) // c6 = 0x1.d4c2ef30f0047p-9
CONST(tanh64, 512, 0xbf556bec6e2cf811) // c7 = -0x1.56bec6e2cf811p-10
GLOBL tanh64<>(SB), RODATA|NOPTR, $544

// EXP32 sets x to the polynomial, n to the exponent of the power of 2 that it
// lacks, and t to n in the low bits, biased twice. MULC, ADDC and SUBC have a
// constant for an operand. EXP64 is the same in float64.
#define EXP32(MULC, ADDC, SUBC, max, min, x, t, n, z, e, o) \
	VMINPS x, max, x             \
	VMAXPS x, min, x             \
	MULC   exp32<>+64(SB), x, t  \ // log2E
	ADDC   exp32<>+96(SB), t, t  \ // shift
	SUBC   exp32<>+96(SB), t, n  \ // shift
	MULC   exp32<>+128(SB), n, z \ // ln2Hi
	MULC   exp32<>+160(SB), n, e \ // ln2Lo
	VSUBPS z, x, x               \
	VSUBPS e, x, x               \ // r
	VMULPS x, x, z               \
	MULC   exp32<>+352(SB), z, e \ // c6
	ADDC   exp32<>+288(SB), e, e \ // c4
	VMULPS z, e, e               \
	ADDC   exp32<>+224(SB), e, e \ // c2; even
	MULC   exp32<>+320(SB), z, o \ // c5
	ADDC   exp32<>+256(SB), o, o \ // c3; odd
	VMULPS x, o, o               \
	VADDPS o, e, e               \
	VMULPS z, e, e               \
	VADDPS e, x, x               \
	ADDC   exp32<>+192(SB), x, x

#define EXP64(MULC, ADDC, SUBC, max, min, x, t, n, z, e, o) \
	VMINPD x, max, x             \
	VMAXPD x, min, x             \
	MULC   exp64<>+64(SB), x, t  \ // log2E
	ADDC   exp64<>+96(SB), t, t  \ // shift
	SUBC   exp64<>+96(SB), t, n  \ // shift
	MULC   exp64<>+128(SB), n, z \ // ln2Hi
	MULC   exp64<>+160(SB), n, e \ // ln2Lo
	VSUBPD z, x, x               \
	VSUBPD e, x, x               \ // r
	VMULPD x, x, z               \
	MULC   exp64<>+480(SB), z, e \ // c10
	MULC   exp64<>+512(SB), z, o \ // c11
	ADDC   exp64<>+416(SB), e, e \ // c8
	ADDC   exp64<>+448(SB), o, o \ // c9
	VMULPD z, e, e               \
	VMULPD z, o, o               \
	ADDC   exp64<>+352(SB), e, e \ // c6
	ADDC   exp64<>+384(SB), o, o \ // c7
	VMULPD z, e, e               \
	VMULPD z, o, o               \
	ADDC   exp64<>+288(SB), e, e \ // c4
	ADDC   exp64<>+320(SB), o, o \ // c5
	VMULPD z, e, e               \
	VMULPD z, o, o               \
	ADDC   exp64<>+224(SB), e, e \ // c2; even
	ADDC   exp64<>+256(SB), o, o \ // c3; odd
	VMULPD x, o, o               \
	VADDPD o, e, e               \
	VMULPD z, e, e               \
	VADDPD e, x, x               \
	ADDC   exp64<>+192(SB), x, x

// VSCALEF rounds once, like the two multiplications of which the first is exact.

#define AVX512_EXP32 \
	EXP32(VMULPS.BCST, VADDPS.BCST, VSUBPS.BCST, Z8, Z9, Z0, Z1, Z2, Z3, Z4, Z5) \
	VSCALEFPS Z2, Z0, Z0

#define AVX512_EXP64 \
	EXP64(VMULPD.BCST, VADDPD.BCST, VSUBPD.BCST, Z8, Z9, Z0, Z1, Z2, Z3, Z4, Z5) \
	VSCALEFPD Z2, Z0, Z0

#define AVX2_EXP32 \
	EXP32(VMULPS, VADDPS, VSUBPS, Y8, Y9, Y0, Y1, Y2, Y3, Y4, Y5) \
	VPSRLD $1, Y1, Y2                                             \ // half
	VPSUBD Y2, Y1, Y1                                             \
	VPSLLD $23, Y2, Y2                                            \
	VPSLLD $23, Y1, Y1                                            \
	VMULPS Y2, Y0, Y0                                             \
	VMULPS Y1, Y0, Y0

#define AVX2_EXP64 \
	EXP64(VMULPD, VADDPD, VSUBPD, Y8, Y9, Y0, Y1, Y2, Y3, Y4, Y5) \
	VPSRLQ $1, Y1, Y2                                             \ // half
	VPSUBQ Y2, Y1, Y1                                             \
	VPSLLQ $52, Y2, Y2                                            \
	VPSLLQ $52, Y1, Y1                                            \
	VMULPD Y2, Y0, Y0                                             \
	VMULPD Y1, Y0, Y0

// TANH32 sets q to tanh |x|, and keeps x. ANDC has a constant for an operand.
// TANH64 is the same in float64.
#define TANH32(MULC, ADDC, SUBC, ANDC, max, x, q, a, t, z, p) \
	ANDC   tanh32<>+32(SB), x, a  \ // abs
	VMINPS a, max, a              \
	MULC   tanh32<>+128(SB), a, t \ // log2E2
	ADDC   tanh32<>+160(SB), t, t \ // shift
	ANDC   tanh32<>+96(SB), t, t  \ // even; i
	SUBC   tanh32<>+160(SB), t, z \ // shift; n
	MULC   tanh32<>+192(SB), z, z \ // ln2
	VSUBPS z, a, a                \ // r
	VMULPS a, a, z                \
	MULC   tanh32<>+352(SB), z, p \ // c3
	ADDC   tanh32<>+320(SB), p, p \ // c2
	VMULPS z, p, p                \
	ADDC   tanh32<>+288(SB), p, p \ // c1
	VMULPS z, a, z                \
	VMULPS p, z, z                \
	VADDPS z, a, a                \ // tanh r
	VPSLLD $22, t, t              \ // h
	ADDC   tanh32<>+224(SB), t, p \ // half
	SUBC   tanh32<>+224(SB), t, t \ // half
	VMULPS a, t, t                \
	VADDPS t, p, p                \ // D
	SUBC   tanh32<>+256(SB), p, q \ // one
	VADDPS a, q, q                \
	VDIVPS p, q, q

#define TANH64(MULC, ADDC, SUBC, ANDC, max, x, q, a, t, z, p, w) \
	ANDC   tanh64<>+32(SB), x, a  \ // abs
	VMINPD a, max, a              \
	MULC   tanh64<>+128(SB), a, t \ // log2E2
	ADDC   tanh64<>+160(SB), t, t \ // shift
	ANDC   tanh64<>+96(SB), t, t  \ // even; i
	SUBC   tanh64<>+160(SB), t, z \ // shift; n
	MULC   tanh64<>+192(SB), z, p \ // ln2Hi
	MULC   tanh64<>+224(SB), z, z \ // ln2Lo
	VSUBPD p, a, a                \
	VSUBPD z, a, a                \ // r
	VMULPD a, a, z                \
	VMULPD z, z, w                \
	MULC   tanh64<>+512(SB), w, p \ // c7
	MULC   tanh64<>+480(SB), w, q \ // c6
	ADDC   tanh64<>+448(SB), p, p \ // c5
	ADDC   tanh64<>+416(SB), q, q \ // c4
	VMULPD w, p, p                \
	VMULPD w, q, q                \
	ADDC   tanh64<>+384(SB), p, p \ // c3
	ADDC   tanh64<>+352(SB), q, q \ // c2; even
	VMULPD w, p, p                \
	ADDC   tanh64<>+320(SB), p, p \ // c1; odd
	VMULPD z, q, q                \
	VADDPD q, p, p                \
	VMULPD z, a, z                \
	VMULPD p, z, z                \
	VADDPD z, a, a                \ // tanh r
	VPSLLQ $51, t, t              \ // h
	ADDC   tanh64<>+256(SB), t, p \ // half
	SUBC   tanh64<>+256(SB), t, t \ // half
	VMULPD a, t, t                \
	VADDPD t, p, p                \ // D
	SUBC   tanh64<>+288(SB), p, q \ // one
	VADDPD a, q, q                \
	VDIVPD p, q, q

// Then x = q | x & sign.

#define AVX512_TANH32 \
	TANH32(VMULPS.BCST, VADDPS.BCST, VSUBPS.BCST, VPANDD.BCST, Z8, Z0, Z1, Z2, Z3, Z4, Z5) \
	VPANDD.BCST tanh32<>+64(SB), Z0, Z0                                                    \ // sign
	VPORD       Z1, Z0, Z0

#define AVX512_TANH64 \
	TANH64(VMULPD.BCST, VADDPD.BCST, VSUBPD.BCST, VPANDQ.BCST, Z8, Z0, Z1, Z2, Z3, Z4, Z5, Z6) \
	VPANDQ.BCST tanh64<>+64(SB), Z0, Z0                                                        \ // sign
	VPORQ       Z1, Z0, Z0

#define AVX2_TANH32 \
	TANH32(VMULPS, VADDPS, VSUBPS, VPAND, Y8, Y0, Y1, Y2, Y3, Y4, Y5) \
	VPAND tanh32<>+64(SB), Y0, Y0                                     \ // sign
	VPOR  Y1, Y0, Y0

#define AVX2_TANH64 \
	TANH64(VMULPD, VADDPD, VSUBPD, VPAND, Y8, Y0, Y1, Y2, Y3, Y4, Y5, Y6) \
	VPAND tanh64<>+64(SB), Y0, Y0                                         \ // sign
	VPOR  Y1, Y0, Y0

// The loops apply BODY to Z0 or Y0. It stands there once: the partial vector at
// the end, for which left is negative, comes back to it.

#define AVX512_MAP(BODY, MOV, log) \
	SHLQ  $log, left      \
	SUBQ  $64, left       \
	JLT   last            \
loop:                  \
	MOV   (px), Z0        \
body:                  \
	BODY                  \
	TESTQ left, left      \
	JLT   part            \
	MOV   Z0, (pd)        \
	ADDQ  $64, px         \
	ADDQ  $64, pd         \
	SUBQ  $64, left       \
	JGE   loop            \
last:                  \
	ADDQ  $64, left       \
	JEQ   done            \
	SHRQ  $log, left      \
	AVX512_MASK(left, K1) \
	MOV.Z (px), K1, Z0    \
	NEGQ  left            \
	JMP   body            \
part:                  \
	MOV   Z0, K1, (pd)    \
done:                  \
	VZEROUPPER

#define AVX2_MAP(BODY, log) \
	SHLQ    $log, left       \
	SUBQ    $32, left        \
	JLT     last             \
loop:                     \
	VMOVUPS (px), Y0         \
body:                     \
	BODY                     \
	TESTQ   left, left       \
	JLT     part             \
	VMOVUPS Y0, (pd)         \
	ADDQ    $32, px          \
	ADDQ    $32, pd          \
	SUBQ    $32, left        \
	JGE     loop             \
last:                     \
	ADDQ    $32, left        \
	JEQ     done             \
	AVX2_MASK(left, Y15)     \
	VMASKMOVPS (px), Y15, Y0 \
	NEGQ    left             \
	JMP     body             \
part:                     \
	VMASKMOVPS Y0, Y15, (pd) \
done:                     \
	VZEROUPPER

// func exp32(dst, x *float32, n int)
TEXT ·exp32(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), pd
	MOVQ x+8(FP), px
	MOVQ n+16(FP), left
	CHOOSE(vec·exp32AVX512<>(SB), vec·exp32AVX2<>(SB))

// func exp64(dst, x *float64, n int)
TEXT ·exp64(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), pd
	MOVQ x+8(FP), px
	MOVQ n+16(FP), left
	CHOOSE(vec·exp64AVX512<>(SB), vec·exp64AVX2<>(SB))

TEXT vec·exp32AVX512<>(SB), NOSPLIT, $0-24
	VBROADCASTSS exp32<>+0(SB), Z8
	VBROADCASTSS exp32<>+32(SB), Z9
	AVX512_MAP(AVX512_EXP32, VMOVUPS, 2)
	RET

TEXT vec·exp64AVX512<>(SB), NOSPLIT, $0-24
	VBROADCASTSD exp64<>+0(SB), Z8
	VBROADCASTSD exp64<>+32(SB), Z9
	AVX512_MAP(AVX512_EXP64, VMOVUPD, 3)
	RET

TEXT vec·exp32AVX2<>(SB), NOSPLIT, $0-24
	VBROADCASTSS exp32<>+0(SB), Y8
	VBROADCASTSS exp32<>+32(SB), Y9
	AVX2_MAP(AVX2_EXP32, 2)
	RET

TEXT vec·exp64AVX2<>(SB), NOSPLIT, $0-24
	VBROADCASTSD exp64<>+0(SB), Y8
	VBROADCASTSD exp64<>+32(SB), Y9
	AVX2_MAP(AVX2_EXP64, 3)
	RET

// func tanh32(dst, x *float32, n int)
TEXT ·tanh32(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), pd
	MOVQ x+8(FP), px
	MOVQ n+16(FP), left
	CHOOSE(vec·tanh32AVX512<>(SB), vec·tanh32AVX2<>(SB))

// func tanh64(dst, x *float64, n int)
TEXT ·tanh64(SB), NOSPLIT, $0-24
	MOVQ dst+0(FP), pd
	MOVQ x+8(FP), px
	MOVQ n+16(FP), left
	CHOOSE(vec·tanh64AVX512<>(SB), vec·tanh64AVX2<>(SB))

TEXT vec·tanh32AVX512<>(SB), NOSPLIT, $0-24
	VBROADCASTSS tanh32<>+0(SB), Z8
	AVX512_MAP(AVX512_TANH32, VMOVUPS, 2)
	RET

TEXT vec·tanh64AVX512<>(SB), NOSPLIT, $0-24
	VBROADCASTSD tanh64<>+0(SB), Z8
	AVX512_MAP(AVX512_TANH64, VMOVUPD, 3)
	RET

TEXT vec·tanh32AVX2<>(SB), NOSPLIT, $0-24
	VBROADCASTSS tanh32<>+0(SB), Y8
	AVX2_MAP(AVX2_TANH32, 2)
	RET

TEXT vec·tanh64AVX2<>(SB), NOSPLIT, $0-24
	VBROADCASTSD tanh64<>+0(SB), Y8
	AVX2_MAP(AVX2_TANH64, 3)
	RET
