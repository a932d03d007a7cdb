// Package null finds pointers to nothing.
package null

import (
	"fmt"
	"reflect"
)

// Name returns "nil", "a nil *T", or "" if x is neither.
func Name(x any) string {
	if x == nil {
		return "nil"
	}
	if v := reflect.ValueOf(x); v.Kind() == reflect.Pointer && v.IsNil() {
		return fmt.Sprintf("a nil %T", x)
	}
	return ""
}
