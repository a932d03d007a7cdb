package reproduce

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
)

// An Experiment is one of the papers' that runs here.
type Experiment struct {
	IDs   []string // the first names its files
	Title string
	Data  string // the kind of users' files that it takes, or ""
	Run   func(ctx context.Context, lab *Lab) (*Report, error)
}

// A Report is what came of an experiment.
type Report struct {
	Setup   string // what was run, a paragraph or more
	Rows    []Row
	Tables  []Table
	Figures []Figure

	digest []byte
}

// A Row is a claim, and what became of it.
type Row struct {
	IDs     string // the experiments' that the claim is about
	Claim   string
	Paper   string // its figure, and number if there is one
	Ours    string // with a confidence interval
	Rule    string // by which the verdict follows from the data
	Verdict Verdict
}

// A Table is shown below an experiment's figures.
type Table struct {
	Title string
	Head  []string
	Rows  [][]string
}

// A Figure is a PNG picture.
type Figure struct {
	Name    string // of the file, after the experiment's ID
	Caption string
	Draw    func(w io.Writer) error
}

// Digest adds results to what the report's digest is of. Times must not be in them.
func (r *Report) Digest(results any) {
	b, err := json.Marshal(results)
	if err != nil { // a mistake of the experiment's
		panic(err)
	}
	sum := sha256.Sum256(append(r.digest, b...))
	r.digest = sum[:]
}

// An Absence is an experiment that can't run here.
type Absence struct {
	IDs, Title, Reason string
}

// UnknownError says that there is no such experiment.
type UnknownError struct{ ID string }

func (e *UnknownError) Error() string {
	for _, a := range absences {
		for _, span := range strings.Split(a.IDs, ", ") {
			if in(e.ID, span) {
				return fmt.Sprintf("experiment %s (%s) can't run here: %s", e.ID, a.Title, a.Reason)
			}
		}
	}
	var ids []string
	for _, x := range All() {
		ids = append(ids, x.IDs...)
	}
	return fmt.Sprintf("unknown experiment %q; experiments are: %s", e.ID, strings.Join(ids, ", "))
}

// in says whether id is one of "A1–A9", or is "A1" itself.
func in(id, span string) bool {
	first, last, isSpan := strings.Cut(span, "–")
	if !isSpan {
		return strings.EqualFold(id, span)
	}
	letter := strings.TrimRight(first, "0123456789")
	var lo, hi, n int
	if _, err := fmt.Sscanf(first+" "+last, letter+"%d "+letter+"%d", &lo, &hi); err != nil {
		panic(err) // a mistake in the list
	}
	if len(id) <= len(letter) || !strings.EqualFold(id[:len(letter)], letter) {
		return false
	}
	if _, err := fmt.Sscanf(id[len(letter):], "%d", &n); err != nil || fmt.Sprint(n) != id[len(letter):] {
		return false
	}
	return lo <= n && n <= hi
}

// Select returns the experiments that have one of the IDs, in the order of All, each
// once; all of them if there are no IDs. The error is an *[UnknownError].
func Select(ids []string) ([]Experiment, error) {
	all := All()
	if len(ids) == 0 {
		return all, nil
	}
	wanted := make([]bool, len(all))
	for _, id := range ids {
		i := slices.IndexFunc(all, func(x Experiment) bool {
			return slices.ContainsFunc(x.IDs, func(own string) bool { return strings.EqualFold(own, id) })
		})
		if i < 0 {
			return nil, &UnknownError{id}
		}
		wanted[i] = true
	}
	var chosen []Experiment
	for i, x := range all {
		if wanted[i] {
			chosen = append(chosen, x)
		}
	}
	return chosen, nil
}
