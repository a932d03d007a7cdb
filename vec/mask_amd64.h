// Masks of a partial vector, for the kernels of this package.

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
