//go:build !purego

#include "textflag.h"
#include "kernel_amd64.h"

// Philox runs on sets of 8 blocks: a vector for each of the four counters, with a
// block in every 64-bit lane. The low halves count. The high halves are garbage, which
// VPMULUDQ ignores. Of a product, the low half is the next c1 or c3 as it stands; the
// high half has to move down, by VPSRLQ or VMOVSHDUP. These are used equally often,
// because of the two ports that take 512-bit operations, one shifts and the other
// shuffles.
//
// Block 4q+L of a set is in lane 2L+q. The natural order then comes of unpacking a
// vector U, of c0 and c2 in even and odd 32-bit lanes, with a vector V of c1 and c3.
// That is what the last round makes, and U and V are also the pairs of words that
// become pairs of normals.
//
// A group is two sets, A and B. The transform of one group goes between the rounds of
// the next one: the one waits for square roots, and the other for multiplications. The
// words that are made last are not used.

// c0 to c3, and what the macros make of them
#define zA0 Z0
#define zA1 Z1
#define zA2 Z2
#define zA3 Z3
#define zB0 Z4
#define zB1 Z5
#define zB2 Z6
#define zB3 Z7
#define zT Z8

#define zPA Z9  // mul0·b, all 64 bits of it, for the block numbers b of a set
#define zPB Z10
#define zHA Z11 // its upper half
#define zHB Z12
#define zM0 Z13 // mul0, mul1; in combine, zM0 is not kept
#define zM1 Z14

// 32-bit lanes
#define zEven K1
#define zOdd K2

// U and V: words first, normals later; and what the transform needs
#define zAU Z15
#define zAV Z16
#define zA4 Z17
#define zA5 Z18
#define zA6 Z19
#define zA7 Z20
#define zA8 Z21
#define zBU Z22
#define zBV Z23
#define zB4 Z24
#define zB5 Z25
#define zB6 Z26
#define zB7 Z27
#define zB8 Z28

#define zSigma Z31

// combine: the sums, in the order of U and V
#define zSAU Z29
#define zSAV Z30
#define zSBU Z31
#define zSBV Z13

// words: a second group, of sets C and D
#define zC0 Z17
#define zC1 Z18
#define zC2 Z19
#define zC3 Z20
#define zD0 Z24
#define zD1 Z25
#define zD2 Z26
#define zD3 Z27

#define zKeys DX // *schedule

// logRecip and logOffset
DATA z_recip<>+0(SB)/8, $0x3f56cf6f3f710124
DATA z_recip<>+8(SB)/8, $0x3f32b7c93f426c56
DATA z_recip<>+16(SB)/8, $0x3f1828fd3f23923c
DATA z_recip<>+24(SB)/8, $0x3f0000003f0d7e9d
GLOBL z_recip<>(SB), RODATA|NOPTR, $32

DATA z_offset<>+0(SB)/8, $0x41aa7f4b41ab6af0
DATA z_offset<>+8(SB)/8, $0x41a9069241a9b312
DATA z_offset<>+16(SB)/8, $0x41a7bd1941a85133
DATA z_offset<>+24(SB)/8, $0x41a65afe41a72844
GLOBL z_offset<>(SB), RODATA|NOPTR, $32

// The block of each lane
DATA z_lane<>+0(SB)/8, $0
DATA z_lane<>+8(SB)/8, $4
DATA z_lane<>+16(SB)/8, $1
DATA z_lane<>+24(SB)/8, $5
DATA z_lane<>+32(SB)/8, $2
DATA z_lane<>+40(SB)/8, $6
DATA z_lane<>+48(SB)/8, $3
DATA z_lane<>+56(SB)/8, $7
GLOBL z_lane<>(SB), RODATA|NOPTR, $64

#define zHalf z_const<>+0(SB)
DATA z_const<>+0(SB)/4, $0x3f000000
#define zMinus1 z_const<>+4(SB)
DATA z_const<>+4(SB)/4, $0xbf800000
#define zLn2Hi z_const<>+8(SB)
DATA z_const<>+8(SB)/4, $0x3f317220
#define zLog2nd z_const<>+12(SB)
DATA z_const<>+12(SB)/4, $0xbf0030e9
#define zLog3rd z_const<>+16(SB)
DATA z_const<>+16(SB)/4, $0x3eab9bf0
#define zSin1st z_const<>+20(SB)
DATA z_const<>+20(SB)/4, $0x3f490fc7
#define zSin3rd z_const<>+24(SB)
DATA z_const<>+24(SB)/4, $0xbda5530c
#define zSin5th z_const<>+28(SB)
DATA z_const<>+28(SB)/4, $0x3b1f9f9e
#define zScale z_const<>+32(SB)
DATA z_const<>+32(SB)/4, $0x30000000 // 2^-31
#define zSign z_const<>+36(SB)
DATA z_const<>+36(SB)/4, $0x80000000
#define zMul0 z_const<>+40(SB)
DATA z_const<>+40(SB)/8, $0xD2511F53
#define zMul1 z_const<>+48(SB)
DATA z_const<>+48(SB)/8, $0xCD9E8D57
#define zMul0x8 z_const<>+56(SB)
DATA z_const<>+56(SB)/8, $0x69288fa98
#define zMul0x16 z_const<>+64(SB)
DATA z_const<>+64(SB)/8, $0xd2511f530
GLOBL z_const<>(SB), RODATA|NOPTR, $72

