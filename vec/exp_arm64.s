//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"

// Exp and Tanh on NEON, operation by operation as in scalar/exp.go, whose names these
// are. FMIN and FMAX return NaN if there is one.
//
// A body does four vectors at once, so that there is enough to do while results are
// under way, or one: V applies OP to four registers each from those named, or to one.
// C does so with a constant for the first operand, L with lane i of one.

#define V4(OP, m, n, d) OP(m, n, d); OP(m+1, n+1, d+1); OP(m+2, n+2, d+2); OP(m+3, n+3, d+3)
#define C4(OP, c, n, d) OP(c, n, d); OP(c, n+1, d+1); OP(c, n+2, d+2); OP(c, n+3, d+3)
#define L4(OP, i, c, n, d) OP(i, c, n, d); OP(i, c, n+1, d+1); OP(i, c, n+2, d+2); OP(i, c, n+3, d+3)

#define V1(OP, m, n, d) OP(m, n, d)
#define C1(OP, c, n, d) OP(c, n, d)
#define L1(OP, i, c, n, d) OP(i, c, n, d)

#define pd    R0
#define px    R1
#define left  R2 // elements that remain
#define table R3 // constants

// The first of four. Those that share registers are not in use at the same time.
#define y     0 // first x; in the end the result
#define t     4
#define r     8
#define z     12
#define even  16 // even powers of a polynomial
#define odd   0  // odd powers
#define whole 16 // n
#define w     20
#define den   16
#define q     20

// Constants that stay, and factors, of which there is one in each lane.
#define c1 24
#define c2 25
#define c3 26
#define c4 27
#define c5 28
#define c6 20
#define c7 21
#define c8 22
#define c9 23
#define f0 29
#define f1 30
#define f2 31

// Constants where z is not in use: before the polynomial
#define max   12
#define min   13
#define low   13
#define shift 14
#define sign  15

// and after it.
#define half 12
#define one  13

// LOOP does 64 bytes at once, then 16, then one element, with zeros in the lanes
// beside it.
#define LOOP(BODY, MOV, size) \
	SUBS $(64/size), left    \
	BLT  few                 \
four:                            \
	FLDPQ   32(px), (F2, F3) \
	FLDPQ.P 64(px), (F0, F1) \
	BODY(V4, C4, L4)         \
	FSTPQ   (F2, F3), 32(pd) \
	FSTPQ.P (F0, F1), 64(pd) \
	SUBS    $(64/size), left \
	BGE     four             \
few:                             \
	ADDS $(48/size), left    \
	BLT  last                \
single:                          \
	FMOVQ.P 16(px), F0       \
	BODY(V1, C1, L1)         \
	FMOVQ.P F0, 16(pd)       \
	SUBS    $(16/size), left \
	BGE     single           \
last:                            \
	ADDS $(16/size), left    \
	BEQ  done                \
element:                         \
	MOV.P size(px), F0       \
	BODY(V1, C1, L1)         \
	MOV.P F0, size(pd)       \
	SUBS  $1, left           \
	BNE   element            \
done:

#define VEC32(name, o, c) \
	DATA name<>+(o)(SB)/4, $(c)   \
	DATA name<>+(o+4)(SB)/4, $(c) \
	DATA name<>+(o+8)(SB)/4, $(c) \
	DATA name<>+(o+12)(SB)/4, $(c)

#define VEC64(name, o, c) \
	DATA name<>+(o)(SB)/8, $(c) \
	DATA name<>+(o+8)(SB)/8, $(c)

