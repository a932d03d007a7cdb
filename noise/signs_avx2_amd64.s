//go:build !purego

#include "textflag.h"

// Signs with AVX2. See signs_asm.go for what each function does.

// VPERMPS looks up each lane in a table of 8 floats by the lowest three bits of its
// index: with a table that holds +w or −w according to bit j of the entry's number, a
// word becomes ±w by its bit j, and the rest of the word need not be cleared.

DATA signLanes256<>+0(SB)/8, $0x0000000100000000
DATA signLanes256<>+8(SB)/8, $0x0000000300000002
DATA signLanes256<>+16(SB)/8, $0x0000000500000004
DATA signLanes256<>+24(SB)/8, $0x0000000700000006
GLOBL signLanes256<>(SB), RODATA|NOPTR, $32

// The blocks of two vectors of four 64-bit lanes that VSHUFPS brings into order.
DATA signBlocks256<>+0(SB)/8, $0
DATA signBlocks256<>+8(SB)/8, $1
DATA signBlocks256<>+16(SB)/8, $4
DATA signBlocks256<>+24(SB)/8, $5
DATA signBlocks256<>+32(SB)/8, $2
DATA signBlocks256<>+40(SB)/8, $3
DATA signBlocks256<>+48(SB)/8, $6
DATA signBlocks256<>+56(SB)/8, $7
GLOBL signBlocks256<>(SB), RODATA|NOPTR, $64

// M0, M1, −1, 1
DATA signConst256<>+0(SB)/8, $0xD2511F53
DATA signConst256<>+8(SB)/8, $0xCD9E8D57
DATA signConst256<>+16(SB)/4, $0xBF800000
DATA signConst256<>+20(SB)/4, $0x3F800000
GLOBL signConst256<>(SB), RODATA|NOPTR, $24

// The functions in natural order: lane L of the elements from bit 8i on is bit L of
// the word at byte i, after a shift by L. The shift takes in a first bit that is not
// on a byte.

#define bits BX    // the byte of the next element
#define left CX    // elements still to do
#define table Y0   // ±w by bit 0
#define lanes Y1   // 0, 1, 2, … + the first bit, modulo 8

// Assumes first in DX and w in all lanes of table; uses AX and Y2.
#define AVX2_SIGNS_START \
	VBROADCASTSS signConst256<>+16(SB), Y2         \
	VMULPS       Y2, table, Y2                     \
	VBLENDPS     $0xAA, Y2, table, table           \
	MOVQ         DX, AX                            \
	SHRQ         $3, AX                            \
	ADDQ         AX, bits                          \
	ANDL         $7, DX                            \
	VMOVD        DX, X1                            \
	VPBROADCASTD X1, lanes                         \
	VPADDD       signLanes256<>(SB), lanes, lanes

// The mask of the last elements, fewer than 8, into Y7.
#define AVX2_SIGNS_MASK \
	VMOVD        CX, X7                       \
	VPBROADCASTD X7, Y7                       \
	VPCMPGTD     signLanes256<>(SB), Y7, Y7

#define AVX2_SIGNS(byte, e) \
	VPBROADCASTD byte(bits), e \
	VPSRLVD      lanes, e, e   \
	VPERMPS      table, e, e

// func fillSignsAVX2(dst *float32, n int, words *uint32, first int)
TEXT ·fillSignsAVX2(SB), NOSPLIT, $0-32
	MOVQ         dst+0(FP), DI
	MOVQ         n+8(FP), left
	MOVQ         words+16(FP), bits
	MOVQ         first+24(FP), DX
	VBROADCASTSS signConst256<>+20(SB), table
	AVX2_SIGNS_START
	SUBQ         $32, left
	JLT          fewer

loop:
	AVX2_SIGNS(0, Y2)
	AVX2_SIGNS(1, Y3)
	AVX2_SIGNS(2, Y4)
	AVX2_SIGNS(3, Y5)
	VMOVUPS Y2, 0(DI)
	VMOVUPS Y3, 32(DI)
	VMOVUPS Y4, 64(DI)
	VMOVUPS Y5, 96(DI)
	ADDQ    $4, bits
	ADDQ    $128, DI
	SUBQ    $32, left
	JGE     loop

