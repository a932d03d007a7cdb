package reproduce

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

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

// A lesson is a training of an LSTM to copy ever more bits. It is the parameters of a
// unit, too.
type lesson struct {
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

// learned is what came of a lesson.
type learned struct {
	Solved []int   // the number of updates after which 1, 2, … bits were copied
	Loss   float64 // of a bit, at the end, of the length under way
}

func (l lesson) run(ctx context.Context, tick func(float64)) (learned, error) {
	var out learned
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
func (l lesson) method(sys *tasks.Copy[float32], root noise.Stream) (gradient func(grad, theta []float32) error, closing func(), err error) {
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
func (l lesson) truncated(sys *tasks.Copy[float32], root noise.Stream) func(grad, theta []float32) error {
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

// A copySet is a method's lessons with all seeds.
type copySet struct {
	name string
	runs []learned
}

// copied returns the number of bits that each run copies at the end.
func (s *copySet) copied() (bits []float64) {
	for _, run := range s.runs {
		bits = append(bits, float64(len(run.Solved)))
	}
	return bits
}

// lacking is less the more bits are copied: order wants the best to be least.
func (s *copySet) lacking() group {
	g := group{Name: s.name}
	for _, n := range s.copied() {
		g.Samples = append(g.Samples, -n)
	}
	return g
}

// until returns the number of updates after which each run copies so many bits.
func (s *copySet) until(bits int) (updates []float64) {
	for _, run := range s.runs {
		updates = append(updates, float64(run.Solved[bits-1]))
	}
	return updates
}

// line draws the number of bits against updates.
func (s *copySet) line(updates int) line {
	line := line{Name: s.name}
	for _, run := range s.runs {
		var x, y []float64
		for at, bits := 0, 0; at <= updates; at += copyCheck {
			for bits < len(run.Solved) && run.Solved[bits] <= at {
				bits++
			}
			x, y = append(x, float64(at)), append(y, float64(bits))
		}
		line.X, line.Y = append(line.X, x), append(line.Y, y)
	}
	return line
}

func runCopy(ctx context.Context, lab *Lab) (*Report, error) {
	l := lesson{Hidden: 16, Batch: 8, Workers: 100, Sigma: 0.05, LR: 0.01, Updates: 5000}
	if lab.Quick {
		l.Workers, l.Updates = 50, 300
	}
	seeds := lab.seeds(5)
	sets := []copySet{{name: "NRES"}, {name: esSingle}, {name: "PES"}, {name: "TES"}, {name: "TBPTT"}}
	var units []unit[learned]
	for _, method := range []string{"nres", "essingle", "pes", "tes", "tbptt"} {
		l := l
		l.Method = method
		if method == "tbptt" {
			l.Workers = 20 // its gradient has no noise but the sequences'
		}
		for _, l.Seed = range seeds {
			units = append(units, unit[learned]{fmt.Sprintf("%s, seed %d", method, l.Seed), l, l.run})
		}
	}
	runs, err := do(ctx, lab, units)
	if err != nil {
		return nil, err
	}
	r := &Report{Setup: fmt.Sprintf(`An LSTM of %d units reads bits, then blanks, and is to say the bits again. When the loss of a bit is below %v nats (ln 2 = 0.69 is guessing), there
is one bit more. W = 1; N = %d pairs of %d sequences (TBPTT: 20 batches of as many), σ = %v, Adam with learning rate %v, %d updates; workers in
lock-step, but for NRES's. No sizes have been published.`,
		l.Hidden, copySolved, l.Workers, l.Batch, l.Sigma, l.LR, l.Updates)}
	for i := range sets {
		sets[i].runs = runsOf(runs, seeds, i)
	}
	r.Tables = []Table{copyTable(sets)}
	r.Rows = append(copyLengths(sets), copySpeed(&sets[1], &sets[2]))
	r.Figures = []Figure{{"bits", "Number of bits that are copied, against updates; mean over seeds, band from least to greatest.", func(w io.Writer) error {
		p := panel{X: "update", Y: "bits copied", LinearX: true, LinearY: true, Legend: "lines", Corner: "top left"}
		for i := range sets {
			p.Lines = append(p.Lines, sets[i].line(l.Updates))
		}
		return drawPanels(w, "LSTM copy task with a curriculum", fmt.Sprintf("%d hidden units,  N = %d pairs of %d sequences,  W = 1,  σ = %v,  Adam %v", l.Hidden, l.Workers, l.Batch, l.Sigma, l.LR), p)
	}}}
	for i := range runs {
		r.Digest(runs[i])
	}
	return r, nil
}

func copyTable(sets []copySet) Table {
	t := Table{Title: "Bits copied, and the loss of a bit of the next length, for each seed:", Head: []string{"", "bits", "loss, nats"}}
	for _, c := range sets {
		var bits, losses []string
		for _, run := range c.runs {
			bits, losses = append(bits, fmt.Sprint(len(run.Solved))), append(losses, fmt.Sprintf("%.3f", run.Loss))
		}
		t.Rows = append(t.Rows, []string{c.name, strings.Join(bits, ", "), strings.Join(losses, ", ")})
	}
	return t
}

// copyLengths judges how many bits are copied at the end.
func copyLengths(sets []copySet) []Row {
	var ours []string
	var lacking []group
	for i := range sets {
		ours = append(ours, fmt.Sprintf("%s %v", sets[i].name, meanOf(sets[i].copied())))
		lacking = append(lacking, sets[i].lacking())
	}
	row := Row{IDs: "S7", Paper: "ES-Single, LSTM copy task", Ours: "bits copied at the end: " + strings.Join(ours, "; ")}
	longer, truncated := row, row
	longer.Claim, longer.Rule = "ES-Single reaches longer sequences than PES", orderRule
	longer.Verdict = order(lacking[1], lacking[2])
	truncated.Claim = "TBPTT and truncated ES fail to model long-term dependencies"
	truncated.Rule = "for the bits copied by ES-Single and each of them: " + orderRule
	truncated.Verdict = order(lacking[1], lacking[3], lacking[4])
	return []Row{longer, truncated}
}

// copySpeed judges how long two methods take to the most bits that both copy with all seeds.
func copySpeed(single, pes *copySet) Row {
	row := Row{
		IDs: "S7", Claim: "ES-Single is significantly faster than PES", Paper: "ES-Single, LSTM copy task",
		Rule: "reproduced if the interval of the ratio of updates lies above 1; in order only if its mean does; otherwise not",
	}
	longest := int(min(slices.Min(single.copied()), slices.Min(pes.copied())))
	if longest == 0 {
		row.Ours = "a method copies not one bit"
		row.Verdict = Verdict{NotReproduced, row.Ours}
		return row
	}
	a, b := pes.until(longest), single.until(longest)
	ratio := ratioOf(a, b)
	row.Ours = fmt.Sprintf("updates until %d bits are copied, the most that both do with every seed: ES-Single %v, PES %v times that", longest, meanOf(b), ratio)
	row.Verdict = aboveOne(ratio, "PES is as fast")
	return row
}
