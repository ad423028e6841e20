package integration

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/assets"
	"github.com/workorder-systems/sdk-go/query"
	"github.com/workorder-systems/sdk-go/types"
)

// placeWrite is a write to assets, places or another resource that everybody
// tries.
type placeWrite struct {
	name    string // service and method, then what is special
	refused map[string]error
	do      func(t testing.TB, tn *tenant, c *workorder.Client) error
}

// freshSpace makes a space to act on, as the tenant's administrator.
func freshSpace(t testing.TB, tn *tenant) string {
	t.Helper()
	id, err := tn.Spaces.Create(t.Context(), assets.CreateSpaceParams{LocationID: makeLocation(t, tn, "x")})
	require.NoError(t, err)
	return id
}

func freshZone(t testing.TB, tn *tenant) string {
	t.Helper()
	id, err := tn.MapZones.Create(t.Context(), assets.CreateMapZoneParams{Name: "x", Geometry: yard})
	require.NoError(t, err)
	return id
}

// Every member may write single assets and places: the platform asks for no
// permission there.
var placeWrites = []placeWrite{
	{"Assets.Create", strangers, func(t testing.TB, tn *tenant, c *workorder.Client) error {
		_, err := c.Assets.Create(t.Context(), assets.CreateAssetParams{TenantID: tn.ID, Name: "x"})
		return err
	}},
	{"Assets.Update", strangers, func(t testing.TB, tn *tenant, c *workorder.Client) error {
		return c.Assets.Update(t.Context(), assets.UpdateAssetParams{TenantID: tn.ID, AssetID: makeAsset(t, tn, "x", ""), Name: new("y")})
	}},
	{"Assets.Delete", strangers, func(t testing.TB, tn *tenant, c *workorder.Client) error {
		return c.Assets.Delete(t.Context(), assets.DeleteAssetParams{TenantID: tn.ID, AssetID: makeAsset(t, tn, "x", "")})
	}},
	{"Assets.BulkImport", managersOnly, func(t testing.TB, tn *tenant, c *workorder.Client) error {
		_, err := c.Assets.BulkImport(t.Context(), assets.BulkImportAssetsParams{TenantID: tn.ID, Rows: []assets.ImportAsset{{Name: "x"}}})
		return err
	}},
	{"Assets.ResolveByScanCode", strangers, func(t testing.TB, tn *tenant, c *workorder.Client) error {
		_, err := c.Assets.ResolveByScanCode(t.Context(), assets.ResolveByScanCodeParams{TenantID: tn.ID, Code: "x"})
		return err
	}},
	{"Assets.UpsertWarranty", managersOnly, func(t testing.TB, tn *tenant, c *workorder.Client) error {
		_, err := c.Assets.UpsertWarranty(t.Context(), assets.UpsertWarrantyParams{
			TenantID: tn.ID, AssetID: makeAsset(t, tn, "x", ""), ExpiresOn: types.NewDate(2030, 1, 1),
		})
		return err
	}},
	{"Assets.RecordDowntime", fieldOnly, func(t testing.TB, tn *tenant, c *workorder.Client) error {
		_, err := c.Assets.RecordDowntime(t.Context(), assets.RecordDowntimeParams{
			TenantID: tn.ID, AssetID: makeAsset(t, tn, "x", ""), ReasonKey: assets.DowntimeOther,
		})
		return err
	}},
	{"Locations.Create", strangers, func(t testing.TB, tn *tenant, c *workorder.Client) error {
		_, err := c.Locations.Create(t.Context(), assets.CreateLocationParams{TenantID: tn.ID, Name: "x"})
		return err
	}},
	{"Locations.Update", strangers, func(t testing.TB, tn *tenant, c *workorder.Client) error {
		return c.Locations.Update(t.Context(), assets.UpdateLocationParams{TenantID: tn.ID, LocationID: makeLocation(t, tn, "x"), Name: new("y")})
	}},
	{"Locations.Move", map[string]error{"outsider": workorder.ErrNoTenant, "nobody": unsigned}, func(t testing.TB, tn *tenant, c *workorder.Client) error {
		return c.Locations.Move(t.Context(), assets.MoveLocationParams{
			TenantID: tn.ID, LocationID: makeLocation(t, tn, "x"), ParentLocationID: makeLocation(t, tn, "y"),
		})
	}},
	{"Locations.Delete", strangers, func(t testing.TB, tn *tenant, c *workorder.Client) error {
		return c.Locations.Delete(t.Context(), assets.DeleteLocationParams{TenantID: tn.ID, LocationID: makeLocation(t, tn, "x")})
	}},
	{"Locations.BulkImport", managersOnly, func(t testing.TB, tn *tenant, c *workorder.Client) error {
		_, err := c.Locations.BulkImport(t.Context(), assets.BulkImportLocationsParams{TenantID: tn.ID, Rows: []assets.ImportLocation{{Name: "x"}}})
		return err
	}},
	{"Spaces.Create", strangers, func(t testing.TB, tn *tenant, c *workorder.Client) error {
		_, err := c.Spaces.Create(t.Context(), assets.CreateSpaceParams{TenantID: tn.ID, LocationID: makeLocation(t, tn, "x")})
		return err
	}},
	{"Spaces.Update", strangers, func(t testing.TB, tn *tenant, c *workorder.Client) error {
		return c.Spaces.Update(t.Context(), assets.UpdateSpaceParams{TenantID: tn.ID, SpaceID: freshSpace(t, tn), Capacity: new(3)})
	}},
	{"Spaces.Delete", strangers, func(t testing.TB, tn *tenant, c *workorder.Client) error {
		return c.Spaces.Delete(t.Context(), assets.DeleteSpaceParams{TenantID: tn.ID, SpaceID: freshSpace(t, tn)})
	}},
	{"MapZones.Create", strangers, func(t testing.TB, tn *tenant, c *workorder.Client) error {
		_, err := c.MapZones.Create(t.Context(), assets.CreateMapZoneParams{TenantID: tn.ID, Name: "x", Geometry: yard})
		return err
	}},
	{"MapZones.Update", strangers, func(t testing.TB, tn *tenant, c *workorder.Client) error {
		return c.MapZones.Update(t.Context(), assets.UpdateMapZoneParams{TenantID: tn.ID, ZoneID: freshZone(t, tn), Name: new("y")})
	}},
	{"MapZones.Delete", strangers, func(t testing.TB, tn *tenant, c *workorder.Client) error {
		return c.MapZones.Delete(t.Context(), assets.DeleteMapZoneParams{TenantID: tn.ID, ZoneID: freshZone(t, tn)})
	}},
}

