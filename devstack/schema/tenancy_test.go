package schema_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCreateTenant(t *testing.T) {
	d := newDB(t)
	u := d.user(`{"firstName": " Ada ", "last_name": "Lovelace"}`)
	require.Zero(t, u.count(`select * from public.v_tenants`))

	id := one[string](u, `select public.rpc_create_tenant('Acme', 'acme')`)

	require.Equal(t, "Acme acme", one[string](u, `select name || ' ' || slug from public.v_tenants`))
	require.Zero(t, u.count(`select * from public.v_tenant_roles`), "the token has no tenant yet")
	require.Equal(t, 5, u.in(id).count(`select * from public.v_tenant_roles`))
	require.Equal(t, "admin", one[string](u, `select role_key from public.v_user_tenant_roles`))
	require.Equal(t, u.id+" Ada Lovelace", one[string](u.in(id), `select id || ' ' || full_name from public.v_profiles`))
	require.Nil(t, superOne[*string](d, `select raw_user_meta_data ->> 'current_tenant_id' from auth.users where id = $1`, u.id))

	d.anon().fails("28000", `select public.rpc_create_tenant('A', 'anon')`)
	u.fails("23502", `select public.rpc_create_tenant(null, 'x-1')`)
	u.fails("23502", `select public.rpc_create_tenant('A', null)`)
	u.fails("23514", `select public.rpc_create_tenant('', 'x-2')`)
	u.fails("23514", `select public.rpc_create_tenant($1, 'x-3')`, strings.Repeat("n", 256))
	u.ok(`select public.rpc_create_tenant($1, 'x-4')`, strings.Repeat("n", 255))
	for _, slug := range []string{"a", "Upper-x", "sp ace", strings.Repeat("s", 64)} {
		u.fails("23514", `select public.rpc_create_tenant('A', $1)`, slug)
	}
	u.ok(`select public.rpc_create_tenant('A', $1)`, strings.Repeat("s", 63))
	u.fails("23505", `select public.rpc_create_tenant('A', 'acme')`)
}

func TestSeedOfATenant(t *testing.T) {
	d := newDB(t)
	_, admin := d.tenant()
	require.Equal(t, 65, admin.count(`select * from public.v_permissions`))
	require.Equal(t, []string{"admin 65", "manager 29", "member 10", "requestor 6", "technician 12"},
		column[string](admin, `select role_key || ' ' || count(*) from public.v_role_permissions group by role_key order by 1`))
	require.Equal(t, []string{"member"}, column[string](admin, `select key from public.v_tenant_roles where is_default and is_system`))
	require.Equal(t, []string{"asset 7", "work_order 5"},
		column[string](admin, `select entity_type || ' ' || count(*) from public.v_status_catalogs group by entity_type order by 1`))
	require.Equal(t, 7, admin.count(`select * from public.v_status_transitions`))
	require.Equal(t, []string{"critical", "high", "medium", "low"}, column[string](admin, `select key from public.v_priority_catalogs`))
	require.Equal(t, 20, admin.count(`select * from public.v_maintenance_type_catalogs where is_system and description is not null`))
	require.Equal(t, 4, superOne[int](d, `select count(*) from cfg.work_order_sla_rules where is_active and maintenance_type_key is null`))
	require.Equal(t, 4, superOne[int](d, `select count(*) from cfg.downtime_reasons`))
	require.Equal(t, 5, superOne[int](d, `select count(*) from cfg.document_types`))
	require.Zero(t, admin.count(`select * from public.v_audit_retention_configs`))
}

// hook runs the token hook as the auth server does.
func hook(d *db, event map[string]any) map[string]any {
	d.t.Helper()
	event["claims"] = map[string]any{"role": "authenticated"}
	in, err := json.Marshal(event)
	require.NoError(d.t, err)
	auth := caller{db: d, role: "supabase_auth_admin", claims: map[string]any{}}
	var out struct{ Claims map[string]any }
	require.NoError(d.t, json.Unmarshal([]byte(one[string](auth, `select authz.custom_access_token_hook($1::text::jsonb)::text`, string(in))), &out))
	return out.Claims
}

