//go:build cgo

package peers

/*
#cgo CFLAGS: -O3 -march=native
#cgo LDFLAGS: -lopenblas

#if !__has_include(<Random123/philox.h>) || !__has_include(<cblas.h>)
#error "bench/peers needs Random123 and OpenBLAS; on Debian or Ubuntu: apt-get install gcc librandom123-dev libopenblas-dev"
#else
#include <stdint.h>
#include <time.h>
#include <Random123/philox.h>
#include <cblas.h>

static double now(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return 1e9*t.tv_sec + t.tv_nsec;
}

// Random123's reference, a block after the other, n a multiple of 4.
#define PHILOX(name, attribute)                                                                         \
	__attribute__((noinline attribute)) static void name(uint32_t *dst, int64_t n, uint64_t key, uint64_t sub) { \
		philox4x32_key_t k = {{(uint32_t)key, (uint32_t)(key >> 32)}};                                      \
		for (int64_t b = 0; b < n/4; b++) {                                                                 \
			philox4x32_ctr_t c = {{(uint32_t)b, (uint32_t)(b >> 32), (uint32_t)sub, (uint32_t)(sub >> 32)}}; \
			c = philox4x32(c, k);                                                                           \
			for (int i = 0; i < 4; i++) dst[4*b + i] = c.v[i];                                              \
		}                                                                                                   \
	}

// gcc makes vectors of several blocks from the loop if it may.
PHILOX(philox_vector,)
#ifdef __clang__
#define philox_scalar philox_vector
#else
#define NO_VECTORS , optimize("no-tree-vectorize")
PHILOX(philox_scalar, NO_VECTORS)
#endif

// The loops return the nanoseconds that all calls took.

static double philox_loop(int scalar, uint32_t *dst, int64_t n, uint64_t key, uint64_t sub, int64_t calls) {
	double began = now();
	for (int64_t i = 0; i < calls; i++) {
		if (scalar) philox_scalar(dst, n, key, sub);
		else philox_vector(dst, n, key, sub);
	}
	return now() - began;
}

static double saxpy_loop(float *y, float *x, int n, int64_t calls) {
	openblas_set_num_threads(1);
	double began = now();
	for (int64_t i = 0; i < calls; i++) cblas_saxpy(n, 0.5f, x, 1, y, 1);
	return now() - began;
}

static double sdot_loop(float *y, float *x, int n, int64_t calls) {
	openblas_set_num_threads(1);
	volatile float sum;
	double began = now();
	for (int64_t i = 0; i < calls; i++) sum = cblas_sdot(n, x, 1, y, 1);
	(void)sum;
	return now() - began;
}

static const char *version(void) { return __VERSION__; }
static const char *blas_config(void) { return openblas_get_config(); }
static const char *blas_core(void) { return openblas_get_corename(); }
#endif
*/
import "C"

import (
	"time"
	"unsafe"
)

// Compiler, BLAS and BLASCore name what the C code was made with, and which of
// OpenBLAS' kernels were chosen.
func Compiler() string { return "gcc " + C.GoString(C.version()) }
func BLAS() string     { return C.GoString(C.blas_config()) }
func BLASCore() string { return C.GoString(C.blas_core()) }

// Philox sets dst, whose length is a multiple of 4, to the first words of a
// stream, calls times over, by Random123's philox4x32-10: a block after the other,
// or in whatever vectors the compiler sees. Like the others, it is timed in C.
func Philox(scalar bool, dst []uint32, key, sub uint64, calls int) time.Duration {
	one := C.int(0)
	if scalar {
		one = 1
	}
	return time.Duration(C.philox_loop(one, (*C.uint32_t)(unsafe.SliceData(dst)), C.int64_t(len(dst)&^3),
		C.uint64_t(key), C.uint64_t(sub), C.int64_t(calls)))
}

// Saxpy adds x/2 to y, calls times over, by OpenBLAS on one thread.
func Saxpy(y, x []float32, calls int) time.Duration {
	return time.Duration(C.saxpy_loop((*C.float)(unsafe.SliceData(y)), (*C.float)(unsafe.SliceData(x)),
		C.int(len(x)), C.int64_t(calls)))
}

// Sdot computes the dot product of x and y, calls times over, by OpenBLAS on one
// thread.
func Sdot(y, x []float32, calls int) time.Duration {
	return time.Duration(C.sdot_loop((*C.float)(unsafe.SliceData(y)), (*C.float)(unsafe.SliceData(x)),
		C.int(len(x)), C.int64_t(calls)))
}
