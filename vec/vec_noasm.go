//go:build (!amd64 && !arm64) || purego

package vec

func add[F Float](dst, a, b []F)         { addGeneric(dst, a, b) }
func sub[F Float](dst, a, b []F)         { subGeneric(dst, a, b) }
func mul[F Float](dst, a, b []F)         { mulGeneric(dst, a, b) }
func mulAdd[F Float](dst, a, b, c []F)   { mulAddGeneric(dst, a, b, c) }
func axpy[F Float](y []F, a F, x []F)    { axpyGeneric(y, a, x) }
func scale[F Float](dst []F, a F, x []F) { scaleGeneric(dst, a, x) }
func dot[F Float](a, b []F) F            { return dotGeneric(a, b) }
func sum[F Float](x []F) F               { return sumGeneric(x) }
func sumSq[F Float](x []F) F             { return sumSqGeneric(x) }
func exp[F Float](dst, x []F)            { expGeneric(dst, x) }
func tanh[F Float](dst, x []F)           { tanhGeneric(dst, x) }
func sqrt[F Float](dst, x []F)           { sqrtGeneric(dst, x) }