VEC32(exp32, 0x00, 89.0)          // max
VEC32(exp32, 0x10, -104.0)        // min
VEC32(exp32, 0x20, 0x4B4000FE)    // shift = 0x1.8p23 + 2*127
VEC32(exp32, 0x30, 1.0)           // one
VEC32(exp32, 0x40, 0x1.fffff6p-2) // c2
VEC32(exp32, 0x50, 0x1.55542ep-3) // c3
VEC32(exp32, 0x60, 0x1.5559c6p-5) // c4
VEC32(exp32, 0x70, 0x1.126874p-7) // c5
DATA exp32<>+0x80(SB)/4, $(0x1.715476p0)   // f0: log2E
DATA exp32<>+0x84(SB)/4, $(0x1.62e4p-1)    // ln2Hi
DATA exp32<>+0x88(SB)/4, $(0x1.7f7d1cp-20) // ln2Lo
DATA exp32<>+0x8c(SB)/4, $(0x1.6a30eap-10) // c6
GLOBL exp32<>(SB), NOPTR|RODATA, $0x90

#define EXP32(V, C, L) \
	FLDPQ (table), (F12, F13)        \ // max, min
	FMOVQ 32(table), F14             \ // shift
	C(FMIN_4S, max, y, y)            \
	C(FMAX_4S, min, y, y)            \
	L(FMUL_4S_LANE, 0, f0, y, t)     \ // log2E
	C(FADD_4S, shift, t, t)          \
	C(FSUB_4S, shift, t, whole)      \
	L(FMUL_4S_LANE, 1, f0, whole, r) \ // ln2Hi
	V(FSUB_4S, r, y, y)              \
	L(FMUL_4S_LANE, 2, f0, whole, r) \ // ln2Lo
	V(FSUB_4S, r, y, r)              \
	V(FMUL_4S, r, r, z)              \
	L(FMUL_4S_LANE, 3, f0, z, even)  \ // c6
	C(FMUL_4S, c5, z, odd)           \
	C(FADD_4S, c4, even, even)       \
	V(FMUL_4S, z, even, even)        \
	C(FADD_4S, c2, even, even)       \
	C(FADD_4S, c3, odd, odd)         \
	V(FMUL_4S, r, odd, odd)          \
	V(FADD_4S, odd, even, even)      \
	V(FMUL_4S, z, even, even)        \
	FMOVQ 48(table), F13             \ // one
	V(FADD_4S, r, even, even)        \
	C(FADD_4S, one, even, y)         \
	C(USHR_4S, 1, t, z)              \ // half
	V(SUB_4S, z, t, t)               \
	C(SHL_4S, 23, z, z)              \
	C(SHL_4S, 23, t, t)              \
	V(FMUL_4S, z, y, y)              \
	V(FMUL_4S, t, y, y)

// func exp32(dst, x *float32, n int)
TEXT ·exp32(SB), NOSPLIT, $0-24
	MOVD   dst+0(FP), pd
	MOVD   x+8(FP), px
	MOVD   n+16(FP), left
	MOVD   $exp32<>(SB), table
	ADD    $0x40, table, R4
	VLD1.P 64(R4), [V25.B16, V26.B16, V27.B16, V28.B16]
	VLD1   (R4), [V29.B16]
	LOOP(EXP32, FMOVS, 4)
	RET

VEC64(exp64, 0x00, 710.0)                 // max
VEC64(exp64, 0x10, -746.0)                // min
VEC64(exp64, 0x20, 0x43380000000007FE)    // shift = 0x1.8p52 + 2*1023
VEC64(exp64, 0x30, 1.0)                   // one
VEC64(exp64, 0x40, 0x1.6c16c1848904bp-10) // c6
VEC64(exp64, 0x50, 0x1.a01a012dcb0c1p-13) // c7
VEC64(exp64, 0x60, 0x1.a0199921d175fp-16) // c8
VEC64(exp64, 0x70, 0x1.71df1d14501bap-19) // c9
VEC64(exp64, 0x80, 0x1.000000000000ap-1)  // c2
VEC64(exp64, 0x90, 0x1.55555555554fcp-3)  // c3
VEC64(exp64, 0xa0, 0x1.5555555550688p-5)  // c4
VEC64(exp64, 0xb0, 0x1.111111112725fp-7)  // c5
DATA exp64<>+0xc0(SB)/8, $(0x1.71547652b82fep0)   // f0: log2E
DATA exp64<>+0xc8(SB)/8, $(0x1.62e42fefa38p-1)    // ln2Hi
DATA exp64<>+0xd0(SB)/8, $(0x1.ef35793c7673p-45)  // f1: ln2Lo
DATA exp64<>+0xd8(SB)/8, $(0x1.28ae3e02f5795p-22) // c10
DATA exp64<>+0xe0(SB)/8, $(0x1.ad8d591184cdbp-26) // f2: c11
DATA exp64<>+0xe8(SB)/8, $(0)
GLOBL exp64<>(SB), NOPTR|RODATA, $0xf0

