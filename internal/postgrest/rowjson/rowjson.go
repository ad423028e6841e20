// Package rowjson decodes the rows of a view: a JSON array of flat objects that
// all have the same columns in the same order. Knowing that, it takes a
// fraction of the time and the allocations of encoding/json, and it can say
// which row and column does not fit.
//
// It differs from encoding/json in these points: column names match exactly,
// invalid UTF-8 is an error instead of a replacement character, null leaves a
// json.RawMessage nil, JSON may be nested as deep as it likes, and times,
// numerics and floats have a value for everything that PostgreSQL sends (see
// package types). Types whose decoding is not a matter of a few lines are left
// to encoding/json.
package rowjson

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
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

// within puts the name of a column, or its place in a list, before what is
// wrong inside it.
func within(name string, raw []byte, err error) *Error {
	var inner *Error
	if !errors.As(err, &inner) {
		return &Error{Column: name, Raw: excerpt(raw), Err: err}
	}
	switch {
	case inner.Column == "":
		inner.Column = name
	case inner.Column[0] == '[':
		inner.Column = name + inner.Column
	default:
		inner.Column = name + "." + inner.Column
	}
	return inner
}

// Append appends the rows of the JSON array body to rows. On an error it gives
// what it got so far.
func Append[T any](rows []T, body []byte) ([]T, error) {
	got, bad, err := Decode(rows, body, nil)
	switch {
	case err != nil:
		return rows, err
	case len(bad) > 0:
		return got[:len(rows)+bad[0].Row], bad[0]
	}
	return got, nil
}

// Decode appends the rows of the JSON array body to rows, and notes in marks,
// unless it is nil, where the marked columns are. A row with a value that does
// not fit is appended as a zero row and told in bad: it costs the others
// nothing. An array that is malformed is an error, and rows stay as they were.
func Decode[T any](rows []T, body []byte, marks *Marks) (got []T, bad []*Error, err error) {
	p := planOf(reflect.TypeFor[T]())
	d := decoder{plan: p, scanner: scanner{in: body}, marks: marks}
	if p == nil {
		d.plan = noPlan
	}
	defer d.release()
	d.borrow()
	if marks != nil {
		marks.begin(body, d.plan)
	}
	had, n := len(rows), 0
	err = d.array(func() error {
		if len(rows) == cap(rows) {
			rows = grow(rows, body, d.pos, n)
		}
		var zero T
		rows = append(rows, zero)
		row := &rows[len(rows)-1]
		start := d.pos
		if err := d.row(); err != nil {
			return err
		}
		var e *Error
		if p == nil {
			e = whole(body[start:d.pos], reflect.ValueOf(row).Elem())
		} else {
			e = d.fill(unsafe.Pointer(row), reflect.ValueOf(row).Elem())
		}
		if e != nil {
			*row = zero
			e.Row = n
			bad = append(bad, e)
		}
		n++
		return nil
	})
	if err != nil {
		clear(rows[had:])
		return rows[:had], nil, d.inRow(n, err)
	}
	return rows, bad, nil
}

// noPlan skips every column, for rows that have no plan.
var noPlan = new(plan)

// whole decodes a row that has no plan.
func whole(raw []byte, row reflect.Value) *Error {
	err := decode(raw, row, kindOf(row.Type()), false)
	if err == nil {
		return nil
	}
	var e *Error
	if !errors.As(err, &e) {
		e = &Error{Raw: excerpt(raw), Err: err}
	}
	return e
}

// inRow says in which row of the array err is.
func (d *decoder) inRow(n int, err error) *Error {
	var e *Error
	if !errors.As(err, &e) {
		e = &Error{Err: err, Raw: d.excerpt(d.pos)}
	}
	e.Row = n
	if d.outside {
		e.Row = -1
	}
	return e
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

// Unmarshal decodes any JSON value into what ptr points at, at every depth as
// Append decodes rows.
func Unmarshal(body []byte, ptr reflect.Value) error { return unmarshal(body, ptr, false) }

// UnmarshalFold is Unmarshal for types that are not ours: the names of fields
// match without regard to case, as in encoding/json.
func UnmarshalFold(body []byte, ptr reflect.Value) error { return unmarshal(body, ptr, true) }

func unmarshal(body []byte, ptr reflect.Value, fold bool) error {
	dst := ptr.Elem()
	s := scanner{in: body}
	s.next()
	start := s.pos
	if _, err := s.skip(); err != nil {
		return &Error{Row: -1, Raw: s.excerpt(s.pos), Err: err}
	}
	raw := body[start:s.pos]
	if s.next() != 0 || s.pos < len(body) {
		return &Error{Row: -1, Raw: s.excerpt(s.pos), Err: errors.New("something follows the JSON value")}
	}
	err := decode(raw, dst, kindOf(dst.Type()), fold)
	if err == nil {
		return nil
	}
	var e *Error
	if !errors.As(err, &e) {
		return &Error{Row: -1, Raw: excerpt(raw), Err: err}
	}
	e.Row = -1
	if rest, ok := strings.CutPrefix(e.Column, "["); ok && raw[0] == '[' { // [3].due_date is row 3
		index, column, _ := strings.Cut(rest, "]")
		if n, err := strconv.Atoi(index); err == nil {
			e.Row, e.Column = n, strings.TrimPrefix(column, ".")
		}
	}
	return e
}

const maxExcerpt = 100

func excerpt(raw []byte) string {
	if len(raw) > maxExcerpt {
		raw = raw[:maxExcerpt]
	}
	return string(raw)
}
