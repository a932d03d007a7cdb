package estimator

import (
	"fmt"
	"runtime"
	"strings"
)

// A Method says when workers draw new perturbations, and what a window starts from.
type Method uint8

const (
	NRES        Method = iota // one perturbation an episode
	PES                       // a new one every window
	GPES                      // a new one every Config.Period steps
	FullES                    // NRES whose window is the whole episode
	TES                       // a new one every window, from the unperturbed state; biased
	ESSingle                  // lock-step, a new one every Config.Interval windows
	PESAnalytic               // PES, with the exact derivative of each window by its own parameters
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
	// Staggered workers all start at 0, too, but the first episode of worker i is cut
	// short at the end of the first window that reaches step ⌊T/N⌋·(i+1), if it has
	// not ended by then. So they spread without start-up, but gradients before step T
	// see more of the beginning of episodes than of the end. It differs from
	// Stratified in that, in having no random u, and in the spacing, ⌊T/N⌋ (or W, if
	// that is more) instead of W. With N > T worker i is cut at step i mod T + 1. (It
	// is the initial_reset_t of the code published with Vicol et al., ICML 2021.)
	Staggered
)

// Noise is the distribution of the perturbations.
type Noise uint8

const (
	Normal Noise = iota
	Signs        // ±1: the same smoothing to second order, a smaller variance
)

// LossScale says what a window's losses are turned into.
type LossScale uint8

const (
	Mean LossScale = iota // over the window: the NRES paper's convention
	Sum                   // the ES-Single and PES papers': W times as much
)

// Shaping says what becomes of the losses before they weigh perturbations.
type Shaping uint8

const (
	Raw Shaping = iota // as they are
	// Std divides the gradient by the standard deviation, over the 2N perturbed
	// windows, of the window's mean loss, and multiplies it by σ.
	Std
	// Sign takes the sign of each window's L⁺ − L⁻ for it.
	Sign
	// CenteredRank takes the ranks of the 2N losses, spread evenly over [−½, ½], ties
	// sharing their mean (Salimans et al., "Evolution strategies as a scalable
	// alternative to reinforcement learning", 2017).
	CenteredRank
)

// NonFinite says what to do about a loss that is NaN or infinite, or so large, given σ, that
// the gradient might be: see [NonFiniteError]. A loss on its way there counts in full: 1e30 in one
// window is a gradient like that. If a system may diverge, bound its losses, or shape them by Sign or CenteredRank.
type NonFinite uint8

const (
	Fail     NonFinite = iota // return a NonFiniteError
	DropPair                  // leave the pair out until its episode ends
)

var (
	methodNames    = []string{"nres", "pes", "gpes", "fulles", "tes", "essingle", "pesanalytic"}
	phaseNames     = []string{"stratified", "random", "lockstep", "staggered"}
	noiseNames     = []string{"normal", "signs"}
	lossScaleNames = []string{"mean", "sum"}
	shapingNames   = []string{"raw", "std", "sign", "rank"}
	nonFiniteNames = []string{"fail", "drop"}
)

// MethodNames, PhaseNames and so on return the names that ParseMethod, ParsePhase and so
// on take, in the order of the constants. The slice is the caller's.
func MethodNames() []string    { return append([]string(nil), methodNames...) }
func PhaseNames() []string     { return append([]string(nil), phaseNames...) }
func NoiseNames() []string     { return append([]string(nil), noiseNames...) }
func LossScaleNames() []string { return append([]string(nil), lossScaleNames...) }
func ShapingNames() []string   { return append([]string(nil), shapingNames...) }
func NonFiniteNames() []string { return append([]string(nil), nonFiniteNames...) }

// ParseMethod returns the method of that name. Errors are of type *[ConfigError].
func ParseMethod(name string) (Method, error) { return parse[Method]("Method", methodNames, name) }

// ParsePhase returns the phase of that name. Errors are of type *[ConfigError].
func ParsePhase(name string) (Phase, error) { return parse[Phase]("Phase", phaseNames, name) }

// ParseNoise returns the noise of that name. Errors are of type *[ConfigError].
func ParseNoise(name string) (Noise, error) { return parse[Noise]("Noise", noiseNames, name) }

// ParseLossScale returns the loss scale of that name. Errors are of type *[ConfigError].
func ParseLossScale(name string) (LossScale, error) {
	return parse[LossScale]("LossScale", lossScaleNames, name)
}

// ParseShaping returns the shaping of that name. Errors are of type *[ConfigError].
func ParseShaping(name string) (Shaping, error) {
	return parse[Shaping]("Shaping", shapingNames, name)
}

// ParseNonFinite returns the policy of that name. Errors are of type *[ConfigError].
func ParseNonFinite(name string) (NonFinite, error) {
	return parse[NonFinite]("NonFinite", nonFiniteNames, name)
}