// Z_INIT sets the constants, and zPA and zPB to those of the group from block b, a
// 64-bit register whose upper half is clear. It destroys BX.
#define Z_INIT(b) \
	MOVL $0x5555, BX; \
	KMOVW BX, zEven; \
	KNOTW zEven, zOdd; \
	VPBROADCASTQ zMul0, zM0; \
	VPBROADCASTQ zMul1, zM1; \
	VPBROADCASTQ b, zPA; \
	VPADDQ z_lane<>(SB), zPA, zPA; \
	VPMULUDQ zM0, zPA, zPA; \
	VPADDQ.BCST zMul0x8, zPA, zPB

// Z_NEXT moves zPA and zPB on by a group.
#define Z_NEXT \
	VPADDQ.BCST zMul0x16, zPA, zPA; \
	VPADDQ.BCST zMul0x16, zPB, zPB

// Z_HIGH sets zHA and zHB.
#define Z_HIGH \
	VPSRLQ $32, zPA, zHA; \
	VPSRLQ $32, zPB, zHB

#define Z_MUL0(c, p) VPMULUDQ zM0, c, p

// The rounds of one set, as the comment on type schedule has them. From round 2 on,
// the registers of c0, c1, c2, c3 become those of c3, c0, c1, c2. zT is overwritten.
// VPTERNLOG $0x96 is a XOR of three.

#define Z_ROUND01(p, h, c0, c1, c2) \
	VPXORD.BCST (zKeys), h, c2; \
	VPMULUDQ zM1, c2, c1; \
	VPXORD.BCST 8(zKeys), p, c2; \
	VMOVSHDUP c1, c0; \
	VPXORD.BCST 4(zKeys), c0, c0

#define Z_ROUND2(c0, c1, c2, c3) \
	Z_MUL0(c0, c0); \
	VPMULUDQ zM1, c2, c2; \
	VPSRLQ $32, c0, c3; \
	VPXORD.BCST 20(zKeys), c3, c3; \
	VMOVSHDUP c2, zT; \
	VPTERNLOGD.BCST $0x96, 16(zKeys), zT, c1

#define Z_ROUND(k, c0, c1, c2, c3) \
	Z_MUL0(c0, c0); \
	VPMULUDQ zM1, c2, c2; \
	VPSRLQ $32, c0, zT; \
	VPTERNLOGD.BCST $0x96, k+4(zKeys), zT, c3; \
	VMOVSHDUP c2, zT; \
	VPTERNLOGD.BCST $0x96, k(zKeys), zT, c1

// Z_ROUND9 makes U and V: the high words of both products, XORed with c1 and c3 and
// two keys, and the low words.
#define Z_ROUND9(c0, c1, c2, c3, u, v) \
	Z_MUL0(c0, u); \
	VPMULUDQ zM1, c2, c2; \
	VMOVSLDUP c3, zOdd, c1; \
	VMOVDQA64 c2, v; \
	VMOVSLDUP u, zOdd, v; \
	VMOVSHDUP c2, zEven, u; \
	VPTERNLOGQ.BCST $0x96, 72(zKeys), c1, u

// The transform of one set, in six parts. The names are those of normalPair.

// Of i only the low three bits count: the tables repeat.
#define Z_LOG1(u, m, i, e) \
	VCVTDQ2PS u, m; \
	VADDPS.BCST zHalf, m, m; \
	VPSRLD $20, m, i; \
	VGETEXPPS m, e; \
	VGETMANTPS $4, m, m

// m becomes r, and i becomes offset − e·ln2Hi.
#define Z_LOG2(m, i, e, t) \
	VBROADCASTF32X8 z_recip<>(SB), t; \
	VPERMPS t, i, t; \
	VMULPS t, m, m; \
	VADDPS.BCST zMinus1, m, m; \
	VBROADCASTF32X8 z_offset<>(SB), t; \
	VPERMPS t, i, i; \
	VMULPS.BCST zLn2Hi, e, e; \
	VSUBPS e, i, i

