package data

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

const (
	optdigitsSide   = 8
	optdigitsLevels = 16
)

// loadOptdigits reads those of the UCI digits' files that there are, one after the
// other. There is no set and no error if there are none.
func loadOptdigits(dir string, parts ...string) (*Set, error) {
	const columns = optdigitsSide*optdigitsSide + 1
	const expected = "64 values from 0 to 16 and the class, 0 to 9, in each line, between commas (" + optdigitsURL + ")"
	var s *Set
	for _, part := range parts {
		path, err := find(dir, "optdigits."+part)
		if err != nil {
			return nil, err
		}
		if path == "" {
			continue
		}
		if s == nil {
			s = &Set{Width: optdigitsSide, Height: optdigitsSide, Classes: 10}
		}
		split := func(line string) []string { return strings.Split(line, ",") }
		if err := readTable(path, expected, columns, split, func(k int, field string) bool {
			most := uint64(optdigitsLevels)
			if k == columns-1 {
				most = 9
			}
			v, err := strconv.ParseUint(strings.TrimSpace(field), 10, 8)
			if k == columns-1 {
				s.Labels = append(s.Labels, uint8(v))
			} else {
				s.Images = append(s.Images, float32(v)/optdigitsLevels)
			}
			return err == nil && v <= most
		}); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// A Regression is rows of inputs and one output.
type Regression struct {
	X      []float64 // Len()·Inputs values, row by row
	Y      []float64
	Inputs int
}

// Len returns the number of rows.
func (r *Regression) Len() int { return len(r.Y) }

// Row returns the inputs of row i, which are not a copy.
func (r *Regression) Row(i int) []float64 {
	return r.X[i*r.Inputs : (i+1)*r.Inputs : (i+1)*r.Inputs]
}

const yachtName = "yacht_hydrodynamics.data"

// LoadYacht reads the UCI yacht hydrodynamics data (308 rows of 6 inputs and the
// resistance) from that file, or from yacht_hydrodynamics.data in that directory.
func LoadYacht(path string) (*Regression, error) {
	const columns = 7
	const expected = "7 finite numbers in each line, between blanks (" + yachtName + " of " + yachtURL + ")"
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		path = filepath.Join(path, yachtName)
	}
	r := &Regression{Inputs: columns - 1}
	err := readTable(path, expected, columns, strings.Fields, func(k int, field string) bool {
		v, err := strconv.ParseFloat(field, 64)
		if k == columns-1 {
			r.Y = append(r.Y, v)
		} else {
			r.X = append(r.X, v)
		}
		return err == nil && !math.IsNaN(v) && !math.IsInf(v, 0)
	})
	if err != nil {
		return nil, err
	}
	return r, nil
}

// readTable gives the fields of a text file to take, line by line; take says whether they are
// as expected. Blank lines are passed over, and a file with no other line is an error.
func readTable(path, expected string, columns int, split func(line string) []string, take func(column int, field string) bool) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("data: %w; expected %s", err, expected)
	}
	empty := true
	for i, line := range strings.Split(string(text), "\n") {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		empty = false
		bad := func(what string) error {
			return fmt.Errorf("data: %s: line %d has %s; expected %s", path, i+1, what, expected)
		}
		fields := split(line)
		if len(fields) != columns {
			return bad(fmt.Sprintf("%d columns", len(fields)))
		}
		for k, field := range fields {
			if !take(k, field) {
				return bad(fmt.Sprintf("%q in column %d", field, k+1))
			}
		}
	}
	if empty {
		return fmt.Errorf("data: %s is empty; expected %s", path, expected)
	}
	return nil
}
