//go:build !purego

#include "textflag.h"

// Words and normals for AVX2, 32 elements (8 blocks) at a time: Philox for two
// groups of 4 blocks, A and B, then normalPair for 8 pairs, twice. schedule and
// normalPair say what is computed.
//
// The counter words of A and of B are in 64-bit lanes, of which only the lower half
// matters: VPMULUDQ ignores the upper one, and the lower half of its product is the
// next c1 or c3 as it stands. The last round packs A and B. A has the blocks 0, 2,
// 1, 3 and B those 4 further on; so 32-bit lane 4L+p of a packed word is of block
// 2p+L, and a 4x4 transpose in each 128-bit lane gives the natural order.
//
// The three vector ports are what is scarce, so constants and keys are loaded where
// they are needed. Latencies are hidden by making the next words between the steps
// that turn the present ones, which are in the frame, into normals.

#define A2_CONST(name, x) \
	DATA name<>+0(SB)/4, x;  \
	DATA name<>+4(SB)/4, x;  \
	DATA name<>+8(SB)/4, x;  \
	DATA name<>+12(SB)/4, x; \
	DATA name<>+16(SB)/4, x; \
	DATA name<>+20(SB)/4, x; \
	DATA name<>+24(SB)/4, x; \
	DATA name<>+28(SB)/4, x; \
	GLOBL name<>(SB), RODATA|NOPTR, $32

A2_CONST(a2mul0, $0xd2511f53)
A2_CONST(a2mul1, $0xcd9e8d57)
A2_CONST(a2half, $0x3f000000)
A2_CONST(a2one, $0x3f800000)
A2_CONST(a2sign, $0x80000000)
A2_CONST(a2exponent, $0x7f800000)
A2_CONST(a2mantissa, $0x007fffff)
A2_CONST(a2ln2Hi, $0x33b17220) // ln2Hi·2^-23
A2_CONST(a2log2nd, $0xbf0030e9)
A2_CONST(a2log3rd, $0x3eab9bf0)
A2_CONST(a2unit, $0x30000000) // 2^-31
A2_CONST(a2sin1st, $0x3f490fc7)
A2_CONST(a2sin3rd, $0xbda5530c)
A2_CONST(a2sin5th, $0x3b1f9f9e)

DATA a2logRecip<>+0(SB)/4, $0x3f710124
DATA a2logRecip<>+4(SB)/4, $0x3f56cf6f
DATA a2logRecip<>+8(SB)/4, $0x3f426c56
DATA a2logRecip<>+12(SB)/4, $0x3f32b7c9
DATA a2logRecip<>+16(SB)/4, $0x3f23923c
DATA a2logRecip<>+20(SB)/4, $0x3f1828fd
DATA a2logRecip<>+24(SB)/4, $0x3f0d7e9d
DATA a2logRecip<>+28(SB)/4, $0x3f000000
GLOBL a2logRecip<>(SB), RODATA|NOPTR, $32

DATA a2logOffset<>+0(SB)/4, $0x41ab6af0
DATA a2logOffset<>+4(SB)/4, $0x41aa7f4b
DATA a2logOffset<>+8(SB)/4, $0x41a9b312
DATA a2logOffset<>+12(SB)/4, $0x41a90692
DATA a2logOffset<>+16(SB)/4, $0x41a85133
DATA a2logOffset<>+20(SB)/4, $0x41a7bd19
DATA a2logOffset<>+24(SB)/4, $0x41a72844
DATA a2logOffset<>+28(SB)/4, $0x41a65afe
GLOBL a2logOffset<>(SB), RODATA|NOPTR, $32

// The blocks of A.
DATA a2blocks<>+0(SB)/8, $0
DATA a2blocks<>+8(SB)/8, $2
DATA a2blocks<>+16(SB)/8, $1
DATA a2blocks<>+24(SB)/8, $3
GLOBL a2blocks<>(SB), RODATA|NOPTR, $32

