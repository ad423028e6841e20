package schema_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestSpaces(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	other, otherAdmin := d.tenant()
	room := one[string](admin, `select public.rpc_create_location($1, 'Room')`, tenant)
	create := `select public.rpc_create_space($1, $2, p_capacity => $3, p_status => $4, p_area_sqft => $5)`
	admin.fails("P0001", create, tenant, unknown, -1, nil, nil)
	otherAdmin.fails("42501", create, other, room, nil, nil, nil)
	admin.fails("23514", create, tenant, room, -1, nil, nil)
	admin.fails("23514", create, tenant, room, nil, "free", 1e10)
	admin.fails("22003", create, tenant, room, nil, nil, 1e10)
	d.anon().fails("28000", create, tenant, room, nil, nil, nil)
	space := one[string](d.member(admin, "requestor"), create, tenant, room, 0, nil, "-1.005")
	admin.fails("23505", create, tenant, room, nil, nil, nil)

	show := func() string {
		return one[string](admin, `select concat_ws('|', location_name, location_type, capacity, status, area_sqft, attributes) from public.v_spaces where id = $1`, space)
	}
	require.Equal(t, "Room|site|0|available|-1.01", show())
	update := `select public.rpc_update_space($1, $2, p_capacity => $3, p_status => $4, p_attributes => $5::text::jsonb)`
	admin.ok(update, tenant, space, 3, "offline", `{"a": 1}`)
	admin.ok(update, tenant, space, nil, nil, `[2]`)
	admin.fails("23514", update, tenant, space, nil, "", nil)
	admin.fails("23514", update, tenant, space, -1, nil, nil)
	admin.fails("P0001", update, tenant, unknown, nil, "", nil)
	otherAdmin.fails("42501", update, other, space, nil, nil, nil)
	require.Equal(t, "Room|site|3|offline|-1.01|[2]", show())
	require.Zero(t, otherAdmin.in(tenant).count(`select * from public.v_spaces`))
	require.Zero(t, d.anon().count(`select * from public.v_spaces`))

	otherAdmin.fails("42501", `select public.rpc_delete_space($1, $2)`, other, space)
	admin.ok(`select public.rpc_delete_space($1, $2)`, tenant, space)
	admin.fails("P0001", `select public.rpc_delete_space($1, $2)`, tenant, space)
	admin.ok(create, tenant, room, nil, "reserved", nil)
	admin.ok(`select public.rpc_delete_location($1, $2)`, tenant, room)
	require.Zero(t, admin.count(`select * from public.v_spaces`))
}

func TestMapZones(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	other, otherAdmin := d.tenant()
	site := one[string](admin, `select public.rpc_create_location($1, 'Site')`, tenant)
	create := `select public.rpc_create_map_zone($1, $2, $3::text::jsonb, $4)`
	point := `{"type": "Point", "coordinates": [1, 2]}`
	for geometry, code := range map[string]string{
		point: "", `{"type": "MultiPolygon", "coordinates": null, "extra": 1}`: "", `{"type": null, "coordinates": []}`: "",
		`{"type": "Feature", "geometry": {}}`: "22P02", `{"type": "Point"}`: "22P02", `[]`: "22P02", `null`: "22P02", `5`: "22P02",
		`{"type": "Feature", "coordinates": []}`: "23514", `{"type": "GeometryCollection", "coordinates": []}`: "23514",
		`{"type": 5, "coordinates": []}`: "23514", `{"type": "point", "coordinates": []}`: "23514",
	} {
		_, err := admin.exec(create, tenant, "Z", geometry, nil)
		require.Equal(t, code, sqlState(err), geometry)
	}
	admin.fails("23514", create, tenant, "", `{}`, nil)
	admin.fails("22P02", create, tenant, "Z", nil, unknown)
	admin.fails("P0001", create, tenant, "Z", `{"type": "x", "coordinates": []}`, unknown)
	otherAdmin.fails("P0001", create, other, "Z", point, site)
	admin.fails("23502", create, tenant, nil, point, nil)
	otherAdmin.fails("42501", create, tenant, "Z", point, nil)
	zone := one[string](d.member(admin, "requestor"), create, tenant, "Yard", point, site)

	update := `select public.rpc_update_map_zone($1, $2, $3, $4::text::jsonb, $5)`
	admin.ok(update, tenant, zone, nil, nil, nil)
	admin.ok(update, tenant, zone, "Court", nil, nil)
	admin.fails("23514", update, tenant, zone, "", nil, nil)
	admin.fails("22P02", update, tenant, zone, nil, `{}`, nil)
	admin.fails("P0001", update, tenant, zone, nil, nil, unknown)
	admin.fails("P0001", update, tenant, unknown, "", nil, nil)
	otherAdmin.fails("42501", update, other, zone, nil, nil, nil)
	require.Equal(t, 1, admin.count(`select * from public.v_map_zones where name = 'Court' and location_id = $1 and geometry = $2::text::jsonb`, site, point))
	require.Zero(t, otherAdmin.in(tenant).count(`select * from public.v_map_zones`))
	d.anon().fails("42501", `select * from public.v_map_zones`)
	admin.ok(`select public.rpc_delete_location($1, $2)`, tenant, site)
	require.Equal(t, 1, admin.count(`select * from public.v_map_zones where id = $1 and location_id is null`, zone))
	otherAdmin.fails("42501", `select public.rpc_delete_map_zone($1, $2)`, other, zone)
	admin.ok(`select public.rpc_delete_map_zone($1, $2)`, tenant, zone)
	admin.fails("P0001", `select public.rpc_delete_map_zone($1, $2)`, tenant, zone)
}
