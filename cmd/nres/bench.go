package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/noise-reuse/nres/internal/cpu"
	"github.com/spf13/cobra"
)

const (
	repetitions = 11                    // that medians are taken of
	longest     = 50 * time.Millisecond // of one repetition, if a call isn't longer
	benchTime   = 15 * time.Second
	maxSize     = 64 << 20
	tie         = 0.95 // a kernel loses if it has less than this share of plain Go's speed
)

// A benchmark is what the flags of "nres bench" ask for.
type benchmark struct {
	filter, sizes string
	time          time.Duration
	json, quiet   bool
}

func benchCommand() *cobra.Command {
	var j benchmark
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Time the kernels on this machine",
		Long: fmt.Sprintf(`Bench times the operations of packages vec and noise, beside plain Go and beside
what the machine allows. Figures are medians of %d repetitions.

  n         elements of a vector; Combine adds %d streams, AxpyRows as
            many rows, each as long
  ns        nanoseconds for a call
  Gelem/s   10⁹ elements a second (of all streams or rows)
  GB/s      10⁹ bytes read and written a second
  cycles    for one element, at the frequency that a chain of additions shows
  Go ns     nanoseconds for the call in plain Go, in turns with the kernel, each
            in a process of its own, both on one processor
  ratio     plain Go's time to the kernel's in the same turn; "loses" marks those
            below %v
  limit     the share of the highest speed possible that is reached: of memory, or
            the cache that the vectors fit in, as loops that only read, write and
            copy find it in the same run; or of the core, where limits.csv knows
            how many cycles the kernel's instructions take on this processor

NRES_SIMD=avx2 nres bench shows the kernels of a lower tier. Close other programs
first.`, repetitions, combined, tie),
		Example: `  nres bench
  nres bench --filter 'vec.Axpy float32' --sizes 1024,4096
  nres bench --filter noise --time 5s --json`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			rows, err := j.resolve(cmd.Flags().Changed)
			if err != nil {
				return err
			}
			return j.run(cmd.Context(), rows, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&j.filter, "filter", "", "time what matches this regular `expression`, such as 'vec.Axpy float32'")
	f.StringVar(&j.sizes, "sizes", "", "`list` of the n to time, such as 1,16,1024 (if not given, a few for each operation)")
	f.DurationVar(&j.time, "time", benchTime, "`time` to take, about; long calls may need more")
	reportFlags(f, &j.json, &j.quiet)
	cmd.AddCommand(latencyCommand(), masterCommand())
	return cmd
}

// A row is a line of the table, of a benchReport. Fields that are not known are nil.
type row struct {
	Operation string     `json:"operation"`
	Type      string     `json:"type"`
	N         int        `json:"n"`
	Streams   int        `json:"streams"`
	Uses      string     `json:"uses"`
	NS        float64    `json:"ns"`
	Elements  float64    `json:"elements_per_second"`
	Bytes     float64    `json:"bytes_per_second"`
	Cycles    float64    `json:"cycles_per_element"`
	GenericNS *float64   `json:"generic_ns"`
	Ratio     *float64   `json:"ratio"`
	Loses     bool       `json:"loses"`
	Bandwidth *bandwidth `json:"bandwidth"` // of memory, for this working set
	Limit     *string    `json:"limit"`     // "memory" or "core"
	Share     *float64   `json:"share"`

	op operation
}

// String names a row, for filters and people.
func (r *row) String() string { return fmt.Sprintf("%v n=%d", r.op, r.N) }

// A benchReport is the JSON object.
type benchReport struct {
	Processor   string  `json:"processor"`
	LLVM        *string `json:"llvm"`
	Go          string  `json:"go"`
	GOOS        string  `json:"goos"`
	GOARCH      string  `json:"goarch"`
	Tier        string  `json:"tier"`
	GHz         float64 `json:"ghz"` // median over the rows, lowest and highest
	GHzLow      float64 `json:"ghz_low"`
	GHzHigh     float64 `json:"ghz_high"`
	Repetitions int     `json:"repetitions"`
	Rows        []*row  `json:"rows"`
	Seconds     float64 `json:"seconds"`

	ghz []float64 // of the rows
}

