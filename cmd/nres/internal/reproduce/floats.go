package reproduce

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
)

// floats are numbers of which some may be NaN or infinite, for which JSON has no form.
type floats []float64

// MarshalJSON writes what isn't finite as a string.
func (f floats) MarshalJSON() ([]byte, error) {
	b := []byte{'['}
	for i, v := range f {
		if i > 0 {
			b = append(b, ',')
		}
		if v-v != 0 {
			b = fmt.Appendf(b, "%q", strconv.FormatFloat(v, 'g', -1, 64))
		} else {
			b = strconv.AppendFloat(b, v, 'g', -1, 64)
		}
	}
	return append(b, ']'), nil
}

// UnmarshalJSON reads what MarshalJSON wrote, to the last bit (of NaN, to NaN).
func (f *floats) UnmarshalJSON(b []byte) error {
	var raw []any
	if err := json.Unmarshal(b, &raw); err != nil {
		return err
	}
	*f = make(floats, len(raw))
	for i, v := range raw {
		switch v := v.(type) {
		case float64:
			(*f)[i] = v
		case string:
			x, err := strconv.ParseFloat(v, 64)
			if err != nil || !math.IsNaN(x) && !math.IsInf(x, 0) {
				return fmt.Errorf("%q is no number that isn't finite", v)
			}
			(*f)[i] = x
		default:
			return fmt.Errorf("%v is no number", v)
		}
	}
	return nil
}

func asFloats[T int | uint64](x []T) []float64 {
	out := make([]float64, len(x))
	for i, v := range x {
		out[i] = float64(v)
	}
	return out
}