// x is offset − e·ln2Hi first, and −ln u last; r becomes its root.
#define Z_LOG3(r, x, q, p) \
	VMULPS.BCST zLog3rd, r, p; \
	VMULPS r, r, q; \
	VADDPS.BCST zLog2nd, p, p; \
	VMULPS q, p, p; \
	VADDPS r, p, p; \
	VSUBPS p, x, x; \
	VSQRTPS x, r

#define Z_SIN(v, t, q, s) \
	VCVTDQ2PS v, t; \
	VMULPS.BCST zScale, t, t; \
	VMULPS t, t, q; \
	VMULPS.BCST zSin5th, q, s; \
	VADDPS.BCST zSin3rd, s, s; \
	VMULPS q, s, s; \
	VADDPS.BCST zSin1st, s, s; \
	VMULPS t, s, s

// a, the root of x, becomes b, and x becomes c.
#define Z_POLAR1(x, a, s, q) \
	VMULPS s, a, a; \
	VMULPS a, a, q; \
	VSUBPS q, x, x; \
	VSQRTPS x, x

// $0x6c is u = d ^ (u & sign).
#define Z_POLAR2(u, v, b, c, d) \
	VSUBPS b, c, d; \
	VADDPS b, c, c; \
	VPTERNLOGD.BCST $0x6c, zSign, d, u; \
	VPSLLD $31, v, v; \
	VPXORD c, v, v

// Z_ROUNDS is all rounds of a group but the last.
#define Z_ROUNDS \
	Z_ROUND01(zPA, zHA, zA0, zA1, zA2); Z_ROUND01(zPB, zHB, zB0, zB1, zB2); \
	Z_ROUND2(zA0, zA1, zA2, zA3); Z_ROUND2(zB0, zB1, zB2, zB3); \
	Z_ROUND(24, zA1, zA2, zA3, zA0); Z_ROUND(24, zB1, zB2, zB3, zB0); \
	Z_ROUND(32, zA2, zA3, zA0, zA1); Z_ROUND(32, zB2, zB3, zB0, zB1); \
	Z_ROUND(40, zA3, zA0, zA1, zA2); Z_ROUND(40, zB3, zB0, zB1, zB2); \
	Z_ROUND(48, zA0, zA1, zA2, zA3); Z_ROUND(48, zB0, zB1, zB2, zB3); \
	Z_ROUND(56, zA1, zA2, zA3, zA0); Z_ROUND(56, zB1, zB2, zB3, zB0); \
	Z_ROUND(64, zA2, zA3, zA0, zA1); Z_ROUND(64, zB2, zB3, zB0, zB1)

// Z_GROUP makes normals of U and V, and does Z_ROUNDS for the next group.
#define Z_GROUP \
	Z_ROUND01(zPA, zHA, zA0, zA1, zA2); Z_ROUND01(zPB, zHB, zB0, zB1, zB2); \
	Z_LOG1(zAU, zA4, zA5, zA6); Z_LOG1(zBU, zB4, zB5, zB6); \
	Z_ROUND2(zA0, zA1, zA2, zA3); Z_ROUND2(zB0, zB1, zB2, zB3); \
	Z_LOG2(zA4, zA5, zA6, zA7); Z_LOG2(zB4, zB5, zB6, zB7); \
	Z_ROUND(24, zA1, zA2, zA3, zA0); Z_ROUND(24, zB1, zB2, zB3, zB0); \
	Z_ROUND(32, zA2, zA3, zA0, zA1); Z_ROUND(32, zB2, zB3, zB0, zB1); \
	Z_LOG3(zA4, zA5, zA6, zA7); Z_LOG3(zB4, zB5, zB6, zB7); \
	Z_ROUND(40, zA3, zA0, zA1, zA2); Z_ROUND(40, zB3, zB0, zB1, zB2); \
	Z_SIN(zAV, zA6, zA7, zA8); Z_SIN(zBV, zB6, zB7, zB8); \
	Z_ROUND(48, zA0, zA1, zA2, zA3); Z_ROUND(48, zB0, zB1, zB2, zB3); \
	Z_ROUND(56, zA1, zA2, zA3, zA0); Z_ROUND(56, zB1, zB2, zB3, zB0); \
	Z_POLAR1(zA5, zA4, zA8, zA6); Z_POLAR1(zB5, zB4, zB8, zB6); \
	Z_ROUND(64, zA2, zA3, zA0, zA1); Z_ROUND(64, zB2, zB3, zB0, zB1); \
	Z_POLAR2(zAU, zAV, zA4, zA5, zA6); Z_POLAR2(zBU, zBV, zB4, zB5, zB6)

