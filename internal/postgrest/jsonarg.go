package postgrest

import (
	"encoding/json"

	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// JSONArray encodes rows as a jsonb argument, never as null: the functions that
// take rows refuse it.
func JSONArray[T any](op, field string, rows []T) (json.RawMessage, error) {
	if len(rows) == 0 {
		return json.RawMessage("[]"), nil
	}
	raw, err := json.Marshal(rows)
	if err != nil {
		return nil, sdkerr.Invalid(op, field, "cannot be encoded: "+err.Error())
	}
	return raw, nil
}
