//go:build (amd64 || arm64) && !purego

package vec

import "github.com/noise-reuse/nres/internal/cast"

// What the assembly does not do is here: choosing it, and cutting calls into
// chunks. The kernels, in vec_<arch>.go, work on n > 0 elements. They are Go
// functions that are not inlined, because their prologue is where a goroutine can
// be preempted between two calls of assembly.

const (
	// These bounds of a call make it 0.5 to 5 µs, and with nothing but subnormal numbers,
	// which cost Intel's processors 50 ns a vector and operation, 13 µs (26 with AVX2).
	chunk32 = 4 << 10
	chunk64 = 2 << 10

	// For Exp, Tanh and Sqrt: 20 µs with subnormal arguments or results (30 with AVX2). Where
	// only intermediate values are subnormal, |x| near the root of the least normal
	// number, Exp takes 33 µs, in float64 62. mathChunk64 is in vec_<arch>.go.
	mathChunk32 = 2 << 10

	// From these lengths on the kernels are faster than plain Go.
	minLength       = 12
	minMathLength   = 6
	minReduceLength = lanes + 1
)

func add[F Float](dst, a, b []F) {
	switch {
	case len(dst) < minLength || !kernels():
		addGeneric(dst, a, b)
	case cast.Is32[F]():
		dst, a, b := cast.To32(dst), cast.To32(a), cast.To32(b)
		for len(dst) > chunk32 {
			addKernel32(&dst[0], &a[0], &b[0], chunk32)
			dst, a, b = dst[chunk32:], a[chunk32:], b[chunk32:]
		}
		addKernel32(&dst[0], &a[0], &b[0], len(dst))
	default:
		dst, a, b := cast.To64(dst), cast.To64(a), cast.To64(b)
		for len(dst) > chunk64 {
			addKernel64(&dst[0], &a[0], &b[0], chunk64)
			dst, a, b = dst[chunk64:], a[chunk64:], b[chunk64:]
		}
		addKernel64(&dst[0], &a[0], &b[0], len(dst))
	}
}

func sub[F Float](dst, a, b []F) {
	switch {
	case len(dst) < minLength || !kernels():
		subGeneric(dst, a, b)
	case cast.Is32[F]():
		dst, a, b := cast.To32(dst), cast.To32(a), cast.To32(b)
		for len(dst) > chunk32 {
			subKernel32(&dst[0], &a[0], &b[0], chunk32)
			dst, a, b = dst[chunk32:], a[chunk32:], b[chunk32:]
		}
		subKernel32(&dst[0], &a[0], &b[0], len(dst))
	default:
		dst, a, b := cast.To64(dst), cast.To64(a), cast.To64(b)
		for len(dst) > chunk64 {
			subKernel64(&dst[0], &a[0], &b[0], chunk64)
			dst, a, b = dst[chunk64:], a[chunk64:], b[chunk64:]
		}
		subKernel64(&dst[0], &a[0], &b[0], len(dst))
	}
}

func mul[F Float](dst, a, b []F) {
	switch {
	case len(dst) < minLength || !kernels():
		mulGeneric(dst, a, b)
	case cast.Is32[F]():
		dst, a, b := cast.To32(dst), cast.To32(a), cast.To32(b)
		for len(dst) > chunk32 {
			mulKernel32(&dst[0], &a[0], &b[0], chunk32)
			dst, a, b = dst[chunk32:], a[chunk32:], b[chunk32:]
		}
		mulKernel32(&dst[0], &a[0], &b[0], len(dst))
	default:
		dst, a, b := cast.To64(dst), cast.To64(a), cast.To64(b)
		for len(dst) > chunk64 {
			mulKernel64(&dst[0], &a[0], &b[0], chunk64)
			dst, a, b = dst[chunk64:], a[chunk64:], b[chunk64:]
		}
		mulKernel64(&dst[0], &a[0], &b[0], len(dst))
	}
}

