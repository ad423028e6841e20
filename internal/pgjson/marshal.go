package pgjson

import (
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/shopspring/decimal"

	"github.com/workorder-systems/sdk-go/types"
)

// Marshal encodes v as encoding/json does, with times in UTC, rounded to
// microseconds. It fails with an *Error where the database could not hold a
// text or give a time back, where text is longer than the max of its field and
// where a number does not fit the numeric column of its field:
//
//	Title    string          `json:"p_title" max:"500"`              // characters
//	Key      string          `json:"p_key" max:"256,trim"`           // without the blanks around it, which the server drops
//	Price    decimal.Decimal `json:"unit_price" numeric:"18,4"`      // see Column
//	Quantity decimal.Decimal `json:"p_quantity" numeric:"18,4,positive"`
//	Minimum  decimal.Decimal `json:"p_minimum" numeric:"18,4,nonnegative"`
func Marshal(v any) ([]byte, error) {
	in := reflect.ValueOf(v)
	out, err := (&walk{}).value(in)
	if err != nil {
		return nil, err
	}
	if out.IsValid() {
		v = out.Interface()
	}
	body, jsonErr := json.Marshal(v)
	if jsonErr != nil {
		return nil, jsonErr
	}
	if err := Raw(body); err != nil { // in what a MarshalJSON made
		return nil, fail(err)
	}
	return body, nil
}

// fail begins an error; in puts the names of fields before it.
func fail(reason error) *Error { return &Error{Field: "the text", Reason: reason.Error()} }

func (e *Error) in(name string) *Error {
	switch {
	case e.Field == "the text":
		e.Field = name
	case strings.HasPrefix(e.Field, "["):
		e.Field = name + e.Field
	default:
		e.Field = name + "." + e.Field
	}
	return e
}

// maxDepth is how deep a walk looks. What is deeper is either a cycle, which
// encoding/json finds, or nothing that the server would take.
const maxDepth = 1000

// walk goes through a value before it is encoded.
type walk struct{ depth int }

var (
	timeType      = reflect.TypeFor[time.Time]()
	dateType      = reflect.TypeFor[types.Date]()
	clockType     = reflect.TypeFor[types.TimeOfDay]()
	decimalType   = reflect.TypeFor[decimal.Decimal]()
	rawType       = reflect.TypeFor[json.RawMessage]()
	marshalerType = reflect.TypeFor[json.Marshaler]()
	textType      = reflect.TypeFor[encoding.TextMarshaler]()
)

// value checks v. Where something in it has to be sent differently it gives a
// copy that has been changed, else no Value.
func (w *walk) value(v reflect.Value) (changed reflect.Value, err *Error) {
	if !v.IsValid() || w.depth > maxDepth {
		return changed, nil
	}
	w.depth++
	defer func() { w.depth-- }()
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		return w.behind(v)
	}
	switch v.Type() {
	case timeType:
		t := v.Interface().(time.Time)
		at, bad := Time(t)
		if bad != nil {
			return changed, fail(bad)
		}
		if t.Location() != time.UTC || at.Nanosecond() != t.Nanosecond() {
			changed = reflect.ValueOf(at)
		}
		return changed, nil
	case dateType:
		return changed, failed(Date(v.Interface().(types.Date)))
	case clockType:
		t := v.Interface().(types.TimeOfDay)
		if at := TimeOfDay(t); at != t {
			changed = reflect.ValueOf(at)
		}
		return changed, nil
	case decimalType:
		return changed, failed(Number(v.Interface().(decimal.Decimal)))
	case rawType:
		if v.Len() == 0 && !v.IsNil() {
			changed = reflect.Zero(rawType) // none: null, as nil is
		}
		return changed, failed(Raw(v.Bytes()))
	}
	switch {
	case v.Type().Implements(marshalerType):
		// What it sends is seen once it is encoded, but for bytes that are not
		// UTF-8: those are replaced by then.
		return changed, w.textOf(v)
	case v.Type().Implements(textType):
		if text, bad := v.Interface().(encoding.TextMarshaler).MarshalText(); bad == nil {
			return changed, failed(Text(string(text)))
		}
		return changed, nil // encoding/json says so
	}
	switch v.Kind() {
	case reflect.String:
		return changed, failed(Text(v.String()))
	case reflect.Struct:
		return w.object(v)
	case reflect.Map:
		return w.members(v)
	case reflect.Slice, reflect.Array:
		return w.elements(v)
	}
	return changed, nil
}

