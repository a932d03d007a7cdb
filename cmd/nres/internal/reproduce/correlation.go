package reproduce

import (
	"context"
	"fmt"
	"image/color"
	"io"
	"math"
	"runtime"
	"sync"

	"gonum.org/v1/gonum/stat/distuv"
	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"

	"github.com/noise-reuse/nres/cmd/nres/internal/chart"
	"github.com/noise-reuse/nres/estimator"
	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/tasks/network"
	"github.com/noise-reuse/nres/vec"
)

var correlation = Experiment{
	IDs:   []string{"Z3", "Z1", "Z7"},
	Title: "How many offspring for which correlation",
	Run:   runCorrelation,
}

const correlationSetup = `A linear loss of P = 3,274,634 parameters, whose gradient are P normals, and OpenAI-ES in one update after the other of 1,000
mirrored pairs at the same parameters, of which the mean is taken, up to 137,000 pairs: 4.5·10¹¹ normals, twice. The correlation is that of
equation 3. An estimate from n pairs of normals is the gradient's direction, a χ² of n degrees of freedom squared, and P − 1 others, so that
ρ² has a beta distribution with parameters n/2 and (P−1)/2, and a mean of n/(n + P − 1). Networks have losses that are not linear; but what is
published, 3.9 % for 10,000 offspring and 20 % for about 274,000, follows from the number of parameters alone.`

// Of the network and the numbers that Zhang, Clune and Stanley report.
const (
	bigParameters = 3274634
	fewPairs      = 5000    // 3.9 %
	manyPairs     = 137_000 // 20 %
	roundPairs    = 1000
)

// A correlationRun is the parameters of a unit.
type correlationRun struct {
	Parameters, Round, Rounds int
	Noise                     string
	Seed                      uint64
}

// run returns the correlation after each round.
func (r correlationRun) run(ctx context.Context, goroutines int, tick func(float64)) (rho floats, err error) {
	cfg := estimator.Config{Method: estimator.FullES, Workers: r.Round, Sigma: 1, Seed: r.Seed, Parallelism: goroutines}
	if cfg.Noise, err = estimator.ParseNoise(r.Noise); err != nil {
		return nil, err
	}
	at, err := estimator.NewAskTell[float32](r.Parameters, 1, cfg)
	if err != nil {
		return nil, err
	}
	defer at.Close()
	slope, grad, sum := make([]float32, r.Parameters), make([]float32, r.Parameters), make([]float32, r.Parameters)
	noise.Fill(slope, noise.New(r.Seed).Derive(1000), 0)
	var questions []estimator.Question
	answers := make([]estimator.Answer, r.Round)
	for k := range r.Rounds {
		questions = at.AskAll(questions[:0])
		var wg sync.WaitGroup
		for g := range goroutines {
			wg.Go(func() {
				for i := g; i < len(questions) && ctx.Err() == nil; i += goroutines {
					d := directional(slope, questions[i].Eps, cfg.Noise)
					answers[i] = estimator.Answer{Question: questions[i], Plus: d, Minus: -d}
				}
			})
		}
		wg.Wait()
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if _, err := at.TellAll(answers); err != nil {
			return nil, err
		}
		at.Gradient(grad)
		vec.Add(sum, sum, grad)
		rho = append(rho, correlationOf(sum, slope))
		tick(float64(k+1) / float64(r.Rounds))
	}
	return rho, nil
}

// directional returns the derivative of the loss in the direction of a perturbation.
func directional(slope []float32, eps noise.Stream, kind estimator.Noise) (d float64) {
	var block [1 << 13]float32
	for lo := 0; lo < len(slope); lo += len(block) {
		part := slope[lo:min(lo+len(block), len(slope))]
		if kind == estimator.Signs {
			noise.FillSigns(block[:len(part)], eps, uint64(lo))
		} else {
			noise.Fill(block[:len(part)], eps, uint64(lo))
		}
		d += float64(vec.Dot(block[:len(part)], part))
	}
	return d
}

