//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"

// Words and normals on NEON, 16 blocks (64 elements) at a time: lane L of V(4p+j)
// is word j of block 4p+L, and becomes element j of it in place. VLD4 and VST4
// transpose between this and the order in memory.

// Arguments of all kernels, kept where words<> and normals<> want them.
#define out   R0
#define left  R1 // elements still to do
#define keys  R2 // the schedule
#define block R3 // the next
#define in    R4
#define down  R5 // the minus of a pair
#define sum   R4 // in combineNEON
#define first R5 // the first block of a group there

#define scale 24 // sigma or a weight, in all lanes

// words<>
#define muls  16 // lanes: mul0, mul1, weyl0, weyl1
#define four  17
#define iota  18
#define keyA  19
#define keyB  20
#define keyC  21
#define prodA 22
#define prodB 23
#define prodC 24
#define prodD 25

// normals<>: temporaries of two transforms, and constants
#define f    16
#define u    17
#define a    18
#define c    19
#define f2   20
#define u2   21
#define a2   22
#define c2   23
#define rep  24 // the first of three that take turns
#define byte 25
#define low3 26
#define reci 24
#define offs 26
#define log2 24
#define sin3 25
#define sin1 26
#define sign 27
#define one  28
#define mant 29
#define half 30
#define coef 31 // lanes: L, log3rd, sin5th

DATA philox<>+0x00(SB)/8, $0xCD9E8D57D2511F53 // mul1, mul0
DATA philox<>+0x08(SB)/8, $0xBB67AE859E3779B9 // weyl1, weyl0
DATA philox<>+0x10(SB)/8, $0x0000000400000004
DATA philox<>+0x18(SB)/8, $0x0000000400000004
DATA philox<>+0x20(SB)/8, $0x0000000100000000
DATA philox<>+0x28(SB)/8, $0x0000000300000002
GLOBL philox<>(SB), NOPTR|RODATA, $48

// With L = ln2Hi·2^19 and u the exponent of f, its bias of 127 and the index i of
// the table as one number, 8(e + 127) + i, the term logOffset[i] − e·ln2Hi is
// offset − u·L in units of 2^-22, where offset = logOffset[i] + (8·127 + i)·L.
// Everything is exact. Both tables are split into bytes, the eight lowest first.
DATA normal<>+0x00(SB)/8, $0x3F8000003F800000 // one
DATA normal<>+0x08(SB)/8, $0x3F8000003F800000
DATA normal<>+0x10(SB)/8, $0x007FFFFF007FFFFF // mant
DATA normal<>+0x18(SB)/8, $0x007FFFFF007FFFFF
DATA normal<>+0x20(SB)/8, $0xBF000000BF000000 // half: -1/2
DATA normal<>+0x28(SB)/8, $0xBF000000BF000000
DATA normal<>+0x30(SB)/8, $0x3EAB9BF000058B91 // coef: log3rd, L
DATA normal<>+0x38(SB)/8, $0x000000003B1F9F9E // sin5th
DATA normal<>+0x40(SB)/8, $0x0404040400000000 // rep
DATA normal<>+0x48(SB)/8, $0x0C0C0C0C08080808
DATA normal<>+0x50(SB)/8, $0x1810080018100800 // byte
DATA normal<>+0x58(SB)/8, $0x1810080018100800
DATA normal<>+0x60(SB)/8, $0x0707070707070707 // low3
DATA normal<>+0x68(SB)/8, $0x0707070707070707
DATA normal<>+0x70(SB)/8, $0x009DFD3CC9566F24 // reci: logRecip
DATA normal<>+0x78(SB)/8, $0x007E2892B76CCF01
DATA normal<>+0x80(SB)/8, $0x000D182332425671
DATA normal<>+0x88(SB)/8, $0x3F3F3F3F3F3F3F3F
DATA normal<>+0x90(SB)/8, $0x5FFE1554BB2A61F8 // offs
DATA normal<>+0x98(SB)/8, $0x906E8A9FBE976D3E
DATA normal<>+0xA0(SB)/8, $0x5B5C5B5A5A5A5B5D
DATA normal<>+0xA8(SB)/8, $0x1B1B1B1B1B1B1B1B
DATA normal<>+0xB0(SB)/8, $0xBF0030E9BF0030E9 // log2: log2nd
DATA normal<>+0xB8(SB)/8, $0xBF0030E9BF0030E9
DATA normal<>+0xC0(SB)/8, $0xBDA5530CBDA5530C // sin3: sin3rd
DATA normal<>+0xC8(SB)/8, $0xBDA5530CBDA5530C
DATA normal<>+0xD0(SB)/8, $0x3F490FC73F490FC7 // sin1: sin1st
DATA normal<>+0xD8(SB)/8, $0x3F490FC73F490FC7
DATA normal<>+0xE0(SB)/8, $0x8000000080000000 // sign
DATA normal<>+0xE8(SB)/8, $0x8000000080000000
GLOBL normal<>(SB), NOPTR|RODATA, $240

