package schema_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"
)

// What the platform answers where a rule of its own would give another answer.

func TestNullArguments(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	member, outsider := d.member(admin, "member"), d.user(`{}`)
	for _, c := range []struct {
		name string
		as   caller
		code string
		sql  string
		args []any
	}{
		{"grant no type", admin, "23502", `select public.rpc_grant_scope($1, $2, null)`, []any{tenant, member.id}},
		{"grant no type, not allowed", member, "42501", `select public.rpc_grant_scope($1, $2, null)`, []any{tenant, member.id}},
		{"grant nobody", admin, "23502", `select public.rpc_grant_scope($1, null, 'x')`, []any{tenant}},
		{"grant an empty type", member, "23514", `select public.rpc_grant_scope($1, $2, '')`, []any{tenant, member.id}},
		{"revoke no type, not allowed", member, "42501", `select public.rpc_revoke_scope($1, $2, null)`, []any{tenant, member.id}},
		{"revoke no type of no member", admin, "42501", `select public.rpc_revoke_scope($1, $2, null)`, []any{tenant, outsider.id}},
		{"revoke an empty type", admin, "23514", `select public.rpc_revoke_scope($1, $2, '')`, []any{tenant, member.id}},
		{"give nobody a role", admin, "23502", `select public.rpc_assign_role_to_user($1, null, 'member')`, []any{tenant}},
		{"prefer no event", d.member(admin, "technician"), "23502", `select public.rpc_upsert_notification_preference($1, null, true)`, []any{tenant}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := c.as.exec(c.sql, c.args...)
			require.Equal(t, c.code, sqlState(err))
		})
	}
	admin.ok(`select public.rpc_revoke_scope($1, $2, null)`, tenant, member.id)
}

func TestConstraintNamesThatClientsMatchOn(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	slug := superOne[string](d, `select slug from app.tenants where id = $1`, tenant)
	wo := one[string](admin, `select public.rpc_create_work_order($1, 'W')`, tenant)
	log := `select public.rpc_log_work_order_time($1, $2, 5, current_date + $3::integer)`
	for _, c := range []struct {
		code, name string
		sql        string
		args       []any
	}{
		{"23505", "tenants_slug_unique", `select public.rpc_create_tenant('T', $1)`, []any{slug}},
		{"23514", "work_orders_title_length_check", `select public.rpc_create_work_order($1, '')`, []any{tenant}},
		{"23514", "work_orders_title_length_check", `select public.rpc_create_work_order($1, $2)`, []any{tenant, strings.Repeat("x", 501)}},
		{"23514", "work_order_time_entries_entry_date_range_check", log, []any{tenant, wo, 9}},
		{"23514", "work_order_time_entries_entry_date_range_check", log, []any{tenant, wo, -367}},
	} {
		_, err := admin.exec(c.sql, c.args...)
		var pg *pgconn.PgError
		require.ErrorAs(t, err, &pg)
		require.Equal(t, c.code, pg.Code)
		require.Equal(t, c.name, pg.ConstraintName)
		// The API passes on the text, not the name.
		require.Contains(t, pg.Message, fmt.Sprintf("constraint %q", c.name))
	}
}

func TestErrorsAboutAPIKeysShowNoHash(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	for code, name := range map[string]any{"23502": nil, "23514": ""} {
		_, err := admin.exec(`select public.rpc_create_tenant_api_key($1, $2)`, tenant, name)
		var pg *pgconn.PgError
		require.ErrorAs(t, err, &pg)
		require.Equal(t, code, pg.Code)
		require.Contains(t, pg.Message, "tenant_api_keys")
		require.Empty(t, pg.Detail)
		require.NotRegexp(t, `[0-9a-f]{32}`, fmt.Sprint(pg.Message, pg.Hint))
	}
}

func TestFullNames(t *testing.T) {
	d := newDB(t)
	_, admin := d.tenant()
	for metadata, want := range map[string]any{
		`{}`:                      nil,
		`{"first_name": " Ada "}`: "Ada",
		`{"last_name": "Ray"}`:    "Ray",
		`{"first_name": " Ada ", "last_name": " L "}`: "Ada L",
		`{"first_name": "", "last_name": ""}`:         " ",
		`{"first_name": " ", "last_name": "X"}`:       " X",
		`{"first_name": ""}`:                          "",
	} {
		u := d.user(metadata)
		admin.ok(`select public.rpc_assign_role_to_user($1, $2, 'member')`, admin.tenant(), u.id)
		require.Equal(t, want, one[any](admin, `select full_name from public.v_profiles where id = $1`, u.id), metadata)
	}
}

