package estimator_test

import (
	"context"
	"fmt"
	"math"
	"sync"

	"github.com/noise-reuse/nres/estimator"
	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/optim"
	"github.com/noise-reuse/nres/tasks"
)

// leaky is a tank: θ is what flows in at each step, a tenth of the level flows out,
// and the level is to be 5.
type leaky struct{}

func (leaky) ParamLen() int                    { return 1 }
func (leaky) StateLen() int                    { return 1 }
func (leaky) Horizon() int                     { return 60 }
func (leaky) Init(s []float64, _ noise.Stream) { s[0] = 0 }
func (leaky) Step(s, theta []float64, _ int, _ noise.Stream) float64 {
	s[0] += theta[0] - float64(0.1*s[0])
	return float64((s[0] - 5) * (s[0] - 5))
}

func Example() {
	est, err := estimator.New[float64](leaky{}, estimator.Config{Workers: 30, Window: 10, Sigma: 0.1})
	if err != nil {
		fmt.Println(err)
		return
	}
	theta, grad := []float64{0}, []float64{0}
	sgd := optim.SGD[float64]{LR: 0.01}
	for i := 0; i < 500; i++ {
		if _, err := est.Gradient(grad, theta); err != nil {
			fmt.Println(err)
			return
		}
		sgd.Step(theta, grad)
	}
	fmt.Printf("inflow %.2f after %d steps\n", theta[0], est.Steps().Total)
	// Output: inflow 0.52 after 301500 steps
}

