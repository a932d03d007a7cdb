//go:build !purego

#include "textflag.h"
#include "neon_arm64.h"

// Add, Sub, Mul, MulAdd, Axpy, Scale and Sqrt on NEON. A kernel is one of the shapes
// below in a loop that is the same for all: over 64 bytes, then 16, then one element.

#define pd   R0 // dst; of axpy, y
#define pa   R1 // a; of axpy, scale and sqrt, x
#define pb   R2 // b; of axpy, y
#define pc   R3
#define left R4 // elements that remain

#define s 20 // the scalar operand, in all lanes

// Shapes: x is a vector of a and becomes one of dst; y and z are of b and c.
#define BINARY(OP, ADD, x, y, z) OP(y, x, x)
#define MULADD(MUL, ADD, x, y, z) MUL(y, x, x); ADD(z, x, x)
#define AXPY(MUL, ADD, x, y, z) MUL(s, x, x); ADD(x, y, x)
#define SCALE(MUL, ADD, x, y, z) MUL(s, x, x)
#define SQRT(OP, ADD, x, y, z) OP(x, x)

// FOURk loads four vectors of k arguments, ONEk a vector or an element, which are w
// bytes long. Both move the pointers on.
#define FOUR1 \
	FLDPQ   32(pa), (F2, F3) \
	FLDPQ.P 64(pa), (F0, F1)

#define FOUR2 \
	FOUR1                    \
	FLDPQ   32(pb), (F6, F7) \
	FLDPQ.P 64(pb), (F4, F5)

#define FOUR3 \
	FOUR2                      \
	FLDPQ   32(pc), (F18, F19) \
	FLDPQ.P 64(pc), (F16, F17)

#define ONE1(MOV, w) \
	MOV.P w(pa), F0

#define ONE2(MOV, w) \
	ONE1(MOV, w)    \
	MOV.P w(pb), F4

#define ONE3(MOV, w) \
	ONE2(MOV, w)     \
	MOV.P w(pc), F16

// An element alone has zeros, or the like of 0 + s·0, in the lanes beside it.
#define LOOP(FOUR, ONE, SHAPE, OP, ADD, MOV, size) \
	SUBS $(64/size), left     \
	BLT  few                  \
four:                             \
	FOUR                      \
	SHAPE(OP, ADD, 0, 4, 16)  \
	SHAPE(OP, ADD, 1, 5, 17)  \
	SHAPE(OP, ADD, 2, 6, 18)  \
	SHAPE(OP, ADD, 3, 7, 19)  \
	FSTPQ   (F2, F3), 32(pd)  \
	FSTPQ.P (F0, F1), 64(pd)  \
	SUBS    $(64/size), left  \
	BGE     four              \
few:                              \
	ADDS $(48/size), left     \
	BLT  last                 \
one:                              \
	ONE(FMOVQ, 16)            \
	SHAPE(OP, ADD, 0, 4, 16)  \
	FMOVQ.P F0, 16(pd)        \
	SUBS    $(16/size), left  \
	BGE     one               \
last:                             \
	ADDS $(16/size), left     \
	BEQ  done                 \
element:                          \
	ONE(MOV, size)            \
	SHAPE(OP, ADD, 0, 4, 16)  \
	MOV.P F0, size(pd)        \
	SUBS  $1, left            \
	BNE   element             \
done:

// func add32(dst, a, b *float32, n int)
TEXT ·add32(SB), NOSPLIT, $0-32
	MOVD dst+0(FP), pd
	MOVD a+8(FP), pa
	MOVD b+16(FP), pb
	MOVD n+24(FP), left
	LOOP(FOUR2, ONE2, BINARY, FADD_4S, FADD_4S, FMOVS, 4)
	RET

// func add64(dst, a, b *float64, n int)
TEXT ·add64(SB), NOSPLIT, $0-32
	MOVD dst+0(FP), pd
	MOVD a+8(FP), pa
	MOVD b+16(FP), pb
	MOVD n+24(FP), left
	LOOP(FOUR2, ONE2, BINARY, FADD_2D, FADD_2D, FMOVD, 8)
	RET

// func sub32(dst, a, b *float32, n int)
TEXT ·sub32(SB), NOSPLIT, $0-32
	MOVD dst+0(FP), pd
	MOVD a+8(FP), pa
	MOVD b+16(FP), pb
	MOVD n+24(FP), left
	LOOP(FOUR2, ONE2, BINARY, FSUB_4S, FADD_4S, FMOVS, 4)
	RET

