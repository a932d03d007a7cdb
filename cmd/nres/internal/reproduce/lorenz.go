package reproduce

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/noise-reuse/nres/baseline"
	"github.com/noise-reuse/nres/estimator"
	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/optim"
	"github.com/noise-reuse/nres/tasks"
	"github.com/noise-reuse/nres/unroll"
)

// The seeds of the published runs, and what all of them have in common.
var lorenzSeeds = []uint64{101, 103, 107, 109, 113}

const (
	lorenzSigma   = 0.04
	lorenzWorkers = 200
	lorenzWindow  = 100
)

// A gradienter makes gradients, such as an estimator.Estimator.
type gradienter interface {
	// Gradient sets grad and returns a loss, which training takes no notice of.
	Gradient(grad, theta []float32) (loss float64, err error)
	// Steps counts the steps made so far.
	Steps() estimator.Steps
}

// A lorenzTraining is a training on Lorenz from its published start, with SGD. It is the
// parameters of a unit, too.
type lorenzTraining struct {
	Method     string
	Config     estimator.Config // but for the seed
	LR         float64
	Boundaries []int // of the piecewise constant learning rate
	Factors    []float64
	Iterations int
	Seed       uint64
	Smoothing  int  // perturbations that the smoothed loss is estimated with, 0: none
	Particles  int  // initial states that the generalization loss is the mean of
	Path       bool // keep θ of every update

	// New makes the method; nil stands for an estimator with Config.
	New func(sys *tasks.Lorenz[float32], seed uint64) (gradienter, error) `json:"-"`
}

// A lorenzTrained is what came of one. All slices have an element for each checkpoint.
type lorenzTrained struct {
	Iteration  []int
	Theta      [][2]float32
	Steps      []uint64 // of the system, over all workers
	Sequential []uint64 // of these, one after the other
	Seconds    []float64
	Loss       floats // the training loss at θ, unperturbed
	Smoothed   floats // E L(θ+σε), with σ of the method
	Test       floats // the generalization loss

	Travelled float64      // Σ ‖θ_i − θ_{i−1}‖ over all iterations
	Squares   float64      // Σ ‖θ_i − θ_{i−1}‖²
	Path      [][2]float32 // θ after every update, if Run.Path
	Diverged  string       // why the run ended early; then the losses after it are infinite
}

// checkpoints returns the iterations, from 0 to n, at which θ is evaluated: 40 evenly
// spaced ones, and 40 in geometric progression.
func checkpoints(n int) []int {
	const each = 40
	at := []int{0}
	for k := 1; k <= each; k++ {
		at = append(at, n*k/each, int(math.Round(math.Pow(float64(n), float64(k)/each))))
	}
	slices.Sort(at)
	return slices.Compact(at)
}

// newLorenz returns the published problem.
func newLorenz() *tasks.Lorenz[float32] {
	l, err := tasks.NewLorenz(tasks.SimulateLorenz[float32](tasks.LorenzTruth, tasks.LorenzHorizon))
	if err != nil { // the simulation is finite
		panic(err)
	}
	return l
}

// unit returns the unit that trains.
func (r lorenzTraining) unit() unit[lorenzTrained] {
	return unit[lorenzTrained]{
		Name:   fmt.Sprintf("%s, seed %d", r.Method, r.Seed),
		Params: r,
		Run:    r.train,
	}
}

// train runs the method, and then evaluates what it found on the way.
func (r lorenzTraining) train(ctx context.Context, tick func(float64)) (lorenzTrained, error) {
	var tr lorenzTrained
	sys := newLorenz()
	method, err := r.method(sys)
	if err != nil {
		return tr, err
	}
	theta := []float32{float32(tasks.LorenzStart[0]), float32(tasks.LorenzStart[1])}
	grad := make([]float32, len(theta))
	var sgd optim.SGD[float32]
	at := checkpoints(r.Iterations)
	record := func(i int, d time.Duration) {
		steps := method.Steps()
		tr.Iteration = append(tr.Iteration, i)
		tr.Theta = append(tr.Theta, [2]float32(theta))
		tr.Steps, tr.Sequential = append(tr.Steps, steps.Total), append(tr.Sequential, steps.Sequential)
		tr.Seconds = append(tr.Seconds, d.Seconds())
	}
	record(0, 0)
	began := time.Now()
	for i := 1; i <= r.Iterations; i++ {
		if i%64 == 0 {
			if err := ctx.Err(); err != nil {
				return tr, err
			}
			tick(float64(i) / float64(r.Iterations) / 2)
		}
		_, err := method.Gradient(grad, theta)
		if err != nil {
			var perturbed *estimator.NonFiniteError
			var differentiated *baseline.NonFiniteError
			if !errors.As(err, &perturbed) && !errors.As(err, &differentiated) {
				return tr, err
			}
			tr.Diverged = fmt.Sprintf("the loss, or its gradient, is not finite in iteration %d", i)
			break
		}
		sgd.LR = float32(r.LR * optim.Piecewise(i-1, r.Boundaries, r.Factors))
		before := [2]float32(theta)
		sgd.Step(theta, grad)
		x, y := float64(theta[0])-float64(before[0]), float64(theta[1])-float64(before[1])
		square := float64(x*x) + float64(y*y)
		tr.Travelled += math.Sqrt(square)
		tr.Squares += square
		if square-square != 0 {
			tr.Diverged = fmt.Sprintf("θ is not finite after iteration %d", i)
			break
		}
		if r.Path {
			tr.Path = append(tr.Path, [2]float32(theta))
		}
		if i == at[len(tr.Iteration)] {
			record(i, time.Since(began))
		}
	}
	if tr.Diverged != "" {
		tr.Travelled, tr.Squares = math.MaxFloat64, math.MaxFloat64
	}
	return tr, r.evaluate(ctx, sys, &tr, func(part float64) { tick(0.5 + part/2) })
}