fewer:
	ADDQ $32-8, left
	JLT  tail

loop8:
	AVX2_SIGNS(0, Y2)
	VMOVUPS Y2, (DI)
	ADDQ    $1, bits
	ADDQ    $32, DI
	SUBQ    $8, left
	JGE     loop8

tail:
	ADDQ       $8, left
	JZ         done
	AVX2_SIGNS_MASK
	AVX2_SIGNS(0, Y2)
	VMASKMOVPS Y2, Y7, (DI)

done:
	VZEROUPPER
	RET

// func perturbSignsAVX2(dst, theta *float32, n int, sigma float32, words *uint32, first int)
TEXT ·perturbSignsAVX2(SB), NOSPLIT, $0-48
	MOVQ         dst+0(FP), DI
	MOVQ         theta+8(FP), SI
	MOVQ         n+16(FP), left
	VBROADCASTSS sigma+24(FP), table
	MOVQ         words+32(FP), bits
	MOVQ         first+40(FP), DX
	AVX2_SIGNS_START
	SUBQ         $32, left
	JLT          fewer

loop:
	AVX2_SIGNS(0, Y2)
	AVX2_SIGNS(1, Y3)
	AVX2_SIGNS(2, Y4)
	AVX2_SIGNS(3, Y5)
	VADDPS  0(SI), Y2, Y2
	VADDPS  32(SI), Y3, Y3
	VADDPS  64(SI), Y4, Y4
	VADDPS  96(SI), Y5, Y5
	VMOVUPS Y2, 0(DI)
	VMOVUPS Y3, 32(DI)
	VMOVUPS Y4, 64(DI)
	VMOVUPS Y5, 96(DI)
	ADDQ    $4, bits
	ADDQ    $128, SI
	ADDQ    $128, DI
	SUBQ    $32, left
	JGE     loop

fewer:
	ADDQ $32-8, left
	JLT  tail

loop8:
	AVX2_SIGNS(0, Y2)
	VADDPS  (SI), Y2, Y2
	VMOVUPS Y2, (DI)
	ADDQ    $1, bits
	ADDQ    $32, SI
	ADDQ    $32, DI
	SUBQ    $8, left
	JGE     loop8

tail:
	ADDQ       $8, left
	JZ         done
	AVX2_SIGNS_MASK
	AVX2_SIGNS(0, Y2)
	VMASKMOVPS (SI), Y7, Y4
	VADDPS     Y4, Y2, Y2
	VMASKMOVPS Y2, Y7, (DI)

done:
	VZEROUPPER
	RET

// func perturbPairSignsAVX2(plus, minus, theta *float32, n int, sigma float32, words *uint32, first int)
TEXT ·perturbPairSignsAVX2(SB), NOSPLIT, $0-56
	MOVQ         plus+0(FP), DI
	MOVQ         minus+8(FP), R8
	MOVQ         theta+16(FP), SI
	MOVQ         n+24(FP), left
	VBROADCASTSS sigma+32(FP), table
	MOVQ         words+40(FP), bits
	MOVQ         first+48(FP), DX
	AVX2_SIGNS_START
	SUBQ         $16, left
	JLT          fewer

loop:
	VMOVUPS 0(SI), Y4
	VMOVUPS 32(SI), Y5
	AVX2_SIGNS(0, Y2)
	AVX2_SIGNS(1, Y3)
	VADDPS  Y2, Y4, Y6
	VADDPS  Y3, Y5, Y7
	VSUBPS  Y2, Y4, Y4
	VSUBPS  Y3, Y5, Y5
	VMOVUPS Y6, 0(DI)
	VMOVUPS Y7, 32(DI)
	VMOVUPS Y4, 0(R8)
	VMOVUPS Y5, 32(R8)
	ADDQ    $2, bits
	ADDQ    $64, SI
	ADDQ    $64, DI
	ADDQ    $64, R8
	SUBQ    $16, left
	JGE     loop