#define Z_ROUND9AB \
	Z_ROUND9(zA3, zA0, zA1, zA2, zAU, zAV); Z_ROUND9(zB3, zB0, zB1, zB2, zBU, zBV)

// Z_FIRST makes U and V of the first group.
#define Z_FIRST \
	Z_HIGH; \
	Z_ROUNDS; \
	Z_ROUND9AB

#define Z_UNPACK(au, av, bu, bv, x0, x1, x2, x3) \
	VUNPCKLPS av, au, x0; \
	VUNPCKHPS av, au, x1; \
	VUNPCKLPS bv, bu, x2; \
	VUNPCKHPS bv, bu, x3

#define Z_STORE(x0, x1, x2, x3, p) \
	VMOVUPS x0, (p); \
	VMOVUPS x1, 64(p); \
	VMOVUPS x2, 128(p); \
	VMOVUPS x3, 192(p)

#define Z_LOAD(p, x0, x1, x2, x3) \
	VMOVUPS (p), x0; \
	VMOVUPS 64(p), x1; \
	VMOVUPS 128(p), x2; \
	VMOVUPS 192(p), x3

// func wordsAVX512(dst *uint32, n int, k *schedule, b uint32)
TEXT ·wordsAVX512(SB), NOSPLIT, $0-28
	MOVQ dst+0(FP), DI
	MOVQ n+8(FP), CX
	MOVQ k+16(FP), zKeys
	MOVL b+24(FP), AX
	Z_INIT(AX)

	// Two groups at a time, as one of them waits for multiplications. There may be
	// one left at the end.
loop:
	Z_HIGH
	Z_ROUND01(zPA, zHA, zA0, zA1, zA2); Z_ROUND01(zPB, zHB, zB0, zB1, zB2)
	Z_NEXT
	Z_HIGH
	Z_ROUND01(zPA, zHA, zC0, zC1, zC2); Z_ROUND01(zPB, zHB, zD0, zD1, zD2)
	Z_ROUND2(zA0, zA1, zA2, zA3); Z_ROUND2(zB0, zB1, zB2, zB3)
	Z_ROUND2(zC0, zC1, zC2, zC3); Z_ROUND2(zD0, zD1, zD2, zD3)
	Z_ROUND(24, zA1, zA2, zA3, zA0); Z_ROUND(24, zB1, zB2, zB3, zB0)
	Z_ROUND(24, zC1, zC2, zC3, zC0); Z_ROUND(24, zD1, zD2, zD3, zD0)
	Z_ROUND(32, zA2, zA3, zA0, zA1); Z_ROUND(32, zB2, zB3, zB0, zB1)
	Z_ROUND(32, zC2, zC3, zC0, zC1); Z_ROUND(32, zD2, zD3, zD0, zD1)
	Z_ROUND(40, zA3, zA0, zA1, zA2); Z_ROUND(40, zB3, zB0, zB1, zB2)
	Z_ROUND(40, zC3, zC0, zC1, zC2); Z_ROUND(40, zD3, zD0, zD1, zD2)
	Z_ROUND(48, zA0, zA1, zA2, zA3); Z_ROUND(48, zB0, zB1, zB2, zB3)
	Z_ROUND(48, zC0, zC1, zC2, zC3); Z_ROUND(48, zD0, zD1, zD2, zD3)
	Z_ROUND(56, zA1, zA2, zA3, zA0); Z_ROUND(56, zB1, zB2, zB3, zB0)
	Z_ROUND(56, zC1, zC2, zC3, zC0); Z_ROUND(56, zD1, zD2, zD3, zD0)
	Z_ROUND(64, zA2, zA3, zA0, zA1); Z_ROUND(64, zB2, zB3, zB0, zB1)
	Z_ROUND(64, zC2, zC3, zC0, zC1); Z_ROUND(64, zD2, zD3, zD0, zD1)
	Z_ROUND9(zA3, zA0, zA1, zA2, zAU, zAV); Z_ROUND9(zB3, zB0, zB1, zB2, zBU, zBV)
	Z_UNPACK(zAU, zAV, zBU, zBV, zA0, zA1, zB0, zB1)
	Z_STORE(zA0, zA1, zB0, zB1, DI)
	ADDQ $256, DI
	SUBQ $64, CX
	JZ done

	Z_ROUND9(zC3, zC0, zC1, zC2, zAU, zAV); Z_ROUND9(zD3, zD0, zD1, zD2, zBU, zBV)
	Z_NEXT
	Z_UNPACK(zAU, zAV, zBU, zBV, zA0, zA1, zB0, zB1)
	Z_STORE(zA0, zA1, zB0, zB1, DI)
	ADDQ $256, DI
	SUBQ $64, CX
	JNZ loop

