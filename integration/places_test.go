package integration

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/assets"
	"github.com/workorder-systems/sdk-go/types"
)

// makePlace makes a location of a type inside another ("": a root).
func makePlace(t testing.TB, c *workorder.Client, kind assets.LocationType, parent string) string {
	t.Helper()
	id, err := c.Locations.Create(t.Context(), assets.CreateLocationParams{
		Name: string(kind), LocationType: kind, ParentLocationID: parent,
	})
	require.NoError(t, err)
	return id
}

// Which places can be inside which, as a table of the whole chapter.
func TestPlacesInsidePlaces(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	kinds := []assets.LocationType{assets.Region, assets.Site, assets.Building, assets.Floor, assets.Room, assets.Zone}
	holds := map[assets.LocationType][]assets.LocationType{
		assets.Region: {assets.Site}, assets.Site: {assets.Site, assets.Building}, assets.Building: {assets.Floor},
		assets.Floor: {assets.Room, assets.Zone}, assets.Zone: {assets.Room, assets.Zone},
	}
	for _, outer := range kinds {
		parent := makePlace(t, tn.Client, outer, "")
		for _, inner := range kinds {
			id, err := tn.Locations.Create(t.Context(), assets.CreateLocationParams{
				Name: "x", LocationType: inner, ParentLocationID: parent,
			})
			allowed := false
			for _, k := range holds[outer] {
				allowed = allowed || k == inner
			}
			if !allowed {
				require.ErrorIs(t, err, workorder.ErrInvalidInput, "%s in %s", inner, outer)
				continue
			}
			require.NoError(t, err, "%s in %s", inner, outer)
			row, err := tn.Locations.Get(t.Context(), id)
			require.NoError(t, err)
			require.Equal(t, inner, row.LocationType)
			require.Equal(t, parent, *row.ParentLocationID)
		}
	}
}

func TestLocationDefaultsAndLimits(t *testing.T) {
	t.Parallel()
	a, b := stack.Tenant(t), stack.Tenant(t)
	id, err := a.Locations.Create(t.Context(), assets.CreateLocationParams{Name: "only a name"})
	require.NoError(t, err)
	row, err := a.Locations.Get(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, assets.Location{
		ID: id, TenantID: a.ID, Name: "only a name", LocationType: assets.Site, CreatedAt: row.CreatedAt, UpdatedAt: row.UpdatedAt,
	}, *row)

	create := func(p assets.CreateLocationParams) error {
		_, err := a.Locations.Create(t.Context(), p)
		return err
	}
	requireError(t, create(assets.CreateLocationParams{Name: "x", LocationType: "campus"}), workorder.ErrInvalidInput, "23514")
	requireError(t, create(assets.CreateLocationParams{Name: strings.Repeat("n", 256)}), workorder.ErrInvalidInput, "23514")
	requireError(t, create(assets.CreateLocationParams{Name: "x", Code: "B 1"}), workorder.ErrInvalidInput, "23514")
	requireError(t, create(assets.CreateLocationParams{Name: "x", ParentLocationID: unknownID}), workorder.ErrInvalidReference, "23503")
	theirs := makePlace(t, b.Client, assets.Site, "")
	requireError(t, create(assets.CreateLocationParams{Name: "x", ParentLocationID: theirs}), workorder.ErrInvalidReference, "23503")

	require.NoError(t, create(assets.CreateLocationParams{Name: "x", Code: "B-1"}))
	requireError(t, create(assets.CreateLocationParams{Name: "y", Code: "B-1"}), workorder.ErrConflict, "23505")
	_, err = b.Locations.Create(t.Context(), assets.CreateLocationParams{Name: "z", Code: "B-1"})
	require.NoError(t, err, "another tenant may use the same code")

	anyTenant := a.AsUser(a.Admin.JWT(t, a.ID)) // not bound to one
	_, err = anyTenant.Locations.Create(t.Context(), assets.CreateLocationParams{TenantID: unknownID, Name: "x"})
	requireError(t, err, workorder.ErrInvalidReference, "23503")
	_, err = anyTenant.Locations.Create(t.Context(), assets.CreateLocationParams{TenantID: b.ID, Name: "x"})
	requireError(t, err, workorder.ErrPermissionDenied, "42501")
	_, err = stack.Client(t).Locations.Create(t.Context(), assets.CreateLocationParams{TenantID: a.ID, Name: "x"})
	requireError(t, err, workorder.ErrUnauthenticated, "28000")
}

