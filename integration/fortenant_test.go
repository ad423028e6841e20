package integration

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/org"
)

// onlyOf asserts that a client sees the one department named after its tenant.
func onlyOf(ctx context.Context, c *workorder.Client, tenantID string) error {
	rows, err := c.Departments.List(ctx)
	if err != nil {
		return err
	}
	if len(rows) != 1 || rows[0].TenantID != tenantID || rows[0].Name != tenantID {
		return fmt.Errorf("a client of tenant %s saw %+v", tenantID, rows)
	}
	return nil
}

// twoTenants are tenants of one user, each with a department named after it.
func twoTenants(t testing.TB, u *user) (a, b *tenant) {
	t.Helper()
	a, b = u.NewTenant(t), u.NewTenant(t)
	makeDepartment(t, a.Client, a.ID)
	makeDepartment(t, b.Client, b.ID)
	return a, b
}

func TestBoundClientKeepsItsTenantWhenItFlips(t *testing.T) {
	t.Parallel()
	u := stack.User(t)
	a, b := twoTenants(t, u)
	other, _ := u.SignIn(t)

	for name, flip := range map[string]func() error{
		"by a call of another session": func() error {
			_, err := other.Catalogs.WorkflowGraph(t.Context(), org.WorkflowGraphParams{TenantID: b.ID, EntityType: "asset"})
			return err
		},
		"by a call of the same session": func() error {
			_, err := u.Catalogs.WorkflowGraph(t.Context(), org.WorkflowGraphParams{TenantID: b.ID, EntityType: "asset"})
			return err
		},
		"by a call of the other tenant's client": func() error {
			_, err := b.TenantAPIKeys.List(t.Context(), "")
			return err
		},
		"by SetTenant elsewhere":           func() error { return other.SetTenant(t.Context(), b.ID) },
		"by SetTenantAndRefresh elsewhere": func() error { _, err := other.SetTenantAndRefresh(t.Context(), b.ID); return err },
		"by ClearTenant elsewhere":         func() error { return other.ClearTenant(t.Context()) },
		"by the user's metadata": func() error {
			_, err := other.Auth.UpdateUser(t.Context(), workorder.UpdateUserParams{Data: map[string]any{"current_tenant_id": b.ID}})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, flip())
			require.NoError(t, onlyOf(t.Context(), a.Client, a.ID))

			require.NoError(t, flip())
			tok, err := a.RefreshTenantSession(t.Context())
			require.NoError(t, err)
			require.Equal(t, a.ID, claims(t, tok)["tenant_id"])
			require.NoError(t, onlyOf(t.Context(), a.Client, a.ID))
			require.NoError(t, onlyOf(t.Context(), b.Client, b.ID))
			ok, err := a.Authorization.HasPermission(t.Context(), org.HasPermissionParams{PermissionKey: "tenant.admin"})
			require.NoError(t, err)
			require.True(t, ok)
		})
	}
}

func TestBoundClientNeverShowsAnotherTenantWhileItFlips(t *testing.T) {
	t.Parallel()
	u := stack.User(t)
	a, b := twoTenants(t, u)
	other := u.AsUser(u.JWT(t, b.ID))

	ctx, stop := context.WithCancel(t.Context())
	var flipper sync.WaitGroup
	flipper.Go(func() {
		for ctx.Err() == nil {
			_ = other.SetTenant(ctx, b.ID)
			_, _ = other.Catalogs.WorkflowGraph(ctx, org.WorkflowGraphParams{TenantID: b.ID, EntityType: "asset"})
		}
	})
	defer flipper.Wait()
	defer stop()

	healed := 0
	for end := time.Now().Add(2 * time.Second); time.Now().Before(end); {
		tok, err := a.RefreshTenantSession(t.Context())
		if err == nil {
			healed++
			require.Equal(t, a.ID, claims(t, tok)["tenant_id"])
			require.NoError(t, onlyOf(t.Context(), a.Client, a.ID))
		} else {
			require.ErrorIs(t, err, workorder.ErrTenantMismatch)
		}
		err = onlyOf(t.Context(), a.Client, a.ID)
		if !errors.Is(err, workorder.ErrTenantMismatch) {
			require.NoError(t, err)
		}
	}
	t.Logf("%d refreshes healed", healed)
}

