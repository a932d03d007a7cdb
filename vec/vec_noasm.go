//go:build (!amd64 && !arm64) || purego

package vec

func add[F Float](dst, a, b []F) {
	check(dst, a)
	check(dst, b)
	addGeneric(dst, a, b)
}

func sub[F Float](dst, a, b []F) {
	check(dst, a)
	check(dst, b)
	subGeneric(dst, a, b)
}

func mul[F Float](dst, a, b []F) {
	check(dst, a)
	check(dst, b)
	mulGeneric(dst, a, b)
}

func mulAdd[F Float](dst, a, b, c []F) {
	check(dst, a)
	check(dst, b)
	check(dst, c)
	mulAddGeneric(dst, a, b, c)
}

func axpy[F Float](y []F, a F, x []F) {
	check(y, x)
	axpyGeneric(y, a, x)
}

func axpyRows[F Float](y []F, a []F, x []F, at []int) { axpyRowsGeneric(y, a, x, at) }

func scale[F Float](dst []F, a F, x []F) {
	check(dst, x)
	scaleGeneric(dst, a, x)
}

func exp[F Float](dst, x []F) {
	check(dst, x)
	expGeneric(dst, x)
}

func tanh[F Float](dst, x []F) {
	check(dst, x)
	tanhGeneric(dst, x)
}

func sqrt[F Float](dst, x []F) {
	check(dst, x)
	sqrtGeneric(dst, x)
}

func dot[F Float](a, b []F) F {
	checkLength(a, b)
	return dotGeneric(a, b)
}

func sum[F Float](x []F) F { return sumGeneric(x) }

func sumSq[F Float](x []F) F { return sumSqGeneric(x) }
