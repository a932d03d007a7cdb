package reproduce

import (
	"context"
	"fmt"
	"io"
	"math"
	"strconv"

	"github.com/noise-reuse/nres/baseline"
	"github.com/noise-reuse/nres/estimator"
	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/optim"
	"github.com/noise-reuse/nres/tasks"
	"github.com/noise-reuse/nres/tasks/data"
	"github.com/noise-reuse/nres/tasks/network"
	"github.com/noise-reuse/nres/unroll"
)

// The small problem that stands for MNIST: digits, and a network with one hidden layer.
const (
	digitsHidden = 32
	digitsBatch  = 50
	digitsLR     = 0.001
	digitsSigma  = 0.002
	digitsPairs  = 100
	digitsPoints = 100 // tests in a run
)

// A reading is the problem with images, drawn or users'.
type reading struct {
	train, test *data.Set
	what        string // the images are
	net         *network.Network[float32]
}

func (lab *Lab) reading() (d reading, err error) {
	if d.train, d.test, d.what, err = lab.images(8); err != nil {
		return d, err
	}
	d.net, err = network.New[float32](d.train.Width, d.train.Height, d.train.Classes, network.Dense{Units: digitsHidden})
	return d, err
}

func (d *reading) setup() string {
	return fmt.Sprintf(`Data: %s. A network of %d parameters: %d hidden units. As published: mini-batches of %d, Adam with
a learning rate of %v, σ = %v, and losses as they are, not their ranks. Seeds count from 1.

`, d.what, d.net.Len(), digitsHidden, digitsBatch, digitsLR, digitsSigma)
}

// rho is the correlation of digitsPairs for a linear loss, to two digits: 20 % with drawn digits.
func (d *reading) rho() float64 {
	rho := math.Sqrt(digitsPairs / (digitsPairs + float64(d.net.Len()) - 1))
	rho, _ = strconv.ParseFloat(strconv.FormatFloat(rho, 'g', 2, 64), 64) // which has just been written
	return rho
}

// drawRuns draws wrong answers against updates.
func (d *reading) drawRuns(w io.Writer, title, settings string, panels ...[]classifierSet) error {
	var all []panel
	for i, sets := range panels {
		p := panel{X: "update", LinearX: true, Legend: "lines"}
		if i == 0 {
			p.Y = "wrong answers, %"
		}
		for k := range sets {
			p.Lines = append(p.Lines, sets[k].line())
		}
		all = append(all, p)
	}
	return drawPanels(w, title, fmt.Sprintf("mean over seeds, band from least to greatest;  batches of %d,  %sAdam %v,  σ = %v,  P = %d",
		digitsBatch, settings, digitsLR, digitsSigma, d.net.Len()), all...)
}

// A classifierRun is a training on digits: by evolution strategies, if Config has workers,
// or else by exact gradients to which noise is added for a correlation of Rho. It is the
// parameters of a unit, too.
type classifierRun struct {
	Method  string
	Config  estimator.Config // but for the seed
	Shared  bool             // mini-batches are those of the update, not of the pair
	Rho     float64
	Updates int
	Seed    uint64
	Batches uint64 // the mini-batches' seed
	Data    string // what the images are
}

// A classified is what came of a classifierRun: accuracy and loss on the test images at the
// start and after each hundredth of the updates.
type classified struct {
	Loss, Accuracy floats
}

func (r classifierRun) unit(d *reading) unit[classified] {
	return unit[classified]{
		Name:   fmt.Sprintf("%s, seed %d, batches %d", r.Method, r.Seed, r.Batches),
		Params: r,
		Run: func(ctx context.Context, tick func(float64)) (classified, error) {
			return r.train(ctx, d, tick)
		},
	}
}

// sharing gives all pairs of an update the same mini-batch.
type sharing struct {
	*tasks.Classifier[float32]
	batch noise.Stream
}

func (s *sharing) Step(state, theta []float32, t int, _ noise.Stream) float32 {
	return s.Classifier.Step(state, theta, t, s.batch)
}

