package main

import (
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"unsafe"

	"github.com/noise-reuse/nres/internal/cast"
	"github.com/noise-reuse/nres/internal/cpu"
	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/vec"
)

// An operation is a public function of vec or noise, on one type of element.
type operation struct {
	name, elem string

	// The assembly function that does most of the work, and what else runs,
	// without the tier that their names end with.
	kernel, helper string

	// Bytes that a call reads and writes, for each element of a vector.
	reads, writes int
	streams       int  // terms of an element: 1, but for Combine and AxpyRows
	compute       bool // the limit is arithmetic, not memory

	sizes []int
	// prepare returns a loop of calls on vectors of length n.
	prepare func(n int) func(calls int)
}

const combined = 64 // streams of Combine, rows of AxpyRows

var (
	memorySizes  = []int{3, 16, 1 << 10, 16 << 10, 4 << 20}
	computeSizes = []int{3, 16, 1 << 10, 16 << 10}
	signsSizes   = []int{3, 16, 1 << 10, 64 << 10}
	rowsSizes    = []int{3, 16, 128, 1 << 10}
)

// operations lists what can be timed, in the order of the table.
func operations() []operation {
	ops := append(vecOperations[float32](), vecOperations[float64]()...)
	ops = append(ops, wordOperation())
	return append(append(ops, noiseOperations[float32]()...), noiseOperations[float64]()...)
}

// operands are vectors of one length, with elements from 1/8 to 4.
type operands[F vec.Float] struct {
	dst, a, b, c []F
	ws           []F
	ss           []noise.Stream
}

func newOperands[F vec.Float](n int) *operands[F] {
	uniform := func(stream uint64) []F {
		var w [4096]uint32
		noise.Words(w[:], noise.New(stream), 0)
		x := make([]F, n)
		for i := range min(n, len(w)) {
			x[i] = 0.125 + F(w[i]>>8)*0x1p-24*3.875
		}
		for done := len(w); done < n; done *= 2 {
			copy(x[done:], x[:done])
		}
		return x
	}
	x := &operands[F]{dst: uniform(1), a: uniform(2), b: uniform(3), c: uniform(4)}
	for k := range combined {
		x.ws = append(x.ws, 1/F(k+1))
		x.ss = append(x.ss, noise.New(1).Derive(uint64(k)))
	}
	return x
}

// typed fills in what the type of the elements says. reads and writes were vectors.
func typed[F vec.Float](pkg string, sizes []int, o operation, loop func(x *operands[F], calls int)) operation {
	o.elem = "float64"
	if cast.Is32[F]() {
		o.elem = "float32"
	}
	if pkg == "vec" {
		o.kernel += strings.TrimPrefix(o.elem, "float")
	}
	size := int(unsafe.Sizeof(*new(F)))
	o.name, o.sizes = pkg+"."+o.name, sizes
	o.reads, o.writes, o.streams = o.reads*size, o.writes*size, max(o.streams, 1)
	o.prepare = func(n int) func(int) {
		x := newOperands[F](n)
		return func(calls int) { loop(x, calls) }
	}
	return o
}

