package estimator

import (
	"fmt"
	"hash/crc32"
	"strings"

	"github.com/noise-reuse/nres/internal/codec"
	"github.com/noise-reuse/nres/noise"
)

// MarshalBinary returns the whole state of the estimator: a twin, made by New with
// the same system and configuration and given it by UnmarshalBinary, goes on with the
// same bits, on any architecture. Perturbations are not in it, but the system's
// states are: 2N of them (TES: N; PESAnalytic: 3N). After a Gradient that has failed it returns
// that error. It allocates what it returns, and more while it does.
func (est *Estimator[F]) MarshalBinary() ([]byte, error) {
	e := est.engine
	e.idle()
	if err := e.failed(); err != nil {
		return nil, err
	}
	var w codec.Writer
	e.marshal(&w, fmt.Sprintf("StateLen %d", e.stateLen))
	w.Bool(e.started)
	states := make([]F, e.perWorker*e.stateLen*len(e.workers))
	for i := range e.workers {
		// Nothing comes of the states of a lost pair: they are left 0.
		if !e.workers[i].lost || e.cfg.Method == TES {
			e.getStates(i, e.statesOf(states, i)...)
		}
	}
	codec.Floats(&w, states)
	return w.Sum(), nil
}

// statesOf returns the states of worker i among those of all workers, in order.
func (e *engine[F]) statesOf(all []F, i int) [][]F {
	n := e.stateLen
	states := make([][]F, e.perWorker)
	for c := range states {
		states[c] = all[n*(e.perWorker*i+c):][:n]
	}
	return states
}

// UnmarshalBinary restores a state. It returns an error, and changes nothing, if the
// data is damaged or of an estimator of another configuration, whose differences it
// names. Parallelism, KeepSums, NonFinite and Strict may differ. Sigma is compared as New was
// given it; that of SetSigma, which Config returns, is part of the state.
func (est *Estimator[F]) UnmarshalBinary(data []byte) error {
	e := est.engine
	e.idle()
	r := codec.Checked(data)
	state := e.unmarshal(&r, fmt.Sprintf("StateLen %d", e.stateLen))
	started, states := r.Bool(), codec.ReadFloats[F](&r)
	if r.Err == nil && len(states) != e.perWorker*e.stateLen*len(e.workers) {
		r.Err = codec.ErrShort
	}
	if err := r.End(); err != nil {
		return fmt.Errorf("estimator: this state does not fit: %w", err)
	}
	e.restore(state)
	e.started, e.panicked = started, nil
	for i := range e.workers {
		if e.workers[i].lost {
			e.odd.Store(true)
		}
		e.setStates(i, e.statesOf(states, i)...)
	}
	return nil
}

// MarshalBinary returns the state of all workers, what they told since the last
// gradient included. Open questions are not in it: their workers are asked again.
func (a *AskTell[F]) MarshalBinary() ([]byte, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	var w codec.Writer
	a.crew.marshal(&w, "AskTell")
	for _, k := range a.asked {
		w.Uint(k.serial)
		w.Int(k.left)
		w.Bool(k.warmUp)
		w.Bool(k.done)
	}
	return w.Sum(), nil
}

// UnmarshalBinary restores a state, as [Estimator.UnmarshalBinary] does. Questions that were
// asked after it was taken may be asked again, under the same serial number, around
// another theta: throw away answers that come for the process that is gone.
func (a *AskTell[F]) UnmarshalBinary(data []byte) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	r := codec.Checked(data)
	state := a.crew.unmarshal(&r, "AskTell")
	asked := make([]asked, len(a.asked))
	for i := range asked {
		k := &asked[i]
		k.serial, k.left, k.warmUp, k.done = r.Uint(), r.Int(), r.Bool(), r.Bool()
	}
	if err := r.End(); err != nil {
		return fmt.Errorf("estimator: this state does not fit: %w", err)
	}
	a.crew.restore(state)
	a.asked = asked
	return nil
}

