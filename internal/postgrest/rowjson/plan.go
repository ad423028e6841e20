package rowjson

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/shopspring/decimal"
)

// plan says how the columns of a row go into the fields of a struct.
type plan struct {
	fields []field
	byName map[string]int
}

type field struct {
	name    string
	member  string // how the name stands in the input: "name":
	index   []int  // in the struct
	offset  uintptr
	kind    kind
	pointer bool // nil for null
}

type kind uint8

const (
	other     kind = iota // looked into when it is there
	text                  // string, exactly
	named                 // another type made of string
	timestamp             // time.Time
	integer               // of any size
	boolean
	float
	numeric // decimal.Decimal
	number  // json.Number
	rawJSON
	unmarshaler // has UnmarshalJSON
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
	if !p.add(t, nil, 0) {
		return nil
	}
	return p
}

// add adds the fields of t, which is the row itself or embedded in it. A name
// that comes twice is left to encoding/json, which has rules for it.
func (p *plan) add(t reflect.Type, index []int, offset uintptr) bool {
	for i := range t.NumField() {
		f := t.Field(i)
		tag := f.Tag.Get("json")
		name, options, _ := strings.Cut(tag, ",")
		at := slices.Concat(index, []int{i})
		switch {
		case tag == "-":
			continue
		case f.Anonymous && name == "":
			if f.Type.Kind() != reflect.Struct || reflect.PointerTo(f.Type).Implements(unmarshalerType) ||
				!p.add(f.Type, at, offset+f.Offset) {
				return false
			}
			continue
		case strings.Contains(options, "string"):
			return false
		case !f.IsExported():
			continue
		case name == "":
			name = f.Name
		}
		if _, twice := p.byName[name]; twice {
			return false
		}
		p.byName[name] = len(p.fields)
		p.fields = append(p.fields, field{
			name:    name,
			member:  `"` + name + `":`, // other spellings are found by name
			index:   at,
			offset:  offset + f.Offset,
			kind:    kindOf(f.Type),
			pointer: f.Type.Kind() == reflect.Pointer,
		})
	}
	return true
}

// find gives the field of a name, as encoding/json does without regard to case
// when fold is set.
func (p *plan) find(name []byte, fold bool) (int, bool) {
	i, known := p.byName[string(name)]
	if known || !fold {
		return i, known
	}
	for i := range p.fields {
		if strings.EqualFold(p.fields[i].name, string(name)) {
			return i, true
		}
	}
	return 0, false
}

func kindOf(t reflect.Type) kind {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch {
	case t == reflect.TypeFor[time.Time]():
		return timestamp
	case t == reflect.TypeFor[decimal.Decimal]():
		return numeric
	case t == reflect.TypeFor[json.Number]():
		return number
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
	case reflect.Float32, reflect.Float64:
		return float
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

// HasColumn tells whether the type of row has a field for the column.
func HasColumn(row reflect.Type, name string) bool {
	p := planOf(row)
	if p == nil {
		return false
	}
	_, ok := p.byName[name]
	return ok
}