func vecOperations[F vec.Float]() []operation {
	op := func(name, kernel string, reads, writes int, loop func(x *operands[F], calls int)) operation {
		sizes, compute := memorySizes, name == "Exp" || name == "Tanh" || name == "Sqrt"
		if compute {
			sizes = computeSizes
		}
		return typed("vec", sizes, operation{name: name, kernel: kernel, reads: reads, writes: writes, compute: compute}, loop)
	}
	rows := typed[F]("vec", rowsSizes, operation{name: "AxpyRows", kernel: "axpyRows", reads: 2, writes: 1, streams: combined, compute: true}, nil)
	rows.prepare = func(n int) func(int) {
		const apart = 16 // where rows begin, as in a convolution
		x, at := newOperands[F](n+(combined-1)*apart), make([]int, combined)
		for k := range at {
			at[k] = k * apart
		}
		return func(calls int) {
			for range calls {
				vec.AxpyRows(x.dst[:n], x.ws, x.a, at)
			}
		}
	}
	return []operation{
		op("Add", "add", 2, 1, func(x *operands[F], calls int) {
			for range calls {
				vec.Add(x.dst, x.a, x.b)
			}
		}),
		op("Sub", "sub", 2, 1, func(x *operands[F], calls int) {
			for range calls {
				vec.Sub(x.dst, x.a, x.b)
			}
		}),
		op("Mul", "mul", 2, 1, func(x *operands[F], calls int) {
			for range calls {
				vec.Mul(x.dst, x.a, x.b)
			}
		}),
		op("MulAdd", "mulAdd", 3, 1, func(x *operands[F], calls int) {
			for range calls {
				vec.MulAdd(x.dst, x.a, x.b, x.c)
			}
		}),
		op("Axpy", "axpy", 2, 1, func(x *operands[F], calls int) {
			for range calls {
				vec.Axpy(x.dst, 0.5, x.a)
			}
		}),
		rows,
		op("Scale", "scale", 1, 1, func(x *operands[F], calls int) {
			for range calls {
				vec.Scale(x.dst, 0.5, x.a)
			}
		}),
		op("Dot", "dot", 2, 0, func(x *operands[F], calls int) {
			for range calls {
				x.dst[0] = vec.Dot(x.a, x.b)
			}
		}),
		op("Sum", "sum", 1, 0, func(x *operands[F], calls int) {
			for range calls {
				x.dst[0] = vec.Sum(x.a)
			}
		}),
		op("SumSq", "sumSq", 1, 0, func(x *operands[F], calls int) {
			for range calls {
				x.dst[0] = vec.SumSq(x.a)
			}
		}),
		op("Exp", "exp", 1, 1, func(x *operands[F], calls int) {
			for range calls {
				vec.Exp(x.dst, x.a)
			}
		}),
		op("Tanh", "tanh", 1, 1, func(x *operands[F], calls int) {
			for range calls {
				vec.Tanh(x.dst, x.a)
			}
		}),
		op("Sqrt", "sqrt", 1, 1, func(x *operands[F], calls int) {
			for range calls {
				vec.Sqrt(x.dst, x.a)
			}
		}),
	}
}

func wordOperation() operation {
	return operation{
		name: "noise.Words", elem: "uint32", kernel: "words", writes: 4, streams: 1, compute: true, sizes: computeSizes,
		prepare: func(n int) func(int) {
			dst, s := make([]uint32, n), noise.New(1)
			return func(calls int) {
				for range calls {
					noise.Words(dst, s, 0)
				}
			}
		},
	}
}

