package reproduce

import (
	"context"
	"fmt"
	"io"
	"math"

	"github.com/noise-reuse/nres/estimator"
	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/optim"
	"github.com/noise-reuse/nres/tasks"
	"github.com/noise-reuse/nres/unroll"
)

var copyTask = Experiment{
	IDs:   []string{"S7"},
	Title: "LSTM copy task, with a curriculum",
	Run:   runCopy,
}

// A Lesson is a training of an LSTM to copy ever more bits. It is the parameters of a
// unit, too.
type Lesson struct {
	Method        string // nres, essingle, pes, tes, or tbptt
	Hidden, Batch int
	Workers       int
	Sigma, LR     float64
	Updates       int
	Seed          uint64
}

// copySolved is the loss of a bit, in nats, below which the next length follows.
const copySolved = 0.1

const copyCheck = 50 // updates from one evaluation to the next

// Learned is what came of a Lesson.
type Learned struct {
	Solved []int   // the number of updates after which 1, 2, … bits were copied
	Loss   float64 // of a bit, at the end, of the length under way
}

func (l Lesson) run(ctx context.Context, tick func(float64)) (Learned, error) {
	var out Learned
	root := noise.New(l.Seed)
	adam := optim.NewAdam(float32(l.LR))
	var theta, grad []float32
	for done, bits := 0, 1; done < l.Updates; bits++ {
		sys, err := tasks.NewCopy[float32](bits, l.Hidden, l.Batch)
		if err != nil {
			return out, err
		}
		if theta == nil {
			theta, grad = make([]float32, sys.ParamLen()), make([]float32, sys.ParamLen())
			sys.Start(theta, root.Derive(0))
		}
		gradient, closing, err := l.method(sys, root.Derive(1, uint64(bits)))
		if err != nil {
			return out, err
		}
		for done < l.Updates {
			if err := ctx.Err(); err != nil {
				return out, err
			}
			if err := gradient(grad, theta); err != nil {
				return out, err
			}
			adam.Step(theta, grad)
			if done++; done%copyCheck != 0 {
				continue
			}
			tick(float64(done) / float64(l.Updates))
			out.Loss = bitLoss(sys, theta)
			if out.Loss < copySolved {
				out.Solved = append(out.Solved, done)
				break
			}
		}
		closing()
	}
	return out, nil
}

// bitLoss returns the loss of a bit, over sequences that no training sees.
func bitLoss(sys *tasks.Copy[float32], theta []float32) float64 {
	const batches = 32
	s, sum := make([]float32, sys.StateLen()), 0.0
	for i := range batches {
		env := noise.New(0).Derive(uint64(i))
		sys.Init(s, env)
		sum += unroll.Window[float32](sys, s, theta, 0, sys.Horizon(), env)
	}
	return sum / float64(batches*sys.Bits())
}

// method returns what makes gradients, with W = 1.
func (l Lesson) method(sys *tasks.Copy[float32], root noise.Stream) (gradient func(grad, theta []float32) error, closing func(), err error) {
	if l.Method == "tbptt" {
		return l.truncated(sys, root), func() {}, nil
	}
	m, err := estimator.ParseMethod(l.Method)
	if err != nil {
		return nil, nil, err
	}
	phase := estimator.LockStep
	if m == estimator.NRES {
		phase = estimator.Stratified
	}
	est, err := estimator.New[float32](sys, estimator.Config{
		Method: m, Phase: phase, Workers: l.Workers, Window: 1, Sigma: l.Sigma, Seed: root.Key, LossScale: estimator.Sum, KeepSums: true, Parallelism: 1,
	})
	if err != nil {
		return nil, nil, err
	}
	return func(grad, theta []float32) error {
		_, err := est.Gradient(grad, theta)
		return err
	}, est.Close, nil
}

// truncated returns backpropagation through one step, of workers at phases that tile the
// episode.
func (l Lesson) truncated(sys *tasks.Copy[float32], root noise.Stream) func(grad, theta []float32) error {
	states, at, episodes := make([][]float32, l.Workers), make([]int, l.Workers), make([]uint64, l.Workers)
	return func(grad, theta []float32) error {
		clear(grad)
		for i := range states {
			env := root.Derive(uint64(i), episodes[i])
			switch {
			case states[i] == nil: // brought to its phase
				states[i] = make([]float32, sys.StateLen())
				sys.Init(states[i], env)
				at[i] = i % sys.Horizon()
				unroll.Window[float32](sys, states[i], theta, 0, at[i], env)
			case at[i] == sys.Horizon():
				at[i] = 0
				episodes[i]++
				env = root.Derive(uint64(i), episodes[i])
				sys.Init(states[i], env)
			}
			sys.Backpropagate(grad, states[i], theta, at[i], 1, env)
			at[i]++
		}
		for i := range grad {
			grad[i] /= float32(l.Workers)
		}
		return nil
	}
}