func TestTheAuditListsChangedFieldsByLength(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	wo := one[string](admin, `select public.rpc_create_work_order($1, 'W')`, tenant)
	admin.ok(`select public.rpc_transition_work_order_status($1, $2, 'assigned')`, tenant, wo)
	require.Equal(t, []string{"status", "updated_at", "acknowledged_at"}, one[[]string](admin, `
		select changed_fields from public.v_audit_entity_changes
		where table_name = 'work_orders' and operation = 'UPDATE' order by id desc limit 1`))

	require.Equal(t, []string{"id", "joined_at", "tenant_id", "user_id"}, one[[]string](admin, `
		select array(select jsonb_object_keys(new_data) order by 1) from public.v_audit_entity_changes
		where table_name = 'tenant_memberships' limit 1`))
	require.Regexp(t, `^\d+$`, one[string](admin, `
		select record_id from public.v_audit_entity_changes where table_name = 'tenant_memberships' limit 1`))
}

func TestTheHookReadsEverySpellingOfATenant(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	for spelling, want := range map[string]any{
		strings.ToUpper(tenant):               tenant,
		"{" + tenant + "}":                    tenant,
		strings.ReplaceAll(tenant, "-", ""):   tenant,
		" " + tenant:                          nil,
		"{" + tenant:                          nil,
		tenant + "}":                          nil,
		tenant[:35]:                           nil,
		strings.Replace(tenant, "-", "--", 1): nil,
	} {
		d.super(`update auth.users set raw_user_meta_data = jsonb_build_object('current_tenant_id', $2::text) where id = $1`, admin.id, spelling)
		require.Equal(t, want, hook(d, map[string]any{"user_id": admin.id})["tenant_id"], spelling)
	}
}

func TestAvailabilityIsWrittenThroughTheViews(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	other, otherAdmin := d.tenant()
	manager := d.member(admin, "manager")
	ada := one[string](admin, `select public.rpc_create_technician($1, $2)`, tenant, admin.id)
	theirs := one[string](otherAdmin, `select public.rpc_create_technician($1, $2)`, other, otherAdmin.id)

	for view, c := range map[string]struct{ insert, change string }{
		"v_availability_patterns":  {`(tenant_id, technician_id, day_of_week, start_time, end_time) values ($1, $2, 1, '08:00', '16:00')`, `day_of_week = 2`},
		"v_availability_overrides": {`(tenant_id, technician_id, override_date, is_available) values ($1, $2, '2030-01-01', false)`, `is_available = true`},
		"v_shifts":                 {`(tenant_id, technician_id, start_at, end_at) values ($1, $2, '2030-01-02', '2030-01-03')`, `label = 'night'`},
	} {
		t.Run(view, func(t *testing.T) {
			insert := `insert into public.` + view + ` ` + c.insert
			manager.fails("42501", insert, tenant, ada)
			d.anon().fails("42501", insert, tenant, ada)
			d.service().fails("42501", insert, tenant, ada)
			admin.fails("42501", insert, other, theirs)
			admin.fails("23503", insert, tenant, theirs)
			admin.fails("23503", insert, tenant, unknown)
			admin.with("client_id", "app").fails("42501", insert, tenant, ada)
			admin.ok(insert, tenant, ada)
			require.Equal(t, 1, manager.count(`select * from public.`+view))

			change := `update public.` + view + ` set ` + c.change
			for _, nobody := range []caller{manager, otherAdmin} {
				require.Zero(t, nobody.count(change))
				require.Zero(t, nobody.count(`delete from public.`+view))
			}
			admin.fails("42501", `update public.`+view+` set tenant_id = $1, technician_id = $2`, other, theirs)
			require.Equal(t, 1, admin.count(change))
			require.Equal(t, 1, admin.count(`delete from public.`+view))
		})
	}
}