// One user in two tenants: a write goes to the tenant that it names, the views
// show the token's.
func TestPlacesGoToTheTenantTheyName(t *testing.T) {
	t.Parallel()
	u := stack.User(t)
	a, b := u.NewTenant(t), u.NewTenant(t)
	inB := u.AsUser(u.JWT(t, b.ID))
	place, err := inB.Locations.Create(t.Context(), assets.CreateLocationParams{TenantID: a.ID, Name: "x"})
	require.NoError(t, err)
	asset, err := inB.Assets.Create(t.Context(), assets.CreateAssetParams{TenantID: a.ID, Name: "x", LocationID: place, Barcode: "B"})
	require.NoError(t, err)
	found, err := inB.Assets.ResolveByScanCode(t.Context(), assets.ResolveByScanCodeParams{TenantID: a.ID, Code: "B"})
	require.NoError(t, err)
	require.Equal(t, assets.ScanResult{Kind: assets.ScannedAsset, ID: asset}, found)
	for _, v := range placeViews(t, inB) {
		require.Empty(t, v.tenants(t), v.name)
	}
	row, err := a.Assets.Get(t.Context(), asset)
	require.NoError(t, err)
	require.Equal(t, a.ID, row.TenantID)
}

// The platform's data can hold a cycle that no function would make any more.
func TestTreeOfStoredCycles(t *testing.T) {
	t.Parallel()
	db := stack.SQL(t)
	tn := stack.Tenant(t)
	outer := makePlace(t, tn.Client, assets.Site, "")
	inner := makePlace(t, tn.Client, assets.Site, outer)
	makePlace(t, tn.Client, assets.Building, inner)
	tx, err := db.Begin(t.Context())
	require.NoError(t, err)
	for _, sql := range []string{
		"set local session_replication_role = replica", // without triggers
		fmt.Sprintf("update app.locations set parent_location_id = '%s' where id = '%s'", inner, outer),
	} {
		_, err = tx.Exec(t.Context(), sql)
		require.NoError(t, err)
	}
	require.NoError(t, tx.Commit(t.Context()))

	_, err = tn.Locations.Tree(t.Context())
	var cycle *assets.LocationCycleError
	require.ErrorAs(t, err, &cycle)
	require.ElementsMatch(t, []string{outer, inner}, cycle.LocationIDs)
	rows, err := tn.Locations.List(t.Context())
	require.NoError(t, err)
	require.Len(t, rows, 3, "the list still gives them")

	region := makePlace(t, tn.Client, assets.Region, "")
	require.NoError(t, tn.Locations.Update(t.Context(), assets.UpdateLocationParams{LocationID: cycle.LocationIDs[0], ParentLocationID: &region}))
	tree, err := tn.Locations.Tree(t.Context())
	require.NoError(t, err, "another parent puts it right")
	require.Equal(t, 4, tree.Len())
}

func TestLocationPositions(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	id, err := tn.Locations.Create(t.Context(), assets.CreateLocationParams{
		Name: "x", Latitude: new(12.123456789), Longitude: new(-180.0),
	})
	require.NoError(t, err)
	position := func() [2]*float64 {
		row, err := tn.Locations.Get(t.Context(), id)
		require.NoError(t, err)
		return [2]*float64{row.Latitude, row.Longitude}
	}
	require.Equal(t, [2]*float64{new(12.1234568), new(-180.0)}, position())

	require.NoError(t, tn.Locations.Update(t.Context(), assets.UpdateLocationParams{LocationID: id, ClearPosition: true, Latitude: new(999.0)}))
	require.Equal(t, [2]*float64{}, position())
	require.NoError(t, tn.Locations.Update(t.Context(), assets.UpdateLocationParams{LocationID: id, Latitude: new(3.0), Longitude: new(4.5)}))
	require.NoError(t, tn.Locations.Update(t.Context(), assets.UpdateLocationParams{LocationID: id, Name: new("y")}))
	require.Equal(t, [2]*float64{new(3.0), new(4.5)}, position())
}

