package postgrest_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/workorder-systems/sdk-go/internal/postgrest"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
	"github.com/workorder-systems/sdk-go/types"
)

// importArgs are the arguments of a function that takes rows.
type importArgs struct {
	Rows json.RawMessage `json:"p_rows"`
}

func (importArgs) RPC() *postgrest.RPC {
	return &postgrest.RPC{Schema: "public", Name: "rpc_bulk_import_items"}
}

func TestBulkImport(t *testing.T) {
	type row struct {
		Name string `json:"name"`
	}
	for name, tc := range map[string]struct {
		rows  []row
		body  string // empty: nothing is sent
		reply string
		want  types.BulkImportResult
	}{
		"nothing": {
			body: `{"p_rows":[]}`, reply: `{"created_ids":[],"errors":[]}`,
			want: types.BulkImportResult{CreatedIDs: []string{}, Errors: []types.BulkImportError{}},
		},
		"good rows": {
			rows: []row{{`\ufffd and � and \u0000`}},
			body: `{"p_rows":[{"name":"\\ufffd and � and \\u0000"}]}`, reply: `{"created_ids":["a"],"errors":[]}`,
			want: types.BulkImportResult{CreatedIDs: []string{"a"}, Errors: []types.BulkImportError{}},
		},
		"rows that cannot be sent among those that the server refuses": {
			rows: []row{{"a\x00"}, {"b"}, {""}, {"\xff"}, {""}, {"c"}},
			body: `{"p_rows":[{"name":"b"},{"name":""},{"name":""},{"name":"c"}]}`,
			reply: `{"created_ids":["b","c"],"errors":[{"index":1,"message":"no name"},{"index":2,"message":"no name"},
				{"index":9,"message":"no such row"}]}`,
			want: types.BulkImportResult{CreatedIDs: []string{"b", "c"}, Errors: []types.BulkImportError{
				{Index: 0, Message: "name contains a NUL byte"}, {Index: 2, Message: "no name"},
				{Index: 3, Message: "name is not valid UTF-8"}, {Index: 4, Message: "no name"}, {Index: 9, Message: "no such row"},
			}},
		},
		"no row that can be sent": {
			rows: []row{{"\xff"}},
			want: types.BulkImportResult{CreatedIDs: []string{}, Errors: []types.BulkImportError{{Index: 0, Message: "name is not valid UTF-8"}}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := &function{reply: tc.reply}
			got, err := postgrest.BulkImport(t.Context(), f.caller(t, "t1"), "Items.Import", tc.rows,
				func(rows json.RawMessage) postgrest.Args { return importArgs{rows} })
			require.NoError(t, err)
			require.Equal(t, &tc.want, got)
			if tc.body == "" {
				require.Empty(t, f.got)
				return
			}
			require.JSONEq(t, tc.body, f.body)
		})
	}
}

func TestBulkImportThatFails(t *testing.T) {
	f := &function{fail: 1}
	_, err := postgrest.BulkImport(t.Context(), f.caller(t, "t1"), "Items.Import", []string{"\xff", "a"},
		func(rows json.RawMessage) postgrest.Args { return importArgs{rows} })
	require.ErrorIs(t, err, sdkerr.ErrUnavailable)
}