fewer:
	ADDQ    $16-8, left
	JLT     tail
	VMOVUPS (SI), Y4
	AVX2_SIGNS(0, Y2)
	VADDPS  Y2, Y4, Y6
	VSUBPS  Y2, Y4, Y4
	VMOVUPS Y6, (DI)
	VMOVUPS Y4, (R8)
	ADDQ    $1, bits
	ADDQ    $32, SI
	ADDQ    $32, DI
	ADDQ    $32, R8
	SUBQ    $8, left

tail:
	ADDQ       $8, left
	JZ         done
	AVX2_SIGNS_MASK
	VMASKMOVPS (SI), Y7, Y4
	AVX2_SIGNS(0, Y2)
	VADDPS     Y2, Y4, Y6
	VSUBPS     Y2, Y4, Y4
	VMASKMOVPS Y6, Y7, (DI)
	VMASKMOVPS Y4, Y7, (R8)

done:
	VZEROUPPER
	RET

#undef bits
#undef left
#undef table
#undef lanes

// Combining. In acc, vector 128H+32p+j has in lane L element 128(8H+L)+32p+j of the
// panel: bit j of word p of block b+8H+L. The words of a stream are the vectors 4H+p,
// H = 0..1, p = 0..3, and then the same, rotated right by 4, so that bits 4 to 6 of
// their bytes can be an index too, and bit 3 is the highest of a byte.
//
// Philox runs in 64-bit lanes, four blocks a vector: a lane's low half is
// a counter word, its high half is whatever the operations left there. So the low
// half of a product serves as the next counter word where it is.

#define ca0 Y0
#define ca2 Y1
#define cb0 Y2
#define cb2 Y3
#define k0 Y12 // round keys, then any temporary
#define k1 Y13
#define m0 Y14
#define m1 Y15
#define keys CX

#define AVX2_SIGNS_KEYS(key0, key2) \
	VPBROADCASTD key0(keys), k0 \
	VPBROADCASTD key2(keys), k1

// Rounds 0 and 1, from p, the product of round 0, and its high half h. l1 is the
// product of round 1.
#define AVX2_SIGNS_ROUNDS01(p, h, c0, c2, l1) \
	VPBROADCASTD 0(keys), k0 \
	VPXOR        h, k0, c2   \
	VPMULUDQ     m1, c2, l1  \
	VPBROADCASTD 4(keys), k0 \
	VPSRLQ       $32, l1, c0 \
	VPXOR        k0, c0, c0  \
	VPBROADCASTD 8(keys), k1 \
	VPXOR        p, k1, c2

// Round 2 from the last product l1 to the new products n1, n3.
#define AVX2_SIGNS_ROUND02(c0, c2, l1, n1, n3) \
	VPMULUDQ m1, c2, n1  \
	VPMULUDQ m0, c0, n3  \
	VPXOR    l1, k0, l1  \
	VPSRLQ   $32, n1, c0 \
	VPXOR    l1, c0, c0  \
	VPSRLQ   $32, n3, c2 \
	VPXOR    k1, c2, c2

// A round from the last products l1, l3 to the new products n1, n3.
#define AVX2_SIGNS_ROUND(c0, c2, l1, l3, n1, n3) \
	VPMULUDQ m1, c2, n1  \
	VPMULUDQ m0, c0, n3  \
	VPXOR    l1, k0, l1  \
	VPXOR    l3, k1, l3  \
	VPSRLQ   $32, n1, c0 \
	VPXOR    l1, c0, c0  \
	VPSRLQ   $32, n3, c2 \
	VPXOR    l3, c2, c2

#define AVX2_SIGNS_ROUND2(key0, key2, la1, la3, lb1, lb3, na1, na3, nb1, nb3) \
	AVX2_SIGNS_KEYS(key0, key2)                                \
	AVX2_SIGNS_ROUND(ca0, ca2, la1, la3, na1, na3)      \
	AVX2_SIGNS_ROUND(cb0, cb2, lb1, lb3, nb1, nb3)

// Stores eight words, and rotated right by 4 bits; uses k0 and k1.
#define AVX2_SIGNS_STORE(words, place) \
	VPSRLD  $4, words, k0      \
	VPSLLD  $28, words, k1     \
	VMOVDQU words, place(DI)   \
	VPOR    k0, k1, k0         \
	VMOVDQU k0, place+256(DI)

