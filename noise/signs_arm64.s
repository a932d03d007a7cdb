//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"

// Signs on NEON. See signs_asm.go for what each function does.

#define out   R0
#define left  R1 // elements still to do
#define next  R2 // the word with the next bit
#define in    R4
#define down  R5 // the minus of a pair
#define shift R6 // the first bit of a word
#define word  R7

#define masks 16 // the first of eight: the 32 bits of a word, four a vector
#define pos   24 // w
#define neg   25 // -w
#define bits  26

DATA signMask<>+0(SB)/8, $0x0000000200000001
DATA signMask<>+8(SB)/8, $0x0000000800000004
GLOBL signMask<>(SB), NOPTR|RODATA, $16

#define NEON_SIGN_MASKS \
	MOVD $signMask<>(SB), R8   \
	VLD1 (R8), [V16.S4]        \
	SHL_4S(4, masks, masks+1)  \
	SHL_4S(8, masks, masks+2)  \
	SHL_4S(12, masks, masks+3) \
	SHL_4S(16, masks, masks+4) \
	SHL_4S(20, masks, masks+5) \
	SHL_4S(24, masks, masks+6) \
	SHL_4S(28, masks, masks+7)

// Assumes w in all lanes of pos and the first bit in shift.
#define NEON_SIGNS_START \
	NEON_SIGN_MASKS          \
	FNEG_4S(pos, neg)     \
	LSR  $5, shift, R8       \
	ADD  R8<<2, next, next   \
	AND  $31, shift, shift

// NEON_SIGN_BITS gets the next 32 bits, from two words, into word.
#define NEON_SIGN_BITS \
	MOVD.P 4(next), word       \
	LSR    shift, word, word

#define NEON_SIGNS4(i, d) \
	CMTST_4S(masks+(i), bits, d) \
	BSL_16B(pos, neg, d)

#define NEON_SIGNS32 \
	NEON_SIGN_BITS        \
	VDUP word, V26.S4     \
	NEON_SIGNS4(0, 0)     \
	NEON_SIGNS4(1, 1)     \
	NEON_SIGNS4(2, 2)     \
	NEON_SIGNS4(3, 3)     \
	NEON_SIGNS4(4, 4)     \
	NEON_SIGNS4(5, 5)     \
	NEON_SIGNS4(6, 6)     \
	NEON_SIGNS4(7, 7)

// The last signs of a call come four and one at a time.
#define NEON_SIGNS_NEXT(count) \
	VDUP word, V26.S4      \
	NEON_SIGNS4(0, 0)      \
	LSR  count, word, word

// func fillSignsNEON(dst *float32, n int, words *uint32, first int)
TEXT ·fillSignsNEON(SB), NOSPLIT, $0-32
	MOVD  dst+0(FP), out
	MOVD  n+8(FP), left
	MOVD  words+16(FP), next
	MOVD  first+24(FP), shift
	FMOVS $1.0, F24
	VDUP  V24.S[0], V24.S4
	NEON_SIGNS_START
	SUBS  $32, left
	BLT   fewer

loop:
	NEON_SIGNS32
	VST1.P [V0.S4, V1.S4, V2.S4, V3.S4], 64(out)
	VST1.P [V4.S4, V5.S4, V6.S4, V7.S4], 64(out)
	SUBS   $32, left
	BGE    loop

fewer:
	ADDS $32, left
	BEQ  done
	NEON_SIGN_BITS
	SUBS $4, left
	BLT  ones

loop4:
	NEON_SIGNS_NEXT($4)
	VST1.P [V0.S4], 16(out)
	SUBS   $4, left
	BGE    loop4

ones:
	ADDS $4, left
	BEQ  done

loop1:
	NEON_SIGNS_NEXT($1)
	FMOVS.P F0, 4(out)
	SUBS    $1, left
	BNE     loop1

done:
	RET

// func perturbSignsNEON(dst, theta *float32, n int, sigma float32, words *uint32, first int)
TEXT ·perturbSignsNEON(SB), NOSPLIT, $0-48
	MOVD  dst+0(FP), out
	MOVD  theta+8(FP), in
	MOVD  n+16(FP), left
	FMOVS sigma+24(FP), F24
	MOVD  words+32(FP), next
	MOVD  first+40(FP), shift
	VDUP  V24.S[0], V24.S4
	NEON_SIGNS_START
	SUBS  $32, left
	BLT   fewer

