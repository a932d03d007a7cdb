package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/noise-reuse/nres/estimator"
	"github.com/noise-reuse/nres/tasks"
	"github.com/noise-reuse/nres/unroll"
	"github.com/spf13/cobra"
)

// enough is how many independent workers a gradient is measured with. The variance
// of more is known from theirs.
const enough = 50

// A study measures variances, as its flags describe it. Fields that no flag was
// given for are the task's.
type study struct {
	job     // the part of it that is common: task, cfg, plot, csv, json, quiet
	at      []string
	samples int
}

// A variances is what a study found. The fields are those of the JSON object.
type variances struct {
	Task       string   `json:"task"`
	Workers    int      `json:"workers"`
	Window     int      `json:"window"`
	Horizon    int      `json:"horizon"`
	Sigma      float64  `json:"sigma"`
	Samples    int      `json:"samples"` // gradients a row
	Seed       uint64   `json:"seed"`
	Tier       string   `json:"tier"`
	ThetaNames []string `json:"theta_names"`
	Points     []point  `json:"points"`
	Seconds    float64  `json:"seconds"`
	Plot       *string  `json:"plot"` // file, or null
	CSV        *string  `json:"csv"`  // file, or null
}

// A point is a θ and the variances there.
type point struct {
	Name  string    `json:"name"` // start, truth, or θ
	Theta []float32 `json:"theta"`
	Rows  []spread  `json:"rows"`
}

// A spread is the total variance of a gradient that takes 2NW steps. FullES does with NW/T
// workers, and PES-Analytic, which takes three steps where others take two, with 2N/3.
type spread struct {
	Estimator string   `json:"estimator"`
	Period    int      `json:"period"`
	Phase     string   `json:"phase"`
	Noise     string   `json:"noise"`
	Workers   float64  `json:"workers"`
	Variance  float64  `json:"variance"`
	Low       float64  `json:"low"` // of the 95 % confidence interval
	High      float64  `json:"high"`
	Theory    *float64 `json:"theory"` // null if the task doesn't satisfy Assumption 2
	Ratio     *float64 `json:"ratio"`  // to NRES with random phases and normal noise
}