// The rounds of four blocks, whose words are w0 to w3; see schedule. The products
// of four words are 64-bit numbers in two vectors; UZP2 takes their upper and UZP1
// their lower halves. In round 0, w0 is the block numbers.
#define NEON_ROUND0(w0, w2, w3) \
	UMULL_2D_LANE(0, muls, w0, prodA)  \
	UMULL2_2D_LANE(0, muls, w0, prodB) \
	UZP2_4S(prodB, prodA, w2)          \
	UZP1_4S(prodB, prodA, w3)          \
	EOR_16B(keyA, w2, w2)

#define NEON_ROUND1(w0, w1, w2, w3) \
	UMULL_2D_LANE(1, muls, w2, prodC)  \
	UMULL2_2D_LANE(1, muls, w2, prodD) \
	UZP2_4S(prodD, prodC, w0)          \
	UZP1_4S(prodD, prodC, w1)          \
	EOR_16B(keyB, w0, w0)              \
	EOR_16B(keyC, w3, w2)

// w3 is in the key already.
#define NEON_ROUND2(w0, w1, w2, w3) \
	UMULL_2D_LANE(0, muls, w0, prodA)  \
	UMULL2_2D_LANE(0, muls, w0, prodB) \
	UMULL_2D_LANE(1, muls, w2, prodC)  \
	UMULL2_2D_LANE(1, muls, w2, prodD) \
	EOR_16B(keyA, w1, w1)              \
	UZP2_4S(prodD, prodC, w0)          \
	EOR_16B(w1, w0, w0)                \
	UZP1_4S(prodD, prodC, w1)          \
	UZP2_4S(prodB, prodA, w2)          \
	EOR_16B(keyB, w2, w2)              \
	UZP1_4S(prodB, prodA, w3)

#define NEON_KEYED(k0, k1, w0, w1, w2, w3) \
	UMULL_2D_LANE(0, muls, w0, prodA)  \
	UMULL2_2D_LANE(0, muls, w0, prodB) \
	UMULL_2D_LANE(1, muls, w2, prodC)  \
	UMULL2_2D_LANE(1, muls, w2, prodD) \
	EOR_16B(k0, w1, w1)                \
	EOR_16B(k1, w3, w3)                \
	UZP2_4S(prodD, prodC, w0)          \
	UZP2_4S(prodB, prodA, w2)          \
	EOR_16B(w1, w0, w0)                \
	EOR_16B(w3, w2, w2)                \
	UZP1_4S(prodD, prodC, w1)          \
	UZP1_4S(prodB, prodA, w3)

#define NEON_ROUND(w0, w1, w2, w3) NEON_KEYED(keyA, keyB, w0, w1, w2, w3)

