#include "textflag.h"

// One function for each rule, named for what is wrong.

// func evexAVX2()
TEXT ·evexAVX2(SB), NOSPLIT, $0-0
	VPTERNLOGD $0x96, Y1, Y2, Y3
	VZEROUPPER
	RET

// func maskAVX2()
TEXT ·maskAVX2(SB), NOSPLIT, $0-0
	KMOVW AX, K1
	RET

// func fmaAVX2()
TEXT ·fmaAVX2(SB), NOSPLIT, $0-0
	VFMADD231PS Y1, Y2, Y3
	VZEROUPPER
	RET

// func fmaAVX512()
TEXT ·fmaAVX512(SB), NOSPLIT, $0-0
	VFNMSUB132PD Z1, Z2, Z3
	VZEROUPPER
	RET

// func estimateAVX2()
TEXT ·estimateAVX2(SB), NOSPLIT, $0-0
	VRSQRTPS Y1, Y2
	VZEROUPPER
	RET

// func roundAVX512()
TEXT ·roundAVX512(SB), NOSPLIT, $0-0
	VADDPS.RZ_SAE Z1, Z2, Z3
	VZEROUPPER
	RET

// func bmiAVX2()
TEXT ·bmiAVX2(SB), NOSPLIT, $0-0
	SHLXQ AX, BX, CX
	RET

// func popcntAVX2()
TEXT ·popcntAVX2(SB), NOSPLIT, $0-0
	POPCNTQ AX, BX
	RET

// func f16cAVX2()
TEXT ·f16cAVX2(SB), NOSPLIT, $0-0
	VCVTPH2PS X1, Y2
	VZEROUPPER
	RET

// func f16cAVX512()
TEXT ·f16cAVX512(SB), NOSPLIT, $0-0
	VCVTPH2PS X1, Y2
	VZEROUPPER
	RET

// func popcntAVX512()
TEXT ·popcntAVX512(SB), NOSPLIT, $0-0
	POPCNTQ AX, BX
	RET

// func vbmiAVX512()
TEXT ·vbmiAVX512(SB), NOSPLIT, $0-0
	VPERMB Z1, Z2, Z3
	VZEROUPPER
	RET

// func vpopcntAVX512()
TEXT ·vpopcntAVX512(SB), NOSPLIT, $0-0
	VPOPCNTD Z1, Z2
	VZEROUPPER
	RET

// func ifmaAVX512()
TEXT ·ifmaAVX512(SB), NOSPLIT, $0-0
	VPMADD52LUQ Z1, Z2, Z3
	VZEROUPPER
	RET

// func sseAVX2()
TEXT ·sseAVX2(SB), NOSPLIT, $0-0
	ADDPS X1, X2
	RET

// func movqAVX512()
TEXT ·movqAVX512(SB), NOSPLIT, $0-0
	MOVQ R8, X0
	RET

// func dirtyAVX2()
TEXT ·dirtyAVX2(SB), NOSPLIT, $0-0
	VPXOR Y1, Y2, Y3
	RET

// func dirtyPathAVX512()
TEXT ·dirtyPathAVX512(SB), NOSPLIT, $0-0
	TESTQ AX, AX
	JZ done
	VPXORD Z1, Z2, Z3
	TESTQ BX, BX
	JZ done
	VZEROUPPER

done:
	RET

// func highAVX512()
TEXT ·highAVX512(SB), NOSPLIT, $0-0
	VPXORD Z29, Z30, Z31
	VPXORQ Z31, Z31, Z31
	VPXORD Z29, Z29, Z29
	VPXORD Z30, Z30, K1, Z30
	VZEROUPPER
	RET

// func highPathAVX512()
TEXT ·highPathAVX512(SB), NOSPLIT, $0-0
	VPBROADCASTD AX, X16
	TESTQ AX, AX
	JZ done
	VPXORD X16, X16, X16

done:
	RET

// func bpAVX2()
TEXT ·bpAVX2(SB), NOSPLIT, $0-0
	MOVQ BP, AX
	RET

// func r14AVX2()
TEXT ·r14AVX2(SB), NOSPLIT, $0-0
	XORL R14, R14
	RET

// func r15AVX512()
TEXT ·r15AVX512(SB), NOSPLIT, $0-0
	MOVB AX, (R15)
	RET

