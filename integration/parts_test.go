package integration

import (
	"slices"
	"strings"
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/assets"
	"github.com/workorder-systems/sdk-go/inventory"
	"github.com/workorder-systems/sdk-go/query"
	"github.com/workorder-systems/sdk-go/types"
	"github.com/workorder-systems/sdk-go/workorders"
)

func TestPartNumbersAndBarcodesAreUniqueInTheirTenant(t *testing.T) {
	t.Parallel()
	a, b := stack.Tenant(t), stack.Tenant(t)
	create := func(tn *tenant, number, barcode string) error {
		_, err := tn.PartsInventory.CreatePart(t.Context(), inventory.CreatePartParams{PartNumber: number, Barcode: barcode, ExternalID: "same"})
		return err
	}
	require.NoError(t, create(a, "P-1", "4006"))
	requireError(t, create(a, "P-1", ""), workorder.ErrConflict, "23505")
	requireError(t, create(a, "  P-1 ", ""), workorder.ErrConflict, "23505")
	requireError(t, create(a, "P-2", " 4006 "), workorder.ErrConflict, "23505")
	require.NoError(t, create(a, "p-1", ""), "case tells numbers apart")
	require.NoError(t, create(a, "4006", "P-1"), "a barcode may be another part's number")
	require.NoError(t, create(b, "P-1", "4006"), "another tenant may use the same")
}

func TestPartsAreStoredAsDocumented(t *testing.T) {
	t.Parallel()
	tn, other := stack.Tenant(t), stack.Tenant(t)
	supplier := makeSupplier(t, tn, "Oil Ltd")
	long := strings.Repeat("x", 5000)
	id, err := tn.PartsInventory.CreatePart(t.Context(), inventory.CreatePartParams{
		PartNumber: "  P-1 ", Name: " Oil ", Description: " d ", Unit: "  ", PreferredSupplierID: supplier, ExternalID: " x ", Barcode: " 4006 ",
		ReorderPoint: new(dec("99999999999999.9999")), MinQuantity: new(dec("5")), MaxQuantity: new(dec("0.0001")), LeadTimeDays: new(3650),
	})
	require.NoError(t, err)
	p := getPart(t, tn.Client, id)
	require.Equal(t, []string{"P-1", "Oil", " d ", "each", supplier, "x", "4006"},
		[]string{p.PartNumber, *p.Name, *p.Description, p.Unit, *p.PreferredSupplierID, *p.ExternalID, *p.Barcode})
	require.Equal(t, []string{"99999999999999.9999", "5", "0.0001"}, []string{p.ReorderPoint.String(), p.MinQuantity.String(), p.MaxQuantity.String()})
	require.Equal(t, 3650, *p.LeadTimeDays)
	require.True(t, p.IsActive)

	update := func(change inventory.UpdatePartParams) error {
		change.PartID = id
		return tn.PartsInventory.UpdatePart(t.Context(), change)
	}
	require.NoError(t, update(inventory.UpdatePartParams{Barcode: new(""), ExternalID: new(" "), Name: new(""), PartNumber: new(" "), Unit: new(" ")}))
	p = getPart(t, tn.Client, id)
	require.Nil(t, p.Barcode)
	require.Nil(t, p.ExternalID)
	require.Empty(t, *p.Name, "stored, not taken away")
	require.Equal(t, []string{"P-1", " d ", "each", supplier}, []string{p.PartNumber, *p.Description, p.Unit, *p.PreferredSupplierID}, "unchanged")
	require.NoError(t, update(inventory.UpdatePartParams{Description: new(long), Unit: new(long), IsActive: new(false), ReorderPoint: new(decimal.Decimal{})}))
	p = getPart(t, tn.Client, id)
	require.Equal(t, long, *p.Description)
	require.Equal(t, long, p.Unit)
	require.False(t, p.IsActive)
	require.True(t, p.ReorderPoint.IsZero())

	theirs := makeSupplier(t, other, "Theirs")
	_, err = tn.PartsInventory.CreatePart(t.Context(), inventory.CreatePartParams{PartNumber: "P-2", PreferredSupplierID: theirs})
	requireError(t, err, workorder.ErrInvalidReference, "23503")
	requireError(t, update(inventory.UpdatePartParams{PreferredSupplierID: &theirs}), workorder.ErrInvalidReference, "23503")
	requireError(t, update(inventory.UpdatePartParams{PreferredSupplierID: new(unknownID)}), workorder.ErrInvalidReference, "23503")
	for _, part := range []string{unknownID, makePart(t, other, "P")} {
		requireError(t, tn.PartsInventory.UpdatePart(t.Context(), inventory.UpdatePartParams{PartID: part, Name: new("x")}), workorder.ErrInvalidReference, "23503")
	}

	// What the SDK refuses the server does too.
	for name, args := range map[string]map[string]any{
		"blank number":     {"p_part_number": "  "},
		"number too long":  {"p_part_number": strings.Repeat("x", 101)},
		"barcode too long": {"p_part_number": "P-3", "p_barcode": strings.Repeat("x", 101)},
		"reorder point":    {"p_part_number": "P-3", "p_reorder_point": "-0.0001"},
		"lead time":        {"p_part_number": "P-3", "p_lead_time_days": 3651},
	} {
		args["p_tenant_id"] = tn.ID
		require.Equal(t, "23514", errorCode(tn.RPC(t.Context(), "rpc_create_part", args, nil)), name)
	}
	err = tn.RPC(t.Context(), "rpc_create_part", map[string]any{"p_tenant_id": tn.ID, "p_part_number": "P-3", "p_min_quantity": "1e14"}, nil)
	require.Equal(t, "22003", errorCode(err))
}

