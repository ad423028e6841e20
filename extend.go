package workorder

import (
	"context"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/workorder-systems/sdk-go/internal/postgrest"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// View reads one view of the deployment. The services embed it or have it as
// fields, with the methods
//
//	List(ctx context.Context, opts ...query.Option) ([]T, error)
//	All(ctx context.Context, opts ...query.Option) iter.Seq2[T, error]
//	Page(ctx context.Context, opts ...query.Option) (*query.Page[T], error)
//	Get(ctx context.Context, id string) (*T, error)
//	Count(ctx context.Context, opts ...query.Option) (int64, error)
//
// List gives every row that matches, however many, or up to query.Limit; All
// gives them one by one, in bounded memory, and can be ranged over again. Page
// gives query.Limit of them (100 without it) and a cursor for the next ones. Get
// fails with ErrNotFound when there is no such row, or the caller may not see it.
//
// The promise of List, All and of the pages that follow each other: a row that
// is there from beginning to end and whose order columns stay as they are comes
// exactly once, whatever else is inserted, changed or deleted meanwhile; without
// query.OrderBy, whatever is changed. A row with a value that Go cannot hold
// costs All nothing but that row, see ErrUnreadableRow.
type View[T any] = postgrest.View[T]

// ViewOf reads a view that the deployment has beyond the platform's own. T is a
// struct whose fields have the columns as json names. The view is in the schema
// public unless name says otherwise ("reporting.v_custom").
//
// key names the columns that identify a row, "id" when none is given; T needs no
// field for them. Longer lists are walked along them, and Get looks for a single
// one. A read that meets a row without a value in one of them, or two rows with
// the same, fails with ErrInvalidInput, because rows could be missing from the
// list; so does every read when name is not that of a view.
func ViewOf[T any](c *Client, name string, key ...string) View[T] {
	schema, view := splitSchema(name)
	if len(key) == 0 {
		key = []string{"id"}
	}
	def := &postgrest.ViewDef[T]{List: view, Schema: schema, Name: view, AnyTenant: true, Key: key, Unproven: true}
	if !namePattern.MatchString(view) || !namePattern.MatchString(schema) {
		def.Err = sdkerr.Invalid("ViewOf", "the name", "must be that of a view, such as v_custom")
	}
	if slices.ContainsFunc(key, func(k string) bool { return !namePattern.MatchString(k) }) {
		def.Err = sdkerr.Invalid("ViewOf", "the key", "must be made of names of columns")
	}
	return postgrest.NewView(c.conn, def)
}

var namePattern = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// RPC calls a function that the deployment has beyond the platform's own. args
// becomes the JSON object of its arguments, nil meaning none; the result is
// decoded into out, a pointer, or nil when it does not matter. The function is
// in the schema public unless name says otherwise ("reporting.rpc_custom").
//
// The call counts as a write: it is repeated only when it is known not to have
// been applied.
func (c *Client) RPC(ctx context.Context, name string, args, out any) error {
	op := "RPC " + name
	schema, function := splitSchema(name)
	if !namePattern.MatchString(function) || !namePattern.MatchString(schema) {
		return sdkerr.Invalid("RPC", "the name", "must be that of a function, such as rpc_custom")
	}
	// Checked first: after the call it would be too late to say no.
	if v := reflect.ValueOf(out); out != nil && (v.Kind() != reflect.Pointer || v.IsNil()) {
		return sdkerr.Invalid(op, "out", "must be a pointer to what the result goes into, or nil")
	}
	body, err := postgrest.NewCaller(c.conn).Invoke(ctx, op, postgrest.RPC{Schema: schema, Name: function}, args)
	if err != nil {
		return err
	}
	if out == nil || len(body) == 0 {
		return nil
	}
	return postgrest.DecodeInto(op, body, out)
}

// splitSchema splits "reporting.v_custom"; the schema defaults to public.
func splitSchema(name string) (schema, object string) {
	if schema, object, ok := strings.Cut(name, "."); ok {
		return schema, object
	}
	return "public", name
}
