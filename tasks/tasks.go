package tasks

import (
	"fmt"
	"strings"

	"github.com/noise-reuse/nres/unroll"
)

// A Task is a problem with everything that a training run needs.
type Task struct {
	Name    string
	Summary string    // one line
	Params  []string  // names of the elements of θ
	Start   []float64 // θ at iteration 0
	Truth   []float64 // θ that made the data, or the best one where that is known; else nil

	// Series says that New takes an observed series in place of the simulated one.
	Series bool
	// New builds the problem, from its own data if series is nil.
	New func(series []float64) (unroll.System[float32], error)

	// The published hyperparameters of NRES on this task.
	Workers    int     // N
	Window     int     // W
	Sigma      float64 // σ
	Optimizer  string  // "sgd" or "adam"
	LR         float64
	Iterations int
}

// All returns the tasks, in order of their names.
func All() []Task { return []Task{influenceTask(), lorenzTask()} }

// Lookup returns the task of that name. The error lists the names that exist.
func Lookup(name string) (Task, error) {
	var names []string
	for _, t := range All() {
		if t.Name == name {
			return t, nil
		}
		names = append(names, t.Name)
	}
	return Task{}, fmt.Errorf("unknown task %q; tasks are: %s", name, strings.Join(names, ", "))
}