// words<> sets V0 to V15 to the words of 16 blocks and advances block. It uses R6,
// R7 and V16 to V25.
TEXT noise·words<>(SB), NOSPLIT, $0-0
	MOVD $philox<>(SB), R6
	VLD1 (R6), [V16.B16, V17.B16, V18.B16]
	VDUP block, V0.S4
	ADD_4S(iota, 0, 0)
	ADD_4S(four, 0, 4)
	ADD_4S(four, 4, 8)
	ADD_4S(four, 8, 12)
	ADD  $16, block

	MOVD    keys, R6
	VLD1R.P 4(R6), [V19.S4]
	NEON_ROUND0(0, 2, 3)
	NEON_ROUND0(4, 6, 7)
	NEON_ROUND0(8, 10, 11)
	NEON_ROUND0(12, 14, 15)

	VLD1R.P 4(R6), [V20.S4]
	VLD1R   (R6), [V21.S4]
	NEON_ROUND1(0, 1, 2, 3)
	NEON_ROUND1(4, 5, 6, 7)
	NEON_ROUND1(8, 9, 10, 11)
	NEON_ROUND1(12, 13, 14, 15)

	ADD     $8, R6
	VLD1R.P 4(R6), [V19.S4]
	VLD1R.P 4(R6), [V20.S4]
	NEON_ROUND2(0, 1, 2, 3)
	NEON_ROUND2(4, 5, 6, 7)
	NEON_ROUND2(8, 9, 10, 11)
	NEON_ROUND2(12, 13, 14, 15)

	MOVD $7, R7

round:
	VLD1R.P 4(R6), [V19.S4]
	VLD1R.P 4(R6), [V20.S4]
	NEON_ROUND(0, 1, 2, 3)
	NEON_ROUND(4, 5, 6, 7)
	NEON_ROUND(8, 9, 10, 11)
	NEON_ROUND(12, 13, 14, 15)
	SUBS $1, R7
	BNE  round
	RET

// NEON_NORMALS turns the words w0 to w3 of four blocks into normals: normalPair of
// w0 and w1, and of w2 and w3. R6 points to rep.
#define NEON_NORMALS(w0, w1, w2, w3) \
	VLD1.P 48(R6), [V24.B16, V25.B16, V26.B16] \
	SCVTF_4S(w0, f)              \
	SCVTF_4S(w2, f2)             \
	FABD_4S(half, f, f)          \ // |f|: nothing else of it counts
	FABD_4S(half, f2, f2)        \
	USHR_4S(20, f, u)            \
	USHR_4S(20, f2, u2)          \
	TBL1_16B(rep, u, a)          \ // the index in all bytes
	TBL1_16B(rep, u2, a2)        \
	BIF_16B(low3, byte, a)       \ // and which eight bytes each is for
	BIF_16B(low3, byte, a2)      \
	VLD1.P 64(R6), [V24.B16, V25.B16, V26.B16, V27.B16] \
	BIF_16B(mant, one, f)        \ // m
	BIF_16B(mant, one, f2)       \
	TBL2_16B(a, reci, c)         \
	TBL2_16B(a2, reci, c2)       \
	FMUL_4S(c, f, f)             \
	FMUL_4S(c2, f2, f2)          \
	TBL2_16B(a, offs, a)         \
	TBL2_16B(a2, offs, a2)       \
	FSUB_4S(one, f, f)           \ // r
	FSUB_4S(one, f2, f2)         \
	MLS_4S_LANE(0, coef, u, a)   \
	MLS_4S_LANE(0, coef, u2, a2) \
	SCVTF_4S_FIXED(22, a, a)     \ // logOffset[i] - e*ln2Hi
	SCVTF_4S_FIXED(22, a2, a2)   \
	VLD1 (R6), [V24.B16, V25.B16, V26.B16, V27.B16] \
	FMUL_4S_LANE(1, coef, f, u)  \
	FMUL_4S_LANE(1, coef, f2, u2)\
	FMUL_4S(f, f, c)             \
	FMUL_4S(f2, f2, c2)          \
	FADD_4S(log2, u, u)          \
	FADD_4S(log2, u2, u2)        \
	FMUL_4S(c, u, u)             \
	FMUL_4S(c2, u2, u2)          \
	FADD_4S(f, u, u)             \ // p
	FADD_4S(f2, u2, u2)          \
	FSUB_4S(u, a, a)             \ // x
	FSUB_4S(u2, a2, a2)          \
	SCVTF_4S_FIXED(31, w1, u)    \ // t
	SCVTF_4S_FIXED(31, w3, u2)   \
	FMUL_4S(u, u, c)             \ // q
	FMUL_4S(u2, u2, c2)          \
	FMUL_4S_LANE(2, coef, c, f)  \
	FMUL_4S_LANE(2, coef, c2, f2)\
	FADD_4S(sin3, f, f)          \
	FADD_4S(sin3, f2, f2)        \
	FMUL_4S(c, f, f)             \
	FMUL_4S(c2, f2, f2)          \
	FADD_4S(sin1, f, f)          \
	FADD_4S(sin1, f2, f2)        \
	FMUL_4S(u, f, f)             \ // s
	FMUL_4S(u2, f2, f2)          \
	FSQRT_4S(a, u)               \
	FSQRT_4S(a2, u2)             \
	FMUL_4S(u, f, f)             \ // b
	FMUL_4S(u2, f2, f2)          \
	FMUL_4S(f, f, c)             \
	FMUL_4S(f2, f2, c2)          \
	FSUB_4S(c, a, a)             \
	FSUB_4S(c2, a2, a2)          \
	FSQRT_4S(a, c)               \ // c
	FSQRT_4S(a2, c2)             \
	AND_16B(sign, w0, w0)        \
	AND_16B(sign, w2, w2)        \
	SHL_4S(31, w1, w1)           \
	SHL_4S(31, w3, w3)           \
	FSUB_4S(f, c, a)             \
	FSUB_4S(f2, c2, a2)          \
	FADD_4S(f, c, c)             \
	FADD_4S(f2, c2, c2)          \
	EOR_16B(a, w0, w0)           \
	EOR_16B(a2, w2, w2)          \
	EOR_16B(c, w1, w1)           \
	EOR_16B(c2, w3, w3)          \
	SUB $112, R6