func failed(err error) *Error {
	if err == nil {
		return nil
	}
	return fail(err)
}

// behind checks what a pointer or an interface holds.
func (w *walk) behind(v reflect.Value) (changed reflect.Value, err *Error) {
	if v.IsNil() {
		return changed, nil
	}
	elem, err := w.value(v.Elem())
	if err != nil || !elem.IsValid() {
		return changed, err
	}
	if v.Kind() == reflect.Interface {
		return elem, nil
	}
	changed = reflect.New(v.Type().Elem())
	changed.Elem().Set(elem)
	return changed, nil
}

func (w *walk) object(v reflect.Value) (changed reflect.Value, err *Error) {
	for _, f := range fieldsOf(v.Type()) {
		fv, bad := v.FieldByIndexErr(f.index)
		if bad != nil {
			continue // in an embedded pointer that is nil
		}
		if f.max > 0 || f.column != nil {
			if err := f.fits(fv); err != nil {
				return changed, err.in(f.name)
			}
		}
		got, err := w.value(fv)
		if err != nil {
			return changed, err.in(f.name)
		}
		if !got.IsValid() || f.shared {
			continue
		}
		if !changed.IsValid() {
			changed = reflect.New(v.Type()).Elem()
			changed.Set(v)
		}
		changed.FieldByIndex(f.index).Set(got)
	}
	return changed, nil
}

func (w *walk) members(v reflect.Value) (changed reflect.Value, err *Error) {
	for it := v.MapRange(); it.Next(); {
		if _, err := w.value(it.Key()); err != nil {
			return changed, err.in("a key")
		}
		got, err := w.value(it.Value())
		if err != nil {
			return changed, err.in(fmt.Sprint(it.Key()))
		}
		if !got.IsValid() {
			continue
		}
		if !changed.IsValid() {
			changed = reflect.MakeMapWithSize(v.Type(), v.Len())
			for it := v.MapRange(); it.Next(); {
				changed.SetMapIndex(it.Key(), it.Value())
			}
		}
		changed.SetMapIndex(it.Key(), got)
	}
	return changed, nil
}

func (w *walk) elements(v reflect.Value) (changed reflect.Value, err *Error) {
	if v.Type().Elem().Kind() == reflect.Uint8 {
		return changed, nil // sent in base64
	}
	for i := range v.Len() {
		got, err := w.value(v.Index(i))
		if err != nil {
			return changed, err.in(fmt.Sprintf("[%d]", i))
		}
		if !got.IsValid() {
			continue
		}
		if !changed.IsValid() {
			changed = reflect.New(v.Type()).Elem()
			if v.Kind() == reflect.Slice {
				changed.Set(reflect.MakeSlice(v.Type(), v.Len(), v.Len()))
			}
			reflect.Copy(changed, v)
		}
		changed.Index(i).Set(got)
	}
	return changed, nil
}

// textOf looks for text that is not valid in a value with its own MarshalJSON.
func (w *walk) textOf(v reflect.Value) *Error {
	if w.depth > maxDepth {
		return nil
	}
	w.depth++
	defer func() { w.depth-- }()
	switch v.Kind() {
	case reflect.String:
		return failed(Text(v.String()))
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			return w.textOf(v.Elem())
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if err := w.textOf(v.Field(i)); err != nil {
				return err.in(v.Type().Field(i).Name)
			}
		}
	case reflect.Map:
		for it := v.MapRange(); it.Next(); {
			if err := w.textOf(it.Key()); err != nil {
				return err.in("a key")
			}
			if err := w.textOf(it.Value()); err != nil {
				return err.in("a value")
			}
		}
	case reflect.Slice, reflect.Array:
		if k := v.Type().Elem().Kind(); k >= reflect.Bool && k <= reflect.Complex128 {
			return nil
		}
		for i := range v.Len() {
			if err := w.textOf(v.Index(i)); err != nil {
				return err.in(fmt.Sprintf("[%d]", i))
			}
		}
	}
	return nil
}

// Length finds text of more than most characters, which PostgreSQL counts as
// runes.
func Length(s string, most int) error {
	if len(s) > most && utf8.RuneCountInString(s) > most {
		return errors.New(longer(most))
	}
	return nil
}

func longer(most int) string { return fmt.Sprintf("is longer than %d characters", most) }
