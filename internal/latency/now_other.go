//go:build !windows

package latency

import "time"

var loaded = time.Now()

// Now returns the time since some moment.
func Now() time.Duration { return time.Since(loaded) }
