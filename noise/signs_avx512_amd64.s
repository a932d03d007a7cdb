//go:build !purego

#include "textflag.h"
#include "kernel_amd64.h"

// Signs with AVX-512. See signs_asm.go for what each function does.

// VPERMPS looks up each lane in a table of 16 floats by the lowest four bits of its
// index: with a table that holds +w or −w according to bit j of the entry's number, a
// word becomes ±w by its bit j, and the rest of the word need not be cleared.

DATA signLanes512<>+0(SB)/8, $0x0000000100000000
DATA signLanes512<>+8(SB)/8, $0x0000000300000002
DATA signLanes512<>+16(SB)/8, $0x0000000500000004
DATA signLanes512<>+24(SB)/8, $0x0000000700000006
DATA signLanes512<>+32(SB)/8, $0x0000000900000008
DATA signLanes512<>+40(SB)/8, $0x0000000B0000000A
DATA signLanes512<>+48(SB)/8, $0x0000000D0000000C
DATA signLanes512<>+56(SB)/8, $0x0000000F0000000E
GLOBL signLanes512<>(SB), RODATA|NOPTR, $64

// The blocks of two vectors of eight 64-bit lanes that VSHUFPS brings into order.
DATA signBlocks512<>+0(SB)/8, $0
DATA signBlocks512<>+8(SB)/8, $1
DATA signBlocks512<>+16(SB)/8, $4
DATA signBlocks512<>+24(SB)/8, $5
DATA signBlocks512<>+32(SB)/8, $8
DATA signBlocks512<>+40(SB)/8, $9
DATA signBlocks512<>+48(SB)/8, $12
DATA signBlocks512<>+56(SB)/8, $13
DATA signBlocks512<>+64(SB)/8, $2
DATA signBlocks512<>+72(SB)/8, $3
DATA signBlocks512<>+80(SB)/8, $6
DATA signBlocks512<>+88(SB)/8, $7
DATA signBlocks512<>+96(SB)/8, $10
DATA signBlocks512<>+104(SB)/8, $11
DATA signBlocks512<>+112(SB)/8, $14
DATA signBlocks512<>+120(SB)/8, $15
GLOBL signBlocks512<>(SB), RODATA|NOPTR, $128

// M0, M1, −1
DATA signConst512<>+0(SB)/8, $0xD2511F53
DATA signConst512<>+8(SB)/8, $0xCD9E8D57
DATA signConst512<>+16(SB)/4, $0xBF800000
GLOBL signConst512<>(SB), RODATA|NOPTR, $20

// The functions in natural order: lane L of the elements from bit 8i on is bit L of
// the word at byte i, after a shift by L. The shift takes in a first bit that is not
// on a byte.

#define bits BX    // the byte of the next element
#define left CX    // elements still to do
#define table Z0   // ±w by bit 0
#define lanes Z1   // 0, 1, 2, … + the first bit, modulo 8

// Assumes first in DX and w in all lanes of table; uses AX, Z2 and K1.
#define AVX512_SIGNS_START \
	VMULPS.BCST signConst512<>+16(SB), table, Z2 \
	MOVL        $0xAAAA, AX                      \
	KMOVW       AX, K1                           \
	VMOVAPS     Z2, K1, table                    \
	MOVQ        DX, AX                           \
	SHRQ        $3, AX                           \
	ADDQ        AX, bits                         \
	ANDL        $7, DX                           \
	VPBROADCASTD DX, lanes                       \
	VPADDD      signLanes512<>(SB), lanes, lanes

// The mask of the last elements, fewer than 16, into K1.
#define AVX512_SIGNS_MASK \
	MOVL  $-1, AX \
	SHLL  CX, AX  \
	NOTL  AX      \
	KMOVW AX, K1

#define AVX512_SIGNS(byte, e) \
	VPBROADCASTD byte(bits), e \
	VPSRLVD      lanes, e, e   \
	VPERMPS      table, e, e

// func fillSignsAVX512(dst *float32, n int, words *uint32, first int)
TEXT ·fillSignsAVX512(SB), NOSPLIT, $0-32
	MOVQ         dst+0(FP), DI
	MOVQ         n+8(FP), left
	MOVQ         words+16(FP), bits
	MOVQ         first+24(FP), DX
	MOVL         $0x3F800000, AX
	VPBROADCASTD AX, table
	AVX512_SIGNS_START
	SUBQ         $64, left
	JLT          fewer

