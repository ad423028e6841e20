package workorder

import (
	"context"
	"encoding/json"
	"regexp"
	"strings"

	"github.com/workorder-systems/sdk-go/internal/postgrest"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// View reads one view of the deployment: List, All, Page, Get and Count.
type View[T any] = postgrest.View[T]

// ViewOf reads a view that the deployment has beyond the platform's own. T is a
// struct whose fields have the columns as json names. The view is in the schema
// public unless name says otherwise ("reporting.v_custom").
//
// key names the columns that identify a row, "id" when none is given: longer
// lists are walked along them, so T needs a field for each, and Get looks for
// the first.
func ViewOf[T any](c *Client, name string, key ...string) View[T] {
	schema, view := splitSchema(name)
	if len(key) == 0 {
		key = []string{"id"}
	}
	return postgrest.NewView(c.conn, view, &postgrest.ViewDef[T]{
		Schema: schema,
		Name:   view,
		Key:    key,
		KeyOf:  func(row *T) []string { return keyOf(row, key) },
	})
}

// keyOf renders the key columns of a row whose type is known to the caller only.
func keyOf(row any, key []string) []string {
	out := make([]string, len(key))
	data, err := json.Marshal(row)
	if err != nil {
		return out
	}
	var fields map[string]json.RawMessage
	if json.Unmarshal(data, &fields) != nil {
		return out
	}
	for i, name := range key {
		if json.Unmarshal(fields[name], &out[i]) != nil {
			out[i] = string(fields[name]) // a number or a boolean
		}
	}
	return out
}

var namePattern = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// RPC calls a function that the deployment has beyond the platform's own. args
// becomes the JSON object of its arguments, nil meaning none; the result is
// decoded into out, which may be nil. The function is in the schema public
// unless name says otherwise ("reporting.rpc_custom").
//
// The call counts as a write: it is repeated only when it is known not to have
// been applied.
func (c *Client) RPC(ctx context.Context, name string, args, out any) error {
	op := "RPC " + name
	schema, function := splitSchema(name)
	if !namePattern.MatchString(function) || !namePattern.MatchString(schema) {
		return sdkerr.Invalid("RPC", "the name", "must be that of a function, such as rpc_custom")
	}
	body, err := postgrest.NewCaller(c.conn).Invoke(ctx, op, postgrest.RPC{Schema: schema, Name: function}, args)
	if err != nil {
		return err
	}
	if out == nil || len(body) == 0 {
		return nil
	}
	if err := json.Unmarshal(body, out); err != nil {
		return sdkerr.Decode(op, -1, "", string(body), err)
	}
	return nil
}

// splitSchema splits "reporting.v_custom"; the schema defaults to public.
func splitSchema(name string) (schema, object string) {
	if schema, object, ok := strings.Cut(name, "."); ok {
		return schema, object
	}
	return "public", name
}
