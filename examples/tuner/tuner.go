package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"math"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"

	"github.com/noise-reuse/nres/checkpoint"
	"github.com/noise-reuse/nres/estimator"
	"github.com/noise-reuse/nres/optim"
)

// settings of a tuner. The README says what they were chosen by.
type settings struct {
	start, least, most knobs
	workers            int           // N, pairs of windows for a gradient
	sigma, lr          float64       // in units of θ
	settle, measure    time.Duration // of a window: first not counted, then counted
	fewest             int64         // requests in a window that counts
	seed               uint64
	file               string // checkpoint; "" for none
}

var defaults = settings{
	start:   knobs{64, 500 * time.Millisecond},
	least:   knobs{2, 5 * time.Millisecond},
	most:    knobs{500, 1500 * time.Millisecond}, // so that no answer is late: two pairs of windows take longer
	workers: 3, sigma: 0.2, lr: 0.15,
	settle: 200 * time.Millisecond, measure: 400 * time.Millisecond, fewest: 20,
	seed: 1,
}

// θ is (ln limit, ln(timeout)/2): a step in θ is a factor, for the timeout twice as
// great a one, because the loss depends on it less.
func (k knobs) theta() []float64 {
	return []float64{math.Log(float64(k.limit)), math.Log(k.timeout.Seconds()) / 2}
}

func knobsAt(theta []float64) knobs {
	return knobs{int(math.Round(math.Exp(theta[0]))), time.Duration(math.Exp(2*theta[1]) * float64(time.Second))}
}

// A tuner turns the knobs of a service while it serves. It belongs to one goroutine.
type tuner struct {
	settings
	svc   *service
	sleep func(context.Context, time.Duration) error // the clock; tests have their own
	seen  func(*window)                              // if not nil, gets every window after its time

	at          *estimator.AskTell[float64]
	adam        *optim.Adam[float64]
	theta, grad []float64
	sides       [2][]float64 // θ+σε, θ−σε
	open        []trial
	iteration   counter

	gauges  struct{ limit, timeout, loss, iteration, saved prometheus.Gauge }
	answers *prometheus.CounterVec
}

// A trial is a question and the windows that answer it, under θ+σε and θ−σε.
type trial struct {
	estimator.Question
	windows [2]*window
}

// An episode is two pairs of windows with one ε. In the second the signs change places,
// + − − +, so that traffic that grows or falls doesn't look like the work of ε.
const episode = 2

func newTuner(svc *service, s settings, reg prometheus.Registerer) (*tuner, error) {
	at, err := estimator.NewAskTell[float64](2, episode, estimator.Config{
		Workers: s.workers, Window: 1, Sigma: s.sigma, Seed: s.seed,
		Noise:   estimator.Signs,    // ±σ: what is tried is never farther from θ
		Shaping: estimator.Std,      // or a stall of the machine outweighs everything
		Phase:   estimator.LockStep, // a service has no start to be brought away from
	})
	if err != nil {
		return nil, err
	}
	t := &tuner{
		settings: s, svc: svc, sleep: sleep, at: at, adam: optim.NewAdam(s.lr),
		theta: s.start.theta(), grad: make([]float64, 2), sides: [2][]float64{make([]float64, 2), make([]float64, 2)},
	}
	t.adam.Beta2 = 0.9 // the past of a live service counts for little

	auto := promauto.With(reg)
	gauge := func(name, help string) prometheus.Gauge {
		return auto.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
	}
	t.gauges.limit = gauge("tuner_concurrency_limit", "Requests allowed in flight, as tuned so far.")
	t.gauges.timeout = gauge("tuner_timeout_seconds", "Timeout of a request, as tuned so far.")
	t.gauges.loss = gauge("tuner_loss_seconds", "Mean cost of a request in the windows of the last iteration.")
	t.gauges.iteration = gauge("tuner_iteration", "Updates of the knobs, those before a restart included.")
	t.gauges.saved = gauge("tuner_checkpoint_timestamp_seconds", "Time of the last checkpoint.")
	t.answers = auto.NewCounterVec(prometheus.CounterOpts{
		Name: "tuner_answers_total", Help: "Pairs of windows by what became of them.",
	}, []string{"result"})
	for _, result := range []string{"told", "late", "too_few_requests"} {
		t.answers.WithLabelValues(result)
	}
	t.gauges.loss.Set(math.NaN())
	t.bound()
	return t, nil
}

// bound keeps θ where θ ± σ is allowed, and shows it.
func (t *tuner) bound() {
	least, most := t.least.theta(), t.most.theta()
	for i := range t.theta {
		t.theta[i] = min(max(t.theta[i], least[i]+t.sigma), most[i]-t.sigma)
	}
	k := knobsAt(t.theta)
	t.gauges.limit.Set(float64(k.limit))
	t.gauges.timeout.Set(k.timeout.Seconds())
	t.gauges.iteration.Set(float64(t.iteration))
}