// 4·mul0, from A to B to the next A.
DATA a2step<>+0(SB)/8, $0x349447d4c
DATA a2step<>+8(SB)/8, $0x349447d4c
DATA a2step<>+16(SB)/8, $0x349447d4c
DATA a2step<>+24(SB)/8, $0x349447d4c
GLOBL a2step<>(SB), RODATA|NOPTR, $32

// a0-a3 and b0-b3 are the counter words of A and of B, whose roles rotate by one
// each round, t0-t3 is for normals, and u, v are free between macros.
#define a0 Y0
#define a1 Y1
#define a2 Y2
#define a3 Y3
#define b0 Y4
#define b1 Y5
#define b2 Y6
#define b3 Y7
#define u Y8
#define v Y9
#define t0 Y10
#define t1 Y11
#define t2 Y12
#define t3 Y13
#define m0 Y14 // the multipliers
#define m1 Y15

#define left CX
#define keys SI
#define frame R8 // the local variables, aligned

// In the frame:
#define w0 0(frame) // the words of 8 blocks
#define w1 32(frame)
#define w2 64(frame)
#define w3 96(frame)
#define pa 128(frame) // M0·b of A
#define x0 160(frame) // −ln u
#define x1 192(frame)
#define scale 224(frame) // sigma
#define pb 224(frame)
#define sum0 256(frame)
#define sum1 288(frame)
#define sum2 320(frame)
#define sum3 352(frame)

// A2_SETUP aligns the frame and sets m0, m1, and a0 to M0·b.
#define A2_SETUP(b) \
	LEAQ 31(SP), frame;            \
	ANDQ $~31, frame;              \
	VMOVDQU a2mul0<>(SB), m0;      \
	VMOVDQU a2mul1<>(SB), m1;      \
	VPBROADCASTD b, a0;            \
	VPADDD a2blocks<>(SB), a0, a0; \
	VPMULUDQ m0, a0, a0

// A2_NEXT sets a0 and b0 to M0·b, from pa, and pa to that of the next 8 blocks.
#define A2_NEXT \
	VMOVDQU pa, a0;              \
	VPADDQ a2step<>(SB), a0, b0; \
	VPADDQ a2step<>(SB), b0, u;  \
	VMOVDQU u, pa

// A2_START is rounds 0 and 1. p and q are M0·b of A and B.
#define A2_START(p, q) \
	VPBROADCASTQ 0(keys), u; \
	VPXOR p, u, a2;          \
	VPXOR q, u, b2;          \
	VPSRLQ $32, a2, a1;      \
	VPSRLQ $32, b2, b1;      \
	VPMULUDQ m1, a1, a1;     \
	VPMULUDQ m1, b1, b1;     \
	VPBROADCASTQ 8(keys), u; \
	VPXOR u, a1, a1;         \
	VPXOR u, b1, b1;         \
	VPSRLQ $32, a1, a0;      \
	VPSRLQ $32, b1, b0

// A2_HALF multiplies c; the upper half of the product goes to d, which becomes c0
// or c2. Shuffles shift, as they have another port to go to than multiplications.
#define A2_HALF(m, c, d) \
	VPMULUDQ m, c, c; \
	VMOVSHDUP c, v;   \
	VPXOR v, d, d

// A2_KEYHALF also brings in the key u.
#define A2_KEYHALF(m, c, d) \
	VPMULUDQ m, c, c; \
	VPXOR u, c, c;    \
	VMOVSHDUP c, v;   \
	VPXOR v, d, d

// A2_ROUND2 differs from other rounds in that there is no c3.
#define A2_ROUND2 \
	VPBROADCASTQ 16(keys), u; \
	A2_HALF(m1, a2, a1);      \
	A2_HALF(m1, b2, b1);      \
	VPMULUDQ m0, a0, a0;      \
	VPMULUDQ m0, b0, b0;      \
	VPXOR u, a0, a0;          \
	VPXOR u, b0, b0;          \
	VMOVSHDUP a0, a3;         \
	VMOVSHDUP b0, b3

