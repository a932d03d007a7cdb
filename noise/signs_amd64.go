//go:build !purego

package noise

func fillSignsKernel(dst *float32, n int, words *uint32, first int) {
	if useAVX512 {
		fillSignsAVX512(dst, n, words, first)
	} else {
		fillSignsAVX2(dst, n, words, first)
	}
}

func perturbSignsKernel(dst, theta *float32, n int, sigma float32, words *uint32, first int) {
	if useAVX512 {
		perturbSignsAVX512(dst, theta, n, sigma, words, first)
	} else {
		perturbSignsAVX2(dst, theta, n, sigma, words, first)
	}
}

func perturbPairSignsKernel(plus, minus, theta *float32, n int, sigma float32, words *uint32, first int) {
	if useAVX512 {
		perturbPairSignsAVX512(plus, minus, theta, n, sigma, words, first)
	} else {
		perturbPairSignsAVX2(plus, minus, theta, n, sigma, words, first)
	}
}

func signPanelLoadKernel(acc, src *float32) {
	if useAVX512 {
		signPanelLoadAVX512(acc, src)
	} else {
		signPanelLoadAVX2(acc, src)
	}
}

func signPanelStoreKernel(dst, acc *float32) {
	if useAVX512 {
		signPanelStoreAVX512(dst, acc)
	} else {
		signPanelStoreAVX2(dst, acc)
	}
}

func signPanelWordsKernel(words *uint32, tables, ws *float32, ks *schedule, count int, b uint32) {
	if useAVX512 {
		signPanelWordsAVX512(words, tables, ws, ks, count, b)
	} else {
		signPanelWordsAVX2(words, tables, ws, ks, count, b)
	}
}

func signPanelAddKernel(acc *float32, words *uint32, tables *float32, count int) {
	if useAVX512 {
		signPanelAddAVX512(acc, words, tables, count)
	} else {
		signPanelAddAVX2(acc, words, tables, count)
	}
}

//go:noescape
func fillSignsAVX512(dst *float32, n int, words *uint32, first int)

//go:noescape
func perturbSignsAVX512(dst, theta *float32, n int, sigma float32, words *uint32, first int)

//go:noescape
func perturbPairSignsAVX512(plus, minus, theta *float32, n int, sigma float32, words *uint32, first int)

//go:noescape
func signPanelLoadAVX512(acc, src *float32)

//go:noescape
func signPanelStoreAVX512(dst, acc *float32)

//go:noescape
func signPanelWordsAVX512(words *uint32, tables, ws *float32, ks *schedule, count int, b uint32)

//go:noescape
func signPanelAddAVX512(acc *float32, words *uint32, tables *float32, count int)

//go:noescape
func fillSignsAVX2(dst *float32, n int, words *uint32, first int)

//go:noescape
func perturbSignsAVX2(dst, theta *float32, n int, sigma float32, words *uint32, first int)

//go:noescape
func perturbPairSignsAVX2(plus, minus, theta *float32, n int, sigma float32, words *uint32, first int)

//go:noescape
func signPanelLoadAVX2(acc, src *float32)

//go:noescape
func signPanelStoreAVX2(dst, acc *float32)

//go:noescape
func signPanelWordsAVX2(words *uint32, tables, ws *float32, ks *schedule, count int, b uint32)

//go:noescape
func signPanelAddAVX2(acc *float32, words *uint32, tables *float32, count int)