// The SDK refuses exactly the quantities that the server would not keep as they
// are.
func TestQuantitiesAreKeptToTheLastDigit(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	random := newRandom(t)(0)
	id := makePart(t, tn, "P")
	sent, refused := 0, 0
	for range 40 {
		digits := random.Int64N([]int64{10, 1e4, 1e9, 1e18}[random.IntN(4)])
		quantity := decimal.New(digits, []int32{0, 0, -1, -3, -4, -4, -5, -6, 2, 10}[random.IntN(10)])
		err := tn.PartsInventory.UpdatePart(t.Context(), inventory.UpdatePartParams{PartID: id, ReorderPoint: &quantity})
		if err == nil {
			sent++
			require.True(t, quantity.Equal(*getPart(t, tn.Client, id).ReorderPoint), "%s", quantity)
			continue
		}
		refused++
		require.ErrorIs(t, err, workorder.ErrInvalidInput, "%s", quantity)
		require.Empty(t, errorCode(err), "%s: not sent", quantity)
		err = tn.RPC(t.Context(), "rpc_update_part", map[string]any{"p_tenant_id": tn.ID, "p_part_id": id, "p_reorder_point": quantity}, nil)
		if err != nil {
			require.Equal(t, "22003", errorCode(err), "%s", quantity)
		} else {
			require.False(t, quantity.Equal(*getPart(t, tn.Client, id).ReorderPoint), "%s", quantity)
		}
	}
	require.Positive(t, sent)
	require.Positive(t, refused)
}

func TestSummariesOfParts(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	makePart(t, tn, "P-1")
	makePart(t, tn, "P-2")
	rows, err := tn.PartsInventory.Summaries.List(t.Context(), query.OrderBy(inventory.PartSummaryCols.PartNumber.Desc()), query.Limit(1))
	require.NoError(t, err)
	require.Len(t, rows, 1)
	require.Equal(t, "P-2", rows[0].PartNumber)
}

