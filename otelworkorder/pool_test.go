package otelworkorder

import (
	"context"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/internal/apitest"
)

func TestObservePool(t *testing.T) {
	r := newRecord(t)
	c, srv := apitest.New(t)
	srv.Reply(http.StatusOK, "null")
	pool := workorder.NewTenantPool(c, workorder.TenantPoolOptions{MaxTenants: 7})
	registration, err := ObservePool(pool, "nightly", r.options()...)
	require.NoError(t, err)
	numbers := func(used, idle, made, failed, dropped string) []string {
		const name = " workorder.tenant_pool.name=nightly"
		return []string{
			"workorder.tenant_pool.dropped" + name + ": " + dropped,
			"workorder.tenant_pool.failed" + name + ": " + failed,
			"workorder.tenant_pool.made" + name + ": " + made,
			"workorder.tenant_pool.max" + name + ": 7",
			"workorder.tenant_pool.tenants" + name + " workorder.tenant_pool.state=idle: " + idle,
			"workorder.tenant_pool.tenants" + name + " workorder.tenant_pool.state=used: " + used,
			"workorder.tenant_pool.waited" + name + ": 0",
			"workorder.tenant_pool.waiting" + name + ": 0",
		}
	}
	require.Empty(t, cmp.Diff(numbers("0", "0", "0", "0", "0"), r.metrics()))

	require.NoError(t, pool.Do(t.Context(), apitest.TenantID, func(context.Context, *workorder.Client) error {
		require.Empty(t, cmp.Diff(numbers("1", "0", "1", "0", "0"), r.metrics()))
		return nil
	}))
	require.ErrorIs(t, pool.Do(t.Context(), "another", func(context.Context, *workorder.Client) error { return nil }), workorder.ErrTenantMismatch)
	require.Empty(t, cmp.Diff(numbers("0", "1", "1", "1", "0"), r.metrics()))
	pool.Close()
	require.Empty(t, cmp.Diff(numbers("0", "0", "1", "1", "1"), r.metrics()))
	require.NotContains(t, r.everything(), "another")

	_, err = ObservePool(nil, "none", r.options()...)
	require.ErrorIs(t, err, workorder.ErrInvalidInput)
	require.NoError(t, registration.Unregister())
	require.Empty(t, r.metrics())
}
