package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image/color"
	"io"
	"math"
	"runtime"
	"text/tabwriter"
	"time"

	"github.com/noise-reuse/nres/cmd/nres/internal/chart"
	"github.com/noise-reuse/nres/estimator"
	"github.com/noise-reuse/nres/internal/latency"
	"github.com/noise-reuse/nres/tasks"
	"github.com/spf13/cobra"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
)

// What a service must be able to rely on.
const (
	mostRatio   = 1.5              // of p99.9 to that of the control
	mostPause   = time.Millisecond // that gradients may be the reason of
	leastCalls  = 5000             // that p99.9 is judged by
	offMedian   = 0.1              // of the control, for p99.9 to be compared
	significant = 0.01
	maxCalls    = 10_000_000 // a bound on memory
)

// A latencyBench is what the flags of "nres bench latency" ask for.
type latencyBench struct {
	job      // the part of it that is common: task, cfg, plot, json, quiet
	rate     float64
	duration time.Duration
}

func latencyCommand() *cobra.Command {
	var p latencyBench
	cmd := &cobra.Command{
		Use:   "latency",
		Short: "Time gradients in a process that serves allocating work",
		Long: fmt.Sprintf(`Latency makes NRES gradients of the Lorenz system at a fixed rate, in a process that
encodes, decodes and keeps JSON documents meanwhile, on every processor for half of
the time, so that garbage collections follow each other closely. It says whether

  - a gradient allocates nothing;
  - the 99.9th percentile of its time is at most %v × that of a control: a loop in
    plain Go of the same median, in turns with it, so that what the machine does to
    both isn't counted (from %d calls on);
  - no stop-the-world pause above 1 ms disappears when gradients are left out, as they
    are in half of the run, in slices.

A time is that of the call alone; how late it began is a line of its own. Percentiles
are calls that were made: the k-th fastest of n, k = ⌈qn⌉.`, mostRatio, leastCalls),
		Example: `  nres bench latency
  nres bench latency --duration 2m --plot latency.svg
  nres bench latency --rate 100 --workers 2000 --json`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := p.resolve(); err != nil {
				return err
			}
			return p.run(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.Float64Var(&p.rate, "rate", 500, "`number` of gradients a second, and of controls")
	f.DurationVar(&p.duration, "duration", time.Minute, "`time` to take; gradients are left out for half of it")
	f.IntVar(&p.cfg.Workers, "workers", 200, "number `N` of workers")
	f.IntVar(&p.cfg.Window, "window", 100, "number `W` of steps that a gradient unrolls")
	f.IntVar(&p.cfg.Parallelism, "parallelism", 1, "`number` of goroutines of the estimator (0: one for each CPU); more than one helps where a gradient takes longer")
	f.StringVar(&p.plot, "plot", "", "picture to write, a .png or .svg `file`")
	reportFlags(f, &p.json, &p.quiet)
	return cmd
}

func (p *latencyBench) resolve() (err error) {
	if p.task, err = tasks.Lookup("lorenz"); err != nil {
		return err
	}
	p.cfg.Sigma, p.cfg.Seed = p.task.Sigma, 1
	switch {
	case !(p.rate >= 0.1 && p.rate <= 100_000):
		return badFlag("rate", p.rate, "0.1 to 100000 a second")
	case p.duration < 10*time.Millisecond || p.duration > 24*time.Hour:
		return badFlag("duration", p.duration, "10ms to 24h")
	case p.rate*p.duration.Seconds() > maxCalls:
		return badFlag("duration", p.duration, fmt.Sprintf("at most %d gradients, %v at this rate", maxCalls,
			time.Duration(maxCalls/p.rate*float64(time.Second)).Truncate(time.Second)))
	case p.cfg.Workers > maxWorkers:
		return badFlag("workers", p.cfg.Workers, fmt.Sprintf("1 to %d", maxWorkers))
	}
	return nil
}

// A latencyReport is what was found. The fields are those of the JSON object.
type latencyReport struct {
	Processor   string        `json:"processor"`
	Go          string        `json:"go"`
	GOOS        string        `json:"goos"`
	GOARCH      string        `json:"goarch"`
	GOMAXPROCS  int           `json:"gomaxprocs"`
	Tier        string        `json:"tier"`
	Workers     int           `json:"workers"`
	Window      int           `json:"window"`
	Parallelism int           `json:"parallelism"`
	Rate        float64       `json:"rate"` // of gradients, asked for
	Seconds     float64       `json:"seconds"`
	Allocations float64       `json:"allocations"` // a gradient
	Gradient    percentiles   `json:"gradient"`
	Control     percentiles   `json:"control"`
	Alone       percentiles   `json:"control_alone"` // while gradients were left out
	Late        percentiles   `json:"late"`          // all calls began, after they were due
	Missed      int           `json:"missed"`        // calls, because the one before was late
	With        pauses        `json:"pauses_with_gradients"`
	Without     pauses        `json:"pauses_without"`
	Documents   float64       `json:"documents_per_second"` // that were served
	Verdicts    []requirement `json:"verdicts"`
	Plot        *string       `json:"plot"` // file, or null

	result *latency.Result
}

type percentiles struct {
	Calls int   `json:"calls"`
	P50   int64 `json:"p50_ns"`
	P99   int64 `json:"p99_ns"`
	P999  int64 `json:"p999_ns"`
	Max   int64 `json:"max_ns"`
}

func newPercentiles(times []time.Duration) percentiles {
	times = latency.Sort(times)
	at := func(q float64) int64 { return int64(latency.Quantile(times, q)) }
	return percentiles{len(times), at(0.5), at(0.99), at(0.999), at(1)}
}

// Pauses are stop-the-world pauses for garbage collections, each of which has two.
type pauses struct {
	Count    uint64 `json:"count"`
	Longest  int64  `json:"longest_ns"`          // a bound, as are all of these
	Stopping int64  `json:"longest_stopping_ns"` // the part until all goroutines have stopped
	Above    uint64 `json:"above_1ms"`
}

func newPauses(p *latency.Pauses) pauses {
	return pauses{p.Total.Count(), int64(p.Total.Longest()), int64(p.Stopping.Longest()), p.Total.Above(mostPause)}
}

// A requirement is met, or not, or that cannot be said.
type requirement struct {
	Must  string `json:"must"`
	Found string `json:"found"`
	Met   *bool  `json:"met"`
}

func (p *latencyBench) run(ctx context.Context, stdout, stderr io.Writer) error {
	sys, err := p.task.New(nil)
	if err != nil {
		return err
	}
	est, err := estimator.New(sys, p.cfg)
	if err != nil {
		return p.explain(err)
	}
	defer est.Close()
	p.cfg = est.Config()
	picture, _, err := p.outputs()
	if err != nil {
		return err
	}
	rep, err := p.measure(ctx, est, sys.Horizon(), stderr)
	if err != nil {
		return err
	}
	rep.judge()
	if ctx.Err() != nil {
		err = &failure{statusInterrupted, fmt.Errorf("interrupted after %.1f s of %v", rep.Seconds, p.duration)}
		if rep.Gradient.Calls == 0 || rep.Control.Calls == 0 {
			return err
		}
	}
	err = errors.Join(err, picture.save(&rep.Plot, func(w io.Writer) error { return rep.writePlot(w, picture.path) }))
	return errors.Join(err, writeReport(stdout, rep, p.json))
}

// measure makes the gradients, until the time is over or ctx ends.
func (p *latencyBench) measure(ctx context.Context, est *estimator.Estimator[float32], horizon int, stderr io.Writer) (*latencyReport, error) {
	theta := convert[float32](p.task.Start)
	grad := make([]float32, len(theta))
	var failed error
	call := func() {
		if _, err := est.Gradient(grad, theta); err != nil {
			failed = err
		}
	}
	call() // the first brings the workers to their phases, and may allocate
	rep := &latencyReport{
		Processor: thisProcessor().name, Go: runtime.Version(), GOOS: runtime.GOOS, GOARCH: runtime.GOARCH,
		GOMAXPROCS: runtime.GOMAXPROCS(0), Tier: tier(),
		Workers: p.cfg.Workers, Window: p.cfg.Window, Parallelism: p.cfg.Parallelism, Rate: p.rate,
		// In as many calls, every worker begins a new episode.
		Allocations: latency.Allocations(call, horizon/p.cfg.Window+1),
	}
	calls := max(1, int(2*p.rate*p.duration.Seconds()))
	bar := newProgress(stderr, calls, p.quiet)
	load := latency.Serve()
	began := time.Now()
	trial := latency.Trial{Call: call, Rate: p.rate, Duration: p.duration, Between: func(elapsed, took time.Duration) {
		bar.update(float64(calls)*min(1, elapsed.Seconds()/p.duration.Seconds()), "call %.4g µs", float64(took)/1e3)
	}}
	rep.result = trial.Run(ctx)
	rep.Seconds = time.Since(began).Seconds()
	rep.Documents = float64(load.Close()) / rep.Seconds
	bar.close()
	if failed != nil {
		return nil, &failure{statusFailed, failed}
	}
	return rep, nil
}

// judge sums up the result, and says what it means.
func (r *latencyReport) judge() {
	t := r.result
	r.Gradient, r.Control, r.Alone = newPercentiles(t.Call), newPercentiles(t.Control), newPercentiles(t.Alone)
	r.Late, r.Missed = newPercentiles(t.Late), t.Missed
	r.With, r.Without = newPauses(&t.With), newPauses(&t.Without)
	yes, no := true, false
	verdict := func(met bool) *bool {
		if met {
			return &yes
		}
		return &no
	}

	r.Verdicts = []requirement{{"no allocations", fmt.Sprint(r.Allocations) + " a gradient", verdict(r.Allocations == 0)}}

	v := requirement{Must: fmt.Sprintf("p99.9 at most %v × control", mostRatio)}
	g, c := r.Gradient, r.Control
	switch off := float64(c.P50)/float64(max(1, g.P50)) - 1; {
	case min(g.Calls, c.Calls) < leastCalls:
		v.Found = fmt.Sprintf("%d calls, too few: take %d", min(g.Calls, c.Calls), leastCalls)
	case math.Abs(off) > offMedian:
		v.Found = fmt.Sprintf("the control's median is %.0f %% off", 100*off)
	default:
		ratio := float64(g.P999) / float64(c.P999)
		lo, hi := ratioInterval(t.Call, t.Control, 0.999)
		v.Found, v.Met = fmt.Sprintf("%.2f × (95 %%: %.2f to %.2f)", ratio, lo, hi), verdict(ratio <= mostRatio)
	}
	r.Verdicts = append(r.Verdicts, v)

	v = requirement{Must: "no pause above 1 ms that gradients make"}
	v.Found = fmt.Sprintf("%d of %d with them, %d of %d without", r.With.Above, r.With.Count, r.Without.Above, r.Without.Count)
	switch {
	case r.With.Count == 0 || r.Without.Count == 0:
		v.Found = "too few collections"
	case rarer(r.Without, r.With) <= significant:
		v.Met = verdict(false)
	case r.With.Above == 0 || r.Without.Above > 0: // there are such pauses without gradients, too, and about as many
		v.Met = verdict(true)
	default:
		v.Found += ": may be chance"
	}
	r.Verdicts = append(r.Verdicts, v)
}

// rarer returns how probable it is that so few of the long pauses, or fewer, fall on p,
// if they fall on any pause of both alike.
func rarer(p, q pauses) float64 {
	n, x := float64(p.Above+q.Above), float64(p.Count)/float64(p.Count+q.Count)
	sum := 0.0
	for k := 0.0; k <= float64(p.Above); k++ {
		a, _ := math.Lgamma(n + 1)
		b, _ := math.Lgamma(k + 1)
		c, _ := math.Lgamma(n - k + 1)
		sum += math.Exp(a - b - c + k*math.Log(x) + (n-k)*math.Log(1-x))
	}
	return sum
}

// ratioInterval returns limits of the ratio of two quantiles, from those of the ranks
// that they have with 83 % confidence, which make 95 % of a ratio. It takes calls to
// be independent.
func ratioInterval(a, b []time.Duration, q float64) (lo, hi float64) {
	limits := func(times []time.Duration) (lo, hi float64) {
		times = latency.Sort(times)
		d := 1.39 * math.Sqrt(q*(1-q)/float64(len(times)))
		return float64(latency.Quantile(times, max(0, q-d))), float64(latency.Quantile(times, min(1, q+d)))
	}
	aLo, aHi := limits(a)
	bLo, bHi := limits(b)
	return aLo / bHi, aHi / bLo
}

func (r *latencyReport) title() string {
	return fmt.Sprintf("NRES on Lorenz, N = %d, W = %d, parallelism %d, %v gradients a second", r.Workers, r.Window, r.Parallelism, r.Rate)
}

func (r *latencyReport) text() string {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s\n%s, %s %s/%s, %d processors, kernels: %s\n\n",
		r.title(), r.Processor, r.Go, r.GOOS, r.GOARCH, r.GOMAXPROCS, r.Tier)
	table := func(head string, rows func(t io.Writer)) {
		t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
		fmt.Fprintf(t, "%-27s%s", "", head)
		rows(t)
		t.Flush()
	}
	micros := func(ns int64) string { return digits(float64(ns) / 1e3) }
	table("\tcalls\tp50\tp99\tp99.9\tmax\t\n", func(t io.Writer) {
		for _, x := range []struct {
			name string
			p    percentiles
		}{{"gradient, µs", r.Gradient}, {"control", r.Control}, {"control, no gradients", r.Alone}, {"began late by", r.Late}} {
			fmt.Fprintf(t, "%-27s\t%d\t%s\t%s\t%s\t%s\t\n", x.name, x.p.Calls, micros(x.p.P50), micros(x.p.P99), micros(x.p.P999), micros(x.p.Max))
		}
	})
	fmt.Fprintln(&b)
	table("\tnumber\tlongest\tto stop\tabove 1 ms\t\n", func(t io.Writer) {
		for _, x := range []struct {
			name string
			p    pauses
		}{{"pauses with gradients, µs", r.With}, {"without", r.Without}} {
			fmt.Fprintf(t, "%-27s\t%d\t%s\t%s\t%d\t\n", x.name, x.p.Count, micros(x.p.Longest), micros(x.p.Stopping), x.p.Above)
		}
	})
	fmt.Fprintln(&b)
	for _, v := range r.Verdicts {
		answer := "can't tell"
		if v.Met != nil {
			answer = map[bool]string{true: "met", false: "NOT MET"}[*v.Met]
		}
		fmt.Fprintf(&b, "%-10s  %s: %s\n", answer, v.Must, v.Found)
	}
	fmt.Fprintf(&b, "\n%.0f documents a second served, %d of %d turns missed, %.1f s\n",
		r.Documents, r.Missed, r.Missed+r.Late.Calls, r.Seconds)
	if r.Plot != nil {
		fmt.Fprintf(&b, "picture: %s\n", *r.Plot)
	}
	return b.String()
}

// writePlot draws the share of calls that take longer over the time, and the same for
// pauses.
func (r *latencyReport) writePlot(w io.Writer, path string) error {
	calls, stops := chart.New(), chart.New()
	calls.X.Label.Text, calls.Y.Label.Text = "time of a call, µs", "share of calls that take at least as long"
	stops.X.Label.Text, stops.Y.Label.Text = "stop-the-world pause, µs", "share of pauses at least as long"
	t := r.result
	drawTails(calls, []tail{
		{"gradient", chart.Dark, 2, nil, callTail(t.Call)},
		{"control", chart.Red, 1.4, dashed, callTail(t.Control)},
		{"control, gradients left out", mid, 1.2, dotted, callTail(t.Alone)},
	})
	drawTails(stops, []tail{
		{"with gradients", chart.Dark, 2, nil, pauseTail(t.With.Total)},
		{"gradients left out", mid, 1.4, dashed, pauseTail(t.Without.Total)},
	})
	settings := fmt.Sprintf("N = %d,  W = %d,  %v gradients a second,  %d calls of each,  p50 %s µs,  p99.9 %s µs, of the control %s µs",
		r.Workers, r.Window, r.Rate, min(r.Gradient.Calls, r.Control.Calls), digits(float64(r.Gradient.P50)/1e3),
		digits(float64(r.Gradient.P999)/1e3), digits(float64(r.Control.P999)/1e3))
	return chart.Render(w, path, "Latency of NRES gradients beside garbage collections", settings, []*plot.Plot{calls, stops})
}

var (
	mid    = color.Gray{0x80}
	dashed = []vg.Length{vg.Points(6), vg.Points(3)}
	dotted = []vg.Length{vg.Points(1.5), vg.Points(2)}
)

// A tail is a distribution: (log10 µs, log10 of the share that is at least as long).
type tail struct {
	name   string
	color  color.Color
	width  float64
	dashes []vg.Length
	points plotter.XYs
}

func callTail(times []time.Duration) (pts plotter.XYs) {
	times = latency.Sort(times)
	n := len(times)
	for left := n; left > 0; left -= 1 + left/100 {
		pts = append(pts, plotter.XY{X: log10Micros(times[n-left].Seconds()), Y: math.Log10(float64(left) / float64(n))})
	}
	return pts
}

func pauseTail(h latency.Histogram) (pts plotter.XYs) {
	n, left := h.Count(), h.Count()
	for i, c := range h.Counts {
		if c == 0 {
			continue
		}
		// Where a bound is infinite, the other one isn't.
		at := h.Bounds[i+1]
		if math.IsInf(at, 1) {
			at = h.Bounds[i]
		}
		pts = append(pts, plotter.XY{X: log10Micros(at), Y: math.Log10(float64(left) / float64(n))})
		left -= c
	}
	return pts
}

// log10Micros takes seconds; below a nanosecond is no time.
func log10Micros(s float64) float64 { return math.Log10(max(s, 1e-9) * 1e6) }

func drawTails(p *plot.Plot, tails []tail) {
	p.X.Tick.Marker, p.Y.Tick.Marker = chart.Ticks{Log: true}, chart.Ticks{Log: true}
	lo, hi := plotter.XY{X: 6, Y: -1}, plotter.XY{X: -3, Y: 0}
	for _, t := range tails {
		if len(t.points) == 0 {
			continue
		}
		for _, pt := range t.points {
			lo, _ = corners(lo, lo, pt)
			_, hi = corners(hi, hi, pt)
		}
		l := chart.Line(t.points, t.color, t.width)
		l.Dashes = t.dashes
		p.Add(l)
		p.Legend.Add(t.name, l)
	}
	if lo.X > hi.X {
		lo.X, hi.X = 0, 1
	}
	margin := max(0.04*(hi.X-lo.X), 0.02)
	p.X.Min, p.X.Max = lo.X-margin, hi.X+margin
	p.Y.Min, p.Y.Max = lo.Y-0.1, hi.Y+0.05
	chart.Corner{Top: true}.Place(p)
}