func TestTwoTenantsOfOneSessionNeverMix(t *testing.T) {
	t.Parallel()
	u := stack.User(t)
	a, b := twoTenants(t, u)
	tenants := []*tenant{a, b}

	require.NoError(t, inParallel(32, func(i int) error {
		tn := tenants[i%2]
		for round := range 10 {
			if err := onlyOf(t.Context(), tn.Client, tn.ID); err != nil {
				return err
			}
			if i < 4 && round%3 == 0 {
				// The writes below store their tenant all the time.
				tok, err := tn.RefreshTenantSession(t.Context())
				if err != nil {
					return err
				}
				if claims(t, tok)["tenant_id"] != tn.ID {
					return fmt.Errorf("a token of tenant %v for tenant %s", claims(t, tok)["tenant_id"], tn.ID)
				}
			}
			if err := tn.Audit.SetRetention(t.Context(), org.SetRetentionParams{RetentionMonths: 1 + round}); err != nil {
				return err
			}
		}
		return nil
	}))
	require.Empty(t, u.Session.TenantID(), "the session's own clients stay where they were")
	_, err := u.Departments.List(t.Context())
	require.ErrorIs(t, err, workorder.ErrNoTenant)
}

func TestThousandCallsForANewTenantRefreshOnce(t *testing.T) {
	t.Parallel()
	u := stack.User(t)
	id, _ := createTenant(t, u, "Plant 7")
	var count refreshes
	c := stack.Client(t, count.Option())
	s, err := c.Auth.SignInWithPassword(t.Context(), u.Email, u.Password)
	require.NoError(t, err)
	mine := c.WithSession(s)

	require.NoError(t, inParallel(storm/10, func(int) error {
		bound, err := mine.ForTenant(t.Context(), id)
		if err == nil {
			_, err = bound.Departments.Create(t.Context(), org.CreateDepartmentParams{Name: "Line"})
		}
		return err
	}))
	require.EqualValues(t, 1, count.n.Load())
}

func TestForTenantLeavesTheSessionInItsTenant(t *testing.T) {
	t.Parallel()
	u := stack.User(t)
	a, b := twoTenants(t, u)
	_, err := u.SetTenantAndRefresh(t.Context(), a.ID)
	require.NoError(t, err)

	bound, err := u.ForTenant(t.Context(), b.ID)
	require.NoError(t, err)
	for range 2 {
		require.NoError(t, onlyOf(t.Context(), bound, b.ID))
		require.NoError(t, onlyOf(t.Context(), u.Client, a.ID))
	}
	again, err := bound.ForTenant(t.Context(), a.ID)
	require.NoError(t, err)
	require.NoError(t, onlyOf(t.Context(), again, a.ID))
	require.Equal(t, a.ID, u.Session.TenantID())
}

func TestTenantIsTakenWithARejectedToken(t *testing.T) {
	t.Parallel()
	kit := stack.New(t)
	admin := kit.As("admin")
	c, err := workorder.New(kit.URL, kit.AnonKey)
	require.NoError(t, err)
	defer c.Close()

	for name, take := range map[string]func(*workorder.Client) error{
		"ForTenant":           func(u *workorder.Client) error { return second(u.ForTenant(t.Context(), kit.TenantID)) },
		"SetTenant":           func(u *workorder.Client) error { return u.SetTenant(t.Context(), kit.TenantID) },
		"SetTenantAndRefresh": func(u *workorder.Client) error { return second(u.SetTenantAndRefresh(t.Context(), kit.TenantID)) },
	} {
		t.Run(name, func(t *testing.T) {
			s, err := c.Auth.SignInWithPassword(t.Context(), admin.Email, admin.Password)
			require.NoError(t, err)
			kit.ExpireTokens()
			require.NoError(t, take(c.WithSession(s)))
		})
	}
}

