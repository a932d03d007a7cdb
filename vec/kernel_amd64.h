// What the kernels of this package share.

// CHOOSE goes on in the kernel for the tier, with the caller's frame and the arguments in
// registers.
#define CHOOSE(kernel512, kernel2) \
	CMPB ·useAVX512(SB), $0 \
	JEQ  avx2               \
	JMP  kernel512          \
avx2:                           \
	JMP  kernel2

// RELEASE lets go of Z16 to Z31, whoever has used them: noise/kernel_amd64.h says why.
#define RELEASE \
	VPXORQ Z16, Z16, Z16 \
	VPXORQ Z17, Z17, Z17 \
	VPXORQ Z18, Z18, Z18 \
	VPXORQ Z19, Z19, Z19 \
	VPXORQ Z20, Z20, Z20 \
	VPXORQ Z21, Z21, Z21 \
	VPXORQ Z22, Z22, Z22 \
	VPXORQ Z23, Z23, Z23 \
	VPXORQ Z24, Z24, Z24 \
	VPXORQ Z25, Z25, Z25 \
	VPXORQ Z26, Z26, Z26 \
	VPXORQ Z27, Z27, Z27 \
	VPXORQ Z28, Z28, Z28 \
	VPXORQ Z29, Z29, Z29 \
	VPXORQ Z30, Z30, Z30 \
	VPXORQ Z31, Z31, Z31

// Masks of a partial vector.

// AVX512_MASK sets k to the first n < 64 lanes. It changes AX.
#define AVX512_MASK(n, k) \
	XORL  AX, AX \
	BTSQ  n, AX  \
	DECQ  AX     \
	KMOVQ AX, k

// AVX2_MASK sets y to the first n < 32 bytes. It changes AX.
#define AVX2_MASK(n, y) \
	LEAQ    ones<>+32(SB), AX \
	SUBQ    n, AX             \
	VMOVDQU (AX), y

DATA ones<>+0(SB)/8, $-1
DATA ones<>+8(SB)/8, $-1
DATA ones<>+16(SB)/8, $-1
DATA ones<>+24(SB)/8, $-1
GLOBL ones<>(SB), RODATA|NOPTR, $64
