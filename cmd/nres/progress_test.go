package main

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestLines(t *testing.T) {
	var b bytes.Buffer
	p := newProgress(&b, 1000, false)
	l, ok := p.(*lines)
	assert.True(t, ok, "a buffer is no terminal")
	for i := 1; i <= 1000; i++ {
		if i == 500 {
			l.last = l.last.Add(-time.Second)
		}
		p.update(float64(i), "loss %v", 51.25)
	}
	p.close()
	got := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
	assert.Len(t, got, 2)
	assert.Regexp(t, `^ 500/1000 \( 50 %\)  loss 51\.25  \d+/s  0s left$`, got[0])
	assert.Regexp(t, `^1000/1000 \(100 %\)  loss 51\.25  \d+/s  0s left$`, got[1])

	// Parts of what is counted, and the time that they leave.
	b.Reset()
	l = newProgress(&b, 4, false).(*lines)
	for _, done := range []float64{0, 2.5} {
		l.began, l.last = time.Now().Add(-10*time.Second), time.Now().Add(-10*time.Second)
		l.update(done, "units")
	}
	assert.Equal(t, "0/4 (  0 %)  units  ? left\n2/4 ( 62 %)  units  0.25/s  6s left\n", b.String())
}

// TestPace: a run that is resumed has made nothing of what came before.
func TestPace(t *testing.T) {
	now := time.Now()
	for _, c := range []struct {
		first, done, total float64
		after              time.Duration
		want               string
	}{
		{0, 0, 100, 0, "? left"},
		{0, 0, 100, time.Second, "? left"},
		{0, 10, 100, 10 * time.Second, "1/s  1m30s left"},
		{60, 70, 100, 10 * time.Second, "1/s  30s left"},
		{60, 99.9, 100, 4 * time.Second, "10/s  0s left"},
		{0, 5, 100, 100 * time.Second, "0.05/s  31m40s left"},
		{0, 1e6, 2e6, time.Second, "1000000/s  1s left"},
		{1, 1, 1, 0, "0s left"},
		{0, 1, 1e18, time.Second, "1/s  1193046h28m16s left"},
	} {
		p := pace{total: c.total}
		p.look(c.first, now)
		p.look(c.done, now.Add(c.after))
		assert.Equal(t, c.want, p.left(c.done, now.Add(c.after)), c)
	}
}

func TestBar(t *testing.T) {
	var b bytes.Buffer
	p := newBar(&b, 100_000)
	for i := 1; i <= 100_000; i++ {
		p.update(float64(i), "loss %v", 51.25)
	}
	p.close()
	assert.Regexp(t, `100000/100000  loss 51\.25  \d+/s  0s left`, b.String())
	assert.Contains(t, b.String(), "100%")
	assert.Less(t, strings.Count(b.String(), "\r"), 200, "not drawn every iteration")
	assert.True(t, strings.HasSuffix(b.String(), "\n"))
}

func TestQuiet(t *testing.T) {
	var b bytes.Buffer
	p := newProgress(&b, 1, true)
	p.update(1, "")
	p.close()
	assert.Empty(t, b.String())
}

// TestNarrow: a bar that doesn't fit would leave a line each time it is drawn.
func TestNarrow(t *testing.T) {
	before := columns
	defer func() { columns = before }()
	for _, width := range []int{0, 20, barWidth - 1, barWidth, 200} {
		columns = func(io.Writer) int { return width }
		_, isBar := progressOn(io.Discard, 10, false).(*bar)
		assert.Equal(t, width >= barWidth, isBar, width)
	}
	columns = before
	assert.Zero(t, columns(io.Discard), "no terminal")
	file, err := os.Create(filepath.Join(t.TempDir(), "log"))
	require.NoError(t, err)
	defer file.Close()
	assert.Zero(t, columns(file), "no terminal")
}
