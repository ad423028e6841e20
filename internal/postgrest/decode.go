package postgrest

import (
	"encoding/json"

	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// decodeRows appends the rows of a JSON array.
func decodeRows[T any](op string, body []byte, rows []T) ([]T, error) {
	var got []T
	if err := json.Unmarshal(body, &got); err != nil {
		return rows, sdkerr.Decode(op, -1, "", "", err)
	}
	return append(rows, got...), nil
}

// decodeValue decodes the result of a function.
func decodeValue[R any](op string, body []byte) (R, error) {
	var out R
	if err := json.Unmarshal(body, &out); err != nil {
		return out, sdkerr.Decode(op, -1, "", "", err)
	}
	return out, nil
}
