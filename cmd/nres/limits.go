package main

import (
	_ "embed"
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
)

//go:embed limits.csv
var limitsCSV string

// A loop is a kernel's, on one kind of processor.
type loop struct{ operation, elem, tier, processor string }

// readLimits returns the cycles that an element takes at least.
func readLimits(text string) (map[loop]float64, error) {
	r := csv.NewReader(strings.NewReader(text))
	r.Comment = '#'
	r.FieldsPerRecord = 6
	limits := map[loop]float64{}
	for first := true; ; first = false {
		row, err := r.Read()
		if err == io.EOF {
			return limits, nil
		}
		if err != nil {
			return nil, err
		}
		if first {
			if got := strings.Join(row, ","); got != "operation,type,tier,processor,cycles,source" {
				return nil, fmt.Errorf("limits: the header is %s", got)
			}
			continue
		}
		line, _ := r.FieldPos(0)
		cycles, err := strconv.ParseFloat(row[4], 64)
		if err != nil || !positive(cycles) {
			return nil, fmt.Errorf("limits: line %d: cycles are %q; allowed: positive numbers", line, row[4])
		}
		l := loop{row[0], row[1], row[2], row[3]}
		if _, twice := limits[l]; twice {
			return nil, fmt.Errorf("limits: line %d: a second row for %v", line, l)
		}
		limits[l] = cycles
	}
}

// A bandwidth is what memory, or the cache that a working set fits in, was seen to
// do, in bytes a nanosecond.
type bandwidth struct {
	Read  float64 `json:"read"`
	Write float64 `json:"write"`
	Both  float64 `json:"both"` // in sum, in whatever mix was fastest
}

// Above this size, reads and writes share one path.
const shared = 1 << 20

// least returns the nanoseconds that reads and writes of so many bytes take at
// least.
func (b bandwidth) least(reads, writes float64) float64 {
	ns := max(reads/b.Read, writes/b.Write)
	if reads+writes > shared {
		ns = max(ns, (reads+writes)/b.Both)
	}
	return ns
}