func runCopy(ctx context.Context, lab *Lab) (*Report, error) {
	l := Lesson{Hidden: 16, Batch: 8, Workers: 100, Sigma: 0.05, LR: 0.01, Updates: 5000}
	if lab.Quick {
		l.Workers, l.Updates = 50, 300
	}
	seeds := lab.seeds(5)
	names := []string{"NRES", esSingle, "PES", "TES", "TBPTT"}
	var units []Unit[Learned]
	for _, method := range []string{"nres", "essingle", "pes", "tes", "tbptt"} {
		l := l
		l.Method = method
		if method == "tbptt" {
			l.Workers = 20 // its gradient has no noise but the sequences'
		}
		for _, l.Seed = range seeds {
			units = append(units, Unit[Learned]{fmt.Sprintf("%s, seed %d", method, l.Seed), l, l.run})
		}
	}
	runs, err := Do(ctx, lab, units)
	if err != nil {
		return nil, err
	}
	r := &Report{Setup: fmt.Sprintf(`An LSTM of %d units reads bits, then blanks, and is to say the bits again. When the loss of a bit is below %v nats (ln 2 = 0.69 is guessing), there
is one bit more. W = 1; N = %d pairs of %d sequences (TBPTT: 20 batches of as many), σ = %v, Adam with learning rate %v, %d updates; workers in
lock-step, but for NRES's. No sizes have been published.`,
		l.Hidden, copySolved, l.Workers, l.Batch, l.Sigma, l.LR, l.Updates)}
	// Fewer is worse, and Order wants the best to be least.
	lacking := func(i int) Group {
		g := Group{Name: names[i]}
		for k := range seeds {
			g.Samples = append(g.Samples, -float64(len(runs[i*len(seeds)+k].Solved)))
		}
		return g
	}
	single := lacking(1)
	ours := "bits copied at the end: "
	t := Table{Title: "Bits copied, and the loss of a bit of the next length, for each seed:", Head: []string{"", "bits", "loss, nats"}}
	for i, name := range names {
		if i > 0 {
			ours += "; "
		}
		ours += fmt.Sprintf("%s %v", name, MeanOf(negative(lacking(i).Samples)))
		row := []string{name, "", ""}
		for k := range seeds {
			if k > 0 {
				row[1] += ", "
				row[2] += ", "
			}
			run := &runs[i*len(seeds)+k]
			row[1] += fmt.Sprint(len(run.Solved))
			row[2] += fmt.Sprintf("%.3f", run.Loss)
		}
		t.Rows = append(t.Rows, row)
	}
	r.Tables = append(r.Tables, t)
	r.Rows = append(r.Rows, Row{
		IDs: "S7", Claim: "ES-Single reaches longer sequences than PES", Paper: "ES-Single, LSTM copy task", Ours: ours,
		Rule: OrderRule, Verdict: Order(single, lacking(2)),
	}, Row{
		IDs: "S7", Claim: "TBPTT and truncated ES fail to model long-term dependencies", Paper: "ES-Single, LSTM copy task", Ours: ours,
		Rule: "for the bits copied by ES-Single and each of them: " + OrderRule, Verdict: Order(single, lacking(3), lacking(4)),
	})

	// The longest that ES-Single and PES copy with all seeds.
	longest := math.MaxInt
	for k := range seeds {
		longest = min(longest, len(runs[len(seeds)+k].Solved), len(runs[2*len(seeds)+k].Solved))
	}
	row := Row{
		IDs: "S7", Claim: "ES-Single is significantly faster than PES", Paper: "ES-Single, LSTM copy task",
		Rule: "reproduced if the interval of the ratio of updates lies above 1; in order only if its mean does; otherwise not",
	}
	if longest == 0 {
		row.Ours = "a method copies not one bit"
		row.Verdict = Verdict{NotReproduced, row.Ours}
	} else {
		var a, b []float64
		for k := range seeds {
			a = append(a, float64(runs[2*len(seeds)+k].Solved[longest-1]))
			b = append(b, float64(runs[len(seeds)+k].Solved[longest-1]))
		}
		ratio := RatioOf(a, b)
		row.Ours = fmt.Sprintf("updates until %d bits are copied, the most that both do with every seed: ES-Single %v, PES %v times that", longest, MeanOf(b), ratio)
		row.Verdict = aboveOne(ratio, "PES is as fast")
	}
	r.Rows = append(r.Rows, row)
	r.Figures = append(r.Figures, Figure{"bits", "Number of bits that are copied, against updates; mean over seeds, band from least to greatest.", func(w io.Writer) error {
		p := Panel{X: "update", Y: "bits copied", LinearX: true, LinearY: true, Legend: "lines", Corner: "top left"}
		for i, name := range names {
			line := Line{Name: name}
			for k := range seeds {
				var x, y []float64
				solved := runs[i*len(seeds)+k].Solved
				for at, bits := 0, 0; at <= l.Updates; at += copyCheck {
					for bits < len(solved) && solved[bits] <= at {
						bits++
					}
					x, y = append(x, float64(at)), append(y, float64(bits))
				}
				line.X, line.Y = append(line.X, x), append(line.Y, y)
			}
			p.Lines = append(p.Lines, line)
		}
		return drawPanels(w, "LSTM copy task with a curriculum", fmt.Sprintf("%d hidden units,  N = %d pairs of %d sequences,  W = 1,  σ = %v,  Adam %v", l.Hidden, l.Workers, l.Batch, l.Sigma, l.LR), p)
	}})
	for i := range runs {
		r.Digest(runs[i])
	}
	return r, nil
}

func negative(x []float64) []float64 {
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = -v
	}
	return out
}
