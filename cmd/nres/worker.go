package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"

	"github.com/noise-reuse/nres/internal/child"
	"github.com/noise-reuse/nres/internal/cpu"
	"github.com/spf13/cobra"
)

// A worker is a process of this program that times rows on one tier. All timing is
// done by such processes, whatever the tier, so that none is at a disadvantage.
type worker struct {
	*child.Child
	tier cpu.Tier
}

// An order is what a worker is to time, for how long.
type order struct {
	Operation, Type string
	N               int
	Time            time.Duration
}

// A timing is its answer: how long a call took, and the clock's frequency.
type timing struct {
	Tier    string
	NS, GHz float64
}

const workerName = "bench-worker"

// startWorker starts this program again. It ends with ctx, or with this process.
func startWorker(ctx context.Context, tier cpu.Tier) (*worker, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, self, workerName)
	cmd.Env = append(os.Environ(), "NRES_SIMD="+tier.String())
	p, err := child.Start(cmd)
	return &worker{p, tier}, err
}

// time times a row.
func (w *worker) time(r *row, d time.Duration) (t timing, err error) {
	err = w.Ask(order{r.Operation, r.Type, r.N, d}, &t)
	switch {
	case err != nil:
		return t, fmt.Errorf("the process that times %v: %w", w.tier, err)
	case t.Tier != w.tier.String():
		return t, fmt.Errorf("the process that times %v runs %s", w.tier, t.Tier)
	}
	return t, nil
}

// workerCommand is a worker.
func workerCommand() *cobra.Command {
	return &cobra.Command{
		Use:    workerName,
		Short:  "Time what the standard input says, for nres bench",
		Hidden: true,
		Args:   noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			pin()
			return work(cmd.InOrStdin(), cmd.OutOrStdout())
		},
	}
}

// work carries out orders until there are no more.
func work(in io.Reader, out io.Writer) error {
	from, to := json.NewDecoder(in), json.NewEncoder(out)
	var last order
	var t *timer
	for {
		var o order
		if err := from.Decode(&o); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if o.Operation != last.Operation || o.Type != last.Type || o.N != last.N {
			t, last = nil, o
			for _, op := range operations() {
				if op.name == o.Operation && op.elem == o.Type && 1 <= o.N && o.N <= maxSize {
					t = newTimer(op.prepare(o.N))
				}
			}
		}
		if t == nil {
			return fmt.Errorf("%s: there is no %s %s n=%d", workerName, o.Operation, o.Type, o.N)
		}
		ghz := clock()
		if err := to.Encode(timing{tier(), t.time(o.Time), ghz}); err != nil {
			return err
		}
	}
}