loop:
	AVX512_SIGNS(0, Z2)
	AVX512_SIGNS(2, Z3)
	AVX512_SIGNS(4, Z4)
	AVX512_SIGNS(6, Z5)
	VMOVUPS Z2, 0(DI)
	VMOVUPS Z3, 64(DI)
	VMOVUPS Z4, 128(DI)
	VMOVUPS Z5, 192(DI)
	ADDQ    $8, bits
	ADDQ    $256, DI
	SUBQ    $64, left
	JGE     loop

fewer:
	ADDQ $64-16, left
	JLT  tail

loop16:
	AVX512_SIGNS(0, Z2)
	VMOVUPS Z2, (DI)
	ADDQ    $2, bits
	ADDQ    $64, DI
	SUBQ    $16, left
	JGE     loop16

tail:
	ADDQ    $16, left
	JZ      done
	AVX512_SIGNS_MASK
	AVX512_SIGNS(0, Z2)
	VMOVUPS Z2, K1, (DI)

done:
	VZEROUPPER
	RET

// func perturbSignsAVX512(dst, theta *float32, n int, sigma float32, words *uint32, first int)
TEXT ·perturbSignsAVX512(SB), NOSPLIT, $0-48
	MOVQ         dst+0(FP), DI
	MOVQ         theta+8(FP), SI
	MOVQ         n+16(FP), left
	VBROADCASTSS sigma+24(FP), table
	MOVQ         words+32(FP), bits
	MOVQ         first+40(FP), DX
	AVX512_SIGNS_START
	SUBQ         $64, left
	JLT          fewer

loop:
	AVX512_SIGNS(0, Z2)
	AVX512_SIGNS(2, Z3)
	AVX512_SIGNS(4, Z4)
	AVX512_SIGNS(6, Z5)
	VADDPS  0(SI), Z2, Z2
	VADDPS  64(SI), Z3, Z3
	VADDPS  128(SI), Z4, Z4
	VADDPS  192(SI), Z5, Z5
	VMOVUPS Z2, 0(DI)
	VMOVUPS Z3, 64(DI)
	VMOVUPS Z4, 128(DI)
	VMOVUPS Z5, 192(DI)
	ADDQ    $8, bits
	ADDQ    $256, SI
	ADDQ    $256, DI
	SUBQ    $64, left
	JGE     loop

fewer:
	ADDQ $64-16, left
	JLT  tail

loop16:
	AVX512_SIGNS(0, Z2)
	VADDPS  (SI), Z2, Z2
	VMOVUPS Z2, (DI)
	ADDQ    $2, bits
	ADDQ    $64, SI
	ADDQ    $64, DI
	SUBQ    $16, left
	JGE     loop16

tail:
	ADDQ     $16, left
	JZ       done
	AVX512_SIGNS_MASK
	AVX512_SIGNS(0, Z2)
	VADDPS.Z (SI), Z2, K1, Z2
	VMOVUPS  Z2, K1, (DI)

done:
	VZEROUPPER
	RET

// func perturbPairSignsAVX512(plus, minus, theta *float32, n int, sigma float32, words *uint32, first int)
TEXT ·perturbPairSignsAVX512(SB), NOSPLIT, $0-56
	MOVQ         plus+0(FP), DI
	MOVQ         minus+8(FP), R8
	MOVQ         theta+16(FP), SI
	MOVQ         n+24(FP), left
	VBROADCASTSS sigma+32(FP), table
	MOVQ         words+40(FP), bits
	MOVQ         first+48(FP), DX
	AVX512_SIGNS_START
	SUBQ         $32, left
	JLT          fewer

loop:
	VMOVUPS 0(SI), Z4
	VMOVUPS 64(SI), Z5
	AVX512_SIGNS(0, Z2)
	AVX512_SIGNS(2, Z3)
	VADDPS  Z2, Z4, Z6
	VADDPS  Z3, Z5, Z7
	VSUBPS  Z2, Z4, Z4
	VSUBPS  Z3, Z5, Z5
	VMOVUPS Z6, 0(DI)
	VMOVUPS Z7, 64(DI)
	VMOVUPS Z4, 0(R8)
	VMOVUPS Z5, 64(R8)
	ADDQ    $4, bits
	ADDQ    $128, SI
	ADDQ    $128, DI
	ADDQ    $128, R8
	SUBQ    $32, left
	JGE     loop

