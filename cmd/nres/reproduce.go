package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/noise-reuse/nres/cmd/nres/internal/reproduce"
	"github.com/spf13/cobra"
)

func reproduceCommand() *cobra.Command {
	var lab reproduce.Lab
	var list, quiet bool
	cmd := &cobra.Command{
		Use:   "reproduce [ID...]",
		Short: "Repeat the papers' experiments, and write a page about them",
		Long: `Reproduce runs the experiments with the given IDs, or all, and writes a page,
reproduction.md, that sets the papers' claims beside what came out: with
pictures, confidence intervals, and verdicts that follow from the numbers by a
stated rule. Numbers are the same on every machine, but for times.

Ctrl-C ends a run; what is finished by then is kept, and --resume goes on from
there.`,
		Example: `  nres reproduce --list
  nres reproduce --quick
  nres reproduce L1 L9 --out lorenz
  nres reproduce --resume`,
		RunE: func(cmd *cobra.Command, args []string) error {
			chosen, err := reproduce.Select(args)
			if err != nil {
				return err
			}
			if list {
				return writeExperiments(cmd.OutOrStdout(), chosen)
			}
			if lab.Parallelism < 0 {
				return badFlag("parallelism", lab.Parallelism, "at least 1, or 0 for one for each CPU")
			}
			if cmd.Flags().Changed("data") {
				if err := checkData(&lab, chosen); err != nil {
					return err
				}
			}
			if err := lab.Prepare(); err != nil {
				return fmt.Errorf("--out: cannot write to %q: %w; allowed: a directory that can be written, or made", lab.Out, err)
			}
			stderr := cmd.ErrOrStderr()
			lab.Progress = func(what string, total int) reproduce.Progress {
				return shown{newProgress(stderr, total, quiet), what}
			}
			return reproduced(cmd.Context(), &lab, chosen, cmd.OutOrStdout())
		},
		ValidArgsFunction: func(*cobra.Command, []string, string) (ids []string, _ cobra.ShellCompDirective) {
			for _, x := range reproduce.All() {
				ids = append(ids, x.IDs...)
			}
			return ids, cobra.ShellCompDirectiveNoFileComp
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.BoolVar(&list, "list", false, "list the experiments, or those given, and run none")
	f.StringVar(&lab.Out, "out", "reproduction", "`directory` for the page; pictures and finished work go to reproduction/ in it")
	f.StringVar(&lab.Data, "data", "", "`directory` with MNIST, Fashion-MNIST or the UCI digits (images) or yachts, to take in place of drawn data where --list says so")
	f.BoolVar(&lab.Quick, "quick", false, "shorter runs, fewer seeds: to see that everything runs")
	f.BoolVar(&lab.Resume, "resume", false, "take over what is finished from an earlier run")
	f.IntVar(&lab.Parallelism, "parallelism", 0, "`number` of units at a time, which never changes results (0: one for each CPU)")
	f.BoolVar(&quiet, "quiet", false, "show no progress")
	return cmd
}

// checkData checks --data.
func checkData(lab *reproduce.Lab, chosen []reproduce.Experiment) error {
	if info, err := os.Stat(lab.Data); err != nil || !info.IsDir() {
		return badFlag("data", fmt.Sprintf("%q", lab.Data), "a directory that exists")
	}
	takes := func(x reproduce.Experiment) bool { return x.Data != "" }
	if !slices.ContainsFunc(chosen, takes) {
		var ids []string
		for _, x := range reproduce.All() {
			if takes(x) {
				ids = append(ids, x.IDs...)
			}
		}
		return badFlag("data", fmt.Sprintf("%q", lab.Data), "only with experiments that take files: "+strings.Join(ids, ", "))
	}
	if err := lab.CheckData(chosen); err != nil {
		return fmt.Errorf("--data: %s", strings.TrimPrefix(err.Error(), "data: "))
	}
	return nil
}

// reproduced runs experiments and reports the verdicts.
func reproduced(ctx context.Context, lab *reproduce.Lab, chosen []reproduce.Experiment, stdout io.Writer) error {
	results, err := lab.Run(ctx, chosen)
	var interrupted *reproduce.InterruptedError
	if errors.As(err, &interrupted) {
		return &failure{statusInterrupted, err}
	}
	if err != nil {
		return &failure{statusFailed, err}
	}
	var b bytes.Buffer
	t := tabwriter.NewWriter(&b, 0, 0, 3, ' ', 0)
	for _, r := range results {
		for _, row := range r.Report.Rows {
			fmt.Fprintf(t, "%s\t%v\t%s\n", row.IDs, row.Verdict.Status, row.Claim)
		}
	}
	t.Flush()
	fmt.Fprintf(&b, "page: %s\n", lab.Page())
	_, err = stdout.Write(b.Bytes())
	return err
}

// writeExperiments lists what runs and what doesn't.
func writeExperiments(w io.Writer, chosen []reproduce.Experiment) error {
	var b bytes.Buffer
	t := tabwriter.NewWriter(&b, 0, 0, 3, ' ', 0)
	for _, x := range chosen {
		title := x.Title
		if x.Data != "" {
			title += " (--data: " + x.Data + ")"
		}
		fmt.Fprintf(t, "%s\t%s\n", strings.Join(x.IDs, " "), title)
	}
	t.Flush()
	if len(chosen) == len(reproduce.All()) {
		b.WriteString("\nNot here:\n\n")
		for _, a := range reproduce.Absences() {
			fmt.Fprintf(&b, "%s  %s: %s\n", a.IDs, a.Title, a.Reason)
		}
	}
	_, err := w.Write(b.Bytes())
	return err
}

// shown is a progress as experiments see it.
type shown struct {
	progress
	what string
}

func (s shown) Update(done float64) { s.update(done, "%s", s.what) }
func (s shown) Close()              { s.close() }
