package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/noise-reuse/nres/estimator"
)

// A report is what is said of a run at its end. The fields are those of the JSON
// object.
type report struct {
	Task       string    `json:"task"`
	Data       *string   `json:"data"` // file, or null for the task's own data
	Estimator  string    `json:"estimator"`
	Phase      string    `json:"phase"`
	Workers    int       `json:"workers"`
	Window     int       `json:"window"`
	Period     int       `json:"period"`
	Sigma      float64   `json:"sigma"`
	Noise      string    `json:"noise"`
	LossScale  string    `json:"loss_scale"`
	Shaping    string    `json:"shaping"`
	Optimizer  string    `json:"optimizer"`
	LR         float64   `json:"lr"`
	Iterations int       `json:"iterations"` // made
	Seed       uint64    `json:"seed"`
	Tier       string    `json:"tier"`
	ThetaNames []string  `json:"theta_names"`
	Theta      []float32 `json:"theta"`
	ThetaMean  []float64 `json:"theta_mean"` // over the last Tail iterations
	Truth      []float64 `json:"truth"`      // null if not known
	Loss       float64   `json:"loss"`       // of the last iteration
	LossMean   float64   `json:"loss_mean"`  // over the last Tail iterations
	Tail       int       `json:"tail"`
	Steps      steps     `json:"steps"`
	SHA256     string    `json:"sha256"`  // of theta
	Seconds    float64   `json:"seconds"` // of this process
	Plot       *string   `json:"plot"`    // file, or null
	CSV        *string   `json:"csv"`     // file, or null

	unusual, note string
	resumed       int // the iterations that a checkpoint had
}

type steps struct {
	Total      uint64 `json:"total"`
	StartUp    uint64 `json:"start_up"`
	Sequential uint64 `json:"sequential"`
}

func newReport(j *job, tr *trace, s estimator.Steps, elapsed time.Duration) *report {
	n := tr.len()
	r := &report{
		Task:       j.task.Name,
		Estimator:  j.cfg.Method.String(),
		Phase:      j.cfg.Phase.String(),
		Workers:    j.cfg.Workers,
		Window:     j.cfg.Window,
		Period:     j.cfg.Period,
		Sigma:      j.cfg.Sigma,
		Noise:      j.cfg.Noise.String(),
		LossScale:  j.cfg.LossScale.String(),
		Shaping:    j.cfg.Shaping.String(),
		Optimizer:  j.optimizer,
		LR:         j.lr,
		Iterations: n,
		Seed:       j.cfg.Seed,
		Tier:       tier(),
		ThetaNames: j.task.Params,
		Theta:      tr.at(n),
		Truth:      j.truth(),
		Loss:       tr.loss[n-1],
		Tail:       tr.tail(),
		Steps:      steps(s),
		SHA256:     digest(tr.at(n)),
		Seconds:    elapsed.Seconds(),
		unusual:    j.unusual(", "),
		note:       j.note(),
	}
	if j.data != "" {
		r.Data = &j.data
	}
	r.ThetaMean, r.LossMean = tr.means()
	return r
}

// truth returns the parameters that made the data, or nil if nobody knows them.
func (j *job) truth() []float64 {
	if j.data != "" {
		return nil
	}
	return j.task.Truth
}

// note returns what a reader of the results should know, or nothing.
func (j *job) note() string {
	// With shorter noise periods, it is another smoothed loss that is minimised.
	if j.task.Name != "lorenz" || j.data != "" || j.cfg.Method != estimator.NRES || j.cfg.Sigma != 0.04 {
		return ""
	}
	return `NRES minimises the loss smoothed over perturbations of σ, not the loss itself. With
σ = 0.04, the smoothed loss is least, 49.7, near (3.284, 2.379), so training leads there
and not to the true parameters, (3.332, 2.303), where it is 56.5. A few runs end in a
local minimum next to it, near (3.286, 2.289), with a loss of about 51.
`
}

// digest returns the SHA-256 of theta's bits, little end first on every machine.
func digest(theta []float32) string {
	h := sha256.New()
	var b [4]byte
	for _, v := range theta {
		binary.LittleEndian.PutUint32(b[:], math.Float32bits(v))
		h.Write(b[:])
	}
	return hex.EncodeToString(h.Sum(nil))
}

func (r *report) text() string {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s\n\n", r.title())

	// Parameters that are logarithms are also shown without.
	var names []string
	logs := make([]bool, len(r.ThetaNames))
	names = append(names, r.ThetaNames...)
	for k, name := range r.ThetaNames {
		var plain string
		if plain, logs[k] = strings.CutPrefix(name, "ln "); logs[k] {
			names = append(names, plain)
		}
	}
	t := tabwriter.NewWriter(&b, 0, 0, 3, ' ', tabwriter.AlignRight)
	row := func(head string, theta []float64, loss string) {
		fmt.Fprintf(t, "%s\t", head)
		for _, v := range theta {
			fmt.Fprintf(t, "%.4f\t", v)
		}
		for k, v := range theta {
			if logs[k] {
				fmt.Fprintf(t, "%.3f\t", math.Exp(v))
			}
		}
		fmt.Fprintf(t, "%s\t\n", loss)
	}
	fmt.Fprintf(t, "\t%s\tloss\t\n", strings.Join(names, "\t"))
	row(fmt.Sprintf("iteration %d", r.Iterations), convert[float64](r.Theta), fmt.Sprintf("%.4g", r.Loss))
	row(fmt.Sprintf("mean of last %d", r.Tail), r.ThetaMean, fmt.Sprintf("%.4g", r.LossMean))
	if r.Truth != nil {
		row("truth", r.Truth, "")
	}
	t.Flush()

	fmt.Fprintf(&b, "\n%d iterations, %d steps (%d to start up; %d in sequence), %.2f s",
		r.Iterations, r.Steps.Total, r.Steps.StartUp, r.Steps.Sequential, r.Seconds)
	if r.resumed > 0 {
		fmt.Fprintf(&b, " since it was resumed at iteration %d", r.resumed)
	}
	b.WriteByte('\n')
	if r.Plot != nil {
		fmt.Fprintf(&b, "picture: %s\n", *r.Plot)
	}
	if r.CSV != nil {
		fmt.Fprintf(&b, "table: %s\n", *r.CSV)
	}
	if r.note != "" {
		fmt.Fprintf(&b, "\n%s", r.note)
	}
	return b.String()
}

func (r *report) title() string {
	data := ""
	if r.Data != nil {
		data = " on " + *r.Data
	}
	return fmt.Sprintf("%s%s: %s, %s phases, N = %d, W = %d, K = %d, σ = %v%s, %s with learning rate %v, seed %d",
		r.Task, data, methodTitle(r.Estimator), r.Phase, r.Workers, r.Window, r.Period, r.Sigma,
		r.unusual, optimizerTitle(r.Optimizer), r.LR, r.Seed)
}

func convert[B, A float32 | float64](x []A) []B {
	y := make([]B, len(x))
	for i, v := range x {
		y[i] = B(v)
	}
	return y
}