// identity lists, one a line, what must be the same where a state is restored.
func (c *crew[F]) identity(more string) string {
	var bits F
	k := &c.cfg
	// Of these there may be many.
	buckets, matrices := fmt.Sprint(k.Buckets), fmt.Sprint(k.Matrices)
	sum := func(s string) uint32 { return crc32.ChecksumIEEE([]byte(s)) }
	return fmt.Sprintf("Method %v\nPhase %v\nWorkers %d\nWindow %d\nPeriod %d\nSigma %v\nSeed %d\nNoise %v\nLossScale %v\nShaping %v\nTelescoping %v\nBuckets %d (%08x)\nRank %d\nMatrices %d (%08x)\nParamLen %d\nHorizon %d\nelements %T\n%s",
		k.Method, k.Phase, k.Workers, k.Window, k.Period, c.initialSigma, k.Seed, k.Noise, k.LossScale, k.Shaping, k.Telescoping, len(k.Buckets), sum(buckets), k.Rank, len(k.Matrices), sum(matrices), c.d, c.horizon, bits, more)
}

func (c *crew[F]) marshal(w *codec.Writer, more string) {
	w.String(c.identity(more))
	w.Float(c.cfg.Sigma)
	w.Uint(c.count)
	for i := range c.workers {
		k := &c.workers[i]
		w.Int(c.tau[i])
		w.Uint(k.episode)
		w.Uint(k.window)
		stream(w, c.eps[i])
		w.Bool(k.lost)
		w.Int(k.steps)
		w.Float(k.plus)
		w.Float(k.minus)
		w.Float(k.told)
		w.Uint(c.made[i])
		w.Uint(k.dropped)
		w.Int(len(k.terms))
		for _, t := range k.terms {
			w.Float(t.weight)
			stream(w, t.episode)
			stream(w, t.eps)
			w.Uint(t.last)
			w.Int(t.steps)
			w.Int(t.bucket)
		}
	}
}

func stream(w *codec.Writer, s noise.Stream) {
	w.Uint(s.Key)
	w.Uint(s.Sub)
}

func readStream(r *codec.Reader) noise.Stream { return noise.Stream{Key: r.Uint(), Sub: r.Uint()} }

// state is what marshal writes.
type state struct {
	sigma   float64
	count   uint64
	workers []worker
	positions
}

func (c *crew[F]) restore(s state) {
	c.workers, c.positions, c.count = s.workers, s.positions, s.count
	_ = c.setSigma(s.sigma) // unmarshal has checked it
	c.unfind()              // what a failed gradient has left
}

// unmarshal returns what marshal wrote, and leaves c alone.
func (c *crew[F]) unmarshal(r *codec.Reader, more string) state {
	if err := different(r.String(), c.identity(more)); err != nil && r.Err == nil {
		r.Err = err
	}
	sigma, count := r.Float(), r.Uint()
	if _, err := c.limitOf(sigma); err != nil && r.Err == nil {
		r.Err = err
	}
	workers, at := append([]worker(nil), c.workers...), makePositions(len(c.workers))
	for i := range workers {
		k := &workers[i]
		at.tau[i], k.episode, k.window = r.Int(), r.Uint(), r.Uint()
		k.noise, at.env[i] = c.streams(i, k.episode)
		k.bucket = c.turn(i, k.episode) // TES draws one for each window
		at.eps[i] = readStream(r)
		k.lost, k.steps, k.plus, k.minus, k.told = r.Bool(), r.Int(), r.Float(), r.Float(), r.Float()
		at.made[i], k.dropped = r.Uint(), r.Uint()
		k.kept, k.err = 0, nil
		n := r.Uint()
		if r.Err == nil && (at.tau[i] < 0 || at.tau[i] >= c.horizon || n > uint64(len(r.B))) {
			r.Err = codec.ErrShort
		}
		if r.Err != nil {
			break
		}
		k.terms = make([]term, 0, int(n)+cap(k.terms))
		for ; n > 0; n-- {
			t := term{r.Float(), readStream(r), readStream(r), r.Uint(), r.Int(), r.Int()}
			if r.Err == nil && (t.bucket < 0 || t.bucket >= c.shape.buckets()) {
				r.Err = codec.ErrShort
			}
			k.terms = append(k.terms, t)
		}
	}
	return state{sigma, count, workers, at}
}

// different names the lines in which two identities differ.
func different(theirs, ours string) error {
	a, b := strings.Split(theirs, "\n"), strings.Split(ours, "\n")
	if len(a) != len(b) {
		return fmt.Errorf("it is not the state of such an estimator")
	}
	var diffs []string
	for i := range a {
		if a[i] != b[i] {
			diffs = append(diffs, fmt.Sprintf("%s there, %s here", a[i], b[i]))
		}
	}
	if diffs != nil {
		return fmt.Errorf("%s", strings.Join(diffs, "; "))
	}
	return nil
}