func mulAdd[F Float](dst, a, b, c []F) {
	switch {
	case len(dst) < minLength || !kernels():
		mulAddGeneric(dst, a, b, c)
	case cast.Is32[F]():
		dst, a, b, c := cast.To32(dst), cast.To32(a), cast.To32(b), cast.To32(c)
		for len(dst) > chunk32 {
			mulAddKernel32(&dst[0], &a[0], &b[0], &c[0], chunk32)
			dst, a, b, c = dst[chunk32:], a[chunk32:], b[chunk32:], c[chunk32:]
		}
		mulAddKernel32(&dst[0], &a[0], &b[0], &c[0], len(dst))
	default:
		dst, a, b, c := cast.To64(dst), cast.To64(a), cast.To64(b), cast.To64(c)
		for len(dst) > chunk64 {
			mulAddKernel64(&dst[0], &a[0], &b[0], &c[0], chunk64)
			dst, a, b, c = dst[chunk64:], a[chunk64:], b[chunk64:], c[chunk64:]
		}
		mulAddKernel64(&dst[0], &a[0], &b[0], &c[0], len(dst))
	}
}

func axpy[F Float](y []F, a F, x []F) {
	switch {
	case len(y) < minLength || !kernels():
		axpyGeneric(y, a, x)
	case cast.Is32[F]():
		y, x := cast.To32(y), cast.To32(x)
		for len(y) > chunk32 {
			axpyKernel32(&y[0], float32(a), &x[0], chunk32)
			y, x = y[chunk32:], x[chunk32:]
		}
		axpyKernel32(&y[0], float32(a), &x[0], len(y))
	default:
		y, x := cast.To64(y), cast.To64(x)
		for len(y) > chunk64 {
			axpyKernel64(&y[0], float64(a), &x[0], chunk64)
			y, x = y[chunk64:], x[chunk64:]
		}
		axpyKernel64(&y[0], float64(a), &x[0], len(y))
	}
}

func scale[F Float](dst []F, a F, x []F) {
	switch {
	case len(dst) < minLength || !kernels():
		scaleGeneric(dst, a, x)
	case cast.Is32[F]():
		dst, x := cast.To32(dst), cast.To32(x)
		for len(dst) > chunk32 {
			scaleKernel32(&dst[0], float32(a), &x[0], chunk32)
			dst, x = dst[chunk32:], x[chunk32:]
		}
		scaleKernel32(&dst[0], float32(a), &x[0], len(dst))
	default:
		dst, x := cast.To64(dst), cast.To64(x)
		for len(dst) > chunk64 {
			scaleKernel64(&dst[0], float64(a), &x[0], chunk64)
			dst, x = dst[chunk64:], x[chunk64:]
		}
		scaleKernel64(&dst[0], float64(a), &x[0], len(dst))
	}
}

func exp[F Float](dst, x []F) {
	switch {
	case len(dst) < minMathLength || !kernels():
		expGeneric(dst, x)
	case cast.Is32[F]():
		dst, x := cast.To32(dst), cast.To32(x)
		for len(dst) > mathChunk32 {
			expKernel32(&dst[0], &x[0], mathChunk32)
			dst, x = dst[mathChunk32:], x[mathChunk32:]
		}
		expKernel32(&dst[0], &x[0], len(dst))
	default:
		dst, x := cast.To64(dst), cast.To64(x)
		for len(dst) > mathChunk64 {
			expKernel64(&dst[0], &x[0], mathChunk64)
			dst, x = dst[mathChunk64:], x[mathChunk64:]
		}
		expKernel64(&dst[0], &x[0], len(dst))
	}
}

func tanh[F Float](dst, x []F) {
	switch {
	case len(dst) < minMathLength || !kernels():
		tanhGeneric(dst, x)
	case cast.Is32[F]():
		dst, x := cast.To32(dst), cast.To32(x)
		for len(dst) > mathChunk32 {
			tanhKernel32(&dst[0], &x[0], mathChunk32)
			dst, x = dst[mathChunk32:], x[mathChunk32:]
		}
		tanhKernel32(&dst[0], &x[0], len(dst))
	default:
		dst, x := cast.To64(dst), cast.To64(x)
		for len(dst) > mathChunk64 {
			tanhKernel64(&dst[0], &x[0], mathChunk64)
			dst, x = dst[mathChunk64:], x[mathChunk64:]
		}
		tanhKernel64(&dst[0], &x[0], len(dst))
	}
}

