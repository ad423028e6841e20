package schema_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// What an RPC lets somebody do to a place, they may do through its view, and
// nobody else. What the RPC leaves alone, the view does too.
func TestPlacesAreWrittenThroughTheirViewsByWhomTheRPCsLet(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	_, otherAdmin := d.tenant()
	manager, requestor := d.member(admin, "manager"), d.member(admin, "requestor")
	site := one[string](admin, `select public.rpc_create_location($1, 'Site')`, tenant)
	asset := one[string](admin, `select public.rpc_create_asset($1, 'Pump', p_location_id => $2)`, tenant, site)
	zone := one[string](admin, `select public.rpc_create_map_zone($1, 'Yard', '{"type": "Point", "coordinates": [0, 0]}')`, tenant)
	project := one[string](admin, `select public.rpc_create_project($1, 'Overhaul')`, tenant)
	warranty := one[string](admin, `select public.rpc_upsert_asset_warranty($1, $2, p_expires_on => '2030-01-01')`, tenant, asset)
	updates := map[string]struct {
		sql, id string
		may     []caller
	}{
		"location": {`update public.v_locations set description = 'x' where id = $1`, site, []caller{admin, manager, requestor}},
		"asset":    {`update public.v_assets set description = 'x' where id = $1`, asset, []caller{admin, manager, requestor}},
		"zone":     {`update public.v_map_zones set name = 'x' where id = $1`, zone, []caller{admin, manager, requestor}},
		"project":  {`update public.v_projects set name = 'x' where id = $1`, project, []caller{admin}},
		"warranty": {`update public.v_asset_warranties set expires_on = '2031-01-01' where id = $1`, warranty, []caller{admin, manager}},
	}
	for name, u := range updates {
		for _, c := range u.may {
			require.Equal(t, 1, c.count(u.sql, u.id), name)
			require.Zero(t, c.with("client_id", "client").count(u.sql, u.id), "%s: the OAuth client has no grant", name)
		}
		require.Zero(t, otherAdmin.count(u.sql, u.id), name)
		require.Zero(t, otherAdmin.in(tenant).count(u.sql, u.id), name)
		d.anon().fails("42501", u.sql, u.id)
		d.service().fails("42501", u.sql, u.id)
	}
	require.Zero(t, manager.count(updates["project"].sql, project))
	require.Zero(t, requestor.count(updates["warranty"].sql, warranty))
	require.Equal(t, "2031-01-01", one[string](admin, `select warranty_expires_at::text from public.v_assets where id = $1`, asset))

	admin.fails("42501", `insert into public.v_locations (tenant_id, name) values ($1, 'x')`, tenant)
	admin.fails("42501", `insert into public.v_assets (tenant_id, name) values ($1, 'x')`, tenant)
	insertZone := `insert into public.v_map_zones (tenant_id, name, geometry) values ($1, 'x', '{"type": "Point", "coordinates": []}')`
	insertProject := `insert into public.v_projects (tenant_id, name) values ($1, 'x')`
	require.Equal(t, 1, requestor.count(insertZone, tenant))
	require.Equal(t, 1, admin.count(insertProject, tenant))
	manager.fails("42501", insertProject, tenant)
	otherAdmin.fails("42501", insertZone, tenant)
	otherAdmin.fails("42501", insertProject, tenant)

	// The rules of the rows hold here, too.
	admin.fails("23503", `update public.v_locations set parent_location_id = id where id = $1`, site)
	admin.fails("23514", `update public.v_locations set latitude = 1 where id = $1`, site)
	admin.fails("23503", `update public.v_assets set status = 'x' where id = $1`, asset)
	admin.fails("42501", `update public.v_assets set warranty_expires_at = '2040-01-01' where id = $1`, asset)
	admin.fails("42501", `update public.v_locations set tenant_id = $2 where id = $1`, site, tenant)
	admin.fails("42501", `update public.v_asset_warranties set asset_id = $2 where id = $1`, warranty, asset)

	require.Equal(t, 1, requestor.count(`delete from public.v_locations where id = $1`, site))
	require.Nil(t, one[*string](admin, `select location_id::text from public.v_assets where id = $1`, asset))
	require.Equal(t, 1, manager.count(`delete from public.v_asset_warranties where id = $1`, warranty))
	require.Nil(t, one[*string](admin, `select warranty_expires_at::text from public.v_assets where id = $1`, asset))
	require.Zero(t, requestor.count(`delete from public.v_projects where id = $1`, project))
}

// What no RPC says of an asset's life is written through the view by who may edit
// assets; nobody is kept from deleting the other asset of a replacement.
func TestAnAssetIsReplacedThroughItsView(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	other, otherAdmin := d.tenant()
	manager, requestor := d.member(admin, "manager"), d.member(admin, "requestor")
	create := `select public.rpc_create_asset($1, $2)`
	gone, come := one[string](admin, create, tenant, "Old"), one[string](admin, create, tenant, "New")
	theirs := one[string](otherAdmin, create, other, "Theirs")
	replace := `update public.v_assets set decommissioned_at = now(), replaced_by_asset_id = $2 where id = $1`

	requestor.fails("42501", replace, gone, come)
	manager.fails("23503", replace, gone, theirs)
	manager.fails("23514", replace, gone, gone)
	manager.ok(replace, gone, come)
	manager.ok(`update public.v_assets set commissioned_at = now(), replacement_of_asset_id = $2 where id = $1`, come, gone)
	requestor.ok(`select public.rpc_delete_asset($1, $2)`, tenant, gone)

	require.Nil(t, one[*string](admin, `select replacement_of_asset_id::text from public.v_assets where id = $1`, come))
}

// A work order's own words and dates are changed through its view; its status and
// its assignee have a workflow.
func TestWorkOrdersAreWrittenThroughTheirViewBesideTheWorkflow(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	_, otherAdmin := d.tenant()
	member := d.member(admin, "member")
	id := one[string](admin, `select public.rpc_create_work_order($1, 'Leak')`, tenant)

	rename, remove := `update public.v_mobile_work_orders set title = 'Leak 2' where id = $1`, `delete from public.v_mobile_work_orders where id = $1`
	require.Equal(t, 1, admin.count(rename, id))
	for _, c := range []caller{member, otherAdmin, otherAdmin.in(tenant), admin.with("client_id", "client")} {
		require.Zero(t, c.count(rename, id))
		require.Zero(t, c.count(remove, id))
	}
	admin.fails("23503", `update public.v_mobile_work_orders set priority = 'x' where id = $1`, id)
	admin.fails("42501", `update public.v_mobile_work_orders set status = 'completed' where id = $1`, id)
	admin.fails("42501", `update public.v_mobile_work_orders set assigned_to = $2 where id = $1`, id, admin.id)
	admin.fails("42501", `insert into public.v_mobile_work_orders (tenant_id, title) values ($1, 'x')`, tenant)
	require.Equal(t, 1, admin.count(remove, id))
}
