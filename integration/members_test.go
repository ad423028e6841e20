package integration

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/org"
	"github.com/workorder-systems/sdk-go/query"
)

// roleKeys are the keys of the user's own roles in a tenant, in order.
func roleKeys(t testing.TB, c *workorder.Client, tenantID string) []string {
	t.Helper()
	rows, err := c.Authorization.UserTenantRoles.List(t.Context(),
		query.Where(org.UserTenantRoleCols.TenantID.Eq(tenantID)), query.OrderBy(org.UserTenantRoleCols.RoleKey.Asc()))
	require.NoError(t, err)
	keys := []string{}
	for _, r := range rows {
		keys = append(keys, r.RoleKey)
	}
	return keys
}

func TestCreatorIsAdministrator(t *testing.T) {
	t.Parallel()
	a := stack.Tenant(t)

	rows, err := a.Authorization.UserTenantRoles.List(t.Context())
	require.NoError(t, err)
	require.Len(t, rows, 1)
	require.Equal(t, a.Admin.ID, rows[0].UserID)
	require.Equal(t, a.ID, rows[0].TenantID)
	require.Equal(t, "admin", rows[0].RoleKey)
	require.Equal(t, "Administrator", rows[0].RoleName)
	require.Equal(t, a.Admin.ID, *rows[0].AssignedBy)
}

func TestInvitedUserIsAMemberAtOnce(t *testing.T) {
	t.Parallel()
	a, u := stack.Tenant(t), stack.User(t)

	a.Invite(t, u, "member")
	rows, err := u.Tenants.List(t.Context())
	require.NoError(t, err)
	require.Len(t, rows, 1)
	require.Equal(t, a.ID, rows[0].ID)
	require.Equal(t, []string{"member"}, roleKeys(t, u.Client, a.ID))

	a.Invite(t, u, "member")
	require.Equal(t, []string{"member"}, roleKeys(t, u.Client, a.ID), "repeating is harmless")
	a.Invite(t, u, "technician")
	require.Equal(t, []string{"member", "technician"}, roleKeys(t, u.Client, a.ID), "roles add up")
}

func TestInviteFindsTheAddressWhateverItsCase(t *testing.T) {
	t.Parallel()
	a, u := stack.Tenant(t), stack.User(t)
	err := a.Tenants.InviteUser(t.Context(), org.InviteUserParams{
		InviteeEmail: "  " + strings.ToUpper(u.Email) + " ", RoleKey: "member",
	})
	require.NoError(t, err)
	require.Equal(t, []string{"member"}, roleKeys(t, u.Client, a.ID))
}

func TestInviteNeedsAKnownUserRoleAndTenant(t *testing.T) {
	t.Parallel()
	a, u := stack.Tenant(t), stack.User(t)
	member := a.Member(t, "member")

	for _, tc := range []struct {
		name   string
		client *workorder.Client
		params org.InviteUserParams
		kind   error
		code   string
	}{
		{"unknown address", a.Client, org.InviteUserParams{InviteeEmail: newEmail(), RoleKey: "member"}, workorder.ErrRuleViolation, "P0001"},
		{"unknown role", a.Client, org.InviteUserParams{InviteeEmail: u.Email, RoleKey: "boss"}, workorder.ErrRuleViolation, "P0001"},
		{"without permission", member.Client, org.InviteUserParams{InviteeEmail: u.Email, RoleKey: "member"}, workorder.ErrPermissionDenied, "42501"},
		{"unknown tenant", a.Admin.Client, org.InviteUserParams{TenantID: unknownID, InviteeEmail: u.Email, RoleKey: "member"}, workorder.ErrInvalidReference, "23503"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			requireError(t, tc.client.Tenants.InviteUser(t.Context(), tc.params), tc.kind, tc.code)
		})
	}
	rows, err := u.Tenants.List(t.Context())
	require.NoError(t, err)
	require.Empty(t, rows)
}

func TestAssignRoleMakesAMember(t *testing.T) {
	t.Parallel()
	a, u := stack.Tenant(t), stack.User(t)
	for range 2 {
		err := a.Tenants.AssignRole(t.Context(), org.AssignRoleParams{UserID: u.ID, RoleKey: "technician"})
		require.NoError(t, err)
	}
	require.Equal(t, []string{"technician"}, roleKeys(t, u.Client, a.ID))
	rows, err := u.In(t, a.ID).Authorization.UserTenantRoles.List(t.Context())
	require.NoError(t, err)
	require.Equal(t, a.Admin.ID, *rows[0].AssignedBy)
}

