package asmcheck

import (
	"bytes"
	"debug/elf"
	"debug/gosym"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	module = "github.com/noise-reuse/nres"
	root   = "../.."
)

// A function is machine code of this module.
type function struct {
	name string // without the module path
	file string // relative to the root of the module
	addr uint64
	code []byte
	line func(pc uint64) string
	vars map[uint64]string // the names of variables in the program
}

func (f *function) String() string { return f.name + " (" + f.file + ")" }

// bare is the name without a package.
func (f *function) bare() string { return f.name[strings.LastIndex(f.name, ".")+1:] }

func (f *function) assembly() bool { return strings.HasSuffix(f.file, ".s") }

// at describes an instruction.
func (f *function) at(pc uint64) string { return fmt.Sprintf("%v: %s: %#x", f, f.line(pc), pc) }

// program builds a program that uses all that the core exports, for an
// architecture such as "amd64" or "amd64/v3".
func program(t *testing.T, arch string) []function {
	t.Helper()
	overlay := filepath.Join(t.TempDir(), "overlay.json")
	main := filepath.Join(filepath.Dir(overlay), "main.go")
	require.NoError(t, os.WriteFile(main, user(t), 0o666))
	dir, err := filepath.Abs("all")
	require.NoError(t, err)
	js, err := json.Marshal(map[string]any{"Replace": map[string]string{filepath.Join(dir, "main.go"): main}})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(overlay, js, 0o666))
	return build(t, arch, "./all", "-overlay="+overlay)
}

// build builds a main package and returns this module's functions in it.
func build(t *testing.T, arch, pkg string, flags ...string) []function {
	t.Helper()
	arch, level, _ := strings.Cut(arch, "/")
	binary := filepath.Join(t.TempDir(), "program")
	cmd := exec.Command("go", append(append([]string{"build", "-o", binary, "-ldflags=-w"}, flags...), pkg)...)
	cmd.Env = append(os.Environ(), "GOOS=linux", "GOARCH="+arch, "CGO_ENABLED=0", "GOAMD64="+level, "GOFLAGS=-buildvcs=false")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build for %s: %v\n%s", arch, err, out)
	}
	return functions(t, binary)
}

func functions(t *testing.T, binary string) []function {
	t.Helper()
	base, err := filepath.Abs(root)
	require.NoError(t, err)
	f, err := elf.Open(binary)
	require.NoError(t, err)
	defer f.Close()
	text, pclntab := f.Section(".text"), f.Section(".gopclntab")
	require.NotNil(t, text)
	require.NotNil(t, pclntab)
	code, err := text.Data()
	require.NoError(t, err)
	lines, err := pclntab.Data()
	require.NoError(t, err)
	table, err := gosym.NewTable(nil, gosym.NewLineTable(lines, text.Addr))
	require.NoError(t, err)
	symbols, err := f.Symbols()
	require.NoError(t, err)
	vars := map[uint64]string{}
	for _, s := range symbols {
		if elf.ST_TYPE(s.Info) == elf.STT_OBJECT && s.Size > 0 {
			vars[s.Value] = strings.TrimPrefix(s.Name, module+"/")
		}
	}
	var fns []function
	for _, fn := range table.Funcs {
		file, _, _ := table.PCToLine(fn.Entry)
		rel, err := filepath.Rel(base, file)
		ours := err == nil && filepath.IsLocal(rel)
		if ours {
			file = filepath.ToSlash(rel)
		}
		// Local names in assembly don't have the module's path; and what is inlined at the very
		// beginning of a function may be from elsewhere.
		if !ours && !strings.HasPrefix(fn.Name, module+"/") {
			continue
		}
		fns = append(fns, function{
			name: strings.TrimPrefix(fn.Name, module+"/"), file: file, addr: fn.Entry,
			code: code[fn.Entry-text.Addr : fn.End-text.Addr],
			line: func(pc uint64) string {
				file, line, _ := table.PCToLine(pc)
				return fmt.Sprintf("%s:%d", filepath.Base(file), line)
			},
			vars: vars,
		})
	}
	require.NotEmpty(t, fns)
	return fns
}

// sources returns the files of the core with some suffix, relative to root.
func sources(t *testing.T, suffix string) (files []string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, path)
		if d.IsDir() {
			if name := d.Name(); name == "testdata" || name == "cmd" || name == "bench" || name != ".." && strings.HasPrefix(name, ".") {
				return filepath.SkipDir
			}
		} else if strings.HasSuffix(rel, suffix) {
			files = append(files, filepath.ToSlash(rel))
		}
		return err
	}))
	return files
}

// user returns a program that refers to every exported function and method of the
// core's packages.
func user(t *testing.T) []byte {
	t.Helper()
	uses := map[string]map[string]bool{} // by import path
	add := func(path, use string) {
		if uses[path] == nil {
			uses[path] = map[string]bool{}
		}
		uses[path][use] = true
	}
	for _, file := range sources(t, ".go") {
		if strings.HasSuffix(file, "_test.go") || strings.HasPrefix(file, "internal/") || !strings.Contains(file, "/") {
			continue
		}
		syntax, err := parser.ParseFile(token.NewFileSet(), filepath.Join(root, file), nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		path := module + "/" + file[:strings.LastIndex(file, "/")]
		for _, d := range syntax.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || !fn.Name.IsExported() {
				continue
			}
			name, instances := syntax.Name.Name+"."+fn.Name.Name, 0
			if fn.Type.TypeParams != nil {
				instances = fn.Type.TypeParams.NumFields()
			}
			if fn.Recv != nil {
				var recv string
				if recv, instances = receiver(fn.Recv.List[0].Type); !ast.IsExported(recv) {
					continue
				}
				name = "(*" + syntax.Name.Name + "." + recv + "@)." + fn.Name.Name
			} else {
				name += "@"
			}
			for _, F := range []string{"float32", "float64"} {
				args := strings.TrimSuffix(strings.Repeat(F+", ", instances), ", ")
				if instances > 0 {
					args = "[" + args + "]"
				}
				add(path, strings.Replace(name, "@", args, 1))
			}
		}
	}
	var src bytes.Buffer
	src.WriteString("package main\n\nimport (\n")
	for _, path := range keys(uses) {
		fmt.Fprintf(&src, "\t%q\n", path)
	}
	src.WriteString(")\n\nfunc main() { println(len(used)) }\n\nvar used = []any{\n")
	for _, path := range keys(uses) {
		for _, use := range keys(uses[path]) {
			fmt.Fprintf(&src, "\t%s,\n", use)
		}
	}
	src.WriteString("}\n")
	return src.Bytes()
}

// receiver returns the type that a method belongs to and its number of parameters.
func receiver(x ast.Expr) (name string, params int) {
	switch x := x.(type) {
	case *ast.StarExpr:
		return receiver(x.X)
	case *ast.IndexExpr:
		name, _ = receiver(x.X)
		return name, 1
	case *ast.IndexListExpr:
		name, _ = receiver(x.X)
		return name, len(x.Indices)
	case *ast.Ident:
		return x.Name, 0
	}
	return "", 0
}

func keys[V any](m map[string]V) (ks []string) {
	for k := range m {
		ks = append(ks, k)
	}
	sort.Strings(ks)
	return ks
}
