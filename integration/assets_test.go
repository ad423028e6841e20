package integration

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/assets"
	"github.com/workorder-systems/sdk-go/inventory"
	"github.com/workorder-systems/sdk-go/query"
	"github.com/workorder-systems/sdk-go/types"
	"github.com/workorder-systems/sdk-go/workorders"
)

func TestAssetDefaultsAndLimits(t *testing.T) {
	t.Parallel()
	a, b := stack.Tenant(t), stack.Tenant(t)
	create := func(c *workorder.Client, p assets.CreateAssetParams) error {
		_, err := c.Assets.Create(t.Context(), p)
		return err
	}
	id, err := a.Assets.Create(t.Context(), assets.CreateAssetParams{Name: "Press", Barcode: " BC1 ", AssetNumber: "N1"})
	require.NoError(t, err)
	row, err := a.Assets.Get(t.Context(), id)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(assets.Asset{
		ID: id, TenantID: a.ID, Name: "Press", Barcode: new("BC1"), AssetNumber: new("N1"), Status: assets.StatusActive,
		CreatedAt: row.CreatedAt, UpdatedAt: row.UpdatedAt,
	}, *row))

	requireError(t, create(a.Client, assets.CreateAssetParams{Name: "x", Barcode: "BC1"}), workorder.ErrConflict, "23505")
	requireError(t, create(a.Client, assets.CreateAssetParams{Name: "x", AssetNumber: "N1"}), workorder.ErrConflict, "23505")
	require.NoError(t, create(b.Client, assets.CreateAssetParams{Name: "x", AssetNumber: "N1", Barcode: "BC1"}))
	requireError(t, create(a.Client, assets.CreateAssetParams{Name: "x", Barcode: strings.Repeat("1", 101)}), workorder.ErrInvalidInput, "23514")
	requireError(t, create(a.Client, assets.CreateAssetParams{Name: "x", Status: "shiny"}), workorder.ErrInvalidReference, "23503")
	requireError(t, create(a.Client, assets.CreateAssetParams{Name: "x", LocationID: unknownID}), workorder.ErrInvalidReference, "23503")
	requireError(t, create(a.Client, assets.CreateAssetParams{Name: "x", LocationID: makeLocation(t, b, "theirs")}), workorder.ErrInvalidReference, "23503")
	requireError(t, create(a.Client, assets.CreateAssetParams{Name: "x", DepartmentID: makeDepartment(t, b.Client, "theirs")}), workorder.ErrInvalidReference, "23503")

	blank, err := a.Assets.Create(t.Context(), assets.CreateAssetParams{Name: "x", Barcode: "  ", Status: assets.StatusDecommissioned})
	require.NoError(t, err)
	row, err = a.Assets.Get(t.Context(), blank)
	require.NoError(t, err)
	require.Nil(t, row.Barcode)
	require.Nil(t, row.DecommissionedAt, "a status sets no date")
}

func TestAssetUpdatesKeepTheRest(t *testing.T) {
	t.Parallel()
	a, b := stack.Tenant(t), stack.Tenant(t)
	id, err := a.Assets.Create(t.Context(), assets.CreateAssetParams{
		Name: "Press", Description: "d", AssetNumber: "N", LocationID: makeLocation(t, a, "l"), DepartmentID: makeDepartment(t, a.Client, "d"),
		Status: assets.StatusInService, Barcode: "B",
	})
	require.NoError(t, err)
	before, err := a.Assets.Get(t.Context(), id)
	require.NoError(t, err)
	require.NoError(t, a.Assets.Update(t.Context(), assets.UpdateAssetParams{AssetID: id, Description: new(""), Barcode: new("")}))
	after, err := a.Assets.Get(t.Context(), id)
	require.NoError(t, err)
	require.True(t, after.UpdatedAt.After(before.UpdatedAt))
	want := *before
	want.Description, want.Barcode, want.UpdatedAt = new(""), nil, after.UpdatedAt
	require.Empty(t, cmp.Diff(want, *after))

	summary, err := a.Assets.Summaries.Get(t.Context(), id)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(assets.AssetSummary{
		ID: id, TenantID: a.ID, Name: "Press", AssetNumber: new("N"), LocationID: want.LocationID, Status: assets.StatusInService, UpdatedAt: want.UpdatedAt,
	}, *summary))

	update := func(c *workorder.Client, id string) error {
		return c.Assets.Update(t.Context(), assets.UpdateAssetParams{AssetID: id, Name: new("no")})
	}
	requireError(t, update(a.Client, unknownID), workorder.ErrRuleViolation, "P0001")
	requireError(t, update(b.Client, id), workorder.ErrPermissionDenied, "42501")
	requireError(t, b.Assets.Delete(t.Context(), assets.DeleteAssetParams{AssetID: id}), workorder.ErrPermissionDenied, "42501")
}