fewer:
	ADDQ    $32-16, left
	JLT     tail
	VMOVUPS (SI), Z4
	AVX512_SIGNS(0, Z2)
	VADDPS  Z2, Z4, Z6
	VSUBPS  Z2, Z4, Z4
	VMOVUPS Z6, (DI)
	VMOVUPS Z4, (R8)
	ADDQ    $2, bits
	ADDQ    $64, SI
	ADDQ    $64, DI
	ADDQ    $64, R8
	SUBQ    $16, left

tail:
	ADDQ      $16, left
	JZ        done
	AVX512_SIGNS_MASK
	VMOVUPS.Z (SI), K1, Z4
	AVX512_SIGNS(0, Z2)
	VADDPS    Z2, Z4, Z6
	VSUBPS    Z2, Z4, Z4
	VMOVUPS   Z6, K1, (DI)
	VMOVUPS   Z4, K1, (R8)

done:
	VZEROUPPER
	RET

#undef bits
#undef left
#undef table
#undef lanes

// Combining. In acc, vector 32p+j has in lane L element 128L+32p+j of the panel: bit j
// of word p of block b+L. The words of a stream are the vectors p = 0..3 and then the
// same, rotated right by 4, so that bits 4 to 6 of their bytes can be an index too,
// and bit 3 is the highest of a byte.
//
// Philox runs in 64-bit lanes, eight blocks a vector: a lane's low half is
// a counter word, its high half is whatever the operations left there. So the low
// half of a product serves as the next counter word where it is.

#define m0 Z30
#define m1 Z31
#define pa Z0 // M0·b of blocks A and B, for all streams
#define pb Z1
#define ha Z2 // its high halves
#define hb Z3
#define ca0 Z4
#define ca2 Z5
#define cb0 Z6
#define cb2 Z7
#define keys CX

// Rounds 0 to 2. ea1: product of round 1; fa1 and fa3: products of round 2.
#define AVX512_SIGNS_ROUNDS02(pa, ha, ca0, ca2, ea1, fa1, fa3) \
	VPXORD.BCST     0(keys), ha, ca2           \
	VPMULUDQ        m1, ca2, ea1               \
	VPSRLQ          $32, ea1, ca0              \
	VPXORD.BCST     4(keys), ca0, ca0          \
	VPXORD.BCST     8(keys), pa, ca2           \
	VPMULUDQ        m1, ca2, fa1               \
	VPMULUDQ        m0, ca0, fa3               \
	VPSRLQ          $32, fa1, ca0              \
	VPTERNLOGD.BCST $0x96, 16(keys), ea1, ca0  \
	VPSRLQ          $32, fa3, ca2              \
	VPXORD.BCST     20(keys), ca2, ca2

// A round from the last products l1, l3 to the new products n1, n3; k0 and k2 are the
// places of the keys of c0 and c2.
#define AVX512_SIGNS_ROUND(k0, k2, c0, c2, l1, l3, n1, n3) \
	VPMULUDQ        m1, c2, n1                   \
	VPMULUDQ        m0, c0, n3                   \
	VPSRLQ          $32, n1, c0                  \
	VPTERNLOGD.BCST $0x96, k0(keys), l1, c0     \
	VPSRLQ          $32, n3, c2                  \
	VPTERNLOGD.BCST $0x96, k2(keys), l3, c2

#define AVX512_SIGNS_ROUND2(k0, k2, la1, la3, lb1, lb3, na1, na3, nb1, nb3) \
	AVX512_SIGNS_ROUND(k0, k2, ca0, ca2, la1, la3, na1, na3) \
	AVX512_SIGNS_ROUND(k0, k2, cb0, cb2, lb1, lb3, nb1, nb3)