// correlationOf is Pearson's, equation 3.
func correlationOf(a, b []float32) float64 {
	var meanA, meanB float64
	for i := range a {
		meanA += float64(a[i])
		meanB += float64(b[i])
	}
	meanA /= float64(len(a))
	meanB /= float64(len(b))
	var ab, aa, bb float64
	for i := range a {
		x, y := float64(a[i])-meanA, float64(b[i])-meanB
		ab += float64(x * y)
		aa += float64(x * x)
		bb += float64(y * y)
	}
	return ab / math.Sqrt(aa*bb)
}

// correlationLaw returns the correlation after n pairs, and the central 95 % of its
// distribution.
func correlationLaw(n, parameters int) interval {
	b := distuv.Beta{Alpha: float64(n) / 2, Beta: float64(parameters-1) / 2}
	return interval{math.Sqrt(b.Mean()), math.Sqrt(b.Quantile(0.025)), math.Sqrt(b.Quantile(0.975))}
}

func runCorrelation(ctx context.Context, lab *Lab) (*Report, error) {
	run := correlationRun{Parameters: bigParameters, Round: roundPairs, Rounds: manyPairs / roundPairs, Seed: 1}
	few := fewPairs / roundPairs
	if lab.Quick { // a 64th of both; the law is the same
		run.Parameters, run.Round = bigParameters/64, roundPairs/64
	}
	goroutines := lab.Parallelism
	if goroutines < 1 {
		goroutines = runtime.GOMAXPROCS(0)
	}
	alone := *lab // a unit has all the goroutines
	alone.Parallelism = 1
	var units []unit[floats]
	for _, kind := range []string{"normal", "signs"} {
		run := run
		run.Noise = kind
		units = append(units, unit[floats]{run.Noise, run, func(ctx context.Context, tick func(float64)) (floats, error) {
			return run.run(ctx, goroutines, tick)
		}})
	}
	found, err := do(ctx, &alone, units)
	lab.seconds, lab.total = alone.seconds, alone.total
	if err != nil {
		return nil, err
	}
	big, err := network.New[float32](28, 28, 10, network.Conv{Size: 5, Channels: 32}, network.Pool{}, network.Conv{Size: 5, Channels: 64}, network.Pool{}, network.Dense{Units: 1024})
	if err != nil {
		return nil, err
	}
	r := &Report{Setup: correlationSetup}
	r.Rows = append(r.Rows, parametersRow(big.Len()))
	for i, name := range []string{"normals", "random signs"} {
		r.Rows = append(r.Rows, correlationRow("Z3", name, "3.9 %", few, run, found[i]), correlationRow("Z7", name, "20 %", run.Rounds, run, found[i]))
	}
	r.Rows = append(r.Rows, twentyRow(run, found[0]))
	r.Digest(found)
	r.Figures = []Figure{{"correlation", "The correlation of an estimate with the gradient, less what the law says, against the number of mirrored pairs. Between the dashed lines are 95 % of estimates from normals.",
		func(w io.Writer) error { return drawCorrelation(w, run, found) }}}
	return r, nil
}

func parametersRow(n int) Row {
	row := Row{IDs: "Z1", Claim: "The network has 3,274,634 parameters", Paper: "§4", Ours: fmt.Sprint(n), Rule: "reproduced if it has; otherwise not"}
	if n != bigParameters {
		row.Verdict = Verdict{NotReproduced, "another number"}
	}
	return row
}

// correlationRow judges the correlation after some rounds.
func correlationRow(id, name, paper string, rounds int, run correlationRun, rho []float64) Row {
	law := correlationLaw(rounds*run.Round, run.Parameters).times(100)
	got := 100 * rho[rounds-1]
	row := Row{IDs: id, Claim: fmt.Sprintf("%s of %d pairs have a correlation of %.4g %% with the gradient", name, rounds*run.Round, law.Mean), Paper: paper + " in training",
		Ours: fmt.Sprintf("%.4g %%; 95 %% of estimates are between %.4g and %.4g", got, law.Low, law.High),
		Rule: "reproduced if it is among the central 95 % of the law's beta distribution; in order only if within 5 % of its mean; otherwise not"}
	row.Verdict = judge(law.Low <= got && got <= law.High, math.Abs(got/law.Mean-1) < 0.05, "an estimate that 5 % are like", "it is not the law's")
	return row
}

