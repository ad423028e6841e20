package inventory_test

import (
	"context"
	"net/http"
	"testing"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/internal/apitest"
	"github.com/workorder-systems/sdk-go/inventory"
	"github.com/workorder-systems/sdk-go/query"
	"github.com/workorder-systems/sdk-go/types"
)

func dec(s string) decimal.Decimal { return decimal.RequireFromString(s) }

func TestPartsAndStockOnTheWire(t *testing.T) {
	apitest.RunCalls(t, []apitest.Call{
		{
			Name: "CreatePart leaves the unit to the server",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.PartsInventory.CreatePart(ctx, inventory.CreatePartParams{PartNumber: " P-1 "})
			},
			RPC: "rpc_create_part",
			Body: `{"p_tenant_id":"t1","p_part_number":" P-1 ","p_name":null,"p_description":null,"p_preferred_supplier_id":null,"p_external_id":null,
				"p_reorder_point":null,"p_min_quantity":null,"p_max_quantity":null,"p_lead_time_days":null,"p_barcode":null}`,
			Reply: `"p1"`, Want: "p1",
		},
		{
			Name: "CreatePart in full",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.PartsInventory.CreatePart(ctx, inventory.CreatePartParams{
					TenantID: "t9", PartNumber: "P-1", Name: "Oil", Description: "d", Unit: "l", PreferredSupplierID: "s1", ExternalID: "x", Barcode: "4006",
					ReorderPoint: new(dec("99999999999999.9999")), MinQuantity: new(dec("0")), MaxQuantity: new(dec("0.0001")), LeadTimeDays: new(0),
				})
			},
			RPC: "rpc_create_part",
			Body: `{"p_tenant_id":"t9","p_part_number":"P-1","p_name":"Oil","p_description":"d","p_unit":"l","p_preferred_supplier_id":"s1","p_external_id":"x",
				"p_reorder_point":"99999999999999.9999","p_min_quantity":"0","p_max_quantity":"0.0001","p_lead_time_days":0,"p_barcode":"4006"}`,
			Reply: `"p1"`, Want: "p1",
		},
		{
			Name: "UpdatePart of nothing",
			Do: apitest.Void(func(ctx context.Context, c *workorder.Client) error {
				return c.PartsInventory.UpdatePart(ctx, inventory.UpdatePartParams{PartID: "p1"})
			}),
			RPC: "rpc_update_part",
			Body: `{"p_tenant_id":"t1","p_part_id":"p1","p_part_number":null,"p_name":null,"p_description":null,"p_unit":null,"p_preferred_supplier_id":null,
				"p_external_id":null,"p_reorder_point":null,"p_min_quantity":null,"p_max_quantity":null,"p_lead_time_days":null,"p_is_active":null,"p_barcode":null}`,
		},
		{
			Name: "UpdatePart of everything",
			Do: apitest.Void(func(ctx context.Context, c *workorder.Client) error {
				return c.PartsInventory.UpdatePart(ctx, inventory.UpdatePartParams{
					PartID: "p1", PartNumber: new("P-2"), Name: new(""), Description: new(" d "), Unit: new("m"), PreferredSupplierID: new("s2"), ExternalID: new(""),
					Barcode: new(""), ReorderPoint: new(dec("2.50")), MinQuantity: new(dec("1")), MaxQuantity: new(dec("3")), LeadTimeDays: new(3650), IsActive: new(false),
				})
			}),
			RPC: "rpc_update_part",
			Body: `{"p_tenant_id":"t1","p_part_id":"p1","p_part_number":"P-2","p_name":"","p_description":" d ","p_unit":"m","p_preferred_supplier_id":"s2",
				"p_external_id":"","p_reorder_point":"2.5","p_min_quantity":"1","p_max_quantity":"3","p_lead_time_days":3650,"p_is_active":false,"p_barcode":""}`,
		},
		{
			Name: "ResolvePartByScanCode",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.PartsInventory.ResolvePartByScanCode(ctx, inventory.ResolvePartByScanCodeParams{Code: "\t4006\r\n"})
			},
			RPC: "rpc_resolve_part_by_scan_code", Body: `{"p_tenant_id":"t1","p_code":"4006"}`,
			Reply: `"p1"`, Want: "p1",
		},
		{
			Name: "ResolvePartByScanCode of an unknown code",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.PartsInventory.ResolvePartByScanCode(ctx, inventory.ResolvePartByScanCodeParams{TenantID: "t9", Code: "?"})
			},
			RPC: "rpc_resolve_part_by_scan_code", Body: `{"p_tenant_id":"t9","p_code":"?"}`,
			Reply: `null`, Want: "",
		},
		{
			Name: "ReserveParts",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.PartsInventory.ReserveParts(ctx, inventory.ReservePartsParams{WorkOrderID: "w1", PartID: "p1", Quantity: dec("3.0000")})
			},
			RPC:   "rpc_reserve_parts",
			Body:  `{"p_tenant_id":"t1","p_work_order_id":"w1","p_part_id":"p1","p_quantity":"3","p_inventory_location_id":null}`,
			Reply: `"r1"`, Want: "r1",
		},
		{
			Name: "ReserveParts in a bin",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.PartsInventory.ReserveParts(ctx, inventory.ReservePartsParams{
					TenantID: "t9", WorkOrderID: "w1", PartID: "p1", Quantity: dec("12345678901234.5678"), InventoryLocationID: "b1",
				})
			},
			RPC:   "rpc_reserve_parts",
			Body:  `{"p_tenant_id":"t9","p_work_order_id":"w1","p_part_id":"p1","p_quantity":"12345678901234.5678","p_inventory_location_id":"b1"}`,
			Reply: `"r1"`, Want: "r1",
		},
		{
			Name: "IssuePartsToWorkOrder",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.PartsInventory.IssuePartsToWorkOrder(ctx, inventory.IssuePartsToWorkOrderParams{WorkOrderID: "w1", PartID: "p1", Quantity: dec("0.0001")})
			},
			RPC:   "rpc_issue_parts_to_work_order",
			Body:  `{"p_tenant_id":"t1","p_work_order_id":"w1","p_part_id":"p1","p_quantity":"0.0001","p_inventory_location_id":null}`,
			Reply: `"u1"`, Want: "u1",
		},
		{
			Name: "IssuePartsToWorkOrder from a bin",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.PartsInventory.IssuePartsToWorkOrder(ctx, inventory.IssuePartsToWorkOrderParams{
					TenantID: "t9", WorkOrderID: "w1", PartID: "p1", Quantity: dec("2"), InventoryLocationID: "b1",
				})
			},
			RPC:   "rpc_issue_parts_to_work_order",
			Body:  `{"p_tenant_id":"t9","p_work_order_id":"w1","p_part_id":"p1","p_quantity":"2","p_inventory_location_id":"b1"}`,
			Reply: `"u1"`, Want: "u1",
		},
	})
}