done:
	RELEASE
	VZEROUPPER
	RET

// func fillAVX512(dst *float32, n int, k *schedule, b uint32)
TEXT ·fillAVX512(SB), NOSPLIT, $0-28
	MOVQ dst+0(FP), DI
	MOVQ n+8(FP), CX
	MOVQ k+16(FP), zKeys
	MOVL b+24(FP), AX
	Z_INIT(AX)
	Z_FIRST

loop:
	Z_NEXT
	Z_HIGH
	Z_GROUP
	Z_UNPACK(zAU, zAV, zBU, zBV, zA4, zA5, zB4, zB5)
	Z_STORE(zA4, zA5, zB4, zB5, DI)
	Z_ROUND9AB
	ADDQ $256, DI
	SUBQ $64, CX
	JNZ loop
	RELEASE
	VZEROUPPER
	RET

// func perturbAVX512(dst, theta *float32, n int, sigma float32, k *schedule, b uint32)
TEXT ·perturbAVX512(SB), NOSPLIT, $0-44
	MOVQ dst+0(FP), DI
	MOVQ theta+8(FP), SI
	MOVQ n+16(FP), CX
	VBROADCASTSS sigma+24(FP), zSigma
	MOVQ k+32(FP), zKeys
	MOVL b+40(FP), AX
	Z_INIT(AX)
	Z_FIRST

loop:
	Z_NEXT
	Z_HIGH
	Z_GROUP
	VMULPS zAU, zSigma, zAU
	VMULPS zAV, zSigma, zAV
	VMULPS zBU, zSigma, zBU
	VMULPS zBV, zSigma, zBV
	Z_UNPACK(zAU, zAV, zBU, zBV, zA4, zA5, zB4, zB5)
	VADDPS (SI), zA4, zA4
	VADDPS 64(SI), zA5, zA5
	VADDPS 128(SI), zB4, zB4
	VADDPS 192(SI), zB5, zB5
	Z_STORE(zA4, zA5, zB4, zB5, DI)
	Z_ROUND9AB
	ADDQ $256, SI
	ADDQ $256, DI
	SUBQ $64, CX
	JNZ loop
	RELEASE
	VZEROUPPER
	RET

// func perturbPairAVX512(plus, minus, theta *float32, n int, sigma float32, k *schedule, b uint32)
TEXT ·perturbPairAVX512(SB), NOSPLIT, $0-52
	MOVQ plus+0(FP), DI
	MOVQ minus+8(FP), R8
	MOVQ theta+16(FP), SI
	MOVQ n+24(FP), CX
	VBROADCASTSS sigma+32(FP), zSigma
	MOVQ k+40(FP), zKeys
	MOVL b+48(FP), AX
	Z_INIT(AX)
	Z_FIRST

loop:
	Z_NEXT
	Z_HIGH
	Z_GROUP
	VMULPS zAU, zSigma, zAU
	VMULPS zAV, zSigma, zAV
	VMULPS zBU, zSigma, zBU
	VMULPS zBV, zSigma, zBV
	Z_UNPACK(zAU, zAV, zBU, zBV, zA4, zA5, zB4, zB5)
	Z_LOAD(SI, zA6, zA7, zB6, zB7)
	VADDPS zA4, zA6, zAU
	VADDPS zA5, zA7, zAV
	VADDPS zB4, zB6, zBU
	VADDPS zB5, zB7, zBV
	VSUBPS zA4, zA6, zA6
	VSUBPS zA5, zA7, zA7
	VSUBPS zB4, zB6, zB6
	VSUBPS zB5, zB7, zB7
	Z_STORE(zAU, zAV, zBU, zBV, DI)
	Z_STORE(zA6, zA7, zB6, zB7, R8)
	Z_ROUND9AB
	ADDQ $256, SI
	ADDQ $256, DI
	ADDQ $256, R8
	SUBQ $64, CX
	JNZ loop
	RELEASE
	VZEROUPPER
	RET

// Lanes: 16 streams at a time, one in each lane of a row. Set A has the first eight
// of them, in the order 0, 4, 1, 5, 2, 6, 3, 7, and set B the others.

#define zAK0 Z9
#define zAK1 Z10
#define zBK0 Z11
#define zBK1 Z12
#define zNatural Z29 // where the words of streams 0 to 15 are in sets A and B

