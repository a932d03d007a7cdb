// Command run times nres beside its peers on every tier that this machine has, in
// turns, and prints a table of the ratios that count. Run it in bench/peers.
package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/noise-reuse/nres/bench/peers/internal/bench"
	"github.com/noise-reuse/nres/internal/child"
	"github.com/noise-reuse/nres/internal/cpu"
)

func main() { bench.Main("run", run) }

const leastTable = 3_274_635 // numpy_bench.py's updates take 3,274,634

type options struct {
	rounds      int
	time        time.Duration
	table       int
	dir         string
	numpy, tiny bool
}

func run(ctx context.Context) error {
	var o options
	flag.IntVar(&o.rounds, "rounds", 11, "rounds, at least 1; every tier runs once in each")
	flag.DurationVar(&o.time, "time", 100*time.Millisecond, "of one row, with all its peers")
	flag.IntVar(&o.table, "table", 250_000_000, fmt.Sprintf("elements of numpy's noise table, at least %d", leastTable))
	flag.StringVar(&o.dir, "dir", "results", "directory for what the programs print, which benchstat reads")
	flag.BoolVar(&o.numpy, "numpy", true, "run numpy, in a virtual environment that is made for it")
	flag.BoolVar(&o.tiny, "small", true, "time the calls with 1 to 16 elements, too")
	flag.Parse()
	if o.rounds < 1 || o.time <= 0 || o.table < leastTable || flag.NArg() > 0 {
		bench.Misused("run", fmt.Sprintf("-rounds must be at least 1, -time above 0, -table at least %d", leastTable))
	}
	if err := bench.Ready("run"); err != nil {
		return err
	}
	if err := os.MkdirAll(o.dir, 0o777); err != nil {
		return err
	}
	temp, err := os.MkdirTemp("", "nres-peers-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)

	// A missing package is an error of the compiler that names it.
	binary := filepath.Join(temp, "peers.test")
	if err := bench.Loud(ctx, ".", "go", "test", "-c", "-o", binary, "."); err != nil {
		return fmt.Errorf("cannot build the benchmarks, which need gcc, librandom123-dev and libopenblas-dev of Debian or Ubuntu: %w", err)
	}
	nres := filepath.Join(temp, "nres")
	if o.tiny {
		if err := bench.Loud(ctx, filepath.Join("..", ".."), "go", "build", "-o", nres, "./cmd/nres"); err != nil {
			return err
		}
	}
	var numpy *child.Child
	if o.numpy {
		if numpy, err = startNumpy(ctx, o.table); err != nil {
			fmt.Fprintln(os.Stderr, "run: without numpy:", err)
		} else {
			defer numpy.Stop()
		}
	}

	tiers := cpu.Detected()
	slices.Reverse(tiers)
	all := map[string]samples{} // of each tier
	for _, t := range tiers {
		all[t.String()] = samples{}
	}
	began := time.Now()
	rounds, err := o.measure(ctx, binary, numpy, tiers, all)
	if rounds == 0 {
		return err
	}
	small := map[string]string{}
	if o.tiny && err == nil {
		for _, t := range tiers[:len(tiers)-1] {
			fmt.Fprintf(os.Stderr, "1 to 16 elements: %v (%v)\n", t, time.Since(began).Round(time.Second))
			if small[t.String()], err = smallest(ctx, nres, t); err != nil {
				break
			}
		}
	}
	for _, t := range tiers {
		fmt.Printf("%v: medians of %d rounds, and of their ratios\n\n", t, rounds)
		table(os.Stdout, t.String(), all[t.String()])
		if text := small[t.String()]; text != "" {
			fmt.Printf("\n  any operation, n = 1 to 16, against plain Go: must be %v at least\n%s", mustSmall, text)
		}
		fmt.Println()
	}
	return err
}

// measure fills all, and returns how many rounds it finished before it failed, if it did.
func (o *options) measure(ctx context.Context, binary string, numpy *child.Child, tiers []cpu.Tier, all map[string]samples) (rounds int, err error) {
	began := time.Now()
	for round := range o.rounds {
		for _, t := range tiers {
			fmt.Fprintf(os.Stderr, "round %d of %d: %v (%v)\n", round+1, o.rounds, t, time.Since(began).Round(time.Second))
			text, err := benchmarks(ctx, binary, t, o.time)
			if err != nil {
				return round, err
			}
			all[t.String()].read(text)
			if err := appendTo(filepath.Join(o.dir, t.String()+".txt"), text, round == 0); err != nil {
				return round, err
			}
		}
		if numpy != nil {
			var report struct {
				NS map[string]float64 `json:"ns_per_element"`
			}
			if err := numpy.Ask(nil, &report); err != nil {
				return round, err
			}
			for name, v := range report.NS {
				for _, s := range all {
					s.add("numpy/"+name, v)
				}
			}
		}
	}
	return o.rounds, nil
}

// benchmarks runs all of them once on a tier.
func benchmarks(ctx context.Context, binary string, t cpu.Tier, d time.Duration) ([]byte, error) {
	cmd := exec.CommandContext(ctx, binary, "-test.run=^$", "-test.bench=.", "-test.cpu=1", "-test.benchtime="+d.String())
	cmd.Env = append(os.Environ(), "NRES_SIMD="+t.String(), "OPENBLAS_NUM_THREADS=1")
	if _, set := os.LookupEnv("OPENBLAS_CORETYPE"); !set && runtime.GOARCH == "amd64" {
		// It takes the oldest for processors that it does not know yet.
		core := map[cpu.Tier]string{cpu.AVX512: "SkylakeX", cpu.AVX2: "Haswell"}[slices.Max(cpu.Detected())]
		if core != "" {
			cmd.Env = append(cmd.Env, "OPENBLAS_CORETYPE="+core)
		}
	}
	cmd.Stderr = os.Stderr
	return cmd.Output()
}

func appendTo(path string, text []byte, first bool) error {
	mode := os.O_APPEND
	if first {
		mode = os.O_TRUNC
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|mode, 0o666)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Close())
}

