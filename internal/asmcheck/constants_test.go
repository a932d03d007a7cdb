package asmcheck

import (
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"math"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// constants are the bits of all constant expressions of Go files, as float32 and as
// float64. What is not exact in float32 is there if round is set.
func constants(t *testing.T, round bool, files ...string) (in32 map[uint32]bool, in64 map[uint64]bool) {
	in32, in64 = map[uint32]bool{0: true}, map[uint64]bool{0: true}
	for _, file := range files {
		fset := token.NewFileSet()
		syntax, err := parser.ParseFile(fset, filepath.Join(root, file), nil, 0)
		require.NoError(t, err)
		info := types.Info{Types: map[ast.Expr]types.TypeAndValue{}}
		ignore := types.Config{Error: func(error) {}} // what imports and other files have isn't constant here
		ignore.Check(file, fset, []*ast.File{syntax}, &info)
		for _, e := range info.Types {
			if e.Value == nil || e.Value.Kind() != constant.Int && e.Value.Kind() != constant.Float {
				continue
			}
			f64, _ := constant.Float64Val(e.Value)
			if f32 := float32(f64); round || float64(f32) == f64 {
				in32[math.Float32bits(f32)] = true
			}
			in64[math.Float64bits(f64)] = true
			if i, exact := constant.Uint64Val(constant.ToInt(e.Value)); exact { // a mask, or its complement
				in32[uint32(i)], in32[^uint32(i)] = true, true
				in64[i], in64[^i] = true, true
			}
		}
	}
	return in32, in64
}

// tableLine is a line of a table, directly or by a macro, and the value at its end.
var tableLine = regexp.MustCompile(`(?m)^(?:DATA|CONST|VEC32|VEC64|W8)\b.*[ (,$](-?[0-9][\w.+-]*)\)*\s*$`)

// TestConstants holds the tables of Exp, Tanh and Lorenz to the constants of plain Go.
// The last digit of a coefficient changes one result in millions: tests don't see it.
func TestConstants(t *testing.T) {
	for _, c := range []struct {
		suffix string
		round  bool
		plain  []string
		least  int // values in a file
	}{
		{"vec/exp_", false, []string{"vec/scalar/exp.go"}, 48},
		{"tasks/lorenz_", true, []string{"vec/scalar/exp.go", "tasks/lorenz.go"}, 14},
	} {
		in32, in64 := constants(t, c.round, c.plain...)
		files := 0
		for _, file := range sources(t, ".s") {
			if !strings.HasPrefix(file, c.suffix) {
				continue
			}
			files++
			lines := tableLine.FindAllStringSubmatch(comment.ReplaceAllString(read(t, filepath.Join(root, file)), ""), -1)
			assert.GreaterOrEqual(t, len(lines), c.least, file)
			for _, line := range lines {
				assert.True(t, known(t, line[1], in32, in64), "%s: plain Go has no %s: %s", file, line[1], line[0])
			}
		}
		assert.GreaterOrEqual(t, files, 2, c.suffix)
	}
}

// known looks for a number, the bits of one, or of two float32.
func known(t *testing.T, v string, in32 map[uint32]bool, in64 map[uint64]bool) bool {
	if !strings.HasPrefix(v, "0x") || strings.ContainsAny(v, "p.") {
		f, err := strconv.ParseFloat(v, 64)
		require.NoError(t, err)
		if float64(float32(f)) == f {
			return in32[math.Float32bits(float32(f))]
		}
		return in64[math.Float64bits(f)]
	}
	bits, err := strconv.ParseUint(v, 0, 64)
	require.NoError(t, err)
	return in32[uint32(bits)] && (len(v) <= len("0x12345678") || in32[uint32(bits>>32)]) || in64[bits]
}
