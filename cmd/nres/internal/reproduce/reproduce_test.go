package reproduce

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "rewrite testdata")

// counting is an experiment whose units count how often they run. After so many, the
// next one interrupts.
type counting struct {
	ran, until atomic.Int64
	stop       context.CancelFunc
	factor     float64
}

func (c *counting) experiment() Experiment {
	return Experiment{IDs: []string{"X1", "X2"}, Title: "Counting", Run: func(ctx context.Context, lab *Lab) (*Report, error) {
		var units []unit[floats]
		for i := range 9 {
			units = append(units, unit[floats]{fmt.Sprintf("unit %d", i), struct{ Factor float64 }{c.factor}, func(ctx context.Context, tick func(float64)) (floats, error) {
				if c.ran.Add(1) > c.until.Load() {
					c.stop()
				}
				if err := ctx.Err(); err != nil {
					return nil, err
				}
				tick(0.5)
				return floats{c.factor / float64(i), math.NaN(), math.Inf(-1)}, nil
			}})
		}
		found, err := do(ctx, lab, units)
		if err != nil {
			return nil, err
		}
		r := &Report{Setup: "Nothing."}
		for i, f := range found {
			r.Rows = append(r.Rows, Row{"X1", fmt.Sprintf("claim %d", i), "§1", fmt.Sprint(f), "none", Verdict{}})
		}
		r.Figures = []Figure{{"a", "A picture.", func(w io.Writer) error {
			_, err := io.WriteString(w, "not really")
			return err
		}}}
		r.Digest(found)
		return r, nil
	}}
}

// seconds are all that may differ between pages.
var seconds = regexp.MustCompile(`\| [0-9.]+ \|\n`)

func page(t *testing.T, dir string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "reproduction.md"))
	require.NoError(t, err)
	return seconds.ReplaceAllString(string(b), "| s |\n")
}

func TestResume(t *testing.T) {
	run := func(lab *Lab, c *counting, until int64) error {
		c.until.Store(until)
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		c.stop = cancel
		require.NoError(t, lab.Prepare())
		_, err := lab.Run(ctx, []Experiment{c.experiment()})
		return err
	}
	whole, c := t.TempDir(), &counting{factor: 1}
	require.NoError(t, run(&Lab{Out: whole}, c, 100))
	assert.EqualValues(t, 9, c.ran.Load())
	want := page(t, whole)

	for _, parallelism := range []int{1, 2, 5} {
		dir, c := t.TempDir(), &counting{factor: 1}
		err := run(&Lab{Out: dir, Parallelism: parallelism}, c, 4)
		var stopped *InterruptedError
		require.ErrorAs(t, err, &stopped)
		assert.ErrorIs(t, err, context.Canceled)
		assert.NoFileExists(t, filepath.Join(dir, "reproduction.md"))
		kept, err := os.ReadDir(filepath.Join(dir, "reproduction", "cache"))
		require.NoError(t, err)
		assert.Len(t, kept, stopped.Units)
		if parallelism == 1 {
			assert.Equal(t, 4, stopped.Units)
		}

		c.ran.Store(0)
		require.NoError(t, run(&Lab{Out: dir, Parallelism: parallelism, Resume: true}, c, 100))
		assert.EqualValues(t, 9-stopped.Units, c.ran.Load(), "the others only")
		assert.Equal(t, want, page(t, dir))

		// Whatever is wrong with a file, its unit runs again.
		path := filepath.Join(dir, "reproduction", "cache", kept[0].Name())
		b, err := os.ReadFile(path)
		require.NoError(t, err)
		b[len(b)/2] ^= 1
		require.NoError(t, os.WriteFile(path, b, 0o666))
		c.ran.Store(0)
		require.NoError(t, run(&Lab{Out: dir, Resume: true}, c, 100))
		assert.EqualValues(t, 1, c.ran.Load())
		assert.Equal(t, want, page(t, dir))

		// Another unit's result under its name is not taken for it.
		require.NoError(t, os.Rename(filepath.Join(filepath.Dir(path), kept[1].Name()), path))
		c.ran.Store(0)
		require.NoError(t, run(&Lab{Out: dir, Resume: true}, c, 100))
		assert.EqualValues(t, 2, c.ran.Load())
		assert.Equal(t, want, page(t, dir))

		// Other parameters are another unit, and without Resume all run.
		c.ran.Store(0)
		require.NoError(t, run(&Lab{Out: dir}, c, 100))
		assert.EqualValues(t, 9, c.ran.Load())
		other := &counting{factor: 2}
		require.NoError(t, run(&Lab{Out: dir, Resume: true}, other, 100))
		assert.EqualValues(t, 9, other.ran.Load())
		assert.NotEqual(t, want, page(t, dir))
	}
}

