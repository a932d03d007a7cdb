package latency

import (
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

var (
	kernel32       = windows.NewLazySystemDLL("kernel32.dll")
	counter        = kernel32.NewProc("QueryPerformanceCounter")
	ticksPerSecond = func() (n int64) {
		kernel32.NewProc("QueryPerformanceFrequency").Call(uintptr(unsafe.Pointer(&n)))
		return n
	}()
)

// Now returns the time since some moment. time.Now goes in steps of half a millisecond
// or more here, which is longer than what is timed.
func Now() time.Duration {
	var n int64
	counter.Call(uintptr(unsafe.Pointer(&n)))
	return time.Duration(n/ticksPerSecond)*time.Second + time.Duration(n%ticksPerSecond)*time.Second/time.Duration(ticksPerSecond)
}