func TestLocationUpdatesKeepTheRest(t *testing.T) {
	t.Parallel()
	a, b := stack.Tenant(t), stack.Tenant(t)
	site := makePlace(t, a.Client, assets.Site, "")
	id, err := a.Locations.Create(t.Context(), assets.CreateLocationParams{
		Name: "Hall", Description: "d", ParentLocationID: site, LocationType: assets.Building, Code: "H", AddressLine: "a", ExternalID: "e",
		Latitude: new(1.0), Longitude: new(2.0),
	})
	require.NoError(t, err)
	before, err := a.Locations.Get(t.Context(), id)
	require.NoError(t, err)
	require.NoError(t, a.Locations.Update(t.Context(), assets.UpdateLocationParams{LocationID: id, Name: new("Hall 2"), Description: new("")}))
	after, err := a.Locations.Get(t.Context(), id)
	require.NoError(t, err)
	require.True(t, after.UpdatedAt.After(before.UpdatedAt))
	want := *before
	want.Name, want.Description, want.UpdatedAt = "Hall 2", new(""), after.UpdatedAt
	require.Empty(t, cmp.Diff(want, *after))

	update := func(c *workorder.Client, tenant, id string) error {
		return c.Locations.Update(t.Context(), assets.UpdateLocationParams{TenantID: tenant, LocationID: id, Name: new("no")})
	}
	requireError(t, update(a.Client, a.ID, unknownID), workorder.ErrRuleViolation, "P0001")
	requireError(t, update(b.Client, b.ID, id), workorder.ErrPermissionDenied, "42501")
	err = a.Locations.Update(t.Context(), assets.UpdateLocationParams{LocationID: id, LocationType: new(assets.Region)})
	requireError(t, err, workorder.ErrInvalidInput, "23514")
}

func TestDeletedLocationsLeaveTheirPlacesBehind(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	site := makePlace(t, tn.Client, assets.Site, "")
	building := makePlace(t, tn.Client, assets.Building, site)
	asset := makeAsset(t, tn, "Press", site)
	space, err := tn.Spaces.Create(t.Context(), assets.CreateSpaceParams{LocationID: site})
	require.NoError(t, err)
	zone, err := tn.MapZones.Create(t.Context(), assets.CreateMapZoneParams{Name: "z", Geometry: yard, LocationID: site})
	require.NoError(t, err)

	require.NoError(t, tn.Locations.Delete(t.Context(), assets.DeleteLocationParams{LocationID: site}))
	row, err := tn.Locations.Get(t.Context(), building)
	require.NoError(t, err)
	require.Nil(t, row.ParentLocationID)
	a, err := tn.Assets.Get(t.Context(), asset)
	require.NoError(t, err)
	require.Nil(t, a.LocationID)
	z, err := tn.MapZones.Get(t.Context(), zone)
	require.NoError(t, err)
	require.Nil(t, z.LocationID)
	_, err = tn.Spaces.Get(t.Context(), space)
	require.ErrorIs(t, err, workorder.ErrNotFound)
	requireError(t, tn.Locations.Delete(t.Context(), assets.DeleteLocationParams{LocationID: site}), workorder.ErrRuleViolation, "P0001")
}