loop:
	NEON_SIGNS32
	VLD1.P 64(in), [V8.S4, V9.S4, V10.S4, V11.S4]
	VLD1.P 64(in), [V12.S4, V13.S4, V14.S4, V15.S4]
	FADD_4S(0, 8, 0)
	FADD_4S(1, 9, 1)
	FADD_4S(2, 10, 2)
	FADD_4S(3, 11, 3)
	FADD_4S(4, 12, 4)
	FADD_4S(5, 13, 5)
	FADD_4S(6, 14, 6)
	FADD_4S(7, 15, 7)
	VST1.P [V0.S4, V1.S4, V2.S4, V3.S4], 64(out)
	VST1.P [V4.S4, V5.S4, V6.S4, V7.S4], 64(out)
	SUBS   $32, left
	BGE    loop

fewer:
	ADDS $32, left
	BEQ  done
	NEON_SIGN_BITS
	SUBS $4, left
	BLT  ones

loop4:
	NEON_SIGNS_NEXT($4)
	VLD1.P 16(in), [V8.S4]
	FADD_4S(0, 8, 0)
	VST1.P [V0.S4], 16(out)
	SUBS   $4, left
	BGE    loop4

ones:
	ADDS $4, left
	BEQ  done

loop1:
	NEON_SIGNS_NEXT($1)
	FMOVS.P 4(in), F8
	FADDS   F0, F8, F0
	FMOVS.P F0, 4(out)
	SUBS    $1, left
	BNE     loop1

done:
	RET

// func perturbPairSignsNEON(plus, minus, theta *float32, n int, sigma float32, words *uint32, first int)
TEXT ·perturbPairSignsNEON(SB), NOSPLIT, $0-56
	MOVD  plus+0(FP), out
	MOVD  minus+8(FP), down
	MOVD  theta+16(FP), in
	MOVD  n+24(FP), left
	FMOVS sigma+32(FP), F24
	MOVD  words+40(FP), next
	MOVD  first+48(FP), shift
	VDUP  V24.S[0], V24.S4
	NEON_SIGNS_START
	SUBS  $32, left
	BLT   fewer

loop:
	NEON_SIGNS32
	VLD1.P 64(in), [V8.S4, V9.S4, V10.S4, V11.S4]
	VLD1.P 64(in), [V12.S4, V13.S4, V14.S4, V15.S4]
	FADD_4S(0, 8, 28)
	FADD_4S(1, 9, 29)
	FADD_4S(2, 10, 30)
	FADD_4S(3, 11, 31)
	FSUB_4S(0, 8, 0)
	FSUB_4S(1, 9, 1)
	FSUB_4S(2, 10, 2)
	FSUB_4S(3, 11, 3)
	VST1.P [V28.S4, V29.S4, V30.S4, V31.S4], 64(out)
	VST1.P [V0.S4, V1.S4, V2.S4, V3.S4], 64(down)
	FADD_4S(4, 12, 28)
	FADD_4S(5, 13, 29)
	FADD_4S(6, 14, 30)
	FADD_4S(7, 15, 31)
	FSUB_4S(4, 12, 4)
	FSUB_4S(5, 13, 5)
	FSUB_4S(6, 14, 6)
	FSUB_4S(7, 15, 7)
	VST1.P [V28.S4, V29.S4, V30.S4, V31.S4], 64(out)
	VST1.P [V4.S4, V5.S4, V6.S4, V7.S4], 64(down)
	SUBS   $32, left
	BGE    loop

fewer:
	ADDS $32, left
	BEQ  done
	NEON_SIGN_BITS
	SUBS $4, left
	BLT  ones

loop4:
	NEON_SIGNS_NEXT($4)
	VLD1.P 16(in), [V8.S4]
	FADD_4S(0, 8, 1)
	FSUB_4S(0, 8, 0)
	VST1.P [V1.S4], 16(out)
	VST1.P [V0.S4], 16(down)
	SUBS   $4, left
	BGE    loop4

ones:
	ADDS $4, left
	BEQ  done

