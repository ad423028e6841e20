package schema_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLocations(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	other, otherAdmin := d.tenant()
	requestor := d.member(admin, "requestor")
	create := `select public.rpc_create_location($1, $2, p_parent_location_id => $3, p_location_type => $4, p_code => $5, p_latitude => $6, p_longitude => $7)`
	add := func(kind string, parent any) (string, error) {
		return tryOne[string](admin, create, tenant, kind, parent, kind, nil, nil, nil)
	}

	d.anon().fails("28000", create, tenant, "L", nil, "site", nil, nil, nil)
	otherAdmin.fails("42501", create, tenant, "L", nil, "site", nil, nil, nil)
	admin.fails("23503", create, unknown, "L", nil, "site", nil, nil, nil)
	admin.fails("23502", create, tenant, nil, nil, "site", nil, nil, nil)
	admin.fails("23514", create, tenant, "", nil, "site", nil, nil, nil)
	admin.fails("23514", create, tenant, strings.Repeat("x", 256), unknown, "site", nil, nil, nil)
	admin.fails("23514", create, tenant, "L", nil, nil, nil, nil, nil)
	admin.fails("23514", create, tenant, "L", nil, "shed", nil, nil, nil)
	admin.fails("23514", create, tenant, "L", nil, "site", nil, 1, nil)
	admin.fails("23514", create, tenant, "L", nil, "site", nil, 91, 0)
	admin.fails("23514", create, tenant, "L", nil, "site", "", nil, nil)
	admin.fails("23503", create, tenant, "L", unknown, "site", nil, nil, nil)
	site := one[string](requestor, create, tenant, " ", nil, "site", "S-1", 1.23456789, -180)
	admin.fails("23505", create, tenant, "L", nil, "site", "S-1", nil, nil)
	otherAdmin.ok(create, other, "L", nil, "site", "S-1", nil, nil)
	otherAdmin.fails("23503", create, other, "L", site, "site", nil, nil, nil)
	require.Equal(t, "1.2345679", one[string](admin, `select latitude::text from public.v_locations where id = $1`, site))

	parents := map[string]string{"site": site}
	for _, pair := range [][2]string{{"region", ""}, {"building", "site"}, {"floor", "building"}, {"room", "floor"}, {"zone", "floor"}} {
		var parent any
		if pair[1] != "" {
			parent = parents[pair[1]]
		}
		id, err := add(pair[0], parent)
		require.NoError(t, err, pair)
		parents[pair[0]] = id
	}
	allowed := map[string]string{"site": "region site", "building": "site", "floor": "building", "room": "floor zone", "zone": "floor zone"}
	for child := range parents {
		for kind, parent := range parents {
			_, err := add(child, parent)
			want := "23514"
			if strings.Contains(allowed[child], kind) {
				want = ""
			}
			require.Equal(t, want, sqlState(err), "%s in %s", child, kind)
		}
	}

	update := `select public.rpc_update_location($1, $2, $3, p_parent_location_id => $4, p_latitude => $5, p_longitude => $6, p_clear_position => $7)`
	inner, err := add("site", site)
	require.NoError(t, err)
	admin.fails("23503", update, tenant, site, nil, inner, nil, nil, false)
	admin.fails("23503", update, tenant, site, nil, site, nil, nil, false)
	admin.fails("P0001", update, tenant, unknown, nil, nil, nil, nil, false)
	otherAdmin.fails("42501", update, other, site, nil, nil, nil, nil, false)
	admin.fails("23514", update, tenant, site, nil, nil, 1, nil, false)
	admin.ok(update, tenant, site, nil, nil, nil, nil, nil)
	require.Equal(t, 1, admin.count(`select * from public.v_locations where id = $1 and latitude is not null and longitude is not null`, site))
	admin.ok(update, tenant, site, "Main", nil, 99, nil, true)
	require.Equal(t, 1, admin.count(`select * from public.v_locations where id = $1 and name = 'Main' and latitude is null and longitude is null and code = 'S-1'`, site))

	otherAdmin.fails("42501", `select public.rpc_delete_location($1, $2)`, other, site)
	requestor.ok(`select public.rpc_delete_location($1, $2)`, tenant, site)
	admin.fails("P0001", `select public.rpc_delete_location($1, $2)`, tenant, site)
	require.Equal(t, 1, admin.count(`select * from public.v_locations where id = $1 and parent_location_id is null`, inner))
}

