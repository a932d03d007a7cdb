package main

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// pin keeps the calling goroutine on the last processor that the process may use, if
// the system lets it. Processes that are compared must share one: neighbours slow
// down the processors of a virtual machine one by one.
func pin() {
	runtime.LockOSThread()
	var set unix.CPUSet
	if unix.SchedGetaffinity(0, &set) != nil {
		return
	}
	last := -1
	for cpu := range len(set) * 64 {
		if set.IsSet(cpu) {
			last = cpu
		}
	}
	set.Zero()
	set.Set(last)
	_ = unix.SchedSetaffinity(0, &set) // as well as may be
}
