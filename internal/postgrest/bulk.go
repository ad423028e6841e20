package postgrest

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"

	"github.com/workorder-systems/sdk-go/internal/pgjson"
	"github.com/workorder-systems/sdk-go/types"
)

// BulkImport calls a function that stores rows and reports the bad ones by
// their index. A row that cannot be sent is reported in the same way, and does
// not keep the others from being stored; when no row is left, nothing is sent.
// Args puts the encoded rows, an array even without rows, into the arguments.
func BulkImport[T any](ctx context.Context, c Caller, op string, rows []T, args func(rows json.RawMessage) Args) (*types.BulkImportResult, error) {
	good := make([]json.RawMessage, 0, len(rows))
	index := make([]int, 0, len(rows)) // of each good row in rows
	bad := []types.BulkImportError{}
	for i, row := range rows {
		raw, err := pgjson.Marshal(row)
		if err != nil {
			bad = append(bad, types.BulkImportError{Index: i, Message: err.Error()})
			continue
		}
		good, index = append(good, raw), append(index, i)
	}
	if len(good) == 0 && len(bad) > 0 {
		return &types.BulkImportResult{CreatedIDs: []string{}, Errors: bad}, nil
	}
	raw, err := json.Marshal(good)
	if err != nil {
		return nil, encodeError(op, err)
	}
	result, err := Call[*types.BulkImportResult](ctx, c, op, args(raw))
	if err != nil || result == nil || len(bad) == 0 {
		return result, err
	}
	for i, e := range result.Errors {
		if e.Index >= 0 && e.Index < len(index) {
			result.Errors[i].Index = index[e.Index]
		}
	}
	result.Errors = append(result.Errors, bad...)
	slices.SortStableFunc(result.Errors, func(a, b types.BulkImportError) int { return cmp.Compare(a.Index, b.Index) })
	return result, nil
}
