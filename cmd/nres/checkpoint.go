package main

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"strings"

	"github.com/noise-reuse/nres/checkpoint"
)

// A history is what a run has done: so many iterations.
type history interface {
	checkpoint.State
	len() int
}

// A keeper keeps a run's state in a file. A nil one does nothing.
type keeper struct {
	out   *output
	every int
	parts []checkpoint.Part
}

// newKeeper returns the keeper that the flags ask for. With --resume it takes over the
// state of the file, if there is one.
func (j *job) newKeeper(run string, done history, opt, est checkpoint.State) (*keeper, error) {
	if j.checkpoint == "" {
		return nil, nil
	}
	out, err := newOutput("checkpoint", j.checkpoint)
	if err != nil {
		return nil, err
	}
	k := &keeper{out, j.every, []checkpoint.Part{
		{Name: "run", State: identity(run)}, {Name: "trace", State: done}, {Name: "optimizer", State: opt}, {Name: "estimator", State: est},
	}}
	_, err = checkpoint.Read(out.target)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return k, nil
	case !j.resume:
		return nil, badFlag("checkpoint", fmt.Sprintf("%q", j.checkpoint), "a file that doesn't exist yet; or add --resume to go on from it")
	}
	if err := checkpoint.Load(out.target, k.parts...); err != nil {
		return nil, fmt.Errorf("--checkpoint: it can't be resumed: %w", err)
	}
	if done.len() > j.iterations {
		return nil, badFlag("iterations", j.iterations, fmt.Sprintf("at least %d, which %s has made", done.len(), j.checkpoint))
	}
	return k, nil
}

// identity says what the estimator's state doesn't.
func (j *job) identity(series []float64) string {
	data := "none"
	if series != nil {
		h := sha256.New()
		_ = binary.Write(h, binary.LittleEndian, series) // a hash doesn't fail
		data = fmt.Sprintf("of SHA-256 %x", h.Sum(nil))
	}
	return fmt.Sprintf("task %s\n--data %s\n--optimizer %s\n--lr %v", j.task.Name, data, j.optimizer, j.lr)
}

// identity is what a file's run must be the same in, a line each. It is restored where it
// is the same.
type identity string

func (i identity) MarshalBinary() ([]byte, error) { return []byte(i), nil }

func (i identity) UnmarshalBinary(data []byte) error {
	there, here := strings.Split(string(data), "\n"), strings.Split(string(i), "\n")
	if !strings.HasPrefix(there[0], "task ") {
		return errors.New("not of a training")
	}
	for k := range min(len(there), len(here)) { // as many, if the task is the same
		if there[k] != here[k] {
			return fmt.Errorf("%s there, %s here", there[k], here[k])
		}
	}
	return nil
}

// keep writes the file after iteration i if it is time, or last.
func (k *keeper) keep(i int, last bool) error {
	if k == nil || !last && i%k.every != 0 {
		return nil
	}
	if err := checkpoint.Save(k.out.target, k.parts...); err != nil {
		var renaming *os.LinkError
		if errors.As(err, &renaming) && errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("--checkpoint: cannot write %q, which another run writes, too: %w", k.out.path, err)
		}
		return fmt.Errorf("--checkpoint: cannot write %q, which is as it was: %w", k.out.path, err)
	}
	return nil
}

// MarshalBinary returns the losses and parameters of all iterations.
func (tr *trace) MarshalBinary() ([]byte, error) {
	b := binary.LittleEndian.AppendUint64(nil, uint64(tr.len()))
	for _, v := range tr.loss {
		b = binary.LittleEndian.AppendUint64(b, math.Float64bits(v))
	}
	for _, v := range tr.theta {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return b, nil
}

// UnmarshalBinary restores them.
func (tr *trace) UnmarshalBinary(b []byte) error {
	d := len(tr.params)
	if len(b) < 8 || (len(b)-8)%(8+4*d) != 0 || binary.LittleEndian.Uint64(b) != uint64((len(b)-8)/(8+4*d)) {
		return errors.New("its trace has another number of parameters")
	}
	n := (len(b) - 8) / (8 + 4*d)
	b = b[8:]
	tr.loss, tr.theta = tr.loss[:0], tr.theta[:0]
	for ; len(tr.loss) < n; b = b[8:] {
		tr.loss = append(tr.loss, math.Float64frombits(binary.LittleEndian.Uint64(b)))
	}
	for ; len(b) > 0; b = b[4:] {
		tr.theta = append(tr.theta, math.Float32frombits(binary.LittleEndian.Uint32(b)))
	}
	return nil
}
