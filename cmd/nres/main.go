// Command nres trains parameters of unrolled systems with Noise-Reuse Evolution
// Strategies and related estimators. Run it without arguments for help.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Exit statuses.
const (
	statusFailed      = 1   // a run diverged, or its results could not be written
	statusUsage       = 2   // bad input; nothing was trained or written
	statusInterrupted = 130 // by Ctrl-C or SIGTERM
)

// A failure is an error with an exit status other than statusUsage.
type failure struct {
	status int
	err    error
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, func() {
		time.Sleep(time.Second) // timeout(1) sends its signal twice
		stop()                  // a later one ends the process at once
	})
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is the program, and returns its exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	out := &sink{w: stdout}
	root := rootCommand(out, stderr)
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		err = out.err
	}
	if err == nil {
		return 0
	}
	fmt.Fprintln(stderr, "nres:", strings.ReplaceAll(err.Error(), "\n", "\nnres: ")) // joined errors
	var f *failure
	if errors.As(err, &f) {
		return f.status
	}
	return statusUsage
}

// A sink is the standard output. Not all that write to it look at errors, so it keeps them.
type sink struct {
	w   io.Writer
	err error
}

func (s *sink) Write(p []byte) (int, error) {
	n, err := s.w.Write(p)
	if err != nil {
		s.err = &failure{statusFailed, err}
		err = s.err
	}
	return n, err
}

func rootCommand(stdout, stderr io.Writer) *cobra.Command {
	root := &cobra.Command{
		Use:   "nres",
		Short: "Train unrolled systems with noise-reuse evolution strategies",
		Long: `nres trains the parameters of systems that are unrolled over many steps, from
their losses alone, with Noise-Reuse Evolution Strategies (NRES; Li et al.,
NeurIPS 2023) and its relatives PES and GPES.

Exit status: 0; 1 if a run diverged or failed, or a result could not be written;
2 for bad input, found before anything runs; 130 after Ctrl-C or SIGTERM.`,
		Example: `  nres train lorenz
  nres train lorenz --estimator pes --plot pes.svg --csv pes.csv
  nres train lorenz --seed 101 --json
  nres variance lorenz
  nres reproduce --quick
  nres info
  nres bench --filter 'noise.*float32'`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          noCommand,
		RunE:          func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.SetFlagErrorFunc(flagError)
	root.AddCommand(trainCommand(), varianceCommand(), infoCommand(), benchCommand(), reproduceCommand(), workerCommand())
	root.InitDefaultHelpCmd()
	help, _, _ := root.Find([]string{"help"})
	help.Args = func(_ *cobra.Command, args []string) error {
		c, rest, err := root.Find(args)
		if err != nil || c.Args == nil {
			return err
		}
		return c.Args(c, rest)
	}
	root.InitDefaultCompletionCmd()
	completion, _, _ := root.Find([]string{"completion"})
	completion.Args = noArguments
	completion.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	return root
}

// noCommand refuses arguments that are no subcommand of cmd.
func noCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return fmt.Errorf("unknown command %q; commands are: %s", args[0], choice(args[0], commandNames(cmd)))
}

func commandNames(cmd *cobra.Command) (names []string) {
	for _, c := range cmd.Commands() {
		if !c.Hidden {
			names = append(names, c.Name())
		}
	}
	return names
}

// choice lists names, and asks whether those were meant that look like what was typed.
func choice(typed string, names []string) string {
	var near cobra.Command // has what tells
	near.SuggestionsMinimumDistance = min(2, (len(strings.TrimLeft(typed, "-"))+1)/3)
	for _, name := range names {
		near.AddCommand(&cobra.Command{Use: name, Run: func(*cobra.Command, []string) {}})
	}
	list := strings.Join(names, ", ")
	if found := near.SuggestionsFor(typed); typed != "" && len(found) > 0 {
		list += "; did you mean " + strings.Join(found, " or ") + "?"
	}
	return list
}

// badFlag says that a flag's value is not what it may be.
func badFlag(name string, value any, allowed string) error {
	return fmt.Errorf("--%s is %v; allowed: %s", name, value, allowed)
}

// flagError rewrites what the flag parser says, so that it names what is allowed.
func flagError(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) {
		var names []string
		cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, "--"+f.Name) })
		name := unknown.GetSpecifiedName()
		if unknown.GetSpecifiedShortnames() != "" {
			name = "-" + name
		} else {
			name = "--" + name
		}
		return fmt.Errorf("unknown flag %s; flags of %q are: %s", name, cmd.CommandPath(), choice(name, names))
	}
	var invalid *pflag.InvalidValueError
	if errors.As(err, &invalid) {
		allowed := map[string]string{
			"int":      "a whole number",
			"uint64":   "a whole number from 0 to 2⁶⁴−1",
			"float64":  "a number",
			"bool":     "true, false",
			"duration": "a time such as 500ms, 20s or 2m",
		}[invalid.GetFlag().Value.Type()]
		return badFlag(invalid.GetFlag().Name, fmt.Sprintf("%q", invalid.GetValue()), allowed)
	}
	return err
}
