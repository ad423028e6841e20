package rowjson

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
)

// decode decodes one JSON value, which is well-formed as far as skip looks,
// into dst, which is of the kind.
func decode(raw []byte, dst reflect.Value, k kind, fold bool) error {
	if dst.Kind() == reflect.Pointer && k != unmarshaler {
		if string(raw) == "null" {
			clearNil(dst)
			return nil
		}
		if dst.IsNil() {
			dst.Set(reflect.New(dst.Type().Elem()))
		}
		return decode(raw, dst.Elem(), kindOf(dst.Type().Elem()), fold)
	}
	switch {
	case string(raw) == "null" && k != unmarshaler:
		clearNil(dst)
		return nil
	case k == timestamp || k == text || k == named:
		if raw[0] != '"' {
			return errKind
		}
	}
	switch k {
	case text, named:
		s := scanner{in: raw}
		b, err := s.appendString(nil)
		if err != nil {
			return err
		}
		dst.SetString(string(b))
	case timestamp:
		t, err := parseTime(raw[1 : len(raw)-1])
		if err != nil {
			return err
		}
		dst.Set(reflect.ValueOf(t))
	case integer:
		n, err := parseInt(raw)
		switch {
		case err != nil:
			return err
		case dst.OverflowInt(n):
			return errRange
		}
		dst.SetInt(n)
	case boolean:
		if string(raw) != "true" && string(raw) != "false" {
			return errKind
		}
		dst.SetBool(raw[0] == 't')
	case float:
		f, err := parseFloat(raw, dst.Type().Bits())
		if err != nil {
			return err
		}
		dst.SetFloat(f)
	case numeric:
		d, err := parseNumeric(raw)
		if err != nil {
			return err
		}
		dst.Set(reflect.ValueOf(d))
	case number:
		if !isNumber(raw) {
			return errKind
		}
		dst.SetString(string(raw))
	case rawJSON:
		if !valid(raw) {
			return errSyntax
		}
		dst.SetBytes(append([]byte(nil), raw...))
	case unmarshaler:
		return unmarshalJSON(raw, dst)
	default:
		return compound(raw, dst, fold)
	}
	return nil
}

// unmarshalJSON lets a type decode itself.
func unmarshalJSON(raw []byte, dst reflect.Value) error {
	if !valid(raw) {
		return errSyntax
	}
	if dst.Kind() == reflect.Pointer {
		if string(raw) == "null" {
			clearNil(dst)
			return nil
		}
		if dst.IsNil() {
			dst.Set(reflect.New(dst.Type().Elem()))
		}
		return unmarshalJSON(raw, dst.Elem())
	}
	return dst.Addr().Interface().(json.Unmarshaler).UnmarshalJSON(raw)
}

// compound decodes what has parts.
func compound(raw []byte, dst reflect.Value, fold bool) error {
	t := dst.Type()
	switch {
	case implementsText(t):
	case t.Kind() == reflect.Struct && planOf(t) != nil:
		d := decoder{plan: planOf(t), scanner: scanner{in: raw}, fold: fold, stale: true}
		d.borrow()
		defer d.release()
		if err := d.row(); err != nil {
			return err
		}
		if err := d.fill(dst.Addr().UnsafePointer(), dst); err != nil {
			return err
		}
		return nil
	case t.Kind() == reflect.Slice && t.Elem().Kind() != reflect.Uint8 && raw[0] == '[':
		list, n := reflect.MakeSlice(t, 0, 0), 0
		d := decoder{scanner: scanner{in: raw}}
		plain := isPlain(kindOf(t.Elem()))
		err := d.array(func() error {
			n++
			if plain && d.next() == '[' { // a further dimension of the array
				inner := reflect.New(t).Elem()
				if err := d.element(inner, fold); err != nil {
					return err
				}
				list = reflect.AppendSlice(list, inner)
				return nil
			}
			list = reflect.Append(list, reflect.Zero(t.Elem()))
			return d.element(list.Index(list.Len()-1), fold)
		})
		var bad *Error
		switch {
		case err == nil:
		case d.outside || !errors.As(err, &bad):
			return err
		case bad.Column == "" && !isStruct(t.Elem()):
			return bad.Err // a list of plain values counts as one
		default:
			return within(fmt.Sprintf("[%d]", n-1), raw, err)
		}
		dst.Set(list)
		return nil
	case t.Kind() == reflect.Map && t.Key().Kind() == reflect.String && !implementsText(t.Key()) && raw[0] == '{':
		if dst.IsNil() {
			dst.Set(reflect.MakeMap(t))
		}
		d := decoder{scanner: scanner{in: raw}}
		return d.members(dst, fold)
	}
	return left(raw, dst)
}

// isPlain tells the kinds that arrays of PostgreSQL have as elements. An array
// can have several dimensions whatever its column says; its elements come in the
// order in which unnest gives them.
func isPlain(k kind) bool { return k != other && k != rawJSON && k != unmarshaler }

func isStruct(t reflect.Type) bool {
	return t.Kind() == reflect.Struct || t.Kind() == reflect.Pointer && t.Elem().Kind() == reflect.Struct
}

// left leaves a value to encoding/json.
func left(raw []byte, dst reflect.Value) error {
	err := json.Unmarshal(raw, dst.Addr().Interface())
	var typ *json.UnmarshalTypeError
	if errors.As(err, &typ) && typ.Field != "" {
		return within(typ.Field, raw, errKind)
	}
	return err
}

// element decodes the value at the current position.
func (d *decoder) element(dst reflect.Value, fold bool) error {
	start := d.pos
	if _, err := d.skip(); err != nil {
		return &Error{Raw: d.excerpt(start), Err: err}
	}
	raw := d.in[start:d.pos]
	if err := decode(raw, dst, kindOf(dst.Type()), fold); err != nil {
		var e *Error
		if errors.As(err, &e) {
			return e
		}
		return &Error{Raw: excerpt(raw), Err: err}
	}
	return nil
}

// members decodes the members of the object that is the input into a map.
func (d *decoder) members(dst reflect.Value, fold bool) error {
	d.pos++
	if d.next() == '}' {
		return nil
	}
	for {
		name, err := d.name()
		if err != nil {
			return err
		}
		if d.next() != ':' {
			return errSyntax
		}
		d.pos++
		d.next()
		key := reflect.New(dst.Type().Key()).Elem()
		key.SetString(string(name))
		member := reflect.New(dst.Type().Elem()).Elem()
		start := d.pos
		if err := d.element(member, fold); err != nil {
			return within(key.String(), d.in[start:d.pos], err)
		}
		dst.SetMapIndex(key, member)
		c := d.next()
		d.pos++
		if c == '}' {
			return nil
		}
		if c != ',' {
			return errSyntax
		}
	}
}

// clearNil does what null does to a value: what can be nil becomes nil, the
// rest stays as it is.
func clearNil(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Map, reflect.Slice, reflect.Interface:
		v.SetZero()
	}
}