// resolve returns what to time.
func (j *benchmark) resolve(given func(flag string) bool) ([]*row, error) {
	filter, err := regexp.Compile(j.filter)
	if err != nil {
		return nil, badFlag("filter", fmt.Sprintf("%q", j.filter), "a regular expression")
	}
	if j.time < time.Millisecond || j.time > 24*time.Hour {
		return nil, badFlag("time", j.time, "1ms to 24h")
	}
	var sizes []int
	if given("sizes") {
		for word := range strings.SplitSeq(j.sizes, ",") {
			n, err := strconv.Atoi(strings.TrimSpace(word))
			if err != nil || n < 1 || n > maxSize {
				return nil, badFlag("sizes", fmt.Sprintf("%q", j.sizes), fmt.Sprintf("whole numbers from 1 to %d, with commas between them", maxSize))
			}
			sizes = append(sizes, n)
		}
	}
	var rows []*row
	linked := assembly()
	var names []string
	for _, o := range operations() {
		if names = append(names, o.name); len(sizes) > 0 {
			o.sizes = sizes
		}
		for _, n := range o.sizes {
			r := &row{Operation: o.name, Type: o.elem, N: n, Streams: o.streams, Uses: o.uses(cpu.Active(), linked), op: o}
			if filter.MatchString(r.String()) {
				rows = append(rows, r)
			}
		}
	}
	if len(rows) == 0 {
		slices.Sort(names)
		return nil, badFlag("filter", fmt.Sprintf("%q", j.filter), `what matches a row such as "vec.Axpy float32 n=16"; operations are `+strings.Join(slices.Compact(names), ", "))
	}
	return rows, nil
}

func (j *benchmark) run(ctx context.Context, rows []*row, stdout, stderr io.Writer) error {
	limits, err := readLimits(limitsCSV)
	if err != nil {
		return &failure{statusFailed, err}
	}
	tiers := []cpu.Tier{cpu.Active(), cpu.Generic}
	if tiers[0] == cpu.Generic {
		tiers = tiers[:1]
	}
	var workers []*worker
	for _, t := range tiers {
		w, err := startWorker(ctx, t)
		if err != nil {
			return stopped(ctx, err, 0, len(rows), "rows")
		}
		defer w.Stop()
		workers = append(workers, w)
	}
	p := thisProcessor()
	rep := &benchReport{
		Processor: p.name, LLVM: optional(p.llvm, p.llvm != ""),
		Go: runtime.Version(), GOOS: runtime.GOOS, GOARCH: runtime.GOARCH,
		Tier: tier(), Repetitions: repetitions, Rows: []*row{},
	}
	bar := newProgress(stderr, len(rows), j.quiet)
	began := time.Now()
	d := min(j.time/time.Duration(len(rows)*(repetitions+2)), longest)
	for i, r := range rows {
		bar.update(float64(i), "%v", r)
		if err = rep.time(ctx, r, workers, d, limits); err != nil {
			break
		}
		rep.Rows = append(rep.Rows, r)
	}
	bar.close()
	rep.Seconds = time.Since(began).Seconds()
	if err != nil {
		err = stopped(ctx, err, len(rep.Rows), len(rows), "rows")
	}
	if len(rep.Rows) == 0 {
		return err
	}
	rep.GHz = median(rep.ghz)
	rep.GHzLow, rep.GHzHigh = slices.Min(rep.ghz), slices.Max(rep.ghz)
	return errors.Join(err, writeReport(stdout, rep, j.json))
}

// stopped says why a run ended early. A cancelled context ends the workers, too,
// which is another error.
func stopped(ctx context.Context, err error, done, total int, what string) error {
	if ctx.Err() != nil {
		return &failure{statusInterrupted, fmt.Errorf("interrupted after %d of %d %s", done, total, what)}
	}
	return &failure{statusFailed, err}
}

