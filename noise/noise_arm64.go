//go:build !purego

package noise

func kernels() bool { return false }

func fillKernel(dst *float32, n int, k *schedule, b uint32)                          {}
func perturbKernel(dst, theta *float32, n int, sigma float32, k *schedule, b uint32) {}
func perturbPairKernel(plus, minus, theta *float32, n int, sigma float32, k *schedule, b uint32) {
}
func combineKernel(g *float32, n int, ws *float32, ks *schedule, count int, b uint32) {}
