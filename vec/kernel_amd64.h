// What the kernels of this package share.

// CHOOSE goes on in the kernel for the tier, with the caller's frame and the arguments in
// registers.
#define CHOOSE(kernel512, kernel2) \
	CMPB ·useAVX512(SB), $0 \
	JEQ  avx2               \
	JMP  kernel512          \
avx2:                           \
	JMP  kernel2

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
