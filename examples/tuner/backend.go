package main

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/vec/scalar"
)

// A backend stands for the database, the model or the disk behind a real service.
type backend struct {
	stream noise.Stream
	drawn  atomic.Uint64
}

const (
	meanWork   = 10 * time.Millisecond
	tail       = 1.5 // standard deviation of ln work
	contention = 0.01
	coherence  = 0.004
)

// duration returns how long request i of a stream takes that begins as the n-th in
// flight:
//
//	work · (1 + contention·(n−1) + coherence·n(n−1))
//
// The bracket is that of the Universal Scalability Law (Gunther, Guerrilla Capacity
// Planning, 2007): throughput rises with n up to a knee at √((1−contention)/coherence),
// about 16, and then falls. Work is log-normal: its median is 3.2 ms, its mean 10 ms, and
// one request in a hundred needs more than 106 ms.
func duration(s noise.Stream, i uint64, n int) time.Duration {
	var z [1]float64
	noise.Fill(z[:], s, i)
	work := float64(meanWork) * scalar.Exp(tail*z[0]-tail*tail/2)
	return time.Duration(work * (1 + contention*float64(n-1) + coherence*float64(n)*float64(n-1)))
}

// do does the n-th request in flight, or returns the error of ctx.
func (b *backend) do(ctx context.Context, n int) error {
	return sleep(ctx, duration(b.stream, b.drawn.Add(1), n))
}

// sleep waits for d, or returns the error of ctx.
func sleep(ctx context.Context, d time.Duration) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