func TestDeletedAssetsTakeTheirRecordsAlong(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	id := makeAsset(t, tn, "Press", "")
	wo, err := tn.WorkOrders.Create(t.Context(), workorders.CreateWorkOrderParams{Title: "x", AssetID: id})
	require.NoError(t, err)
	_, err = tn.Assets.UpsertWarranty(t.Context(), assets.UpsertWarrantyParams{AssetID: id, ExpiresOn: types.NewDate(2030, 1, 1)})
	require.NoError(t, err)

	require.NoError(t, tn.Member(t, "requestor").Assets.Delete(t.Context(), assets.DeleteAssetParams{AssetID: id}), "even a requestor may")
	_, err = tn.Assets.Get(t.Context(), id)
	require.ErrorIs(t, err, workorder.ErrNotFound)
	n, err := tn.Assets.Warranties.Count(t.Context())
	require.NoError(t, err)
	require.Zero(t, n)
	require.Nil(t, getWorkOrder(t, tn.Client, wo).AssetID)
	requireError(t, tn.Assets.Delete(t.Context(), assets.DeleteAssetParams{AssetID: id}), workorder.ErrRuleViolation, "P0001")
}

func TestScannedCodes(t *testing.T) {
	t.Parallel()
	a, b := stack.Tenant(t), stack.Tenant(t)
	make1 := func(p assets.CreateAssetParams) string {
		p.Name = "x"
		id, err := a.Assets.Create(t.Context(), p)
		require.NoError(t, err)
		return id
	}
	owner := make1(assets.CreateAssetParams{Barcode: "BC1"})
	numbered := make1(assets.CreateAssetParams{AssetNumber: "BC1"})
	place, err := a.Locations.Create(t.Context(), assets.CreateLocationParams{Name: "x", Code: "L-1"})
	require.NoError(t, err)
	both, err := a.Locations.Create(t.Context(), assets.CreateLocationParams{Name: "x", Code: "BC1"})
	require.NoError(t, err)
	part, err := a.PartsInventory.CreatePart(t.Context(), inventory.CreatePartParams{PartNumber: "P_1", Barcode: "4006381333931"})
	require.NoError(t, err)
	other := makePart(t, a, "4006381333931")

	scan := func(c *workorder.Client, tenant, code string) assets.ScanResult {
		t.Helper()
		got, err := c.Assets.ResolveByScanCode(t.Context(), assets.ResolveByScanCodeParams{TenantID: tenant, Code: code})
		require.NoError(t, err, code)
		return got
	}
	none := assets.ScanResult{}
	for code, want := range map[string]assets.ScanResult{
		"BC1\r\n": {Kind: assets.ScannedAsset, ID: owner}, "bc1": none, "": none, "unknown": none,
		"L-1": {Kind: assets.ScannedLocation, ID: place}, "L_1": none, "%": none, "P_1": {Kind: assets.ScannedPart, ID: part}, "PX1": none,
		"4006381333931": {Kind: assets.ScannedPart, ID: part}, `quote"d,(a)`: none,
	} {
		require.Equal(t, want, scan(a.Client, "", code), "%q", code)
	}
	require.Equal(t, assets.ScanResult{Kind: assets.ScannedAsset, ID: owner}, scan(a.Client, "", " BC1 "))
	technician := a.Member(t, "technician")
	require.Equal(t, assets.ScanResult{Kind: assets.ScannedPart, ID: part}, scan(technician.In(t, a.ID), "", "P_1"), "needs no permission for parts")
	for _, code := range []string{"BC1", "L-1", "P_1"} {
		require.Equal(t, none, scan(b.Client, "", code))
	}
	_, err = b.Assets.ResolveByScanCode(t.Context(), assets.ResolveByScanCodeParams{TenantID: b.ID, Code: "BC1"})
	require.NoError(t, err)

	require.NoError(t, a.Assets.Update(t.Context(), assets.UpdateAssetParams{AssetID: owner, Barcode: new("")}))
	require.Equal(t, assets.ScanResult{Kind: assets.ScannedAsset, ID: numbered}, scan(a.Client, "", "BC1"), "the number, now that no barcode is it")
	require.NoError(t, a.Assets.Delete(t.Context(), assets.DeleteAssetParams{AssetID: numbered}))
	require.Equal(t, assets.ScanResult{Kind: assets.ScannedLocation, ID: both}, scan(a.Client, "", "BC1"))
	require.NotEmpty(t, other)
}