func TestAssets(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	other, otherAdmin := d.tenant()
	create := `select public.rpc_create_asset($1, $2, p_asset_number => $3, p_location_id => $4, p_department_id => $5, p_status => $6, p_barcode => $7)`
	update := `select public.rpc_update_asset($1, $2, p_asset_number => $3, p_location_id => $4, p_status => $5, p_barcode => $6)`
	theirSite := one[string](otherAdmin, `select public.rpc_create_location($1, 'Site')`, other)
	theirDepartment := one[string](otherAdmin, `select public.rpc_create_department($1, 'D')`, other)

	otherAdmin.fails("42501", create, tenant, "A", nil, nil, nil, "active", nil)
	admin.fails("23502", create, tenant, nil, nil, nil, nil, "active", nil)
	admin.fails("23514", create, tenant, "", nil, nil, nil, "unheard", nil)
	admin.fails("23503", create, tenant, "A", nil, nil, nil, "unheard", nil)
	admin.fails("23503", create, tenant, "A", nil, nil, nil, nil, nil)
	admin.fails("23503", create, tenant, "A", nil, theirSite, nil, "active", nil)
	admin.fails("23503", create, tenant, "A", nil, nil, theirDepartment, "active", nil)
	admin.fails("23514", create, tenant, "A", "", nil, nil, "active", nil)
	admin.fails("23503", create, tenant, "A", "", theirSite, nil, "active", nil)
	admin.fails("23503", create, tenant, "A", "", nil, theirDepartment, "active", nil)
	admin.fails("23514", create, tenant, "A", "", unknown, nil, "active", nil)
	id := one[string](d.member(admin, "requestor"), create, tenant, "A", " 1 ", nil, nil, "active", " B ")
	admin.fails("23505", create, tenant, "B", " 1 ", nil, nil, "active", nil)
	admin.fails("23505", create, tenant, "B", nil, nil, nil, "active", "B")
	show := func() string {
		return one[string](admin, `select concat_ws('|', asset_number, coalesce(barcode, '-'), status) from public.v_assets where id = $1`, id)
	}
	require.Equal(t, " 1 |B|active", show())
	admin.ok(update, tenant, id, "2", nil, "retired", nil)
	require.Equal(t, "2|B|retired", show())
	admin.ok(update, tenant, id, nil, nil, nil, "")
	require.Equal(t, "2|-|retired", show())
	admin.fails("23514", update, tenant, id, "", nil, nil, nil)
	admin.fails("23503", update, tenant, id, nil, theirSite, nil, nil)
	admin.fails("P0001", update, tenant, unknown, nil, nil, nil, nil)
	otherAdmin.fails("42501", update, other, id, nil, nil, nil, nil)
	otherAdmin.fails("42501", `select public.rpc_delete_asset($1, $2)`, other, id)
	admin.ok(`select public.rpc_delete_asset($1, $2)`, tenant, id)
	admin.fails("P0001", `select public.rpc_delete_asset($1, $2)`, tenant, id)
}

func TestLocationRulesInOrder(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	create := `select public.rpc_create_location($1, 'L', p_parent_location_id => $2, p_location_type => $3, p_code => $4)`
	region := one[string](admin, create, tenant, nil, "region", "R")
	site := one[string](admin, create, tenant, region, "site", nil)
	admin.fails("23503", create, tenant, unknown, "region", nil)
	admin.fails("23505", create, tenant, unknown, "site", "R")
	admin.fails("23514", `select public.rpc_update_location($1, $2, p_parent_location_id => $3)`, tenant, region, site)
	_, err := d.pool.Exec(t.Context(), `insert into app.locations (id, tenant_id, name, parent_location_id) values ($1, $2, 'L', $1)`, unknown, tenant)
	require.Equal(t, "23503", sqlState(err))
}

func TestLocationHierarchy(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	_, otherAdmin := d.tenant()
	outer := one[string](admin, `select public.rpc_create_location($1, 'Outer')`, tenant)
	inner := one[string](admin, `select public.rpc_create_location($1, 'Inner', p_parent_location_id => $2)`, tenant, outer)
	require.Equal(t, []string{"Outer", "Inner"}, one[[]string](admin, `select path_names from public.v_location_hierarchy where id = $1 and depth = 1`, inner))
	require.Equal(t, []string{outer}, one[[]string](admin, `select path_ids::text[] from public.v_location_hierarchy where depth = 0`))
	require.Zero(t, otherAdmin.count(`select * from public.v_location_hierarchy`))
	require.Zero(t, otherAdmin.in(tenant).count(`select * from public.v_location_hierarchy`))
	d.anon().fails("42501", `select * from public.v_location_hierarchy`)
	d.service().fails("42501", `select * from public.v_location_hierarchy`)
}