DATA z_natural<>+0(SB)/8, $0x0000000400000000
DATA z_natural<>+8(SB)/8, $0x0000000c00000008
DATA z_natural<>+16(SB)/8, $0x0000000600000002
DATA z_natural<>+24(SB)/8, $0x0000000e0000000a
DATA z_natural<>+32(SB)/8, $0x0000001400000010
DATA z_natural<>+40(SB)/8, $0x0000001c00000018
DATA z_natural<>+48(SB)/8, $0x0000001600000012
DATA z_natural<>+56(SB)/8, $0x0000001e0000001a
GLOBL z_natural<>(SB), RODATA|NOPTR, $64

#define zWeyl0 z_weyl<>+0(SB)
DATA z_weyl<>+0(SB)/4, $0x9E3779B9
#define zWeyl1 z_weyl<>+4(SB)
DATA z_weyl<>+4(SB)/4, $0xBB67AE85
#define zOne z_weyl<>+8(SB)
DATA z_weyl<>+8(SB)/4, $0x3f800000
GLOBL z_weyl<>(SB), RODATA|NOPTR, $12

// Z_STREAMS sets keys and counters of a set to those of the eight streams at o(p), and
// block b, a vector.
#define Z_STREAMS(p, o, b, k0, k1, c0, c1, c2, c3) \
	VMOVDQU64 o(p), c2; \
	VMOVDQU64 o+64(p), c3; \
	VPUNPCKLQDQ c3, c2, k0; \
	VPUNPCKHQDQ c3, c2, c2; \
	VPSRLQ $32, k0, k1; \
	VPSRLQ $32, c2, c3; \
	VMOVDQA64 b, c0; \
	VPXORD c1, c1, c1

// Z_KEYED is a round of one set, as Z_ROUND, and moves its keys on to the next one.
#define Z_KEYED(k0, k1, c0, c1, c2, c3) \
	VPMULUDQ zM0, c0, c0; \
	VPMULUDQ zM1, c2, c2; \
	VPSRLQ $32, c0, zT; \
	VPTERNLOGD $0x96, k1, zT, c3; \
	VMOVSHDUP c2, zT; \
	VPTERNLOGD $0x96, k0, zT, c1; \
	VPADDD.BCST zWeyl0, k0, k0; \
	VPADDD.BCST zWeyl1, k1, k1

#define Z_KEYEDAB(a0, a1, a2, a3, b0, b1, b2, b3) \
	Z_KEYED(zAK0, zAK1, a0, a1, a2, a3); \
	Z_KEYED(zBK0, zBK1, b0, b1, b2, b3)

// Z_LANEWORDS sets zAU, zAV, zBU, zBV to words 0 to 3 of block b of 16 streams.
#define Z_LANEWORDS(p, b) \
	Z_STREAMS(p, 0, b, zAK0, zAK1, zA0, zA1, zA2, zA3); \
	Z_STREAMS(p, 128, b, zBK0, zBK1, zB0, zB1, zB2, zB3); \
	Z_KEYEDAB(zA0, zA1, zA2, zA3, zB0, zB1, zB2, zB3); \
	Z_KEYEDAB(zA1, zA2, zA3, zA0, zB1, zB2, zB3, zB0); \
	Z_KEYEDAB(zA2, zA3, zA0, zA1, zB2, zB3, zB0, zB1); \
	Z_KEYEDAB(zA3, zA0, zA1, zA2, zB3, zB0, zB1, zB2); \
	Z_KEYEDAB(zA0, zA1, zA2, zA3, zB0, zB1, zB2, zB3); \
	Z_KEYEDAB(zA1, zA2, zA3, zA0, zB1, zB2, zB3, zB0); \
	Z_KEYEDAB(zA2, zA3, zA0, zA1, zB2, zB3, zB0, zB1); \
	Z_KEYEDAB(zA3, zA0, zA1, zA2, zB3, zB0, zB1, zB2); \
	Z_KEYEDAB(zA0, zA1, zA2, zA3, zB0, zB1, zB2, zB3); \
	Z_KEYEDAB(zA1, zA2, zA3, zA0, zB1, zB2, zB3, zB0); \
	VMOVDQA64 zA2, zAU; \
	VPERMT2D zB2, zNatural, zAU; \
	VMOVDQA64 zA3, zAV; \
	VPERMT2D zB3, zNatural, zAV; \
	VMOVDQA64 zA0, zBU; \
	VPERMT2D zB0, zNatural, zBU; \
	VMOVDQA64 zA1, zBV; \
	VPERMT2D zB1, zNatural, zBV

// Z_NORMALS turns a pair of rows of words into normals.
#define Z_NORMALS(u, v, t4, t5, t6, t7, t8) \
	Z_LOG1(u, t4, t5, t6); \
	Z_LOG2(t4, t5, t6, t7); \
	Z_LOG3(t4, t5, t6, t7); \
	Z_SIN(v, t6, t7, t8); \
	Z_POLAR1(t5, t4, t8, t6); \
	Z_POLAR2(u, v, t4, t5, t6)

