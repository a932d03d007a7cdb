package main

import (
	"bytes"
	"math"
	"strings"
	"testing"
)

const printed = `goos: linux
BenchmarkNormals/by=nres-avx2/n=16384     	     100	     16384 ns/op	         1.000 ns/elem
BenchmarkNormals/by=rand-pcg/n=16384      	     100	     81920 ns/op	         5.000 ns/elem
BenchmarkPerturbPair/by=nres-avx2/n=16384 	     100	     21299 ns/op	         1.300 ns/elem
BenchmarkWords/by=random123/n=16384       	     100	     16384 ns/op	         1.500 ns/elem
BenchmarkWords/by=random123-vectorised/n=16384	 100	      8192 ns/op	         0.500 ns/elem
PASS
`

func TestTable(t *testing.T) {
	s := samples{}
	s.read([]byte(printed))
	s.read([]byte(strings.Replace(printed, "5.000 ns/elem", "9.000 ns/elem", 1)))
	s.add("numpy/table/whole", 2)
	s.add("numpy/table/blocks", 1)
	for _, c := range []struct {
		begins, ends string
		want         float64
	}{
		{"Normals/by=rand-pcg", "/n=16384", 7},
		{"Words/by=random123/", "/n=16384", 1.5},
		{"numpy/table/", "", 1},
	} {
		if got := s.median(c.begins, c.ends); got != c.want {
			t.Errorf("%s…%s: %v, want %v", c.begins, c.ends, got, c.want)
		}
	}
	if !math.IsNaN(s.median("Dot", "")) {
		t.Error("a median of nothing")
	}

	var b bytes.Buffer
	table(&b, "avx2", s)
	var got []string
	for line := range strings.Lines(b.String()) {
		got = append(got, strings.Join(strings.Fields(line), " "))
	}
	for _, want := range []string{
		"normals, 16 Ki math/rand/v2 PCG 1 7 7 ≥ 4 ≥ 5.5 reached",
		"PerturbPair, 16 Ki our Fill 1.3 1 1.3 ≤ 1.25 ≤ 1.1 MISSED",
		"axpy, 1024 gonum – – – ≥ 3 ≥ 4 not measured",
		"dot, 1048576 OpenBLAS – – –",
	} {
		if !strings.Contains(strings.Join(got, "\n"), want) {
			t.Errorf("no line %q in\n%s", want, b.String())
		}
	}
}