// func signPanelWordsAVX512(words *uint32, tables, ws *float32, ks *schedule, count int, b uint32)
TEXT ·signPanelWordsAVX512(SB), NOSPLIT, $0-44
	MOVQ         words+0(FP), DI
	MOVQ         tables+8(FP), SI
	MOVQ         ws+16(FP), DX
	MOVQ         ks+24(FP), keys
	MOVQ         count+32(FP), BX
	VPBROADCASTQ signConst512<>+0(SB), m0
	VPBROADCASTQ signConst512<>+8(SB), m1
	MOVL         b+40(FP), AX
	VPBROADCASTD AX, pb
	VPADDD       signBlocks512<>+0(SB), pb, pa
	VPADDD       signBlocks512<>+64(SB), pb, pb
	VPMULUDQ     m0, pa, pa
	VPMULUDQ     m0, pb, pb
	VPSRLQ       $32, pa, ha
	VPSRLQ       $32, pb, hb

	// Where bit j of the number of a lane is set.
	MOVL  $0xAAAA, AX
	KMOVW AX, K1
	MOVL  $0xCCCC, AX
	KMOVW AX, K2
	MOVL  $0xF0F0, AX
	KMOVW AX, K3

loop:
	AVX512_SIGNS_ROUNDS02(pa, ha, ca0, ca2, Z8, Z12, Z13)
	AVX512_SIGNS_ROUNDS02(pb, hb, cb0, cb2, Z10, Z14, Z15)
	AVX512_SIGNS_ROUND2(24, 28, Z12, Z13, Z14, Z15, Z8, Z9, Z10, Z11)
	AVX512_SIGNS_ROUND2(32, 36, Z8, Z9, Z10, Z11, Z12, Z13, Z14, Z15)
	AVX512_SIGNS_ROUND2(40, 44, Z12, Z13, Z14, Z15, Z8, Z9, Z10, Z11)
	AVX512_SIGNS_ROUND2(48, 52, Z8, Z9, Z10, Z11, Z12, Z13, Z14, Z15)
	AVX512_SIGNS_ROUND2(56, 60, Z12, Z13, Z14, Z15, Z8, Z9, Z10, Z11)
	AVX512_SIGNS_ROUND2(64, 68, Z8, Z9, Z10, Z11, Z12, Z13, Z14, Z15)

	// The last round packs the halves that count into 32-bit lanes.
	VPMULUDQ        m1, ca2, Z8
	VPMULUDQ        m0, ca0, Z9
	VPMULUDQ        m1, cb2, Z10
	VPMULUDQ        m0, cb0, Z11
	VSHUFPS         $0x88, Z14, Z12, Z12
	VSHUFPS         $0x88, Z15, Z13, Z13
	VSHUFPS         $0xDD, Z10, Z8, ca0
	VSHUFPS         $0x88, Z10, Z8, Z8
	VSHUFPS         $0xDD, Z11, Z9, ca2
	VSHUFPS         $0x88, Z11, Z9, Z9
	VPTERNLOGD.BCST $0x96, 72(keys), Z12, ca0
	VPTERNLOGD.BCST $0x96, 76(keys), Z13, ca2
	VMOVDQU32       ca0, 0(DI)
	VMOVDQU32       Z8, 64(DI)
	VMOVDQU32       ca2, 128(DI)
	VMOVDQU32       Z9, 192(DI)
	VPRORD          $4, ca0, ca0
	VPRORD          $4, Z8, Z8
	VPRORD          $4, ca2, ca2
	VPRORD          $4, Z9, Z9
	VMOVDQU32       ca0, 256(DI)
	VMOVDQU32       Z8, 320(DI)
	VMOVDQU32       ca2, 384(DI)
	VMOVDQU32       Z9, 448(DI)

	VBROADCASTSS (DX), Z16
	VMULPS.BCST  signConst512<>+16(SB), Z16, Z17
	VBLENDMPS    Z17, Z16, K1, Z18
	VBLENDMPS    Z17, Z16, K2, Z19
	VBLENDMPS    Z17, Z16, K3, Z20
	VMOVUPS      Z18, 0(SI)
	VMOVUPS      Z19, 64(SI)
	VMOVUPS      Z20, 128(SI)

	ADDQ $512, DI
	ADDQ $192, SI
	ADDQ $4, DX
	ADDQ $80, keys
	DECQ BX
	JNZ  loop
	RELEASE
	VZEROUPPER
	RET

