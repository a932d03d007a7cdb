package estimator

import (
	"fmt"
	"math"
	"runtime"
	"strings"
)

// A Method says when workers draw new perturbations.
type Method uint8

const (
	NRES Method = iota // once an episode
	PES                // every window
	GPES               // every Config.Period steps
)

// A Phase says where in their episodes the workers stand relative to each other.
type Phase uint8

const (
	// Stratified workers stand W steps apart, worker i at (u + iW) mod T with one
	// random u, so that the windows tile the episode. Where N·W is a multiple of T,
	// every gradient weighs every step of the episode equally, which removes the
	// variance between windows.
	Stratified Phase = iota
	// Random workers start at independent uniform multiples of gcd(W, T). This is
	// the paper's choice. Where W divides T the drawn phases stay as they are, and a
	// run optimises whatever mix of windows it drew.
	Random
	// LockStep workers all start at 0.
	LockStep
)

var (
	methodNames = []string{"nres", "pes", "gpes"}
	phaseNames  = []string{"stratified", "random", "lockstep"}
)

// MethodNames and PhaseNames list what ParseMethod and ParsePhase take.
func MethodNames() []string { return append([]string(nil), methodNames...) }
func PhaseNames() []string  { return append([]string(nil), phaseNames...) }

// ParseMethod returns the method of that name.
func ParseMethod(name string) (Method, error) {
	i, err := parse("Method", methodNames, name)
	return Method(i), err
}

// ParsePhase returns the phase of that name.
func ParsePhase(name string) (Phase, error) {
	i, err := parse("Phase", phaseNames, name)
	return Phase(i), err
}

func (m Method) String() string { return nameOf("Method", methodNames, int(m)) }
func (p Phase) String() string  { return nameOf("Phase", phaseNames, int(p)) }

func parse(field string, names []string, name string) (int, error) {
	for i, n := range names {
		if n == name {
			return i, nil
		}
	}
	return 0, &ConfigError{field, fmt.Sprintf("%q", name), "one of " + strings.Join(names, ", ")}
}

func nameOf(field string, names []string, i int) string {
	if i < len(names) {
		return names[i]
	}
	return fmt.Sprintf("%s(%d)", field, i)
}

// Config holds what an [Estimator] is made from. Workers, Window and Sigma have no
// defaults; the zero values of the rest are the recommended ones.
type Config struct {
	Method  Method
	Phase   Phase
	Workers int     // N ≥ 1
	Window  int     // W, in steps, 1 to T
	Period  int     // K ≥ 1, in steps; for GPES only, 0 with the other methods
	Sigma   float64 // σ, the standard deviation of the perturbation, positive
	Seed    uint64

	// Parallelism bounds the goroutines that unroll; 0 stands for GOMAXPROCS. It
	// does not change results.
	Parallelism int
}

// A ConfigError names a field of Config, or an argument of New, that is not what
// it may be.
type ConfigError struct {
	Field   string
	Value   string
	Allowed string
}

func (e *ConfigError) Error() string {
	return fmt.Sprintf("estimator: %s is %s; allowed: %s", e.Field, e.Value, e.Allowed)
}

// check also resolves Period and Parallelism.
func (c *Config) check(horizon int) error {
	bad := func(field string, value interface{}, allowed string) error {
		return &ConfigError{field, fmt.Sprint(value), allowed}
	}
	switch {
	case int(c.Method) >= len(methodNames):
		return bad("Method", uint8(c.Method), "NRES, PES, GPES")
	case int(c.Phase) >= len(phaseNames):
		return bad("Phase", uint8(c.Phase), "Stratified, Random, LockStep")
	case c.Workers < 1:
		return bad("Workers", c.Workers, "N ≥ 1")
	case c.Window < 1 || c.Window > horizon:
		return bad("Window", c.Window, fmt.Sprintf("1 ≤ W ≤ T = %d", horizon))
	case c.Method == GPES && c.Period < 1:
		return bad("Period", c.Period, "K ≥ 1 with GPES")
	case c.Method != GPES && c.Period != 0:
		return bad("Period", c.Period, fmt.Sprintf("0 with %v, which has its own; GPES takes any", c.Method))
	case !(c.Sigma > 0) || math.IsInf(c.Sigma, 0):
		return bad("Sigma", c.Sigma, "positive and finite")
	case c.Parallelism < 0:
		return bad("Parallelism", c.Parallelism, "≥ 1, or 0 for GOMAXPROCS")
	}
	switch c.Method {
	case NRES:
		c.Period = horizon
	case PES:
		c.Period = c.Window
	case GPES:
		if c.Period > horizon {
			c.Period = horizon // an episode ends every noise period
		}
	}
	if c.Parallelism == 0 {
		c.Parallelism = runtime.GOMAXPROCS(0)
	}
	if c.Parallelism > c.Workers {
		c.Parallelism = c.Workers
	}
	return nil
}