// normals<> sets V0 to V15 to the normals of 16 blocks and advances block. It uses
// R6, R7 and V16 to V31.
TEXT noise·normals<>(SB), NOSPLIT, $0-0
	CALL noise·words<>(SB)
	MOVD $normal<>(SB), R6
	VLD1.P 64(R6), [V28.B16, V29.B16, V30.B16, V31.B16]
	NEON_NORMALS(0, 1, 2, 3)
	NEON_NORMALS(4, 5, 6, 7)
	NEON_NORMALS(8, 9, 10, 11)
	NEON_NORMALS(12, 13, 14, 15)
	RET

// All 64 elements from or to memory: transposed by VLD4.P and VST4.P, as they are by
// VLD1.P and VST1.P.
#define NEON_LOAD(op, from) \
	op 64(from), [V0.S4, V1.S4, V2.S4, V3.S4]   \
	op 64(from), [V4.S4, V5.S4, V6.S4, V7.S4]   \
	op 64(from), [V8.S4, V9.S4, V10.S4, V11.S4] \
	op 64(from), [V12.S4, V13.S4, V14.S4, V15.S4]

#define NEON_STORE(op, to) \
	op [V0.S4, V1.S4, V2.S4, V3.S4], 64(to)   \
	op [V4.S4, V5.S4, V6.S4, V7.S4], 64(to)   \
	op [V8.S4, V9.S4, V10.S4, V11.S4], 64(to) \
	op [V12.S4, V13.S4, V14.S4, V15.S4], 64(to)

// func wordsNEON(dst *uint32, n int, k *schedule, b uint32)
TEXT ·wordsNEON(SB), NOSPLIT, $0-28
	MOVD  dst+0(FP), out
	MOVD  n+8(FP), left
	MOVD  k+16(FP), keys
	MOVWU b+24(FP), block

loop:
	CALL noise·words<>(SB)
	NEON_STORE(VST4.P, out)
	SUBS $64, left
	BNE  loop
	RET

// func fillNEON(dst *float32, n int, k *schedule, b uint32)
TEXT ·fillNEON(SB), NOSPLIT, $0-28
	MOVD  dst+0(FP), out
	MOVD  n+8(FP), left
	MOVD  k+16(FP), keys
	MOVWU b+24(FP), block

loop:
	CALL noise·normals<>(SB)
	NEON_STORE(VST4.P, out)
	SUBS $64, left
	BNE  loop
	RET

