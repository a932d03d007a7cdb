package main

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
)

// A processor is what it says of itself, with the name that llvm-mca has for its
// kind, or nothing.
type processor struct {
	name string
	llvm string
}

// thisProcessor describes the one that runs this. Fields that cannot be known are
// empty.
func thisProcessor() processor {
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		return parseCPUInfo(string(text))
	}
	if id := os.Getenv("PROCESSOR_IDENTIFIER"); runtime.GOOS == "windows" {
		return parseWindows(id)
	}
	return brand()
}

// parseCPUInfo reads the first processor of Linux' list.
func parseCPUInfo(text string) processor {
	text, _, _ = strings.Cut(text, "\n\n")
	value := map[string]string{}
	for line := range strings.Lines(text) {
		k, v, _ := strings.Cut(line, ":")
		value[strings.TrimSpace(k)] = strings.TrimSpace(v)
	}
	p := processor{name: value["model name"]}
	if part := value["CPU part"]; part != "" {
		p.llvm = armName[value["CPU implementer"]+" "+part]
		if p.name == "" {
			p.name = fmt.Sprintf("implementer %s part %s", value["CPU implementer"], part)
		}
		return p
	}
	p.llvm = x86Name(value["vendor_id"], value["cpu family"], value["model"])
	return p
}

// parseWindows reads "Intel64 Family 6 Model 143 Stepping 8, GenuineIntel".
func parseWindows(id string) processor {
	p := processor{name: id}
	if f := strings.Fields(id); len(f) >= 8 {
		p.llvm = x86Name(f[7], f[2], f[4])
	}
	return p
}

func x86Name(vendor, family, model string) string {
	f, errF := strconv.Atoi(family)
	m, errM := strconv.Atoi(model)
	if errF != nil || errM != nil {
		return ""
	}
	switch {
	case vendor == "GenuineIntel" && f == 6:
		return map[int]string{
			60: "haswell", 63: "haswell", 69: "haswell", 70: "haswell",
			61: "broadwell", 71: "broadwell", 79: "broadwell", 86: "broadwell",
			78: "skylake", 94: "skylake", 142: "skylake", 158: "skylake", 165: "skylake", 166: "skylake",
			85: "skylake-avx512", 106: "icelake-server", 108: "icelake-server",
			125: "icelake-client", 126: "icelake-client", 140: "tigerlake", 141: "tigerlake", 167: "rocketlake",
			143: "sapphirerapids", 207: "sapphirerapids", // 207 is Emerald Rapids, the same core
			151: "alderlake", 154: "alderlake", 183: "alderlake", 186: "alderlake", 191: "alderlake",
			173: "graniterapids", 174: "graniterapids",
		}[m]
	case vendor == "AuthenticAMD" && f == 23:
		if m < 48 {
			return "znver1"
		}
		return "znver2"
	case vendor == "AuthenticAMD" && f == 25:
		if m >= 16 && m < 32 || m >= 96 {
			return "znver4"
		}
		return "znver3"
	case vendor == "AuthenticAMD" && f == 26:
		return "znver5"
	}
	return ""
}

var armName = map[string]string{
	"0x41 0xd08": "cortex-a72", "0x41 0xd0b": "cortex-a76", "0x41 0xd0c": "neoverse-n1",
	"0x41 0xd40": "neoverse-v1", "0x41 0xd49": "neoverse-n2", "0x41 0xd4f": "neoverse-v2",
	"0x61 0x022": "apple-m1", "0x61 0x023": "apple-m1", "0x61 0x024": "apple-m1", "0x61 0x025": "apple-m1",
}

// appleName turns "Apple M1 Pro" into llvm's name.
func appleName(brand string) string {
	if f := strings.Fields(brand); len(f) >= 2 && f[0] == "Apple" {
		return "apple-" + strings.ToLower(f[1])
	}
	return ""
}
