package postgrest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"

	"github.com/workorder-systems/sdk-go/internal/postgrest/rowjson"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// fetched is one page of a list.
type fetched struct {
	bad  []*badRow
	from int // where the page's first row stands in the answer
}

// badRow says why a row could not be decoded.
type badRow struct {
	err   *sdkerr.Error
	index int // in rows, of those that the page added
}

// fetch appends the next page of the source to rows.
func (r *read) fetch(ctx context.Context, src source, marks *rowjson.Marks, rows rowjson.Rows) (fetched, error) {
	body, err := src.fetch(ctx)
	if err != nil {
		return fetched{}, err
	}
	had := rows.Len()
	bad, err := rowjson.Decode(rows, body, marks)
	if err != nil {
		return fetched{}, decodeError(r.op, err)
	}
	from, to, err := src.advance(marks)
	if err != nil {
		return fetched{}, err
	}
	if r.limited() {
		to = min(to, from+r.left)
		r.left -= to - from
	}
	p := fetched{from: from}
	for _, e := range bad {
		if from <= e.Row && e.Row < to {
			p.bad = append(p.bad, &badRow{r.unreadable(e, marks, from), e.Row - from})
		}
	}
	r.passed += to - from
	rows.Keep(had, from, to)
	return p, nil
}

// unreadable tells which row of the list cannot be decoded.
func (r *read) unreadable(e *rowjson.Error, marks *rowjson.Marks, from int) *sdkerr.Error {
	cause := e.Err
	for i, c := range r.columns {
		if c.key {
			cause = fmt.Errorf("%w (in the row whose %s is %.100s)", cause, c.Column, marks.Raw(e.Row, i))
		}
	}
	return sdkerr.UnreadableRow(r.op, r.passed+e.Row-from, e.Column, e.Raw, cause)
}

// decodeValue decodes the result of a function. null leaves R zero.
func decodeValue[R any](op string, body []byte) (R, error) {
	var out R
	body = bytes.TrimSpace(body)
	if string(body) == "null" {
		return out, nil
	}
	if len(body) == 0 {
		return out, sdkerr.Decode(op, -1, "", "", errors.New("the function returned nothing"))
	}
	if err := rowjson.Unmarshal(body, reflect.ValueOf(&out)); err != nil {
		var zero R
		return zero, decodeError(op, err)
	}
	return out, nil
}

// DecodeInto decodes an answer into what out points at, a type that the caller
// brought along.
func DecodeInto(op string, body []byte, out any) error {
	if err := rowjson.UnmarshalFold(body, reflect.ValueOf(out)); err != nil {
		return decodeError(op, err)
	}
	return nil
}

func decodeError(op string, err error) error {
	var bad *rowjson.Error
	if errors.As(err, &bad) {
		return sdkerr.Decode(op, bad.Row, bad.Column, bad.Raw, bad.Err)
	}
	var typ *json.UnmarshalTypeError
	if errors.As(err, &typ) {
		return sdkerr.Decode(op, -1, typ.Field, "", err)
	}
	return sdkerr.Decode(op, -1, "", "", err)
}
