package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func TestLines(t *testing.T) {
	var b bytes.Buffer
	p := newProgress(&b, "loss", 1000, false)
	l, ok := p.(*lines)
	assert.True(t, ok, "a buffer is no terminal")
	for i := 1; i <= 1000; i++ {
		if i == 500 {
			l.last = l.last.Add(-time.Second)
		}
		p.update(i, 51.25)
	}
	p.close()
	got := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
	assert.Len(t, got, 2)
	assert.Contains(t, got[0], " 500/1000 ( 50 %)  loss 51.25 ")
	assert.Contains(t, got[1], "1000/1000 (100 %)")
}

func TestBar(t *testing.T) {
	var b bytes.Buffer
	p := newBar(&b, "loss", 100_000)
	for i := 1; i <= 100_000; i++ {
		p.update(i, 51.25)
	}
	p.close()
	assert.Contains(t, b.String(), "loss 51.25")
	assert.Contains(t, b.String(), "100%")
	assert.Less(t, strings.Count(b.String(), "\r"), 200, "not drawn every iteration")
	assert.True(t, strings.HasSuffix(b.String(), "\n"))
}

func TestQuiet(t *testing.T) {
	var b bytes.Buffer
	p := newProgress(&b, "loss", 1, true)
	p.update(1, 1)
	p.close()
	assert.Empty(t, b.String())
}