func varianceCommand() *cobra.Command {
	var s study
	cmd := &cobra.Command{
		Use:   "variance TASK",
		Short: "Measure the variance of estimators, and plot it over the noise period",
		Long: `Variance measures the total variance (the trace of the covariance matrix) of
gradients at parameters that don't change: of GPES_K for noise periods K from the
window (PES) to the horizon (NRES), as in Figure 3 of the NRES paper; of NRES with
stratified phases and with signs for noise; and, with as many steps, of FullES, as in
Figure 4b, and of PES-Analytic, if the task is differentiable and W divides T. Where
the paper's Theorem 5 applies, its prediction stands beside.

Tasks:
` + taskList(),
		Example: `  nres variance lorenz
  nres variance lorenz --at truth --at 3.5,2.5 --plot variance.svg
  nres variance influence --workers 500 --samples 1000 --csv variance.csv`,
		Args: taskArgument,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cmd.Help()
			}
			points, err := s.resolve(args[0], cmd.Flags().Changed)
			if err != nil {
				return err
			}
			return s.run(cmd.Context(), points, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
		ValidArgsFunction: cobra.FixedCompletions(taskNames(), cobra.ShellCompDirectiveNoFileComp),
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringArrayVar(&s.at, "at", nil, "where to measure: `θ`, as numbers with commas between, \"start\" or \"truth\"; may be repeated (default start and truth)")
	f.IntVar(&s.cfg.Workers, "workers", 0, "number `N` of workers")
	f.IntVar(&s.cfg.Window, "window", 0, "number `W` of steps that a gradient unrolls")
	f.Float64Var(&s.cfg.Sigma, "sigma", 0, "standard deviation `S` of the perturbation")
	f.IntVar(&s.samples, "samples", 200, fmt.Sprintf("`number` of gradients for each variance (of at most %d workers, where these are independent)", enough))
	s.seedFlags(f)
	f.StringVar(&s.plot, "plot", "", "picture to write, a .png or .svg `file`, or \"none\" (default \"nres-variance-TASK.png\")")
	f.StringVar(&s.csv, "csv", "", "table to write, a CSV `file`")
	reportFlags(f, &s.json, &s.quiet)
	return cmd
}

// resolve fills in the task and what it says about flags that were not given, and
// returns where to measure.
func (s *study) resolve(task string, given func(flag string) bool) (points []point, err error) {
	if s.task, err = tasks.Lookup(task); err != nil {
		return nil, err
	}
	s.takeDefaults(given, "nres-variance-")
	if err := s.checkConfig(); err != nil {
		return nil, err
	}
	if given("csv") && s.csv == "" {
		return nil, badFlag("csv", `""`, "a CSV file")
	}
	if s.samples < estimator.MinSamples || s.samples > maxWorkers {
		return nil, badFlag("samples", s.samples, fmt.Sprintf("%d to %d", estimator.MinSamples, maxWorkers))
	}
	if !given("at") {
		s.at = []string{"start"}
		if s.task.Truth != nil {
			s.at = append(s.at, "truth")
		}
	}
	for _, name := range s.at {
		p, err := s.point(name)
		if err != nil {
			return nil, err
		}
		points = append(points, p)
	}
	return points, nil
}

// point parses a value of --at.
func (s *study) point(name string) (point, error) {
	d := len(s.task.Params)
	allowed := fmt.Sprintf("start, truth, or %d finite numbers (%s) with commas between", d, strings.Join(s.task.Params, ", "))
	theta := make([]float64, 0, d)
	switch {
	case name == "start":
		theta = s.task.Start
	case name == "truth" && s.task.Truth == nil:
		return point{}, badFlag("at", `"truth"`, "anything else with "+s.task.Name+", whose truth nobody knows")
	case name == "truth":
		theta = s.task.Truth
	default:
		for _, field := range strings.Split(name, ",") {
			v, err := parseNumber(field)
			if err != nil {
				return point{}, badFlag("at", fmt.Sprintf("%q", name), allowed)
			}
			theta = append(theta, v)
		}
		if len(theta) != d {
			return point{}, badFlag("at", fmt.Sprintf("%q", name), allowed)
		}
	}
	return point{Name: name, Theta: convert[float32](theta)}, nil
}

// rows returns the configurations to measure. Their workers may be fewer than N, if
// they are independent, and for FullES and PES-Analytic more than as many steps allow.
func (s *study) rows(sys unroll.System[float32]) (rows []estimator.Config) {
	horizon := sys.Horizon()
	with := func(change func(c *estimator.Config)) {
		c := s.cfg
		c.Phase = estimator.Random
		change(&c)
		if c.Phase == estimator.Random {
			c.Workers = min(c.Workers, enough)
		}
		rows = append(rows, c)
	}
	for k := s.cfg.Window; k < horizon; k *= 2 {
		with(func(c *estimator.Config) { c.Method, c.Period = estimator.GPES, k })
	}
	with(func(*estimator.Config) {})
	with(func(c *estimator.Config) { c.Phase = estimator.Stratified })
	with(func(c *estimator.Config) { c.Noise = estimator.Signs })
	with(func(c *estimator.Config) { c.Phase, c.Noise = estimator.Stratified, estimator.Signs })
	with(func(c *estimator.Config) { c.Method, c.Window = estimator.FullES, horizon })
	if _, ok := sys.(unroll.Differentiable[float32]); ok && horizon%s.cfg.Window == 0 {
		with(func(c *estimator.Config) { c.Method = estimator.PESAnalytic })
	}
	return rows
}

// run measures, and writes what came of it.
func (s *study) run(ctx context.Context, points []point, stdout, stderr io.Writer) error {
	sys, err := s.task.New(nil)
	if err != nil {
		return err
	}
	horizon := sys.Horizon()
	if s.cfg.Window < 1 || s.cfg.Window > horizon { // before it steps through periods
		return badFlag("window", s.cfg.Window, fmt.Sprintf("1 ≤ W ≤ T = %d", horizon))
	}
	rows := s.rows(sys)
	for _, cfg := range rows {
		est, err := estimator.New(sys, cfg)
		if err != nil {
			return s.explain(err)
		}
		est.Close()
	}
	picture, table, err := s.outputs()
	if err != nil {
		return err
	}
	v := &variances{
		Task: s.task.Name, Workers: s.cfg.Workers, Window: s.cfg.Window, Horizon: horizon, Sigma: s.cfg.Sigma,
		Samples: s.samples, Seed: s.cfg.Seed, Tier: tier(), ThetaNames: s.task.Params,
	}
	began := time.Now()
	bar := newProgress(stderr, len(points)*len(rows)*s.samples, s.quiet)
	err = s.measure(ctx, sys, v, points, rows, bar)
	bar.close()
	v.Seconds = time.Since(began).Seconds()
	n := 0
	for _, p := range v.Points {
		n += len(p.Rows)
	}
	report, err := ended(err, nil, n, len(points)*len(rows), "variances")
	if !report {
		return table.rescue(err, n, v.writeCSV)
	}
	err = errors.Join(err, table.save(&v.CSV, v.writeCSV),
		picture.save(&v.Plot, func(w io.Writer) error { return v.writePlot(w, picture.path) }))
	return errors.Join(err, writeReport(stdout, v, s.json))
}

// measure fills v.Points.
func (s *study) measure(ctx context.Context, sys unroll.System[float32], v *variances, points []point, rows []estimator.Config, bar progress) error {
	var last float64
	for i := range points {
		for j, cfg := range rows {
			found, err := estimator.Variance(ctx, sys, points[i].Theta, cfg, s.samples, func(done, of int) {
				part := float64(done) / float64(of)
				bar.update((float64(i*len(rows)+j)+part)*float64(s.samples), "variance %.4g", last)
			})
			if err != nil {
				return s.failed(points[i], cfg, err)
			}
			row := spread{
				Estimator: cfg.Method.String(), Period: cfg.Period, Phase: cfg.Phase.String(), Noise: cfg.Noise.String(),
				Workers: float64(cfg.Workers), Variance: found.Variance, Low: found.Low, High: found.High,
			}
			if linear, ok := sys.(estimator.AntitheticLinear[float32]); ok {
				p, err := estimator.Predict(linear, points[i].Theta, cfg)
				if err != nil {
					return err
				}
				theory := p.Variance()
				row.Theory = &theory
			}
			v.fit(&row)
			if j == 0 {
				v.Points = append(v.Points, points[i])
			}
			p := &v.Points[i]
			p.Rows = append(p.Rows, row)
			p.compareTo()
			last = row.Variance
		}
	}
	return nil
}

// fit names what a row is, and turns its variance into that of as many workers as
// make 2NW steps.
func (v *variances) fit(row *spread) {
	measured := row.Workers
	row.Workers = float64(v.Workers)
	switch row.Estimator {
	case "fulles":
		row.Workers *= float64(v.Window) / float64(v.Horizon)
	case "pesanalytic":
		row.Workers *= 2. / 3
	}
	if row.Workers != measured {
		for _, x := range []*float64{&row.Variance, &row.Low, &row.High, row.Theory} {
			if x != nil {
				*x *= measured / row.Workers
			}
		}
	}
	switch {
	case row.Estimator == "fulles":
		row.Phase = "lockstep" // an episode has but one window
		row.Period = v.Horizon
	case row.Estimator == "nres":
		row.Period = v.Horizon
	case row.Estimator == "pesanalytic":
		row.Period = v.Window
	case row.Period == v.Window:
		row.Estimator = "pes"
	}
}

// compareTo sets the ratios, once there is what they are to.
func (p *point) compareTo() {
	for i := range p.Rows {
		nres := &p.Rows[i]
		if !nres.is("nres", "random", "normal") || nres.Variance == 0 {
			continue
		}
		for k := range p.Rows {
			ratio := p.Rows[k].Variance / nres.Variance
			p.Rows[k].Ratio = &ratio
		}
	}
}

func (r *spread) is(estimator, phase, noise string) bool {
	return r.Estimator == estimator && r.Phase == phase && r.Noise == noise
}

// failed says where a measurement failed.
func (s *study) failed(p point, cfg estimator.Config, err error) error {
	var n *estimator.NonFiniteError
	if !errors.As(err, &n) {
		return err
	}
	return fmt.Errorf("%v with K = %d at %s: the loss over steps %d to %d is not finite (%v at θ+σε, %v at θ−σε); try a smaller --sigma",
		cfg.Method, cfg.Period, p.title(s.task.Params), n.First, n.Last, n.Plus, n.Minus)
}

// title says where a point is.
func (p *point) title(names []string) string {
	var at []string
	for k, name := range names {
		at = append(at, fmt.Sprintf("%s = %.5g", name, p.Theta[k]))
	}
	title := strings.Join(at, ", ")
	if p.Name == "start" || p.Name == "truth" {
		title = "the " + p.Name + ", " + title
	}
	return title
}

func (v *variances) settings() string {
	return fmt.Sprintf("N = %d,  W = %d,  T = %d,  σ = %v,  %d gradients each,  seed %d",
		v.Workers, v.Window, v.Horizon, v.Sigma, v.Samples, v.Seed)
}

func (v *variances) text() string {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s: total variance of the gradient of N workers, 2NW steps\n%s\n", v.Task, v.settings())
	for _, p := range v.Points {
		fmt.Fprintf(&b, "\nAt %s:\n\n", p.title(v.ThetaNames))
		t := tabwriter.NewWriter(&b, 0, 0, 3, ' ', tabwriter.AlignRight)
		fmt.Fprint(t, "\tK\tphases\tnoise\tvariance\t95 % confidence\t")
		theory := p.Rows[0].Theory != nil
		if theory {
			fmt.Fprint(t, "theory\t")
		}
		fmt.Fprintln(t, "of NRES\t")
		for _, r := range p.Rows {
			phase := r.Phase
			if r.Estimator == "fulles" {
				phase = ""
			}
			fmt.Fprintf(t, "%s\t%d\t%s\t%s\t%.4g\t%.4g to %.4g\t", methodTitle(r.Estimator), r.Period, phase, r.Noise, r.Variance, r.Low, r.High)
			if theory {
				fmt.Fprintf(t, "%.4g\t", *r.Theory)
			}
			if r.Ratio != nil {
				fmt.Fprintf(t, "%.3g", *r.Ratio)
			}
			fmt.Fprintln(t, "\t")
		}
		t.Flush()
	}
	v.compare(&b)
	fmt.Fprintf(&b, "\n%.2f s\n", v.Seconds)
	if v.Plot != nil {
		fmt.Fprintf(&b, "picture: %s\n", *v.Plot)
	}
	if v.CSV != nil {
		fmt.Fprintf(&b, "table: %s\n", *v.CSV)
	}
	return b.String()
}

// compare writes NRES beside FullES with as many steps (Figure 4b).
func (v *variances) compare(b *bytes.Buffer) {
	fmt.Fprintf(b, "\nWith as many steps (Figure 4b): %d NRES workers, or N·W/T = %.4g FullES pairs\n\n",
		v.Workers, float64(v.Workers)*float64(v.Window)/float64(v.Horizon))
	t := tabwriter.NewWriter(b, 0, 0, 3, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "\tNRES\tstratified\tFullES\tFullES/NRES\tFullES/stratified\t")
	for _, p := range v.Points {
		var cells [3]*spread
		for i := range p.Rows {
			switch r := &p.Rows[i]; {
			case r.is("nres", "random", "normal"):
				cells[0] = r
			case r.is("nres", "stratified", "normal"):
				cells[1] = r
			case r.Estimator == "fulles":
				cells[2] = r
			}
		}
		name := p.Name
		if len(v.Points) > 1 || name != "start" {
			name = strings.ReplaceAll(name, ",", ", ")
		}
		fmt.Fprintf(t, "%s\t", name)
		for _, c := range cells {
			if c != nil {
				fmt.Fprintf(t, "%.4g ± %.2g", c.Variance, (c.High-c.Low)/2)
			}
			fmt.Fprint(t, "\t")
		}
		for _, c := range cells[:2] {
			if c != nil && cells[2] != nil && c.Variance > 0 {
				fmt.Fprintf(t, "%.3g", cells[2].Variance/c.Variance)
			}
			fmt.Fprint(t, "\t")
		}
		fmt.Fprintln(t)
	}
	t.Flush()
}

// writeCSV writes a row a variance, with all digits.
func (v *variances) writeCSV(w io.Writer) error {
	b := bufio.NewWriter(w)
	for _, name := range v.ThetaNames {
		fmt.Fprintf(b, "%s,", name)
	}
	b.WriteString("estimator,period,phase,noise,workers,variance,low,high,theory\n")
	full := func(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }
	for _, p := range v.Points {
		for _, r := range p.Rows {
			for _, x := range p.Theta {
				b.WriteString(strconv.FormatFloat(float64(x), 'g', -1, 32) + ",")
			}
			theory := ""
			if r.Theory != nil {
				theory = full(*r.Theory)
			}
			fmt.Fprintf(b, "%s,%d,%s,%s,%s,%s,%s,%s,%s\n", r.Estimator, r.Period, r.Phase, r.Noise,
				full(r.Workers), full(r.Variance), full(r.Low), full(r.High), theory)
		}
	}
	return b.Flush()
}
