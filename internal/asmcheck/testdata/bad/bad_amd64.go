package main

var useAVX512, useAVX2 bool // for the entries

func assembly() {
	for _, f := range []func(){
		evexAVX2,
		maskAVX2,
		fmaAVX2,
		fmaAVX512,
		estimateAVX2,
		roundAVX512,
		bmiAVX2,
		popcntAVX2,
		f16cAVX2,
		f16cAVX512,
		popcntAVX512,
		vbmiAVX512,
		vpopcntAVX512,
		ifmaAVX512,
		sseAVX2,
		movqAVX512,
		dirtyAVX2,
		dirtyPathAVX512,
		highAVX512,
		highPathAVX512,
		bpAVX2,
		r14AVX2,
		r15AVX512,
		splitAVX2,
		spillAVX2,
		belowAVX2,
		unsetAVX2,
		nameless,
		wrongEntry,
		otherEntry,
		oneEntry,
		fineEntry,
		fineAVX2,
		fineAVX512,
		fineEarlyAVX512,
		fineFramedAVX512,
	} {
		f()
	}
}

func evexAVX2()
func maskAVX2()
func fmaAVX2()
func fmaAVX512()
func estimateAVX2()
func roundAVX512()
func bmiAVX2()
func popcntAVX2()
func f16cAVX2()
func f16cAVX512()
func popcntAVX512()
func vbmiAVX512()
func vpopcntAVX512()
func ifmaAVX512()
func sseAVX2()
func movqAVX512()
func dirtyAVX2()
func dirtyPathAVX512()
func highAVX512()
func highPathAVX512()
func bpAVX2()
func r14AVX2()
func r15AVX512()
func splitAVX2()
func spillAVX2()
func belowAVX2()
func unsetAVX2()
func nameless()
func wrongEntry()
func otherEntry()
func oneEntry()
func fineEntry()
func fineAVX2()
func fineAVX512()
func fineEarlyAVX512()
func fineFramedAVX512()