#define EXP64(V, C, L) \
	FLDPQ (table), (F12, F13)        \ // max, min
	FMOVQ 32(table), F14             \ // shift
	C(FMIN_2D, max, y, y)            \
	C(FMAX_2D, min, y, y)            \
	L(FMUL_2D_LANE, 0, f0, y, t)     \ // log2E
	C(FADD_2D, shift, t, t)          \
	C(FSUB_2D, shift, t, whole)      \
	L(FMUL_2D_LANE, 1, f0, whole, r) \ // ln2Hi
	V(FSUB_2D, r, y, y)              \
	L(FMUL_2D_LANE, 0, f1, whole, r) \ // ln2Lo
	V(FSUB_2D, r, y, r)              \
	V(FMUL_2D, r, r, z)              \
	L(FMUL_2D_LANE, 1, f1, z, even)  \ // c10
	L(FMUL_2D_LANE, 0, f2, z, odd)   \ // c11
	C(FADD_2D, c8, even, even)       \
	C(FADD_2D, c9, odd, odd)         \
	V(FMUL_2D, z, even, even)        \
	V(FMUL_2D, z, odd, odd)          \
	C(FADD_2D, c6, even, even)       \
	C(FADD_2D, c7, odd, odd)         \
	V(FMUL_2D, z, even, even)        \
	V(FMUL_2D, z, odd, odd)          \
	C(FADD_2D, c4, even, even)       \
	C(FADD_2D, c5, odd, odd)         \
	V(FMUL_2D, z, even, even)        \
	V(FMUL_2D, z, odd, odd)          \
	C(FADD_2D, c2, even, even)       \
	C(FADD_2D, c3, odd, odd)         \
	V(FMUL_2D, r, odd, odd)          \
	V(FADD_2D, odd, even, even)      \
	V(FMUL_2D, z, even, even)        \
	FMOVQ 48(table), F13             \ // one
	V(FADD_2D, r, even, even)        \
	C(FADD_2D, one, even, y)         \
	C(USHR_2D, 1, t, z)              \ // half
	V(SUB_2D, z, t, t)               \
	C(SHL_2D, 52, z, z)              \
	C(SHL_2D, 52, t, t)              \
	V(FMUL_2D, z, y, y)              \
	V(FMUL_2D, t, y, y)

// func exp64(dst, x *float64, n int)
TEXT ·exp64(SB), NOSPLIT, $0-24
	MOVD   dst+0(FP), pd
	MOVD   x+8(FP), px
	MOVD   n+16(FP), left
	MOVD   $exp64<>(SB), table
	ADD    $0x40, table, R4
	VLD1.P 64(R4), [V20.B16, V21.B16, V22.B16, V23.B16]
	VLD1.P 64(R4), [V25.B16, V26.B16, V27.B16, V28.B16]
	VLD1   (R4), [V29.B16, V30.B16, V31.B16]
	LOOP(EXP64, FMOVD, 8)
	RET