// func signPanelWordsAVX2(words *uint32, tables, ws *float32, ks *schedule, count int, b uint32)
//
// The frame holds the products of round 0, which are the same for all streams.
TEXT ·signPanelWordsAVX2(SB), NOSPLIT, $128-44
	VPBROADCASTQ signConst256<>+0(SB), m0
	VPBROADCASTQ signConst256<>+8(SB), m1
	MOVQ         words+0(FP), DI
	MOVQ         DI, R8
	XORL         R9, R9                   // the half of the panel: 0 or 128

half:
	MOVL         R9, AX
	SHRL         $4, AX
	ADDL         b+40(FP), AX              // the first block of the half
	VMOVD        AX, X1
	VPBROADCASTD X1, Y1
	VPADDD       signBlocks256<>+0(SB), Y1, Y0
	VPADDD       signBlocks256<>+32(SB), Y1, Y1
	VPMULUDQ     m0, Y0, Y0
	VPMULUDQ     m0, Y1, Y1
	VMOVDQU      Y0, pa-128(SP)
	VMOVDQU      Y1, pb-96(SP)
	VPSRLQ       $32, Y0, Y0
	VPSRLQ       $32, Y1, Y1
	VMOVDQU      Y0, ha-64(SP)
	VMOVDQU      Y1, hb-32(SP)
	MOVQ         ks+24(FP), keys
	MOVQ         count+32(FP), BX

loop:
	AVX2_SIGNS_ROUNDS01(pa-128(SP), ha-64(SP), ca0, ca2, Y4)
	AVX2_SIGNS_ROUNDS01(pb-96(SP), hb-32(SP), cb0, cb2, Y6)
	AVX2_SIGNS_KEYS(16, 20)
	AVX2_SIGNS_ROUND02(ca0, ca2, Y4, Y8, Y9)
	AVX2_SIGNS_ROUND02(cb0, cb2, Y6, Y10, Y11)
	AVX2_SIGNS_ROUND2(24, 28, Y8, Y9, Y10, Y11, Y4, Y5, Y6, Y7)
	AVX2_SIGNS_ROUND2(32, 36, Y4, Y5, Y6, Y7, Y8, Y9, Y10, Y11)
	AVX2_SIGNS_ROUND2(40, 44, Y8, Y9, Y10, Y11, Y4, Y5, Y6, Y7)
	AVX2_SIGNS_ROUND2(48, 52, Y4, Y5, Y6, Y7, Y8, Y9, Y10, Y11)
	AVX2_SIGNS_ROUND2(56, 60, Y8, Y9, Y10, Y11, Y4, Y5, Y6, Y7)
	AVX2_SIGNS_ROUND2(64, 68, Y4, Y5, Y6, Y7, Y8, Y9, Y10, Y11)

	// The last round packs the halves that count into 32-bit lanes.
	VPMULUDQ m1, ca2, Y4
	VPMULUDQ m0, ca0, Y5
	VPMULUDQ m1, cb2, Y6
	VPMULUDQ m0, cb0, Y7
	VSHUFPS  $0x88, Y10, Y8, Y8
	VSHUFPS  $0x88, Y11, Y9, Y9
	AVX2_SIGNS_KEYS(72, 76)
	VPXOR    k0, Y8, Y8
	VPXOR    k1, Y9, Y9
	VSHUFPS  $0xDD, Y6, Y4, ca0
	VSHUFPS  $0x88, Y6, Y4, Y4
	VSHUFPS  $0xDD, Y7, Y5, ca2
	VSHUFPS  $0x88, Y7, Y5, Y5
	VPXOR    Y8, ca0, ca0
	VPXOR    Y9, ca2, ca2
	AVX2_SIGNS_STORE(ca0, 0)
	AVX2_SIGNS_STORE(Y4, 32)
	AVX2_SIGNS_STORE(ca2, 64)
	AVX2_SIGNS_STORE(Y5, 96)

	ADDQ $512, DI
	ADDQ $80, keys
	DECQ BX
	JNZ  loop
	LEAQ 128(R8), DI
	ADDL $128, R9
	CMPL R9, $128
	JEQ  half

	MOVQ         tables+8(FP), SI
	MOVQ         ws+16(FP), DX
	MOVQ         count+32(FP), BX
	VBROADCASTSS signConst256<>+16(SB), Y5