// func sub64(dst, a, b *float64, n int)
TEXT ·sub64(SB), NOSPLIT, $0-32
	MOVD dst+0(FP), pd
	MOVD a+8(FP), pa
	MOVD b+16(FP), pb
	MOVD n+24(FP), left
	LOOP(FOUR2, ONE2, BINARY, FSUB_2D, FADD_2D, FMOVD, 8)
	RET

// func mul32(dst, a, b *float32, n int)
TEXT ·mul32(SB), NOSPLIT, $0-32
	MOVD dst+0(FP), pd
	MOVD a+8(FP), pa
	MOVD b+16(FP), pb
	MOVD n+24(FP), left
	LOOP(FOUR2, ONE2, BINARY, FMUL_4S, FADD_4S, FMOVS, 4)
	RET

// func mul64(dst, a, b *float64, n int)
TEXT ·mul64(SB), NOSPLIT, $0-32
	MOVD dst+0(FP), pd
	MOVD a+8(FP), pa
	MOVD b+16(FP), pb
	MOVD n+24(FP), left
	LOOP(FOUR2, ONE2, BINARY, FMUL_2D, FADD_2D, FMOVD, 8)
	RET

// func mulAdd32(dst, a, b, c *float32, n int)
TEXT ·mulAdd32(SB), NOSPLIT, $0-40
	MOVD dst+0(FP), pd
	MOVD a+8(FP), pa
	MOVD b+16(FP), pb
	MOVD c+24(FP), pc
	MOVD n+32(FP), left
	LOOP(FOUR3, ONE3, MULADD, FMUL_4S, FADD_4S, FMOVS, 4)
	RET

// func mulAdd64(dst, a, b, c *float64, n int)
TEXT ·mulAdd64(SB), NOSPLIT, $0-40
	MOVD dst+0(FP), pd
	MOVD a+8(FP), pa
	MOVD b+16(FP), pb
	MOVD c+24(FP), pc
	MOVD n+32(FP), left
	LOOP(FOUR3, ONE3, MULADD, FMUL_2D, FADD_2D, FMOVD, 8)
	RET

// func axpy32(y *float32, a float32, x *float32, n int)
TEXT ·axpy32(SB), NOSPLIT, $0-32
	MOVD  y+0(FP), pd
	MOVD  y+0(FP), pb
	MOVD  $a+8(FP), pa
	VLD1R (pa), [V20.S4]
	MOVD  x+16(FP), pa
	MOVD  n+24(FP), left
	LOOP(FOUR2, ONE2, AXPY, FMUL_4S, FADD_4S, FMOVS, 4)
	RET

// func axpy64(y *float64, a float64, x *float64, n int)
TEXT ·axpy64(SB), NOSPLIT, $0-32
	MOVD  y+0(FP), pd
	MOVD  y+0(FP), pb
	MOVD  $a+8(FP), pa
	VLD1R (pa), [V20.D2]
	MOVD  x+16(FP), pa
	MOVD  n+24(FP), left
	LOOP(FOUR2, ONE2, AXPY, FMUL_2D, FADD_2D, FMOVD, 8)
	RET

// func scale32(dst *float32, a float32, x *float32, n int)
TEXT ·scale32(SB), NOSPLIT, $0-32
	MOVD  dst+0(FP), pd
	MOVD  $a+8(FP), pa
	VLD1R (pa), [V20.S4]
	MOVD  x+16(FP), pa
	MOVD  n+24(FP), left
	LOOP(FOUR1, ONE1, SCALE, FMUL_4S, FADD_4S, FMOVS, 4)
	RET

// func scale64(dst *float64, a float64, x *float64, n int)
TEXT ·scale64(SB), NOSPLIT, $0-32
	MOVD  dst+0(FP), pd
	MOVD  $a+8(FP), pa
	VLD1R (pa), [V20.D2]
	MOVD  x+16(FP), pa
	MOVD  n+24(FP), left
	LOOP(FOUR1, ONE1, SCALE, FMUL_2D, FADD_2D, FMOVD, 8)
	RET

// func sqrt32(dst, x *float32, n int)
TEXT ·sqrt32(SB), NOSPLIT, $0-24
	MOVD dst+0(FP), pd
	MOVD x+8(FP), pa
	MOVD n+16(FP), left
	LOOP(FOUR1, ONE1, SQRT, FSQRT_4S, FADD_4S, FMOVS, 4)
	RET

// func sqrt64(dst, x *float64, n int)
TEXT ·sqrt64(SB), NOSPLIT, $0-24
	MOVD dst+0(FP), pd
	MOVD x+8(FP), pa
	MOVD n+16(FP), left
	LOOP(FOUR1, ONE1, SQRT, FSQRT_2D, FADD_2D, FMOVD, 8)
	RET