func TestImportsOfPlaces(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	other, otherAdmin := d.tenant()
	site := one[string](admin, `select public.rpc_create_location($1, 'Site')`, tenant)
	theirs := one[string](otherAdmin, `select public.rpc_create_location($1, 'Site')`, other)
	tests := []struct {
		function, rows string
		errors         []int
		view, want     string
	}{
		{"rpc_bulk_import_locations",
			`[{"name": " n0 ", "code": "K", "description": " d ", "address_line": "", "latitude": 1}, {"name": " "}, {"name": "n2", "code": "K"},
			{"name": "n3", "location_type": "campus"}, {"name": "n4", "parent_location_id": "junk"}, {"name": "n5", "parent_location_id": "` + theirs + `"},
			{"name": 6, "location_type": " building ", "parent_location_id": "` + site + `"}, null, "x", []]`,
			[]int{1, 2, 3, 4, 5, 7, 8, 9},
			`select string_agg(concat_ws('|', name, location_type, code, coalesce(description, '-'), coalesce(address_line, '-'), coalesce(latitude::text, '-')), ' ' order by name) from public.v_locations where name <> 'Site'`,
			"6|building|-|-|- n0|site|K|d|-|-"},
		{"rpc_bulk_import_assets",
			`[{"name": " a0 ", "asset_number": " 1 ", "barcode": "B"}, {"name": ""}, {"name": "a2", "asset_number": "1"}, {"name": "a3", "status": "unheard"},
			{"name": "a4", "location_id": "` + theirs + `"}, {"name": "a5", "status": "retired", "location_id": "` + site + `", "asset_number": ""}, 7]`,
			[]int{1, 2, 3, 4, 6},
			`select string_agg(concat_ws('|', name, status, coalesce(asset_number, '-'), coalesce(barcode, '-'), location_id is not null), ' ' order by name) from public.v_assets`,
			"a0|active|1|-|f a5|retired|-|-|t"},
	}
	for _, tt := range tests {
		call := `select public.` + tt.function + `($1, $2::text::jsonb)`
		got := one[struct {
			CreatedIDs []string `json:"created_ids"`
			Errors     []struct {
				Index   int    `json:"index"`
				Message string `json:"message"`
			} `json:"errors"`
		}](admin, call, tenant, tt.rows)
		var indexes []int
		for _, e := range got.Errors {
			indexes = append(indexes, e.Index)
			require.NotEmpty(t, e.Message)
		}
		require.Equal(t, tt.errors, indexes, tt.function)
		require.Len(t, got.CreatedIDs, 2)
		require.Equal(t, tt.want, one[string](admin, tt.view))
		require.JSONEq(t, `{"created_ids": [], "errors": []}`, one[string](admin, call+`::text`, tenant, `[]`))
		admin.fails("22P02", call, tenant, `{}`)
		admin.fails("22004", call, tenant, nil)
		admin.fails("42501", call, nil, `[]`)
		d.member(admin, "member").fails("42501", call, tenant, `[]`)
		otherAdmin.fails("42501", call, tenant, `[]`)
		d.anon().fails("28000", call, tenant, `[]`)
	}
}

func TestScanCodes(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	other, otherAdmin := d.tenant()
	create := `select public.rpc_create_asset($1, 'A', p_asset_number => $2, p_barcode => $3)`
	labelled, numbered := one[string](admin, create, tenant, nil, " BC "), one[string](admin, create, tenant, "BC", nil)
	scan := func(c caller, tenant string, code any) *string {
		return one[*string](c, `select public.rpc_resolve_asset_by_scan_code($1, $2)`, tenant, code)
	}
	require.Equal(t, &labelled, scan(d.member(admin, "requestor"), tenant, " BC "))
	admin.ok(`select public.rpc_update_asset($1, $2, p_barcode => '')`, tenant, labelled)
	require.Equal(t, &numbered, scan(admin, tenant, "BC"))
	for _, code := range []any{"bc", "B%", " ", "", nil, "BC\t"} {
		require.Nil(t, scan(admin, tenant, code), "%q", code)
	}
	require.Nil(t, scan(otherAdmin, other, "BC"))
	otherAdmin.fails("42501", `select public.rpc_resolve_asset_by_scan_code($1, 'BC')`, tenant)
	d.anon().fails("28000", `select public.rpc_resolve_asset_by_scan_code($1, 'BC')`, tenant)
}
