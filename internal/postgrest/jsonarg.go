package postgrest

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/workorder-systems/sdk-go/internal/pgjson"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// JSONArray encodes rows as a jsonb argument, never as null: the functions that
// take rows refuse it.
func JSONArray[T any](op, field string, rows []T) (json.RawMessage, error) {
	if len(rows) == 0 {
		return json.RawMessage("[]"), nil
	}
	raw, err := pgjson.Marshal(rows)
	if err == nil {
		return raw, nil
	}
	var bad *pgjson.Error
	if !errors.As(err, &bad) {
		return nil, sdkerr.Invalid(op, field, "cannot be encoded: "+err.Error())
	}
	var i int
	var column string
	if n, _ := fmt.Sscanf(bad.Field, "[%d].%s", &i, &column); n == 2 {
		return nil, sdkerr.Invalid(op, fmt.Sprintf("%s[%d]: %s", field, i, column), bad.Reason)
	}
	return nil, sdkerr.Invalid(op, field+bad.Field, bad.Reason)
}
