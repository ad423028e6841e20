package integration

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/org"
)

func TestAPIKeyIsShownOnce(t *testing.T) {
	t.Parallel()
	a := stack.Tenant(t)
	k, err := a.TenantAPIKeys.Create(t.Context(), org.CreateTenantAPIKeyParams{Name: "Gateway"})
	require.NoError(t, err)

	require.Regexp(t, `^wosk_[0-9a-f]{32}$`, k.Key.Reveal())
	require.Equal(t, k.Key.Reveal()[:12], k.KeyPrefix)
	require.Equal(t, "Gateway", k.Name)
	require.WithinDuration(t, time.Now(), k.CreatedAt, 5*time.Minute)
	require.NotContains(t, fmt.Sprintf("%v %+v %#v", k, *k, *k), k.Key.Reveal())

	list, err := a.TenantAPIKeys.List(t.Context(), "")
	require.NoError(t, err)
	require.Equal(t, []org.TenantAPIKey{{ID: k.ID, Name: "Gateway", KeyPrefix: k.KeyPrefix, CreatedAt: list[0].CreatedAt}}, list)
	require.WithinDuration(t, k.CreatedAt, list[0].CreatedAt, 0)
}

func TestAPIKeysAreListedNewestFirst(t *testing.T) {
	t.Parallel()
	a, b := stack.Tenant(t), stack.Tenant(t)
	for _, name := range []string{"first", "same", "same"} { // names may repeat
		_, err := a.TenantAPIKeys.Create(t.Context(), org.CreateTenantAPIKeyParams{Name: name})
		require.NoError(t, err)
	}
	list, err := a.TenantAPIKeys.List(t.Context(), a.ID)
	require.NoError(t, err)
	require.Len(t, list, 3)
	require.Equal(t, "first", list[2].Name)
	require.False(t, list[0].CreatedAt.Before(list[1].CreatedAt))

	list, err = b.TenantAPIKeys.List(t.Context(), "")
	require.NoError(t, err)
	require.Empty(t, list)
}

func TestAPIKeyNameHasALength(t *testing.T) {
	t.Parallel()
	a := stack.Tenant(t)
	_, err := a.TenantAPIKeys.Create(t.Context(), org.CreateTenantAPIKeyParams{Name: strings.Repeat("n", 256)})
	requireError(t, err, workorder.ErrInvalidInput, "23514")
	_, err = a.TenantAPIKeys.Create(t.Context(), org.CreateTenantAPIKeyParams{})
	requireError(t, err, workorder.ErrInvalidInput, "")
	_, err = a.TenantAPIKeys.Create(t.Context(), org.CreateTenantAPIKeyParams{Name: strings.Repeat("n", 255)})
	require.NoError(t, err)
}

func TestAPIKeyIsRevokedOnce(t *testing.T) {
	t.Parallel()
	a, b := stack.Tenant(t), stack.Tenant(t)
	k, err := a.TenantAPIKeys.Create(t.Context(), org.CreateTenantAPIKeyParams{Name: "Gateway"})
	require.NoError(t, err)

	err = b.TenantAPIKeys.Revoke(t.Context(), org.RevokeTenantAPIKeyParams{KeyID: k.ID})
	requireError(t, err, workorder.ErrRuleViolation, "P0001") // not a key of B
	p := org.RevokeTenantAPIKeyParams{KeyID: k.ID}
	require.NoError(t, a.TenantAPIKeys.Revoke(t.Context(), p))
	requireError(t, a.TenantAPIKeys.Revoke(t.Context(), p), workorder.ErrRuleViolation, "P0001")
	list, err := a.TenantAPIKeys.List(t.Context(), "")
	require.NoError(t, err)
	require.Empty(t, list)
}

func TestServiceValidatesAPIKeys(t *testing.T) {
	t.Parallel()
	service, a := stack.ServiceClient(t), stack.Tenant(t)
	k, err := a.TenantAPIKeys.Create(t.Context(), org.CreateTenantAPIKeyParams{Name: "Gateway"})
	require.NoError(t, err)

	valid, err := service.TenantAPIKeys.Validate(t.Context(), k.Key.Reveal())
	require.NoError(t, err)
	require.Equal(t, a.ID, valid.TenantID)
	require.Equal(t, k.ID, valid.KeyID)
	_, err = service.TenantAPIKeys.Validate(t.Context(), k.Key.Reveal()+"0")
	require.ErrorIs(t, err, workorder.ErrNotFound)

	require.NoError(t, service.TenantAPIKeys.Touch(t.Context(), k.ID))
	require.NoError(t, service.TenantAPIKeys.Touch(t.Context(), unknownID), "an unknown key is no error")
	list, err := a.TenantAPIKeys.List(t.Context(), "")
	require.NoError(t, err)
	require.NotNil(t, list[0].LastUsedAt)
	require.Nil(t, list[0].ExpiresAt)

	require.NoError(t, a.TenantAPIKeys.Revoke(t.Context(), org.RevokeTenantAPIKeyParams{KeyID: k.ID}))
	_, err = service.TenantAPIKeys.Validate(t.Context(), k.Key.Reveal())
	require.ErrorIs(t, err, workorder.ErrNotFound)
}