#undef m0
#undef m1
#undef pa
#undef pb
#undef ha
#undef hb
#undef ca0
#undef ca2
#undef cb0
#undef cb2
#undef keys

// Three bits of a byte are the index of VPERMPS; a fourth, the highest bit of the
// byte, goes into the sign of w by VPTERNLOGD, since VPERMPS has one port only.

#define sign Z16 // −0
#define w Z17
#define table0 Z18
#define table1 Z19
#define table2 Z20

// Adds the three low bits of the bytes at words(BX) to g0, g1, g2, and the highest
// of the dwords at top(BX) to g3. 0x6A is (Z25 & sign) ^ w.
#define AVX512_SIGNS_ADD4(words, top, g0, g1, g2, g3) \
	VMOVDQU32  words(BX), Z21         \
	VMOVDQU32  top(BX), Z25           \
	VPERMPS    table0, Z21, Z22       \
	VADDPS     Z22, g0, g0            \
	VPTERNLOGD $0x6A, w, sign, Z25    \
	VPERMPS    table1, Z21, Z23       \
	VADDPS     Z23, g1, g1            \
	VADDPS     Z25, g3, g3            \
	VPERMPS    table2, Z21, Z24       \
	VADDPS     Z24, g2, g2

// Moves four accumulators for each byte, at acc(DI) and, the fourth, at fourth(DI).
#define AVX512_SIGNS_GET(acc, fourth, g0, g1, g2, g3) \
	VMOVUPS acc+0(DI), g0   \
	VMOVUPS acc+64(DI), g1  \
	VMOVUPS acc+128(DI), g2 \
	VMOVUPS fourth(DI), g3

#define AVX512_SIGNS_PUT(acc, fourth, g0, g1, g2, g3) \
	VMOVUPS g0, acc+0(DI)   \
	VMOVUPS g1, acc+64(DI)  \
	VMOVUPS g2, acc+128(DI) \
	VMOVUPS g3, fourth(DI)

// Adds all streams to four bits of the bytes at words and the three that follow;
// top0 to top3 are the dwords whose highest bit is the fourth.
#define AVX512_SIGNS_ADD(stream, acc, fourth, words, top0, top1, top2, top3) \
	AVX512_SIGNS_GET(acc, fourth, Z0, Z1, Z2, Z3)               \
	AVX512_SIGNS_GET(acc+512, fourth+512, Z4, Z5, Z6, Z7)       \
	AVX512_SIGNS_GET(acc+1024, fourth+1024, Z8, Z9, Z10, Z11)   \
	AVX512_SIGNS_GET(acc+1536, fourth+1536, Z12, Z13, Z14, Z15) \
	MOVQ SI, BX \
	MOVQ R9, AX \
	MOVQ DX, CX \
stream: \
	VBROADCASTSS 0(AX), w    \
	VMOVUPS 0(AX), table0    \
	VMOVUPS 64(AX), table1   \
	VMOVUPS 128(AX), table2  \
	AVX512_SIGNS_ADD4(words, top0, Z0, Z1, Z2, Z3)         \
	AVX512_SIGNS_ADD4(words+1, top1, Z4, Z5, Z6, Z7)       \
	AVX512_SIGNS_ADD4(words+2, top2, Z8, Z9, Z10, Z11)     \
	AVX512_SIGNS_ADD4(words+3, top3, Z12, Z13, Z14, Z15)   \
	ADDQ $512, BX \
	ADDQ $192, AX \
	DECQ CX       \
	JNZ  stream   \
	AVX512_SIGNS_PUT(acc, fourth, Z0, Z1, Z2, Z3)             \
	AVX512_SIGNS_PUT(acc+512, fourth+512, Z4, Z5, Z6, Z7)     \
	AVX512_SIGNS_PUT(acc+1024, fourth+1024, Z8, Z9, Z10, Z11) \
	AVX512_SIGNS_PUT(acc+1536, fourth+1536, Z12, Z13, Z14, Z15)

