package postgrest

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"github.com/workorder-systems/sdk-go/internal/api"
	"github.com/workorder-systems/sdk-go/internal/queryspec"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
	"github.com/workorder-systems/sdk-go/query"
)

// UserID is the id of the signed-in user, or ErrUnauthenticated.
func (c Caller) UserID(ctx context.Context, op string) (string, error) {
	return c.conn.UserID(ctx, op)
}

// Update changes the one row of a view that has the given key and passes the
// filters. To the server, a row that is not there or that the caller may not
// see is no reason to fail; here it is ErrNotFound.
func Update[T any](ctx context.Context, c Caller, op string, def *ViewDef[T], id string, changes map[string]any, filters ...query.Filter) error {
	if len(changes) == 0 {
		return sdkerr.New(op, sdkerr.ErrInvalidInput, "there is nothing to change")
	}
	body, err := Body(op, changes)
	if err != nil {
		return err
	}
	return write(ctx, c, op, http.MethodPatch, def, id, body, filters)
}

// Delete deletes the one row of a view that has the given key and passes the
// filters, or fails with ErrNotFound.
func Delete[T any](ctx context.Context, c Caller, op string, def *ViewDef[T], id string, filters ...query.Filter) error {
	return write(ctx, c, op, http.MethodDelete, def, id, nil, filters)
}

// write names the row by its key, so that a missing filter can never reach all
// rows, and lets the server tell which rows it wrote.
func write[T any](ctx context.Context, c Caller, op, method string, def *ViewDef[T], id string, body []byte, filters []query.Filter) error {
	if id == "" {
		return sdkerr.Required(op, "the id")
	}
	if len(def.Key) != 1 {
		return sdkerr.New(op, sdkerr.ErrInvalidInput, "%s has no single key to find a row by", def.Name)
	}
	var spec queryspec.Spec
	query.Where(query.NewColumn[string](def.Key[0]).Eq(id))(&spec)
	query.Where(filters...)(&spec)
	if spec.Err != nil {
		return sdkerr.New(op, sdkerr.ErrInvalidInput, "%v", spec.Err)
	}
	missing := sdkerr.New(op, sdkerr.ErrNotFound, "%s has no such row that the caller may change", def.Name)
	if spec.Never {
		return missing
	}

	header := http.Header{"Accept": {"application/json"}, "Prefer": {"return=representation"}}
	if def.Schema != "" {
		header["Content-Profile"] = []string{def.Schema}
	}
	resp, err := c.conn.Do(ctx, &api.Request{
		Op:     op,
		Method: method,
		Path:   restPath + "/" + url.PathEscape(def.Name),
		RawQuery: "select=" + url.QueryEscape(def.Key[0]) +
			"&and=" + url.QueryEscape("("+strings.Join(expressions(spec.Where), ",")+")"),
		Header: header,
		Body:   body,
	})
	if err != nil {
		return err
	}
	var written []json.RawMessage
	if err := json.Unmarshal(resp.Body, &written); err != nil {
		return sdkerr.Decode(op, -1, "", "", err)
	}
	if len(written) == 0 {
		return missing
	}
	return nil
}