func noiseOperations[F vec.Float]() []operation {
	s := noise.New(1)
	op := func(name, kernel string, reads, writes int, loop func(x *operands[F], calls int)) operation {
		sizes, signs, combine := computeSizes, strings.HasSuffix(name, "Signs"), strings.HasPrefix(name, "Combine")
		o := operation{name: name, kernel: kernel, reads: reads, writes: writes, compute: !signs || combine}
		if combine {
			o.streams = combined
			if signs {
				sizes = signsSizes
			}
		}
		switch {
		case !cast.Is32[F](): // float32 noise, widened
			if o.kernel = "fill"; signs {
				o.kernel = "fillSigns"
			}
			switch o.helper = "addScaled"; {
			case strings.HasPrefix(name, "Fill"):
				o.helper = "widen"
			case strings.HasPrefix(name, "PerturbPair"):
				o.helper = "addScaledPair"
			}
		case name == "CombineSigns":
			o.helper = "signPanelWords"
		case signs:
			o.helper = "words"
		}
		return typed("noise", sizes, o, loop)
	}
	return []operation{
		op("Fill", "fill", 0, 1, func(x *operands[F], calls int) {
			for range calls {
				noise.Fill(x.dst, s, 0)
			}
		}),
		op("FillSigns", "fillSigns", 0, 1, func(x *operands[F], calls int) {
			for range calls {
				noise.FillSigns(x.dst, s, 0)
			}
		}),
		op("Perturb", "perturb", 1, 1, func(x *operands[F], calls int) {
			for range calls {
				noise.Perturb(x.dst, x.a, 0.1, s, 0)
			}
		}),
		op("PerturbSigns", "perturbSigns", 1, 1, func(x *operands[F], calls int) {
			for range calls {
				noise.PerturbSigns(x.dst, x.a, 0.1, s, 0)
			}
		}),
		op("PerturbPair", "perturbPair", 1, 2, func(x *operands[F], calls int) {
			for range calls {
				noise.PerturbPair(x.dst, x.b, x.a, 0.1, s, 0)
			}
		}),
		op("PerturbPairSigns", "perturbPairSigns", 1, 2, func(x *operands[F], calls int) {
			for range calls {
				noise.PerturbPairSigns(x.dst, x.b, x.a, 0.1, s, 0)
			}
		}),
		op("Axpy", "perturb", 1, 1, func(x *operands[F], calls int) {
			for range calls {
				noise.Axpy(x.dst, 0.1, s, 0)
			}
		}),
		op("AxpySigns", "perturbSigns", 1, 1, func(x *operands[F], calls int) {
			for range calls {
				noise.AxpySigns(x.dst, 0.1, s, 0)
			}
		}),
		op("Combine", "combine", 1, 1, func(x *operands[F], calls int) {
			for range calls {
				noise.Combine(x.dst, x.ws, x.ss, 0)
			}
		}),
		op("CombineSigns", "signPanelAdd", 1, 1, func(x *operands[F], calls int) {
			for range calls {
				noise.CombineSigns(x.dst, x.ws, x.ss, 0)
			}
		}),
	}
}

// assembly returns the functions that are linked into this program, as "noise.fillAVX512",
// and whether they are in assembly. Nothing but their names says what they are.
func assembly() map[string]bool {
	names := map[string]bool{}
	if runtime.GOARCH != "amd64" && runtime.GOARCH != "arm64" {
		return names
	}
	const align = 16 // of functions; 32 on amd64
	module := strings.TrimSuffix(reflect.TypeFor[noise.Stream]().PkgPath(), "noise")
	look := func(pc uintptr) bool {
		f := runtime.FuncForPC(pc)
		if f == nil {
			return false
		}
		name := strings.TrimSuffix(f.Name(), ".abi0")
		file, _ := f.FileLine(f.Entry())
		inAssembly := strings.HasSuffix(file, ".s")
		name, ours := strings.CutPrefix(name, module)
		if ours || inAssembly && !strings.Contains(name, "/") { // local names have their package, but no path
			names[name] = names[name] || inAssembly // there may be a wrapper, too
		}
		return true
	}
	here := reflect.ValueOf(assembly).Pointer() &^ (align - 1)
	for pc := here; look(pc); pc += align {
	}
	for pc := here; look(pc); pc -= align {
	}
	return names
}

// uses says what o runs on the given tier, of the kernels in linked.
func (o operation) uses(tier cpu.Tier, linked map[string]bool) string {
	pkg, _, _ := strings.Cut(o.name, ".")
	find := func(kernel string) string {
		for t := tier; t > cpu.Generic; t-- {
			name := kernel + strings.ToUpper(t.String())
			for _, n := range []string{name, strings.Replace(name, kernel, kernel+strings.TrimPrefix(o.elem, "float"), 1)} {
				if linked[pkg+"."+n] {
					return n
				}
			}
		}
		if tier > cpu.Generic && linked[pkg+"."+kernel] { // the only tier's
			return kernel
		}
		return ""
	}
	kernel := find(o.kernel)
	if kernel == "" {
		return plainGo
	}
	if o.helper != "" {
		if helper := find(o.helper); helper != "" {
			kernel += ", " + helper
		} else {
			kernel += ", " + plainGo
		}
	}
	return kernel
}

const plainGo = "plain Go"

func (o operation) String() string { return fmt.Sprintf("%s %s", o.name, o.elem) }
