package postgrest

import (
	"bytes"
	"context"

	"github.com/workorder-systems/sdk-go/internal/api"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// keyResource is declared volatile, but changes nothing.
var keyResource = RPC{Schema: "public", Name: "rpc_get_idempotency_resource", Stable: true}

type keyArgs struct {
	TenantID string `json:"p_tenant_id"`
	Scope    string `json:"p_scope"`
	Key      string `json:"p_idempotency_key"`
}

// settler looks up what became of a write that gave no answer in time. A server
// that repeats a failed transaction for ever never gives one, and every further
// try costs it another connection.
//
// The id stored under the key is the answer. The server says null of a key that
// is unknown and of one that is claimed without an id: the first time the write
// is repeated, which is right for an unknown one. When that takes too long as
// well, the key is claimed.
func (c Caller) settler(op string, args ScopedArgs) func(context.Context) (*api.Response, error) {
	repeated := false
	return func(ctx context.Context) (*api.Response, error) {
		key := keyArgs{TenantID: args.Tenant(), Scope: args.KeyScope(), Key: args.IdempotencyKey()}
		resp, err := c.send(ctx, op, &keyResource, key, sending{})
		if err != nil {
			return nil, err
		}
		if id := bytes.TrimSpace(resp.Body); len(id) > 0 && !bytes.Equal(id, []byte("null")) {
			return resp, nil
		}
		if !repeated {
			repeated = true
			return nil, nil
		}
		return nil, sdkerr.New(op, sdkerr.ErrInProgress, "another call holds the idempotency key")
	}
}