// One user in two tenants sees parts of both in the view; a scan gives the
// tenant's only.
func TestScansStayInTheirTenant(t *testing.T) {
	t.Parallel()
	u := stack.User(t)
	a, b := u.NewTenant(t), u.NewTenant(t)
	makePart(t, a, "P1")
	got, err := b.Assets.ResolveByScanCode(t.Context(), assets.ResolveByScanCodeParams{Code: "P1"})
	require.NoError(t, err)
	require.Equal(t, assets.ScanResult{}, got)
}

func TestAssetImportOfThousands(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	place := makeLocation(t, tn, "Hall")
	const n = 2000
	rows := make([]assets.ImportAsset, n)
	var bad []int
	for i := range rows {
		rows[i] = assets.ImportAsset{Name: fmt.Sprintf(" asset %04d ", i), AssetNumber: fmt.Sprintf("%05d", i), LocationID: place}
		switch i % 100 {
		case 7:
			rows[i].Name = "  "
		case 21:
			rows[i].Status = "shiny"
		case 42:
			rows[i].AssetNumber = rows[i-1].AssetNumber
		case 63:
			rows[i].LocationID = unknownID
		case 84:
			rows[i].Description = "a\x00b"
		default:
			continue
		}
		bad = append(bad, i)
	}
	got, err := tn.Assets.BulkImport(t.Context(), assets.BulkImportAssetsParams{Rows: rows})
	require.NoError(t, err)
	var at []int
	for _, e := range got.Errors {
		at = append(at, e.Index)
	}
	require.Equal(t, bad, at)
	require.Len(t, got.CreatedIDs, n-len(bad))

	names := map[string]string{}
	for a, err := range tn.Assets.All(t.Context()) {
		require.NoError(t, err)
		names[a.ID] = a.Name
		require.Equal(t, place, *a.LocationID)
		require.Nil(t, a.Barcode)
		require.Equal(t, assets.StatusActive, a.Status)
	}
	require.Len(t, names, n-len(bad))
	next := 0
	for i := range rows {
		if next < len(got.Errors) && got.Errors[next].Index == i {
			next++
			continue
		}
		require.Equal(t, strings.TrimSpace(rows[i].Name), names[got.CreatedIDs[i-next]], "ids come in row order")
	}
}

