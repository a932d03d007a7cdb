package main

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/noise-reuse/nres/internal/cpu"
	"github.com/spf13/cobra"
	xcpu "golang.org/x/sys/cpu"
)

// An information is what "nres info" says; the fields are those of the JSON object.
type information struct {
	Version    string            `json:"version"`
	Processor  string            `json:"processor"`
	LLVM       *string           `json:"llvm"` // llvm-mca's name of its kind, or null
	CPUs       int               `json:"cpus"`
	GOMAXPROCS int               `json:"gomaxprocs"`
	Go         string            `json:"go"`
	GOOS       string            `json:"goos"`
	GOARCH     string            `json:"goarch"`
	Build      map[string]string `json:"build"` // settings that bear on the code: GOAMD64, -tags, -race and the like
	Tier       string            `json:"tier"`
	Tiers      []string          `json:"tiers"`     // that this build and machine have
	NRESSIMD   *string           `json:"nres_simd"` // the environment variable, or null
	GODEBUG    *string           `json:"godebug"`
	Why        string            `json:"why"`
	Features   []feature         `json:"features"` // that the tiers ask for
	Operations []use             `json:"operations"`
}

type feature struct {
	Name string `json:"name"`
	Has  bool   `json:"has"`
}

type use struct {
	Operation string `json:"operation"`
	Type      string `json:"type"`
	Uses      string `json:"uses"` // assembly functions, or "plain Go"
}

func infoCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "info",
		Short: "Show the machine, and which kernels run on it",
		Long: `Info shows the machine, the kernels that were chosen for it and why, and which
assembly functions the operations use. Results do not depend on any of it.

The environment variable NRES_SIMD, set to generic, avx2, avx512 or neon, caps the
choice.`,
		Args: noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return writeReport(cmd.OutOrStdout(), newInformation(), asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "report as one JSON object")
	return cmd
}

// noArguments refuses all arguments.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	err := fmt.Errorf("%s takes no arguments, but was given: %s", cmd.Name(), strings.Join(args, ", "))
	if names := commandNames(cmd); len(names) > 0 {
		err = fmt.Errorf("%w; its commands are: %s", err, choice(args[0], names))
	}
	return err
}

func newInformation() *information {
	p := thisProcessor()
	in := &information{
		Version: "unknown", Processor: p.name, LLVM: optional(p.llvm, p.llvm != ""),
		CPUs: runtime.NumCPU(), GOMAXPROCS: runtime.GOMAXPROCS(0),
		Go: runtime.Version(), GOOS: runtime.GOOS, GOARCH: runtime.GOARCH,
		Build: map[string]string{},
		Tier:  tier(),
	}
	if in.Processor == "" {
		in.Processor = "unknown"
	}
	if build, ok := debug.ReadBuildInfo(); ok {
		in.Version = build.Main.Version
		for _, s := range build.Settings {
			if slices.Contains([]string{"GOAMD64", "GOARM64", "-tags", "-race", "vcs.revision", "vcs.modified"}, s.Key) {
				in.Build[s.Key] = s.Value
			}
		}
	}
	detected := cpu.Detected()
	for _, t := range detected {
		in.Tiers = append(in.Tiers, t.String())
	}
	simd, set := os.LookupEnv("NRES_SIMD")
	in.NRESSIMD = optional(simd, set)
	in.GODEBUG = optional(os.LookupEnv("GODEBUG"))
	in.Why = why(in.Tiers, simd, runtime.GOARCH, slices.Contains(strings.Split(in.Build["-tags"], ","), "purego"))
	in.Features = features()
	linked := assembly()
	for _, o := range operations() {
		in.Operations = append(in.Operations, use{o.name, o.elem, o.uses(cpu.Active(), linked)})
	}
	return in
}

func optional(s string, given bool) *string {
	if !given {
		return nil
	}
	return &s
}

// why says how the tier came about: the last of tiers, unless NRES_SIMD caps it.
func why(tiers []string, simd, arch string, purego bool) string {
	best := tiers[len(tiers)-1]
	var b strings.Builder
	switch {
	case purego:
		b.WriteString("built with the tag purego, without assembly")
	case arch != "amd64" && arch != "arm64":
		b.WriteString("there are no kernels for " + arch)
	default:
		fmt.Fprintf(&b, "%s is the best of what the processor and the system have: %s", best, strings.Join(tiers, ", "))
	}
	switch {
	case simd == "":
		b.WriteString("; NRES_SIMD is not set")
	case !slices.Contains(tiers, simd):
		fmt.Fprintf(&b, "; NRES_SIMD=%q is ignored, which is none of: %s", simd, strings.Join(tiers, ", "))
	case simd == best:
		fmt.Fprintf(&b, "; NRES_SIMD=%s allows it", simd)
	default:
		fmt.Fprintf(&b, "; NRES_SIMD caps it at %s", simd)
	}
	return b.String()
}

// features lists what the tiers of this architecture ask for. GODEBUG=cpu.avx2=off
// and the like take them away.
func features() []feature {
	switch runtime.GOARCH {
	case "amd64":
		x := &xcpu.X86
		return []feature{
			{"avx", x.HasAVX}, {"avx2", x.HasAVX2},
			{"avx512", x.HasAVX512}, {"avx512f", x.HasAVX512F}, {"avx512cd", x.HasAVX512CD}, {"avx512bw", x.HasAVX512BW},
			{"avx512dq", x.HasAVX512DQ}, {"avx512vl", x.HasAVX512VL},
		}
	case "arm64":
		return []feature{{"asimd", xcpu.ARM64.HasASIMD}}
	}
	return []feature{}
}

func (in *information) text() string {
	var b bytes.Buffer
	row := func(name, value string) { fmt.Fprintf(&b, "%-10s %s\n", name, value) }
	row("nres", in.Version+settings(in.Build, "vcs.revision", "vcs.modified"))
	llvm := ""
	if in.LLVM != nil {
		llvm = ", llvm-mca calls it " + *in.LLVM
	}
	row("processor", in.Processor+llvm)
	row("cpus", fmt.Sprintf("%d, GOMAXPROCS = %d", in.CPUs, in.GOMAXPROCS))
	row("go", fmt.Sprintf("%s %s/%s", in.Go, in.GOOS, in.GOARCH)+settings(in.Build, "GOAMD64", "GOARM64", "-tags", "-race"))
	var has []string
	for _, f := range in.Features {
		if f.Has {
			has = append(has, f.Name)
		} else {
			has = append(has, "no "+f.Name)
		}
	}
	if len(has) > 0 {
		row("features", strings.Join(has, ", "))
	}
	if in.GODEBUG != nil {
		row("GODEBUG", *in.GODEBUG)
	}
	row("tier", in.Tier)
	row("", in.Why)

	b.WriteString("\n")
	t := tabwriter.NewWriter(&b, 0, 0, 3, ' ', 0)
	fmt.Fprintln(t, "operation\ttype\tuses")
	for _, u := range in.Operations {
		fmt.Fprintf(t, "%s\t%s\t%s\n", u.Operation, u.Type, u.Uses)
	}
	t.Flush()
	if in.Tier != cpu.Generic.String() {
		b.WriteString("\nCalls with few elements run plain Go where that is faster.\n")
	}
	return b.String()
}

// settings lists those of the given names that there are.
func settings(build map[string]string, names ...string) string {
	var b strings.Builder
	for _, name := range names {
		if v := build[name]; v != "" {
			fmt.Fprintf(&b, " %s=%s", name, v)
		}
	}
	return b.String()
}