// TestOneDirectory: several runs may share a directory.
func TestOneDirectory(t *testing.T) {
	dir := t.TempDir()
	errs := make(chan error)
	const runs = 6
	for range runs {
		go func() {
			lab, c := &Lab{Out: dir, Parallelism: 1}, &counting{factor: 1}
			c.until.Store(100)
			err := lab.Prepare()
			if err == nil {
				_, err = lab.Run(context.Background(), []Experiment{c.experiment()})
			}
			errs <- err
		}()
	}
	for range runs {
		assert.NoError(t, <-errs)
	}
	kept, err := os.ReadDir(filepath.Join(dir, "reproduction", "cache"))
	require.NoError(t, err)
	assert.Len(t, kept, 9)
}

func TestUnitFails(t *testing.T) {
	lab := &Lab{Out: t.TempDir(), Parallelism: 2, id: "X1"}
	require.NoError(t, lab.Prepare())
	broken := errors.New("broken")
	_, err := do(context.Background(), lab, []unit[int]{
		{Name: "good", Run: func(context.Context, func(float64)) (int, error) { return 1, nil }},
		{Name: "bad", Run: func(context.Context, func(float64)) (int, error) { return 0, broken }},
	})
	assert.ErrorIs(t, err, broken)
	assert.EqualError(t, err, "X1: bad: broken")
}

// recorder is a progress.
type recorder struct {
	done   []float64
	closed bool
}

func (r *recorder) Update(done float64) { r.done = append(r.done, done) }
func (r *recorder) Close()              { r.closed = true }

func TestProgress(t *testing.T) {
	var r recorder
	total := 0
	lab := &Lab{Out: t.TempDir(), Parallelism: 1, id: "X1", Progress: func(what string, n int) Progress {
		assert.Contains(t, what, "X1")
		total = n
		return &r
	}}
	require.NoError(t, lab.Prepare())
	half := func(_ context.Context, tick func(float64)) (int, error) { tick(0.5); return 0, nil }
	_, err := do(context.Background(), lab, []unit[int]{{Name: "a", Run: half}, {Name: "b", Run: half}})
	require.NoError(t, err)
	assert.Equal(t, []float64{0.5, 1, 1.5, 2}, r.done)
	assert.Equal(t, 2, total)
	assert.True(t, r.closed)
}

