package pgjson

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"sync"

	"github.com/shopspring/decimal"
)

// field is a member of the JSON object that a struct becomes.
type field struct {
	index  []int
	name   string // as errors call it
	max    int    // characters; 0: any number
	trim   bool   // without the blanks around
	column *Column
	shared bool // behind an embedded pointer: not ours to change
}

var fieldCache sync.Map // reflect.Type → []field

func fieldsOf(t reflect.Type) []field {
	if f, ok := fieldCache.Load(t); ok {
		return f.([]field)
	}
	var out []field
	for _, f := range reflect.VisibleFields(t) {
		tag := f.Tag.Get("json")
		name, _, _ := strings.Cut(tag, ",")
		flattened := f.Anonymous && name == "" && deref(f.Type).Kind() == reflect.Struct
		if tag == "-" || !f.IsExported() || flattened && !marshals(f.Type) {
			continue
		}
		next := field{index: f.Index, name: fieldName(f.Name, name)}
		for i := 1; i < len(f.Index); i++ {
			if t.FieldByIndex(f.Index[:i]).Type.Kind() == reflect.Pointer {
				next.shared = true
			}
		}
		if tag := f.Tag.Get("max"); tag != "" {
			next.max, next.trim = parseMax(t, tag)
		}
		if tag := f.Tag.Get("numeric"); tag != "" {
			next.column = parseNumeric(t, tag)
		}
		out = append(out, next)
	}
	f, _ := fieldCache.LoadOrStore(t, out)
	return f.([]field)
}

// fieldName is how errors call a field: an argument by its Go name as well.
func fieldName(goName, jsonName string) string {
	switch {
	case jsonName == "":
		return goName
	case strings.HasPrefix(jsonName, "p_"):
		return goName + " (" + jsonName + ")"
	}
	return jsonName
}

func parseMax(t reflect.Type, tag string) (most int, trim bool) {
	digits, option, _ := strings.Cut(tag, ",")
	most, err := strconv.Atoi(digits)
	if err != nil || most < 1 || option != "" && option != "trim" {
		panic(fmt.Sprintf("pgjson: %s has the bad tag max:%q", t, tag))
	}
	return most, option == "trim"
}

func parseNumeric(t reflect.Type, tag string) *Column {
	var c Column
	n, err := fmt.Sscanf(tag, "%d,%d", &c.Precision, &c.Scale)
	switch strings.TrimPrefix(tag, fmt.Sprintf("%d,%d", c.Precision, c.Scale)) {
	case "":
	case ",positive":
		c.Sign = Positive
	case ",nonnegative":
		c.Sign = NonNegative
	default:
		n = 0
	}
	if n != 2 || err != nil || c.Scale < 0 || c.Precision < 1 || c.Precision < c.Scale {
		panic(fmt.Sprintf("pgjson: %s has the bad tag numeric:%q", t, tag))
	}
	return &c
}

func deref(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer {
		return t.Elem()
	}
	return t
}

func marshals(t reflect.Type) bool { return t.Implements(marshalerType) || t.Implements(textType) }

// fits checks that what is in fv fits its column: a text its length, a number
// its digits.
func (f field) fits(fv reflect.Value) *Error {
	for fv.Kind() == reflect.Pointer {
		if fv.IsNil() {
			return nil
		}
		fv = fv.Elem()
	}
	if f.column != nil {
		return failed(f.column.Fits(fv.Interface().(decimal.Decimal)))
	}
	s := fv.String()
	if f.trim {
		s = strings.Trim(s, " ")
	}
	return failed(Length(s, f.max))
}
