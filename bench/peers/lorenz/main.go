// Command lorenz times a gradient of NRES on the Lorenz system, 200 pairs and windows of
// 100 steps, in nres on every tier that this machine has, in numpy, and in JAX, in turns,
// once it has found that all compute the same. Run it in bench/peers.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/noise-reuse/nres"
	"github.com/noise-reuse/nres/bench/peers/internal/bench"
	"github.com/noise-reuse/nres/estimator"
	"github.com/noise-reuse/nres/internal/child"
	"github.com/noise-reuse/nres/internal/cpu"
	"github.com/noise-reuse/nres/tasks"
	"github.com/noise-reuse/nres/unroll"
)

func main() { bench.Main("lorenz", run) }

type options struct {
	rounds, core int
	time         time.Duration
	json         string
}

func run(ctx context.Context) error {
	var o options
	flag.IntVar(&o.rounds, "rounds", 21, "rounds, at least 1; everyone is timed once in each")
	flag.DurationVar(&o.time, "time", 100*time.Millisecond, "of one figure")
	flag.IntVar(&o.core, "core", runtime.NumCPU()-1, "number of the core for what runs on one")
	flag.StringVar(&o.json, "json", filepath.Join("results", "lorenz.json"), "`file` for all samples")
	answer := flag.Int("answer", -1, "be the one that is timed, with so many goroutines (0: one for each core)")
	flag.Parse()
	if *answer >= 0 {
		return serve(*answer, os.Stdin, os.Stdout)
	}
	if o.rounds < 1 || o.time <= 0 || flag.NArg() > 0 {
		bench.Misused("lorenz", "-rounds must be at least 1, -time above 0")
	}
	if err := bench.Ready("lorenz"); err != nil {
		return err
	}
	python, err := bench.Python(ctx)
	if err != nil {
		return err
	}
	all, err := contenders(python)
	if err != nil {
		return err
	}
	for _, c := range all {
		fmt.Fprintf(os.Stderr, "starting %s, %s\n", c.Name, c.Where)
		if err := c.start(ctx, o.core); err != nil {
			return err
		}
		defer c.Stop()
	}
	if err := agree(slices.Concat(all[len(all)-1:], all[:len(all)-1])); err != nil {
		return err
	}
	rounds := 0
	for ; rounds < o.rounds; rounds++ {
		fmt.Fprintf(os.Stderr, "\rround %d of %d", rounds+1, o.rounds)
		if err = measure(all, o.time); err != nil {
			break
		}
	}
	fmt.Fprintln(os.Stderr)
	if rounds == 0 {
		return err
	}
	table(os.Stdout, all)
	return errors.Join(err, write(o.json, all))
}

// measure is a round, which counts if everyone answers.
func measure(all []*contender, d time.Duration) error {
	took := make([]float64, len(all))
	for i, c := range all {
		var a struct{ NS float64 }
		if err := c.Ask(map[string]float64{"time": d.Seconds()}, &a); err != nil {
			return err
		}
		took[i] = a.NS
	}
	for i, c := range all {
		c.NS = append(c.NS, took[i])
	}
	return nil
}

// A contender is a program that makes gradients. Its exported fields are those of the
// JSON file.
type contender struct {
	Name  string    `json:"name"`
	Where string    `json:"where"` // on how many cores
	About           // what it says of itself
	NS    []float64 `json:"ns"` // a gradient, in each round

	ours, pinned bool // to one core
	args, env    []string
	*child.Child `json:"-"`
}

type About struct {
	Versions map[string]string `json:"versions"`
	Form     string            `json:"form,omitempty"`
}

// contenders lists them, the slowest first.
func contenders(python string) (all []*contender, err error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	const oneThread = "XLA_FLAGS=--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
	script := func(peer string) []string { return []string{python, "lorenz_bench.py", peer} }
	cores := fmt.Sprintf("%d cores", runtime.NumCPU())
	all = []*contender{
		{Name: "numpy", args: script("numpy"), pinned: true},
		{Name: "JAX, a gradient a call", args: script("jax"), env: []string{oneThread}, pinned: true},
		{Name: "JAX, a gradient a call", args: script("jax"), Where: cores + ", JAX's defaults"},
		{Name: "JAX, 100 gradients a call", args: script("jax-loop"), env: []string{oneThread}, pinned: true},
		{Name: "JAX, 100 gradients a call", args: script("jax-loop"), Where: cores + ", JAX's defaults"},
	}
	tiers := cpu.Detected()
	best := tiers[len(tiers)-1]
	for _, t := range tiers {
		all = append(all, &contender{Name: "nres, " + tierName(t), args: []string{self, "-answer", "1"}, env: []string{"NRES_SIMD=" + t.String()}, pinned: true, ours: true})
	}
	all = append(all, &contender{Name: "nres, " + tierName(best), args: []string{self, "-answer", "0"}, Where: cores, ours: true})
	for _, c := range all {
		if c.pinned {
			c.Where = "1 core"
		}
	}
	return all, nil
}

