package integration

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/org"
)

func TestIdempotencyKeyIsClaimedOnce(t *testing.T) {
	t.Parallel()
	a := stack.Tenant(t)
	department := makeDepartment(t, a.Client, "Line")
	p := org.ClaimIdempotencyParams{Scope: "import", IdempotencyKey: "k1", ResourceID: department}

	ok, err := a.Idempotency.Claim(t.Context(), p)
	require.NoError(t, err)
	require.True(t, ok)
	p.ResourceID = unknownID
	ok, err = a.Idempotency.Claim(t.Context(), p)
	require.NoError(t, err)
	require.False(t, ok)
	id, err := a.Idempotency.Resource(t.Context(), org.IdempotencyResourceParams{Scope: "import", IdempotencyKey: "k1"})
	require.NoError(t, err)
	require.Equal(t, department, id, "the first claim stays")
}

func TestIdempotencyKeyIsSharedByTheMembers(t *testing.T) {
	t.Parallel()
	a := stack.Tenant(t)
	member := a.Member(t, "requestor")
	p := org.ClaimIdempotencyParams{Scope: "import", IdempotencyKey: "k1"}

	ok, err := member.Idempotency.Claim(t.Context(), p)
	require.NoError(t, err)
	require.True(t, ok)
	ok, err = a.Idempotency.Claim(t.Context(), p)
	require.NoError(t, err)
	require.False(t, ok)
}

func TestIdempotencyKeyBelongsToTenantAndScope(t *testing.T) {
	t.Parallel()
	a, b := stack.Tenant(t), stack.Tenant(t)
	for _, tc := range []struct {
		tenant *tenant
		scope  string
	}{{a, "import"}, {b, "import"}, {a, "export"}} {
		ok, err := tc.tenant.Idempotency.Claim(t.Context(), org.ClaimIdempotencyParams{Scope: tc.scope, IdempotencyKey: "k1"})
		require.NoError(t, err)
		require.True(t, ok)
	}
}

func TestIdempotencyResourceIsNotFound(t *testing.T) {
	t.Parallel()
	a := stack.Tenant(t)
	_, err := a.Idempotency.Claim(t.Context(), org.ClaimIdempotencyParams{Scope: "import", IdempotencyKey: "bare"})
	require.NoError(t, err)
	for _, key := range []string{"unknown", "bare"} {
		_, err := a.Idempotency.Resource(t.Context(), org.IdempotencyResourceParams{Scope: "import", IdempotencyKey: key})
		require.ErrorIs(t, err, workorder.ErrNotFound)
	}
}

func TestIdempotencyRefusesMalformedKeys(t *testing.T) {
	t.Parallel()
	a := stack.Tenant(t)
	for _, p := range []org.ClaimIdempotencyParams{
		{Scope: strings.Repeat("s", 129), IdempotencyKey: "k"},
		{Scope: "s", IdempotencyKey: strings.Repeat("k", 257)},
	} {
		_, err := a.Idempotency.Claim(t.Context(), p)
		requireError(t, err, workorder.ErrInvalidInput, "") // before anything is sent
	}
	_, err := a.Idempotency.Claim(t.Context(), org.ClaimIdempotencyParams{IdempotencyKey: "k"})
	requireError(t, err, workorder.ErrInvalidInput, "") // before anything is sent
	args := map[string]any{"p_tenant_id": a.ID, "p_scope": "", "p_idempotency_key": "k"}
	requireError(t, a.RPC(t.Context(), "rpc_claim_idempotency", args, nil), workorder.ErrInvalidInput, "23514")
	args["p_scope"] = nil
	requireError(t, a.RPC(t.Context(), "rpc_claim_idempotency", args, nil), workorder.ErrInvalidInput, "23502")
}

func TestIdempotencyKeyHasOneWinnerAmongMany(t *testing.T) {
	t.Parallel()
	a := stack.Tenant(t)
	var won atomic.Int64
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			ok, err := a.Idempotency.Claim(t.Context(), org.ClaimIdempotencyParams{Scope: "import", IdempotencyKey: "k1"})
			if err != nil {
				t.Error(err)
			}
			if ok {
				won.Add(1)
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, 1, won.Load())
}