// NEON_PERTURB sets the 16 elements of V(w0) to V(w0+3), transposed in memory, to
// theta + scale·(w0 to w3).
#define NEON_PERTURB(w0, w1, w2, w3) \
	VLD4.P 64(in), [V16.S4, V17.S4, V18.S4, V19.S4] \
	FMUL_4S(scale, w0, w0) \
	FMUL_4S(scale, w1, w1) \
	FMUL_4S(scale, w2, w2) \
	FMUL_4S(scale, w3, w3) \
	FADD_4S(w0, 16, 16)    \
	FADD_4S(w1, 17, 17)    \
	FADD_4S(w2, 18, 18)    \
	FADD_4S(w3, 19, 19)    \
	VST4.P [V16.S4, V17.S4, V18.S4, V19.S4], 64(out)

// func perturbNEON(dst, theta *float32, n int, sigma float32, k *schedule, b uint32)
TEXT ·perturbNEON(SB), NOSPLIT, $0-44
	MOVD  dst+0(FP), out
	MOVD  theta+8(FP), in
	MOVD  n+16(FP), left
	MOVD  k+32(FP), keys
	MOVWU b+40(FP), block
	MOVD  $sigma+24(FP), R8

loop:
	CALL noise·normals<>(SB)
	VLD1R (R8), [V24.S4]
	NEON_PERTURB(0, 1, 2, 3)
	NEON_PERTURB(4, 5, 6, 7)
	NEON_PERTURB(8, 9, 10, 11)
	NEON_PERTURB(12, 13, 14, 15)
	SUBS $64, left
	BNE  loop
	RET

#define NEON_PERTURB_PAIR(w0, w1, w2, w3) \
	VLD4.P 64(in), [V16.S4, V17.S4, V18.S4, V19.S4] \
	FMUL_4S(scale, w0, w0) \
	FMUL_4S(scale, w1, w1) \
	FMUL_4S(scale, w2, w2) \
	FMUL_4S(scale, w3, w3) \
	FADD_4S(w0, 16, 20)    \
	FADD_4S(w1, 17, 21)    \
	FADD_4S(w2, 18, 22)    \
	FADD_4S(w3, 19, 23)    \
	FSUB_4S(w0, 16, 16)    \
	FSUB_4S(w1, 17, 17)    \
	FSUB_4S(w2, 18, 18)    \
	FSUB_4S(w3, 19, 19)    \
	VST4.P [V20.S4, V21.S4, V22.S4, V23.S4], 64(out) \
	VST4.P [V16.S4, V17.S4, V18.S4, V19.S4], 64(down)

// func perturbPairNEON(plus, minus, theta *float32, n int, sigma float32, k *schedule, b uint32)
TEXT ·perturbPairNEON(SB), NOSPLIT, $0-52
	MOVD  plus+0(FP), out
	MOVD  minus+8(FP), down
	MOVD  theta+16(FP), in
	MOVD  n+24(FP), left
	MOVD  k+40(FP), keys
	MOVWU b+48(FP), block
	MOVD  $sigma+32(FP), R8

loop:
	CALL noise·normals<>(SB)
	VLD1R (R8), [V24.S4]
	NEON_PERTURB_PAIR(0, 1, 2, 3)
	NEON_PERTURB_PAIR(4, 5, 6, 7)
	NEON_PERTURB_PAIR(8, 9, 10, 11)
	NEON_PERTURB_PAIR(12, 13, 14, 15)
	SUBS $64, left
	BNE  loop
	RET

// NEON_ADD adds scale·(w0 to w3) to 16 elements at sum, which are not transposed.
#define NEON_ADD(w0, w1, w2, w3) \
	VLD1 (sum), [V16.S4, V17.S4, V18.S4, V19.S4] \
	FMUL_4S(scale, w0, w0) \
	FMUL_4S(scale, w1, w1) \
	FMUL_4S(scale, w2, w2) \
	FMUL_4S(scale, w3, w3) \
	FADD_4S(w0, 16, 16)    \
	FADD_4S(w1, 17, 17)    \
	FADD_4S(w2, 18, 18)    \
	FADD_4S(w3, 19, 19)    \
	VST1.P [V16.S4, V17.S4, V18.S4, V19.S4], 64(sum)

// func combineNEON(dst *float32, n int, ws *float32, ks *schedule, count int, b uint32)
TEXT ·combineNEON(SB), NOSPLIT, $256-44
	MOVD  dst+0(FP), out
	MOVD  n+8(FP), left
	MOVWU b+40(FP), first

