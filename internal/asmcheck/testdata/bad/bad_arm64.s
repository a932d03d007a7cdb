#include "textflag.h"

// One function for each rule, named for what is wrong.

// func fmla4SNEON()
TEXT ·fmla4SNEON(SB), NOSPLIT, $0-0
	WORD $0x4E22CC20 // fmla v0.4s, v1.4s, v2.4s
	RET

// func fmls4SNEON()
TEXT ·fmls4SNEON(SB), NOSPLIT, $0-0
	WORD $0x4EA2CC20 // fmls v0.4s, v1.4s, v2.4s
	RET

// func fmla2DNEON()
TEXT ·fmla2DNEON(SB), NOSPLIT, $0-0
	WORD $0x4E62CC20 // fmla v0.2d, v1.2d, v2.2d
	RET

// func fmlaLaneNEON()
TEXT ·fmlaLaneNEON(SB), NOSPLIT, $0-0
	WORD $0x4F821020 // fmla v0.4s, v1.4s, v2.s[0]
	RET

// func fmlsLaneNEON()
TEXT ·fmlsLaneNEON(SB), NOSPLIT, $0-0
	WORD $0x4FC25820 // fmls v0.2d, v1.2d, v2.d[1]
	RET

// func fmlaScalarNEON()
TEXT ·fmlaScalarNEON(SB), NOSPLIT, $0-0
	WORD $0x5F821020 // fmla s0, s1, v2.s[0]
	RET

// func frecpeNEON()
TEXT ·frecpeNEON(SB), NOSPLIT, $0-0
	WORD $0x4EA1D820 // frecpe v0.4s, v1.4s
	RET

// func frsqrtsNEON()
TEXT ·frsqrtsNEON(SB), NOSPLIT, $0-0
	WORD $0x4EA2FC20 // frsqrts v0.4s, v1.4s
	RET

// func registersNEON()
TEXT ·registersNEON(SB), NOSPLIT, $0-0
	MOVD R27, R0
	MOVD R0, g
	RET
