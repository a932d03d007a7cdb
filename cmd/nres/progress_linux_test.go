package main

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// TestNarrow: a bar that doesn't fit would leave a line each time it is drawn.
func TestNarrow(t *testing.T) {
	terminal, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skip("no terminals here:", err)
	}
	defer terminal.Close()
	for _, width := range []uint16{0, 20, barWidth - 1, barWidth, 200} {
		require.NoError(t, unix.IoctlSetWinsize(int(terminal.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: width}))
		_, isBar := progressOn(terminal, 10, false).(*bar)
		assert.Equal(t, width >= barWidth, isBar, width)
	}
}