loop1:
	NEON_SIGNS_NEXT($1)
	FMOVS.P 4(in), F8
	FADDS   F0, F8, F1
	FSUBS   F0, F8, F0
	FMOVS.P F1, 4(out)
	FMOVS.P F0, 4(down)
	SUBS    $1, left
	BNE     loop1

done:
	RET

// A panel is in natural order here: as its 64 elements are in V0 to V15 while the
// streams pass, there is nothing to gain from another. Its tables are the weights.

// NEON_SIGN_COPY copies panelLen elements.
#define NEON_SIGN_COPY \
	MOVD $2048, left \
copy: \
	VLD1.P 64(in), [V0.S4, V1.S4, V2.S4, V3.S4] \
	VLD1.P 64(in), [V4.S4, V5.S4, V6.S4, V7.S4] \
	VST1.P [V0.S4, V1.S4, V2.S4, V3.S4], 64(out) \
	VST1.P [V4.S4, V5.S4, V6.S4, V7.S4], 64(out) \
	SUBS $32, left \
	BNE  copy

// func signPanelLoadNEON(acc, src *float32)
TEXT ·signPanelLoadNEON(SB), NOSPLIT, $0-16
	MOVD acc+0(FP), out
	MOVD src+8(FP), in
	NEON_SIGN_COPY
	RET

// func signPanelStoreNEON(dst, acc *float32)
TEXT ·signPanelStoreNEON(SB), NOSPLIT, $0-16
	MOVD dst+0(FP), out
	MOVD acc+8(FP), in
	NEON_SIGN_COPY
	RET

#define NEON_SIGNS_ADD(i, acc, t) \
	NEON_SIGNS4(i, t)      \
	FADD_4S(t, acc, acc)

// func signPanelAddNEON(acc *float32, words *uint32, tables *float32, count int)
TEXT ·signPanelAddNEON(SB), NOSPLIT, $0-32
	MOVD acc+0(FP), out
	NEON_SIGN_MASKS
	MOVD words+8(FP), R8
	MOVD $32, R9

group:
	// Elements 64i to 64i+63 have words 2i and 2i+1 of each stream.
	MOVD   out, in
	MOVD   R8, next
	MOVD   tables+16(FP), R10
	MOVD   count+24(FP), left
	VLD1.P 64(in), [V0.S4, V1.S4, V2.S4, V3.S4]
	VLD1.P 64(in), [V4.S4, V5.S4, V6.S4, V7.S4]
	VLD1.P 64(in), [V8.S4, V9.S4, V10.S4, V11.S4]
	VLD1.P 64(in), [V12.S4, V13.S4, V14.S4, V15.S4]

stream:
	VLD1R.P 4(R10), [V24.S4]
	VLD1R.P 4(next), [V26.S4]
	FNEG_4S(pos, neg)
	NEON_SIGNS_ADD(0, 0, 28)
	NEON_SIGNS_ADD(1, 1, 29)
	NEON_SIGNS_ADD(2, 2, 30)
	NEON_SIGNS_ADD(3, 3, 31)
	NEON_SIGNS_ADD(4, 4, 28)
	NEON_SIGNS_ADD(5, 5, 29)
	NEON_SIGNS_ADD(6, 6, 30)
	NEON_SIGNS_ADD(7, 7, 31)
	VLD1R   (next), [V26.S4]
	ADD     $252, next
	NEON_SIGNS_ADD(0, 8, 28)
	NEON_SIGNS_ADD(1, 9, 29)
	NEON_SIGNS_ADD(2, 10, 30)
	NEON_SIGNS_ADD(3, 11, 31)
	NEON_SIGNS_ADD(4, 12, 28)
	NEON_SIGNS_ADD(5, 13, 29)
	NEON_SIGNS_ADD(6, 14, 30)
	NEON_SIGNS_ADD(7, 15, 31)
	SUBS    $1, left
	BNE     stream

	VST1.P [V0.S4, V1.S4, V2.S4, V3.S4], 64(out)
	VST1.P [V4.S4, V5.S4, V6.S4, V7.S4], 64(out)
	VST1.P [V8.S4, V9.S4, V10.S4, V11.S4], 64(out)
	VST1.P [V12.S4, V13.S4, V14.S4, V15.S4], 64(out)
	ADD    $8, R8
	SUBS   $1, R9
	BNE    group
	RET