// func signPanelAddAVX512(acc *float32, words *uint32, tables *float32, count int)
//
// Bits 0 to 2 and 7 of a byte come from the words; bits 4 to 6 and, a byte further
// down, 3 from the rotated words.
TEXT ·signPanelAddAVX512(SB), NOSPLIT, $0-32
	MOVQ         acc+0(FP), DI
	MOVQ         words+8(FP), SI
	MOVQ         tables+16(FP), R9
	MOVQ         count+24(FP), DX
	MOVL         $4, R8               // vectors of words
	MOVL         $0x80000000, AX
	VPBROADCASTD AX, sign

vector:
	AVX512_SIGNS_ADD(low, 0, 448, 0, -3, -2, -1, 0)
	AVX512_SIGNS_ADD(high, 256, 192, 256, 256, 253, 254, 255)
	ADDQ $64, SI
	ADDQ $2048, DI
	DECL R8
	JNZ  vector
	RELEASE
	VZEROUPPER
	RET

#undef sign
#undef w
#undef table0
#undef table1
#undef table2

// Transposes the 4×4 matrix in each 128-bit lane of Z0 to Z3 into Z4 to Z7.
#define AVX512_SIGNS_TRANSPOSE \
	VUNPCKLPS Z1, Z0, Z8   \
	VUNPCKHPS Z1, Z0, Z9   \
	VUNPCKLPS Z3, Z2, Z10  \
	VUNPCKHPS Z3, Z2, Z11  \
	VUNPCKLPD Z10, Z8, Z4  \
	VUNPCKHPD Z10, Z8, Z5  \
	VUNPCKLPD Z11, Z9, Z6  \
	VUNPCKHPD Z11, Z9, Z7

// Four columns of rows i, i+4, i+8 and i+12 of a matrix: one row at row, the others
// by (the pitch of four rows) further on each.
#define AVX512_SIGNS_COLUMNS(row, by, z, x) \
	VMOVUPS      row(SI), x                 \
	VINSERTF32X4 $1, row+by(SI), z, z       \
	VINSERTF32X4 $2, row+2*by(SI), z, z     \
	VINSERTF32X4 $3, row+3*by(SI), z, z

// func signPanelLoadAVX512(acc, src *float32)
TEXT ·signPanelLoadAVX512(SB), NOSPLIT, $0-16
	MOVQ acc+0(FP), DI
	MOVQ src+8(FP), SI
	MOVL $32, CX       // times four columns of 16 blocks

loop:
	AVX512_SIGNS_COLUMNS(0, 2048, Z0, X0)
	AVX512_SIGNS_COLUMNS(512, 2048, Z1, X1)
	AVX512_SIGNS_COLUMNS(1024, 2048, Z2, X2)
	AVX512_SIGNS_COLUMNS(1536, 2048, Z3, X3)
	AVX512_SIGNS_TRANSPOSE
	VMOVUPS Z4, 0(DI)
	VMOVUPS Z5, 64(DI)
	VMOVUPS Z6, 128(DI)
	VMOVUPS Z7, 192(DI)
	ADDQ    $16, SI
	ADDQ    $256, DI
	DECL    CX
	JNZ     loop
	VZEROUPPER
	RET

// func signPanelStoreAVX512(dst, acc *float32)
TEXT ·signPanelStoreAVX512(SB), NOSPLIT, $0-16
	MOVQ dst+0(FP), DI
	MOVQ acc+8(FP), SI
	MOVL $32, CX       // times four blocks of 16 elements

loop:
	AVX512_SIGNS_COLUMNS(0, 256, Z0, X0)
	AVX512_SIGNS_COLUMNS(64, 256, Z1, X1)
	AVX512_SIGNS_COLUMNS(128, 256, Z2, X2)
	AVX512_SIGNS_COLUMNS(192, 256, Z3, X3)
	AVX512_SIGNS_TRANSPOSE
	VMOVUPS Z4, 0(DI)
	VMOVUPS Z5, 512(DI)
	VMOVUPS Z6, 1024(DI)
	VMOVUPS Z7, 1536(DI)
	ADDQ    $16, SI
	ADDQ    $2048, DI
	DECL    CX
	TESTL   $3, CX
	JNZ     loop
	ADDQ    $1024-64, SI    // the next 16 elements of all blocks
	SUBQ    $4*2048-64, DI
	TESTL   CX, CX
	JNZ     loop
	VZEROUPPER
	RET