func TestScannedCodesOfParts(t *testing.T) {
	t.Parallel()
	tn, other := stack.Tenant(t), stack.Tenant(t)
	create := func(tn *tenant, p inventory.CreatePartParams) string {
		id, err := tn.PartsInventory.CreatePart(t.Context(), p)
		require.NoError(t, err)
		return id
	}
	byBarcode := create(tn, inventory.CreatePartParams{PartNumber: "A", Barcode: "X"})
	byNumber := create(tn, inventory.CreatePartParams{PartNumber: "X", ExternalID: "A"})
	external := create(tn, inventory.CreatePartParams{PartNumber: "C", ExternalID: "E"})
	require.NoError(t, tn.PartsInventory.UpdatePart(t.Context(), inventory.UpdatePartParams{PartID: external, IsActive: new(false)}))
	theirs := create(other, inventory.CreatePartParams{PartNumber: "T", Barcode: "theirs"})

	member := tn.Member(t, "member")
	scan := func(c *workorder.Client, code string) string {
		id, err := c.PartsInventory.ResolvePartByScanCode(t.Context(), inventory.ResolvePartByScanCodeParams{Code: code})
		require.NoError(t, err)
		return id
	}
	check := func(code, want string) {
		t.Helper()
		require.Equal(t, want, scan(tn.Client, code), "%q", code)
		require.Equal(t, want, scan(member.Client, code), "%q", code)
		got, err := member.Assets.ResolveByScanCode(t.Context(), assets.ResolveByScanCodeParams{Code: code})
		require.NoError(t, err)
		if want == "" {
			require.Equal(t, assets.ScanResult{}, got, "%q", code)
		} else {
			require.Equal(t, assets.ScanResult{Kind: assets.ScannedPart, ID: want}, got, "%q: both scans find the same", code)
		}
	}
	check("X", byBarcode)
	check("\t X \r\n", byBarcode)
	check("A", byBarcode)
	check("E", external)
	check("x", "")
	check("?", "")
	check("", "")
	check("%", "")
	check("theirs", "")
	require.Equal(t, theirs, scan(other.Client, "theirs"))
	require.NoError(t, tn.PartsInventory.UpdatePart(t.Context(), inventory.UpdatePartParams{PartID: byBarcode, Barcode: new("")}))
	check("X", byNumber)

	_, err := tn.Member(t, "requestor").PartsInventory.ResolvePartByScanCode(t.Context(), inventory.ResolvePartByScanCodeParams{Code: "X"})
	requireError(t, err, workorder.ErrPermissionDenied, "42501")
}

// partWrites are the writes to parts and stock that everybody tries.
var partWrites = []placeWrite{
	{"PartsInventory.CreatePart", adminOnly, func(t testing.TB, tn *tenant, c *workorder.Client) error {
		_, err := c.PartsInventory.CreatePart(t.Context(), inventory.CreatePartParams{TenantID: tn.ID, PartNumber: newSlug()})
		return err
	}},
	{"PartsInventory.UpdatePart", adminOnly, func(t testing.TB, tn *tenant, c *workorder.Client) error {
		return c.PartsInventory.UpdatePart(t.Context(), inventory.UpdatePartParams{TenantID: tn.ID, PartID: makePart(t, tn, newSlug()), Name: new("y")})
	}},
	{"PartsInventory.ResolvePartByScanCode", refuse(strangers, denied, "manager", "technician", "requestor"), func(t testing.TB, tn *tenant, c *workorder.Client) error {
		_, err := c.PartsInventory.ResolvePartByScanCode(t.Context(), inventory.ResolvePartByScanCodeParams{TenantID: tn.ID, Code: "x"})
		return err
	}},
	{"PartsInventory.ReserveParts", adminOnly, func(t testing.TB, tn *tenant, c *workorder.Client) error {
		_, err := c.PartsInventory.ReserveParts(t.Context(), inventory.ReservePartsParams{
			TenantID: tn.ID, WorkOrderID: makeWorkOrder(t, tn.Client, "x"), PartID: makePart(t, tn, newSlug()), Quantity: dec("1"),
		})
		return err
	}},
	{"PartsInventory.IssuePartsToWorkOrder", adminOnly, func(t testing.TB, tn *tenant, c *workorder.Client) error {
		s := stockroom{tn}
		part := makePart(t, tn, newSlug())
		s.put(t, part, s.bin(t, "B"), "1")
		_, err := c.PartsInventory.IssuePartsToWorkOrder(t.Context(), inventory.IssuePartsToWorkOrderParams{
			TenantID: tn.ID, WorkOrderID: makeWorkOrder(t, tn.Client, "x"), PartID: part, Quantity: dec("1"),
		})
		return err
	}},
}