#define Z_LANEINIT \
	VPBROADCASTQ zMul0, zM0; \
	VPBROADCASTQ zMul1, zM1; \
	VMOVDQU64 z_natural<>(SB), zNatural

// func fillLanesAVX512(dst *float32, stride, n int, ss *Stream, count int, b uint32)
TEXT ·fillLanesAVX512(SB), NOSPLIT, $0-44
	MOVQ dst+0(FP), DI
	MOVQ stride+8(FP), DX
	MOVQ ss+24(FP), SI
	MOVQ count+32(FP), R10
	SHLQ $2, DX
	Z_LANEINIT

streams:
	MOVQ DI, R8
	MOVQ n+16(FP), CX
	MOVL b+40(FP), AX

rows:
	VPBROADCASTQ AX, zB4
	Z_LANEWORDS(SI, zB4)
	Z_NORMALS(zAU, zAV, zA4, zA5, zA6, zA7, zA8)
	VMOVUPS zAU, (R8)
	CMPQ CX, $1
	JEQ next
	VMOVUPS zAV, (R8)(DX*1)
	CMPQ CX, $2
	JEQ next
	Z_NORMALS(zBU, zBV, zB4, zB5, zB6, zB7, zB8)
	LEAQ (R8)(DX*2), R8
	VMOVUPS zBU, (R8)
	CMPQ CX, $3
	JEQ next
	VMOVUPS zBV, (R8)(DX*1)
	LEAQ (R8)(DX*2), R8
	INCL AX
	SUBQ $4, CX
	JNZ rows

next:
	ADDQ $256, SI
	ADDQ $64, DI
	SUBQ $16, R10
	JNZ streams
	RELEASE
	VZEROUPPER
	RET

// Z_PAIR writes a row of perturbations, of theta at R11.
#define Z_PAIR(eps, t, u) \
	VBROADCASTSS (R11), t; \
	VMULPS zSigma, eps, eps; \
	VADDPS eps, t, u; \
	VSUBPS eps, t, t; \
	VMOVUPS u, (R8); \
	VMOVUPS t, (R9)

#define Z_PAIRNEXT \
	ADDQ $4, R11; \
	ADDQ DX, R8; \
	ADDQ DX, R9; \
	DECQ CX; \
	JEQ next

// func perturbPairLanesAVX512(plus, minus *float32, stride int, theta *float32, n int, sigma float32, ss *Stream, count int, b uint32)
TEXT ·perturbPairLanesAVX512(SB), NOSPLIT, $0-68
	MOVQ plus+0(FP), DI
	MOVQ minus+8(FP), BX
	MOVQ stride+16(FP), DX
	VBROADCASTSS sigma+40(FP), zSigma
	MOVQ ss+48(FP), SI
	MOVQ count+56(FP), R10
	SHLQ $2, DX
	Z_LANEINIT

streams:
	MOVQ DI, R8
	MOVQ BX, R9
	MOVQ theta+24(FP), R11
	MOVQ n+32(FP), CX
	MOVL b+64(FP), AX

rows:
	VPBROADCASTQ AX, zB4
	Z_LANEWORDS(SI, zB4)
	Z_NORMALS(zAU, zAV, zA4, zA5, zA6, zA7, zA8)
	Z_PAIR(zAU, zA4, zA5)
	Z_PAIRNEXT
	Z_PAIR(zAV, zA4, zA5)
	Z_PAIRNEXT
	Z_NORMALS(zBU, zBV, zB4, zB5, zB6, zB7, zB8)
	Z_PAIR(zBU, zB4, zB5)
	Z_PAIRNEXT
	Z_PAIR(zBV, zB4, zB5)
	Z_PAIRNEXT
	INCL AX
	JMP rows

next:
	ADDQ $256, SI
	ADDQ $64, DI
	ADDQ $64, BX
	SUBQ $16, R10
	JNZ streams
	RELEASE
	VZEROUPPER
	RET

// Combine has no register for mul0: the sums take it.
#undef Z_MUL0
#define Z_MUL0(c, p) VPMULUDQ.BCST zMul0, c, p

// func combineAVX512(acc *float32, n int, ws *float32, ks *schedule, count int, b uint32)
TEXT ·combineAVX512(SB), NOSPLIT, $0-44
	MOVQ acc+0(FP), DI
	MOVQ n+8(FP), CX
	MOVQ ws+16(FP), R8
	MOVQ ks+24(FP), R9
	MOVQ count+32(FP), R10
	MOVL b+40(FP), AX
	Z_INIT(AX)
	MOVQ R9, zKeys
	Z_FIRST

