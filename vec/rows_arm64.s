//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"

// AxpyRows on NEON. A tile of y, one to eight vectors, stays in registers while all rows
// go by. The last vector of a tile ends where y does, and may have elements in common
// with the one before it: both find the same bits. n > 0, rows > 0.

#define pd    R0 // y
#define left  R1 // elements that remain
#define pa    R2 // the factors
#define px    R3 // x
#define pat   R4 // where rows begin
#define nrows R5
#define row   R6 // of x
#define nexta R7
#define nextat R8
#define k     R9 // rows that remain
#define last  R10 // where a tile's last vector is, in bytes
#define tail  R11 // that vector, of y or of the row

#define s 20 // the factor, in lane 0

#define ARGUMENTS \
	MOVD y+0(FP), pd     \
	MOVD n+8(FP), left   \
	MOVD a+16(FP), pa    \
	MOVD x+24(FP), px    \
	MOVD at+32(FP), pat  \
	MOVD rows+40(FP), nrows

// What a tile does with a vector at byte o of y, kept in v.
#define LOAD(FMUL, FADD, o, v) FMOVQ o(pd), F(v)
#define STORE(FMUL, FADD, o, v) FMOVQ F(v), o(pd)
#define TERM(FMUL, FADD, o, v) \
	FMOVQ o(row), F16 \
	FMUL(0, s, 16, 16)    \
	FADD(16, v, v)

// Of a tile of n vectors, Vn_ does OP for all but the last one, which v7 has.
#define V1_(OP, A, B)
#define V2_(OP, A, B) OP(A, B, 0, 0)
#define V3_(OP, A, B) V2_(OP, A, B); OP(A, B, 16, 1)
#define V4_(OP, A, B) V3_(OP, A, B); OP(A, B, 32, 2)
#define V5_(OP, A, B) V4_(OP, A, B); OP(A, B, 48, 3)
#define V6_(OP, A, B) V5_(OP, A, B); OP(A, B, 64, 4)
#define V7_(OP, A, B) V6_(OP, A, B); OP(A, B, 80, 5)
#define V8_(OP, A, B) V7_(OP, A, B); OP(A, B, 96, 6)

// ROWS does TERMS for each row, a vector or element of which it begins with at byte
// last. Elements take 1<<shift bytes.
#define ROWS(loop, ALL, MOV, MOV1, FMUL, FADD, shift) \
	MOVD  pa, nexta                \
	MOVD  pat, nextat              \
	MOVD  nrows, k                 \
loop:                                  \
	MOVD.P  8(nextat), row         \
	MOV1.P  (1<<shift)(nexta), F20 \
	ADD     row<<shift, px, row    \
	ADD     last, row, tail        \
	ALL(TERM, FMUL, FADD)            \
	MOV     (tail), F16            \
	FMUL(0, s, 16, 16)                 \
	FADD(16, 7, 7)                  \
	SUBS    $1, k                  \
	BNE     loop

#define TILE(loop, ALL, MOV1, FMUL, FADD, shift) \
	ALL(LOAD, FMUL, FADD)         \
	ADD   last, pd, tail  \
	FMOVQ (tail), F7      \
	ROWS(loop, ALL, FMOVQ, MOV1, FMUL, FADD, shift) \
	ALL(STORE, FMUL, FADD)        \
	ADD   last, pd, tail  \
	FMOVQ F7, (tail)

#define AXPYROWS(MOV1, FMUL, FADD, shift) \
	ARGUMENTS                    \
next:                                \
	MOVD $(7*16), last           \
	CMP  $(128>>shift), left     \
	BGE  eight                   \
	LSL  $shift, left, last      \
	SUBS $16, last               \
	BLT  part                    \
	BEQ  one                     \
	CMP  $(1*16), last           \
	BLE  two                     \
	CMP  $(2*16), last           \
	BLE  three                   \
	CMP  $(3*16), last           \
	BLE  four                    \
	CMP  $(4*16), last           \
	BLE  five                    \
	CMP  $(5*16), last           \
	BLE  six                     \
	CMP  $(6*16), last           \
	BLE  seven                   \
eight:                               \
	TILE(rows8, V8_, MOV1, FMUL, FADD, shift) \
	ADD  $128, pd                \
	ADD  $128, px                \
	SUBS $(128>>shift), left     \
	BGT  next                    \
	RET                          \
one:                                 \
	TILE(rows1, V1_, MOV1, FMUL, FADD, shift) \
	RET                          \
two:                                 \
	TILE(rows2, V2_, MOV1, FMUL, FADD, shift) \
	RET                          \
three:                               \
	TILE(rows3, V3_, MOV1, FMUL, FADD, shift) \
	RET                          \
four:                                \
	TILE(rows4, V4_, MOV1, FMUL, FADD, shift) \
	RET                          \
five:                                \
	TILE(rows5, V5_, MOV1, FMUL, FADD, shift) \
	RET                          \
six:                                 \
	TILE(rows6, V6_, MOV1, FMUL, FADD, shift) \
	RET                          \
seven:                               \
	TILE(rows7, V7_, MOV1, FMUL, FADD, shift) \
	RET                          \
part:                                \
	MOVD $0, last                \
element:                             \
	MOV1 (pd), F7                \
	ROWS(rows0, V1_, MOV1, MOV1, FMUL, FADD, shift) \
	MOV1 F7, (pd)                \
	ADD  $(1<<shift), pd         \
	ADD  $(1<<shift), px         \
	SUBS $1, left                \
	BNE  element                 \
	RET

// func axpyRows32NEON(y *float32, n int, a, x *float32, at *int, rows int)
TEXT ·axpyRows32NEON(SB), NOSPLIT, $0-48
	AXPYROWS(FMOVS, FMUL_4S_LANE, FADD_4S, 2)

// func axpyRows64NEON(y *float64, n int, a, x *float64, at *int, rows int)
TEXT ·axpyRows64NEON(SB), NOSPLIT, $0-48
	AXPYROWS(FMOVD, FMUL_2D_LANE, FADD_2D, 3)