func (m Method) String() string    { return nameOf("Method", methodNames, int(m)) }
func (p Phase) String() string     { return nameOf("Phase", phaseNames, int(p)) }
func (n Noise) String() string     { return nameOf("Noise", noiseNames, int(n)) }
func (s LossScale) String() string { return nameOf("LossScale", lossScaleNames, int(s)) }
func (s Shaping) String() string   { return nameOf("Shaping", shapingNames, int(s)) }
func (n NonFinite) String() string { return nameOf("NonFinite", nonFiniteNames, int(n)) }

func parse[E ~uint8](field string, names []string, name string) (E, error) {
	for i, n := range names {
		if n == name {
			return E(i), nil
		}
	}
	return 0, bad(field, fmt.Sprintf("%q", name), "one of "+strings.Join(names, ", "))
}

func nameOf(field string, names []string, i int) string {
	if i < len(names) {
		return names[i]
	}
	return fmt.Sprintf("%s(%d)", field, i)
}

// Config says what kind of [Estimator] or [AskTell] to make. Workers, Window and Sigma
// have no defaults; the zero values of the rest are the recommended ones.
type Config struct {
	Method   Method
	Phase    Phase   // ESSingle is LockStep, whatever this says
	Workers  int     // N ≥ 1, the number of antithetic pairs
	Window   int     // W, in steps, 1 to T; FullES: T, or 0 for it
	Period   int     // K ≥ 1, in steps, for GPES; with the other methods 0, or the K that they imply
	Interval int     // M ≥ 1, in windows, for ESSingle; 0 is one perturbation an episode, M = T/W
	Sigma    float64 // σ, one standard deviation for all parameters; σ and 1/σ are positive and finite in the estimator's type
	Seed     uint64

	Noise     Noise
	LossScale LossScale // ESSingle is Sum, whatever this says
	Shaping   Shaping   // Sign and CenteredRank need windows under one perturbation: Strict ones
	NonFinite NonFinite

	// Telescoping is for losses that telescope, those of unroll.Telescope. Where a
	// new perturbation ε begins, after step t, it weighs L_t with the ξ of its own
	// time: a window up to step t' is worth L_t'·(ξ+ε) − L_t·ξ (the telescoping form
	// of the code published with Vicol et al., ICML 2021), not (L_t' − L_t)·(ξ+ε), and
	// an episode is worth L_T·ξ. Both are unbiased. What it adds, L_t·ε, lowers the
	// variance where the loss forgets within a window, and raises it where L_t' is
	// about L_t: measure. It does nothing with one perturbation an episode.
	Telescoping bool

	// Buckets are the lengths of consecutive ranges that theta is cut into; nil is one
	// bucket, all of theta. A pair perturbs one bucket for an episode (TES: a window),
	// and adds to the gradient of that one only: noise and sums cost as much as the
	// bucket is long (Zhang, Clune and Stanley, 2017, "limited perturbation"). The
	// workers take the buckets in turn; the gradient of each is the mean over the pairs
	// that had it, 0 if none did. See [EvenBuckets]. Stratified phases tile the
	// episode with all workers; those of one bucket stand W times the number of buckets
	// apart, that is, all alike if T divides it.
	Buckets []int

	// With Rank r ≥ 1, each of the Matrices that theta consists of is perturbed by
	// E = ABᵀ/√r, where A is Rows×r and B is Cols×r elements of the noise (Sarkar et al.,
	// "Evolution strategies at the hyperscale", 2025). Matrices that are no larger than
	// A and B, vectors above all, are perturbed by plain noise. A gradient then takes r
	// products for each element and pair, and next to no noise: several times faster
	// than normals. The perturbation isn't normal, and its elements, of variance 1, are
	// uncorrelated but not independent; the estimate is unbiased up to the second order
	// in σ.
	Rank     int
	Matrices []Matrix

	// Strict refuses what the papers leave undefined: a window that does not divide
	// the horizon, a period that is no multiple of the window. With PESAnalytic both are
	// always refused.
	Strict bool

	// KeepSums keeps each worker's ξ, N·d numbers, where there is more than one
	// perturbation an episode. Otherwise the sum is made anew for every gradient,
	// from up to T/K perturbations. The bits are the same.
	KeepSums bool

	// Parallelism bounds the goroutines that unroll; 0 stands for GOMAXPROCS. It
	// does not change results.
	Parallelism int
}

// A ConfigError names a field of Config, or an argument, whose value isn't allowed, and
// says what is.
type ConfigError struct {
	Field   string
	Value   string
	Allowed string
}

func (e *ConfigError) Error() string {
	return fmt.Sprintf("estimator: %s is %s; allowed: %s", e.Field, e.Value, e.Allowed)
}

func bad(field string, value any, allowed string) error {
	return &ConfigError{field, fmt.Sprint(value), allowed}
}