group:
	// The sums of 64 elements are on the stack, as the normals are in V0 to V15.
	MOVD $sums-256(SP), sum
	NEON_LOAD(VLD4.P, out)
	NEON_STORE(VST1.P, sum)
	MOVD ws+16(FP), R8
	MOVD ks+24(FP), keys
	MOVD count+32(FP), R9

stream:
	MOVD first, block
	CALL noise·normals<>(SB)
	MOVD $sums-256(SP), sum
	VLD1R.P 4(R8), [V24.S4]
	NEON_ADD(0, 1, 2, 3)
	NEON_ADD(4, 5, 6, 7)
	NEON_ADD(8, 9, 10, 11)
	NEON_ADD(12, 13, 14, 15)
	ADD  $80, keys
	SUBS $1, R9
	BNE  stream

	ADD  $16, first
	MOVD $sums-256(SP), sum
	SUB  $256, out
	NEON_LOAD(VLD1.P, sum)
	NEON_STORE(VST4.P, out)
	SUBS $64, left
	BNE  group
	RET

// func signPanelWordsNEON(words *uint32, tables, ws *float32, ks *schedule, count int, b uint32)
//
// The words of a stream for 16 blocks are what words<> makes. See signs_arm64.s.
TEXT ·signPanelWordsNEON(SB), NOSPLIT, $0-44
	MOVD words+0(FP), out
	MOVD tables+8(FP), R4
	MOVD ws+16(FP), R5
	MOVD ks+24(FP), keys
	MOVD count+32(FP), R8

loop:
	MOVWU  b+40(FP), block
	CALL   noise·words<>(SB)
	NEON_STORE(VST4.P, out)
	MOVW.P 4(R5), R6
	MOVW.P R6, 4(R4)
	ADD    $80, keys
	SUBS   $1, R8
	BNE    loop
	RET

// Lanes: 16 streams at a time. Lane L of V(4p+j) is word j of stream 4p+L, and becomes
// element j of the block.

#define streams R2 // in place of the schedule
#define pitch   R8 // the stride in bytes
#define todo    R9 // streams
#define row     R10
#define rowDown R11

// the round keys of V0 to V3, V4 to V7 and so on
#define key0A 17
#define key0B 18
#define key1A 19
#define key1B 20
#define key2A 21
#define key2B 26
#define key3A 27
#define key3B 28
#define weyl0 29
#define weyl1 30

// NEON_STREAMS gets keys and counters of four streams. w1 is the upper half of block.
#define NEON_STREAMS(V0, V1, V2, V3, w0, w1, keyA, keyB) \
	VLD4.P 64(R7), [V0.S4, V1.S4, V2.S4, V3.S4] \
	ORR_16B(w0, w0, keyA) \
	ORR_16B(w1, w1, keyB) \
	VDUP block, V0.S4     \
	EOR_16B(w1, w1, w1)

// NEON_LANES is a round of four streams, and moves their keys on to the next one.
#define NEON_LANES(k0, k1, w0, w1, w2, w3) \
	NEON_KEYED(k0, k1, w0, w1, w2, w3) \
	ADD_4S(weyl0, k0, k0)              \
	ADD_4S(weyl1, k1, k1)

// laneWords<> sets V0 to V15 to the words of a block of 16 streams and advances block.
// It uses R6, R7 and V16 to V30.
TEXT noise·laneWords<>(SB), NOSPLIT, $0-0
	MOVD $philox<>(SB), R6
	VLD1 (R6), [V16.B16]
	VDUP V16.S[2], V29.S4
	VDUP V16.S[3], V30.S4
	MOVD streams, R7
	NEON_STREAMS(V0, V1, V2, V3, 0, 1, key0A, key0B)
	NEON_STREAMS(V4, V5, V6, V7, 4, 5, key1A, key1B)
	NEON_STREAMS(V8, V9, V10, V11, 8, 9, key2A, key2B)
	NEON_STREAMS(V12, V13, V14, V15, 12, 13, key3A, key3B)
	ADD  $1, block
	MOVD $10, R7

round:
	NEON_LANES(key0A, key0B, 0, 1, 2, 3)
	NEON_LANES(key1A, key1B, 4, 5, 6, 7)
	NEON_LANES(key2A, key2B, 8, 9, 10, 11)
	NEON_LANES(key3A, key3B, 12, 13, 14, 15)
	SUBS $1, R7
	BNE  round
	RET

