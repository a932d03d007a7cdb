package asmcheck

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	textLine = regexp.MustCompile(`(?m)^TEXT\s+(\w*)·(\w+)(<>)?\(SB\), *([A-Z|]+)`)
	funcLine = regexp.MustCompile(`(?m)^// (func (\w+)\(.*)$`)
	comment  = regexp.MustCompile(`//.*`)

	// What the platform, the assembler and the runtime keep for themselves: R18, the
	// temporary R27, g, the frame pointer R29 and the link register R30.
	reservedARM64 = regexp.MustCompile(`\b(R18_PLATFORM|R27|R28|g|R29|R30|LR)\b`)
)

// TestComplete: what no exported function uses is not in the program, so the other
// tests wouldn't see it.
func TestComplete(t *testing.T) {
	for _, arch := range []string{"amd64", "arm64"} {
		arch := arch
		t.Run(arch, func(t *testing.T) {
			have := map[string]bool{}
			for _, f := range assembly(program(t, arch)) {
				have[f.file+" "+f.bare()] = true
			}
			for _, file := range sources(t, "_"+arch+".s") {
				for _, text := range texts(t, file) {
					assert.True(t, have[file+" "+text[2]], "%s: nothing uses %s", file, text[2])
					delete(have, file+" "+text[2])
				}
			}
			assert.Empty(t, have, "not found in the sources")
		})
	}
}

// TestSources: assembly functions are NOSPLIT, names that are local to a file begin with
// their package, and NEON functions leave reserved registers alone. (Of amd64 the machine
// code is checked.)
func TestSources(t *testing.T) {
	for _, file := range sources(t, ".s") {
		assert.Regexp(t, `_(amd64|arm64)\.s$`, file)
		for _, text := range texts(t, file) {
			assert.Contains(t, text[4], "NOSPLIT", "%s: %s", file, text[2])
			if pkg := path.Base(path.Dir(file)); text[3] != "" {
				assert.Equal(t, pkg, text[1], "%s: profiles must show the package of %s", file, text[2])
			}
		}
	}
	for _, file := range append(sources(t, "_arm64.s"), sources(t, "_arm64.h")...) {
		assert.Empty(t, reservedUses(t, filepath.Join(root, file)), file)
	}
	assert.Len(t, reservedUses(t, "testdata/bad/bad_arm64.s"), 2)
}

// TestArguments: a function, or the kernels with its name and a tier, read every argument. Without
// a load it may work all the same, as the wrapper that Go calls leaves some arguments in registers.
func TestArguments(t *testing.T) {
	for _, file := range sources(t, ".s") {
		assert.Empty(t, unread(t, filepath.Join(root, file)), file)
	}
	assert.Equal(t, []string{"unreadAVX2: n"}, unread(t, "testdata/bad/bad_amd64.s"))
}

func unread(t *testing.T, file string) (found []string) {
	src := comment.ReplaceAllStringFunc(read(t, file), func(c string) string { return funcLine.FindString(c) })
	bodies := strings.Split(src, "\nTEXT ")
	for _, m := range funcLine.FindAllStringSubmatch(src, -1) {
		syntax, err := parser.ParseFile(token.NewFileSet(), file, "package p; "+m[1], parser.SkipObjectResolution)
		require.NoError(t, err, "%s: %s", file, m[1])
		own, have := regexp.MustCompile(`^\w*·`+m[2]+`(AVX2|AVX512)?(<>)?\(SB\)`), bodies[0] // macros
		for _, body := range bodies[1:] {
			if own.MatchString(body) {
				have += body
			}
		}
		for _, field := range syntax.Decls[0].(*ast.FuncDecl).Type.Params.List {
			for _, arg := range field.Names {
				if !regexp.MustCompile(`\b` + arg.Name + `\+\d+\(FP\)`).MatchString(have) {
					found = append(found, m[2]+": "+arg.Name)
				}
			}
		}
	}
	return found
}

func texts(t *testing.T, file string) [][]string {
	src, err := os.ReadFile(filepath.Join(root, file))
	require.NoError(t, err)
	found := textLine.FindAllStringSubmatch(string(src), -1)
	require.Len(t, found, strings.Count("\n"+string(src), "\nTEXT"), "TEXT in %s", file)
	return found
}

func reservedUses(t *testing.T, file string) []string {
	src, err := os.ReadFile(file)
	require.NoError(t, err)
	return reservedARM64.FindAllString(comment.ReplaceAllString(string(src), ""), -1)
}
