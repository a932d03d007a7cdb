//go:build (!amd64 && !arm64) || purego

package vec

// Where there is no kernel of its own, rows go by one after the other.
func axpyRows[F Float](y []F, a []F, x []F, at []int) {
	for k, v := range a {
		axpy(y, v, x[at[k]:at[k]+len(y)])
	}
}
