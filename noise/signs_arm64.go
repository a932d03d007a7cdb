//go:build !purego

package noise

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
