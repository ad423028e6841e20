package schema_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestVendorCosts(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	other, otherAdmin := d.tenant()
	manager, technician := d.member(admin, "manager"), d.member(admin, "technician")
	wo, second := one[string](admin, createWO, tenant, "W"), one[string](admin, createWO, tenant, "V")
	theirs := one[string](otherAdmin, `select public.rpc_create_supplier($1, 'S')`, other)
	upsert := `select public.rpc_upsert_work_order_vendor_cost($1, $2, $3, $4, $5, p_supplier_id => $6)`

	technician.fails("42501", upsert, tenant, wo, nil, 1, nil, nil)
	manager.fails("P0001", upsert, tenant, unknown, nil, 1, nil, nil)
	manager.fails("23514", upsert, tenant, wo, nil, nil, nil, nil)
	manager.fails("23514", upsert, tenant, wo, nil, 10000001, nil, nil)
	manager.fails("23503", upsert, tenant, wo, nil, 1, nil, theirs)
	id := one[string](manager, upsert, tenant, wo, nil, 2500, "Crane", nil)
	require.Equal(t, id, one[string](manager, upsert, tenant, wo, id, 3000, nil, nil))
	require.Equal(t, "3000 Crane", superOne[string](d, `select amount_cents || ' ' || description from app.work_order_vendor_costs`))
	manager.fails("P0001", upsert, tenant, second, id, 1, nil, nil)
	otherAdmin.fails("P0001", upsert, other, one[string](otherAdmin, createWO, other, "W"), id, 1, nil, nil)
}

func TestProjectsAndSuppliers(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	other, otherAdmin := d.tenant()
	manager, member := d.member(admin, "manager"), d.member(admin, "member")
	create, update := `select public.rpc_create_project($1, $2, $3, $4)`, `select public.rpc_update_project($1, $2, $3, $4, $5)`

	manager.fails("42501", create, tenant, "P", nil, nil)
	for _, name := range []any{nil, " ", strings.Repeat("x", 256)} {
		admin.fails("23514", create, tenant, name, nil, nil)
	}
	admin.fails("23514", create, tenant, "P", "a b", nil)
	id := one[string](admin, create, tenant, " P ", " C-1 ", " ")
	admin.fails("23505", create, tenant, "Q", "C-1", nil)
	admin.ok(update, tenant, id, " ", nil, " d ")
	require.Equal(t, 1, member.count(`select * from public.v_projects where id = $1 and name = 'P' and code = 'C-1' and description = 'd'`, id))
	admin.ok(update, tenant, id, "R", " ", "")
	require.Equal(t, 1, member.count(`select * from public.v_projects where id = $1 and name = 'R' and code is null and description is null`, id))
	otherAdmin.fails("P0001", update, other, id, "X", nil, nil)
	otherAdmin.fails("P0001", `select public.rpc_delete_project($1, $2)`, other, id)
	wo := one[string](admin, `select public.rpc_create_work_order($1, 'W', p_project_id => $2)`, tenant, id)
	admin.ok(`select public.rpc_delete_project($1, $2)`, tenant, id)
	require.Equal(t, 1, admin.count(`select * from public.v_work_orders where id = $1 and project_id is null`, wo))

	supplier := `select public.rpc_create_supplier($1, $2, $3, p_email => $4, p_supplies_parts => null)`
	manager.fails("42501", supplier, tenant, "S", nil, nil)
	admin.fails("23514", supplier, tenant, " ", nil, nil)
	sid := one[string](admin, supplier, tenant, " S ", " c ", " ")
	admin.fails("23505", supplier, tenant, "T", "c", nil)
	require.Equal(t, 1, member.count(`select * from public.v_suppliers where id = $1 and name = 'S' and code = 'c' and email is null`, sid))
	require.Zero(t, otherAdmin.count(`select * from public.v_suppliers`))
	otherAdmin.fails("23503", `select public.rpc_set_work_order_primary_supplier($1, $2, $3)`, other, one[string](otherAdmin, createWO, other, "W"), sid)
}
