package schema_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const createPart = `select public.rpc_create_part($1, $2)`

func TestParts(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	other, otherAdmin := d.tenant()
	manager := d.member(admin, "manager")
	supplier := one[string](admin, `select public.rpc_create_supplier($1, 'S')`, tenant)
	theirSupplier := one[string](otherAdmin, `select public.rpc_create_supplier($1, 'S')`, other)
	create := `select public.rpc_create_part($1, $2, p_barcode => $3, p_unit => $4, p_preferred_supplier_id => $5, p_reorder_point => $6, p_lead_time_days => $7)`

	manager.fails("42501", create, tenant, "P", nil, nil, nil, nil, nil)
	d.anon().fails("28000", create, tenant, "P", nil, nil, nil, nil, nil)
	for _, number := range []any{nil, "", "  ", strings.Repeat("x", 101)} {
		admin.fails("23514", create, tenant, number, nil, nil, nil, nil, nil)
	}
	for _, s := range []string{theirSupplier, unknown} {
		admin.fails("23503", create, tenant, "P", nil, nil, s, nil, nil)
	}
	admin.fails("23514", create, tenant, "P", strings.Repeat("x", 101), nil, nil, nil, nil)
	admin.fails("23514", create, tenant, "P", nil, nil, nil, -0.0001, nil)
	admin.fails("22003", create, tenant, "P", nil, nil, nil, 1e14, nil)
	admin.fails("23514", create, tenant, "P", nil, nil, nil, nil, 3651)
	id := one[string](admin, create, tenant, " P-1 ", " B-1 ", " ", supplier, 0.00005, 0)
	admin.fails("23505", create, tenant, "P-1", nil, nil, nil, nil, nil)
	admin.fails("23505", create, tenant, "P-2", "B-1", nil, nil, nil, nil)
	one[string](admin, create, tenant, "p-1", "b-1", nil, nil, nil, nil)
	theirs := one[string](otherAdmin, create, other, "P-1", "B-1", nil, nil, nil, nil)

	show := func() string {
		return one[string](manager, `select concat_ws('|', part_number, coalesce(barcode, '-'), unit, coalesce(name, '-'), coalesce(external_id, '-'), preferred_supplier_id is not null, reorder_point, lead_time_days, is_active) from public.v_parts where id = $1`, id)
	}
	require.Equal(t, "P-1|B-1|each|-|-|t|0.0001|0|t", show())
	update := `select public.rpc_update_part($1, $2, p_part_number => $3, p_name => $4, p_unit => $5, p_external_id => $6, p_barcode => $7, p_is_active => $8)`
	admin.ok(update, tenant, id, " ", "", " ", " X ", nil, nil)
	require.Equal(t, "P-1|B-1|each||X|t|0.0001|0|t", show(), "blank number and unit stay, a name is taken as it is")
	admin.ok(update, tenant, id, " P-9 ", " n ", " kg ", " ", " ", false)
	require.Equal(t, "P-9|-|kg| n |-|t|0.0001|0|f", show())
	admin.fails("23505", update, tenant, id, "p-1", nil, nil, nil, nil, nil)
	admin.fails("23503", update, tenant, theirs, nil, "x", nil, nil, nil, nil)
	admin.fails("23503", update, tenant, nil, nil, "x", nil, nil, nil, nil)
	admin.fails("23503", `select public.rpc_update_part($1, $2, p_preferred_supplier_id => $3)`, tenant, id, theirSupplier)
	manager.fails("42501", update, tenant, id, nil, "x", nil, nil, nil, nil)

	clear := `update public.v_parts set preferred_supplier_id = null, reorder_point = null, lead_time_days = null where id = $1`
	require.Zero(t, manager.count(clear, id))
	require.Zero(t, admin.count(clear, theirs))
	require.Equal(t, 1, admin.count(clear, id))
	require.Equal(t, 1, manager.count(`select * from public.v_parts where id = $1 and num_nulls(preferred_supplier_id, reorder_point, lead_time_days) = 3`, id))
	admin.fails("23503", `update public.v_parts set preferred_supplier_id = $2 where id = $1`, id, theirSupplier)

	require.Zero(t, manager.count(`delete from public.v_parts where id = $1`, id))
	require.Zero(t, admin.count(`delete from public.v_parts where id = $1`, theirs))
	require.Equal(t, 1, admin.count(`delete from public.v_parts where id = $1`, id))
	admin.fails("42501", `update public.v_parts set name = 'x'`)
}

func TestScanCodesOfParts(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	other, otherAdmin := d.tenant()
	member, requestor := d.member(admin, "member"), d.member(admin, "requestor")
	create := `select public.rpc_create_part($1, $2, p_barcode => $3, p_external_id => $4)`
	a := one[string](admin, create, tenant, "A", "B", "E")
	b := one[string](admin, create, tenant, "B", nil, "E")
	theirs := one[string](otherAdmin, create, other, "B", nil, nil)
	scan := `select public.rpc_resolve_part_by_scan_code($1, $2)`

	for _, tc := range []struct {
		code any
		want *string
	}{
		{"B", &a}, {" B ", &a}, {"A", &a}, {"E", &a}, {"b", nil}, {"", nil}, {"  ", nil}, {nil, nil}, {"%", nil}, {"none", nil},
	} {
		require.Equal(t, tc.want, one[*string](member, scan, tenant, tc.code), "%v", tc.code)
	}
	admin.ok(`select public.rpc_update_part($1, $2, p_barcode => '', p_is_active => false)`, tenant, a)
	require.Equal(t, b, one[string](member, scan, tenant, "B"))
	require.Equal(t, a, one[string](member, scan, tenant, "A"), "inactive parts too")
	require.Equal(t, theirs, one[string](otherAdmin, scan, other, "B"))
	requestor.fails("42501", scan, tenant, "A")
	otherAdmin.fails("42501", scan, tenant, "A")
}