// tryByEveryRole does the writes as a member in every role, as somebody of no
// tenant and as nobody.
func tryByEveryRole(t *testing.T, tn *tenant, writes []placeWrite) {
	t.Helper()
	s := dispatchStage{plan: plan{tenant: tn}}
	for _, who := range append(slices.Clone(roles), "outsider", "nobody") {
		t.Run(who, func(t *testing.T) {
			t.Parallel()
			a := s.Actor(t, who)
			for _, write := range writes {
				t.Run(write.name, func(t *testing.T) {
					requireRefusal(t, write.do(t, tn, a.Client), write.refused[who])
				})
			}
		})
	}
}

func TestRolesMayDoTheirWritesToPlacesOnly(t *testing.T) {
	t.Parallel()
	tryByEveryRole(t, stack.Tenant(t), placeWrites)
}

// TestEveryWriteToPlacesIsTriedByEveryRole keeps the list above complete.
func TestEveryWriteToPlacesIsTriedByEveryRole(t *testing.T) {
	t.Parallel()
	tried := map[string]bool{"Locations.Tree": true, "Locations.SiteRollup": true, "Spaces.GetByLocationID": true} // readers
	for _, write := range placeWrites {
		tried[write.name] = true
	}
	require.Empty(t, untried(servicesOf(stack.Client(t), "assets"), tried))
}

// placeViews finds all views of assets and places. The platform has forgotten
// to grant one of them.
func placeViews(t testing.TB, c *workorder.Client) []dispatchView {
	t.Helper()
	views := viewsOf(t, servicesOf(c, "assets"))
	require.Len(t, views, 9, "views that fillPlaces has a row for")
	if stack.local {
		return views
	}
	return slices.DeleteFunc(views, func(v dispatchView) bool { return v.name == "Locations.Hierarchy" })
}