func TestRolesMayDoTheirWritesToPartsOnly(t *testing.T) {
	t.Parallel()
	tryByEveryRole(t, stack.Tenant(t), partWrites)
}

// inventoryViews finds all views of parts, stock and purchasing.
func inventoryViews(t testing.TB, c *workorder.Client) []dispatchView {
	t.Helper()
	views := viewsOf(t, servicesOf(c, "inventory"))
	require.Len(t, views, 16, "views that fillInventory has a row for")
	return views
}

// fillInventory puts a row into every view of parts, stock and purchasing, and
// returns the part.
func fillInventory(t testing.TB, tn *tenant) string {
	t.Helper()
	s := stockroom{tn}
	part, wo := makePart(t, tn, "P"), makeWorkOrder(t, tn.Client, "x")
	s.put(t, part, s.bin(t, "B"), "5")
	_, err := s.reserve(t, wo, part, "2", "")
	require.NoError(t, err)
	_, err = s.issue(t, wo, part, "1", "")
	require.NoError(t, err)
	s.order(t, "3", part)

	supplier := makeSupplier(t, tn, "Contractor")
	contract, err := tn.PartsInventory.CreateSupplierContract(t.Context(), inventory.CreateSupplierContractParams{
		SupplierID: supplier, EffectiveStart: types.NewDate(2026, 1, 1),
	})
	require.NoError(t, err)
	_, err = tn.PartsInventory.AddSupplierContractRate(t.Context(), inventory.AddSupplierContractRateParams{ContractID: contract, RateType: "hour", AmountCents: 100})
	require.NoError(t, err)
	_, err = tn.PartsInventory.CreatePurchaseRequisition(t.Context(), inventory.CreatePurchaseRequisitionParams{})
	require.NoError(t, err)
	_, err = tn.WorkOrders.UpsertVendorCost(t.Context(), workorders.UpsertVendorCostParams{WorkOrderID: wo, AmountCents: new(100), SupplierID: supplier})
	require.NoError(t, err)
	require.NoError(t, tn.WorkOrders.SetPrimarySupplier(t.Context(), workorders.SetPrimarySupplierParams{WorkOrderID: wo, PrimarySupplierID: supplier}))
	return part
}

func TestEveryViewOfInventoryShowsItsOwnTenantOnly(t *testing.T) {
	t.Parallel()
	a, b := stack.Tenant(t), stack.Tenant(t)
	fillInventory(t, a)
	for _, v := range inventoryViews(t, b.Client) {
		n, err := v.count(t.Context())
		require.NoError(t, err, v.name)
		require.Zero(t, n, "%s: there is nothing but another tenant's", v.name)
	}
	for _, v := range inventoryViews(t, a.Client) {
		got := v.tenants(t)
		require.NotEmpty(t, got, v.name)
		require.Equal(t, []string{a.ID}, slices.Compact(got), v.name)
		require.Empty(t, v.tenants(t, query.Where(query.NewColumn[string]("tenant_id").Eq(b.ID))), v.name)
	}

	t.Run("whatever their token claims", func(t *testing.T) {
		src, err := workorder.NewSelfSigned(workorder.SelfSigned{Secret: stack.Secret(t), Subject: b.Admin.ID, Tenant: a.ID})
		require.NoError(t, err)
		for _, v := range inventoryViews(t, stack.Client(t, workorder.WithTokenSource(src))) {
			require.Empty(t, v.tenants(t), v.name)
		}
	})
}