// After A2_EVEN and A2_ODD, round r, the words are c1, c2, c3, c0; d is for B.
#define A2_EVEN(r, c0, c1, c2, c3, d0, d1, d2, d3) \
	VPBROADCASTQ 8*r(keys), u; \
	A2_HALF(m1, c2, c1);       \
	A2_KEYHALF(m0, c0, c3);    \
	A2_HALF(m1, d2, d1);       \
	A2_KEYHALF(m0, d0, d3)

#define A2_ODD(r, c0, c1, c2, c3, d0, d1, d2, d3) \
	VPBROADCASTQ 8*r(keys), u; \
	A2_HALF(m0, c0, c3);       \
	A2_KEYHALF(m1, c2, c1);    \
	A2_HALF(m0, d0, d3);       \
	A2_KEYHALF(m1, d2, d1)

#define A2_ROUND3 A2_ODD(3, a1, a2, a3, a0, b1, b2, b3, b0)
#define A2_ROUND4 A2_EVEN(4, a2, a3, a0, a1, b2, b3, b0, b1)
#define A2_ROUND5 A2_ODD(5, a3, a0, a1, a2, b3, b0, b1, b2)
#define A2_ROUND6 A2_EVEN(6, a0, a1, a2, a3, b0, b1, b2, b3)
#define A2_ROUND7 A2_ODD(7, a1, a2, a3, a0, b1, b2, b3, b0)
#define A2_ROUND8 A2_EVEN(8, a2, a3, a0, a1, b2, b3, b0, b1)

// A2_ROUND9 starts from c0 = a3, c1 = a0, c2 = a1, c3 = a2 and packs the words of A
// and B into b0-b3.
#define A2_ROUND9 \
	VPMULUDQ m0, a3, a3;       \
	VPMULUDQ m0, b3, b3;       \
	VPMULUDQ m1, a1, a1;       \
	VPMULUDQ m1, b1, b1;       \
	VPBROADCASTD 76(keys), u;  \
	VSHUFPS $0x88, b0, a0, b0; \
	VPXOR u, b0, b0;           \
	VSHUFPS $0x88, b2, a2, b2; \
	VSHUFPS $0xdd, b3, a3, v;  \
	VPXOR v, b2, b2;           \
	VSHUFPS $0x88, b3, a3, b3; \
	VSHUFPS $0xdd, b1, a1, v;  \
	VPXOR v, b0, b0;           \
	VSHUFPS $0x88, b1, a1, b1

#define A2_SAVE \
	VMOVDQU b0, w0; \
	VMOVDQU b1, w1; \
	VMOVDQU b2, w2; \
	VMOVDQU b3, w3

// A2_LOG1 sets f = |w0|+½ but for the sign, and y = e·ln2Hi, from e·2^23.
#define A2_LOG1(w0, f, y) \
	VCVTDQ2PS w0, f;              \
	VADDPS a2half<>(SB), f, f;    \
	VPAND a2exponent<>(SB), f, y; \
	VPSUBD a2one<>(SB), y, y;     \
	VCVTDQ2PS y, y;               \
	VMULPS a2ln2Hi<>(SB), y, y

// A2_LOG2 turns f into r, and y into logOffset − e·ln2Hi. VPERMPS looks at the three
// bits of i only.
#define A2_LOG2(f, y) \
	VPSRLD $20, f, u;                \
	VPERMPS a2logOffset<>(SB), u, v; \
	VSUBPS y, v, y;                  \
	VPERMPS a2logRecip<>(SB), u, u;  \
	VPAND a2mantissa<>(SB), f, f;    \
	VPOR a2one<>(SB), f, f;          \
	VMULPS u, f, f;                  \
	VSUBPS a2one<>(SB), f, f

