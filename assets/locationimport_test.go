package assets_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/assets"
	"github.com/workorder-systems/sdk-go/internal/apitest"
	"github.com/workorder-systems/sdk-go/types"
)

func TestImportTakesParentsFirst(t *testing.T) {
	c, srv := apitest.New(t)
	srv.Reply(http.StatusOK, `{"created_ids":["s","x"],"errors":[{"index":1,"message":"no name"}]}`)
	srv.Reply(http.StatusOK, `{"created_ids":["b"],"errors":[]}`)
	srv.Reply(http.StatusOK, `{"created_ids":["f"],"errors":[{"index":1,"message":"code taken"}]}`)

	got, err := c.Locations.BulkImport(t.Context(), assets.BulkImportLocationsParams{Rows: []assets.ImportLocation{
		0:  {Name: "F", LocationType: assets.Floor, ParentKey: "b"},
		1:  {Name: "S", Key: "s"},
		2:  {Name: " ", Key: "blank"},
		3:  {Name: "below blank", Key: "below", ParentKey: "blank"},
		4:  {Name: "below that", ParentKey: "below"},
		5:  {Name: "B", LocationType: assets.Building, Key: "b", ParentKey: "s"},
		6:  {Name: "taken", Code: "B1", Key: "t", ParentKey: "b"},
		7:  {Name: "nobody", ParentKey: "nobody"},
		8:  {Name: "both", ParentKey: "s", ParentLocationID: "l9"},
		9:  {Name: "again", Key: "s"},
		10: {Name: "round", Key: "r1", ParentKey: "r2"},
		11: {Name: "and round", Key: "r2", ParentKey: "r1"},
		12: {Name: "below a cycle", ParentKey: "r1"},
		13: {Name: "X", ParentLocationID: "l9"},
		14: {Name: "\xff"},
	}})

	require.NoError(t, err)
	for i, want := range []string{
		`{"p_tenant_id":"t1","p_rows":[{"name":"S"},{"name":" "},{"name":"X","parent_location_id":"l9"}]}`,
		`{"p_tenant_id":"t1","p_rows":[{"name":"B","location_type":"building","parent_location_id":"s"}]}`,
		`{"p_tenant_id":"t1","p_rows":[{"name":"F","location_type":"floor","parent_location_id":"b"},
			{"name":"taken","parent_location_id":"b","code":"B1"}]}`,
	} {
		require.JSONEq(t, want, srv.Requests()[i].Body)
	}
	require.Len(t, srv.Requests(), 3)
	require.Equal(t, []string{"f", "s", "", "", "", "b", "", "", "", "", "", "", "", "x", ""}, got.IDs)
	require.Equal(t, []string{"f", "s", "b", "x"}, got.CreatedIDs)
	round := "its ParentKey leads back to itself or to rows that do"
	require.Equal(t, []types.BulkImportError{
		{Index: 2, Message: "no name"},
		{Index: 3, Message: "row 2, which it is inside of, was skipped"},
		{Index: 4, Message: "row 2, which it is inside of, was skipped"},
		{Index: 6, Message: "code taken"},
		{Index: 7, Message: "no row has the Key that ParentKey names"},
		{Index: 8, Message: "both ParentKey and ParentLocationID are given"},
		{Index: 9, Message: "row 1 has the same Key"},
		{Index: 10, Message: round},
		{Index: 11, Message: round},
		{Index: 12, Message: round},
		{Index: 14, Message: "name is not valid UTF-8"},
	}, got.Errors)
}

func TestImportWithoutARowThatCanBeSent(t *testing.T) {
	c, srv := apitest.New(t)
	got, err := c.Locations.BulkImport(t.Context(), assets.BulkImportLocationsParams{Rows: []assets.ImportLocation{
		{Name: "a", Key: "a", ParentKey: "a"}, {Name: "\xff", Key: "b"}, {Name: "c", ParentKey: "b"},
	}})
	require.NoError(t, err)
	require.Empty(t, got.CreatedIDs)
	require.Len(t, got.Errors, 3)
	srv.WantNoRequest(t)
}

// What was stored before a call failed is not lost.
func TestImportThatFailsOnTheWay(t *testing.T) {
	rows := []assets.ImportLocation{{Name: "S", Key: "s"}, {Name: "B", ParentKey: "s"}}
	for name, reply := range map[string]func(*apitest.Server){
		"refused":      func(srv *apitest.Server) { srv.ReplyError(http.StatusForbidden, "42501", "no") },
		"too few ids":  func(srv *apitest.Server) { srv.Reply(http.StatusOK, `{"created_ids":[],"errors":[]}`) },
		"too many ids": func(srv *apitest.Server) { srv.Reply(http.StatusOK, `{"created_ids":["1","2"],"errors":[]}`) },
		"an unknown row": func(srv *apitest.Server) {
			srv.Reply(http.StatusOK, `{"created_ids":[],"errors":[{"index":1,"message":""}]}`)
		},
		"nothing at all":  func(srv *apitest.Server) { srv.Reply(http.StatusOK, `null`) },
		"no JSON at all":  func(srv *apitest.Server) { srv.Reply(http.StatusOK, `<html>`) },
		"another failure": func(srv *apitest.Server) { srv.ReplyError(http.StatusInternalServerError, "XX000", "broken") },
	} {
		t.Run(name, func(t *testing.T) {
			c, srv := apitest.New(t)
			srv.Reply(http.StatusOK, `{"created_ids":["s"],"errors":[]}`)
			reply(srv)
			got, err := c.Locations.BulkImport(t.Context(), assets.BulkImportLocationsParams{Rows: rows})
			require.Error(t, err)
			var e *workorder.SdkError
			require.ErrorAs(t, err, &e)
			require.Equal(t, "Locations.BulkImport", e.Op)
			require.Equal(t, []string{"s", ""}, got.IDs)
			require.Equal(t, []string{"s"}, got.CreatedIDs)

			c, srv = apitest.New(t)
			reply(srv)
			got, err = c.Locations.BulkImport(t.Context(), assets.BulkImportLocationsParams{Rows: rows})
			require.Error(t, err)
			require.Nil(t, got, "nothing is known to be stored")
		})
	}
}

// A tree of any depth takes one call per level.
func TestImportOfADeepTree(t *testing.T) {
	c, srv := apitest.New(t)
	const depth = 40
	rows := make([]assets.ImportLocation, depth)
	for i := range rows {
		rows[depth-1-i] = assets.ImportLocation{Name: "z", LocationType: assets.Zone, Key: fmt.Sprint(i)}
		if i > 0 {
			rows[depth-1-i].ParentKey = fmt.Sprint(i - 1)
		}
		srv.Handle(func(w http.ResponseWriter, _ *http.Request) {
			_ = json.NewEncoder(w).Encode(map[string]any{"created_ids": []string{fmt.Sprint("id", i)}, "errors": []any{}})
		})
	}
	got, err := c.Locations.BulkImport(t.Context(), assets.BulkImportLocationsParams{Rows: rows})
	require.NoError(t, err)
	require.Len(t, got.CreatedIDs, depth)
	require.Equal(t, fmt.Sprint("id", depth-1), got.IDs[0])
	require.Equal(t, "id0", got.IDs[depth-1])
}
