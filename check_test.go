package workorder_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	snapshot "github.com/workorder-systems/sdk-go/contract"
	"github.com/workorder-systems/sdk-go/internal/apitest"
	"github.com/workorder-systems/sdk-go/internal/contract"
)

type object = map[string]any

// described is how PostgREST describes a schema of the contract to a role.
func described(t *testing.T, schema, role string) object {
	t.Helper()
	c, err := contract.Parse([]byte(snapshot.JSON()))
	require.NoError(t, err)
	paths, definitions := object{"/": object{}}, object{}
	for _, v := range c.Views {
		if v.Schema != schema || !strings.Contains(strings.Join(v.Select, " "), role) {
			continue
		}
		properties := object{}
		for _, col := range v.Columns {
			properties[col.Name] = object{"format": col.Type}
		}
		definitions[v.Name] = object{"properties": properties}
		paths["/"+v.Name] = object{"get": object{}}
	}
	for _, f := range c.Functions {
		if f.Schema != schema || !strings.Contains(strings.Join(f.Execute, " "), role) {
			continue
		}
		properties, required := object{}, []string{}
		for _, a := range f.Args {
			properties[a.Name] = object{"format": a.Type}
			if a.Required {
				required = append(required, a.Name)
			}
		}
		paths["/rpc/"+f.Name] = object{"post": object{"parameters": []object{
			{"$ref": "#/parameters/preferParams"},
			{"name": "args", "in": "body", "schema": object{"properties": properties, "required": required}},
		}}}
	}
	return object{"swagger": "2.0", "paths": paths, "definitions": definitions}
}

// checked is what Check says of the two schemas as changed.
func checked(t *testing.T, change func(public, reporting object)) []workorder.Finding {
	t.Helper()
	public, reporting := described(t, "public", "authenticated"), described(t, "reporting", "authenticated")
	change(public, reporting)
	c, srv := apitest.New(t)
	for _, d := range []object{public, reporting} {
		b, err := json.Marshal(d)
		require.NoError(t, err)
		srv.Reply(http.StatusOK, string(b))
	}
	findings, err := c.Check(t.Context())
	require.NoError(t, err)
	for _, schema := range []string{"public", "reporting"} {
		req := srv.WantRequest(t, "GET", "/rest/v1/", "")
		require.Equal(t, schema, req.Header.Get("Accept-Profile"))
	}
	return findings
}

func in(o object, path ...string) object {
	for _, p := range path {
		o = o[p].(object)
	}
	return o
}

func args(public object, function string) object {
	return in(public, "paths", "/rpc/"+function, "post")["parameters"].([]object)[1]["schema"].(object)
}

func TestCheckFindsNothingInTheContractItself(t *testing.T) {
	require.Empty(t, checked(t, func(object, object) {}))
}

func TestCheckFindsDifferences(t *testing.T) {
	got := checked(t, func(public, reporting object) {
		delete(in(public, "definitions"), "v_departments")
		delete(in(public, "definitions", "v_assets", "properties"), "name")
		in(public, "definitions", "v_assets", "properties")["created_at"] = object{"format": "date"}
		in(public, "definitions", "v_assets", "properties")["asset_number"] = object{"format": "character varying"}
		in(public, "definitions", "v_assets", "properties")["colour"] = object{"format": "text"}
		in(public, "definitions")["v_custom"] = object{"properties": object{}}
		delete(in(public, "paths"), "/rpc/rpc_create_tenant")
		delete(in(args(public, "rpc_create_department"), "properties"), "p_code")
		s := args(public, "rpc_create_asset")
		s["required"] = append(s["required"].([]string), "p_asset_number")
		in(public, "paths")["/rpc/rpc_custom"] = object{"post": object{}}
		in(reporting, "definitions")["custom_facts"] = object{"properties": object{}}
	})

	require.Empty(t, cmp.Diff([]workorder.Finding{
		{Severity: "breaking", Object: "public.rpc_create_asset", Member: "p_asset_number", Problem: "is a required argument now"},
		{Severity: "breaking", Object: "public.rpc_create_department", Member: "p_code", Problem: "is a missing argument"},
		{Severity: "breaking", Object: "public.rpc_create_tenant", Problem: "is missing, or authenticated may not call it"},
		{Severity: "breaking", Object: "public.v_assets", Member: "created_at", Problem: "is of type date instead of timestamp with time zone"},
		{Severity: "breaking", Object: "public.v_assets", Member: "name", Problem: "is a missing column"},
		{Severity: "breaking", Object: "public.v_departments", Problem: "is missing, or authenticated may not read it"},
		{Severity: "notice", Object: "public.rpc_custom", Problem: "is a function that this version does not know"},
		{Severity: "notice", Object: "public.v_assets", Member: "colour", Problem: "is a new column, which this version does not know"},
		{Severity: "notice", Object: "public.v_custom", Problem: "is a view that this version does not know"},
		{Severity: "notice", Object: "reporting.custom_facts", Problem: "is a view that this version does not know"},
	}, got))
	require.Equal(t, "breaking: public.v_assets: name is a missing column", got[4].String())
	require.Equal(t, "breaking: public.v_departments is missing, or authenticated may not read it", got[5].String())
}

func TestCheckOfWhatIsNoAPI(t *testing.T) {
	c, srv := apitest.New(t)
	srv.Reply(http.StatusOK, `{"hello":"world"}`)
	_, err := c.Check(t.Context())
	require.ErrorIs(t, err, workorder.ErrDecode)

	srv.Reply(http.StatusOK, `<html>`)
	_, err = c.Check(t.Context())
	require.ErrorIs(t, err, workorder.ErrDecode)

	srv.ReplyError(http.StatusForbidden, "42501", "the description is for the service key")
	_, err = c.Check(t.Context())
	require.ErrorIs(t, err, workorder.ErrPermissionDenied)
}

func TestCheckSaysThatASchemaIsNotExposed(t *testing.T) {
	c, srv := apitest.New(t)
	b, err := json.Marshal(described(t, "public", "authenticated"))
	require.NoError(t, err)
	srv.Reply(http.StatusOK, string(b))
	srv.ReplyError(http.StatusNotAcceptable, "PGRST106", "Invalid schema: reporting")

	got, err := c.Check(t.Context())

	require.NoError(t, err)
	require.Equal(t, []workorder.Finding{{Severity: "breaking", Object: "reporting", Problem: "is a schema that the API does not expose"}}, got)
}