func TestAssignRoleRefuses(t *testing.T) {
	t.Parallel()
	a, u := stack.Tenant(t), stack.User(t)
	member := a.Member(t, "member")

	for _, tc := range []struct {
		name   string
		client *workorder.Client
		params org.AssignRoleParams
		kind   error
		code   string
	}{
		{"oneself", a.Client, org.AssignRoleParams{UserID: a.Admin.ID, RoleKey: "member"}, workorder.ErrPermissionDenied, "42501"},
		{"unknown user", a.Client, org.AssignRoleParams{UserID: unknownID, RoleKey: "member"}, workorder.ErrInvalidReference, "23503"},
		{"unknown role", a.Client, org.AssignRoleParams{UserID: u.ID, RoleKey: "boss"}, workorder.ErrRuleViolation, "P0001"},
		{"without permission", member.Client, org.AssignRoleParams{UserID: u.ID, RoleKey: "member"}, workorder.ErrPermissionDenied, "42501"},
		{"of no member", u.Client, org.AssignRoleParams{TenantID: a.ID, UserID: member.ID, RoleKey: "admin"}, workorder.ErrPermissionDenied, "42501"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			requireError(t, tc.client.Tenants.AssignRole(t.Context(), tc.params), tc.kind, tc.code)
		})
	}
}

func TestRemoveMemberRefuses(t *testing.T) {
	t.Parallel()
	a, u := stack.Tenant(t), stack.User(t)
	member := a.Member(t, "manager")

	err := a.Tenants.RemoveMember(t.Context(), org.RemoveMemberParams{UserID: a.Admin.ID})
	requireError(t, err, workorder.ErrPermissionDenied, "42501") // oneself
	err = a.Tenants.RemoveMember(t.Context(), org.RemoveMemberParams{UserID: u.ID})
	requireError(t, err, workorder.ErrRuleViolation, "P0001") // no member
	err = member.Tenants.RemoveMember(t.Context(), org.RemoveMemberParams{UserID: a.Admin.ID})
	requireError(t, err, workorder.ErrPermissionDenied, "42501") // not allowed
}

func TestRemovedMemberSeesNothing(t *testing.T) {
	t.Parallel()
	a := stack.Tenant(t)
	makeDepartment(t, a.Client, "Line 1")
	member := a.Member(t, "member")
	jwt := member.JWT(t, a.ID)
	require.Equal(t, []string{"Line 1"}, departmentNames(t, member.Client))

	err := a.Tenants.RemoveMember(t.Context(), org.RemoveMemberParams{UserID: member.ID})
	require.NoError(t, err)

	for name, c := range map[string]*workorder.Client{"bound": member.Client, "old token": member.AsUser(jwt)} {
		require.Empty(t, departmentNames(t, c), name)
		roles, err := c.Authorization.TenantRoles.List(t.Context())
		require.NoError(t, err)
		require.Empty(t, roles, name)
		tenants, err := c.Tenants.List(t.Context())
		require.NoError(t, err)
		require.Empty(t, tenants, name)
		require.Empty(t, roleKeys(t, c, a.ID), name)
		_, err = c.Catalogs.WorkflowGraph(t.Context(), org.WorkflowGraphParams{TenantID: a.ID, EntityType: "work_order"})
		requireError(t, err, workorder.ErrPermissionDenied, "42501")
	}
	_, err = member.ForTenant(t.Context(), a.ID)
	requireError(t, err, workorder.ErrPermissionDenied, "42501")
	_, err = member.RefreshTenantSession(t.Context())
	require.ErrorIs(t, err, workorder.ErrPermissionDenied, "a bound client gets no token any more")

	_, s := member.SignIn(t)
	tok, err := s.Token(t.Context())
	require.NoError(t, err)
	require.NotContains(t, claims(t, tok), "tenant_id")

	profiles, err := a.Authorization.Profiles.List(t.Context(), query.Where(org.ProfileCols.ID.Eq(member.ID)))
	require.NoError(t, err)
	require.Len(t, profiles, 1, "the others still know who it was")
}

func TestRemovedMemberCanComeBack(t *testing.T) {
	t.Parallel()
	a := stack.Tenant(t)
	member := a.Member(t, "manager")
	require.NoError(t, a.Tenants.RemoveMember(t.Context(), org.RemoveMemberParams{UserID: member.ID}))

	a.Invite(t, member, "requestor")
	require.Equal(t, []string{"requestor"}, roleKeys(t, member.In(t, a.ID), a.ID), "earlier roles are gone")
}

