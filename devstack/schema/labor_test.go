package schema_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTechnicians(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	_, outsider := d.tenant()
	other, otherAdmin := d.tenant()
	member, manager := d.member(admin, "member"), d.member(admin, "manager")
	create, update := `select public.rpc_create_technician($1, $2, $3, $4, $5)`, `select public.rpc_update_technician($1, $2, $3, $4, $5, $6, $7, $8)`
	crew := one[string](admin, `select public.rpc_create_crew($1, ' Night ', ' ')`, tenant)
	theirCrew := one[string](otherAdmin, `select public.rpc_create_crew($1, 'Day')`, other)
	department := one[string](admin, `select public.rpc_create_department($1, 'D')`, tenant)

	manager.fails("42501", create, tenant, member.id, nil, nil, nil)
	d.anon().fails("28000", create, tenant, member.id, nil, nil, nil)
	admin.fails("42501", create, tenant, outsider.id, nil, nil, nil)
	admin.fails("42501", create, tenant, nil, nil, nil, nil)
	admin.fails("23503", create, tenant, member.id, nil, theirCrew, nil)
	admin.fails("23503", create, tenant, member.id, nil, nil, unknown)
	admin.fails("23514", create, tenant, member.id, strings.Repeat("1", 51), nil, nil)
	id := one[string](admin, create, tenant, member.id, " E1 ", crew, department)
	admin.fails("23505", create, tenant, member.id, nil, nil, nil)
	show := func() string {
		return one[string](manager, `select concat_ws(' ', coalesce(employee_number, '-'), default_crew_id is not null, department_id is not null, is_active) from public.v_technicians where id = $1`, id)
	}
	require.Equal(t, "E1 t t t", show())
	admin.ok(update, tenant, id, nil, nil, nil, nil, false, false)
	require.Equal(t, "E1 t t t", show())
	admin.ok(update, tenant, id, " ", crew, department, false, true, true)
	require.Equal(t, "- f f f", show())
	admin.fails("23503", update, tenant, id, nil, theirCrew, nil, nil, true, false)
	admin.fails("23503", update, tenant, id, nil, nil, unknown, nil, false, true)
	admin.fails("P0001", update, tenant, unknown, nil, nil, nil, nil, false, false)
	otherAdmin.fails("P0001", update, other, id, nil, nil, nil, nil, false, false)
	require.Zero(t, manager.count(`delete from public.v_technicians where id = $1`, id))
	require.Equal(t, 1, admin.count(`delete from public.v_technicians where id = $1`, id))
	one[string](admin, create, tenant, member.id, nil, nil, nil)
}

func TestCrews(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	other, otherAdmin := d.tenant()
	member := d.member(admin, "member")
	create, update := `select public.rpc_create_crew($1, $2, $3)`, `select public.rpc_update_crew($1, $2, $3, $4, $5, $6)`
	add, remove := `select public.rpc_add_crew_member($1, $2, $3, $4)`, `select public.rpc_remove_crew_member($1, $2, $3)`
	ada := one[string](admin, `select public.rpc_create_technician($1, $2)`, tenant, admin.id)
	theirs := one[string](otherAdmin, `select public.rpc_create_technician($1, $2)`, other, otherAdmin.id)

	for _, name := range []any{nil, "", "  ", strings.Repeat("x", 256)} {
		admin.fails("23514", create, tenant, name, nil)
	}
	admin.fails("23514", create, tenant, "C", strings.Repeat("x", 2001))
	member.fails("42501", create, tenant, "C", nil)
	crew := one[string](admin, create, tenant, " Alpha ", " ")
	show := func() string {
		return one[string](member, `select concat_ws('|', name, coalesce(description, '-'), lead_technician_id is not null) from public.v_crews where id = $1`, crew)
	}
	require.Equal(t, "Alpha|-|f", show())
	admin.ok(update, tenant, crew, " ", " d ", ada, false)
	require.Equal(t, "Alpha|d|t", show())
	admin.ok(update, tenant, crew, "Beta", " ", ada, true)
	require.Equal(t, "Beta|-|f", show())
	admin.fails("23503", update, tenant, crew, nil, nil, theirs, true)
	admin.fails("P0001", update, tenant, unknown, "X", nil, nil, false)

	admin.fails("P0001", add, tenant, unknown, ada, nil)
	admin.fails("P0001", add, tenant, crew, theirs, nil)
	admin.fails("23514", add, tenant, crew, ada, strings.Repeat("x", 51))
	id := one[int64](admin, add, tenant, crew, ada, " lead ")
	admin.fails("23505", add, tenant, crew, ada, nil)
	otherAdmin.fails("P0001", remove, other, crew, ada)
	admin.ok(remove, tenant, crew, ada)
	admin.fails("P0001", remove, tenant, crew, ada)
	require.Equal(t, id, one[int64](admin, add, tenant, crew, ada, " "))
	require.Equal(t, 1, member.count(`select * from public.v_crew_members where id = $1 and left_at is null and role = 'lead'`, id))

	role := `update public.v_crew_members set role = $2 where id = $1`
	require.Zero(t, member.count(role, id, "helper"))
	admin.fails("23514", role, id, "")
	require.Equal(t, 1, admin.count(role, id, "helper"))
	admin.fails("42501", `update public.v_crew_members set left_at = now()`)

	admin.ok(`select public.rpc_update_technician($1, $2, p_default_crew_id => $3)`, tenant, ada, crew)
	otherAdmin.fails("P0001", `select public.rpc_delete_crew($1, $2)`, other, crew)
	admin.ok(`select public.rpc_delete_crew($1, $2)`, tenant, crew)
	admin.fails("P0001", `select public.rpc_delete_crew($1, $2)`, tenant, crew)
	require.Zero(t, admin.count(`select * from public.v_crew_members`))
	require.Equal(t, 1, admin.count(`select * from public.v_technicians where default_crew_id is null`))
}
