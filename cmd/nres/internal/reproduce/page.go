package reproduce

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/noise-reuse/nres/internal/whole"
)

// A Result is a report with what it took.
type Result struct {
	Experiment *Experiment
	Report     *Report
	Seconds    float64 // of one processor, over all units
}

// InterruptedError says how far a run came.
type InterruptedError struct {
	Units int // that are kept
	err   error
}

func (e *InterruptedError) Error() string {
	return fmt.Sprintf("interrupted; %d units are kept, --resume goes on from there", e.Units)
}

func (e *InterruptedError) Unwrap() error { return e.err }

// Run runs experiments and writes their page and pictures.
func (lab *Lab) Run(ctx context.Context, experiments []Experiment) ([]Result, error) {
	var results []Result
	for i := range experiments {
		x := &experiments[i]
		lab.id, lab.seconds = x.IDs[0], 0
		r, err := x.Run(ctx, lab)
		if ctx.Err() != nil {
			return nil, &InterruptedError{lab.total, ctx.Err()}
		}
		if err != nil {
			return nil, err
		}
		if lab.Quick {
			for i := range r.Rows {
				r.Rows[i].Verdict = Verdict{NotJudged, "too short a run"}
			}
		}
		for _, f := range r.Figures {
			if err := whole.Write(filepath.Join(lab.figures(), figureName(x, f)), f.Draw); err != nil {
				return nil, err
			}
		}
		results = append(results, Result{x, r, lab.seconds})
	}
	return results, whole.Write(lab.Page(), func(w io.Writer) error {
		_, err := io.WriteString(w, lab.page(results))
		return err
	})
}

// Page names the page's file.
func (lab *Lab) Page() string { return filepath.Join(lab.Out, "reproduction.md") }

func figureName(x *Experiment, f Figure) string {
	return strings.ToLower(x.IDs[0]) + "-" + f.Name + ".png"
}

// command is what repeats an experiment.
func (lab *Lab) command(x *Experiment) string {
	c := "nres reproduce " + x.IDs[0]
	if lab.Quick {
		c += " --quick"
	}
	if lab.Data != "" && x.Data != "" {
		c += " --data DIR"
	}
	return c
}

func (lab *Lab) page(results []Result) string {
	var b strings.Builder
	p := func(format string, args ...any) { fmt.Fprintf(&b, format, args...) }
	p("# The papers' experiments, repeated\n\n")
	form := ""
	if len(results) < len(All()) {
		for _, r := range results {
			form += " " + r.Experiment.IDs[0]
		}
	}
	if lab.Quick {
		form += " --quick"
	}
	p("This page was written by `nres reproduce%s`. Its numbers are the same on every machine, but for the seconds,\n", form)
	p("which are of one processor, and what is drawn over them. Intervals have 95 %% confidence. Each verdict follows from the\nnumbers by the rule below its figure.\n\n")
	if lab.Quick {
		p("**This is the quick form**: shorter runs and fewer seeds than the papers', a test that everything runs.\n\n")
	}
	p("Papers: NRES is Li et al., NeurIPS 2023; ES-Single is Vicol, ICML 2023; PES is Vicol et al., ICML 2021; OpenAI-ES is as in Zhang,\nClune and Stanley, “On the relationship between the OpenAI evolution strategy and stochastic gradient descent”, 2017.\n\n")

	head := []string{"", "claim", "paper", "ours", "verdict", "command", "s"}
	var rows [][]string
	var count [NotJudged + 1]int
	for _, r := range results {
		for i, row := range r.Report.Rows {
			seconds := fmt.Sprintf("%.1f", r.Seconds)
			if i > 0 {
				seconds = "〃"
			}
			rows = append(rows, []string{row.IDs, row.Claim, row.Paper, row.Ours, "**" + row.Verdict.Status.String() + "**" + because(row.Verdict), "`" + lab.command(r.Experiment) + "`", seconds})
			count[row.Verdict.Status]++
		}
	}
	var parts []string
	for s, n := range count {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %v", n, Status(s)))
		}
	}
	p("Of %d claims: %s.\n\n", len(rows), strings.Join(parts, "; "))
	table(&b, head, rows)

	for _, r := range results {
		x := r.Experiment
		p("\n## %s (%s)\n\n%s\n", x.Title, strings.Join(x.IDs, ", "), strings.TrimSpace(r.Report.Setup))
		for _, f := range r.Report.Figures {
			p("\n![%s](reproduction/%s)\n\n%s\n", f.Caption, figureName(x, f), f.Caption)
		}
		if len(r.Report.Rows) > 0 {
			p("\nRules:\n\n")
		}
		for _, row := range r.Report.Rows {
			p("- %s, “%s”: %s.\n", row.IDs, row.Claim, row.Rule)
		}
		for _, t := range r.Report.Tables {
			p("\n%s\n\n", t.Title)
			table(&b, t.Head, t.Rows)
		}
		if r.Report.digest != nil {
			p("\nSHA-256 of θ and losses: `%x`\n", r.Report.digest)
		}
	}

	p("\n## What can't run here\n\n")
	rows = nil
	for _, a := range absences {
		rows = append(rows, []string{a.IDs, a.Title, a.Reason})
	}
	table(&b, []string{"", "experiment", "why not"}, rows)
	return b.String()
}

func because(v Verdict) string {
	if v.Why == "" {
		return ""
	}
	return ": " + v.Why
}

// table writes a table in Markdown.
func table(b *strings.Builder, head []string, rows [][]string) {
	write := func(cells []string) {
		for _, c := range cells {
			c = strings.ReplaceAll(strings.ReplaceAll(c, "|", "\\|"), "\n", " ")
			b.WriteString("| " + c + " ")
		}
		b.WriteString("|\n")
	}
	write(head)
	b.WriteString(strings.Repeat("|---", len(head)) + "|\n")
	for _, r := range rows {
		write(r)
	}
}