func TestLocationTreeAndSites(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	region := makePlace(t, tn.Client, assets.Region, "")
	site := makePlace(t, tn.Client, assets.Site, region)
	inner := makePlace(t, tn.Client, assets.Site, site)
	building := makePlace(t, tn.Client, assets.Building, inner)
	floor := makePlace(t, tn.Client, assets.Floor, building)
	room := makePlace(t, tn.Client, assets.Room, floor)
	lone := makePlace(t, tn.Client, assets.Room, "")
	press := makeAsset(t, tn, "Press", room)
	require.NoError(t, tn.Assets.Update(t.Context(), assets.UpdateAssetParams{AssetID: makeAsset(t, tn, "Old", site), Status: new(assets.StatusRetired)}))

	tree, err := tn.Locations.Tree(t.Context())
	require.NoError(t, err)
	require.Equal(t, 7, tree.Len())
	require.Len(t, tree.Roots, 2)
	var path []string
	for _, n := range tree.Get(room).Path() {
		path = append(path, n.ID)
	}
	require.Equal(t, []string{region, site, inner, building, floor, room}, path)

	// The view of sites and the tree agree on every place.
	rows, err := tn.Locations.Sites.List(t.Context())
	require.NoError(t, err)
	require.Len(t, rows, tree.Len())
	for _, row := range rows {
		want := tree.Get(row.LocationID).Site()
		if want == nil {
			require.Nil(t, row.SiteID)
			continue
		}
		require.Equal(t, want.ID, *row.SiteID)
	}
	require.Nil(t, tree.Get(lone).Site())
	require.Equal(t, inner, tree.Get(room).Site().ID)

	sites, err := tn.Locations.SiteRollup(t.Context())
	require.NoError(t, err)
	require.Len(t, sites, 2)
	require.Equal(t, assets.SiteRollup{Site: sites[0].Site, Buildings: 1, Floors: 1, Rooms: 1, Assets: 2, ActiveAssets: 1}, sites[0])
	require.Equal(t, site, sites[0].Site.ID)
	require.Equal(t, assets.SiteRollup{Site: sites[1].Site, Buildings: 1, Floors: 1, Rooms: 1, Assets: 1, ActiveAssets: 1}, sites[1])
	require.Equal(t, inner, sites[1].Site.ID)
	require.NotEmpty(t, press)

	hierarchy, err := tn.Locations.Hierarchy.List(t.Context())
	if errorCode(err) == "42501" {
		return // the platform forgot a grant; the tree is there all the same
	}
	require.NoError(t, err)
	require.Len(t, hierarchy, tree.Len())
	for _, h := range hierarchy {
		var ids, names []string
		for _, n := range tree.Get(h.ID).Path() {
			ids, names = append(ids, n.ID), append(names, n.Name)
		}
		require.Equal(t, ids, h.PathIDs)
		require.Equal(t, names, h.PathNames)
		require.Equal(t, tree.Get(h.ID).Depth(), *h.Depth)
	}
}

func TestLocationsDoNotMoveIntoThemselves(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	outer := makePlace(t, tn.Client, assets.Site, "")
	middle := makePlace(t, tn.Client, assets.Site, outer)
	inner := makePlace(t, tn.Client, assets.Site, middle)
	var cycle *assets.LocationCycleError
	err := tn.Locations.Move(t.Context(), assets.MoveLocationParams{LocationID: outer, ParentLocationID: inner})
	require.ErrorAs(t, err, &cycle)
	require.Equal(t, []string{outer, inner, middle}, cycle.LocationIDs)
	err = tn.Locations.Update(t.Context(), assets.UpdateLocationParams{LocationID: outer, ParentLocationID: new(strings.ToUpper(outer))})
	require.ErrorAs(t, err, &cycle)

	require.NoError(t, tn.Locations.Move(t.Context(), assets.MoveLocationParams{LocationID: inner, ParentLocationID: outer}))
	row, err := tn.Locations.Get(t.Context(), inner)
	require.NoError(t, err)
	require.Equal(t, outer, *row.ParentLocationID)
}

