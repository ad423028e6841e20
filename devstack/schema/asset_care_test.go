package schema_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWarranties(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	other, otherAdmin := d.tenant()
	asset := one[string](admin, `select public.rpc_create_asset($1, 'Pump')`, tenant)
	spare := one[string](admin, `select public.rpc_create_asset($1, 'Spare')`, tenant)
	supplier := one[string](otherAdmin, `select public.rpc_create_supplier($1, 'S')`, other)
	upsert := `select public.rpc_upsert_asset_warranty($1, $2, $3, $4, p_warranty_type => $5, p_supplier_id => $6, p_is_active => $7)`
	admin.fails("P0001", upsert, tenant, unknown, nil, nil, nil, nil, nil)
	admin.fails("23514", upsert, tenant, asset, nil, nil, nil, nil, nil)
	admin.fails("23514", upsert, tenant, asset, nil, "2030-01-01", "No Key", nil, nil)
	admin.fails("23503", upsert, tenant, asset, nil, "2030-01-01", nil, supplier, nil)
	otherAdmin.fails("P0001", upsert, other, asset, nil, "2030-01-01", nil, nil, nil)
	for _, role := range []string{"technician", "member", "requestor"} {
		d.member(admin, role).fails("42501", upsert, tenant, asset, nil, "2030-01-01", nil, nil, nil)
	}
	expires := func() *string {
		return one[*string](admin, `select warranty_expires_at::text from public.v_assets where id = $1`, asset)
	}
	early, late := "2030-01-01", "2031-01-01"
	first := one[string](admin, upsert, tenant, asset, nil, early, " ", nil, nil)
	second := one[string](d.member(admin, "manager"), upsert, tenant, asset, nil, late, "extended", nil, true)
	require.Equal(t, &late, expires())
	admin.ok(upsert, tenant, asset, second, nil, nil, nil, false)
	require.Equal(t, &early, expires())
	admin.ok(upsert, tenant, asset, second, "2032-02-29", nil, nil, nil)
	require.Equal(t, 1, admin.count(`select * from public.v_asset_warranties where id = $1 and warranty_type = 'extended' and not is_active and expires_on = '2032-02-29'`, second))
	admin.ok(`select public.rpc_upsert_asset_warranty($1, $2, $3)`, tenant, asset, second) // what is left out is the default
	require.Equal(t, 1, admin.count(`select * from public.v_asset_warranties where id = $1 and warranty_type = 'standard' and is_active`, second))
	admin.ok(upsert, tenant, asset, second, nil, nil, nil, false)
	admin.ok(upsert, tenant, asset, first, nil, nil, nil, false)
	require.Nil(t, expires())
	admin.fails("P0001", upsert, tenant, spare, first, nil, nil, nil, nil)

	require.Equal(t, 2, d.member(admin, "requestor").count(`select * from public.v_asset_warranties`))
	require.Zero(t, otherAdmin.in(tenant).count(`select * from public.v_asset_warranties`))
	d.anon().fails("42501", `select * from public.v_asset_warranties`)
	admin.ok(`select public.rpc_delete_asset($1, $2)`, tenant, asset)
	require.Zero(t, admin.count(`select * from public.v_asset_warranties`))
}

func TestDowntime(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	other, otherAdmin := d.tenant()
	asset := one[string](admin, `select public.rpc_create_asset($1, 'Pump')`, tenant)
	theirs := one[string](otherAdmin, `select public.rpc_create_work_order($1, 'W')`, other)
	record := `select public.rpc_record_asset_downtime($1, $2, $3, $4::text::timestamptz, $5::text::timestamptz, $6)`
	technician := d.member(admin, "technician")
	id := one[string](technician, record, tenant, asset, " unheard_of ", "2026-01-01T00:00Z", "2026-01-01T00:00:45Z", nil)
	technician.ok(record, tenant, asset, "breakdown", nil, nil, nil)
	require.Equal(t, technician.id, superOne[string](d, `select recorded_by from app.asset_downtime_events where id = $1 and reason_key = 'unheard_of'`, id))
	require.Equal(t, 1, superOne[int](d, `select count(*) from app.asset_downtime_events where started_at > now() - interval '1 minute' and ended_at is null`))
	admin.fails("23503", record, tenant, nil, "k", nil, nil, nil)
	otherAdmin.fails("23503", record, other, asset, "k", nil, nil, nil)
	admin.fails("23503", record, tenant, asset, nil, nil, nil, theirs)
	admin.fails("23502", record, tenant, asset, nil, nil, nil, nil)
	admin.fails("23514", record, tenant, asset, "Bad Key", nil, nil, nil)
	admin.fails("23514", record, tenant, asset, "k", "2026-01-02", "2026-01-01", nil)
	d.member(admin, "member").fails("42501", record, tenant, asset, "k", nil, nil, nil)
	d.anon().fails("28000", record, tenant, asset, "k", nil, nil, nil)
}