func TestUserTenantRolesShowsOwnRolesInAllTenants(t *testing.T) {
	t.Parallel()
	a, b := stack.Tenant(t), stack.Tenant(t)
	member := a.Member(t, "manager")
	b.Invite(t, member, "requestor")

	for _, c := range []*workorder.Client{member.Client, member.In(t, b.ID), member.WithSession(member.Session)} {
		rows, err := c.Authorization.UserTenantRoles.List(t.Context())
		require.NoError(t, err)
		got := map[string]string{}
		for _, r := range rows {
			require.Equal(t, member.ID, r.UserID)
			got[r.TenantID] = r.RoleKey
		}
		require.Equal(t, map[string]string{a.ID: "manager", b.ID: "requestor"}, got)
	}
	rows, err := a.Authorization.UserTenantRoles.List(t.Context())
	require.NoError(t, err)
	require.Len(t, rows, 1, "an administrator sees no other member's roles")
}

func TestProfileTakesItsNameFromTheSignUp(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name                        string
		data                        map[string]any
		first, last, full, pictured string
	}{
		{"snake case", map[string]any{"first_name": "Ada", "last_name": "Lovelace", "avatar_url": "https://example.com/a.png"},
			"Ada", "Lovelace", "Ada Lovelace", "https://example.com/a.png"},
		{"camel case", map[string]any{"firstName": "Grace", "lastName": "Hopper", "avatarUrl": "https://example.com/g.png"},
			"Grace", "Hopper", "Grace Hopper", "https://example.com/g.png"},
		{"first name only", map[string]any{"first_name": "Plato"}, "Plato", "", "Plato", ""},
		{"no name", nil, "", "", "", ""},
		{"blank first name", map[string]any{"first_name": "", "last_name": " Ray "}, "", " Ray ", " Ray", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			c := stack.Client(t)
			signUp, err := c.Auth.SignUp(t.Context(), workorder.SignUpParams{
				Email: newEmail(), Password: "correct horse battery", Data: tc.data,
			})
			require.NoError(t, err)
			u := &user{Client: c.WithSession(signUp.Session), ID: signUp.User.ID, Session: signUp.Session}

			row, err := u.NewTenant(t).Authorization.Profiles.Get(t.Context(), u.ID)
			require.NoError(t, err)
			require.Equal(t, tc.first, text(row.FirstName))
			require.Equal(t, tc.last, text(row.LastName))
			require.Equal(t, tc.full, text(row.FullName))
			require.Equal(t, tc.pictured, text(row.AvatarURL))
		})
	}
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func TestProfilesListEveryMember(t *testing.T) {
	t.Parallel()
	a := stack.Tenant(t)
	member := a.Member(t, "member")
	for _, c := range []*workorder.Client{a.Client, member.Client} {
		rows, err := c.Authorization.Profiles.List(t.Context())
		require.NoError(t, err)
		ids := []string{}
		for _, p := range rows {
			ids = append(ids, p.ID)
			require.Equal(t, a.ID, p.TenantID)
		}
		require.ElementsMatch(t, []string{a.Admin.ID, member.ID}, ids)
	}
}

func TestScopeRefuses(t *testing.T) {
	t.Parallel()
	a, b, outsider := stack.Tenant(t), stack.Tenant(t), stack.User(t)
	member := a.Member(t, "member")
	foreign := makeDepartment(t, b.Client, "of B")

	for _, tc := range []struct {
		name   string
		client *workorder.Client
		params org.ScopeParams
		kind   error
		code   string
	}{
		{"malformed type", a.Client, org.ScopeParams{UserID: member.ID, ScopeType: "Bad-Type"}, workorder.ErrInvalidInput, "23514"},
		{"location without value", a.Client, org.ScopeParams{UserID: member.ID, ScopeType: "location"}, workorder.ErrInvalidReference, "23503"},
		{"unknown location", a.Client, org.ScopeParams{UserID: member.ID, ScopeType: "location", ScopeValue: unknownID}, workorder.ErrInvalidReference, "23503"},
		{"department without value", a.Client, org.ScopeParams{UserID: member.ID, ScopeType: "department"}, workorder.ErrInvalidReference, "23503"},
		{"foreign department", a.Client, org.ScopeParams{UserID: member.ID, ScopeType: "department", ScopeValue: foreign}, workorder.ErrInvalidReference, "23503"},
		{"without permission", member.Client, org.ScopeParams{UserID: member.ID, ScopeType: "site"}, workorder.ErrPermissionDenied, "42501"},
		{"unknown user", a.Client, org.ScopeParams{UserID: unknownID, ScopeType: "site"}, workorder.ErrInvalidReference, "23503"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			requireError(t, tc.client.Authorization.GrantScope(t.Context(), tc.params), tc.kind, tc.code)
		})
	}

	err := a.Authorization.RevokeScope(t.Context(), org.ScopeParams{UserID: outsider.ID, ScopeType: "site"})
	requireError(t, err, workorder.ErrPermissionDenied, "42501") // no member
	err = member.Authorization.RevokeScope(t.Context(), org.ScopeParams{UserID: member.ID, ScopeType: "site"})
	requireError(t, err, workorder.ErrPermissionDenied, "42501") // not allowed
	err = a.Authorization.RevokeScope(t.Context(), org.ScopeParams{UserID: member.ID, ScopeType: "Bad-Type"})
	requireError(t, err, workorder.ErrInvalidInput, "23514")
}

