package asmcheck

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// goTool runs the go command for arm64. (Tests have it in their path, if run by it.)
func goTool(t *testing.T, args ...string) string {
	t.Helper()
	if _, err := exec.LookPath("go"); err != nil {
		t.Skip("no go command")
	}
	cmd := exec.Command("go", args...)
	cmd.Env = append(os.Environ(), "GOARCH=arm64", "GOOS=linux", "CGO_ENABLED=0")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, "go %s: %s", strings.Join(args, " "), stderr.String())
	return string(out)
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	return string(b)
}

// An instruction of go tool objdump -gnu: file, address, word, Go's and GNU's syntax.
var instruction = regexp.MustCompile(`(?m)^\s+\S+\s+0x[0-9a-f]+\s+[0-9a-f]{8}\s.*//\s*(.*?)\s*$`)

var macro = regexp.MustCompile(`^#define (\w+)\(([a-z, ]*)\) WORD \$\(.*\) // (.*)$`)

// TestNEONMacros holds every macro of the header to the comment beside it, by
// taking it apart for several operands, and to its name.
func TestNEONMacros(t *testing.T) {
	var source strings.Builder
	var calls, want []string
	source.WriteString("#include \"neon_arm64.h\"\nTEXT ·f(SB), 4, $0-0\n")
	for _, line := range strings.Split(read(t, root+"/noise/neon_arm64.h"), "\n") {
		if !strings.HasPrefix(line, "#") {
			require.True(t, line == "" || strings.HasPrefix(line, "//"), line)
			continue
		}
		m := macro.FindStringSubmatch(line)
		require.NotNil(t, m, line)
		name, params, text := m[1], strings.Split(m[2], ", "), m[3]

		mnemonic, rest, _ := strings.Cut(text, " ")
		parts := strings.Split(strings.ToLower(name), "_")
		assert.Equal(t, strings.TrimRight(parts[0], "12"), strings.TrimRight(mnemonic, "12"), name)
		assert.True(t, strings.HasPrefix(rest, "Vd."+parts[1]), name)

		for _, v := range []map[string]int{
			{"d": 0, "n": 1, "m": 2, "i": 1}, {"d": 31, "n": 30, "m": 29, "i": 31}, {"d": 10, "n": 21, "m": 4, "i": 22},
			{"d": 16, "n": 0, "m": 31, "i": 7}, {"d": 1, "n": 31, "m": 0, "i": 10}, {"d": 8, "n": 15, "m": 16, "i": 12},
		} {
			switch { // lanes are few
			case strings.Contains(text, ".s[i]"):
				v["i"] %= 4
			case strings.Contains(text, ".d[i]"):
				v["i"] %= 2
			}
			v["o"] = (v["n"] + 1) % 32 // the second of a table
			var args []string
			for _, p := range params {
				args = append(args, strconv.Itoa(v[p]))
			}
			calls = append(calls, fmt.Sprintf("%s(%s)", name, strings.Join(args, ", ")))
			want = append(want, regexp.MustCompile(`V[dnmo]\b|\bi\b`).ReplaceAllStringFunc(text, func(s string) string {
				return strings.Replace(s[:len(s)-1], "V", "v", 1) + strconv.Itoa(v[s[len(s)-1:]])
			}))
			source.WriteString(calls[len(calls)-1] + "\n")
		}
	}
	require.NotEmpty(t, calls)

	dir := t.TempDir()
	require.NoError(t, os.WriteFile(dir+"/f.s", []byte(source.String()), 0o666))
	goTool(t, "tool", "asm", "-p", "f", "-I", root+"/noise", "-o", dir+"/f.o", dir+"/f.s")
	got := instruction.FindAllStringSubmatch(goTool(t, "tool", "objdump", "-gnu", dir+"/f.o"), -1)
	require.GreaterOrEqual(t, len(got), len(want))
	for i := range want {
		assert.Equal(t, want[i], got[i][1], calls[i])
	}
}

// TestNEONHeaders: all copies are equal, and hand-made words are in them only.
func TestNEONHeaders(t *testing.T) {
	header := read(t, root+"/noise/neon_arm64.h")
	word := regexp.MustCompile(`(?m)^[^/\n]*\b(WORD|LONG|BYTE)\b`)
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.Name() == "testdata":
			return filepath.SkipDir
		case d.Name() == "neon_arm64.h":
			assert.Equal(t, header, read(t, path), path)
		case strings.HasSuffix(path, "_arm64.s"):
			assert.False(t, word.MatchString(read(t, path)), "%s encodes an instruction itself", path)
		}
		return nil
	})
	require.NoError(t, err)
}
