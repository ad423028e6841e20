package postgrest

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"

	"github.com/workorder-systems/sdk-go/internal/postgrest/rowjson"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// decodeRows appends the rows of a JSON array.
func decodeRows[T any](op string, body []byte, rows []T) ([]T, error) {
	got, err := rowjson.Append(rows, body)
	if err != nil {
		return rows, decodeError(op, err)
	}
	return got, nil
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