// readers are all readers of the package by their views; mixed ones show all
// tenants of the caller on the platform.
func readers(c *workorder.Client) (mixed, own map[string]func(context.Context, ...query.Option) (int64, error)) {
	p := &c.PartsInventory
	mixed = map[string]func(context.Context, ...query.Option) (int64, error){
		"v_parts":                         p.Parts.Count,
		"v_parts_with_stock":              p.PartsWithStock.Count,
		"v_stock_levels":                  p.StockLevels.Count,
		"v_stock_by_location":             p.StockByLocation.Count,
		"v_inventory_locations":           p.InventoryLocations.Count,
		"v_part_reservations":             p.PartReservations.Count,
		"v_part_usage":                    p.PartUsage.Count,
		"v_suppliers":                     p.Suppliers.Count,
		"v_open_requisitions":             p.OpenRequisitions.Count,
		"v_open_purchase_orders":          p.OpenPurchaseOrders.Count,
		"v_purchase_order_receipt_status": p.PurchaseOrderReceiptStatus.Count,
	}
	own = map[string]func(context.Context, ...query.Option) (int64, error){
		"v_supplier_contracts":                    p.SupplierContracts.Count,
		"v_supplier_contract_rates":               p.SupplierContractRates.Count,
		"v_vendor_spend_by_supplier":              p.VendorSpendBySupplier.Count,
		"v_work_order_counts_by_primary_supplier": p.WorkOrderCountsByPrimarySupplier.Count,
	}
	return mixed, own
}

const ofT1 = `(tenant_id.eq."t1")`

