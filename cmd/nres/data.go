package main

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// readSeries reads a series from a CSV file: a value a row, or a time and a value, in equal
// steps of time, whose unit is the caller's.
// The first row may be a header.
func readSeries(path string) ([]float64, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("--data: %w", err)
	}
	z, err := parseSeries(text)
	if err != nil {
		return nil, fmt.Errorf("--data: %s: %w", path, err)
	}
	return z, nil
}

func parseSeries(text []byte) ([]float64, error) {
	const format = "one column (value) or two (time, value)"
	r := csv.NewReader(bytes.NewReader(bytes.TrimPrefix(text, []byte("\ufeff"))))
	r.ReuseRecord = true
	var z []float64
	before, step := math.Inf(-1), 0.0
	for first := true; ; first = false {
		row, err := r.Read()
		if err == io.EOF {
			break
		}
		if errors.Is(err, csv.ErrFieldCount) {
			line, _ := r.FieldPos(0)
			return nil, fmt.Errorf("line %d: %d columns, and other rows have %d; allowed: %s, the same in all rows",
				line, len(row), r.FieldsPerRecord, format)
		}
		if err != nil {
			return nil, err
		}
		line, _ := r.FieldPos(0)
		if len(row) > 2 {
			return nil, fmt.Errorf("line %d: %d columns; allowed: %s", line, len(row), format)
		}
		if first && isHeader(row) {
			continue
		}
		var v, t float64 // v is the last field
		for _, field := range row {
			t = v
			if v, err = parseNumber(field); err != nil {
				return nil, fmt.Errorf("line %d: %w", line, err)
			}
		}
		if len(row) == 2 {
			if t <= before {
				return nil, fmt.Errorf("line %d: time %s does not come after the row before; allowed: increasing times", line, strings.TrimSpace(row[0]))
			}
			switch by := t - before; {
			case len(z) == 1:
				step = by
			case len(z) > 1 && math.Abs(by-step) > step/2: // not for rounding: a row is missing
				return nil, fmt.Errorf("line %d: time %s is %.6g after the row before, the first two are %.6g apart; allowed: equal steps",
					line, strings.TrimSpace(row[0]), by, step)
			}
			before = t
		}
		z = append(z, v)
	}
	if len(z) == 0 {
		return nil, errors.New("no values; allowed: at least one row, and as many as --window")
	}
	return z, nil
}

// isHeader says whether row has names instead of numbers: all fields start with a
// letter, and none is a word for a number. An index may be without a name, as
// pandas writes it, and names be behind a #, as numpy does.
func isHeader(row []string) bool {
	names := 0
	for i, field := range row {
		field = strings.TrimSpace(field)
		if i == 0 {
			field = strings.TrimSpace(strings.TrimPrefix(field, "#"))
		}
		if field == "" {
			continue
		}
		first, _ := utf8.DecodeRuneInString(field)
		if _, err := strconv.ParseFloat(field, 64); err == nil || !unicode.IsLetter(first) {
			return false
		}
		names++
	}
	return names > 0
}

// parseNumber parses a finite float32.
func parseNumber(field string) (float64, error) {
	field = strings.TrimSpace(field)
	v, err := strconv.ParseFloat(field, 64)
	switch {
	case err != nil && !errors.Is(err, strconv.ErrRange):
		return 0, fmt.Errorf("%q is not a number; allowed: finite numbers", field)
	case v != v || math.Abs(float64(float32(v))) > math.MaxFloat32:
		return 0, fmt.Errorf("%q is not finite; allowed: finite numbers, at most %.2g (float32)", field, math.MaxFloat32)
	}
	return v, nil
}