table:
	VBROADCASTSS (DX), Y0
	VMULPS       Y5, Y0, Y1
	VBLENDPS     $0xAA, Y1, Y0, Y2
	VBLENDPS     $0xCC, Y1, Y0, Y3
	VBLENDPS     $0xF0, Y1, Y0, Y4
	VMOVUPS      Y2, 0(SI)
	VMOVUPS      Y3, 32(SI)
	VMOVUPS      Y4, 64(SI)
	ADDQ         $96, SI
	ADDQ         $4, DX
	DECQ         BX
	JNZ          table
	VZEROUPPER
	RET

#undef ca0
#undef ca2
#undef cb0
#undef cb2
#undef k0
#undef k1
#undef m0
#undef m1
#undef keys

// Three bits of a byte are the index of VPERMPS; a fourth, the highest bit of the
// byte, goes into the sign of w by AND and XOR, since VPERMPS has one port only.

#define sign Y8  // −0
#define w Y9
#define table0 Y10
#define table1 Y11
#define table2 Y12

// Adds the three low bits of the bytes at words(BX) to g0, g1, g2, and the highest
// of the dwords at top(BX) to g3.
#define AVX2_SIGNS_ADD4(words, top, g0, g1, g2, g3) \
	VMOVDQU words(BX), Y13          \
	VPAND   top(BX), sign, Y15      \
	VPERMPS table0, Y13, Y14        \
	VADDPS  Y14, g0, g0             \
	VPXOR   w, Y15, Y15             \
	VPERMPS table1, Y13, Y14        \
	VADDPS  Y14, g1, g1             \
	VADDPS  Y15, g3, g3             \
	VPERMPS table2, Y13, Y13        \
	VADDPS  Y13, g2, g2

// Adds all streams to four bits of two bytes: the bytes at words and words+1, whose
// accumulators are at acc(DI) and acc+256(DI); fourth is the accumulator of the
// highest bits of the dwords at top and top1.
#define AVX2_SIGNS_ADD(stream, acc, fourth, words, top, top1) \
	VMOVUPS acc+0(DI), Y0       \
	VMOVUPS acc+32(DI), Y1      \
	VMOVUPS acc+64(DI), Y2      \
	VMOVUPS fourth(DI), Y3      \
	VMOVUPS acc+256(DI), Y4     \
	VMOVUPS acc+288(DI), Y5     \
	VMOVUPS acc+320(DI), Y6     \
	VMOVUPS fourth+256(DI), Y7  \
	MOVQ    SI, BX              \
	MOVQ    R9, AX              \
	MOVQ    DX, CX              \
stream: \
	VBROADCASTSS 0(AX), w       \
	VMOVUPS 0(AX), table0       \
	VMOVUPS 32(AX), table1      \
	VMOVUPS 64(AX), table2      \
	AVX2_SIGNS_ADD4(words, top, Y0, Y1, Y2, Y3)    \
	AVX2_SIGNS_ADD4(words+1, top1, Y4, Y5, Y6, Y7) \
	ADDQ    $512, BX            \
	ADDQ    $96, AX             \
	DECQ    CX                  \
	JNZ     stream              \
	VMOVUPS Y0, acc+0(DI)       \
	VMOVUPS Y1, acc+32(DI)      \
	VMOVUPS Y2, acc+64(DI)      \
	VMOVUPS Y3, fourth(DI)      \
	VMOVUPS Y4, acc+256(DI)     \
	VMOVUPS Y5, acc+288(DI)     \
	VMOVUPS Y6, acc+320(DI)     \
	VMOVUPS Y7, fourth+256(DI)

// func signPanelAddAVX2(acc *float32, words *uint32, tables *float32, count int)
//
// Bits 0 to 2 and 7 of a byte come from the words; bits 4 to 6 and, a byte further
// down, 3 from the rotated words.
TEXT ·signPanelAddAVX2(SB), NOSPLIT, $0-32
	MOVQ     acc+0(FP), DI
	MOVQ     words+8(FP), SI
	MOVQ     tables+16(FP), R9
	MOVQ     count+24(FP), DX
	MOVL     $8, R8            // vectors of words
	VPCMPEQD sign, sign, sign
	VPSLLD   $31, sign, sign

