// Vector instructions that Go's assembler has no mnemonic for, and some that it
// has, so that one kernel can name its registers one way: by number, as in
//
//	#define x 5
//	FADD_4S(one, x, x)
//
// Operands are in Go's order, the destination last: FSUB_4S(m, n, d) is d = n − m.
// The comment of each is what a disassembler must make of it; internal/asmcheck
// holds it to that, and all copies of this file to being equal. (They are copies
// because the go command takes headers of other directories for unchanged.)
//
// There is no fused multiply-add here, and there must be none.

// float32
#define FADD_4S(m, n, d) WORD $(0x4E20D400 | (m)<<16 | (n)<<5 | (d)) // fadd Vd.4s, Vn.4s, Vm.4s
#define FSUB_4S(m, n, d) WORD $(0x4EA0D400 | (m)<<16 | (n)<<5 | (d)) // fsub Vd.4s, Vn.4s, Vm.4s
#define FMUL_4S(m, n, d) WORD $(0x6E20DC00 | (m)<<16 | (n)<<5 | (d)) // fmul Vd.4s, Vn.4s, Vm.4s
#define FDIV_4S(m, n, d) WORD $(0x6E20FC00 | (m)<<16 | (n)<<5 | (d)) // fdiv Vd.4s, Vn.4s, Vm.4s
#define FABD_4S(m, n, d) WORD $(0x6EA0D400 | (m)<<16 | (n)<<5 | (d)) // fabd Vd.4s, Vn.4s, Vm.4s
#define FMAX_4S(m, n, d) WORD $(0x4E20F400 | (m)<<16 | (n)<<5 | (d)) // fmax Vd.4s, Vn.4s, Vm.4s
#define FMIN_4S(m, n, d) WORD $(0x4EA0F400 | (m)<<16 | (n)<<5 | (d)) // fmin Vd.4s, Vn.4s, Vm.4s
#define FADDP_4S(m, n, d) WORD $(0x6E20D400 | (m)<<16 | (n)<<5 | (d)) // faddp Vd.4s, Vn.4s, Vm.4s
#define FCMGT_4S(m, n, d) WORD $(0x6EA0E400 | (m)<<16 | (n)<<5 | (d)) // fcmgt Vd.4s, Vn.4s, Vm.4s
#define FABS_4S(n, d) WORD $(0x4EA0F800 | (n)<<5 | (d)) // fabs Vd.4s, Vn.4s
#define FNEG_4S(n, d) WORD $(0x6EA0F800 | (n)<<5 | (d)) // fneg Vd.4s, Vn.4s
#define FSQRT_4S(n, d) WORD $(0x6EA1F800 | (n)<<5 | (d)) // fsqrt Vd.4s, Vn.4s
#define SCVTF_4S(n, d) WORD $(0x4E21D800 | (n)<<5 | (d)) // scvtf Vd.4s, Vn.4s
#define SCVTF_4S_FIXED(i, n, d) WORD $(0x4F00E400 | (64-(i))<<16 | (n)<<5 | (d)) // scvtf Vd.4s, Vn.4s, #i
#define FMUL_4S_LANE(i, m, n, d) WORD $(0x4F809000 | ((i)&1)<<21 | ((i)>>1)<<11 | (m)<<16 | (n)<<5 | (d)) // fmul Vd.4s, Vn.4s, Vm.s[i]

// float64
#define FADD_2D(m, n, d) WORD $(0x4E60D400 | (m)<<16 | (n)<<5 | (d)) // fadd Vd.2d, Vn.2d, Vm.2d
#define FSUB_2D(m, n, d) WORD $(0x4EE0D400 | (m)<<16 | (n)<<5 | (d)) // fsub Vd.2d, Vn.2d, Vm.2d
#define FMUL_2D(m, n, d) WORD $(0x6E60DC00 | (m)<<16 | (n)<<5 | (d)) // fmul Vd.2d, Vn.2d, Vm.2d
#define FDIV_2D(m, n, d) WORD $(0x6E60FC00 | (m)<<16 | (n)<<5 | (d)) // fdiv Vd.2d, Vn.2d, Vm.2d
#define FMAX_2D(m, n, d) WORD $(0x4E60F400 | (m)<<16 | (n)<<5 | (d)) // fmax Vd.2d, Vn.2d, Vm.2d
#define FMIN_2D(m, n, d) WORD $(0x4EE0F400 | (m)<<16 | (n)<<5 | (d)) // fmin Vd.2d, Vn.2d, Vm.2d
#define FADDP_2D(m, n, d) WORD $(0x6E60D400 | (m)<<16 | (n)<<5 | (d)) // faddp Vd.2d, Vn.2d, Vm.2d
#define FCMGT_2D(m, n, d) WORD $(0x6EE0E400 | (m)<<16 | (n)<<5 | (d)) // fcmgt Vd.2d, Vn.2d, Vm.2d
#define FABS_2D(n, d) WORD $(0x4EE0F800 | (n)<<5 | (d)) // fabs Vd.2d, Vn.2d
#define FNEG_2D(n, d) WORD $(0x6EE0F800 | (n)<<5 | (d)) // fneg Vd.2d, Vn.2d
#define FSQRT_2D(n, d) WORD $(0x6EE1F800 | (n)<<5 | (d)) // fsqrt Vd.2d, Vn.2d
#define FMUL_2D_LANE(i, m, n, d) WORD $(0x4FC09000 | (i)<<11 | (m)<<16 | (n)<<5 | (d)) // fmul Vd.2d, Vn.2d, Vm.d[i]