func TestPage(t *testing.T) {
	lab := &Lab{Out: t.TempDir(), Data: "some/where"}
	r := &Report{
		Setup: "What was run.\n",
		Rows: []Row{
			{"X1–X3", "a < b", "Figure 1", "1 (0 to 2)", "some rule", Verdict{}},
			{"X4", "b | c", "none", "no", "another", Verdict{NotReproduced, "it isn't"}},
		},
		Tables:  []Table{{"Numbers:", []string{"", "x"}, [][]string{{"a", "1"}}}},
		Figures: []Figure{{"curve", "A curve.", nil}},
	}
	r.Digest(1)
	got := lab.page([]Result{{&Experiment{IDs: []string{"X1", "X2", "X3"}, Title: "Some experiment", Data: images}, r, 1.25}})
	golden := filepath.Join("testdata", "page.md")
	if *update {
		require.NoError(t, os.WriteFile(golden, []byte(got), 0o666))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	assert.Equal(t, string(want), got)

	assert.Equal(t, "nres reproduce L9", lab.command(&Experiment{IDs: []string{"L9"}}), "it takes no data")
	lab.Quick = true
	quick := lab.page(nil)
	assert.Contains(t, quick, "quick form")
	assert.Contains(t, quick, "`nres reproduce --quick`")
	for _, a := range Absences() {
		assert.Contains(t, quick, a.Reason)
	}
}

func TestSelect(t *testing.T) {
	ids := func(args ...string) (out []string) {
		chosen, err := Select(args)
		require.NoError(t, err)
		for _, x := range chosen {
			out = append(out, x.IDs[0])
		}
		return out
	}
	assert.Len(t, ids(), len(All()))
	assert.Equal(t, []string{"L1", "L9"}, ids("l9", "L13", "L2"), "in the order of the page, once")
	for id, want := range map[string]string{
		"L99": "L1, L2", "": "L1, L2", "O3": "floating-point", "r12": "MuJoCo", "S6": "days", "R13": "L1, L2", "O": "L1, L2", "O3x": "L1, L2",
	} {
		_, err := Select([]string{"L1", id})
		var unknown *UnknownError
		require.ErrorAs(t, err, &unknown, id)
		assert.Contains(t, err.Error(), want, id)
	}
	// No ID stands for two experiments, and none that runs is said not to.
	seen := map[string]bool{}
	for _, x := range All() {
		for _, id := range x.IDs {
			assert.False(t, seen[id], id)
			seen[id] = true
			for _, a := range Absences() {
				for _, span := range strings.Split(a.IDs, ", ") {
					assert.False(t, in(id, span), id)
				}
			}
		}
	}
}

func TestFloats(t *testing.T) {
	for _, f := range []floats{{}, {1, math.Pi, -0.1, math.MaxFloat64, 5e-324, math.Copysign(0, -1)}, {math.Inf(1), math.Inf(-1)}} {
		b, err := f.MarshalJSON()
		require.NoError(t, err)
		var back floats
		require.NoError(t, back.UnmarshalJSON(b))
		for i := range f {
			assert.Equal(t, math.Float64bits(f[i]), math.Float64bits(back[i]))
		}
		assert.Len(t, back, len(f))
	}
	var back floats
	require.NoError(t, back.UnmarshalJSON([]byte(`["NaN"]`)))
	assert.True(t, math.IsNaN(back[0]))
	for _, bad := range []string{`["one"]`, `["1"]`, `[null]`, `{}`, `[1`} {
		assert.Error(t, back.UnmarshalJSON([]byte(bad)), bad)
	}
}

func TestIntervals(t *testing.T) {
	// With two degrees of freedom the quantile has a closed form.
	const p = 0.975
	quantile := (2*p - 1) * math.Sqrt(2/(4*p*(1-p)))
	m := meanOf([]float64{1, 2, 3})
	assert.Equal(t, 2.0, m.Mean)
	assert.InDelta(t, quantile/math.Sqrt(3), m.High-2, 1e-9)
	assert.InDelta(t, quantile/math.Sqrt(3), 2-m.Low, 1e-9)
	one := meanOf([]float64{7})
	assert.Equal(t, interval{7, math.Inf(-1), math.Inf(1)}, one)
	assert.Equal(t, interval{-1, -1, -1}, difference([]float64{1, 2, 3}, []float64{2, 3, 4}))
	q := quotient(interval{8, 8, 8}, interval{2, 1.8, 2.2})
	assert.InDelta(t, 4, q.Mean, 1e-12)
	assert.InDelta(t, 0.1, math.Log(q.High/q.Mean), 1e-12)
	assert.InDelta(t, 0.1, math.Log(q.Mean/q.Low), 1e-12)
}

func TestVerdicts(t *testing.T) {
	low := group{"low", []float64{1, 1.1, 0.9}}
	high := group{"high", []float64{2, 2.2, 1.9}}
	near := group{"near", []float64{0.8, 1.6, 1.0}}
	never := group{"never", []float64{math.Inf(1), math.Inf(1), math.Inf(1)}}
	for _, c := range []struct {
		name string
		got  Verdict
		want Status
		why  string
	}{
		{"clear", order(low, high), Reproduced, ""},
		{"in means only", order(low, high, near), OrderOnly, "near"},
		{"the other way", order(high, low, near), NotReproduced, "low, near"},
		{"itself", order(low, low), NotReproduced, "low"},
		{"NaN", order(low, group{"broken", []float64{math.NaN(), 1, 2}}), NotReproduced, "broken"},
		{"decrease", decrease(high, low), Reproduced, ""},
		{"decrease, but the last", decrease(high, low, near), NotReproduced, "low is not above near"},
		{"far above", atLeast(interval{20, 15, 25}, 10), Reproduced, ""},
		{"may be below the claim", atLeast(interval{20, 9, 25}, 10), OrderOnly, "10"},
		{"may be below 1", atLeast(interval{20, 0.9, 25}, 10), NotReproduced, "1"},
		{"NaN ratio", atLeast(interval{math.NaN(), math.NaN(), math.NaN()}, 10), NotReproduced, "1"},
		{"worst", worst(Verdict{OrderOnly, "a"}, Verdict{NotReproduced, "b"}, Verdict{NotReproduced, "c"}), NotReproduced, "b"},
		{"no worst", worst(), Reproduced, ""},
		{"diverged", order(low, never), Reproduced, ""},
		{"one diverged", order(low, group{"one", []float64{2, math.Inf(1), 3}}), Reproduced, ""},
		{"one diverged, one is low", order(low, group{"one", []float64{0.5, math.Inf(1), 3}}), OrderOnly, "one"},
		{"the first diverged", order(never, low), NotReproduced, "low"},
		{"all diverged", order(never, never), NotReproduced, "never"},
	} {
		assert.Equal(t, c.want, c.got.Status, c.name)
		assert.Contains(t, c.got.Why, c.why, c.name)
		assert.Equal(t, c.want == Reproduced, c.got.Why == "", c.name)
	}
}