// A tree of six levels comes in whatever order, with bad rows in it, and below
// each bad row nothing is stored.
func TestLocationImport(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	existing := makePlace(t, tn.Client, assets.Region, "")
	var rows []assets.ImportLocation
	bad := map[string]bool{} // keys that must not be stored
	add := func(kind assets.LocationType, key, parent string, spoilt bool) {
		row := assets.ImportLocation{Name: " " + key + " ", LocationType: kind, Key: key, ParentKey: parent}
		if parent == "" {
			row.ParentLocationID = existing
		}
		if spoilt {
			row.Code = "not a code"
		}
		bad[key] = spoilt || bad[parent]
		rows = append(rows, row)
	}
	for s := range 3 {
		site := fmt.Sprint("site ", s)
		add(assets.Site, site, "", false)
		for b := range 3 {
			building := fmt.Sprint(site, ".", b)
			add(assets.Building, building, site, s == 1 && b == 1)
			for f := range 3 {
				floor := fmt.Sprint(building, ".", f)
				add(assets.Floor, floor, building, s == 0 && f == 2)
				for z := range 2 {
					zone := fmt.Sprint(floor, ".", z)
					add(assets.Zone, zone, floor, false)
					add(assets.Zone, zone+" inner", zone, false)
					add(assets.Room, zone+" room", zone+" inner", z == 1 && f == 0)
				}
			}
		}
	}
	add(assets.Room, "room in a site", "site 0", true)
	rows[len(rows)-1].Code = "" // bad by its parent only
	rand.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })

	got, err := tn.Locations.BulkImport(t.Context(), assets.BulkImportLocationsParams{Rows: rows})
	require.NoError(t, err)
	require.Equal(t, len(rows), len(got.CreatedIDs)+len(got.Errors))
	failed := map[int]bool{}
	for _, e := range got.Errors {
		require.False(t, failed[e.Index], "reported once")
		failed[e.Index] = true
	}
	tree, err := tn.Locations.Tree(t.Context())
	require.NoError(t, err)
	index := map[string]int{}
	for i, row := range rows {
		index[row.Key] = i
	}
	stored := 0
	for i, row := range rows {
		require.Equal(t, bad[row.Key], failed[i], row.Key)
		require.Equal(t, bad[row.Key], got.IDs[i] == "", row.Key)
		if bad[row.Key] {
			continue
		}
		stored++
		n := tree.Get(got.IDs[i])
		require.NotNil(t, n, row.Key)
		require.Equal(t, row.Key, n.Name, "trimmed")
		parent := existing
		if row.ParentKey != "" {
			parent = got.IDs[index[row.ParentKey]]
		}
		require.Equal(t, parent, n.Parent.ID, row.Key)
	}
	require.Equal(t, stored+1, tree.Len(), "and nothing else")
	require.Positive(t, stored)

	empty, err := tn.Locations.BulkImport(t.Context(), assets.BulkImportLocationsParams{})
	require.NoError(t, err)
	require.Empty(t, empty.CreatedIDs)
	require.Empty(t, empty.Errors)
}

func TestLocationImportReportsByIndex(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	got, err := tn.Locations.BulkImport(t.Context(), assets.BulkImportLocationsParams{Rows: []assets.ImportLocation{
		{Name: " n1 ", Code: "K"}, {Name: "  "}, {Name: "n3", Code: "K"}, {Name: "n4", LocationType: "campus"},
		{Name: "n5", ParentLocationID: "no uuid"}, {Name: "n6"},
	}})
	require.NoError(t, err)
	require.Len(t, got.CreatedIDs, 2)
	var at []int
	for _, e := range got.Errors {
		at = append(at, e.Index)
		require.NotEmpty(t, e.Message)
	}
	require.Equal(t, []int{1, 2, 3, 4}, at)
	row, err := tn.Locations.Get(t.Context(), got.IDs[0])
	require.NoError(t, err)
	require.Equal(t, "n1", row.Name)
}