func sqrt[F Float](dst, x []F) {
	switch {
	case len(dst) < minLength || !kernels():
		sqrtGeneric(dst, x)
	case cast.Is32[F]():
		dst, x := cast.To32(dst), cast.To32(x)
		for len(dst) > mathChunk32 {
			sqrtKernel32(&dst[0], &x[0], mathChunk32)
			dst, x = dst[mathChunk32:], x[mathChunk32:]
		}
		sqrtKernel32(&dst[0], &x[0], len(dst))
	default:
		dst, x := cast.To64(dst), cast.To64(x)
		for len(dst) > mathChunk64 {
			sqrtKernel64(&dst[0], &x[0], mathChunk64)
			dst, x = dst[mathChunk64:], x[mathChunk64:]
		}
		sqrtKernel64(&dst[0], &x[0], len(dst))
	}
}

// A reduction of one chunk keeps its accumulators in registers; those of several
// pass them on in memory.

func dot[F Float](a, b []F) F {
	switch {
	case len(a) < minReduceLength || !kernels():
		return dotGeneric(a, b)
	case cast.Is32[F]():
		a, b := cast.To32(a), cast.To32(b)
		if len(a) > chunk32 {
			return F(dotChunks32(a, b))
		}
		return F(dotKernel32(&a[0], &b[0], len(a), nil))
	default:
		a, b := cast.To64(a), cast.To64(b)
		if len(a) > chunk64 {
			return F(dotChunks64(a, b))
		}
		return F(dotKernel64(&a[0], &b[0], len(a), nil))
	}
}

func dotChunks32(a, b []float32) float32 {
	var acc [block]float32
	for len(a) > chunk32 {
		dotKernel32(&a[0], &b[0], chunk32, &acc)
		a, b = a[chunk32:], b[chunk32:]
	}
	return dotKernel32(&a[0], &b[0], len(a), &acc)
}

func dotChunks64(a, b []float64) float64 {
	var acc [block]float64
	for len(a) > chunk64 {
		dotKernel64(&a[0], &b[0], chunk64, &acc)
		a, b = a[chunk64:], b[chunk64:]
	}
	return dotKernel64(&a[0], &b[0], len(a), &acc)
}

func sum[F Float](x []F) F {
	switch {
	case len(x) < minReduceLength || !kernels():
		return sumGeneric(x)
	case cast.Is32[F]():
		x := cast.To32(x)
		if len(x) > chunk32 {
			return F(sumChunks32(x))
		}
		return F(sumKernel32(&x[0], len(x), nil))
	default:
		x := cast.To64(x)
		if len(x) > chunk64 {
			return F(sumChunks64(x))
		}
		return F(sumKernel64(&x[0], len(x), nil))
	}
}

func sumChunks32(x []float32) float32 {
	var acc [block]float32
	for len(x) > chunk32 {
		sumKernel32(&x[0], chunk32, &acc)
		x = x[chunk32:]
	}
	return sumKernel32(&x[0], len(x), &acc)
}

func sumChunks64(x []float64) float64 {
	var acc [block]float64
	for len(x) > chunk64 {
		sumKernel64(&x[0], chunk64, &acc)
		x = x[chunk64:]
	}
	return sumKernel64(&x[0], len(x), &acc)
}

func sumSq[F Float](x []F) F {
	switch {
	case len(x) < minReduceLength || !kernels():
		return sumSqGeneric(x)
	case cast.Is32[F]():
		x := cast.To32(x)
		if len(x) > chunk32 {
			return F(sumSqChunks32(x))
		}
		return F(sumSqKernel32(&x[0], len(x), nil))
	default:
		x := cast.To64(x)
		if len(x) > chunk64 {
			return F(sumSqChunks64(x))
		}
		return F(sumSqKernel64(&x[0], len(x), nil))
	}
}

func sumSqChunks32(x []float32) float32 {
	var acc [block]float32
	for len(x) > chunk32 {
		sumSqKernel32(&x[0], chunk32, &acc)
		x = x[chunk32:]
	}
	return sumSqKernel32(&x[0], len(x), &acc)
}

func sumSqChunks64(x []float64) float64 {
	var acc [block]float64
	for len(x) > chunk64 {
		sumSqKernel64(&x[0], chunk64, &acc)
		x = x[chunk64:]
	}
	return sumSqKernel64(&x[0], len(x), &acc)
}