func counted(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Range", "*/7") }

func TestReadersAskForOneTenant(t *testing.T) {
	c, srv := apitest.New(t)
	mixed, own := readers(c)
	for view, count := range mixed {
		srv.Handle(counted)
		require.NoError(t, apitest.Err(count(t.Context())), view)
		require.Equal(t, ofT1, srv.WantRequest(t, http.MethodGet, "/rest/v1/"+view, "").Query.Get("and"), view)
	}
	for view, count := range own {
		srv.Handle(counted)
		require.NoError(t, apitest.Err(count(t.Context())), view)
		require.Empty(t, srv.WantRequest(t, http.MethodGet, "/rest/v1/"+view, "").Query.Get("and"), "the view follows the token by itself")
	}
}

// opaque is a source of tokens that say nothing.
type opaque struct{}

func (opaque) Token(context.Context) (workorder.Token, error) {
	return workorder.Token{Value: "opaque"}, nil
}

func TestTheTenantOfAReader(t *testing.T) {
	_, srv := apitest.New(t)
	token := func(claims map[string]any) workorder.Option { return workorder.WithAccessToken(apitest.JWT(claims)) }
	none := map[string]any{"sub": "u1", "role": "authenticated"}

	// Who has no tenant would see the rows of all of them.
	for name, c := range map[string]*workorder.Client{
		"token without tenant": srv.Client(t, token(none)),
		"opaque token":         srv.Client(t, workorder.WithTokenSource(opaque{})),
	} {
		mixed, _ := readers(c)
		for view, count := range mixed {
			require.ErrorIs(t, apitest.Err(count(t.Context())), workorder.ErrNoTenant, name+" "+view)
		}
		_, err := c.PartsInventory.Parts.Get(t.Context(), "p1")
		require.ErrorIs(t, err, workorder.ErrNoTenant)
	}
	srv.WantNoRequest(t)

	// API keys have none either, and get the server's own answer.
	for name, c := range map[string]*workorder.Client{
		"anon":         srv.Client(t),
		"service role": srv.Client(t, token(map[string]any{"role": "service_role"})),
	} {
		srv.Handle(counted)
		require.NoError(t, apitest.Err(c.PartsInventory.Parts.Count(t.Context())), name)
		require.Empty(t, srv.WantRequest(t, http.MethodGet, "/rest/v1/v_parts", "").Query.Get("and"), name)
	}

	// The tenant comes beside what the caller asks for, on every page.
	c := srv.Client(t, token(map[string]any{"sub": "u1", "role": "authenticated", "tenant_id": `t"2`}))
	srv.Reply(http.StatusOK, `[{"id":"p1"}]`)
	srv.Reply(http.StatusOK, `[]`)
	rows, err := c.PartsInventory.Summaries.List(t.Context(), query.Where(inventory.PartSummaryCols.PartNumber.Eq("P")))
	require.NoError(t, err)
	require.Len(t, rows, 1)
	require.Equal(t, `(part_number.eq."P",tenant_id.eq."t\"2")`, srv.WantRequest(t, http.MethodGet, "/rest/v1/v_parts", "").Query.Get("and"))
	require.Equal(t, `(part_number.eq."P",id.gt."p1",tenant_id.eq."t\"2")`, srv.WantRequest(t, http.MethodGet, "/rest/v1/v_parts", "").Query.Get("and"))
	srv.Reply(http.StatusOK, `[]`)
	_, err = c.PartsInventory.Parts.Get(t.Context(), "p1")
	require.ErrorIs(t, err, workorder.ErrNotFound)
	require.Equal(t, `(id.eq."p1",tenant_id.eq."t\"2")`, srv.WantRequest(t, http.MethodGet, "/rest/v1/v_parts", "").Query.Get("and"))
}

func TestAClientOfOneTenantReadsThatOne(t *testing.T) {
	c, srv := apitest.New(t)
	bound, err := c.ForTenant(t.Context(), apitest.TenantID)
	require.NoError(t, err)
	srv.Handle(counted)
	require.NoError(t, apitest.Err(bound.PartsInventory.Suppliers.Count(t.Context())))
	require.Equal(t, ofT1, srv.WantRequest(t, http.MethodGet, "/rest/v1/v_suppliers", "").Query.Get("and"))
}

func TestQuantitiesKeepEveryDigit(t *testing.T) {
	c, srv := apitest.New(t)
	srv.Reply(http.StatusOK, `[
		{"id":"p1","total_on_hand":99999999999999.9999,"total_reserved":0.0001,"available":99999999999999.9998,"reorder_point":null},
		{"id":"p2","total_on_hand":0,"total_reserved":"NaN","available":"NaN","reorder_point":3.0000}]`)
	srv.Reply(http.StatusOK, `[]`)
	rows, err := c.PartsInventory.PartsWithStock.List(t.Context())
	require.NoError(t, err)
	require.Len(t, rows, 2)
	require.Equal(t, "99999999999999.9999", rows[0].TotalOnHand.String())
	require.Equal(t, "0.0001", rows[0].TotalReserved.String())
	require.Equal(t, "99999999999999.9998", rows[0].Available.String())
	require.Nil(t, rows[0].ReorderPoint)
	require.False(t, types.IsFinite(rows[1].TotalReserved))
	require.False(t, types.IsFinite(rows[1].Available))
	require.True(t, rows[1].ReorderPoint.Equal(dec("3")))
}

func TestWhatTheServerWouldRoundIsNotSent(t *testing.T) {
	c, srv := apitest.New(t)
	ctx, p := t.Context(), &c.PartsInventory
	for _, tc := range []struct {
		field string
		err   error
	}{
		{"PartNumber", apitest.Err(p.CreatePart(ctx, inventory.CreatePartParams{}))},
		{"PartNumber", apitest.Err(p.CreatePart(ctx, inventory.CreatePartParams{PartNumber: "\t\n"}))},
		{"PartNumber", apitest.Err(p.CreatePart(ctx, inventory.CreatePartParams{PartNumber: "P\n"}))},
		{"Barcode", apitest.Err(p.CreatePart(ctx, inventory.CreatePartParams{PartNumber: "P", Barcode: "\t"}))},
		{"ExternalID", apitest.Err(p.CreatePart(ctx, inventory.CreatePartParams{PartNumber: "P", ExternalID: " x\u00a0"}))},
		{"LeadTimeDays", apitest.Err(p.CreatePart(ctx, inventory.CreatePartParams{PartNumber: "P", LeadTimeDays: new(3651)}))},
		{"ReorderPoint", apitest.Err(p.CreatePart(ctx, inventory.CreatePartParams{PartNumber: "P", ReorderPoint: new(dec("-0.0001"))}))},
		{"MinQuantity", apitest.Err(p.CreatePart(ctx, inventory.CreatePartParams{PartNumber: "P", MinQuantity: new(dec("0.00001"))}))},
		{"MaxQuantity", apitest.Err(p.CreatePart(ctx, inventory.CreatePartParams{PartNumber: "P", MaxQuantity: new(dec("1e14"))}))},
		{"PartID", p.UpdatePart(ctx, inventory.UpdatePartParams{})},
		{"PartNumber", p.UpdatePart(ctx, inventory.UpdatePartParams{PartID: "p", PartNumber: new("P\t")})},
		{"LeadTimeDays", p.UpdatePart(ctx, inventory.UpdatePartParams{PartID: "p", LeadTimeDays: new(-1)})},
		{"ReorderPoint", p.UpdatePart(ctx, inventory.UpdatePartParams{PartID: "p", ReorderPoint: new(decimal.New(0, 131072))})},
		{"MinQuantity", p.UpdatePart(ctx, inventory.UpdatePartParams{PartID: "p", MinQuantity: new(dec("-1"))})},
		{"MaxQuantity", p.UpdatePart(ctx, inventory.UpdatePartParams{PartID: "p", MaxQuantity: new(dec("1.00009"))})},
		{"WorkOrderID", apitest.Err(p.ReserveParts(ctx, inventory.ReservePartsParams{PartID: "p", Quantity: dec("1")}))},
		{"PartID", apitest.Err(p.ReserveParts(ctx, inventory.ReservePartsParams{WorkOrderID: "w", Quantity: dec("1")}))},
		{"WorkOrderID", apitest.Err(p.IssuePartsToWorkOrder(ctx, inventory.IssuePartsToWorkOrderParams{PartID: "p", Quantity: dec("1")}))},
		{"PartID", apitest.Err(p.IssuePartsToWorkOrder(ctx, inventory.IssuePartsToWorkOrderParams{WorkOrderID: "w", Quantity: dec("1")}))},
	} {
		srv.WantRefused(t, tc.field, tc.err)
	}
	for _, quantity := range []decimal.Decimal{
		{}, dec("-1"), dec("0.00004"), dec("0.00005"), dec("0.12345"), dec("1e14"), decimal.New(0, 131072), decimal.New(1, 131072), decimal.New(-1, 131072),
	} {
		for _, err := range []error{
			apitest.Err(p.ReserveParts(ctx, inventory.ReservePartsParams{WorkOrderID: "w", PartID: "p", Quantity: quantity})),
			apitest.Err(p.IssuePartsToWorkOrder(ctx, inventory.IssuePartsToWorkOrderParams{WorkOrderID: "w", PartID: "p", Quantity: quantity})),
		} {
			srv.WantRefused(t, "Quantity (p_quantity)", err)
		}
	}
	code, err := p.ResolvePartByScanCode(ctx, inventory.ResolvePartByScanCodeParams{Code: " \n"})
	require.NoError(t, err)
	require.Empty(t, code, "a blank code asks nothing")
	srv.WantNoRequest(t)
}

func TestIssueForAReservation(t *testing.T) {
	issue := inventory.IssuePartsToWorkOrderParams{WorkOrderID: "w1", PartID: "p1", Quantity: dec("3"), ReservationID: "r1"}
	for name, tc := range map[string]struct {
		open string
		want error
	}{
		"the one":          {open: `[{"id":"r1","quantity":3.0000}]`},
		"another is older": {open: `[{"id":"r0","quantity":3.0000}]`, want: workorder.ErrConflict},
		"none is open":     {open: `[]`, want: workorder.ErrConflict},
		"more is reserved": {open: `[{"id":"r1","quantity":3.0001}]`, want: workorder.ErrConflict},
	} {
		t.Run(name, func(t *testing.T) {
			c, srv := apitest.New(t)
			srv.Reply(http.StatusOK, tc.open)
			srv.Reply(http.StatusOK, `"u1"`)
			id, err := c.PartsInventory.IssuePartsToWorkOrder(t.Context(), issue)
			asked := srv.WantRequest(t, http.MethodGet, "/rest/v1/v_part_reservations", "").Query
			require.Equal(t, `(tenant_id.eq."t1",work_order_id.eq."w1",part_id.eq."p1",status.eq."reserved")`, asked.Get("and"))
			require.Equal(t, "created_at.asc.nullslast,id.asc.nullslast", asked.Get("order"))
			if tc.want != nil {
				require.ErrorIs(t, err, tc.want)
				srv.WantNoRequest(t)
				return
			}
			require.NoError(t, err)
			require.Equal(t, "u1", id)
			srv.WantRequest(t, http.MethodPost, "/rest/v1/rpc/rpc_issue_parts_to_work_order",
				`{"p_tenant_id":"t1","p_work_order_id":"w1","p_part_id":"p1","p_quantity":"3","p_inventory_location_id":null}`)
		})
	}

	c, srv := apitest.New(t)
	srv.ReplyError(http.StatusForbidden, "42501", "no")
	issue.TenantID, issue.InventoryLocationID = "t9", "b1"
	_, err := c.PartsInventory.IssuePartsToWorkOrder(t.Context(), issue)
	require.ErrorIs(t, err, workorder.ErrPermissionDenied)
	require.Equal(t, `(tenant_id.eq."t9",work_order_id.eq."w1",part_id.eq."p1",status.eq."reserved",inventory_location_id.eq."b1")`,
		srv.WantRequest(t, http.MethodGet, "/rest/v1/v_part_reservations", "").Query.Get("and"), "of that location, in the tenant of the params")
	srv.WantNoRequest(t)
	var e *workorder.SdkError
	require.ErrorAs(t, err, &e)
	require.Equal(t, "PartsInventory.IssuePartsToWorkOrder", e.Op)
}

// A write that may have been applied is not sent again.
func TestStockMovesOnce(t *testing.T) {
	c, srv := apitest.New(t, workorder.WithRetry(workorder.RetryPolicy{MaxAttempts: 3}))
	for _, do := range []func() error{
		func() error {
			return apitest.Err(c.PartsInventory.ReserveParts(t.Context(), inventory.ReservePartsParams{WorkOrderID: "w", PartID: "p", Quantity: dec("1")}))
		},
		func() error {
			return apitest.Err(c.PartsInventory.IssuePartsToWorkOrder(t.Context(), inventory.IssuePartsToWorkOrderParams{WorkOrderID: "w", PartID: "p", Quantity: dec("1")}))
		},
		func() error {
			return apitest.Err(c.PartsInventory.CreatePart(t.Context(), inventory.CreatePartParams{PartNumber: "P"}))
		},
	} {
		before := len(srv.Requests())
		srv.Reply(http.StatusGatewayTimeout, "")
		err := do()
		require.ErrorIs(t, err, workorder.ErrUnavailable)
		require.False(t, workorder.SafeToRetry(err))
		require.Len(t, srv.Requests(), before+1)
	}
}