// fillPlaces puts a row into every view of assets and places.
func fillPlaces(t testing.TB, tn *tenant) {
	t.Helper()
	place := makeLocation(t, tn, "Hall 1")
	asset := makeAsset(t, tn, "Press 1", place)
	_, err := tn.Assets.UpsertWarranty(t.Context(), assets.UpsertWarrantyParams{AssetID: asset, ExpiresOn: types.NewDate(2030, 1, 1)})
	require.NoError(t, err)
	_, err = tn.Assets.RecordDowntime(t.Context(), assets.RecordDowntimeParams{
		AssetID: asset, ReasonKey: assets.DowntimeOther, StartedAt: time.Now().Add(-time.Hour), EndedAt: time.Now(),
	})
	require.NoError(t, err)
	_, err = tn.Spaces.Create(t.Context(), assets.CreateSpaceParams{LocationID: place})
	require.NoError(t, err)
	_, err = tn.MapZones.Create(t.Context(), assets.CreateMapZoneParams{Name: "Yard", Geometry: yard})
	require.NoError(t, err)
}

func TestEveryViewOfPlacesShowsItsOwnTenantOnly(t *testing.T) {
	t.Parallel()
	a, b := stack.Tenant(t), stack.Tenant(t)
	fillPlaces(t, a)
	for _, v := range placeViews(t, b.Client) {
		n, err := v.count(t.Context())
		require.NoError(t, err, v.name)
		require.Zero(t, n, "%s: there is nothing but another tenant's", v.name)
	}
	fillPlaces(t, b)
	for _, tt := range []struct{ mine, other *tenant }{{a, b}, {b, a}} {
		for _, v := range placeViews(t, tt.mine.Client) {
			got := v.tenants(t)
			require.Equal(t, []string{tt.mine.ID}, got, v.name)
			require.Empty(t, v.tenants(t, query.Where(query.NewColumn[string]("tenant_id").Eq(tt.other.ID))), v.name)
		}
	}
}

func TestViewsOfPlacesShowTheTenantOfTheToken(t *testing.T) {
	t.Parallel()
	u := stack.User(t)
	a, b := u.NewTenant(t), u.NewTenant(t)
	fillPlaces(t, a)
	for _, v := range placeViews(t, b.Client) {
		require.Empty(t, v.tenants(t), v.name)
	}
	for _, v := range placeViews(t, u.Client) {
		_, err := v.count(t.Context())
		require.ErrorIs(t, err, workorder.ErrNoTenant, v.name)
	}
	for _, v := range placeViews(t, a.Client) {
		require.NotEmpty(t, v.tenants(t), v.name)
	}
}

func TestViewsOfPlacesOfAForeignClaimAreEmpty(t *testing.T) {
	t.Parallel()
	a, outsider := stack.Tenant(t), stack.User(t)
	fillPlaces(t, a)
	src, err := workorder.NewSelfSigned(workorder.SelfSigned{Secret: stack.Secret(t), Subject: outsider.ID, Tenant: a.ID})
	require.NoError(t, err)
	for _, v := range placeViews(t, stack.Client(t, workorder.WithTokenSource(src))) {
		require.Empty(t, v.tenants(t), v.name)
	}
}

func TestViewsOfPlacesAreForMembers(t *testing.T) {
	t.Parallel()
	a := stack.Tenant(t)
	fillPlaces(t, a)
	closed := map[string]bool{
		"MapZones.View": true, "Assets.Warranties": true, "Assets.MonthlyDowntime": true, "Locations.Hierarchy": true,
	}
	for _, v := range placeViews(t, stack.Client(t)) {
		if n, err := v.count(t.Context()); closed[v.name] {
			require.Equal(t, "42501", errorCode(err), "%s: %v", v.name, err)
		} else {
			require.NoError(t, err, v.name)
			require.Zero(t, n, v.name)
		}
	}
	for _, v := range placeViews(t, stack.ServiceClient(t)) {
		_, err := v.count(t.Context())
		require.Equal(t, "42501", errorCode(err), "%s: %v", v.name, err)
	}
	for _, role := range roles {
		for _, v := range placeViews(t, a.Member(t, role).Client) {
			want := 1
			if v.name == "Assets.MonthlyDowntime" && role == "requestor" {
				want = 0 // needs downtime.view
			}
			require.Len(t, v.tenants(t), want, "%s by %s", v.name, role)
		}
	}
}
