package main

import (
	"fmt"
	"io"
	"math"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// A progress shows how far a run is. It may be updated as often as one likes.
type progress interface {
	// update says how much of the total is done, and something about it.
	update(done float64, format string, args ...any)
	close()
}

// newProgress is a variable for tests, which interrupt a run through it.
var newProgress = progressOn

// progressOn returns a bar where w is a terminal wide enough, and lines where it is not. Both show
// what is done of all, how fast that is, and the time left.
func progressOn(w io.Writer, total int, quiet bool) progress {
	if quiet {
		return silence{}
	}
	if columns(w) >= barWidth {
		return newBar(w, total)
	}
	return &lines{w: w, pace: pace{total: float64(total)}, last: time.Now()}
}

// columns returns the width of the terminal that w is, or 0. It is a variable for tests.
var columns = func(w io.Writer) int {
	f, ok := w.(interface{ Fd() uintptr })
	if !ok {
		return 0
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return width
}

type silence struct{}

func (silence) update(float64, string, ...any) {}
func (silence) close()                         {}

const (
	interval = 100 * time.Millisecond
	barSteps = 1000
	barWidth = 66 // columns that it takes with what is beside it
)

// pace is how fast a run goes on. It counts from where it first looks, because a run
// that is resumed begins in the middle.
type pace struct {
	total, first float64
	began        time.Time
}

func (p *pace) look(done float64, now time.Time) {
	if p.began.IsZero() {
		p.first, p.began = done, now
	}
}

// left says what is done in a second, if it is known, and the time left.
func (p *pace) left(done float64, now time.Time) string {
	rate := (done - p.first) / now.Sub(p.began).Seconds()
	text := ""
	switch {
	case !(rate > 0) || math.IsInf(rate, 1):
		if done < p.total {
			return "? left"
		}
		rate = 1
	case rate < 10:
		text = fmt.Sprintf("%.2g/s  ", rate)
	default:
		text = fmt.Sprintf("%.0f/s  ", rate)
	}
	seconds := min((p.total-done)/rate, 1<<32)
	return text + time.Duration(seconds*1e9).Round(time.Second).String() + " left"
}

// bar is a progress bar, drawn at most ten times a second.
type bar struct {
	w   io.Writer
	bar *progressbar.ProgressBar
	pace
	last time.Time
}

func newBar(w io.Writer, total int) *bar {
	return &bar{w: w, pace: pace{total: float64(total)}, bar: progressbar.NewOptions(barSteps,
		progressbar.OptionSetWriter(w),
		progressbar.OptionFullWidth(),
		progressbar.OptionSetElapsedTime(false),
		progressbar.OptionSetPredictTime(false),
		progressbar.OptionSetTheme(progressbar.ThemeASCII),
	)}
}

func (b *bar) update(done float64, format string, args ...any) {
	now := time.Now()
	b.look(done, now)
	if done < b.total && now.Sub(b.last) < interval {
		return
	}
	b.last = now
	b.bar.Describe(count(done, b.total) + "  " + fmt.Sprintf(format, args...) + "  " + b.left(done, now))
	_ = b.bar.Set(int(barSteps * done / b.total)) // a bar that cannot be drawn is no reason to stop
}

func (b *bar) close() {
	_ = b.bar.Exit()
	fmt.Fprintln(b.w)
}

// count shows whole parts, in as many columns as all of them take.
func count(done, total float64) string {
	all := fmt.Sprint(int(total))
	return fmt.Sprintf("%*d/%s", len(all), int(done), all)
}

// lines prints a line about every twentieth of the run, but at most one a second,
// and at least one in ten seconds.
type lines struct {
	w io.Writer
	pace
	seen float64 // what was done at the last line
	last time.Time
}

func (l *lines) update(done float64, format string, args ...any) {
	now := time.Now()
	l.look(done, now)
	gap := now.Sub(l.last)
	part := 20*(done-l.seen) >= l.total && gap >= time.Second
	if done < l.total && !part && gap < 10*time.Second {
		return
	}
	l.seen, l.last = done, now
	fmt.Fprintf(l.w, "%s (%3.0f %%)  %s  %s\n", count(done, l.total), math.Floor(100*done/l.total), fmt.Sprintf(format, args...), l.left(done, now))
}

func (l *lines) close() {}
