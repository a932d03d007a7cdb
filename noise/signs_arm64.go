//go:build !purego

package noise

func signKernels() bool { return useNEON }

func wordsKernel(dst *uint32, n int, k *schedule, b uint32) { wordsNEON(dst, n, k, b) }

func fillSignsKernel(dst *float32, n int, words *uint32, first int) {
	fillSignsNEON(dst, n, words, first)
}

func perturbSignsKernel(dst, theta *float32, n int, sigma float32, words *uint32, first int) {
	perturbSignsNEON(dst, theta, n, sigma, words, first)
}

func perturbPairSignsKernel(plus, minus, theta *float32, n int, sigma float32, words *uint32, first int) {
	perturbPairSignsNEON(plus, minus, theta, n, sigma, words, first)
}

func signPanelLoadKernel(acc, src *float32)  { signPanelLoadNEON(acc, src) }
func signPanelStoreKernel(dst, acc *float32) { signPanelStoreNEON(dst, acc) }

func signPanelWordsKernel(words *uint32, tables, ws *float32, ks *schedule, count int, b uint32) {
	signPanelWordsNEON(words, tables, ws, ks, count, b)
}

func signPanelAddKernel(acc *float32, words *uint32, tables *float32, count int) {
	signPanelAddNEON(acc, words, tables, count)
}

func wideKernels() bool { return useNEON }

func widenKernel(dst *float64, n int, eps *float32) { widenNEON(dst, n, eps) }

func addScaledKernel(dst, theta *float64, n int, w float64, eps *float32) {
	addScaledNEON(dst, theta, n, w, eps)
}

func addScaledPairKernel(plus, minus, theta *float64, n int, w float64, eps *float32) {
	addScaledPairNEON(plus, minus, theta, n, w, eps)
}

//go:noescape
func fillSignsNEON(dst *float32, n int, words *uint32, first int)

//go:noescape
func perturbSignsNEON(dst, theta *float32, n int, sigma float32, words *uint32, first int)

//go:noescape
func perturbPairSignsNEON(plus, minus, theta *float32, n int, sigma float32, words *uint32, first int)

//go:noescape
func signPanelLoadNEON(acc, src *float32)

//go:noescape
func signPanelStoreNEON(dst, acc *float32)

//go:noescape
func signPanelWordsNEON(words *uint32, tables, ws *float32, ks *schedule, count int, b uint32)

//go:noescape
func signPanelAddNEON(acc *float32, words *uint32, tables *float32, count int)

//go:noescape
func widenNEON(dst *float64, n int, eps *float32)

//go:noescape
func addScaledNEON(dst, theta *float64, n int, w float64, eps *float32)

//go:noescape
func addScaledPairNEON(plus, minus, theta *float64, n int, w float64, eps *float32)