func TestTokenHook(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	other, _ := d.tenant()
	claim := func() any { return hook(d, map[string]any{"user_id": admin.id})["tenant_id"] }
	metadata := func(v string) {
		d.super(`update auth.users set raw_user_meta_data = $2::text::jsonb where id = $1`, admin.id, v)
	}

	require.Nil(t, claim(), "no context yet")
	admin.ok(`select public.rpc_set_tenant_context($1)`, tenant)
	require.Equal(t, tenant, claim())
	admin.ok(`select public.rpc_clear_tenant_context()`)
	require.Nil(t, claim())
	admin.ok(`select public.rpc_clear_tenant_context()`)

	for _, junk := range []string{`{"current_tenant_id": "junk"}`, `{"current_tenant_id": 7}`, `[]`, `null`,
		`{"current_tenant_id": "` + other + `"}`, `{"current_tenant_id": "` + unknown + `"}`} {
		metadata(junk)
		require.Nil(t, claim(), junk)
	}
	d.super(`update auth.users set raw_user_meta_data = null where id = $1`, admin.id)
	require.Nil(t, claim())
	require.Equal(t, map[string]any{"role": "authenticated"}, hook(d, map[string]any{"user_id": "no uuid"}))

	admin.fails("42501", `select public.rpc_set_tenant_context($1)`, other)
	admin.fails("42501", `select public.rpc_set_tenant_context($1)`, unknown)
	admin.fails("42501", `select public.rpc_set_tenant_context(null)`)
	d.anon().fails("28000", `select public.rpc_set_tenant_context($1)`, tenant)
	d.anon().fails("28000", `select public.rpc_clear_tenant_context()`)
}

func TestWhichCallsSwitchTheTenant(t *testing.T) {
	d := newDB(t)
	a, admin := d.tenant()
	b := one[string](admin, `select public.rpc_create_tenant('B', 'tenant-b')`)
	stored := func() string {
		return superOne[string](d, `select raw_user_meta_data ->> 'current_tenant_id' from auth.users where id = $1`, admin.id)
	}
	admin.ok(`select public.rpc_set_tenant_context($1)`, a)
	for _, call := range []string{
		`select public.rpc_create_department($1, 'D')`,
		`select public.rpc_has_permission($1, 'tenant.admin')`,
		`select public.rpc_get_user_permissions($1)`,
	} {
		admin.ok(call, b)
		require.Equal(t, a, stored(), call)
	}
	admin.ok(`select public.rpc_get_workflow_graph($1, 'work_order')`, b)
	require.Equal(t, b, stored())
}

func TestOAuthClientsNeedAGrant(t *testing.T) {
	d := newDB(t)
	a, admin := d.tenant()
	b := one[string](admin, `select public.rpc_create_tenant('B', 'tenant-b')`)
	foreign, _ := d.tenant()
	client := admin.with("client_id", "cli")
	replace := `select public.rpc_replace_oauth_client_tenant_grants($1, $2)`
	claims := func() map[string]any {
		return hook(d, map[string]any{"user_id": admin.id, "client_id": "cli"})
	}

	d.anon().fails("28000", replace, "cli", []string{})
	admin.fails("22023", replace, " ", []string{a})
	admin.fails("22023", replace, nil, []string{a})
	admin.fails("42501", replace, "cli", []string{a, foreign})
	admin.fails("23514", replace, strings.Repeat("c", 129), []string{a})
	client.fails("42501", `select public.rpc_set_tenant_context($1)`, a)
	client.fails("42501", `select public.rpc_create_department($1, 'D')`, a)
	client.fails("42501", replace, "cli", []string{a})
	client.fails("42501", replace, "other", nil)
	require.NotContains(t, claims(), "tenant_id")

	admin.ok(replace, " cli ", []string{a, b, a})
	client.ok(`select public.rpc_set_tenant_context($1)`, a)
	require.Equal(t, a, claims()["tenant_id"])
	admin.ok(`select public.rpc_clear_tenant_context()`)
	require.Equal(t, []any{min(a, b), max(a, b)}, claims()["oauth_tenant_ids"])
	require.Equal(t, min(a, b), claims()["tenant_id"])

	admin.ok(replace, "cli", []string{})
	client.fails("42501", `select public.rpc_set_tenant_context($1)`, a)
	admin.ok(replace, "cli", nil)
}

func TestInvite(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	u := d.user(`{}`)
	email := superOne[string](d, `select email from auth.users where id = $1`, u.id)
	invite := `select public.rpc_invite_user_to_tenant($1, $2, $3)`

	admin.ok(invite, tenant, email, "member")
	admin.ok(invite, tenant, email, "member")
	require.Equal(t, 1, u.count(`select * from public.v_tenants`))
	admin.ok(invite, tenant, email, "technician")
	require.Equal(t, []string{"member", "technician"}, column[string](u, `select role_key from public.v_user_tenant_roles order by 1`))

	admin.fails("P0001", invite, tenant, "nobody@example.com", "member")
	admin.fails("P0001", invite, tenant, email, "king")
	u.fails("42501", invite, tenant, email, "member")
	admin.fails("23503", invite, unknown, email, "member")
	admin.fails("42501", invite, nil, email, "member")
	d.anon().fails("28000", invite, tenant, email, "member")
}

