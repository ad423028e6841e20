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

// Decode appends the rows of the JSON array body to rows, and notes in marks,
// unless it is nil, where the marked columns are. A row with a value that does
// not fit is appended as a zero row and told in bad: it costs the others
// nothing. An array that is malformed is an error, and rows stay as they were.
func Decode(rows Rows, body []byte, marks *Marks) (bad []*Error, err error) {
	p := planOf(rows.Type())
	d := decoder{plan: p, scanner: scanner{in: body}, marks: marks}
	if p == nil {
		d.plan = noPlan
	}
	defer d.release()
	d.borrow()
	if marks != nil {
		marks.begin(body, d.plan)
	}
	had, n := rows.Len(), 0
	err = d.array(func() error {
		row := rows.add(body, d.pos, n)
		start := d.pos
		if err := d.row(); err != nil {
			return err
		}
		var e *Error
		if p == nil {
			e = whole(body[start:d.pos], row)
		} else {
			e = d.fill(row.Addr().UnsafePointer(), row)
		}
		if e != nil {
			row.SetZero()
			e.Row = n
			bad = append(bad, e)
		}
		n++
		return nil
	})
	if err != nil {
		rows.Keep(had, 0, 0)
		return nil, d.inRow(n, err)
	}
	return bad, nil
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
