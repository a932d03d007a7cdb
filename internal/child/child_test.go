package child

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestMain lets this program be the child: it greets, and answers numbers with their
// doubles. At 0 it fails, at 1 it ends.
func TestMain(m *testing.M) {
	if os.Getenv("NRES_TEST_AS_CHILD") == "" {
		os.Exit(m.Run())
	}
	fmt.Println(`"hello"`)
	for from := json.NewDecoder(os.Stdin); ; {
		var n int
		switch err := from.Decode(&n); {
		case err != nil:
			os.Exit(0)
		case n == 0:
			fmt.Fprintln(os.Stderr, "a warning\nnothing doubled")
			os.Exit(3)
		case n == 1:
			os.Exit(4)
		}
		fmt.Println(2 * n)
	}
}

func start(t *testing.T, stderr *strings.Builder) *Child {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "NRES_TEST_AS_CHILD=1")
	if stderr != nil {
		cmd.Stderr = stderr
	}
	c, err := Start(cmd)
	require.NoError(t, err)
	var hello string
	require.NoError(t, c.Read(&hello))
	assert.Equal(t, "hello", hello)
	return c
}

func TestChild(t *testing.T) {
	c := start(t, nil)
	for n := 2; n < 5; n++ {
		var twice int
		require.NoError(t, c.Ask(n, &twice))
		assert.Equal(t, 2*n, twice)
	}
	c.Stop()
	assert.True(t, c.cmd.ProcessState.Success())
	assert.Error(t, c.Ask(5, new(int)), "after its end")

	_, err := Start(exec.Command("no-such-program"))
	assert.ErrorIs(t, err, exec.ErrNotFound)
}

// TestChildFails: the error is the last that the program said, or else how it ended.
func TestChildFails(t *testing.T) {
	assert.EqualError(t, start(t, nil).Ask(0, new(int)), "nothing doubled")
	assert.EqualError(t, start(t, nil).Ask(1, new(int)), "exit status 4")
	var stderr strings.Builder
	assert.EqualError(t, start(t, &stderr).Ask(0, new(int)), "exit status 3")
	assert.Equal(t, "a warning\nnothing doubled\n", stderr.String())
	assert.ErrorContains(t, start(t, nil).Ask(2, new(string)), "number", "no answer to that question")
}