func TestAssignAndRemove(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	_, outsider := d.tenant()
	assign := `select public.rpc_assign_role_to_user($1, $2, $3)`
	remove := `select public.rpc_remove_member_from_tenant($1, $2)`
	u := d.user(`{"first_name": "Uma"}`).in(tenant)

	admin.fails("42501", assign, tenant, admin.id, "member")
	admin.fails("23503", assign, tenant, unknown, "member")
	admin.fails("P0001", assign, tenant, u.id, "king")
	outsider.fails("42501", assign, tenant, u.id, "member")
	admin.fails("23503", assign, unknown, u.id, "member")
	admin.ok(assign, tenant, u.id, "manager")
	require.Equal(t, 1, u.count(`select * from public.v_user_tenant_roles`))
	require.Equal(t, 1, u.count(`select * from public.v_user_tenant_roles where assigned_by = $1`, admin.id))
	u.fails("42501", assign, tenant, outsider.id, "member")

	admin.fails("42501", remove, tenant, admin.id)
	admin.fails("P0001", remove, tenant, outsider.id)
	u.fails("42501", remove, tenant, admin.id)
	admin.ok(`select public.rpc_grant_scope($1, $2, 'line', null)`, tenant, u.id)
	admin.ok(remove, tenant, u.id)
	for _, view := range []string{"v_tenants", "v_user_tenant_roles", "v_tenant_roles", "v_profiles"} {
		require.Zero(t, u.count(`select * from public.`+view), view)
	}
	u.fails("42501", `select public.rpc_set_tenant_context($1)`, tenant)
	require.Equal(t, 1, admin.count(`select * from public.v_profiles where full_name = 'Uma'`), "the name stays readable")
	require.Zero(t, superOne[int](d, `select count(*) from app.membership_scopes`))

	require.Equal(t, []string{"user_tenant_roles", "tenant_memberships"}, column[string](admin,
		`select table_name from public.v_audit_entity_changes where operation = 'DELETE' order by id`))

	d.super(`update auth.users set raw_user_meta_data = '{"lastName": "Ray"}' where id = $1`, u.id)
	admin.ok(assign, tenant, u.id, "member")
	require.Equal(t, 1, admin.count(`select * from public.v_profiles where full_name = 'Uma Ray'`))
	require.True(t, superOne[bool](d, `select is_active from app.profiles where user_id = $1`, u.id))

	require.Equal(t, []string{"ROLE_ASSIGNED", "ROLE_REMOVED", "ROLE_ASSIGNED"}, column[string](admin,
		`select change_type from public.v_audit_permission_changes where target_user_id = $1 and user_id = $1 and changed_by = $2 and role_id is not null order by id`, u.id, admin.id))
}

func TestPermissions(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	_, outsider := d.tenant()
	u := d.member(admin, "member")
	has := func(c caller, key any) bool {
		return one[bool](c, `select public.rpc_has_permission($1, $2)`, tenant, key)
	}
	mine := func(c caller) []string { return one[[]string](c, `select public.rpc_get_user_permissions($1)`, tenant) }

	require.Equal(t, []string{"asset.view", "department.view", "downtime.view", "inventory.stock.view", "location.view",
		"part.view", "purchase_order.view", "purchase_requisition.view", "supplier.view", "workorder.view"}, mine(u))
	require.Empty(t, mine(outsider))
	require.NotNil(t, mine(outsider))
	require.True(t, has(u, "asset.view"))
	require.False(t, has(outsider, "asset.view"))
	require.False(t, has(u, "no.such.key"))
	require.False(t, has(u, nil))
	require.False(t, one[bool](u, `select public.rpc_has_permission($1, 'asset.view')`, unknown))
	d.anon().fails("28000", `select public.rpc_has_permission($1, 'asset.view')`, tenant)
	d.anon().fails("28000", `select public.rpc_get_user_permissions($1)`, tenant)

	assign, revoke := `select public.rpc_assign_permission_to_role($1, $2, $3)`, `select public.rpc_revoke_permission_from_role($1, $2, $3)`
	for range 2 {
		admin.ok(assign, tenant, "member", "asset.create")
		require.True(t, has(u, "asset.create"))
	}
	for range 2 {
		admin.ok(revoke, tenant, "member", "asset.create")
		require.False(t, has(u, "asset.create"))
	}
	for _, call := range []string{assign, revoke} {
		admin.fails("P0001", call, tenant, "king", "asset.create")
		admin.fails("P0001", call, tenant, "member", "no.such.key")
		u.fails("42501", call, tenant, "member", "asset.create")
		admin.fails("23503", call, unknown, "member", "asset.create")
		d.anon().fails("28000", call, tenant, "member", "asset.create")
	}

	admin.ok(`select public.rpc_assign_role_to_user($1, $2, 'requestor')`, tenant, u.id)
	require.Len(t, mine(u), 10+4, "two roles add up")
}

