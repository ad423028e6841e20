package postgrest

import (
	"encoding/json"
	"fmt"
	"reflect"

	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// JSONArray encodes rows as a jsonb argument, never as null: the functions that
// take rows refuse it. Text that PostgreSQL cannot hold is refused here, because
// encodeArgs does not look into JSON.
func JSONArray[T any](op, field string, rows []T) (json.RawMessage, error) {
	if len(rows) == 0 {
		return json.RawMessage("[]"), nil
	}
	raw, err := json.Marshal(rows)
	if err != nil {
		return nil, sdkerr.Invalid(op, field, "cannot be encoded: "+err.Error())
	}
	if !suspicious(raw) {
		return raw, nil
	}
	for i := range rows {
		if f, reason := badText(reflect.ValueOf(rows[i])); reason != "" {
			return nil, sdkerr.Invalid(op, fmt.Sprintf("%s[%d]: %s", field, i, f), reason)
		}
	}
	return raw, nil
}