// A user of two tenants sees one of them at a time, also where the platform's
// views mix them, and none without a tenant.
func TestViewsOfInventoryShowOneTenantAtATime(t *testing.T) {
	t.Parallel()
	u := stack.User(t)
	a, b := u.NewTenant(t), u.NewTenant(t)
	part := fillInventory(t, a)
	for _, v := range inventoryViews(t, b.Client) {
		require.Empty(t, v.tenants(t), v.name)
	}
	_, err := b.PartsInventory.Parts.Get(t.Context(), part)
	require.ErrorIs(t, err, workorder.ErrNotFound, "a single row of the other tenant")
	for _, v := range inventoryViews(t, u.Client) {
		_, err := v.count(t.Context())
		require.ErrorIs(t, err, workorder.ErrNoTenant, v.name)
	}
	for _, v := range inventoryViews(t, u.AsUser(u.JWT(t, a.ID))) {
		require.NotEmpty(t, v.tenants(t), v.name)
	}
	mixed, err := workorder.ViewOf[inventory.Part](b.Client, "v_parts").List(t.Context())
	require.NoError(t, err)
	require.Len(t, mixed, 1, "the platform's own view shows it")
}

func TestViewsOfInventoryAreForMembers(t *testing.T) {
	t.Parallel()
	a := stack.Tenant(t)
	fillInventory(t, a)
	for _, v := range inventoryViews(t, stack.Client(t)) {
		n, err := v.count(t.Context())
		require.NoError(t, err, v.name)
		require.Zero(t, n, v.name)
	}
	for _, v := range inventoryViews(t, stack.ServiceClient(t)) {
		_, err := v.count(t.Context())
		require.Equal(t, "42501", errorCode(err), "%s: %v", v.name, err)
	}
	for _, role := range roles {
		for _, v := range inventoryViews(t, a.Member(t, role).Client) {
			if role == "requestor" && v.name == "PartsInventory.WorkOrderCountsByPrimarySupplier" {
				require.Empty(t, v.tenants(t), "counts work orders that the caller may see")
			} else {
				require.NotEmpty(t, v.tenants(t), "%s by %s", v.name, role)
			}
		}
	}
}

// A call for a tenant makes it the one of the user's next token, a scan too; a
// refused one does not.
func TestCallsForPartsMoveTheUsersTenant(t *testing.T) {
	t.Parallel()
	u := stack.User(t)
	a, b := u.NewTenant(t), u.NewTenant(t)
	for name, tt := range map[string]struct {
		call func() error
		code string
		want string
	}{
		"scan": {func() error {
			_, err := u.PartsInventory.ResolvePartByScanCode(t.Context(), inventory.ResolvePartByScanCodeParams{TenantID: b.ID, Code: "?"})
			return err
		}, "", b.ID},
		"create": {func() error {
			_, err := u.PartsInventory.CreatePart(t.Context(), inventory.CreatePartParams{TenantID: b.ID, PartNumber: "P"})
			return err
		}, "", b.ID},
		"refused": {func() error {
			return u.PartsInventory.UpdatePart(t.Context(), inventory.UpdatePartParams{TenantID: b.ID, PartID: unknownID})
		}, "23503", a.ID},
	} {
		_, err := u.SetTenantAndRefresh(t.Context(), a.ID)
		require.NoError(t, err)
		require.Equal(t, tt.code, errorCode(tt.call()), name)
		tok, err := u.RefreshTenantSession(t.Context())
		require.NoError(t, err)
		require.Equal(t, tt.want, claims(t, tok)["tenant_id"], name)
	}
}