// Is the gradient of one's own system right? Its mean beside central differences of the
// smoothed loss, whose perturbations are the same on both sides.
func ExampleSmoothedLoss() {
	const sigma, h, n = 0.1, 0.01, 1000
	loss := func(theta float64) float64 {
		mean, _ := estimator.SmoothedLoss[float64](leaky{}, []float64{theta}, sigma, leaky{}.Horizon(), n, 1)
		return mean
	}
	cfg := estimator.Config{Workers: 30, Window: 10, Sigma: sigma}
	nres, err := estimator.Variance[float64](context.Background(), leaky{}, []float64{0.4}, cfg, n, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("by differences %.2f\n", (loss(0.4+h)-loss(0.4-h))/(2*h))
	fmt.Printf("by NRES %.2f ± %.2f\n", nres.Mean[0], 2*math.Sqrt(nres.Variance/n))
	// Output:
	// by differences -23.30
	// by NRES -23.37 ± 0.38
}

// A service tunes two knobs while it serves: half of its requests run with θ+σε, the
// other half with θ−σε. All that the estimator sees is what they cost.
func ExampleAskTell() {
	cost := func(knob []float64, requests int) float64 { // what the service measures: a sum over requests
		return float64(requests) * ((knob[0]-2)*(knob[0]-2) + 3*(knob[1]+1)*(knob[1]+1))
	}
	at, err := estimator.NewAskTell[float64](2, 20, estimator.Config{ // an ε is kept for 20 requests
		Workers: 1, Window: 10, Sigma: 0.1, Phase: estimator.LockStep, Noise: estimator.Signs,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	theta, grad := []float64{0, 0}, make([]float64, 2)
	plus, minus := make([]float64, 2), make([]float64, 2)
	adam := optim.NewAdam(0.05)
	for i := 0; i < 400; i++ {
		q := at.Ask(0, plus, minus, theta)
		if err := at.Tell(q, cost(plus, q.Steps), cost(minus, q.Steps)); err != nil {
			fmt.Println(err)
			return
		}
		if _, steps := at.Gradient(grad); steps > 0 { // with no answer there is nothing to learn
			adam.Step(theta, grad)
		}
	}
	fmt.Printf("knobs %.1f\n", theta)
	// Output: knobs [2.0 -1.0]
}

// Four replicas of a service tune it together, each at its own pace. Whoever has told
// enough for a gradient makes the step.
func ExampleAskTell_replicas() {
	const replicas, window = 4, 10
	at, err := estimator.NewAskTell[float64](1, 2*window, estimator.Config{
		Workers: replicas, Window: window, Sigma: 0.1, Phase: estimator.LockStep, Noise: estimator.Signs,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	cost := func(knob float64, requests int) float64 { return float64(requests) * (knob - 2) * (knob - 2) }

	var mu sync.Mutex // guards theta, grad and adam
	theta, grad, adam := []float64{0}, []float64{0}, optim.NewAdam(0.05)
	replica := func(worker int) {
		plus, minus := []float64{0}, []float64{0}
		for i := 0; i < 300; i++ {
			mu.Lock()
			q := at.Ask(worker, plus, minus, theta)
			mu.Unlock()
			// It serves, with plus and with minus.
			err := at.Tell(q, cost(plus[0], q.Steps), cost(minus[0], q.Steps))
			if err != nil { // late, or not finite: this answer is lost, no more
				continue
			}
			mu.Lock()
			if at.Told() >= replicas*window {
				at.Gradient(grad)
				adam.Step(theta, grad)
			}
			mu.Unlock()
		}
	}
	var wg sync.WaitGroup
	for worker := 0; worker < replicas; worker++ {
		wg.Add(1)
		go func(worker int) {
			defer wg.Done()
			replica(worker)
		}(worker)
	}
	wg.Wait()
	fmt.Printf("knob %.1f\n", theta[0])
	// Output: knob 2.0
}

// Other machines evaluate a population. Each of them needs theta and, for every pair, a
// stream: 16 bytes there, two losses back.
func ExampleAskTell_AskAll() {
	const d, sigma = 3, 0.1
	theta := []float64{5, 7, 9}
	elsewhere := func(eps noise.Stream) (float64, float64) {
		loss := func(x []float64) float64 { return 3*x[0] - 2*x[1] + x[2] }
		plus, minus := make([]float64, d), make([]float64, d)
		noise.PerturbPair(plus, minus, theta, sigma, eps, 0)
		return loss(plus), loss(minus)
	}
	at, err := estimator.NewAskTell[float64](d, 1, estimator.Config{
		Method: estimator.FullES, Workers: 100_000, Sigma: sigma,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	var answers []estimator.Answer
	for _, q := range at.AskAll(nil) {
		plus, minus := elsewhere(q.Eps)
		answers = append(answers, estimator.Answer{Question: q, Plus: plus, Minus: minus})
	}
	if _, err := at.TellAll(answers); err != nil {
		fmt.Println(err)
		return
	}
	grad := make([]float64, d)
	at.Gradient(grad)
	fmt.Printf("%.1f\n", grad)
	// Output: [3.0 -2.0 1.0]
}

// The variance of three methods on one system, and the sign that TES gets wrong.
// Variance measures any system; Predict computes that of an AntitheticLinear.
func ExampleVariance() {
	sys, err := tasks.NewInfluence[float64](tasks.InfluenceHorizon)
	if err != nil {
		fmt.Println(err)
		return
	}
	theta := []float64{tasks.InfluenceStart}
	for _, m := range []estimator.Method{estimator.NRES, estimator.PES, estimator.TES} {
		cfg := estimator.Config{Method: m, Workers: 10, Window: 10, Sigma: 0.1, Phase: estimator.Random}
		measured, err := estimator.Variance[float64](context.Background(), sys, theta, cfg, 400, nil)
		if err != nil {
			fmt.Println(err)
			return
		}
		predicted, err := estimator.Predict[float64](sys, theta, cfg)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Printf("%-4v variance %3.0f to %3.0f, predicted %3.0f, of gradients about %3.0f\n",
			m, measured.Low, measured.High, predicted.Variance(), predicted.Mean[0])
	}
	// Output:
	// nres variance 177 to 294, predicted 210, of gradients about  26
	// pes  variance 8899 to 11683, predicted 10447, of gradients about  26
	// tes  variance 111 to 141, predicted 120, of gradients about -18
}
