package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"image/color"
	"io"
	"math"
	"path/filepath"
	"strings"

	"github.com/noise-reuse/nres/cmd/nres/internal/chart"
	"github.com/noise-reuse/nres/estimator"
	"github.com/noise-reuse/nres/internal/latency"
	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/optim"
	"github.com/noise-reuse/nres/tasks"
	"github.com/noise-reuse/nres/tasks/data"
	"github.com/noise-reuse/nres/tasks/network"
	"github.com/spf13/cobra"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
)

const (
	drawnTrain, drawnTest = 8000, 2000 // images, if none are given
	exactLR               = 3e-3       // Adam's, with exact gradients
	testBatch             = 100
	curvePoints           = 100
	// A goroutine has memory for all activations of a batch.
	maxHidden, maxBatch = 1 << 12, 1 << 13
)

// Streams of the seed beside those of the estimator, which takes no word of the seed's
// own stream.
const (
	digitsInit = 1000 + iota
	digitsExact
)

var networks = map[string]func(hidden int) []network.Layer{
	"mlp": func(hidden int) []network.Layer { return []network.Layer{network.Dense{Units: hidden}} },
	"cnn": func(int) []network.Layer {
		return []network.Layer{network.Conv{Size: 5, Channels: 16}, network.Pool{}, network.Conv{Size: 5, Channels: 32}, network.Pool{}}
	},
}

var digitsOptimizers = []string{"adam", "sgd", "clipup"}

// A digitsJob is a training run of a classifier, as its flags describe it.
type digitsJob struct {
	job           // the part of it that all trainings have
	network       string
	hidden, batch int
	bucket        int
	momentum      float64
	halve         int
	l2            float64
	exact         bool
}

