package asmcheck

import (
	"encoding/hex"
	"fmt"
	"math/bits"
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

// x86Inexact matches what isn't one IEEE operation, rounded once to nearest: fused
// operations, estimates, sums of products, other roundings, and access to MXCSR.
var x86Inexact = regexp.MustCompile(`^v?(fn?m(add|sub)|fmaddsub|fmsubadd|4fn?m|rcp|rsqrt|exp2|dpp|dpbf|reduce|v?ldmxcsr)|\{r[udz]-sae\}`)

// An instruction of a function, in AT&T syntax.
type x86Instruction struct {
	f     *function
	addr  uint64
	bytes []byte
	text  string
	to    uint64 // target of a jump or call
}

func (in x86Instruction) String() string { return in.f.at(in.addr) + ": " + in.text }

var (
	objdumpLine = regexp.MustCompile(`^ *([0-9a-f]+):\t([0-9a-f ]+?) *\t([^#]*)`)
	target      = regexp.MustCompile(`^(j\w+|call\w*|loop\w*) +0x([0-9a-f]+)$`)
)

// need skips the test where a tool is missing, unless NRES_TEST_REQUIRE_BINUTILS
// says that it must not be.
func need(t *testing.T, tool string) {
	t.Helper()
	out, err := exec.Command(tool, "--version").Output()
	if err == nil && strings.HasPrefix(string(out), "GNU ") {
		help, _ := exec.Command(tool, "--help").Output()
		if tool == "as" || strings.Contains(string(help), "elf64-x86-64") || strings.Contains(string(help), "i386:x86-64") {
			return
		}
	}
	if os.Getenv("NRES_TEST_REQUIRE_BINUTILS") != "" {
		t.Fatalf("NRES_TEST_REQUIRE_BINUTILS is set, but there is no %s of GNU binutils for x86-64: %v %s", tool, err, out)
	}
	t.Skipf("no %s of GNU binutils for x86-64", tool)
}

func disassemble(t *testing.T, fns []function) (ins []x86Instruction) {
	t.Helper()
	need(t, "objdump")
	// The functions one after the other, which changes where the targets of jumps to
	// others seem to be.
	var code []byte
	starts := map[uint64]*function{}
	for i := range fns {
		starts[uint64(len(code))] = &fns[i]
		code = append(code, fns[i].code...)
	}
	file := filepath.Join(t.TempDir(), "code")
	require.NoError(t, os.WriteFile(file, code, 0o666))
	out, err := exec.Command("objdump", "-D", "-w", "-b", "binary", "-m", "i386:x86-64", file).Output()
	require.NoError(t, err)
	var f *function
	start := uint64(0)
	for _, line := range strings.Split(string(out), "\n") {
		m := objdumpLine.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		at, err := strconv.ParseUint(m[1], 16, 64)
		require.NoError(t, err)
		if starts[at] != nil {
			f, start = starts[at], at
		}
		raw, err := hex.DecodeString(strings.ReplaceAll(m[2], " ", ""))
		require.NoError(t, err)
		in := x86Instruction{f: f, addr: f.addr + at - start, bytes: raw, text: strings.TrimSpace(m[3])}
		if m := target.FindStringSubmatch(in.text); m != nil {
			to, err := strconv.ParseUint(m[2], 16, 64)
			require.NoError(t, err)
			in.to = to + f.addr - start
		}
		ins = append(ins, in)
	}
	require.NotEmpty(t, ins)
	return ins
}

// The processors of the tiers in the assembler's terms. To it AVX-512 implies FMA and
// F16C, which are not part of the tier; they are VEX-encoded, so that such
// instructions of an AVX-512 function are those of AVX2.
const (
	avx2   = "generic64+avx2+nopopcnt"
	avx512 = "generic64+avx512f+avx512cd+avx512bw+avx512dq+avx512vl+nopopcnt"
)

func TestAMD64(t *testing.T) {
	need(t, "objdump")
	need(t, "as")
	fns := assembly(program(t, "amd64"))
	for _, problem := range checkAMD64(t, fns) {
		t.Error(problem)
	}
}

// TestAMD64Found: testdata/bad has a function for each rule.
func TestAMD64Found(t *testing.T) {
	need(t, "objdump")
	need(t, "as")
	problems := checkAMD64(t, assembly(build(t, "amd64", "./testdata/bad")))
	for name, want := range map[string]string{
		"evexAVX2":         "AVX-512 in AVX2",
		"maskAVX2":         "AVX-512 in AVX2",
		"fmaAVX2":          "inexact",
		"fmaAVX512":        "inexact",
		"estimateAVX2":     "inexact",
		"roundAVX512":      "inexact",
		"bmiAVX2":          "not in generic64+avx2",
		"popcntAVX2":       "not in generic64+avx2",
		"f16cAVX2":         "not in generic64+avx2",
		"f16cAVX512":       "not in generic64+avx2",
		"popcntAVX512":     "not in generic64+avx512f",
		"vbmiAVX512":       "not in generic64+avx512f",
		"vpopcntAVX512":    "not in generic64+avx512f",
		"ifmaAVX512":       "not in generic64+avx512f",
		"sseAVX2":          "legacy SSE",
		"movqAVX512":       "legacy SSE",
		"dirtyAVX2":        "without VZEROUPPER",
		"dirtyPathAVX512":  "without VZEROUPPER",
		"highAVX512":       "a value in register 30",
		"highPathAVX512":   "a value in register 16",
		"bpAVX2":           "uses BP, R14 or R15",
		"r14AVX2":          "uses BP, R14 or R15",
		"r15AVX512":        "uses BP, R14 or R15",
		"splitAVX2":        "uses BP, R14 or R15", // the stack check of a function that isn't NOSPLIT
		"spillAVX2":        "aligned access to the stack",
		"belowAVX2":        "below the stack",
		"unsetAVX2":        "uses cx, which nothing has set",
		"nameless":         "name",
		"wrongEntry":       "name",
		"otherEntry":       "name",
		"oneEntry":         "name",
		"fineEntry":        "",
		"fineAVX2":         "",
		"fineAVX512":       "",
		"fineEarlyAVX512":  "",
		"fineFramedAVX512": "",
	} {
		var found []string
		for _, p := range problems {
			if strings.Contains(p, "."+name+" ") {
				found = append(found, p)
			}
		}
		if want == "" {
			assert.Empty(t, found, name)
		} else {
			assert.Contains(t, strings.Join(found, "\n"), want, name)
		}
	}
}

func assembly(fns []function) (out []function) {
	for _, f := range fns {
		if f.assembly() {
			out = append(out, f)
		}
	}
	return out
}

var (
	vector       = regexp.MustCompile(`%[xyz]?mm\d`)
	wide         = regexp.MustCompile(`%[yz]mm\d`)
	zeroing      = regexp.MustCompile(`^vpxor[dq]? +(%[xyz]mm\d+),(%[xyz]mm\d+),(%[xyz]mm\d+)$`)
	highRegister = regexp.MustCompile(`%[xyz]mm(1[6-9]|2\d|3[01])`)
	mask         = regexp.MustCompile(`%k[0-7]|%zmm`)
	reserved     = regexp.MustCompile(`%(r?bp|ebp|bpl|r1[45][dwb]?)\b`)
	aligned      = regexp.MustCompile(`^vmov(ap[sd]|dqa|ntp[sd]|ntdq)\w* .*\(%rsp`)
	below        = regexp.MustCompile(`-0x\w+\(%rsp`)
	prologue     = regexp.MustCompile(`^(push +%rbp|pop +%rbp|mov +%rsp,%rbp|mov +%rbp,0x\w+\(%rsp\)|lea +0x\w+\(%rsp\),%rbp|mov +0x\w+\(%rsp\),%rbp)$`)
	tierName     = regexp.MustCompile(`(AVX2|AVX512)$`)
	loadArgument = regexp.MustCompile(`^mov +0x\w+\(%rsp\),%r(ax|[bcd]x|[sd]i|8|9|1[0-3])$`)
	jump         = regexp.MustCompile(`^(j|loop)`)
	encodings    = map[byte]string{0x62: "EVEX", 0xc4: "VEX", 0xc5: "VEX"}
)

func checkAMD64(t *testing.T, fns []function) (problems []string) {
	t.Helper()
	names, kernels := map[uint64]string{}, map[string]bool{} // kernels have their arguments from an entry
	for i := range fns {
		names[fns[i].addr] = fns[i].bare()
		if !tierName.MatchString(fns[i].name) {
			kernels[fns[i].bare()+"AVX2"], kernels[fns[i].bare()+"AVX512"] = true, true
		}
	}
	for i := range fns {
		f := &fns[i]
		tier := tierName.FindString(f.name)
		bad := func(in x86Instruction, format string, args ...any) {
			problems = append(problems, in.String()+": "+fmt.Sprintf(format, args...))
		}
		ins := disassemble(t, fns[i:i+1])
		for len(ins) > 0 && ins[len(ins)-1].text == "int3" { // after the end
			ins = ins[:len(ins)-1]
		}
		if tier == "" {
			if in := notEntry(ins, names); in != nil {
				bad(*in, "the name must end in the tier, or be that of an entry")
			}
			continue
		}
		for _, in := range ins {
			encoding := encodings[in.bytes[0]]
			switch {
			case tier == "AVX2" && (encoding == "EVEX" || mask.MatchString(in.text)):
				bad(in, "AVX-512 in AVX2")
			case x86Inexact.MatchString(in.text):
				bad(in, "inexact")
			case vector.MatchString(in.text) && encoding == "":
				bad(in, "legacy SSE")
			case reserved.MatchString(in.text) && !prologue.MatchString(in.text):
				bad(in, "uses BP, R14 or R15")
			case aligned.MatchString(in.text):
				bad(in, "aligned access to the stack")
			case below.MatchString(in.text):
				bad(in, "below the stack")
			}
		}
		march := map[string][]x86Instruction{avx2: ins}
		if tier == "AVX512" {
			march = map[string][]x86Instruction{avx512: ins}
			for _, in := range ins {
				if encodings[in.bytes[0]] != "EVEX" && !mask.MatchString(in.text) {
					march[avx2] = append(march[avx2], in)
				}
			}
		}
		for m, ins := range march {
			for _, in := range unknown(t, ins, m) {
				bad(in, "not in %s", m)
			}
		}
		if !kernels[f.bare()] {
			if in, register := unset(ins); in != nil {
				bad(*in, "uses %s, which nothing has set", register)
			}
		}
		for _, in := range dirtyReturns(ins) {
			bad(in.x86Instruction, "%s", in.what())
		}
	}
	return problems
}

var isZero = regexp.MustCompile(`^cmpb +\$0x0,0x([0-9a-f]+)\(%rip\)$`)

// notEntry returns what an entry would not do, which is to load its arguments and to
// jump to the function of its name for AVX-512 if its package's useAVX512 is set, or
// else to the one for AVX2.
func notEntry(ins []x86Instruction, names map[uint64]string) *x86Instruction {
	for len(ins) > 0 && loadArgument.MatchString(ins[0].text) {
		ins = ins[1:]
	}
	want := []string{"cmpb ", "je ", "jmp ", "jmp "}
	for i := range ins {
		if i == len(want) || !strings.HasPrefix(ins[i].text, want[i]) {
			return &ins[i]
		}
	}
	switch name := ins[0].f.bare(); {
	case len(ins) < len(want) || compared(ins[0]) != strings.TrimSuffix(ins[0].f.name, name)+"useAVX512":
		return &ins[0]
	case ins[1].to != ins[3].addr:
		return &ins[1]
	case names[ins[2].to] != name+"AVX512":
		return &ins[2]
	case names[ins[3].to] != name+"AVX2":
		return &ins[3]
	}
	return nil
}

// compared returns the variable that an instruction compares with 0.
func compared(in x86Instruction) string {
	m := isZero.FindStringSubmatch(in.text)
	if m == nil {
		return ""
	}
	offset, err := strconv.ParseUint(m[1], 16, 64)
	if err != nil {
		return ""
	}
	return in.f.vars[in.addr+uint64(len(in.bytes))+offset]
}

// unknown returns the instructions that a processor doesn't have.
func unknown(t *testing.T, ins []x86Instruction, march string) (found []x86Instruction) {
	t.Helper()
	var src strings.Builder
	for _, in := range ins {
		src.WriteString(in.text + "\n")
	}
	cmd := exec.Command("as", "--64", "-march="+march, "-o", os.DevNull)
	cmd.Stdin = strings.NewReader(src.String())
	cmd.Env = append(os.Environ(), "LC_ALL=C")
	out, err := cmd.CombinedOutput()
	if err == nil {
		return nil
	}
	for _, m := range regexp.MustCompile(`:(\d+): Error: `).FindAllStringSubmatch(string(out), -1) {
		line, err := strconv.Atoi(m[1])
		require.NoError(t, err)
		in := ins[line-1]
		found = append(found, in)
	}
	require.NotEmpty(t, found, "as: %v\n%s", err, out)
	return found
}

var (
	general = regexp.MustCompile(`%[er]?([abcd]x|[sd]i|[abcd]l|r(?:8|9|1[0-3]))[dwb]?\b`)
	sets    = regexp.MustCompile(`^(?:mov|lea|kmov|vmov[dq] )\w* .*,%[er]?([abcd]x|[sd]i|r(?:8|9|1[0-3]))d?$`)
	clears  = regexp.MustCompile(`^xor +(%[er]?([abcd]x|[sd]i|r(?:8|9|1[0-3]))d?),(%\w+)$`)
)

// unset returns the first instruction, in the order of the code, that uses a general register which none before it
// has set. What a caller happens to leave there may be right.
func unset(ins []x86Instruction) (*x86Instruction, string) {
	have := map[string]bool{}
	for i := range ins {
		text, dst := ins[i].text, ""
		if m := sets.FindStringSubmatch(text); m != nil {
			text, dst = text[:strings.LastIndex(text, ",")], m[1]
		} else if m := clears.FindStringSubmatch(text); m != nil && m[1] == m[3] {
			text, dst = "", m[2]
		}
		for _, m := range general.FindAllStringSubmatch(text, -1) {
			if r := strings.Replace(m[1], "l", "x", 1); !have[r] {
				return &ins[i], r
			}
		}
		have[dst] = true
	}
	return nil, ""
}

// A dirtyReturn is where a function may return, or leave for another, while registers hold what costs those
// that run next: the upper halves of 0 to 15 until VZEROUPPER, and all of 16 to 31 until they are zeroed.
type dirtyReturn struct {
	x86Instruction
	dirty uint32 // a bit for each of 16 to 31, and bit 0 for the upper halves
}

func (r dirtyReturn) what() string {
	if r.dirty&1 != 0 {
		return "returns without VZEROUPPER"
	}
	return fmt.Sprintf("returns with a value in register %d", bits.TrailingZeros32(r.dirty))
}

func dirtyReturns(ins []x86Instruction) (found []dirtyReturn) {
	index := map[uint64]int{}
	for i, in := range ins {
		index[in.addr] = i
	}
	type state struct {
		i     int
		dirty uint32
	}
	seen := map[state]bool{}
	for todo := []state{{}}; len(todo) > 0; {
		s := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		if s.i >= len(ins) || seen[s] {
			continue
		}
		seen[s] = true
		in := ins[s.i]
		to, inside := index[in.to]
		m := zeroing.FindStringSubmatch(in.text)
		switch {
		case m != nil && m[1] == m[2] && m[2] == m[3] && high(m[1:2]) != 0:
			s.dirty &^= high(m[1:2])
		case strings.HasPrefix(in.text, "vzeroupper"), strings.HasPrefix(in.text, "vzeroall"):
			s.dirty &^= 1
		case strings.HasPrefix(in.text, "call"):
			s.dirty |= 1
		case strings.HasPrefix(in.text, "ret"), jump.MatchString(in.text) && !inside:
			if s.dirty != 0 {
				found = append(found, dirtyReturn{in, s.dirty})
			}
			continue
		case jump.MatchString(in.text):
			todo = append(todo, state{to, s.dirty})
			if strings.HasPrefix(in.text, "jmp") {
				continue
			}
		default:
			if wide.MatchString(in.text) {
				s.dirty |= 1
			}
			s.dirty |= high(highRegister.FindAllString(in.text, -1))
		}
		todo = append(todo, state{s.i + 1, s.dirty})
	}
	return found
}

// high has the bits of those registers that are 16 to 31.
func high(registers []string) (mask uint32) {
	for _, r := range registers {
		n, err := strconv.Atoi(r[strings.LastIndex(r, "m")+1:])
		if err == nil && n >= 16 {
			mask |= 1 << n
		}
	}
	return mask
}