vector:
	AVX2_SIGNS_ADD(low01, 0, 224, 0, -3, -2)
	AVX2_SIGNS_ADD(low23, 512, 736, 2, -1, 0)
	AVX2_SIGNS_ADD(high01, 128, 96, 256, 256, 253)
	AVX2_SIGNS_ADD(high23, 640, 608, 258, 254, 255)
	ADDQ $32, SI
	ADDQ $1024, DI
	DECL R8
	JNZ  vector
	VZEROUPPER
	RET

#undef sign
#undef w
#undef table0
#undef table1
#undef table2

// Transposes the 4×4 matrix in each 128-bit lane of Y0 to Y3 into Y4 to Y7.
#define AVX2_SIGNS_TRANSPOSE \
	VUNPCKLPS Y1, Y0, Y8   \
	VUNPCKHPS Y1, Y0, Y9   \
	VUNPCKLPS Y3, Y2, Y10  \
	VUNPCKHPS Y3, Y2, Y11  \
	VUNPCKLPD Y10, Y8, Y4  \
	VUNPCKHPD Y10, Y8, Y5  \
	VUNPCKLPD Y11, Y9, Y6  \
	VUNPCKHPD Y11, Y9, Y7

// Four columns of rows i and i+4 of a matrix, which are at row and next.
#define AVX2_SIGNS_COLUMNS(row, next, y, x) \
	VMOVUPS     row(SI), x         \
	VINSERTF128 $1, next(SI), y, y

// func signPanelLoadAVX2(acc, src *float32)
TEXT ·signPanelLoadAVX2(SB), NOSPLIT, $0-16
	MOVQ acc+0(FP), DI
	MOVQ src+8(FP), SI
	MOVL $64, CX       // times four columns of 8 blocks

loop:
	AVX2_SIGNS_COLUMNS(0, 2048, Y0, X0)
	AVX2_SIGNS_COLUMNS(512, 2560, Y1, X1)
	AVX2_SIGNS_COLUMNS(1024, 3072, Y2, X2)
	AVX2_SIGNS_COLUMNS(1536, 3584, Y3, X3)
	AVX2_SIGNS_TRANSPOSE
	VMOVUPS Y4, 0(DI)
	VMOVUPS Y5, 32(DI)
	VMOVUPS Y6, 64(DI)
	VMOVUPS Y7, 96(DI)
	ADDQ    $16, SI
	ADDQ    $128, DI
	DECL    CX
	TESTL   $31, CX
	JNZ     loop
	ADDQ    $4096-512, SI // the next 8 blocks
	TESTL   CX, CX
	JNZ     loop
	VZEROUPPER
	RET

// func signPanelStoreAVX2(dst, acc *float32)
TEXT ·signPanelStoreAVX2(SB), NOSPLIT, $0-16
	MOVQ dst+0(FP), DI
	MOVQ acc+8(FP), SI
	MOVL $64, CX       // times four blocks of 8 elements

loop:
	AVX2_SIGNS_COLUMNS(0, 128, Y0, X0)
	AVX2_SIGNS_COLUMNS(32, 160, Y1, X1)
	AVX2_SIGNS_COLUMNS(64, 192, Y2, X2)
	AVX2_SIGNS_COLUMNS(96, 224, Y3, X3)
	AVX2_SIGNS_TRANSPOSE
	VMOVUPS Y4, 0(DI)
	VMOVUPS Y5, 512(DI)
	VMOVUPS Y6, 1024(DI)
	VMOVUPS Y7, 1536(DI)
	ADDQ    $16, SI
	ADDQ    $2048, DI
	DECL    CX
	TESTL   $1, CX
	JNZ     loop
	ADDQ    $256-32, SI     // the next 8 elements of these blocks
	SUBQ    $2*2048-32, DI
	TESTL   $31, CX
	JNZ     loop
	ADDQ    $4096-512, DI   // the next 8 blocks
	TESTL   CX, CX
	JNZ     loop
	VZEROUPPER
	RET
