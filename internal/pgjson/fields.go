package pgjson

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"sync"
)

// field is a member of the JSON object that a struct becomes.
type field struct {
	index  []int
	name   string // as errors call it
	max    int    // characters; 0: any number
	trim   bool   // without the blanks around
	shared bool   // behind an embedded pointer: not ours to change
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

func deref(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Pointer {
		return t.Elem()
	}
	return t
}

func marshals(t reflect.Type) bool { return t.Implements(marshalerType) || t.Implements(textType) }

// fits checks the length of the text in fv.
func (f field) fits(fv reflect.Value) *Error {
	for fv.Kind() == reflect.Pointer {
		if fv.IsNil() {
			return nil
		}
		fv = fv.Elem()
	}
	s := fv.String()
	if f.trim {
		s = strings.Trim(s, " ")
	}
	return failed(Length(s, f.max))
}