// func splitAVX2()
TEXT ·splitAVX2(SB), 0, $1024-0
	NOP
	RET

// func spillAVX2()
TEXT ·spillAVX2(SB), NOSPLIT, $64-0
	VMOVAPS X1, 16(SP)
	RET

// func belowAVX2()
TEXT ·belowAVX2(SB), NOSPLIT, $64-0
	LEAQ buf-68(SP), AX
	RET

// func unsetAVX2()
TEXT ·unsetAVX2(SB), NOSPLIT, $0-0
	XORL AX, AX
	MOVL (SP)(AX*1), DX
	ADDL DX, CX
	RET

// func unreadAVX2(x *float32, n int)
TEXT ·unreadAVX2(SB), NOSPLIT, $0-16
	MOVQ x+0(FP), AX
	MOVL (AX)(CX*4), AX // MOVQ n+8(FP), CX
	RET

// func nameless()
TEXT ·nameless(SB), NOSPLIT, $0-0
	NOP
	RET

// func wrongEntry()
TEXT ·wrongEntry(SB), NOSPLIT, $0-0
	CMPB ·useAVX512(SB), $0
	JEQ  avx2
	JMP  fineEntryAVX2<>(SB)
avx2:
	JMP  fineEntryAVX512<>(SB)

// func otherEntry()
TEXT ·otherEntry(SB), NOSPLIT, $0-0
	CMPB ·useAVX2(SB), $0
	JEQ  avx2
	JMP  otherEntryAVX512<>(SB)
avx2:
	JMP  otherEntryAVX2<>(SB)

TEXT otherEntryAVX2<>(SB), NOSPLIT, $0-0
	RET

TEXT otherEntryAVX512<>(SB), NOSPLIT, $0-0
	RET

// func oneEntry()
TEXT ·oneEntry(SB), NOSPLIT, $0-0
	CMPB ·useAVX512(SB), $1
	JEQ  avx2
	JMP  oneEntryAVX512<>(SB)
avx2:
	JMP  oneEntryAVX2<>(SB)

TEXT oneEntryAVX2<>(SB), NOSPLIT, $0-0
	RET

TEXT oneEntryAVX512<>(SB), NOSPLIT, $0-0
	RET

// func fineEntry()
TEXT ·fineEntry(SB), NOSPLIT, $0-0
	CMPB ·useAVX512(SB), $0
	JEQ  avx2
	JMP  fineEntryAVX512<>(SB)
avx2:
	JMP  fineEntryAVX2<>(SB)

TEXT fineEntryAVX2<>(SB), NOSPLIT, $0-0
	RET

TEXT fineEntryAVX512<>(SB), NOSPLIT, $0-0
	RET

// func fineAVX2()
TEXT ·fineAVX2(SB), NOSPLIT, $0-0
	XORL R8, R8
	XORL AX, AX
	VMULPS Y1, Y2, Y3
	VADDPS Y1, Y3, Y3
	VCVTPS2PD (AX), Y0
	VMOVQ R8, X0
	VZEROUPPER
	RET

// func fineAVX512()
TEXT ·fineAVX512(SB), NOSPLIT, $0-0
	XORL AX, AX
	VPTERNLOGD.BCST $0x96, 4(AX), Z1, Z3
	VMOVUPS.Z (AX), K1, Z4
	VADDPS.RN_SAE Z1, Z2, Z3
	VGETEXPPS Z1, Z2
	VPLZCNTD Z1, Z2
	VCVTQQ2PD Z1, Z2
	VPADDW Y31, Y30, Y29
	VPBROADCASTD AX, X16
	VPXORQ Z16, Z16, Z16
	VPXORD X29, X29, X29
	VPXORQ Y30, Y30, Y30
	VPXORQ Z31, Z31, Z31
	VZEROUPPER
	RET

// func fineEarlyAVX512()
TEXT ·fineEarlyAVX512(SB), NOSPLIT, $0-0
	XORL AX, AX
	TESTQ AX, AX
	JZ done
again:
	VPXORD Z1, Z2, Z3
	DECQ AX
	JNZ again
	VZEROUPPER

done:
	RET

// func fineFramedAVX512()
TEXT ·fineFramedAVX512(SB), NOSPLIT, $200-0
	VMOVDQU64 Z1, 8(SP)
	VZEROUPPER
	RET
