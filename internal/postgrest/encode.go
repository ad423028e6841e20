package postgrest

import (
	"errors"

	"github.com/workorder-systems/sdk-go/internal/pgjson"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// Body encodes the JSON body of a request. It fails with ErrInvalidInput, naming
// the field, when v holds what the database could not.
func Body(op string, v any) ([]byte, error) {
	body, err := pgjson.Marshal(v)
	if err != nil {
		return nil, encodeError(op, err)
	}
	return body, nil
}

func encodeError(op string, err error) error {
	var bad *pgjson.Error
	if errors.As(err, &bad) {
		return sdkerr.Invalid(op, bad.Field, bad.Reason)
	}
	return sdkerr.New(op, sdkerr.ErrInvalidInput, "the arguments cannot be encoded: %v", err)
}

// MaxLength refuses text of more than most characters, and text that the database
// cannot hold, in what has no argument struct.
func MaxLength(op, field string, text *string, most int) error {
	if text == nil {
		return nil
	}
	err := pgjson.Text(*text)
	if err == nil {
		err = pgjson.Length(*text, most)
	}
	if err != nil {
		return sdkerr.Invalid(op, field, err.Error())
	}
	return nil
}