VEC32(tanh32, 0x00, 10.0)           // max
VEC32(tanh32, 0x10, 1)              // low
VEC32(tanh32, 0x20, 0x4AC000FC)     // shift = 0x1.8p22 + 126
VEC32(tanh32, 0x30, 0x80000000)     // sign
VEC32(tanh32, 0x40, 0.5)            // half
VEC32(tanh32, 0x50, 1.0)            // one
VEC32(tanh32, 0x60, -0x1.555506p-2) // c1
VEC32(tanh32, 0x70, 0x1.10d94cp-3)  // c2
DATA tanh32<>+0x80(SB)/4, $(0x1.715476p1)   // f0: 2*log2E
DATA tanh32<>+0x84(SB)/4, $(0x1.62e43p-2)   // ln2/2
DATA tanh32<>+0x88(SB)/4, $(-0x1.a3a60ap-5) // c3
DATA tanh32<>+0x8c(SB)/4, $(0)
GLOBL tanh32<>(SB), NOPTR|RODATA, $0x90

#define TANH32(V, C, L) \
	FLDPQ (table), (F12, F13)        \ // max, low
	FLDPQ 32(table), (F14, F15)      \ // shift, sign
	C(BIC_16B, sign, y, r)           \
	C(FMIN_4S, max, r, r)            \ // a
	L(FMUL_4S_LANE, 0, f0, r, t)     \ // 2*log2E
	C(FADD_4S, shift, t, t)          \
	C(BIC_16B, low, t, t)            \ // i
	C(FSUB_4S, shift, t, whole)      \
	L(FMUL_4S_LANE, 1, f0, whole, z) \ // ln2/2
	V(FSUB_4S, z, r, r)              \
	V(FMUL_4S, r, r, z)              \
	L(FMUL_4S_LANE, 2, f0, z, even)  \ // c3
	C(FADD_4S, c2, even, even)       \
	V(FMUL_4S, z, even, even)        \
	C(FADD_4S, c1, even, even)       \ // p
	V(FMUL_4S, r, z, z)              \
	V(FMUL_4S, even, z, z)           \
	V(FADD_4S, z, r, r)              \ // t
	FLDPQ 64(table), (F12, F13)      \ // half, one
	FMOVQ 48(table), F15             \ // sign
	C(SHL_4S, 22, t, t)              \ // h
	C(FADD_4S, half, t, den)         \
	C(FSUB_4S, half, t, t)           \
	V(FMUL_4S, r, t, t)              \
	V(FADD_4S, t, den, den)          \
	C(FSUB_4S, one, den, q)          \
	V(FADD_4S, r, q, q)              \
	V(FDIV_4S, den, q, q)            \
	C(BIF_16B, sign, q, y)

// func tanh32(dst, x *float32, n int)
TEXT ·tanh32(SB), NOSPLIT, $0-24
	MOVD   dst+0(FP), pd
	MOVD   x+8(FP), px
	MOVD   n+16(FP), left
	MOVD   $tanh32<>(SB), table
	ADD    $0x60, table, R4
	VLD1.P 32(R4), [V24.B16, V25.B16]
	VLD1   (R4), [V29.B16]
	LOOP(TANH32, FMOVS, 4)
	RET

VEC64(tanh64, 0x00, 20.0)                  // max
VEC64(tanh64, 0x10, 1)                     // low
VEC64(tanh64, 0x20, 0x43280000000007FC)    // shift = 0x1.8p51 + 1022
VEC64(tanh64, 0x30, 0x8000000000000000)    // sign
VEC64(tanh64, 0x40, 0.5)                   // half
VEC64(tanh64, 0x50, 1.0)                   // one
VEC64(tanh64, 0x60, -0x1.55555555554bp-2)  // c1
VEC64(tanh64, 0x70, 0x1.11111110f28dep-3)  // c2
VEC64(tanh64, 0x80, -0x1.ba1ba17d1d6f2p-5) // c3
VEC64(tanh64, 0x90, 0x1.664f2b9287887p-6)  // c4
VEC64(tanh64, 0xa0, -0x1.2266d96f8fa95p-7) // c5
DATA tanh64<>+0xb0(SB)/8, $(0x1.71547652b82fep1)    // f0: 2*log2E
DATA tanh64<>+0xb8(SB)/8, $(0x1.62e42fefa38p-2)     // ln2Hi/2
DATA tanh64<>+0xc0(SB)/8, $(0x1.ef35793c7673p-46)   // f1: ln2Lo/2
DATA tanh64<>+0xc8(SB)/8, $(0x1.d4c2ef30f0047p-9)   // c6
DATA tanh64<>+0xd0(SB)/8, $(-0x1.56bec6e2cf811p-10) // f2: c7
DATA tanh64<>+0xd8(SB)/8, $(0)
GLOBL tanh64<>(SB), NOPTR|RODATA, $0xe0