func TestForTenantNeedsMembership(t *testing.T) {
	t.Parallel()
	foreign, u := stack.Tenant(t), stack.User(t)
	id, _ := createTenant(t, u, "Plant 7")

	for _, tenantID := range []string{foreign.ID, unknownID} {
		_, err := u.ForTenant(t.Context(), tenantID)
		requireError(t, err, workorder.ErrPermissionDenied, "42501")
	}
	_, err := u.ForTenant(t.Context(), "not-a-uuid")
	require.ErrorIs(t, err, workorder.ErrInvalidInput)
	_, err = u.ForTenant(t.Context(), " ")
	requireError(t, err, workorder.ErrInvalidInput, "")
	_, err = u.ForTenant(t.Context(), id)
	require.NoError(t, err, "a refusal does no lasting harm")
}

func TestForTenantOfAFixedTokenNeedsItsClaim(t *testing.T) {
	t.Parallel()
	u := stack.User(t)
	a, b := twoTenants(t, u)
	c := u.AsUser(u.JWT(t, a.ID))

	bound, err := c.ForTenant(t.Context(), a.ID)
	require.NoError(t, err)
	require.NoError(t, onlyOf(t.Context(), bound, a.ID))
	_, err = c.ForTenant(t.Context(), b.ID)
	require.ErrorIs(t, err, workorder.ErrTenantMismatch)
	_, err = bound.ForTenant(t.Context(), b.ID)
	require.ErrorIs(t, err, workorder.ErrTenantMismatch)
}

func TestBoundClientCannotChangeItsTenant(t *testing.T) {
	t.Parallel()
	u := stack.User(t)
	a, b := twoTenants(t, u)

	require.ErrorIs(t, a.SetTenant(t.Context(), b.ID), workorder.ErrTenantMismatch)
	require.ErrorIs(t, a.ClearTenant(t.Context()), workorder.ErrTenantMismatch)
	_, err := a.SetTenantAndRefresh(t.Context(), b.ID)
	require.ErrorIs(t, err, workorder.ErrTenantMismatch)
	require.NoError(t, onlyOf(t.Context(), a.Client, a.ID))
}

func TestTenantPoolServesManyTenants(t *testing.T) {
	t.Parallel()
	u := stack.User(t)
	tenants := make([]*tenant, 4)
	for i := range tenants {
		tenants[i] = u.NewTenant(t)
		makeDepartment(t, tenants[i].Client, tenants[i].ID)
	}
	pool := workorder.NewTenantPool(u.Client, workorder.TenantPoolOptions{MaxTenants: 2})
	defer pool.Close()

	require.NoError(t, inParallel(24, func(i int) error {
		id := tenants[i%len(tenants)].ID
		return pool.Do(t.Context(), id, func(ctx context.Context, c *workorder.Client) error {
			return onlyOf(ctx, c, id)
		})
	}))
	require.LessOrEqual(t, pool.Len(), 2)

	foreign := stack.Tenant(t)
	err := pool.Do(t.Context(), foreign.ID, func(context.Context, *workorder.Client) error {
		t.Error("ran for a tenant of somebody else")
		return nil
	})
	requireError(t, err, workorder.ErrPermissionDenied, "42501")

	list := []string{foreign.ID}
	for _, tn := range tenants {
		list = append(list, tn.ID)
	}
	var served atomic.Int64
	err = pool.Each(t.Context(), list, 3, func(ctx context.Context, id string, c *workorder.Client) error {
		served.Add(1)
		return onlyOf(ctx, c, id)
	})
	require.EqualValues(t, len(tenants), served.Load(), "what fails in one tenant does not keep the others from their turn")
	var failed *workorder.TenantError
	require.ErrorAs(t, err, &failed)
	require.Equal(t, foreign.ID, failed.TenantID)
	requireError(t, err, workorder.ErrPermissionDenied, "42501")
	require.NotContains(t, err.Error(), tenants[0].ID)

	pool.Close()
	err = pool.Do(t.Context(), tenants[0].ID, func(context.Context, *workorder.Client) error { return nil })
	require.ErrorIs(t, err, workorder.ErrUnavailable)
}
