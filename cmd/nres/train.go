package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/noise-reuse/nres"
	"github.com/noise-reuse/nres/cmd/nres/internal/chart"
	"github.com/noise-reuse/nres/estimator"
	"github.com/noise-reuse/nres/internal/latency"
	"github.com/noise-reuse/nres/optim"
	"github.com/noise-reuse/nres/tasks"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// tier names the kernels that run.
func tier() string { return nres.Tier() }

const (
	maxWorkers = 1_000_000 // a bound on memory
	maxSums    = 1 << 24   // as many numbers
	adamLR     = 1e-3      // the default for Adam on tasks that were published with SGD
)

var optimizers = []string{"sgd", "adam"}

// A job is a training run, as its flags describe it. Fields that no flag was given
// for are the task's.
type job struct {
	task       tasks.Task
	method     string
	phase      string
	cfg        estimator.Config
	optimizer  string
	lr         float64
	iterations int
	fewer      bool // FullES: W/T times the task's workers, for the same steps a gradient

	noise, lossScale, shaping, nonFinite string

	data, plot, csv string
	json, quiet     bool

	checkpoint string
	every      int
	resume     bool
}

func trainCommand() *cobra.Command {
	var j job
	cmd := &cobra.Command{
		Use:   "train TASK",
		Short: "Train a task's parameters, and plot the run",
		Long: `Train minimises the loss of a task, reports the parameters that it finds, and
plots the loss and the parameters' path. The values that a flag has when it is not
given are those published for the task.

Tasks:
` + taskList() + `
  digits     a network that reads digits, with flags of its own: nres train digits --help`,
		Example: `  nres train lorenz
  nres train lorenz --estimator gpes --period 500 --iterations 2000
  nres train lorenz --data series.csv --plot fit.svg
  nres train lorenz --json --plot none
  nres train lorenz --checkpoint run.ckpt --resume`,
		Args: taskArgument,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Help()
			}
			if err := j.resolve(args[0], cmd.Flags().Changed); err != nil {
				return err
			}
			return j.run(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	cmd.AddCommand(digitsCommand())
	cmd.ValidArgsFunction = cobra.FixedCompletions(taskNames(), cobra.ShellCompDirectiveNoFileComp)

	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&j.method, "estimator", "nres", "`name` of the estimator: "+strings.Join(estimator.MethodNames(), ", "))
	f.StringVar(&j.phase, "phase", "stratified", "`name` of how workers are spread over episodes: "+strings.Join(estimator.PhaseNames(), ", "))
	f.IntVar(&j.cfg.Workers, "workers", 0, "number `N` of workers")
	f.IntVar(&j.cfg.Window, "window", 0, "number `W` of steps that a gradient unrolls")
	f.IntVar(&j.cfg.Period, "period", 0, "number `K` of steps under one perturbation; for gpes only")
	f.IntVar(&j.cfg.Interval, "interval", 0, "number `M` of windows under one perturbation; for essingle only (0: the episode)")
	f.Float64Var(&j.cfg.Sigma, "sigma", 0, "standard deviation `S` of the perturbation")
	f.StringVar(&j.noise, "noise", "normal", "`name` of the perturbation's distribution: "+strings.Join(estimator.NoiseNames(), ", "))
	f.StringVar(&j.lossScale, "loss", "mean", "`name` of what a window's losses make: "+strings.Join(estimator.LossScaleNames(), ", "))
	f.StringVar(&j.shaping, "shaping", "raw", "`name` of what becomes of losses: "+strings.Join(estimator.ShapingNames(), ", "))
	f.StringVar(&j.nonFinite, "non-finite", "fail", "`name` of what to do about a loss that is NaN or infinite: "+strings.Join(estimator.NonFiniteNames(), ", "))
	f.BoolVar(&j.cfg.Strict, "strict", false, "refuse windows that do not divide the horizon, and periods that are no multiple of the window")
	f.StringVar(&j.optimizer, "optimizer", "", "`name` of the update rule: "+strings.Join(optimizers, ", "))
	f.Float64Var(&j.lr, "lr", 0, fmt.Sprintf("learning `rate` (%v with adam, if the task's is for sgd)", adamLR))
	f.IntVar(&j.iterations, "iterations", 0, "`number` of updates")
	j.seedFlags(f)
	f.StringVar(&j.data, "data", "", "fit the series in this CSV `file`: a value a row, or time and value, a step of the system apart (lorenz: 0.005)")
	f.StringVar(&j.plot, "plot", "", "picture to write, a .png or .svg `file`, or \"none\" (default \"nres-TASK.png\")")
	f.StringVar(&j.csv, "csv", "", "table to write, a CSV `file`: loss and parameters of every iteration")
	j.checkpointFlags(f, 500)
	reportFlags(f, &j.json, &j.quiet)
	for flag, values := range map[string][]string{
		"estimator":  estimator.MethodNames(),
		"phase":      estimator.PhaseNames(),
		"noise":      estimator.NoiseNames(),
		"loss":       estimator.LossScaleNames(),
		"shaping":    estimator.ShapingNames(),
		"non-finite": estimator.NonFiniteNames(),
		"optimizer":  optimizers,
	} {
		// The only error is a flag that does not exist.
		_ = cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp))
	}
	return cmd
}