func TestScopes(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	other, otherAdmin := d.tenant()
	foreign := one[string](otherAdmin, `select public.rpc_create_department($1, 'F')`, other)
	own := one[string](admin, `select public.rpc_create_department($1, 'O')`, tenant)
	u, stranger := d.member(admin, "member"), d.user(`{}`)
	grant, revoke := `select public.rpc_grant_scope($1, $2, $3, $4)`, `select public.rpc_revoke_scope($1, $2, $3, $4)`

	admin.fails("23514", grant, tenant, u.id, "Bad Type", nil)
	admin.fails("23503", grant, tenant, u.id, "location", nil)
	admin.fails("23503", grant, tenant, u.id, "department", foreign)
	admin.fails("23503", grant, tenant, unknown, "line", nil)
	u.fails("42501", grant, tenant, u.id, "line", nil)
	admin.ok(grant, tenant, admin.id, "department", own)
	admin.ok(grant, tenant, admin.id, "department", own)
	require.Equal(t, 1, superOne[int](d, `select count(*) from app.membership_scopes`))
	admin.ok(grant, tenant, admin.id, "line", nil)
	admin.ok(grant, tenant, admin.id, "line", nil)
	require.Equal(t, 3, superOne[int](d, `select count(*) from app.membership_scopes`), "NULL values are distinct")

	admin.ok(grant, tenant, stranger.id, "line", unknown)
	require.Equal(t, 1, stranger.count(`select * from public.v_tenants`), "a scope makes a member")
	require.Empty(t, one[[]string](stranger, `select public.rpc_get_user_permissions($1)`, tenant))

	admin.fails("23514", revoke, tenant, u.id, "Bad Type", nil)
	admin.fails("42501", revoke, tenant, otherAdmin.id, "line", nil)
	u.fails("42501", revoke, tenant, admin.id, "line", nil)
	admin.ok(revoke, tenant, u.id, "absent", nil)
	admin.ok(revoke, tenant, admin.id, "line", nil)
	require.Equal(t, 2, superOne[int](d, `select count(*) from app.membership_scopes`))
}

func TestIdempotencyKeys(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	other, otherAdmin := d.tenant()
	claim, get := `select public.rpc_claim_idempotency($1, $2, $3, $4)`, `select public.rpc_get_idempotency_resource($1, $2, $3)`

	require.True(t, one[bool](admin, claim, tenant, "s", "k", unknown))
	require.False(t, one[bool](admin, claim, tenant, "s", "k", nil))
	require.Equal(t, unknown, one[string](admin, get, tenant, "s", "k"))
	require.Nil(t, one[*string](admin, get, tenant, "s", "other"))
	require.True(t, one[bool](admin, claim, tenant, "s2", "k", nil))
	require.True(t, one[bool](otherAdmin, claim, other, "s", "k", nil))
	require.Nil(t, one[*string](otherAdmin, get, other, "s", "k"))
	admin.fails("23514", claim, tenant, "", "k", nil)
	admin.fails("23514", claim, tenant, "s", strings.Repeat("k", 257), nil)
	admin.fails("23502", claim, tenant, nil, "k", nil)
	otherAdmin.fails("42501", claim, tenant, "s", "k", nil)
	otherAdmin.fails("42501", get, tenant, "s", "k")
	d.anon().fails("28000", get, tenant, "s", "k")
}

