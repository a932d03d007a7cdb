package reproduce

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/noise-reuse/nres/checkpoint"
	"github.com/noise-reuse/nres/internal/whole"
)

// version is that of the results. Increase it with every change that makes a unit's
// result another one, so that none of before is taken for it.
const version = 2

// A Lab is where experiments run.
type Lab struct {
	Quick bool   // shorter runs, fewer seeds
	Data  string // directory with the files of users, "" if there is none

	// Parallelism is the number of units under way at a time; 0 stands for GOMAXPROCS.
	// Units themselves should use one goroutine.
	Parallelism int

	Out    string // directory for the page; cache and pictures are in Out/reproduction
	Resume bool   // take over units that were finished before

	// Progress, if it isn't nil, is called when units are started, and returns what
	// shows how far they are.
	Progress func(what string, total int) Progress

	id      string // of the experiment under way
	seconds float64
	total   int // units finished in all experiments
}

// Progress shows how many units are done, of all that were started together: those
// that are finished, and parts of those under way.
type Progress interface {
	Update(done float64)
	Close()
}

// A unit is a piece of an experiment that can be run on its own.
type unit[R any] struct {
	Name string // says what it is, in the experiment: "nres, seed 101"
	// Params are what the result depends on, besides the name and the program's
	// version: encoded as JSON, they are its key.
	Params any
	// Run returns the result, which must survive JSON: exported fields, and [floats]
	// where a number may not be finite. It looks at ctx now and then and returns its
	// error; tick says how much is done, from 0 to 1.
	Run func(ctx context.Context, tick func(part float64)) (R, error)
}

// do runs units, several at a time, and returns their results in order. Each is kept in a
// file as soon as it is there; with Lab.Resume, one that is there is not run again. The
// first error ends them all.
func do[R any](ctx context.Context, lab *Lab, units []unit[R]) ([]R, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var show Progress = nothing{}
	if lab.Progress != nil {
		show = lab.Progress(lab.id+" units", len(units))
	}
	defer show.Close()

	results, seconds, parts := make([]R, len(units)), make([]float64, len(units)), make([]float64, len(units))
	var mu sync.Mutex
	next, finished := 0, 0
	report := func(i int, part float64) {
		mu.Lock()
		defer mu.Unlock()
		parts[i] = min(part, 1)
		var sum float64
		for _, p := range parts {
			sum += p
		}
		show.Update(sum)
	}
	work := func() {
		for {
			mu.Lock()
			i := next
			next++
			mu.Unlock()
			if i >= len(units) || ctx.Err() != nil {
				return
			}
			var err error
			seconds[i], err = one(ctx, lab, &units[i], &results[i], func(part float64) { report(i, part) })
			if err != nil {
				cancel(fmt.Errorf("%s: %s: %w", lab.id, units[i].Name, err))
				return
			}
			mu.Lock()
			finished++
			mu.Unlock()
			report(i, 1)
		}
	}
	goroutines := lab.Parallelism
	if goroutines < 1 {
		goroutines = runtime.GOMAXPROCS(0)
	}
	var wg sync.WaitGroup
	for range min(goroutines, len(units)) {
		wg.Go(work)
	}
	wg.Wait()
	lab.total += finished
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	for _, s := range seconds {
		lab.seconds += s
	}
	return results, nil
}

// one sets result to a unit's, and returns how long that took, whenever it was.
func one[R any](ctx context.Context, lab *Lab, u *unit[R], result *R, tick func(float64)) (float64, error) {
	key, err := json.Marshal(struct {
		Version          int
		Experiment, Unit string
		Params           any
	}{version, lab.id, u.Name, u.Params})
	if err != nil {
		return 0, err
	}
	path := lab.file(u.Name, key)
	if lab.Resume {
		if s, ok := load(path, key, result); ok {
			return s, nil
		}
	}
	began := time.Now()
	r, err := u.Run(ctx, tick)
	if err != nil {
		return 0, err
	}
	s := time.Since(began).Seconds()
	text, err := json.Marshal(r)
	if err != nil {
		return 0, err
	}
	// The result is what can be read back, today as after an interruption.
	if err := json.Unmarshal(text, result); err != nil {
		return 0, err
	}
	// Another process may be at the same unit: each writes to a name of its own.
	own := path + "." + rand.Text()[:10]
	if err := checkpoint.Write(own,
		checkpoint.Section{Name: "key", Data: key},
		checkpoint.Section{Name: "result", Data: text},
		checkpoint.Section{Name: "seconds", Data: fmt.Append(nil, s)}); err != nil {
		return 0, err
	}
	return s, os.Rename(own, path)
}

// file names the file of a unit.
func (lab *Lab) file(name string, key []byte) string {
	words := strings.FieldsFunc(strings.ToLower(lab.id+" "+name), func(r rune) bool {
		return (r < 'a' || 'z' < r) && (r < '0' || '9' < r)
	})
	return filepath.Join(lab.cache(), fmt.Sprintf("%s-%.4x", strings.Join(words, "-"), sha256.Sum256(key)))
}

func (lab *Lab) cache() string { return filepath.Join(lab.figures(), "cache") }

func (lab *Lab) figures() string { return filepath.Join(lab.Out, "reproduction") }

// seeds returns 1 to n, or 1 and 2 in the quick form.
func (lab *Lab) seeds(n int) (seeds []uint64) {
	if lab.Quick {
		n = 2
	}
	for i := range n {
		seeds = append(seeds, uint64(i+1))
	}
	return seeds
}

// runsOf returns the runs of the i-th method, where each has one for every seed.
func runsOf[R any](runs []R, seeds []uint64, i int) []R {
	return runs[i*len(seeds) : (i+1)*len(seeds)]
}

// load reads a result back. A file that is damaged, or of another key, is as good as
// none.
func load[R any](path string, key []byte, result *R) (seconds float64, ok bool) {
	sections, err := checkpoint.Read(path)
	if err != nil || len(sections) != 3 || string(sections[0].Data) != string(key) {
		return 0, false
	}
	var r R
	if json.Unmarshal(sections[1].Data, &r) != nil || json.Unmarshal(sections[2].Data, &seconds) != nil {
		return 0, false
	}
	*result = r
	return seconds, true
}

type nothing struct{}

func (nothing) Update(float64) {}
func (nothing) Close()         {}

// Prepare makes the directories that Run needs, and finds out whether it can write there.
func (lab *Lab) Prepare() error {
	if lab.Out == "" {
		return errors.New("it has no name")
	}
	if err := os.MkdirAll(lab.cache(), 0o777); err != nil {
		return at("", err)
	}
	if info, err := os.Stat(lab.Page()); err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("%s: not a regular file", lab.Page())
	}
	for _, dir := range []string{lab.Out, lab.figures(), lab.cache()} {
		if err := whole.Writable(filepath.Join(dir, "x")); err != nil {
			return at(dir, err)
		}
	}
	return nil
}

// at says where an error is of: at dir, which isn't "" where the path of the error itself is
// that of a temporary file.
func at(dir string, err error) error {
	var p *os.PathError
	if !errors.As(err, &p) {
		return err
	}
	return fmt.Errorf("%s: %w", cmp.Or(dir, p.Path), p.Err)
}