// A2_LOG3 sets x = −ln u and turns r into its square root.
#define A2_LOG3(r, y, x) \
	VMULPS a2log3rd<>(SB), r, u; \
	VADDPS a2log2nd<>(SB), u, u; \
	VMULPS r, r, v;              \
	VMULPS v, u, u;              \
	VADDPS r, u, u;              \
	VSUBPS u, y, y;              \
	VMOVUPS y, x;                \
	VSQRTPS y, r

// A2_SIN sets s = sin φ.
#define A2_SIN(w1, s) \
	VCVTDQ2PS w1, s;             \
	VMULPS a2unit<>(SB), s, s;   \
	VMULPS s, s, u;              \
	VMULPS a2sin5th<>(SB), u, v; \
	VADDPS a2sin3rd<>(SB), v, v; \
	VMULPS u, v, v;              \
	VADDPS a2sin1st<>(SB), v, v; \
	VMULPS s, v, s

// A2_COS turns s into b and r into c.
#define A2_COS(r, s, x) \
	VMULPS r, s, s; \
	VMOVUPS x, r;   \
	VMULPS s, s, u; \
	VSUBPS u, r, r; \
	VSQRTPS r, r

// A2_PAIR turns c and b into the normals.
#define A2_PAIR(w0, w1, c, b) \
	VSUBPS b, c, u;           \
	VADDPS b, c, b;           \
	VMOVDQU w0, c;            \
	VMOVDQU w1, v;            \
	VPAND a2sign<>(SB), c, c; \
	VPSLLD $31, v, v;         \
	VPXOR u, c, c;            \
	VPXOR v, b, b

// After A2_START, A2_WORDS makes words; A2_NORMALS makes the normals t0-t3 of the
// saved words, and A2_BOTH does both, and saves the new words.
#define A2_WORDS \
	A2_ROUND2; \
	A2_ROUND3; \
	A2_ROUND4; \
	A2_ROUND5; \
	A2_ROUND6; \
	A2_ROUND7; \
	A2_ROUND8; \
	A2_ROUND9

#define A2_NORMALS \
	A2_LOG1(w0, t0, t1);     \
	A2_LOG1(w2, t2, t3);     \
	A2_LOG2(t0, t1);         \
	A2_LOG2(t2, t3);         \
	A2_LOG3(t0, t1, x0);     \
	A2_LOG3(t2, t3, x1);     \
	A2_SIN(w1, t1);          \
	A2_SIN(w3, t3);          \
	A2_COS(t0, t1, x0);      \
	A2_COS(t2, t3, x1);      \
	A2_PAIR(w0, w1, t0, t1); \
	A2_PAIR(w2, w3, t2, t3)

#define A2_BOTH \
	A2_LOG1(w0, t0, t1);     \
	A2_ROUND2;               \
	A2_LOG1(w2, t2, t3);     \
	A2_LOG2(t0, t1);         \
	A2_ROUND3;               \
	A2_LOG2(t2, t3);         \
	A2_ROUND4;               \
	A2_LOG3(t0, t1, x0);     \
	A2_ROUND5;               \
	A2_LOG3(t2, t3, x1);     \
	A2_ROUND6;               \
	A2_SIN(w1, t1);          \
	A2_COS(t0, t1, x0);      \
	A2_ROUND7;               \
	A2_SIN(w3, t3);          \
	A2_COS(t2, t3, x1);      \
	A2_ROUND8;               \
	A2_PAIR(w0, w1, t0, t1); \
	A2_ROUND9;               \
	A2_PAIR(w2, w3, t2, t3); \
	A2_SAVE

