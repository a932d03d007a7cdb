package main

import (
	"bufio"
	"io"
	"strconv"

	"github.com/noise-reuse/nres/tasks"
)

// A trace is what a run did: for each iteration the loss that its gradient saw,
// and the parameters after its update.
type trace struct {
	params []string
	start  []float32
	loss   []float64
	theta  []float32 // len(params) for each iteration
}

func newTrace(t tasks.Task, iterations int) *trace {
	n := min(iterations, 1<<20) // beyond, grow
	return &trace{
		params: t.Params,
		start:  convert[float32](t.Start),
		loss:   make([]float64, 0, n),
		theta:  make([]float32, 0, n*len(t.Params)),
	}
}

func (tr *trace) add(loss float64, theta []float32) {
	tr.loss = append(tr.loss, loss)
	tr.theta = append(tr.theta, theta...)
}

func (tr *trace) len() int { return len(tr.loss) }

// at returns the parameters after iteration i, which are the start for 0.
func (tr *trace) at(i int) []float32 {
	if i == 0 {
		return tr.start
	}
	d := len(tr.params)
	return tr.theta[(i-1)*d : i*d]
}

// tail returns over how many of the last iterations means are taken: a tenth of
// them, at most 500.
func (tr *trace) tail() int { return min(500, max(1, tr.len()/10)) }

// means returns the parameters and the loss, averaged over the tail.
func (tr *trace) means() (theta []float64, loss float64) {
	n := tr.tail()
	theta = make([]float64, len(tr.params))
	for i := tr.len() - n + 1; i <= tr.len(); i++ {
		for k, v := range tr.at(i) {
			theta[k] += float64(v)
		}
		loss += tr.loss[i-1]
	}
	for k := range theta {
		theta[k] /= float64(n)
	}
	return theta, loss / float64(n)
}

// writeCSV writes one row an iteration, with all digits.
func (tr *trace) writeCSV(w io.Writer) error {
	b := bufio.NewWriter(w)
	b.WriteString("iteration,loss")
	for _, p := range tr.params {
		b.WriteString("," + p)
	}
	b.WriteByte('\n')
	var row []byte
	for i := 1; i <= tr.len(); i++ {
		row = strconv.AppendInt(row[:0], int64(i), 10)
		row = append(row, ',')
		row = strconv.AppendFloat(row, tr.loss[i-1], 'g', -1, 64)
		for _, v := range tr.at(i) {
			row = append(row, ',')
			row = strconv.AppendFloat(row, float64(v), 'g', -1, 32)
		}
		b.Write(append(row, '\n'))
	}
	return b.Flush()
}
