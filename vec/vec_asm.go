//go:build (amd64 || arm64) && !purego

package vec

import (
	"unsafe"

	"github.com/noise-reuse/nres/internal/cast"
	"github.com/noise-reuse/nres/internal/race"
)

// What the assembly does not do is here: when to use it, and cutting calls into
// chunks. For all chunks but the last a function calls itself: its prologue is where
// a goroutine can be preempted between two calls of assembly. There is no function
// between these and the kernels, and none between them and the caller, where the
// exported ones are inlined: with 16 elements a call takes longer than the work.

const (
	// These bounds of a call make it 0.5 to 5 µs, and with nothing but subnormal numbers,
	// which cost Intel's processors 50 ns a vector and operation, 13 µs (26 with AVX2).
	chunk32 = 4 << 10
	chunk64 = 2 << 10

	// For Exp, Tanh and Sqrt: 20 µs with subnormal arguments or results (30 with AVX2). Where
	// only intermediate values are subnormal, |x| near the root of the least normal
	// number, Exp takes 33 µs, in float64 62. mathChunk64 is in vec_<arch>.go.
	mathChunk32 = 2 << 10

	// From these lengths on the kernels are faster than plain Go, even where short slices lie
	// side by side in memory: a load of 64 bytes waits for the store before it then, though
	// masks say that they have nothing in common, which is 20 ns.
	minLength     = 12
	minAxpy64     = 15
	minSqrtLength = 13
	minMathLength = 7
	minReduce32   = 10
	minReduce64   = lanes + 1

	// A reduction of several calls takes at least so many elements at a time: the kernels for
	// AVX-512 begin with a whole block.
	minPart = 1 << 8
)

// A generic function that calls another reads its dictionary for that, even if the call is inlined. What follows
// calls none: two loads less before each kernel.

func chunk[F Float]() int {
	if unsafe.Sizeof(*new(F)) == 4 {
		return chunk32
	}
	return chunk64
}

func mathChunk[F Float]() int {
	if unsafe.Sizeof(*new(F)) == 4 {
		return mathChunk32
	}
	return mathChunk64
}

func minAxpy[F Float]() int {
	if unsafe.Sizeof(*new(F)) == 4 {
		return minLength
	}
	return minAxpy64
}

func minReduce[F Float]() int {
	if unsafe.Sizeof(*new(F)) == 4 {
		return minReduce32
	}
	return minReduce64
}

func p32[F Float](x []F) *float32 { return (*float32)(unsafe.Pointer(unsafe.SliceData(x))) }
func p64[F Float](x []F) *float64 { return (*float64)(unsafe.Pointer(unsafe.SliceData(x))) }

func add[F Float](dst, a, b []F) {
	check(dst, a)
	check(dst, b)
	if len(dst) < minLength || !kernels() {
		addGeneric(dst, a, b)
		return
	}
	for n := chunk[F](); len(dst) > n; dst, a, b = dst[n:], a[n:], b[n:] {
		add(dst[:n], a[:n], b[:n])
	}
	race.Read(unsafe.SliceData(a), len(a))
	race.Read(unsafe.SliceData(b), len(b))
	race.Write(unsafe.SliceData(dst), len(dst))
	if cast.Is32[F]() {
		add32(p32(dst), p32(a), p32(b), len(dst))
	} else {
		add64(p64(dst), p64(a), p64(b), len(dst))
	}
}

func sub[F Float](dst, a, b []F) {
	check(dst, a)
	check(dst, b)
	if len(dst) < minLength || !kernels() {
		subGeneric(dst, a, b)
		return
	}
	for n := chunk[F](); len(dst) > n; dst, a, b = dst[n:], a[n:], b[n:] {
		sub(dst[:n], a[:n], b[:n])
	}
	race.Read(unsafe.SliceData(a), len(a))
	race.Read(unsafe.SliceData(b), len(b))
	race.Write(unsafe.SliceData(dst), len(dst))
	if cast.Is32[F]() {
		sub32(p32(dst), p32(a), p32(b), len(dst))
	} else {
		sub64(p64(dst), p64(a), p64(b), len(dst))
	}
}

func mul[F Float](dst, a, b []F) {
	check(dst, a)
	check(dst, b)
	if len(dst) < minLength || !kernels() {
		mulGeneric(dst, a, b)
		return
	}
	for n := chunk[F](); len(dst) > n; dst, a, b = dst[n:], a[n:], b[n:] {
		mul(dst[:n], a[:n], b[:n])
	}
	race.Read(unsafe.SliceData(a), len(a))
	race.Read(unsafe.SliceData(b), len(b))
	race.Write(unsafe.SliceData(dst), len(dst))
	if cast.Is32[F]() {
		mul32(p32(dst), p32(a), p32(b), len(dst))
	} else {
		mul64(p64(dst), p64(a), p64(b), len(dst))
	}
}