func TestAPIKeys(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	u := d.member(admin, "manager")
	var key struct{ ID, Key, KeyPrefix, Name, CreatedAt string }
	require.NoError(t, json.Unmarshal([]byte(one[string](admin, `select public.rpc_create_tenant_api_key($1, 'n')::text`, tenant)), &key))
	require.Regexp(t, `^wosk_[0-9a-f]{32}$`, key.Key)
	require.Equal(t, key.Key[:12], key.KeyPrefix)
	require.Equal(t, "n", key.Name)
	hash := superOne[string](d, `select encode(sha256(convert_to($1, 'UTF8')), 'hex')`, key.Key)

	list := func() map[string]any {
		all := column[map[string]any](admin, `select public.rpc_list_tenant_api_keys($1)`, tenant)
		require.Len(t, all, 1)
		return all[0]
	}
	require.Equal(t, map[string]any{"id": key.ID, "name": "n", "keyPrefix": key.KeyPrefix, "createdAt": key.CreatedAt,
		"lastUsedAt": nil, "expiresAt": nil}, list())

	admin.fails("23514", `select public.rpc_create_tenant_api_key($1, '')`, tenant)
	admin.fails("23502", `select public.rpc_create_tenant_api_key($1, null)`, tenant)
	u.fails("42501", `select public.rpc_create_tenant_api_key($1, 'n')`, tenant)
	u.fails("42501", `select public.rpc_list_tenant_api_keys($1)`, tenant)

	validate := `select tenant_id || ' ' || key_id from public.rpc_validate_tenant_api_key($1)`
	require.Equal(t, []string{tenant + " " + key.ID}, column[string](d.service(), validate, hash))
	require.Zero(t, d.service().count(validate, hash[:63]))
	for _, c := range []caller{admin, d.anon()} {
		c.fails("42501", validate, hash)
		c.fails("42501", `select public.rpc_tenant_api_key_touch($1)`, key.ID)
	}
	d.service().ok(`select public.rpc_tenant_api_key_touch($1)`, key.ID)
	d.service().ok(`select public.rpc_tenant_api_key_touch($1)`, unknown)
	require.NotNil(t, list()["lastUsedAt"])

	revoke := `select public.rpc_revoke_tenant_api_key($1, $2)`
	u.fails("42501", revoke, tenant, key.ID)
	other, otherAdmin := d.tenant()
	otherAdmin.fails("P0001", revoke, other, key.ID)
	admin.ok(revoke, tenant, key.ID)
	admin.fails("P0001", revoke, tenant, key.ID)
	require.Zero(t, d.service().count(validate, hash))
}

func TestAudit(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	u := d.member(admin, "manager")
	id := one[string](admin, `select public.rpc_create_department($1, 'A')`, tenant)
	admin.ok(`select public.rpc_update_department($1, $2, 'B')`, tenant, id)
	admin.ok(`select public.rpc_delete_department($1, $2)`, tenant, id)

	require.Equal(t, []string{"INSERT", "UPDATE", "DELETE"}, column[string](admin,
		`select operation from public.v_audit_entity_changes where table_schema = 'app' and table_name = 'departments' and record_id = $1 and user_id = $2 order by id`, id, admin.id))
	require.Equal(t, []string{"name", "updated_at"}, one[[]string](admin,
		`select changed_fields from public.v_audit_entity_changes where operation = 'UPDATE' and record_id = $1 and old_data ->> 'name' = 'A' and new_data ->> 'name' = 'B'`, id))
	require.Equal(t, 1, admin.count(`select * from public.v_audit_entity_changes where table_name = 'tenants' and record_id = $1`, tenant))
	require.NotZero(t, superOne[int](d, `select count(*) from audit.entity_changes where table_name = 'tenant_role_permissions'`))
	require.Zero(t, admin.count(`select * from public.v_audit_entity_changes where table_name = 'tenant_role_permissions'`))
	require.Zero(t, u.count(`select * from public.v_audit_entity_changes`))
	require.Zero(t, u.count(`select * from public.v_audit_permission_changes`))

	set := `select public.rpc_set_audit_retention_config($1, $2, $3)`
	admin.fails("23514", set, tenant, 0, true)
	admin.fails("23514", set, tenant, 121, true)
	admin.fails("23502", set, tenant, nil, true)
	admin.fails("23502", set, tenant, 12, nil)
	u.fails("42501", set, tenant, 12, true)
	admin.ok(set, tenant, 12, true)
	admin.ok(set, tenant, 18, false)
	require.Equal(t, []int{18}, column[int](admin, `select retention_months from public.v_audit_retention_configs`))
	require.Zero(t, u.count(`select * from public.v_audit_retention_configs`))
}