func TestWarranties(t *testing.T) {
	t.Parallel()
	a, b := stack.Tenant(t), stack.Tenant(t)
	id := makeAsset(t, a, "Press", "")
	ends := func() string {
		row, err := a.Assets.Get(t.Context(), id)
		require.NoError(t, err)
		if row.WarrantyExpiresAt == nil {
			return ""
		}
		return row.WarrantyExpiresAt.String()
	}
	upsert := func(c *workorder.Client, p assets.UpsertWarrantyParams) (string, error) {
		return c.Assets.UpsertWarranty(t.Context(), p)
	}
	today := types.DateOf(time.Now())
	early, late := today.AddDays(30), today.AddDays(90)
	first, err := upsert(a.Client, assets.UpsertWarrantyParams{AssetID: id, ExpiresOn: early})
	require.NoError(t, err)
	second, err := upsert(a.Client, assets.UpsertWarrantyParams{AssetID: id, ExpiresOn: late, WarrantyType: "extended"})
	require.NoError(t, err)
	require.Equal(t, late.String(), ends())
	deactivate := func(w string) {
		t.Helper()
		same, err := upsert(a.Client, assets.UpsertWarrantyParams{AssetID: id, WarrantyID: w, IsActive: new(false)})
		require.NoError(t, err)
		require.Equal(t, w, same)
	}
	deactivate(second)
	require.Equal(t, early.String(), ends())
	deactivate(first)
	require.Empty(t, ends())

	_, err = upsert(a.Client, assets.UpsertWarrantyParams{AssetID: id, WarrantyID: second, CoverageSummary: new("parts")})
	require.NoError(t, err)
	row, err := a.Assets.Warranties.Get(t.Context(), second)
	require.NoError(t, err)
	require.Equal(t, "extended", row.WarrantyType, "stays")
	require.False(t, row.IsActive, "stays")
	require.Equal(t, "parts", *row.CoverageSummary)
	rows, err := a.Assets.Warranties.List(t.Context(), query.Where(assets.WarrantyCols.AssetID.Eq(id)), query.OrderBy(assets.WarrantyCols.ExpiresOn.Asc()))
	require.NoError(t, err)
	require.Len(t, rows, 2)
	require.Equal(t, first, rows[0].ID)

	other := makeAsset(t, a, "Other", "")
	_, err = upsert(a.Client, assets.UpsertWarrantyParams{AssetID: other, WarrantyID: first})
	requireError(t, err, workorder.ErrRuleViolation, "P0001")
	_, err = upsert(b.Client, assets.UpsertWarrantyParams{AssetID: id, ExpiresOn: late})
	requireError(t, err, workorder.ErrRuleViolation, "P0001")
	_, err = upsert(a.Client, assets.UpsertWarrantyParams{AssetID: id, ExpiresOn: late, WarrantyType: "Not A Key"})
	requireError(t, err, workorder.ErrInvalidInput, "23514")
	_, err = upsert(a.Client, assets.UpsertWarrantyParams{AssetID: id, ExpiresOn: late, SupplierID: makeSupplier(t, b, "theirs")})
	requireError(t, err, workorder.ErrInvalidReference, "23503")
}