func tierName(t cpu.Tier) string {
	switch t {
	case cpu.Generic:
		return "plain Go"
	case cpu.AVX512:
		return "AVX-512"
	}
	return strings.ToUpper(t.String())
}

func (c *contender) start(ctx context.Context, core int) (err error) {
	args := c.args
	if c.pinned {
		args = append([]string{"taskset", "-c", strconv.Itoa(core)}, args...)
	}
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Env = append(os.Environ(), c.env...)
	cmd.Stderr = os.Stderr
	if c.Child, err = child.Start(cmd); err != nil {
		return err
	}
	if c.ours {
		return c.Read(&c.About)
	}
	return c.Ask(tasks.SimulateLorenz[float32](tasks.LorenzTruth, tasks.LorenzHorizon), &c.About)
}

// config is that of the paper's runs.
func config() (tasks.Task, estimator.Config) {
	task, err := tasks.Lookup("lorenz")
	if err != nil {
		panic(err)
	}
	return task, estimator.Config{Workers: task.Workers, Window: task.Window, Sigma: task.Sigma, Seed: 1}
}

func newEstimator(parallelism int, wrap func(unroll.System[float32]) unroll.System[float32]) (*estimator.Estimator[float32], []float32, error) {
	task, cfg := config()
	cfg.Parallelism = parallelism
	sys, err := task.New(nil)
	if err != nil {
		return nil, nil, err
	}
	est, err := estimator.New(wrap(sys), cfg)
	return est, []float32{float32(task.Start[0]), float32(task.Start[1])}, err
}

// serve answers what lorenz_bench.py does, but for windows.
func serve(parallelism int, in io.Reader, out io.Writer) error {
	est, theta, err := newEstimator(parallelism, func(sys unroll.System[float32]) unroll.System[float32] { return sys })
	if err != nil {
		return err
	}
	defer est.Close()
	grad := make([]float32, len(theta))
	if _, err := est.Gradient(grad, theta); err != nil {
		return err
	}
	enc := json.NewEncoder(out)
	if err := enc.Encode(About{Versions: map[string]string{"go": runtime.Version(), "tier": nres.Tier()}}); err != nil {
		return err
	}
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		var ask struct {
			Time float64
			Mean []int
		}
		if err := json.Unmarshal(lines.Bytes(), &ask); err != nil {
			return err
		}
		var answer any
		if ask.Mean == nil {
			var calls int
			var took time.Duration
			for began := time.Now(); took.Seconds() < ask.Time; took = time.Since(began) {
				for range 100 {
					if _, err := est.Gradient(grad, theta); err != nil {
						return err
					}
				}
				calls += 100
			}
			answer = map[string]float64{"ns": float64(took) / float64(calls)}
		} else {
			means := make([][]float64, ask.Mean[0])
			for b := range means {
				means[b] = make([]float64, len(grad))
				for range ask.Mean[1] {
					if _, err := est.Gradient(grad, theta); err != nil {
						return err
					}
					for i, g := range grad {
						means[b][i] += float64(g) / float64(ask.Mean[1])
					}
				}
			}
			answer = map[string]any{"means": means}
		}
		if err := enc.Encode(answer); err != nil {
			return err
		}
	}
	return lines.Err()
}

// table prints what the README has.
func table(w io.Writer, all []*contender) {
	fmt.Fprintf(w, "| | on | µs a gradient | gradients a second | of numpy's |\n|---|---|---|---|---|\n")
	first := bench.Median(all[0].NS)
	for _, c := range all {
		ns := bench.Median(c.NS)
		fmt.Fprintf(w, "| %s | %s | %s | %s | %s× |\n", c.Name, c.Where, digits(ns/1e3, 3), thousands(1e9/ns), digits(first/ns, 2))
	}
	versions := map[string]string{}
	var forms []string
	for _, c := range all {
		for name, v := range c.Versions {
			if name != "tier" {
				versions[name] = v
			}
		}
		if c.Form != "" {
			forms = append(forms, fmt.Sprintf("%s, %s: %s", c.Name, c.Where, c.Form))
		}
	}
	var vs []string
	for name, v := range versions {
		vs = append(vs, name+" "+strings.TrimPrefix(v, "go"))
	}
	slices.Sort(vs)
	fmt.Fprintf(w, "\nMedians of %d. %s.\n%s\n", len(all[0].NS), strings.Join(vs, ", "), strings.Join(forms, "\n"))
}

// digits returns x with n significant digits, or all before the point.
func digits(x float64, n int) string {
	before := len(strconv.FormatFloat(x, 'f', 0, 64))
	if x < 1 {
		before = 0
	}
	return strconv.FormatFloat(x, 'f', max(0, n-before), 64)
}

// thousands returns x with three significant digits and groups of three.
func thousands(x float64) string {
	x, _ = strconv.ParseFloat(strconv.FormatFloat(x, 'g', 3, 64), 64)
	s := strconv.FormatFloat(x, 'f', 0, 64)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func write(path string, all []*contender) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		return err
	}
	text, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o666)
}
