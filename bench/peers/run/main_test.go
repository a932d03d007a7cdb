package main

import (
	"bytes"
	"context"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/noise-reuse/nres/bench/peers/internal/bench"
	"github.com/noise-reuse/nres/internal/cpu"
)

const printed = `goos: linux
BenchmarkNormals/n=16384     	     100	         1.000 nres-avx2-ns/elem	         5.000 rand-pcg-ns/elem
BenchmarkPerturbPair/n=16384 	     100	         1.000 fill-ns/elem	         1.300 nres-avx2-ns/elem
BenchmarkWords/n=16384       	     100	         1.500 random123-scalar-ns/elem	         0.500 random123-vectorised-ns/elem
PASS
`

func TestTable(t *testing.T) {
	s := samples{}
	s.read([]byte(printed))
	// The machine is slower for both: the median of the ratios is 5.5, the ratio of the medians 6.
	s.read([]byte(strings.NewReplacer("1.000 nres", "2.000 nres", "5.000", "12.000").Replace(printed)))
	s.add("numpy/table/whole", 2)
	s.add("numpy/table/blocks", 1)
	for _, c := range []struct {
		begins string
		want   float64
	}{
		{"Normals/n=16384/by=rand-pcg", 8.5},
		{"Words/n=16384/by=random123-s", 1.5},
		{"numpy/table/", 1},
	} {
		if got := bench.Median(s.fastest(c.begins)); got != c.want {
			t.Errorf("%s…: %v, want %v", c.begins, got, c.want)
		}
	}
	if !math.IsNaN(bench.Median(s.fastest("Dot"))) {
		t.Error("a median of nothing")
	}

	var b bytes.Buffer
	table(&b, "avx2", s)
	var got []string
	for line := range strings.Lines(b.String()) {
		got = append(got, strings.Join(strings.Fields(line), " "))
	}
	for _, want := range []string{
		"normals, 16 Ki math/rand/v2 PCG 1.5 8.5 5.5 ≥ 4 ≥ 5.5 reached",
		"PerturbPair, 16 Ki our Fill 1.3 1 1.3 ≤ 1.25 ≤ 1.1 MISSED",
		"axpy, 1024 gonum – – – ≥ 3 ≥ 4 not measured",
		"dot, 1048576 OpenBLAS – – –",
	} {
		if !strings.Contains(strings.Join(got, "\n"), want) {
			t.Errorf("no line %q in\n%s", want, b.String())
		}
	}
}

// TestFinishedRounds: what fails, or is interrupted, takes no finished round with it.
func TestFinishedRounds(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("needs a shell")
	}
	dir := t.TempDir()
	binary := filepath.Join(dir, "binary")
	script := "#!/bin/sh\ncat >>" + dir + "/ran <<END\nonce\nEND\ntest $(wc -l <" + dir + "/ran) -lt 6 || exit 1\ncat <<END\n" + printed + "END\n"
	if err := os.WriteFile(binary, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	all := map[string]samples{"generic": {}, "avx2": {}}
	o := options{rounds: 9, time: time.Millisecond, dir: dir}
	rounds, err := o.measure(context.Background(), binary, nil, []cpu.Tier{cpu.AVX2, cpu.Generic}, all)
	if rounds != 2 || err == nil || len(all["generic"]["Normals/n=16384/by=rand-pcg"]) != 2 {
		t.Errorf("%d rounds of %v: %v", rounds, all, err)
	}
}

// TestMisuse: who misses something, or misspells it, is told what to do.
func TestMisuse(t *testing.T) {
	python, err := exec.LookPath("python3")
	for _, c := range []struct {
		want    string
		command []string
	}{
		{"-rounds must be at least 1", []string{"go", "run", ".", "-rounds", "0"}},
		{"-table at least 3274635", []string{"go", "run", ".", "-table", "3274634"}},
		{"There are no other arguments. You gave: fast", []string{"go", "run", ".", "fast"}},
		{"pip install -r requirements.txt", []string{python, "-IS", "../numpy_bench.py"}}, // no packages, whatever PYTHONPATH is
		{"go run ./lorenz", []string{python, "-IS", "../lorenz_bench.py", "numpy"}},
	} {
		if c.command[0] == "" {
			t.Log("no python3: ", err)
			continue
		}
		out, err := exec.Command(c.command[0], c.command[1:]...).CombinedOutput()
		if err == nil || !strings.Contains(string(out), c.want) {
			t.Errorf("%v: %v, and no %q in\n%s", c.command, err, c.want, out)
		}
	}
}