// twentyRow judges how many offspring have a correlation of 20 %.
func twentyRow(run correlationRun, rho []float64) Row {
	const published = 274_000
	want := 2 * float64(run.Parameters-1) / (1/(0.2*0.2) - 1)
	row := Row{IDs: "Z7", Claim: "A correlation of 20 % takes about 274,000 offspring", Paper: "§4: about 274,000",
		Rule: "reproduced if the first estimate of 20 % has as many, within 2 % and a round; otherwise not"}
	k := 0
	for k < len(rho) && rho[k] < 0.2 {
		k++
	}
	if k == len(rho) {
		row.Ours = fmt.Sprintf("not with %d; by the law %.0f", 2*run.Round*run.Rounds, want)
		row.Verdict = Verdict{NotReproduced, "more"}
		return row
	}
	row.Ours = fmt.Sprintf("%d; by the law %.0f", 2*run.Round*(k+1), want)
	if math.Abs(float64(2*run.Round*(k+1))-published) > 0.02*published+2*roundPairs {
		row.Verdict = Verdict{NotReproduced, "another number"}
	}
	return row
}

// drawCorrelation draws what is left of the correlations without the law.
func drawCorrelation(w io.Writer, run correlationRun, found []floats) error {
	rho, rest := chart.New(), chart.New()
	rho.X.Label.Text, rest.X.Label.Text = "mirrored pairs", "mirrored pairs"
	rho.Y.Label.Text, rest.Y.Label.Text = "correlation with the gradient, %", "correlation − law, percentage points"
	var law, low, high plotter.XYs
	curves := make([][2]plotter.XYs, len(found))
	for k := range run.Rounds {
		n := float64((k + 1) * run.Round)
		l := correlationLaw((k+1)*run.Round, run.Parameters).times(100)
		law = append(law, plotter.XY{X: n, Y: l.Mean})
		low, high = append(low, plotter.XY{X: n, Y: l.Low - l.Mean}), append(high, plotter.XY{X: n, Y: l.High - l.Mean})
		for i := range found {
			curves[i][0] = append(curves[i][0], plotter.XY{X: n, Y: 100 * found[i][k]})
			curves[i][1] = append(curves[i][1], plotter.XY{X: n, Y: 100*found[i][k] - l.Mean})
		}
	}
	add := func(p *plot.Plot, name string, pts plotter.XYs, c color.Color, width float64, dashes ...vg.Length) {
		l := chart.Line(pts, c, width)
		l.Dashes = dashes
		p.Add(l)
		if name != "" {
			p.Legend.Add(name, l)
		}
	}
	add(rest, "95 % of estimates from normals", low, color.Black, 0.8, 5, 3)
	add(rest, "", high, color.Black, 0.8, 5, 3)
	for i, name := range []string{"normals", "random signs"} {
		look := chart.LookOf(i, len(found))
		add(rho, name, curves[i][0], look.Color, 2.4-float64(i), look.Dashes...)
		add(rest, name, curves[i][1], look.Color, 1.6, look.Dashes...)
	}
	add(rho, "√(n/(n + P − 1))", law, color.Black, 0.8, 1, 2)
	chart.Corner{Top: true, Left: true}.Place(rho)
	chart.Corner{Top: true}.Place(rest)
	rest.Y.Max += 0.35 * (rest.Y.Max - rest.Y.Min) // room for it
	return chart.Render(w, ".png", "Correlation of estimates with the gradient of a linear loss", fmt.Sprintf("P = %d,  mirrored pairs, %d more each time", run.Parameters, run.Round), []*plot.Plot{rho, rest})
}