func mulAdd[F Float](dst, a, b, c []F) {
	check(dst, a)
	check(dst, b)
	check(dst, c)
	if len(dst) < minLength || !kernels() {
		mulAddGeneric(dst, a, b, c)
		return
	}
	for n := chunk[F](); len(dst) > n; dst, a, b, c = dst[n:], a[n:], b[n:], c[n:] {
		mulAdd(dst[:n], a[:n], b[:n], c[:n])
	}
	race.Read(unsafe.SliceData(a), len(a))
	race.Read(unsafe.SliceData(b), len(b))
	race.Read(unsafe.SliceData(c), len(c))
	race.Write(unsafe.SliceData(dst), len(dst))
	if cast.Is32[F]() {
		mulAdd32(p32(dst), p32(a), p32(b), p32(c), len(dst))
	} else {
		mulAdd64(p64(dst), p64(a), p64(b), p64(c), len(dst))
	}
}

func axpy[F Float](y []F, a F, x []F) {
	check(y, x)
	if len(y) < minAxpy[F]() || !kernels() {
		axpyGeneric(y, a, x)
		return
	}
	for n := chunk[F](); len(y) > n; y, x = y[n:], x[n:] {
		axpy(y[:n], a, x[:n])
	}
	race.Read(unsafe.SliceData(x), len(x))
	race.Write(unsafe.SliceData(y), len(y))
	if cast.Is32[F]() {
		axpy32(p32(y), float32(a), p32(x), len(y))
	} else {
		axpy64(p64(y), float64(a), p64(x), len(y))
	}
}

func scale[F Float](dst []F, a F, x []F) {
	check(dst, x)
	if len(dst) < minLength || !kernels() {
		scaleGeneric(dst, a, x)
		return
	}
	for n := chunk[F](); len(dst) > n; dst, x = dst[n:], x[n:] {
		scale(dst[:n], a, x[:n])
	}
	race.Read(unsafe.SliceData(x), len(x))
	race.Write(unsafe.SliceData(dst), len(dst))
	if cast.Is32[F]() {
		scale32(p32(dst), float32(a), p32(x), len(dst))
	} else {
		scale64(p64(dst), float64(a), p64(x), len(dst))
	}
}

func exp[F Float](dst, x []F) {
	check(dst, x)
	if len(dst) < minMathLength || !kernels() {
		expGeneric(dst, x)
		return
	}
	for n := mathChunk[F](); len(dst) > n; dst, x = dst[n:], x[n:] {
		exp(dst[:n], x[:n])
	}
	race.Read(unsafe.SliceData(x), len(x))
	race.Write(unsafe.SliceData(dst), len(dst))
	if cast.Is32[F]() {
		exp32(p32(dst), p32(x), len(dst))
	} else {
		exp64(p64(dst), p64(x), len(dst))
	}
}

func tanh[F Float](dst, x []F) {
	check(dst, x)
	if len(dst) < minMathLength || !kernels() {
		tanhGeneric(dst, x)
		return
	}
	for n := mathChunk[F](); len(dst) > n; dst, x = dst[n:], x[n:] {
		tanh(dst[:n], x[:n])
	}
	race.Read(unsafe.SliceData(x), len(x))
	race.Write(unsafe.SliceData(dst), len(dst))
	if cast.Is32[F]() {
		tanh32(p32(dst), p32(x), len(dst))
	} else {
		tanh64(p64(dst), p64(x), len(dst))
	}
}

func sqrt[F Float](dst, x []F) {
	check(dst, x)
	if len(dst) < minSqrtLength || !kernels() {
		sqrtGeneric(dst, x)
		return
	}
	for n := mathChunk[F](); len(dst) > n; dst, x = dst[n:], x[n:] {
		sqrt(dst[:n], x[:n])
	}
	race.Read(unsafe.SliceData(x), len(x))
	race.Write(unsafe.SliceData(dst), len(dst))
	if cast.Is32[F]() {
		sqrt32(p32(dst), p32(x), len(dst))
	} else {
		sqrt64(p64(dst), p64(x), len(dst))
	}
}

// A reduction of one chunk keeps its accumulators in registers; those of several
// pass them on in memory, and only the last one's result counts.

func dot[F Float](a, b []F) F { return dotOn(a, b, nil) }