// laneNormals<> is laneWords<> for normals. Words 2 and 3 may stay words where left is
// not above 2. It uses R6, R7 and V16 to V31.
TEXT noise·laneNormals<>(SB), NOSPLIT, $0-0
	CALL noise·laneWords<>(SB)
	MOVD $normal<>(SB), R6
	VLD1.P 64(R6), [V28.B16, V29.B16, V30.B16, V31.B16]
	NEON_NORMALS(0, 1, 4, 5)
	NEON_NORMALS(8, 9, 12, 13)
	CMP $2, left
	BLE done
	NEON_NORMALS(2, 3, 6, 7)
	NEON_NORMALS(10, 11, 14, 15)

done:
	RET

// NEON_ROW writes a row of 16 lanes.
#define NEON_ROW(F0, F1, F2, F3) \
	FSTPQ (F0, F1), (row)   \
	FSTPQ (F2, F3), 32(row) \
	ADD   pitch, row, row  \
	SUBS  $1, left          \
	BEQ   next

// func fillLanesNEON(dst *float32, stride, n int, ss *Stream, count int, b uint32)
TEXT ·fillLanesNEON(SB), NOSPLIT, $0-44
	MOVD dst+0(FP), out
	MOVD stride+8(FP), pitch
	MOVD ss+24(FP), streams
	MOVD count+32(FP), todo
	LSL  $2, pitch, pitch

group:
	MOVD  out, row
	MOVD  n+16(FP), left
	MOVWU b+40(FP), block

rows:
	CALL noise·laneNormals<>(SB)
	NEON_ROW(F0, F4, F8, F12)
	NEON_ROW(F1, F5, F9, F13)
	NEON_ROW(F2, F6, F10, F14)
	NEON_ROW(F3, F7, F11, F15)
	B rows

next:
	ADD  $256, streams
	ADD  $64, out
	SUBS $16, todo
	BNE  group
	RET

// NEON_ROW_PAIR writes a row of 16 perturbations of the next element of theta.
#define NEON_ROW_PAIR(w0, w1, w2, w3) \
	VLD1R.P 4(in), [V16.S4]   \
	FMUL_4S(scale, w0, w0)    \
	FMUL_4S(scale, w1, w1)    \
	FMUL_4S(scale, w2, w2)    \
	FMUL_4S(scale, w3, w3)    \
	FADD_4S(w0, 16, 20)       \
	FADD_4S(w1, 16, 21)       \
	FADD_4S(w2, 16, 22)       \
	FADD_4S(w3, 16, 23)       \
	FSUB_4S(w0, 16, 17)       \
	FSUB_4S(w1, 16, 18)       \
	FSUB_4S(w2, 16, 19)       \
	FSUB_4S(w3, 16, 16)       \
	FSTPQ (F17, F18), (rowDown)   \
	FSTPQ (F19, F16), 32(rowDown) \
	ADD   pitch, rowDown, rowDown \
	NEON_ROW(F20, F21, F22, F23)

// func perturbPairLanesNEON(plus, minus *float32, stride int, theta *float32, n int, sigma float32, ss *Stream, count int, b uint32)
TEXT ·perturbPairLanesNEON(SB), NOSPLIT, $0-68
	MOVD plus+0(FP), out
	MOVD minus+8(FP), down
	MOVD stride+16(FP), pitch
	MOVD $sigma+40(FP), R12
	MOVD ss+48(FP), streams
	MOVD count+56(FP), todo
	LSL  $2, pitch, pitch

group:
	MOVD  out, row
	MOVD  down, rowDown
	MOVD  theta+24(FP), in
	MOVD  n+32(FP), left
	MOVWU b+64(FP), block

rows:
	CALL  noise·laneNormals<>(SB)
	VLD1R (R12), [V24.S4]
	NEON_ROW_PAIR(0, 4, 8, 12)
	NEON_ROW_PAIR(1, 5, 9, 13)
	NEON_ROW_PAIR(2, 6, 10, 14)
	NEON_ROW_PAIR(3, 7, 11, 15)
	B     rows

