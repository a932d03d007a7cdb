package main

import (
	"crypto/sha256"
	"encoding"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"strings"

	"github.com/noise-reuse/nres/checkpoint"
)

// A state is what can be kept.
type state interface {
	encoding.BinaryMarshaler
	encoding.BinaryUnmarshaler
}

// A history is what a run has done: so many iterations.
type history interface {
	state
	len() int
}

// A keeper keeps a run's state in a file. A nil one does nothing.
type keeper struct {
	out   *output
	every int
	run   string // what the file's run must be the same in, a line each
	parts []part
}

// A part of the state is a section of the file.
type part struct {
	section string
	state   state
}

const sectionRun = "run" // beside those of the parts

// newKeeper returns the keeper that the flags ask for. With --resume it takes over the
// state of the file, if there is one.
func (j *job) newKeeper(run string, done history, opt, est state) (*keeper, error) {
	if j.checkpoint == "" {
		return nil, nil
	}
	out, err := newOutput("checkpoint", j.checkpoint)
	if err != nil {
		return nil, err
	}
	k := &keeper{out, j.every, run, []part{{"trace", done}, {"optimizer", opt}, {"estimator", est}}}
	sections, err := checkpoint.Read(out.target)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return k, nil
	case !j.resume:
		return nil, badFlag("checkpoint", fmt.Sprintf("%q", j.checkpoint), "a file that doesn't exist yet; or add --resume to go on from it")
	case err != nil:
		return nil, fmt.Errorf("--checkpoint: %w", err)
	}
	if err := k.restore(sections); err != nil {
		return nil, fmt.Errorf("--checkpoint: %s can't be resumed with these flags: %w", j.checkpoint, err)
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

func (k *keeper) restore(sections []checkpoint.Section) error {
	data := map[string][]byte{}
	for _, s := range sections {
		data[s.Name] = s.Data
	}
	there, here := strings.Split(string(data[sectionRun]), "\n"), strings.Split(k.run, "\n")
	if !strings.HasPrefix(there[0], "task ") {
		return errors.New("it is not of a training run")
	}
	for i := range min(len(there), len(here)) { // as many, if the task is the same
		if there[i] != here[i] {
			return fmt.Errorf("%s there, %s here", there[i], here[i])
		}
	}
	for _, p := range k.parts {
		if err := p.state.UnmarshalBinary(data[p.section]); err != nil {
			return err
		}
	}
	return nil
}

// keep writes the file after iteration i if it is time, or last.
func (k *keeper) keep(i int, last bool) error {
	if k == nil || !last && i%k.every != 0 {
		return nil
	}
	sections := []checkpoint.Section{{Name: sectionRun, Data: []byte(k.run)}}
	for _, p := range k.parts {
		data, err := p.state.MarshalBinary()
		if err != nil {
			return err
		}
		sections = append(sections, checkpoint.Section{Name: p.section, Data: data})
	}
	if err := checkpoint.Write(k.out.target, sections...); err != nil {
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