// seedFlags are those of all that is random.
func (j *job) seedFlags(f *pflag.FlagSet) {
	f.Uint64Var(&j.cfg.Seed, "seed", 1, "`number` that all random numbers come from")
	f.IntVar(&j.cfg.Parallelism, "parallelism", 0, "`number` of goroutines, which never changes results (0: one for each CPU)")
}

// checkpointFlags are those of trainings.
func (j *job) checkpointFlags(f *pflag.FlagSet, every int) {
	f.StringVar(&j.checkpoint, "checkpoint", "", "`file` to keep the state of the run in")
	f.IntVar(&j.every, "every", every, "`number` of iterations from one checkpoint to the next")
	f.BoolVar(&j.resume, "resume", false, "go on from the checkpoint, if there is one")
}

// reportFlags are those of all that takes time.
func reportFlags(f *pflag.FlagSet, json, quiet *bool) {
	f.BoolVar(json, "json", false, "report as one JSON object")
	f.BoolVar(quiet, "quiet", false, "show no progress")
}

// taskArgument checks that there is one task, which exists, or nothing at all.
func taskArgument(cmd *cobra.Command, args []string) error {
	name := ""
	switch {
	case len(args) > 1:
		return fmt.Errorf("%s takes one task, not %d: %s", cmd.Name(), len(args), strings.Join(args, ", "))
	case len(args) == 1:
		name = args[0]
	case cmd.Flags().NFlag() == 0:
		return nil
	}
	if _, err := tasks.Lookup(name); err == nil {
		return nil
	}
	names := append(taskNames(), commandNames(cmd)...) // those with flags of their own
	if len(args) == 0 {
		return fmt.Errorf("%s takes a task; tasks are: %s", cmd.Name(), strings.Join(names, ", "))
	}
	return fmt.Errorf("unknown task %q; tasks are: %s", name, choice(name, names))
}

func taskNames() (names []string) {
	for _, t := range tasks.All() {
		names = append(names, t.Name)
	}
	return names
}

