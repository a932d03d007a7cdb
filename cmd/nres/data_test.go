package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/noise-reuse/nres/noise"
	"github.com/noise-reuse/nres/tasks"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

//go:generate go test -run TestExample -update

var update = flag.Bool("update", false, "write the example series")

// exampleCSV returns what examples/lorenz-z.csv holds: z of the Lorenz system with
// the true parameters, measured with an error of standard deviation 0.1.
func exampleCSV() []byte {
	const n = 400
	z := tasks.SimulateLorenz[float32](tasks.LorenzTruth, n)
	noise.Axpy(z, 0.1, noise.New(28).Derive(10), 0)
	var b bytes.Buffer
	b.WriteString("t,z\n")
	for i, v := range z {
		fmt.Fprintf(&b, "%d.%03d,%.3f\n", (i+1)*5/1000, (i+1)*5%1000, v)
	}
	return b.Bytes()
}

func TestExample(t *testing.T) {
	path := filepath.Join("examples", "lorenz-z.csv")
	if *update {
		require.NoError(t, os.WriteFile(path, exampleCSV(), 0o666))
	}
	got, err := os.ReadFile(path)
	require.NoError(t, err)
	got = bytes.ReplaceAll(got, []byte("\r\n"), []byte("\n")) // as a checkout may have it
	assert.Equal(t, string(exampleCSV()), string(got))
	z, err := parseSeries(got)
	require.NoError(t, err)
	assert.Len(t, z, 400)
}

func TestParseSeries(t *testing.T) {
	for name, text := range map[string]string{
		"values":         "1.5\n-2\n3e1\n",
		"no newline":     "1.5\n-2\n3e1",
		"header":         "z\n1.5\n-2\n3e1\n",
		"quoted":         "\"z\"\n\"1.5\"\n-2\n3e1\n",
		"time":           "0,1.5\n1,-2\n2,3e1\n",
		"time, header":   "t, z\n0.5, 1.5\n1, -2\n1.5, 3e1\n",
		"rounded":        "0.33,1.5\n0.67,-2\n1,3e1\n",
		"blank lines":    "\n1.5\n\n-2\n3e1\n\n",
		"Windows":        "\ufefft,z\r\n0,1.5\r\n1,-2\r\n2,3e1\r\n",
		"pandas":         ",z\n0,1.5\n1,-2\n2,3e1\n",
		"numpy":          "# t,z\n0,1.5\n1,-2\n2,3e1\n",
		"word for names": "time,infection\n0,1.5\n1,-2\n2,3e1\n",
	} {
		z, err := parseSeries([]byte(text))
		assert.NoError(t, err, name)
		assert.Equal(t, []float64{1.5, -2, 30}, z, name)
	}
}

func TestParseSeriesErrors(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"empty", "", "no values"},
		{"header only", "t,z\n", "no values"},
		{"nothing in two columns", ",\n1,2\n", `line 1: "" is not a number`},
		{"no value at first", "1,\n2,3\n", `line 1: "" is not a number`},
		{"a row behind a #", "# 1,2\n2,3\n", `line 1: "# 1" is not a number`},
		{"not a number", "z\n1\n2\nthree\n", `line 4: "three" is not a number`},
		{"two headers", "t,z\nt,z\n", `line 2: "t" is not a number`},
		{"damaged first row", "1.2x\n2\n", `line 1: "1.2x" is not a number`},
		{"time not a number", "0,1\nx,2\n", `line 2: "x" is not a number`},
		{"missing value", "0,1\n1,\n", `line 2: "" is not a number`},
		{"after a blank line", "1\n\n\nx\n", `line 4: "x"`},
		{"NaN", "NaN\n1\n", `line 1: "NaN" is not finite`},
		{"infinite", "1\n-Inf\n", `line 2: "-Inf" is not finite`},
		{"too large", "1\n1e999\n", `line 2: "1e999" is not finite`},
		{"too large for float32", "1\n1e39\n", `line 2: "1e39" is not finite`},
		{"ragged", "0,1\n1,2\n3\n", "line 3: 1 columns, and other rows have 2"},
		{"ragged after header", "z\n1,2\n", "line 2: 2 columns, and other rows have 1"},
		{"three columns", "1,2,3\n", "line 1: 3 columns; allowed: one column"},
		{"time stands still", "0,1\n1,2\n1,3\n", "line 3: time 1 does not come after"},
		{"a row is missing", "t,z\n0.5,1\n1,2\n1.5,2\n2.5,3\n", "line 5: time 2.5 is 1 after the row before, the first two are 0.5 apart; allowed: equal steps"},
		{"two at a time", "0,1\n1,2\n1.25,3\n", "line 3: time 1.25 is 0.25 after the row before"},
		{"quote", "1\n\"2\n", "line 2"},
	} {
		_, err := parseSeries([]byte(c.text))
		assert.ErrorContains(t, err, c.want, c.name)
	}
}