// samples are the nanoseconds an element that each peer takes for some work, one a
// round, by work/n=length/by=who.
type samples map[string][]float64

func (s samples) add(name string, ns float64) { s[name] = append(s[name], ns) }

// read takes in what a benchmark binary printed.
func (s samples) read(text []byte) {
	for line := range bytes.Lines(text) {
		f := strings.Fields(string(line))
		if len(f) < 3 || !strings.HasPrefix(f[0], "Benchmark") {
			continue
		}
		for i := 2; i+1 < len(f); i += 2 {
			by, ok := strings.CutSuffix(f[i+1], "-ns/elem")
			if ns, err := strconv.ParseFloat(f[i], 64); err == nil && ok {
				s.add(strings.TrimPrefix(f[0], "Benchmark")+"/by="+by, ns)
			}
		}
	}
}

// fastest returns the rounds of the peer whose name begins so, of the one with the
// least median if there are several.
func (s samples) fastest(begins string) (best []float64) {
	for name, x := range s {
		if strings.HasPrefix(name, begins) && (best == nil || bench.Median(x) < bench.Median(best)) {
			best = x
		}
	}
	return best
}

// ratio returns the median of the rounds' quotients.
func ratio(a, b []float64) float64 {
	var q []float64
	for i := range min(len(a), len(b)) {
		q = append(q, a[i]/b[i])
	}
	return bench.Median(q)
}

// A goal is a line of the table: ours against theirs, per element. Ratios are
// speeds, ours to theirs, or times, ours to theirs, for which less is better.
type goal struct {
	work, against string
	ours, theirs  string // the beginning of their names among the samples
	times         bool
	must, after   map[string]float64 // by tier
}

func both(avx512, avx2 float64) map[string]float64 {
	return map[string]float64{"avx512": avx512, "avx2": avx2}
}

func goals() []goal {
	them := func(work, who, n string) string { return work + "/n=" + n + "/by=" + who }
	us := func(work, n string) string { return them(work, "nres-", n) }
	const ki16 = "16384"
	gs := []goal{
		{"normals, 16 Ki", "math/rand/v2 PCG", us("Normals", ki16), them("Normals", "rand-pcg", ki16), false, both(6.5, 4), both(9, 5.5)},
		{"", "math/rand/v2 ChaCha8", us("Normals", ki16), them("Normals", "rand-chacha8", ki16), false, nil, nil},
		{"", "gonum distuv", us("Normals", ki16), them("Normals", "gonum", ki16), false, nil, nil},
		{"", "numpy Philox", us("Normals", ki16), "numpy/normals/philox", false, nil, nil},
		{"", "numpy PCG64", us("Normals", ki16), "numpy/normals/pcg64", false, nil, nil},
		{"Philox words, 16 Ki", "Random123, scalar C", us("Words", ki16), them("Words", "random123-scalar", ki16), false, both(4.5, 2.6), both(5.2, 3.2)},
		{"", "the same, as gcc vectorises it", us("Words", ki16), them("Words", "random123-vectorised", ki16), false, nil, nil},
		{"", "math/rand/v2 PCG", us("Words", ki16), them("Words", "rand-pcg", ki16), false, nil, nil},
		{"Combine, K = 64, d = 16 Ki", "our Fill", us("Combine", ki16), them("Combine", "fill", ki16), true, both(1.05, 1.05), both(0.95, 0.95)},
		{"CombineSigns, K = 64, d = 64 Ki", "numpy's noise table", us("CombineSigns", "65536"), "numpy/table/", false, both(10, 6), both(20, 10)},
		{"PerturbPair, 16 Ki", "our Fill", us("PerturbPair", ki16), them("PerturbPair", "fill", ki16), true, both(1.25, 1.25), both(1.1, 1.1)},
	}
	for _, n := range []string{"1024", "4096"} {
		gs = append(gs,
			goal{"axpy, " + n, "gonum", us("Axpy", n), them("Axpy", "gonum", n), false, both(4, 3), both(6, 4)},
			goal{"", "vek", us("Axpy", n), them("Axpy", "vek", n), false, nil, nil},
			goal{"dot, " + n, "gonum", us("Dot", n), them("Dot", "gonum", n), false, nil, nil},
			goal{"", "vek", us("Dot", n), them("Dot", "vek", n), false, nil, nil})
		for _, op := range []string{"Add", "Mul", "Sqrt", "Exp", "Sum"} {
			gs = append(gs, goal{strings.ToLower(op) + ", " + n, "vek",
				us("Elementwise/op="+op, n), them("Elementwise/op="+op, "vek", n), false, nil, nil})
		}
	}
	for _, work := range []string{"Axpy", "Dot"} {
		for n := 1 << 10; n <= 16<<20; n *= 4 {
			size := strconv.Itoa(n)
			gs = append(gs, goal{strings.ToLower(work) + ", " + size, "OpenBLAS", us(work, size), them(work, "openblas", size), false,
				map[string]float64{"avx512": 0.95}, map[string]float64{"avx512": 1.1}})
		}
	}
	return gs
}