// time fills in a row. A repetition takes about d.
func (rep *benchReport) time(ctx context.Context, r *row, workers []*worker, d time.Duration, limits map[loop]float64) error {
	reads, writes := float64(r.N*r.op.reads), float64(r.N*r.op.writes)
	var memory *probes
	if !r.op.compute && reads+writes >= 2048 { // below, it is calls that take time
		memory = newProbes(int(reads + writes))
	}
	var ghz []float64
	ns := make([][]float64, len(workers))
	for k := range repetitions {
		for i := range workers {
			if k%2 == 1 { // none is always the later one
				i = len(workers) - 1 - i
			}
			if err := ctx.Err(); err != nil {
				return err
			}
			t, err := workers[i].time(r, d*2/5)
			if err != nil {
				return err
			}
			ns[i], ghz = append(ns[i], t.NS), append(ghz, t.GHz)
		}
		if memory != nil {
			memory.time(d / 5)
		}
	}

	f := median(ghz)
	rep.ghz = append(rep.ghz, f)
	elements := float64(r.N * r.Streams)
	r.NS = median(ns[0])
	r.Elements, r.Bytes, r.Cycles = elements/r.NS*1e9, (reads+writes)/r.NS*1e9, r.NS*f/elements
	if len(workers) > 1 {
		g, ratio := median(ns[1]), medianRatio(ns[1], ns[0])
		r.GenericNS, r.Ratio, r.Loses = &g, &ratio, ratio < tie
	}
	r.limit(memory, elements, reads, writes, f, rep.LLVM, limits)
	return nil
}

// limit fills in which limit is the nearest, of those known, and how near.
func (r *row) limit(memory *probes, elements, reads, writes, ghz float64, llvm *string, limits map[loop]float64) {
	least, name := 0.0, ""
	if memory != nil {
		b := memory.bandwidth()
		r.Bandwidth = &b
		least, name = b.least(reads, writes), "memory"
	}
	if llvm != nil {
		if cycles, ok := limits[loop{r.Operation, r.Type, tier(), *llvm}]; ok && cycles*elements/ghz > least {
			least, name = cycles*elements/ghz, "core"
		}
	}
	if name != "" {
		share := least / r.NS
		r.Limit, r.Share = &name, &share
	}
}

func (rep *benchReport) text() string {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s, %s %s/%s, %.2f GHz (%.2f to %.2f), kernels: %s\n\n",
		rep.Processor, rep.Go, rep.GOOS, rep.GOARCH, rep.GHz, rep.GHzLow, rep.GHzHigh, rep.Tier)
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	// The first cells have no column of their own to be left-aligned in.
	first := len("operation")
	for _, r := range rep.Rows {
		first = max(first, len(r.op.String()))
	}
	fmt.Fprintf(t, "%-*s\tn\tns\tGelem/s\tGB/s\tcycles\tGo ns\tratio\tlimit\t\t\n", first, "operation")
	last, loses := "", 0
	for _, r := range rep.Rows {
		name := r.op.String()
		if name == last {
			name = ""
		} else {
			last = name
		}
		generic, ratio, limit, remark := "", "", "", ""
		if r.GenericNS != nil {
			generic, ratio = digits(*r.GenericNS), digits(*r.Ratio)
		}
		if r.Share != nil {
			limit = fmt.Sprintf("%.0f %% of %s", 100**r.Share, *r.Limit)
		}
		if r.Loses {
			remark = "loses"
			loses++
		}
		fmt.Fprintf(t, "%-*s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t\n", first, name, short(r.N), digits(r.NS),
			digits(r.Elements/1e9), digits(r.Bytes/1e9), digits(r.Cycles), generic, ratio, limit, remark)
	}
	t.Flush()
	if rep.Tier != cpu.Generic.String() {
		fmt.Fprintf(&b, "\n%d of %d rows lose against plain Go", loses, len(rep.Rows))
	} else {
		fmt.Fprintf(&b, "\n%d rows, all plain Go", len(rep.Rows))
	}
	fmt.Fprintf(&b, "; medians of %d, %.1f s\n", rep.Repetitions, rep.Seconds)
	return b.String()
}

// digits shows three digits of x, or all of its whole part.
func digits(x float64) string {
	after := 0
	for most := 100.0; most >= 1 && x < most; most /= 10 {
		after++
	}
	return strconv.FormatFloat(x, 'f', after, 64)
}

// short shows n, whole multiples of 2^10 and 2^20 with their letters.
func short(n int) string {
	switch {
	case n >= 1<<20 && n%(1<<20) == 0:
		return fmt.Sprint(n>>20, " Mi")
	case n >= 1<<10 && n%(1<<10) == 0:
		return fmt.Sprint(n>>10, " Ki")
	}
	return fmt.Sprint(n)
}
