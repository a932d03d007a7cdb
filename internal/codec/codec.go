// Package codec writes and reads the binary forms of this library's states: fixed
// 64-bit little-endian words, whatever the host's order.
package codec

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math"

	"github.com/noise-reuse/nres/internal/cast"
)

// errSum is what Checked fails with.
var errSum = errors.New("cut off or changed: the checksum does not match")

// ErrShort is what a Reader fails with at the end of its input.
var ErrShort = errors.New("the data ends too early")

// A Writer appends to B.
type Writer struct{ B []byte }

func (w *Writer) Uint(v uint64) { w.B = binary.LittleEndian.AppendUint64(w.B, v) }
func (w *Writer) Int(v int)     { w.Uint(uint64(v)) }

func (w *Writer) Float(v float64) { w.Uint(math.Float64bits(v)) }

func (w *Writer) Bool(v bool) {
	if v {
		w.Uint(1)
	} else {
		w.Uint(0)
	}
}

// Sum returns what was written and a checksum, CRC-32C.
func (w *Writer) Sum() []byte {
	w.Uint(uint64(crc32.Checksum(w.B, crc32.MakeTable(crc32.Castagnoli))))
	return w.B
}

// String writes the length and the bytes.
func (w *Writer) String(s string) {
	w.Int(len(s))
	w.B = append(w.B, s...)
}

// Floats writes the length and the bits of each element.
func Floats[F float32 | float64](w *Writer, x []F) {
	w.Int(len(x))
	if cast.Is32[F]() {
		for _, v := range cast.To32(x) {
			w.B = binary.LittleEndian.AppendUint32(w.B, math.Float32bits(v))
		}
		return
	}
	for _, v := range cast.To64(x) {
		w.Float(v)
	}
}

// A Reader takes from the front of B. After the first failure it returns zeros.
type Reader struct {
	B   []byte
	Err error
}

// Checked returns a Reader of what Sum returned, which fails if that has changed.
func Checked(data []byte) Reader {
	end := len(data) - 8
	if end < 0 {
		return Reader{Err: ErrShort}
	}
	sum := Reader{B: data[end:]}
	r := Reader{B: data[:end]}
	if sum.Uint() != uint64(crc32.Checksum(r.B, crc32.MakeTable(crc32.Castagnoli))) {
		r.Err = errSum
	}
	return r
}

func (r *Reader) take(n uint64) []byte {
	if r.Err == nil && uint64(len(r.B)) < n {
		r.Err = ErrShort
	}
	if r.Err != nil {
		return nil
	}
	b := r.B[:n]
	r.B = r.B[n:]
	return b
}

func (r *Reader) Uint() uint64 {
	b := r.take(8)
	if b == nil {
		return 0
	}
	return binary.LittleEndian.Uint64(b)
}

func (r *Reader) Int() int       { return int(r.Uint()) }
func (r *Reader) Float() float64 { return math.Float64frombits(r.Uint()) }
func (r *Reader) Bool() bool     { return r.Uint() != 0 }
func (r *Reader) String() string { return string(r.take(r.Uint())) }

// ReadFloats reads what Floats wrote. It doesn't allocate more than the input is long.
func ReadFloats[F float32 | float64](r *Reader) []F {
	n, size := r.Uint(), uint64(8)
	if cast.Is32[F]() {
		size = 4
	}
	if n > uint64(len(r.B))/size && r.Err == nil {
		r.Err = ErrShort
	}
	if r.Err != nil {
		return nil
	}
	b, x := r.take(n*size), make([]F, n)
	for i := range x {
		if size == 4 {
			x[i] = F(math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:])))
		} else {
			x[i] = F(math.Float64frombits(binary.LittleEndian.Uint64(b[8*i:])))
		}
	}
	return x
}

// End fails if there is anything left, and returns the failure, if any.
func (r *Reader) End() error {
	if r.Err == nil && len(r.B) > 0 {
		r.Err = errors.New("there is data after the end")
	}
	return r.Err
}