// table prints how far the goals are reached on a tier.
func table(w io.Writer, tier string, s samples) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "  work\tagainst\tours, ns\ttheirs, ns\tratio\tmust\tafter\t")
	for _, g := range goals() {
		ours, theirs := s.fastest(g.ours), s.fastest(g.theirs)
		reach, sign := ratio(theirs, ours), "≥"
		if g.times {
			reach, sign = ratio(ours, theirs), "≤"
		}
		must, after, verdict := "", "", ""
		if m, ok := g.must[tier]; ok {
			a := g.after[tier]
			must, after = fmt.Sprintf("%s %.4g", sign, m), fmt.Sprintf("%s %.4g", sign, a)
			reached := func(x float64) bool { return reach >= x && !g.times || reach <= x && g.times }
			switch {
			case math.IsNaN(reach):
				verdict = "not measured"
			case reached(a):
				verdict = "reached"
			case reached(m):
				verdict = "met"
			default:
				verdict = "MISSED"
			}
		}
		fmt.Fprintf(t, "  %s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\n", g.work, g.against, number(bench.Median(ours)), number(bench.Median(theirs)), number(reach), must, after, verdict)
	}
	t.Flush()
}

func number(x float64) string {
	if math.IsNaN(x) {
		return "–"
	}
	return strconv.FormatFloat(x, 'g', 3, 64)
}

// A call is a row of nres bench.
type call struct {
	Operation, Type string
	N               int
	Ratio           float64
}

func (c call) String() string { return fmt.Sprintf("%s %s n=%d", c.Operation, c.Type, c.N) }

const mustSmall = 0.9

// smallest says what nres bench finds for calls with few elements. Those that look
// slow are timed again, for longer, and the second figure counts.
func smallest(ctx context.Context, nres string, t cpu.Tier) (string, error) {
	calls, err := timeCalls(ctx, nres, t, "")
	if err != nil {
		return "", err
	}
	var again []string
	rest := map[string]call{}
	for _, c := range calls {
		if rest[c.String()] = c; c.Ratio < mustSmall*1.05 {
			again = append(again, regexp.QuoteMeta(c.String())+"$")
		}
	}
	if len(again) > 0 {
		if calls, err = timeCalls(ctx, nres, t, strings.Join(again, "|")); err != nil {
			return "", err
		}
		for _, c := range calls {
			rest[c.String()] = c
		}
	}
	calls = slices.SortedFunc(maps.Values(rest), func(a, b call) int { return cmp.Compare(a.Ratio, b.Ratio) })
	missed := 0
	for _, c := range calls {
		if c.Ratio < mustSmall {
			missed++
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "  %d of %d missed it; the lowest:", missed, len(calls))
	for _, c := range calls[:min(6, len(calls))] {
		fmt.Fprintf(&b, " %v %.2f;", c, c.Ratio)
	}
	return strings.TrimSuffix(b.String(), ";") + "\n", nil
}

// timeCalls runs nres bench.
func timeCalls(ctx context.Context, nres string, t cpu.Tier, filter string) ([]call, error) {
	cmd := exec.CommandContext(ctx, nres, "bench", "--json", "--quiet", "--filter", filter,
		"--sizes", "1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16", "--time", "60s")
	cmd.Env = append(os.Environ(), "NRES_SIMD="+t.String())
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, err
	}
	var rep struct{ Rows []call }
	return rep.Rows, json.Unmarshal(out, &rep)
}

// startNumpy starts numpy_bench.py, which runs a round whenever it is told to.
func startNumpy(ctx context.Context, table int) (*child.Child, error) {
	python, err := bench.Python(ctx)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, python, "numpy_bench.py", "--serve", "--table", strconv.Itoa(table))
	cmd.Stderr = os.Stderr
	return child.Start(cmd)
}