next:
	ADD  $256, streams
	ADD  $64, out
	ADD  $64, down
	SUBS $16, todo
	BNE  group
	RET

// Signs in lanes: word j of a block has the bits of rows 32j to 32j+31.

#define ones  31 // 1 in all lanes
#define wordsLeft R13 // of the block
#define bitsLeft  R14 // of the word

// NEON_SIGN_ROW sets V25 to V28 to the row of the lowest bits of words 0, which it
// shifts out.
#define NEON_SIGN_ROW \
	SHL_4S(31, 0, 25)    \
	SHL_4S(31, 4, 26)    \
	SHL_4S(31, 8, 27)    \
	SHL_4S(31, 12, 28)   \
	ORR_16B(ones, 25, 25) \
	ORR_16B(ones, 26, 26) \
	ORR_16B(ones, 27, 27) \
	ORR_16B(ones, 28, 28) \
	USHR_4S(1, 0, 0)     \
	USHR_4S(1, 4, 4)     \
	USHR_4S(1, 8, 8)     \
	USHR_4S(1, 12, 12)

// NEON_NEXT_WORD sets words 0 to the next ones.
#define NEON_NEXT_WORD(w0, w1, w2, w3) \
	ORR_16B(w1, w1, w0) \
	ORR_16B(w2, w2, w1) \
	ORR_16B(w3, w3, w2)

#define NEON_NEXT_WORDS \
	NEON_NEXT_WORD(0, 1, 2, 3)   \
	NEON_NEXT_WORD(4, 5, 6, 7)   \
	NEON_NEXT_WORD(8, 9, 10, 11) \
	NEON_NEXT_WORD(12, 13, 14, 15)

// func fillSignLanesNEON(dst *float32, stride, n int, ss *Stream, count int, b uint32)
TEXT ·fillSignLanesNEON(SB), NOSPLIT, $0-44
	MOVD  dst+0(FP), out
	MOVD  stride+8(FP), pitch
	MOVD  ss+24(FP), streams
	MOVD  count+32(FP), todo
	LSL   $2, pitch, pitch
	FMOVS $1.0, F31
	VDUP  V31.S[0], V31.S4

group:
	MOVD  out, row
	MOVD  n+16(FP), left
	MOVWU b+40(FP), block

blocks:
	CALL noise·laneWords<>(SB)
	MOVD $4, wordsLeft

word:
	MOVD $32, bitsLeft

bit:
	NEON_SIGN_ROW
	NEON_ROW(F25, F26, F27, F28)
	SUBS $1, bitsLeft
	BNE  bit
	NEON_NEXT_WORDS
	SUBS $1, wordsLeft
	BNE  word
	B    blocks

next:
	ADD  $256, streams
	ADD  $64, out
	SUBS $16, todo
	BNE  group
	RET

// func perturbPairSignLanesNEON(plus, minus *float32, stride int, theta *float32, n int, sigma float32, ss *Stream, count int, b uint32)
TEXT ·perturbPairSignLanesNEON(SB), NOSPLIT, $0-68
	MOVD  plus+0(FP), out
	MOVD  minus+8(FP), down
	MOVD  stride+16(FP), pitch
	MOVD  $sigma+40(FP), R12
	MOVD  ss+48(FP), streams
	MOVD  count+56(FP), todo
	LSL   $2, pitch, pitch
	FMOVS $1.0, F31
	VDUP  V31.S[0], V31.S4

group:
	MOVD  out, row
	MOVD  down, rowDown
	MOVD  theta+24(FP), in
	MOVD  n+32(FP), left
	MOVWU b+64(FP), block

blocks:
	CALL  noise·laneWords<>(SB)
	VLD1R (R12), [V24.S4]
	MOVD  $4, wordsLeft

word:
	MOVD $32, bitsLeft

bit:
	NEON_SIGN_ROW
	NEON_ROW_PAIR(25, 26, 27, 28)
	SUBS $1, bitsLeft
	BNE  bit
	NEON_NEXT_WORDS
	SUBS $1, wordsLeft
	BNE  word
	B    blocks

next:
	ADD  $256, streams
	ADD  $64, out
	ADD  $64, down
	SUBS $16, todo
	BNE  group
	RET
