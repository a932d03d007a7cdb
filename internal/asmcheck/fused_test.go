package asmcheck

import (
	"encoding/binary"
	gobuild "go/build"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// TestFused looks for instructions that are not one IEEE operation, rounded once,
// in all code of the core, on the architectures whose compiler knows how to fuse.
func TestFused(t *testing.T) {
	for _, arch := range []string{"arm64", "ppc64le", "riscv64", "s390x", "loong64", "amd64/v3"} {
		arch := arch
		t.Run(arch, func(t *testing.T) {
			if testing.Short() && arch != "arm64" && arch != "amd64/v3" {
				t.Skip("short")
			}
			for _, found := range fused(t, arch, program(t, arch)) {
				t.Error(found)
			}
		})
	}
}

// TestFusedFound: if a*b+c isn't found, TestFused says nothing.
func TestFusedFound(t *testing.T) {
	for _, arch := range []string{"arm64", "ppc64le", "riscv64", "s390x", "loong64", "amd64/v3"} {
		arch := arch
		t.Run(arch, func(t *testing.T) {
			if testing.Short() && arch != "arm64" && arch != "amd64/v3" {
				t.Skip("short")
			}
			if release := len(gobuild.Default.ReleaseTags); release < 25 && strings.Contains("riscv64 loong64 amd64/v3", arch) {
				t.Skipf("Go 1.%d may not fuse there yet", release)
			}
			found := strings.Join(fused(t, arch, build(t, arch, "./testdata/bad")), "\n")
			names := []string{"mulAdd32", "mulAdd64"}
			if arch == "arm64" || arch == "riscv64" || arch == "loong64" {
				names = append(names, "mulSub32", "mulSub64", "negMulAdd64") // the others' compilers don't
			}
			for _, name := range names {
				assert.Contains(t, found, "main."+name+" ")
			}
			assert.NotContains(t, found, "rounded")
			if arch == "arm64" {
				for _, name := range []string{"fmla4S", "fmls4S", "fmla2D", "fmlaLane", "fmlsLane", "fmlaScalar", "frecpe", "frsqrts"} {
					assert.Contains(t, found, "."+name+"NEON ")
				}
			}
		})
	}
}

// fused describes such instructions in the functions, test code excepted.
func fused(t *testing.T, arch string, fns []function) (found []string) {
	t.Helper()
	if strings.HasPrefix(arch, "amd64") {
		for _, in := range disassemble(t, fns) {
			if x86Inexact.MatchString(in.text) {
				found = append(found, in.String())
			}
		}
		return found
	}
	next := decoders[arch]
	for i := range fns {
		f := &fns[i]
		for at := 0; at+4 <= len(f.code); {
			n, inexact := next(f.code[at:])
			if inexact {
				found = append(found, f.at(f.addr+uint64(at)))
			}
			at += n
		}
	}
	return found
}

// The decoders take the first instruction: its length, and whether it is inexact.
// At least four bytes follow.
var decoders = map[string]func(code []byte) (n int, inexact bool){
	"arm64": func(code []byte) (int, bool) {
		w := binary.LittleEndian.Uint32(code)
		for _, p := range []struct{ mask, bits uint32 }{
			{0xff000000, 0x1f000000}, // FMADD, FMSUB, FNMADD, FNMSUB
			{0x9f20fc00, 0x0e20cc00}, // FMLA, FMLS, FMLAL2, FMLSL2
			{0xbf20fc00, 0x0e20ec00}, // FMLAL, FMLSL
			{0xbf60fc00, 0x0e400c00}, // FMLA, FMLS of float16
			{0xbf00b400, 0x0f001000}, // FMLA, FMLS by element
			{0xff00b400, 0x5f001000}, // and scalar
			{0xbf20fc00, 0x0e20fc00}, // FRECPS, FRSQRTS
			{0xff20fc00, 0x5e20fc00}, // and scalar
			{0x9fbffc00, 0x0ea1d800}, // FRECPE, FRSQRTE
			{0xdfbffc00, 0x5ea1d800}, // and scalar
		} {
			if w&p.mask == p.bits {
				return 4, true
			}
		}
		return 4, false
	},
	"ppc64le": func(code []byte) (int, bool) {
		w := binary.LittleEndian.Uint32(code)
		op, xo := w>>26, w>>1&31
		return 4, (op == 59 || op == 63) && xo >= 28 // FMADD, FMSUB, FNMADD, FNMSUB
	},
	"riscv64": func(code []byte) (int, bool) {
		if code[0]&3 != 3 {
			return 2, false // compressed
		}
		op := code[0] & 0x7f
		return 4, op == 0x43 || op == 0x47 || op == 0x4b || op == 0x4f // FMADD, FMSUB, FNMSUB, FNMADD
	},
	"s390x": func(code []byte) (int, bool) {
		inexact := func(op byte) bool { return op&0xee == 0x0e } // multiply and add or subtract, 4 or 8 bytes
		switch code[0] >> 6 {
		case 0:
			return 2, false
		case 1, 2:
			return 4, code[0] == 0xb3 && inexact(code[1]) // MAEBR, MSEBR, MADBR, MSDBR
		}
		if len(code) < 6 {
			return 6, false
		}
		return 6, code[0] == 0xed && inexact(code[5]) || // MAEB and so on
			code[0] == 0xe7 && code[5]&0xee == 0x8e // VFMA, VFMS, VFNMA, VFNMS
	},
	"loong64": func(code []byte) (int, bool) {
		op := binary.LittleEndian.Uint32(code) >> 20
		return 4, op>>4 == 8 && (op&3 == 1 || op&3 == 2) // FMADD, FMSUB, FNMADD, FNMSUB
	},
}