// run tunes until ctx is done.
func (t *tuner) run(ctx context.Context) {
	for {
		for worker := range t.workers {
			if t.try(ctx, worker) != nil {
				return
			}
			t.tell()
		}
		t.step()
	}
}

// hold serves with θ, unperturbed, until ctx is done.
func (t *tuner) hold(ctx context.Context) {
	for {
		if _, err := t.window(ctx, t.theta); err != nil {
			return
		}
	}
}

// try asks what a worker is to run and runs it: a window for each side.
func (t *tuner) try(ctx context.Context, worker int) error {
	tr := trial{Question: t.at.Ask(worker, t.sides[0], t.sides[1], t.theta)}
	for i := range 2 {
		side := (i + tr.From) % 2
		w, err := t.window(ctx, t.sides[side])
		if err != nil {
			return err
		}
		tr.windows[side] = w
	}
	t.open = append(t.open, tr)
	return nil
}

// window serves for a while with the knobs at theta. The requests of its first part meet
// what those before left behind, and don't count.
func (t *tuner) window(ctx context.Context, theta []float64) (*window, error) {
	k := knobsAt(theta)
	t.svc.live.Store(&window{knobs: k})
	if err := t.sleep(ctx, t.settle); err != nil {
		return nil, err
	}
	w := &window{knobs: k}
	t.svc.live.Store(w)
	err := t.sleep(ctx, t.measure)
	t.svc.live.Store(&window{knobs: k})
	if err == nil && t.seen != nil {
		t.seen(w)
	}
	return w, err
}

// tell answers the questions whose requests have all ended. Where that took until the
// worker was asked again, the answer is late and isn't taken.
func (t *tuner) tell() {
	open := t.open[:0]
	for _, tr := range t.open {
		plus, minus := tr.windows[0], tr.windows[1]
		if !plus.over() || !minus.over() {
			open = append(open, tr)
			continue
		}
		result := "told"
		if min(plus.ended.Load(), minus.ended.Load()) < t.fewest {
			result = "too_few_requests"
		} else if err := t.at.Tell(tr.Question, plus.loss(), minus.loss()); err != nil {
			result = "late" // ErrStale is all it can be: losses are finite
		}
		t.answers.WithLabelValues(result).Inc()
	}
	t.open = open
}

// step updates θ from what was told, and saves it.
func (t *tuner) step() {
	loss, steps := t.at.Gradient(t.grad)
	if steps == 0 {
		return
	}
	t.adam.Step(t.theta, t.grad)
	t.iteration++
	t.bound()
	t.gauges.loss.Set(loss)
	k := knobsAt(t.theta)
	slog.Info("tuned", "iteration", t.iteration, "loss", fmt.Sprintf("%.1fms", 1000*loss), "limit", k.limit, "timeout", k.timeout.Round(time.Millisecond))
	if err := t.save(); err != nil { // no reason to stop serving
		slog.Error("no checkpoint", "err", err)
	}
}

// state is all that the tuner's future depends on.
func (t *tuner) state() []checkpoint.Part {
	return []checkpoint.Part{
		{Name: "iteration", State: &t.iteration},
		{Name: "theta", State: checkpoint.Floats[float64](t.theta)},
		{Name: "optimizer", State: t.adam},
		{Name: "estimator", State: t.at},
	}
}

// A counter is a checkpoint.State.
type counter uint64

func (c *counter) MarshalBinary() ([]byte, error) {
	return binary.LittleEndian.AppendUint64(nil, uint64(*c)), nil
}

func (c *counter) UnmarshalBinary(data []byte) error {
	if len(data) != 8 {
		return errors.New("not a counter")
	}
	*c = counter(binary.LittleEndian.Uint64(data))
	return nil
}

// save replaces the checkpoint. Whenever the process dies, there is a whole one.
func (t *tuner) save() error {
	if t.file == "" {
		return nil
	}
	err := checkpoint.Save(t.file, t.state()...)
	if err == nil {
		t.gauges.saved.SetToCurrentTime()
	}
	return err
}

// resume goes on from the checkpoint, if there is one. On an error the tuner can't be used.
func (t *tuner) resume() error {
	if t.file == "" {
		return nil
	}
	err := checkpoint.Load(t.file, t.state()...)
	if errors.Is(err, fs.ErrNotExist) {
		slog.Info("no checkpoint yet", "file", t.file)
		return nil
	}
	if err != nil {
		return fmt.Errorf("can't resume with these flags: %w", err)
	}
	t.adam.LR = t.lr
	t.bound()
	k := knobsAt(t.theta)
	slog.Info("resumed", "file", t.file, "iteration", t.iteration, "limit", k.limit, "timeout", k.timeout.Round(time.Millisecond))
	return nil
}