func (r classifierRun) train(ctx context.Context, d *reading, tick func(float64)) (found classified, err error) {
	net := d.net
	task, err := tasks.NewClassifier(net, d.train, digitsBatch)
	if err != nil {
		return found, err
	}
	const initial, batches, extra = 1000, 1001, 1002 // streams that the estimator doesn't have
	root := noise.New(r.Seed)
	theta, grad, exact := make([]float32, net.Len()), make([]float32, net.Len()), make([]float32, net.Len())
	net.Init(theta, root.Derive(initial))

	shared := &sharing{Classifier: task}
	gradient := func(i uint64) error {
		clear(exact)
		task.Gradient(exact, theta, shared.batch)
		baseline.Proxy(grad, exact, r.Rho, root.Derive(extra, i))
		return nil
	}
	if r.Config.Workers > 0 {
		cfg := r.Config
		cfg.Method, cfg.Sigma, cfg.Seed, cfg.Parallelism = estimator.FullES, digitsSigma, r.Seed, 1
		var sys unroll.System[float32] = task
		if r.Shared {
			sys = shared
		}
		est, err := estimator.New(sys, cfg)
		if err != nil {
			return found, err
		}
		defer est.Close()
		gradient = func(uint64) error { _, err := est.Gradient(grad, theta); return err }
	}
	adam := optim.NewAdam[float32](digitsLR)
	pass := net.NewPass(100)
	for i := 0; i <= r.Updates; i++ {
		if i%(r.Updates/digitsPoints) == 0 {
			if err := ctx.Err(); err != nil {
				return found, err
			}
			tick(float64(i) / float64(r.Updates))
			loss, accuracy, err := pass.Test(theta, d.test)
			if err != nil {
				return found, err
			}
			found.Loss, found.Accuracy = append(found.Loss, loss), append(found.Accuracy, accuracy)
		}
		if i == r.Updates {
			break
		}
		shared.batch = noise.New(r.Batches).Derive(batches, uint64(i))
		if err := gradient(uint64(i)); err != nil {
			return found, err
		}
		adam.Step(theta, grad)
	}
	return found, nil
}

// A classifierSet is a method's runs with all seeds.
type classifierSet struct {
	run  classifierRun
	runs []classified
}

// trainClassifiers trains runs, each with seeds from 1 on, or with Quick few of them and
// less.
func trainClassifiers(ctx context.Context, lab *Lab, d *reading, seeds int, runs ...classifierRun) ([]classifierSet, error) {
	if lab.Quick {
		seeds = 2
	}
	var units []unit[classified]
	sets := make([]classifierSet, len(runs))
	for i, r := range runs {
		if lab.Quick {
			r.Updates = max(digitsPoints, r.Updates/40/digitsPoints*digitsPoints)
		}
		r.Data = d.what
		sets[i].run = r
		for seed := uint64(1); seed <= uint64(seeds); seed++ {
			r.Seed, r.Batches = seed, seed+sets[i].run.Batches
			units = append(units, r.unit(d))
		}
	}
	trained, err := do(ctx, lab, units)
	if err != nil {
		return nil, err
	}
	for i := range sets {
		sets[i].runs = trained[i*seeds : (i+1)*seeds]
	}
	return sets, nil
}

// last returns the mean accuracy over the last tenth of each run, in %.
func (s *classifierSet) last() group {
	g := group{Name: s.run.Method}
	for _, r := range s.runs {
		tail := r.Accuracy[len(r.Accuracy)-digitsPoints/10:]
		var sum float64
		for _, a := range tail {
			sum += a
		}
		g.Samples = append(g.Samples, 100*sum/float64(len(tail)))
	}
	return g
}

// line draws the part of wrong answers, in %.
func (s *classifierSet) line() line {
	l := line{Name: s.run.Method}
	for _, r := range s.runs {
		var x, y []float64
		for k, a := range r.Accuracy {
			x, y = append(x, float64(s.run.Updates*k/digitsPoints)), append(y, 100*(1-a))
		}
		l.X, l.Y = append(l.X, x), append(l.Y, y)
	}
	return l
}

// fluctuations returns how far the test loss is from the mean of the tests before and
// after it, in the second half of each run.
func (s *classifierSet) fluctuations() (all [][]float64) {
	for _, r := range s.runs {
		var off []float64
		for k := len(r.Loss) / 2; k < len(r.Loss)-1; k++ {
			off = append(off, r.Loss[k]-(r.Loss[k-1]+r.Loss[k+1])/2)
		}
		all = append(all, off)
	}
	return all
}

func classifierDigest(r *Report, sets []classifierSet) {
	for i := range sets {
		r.Digest(sets[i].runs)
	}
}