func TestSpaces(t *testing.T) {
	t.Parallel()
	a, b := stack.Tenant(t), stack.Tenant(t)
	room := makePlace(t, a.Client, assets.Room, "")
	_, err := a.Spaces.GetByLocationID(t.Context(), room)
	require.ErrorIs(t, err, workorder.ErrNotFound)
	id, err := a.Spaces.Create(t.Context(), assets.CreateSpaceParams{
		LocationID: room, Capacity: new(0), AreaSqft: new(decimal.RequireFromString("120.555")), Attributes: []byte(`{"beamer":true,"n":1.50}`),
	})
	require.NoError(t, err)
	space, err := a.Spaces.GetByLocationID(t.Context(), room)
	require.NoError(t, err)
	require.Equal(t, id, space.ID)
	require.Equal(t, assets.SpaceAvailable, space.Status)
	require.Equal(t, 0, *space.Capacity)
	require.Equal(t, "120.56", space.AreaSqft.String())
	require.Equal(t, "room", space.LocationName)
	require.Equal(t, assets.Room, space.LocationType)
	require.JSONEq(t, `{"beamer":true,"n":1.50}`, string(space.Attributes))

	create := func(c *workorder.Client, p assets.CreateSpaceParams) error {
		_, err := c.Spaces.Create(t.Context(), p)
		return err
	}
	requireError(t, create(a.Client, assets.CreateSpaceParams{LocationID: room}), workorder.ErrConflict, "23505")
	requireError(t, create(a.Client, assets.CreateSpaceParams{LocationID: unknownID}), workorder.ErrRuleViolation, "P0001")
	requireError(t, create(b.Client, assets.CreateSpaceParams{LocationID: room}), workorder.ErrPermissionDenied, "42501")
	requireError(t, create(a.Client, assets.CreateSpaceParams{LocationID: makePlace(t, a.Client, assets.Room, ""), Status: "x"}), workorder.ErrInvalidInput, "23514")

	require.NoError(t, a.Spaces.Update(t.Context(), assets.UpdateSpaceParams{SpaceID: id, Status: new(assets.SpaceOffline), UsageType: new("office")}))
	after, err := a.Spaces.Get(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, assets.SpaceOffline, after.Status)
	require.Equal(t, "office", *after.UsageType)
	require.Equal(t, 0, *after.Capacity)
	require.NoError(t, a.Spaces.Update(t.Context(), assets.UpdateSpaceParams{SpaceID: id, Attributes: []byte(`[]`)}))
	after, err = a.Spaces.Get(t.Context(), id)
	require.NoError(t, err)
	require.JSONEq(t, `[]`, string(after.Attributes), "replaced as a whole")
	requireError(t, b.Spaces.Update(t.Context(), assets.UpdateSpaceParams{SpaceID: id, Capacity: new(1)}), workorder.ErrPermissionDenied, "42501")

	requireError(t, b.Spaces.Delete(t.Context(), assets.DeleteSpaceParams{SpaceID: id}), workorder.ErrPermissionDenied, "42501")
	require.NoError(t, a.Spaces.Delete(t.Context(), assets.DeleteSpaceParams{SpaceID: id}))
	requireError(t, a.Spaces.Delete(t.Context(), assets.DeleteSpaceParams{SpaceID: id}), workorder.ErrRuleViolation, "P0001")
}

var yard = types.Geometry(`{"type":"Polygon","coordinates":[[[11.5,48.1],[11.6,48.1],[11.6,48.2],[11.5,48.1]]]}`)