func dotOn[F Float](a, b []F, acc *[block]F) F {
	checkLength(a, b)
	switch {
	case acc == nil && (len(a) < minReduce[F]() || !kernels()):
		return dotGeneric(a, b)
	case len(a) > chunk[F]()+minPart:
		return dotChunks(a, b)
	}
	race.Read(unsafe.SliceData(a), len(a))
	race.Read(unsafe.SliceData(b), len(b))
	if cast.Is32[F]() {
		return F(dot32(p32(a), p32(b), len(a), (*[block]float32)(unsafe.Pointer(acc))))
	}
	return F(dot64(p64(a), p64(b), len(a), (*[block]float64)(unsafe.Pointer(acc))))
}

func dotChunks[F Float](a, b []F) F {
	var acc [block]F
	for n := chunk[F](); len(a) > n+minPart; a, b = a[n:], b[n:] {
		dotOn(a[:n], b[:n], &acc)
	}
	return dotOn(a, b, &acc)
}

func sum[F Float](x []F) F { return sumOn(x, nil) }

func sumOn[F Float](x []F, acc *[block]F) F {
	switch {
	case acc == nil && (len(x) < minReduce[F]() || !kernels()):
		return sumGeneric(x)
	case len(x) > chunk[F]()+minPart:
		return sumChunks(x)
	}
	race.Read(unsafe.SliceData(x), len(x))
	if cast.Is32[F]() {
		return F(sum32(p32(x), len(x), (*[block]float32)(unsafe.Pointer(acc))))
	}
	return F(sum64(p64(x), len(x), (*[block]float64)(unsafe.Pointer(acc))))
}

func sumChunks[F Float](x []F) F {
	var acc [block]F
	for n := chunk[F](); len(x) > n+minPart; x = x[n:] {
		sumOn(x[:n], &acc)
	}
	return sumOn(x, &acc)
}

func sumSq[F Float](x []F) F { return sumSqOn(x, nil) }

func sumSqOn[F Float](x []F, acc *[block]F) F {
	switch {
	case acc == nil && (len(x) < minReduce[F]() || !kernels()):
		return sumSqGeneric(x)
	case len(x) > chunk[F]()+minPart:
		return sumSqChunks(x)
	}
	race.Read(unsafe.SliceData(x), len(x))
	if cast.Is32[F]() {
		return F(sumSq32(p32(x), len(x), (*[block]float32)(unsafe.Pointer(acc))))
	}
	return F(sumSq64(p64(x), len(x), (*[block]float64)(unsafe.Pointer(acc))))
}

func sumSqChunks[F Float](x []F) F {
	var acc [block]F
	for n := chunk[F](); len(x) > n+minPart; x = x[n:] {
		sumSqOn(x[:n], &acc)
	}
	return sumSqOn(x, &acc)
}

// The kernels, for n > 0.

//go:noescape
func add32(dst, a, b *float32, n int)

//go:noescape
func add64(dst, a, b *float64, n int)

//go:noescape
func sub32(dst, a, b *float32, n int)

//go:noescape
func sub64(dst, a, b *float64, n int)

//go:noescape
func mul32(dst, a, b *float32, n int)

//go:noescape
func mul64(dst, a, b *float64, n int)

//go:noescape
func mulAdd32(dst, a, b, c *float32, n int)

//go:noescape
func mulAdd64(dst, a, b, c *float64, n int)

//go:noescape
func axpy32(y *float32, a float32, x *float32, n int)

//go:noescape
func axpy64(y *float64, a float64, x *float64, n int)

//go:noescape
func scale32(dst *float32, a float32, x *float32, n int)

//go:noescape
func scale64(dst *float64, a float64, x *float64, n int)

//go:noescape
func exp32(dst, x *float32, n int)

//go:noescape
func exp64(dst, x *float64, n int)

//go:noescape
func tanh32(dst, x *float32, n int)

//go:noescape
func tanh64(dst, x *float64, n int)

//go:noescape
func sqrt32(dst, x *float32, n int)

//go:noescape
func sqrt64(dst, x *float64, n int)

//go:noescape
func dot32(a, b *float32, n int, acc *[block]float32) float32

//go:noescape
func dot64(a, b *float64, n int, acc *[block]float64) float64

//go:noescape
func sum32(x *float32, n int, acc *[block]float32) float32

//go:noescape
func sum64(x *float64, n int, acc *[block]float64) float64

//go:noescape
func sumSq32(x *float32, n int, acc *[block]float32) float32

//go:noescape
func sumSq64(x *float64, n int, acc *[block]float64) float64