func taskList() string {
	var b strings.Builder
	for _, t := range tasks.All() {
		fmt.Fprintf(&b, "  %-9s  %s:\n             N = %d, W = %d, σ = %v, %s with learning rate %v, %d iterations\n",
			t.Name, t.Summary, t.Workers, t.Window, t.Sigma, t.Optimizer, t.LR, t.Iterations)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// resolve fills in the task and what it says about flags that were not given, and
// checks everything that can be checked without the data.
func (j *job) resolve(task string, given func(flag string) bool) (err error) {
	if j.task, err = tasks.Lookup(task); err != nil {
		return err
	}
	if err := cmp.Or(
		parse(&j.cfg.Method, estimator.ParseMethod, j.method),
		parse(&j.cfg.Phase, estimator.ParsePhase, j.phase),
		parse(&j.cfg.Noise, estimator.ParseNoise, j.noise),
		parse(&j.cfg.LossScale, estimator.ParseLossScale, j.lossScale),
		parse(&j.cfg.Shaping, estimator.ParseShaping, j.shaping),
		parse(&j.cfg.NonFinite, estimator.ParseNonFinite, j.nonFinite),
	); err != nil {
		return err
	}
	j.takeDefaults(given, "nres-")
	if !given("iterations") {
		j.iterations = j.task.Iterations
	}
	if !given("optimizer") {
		j.optimizer = j.task.Optimizer
	}
	if !given("lr") {
		j.lr = j.task.LR
		if j.optimizer == "adam" && j.task.Optimizer != "adam" {
			j.lr = adamLR
		}
	}
	if err := j.check(optimizers, given); err != nil {
		return err
	}
	switch {
	case given("csv") && j.csv == "":
		return badFlag("csv", `""`, "a CSV file")
	case given("data") && j.data == "":
		return badFlag("data", `""`, "a CSV file")
	case given("data") && !j.task.Series:
		return badFlag("data", fmt.Sprintf("%q", j.data), "nothing with task "+j.task.Name+", which fits no series")
	}
	return nil
}

// takeDefaults sets what the task says about flags that were not given.
func (j *job) takeDefaults(given func(flag string) bool, picture string) {
	if !given("workers") {
		j.cfg.Workers = j.task.Workers
		j.fewer = j.cfg.Method == estimator.FullES
	}
	if !given("window") && j.cfg.Method != estimator.FullES {
		j.cfg.Window = j.task.Window
	}
	if !given("sigma") {
		j.cfg.Sigma = j.task.Sigma
	}
	if !given("plot") {
		j.plot = picture + j.task.Name + ".png"
	}
}

// check checks what trainings share.
func (j *job) check(optimizers []string, given func(flag string) bool) error {
	switch {
	case !slices.Contains(optimizers, j.optimizer):
		return badFlag("optimizer", fmt.Sprintf("%q", j.optimizer), "one of "+strings.Join(optimizers, ", "))
	case !positive(j.lr):
		return badFlag("lr", j.lr, "positive and finite, as a float32")
	case j.iterations < 1:
		return badFlag("iterations", j.iterations, "at least 1")
	case j.every < 1:
		return badFlag("every", j.every, "at least 1")
	case j.checkpoint == "" && (given("every") || given("resume") || given("checkpoint")):
		return badFlag("checkpoint", `""`, "the name of a file, with --every and --resume")
	}
	return j.checkConfig()
}

// checkConfig checks what package estimator leaves to its user.
func (j *job) checkConfig() error {
	switch {
	case !positive(j.cfg.Sigma):
		return badFlag("sigma", j.cfg.Sigma, "positive and finite, as a float32")
	case j.cfg.Workers > maxWorkers:
		return badFlag("workers", j.cfg.Workers, fmt.Sprintf("1 to %d", maxWorkers))
	}
	return nil
}

// parse sets to what name is the name of.
func parse[T any](to *T, parse func(string) (T, error), name string) (err error) {
	*to, err = parse(name)
	return explain(err)
}

// positive says whether x is a positive finite number in float32, too.
func positive(x float64) bool {
	f := float64(float32(x))
	return f > 0 && !math.IsInf(f, 0)
}

// explain says errors of package estimator in terms of flags.
func (j *job) explain(err error) error {
	var c *estimator.ConfigError
	window := errors.As(err, &c) && c.Field == "Window"
	if err = explain(err); window && j.data != "" {
		err = fmt.Errorf("%w, the number of rows of %s", err, j.data)
	}
	return err
}

func explain(err error) error {
	var c *estimator.ConfigError
	if !errors.As(err, &c) {
		return err
	}
	flag, ok := map[string]string{
		"Method": "estimator", "Phase": "phase", "Workers": "workers", "Window": "window",
		"Period": "period", "Sigma": "sigma", "Parallelism": "parallelism",
		"Interval": "interval", "Noise": "noise", "LossScale": "loss", "Shaping": "shaping", "NonFinite": "non-finite",
		"Rank": "rank",
	}[c.Field]
	if !ok {
		return err
	}
	return badFlag(flag, c.Value, c.Allowed)
}

// run trains, and writes what came of it. Everything that may be wrong with the
// input or with the output files is found before training starts.
func (j *job) run(ctx context.Context, stdout, stderr io.Writer) error {
	var series []float64
	if j.data != "" {
		var err error
		if series, err = readSeries(j.data); err != nil {
			return err
		}
	}
	sys, err := j.task.New(series)
	if err != nil {
		return err
	}
	if j.fewer {
		j.cfg.Workers = max(1, j.cfg.Workers*j.task.Window/sys.Horizon())
	}
	// Up to 64 MB, ξ is rather kept than made anew from up to T/K perturbations.
	j.cfg.KeepSums = sys.ParamLen() <= maxSums/max(1, j.cfg.Workers)
	est, err := estimator.New(sys, j.cfg)
	if err != nil {
		return j.explain(err)
	}
	defer est.Close()
	j.cfg = est.Config()
	picture, table, err := j.outputs()
	if err != nil {
		return err
	}

	tr := newTrace(j.task, j.iterations)
	opt := j.newOptimizer()
	keep, err := j.newKeeper(j.identity(series), tr, opt, est)
	if err != nil {
		return err
	}
	resumed := tr.len()
	bar := newProgress(stderr, j.iterations, j.quiet)
	began := latency.Now()
	err = j.train(ctx, est, opt, tr, keep, bar)
	elapsed := latency.Now() - began
	bar.close()
	report, err := ended(err, keep, tr.len(), j.iterations, "iterations")
	if !report {
		return table.rescue(err, tr.len(), tr.writeCSV)
	}

	// A file that cannot be written must not take the report with it.
	rep := newReport(j, tr, est.Steps(), elapsed)
	rep.resumed = resumed
	err = errors.Join(err, table.save(&rep.CSV, tr.writeCSV),
		picture.save(&rep.Plot, func(w io.Writer) error { return writePlot(w, picture.path, j, tr) }))
	return errors.Join(err, writeReport(stdout, rep, j.json))
}

// ended returns the error that a run ends with, and whether there is something to report.
// The state of one that was interrupted is kept.
func ended(err error, keep *keeper, done, of int, what string) (report bool, _ error) {
	switch {
	case err == nil:
		return true, nil
	case errors.Is(err, context.Canceled):
		err = &failure{statusInterrupted, fmt.Errorf("interrupted after %d of %d %s", done, of, what)}
		return done > 0, errors.Join(err, keep.keep(done, true))
	}
	return false, &failure{statusFailed, err}
}

// outputs checks that the files to write can be written. Those that are not wanted
// are nil.
func (j *job) outputs() (picture, table *output, err error) {
	if j.plot != "" && j.plot != "none" {
		if !slices.Contains(chart.Formats, chart.Format(j.plot)) {
			return nil, nil, badFlag("plot", fmt.Sprintf("%q", j.plot), "a file named *"+strings.Join(chart.Formats, ", *")+`; or "none"`)
		}
		if picture, err = newOutput("plot", j.plot); err != nil {
			return nil, nil, err
		}
	}
	if j.csv != "" {
		if table, err = newOutput("csv", j.csv); err != nil {
			return nil, nil, err
		}
	}
	if picture != nil && table != nil && sameFile(picture.target, table.target) {
		return nil, nil, badFlag("csv", fmt.Sprintf("%q", j.csv), "a file other than that of --plot")
	}
	for _, out := range []*output{picture, table} {
		for flag, file := range map[string]string{"data": j.data, "checkpoint": j.checkpoint} {
			if out != nil && file != "" && sameFile(out.target, file) {
				return nil, nil, badFlag(out.flag, fmt.Sprintf("%q", out.path), "a file other than that of --"+flag)
			}
		}
	}
	if j.checkpoint != "" && j.data != "" && sameFile(j.checkpoint, j.data) {
		return nil, nil, badFlag("checkpoint", fmt.Sprintf("%q", j.checkpoint), "a file other than that of --data")
	}
	return picture, table, nil
}

func (j *job) newOptimizer() optim.Optimizer[float32] {
	if j.optimizer == "adam" {
		return optim.NewAdam(float32(j.lr))
	}
	return &optim.SGD[float32]{LR: float32(j.lr)}
}

// train fills tr, from where it ends. When ctx is cancelled, it stops after the
// iteration under way.
func (j *job) train(ctx context.Context, est *estimator.Estimator[float32], opt optim.Optimizer[float32], tr *trace, keep *keeper, bar progress) error {
	theta := slices.Clone(tr.at(tr.len()))
	grad := make([]float32, len(theta))
	for i := tr.len() + 1; i <= j.iterations; i++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		loss, err := est.Gradient(grad, theta)
		if err == nil && math.IsNaN(loss) {
			err = errors.New("no pair is left whose losses are finite")
		}
		if err != nil {
			return diverged(i, j.place(theta), err)
		}
		opt.Step(theta, grad)
		for _, v := range theta {
			if v-v != 0 {
				return diverged(i, j.place(theta), errors.New("the update made it non-finite"))
			}
		}
		tr.add(loss, theta)
		if err := keep.keep(i, i == j.iterations); err != nil {
			return err
		}
		bar.update(float64(i), "loss %.4g", loss)
	}
	return nil
}

// diverged says how a run failed in its i-th iteration, and where.
func diverged(i int, place string, err error) error {
	var n *estimator.NonFiniteError
	if errors.As(err, &n) {
		err = fmt.Errorf("the loss of worker %d over steps %d to %d is not finite (%v at θ+σε, %v at θ−σε)",
			n.Worker, n.First, n.Last, n.Plus, n.Minus)
	}
	return fmt.Errorf("diverged in iteration %d%s: %w; try a smaller --lr or --sigma", i, place, err)
}

// place names theta.
func (j *job) place(theta []float32) string {
	var at []string
	for k, name := range j.task.Params {
		at = append(at, fmt.Sprintf("%s = %v", name, theta[k]))
	}
	return ", at θ: " + strings.Join(at, ", ")
}