// A2_TRANSPOSE transposes x0-x3 in each 128-bit lane; y0-y3 are temporaries.
#define A2_TRANSPOSE(x0, x1, x2, x3, y0, y1, y2, y3) \
	VPUNPCKLDQ x1, x0, y0;  \
	VPUNPCKHDQ x1, x0, y1;  \
	VPUNPCKLDQ x3, x2, y2;  \
	VPUNPCKHDQ x3, x2, y3;  \
	VPUNPCKLQDQ y2, y0, x0; \
	VPUNPCKHQDQ y2, y0, x1; \
	VPUNPCKLQDQ y3, y1, x2; \
	VPUNPCKHQDQ y3, y1, x3

#define A2_ORDER A2_TRANSPOSE(t0, t1, t2, t3, a0, a1, a2, a3)

#define A2_STORE(x0, x1, x2, x3) \
	VMOVUPS x0, 0(DI);  \
	VMOVUPS x1, 32(DI); \
	VMOVUPS x2, 64(DI); \
	VMOVUPS x3, 96(DI)

// func wordsAVX2(dst *uint32, n int, k *schedule, b uint32)
TEXT ·wordsAVX2(SB), NOSPLIT, $192-28
	MOVQ dst+0(FP), DI
	MOVQ n+8(FP), left
	MOVQ k+16(FP), keys
	A2_SETUP(b+24(FP))
	VMOVDQU a0, pa

words:
	A2_NEXT
	A2_START(a0, b0)
	A2_WORDS
	A2_TRANSPOSE(b0, b1, b2, b3, t0, t1, t2, t3)
	A2_STORE(b0, b1, b2, b3)
	ADDQ $128, DI
	SUBQ $32, left
	JNZ  words
	VZEROUPPER
	RET

// func fillAVX2(dst *float32, n int, k *schedule, b uint32)
TEXT ·fillAVX2(SB), NOSPLIT, $256-28
	MOVQ dst+0(FP), DI
	MOVQ n+8(FP), left
	MOVQ k+16(FP), keys
	A2_SETUP(b+24(FP))
	VMOVDQU a0, pa
	A2_NEXT
	A2_START(a0, b0)
	A2_WORDS
	A2_SAVE
	SUBQ $32, left

fill:
	A2_NEXT
	A2_START(a0, b0)
	A2_BOTH
	A2_ORDER
	A2_STORE(t0, t1, t2, t3)
	ADDQ $128, DI
	SUBQ $32, left
	JNZ  fill

	A2_NORMALS
	A2_ORDER
	A2_STORE(t0, t1, t2, t3)
	VZEROUPPER
	RET

#define A2_PERTURB \
	VMOVUPS scale, u;      \
	VMULPS u, t0, t0;      \
	VMULPS u, t1, t1;      \
	VMULPS u, t2, t2;      \
	VMULPS u, t3, t3;      \
	VADDPS 0(DX), t0, t0;  \
	VADDPS 32(DX), t1, t1; \
	VADDPS 64(DX), t2, t2; \
	VADDPS 96(DX), t3, t3; \
	A2_STORE(t0, t1, t2, t3)

// func perturbAVX2(dst, theta *float32, n int, sigma float32, k *schedule, b uint32)
TEXT ·perturbAVX2(SB), NOSPLIT, $288-44
	MOVQ dst+0(FP), DI
	MOVQ theta+8(FP), DX
	MOVQ n+16(FP), left
	MOVQ k+32(FP), keys
	A2_SETUP(b+40(FP))
	VBROADCASTSS sigma+24(FP), u
	VMOVUPS u, scale
	VMOVDQU a0, pa
	A2_NEXT
	A2_START(a0, b0)
	A2_WORDS
	A2_SAVE
	SUBQ $32, left

perturb:
	A2_NEXT
	A2_START(a0, b0)
	A2_BOTH
	A2_ORDER
	A2_PERTURB
	ADDQ $128, DI
	ADDQ $128, DX
	SUBQ $32, left
	JNZ  perturb

	A2_NORMALS
	A2_ORDER
	A2_PERTURB
	VZEROUPPER
	RET

