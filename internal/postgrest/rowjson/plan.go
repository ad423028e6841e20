package rowjson

import (
	"encoding/json"
	"reflect"
	"strings"
	"sync"
	"time"
)

// plan says how the columns of a row go into the fields of a struct.
type plan struct {
	fields []field
	byName map[string]int
}

type field struct {
	name    string
	member  string // how the name stands in the input: "name":
	index   int    // in the struct
	offset  uintptr
	kind    kind
	pointer bool // nil for null
}

type kind uint8

const (
	other     kind = iota // left to encoding/json
	text                  // string, exactly
	named                 // another type made of string
	timestamp             // time.Time
	integer               // of any size
	boolean
	unmarshaler // has UnmarshalJSON
	rawJSON
)

var plans sync.Map // reflect.Type → *plan

// planOf gives nil for types that are left to encoding/json as a whole.
func planOf(t reflect.Type) *plan {
	if p, ok := plans.Load(t); ok {
		return p.(*plan)
	}
	p, _ := plans.LoadOrStore(t, newPlan(t))
	return p.(*plan)
}

var unmarshalerType = reflect.TypeFor[json.Unmarshaler]()

func newPlan(t reflect.Type) *plan {
	if t.Kind() != reflect.Struct || reflect.PointerTo(t).Implements(unmarshalerType) || t == reflect.TypeFor[time.Time]() {
		return nil
	}
	p := &plan{byName: map[string]int{}}
	for i := range t.NumField() {
		f := t.Field(i)
		tag := f.Tag.Get("json")
		name, options, _ := strings.Cut(tag, ",")
		switch {
		case f.Anonymous || strings.Contains(options, "string"):
			return nil
		case !f.IsExported() || tag == "-":
			continue
		case name == "":
			name = f.Name
		}
		if _, twice := p.byName[name]; twice {
			return nil
		}
		p.byName[name] = len(p.fields)
		p.fields = append(p.fields, field{
			name:    name,
			member:  `"` + name + `":`, // other spellings are found by name
			index:   i,
			offset:  f.Offset,
			kind:    kindOf(f.Type),
			pointer: f.Type.Kind() == reflect.Pointer,
		})
	}
	return p
}

func kindOf(t reflect.Type) kind {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case t == reflect.TypeFor[time.Time]():
		return timestamp
	case t == reflect.TypeFor[json.RawMessage]():
		return rawJSON
	case reflect.PointerTo(t).Implements(unmarshalerType):
		return unmarshaler
	case implementsText(t):
		return other
	case t == reflect.TypeFor[string]():
		return text
	}
	switch t.Kind() {
	case reflect.String:
		return named
	case reflect.Bool:
		return boolean
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return integer
	default:
		return other
	}
}

func implementsText(t reflect.Type) bool {
	_, ok := reflect.PointerTo(t).MethodByName("UnmarshalText")
	return ok
}
