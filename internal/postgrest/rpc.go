// Package postgrest speaks PostgREST for the resource packages: typed reads
// over views and typed calls of functions.
package postgrest

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"

	"github.com/workorder-systems/sdk-go/internal/api"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// RPC describes one database function; the generator writes these.
type RPC struct {
	Schema string // "public" or "reporting"
	Name   string // such as "rpc_create_tenant"
	Stable bool   // the function changes nothing (stable or immutable)
}

// Args are the arguments of one function call. The generator writes a struct
// per function that implements it.
type Args interface {
	RPC() *RPC
}

// TenantArgs are Args whose function takes p_tenant_id.
type TenantArgs interface {
	Args
	Tenant() string                  // the id given by the caller, or ""
	WithTenant(id string) TenantArgs // a copy with the id filled in
}

// KeyedArgs are Args that can carry an idempotency key. With a key the server
// applies the call once, however often it arrives, so it may be retried.
type KeyedArgs interface {
	Args
	IdempotencyKey() string // empty: none
}

// ScopedArgs are KeyedArgs of a function that creates something and stores its
// id under the key, where rpc_get_idempotency_resource finds it.
type ScopedArgs interface {
	KeyedArgs
	TenantArgs
	KeyScope() string
}

// Caller calls database functions.
type Caller struct{ conn *api.Conn }

// NewCaller makes a Caller.
func NewCaller(conn *api.Conn) Caller { return Caller{conn: conn} }

// Conn is the connection that calls go over.
func (c Caller) Conn() *api.Conn { return c.conn }

// Call calls the function and decodes its result. A JSON null leaves R zero.
func Call[R any](ctx context.Context, c Caller, op string, args Args) (R, error) {
	var out R
	resp, err := c.call(ctx, op, args)
	if err != nil {
		return out, err
	}
	return decodeValue[R](op, resp.Body)
}

// CallAsService is Call for a function that only the service-role key is to call
// and that the server lets others call too. Other clients send nothing.
func CallAsService[R any](ctx context.Context, c Caller, op string, args Args) (R, error) {
	_, err := Body(op, args) // what is wrong with it counts first
	if err == nil {
		err = c.conn.NeedServiceKey(ctx, op)
	}
	if err != nil {
		var zero R
		return zero, err
	}
	return Call[R](ctx, c, op, args)
}

// Exec calls a function that returns nothing; whatever it answers is ignored.
func Exec(ctx context.Context, c Caller, op string, args Args) error {
	_, err := c.call(ctx, op, args)
	return err
}

// CallAgain is Call for a call that does no harm when it arrives twice.
func CallAgain[R any](ctx context.Context, c Caller, op string, args Args) (R, error) {
	var out R
	resp, err := c.callAgain(ctx, op, args)
	if err != nil {
		return out, err
	}
	return decodeValue[R](op, resp.Body)
}

// ExecAgain is Exec for a call that does no harm when it arrives twice.
func ExecAgain(ctx context.Context, c Caller, op string, args Args) error {
	_, err := c.callAgain(ctx, op, args)
	return err
}

func (c Caller) callAgain(ctx context.Context, op string, args Args) (*api.Response, error) {
	args, err := c.inTenant(ctx, op, args)
	if err != nil {
		return nil, err
	}
	return c.send(ctx, op, args.RPC(), args, sending{keyed: true})
}

// Invoke calls a function by name with any arguments that encode to a JSON
// object (nil: none) and gives the JSON that it returns, nil for nothing.
func (c Caller) Invoke(ctx context.Context, op string, rpc RPC, args any) (json.RawMessage, error) {
	if rpc.Name == "" {
		return nil, sdkerr.Required(op, "the function name")
	}
	if args == nil {
		args = struct{}{}
	}
	body, err := Body(op, args)
	if err != nil {
		return nil, err
	}
	if err := c.conn.CheckTenant(op, body); err != nil {
		return nil, err
	}
	resp, err := c.send(ctx, op, &rpc, json.RawMessage(body), sending{})
	if err != nil {
		return nil, err
	}
	return resp.Body, nil
}

// inTenant fills in the client's tenant where the caller gave none.
func (c Caller) inTenant(ctx context.Context, op string, args Args) (Args, error) {
	t, ok := args.(TenantArgs)
	if !ok {
		return args, nil
	}
	id, err := c.conn.TenantFor(ctx, op, t.Tenant())
	if err != nil || id == t.Tenant() {
		return args, err
	}
	return t.WithTenant(id), nil
}

func (c Caller) call(ctx context.Context, op string, args Args) (*api.Response, error) {
	args, err := c.inTenant(ctx, op, args)
	if err != nil {
		return nil, err
	}
	keyed, ok := args.(KeyedArgs)
	if !ok || keyed.IdempotencyKey() == "" {
		return c.send(ctx, op, args.RPC(), args, sending{})
	}
	var settle func(context.Context) (*api.Response, error)
	if scoped, ok := args.(ScopedArgs); ok {
		settle = c.settler(op, scoped)
	}
	return c.send(ctx, op, args.RPC(), args, sending{keyed: true, settle: settle})
}

// sending says how to send a call.
type sending struct {
	query  string // of the URL, which can ask for some rows of the result
	safe   bool   // it changes nothing, whatever the function's declaration says
	keyed  bool   // repeating it does no harm
	settle func(context.Context) (*api.Response, error)
}

func (c Caller) send(ctx context.Context, op string, rpc *RPC, args any, how sending) (*api.Response, error) {
	body, err := Body(op, args)
	if err != nil {
		return nil, err
	}
	header := http.Header{"Accept": {"application/json"}}
	if rpc.Schema != "" {
		header["Content-Profile"] = []string{rpc.Schema}
	}
	return c.conn.Do(ctx, &api.Request{
		Op:       op,
		Method:   http.MethodPost,
		Path:     restPath + "/rpc/" + url.PathEscape(rpc.Name),
		RawQuery: how.query,
		Header:   header,
		Body:     body,
		Safe:     rpc.Stable || how.safe,
		Keyed:    how.keyed,
		Settle:   how.settle,
	})
}

// NullIfZero gives a pointer to v, or nil when v is zero, for optional
// arguments that are sent as null when not given.
func NullIfZero[V comparable](v V) *V {
	var zero V
	if v == zero {
		return nil
	}
	return &v
}
