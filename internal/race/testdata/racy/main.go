//go:build race

// Racy runs each operation beside another access to one of its arguments, in two
// goroutines that nothing orders, and fails unless the race detector reports what
// it should. That orders events by synchronisation, not by time: what it finds does
// not depend on the scheduler.
package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"

	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/vec"
)

// n is whole groups, panels and chunks: all is assembly where there is assembly.
const n = 1 << 14

// An operation has up to four slices of n elements. What it does with each of them:
// w writes, r reads, e reads the last elements only, l writes 16 of every 32, the last
// one among them and not the first.
type operation[T any] struct {
	slices string
	run    func(a, b, c, d []T)
}

var stream = noise.New(1)

func operations[F vec.Float]() map[string]operation[F] {
	streams := make([]noise.Stream, 40) // more than one call takes
	last := n - len(streams)
	at := make([]int, len(streams)) // rows of half a slice
	for k := range at {
		at[k] = n / 2 * (k % 2)
	}
	return map[string]operation[F]{
		"Fill":             {"w", func(a, _, _, _ []F) { noise.Fill(a, stream, 0) }},
		"FillSigns":        {"w", func(a, _, _, _ []F) { noise.FillSigns(a, stream, 0) }},
		"Perturb":          {"wr", func(a, b, _, _ []F) { noise.Perturb(a, b, 1, stream, 0) }},
		"PerturbSigns":     {"wr", func(a, b, _, _ []F) { noise.PerturbSigns(a, b, 1, stream, 0) }},
		"PerturbPair":      {"wwr", func(a, b, c, _ []F) { noise.PerturbPair(a, b, c, 1, stream, 0) }},
		"PerturbPairSigns": {"wwr", func(a, b, c, _ []F) { noise.PerturbPairSigns(a, b, c, 1, stream, 0) }},
		"noise.Axpy":       {"w", func(a, _, _, _ []F) { noise.Axpy(a, 1, stream, 0) }},
		"AxpySigns":        {"w", func(a, _, _, _ []F) { noise.AxpySigns(a, 1, stream, 0) }},
		"Combine":          {"we", func(a, b, _, _ []F) { noise.Combine(a, b[last:], streams, 0) }},
		"CombineSigns":     {"we", func(a, b, _, _ []F) { noise.CombineSigns(a, b[last:], streams, 0) }},

		"PerturbPairLanes": {"lle", func(a, b, c, _ []F) {
			noise.PerturbPairLanes(a[16:], b[16:], 32, c[n-n/32:], 1, streams[:16])
		}},
		"PerturbPairLanesSigns": {"lle", func(a, b, c, _ []F) {
			noise.PerturbPairLanesSigns(a[16:], b[16:], 32, c[n-n/32:], 1, streams[:16])
		}},

		"Add":      {"wrr", func(a, b, c, _ []F) { vec.Add(a, b, c) }},
		"Sub":      {"wrr", func(a, b, c, _ []F) { vec.Sub(a, b, c) }},
		"Mul":      {"wrr", func(a, b, c, _ []F) { vec.Mul(a, b, c) }},
		"MulAdd":   {"wrrr", func(a, b, c, d []F) { vec.MulAdd(a, b, c, d) }},
		"vec.Axpy": {"wr", func(a, b, _, _ []F) { vec.Axpy(a, 1, b) }},
		"AxpyRows": {"wre", func(a, b, c, _ []F) { vec.AxpyRows(a[:n/2], c[last:], b, at); vec.AxpyRows(a[n/2:], c[last:], b, at) }},
		"Scale":    {"wr", func(a, b, _, _ []F) { vec.Scale(a, 1, b) }},
		"Dot":      {"rr", func(a, b, _, _ []F) { vec.Dot(a, b) }},
		"Sum":      {"r", func(a, _, _, _ []F) { vec.Sum(a) }},
		"SumSq":    {"r", func(a, _, _, _ []F) { vec.SumSq(a) }},
		"Exp":      {"wr", func(a, b, _, _ []F) { vec.Exp(a, b) }},
		"Tanh":     {"wr", func(a, b, _, _ []F) { vec.Tanh(a, b) }},
		"Sqrt":     {"wr", func(a, b, _, _ []F) { vec.Sqrt(a, b) }},
	}
}

// The accesses of the other goroutine, and which uses of the slice [1:n+1] of all
// they race with.
var accesses = []struct {
	name   string
	uses   string
	access func(write, read func(i int))
}{
	{"writes the first element", "wr", func(write, _ func(int)) { write(1) }},
	{"writes the last element", "wrel", func(write, _ func(int)) { write(n) }},
	{"reads the first element", "w", func(_, read func(int)) { read(1) }},
	{"reads the last element", "wl", func(_, read func(int)) { read(n) }},
	{"writes on both sides", "", func(write, _ func(int)) { write(0); write(n + 1) }},
}

var tried, wrong int

func main() {
	try("Words", operation[uint32]{"w", func(a, _, _, _ []uint32) { noise.Words(a, stream, 0) }})
	for name, op := range operations[float32]() {
		try(name, op)
	}
	for name, op := range operations[float64]() {
		try(name, op)
	}
	fmt.Println(tried, "tried,", wrong, "wrong")
	if wrong > 0 {
		os.Exit(1)
	}
}

// try runs op beside every access to every slice.
func try[T uint32 | float32 | float64](name string, op operation[T]) {
	var sink T
	for i, use := range op.slices {
		for _, other := range accesses {
			var all, s [4][]T
			for j := range all {
				all[j] = make([]T, n+2)
				s[j] = all[j][1 : n+1]
			}
			write, read := func(j int) { all[i][j] = 1 }, func(j int) { sink = all[i][j] }
			got := races(func() { op.run(s[0], s[1], s[2], s[3]) }, func() { other.access(write, read) })
			if want := strings.ContainsRune(other.uses, use); want != (got > 0) {
				fmt.Printf("%s of %T, and another goroutine %s of argument %d: %d races\n", name, sink, other.name, i, got)
				wrong++
			}
			tried++
		}
	}
}

func races(f, g func()) int {
	before := runtime.RaceErrors()
	var wg sync.WaitGroup
	wg.Add(2)
	for _, f := range []func(){f, g} {
		f := f
		go func() {
			defer wg.Done()
			f()
		}()
	}
	wg.Wait()
	return runtime.RaceErrors() - before
}
