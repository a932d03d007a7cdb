package main

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"slices"
	"text/tabwriter"
	"time"

	"github.com/noise-reuse/nres/estimator"
	"github.com/noise-reuse/nres/internal/child"
	"github.com/noise-reuse/nres/noise"
	"github.com/spf13/cobra"
)

//go:embed master_numpy.py
var masterScript string

// A masterBench is what the flags of "nres bench master" ask for.
type masterBench struct {
	params, pairs, bucket, bucketPairs int
	rounds, table                      int
	python                             string
	json, quiet                        bool
}

func masterCommand() *cobra.Command {
	var j masterBench
	cmd := &cobra.Command{
		Use:   "master",
		Short: "Time the master's update of a large population",
		Long: `Master times how long it takes to turn the losses of a population into a gradient:
the case of Zhang, Clune and Stanley (2017), 10,000 pseudo-offspring (5,000 mirrored
pairs) of 3,274,634 parameters, and 50,000 that perturb one bucket of 5,000 parameters
each. All cores work. Beside it, in turns, numpy does the same with a shared table of
noise, the method that the paper timed at 90 s and 1.4 s, in several forms, of which
the fastest counts. Losses are random; making them is not timed, nor is the optimizer.

Figures are medians. It takes 2 GiB of memory and some minutes.`,
		Example: `  nres bench master
  nres bench master --params 100000 --pairs 500 --bucket-pairs 2500 --table 10000000
  nres bench master --python .venv/bin/python --json`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := j.check(); err != nil {
				return err
			}
			return j.run(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.IntVar(&j.params, "params", 3274634, "`number` of parameters, d")
	f.IntVar(&j.pairs, "pairs", 5000, "mirrored `pairs` that perturb all of them")
	f.IntVar(&j.bucket, "bucket", 5000, "`parameters` in a bucket")
	f.IntVar(&j.bucketPairs, "bucket-pairs", 25000, "mirrored `pairs` that perturb a bucket each")
	f.IntVar(&j.rounds, "rounds", 3, "`number` of repetitions")
	f.StringVar(&j.python, "python", "python3", "`program` to run, a Python with numpy; \"none\" leaves numpy out")
	f.IntVar(&j.table, "table", 250000000, "`elements` of numpy's table of noise")
	reportFlags(f, &j.json, &j.quiet)
	return cmd
}

func (j *masterBench) check() error {
	const most = 1 << 30
	for _, k := range []struct {
		flag          string
		n, least, top int
	}{
		{"params", j.params, 1, most}, {"pairs", j.pairs, 1, most}, {"bucket", j.bucket, 1, j.params},
		{"bucket-pairs", j.bucketPairs, 1, most}, {"rounds", j.rounds, 1, 1000}, {"table", j.table, j.params + 1, most},
	} {
		if k.n < k.least || k.n > k.top {
			return badFlag(k.flag, k.n, fmt.Sprintf("%d to %d", k.least, k.top))
		}
	}
	return nil
}

// A masterReport is the JSON object.
type masterReport struct {
	Processor string      `json:"processor"`
	Go        string      `json:"go"`
	Tier      string      `json:"tier"`
	Cores     int         `json:"cores"`
	Numpy     *string     `json:"numpy"` // version; null if there is none
	Params    int         `json:"params"`
	Rounds    int         `json:"rounds"` // asked for
	Rows      []masterRow `json:"rows"`
	Missing   int         `json:"missing"` // rows not measured, because the run ended early
	// What the library holds beside θ and g while it sums up the pairs.
	BytesOfPairs uint64  `json:"bytes_of_pairs"`
	Limited      float64 `json:"limited,omitempty"` // speed of limited updates, an element and pair, to that of full ones
	Seconds      float64 `json:"seconds"`
}

// A masterRow is one update, theirs or ours.
type masterRow struct {
	Update  string  `json:"update"`
	Pairs   int     `json:"pairs"`
	Each    int     `json:"each"`   // parameters that a pair perturbs
	Rounds  int     `json:"rounds"` // that Seconds is the median of
	Seconds float64 `json:"seconds"`
	NS      float64 `json:"ns"` // a pair and element
	// Seconds of numpy's fastest form to ours: of those on one thread, and of all.
	RatioOne *float64 `json:"ratio_one_thread"`
	Ratio    *float64 `json:"ratio"`

	run     func() (float64, error)
	threads int // numpy's; 0 if it is ours
	limited bool
	times   []float64
}

func (j *masterBench) run(ctx context.Context, stdout, stderr io.Writer) error {
	rep := &masterReport{
		Processor: thisProcessor().name, Go: runtime.Version(), Tier: tier(), Cores: runtime.GOMAXPROCS(0),
		Params: j.params, Rounds: j.rounds,
	}
	began := time.Now()
	var rows []*masterRow
	grad := make([]float32, j.params)
	for _, k := range []struct {
		name   string
		noise  estimator.Noise
		pairs  int
		bucket int
	}{
		{"full, normals", estimator.Normal, j.pairs, 0}, {"full, signs", estimator.Signs, j.pairs, 0},
		{"limited, normals", estimator.Normal, j.bucketPairs, j.bucket}, {"limited, signs", estimator.Signs, j.bucketPairs, j.bucket},
	} {
		cfg := estimator.Config{Method: estimator.FullES, Workers: k.pairs, Sigma: 0.002, Noise: k.noise}
		each := j.params
		if k.bucket > 0 {
			cfg.Buckets, each = estimator.EvenBuckets(j.params, k.bucket), k.bucket
		}
		before := heap()
		m, err := newMaster(j.params, cfg)
		if err != nil {
			return &failure{statusFailed, err}
		}
		defer m.Close()
		rep.BytesOfPairs = max(rep.BytesOfPairs, heap()-before)
		rows = append(rows, &masterRow{Update: k.name, Pairs: k.pairs, Each: each, limited: k.bucket > 0, run: func() (float64, error) { return m.update(grad) }})
	}
	if j.python != "none" {
		table, err := startTable(ctx, j)
		if ctx.Err() != nil {
			return &failure{statusInterrupted, errors.New("interrupted before numpy had its table")}
		}
		if err != nil {
			return &failure{statusFailed, err}
		}
		defer table.Stop()
		rep.Numpy = &table.version
		rows = append(rows, table.rows(j, rep.Cores)...)
	}
	done, total := 0, len(rows)*j.rounds
	bar := newProgress(stderr, total, j.quiet)
	var err error
	for ; done < total; done++ {
		r := rows[done%len(rows)]
		bar.update(float64(done), "%s", r.Update)
		var seconds float64
		if seconds, err = r.often(ctx); err != nil {
			err = stopped(ctx, err, done, total, "updates")
			break
		}
		r.times = append(r.times, seconds)
	}
	bar.close()
	if done == 0 {
		return err
	}
	rep.sum(rows)
	rep.Seconds = time.Since(began).Seconds()
	return errors.Join(err, writeReport(stdout, rep, j.json))
}

// often repeats a short update, so that caches are as warm as for a long one, and
// returns the mean of its seconds.
func (r *masterRow) often(ctx context.Context) (float64, error) {
	var sum float64
	for n := 1; ; n++ {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		seconds, err := r.run()
		if sum += seconds; err != nil || sum > 0.3 {
			return sum / float64(n), err
		}
	}
}

// sum fills in the figures, of rows that were measured. Those that take several rows need
// all of them.
func (rep *masterReport) sum(rows []*masterRow) {
	all := len(rows)
	rows = slices.DeleteFunc(rows, func(r *masterRow) bool { return len(r.times) == 0 })
	rep.Missing = all - len(rows)
	best := map[[2]bool]float64{} // of numpy: limited or not, on one thread or any
	for _, r := range rows {
		r.Rounds, r.Seconds = len(r.times), median(r.times)
		r.NS = r.Seconds * 1e9 / float64(r.Pairs) / float64(r.Each)
		for _, one := range []bool{true, false} {
			k := [2]bool{r.limited, one}
			if s, ok := best[k]; r.threads == 1 || r.threads > 1 && !one {
				if !ok || r.Seconds < s {
					best[k] = r.Seconds
				}
			}
		}
	}
	for _, r := range rows {
		if s, ok := best[[2]bool{r.limited, true}]; ok && r.threads == 0 && rep.Missing == 0 {
			one, all := s/r.Seconds, best[[2]bool{r.limited, false}]/r.Seconds
			r.RatioOne, r.Ratio = &one, &all
		}
		rep.Rows = append(rep.Rows, *r)
	}
	if len(rows) > 2 {
		rep.Limited = rows[0].NS / rows[2].NS
	}
}

func (rep *masterReport) text() string {
	var b bytes.Buffer
	numpy := "without numpy"
	if rep.Numpy != nil {
		numpy = "numpy " + *rep.Numpy
	}
	fmt.Fprintf(&b, "%s, %d cores, %s, kernels: %s, %s, d = %d\n\n", rep.Processor, rep.Cores, rep.Go, rep.Tier, numpy, rep.Params)
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	first := len("update")
	for _, r := range rep.Rows {
		first = max(first, len(r.Update))
	}
	fmt.Fprintf(t, "%-*s\tpairs\tparameters each\tseconds\tns\tnumpy, 1 thread\tnumpy, any\t\n", first, "update")
	for _, r := range rep.Rows {
		one, all := "", ""
		if r.Ratio != nil {
			one, all = digits(*r.RatioOne)+"×", digits(*r.Ratio)+"×"
		}
		fmt.Fprintf(t, "%-*s\t%d\t%d\t%s\t%s\t%s\t%s\t\n", first, r.Update, r.Pairs, r.Each, digits(r.Seconds), digits(r.NS), one, all)
	}
	t.Flush()
	fmt.Fprintf(&b, "\nns: a pair and element. numpy: seconds of its fastest form, on one thread and on any number, to ours.")
	if rep.Limited > 0 {
		fmt.Fprintf(&b, " An element and pair of a limited update runs at %s of the speed of a full one.", digits(rep.Limited))
	}
	b.WriteByte('\n')
	fmt.Fprintf(&b, "Beside θ and g, %d kB for the list of pairs; no noise is stored.\n", rep.BytesOfPairs/1000)
	// Rows take turns.
	if most, least := rep.Rows[0].Rounds, rep.Rows[len(rep.Rows)-1].Rounds; rep.Missing > 0 || least < rep.Rounds {
		fmt.Fprintf(&b, "Partial: %d of %d rows, medians of %d to %d of %d", len(rep.Rows), len(rep.Rows)+rep.Missing, least, most, rep.Rounds)
	} else {
		fmt.Fprintf(&b, "Medians of %d", rep.Rounds)
	}
	fmt.Fprintf(&b, ", %.0f s in all.\n", rep.Seconds)
	return b.String()
}

// heap returns the bytes in use.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// A master sums up what a population answers.
type master struct {
	*estimator.AskTell[float32]
	questions []estimator.Question
	answers   []estimator.Answer
	losses    []float32
	round     uint64
}

func newMaster(d int, cfg estimator.Config) (*master, error) {
	at, err := estimator.NewAskTell[float32](d, 1, cfg)
	return &master{AskTell: at, losses: make([]float32, 2*cfg.Workers)}, err
}

// update asks, answers, and returns the seconds of what is left to do.
func (m *master) update(grad []float32) (float64, error) {
	m.questions = m.AskAll(m.questions[:0])
	noise.Fill(m.losses, noise.New(m.round), 0)
	m.round++
	m.answers = m.answers[:0]
	for i, q := range m.questions {
		m.answers = append(m.answers, estimator.Answer{Question: q, Plus: float64(m.losses[2*i]), Minus: float64(m.losses[2*i+1])})
	}
	began := time.Now()
	if _, err := m.TellAll(m.answers); err != nil {
		return 0, err
	}
	m.Gradient(grad)
	return time.Since(began).Seconds(), nil
}

// A table is numpy in a process of its own.
type table struct {
	*child.Child
	version string
}

// A tableJob is an update by numpy.
type tableJob struct {
	Form                   string
	Pairs, Bucket, Threads int
}

func startTable(ctx context.Context, j *masterBench) (*table, error) {
	p, err := child.Start(exec.CommandContext(ctx, j.python, "-c", masterScript, fmt.Sprint(j.params), fmt.Sprint(j.table)))
	var hello struct{ Numpy string }
	if err == nil {
		err = p.Read(&hello)
	}
	if err != nil {
		return nil, fmt.Errorf("--python %q does not run numpy (%w); name a Python that has it, or \"none\"", j.python, err)
	}
	return &table{p, hello.Numpy}, nil
}

// rows are numpy's forms of the updates, on one thread and on all cores.
func (t *table) rows(j *masterBench, cores int) (rows []*masterRow) {
	threads := []int{1, cores}
	if cores == 1 {
		threads = threads[:1]
	}
	for _, form := range []tableJob{{Form: "rows", Pairs: j.pairs}, {Form: "blocks", Pairs: j.pairs}, {Form: "buckets", Pairs: j.bucketPairs, Bucket: j.bucket}} {
		each := j.params
		if form.Bucket > 0 {
			each = form.Bucket
		}
		for _, form.Threads = range threads {
			job := form
			rows = append(rows, &masterRow{
				Update: fmt.Sprintf("numpy, %s, %d threads", job.Form, job.Threads), Pairs: job.Pairs, Each: each, threads: job.Threads, limited: job.Bucket > 0,
				run: func() (float64, error) { return t.time(job) },
			})
		}
	}
	return rows
}

func (t *table) time(job tableJob) (float64, error) {
	var answer struct{ Seconds float64 }
	err := t.Ask(job, &answer)
	return answer.Seconds, err
}