#define TANH64(V, C, L) \
	FSTPQ (F0, F1), save-64(SP)      \ // x
	FSTPQ (F2, F3), save-32(SP)      \
	FLDPQ (table), (F12, F13)        \ // max, low
	FLDPQ 32(table), (F14, F15)      \ // shift, sign
	C(BIC_16B, sign, y, r)           \
	C(FMIN_2D, max, r, r)            \ // a
	L(FMUL_2D_LANE, 0, f0, r, t)     \ // 2*log2E
	C(FADD_2D, shift, t, t)          \
	C(BIC_16B, low, t, t)            \ // i
	C(FSUB_2D, shift, t, whole)      \
	L(FMUL_2D_LANE, 1, f0, whole, z) \ // ln2Hi/2
	V(FSUB_2D, z, r, r)              \
	L(FMUL_2D_LANE, 0, f1, whole, z) \ // ln2Lo/2
	V(FSUB_2D, z, r, r)              \
	V(FMUL_2D, r, r, z)              \
	V(FMUL_2D, z, z, w)              \
	L(FMUL_2D_LANE, 0, f2, w, odd)   \ // c7
	L(FMUL_2D_LANE, 1, f1, w, even)  \ // c6
	C(FADD_2D, c5, odd, odd)         \
	C(FADD_2D, c4, even, even)       \
	V(FMUL_2D, w, odd, odd)          \
	V(FMUL_2D, w, even, even)        \
	C(FADD_2D, c3, odd, odd)         \
	C(FADD_2D, c2, even, even)       \
	V(FMUL_2D, w, odd, odd)          \
	V(FMUL_2D, z, even, even)        \
	C(FADD_2D, c1, odd, odd)         \
	V(FADD_2D, even, odd, odd)       \ // p
	V(FMUL_2D, r, z, z)              \
	V(FMUL_2D, odd, z, z)            \
	V(FADD_2D, z, r, r)              \ // t
	FLDPQ 64(table), (F12, F13)      \ // half, one
	FMOVQ 48(table), F15             \ // sign
	C(SHL_2D, 51, t, t)              \ // h
	C(FADD_2D, half, t, den)         \
	C(FSUB_2D, half, t, t)           \
	V(FMUL_2D, r, t, t)              \
	V(FADD_2D, t, den, den)          \
	C(FSUB_2D, one, den, y)          \
	V(FADD_2D, r, y, y)              \
	V(FDIV_2D, den, y, y)            \
	FLDPQ save-64(SP), (F16, F17)    \ // x
	FLDPQ save-32(SP), (F18, F19)    \
	C(BIT_16B, sign, 16, y)

// func tanh64(dst, x *float64, n int)
TEXT ·tanh64(SB), NOSPLIT, $64-24
	MOVD   dst+0(FP), pd
	MOVD   x+8(FP), px
	MOVD   n+16(FP), left
	MOVD   $tanh64<>(SB), table
	ADD    $0x60, table, R4
	VLD1.P 64(R4), [V24.B16, V25.B16, V26.B16, V27.B16]
	VLD1   (R4), [V28.B16, V29.B16, V30.B16, V31.B16]
	LOOP(TANH64, FMOVD, 8)
	RET