#define A2_UPDOWN(i, x) \
	VMULPS scale, x, x; \
	VMOVUPS i(DX), u;   \
	VADDPS x, u, v;     \
	VSUBPS x, u, u;     \
	VMOVUPS v, i(DI);   \
	VMOVUPS u, i(R9)

#define A2_PERTURBPAIR \
	A2_UPDOWN(0, t0);  \
	A2_UPDOWN(32, t1); \
	A2_UPDOWN(64, t2); \
	A2_UPDOWN(96, t3)

// func perturbPairAVX2(plus, minus, theta *float32, n int, sigma float32, k *schedule, b uint32)
TEXT ·perturbPairAVX2(SB), NOSPLIT, $288-52
	MOVQ plus+0(FP), DI
	MOVQ minus+8(FP), R9
	MOVQ theta+16(FP), DX
	MOVQ n+24(FP), left
	MOVQ k+40(FP), keys
	A2_SETUP(b+48(FP))
	VBROADCASTSS sigma+32(FP), u
	VMOVUPS u, scale
	VMOVDQU a0, pa
	A2_NEXT
	A2_START(a0, b0)
	A2_WORDS
	A2_SAVE
	SUBQ $32, left

pair:
	A2_NEXT
	A2_START(a0, b0)
	A2_BOTH
	A2_ORDER
	A2_PERTURBPAIR
	ADDQ $128, DI
	ADDQ $128, R9
	ADDQ $128, DX
	SUBQ $32, left
	JNZ  pair

	A2_NORMALS
	A2_ORDER
	A2_PERTURBPAIR
	VZEROUPPER
	RET

// A2_ADD adds the normals times the weight of the stream to the sums.
#define A2_ADD \
	VBROADCASTSS (DX), u; \
	VMULPS u, t0, t0;     \
	VMULPS u, t1, t1;     \
	VMULPS u, t2, t2;     \
	VMULPS u, t3, t3;     \
	VADDPS sum0, t0, t0;  \
	VADDPS sum1, t1, t1;  \
	VADDPS sum2, t2, t2;  \
	VADDPS sum3, t3, t3;  \
	VMOVUPS t0, sum0;     \
	VMOVUPS t1, sum1;     \
	VMOVUPS t2, sum2;     \
	VMOVUPS t3, sum3

// func combineAVX2(sums *float32, n int, ws *float32, ks *schedule, count int, b uint32)
TEXT ·combineAVX2(SB), NOSPLIT, $416-44
	MOVQ sums+0(FP), DI
	MOVQ n+8(FP), left
	MOVQ ws+16(FP), R9
	MOVQ ks+24(FP), R10
	MOVQ count+32(FP), R11
	A2_SETUP(b+40(FP))

	// For 32 elements, all streams. The sums are in the order in which normals come,
	// not transposed.
combine:
	VPADDQ a2step<>(SB), a0, b0
	VMOVDQU a0, pa
	VMOVDQU b0, pb
	VMOVUPS 0(DI), t0
	VMOVUPS 32(DI), t1
	VMOVUPS 64(DI), t2
	VMOVUPS 96(DI), t3
	A2_ORDER
	VMOVUPS t0, sum0
	VMOVUPS t1, sum1
	VMOVUPS t2, sum2
	VMOVUPS t3, sum3
	MOVQ R9, DX
	MOVQ R10, keys
	MOVQ R11, AX
	A2_START(pa, pb)
	A2_WORDS
	A2_SAVE
	DECQ AX
	JZ   last

stream:
	ADDQ $80, keys
	A2_START(pa, pb)
	A2_BOTH
	A2_ADD
	ADDQ $4, DX
	DECQ AX
	JNZ  stream

last:
	A2_NORMALS
	A2_ADD
	A2_ORDER
	A2_STORE(t0, t1, t2, t3)
	ADDQ $128, DI
	VMOVDQU pb, a0
	VPADDQ a2step<>(SB), a0, a0
	SUBQ $32, left
	JNZ  combine
	VZEROUPPER
	RET
