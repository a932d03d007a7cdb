//go:build !windows

package main

import "time"

var start = time.Now()

// now returns the time since some moment.
func now() time.Duration { return time.Since(start) }