group:
	Z_LOAD(DI, zA4, zA5, zB4, zB5)
	VSHUFPS $0x88, zA5, zA4, zSAU
	VSHUFPS $0xdd, zA5, zA4, zSAV
	VSHUFPS $0x88, zB5, zB4, zSBU
	VSHUFPS $0xdd, zB5, zB4, zSBV
	MOVQ R8, SI
	MOVQ R10, BX

stream:
	ADDQ $80, zKeys
	DECQ BX
	JNZ next

	// The next stream is the first one again, for the next group.
	MOVQ R9, zKeys
	Z_NEXT
	Z_HIGH

next:
	Z_GROUP
	VMULPS.BCST (SI), zAU, zAU
	VMULPS.BCST (SI), zAV, zAV
	VMULPS.BCST (SI), zBU, zBU
	VMULPS.BCST (SI), zBV, zBV
	VADDPS zAU, zSAU, zSAU
	VADDPS zAV, zSAV, zSAV
	VADDPS zBU, zSBU, zSBU
	VADDPS zBV, zSBV, zSBV
	Z_ROUND9AB
	ADDQ $4, SI
	TESTQ BX, BX
	JNZ stream

	Z_UNPACK(zSAU, zSAV, zSBU, zSBV, zA4, zA5, zB4, zB5)
	Z_STORE(zA4, zA5, zB4, zB5, DI)
	ADDQ $256, DI
	SUBQ $64, CX
	JNZ group
	RELEASE
	VZEROUPPER
	RET

// Signs in lanes: word j of a block has the bits of rows 32j to 32j+31.

// Z_SIGN sets eps to the row of the lowest bits of zAU, which it shifts out.
#define Z_SIGN(eps) \
	VPSLLD $31, zAU, eps; \
	VPORD.BCST zOne, eps, eps; \
	VPSRLD $1, zAU, zAU

// Z_NEXTWORD sets zAU to the next word.
#define Z_NEXTWORD \
	VMOVDQA64 zAV, zAU; \
	VMOVDQA64 zBU, zAV; \
	VMOVDQA64 zBV, zBU

// func fillSignLanesAVX512(dst *float32, stride, n int, ss *Stream, count int, b uint32)
TEXT ·fillSignLanesAVX512(SB), NOSPLIT, $0-44
	MOVQ dst+0(FP), DI
	MOVQ stride+8(FP), DX
	MOVQ ss+24(FP), SI
	MOVQ count+32(FP), R10
	SHLQ $2, DX
	Z_LANEINIT

streams:
	MOVQ DI, R8
	MOVQ n+16(FP), CX
	MOVL b+40(FP), AX

block:
	VPBROADCASTQ AX, zB4
	Z_LANEWORDS(SI, zB4)
	MOVL $4, R13

word:
	MOVL $32, R12

row:
	Z_SIGN(zA4)
	VMOVUPS zA4, (R8)
	ADDQ DX, R8
	DECQ CX
	JEQ next
	DECL R12
	JNZ row
	Z_NEXTWORD
	DECL R13
	JNZ word
	INCL AX
	JMP block

next:
	ADDQ $256, SI
	ADDQ $64, DI
	SUBQ $16, R10
	JNZ streams
	RELEASE
	VZEROUPPER
	RET

// func perturbPairSignLanesAVX512(plus, minus *float32, stride int, theta *float32, n int, sigma float32, ss *Stream, count int, b uint32)
TEXT ·perturbPairSignLanesAVX512(SB), NOSPLIT, $0-68
	MOVQ plus+0(FP), DI
	MOVQ minus+8(FP), BX
	MOVQ stride+16(FP), DX
	VBROADCASTSS sigma+40(FP), zSigma
	MOVQ ss+48(FP), SI
	MOVQ count+56(FP), R10
	SHLQ $2, DX
	Z_LANEINIT

streams:
	MOVQ DI, R8
	MOVQ BX, R9
	MOVQ theta+24(FP), R11
	MOVQ n+32(FP), CX
	MOVL b+64(FP), AX

block:
	VPBROADCASTQ AX, zB4
	Z_LANEWORDS(SI, zB4)
	MOVL $4, R13

word:
	MOVL $32, R12

row:
	Z_SIGN(zA4)
	Z_PAIR(zA4, zA5, zA6)
	Z_PAIRNEXT
	DECL R12
	JNZ row
	Z_NEXTWORD
	DECL R13
	JNZ word
	INCL AX
	JMP block

next:
	ADDQ $256, SI
	ADDQ $64, DI
	ADDQ $64, BX
	SUBQ $16, R10
	JNZ streams
	RELEASE
	VZEROUPPER
	RET