// check also resolves what the method implies: Window, Period, Phase, LossScale, and
// Parallelism.
func (c *Config) check(horizon int) error {
	for _, e := range []struct {
		field string
		value uint8
		names []string
	}{
		{"Method", uint8(c.Method), methodNames}, {"Phase", uint8(c.Phase), phaseNames},
		{"Noise", uint8(c.Noise), noiseNames}, {"LossScale", uint8(c.LossScale), lossScaleNames},
		{"Shaping", uint8(c.Shaping), shapingNames}, {"NonFinite", uint8(c.NonFinite), nonFiniteNames},
	} {
		if int(e.value) >= len(e.names) {
			return bad(e.field, e.value, "the constants for "+strings.Join(e.names, ", "))
		}
	}
	if c.Method == FullES && c.Window == 0 {
		c.Window = horizon
	}
	switch {
	case c.Workers < 1:
		return bad("Workers", c.Workers, "N ≥ 1")
	case c.Window < 1 || c.Window > horizon:
		return bad("Window", c.Window, fmt.Sprintf("1 ≤ W ≤ T = %d", horizon))
	case c.Method == FullES && c.Window != horizon:
		return bad("Window", c.Window, fmt.Sprintf("T = %d with %v", horizon, c.Method))
	case c.Method == GPES && c.Period < 1:
		return bad("Period", c.Period, "K ≥ 1 with gpes")
	case c.Method == ESSingle && c.Interval < 0:
		return bad("Interval", c.Interval, "M ≥ 1 windows, or 0 for one perturbation an episode")
	case c.Method != ESSingle && c.Interval != 0:
		return bad("Interval", c.Interval, fmt.Sprintf("0 with %v; essingle takes any", c.Method))
	case checkSigma[float64](c.Sigma) != nil:
		return checkSigma[float64](c.Sigma)
	case c.Parallelism < 0:
		return bad("Parallelism", c.Parallelism, "≥ 1, or 0 for GOMAXPROCS")
	}
	if period := c.impliedPeriod(horizon); c.Period != period {
		if c.Method != GPES && c.Period != 0 {
			return bad("Period", c.Period, fmt.Sprintf("%d, or 0 for it, with %v; gpes takes any", period, c.Method))
		}
		c.Period = period
	}
	if c.Method == ESSingle {
		c.Phase, c.LossScale = LockStep, Sum
	}
	if err := c.compatible(horizon); err != nil {
		return err
	}
	if c.Parallelism == 0 {
		c.Parallelism = runtime.GOMAXPROCS(0)
	}
	c.Parallelism = least(c.Parallelism, c.Workers)
	return nil
}

// compatible refuses fields that exclude each other, once check has resolved them.
func (c *Config) compatible(horizon int) error {
	analytic, ordinal := c.Method == PESAnalytic, c.Shaping == Sign || c.Shaping == CenteredRank
	why := "" // windows must be under one perturbation each
	switch {
	case c.Strict:
		why = "in strict mode"
	case ordinal:
		why = fmt.Sprintf("with shaping %v", c.Shaping)
	case analytic:
		why = fmt.Sprintf("with %v", c.Method)
	}
	switch {
	case c.Rank > 0 && (analytic || c.Period < horizon && c.Method != TES):
		return bad("Rank", c.Rank, "0 where there is more than one perturbation an episode, and with pesanalytic")
	case c.Buckets != nil && analytic:
		return bad("Buckets", fmt.Sprint(len(c.Buckets), " of them"), "none with pesanalytic")
	case why != "" && horizon%c.Window != 0:
		return bad("Window", c.Window, fmt.Sprintf("a divisor of T = %d %s", horizon, why))
	case why != "" && c.Period%c.Window != 0:
		return bad("Period", c.Period, fmt.Sprintf("a multiple of W = %d, or at least T = %d, %s", c.Window, horizon, why))
	case c.Telescoping && (analytic || c.Method == TES):
		return bad("Telescoping", true, fmt.Sprintf("false with %v", c.Method))
	case analytic && c.Shaping != Raw:
		return bad("Shaping", c.Shaping, "raw with pesanalytic")
	case c.Telescoping && ordinal:
		return bad("Telescoping", true, fmt.Sprintf("false with shaping %v", c.Shaping))
	}
	return nil
}

// impliedPeriod returns the method's K; for GPES Period, or T if that is less.
func (c *Config) impliedPeriod(horizon int) int {
	switch {
	case c.Method == PES || c.Method == PESAnalytic || c.Method == TES:
		return c.Window
	case c.Method == GPES:
		return least(c.Period, horizon) // an episode ends every noise period
	case c.Interval > 0 && c.Interval <= horizon/c.Window:
		return c.Interval * c.Window
	}
	return horizon
}