func TestDowntime(t *testing.T) {
	t.Parallel()
	a, b := stack.Tenant(t), stack.Tenant(t)
	id := makeAsset(t, a, "Press", "")
	record := func(c *workorder.Client, p assets.RecordDowntimeParams) error {
		_, err := c.Assets.RecordDowntime(t.Context(), p)
		return err
	}
	month := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	for _, e := range []struct {
		start time.Time
		long  time.Duration
	}{{month.Add(time.Hour), 2 * time.Hour}, {month.AddDate(0, 1, 0).Add(-time.Minute), 45 * time.Second}, {month.AddDate(0, 2, 0).Add(-time.Hour), 30 * time.Hour}} {
		require.NoError(t, record(a.Client, assets.RecordDowntimeParams{AssetID: id, ReasonKey: "of_their_own", StartedAt: e.start, EndedAt: e.start.Add(e.long)}))
	}
	rows, err := a.Assets.MonthlyDowntime.List(t.Context())
	require.NoError(t, err)
	require.Len(t, rows, 2)
	require.Equal(t, types.NewDate(2026, 3, 1), rows[0].MonthStart)
	require.True(t, rows[0].DowntimeMinutes.Equal(decimal.RequireFromString("120.75")), rows[0].DowntimeMinutes.String())
	require.Equal(t, types.NewDate(2026, 4, 1), rows[1].MonthStart, "the month of its beginning")
	require.True(t, rows[1].DowntimeMinutes.Equal(decimal.NewFromInt(1800)), rows[1].DowntimeMinutes.String())

	requireError(t, record(a.Client, assets.RecordDowntimeParams{AssetID: id, ReasonKey: "Bad Key"}), workorder.ErrInvalidInput, "23514")
	requireError(t, record(a.Client, assets.RecordDowntimeParams{AssetID: id, ReasonKey: "x", EndedAt: month}), workorder.ErrInvalidInput, "23514")
	requireError(t, record(b.Client, assets.RecordDowntimeParams{AssetID: id, ReasonKey: "x"}), workorder.ErrInvalidReference, "23503")
	requireError(t, record(a.Client, assets.RecordDowntimeParams{AssetID: id, ReasonKey: "x", LinkedWorkOrderID: unknownID}), workorder.ErrInvalidReference, "23503")
	for role, want := range map[string]int{"manager": 2, "technician": 2, "member": 2, "requestor": 0} {
		rows, err := a.Member(t, role).In(t, a.ID).Assets.MonthlyDowntime.List(t.Context())
		require.NoError(t, err)
		require.Len(t, rows, want, role)
	}
}

// No function sets the life cycle of an asset; who sets it through the view is read.
func TestAssetLifeCycleColumns(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	old, successor := makeAsset(t, tn, "old", ""), makeAsset(t, tn, "new", "")
	at := time.Date(2020, 2, 29, 12, 0, 0, 0, time.UTC)
	raw, err := tn.Supabase(t.Context())
	require.NoError(t, err)
	for id, life := range map[string]map[string]any{
		old: {
			"commissioned_at": at, "decommissioned_at": at.AddDate(5, 0, 0), "end_of_life_estimate": "2026-02-28",
			"service_contract_expires_at": "2025-01-01", "planned_replacement_date": "2024-12-31", "replaced_by_asset_id": successor,
		},
		successor: {"replacement_of_asset_id": old},
	} {
		_, _, err := raw.From("v_assets").Update(life, "minimal", "").Eq("id", id).Execute()
		require.NoError(t, err)
	}

	row, err := tn.Assets.Get(t.Context(), old)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(assets.Asset{
		ID: old, TenantID: tn.ID, Name: "old", Status: assets.StatusActive, CreatedAt: row.CreatedAt, UpdatedAt: row.UpdatedAt,
		CommissionedAt: &at, DecommissionedAt: new(at.AddDate(5, 0, 0)), EndOfLifeEstimate: new(types.NewDate(2026, 2, 28)),
		ServiceContractExpiresAt: new(types.NewDate(2025, 1, 1)), PlannedReplacementDate: new(types.NewDate(2024, 12, 31)),
		ReplacedByAssetID: &successor,
	}, *row))
	rows, err := tn.Assets.List(t.Context(), query.Where(assets.AssetCols.ReplacementOfAssetID.Eq(old)))
	require.NoError(t, err)
	require.Len(t, rows, 1)
	require.Equal(t, successor, rows[0].ID)
	rows, err = tn.Assets.List(t.Context(), query.Where(assets.AssetCols.PlannedReplacementDate.Lt(types.NewDate(2025, 1, 1))))
	require.NoError(t, err)
	require.Len(t, rows, 1)

	require.NoError(t, tn.Assets.Delete(t.Context(), assets.DeleteAssetParams{AssetID: successor}))
	row, err = tn.Assets.Get(t.Context(), old)
	require.NoError(t, err)
	require.Nil(t, row.ReplacedByAssetID)
}