func TestMapZones(t *testing.T) {
	t.Parallel()
	a, b := stack.Tenant(t), stack.Tenant(t)
	site := makePlace(t, a.Client, assets.Site, "")
	for _, g := range []types.Geometry{
		yard,
		types.Geometry(`{"type":"Point","coordinates":[-180,90,12.5]}`),
		types.Geometry(`{"type":"LineString","coordinates":[[0,0],[1,1]]}`),
		types.Geometry(`{"type":"MultiPoint","coordinates":[[0,0]]}`),
		types.Geometry(`{"type":"MultiLineString","coordinates":[[[0,0],[1,1]]]}`),
		types.Geometry(`{"type":"MultiPolygon","coordinates":[[[[0,0],[1,1],[1,0],[0,0]]]]}`),
	} {
		id, err := a.MapZones.Create(t.Context(), assets.CreateMapZoneParams{Name: "z", Geometry: g, LocationID: site})
		require.NoError(t, err, g)
		row, err := a.MapZones.Get(t.Context(), id)
		require.NoError(t, err)
		require.JSONEq(t, g.String(), row.Geometry.String(), "orientation and order stay")
		require.NoError(t, row.Geometry.Check())
	}
	for _, bad := range []string{
		`{"type":"Feature","geometry":` + yard.String() + `,"properties":null}`,
		`{"type":"GeometryCollection","geometries":[],"coordinates":[]}`,
		`{"type":"Polygon","coordinates":[[[0,0],[1,0],[1,1],[0,1]]]}`,
		`{"type":"Point","coordinates":[0,91]}`,
	} {
		_, err := a.MapZones.Create(t.Context(), assets.CreateMapZoneParams{Name: "z", Geometry: types.Geometry(bad)})
		require.ErrorIs(t, err, workorder.ErrInvalidInput, bad)
	}
	n, err := a.MapZones.Count(t.Context())
	require.NoError(t, err)
	require.Equal(t, int64(6), n)

	_, err = b.MapZones.Create(t.Context(), assets.CreateMapZoneParams{Name: "z", Geometry: yard, LocationID: site})
	requireError(t, err, workorder.ErrRuleViolation, "P0001")
	id, err := a.MapZones.Create(t.Context(), assets.CreateMapZoneParams{Name: "z", Geometry: yard})
	require.NoError(t, err)
	require.NoError(t, a.MapZones.Update(t.Context(), assets.UpdateMapZoneParams{ZoneID: id, Name: new("gate"), LocationID: &site}))
	row, err := a.MapZones.Get(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, "gate", row.Name)
	require.Equal(t, site, *row.LocationID)
	require.JSONEq(t, yard.String(), row.Geometry.String())
	requireError(t, b.MapZones.Update(t.Context(), assets.UpdateMapZoneParams{ZoneID: id, Name: new("x")}), workorder.ErrPermissionDenied, "42501")
	requireError(t, b.MapZones.Delete(t.Context(), assets.DeleteMapZoneParams{ZoneID: id}), workorder.ErrPermissionDenied, "42501")
	require.NoError(t, a.MapZones.Delete(t.Context(), assets.DeleteMapZoneParams{ZoneID: id}))
	requireError(t, a.MapZones.Delete(t.Context(), assets.DeleteMapZoneParams{ZoneID: id}), workorder.ErrRuleViolation, "P0001")
}

// The audit log tells of locations and assets, not of spaces and map zones.
func TestPlacesInTheAuditLog(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	place := makeLocation(t, tn, "Hall")
	asset := makeAsset(t, tn, "Press", place)
	require.NoError(t, tn.Locations.Update(t.Context(), assets.UpdateLocationParams{LocationID: place, Name: new("Hall 2")}))
	space, err := tn.Spaces.Create(t.Context(), assets.CreateSpaceParams{LocationID: place})
	require.NoError(t, err)
	zone, err := tn.MapZones.Create(t.Context(), assets.CreateMapZoneParams{Name: "z", Geometry: yard})
	require.NoError(t, err)
	require.NoError(t, tn.Assets.Delete(t.Context(), assets.DeleteAssetParams{AssetID: asset}))

	changes := map[string][]string{}
	for c, err := range tn.Audit.EntityChanges.All(t.Context()) {
		require.NoError(t, err)
		changes[c.RecordID] = append(changes[c.RecordID], c.Operation)
	}
	require.Equal(t, []string{"INSERT", "UPDATE"}, changes[place])
	require.Equal(t, []string{"INSERT", "DELETE"}, changes[asset])
	require.Empty(t, changes[space])
	require.Empty(t, changes[zone])
}