func digitsCommand() *cobra.Command {
	var j digitsJob
	cmd := &cobra.Command{
		Use:   "digits",
		Short: "Train a network to read digits, by evolution strategies",
		Long: fmt.Sprintf(`Digits trains a network to classify images from nothing but the loss of mini-batches, one
for each mirrored pair of perturbed networks (OpenAI-ES without shared mini-batches, as
Zhang, Clune and Stanley, 2017), tests it on held-out images, and compares it with the
same network trained by Adam with exact gradients, for as many updates.

Without --data, it draws digits of 8 by 8 pixels: %d to train with, %d held out. With
--data, it reads the files of MNIST, Fashion-MNIST or the UCI digits in a directory.

Networks: mlp has one hidden layer; cnn two convolutions, 5 by 5, with 16 and 32
channels, each through a maximum of 2 by 2 (28,938 parameters for images of 28 by 28).`, drawnTrain, drawnTest),
		Example: `  nres train digits
  nres train digits --network cnn --noise signs
  nres train digits --data mnist --hidden 64 --workers 256 --iterations 2000
  nres train digits --checkpoint digits.ckpt --resume`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := j.resolve(cmd.Flags().Changed); err != nil {
				return err
			}
			return j.run(cmd.Context(), cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&j.network, "network", "mlp", "`name` of the network: mlp, cnn")
	f.IntVar(&j.hidden, "hidden", 32, "hidden `units` of the mlp")
	f.StringVar(&j.data, "data", "", "`directory` with MNIST, Fashion-MNIST or the UCI digits")
	f.IntVar(&j.cfg.Workers, "workers", 64, "number `N` of mirrored pairs")
	f.IntVar(&j.batch, "batch", 100, "`images` that a pair is evaluated on")
	f.Float64Var(&j.cfg.Sigma, "sigma", 0.05, "standard deviation `S` of the perturbation")
	f.StringVar(&j.noise, "noise", "normal", "`name` of the perturbation's distribution: "+strings.Join(estimator.NoiseNames(), ", "))
	f.StringVar(&j.shaping, "shaping", "rank", "`name` of what becomes of losses: "+strings.Join(estimator.ShapingNames(), ", "))
	f.IntVar(&j.bucket, "bucket", 0, "perturb at most so many `parameters` at a time (0: all)")
	f.IntVar(&j.cfg.Rank, "rank", 0, "perturb matrices of weights by ABᵀ of this `rank` (0: by noise without structure)")
	f.StringVar(&j.optimizer, "optimizer", "adam", "`name` of the update rule: "+strings.Join(digitsOptimizers, ", "))
	f.Float64Var(&j.lr, "lr", 0.02, "learning `rate`; of clipup, the maximum speed")
	f.IntVar(&j.halve, "halve", 300, "`number` of updates after which the learning rate is half of --lr, a third after twice as many (0: it stays)")
	f.Float64Var(&j.momentum, "momentum", 0.9, "`part` of the last step in the next one; for sgd only")
	f.Float64Var(&j.l2, "l2", 0, "`factor` of half the squared weights in the loss")
	f.IntVar(&j.iterations, "iterations", 2000, "`number` of updates")
	f.BoolVar(&j.exact, "exact", true, "compare with exact gradients")
	j.seedFlags(f)
	f.StringVar(&j.plot, "plot", "nres-digits.png", "picture to write, a .png or .svg `file`, or \"none\"")
	j.checkpointFlags(f, 100)
	reportFlags(f, &j.json, &j.quiet)
	return cmd
}

func (j *digitsJob) resolve(given func(flag string) bool) error {
	j.cfg.Method = estimator.FullES
	if err := cmp.Or(
		parse(&j.cfg.Noise, estimator.ParseNoise, j.noise),
		parse(&j.cfg.Shaping, estimator.ParseShaping, j.shaping),
		j.check(digitsOptimizers, given),
	); err != nil {
		return err
	}
	switch {
	case networks[j.network] == nil:
		return badFlag("network", fmt.Sprintf("%q", j.network), "mlp, cnn")
	case j.hidden < 1 || j.hidden > maxHidden:
		return badFlag("hidden", j.hidden, fmt.Sprintf("1 to %d", maxHidden))
	case j.network != "mlp" && given("hidden"):
		return badFlag("hidden", j.hidden, "nothing with --network "+j.network)
	case j.batch < 1 || j.batch > maxBatch:
		return badFlag("batch", j.batch, fmt.Sprintf("1 to %d", maxBatch))
	case !(j.momentum >= 0 && j.momentum < 1):
		return badFlag("momentum", j.momentum, "0 ≤ momentum < 1")
	case j.optimizer != "sgd" && given("momentum"):
		return badFlag("momentum", j.momentum, "nothing with --optimizer "+j.optimizer)
	case !(j.l2 >= 0 && j.l2 < 1e6):
		return badFlag("l2", j.l2, "0 to 1e6")
	case j.halve < 0:
		return badFlag("halve", j.halve, "at least 1, or 0 for a learning rate that stays")
	case j.bucket < 0:
		return badFlag("bucket", j.bucket, "at least 1, or 0 for all parameters")
	case j.bucket > 0 && j.cfg.Rank != 0:
		return badFlag("bucket", j.bucket, "0 with --rank")
	case given("data") && j.data == "":
		return badFlag("data", `""`, "a directory")
	}
	return nil
}

// A digitsRun is a run under way.
type digitsRun struct {
	job         *digitsJob
	net         *network.Network[float32]
	train, test *data.Set
	task        *tasks.Classifier[float32]
	pass        *network.Pass[float32]
	est         *estimator.Estimator[float32]
	opt         optim.Optimizer[float32]
	slow        func(lr float32) // sets opt's learning rate
	keep        *keeper
	digitsState
}

// digitsState is what a run has done.
type digitsState struct {
	Iteration int
	Theta     []float32
	Curve     []tested
}

func (s *digitsState) len() int                       { return s.Iteration }
func (s *digitsState) MarshalBinary() ([]byte, error) { return json.Marshal(s) }
func (s *digitsState) UnmarshalBinary(b []byte) error { return json.Unmarshal(b, s) }

// tested is what a test found.
type tested struct {
	Iteration int     `json:"iteration"`
	Loss      float64 `json:"loss"` // cross-entropy, nats
	Accuracy  float64 `json:"accuracy"`
}

func (j *digitsJob) start() (*digitsRun, error) {
	r := &digitsRun{job: j}
	if j.data == "" {
		r.train, r.test = data.Digits(drawnTrain, noise.New(0).Derive(0)), data.Digits(drawnTest, noise.New(0).Derive(1))
	} else {
		var err error
		if r.train, r.test, err = data.Load(j.data); err != nil {
			return nil, fmt.Errorf("--data: %s", strings.TrimPrefix(err.Error(), "data: "))
		}
	}
	var err error
	if r.net, err = network.New[float32](r.train.Width, r.train.Height, r.train.Classes, networks[j.network](j.hidden)...); err != nil {
		return nil, err
	}
	if r.task, err = tasks.NewClassifier(r.net, r.train, j.batch); err != nil {
		return nil, err
	}
	r.pass = r.net.NewPass(min(testBatch, r.test.Len()))
	if j.bucket > 0 {
		j.cfg.Buckets = estimator.EvenBuckets(r.net.Len(), j.bucket)
	}
	if j.cfg.Rank != 0 {
		j.cfg.Matrices = r.net.Matrices()
	}
	if r.est, err = estimator.New(r.task, j.cfg); err != nil {
		return nil, explain(err)
	}
	switch j.optimizer {
	case "adam":
		adam := optim.NewAdam(float32(j.lr))
		r.opt, r.slow = adam, func(lr float32) { adam.LR = lr }
	case "clipup":
		clipUp := optim.NewClipUp(float32(j.lr))
		r.opt, r.slow = clipUp, func(lr float32) { clipUp.LR, clipUp.MaxSpeed = lr/2, lr }
	default:
		sgd := &optim.SGD[float32]{LR: float32(j.lr), Momentum: float32(j.momentum)}
		r.opt, r.slow = sgd, func(lr float32) { sgd.LR = lr }
	}
	r.Theta = make([]float32, r.net.Len())
	r.net.Init(r.Theta, noise.New(j.cfg.Seed).Derive(digitsInit))
	run := fmt.Sprintf("task digits\n--network %s\n--hidden %d\nimages: %d and %d of SHA-256 %s\n--batch %d\n--optimizer %s\n--lr %v\n--halve %d\n--momentum %v\n--l2 %v",
		j.network, j.hidden, r.train.Len(), r.test.Len(), digest(r.train.Images)[:16], j.batch, j.optimizer, j.lr, j.halve, j.momentum, j.l2)
	r.keep, err = j.newKeeper(run, &r.digitsState, r.opt, r.est)
	return r, err
}

// loop trains.
func (r *digitsRun) loop(ctx context.Context, bar progress) error {
	j := r.job
	grad := make([]float32, len(r.Theta))
	if r.Iteration == 0 && len(r.Curve) == 0 {
		if err := r.look(r.Theta, 0, &r.Curve); err != nil {
			return err
		}
	}
	for r.Iteration < j.iterations {
		if err := ctx.Err(); err != nil {
			return err
		}
		loss, err := r.est.Gradient(grad, r.Theta)
		if err != nil {
			return diverged(r.Iteration+1, "", err)
		}
		optim.AddL2(grad, float32(j.l2), r.Theta)
		r.slow(float32(j.lr * j.rate(r.Iteration)))
		r.opt.Step(r.Theta, grad)
		r.Iteration++
		if j.point(r.Iteration) {
			if err := r.look(r.Theta, r.Iteration, &r.Curve); err != nil {
				return err
			}
		}
		if err := r.keep.keep(r.Iteration, r.Iteration == j.iterations); err != nil {
			return err
		}
		bar.update(float64(r.Iteration), "loss %.4g", loss)
	}
	return nil
}

// rate is what the learning rate has become after i updates. It does not depend on their
// number, so that a run can be made longer.
func (j *digitsJob) rate(i int) float64 {
	if j.halve == 0 {
		return 1
	}
	return 1 / (1 + float64(i)/float64(j.halve))
}

// point says whether there is a test after an iteration.
func (j *digitsJob) point(i int) bool {
	return i%max(1, j.iterations/curvePoints) == 0 || i == j.iterations
}

// look tests theta.
func (r *digitsRun) look(theta []float32, i int, curve *[]tested) error {
	loss, accuracy, err := r.pass.Test(theta, r.test)
	if loss-loss != 0 {
		return diverged(i, "", fmt.Errorf("the loss of held-out images is %v", loss))
	}
	*curve = append(*curve, tested{i, loss, accuracy})
	return err
}

// compare trains the same network with exact gradients, for as many updates.
func (r *digitsRun) compare(ctx context.Context, n int, bar progress) (curve []tested, err error) {
	root := noise.New(r.job.cfg.Seed)
	theta, grad := make([]float32, len(r.Theta)), make([]float32, len(r.Theta))
	r.net.Init(theta, root.Derive(digitsInit))
	adam := optim.NewAdam[float32](exactLR)
	err = r.look(theta, 0, &curve)
	for i := 1; i <= n && err == nil; i++ {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		clear(grad)
		r.task.Gradient(grad, theta, root.Derive(digitsExact, uint64(i)))
		optim.AddL2(grad, float32(r.job.l2), theta)
		adam.Step(theta, grad)
		if r.job.point(i) {
			err = r.look(theta, i, &curve)
		}
		bar.update(float64(i), "exact gradients")
	}
	return curve, err
}

// A digitsReport is the JSON object.
type digitsReport struct {
	Data        *string  `json:"data"` // directory, or null for drawn digits
	Network     string   `json:"network"`
	Parameters  int      `json:"parameters"`
	TrainImages int      `json:"train_images"`
	TestImages  int      `json:"test_images"`
	Workers     int      `json:"workers"`
	Batch       int      `json:"batch"`
	Sigma       float64  `json:"sigma"`
	Noise       string   `json:"noise"`
	Shaping     string   `json:"shaping"`
	Bucket      int      `json:"bucket"`
	Rank        int      `json:"rank"`
	Optimizer   string   `json:"optimizer"`
	LR          float64  `json:"lr"`
	Halve       int      `json:"halve"`
	Momentum    float64  `json:"momentum"`
	L2          float64  `json:"l2"`
	Iterations  int      `json:"iterations"` // made
	Seed        uint64   `json:"seed"`
	Tier        string   `json:"tier"`
	Loss        float64  `json:"loss"`     // held-out, nats
	Accuracy    float64  `json:"accuracy"` // held-out
	Exact       *tested  `json:"exact"`    // with exact gradients, or null
	Curve       []tested `json:"curve"`
	SHA256      string   `json:"sha256"` // of theta
	Seconds     float64  `json:"seconds"`
	Plot        *string  `json:"plot"`

	exact []tested
}

func (j *digitsJob) run(ctx context.Context, stdout, stderr io.Writer) error {
	picture, _, err := j.outputs()
	if err != nil {
		return err
	}
	r, err := j.start()
	if err != nil {
		return err
	}
	defer r.est.Close()
	bar := newProgress(stderr, j.iterations, j.quiet)
	began := latency.Now()
	err = r.loop(ctx, bar)
	elapsed := latency.Now() - began
	bar.close()
	report, err := ended(err, r.keep, r.Iteration, j.iterations, "iterations")
	if !report {
		return err
	}
	last := r.Curve[len(r.Curve)-1]
	if last.Iteration != r.Iteration { // interrupted
		if err := r.look(r.Theta, r.Iteration, &r.Curve); err != nil {
			return &failure{statusFailed, err}
		}
		last = r.Curve[len(r.Curve)-1]
	}
	rep := &digitsReport{
		Network: j.network, Parameters: len(r.Theta), TrainImages: r.train.Len(), TestImages: r.test.Len(),
		Workers: j.cfg.Workers, Batch: j.batch, Sigma: j.cfg.Sigma, Noise: j.noise, Shaping: j.shaping, Bucket: j.bucket, Rank: j.cfg.Rank,
		Optimizer: j.optimizer, LR: j.lr, Halve: j.halve, Momentum: j.momentum, L2: j.l2, Iterations: r.Iteration, Seed: j.cfg.Seed, Tier: tier(),
		Loss: last.Loss, Accuracy: last.Accuracy, Curve: r.Curve, SHA256: digest(r.Theta), Seconds: elapsed.Seconds(),
	}
	if j.data != "" {
		rep.Data = &j.data
	}
	if j.exact && err == nil {
		bar := newProgress(stderr, r.Iteration, j.quiet)
		rep.exact, err = r.compare(ctx, r.Iteration, bar)
		bar.close()
		switch {
		case errors.Is(err, context.Canceled): // the run itself is what counts
			err = &failure{statusInterrupted, errors.New("interrupted in the comparison with exact gradients")}
		case err != nil:
			err = &failure{statusFailed, err}
		default:
			rep.Exact = &rep.exact[len(rep.exact)-1]
		}
	}
	err = errors.Join(err, picture.save(&rep.Plot, func(w io.Writer) error { return rep.draw(w, picture.path) }))
	return errors.Join(err, writeReport(stdout, rep, j.json))
}

func (rep *digitsReport) settings() string {
	s := fmt.Sprintf("%d pairs on batches of %d, σ = %v, %s noise", rep.Workers, rep.Batch, rep.Sigma, rep.Noise)
	if rep.Bucket > 0 {
		s += fmt.Sprintf(" in buckets of %d", rep.Bucket)
	}
	if rep.Rank > 0 {
		s += fmt.Sprintf(" of rank %d", rep.Rank)
	}
	s += fmt.Sprintf(", shaping %s, %s with learning rate %v", rep.Shaping, optimizerTitle(rep.Optimizer), rep.LR)
	if rep.Halve > 0 {
		s += fmt.Sprintf("/(1 + i/%d)", rep.Halve)
	}
	return s + fmt.Sprintf(", seed %d", rep.Seed)
}

func (rep *digitsReport) title() string {
	of := "drawn digits"
	if rep.Data != nil {
		of = filepath.Base(*rep.Data)
	}
	return fmt.Sprintf("%s of %d parameters on %s", strings.ToUpper(rep.Network), rep.Parameters, of)
}

func (rep *digitsReport) text() string {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s: %d images, %d held out\n%s\n\n", rep.title(), rep.TrainImages, rep.TestImages, rep.settings())
	fmt.Fprintf(&b, "accuracy on held-out images after %d updates: %.2f %%, cross-entropy %.4f\n", rep.Iterations, 100*rep.Accuracy, rep.Loss)
	if rep.Exact != nil {
		fmt.Fprintf(&b, "with exact gradients (Adam, %v), as many:      %.2f %%, cross-entropy %.4f\n", exactLR, 100*rep.Exact.Accuracy, rep.Exact.Loss)
	}
	evaluations := 2 * rep.Workers * rep.Batch
	fmt.Fprintf(&b, "\n%d evaluations an update, %.2f s\n", evaluations, rep.Seconds)
	if rep.Plot != nil {
		fmt.Fprintf(&b, "picture: %s\n", *rep.Plot)
	}
	return b.String()
}

// draw shows loss and errors on held-out images, on logarithmic axes.
func (rep *digitsReport) draw(w io.Writer, path string) error {
	panel := func(label string, of func(t tested) float64) *plot.Plot {
		p := chart.New()
		p.X.Label.Text, p.Y.Label.Text = "update", label
		p.Y.Tick.Marker = chart.Ticks{Log: true}
		var all plotter.XYs
		curve := func(name string, curve []tested, c color.Color, dashed bool) {
			if len(curve) < 2 {
				return
			}
			var pts plotter.XYs
			for _, t := range curve {
				pts = append(pts, plotter.XY{X: float64(t.Iteration), Y: math.Log10(of(t))})
			}
			l := chart.Line(pts, c, 1.8)
			if dashed {
				l.Dashes = []vg.Length{vg.Points(5), vg.Points(3)}
			}
			p.Add(l)
			p.Legend.Add(name, l)
			all = append(all, pts...)
		}
		curve("exact gradients, Adam", rep.exact, chart.Red, true)
		curve("evolution strategies, "+optimizerTitle(rep.Optimizer), rep.Curve, chart.Dark, false)
		chart.PlaceLegend(p, all)
		return p
	}
	return chart.Render(w, path, rep.title(), rep.settings(), []*plot.Plot{
		panel("cross-entropy of held-out images, nats", func(t tested) float64 { return max(t.Loss, 1e-6) }),
		panel("wrong answers on held-out images, %", func(t tested) float64 {
			return 100 * max(1-t.Accuracy, 0.5/float64(rep.TestImages)) // half an image, if there is none
		}),
	})
}