func (r lorenzTraining) method(sys *tasks.Lorenz[float32]) (gradienter, error) {
	if r.New != nil {
		return r.New(sys, r.Seed)
	}
	cfg := r.Config
	cfg.Seed, cfg.Parallelism = r.Seed, 1
	return estimator.New(sys, cfg)
}

// evaluate sets the losses. What is drawn for it is the same for all runs, so that they
// are compared on equal terms.
func (r lorenzTraining) evaluate(ctx context.Context, sys *tasks.Lorenz[float32], tr *lorenzTrained, tick func(float64)) error {
	tr.Loss = meanLosses(sys, lorenzInit, tr.Theta)
	var err error
	total := float64(r.Smoothing + r.Particles)
	if r.Smoothing > 0 {
		tr.Smoothed, err = mean(ctx, len(tr.Theta), r.Smoothing, smoothing(sys, tr.Theta, r.Config.Sigma, func(i int) { tick(float64(i) / total) }))
		if err != nil {
			return err
		}
	}
	if r.Particles > 0 {
		starts := lorenzStarts(noise.New(0).Derive(1, 1), r.Particles)
		const block = 64
		var problems []*tasks.Lorenz[float32]
		tr.Test, err = mean(ctx, len(tr.Theta), len(starts), func(i int) []float64 {
			tick((float64(r.Smoothing) + float64(i)) / total)
			if i%block == 0 {
				problems = lorenzFrom(starts[i:min(i+block, len(starts))])
			}
			return meanLosses(problems[i%block], starts[i], tr.Theta)
		})
	}
	return err
}

// mean returns the means of n results.
func mean(ctx context.Context, length, n int, result func(i int) []float64) ([]float64, error) {
	sum := make([]float64, length)
	for i := range n {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		for k, v := range result(i) {
			sum[k] += v
		}
	}
	for k := range sum {
		sum[k] /= float64(n)
	}
	return sum, nil
}

// lorenzInit is where training episodes start.
var lorenzInit = [3]float32{1.2, 1.3, 1.6}

// lorenzStarts draws initial states, normal around lorenzInit.
func lorenzStarts(s noise.Stream, n int) [][3]float32 {
	starts := make([][3]float32, n)
	for i := range starts {
		noise.Perturb(starts[i][:], lorenzInit[:], 1, s.Derive(uint64(i)), 0)
	}
	return starts
}

// lorenzFrom returns the problems whose observations are those of the true system from
// other starts.
func lorenzFrom(starts [][3]float32) []*tasks.Lorenz[float32] {
	const width = 4 * unroll.Lanes
	problems := make([]*tasks.Lorenz[float32], 0, len(starts))
	s, rows := make([]float32, 3*width), make([]float32, 2*width)
	t0, env, sum := make([]int, width), make([]noise.Stream, width), make([]float32, width)
	unused, err := tasks.NewLorenz(make([]float32, tasks.LorenzHorizon))
	if err != nil {
		panic(err)
	}
	for first := 0; first < len(starts); first += width {
		n := min(width, len(starts)-first)
		for j := range width {
			for k, v := range starts[first+min(j, n-1)] {
				s[k*width+j] = v
			}
			for k, v := range tasks.LorenzTruth {
				rows[k*width+j] = float32(v)
			}
		}
		observed := make([][]float32, n)
		for j := range observed {
			observed[j] = make([]float32, tasks.LorenzHorizon)
		}
		for t := range tasks.LorenzHorizon {
			for j := range t0 {
				t0[j] = t
			}
			unused.WindowLanes(s, rows, t0, 1, env, sum)
			for j := range observed {
				observed[j][t] = s[2*width+j]
			}
		}
		for _, z := range observed {
			l, err := tasks.NewLorenz(z)
			if err != nil { // the true system stays in its attractor
				panic(err)
			}
			problems = append(problems, l)
		}
	}
	return problems
}

// meanLosses returns the mean loss of an episode from start for each θ.
func meanLosses(sys *tasks.Lorenz[float32], start [3]float32, thetas [][2]float32) []float64 {
	width := (len(thetas) + unroll.Lanes - 1) / unroll.Lanes * unroll.Lanes
	s, rows := make([]float32, 3*width), make([]float32, 2*width)
	t0, env, sum := make([]int, width), make([]noise.Stream, width), make([]float32, width)
	for j := range width {
		theta := thetas[min(j, len(thetas)-1)]
		rows[j], rows[width+j] = theta[0], theta[1]
		for k, v := range start {
			s[k*width+j] = v
		}
	}
	total := make([]float64, len(thetas))
	for t := 0; t < sys.Horizon(); t += unroll.Stretch {
		n := min(unroll.Stretch, sys.Horizon()-t)
		for j := range width {
			t0[j], sum[j] = t, 0
		}
		sys.WindowLanes(s, rows, t0, n, env, sum)
		for j := range total {
			total[j] += float64(sum[j])
		}
	}
	for j := range total {
		total[j] /= float64(sys.Horizon())
	}
	return total
}