// float32 to float64, the lower and the upper two
#define FCVTL_2D(n, d) WORD $(0x0E617800 | (n)<<5 | (d)) // fcvtl Vd.2d, Vn.2s
#define FCVTL2_2D(n, d) WORD $(0x4E617800 | (n)<<5 | (d)) // fcvtl2 Vd.2d, Vn.4s

// integers
#define ADD_4S(m, n, d) WORD $(0x4EA08400 | (m)<<16 | (n)<<5 | (d)) // add Vd.4s, Vn.4s, Vm.4s
#define SUB_4S(m, n, d) WORD $(0x6EA08400 | (m)<<16 | (n)<<5 | (d)) // sub Vd.4s, Vn.4s, Vm.4s
#define ADD_2D(m, n, d) WORD $(0x4EE08400 | (m)<<16 | (n)<<5 | (d)) // add Vd.2d, Vn.2d, Vm.2d
#define SUB_2D(m, n, d) WORD $(0x6EE08400 | (m)<<16 | (n)<<5 | (d)) // sub Vd.2d, Vn.2d, Vm.2d
#define CMTST_4S(m, n, d) WORD $(0x4EA08C00 | (m)<<16 | (n)<<5 | (d)) // cmtst Vd.4s, Vn.4s, Vm.4s
#define MLS_4S_LANE(i, m, n, d) WORD $(0x6F804000 | ((i)&1)<<21 | ((i)>>1)<<11 | (m)<<16 | (n)<<5 | (d)) // mls Vd.4s, Vn.4s, Vm.s[i]
#define UMULL_2D_LANE(i, m, n, d) WORD $(0x2F80A000 | ((i)&1)<<21 | ((i)>>1)<<11 | (m)<<16 | (n)<<5 | (d)) // umull Vd.2d, Vn.2s, Vm.s[i]
#define UMULL2_2D_LANE(i, m, n, d) WORD $(0x6F80A000 | ((i)&1)<<21 | ((i)>>1)<<11 | (m)<<16 | (n)<<5 | (d)) // umull2 Vd.2d, Vn.4s, Vm.s[i]
#define SHL_4S(i, n, d) WORD $(0x4F005400 | (32+(i))<<16 | (n)<<5 | (d)) // shl Vd.4s, Vn.4s, #i
#define USHR_4S(i, n, d) WORD $(0x6F000400 | (64-(i))<<16 | (n)<<5 | (d)) // ushr Vd.4s, Vn.4s, #i
#define SHL_2D(i, n, d) WORD $(0x4F005400 | (64+(i))<<16 | (n)<<5 | (d)) // shl Vd.2d, Vn.2d, #i
#define USHR_2D(i, n, d) WORD $(0x6F000400 | (128-(i))<<16 | (n)<<5 | (d)) // ushr Vd.2d, Vn.2d, #i

// bits; BIT and BIF insert those of n into d where m is 1 and 0, BSL those of m
// where d is 0 and those of n where it is 1
#define AND_16B(m, n, d) WORD $(0x4E201C00 | (m)<<16 | (n)<<5 | (d)) // and Vd.16b, Vn.16b, Vm.16b
#define BIC_16B(m, n, d) WORD $(0x4E601C00 | (m)<<16 | (n)<<5 | (d)) // bic Vd.16b, Vn.16b, Vm.16b
#define ORR_16B(m, n, d) WORD $(0x4EA01C00 | (m)<<16 | (n)<<5 | (d)) // orr Vd.16b, Vn.16b, Vm.16b
#define EOR_16B(m, n, d) WORD $(0x6E201C00 | (m)<<16 | (n)<<5 | (d)) // eor Vd.16b, Vn.16b, Vm.16b
#define BSL_16B(m, n, d) WORD $(0x6E601C00 | (m)<<16 | (n)<<5 | (d)) // bsl Vd.16b, Vn.16b, Vm.16b
#define BIT_16B(m, n, d) WORD $(0x6EA01C00 | (m)<<16 | (n)<<5 | (d)) // bit Vd.16b, Vn.16b, Vm.16b
#define BIF_16B(m, n, d) WORD $(0x6EE01C00 | (m)<<16 | (n)<<5 | (d)) // bif Vd.16b, Vn.16b, Vm.16b

// permutations; m has the indices of TBL, n and n+1 (o) the table
#define UZP1_4S(m, n, d) WORD $(0x4E801800 | (m)<<16 | (n)<<5 | (d)) // uzp1 Vd.4s, Vn.4s, Vm.4s
#define UZP2_4S(m, n, d) WORD $(0x4E805800 | (m)<<16 | (n)<<5 | (d)) // uzp2 Vd.4s, Vn.4s, Vm.4s
#define TBL1_16B(m, n, d) WORD $(0x4E000000 | (m)<<16 | (n)<<5 | (d)) // tbl Vd.16b, {Vn.16b}, Vm.16b
#define TBL2_16B(m, n, d) WORD $(0x4E002000 | (m)<<16 | (n)<<5 | (d)) // tbl Vd.16b, {Vn.16b, Vo.16b}, Vm.16b
