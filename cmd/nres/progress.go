package main

import (
	"fmt"
	"io"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

// A progress shows how far a run is. It may be updated as often as one likes.
type progress interface {
	update(done int, value float64)
	close()
}

// newProgress is a variable for tests, which interrupt a run through it.
var newProgress = progressOn

// progressOn returns a bar where w is a terminal, and lines where it is not. They
// show a value, and what it is.
func progressOn(w io.Writer, what string, total int, quiet bool) progress {
	if quiet {
		return silence{}
	}
	if f, ok := w.(interface{ Fd() uintptr }); ok && term.IsTerminal(int(f.Fd())) {
		return newBar(w, what, total)
	}
	now := time.Now()
	return &lines{w: w, what: what, total: total, began: now, last: now}
}

type silence struct{}

func (silence) update(int, float64) {}
func (silence) close()              {}

const interval = 100 * time.Millisecond

// bar is a progress bar, drawn at most ten times a second.
type bar struct {
	w     io.Writer
	what  string
	bar   *progressbar.ProgressBar
	total int
	last  time.Time
}

func newBar(w io.Writer, what string, total int) *bar {
	return &bar{w: w, what: what, total: total, bar: progressbar.NewOptions(total,
		progressbar.OptionSetWriter(w),
		progressbar.OptionThrottle(interval/2),
		progressbar.OptionFullWidth(),
		progressbar.OptionShowCount(),
		progressbar.OptionShowIts(),
		progressbar.OptionSetItsString("it"),
		progressbar.OptionSetPredictTime(true),
		progressbar.OptionSetDescription(what),
		progressbar.OptionSetTheme(progressbar.ThemeASCII),
	)}
}

func (b *bar) update(done int, value float64) {
	now := time.Now()
	if done < b.total && now.Sub(b.last) < interval {
		return
	}
	b.last = now
	_ = b.bar.Set(done) // a bar that cannot be drawn is no reason to stop
	// Drawn at the end or with the next Set, because of the throttle.
	b.bar.Describe(fmt.Sprintf("%s %.4g", b.what, value))
}

func (b *bar) close() {
	_ = b.bar.Exit()
	fmt.Fprintln(b.w)
}

// lines prints a line about every twentieth of the run, but at most one a second,
// and at least one in ten seconds.
type lines struct {
	w           io.Writer
	what        string
	total, seen int // seen: iterations at the last line
	began, last time.Time
}

func (l *lines) update(done int, value float64) {
	now := time.Now()
	gap := now.Sub(l.last)
	part := done-l.seen >= (l.total+19)/20 && gap >= time.Second
	if done < l.total && !part && gap < 10*time.Second {
		return
	}
	l.seen, l.last = done, now
	elapsed := now.Sub(l.began)
	left := time.Duration(float64(elapsed) / float64(done) * float64(l.total-done))
	fmt.Fprintf(l.w, "%*d/%d (%3d %%)  %s %.4g  %.0f it/s  %v left\n",
		len(fmt.Sprint(l.total)), done, l.total, 100*done/l.total, l.what, value,
		float64(done)/max(elapsed.Seconds(), 1e-9), left.Round(time.Second))
}

func (l *lines) close() {}
