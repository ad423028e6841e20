// Package rowjson decodes the rows of a view: a JSON array of flat objects that
// all have the same columns in the same order. Knowing that, it takes a
// fraction of the time and the allocations of encoding/json, and it can say
// which row and column does not fit.
//
// It differs from encoding/json in three points: column names match exactly,
// invalid UTF-8 is an error instead of a replacement character, and null leaves
// a json.RawMessage nil. Types whose decoding is not a matter of a few lines
// are left to encoding/json.
package rowjson

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"unsafe"
)

// Error says which value does not fit.
type Error struct {
	Row    int    // index in the array; -1 when the array itself is broken
	Column string // empty when the row itself is broken
	Raw    string // the start of the value
	Err    error
}

func (e *Error) Error() string {
	return fmt.Sprintf("row %d: column %q: value %s: %v", e.Row, e.Column, e.Raw, e.Err)
}

func (e *Error) Unwrap() error { return e.Err }

// Append appends the rows of the JSON array body to rows. On an error it gives
// what it got so far.
func Append[T any](rows []T, body []byte) ([]T, error) {
	p := planOf(reflect.TypeFor[T]())
	if p == nil {
		var got []T
		if err := json.Unmarshal(body, &got); err != nil {
			return rows, locate(body, reflect.TypeFor[T](), err)
		}
		return append(rows, got...), nil
	}
	d := decoder{plan: p, scanner: scanner{in: body}}
	defer d.release()
	n := 0
	err := d.array(func() error {
		if len(rows) == cap(rows) {
			rows = grow(rows, body, d.pos, n)
		}
		var zero T
		rows = append(rows, zero)
		row := &rows[len(rows)-1]
		if err := d.row(unsafe.Pointer(row), reflect.ValueOf(row).Elem()); err != nil {
			rows = rows[:len(rows)-1]
			return err
		}
		n++
		return nil
	})
	if err != nil {
		var e *Error
		if !errors.As(err, &e) {
			e = &Error{Err: err, Raw: d.excerpt(d.pos)}
		}
		e.Row = n
		if d.outside {
			e.Row = -1
		}
		return rows, e
	}
	return rows, nil
}

// grow makes room for the rows that are left. How many that are is a guess by
// the size of the n rows read so far.
func grow[T any](rows []T, body []byte, pos, n int) []T {
	const (
		fewBytes = 512 // of a row, before the first one is known
		fewRows  = 16  // too few to judge by
	)
	left := len(body) - pos
	want := min(left/fewBytes+1, fewRows)
	if n > 0 {
		want = left/(pos/n+1) + 1
	}
	if 0 < n && n < fewRows {
		want = min(want, 4*fewRows)
	}
	out := make([]T, len(rows), max(len(rows)+want, len(rows)*5/4))
	copy(out, rows)
	return out
}

// Unmarshal decodes any JSON value into what ptr points at.
func Unmarshal(body []byte, ptr reflect.Value) error {
	err := json.Unmarshal(body, ptr.Interface())
	if err == nil {
		return nil
	}
	if t := ptr.Type().Elem(); t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Struct {
		return locate(body, t.Elem(), err)
	}
	return &Error{Row: -1, Raw: excerpt(body), Err: err}
}

// locate finds the row, column and value that encoding/json could not decode.
func locate(body []byte, row reflect.Type, cause error) error {
	var raws []json.RawMessage
	if json.Unmarshal(body, &raws) != nil {
		return &Error{Row: -1, Raw: excerpt(body), Err: cause}
	}
	for i, raw := range raws {
		err := json.Unmarshal(raw, reflect.New(row).Interface())
		if err == nil {
			continue
		}
		e := &Error{Row: i, Raw: excerpt(raw), Err: err}
		var columns map[string]json.RawMessage
		if json.Unmarshal(raw, &columns) != nil {
			return e
		}
		for name, value := range columns {
			one, _ := json.Marshal(map[string]json.RawMessage{name: value})
			if err := json.Unmarshal(one, reflect.New(row).Interface()); err != nil {
				e.Column, e.Raw, e.Err = name, excerpt(value), err
				return e
			}
		}
		return e
	}
	return &Error{Row: -1, Raw: excerpt(body), Err: cause}
}

const maxExcerpt = 100

func excerpt(raw []byte) string {
	if len(raw) > maxExcerpt {
		raw = raw[:maxExcerpt]
	}
	return string(raw)
}