func TestScopesAreGrantedAndRevoked(t *testing.T) {
	t.Parallel()
	a := stack.Tenant(t)
	member := a.Member(t, "member")
	department := makeDepartment(t, a.Client, "Line 1")

	for _, p := range []org.ScopeParams{
		{UserID: member.ID, ScopeType: "department", ScopeValue: department},
		{UserID: member.ID, ScopeType: "site", ScopeValue: unknownID},
		{UserID: member.ID, ScopeType: "night_shift"},
		{UserID: a.Admin.ID, ScopeType: "site", ScopeValue: unknownID}, // oneself
	} {
		require.NoError(t, a.Authorization.RevokeScope(t.Context(), p), "a scope that is not there")
		require.NoError(t, a.Authorization.GrantScope(t.Context(), p))
		if p.ScopeValue != "" {
			require.NoError(t, a.Authorization.GrantScope(t.Context(), p), "repeating is harmless")
		}
		require.NoError(t, a.Authorization.RevokeScope(t.Context(), p))
	}
}

func TestScopeMakesAMemberWithoutPermissions(t *testing.T) {
	t.Parallel()
	a, u := stack.Tenant(t), stack.User(t)
	err := a.Authorization.GrantScope(t.Context(), org.ScopeParams{UserID: u.ID, ScopeType: "site", ScopeValue: unknownID})
	require.NoError(t, err)

	c := u.In(t, a.ID)
	keys, err := c.Authorization.UserPermissions(t.Context(), "")
	require.NoError(t, err)
	require.Empty(t, keys)
	require.Empty(t, roleKeys(t, c, a.ID))
	n, err := c.Authorization.TenantRoles.Count(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 5, n, "members read the tenant's views")
}

func TestOAuthClientGrantsAreReplaced(t *testing.T) {
	t.Parallel()
	a, foreign := stack.Tenant(t), stack.Tenant(t)
	second := a.Admin.NewTenant(t)

	replace := func(client string, tenants ...string) error {
		return a.Tenants.ReplaceOAuthClientGrants(t.Context(), org.ReplaceOAuthClientGrantsParams{
			OAuthClientID: client, TenantIDs: tenants,
		})
	}
	require.NoError(t, replace("app", a.ID, second.ID, a.ID))
	require.NoError(t, replace("app", a.ID))
	require.NoError(t, replace("app"), "an empty list takes every grant away")
	requireError(t, replace("app", a.ID, foreign.ID), workorder.ErrPermissionDenied, "42501")
	requireError(t, replace(strings.Repeat("x", 129), a.ID), workorder.ErrInvalidInput, "23514")
	requireError(t, replace(" "), workorder.ErrInvalidInput, "") // before anything is sent
	err := a.RPC(t.Context(), "rpc_replace_oauth_client_tenant_grants",
		map[string]any{"p_oauth_client_id": " ", "p_tenant_ids": []string{a.ID}}, nil)
	requireError(t, err, workorder.ErrInvalidInput, "22023")
}

func TestOAuthClientActsOnlyWhereGranted(t *testing.T) {
	t.Parallel()
	a := stack.Tenant(t)
	second := a.Admin.NewTenant(t)
	src, err := workorder.NewSelfSigned(workorder.SelfSigned{
		Secret: stack.Secret(t), Subject: a.Admin.ID, Claims: map[string]any{"client_id": "app"},
	})
	require.NoError(t, err)
	app := stack.Client(t, workorder.WithTokenSource(src))

	requireError(t, app.SetTenant(t.Context(), a.ID), workorder.ErrPermissionDenied, "42501")
	err = a.Tenants.ReplaceOAuthClientGrants(t.Context(), org.ReplaceOAuthClientGrantsParams{
		OAuthClientID: "app", TenantIDs: []string{a.ID},
	})
	require.NoError(t, err)
	require.NoError(t, app.SetTenant(t.Context(), a.ID))
	_, err = app.Catalogs.WorkflowGraph(t.Context(), org.WorkflowGraphParams{TenantID: a.ID, EntityType: "work_order"})
	require.NoError(t, err)
	_, err = app.Catalogs.WorkflowGraph(t.Context(), org.WorkflowGraphParams{TenantID: second.ID, EntityType: "work_order"})
	requireError(t, err, workorder.ErrPermissionDenied, "42501")
	require.NoError(t, a.Admin.SetTenant(t.Context(), second.ID), "the user's own tokens are not concerned")
}
