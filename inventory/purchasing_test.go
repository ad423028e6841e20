package inventory_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/internal/apitest"
	"github.com/workorder-systems/sdk-go/inventory"
	"github.com/workorder-systems/sdk-go/types"
)

func TestSuppliersOnTheWire(t *testing.T) {
	apitest.RunCalls(t, []apitest.Call{
		{
			Name: "CreateSupplier leaves what is not given to the server",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.PartsInventory.CreateSupplier(ctx, inventory.CreateSupplierParams{Name: "Acme"})
			},
			RPC: "rpc_create_supplier",
			Body: `{"p_tenant_id":"t1","p_name":"Acme","p_code":null,"p_external_id":null,"p_contact_name":null,"p_email":null,
				"p_phone":null,"p_address_line":null,"p_tax_id":null,"p_insurance_expires_at":null}`,
			Reply: `"s1"`, Want: "s1",
		},
		{
			Name: "CreateSupplier",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.PartsInventory.CreateSupplier(ctx, inventory.CreateSupplierParams{
					TenantID: "t2", Name: "Acme", Code: "A", ExternalID: "x", ContactName: "n", Email: "e", Phone: "p", AddressLine: "a",
					SuppliesParts: new(false), SuppliesLabor: new(true), TaxID: "7", InsuranceExpiresAt: types.NewDate(2028, 2, 29),
				})
			},
			RPC: "rpc_create_supplier",
			Body: `{"p_tenant_id":"t2","p_name":"Acme","p_code":"A","p_external_id":"x","p_contact_name":"n","p_email":"e","p_phone":"p",
				"p_address_line":"a","p_supplies_parts":false,"p_supplies_labor":true,"p_tax_id":"7","p_insurance_expires_at":"2028-02-29"}`,
			Reply: `"s1"`, Want: "s1",
		},
		{
			Name: "UpdateSupplier clears the code and leaves the rest",
			Do: apitest.Void(func(ctx context.Context, c *workorder.Client) error {
				return c.PartsInventory.UpdateSupplier(ctx, inventory.UpdateSupplierParams{SupplierID: "s1", Code: new("")})
			}),
			RPC: "rpc_update_supplier",
			Body: `{"p_tenant_id":"t1","p_supplier_id":"s1","p_name":null,"p_code":"","p_external_id":null,"p_contact_name":null,"p_email":null,
				"p_phone":null,"p_address_line":null,"p_supplies_parts":null,"p_supplies_labor":null,"p_tax_id":null,"p_insurance_expires_at":null}`,
		},
		{
			Name: "UpdateSupplier",
			Do: apitest.Void(func(ctx context.Context, c *workorder.Client) error {
				return c.PartsInventory.UpdateSupplier(ctx, inventory.UpdateSupplierParams{
					SupplierID: "s1", Name: new("n"), Code: new("c"), ExternalID: new("x"), ContactName: new(""), Email: new("e"), Phone: new("p"),
					AddressLine: new("a"), SuppliesParts: new(true), SuppliesLabor: new(false), TaxID: new("7"),
					InsuranceExpiresAt: new(types.NewDate(2028, 2, 29)),
				})
			}),
			RPC: "rpc_update_supplier",
			Body: `{"p_tenant_id":"t1","p_supplier_id":"s1","p_name":"n","p_code":"c","p_external_id":"x","p_contact_name":"","p_email":"e",
				"p_phone":"p","p_address_line":"a","p_supplies_parts":true,"p_supplies_labor":false,"p_tax_id":"7","p_insurance_expires_at":"2028-02-29"}`,
		},
		{
			Name: "CreateSupplierContract leaves is_active out",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.PartsInventory.CreateSupplierContract(ctx, inventory.CreateSupplierContractParams{
					SupplierID: "s1", EffectiveStart: types.NewDate(2026, 1, 1),
				})
			},
			RPC: "rpc_create_supplier_contract",
			Body: `{"p_tenant_id":"t1","p_supplier_id":"s1","p_effective_start":"2026-01-01","p_effective_end":null,
				"p_contract_number":null,"p_terms":null}`,
			Reply: `"c1"`, Want: "c1",
		},
		{
			Name: "CreateSupplierContract of one day",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.PartsInventory.CreateSupplierContract(ctx, inventory.CreateSupplierContractParams{
					SupplierID: "s1", EffectiveStart: types.NewDate(2026, 1, 1), EffectiveEnd: types.NewDate(2026, 1, 1),
					ContractNumber: "K", Terms: "net 30", IsActive: new(false),
				})
			},
			RPC: "rpc_create_supplier_contract",
			Body: `{"p_tenant_id":"t1","p_supplier_id":"s1","p_effective_start":"2026-01-01","p_effective_end":"2026-01-01",
				"p_contract_number":"K","p_terms":"net 30","p_is_active":false}`,
			Reply: `"c1"`, Want: "c1",
		},
		{
			Name: "UpdateSupplierContract",
			Do: apitest.Void(func(ctx context.Context, c *workorder.Client) error {
				return c.PartsInventory.UpdateSupplierContract(ctx, inventory.UpdateSupplierContractParams{
					ContractID: "c1", ContractNumber: new(""), EffectiveEnd: new(types.NewDate(2027, 1, 1)), IsActive: new(true),
				})
			}),
			RPC: "rpc_update_supplier_contract",
			Body: `{"p_tenant_id":"t1","p_contract_id":"c1","p_contract_number":"","p_effective_start":null,"p_effective_end":"2027-01-01",
				"p_terms":null,"p_is_active":true}`,
		},
		{
			Name: "AddSupplierContractRate",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.PartsInventory.AddSupplierContractRate(ctx, inventory.AddSupplierContractRateParams{
					ContractID: "c1", RateType: "labor_hour", AmountCents: 9500, UOM: "hour",
				})
			},
			RPC:   "rpc_add_supplier_contract_rate",
			Body:  `{"p_tenant_id":"t1","p_contract_id":"c1","p_rate_type":"labor_hour","p_amount_cents":9500,"p_uom":"hour"}`,
			Reply: `9007199254740993`, Want: int64(9007199254740993),
		},
		{
			Name: "AddSupplierContractRate for nothing",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.PartsInventory.AddSupplierContractRate(ctx, inventory.AddSupplierContractRateParams{ContractID: "c1", RateType: "x"})
			},
			RPC:   "rpc_add_supplier_contract_rate",
			Body:  `{"p_tenant_id":"t1","p_contract_id":"c1","p_rate_type":"x","p_amount_cents":0,"p_uom":null}`,
			Reply: `1`, Want: int64(1),
		},
	})
}

func TestPurchasingOnTheWire(t *testing.T) {
	apitest.RunCalls(t, []apitest.Call{
		{
			Name: "CreatePurchaseRequisition",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.PartsInventory.CreatePurchaseRequisition(ctx, inventory.CreatePurchaseRequisitionParams{
					DueDate: types.NewDate(2026, 12, 31), Notes: "n",
				})
			},
			RPC: "rpc_create_purchase_requisition", Body: `{"p_tenant_id":"t1","p_due_date":"2026-12-31","p_notes":"n"}`,
			Reply: `"r1"`, Want: "r1",
		},
		{
			Name: "CreatePurchaseRequisition of nothing",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.PartsInventory.CreatePurchaseRequisition(ctx, inventory.CreatePurchaseRequisitionParams{})
			},
			RPC: "rpc_create_purchase_requisition", Body: `{"p_tenant_id":"t1","p_due_date":null,"p_notes":null}`,
			Reply: `"r1"`, Want: "r1",
		},
		{
			Name: "AddPurchaseRequisitionLine keeps every digit",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.PartsInventory.AddPurchaseRequisitionLine(ctx, inventory.AddPurchaseRequisitionLineParams{
					PurchaseRequisitionID: "r1", PartID: "p1", Quantity: dec("99999999999999.9999"), EstimatedUnitCost: new(dec("-0.0001")), Notes: "n",
				})
			},
			RPC: "rpc_add_purchase_requisition_line",
			Body: `{"p_tenant_id":"t1","p_purchase_requisition_id":"r1","p_part_id":"p1","p_quantity":"99999999999999.9999",
				"p_estimated_unit_cost":"-0.0001","p_notes":"n"}`,
			Reply: `"l1"`, Want: "l1",
		},
		{
			Name: "UpdatePurchaseRequisitionLine",
			Do: apitest.Void(func(ctx context.Context, c *workorder.Client) error {
				return c.PartsInventory.UpdatePurchaseRequisitionLine(ctx, inventory.UpdatePurchaseRequisitionLineParams{
					LineID: "l1", EstimatedUnitCost: new(dec("0")), Notes: new(""),
				})
			}),
			RPC:  "rpc_update_purchase_requisition_line",
			Body: `{"p_tenant_id":"t1","p_line_id":"l1","p_quantity":null,"p_estimated_unit_cost":"0","p_notes":""}`,
		},
		{
			Name: "RemovePurchaseRequisitionLine",
			Do: apitest.Void(func(ctx context.Context, c *workorder.Client) error {
				return c.PartsInventory.RemovePurchaseRequisitionLine(ctx, inventory.RemovePurchaseRequisitionLineParams{LineID: "l1"})
			}),
			RPC: "rpc_remove_purchase_requisition_line", Body: `{"p_tenant_id":"t1","p_line_id":"l1"}`,
		},
		{
			Name: "DeletePurchaseRequisition",
			Do: apitest.Void(func(ctx context.Context, c *workorder.Client) error {
				return c.PartsInventory.DeletePurchaseRequisition(ctx, inventory.DeletePurchaseRequisitionParams{PurchaseRequisitionID: "r1"})
			}),
			RPC: "rpc_delete_purchase_requisition", Body: `{"p_tenant_id":"t1","p_purchase_requisition_id":"r1"}`,
		},
		{
			Name: "CreatePurchaseOrder without lines looks for nothing",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.PartsInventory.CreatePurchaseOrder(ctx, inventory.CreatePurchaseOrderParams{SupplierID: "s1", OrderNumber: "N-1"})
			},
			RPC: "rpc_create_purchase_order",
			Body: `{"p_tenant_id":"t1","p_supplier_id":"s1","p_order_number":"N-1","p_order_date":null,"p_expected_delivery_date":null,
				"p_external_id":null,"p_notes":null}`,
			Reply: `"o1"`, Want: "o1",
		},
		{
			Name: "ReceivePurchaseOrder",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.PartsInventory.ReceivePurchaseOrder(ctx, inventory.ReceivePurchaseOrderParams{POID: "o1", Lines: []inventory.ReceiptLine{
					{PurchaseOrderLineID: "l1", QuantityReceived: dec("0.0001"), ToInventoryLocationID: "b1"},
					{PurchaseOrderLineID: "l1", QuantityReceived: dec("12345678901234.5678")},
				}})
			},
			RPC: "rpc_receive_purchase_order",
			Body: `{"p_tenant_id":"t1","p_po_id":"o1","p_lines":[
				{"purchase_order_line_id":"l1","quantity_received":"0.0001","to_inventory_location_id":"b1"},
				{"purchase_order_line_id":"l1","quantity_received":"12345678901234.5678","to_inventory_location_id":null}]}`,
			Reply: `"x1"`, Want: "x1",
		},
	})
}

// order is a purchase order of the parts p1 and p2.
func order(ctx context.Context, c *workorder.Client, tenant string) (string, error) {
	return c.PartsInventory.CreatePurchaseOrder(ctx, inventory.CreatePurchaseOrderParams{
		TenantID: tenant, SupplierID: "s1", OrderNumber: "N-1", OrderDate: types.NewDate(2026, 3, 1),
		ExpectedDeliveryDate: types.NewDate(2026, 2, 1), ExternalID: "x", Notes: "n",
		Lines: []inventory.PurchaseOrderLine{
			{PartID: "p1", QuantityOrdered: dec("10"), UnitPrice: new(dec("4.2500"))},
			{PartID: "P2", QuantityOrdered: dec("0.5")},
			{PartID: "p1", QuantityOrdered: dec("1"), UnitPrice: new(dec("-1"))},
		},
	})
}

const orderBody = `{"p_tenant_id":"%s","p_supplier_id":"s1","p_order_number":"N-1","p_order_date":"2026-03-01",
	"p_expected_delivery_date":"2026-02-01","p_external_id":"x","p_notes":"n","p_lines":[
	{"part_id":"p1","quantity_ordered":"10","unit_price":"4.25"},
	{"part_id":"P2","quantity_ordered":"0.5","unit_price":null},
	{"part_id":"p1","quantity_ordered":"1","unit_price":"-1"}]}`

func TestAPurchaseOrderNamesPartsOfItsTenant(t *testing.T) {
	const (
		parts = "/rest/v1/v_parts"
		may   = "/rest/v1/rpc/rpc_has_permission"
		rpc   = "/rest/v1/rpc/rpc_create_purchase_order"
	)
	c, srv := apitest.New(t)

	for _, tenant := range []string{"", "t2"} {
		want := max(tenant, apitest.TenantID)
		srv.Reply(http.StatusOK, `[{"id":"p1"},{"id":"p2"}]`)
		srv.Reply(http.StatusOK, `"o1"`)
		id, err := order(t.Context(), c, tenant)
		require.NoError(t, err)
		require.Equal(t, "o1", id)
		asked := fmt.Sprint(srv.WantRequest(t, http.MethodGet, parts, "").Query)
		require.Contains(t, asked, "tenant_id.eq.")
		require.Contains(t, asked, want)
		require.Contains(t, asked, "p1")
		require.Contains(t, asked, "P2")
		srv.WantRequest(t, http.MethodPost, rpc, fmt.Sprintf(orderBody, want))
		srv.WantNoRequest(t)
	}

	// One part is not there, for somebody who may order.
	srv.Reply(http.StatusOK, `[{"id":"p1"}]`)
	srv.Reply(http.StatusOK, `true`)
	_, err := order(t.Context(), c, "")
	require.ErrorIs(t, err, workorder.ErrInvalidReference)
	require.ErrorContains(t, err, "PartsInventory.CreatePurchaseOrder")
	require.ErrorContains(t, err, "Lines[1].PartID")
	srv.WantRequest(t, http.MethodGet, parts, "")
	srv.WantRequest(t, http.MethodPost, may, `{"p_tenant_id":"t1","p_permission_key":"purchase_order.create"}`)
	srv.WantNoRequest(t)

	// Who may not order sees no parts either, and hears it from the server.
	srv.Reply(http.StatusOK, `[]`)
	srv.Reply(http.StatusOK, `false`)
	srv.ReplyError(http.StatusForbidden, "42501", "no")
	_, err = order(t.Context(), c, "t2")
	require.ErrorIs(t, err, workorder.ErrPermissionDenied)
	srv.WantRequest(t, http.MethodGet, parts, "")
	srv.WantRequest(t, http.MethodPost, may, `{"p_tenant_id":"t2","p_permission_key":"purchase_order.create"}`)
	srv.WantRequest(t, http.MethodPost, rpc, fmt.Sprintf(orderBody, "t2"))

	// What fails on the way orders nothing.
	for _, answers := range [][]int{{http.StatusForbidden}, {http.StatusOK, http.StatusForbidden}} {
		for _, status := range answers {
			if status == http.StatusOK {
				srv.Reply(status, `[]`)
			} else {
				srv.ReplyError(status, "42501", "no")
			}
		}
		_, err = order(t.Context(), c, "")
		require.ErrorIs(t, err, workorder.ErrPermissionDenied)
		require.ErrorContains(t, err, "PartsInventory.CreatePurchaseOrder")
		srv.WantRequest(t, http.MethodGet, parts, "")
		if len(answers) > 1 {
			srv.WantRequest(t, http.MethodPost, may, `{"p_tenant_id":"t1","p_permission_key":"purchase_order.create"}`)
		}
		srv.WantNoRequest(t)
	}
}

// A long order asks for its parts in requests that a server takes.
func TestALongPurchaseOrderNamesPartsOfItsTenant(t *testing.T) {
	var lines []inventory.PurchaseOrderLine
	for i := range 2_500 {
		lines = append(lines, inventory.PurchaseOrderLine{
			PartID: fmt.Sprintf("00000000-0000-4000-8000-%012d", i), QuantityOrdered: dec("1"),
		})
	}
	id, behind := regexp.MustCompile(`0{8}-0000-4000-8000-\d{12}`), regexp.MustCompile(`id\.gt\."?([-0-9]+)`)
	for missing, want := range map[string]error{"": nil, lines[2_400].PartID: workorder.ErrInvalidReference} {
		c, srv := apitest.New(t)
		ordered := false
		answer := func(w http.ResponseWriter, r *http.Request) {
			switch r.URL.Path {
			case "/rest/v1/v_parts":
				rows, last := []map[string]string{}, ""
				if m := behind.FindStringSubmatch(fmt.Sprint(r.URL.Query())); m != nil {
					last = m[1]
				}
				for _, part := range id.FindAllString(fmt.Sprint(r.URL.Query()), -1) {
					if part != missing && part > last {
						rows = append(rows, map[string]string{"id": part})
					}
				}
				_ = json.NewEncoder(w).Encode(rows)
			case "/rest/v1/rpc/rpc_has_permission":
				_, _ = io.WriteString(w, "true")
			default:
				ordered = true
				_, _ = io.WriteString(w, `"o1"`)
			}
		}
		for range 200 {
			srv.Handle(answer)
		}
		_, err := c.PartsInventory.CreatePurchaseOrder(t.Context(), inventory.CreatePurchaseOrderParams{
			SupplierID: "s1", OrderNumber: "N-1", Lines: lines,
		})
		require.ErrorIs(t, err, want)
		require.Equal(t, want == nil, ordered)
		if want != nil {
			require.ErrorContains(t, err, "Lines[2400].PartID")
		}
	}
}

func TestReceiptsAndOrdersAreSentOnce(t *testing.T) {
	c, srv := apitest.New(t)
	for name, do := range map[string]func(context.Context) error{
		"rpc_receive_purchase_order": func(ctx context.Context) error {
			return apitest.Err(c.PartsInventory.ReceivePurchaseOrder(ctx, inventory.ReceivePurchaseOrderParams{
				POID: "o1", Lines: []inventory.ReceiptLine{{PurchaseOrderLineID: "l1", QuantityReceived: dec("1")}},
			}))
		},
		"rpc_create_purchase_requisition": func(ctx context.Context) error {
			return apitest.Err(c.PartsInventory.CreatePurchaseRequisition(ctx, inventory.CreatePurchaseRequisitionParams{}))
		},
		"rpc_add_purchase_requisition_line": func(ctx context.Context) error {
			return apitest.Err(c.PartsInventory.AddPurchaseRequisitionLine(ctx, inventory.AddPurchaseRequisitionLineParams{
				PurchaseRequisitionID: "r1", PartID: "p1", Quantity: dec("1"),
			}))
		},
		"rpc_add_supplier_contract_rate": func(ctx context.Context) error {
			return apitest.Err(c.PartsInventory.AddSupplierContractRate(ctx, inventory.AddSupplierContractRateParams{ContractID: "c1", RateType: "x"}))
		},
	} {
		before := len(srv.Requests())
		srv.Reply(http.StatusBadGateway, `{}`)
		require.ErrorIs(t, do(t.Context()), workorder.ErrUnavailable, name)
		require.Len(t, srv.Requests(), before+1, name)
	}
}

func TestWhatPurchasingCannotUseIsRefusedBeforeSending(t *testing.T) {
	c, srv := apitest.New(t)
	ctx, p := t.Context(), &c.PartsInventory
	ordered := func(lines ...inventory.PurchaseOrderLine) error {
		return apitest.Err(p.CreatePurchaseOrder(ctx, inventory.CreatePurchaseOrderParams{SupplierID: "s", OrderNumber: "n", Lines: lines}))
	}
	received := func(lines ...inventory.ReceiptLine) error {
		return apitest.Err(p.ReceivePurchaseOrder(ctx, inventory.ReceivePurchaseOrderParams{POID: "o", Lines: lines}))
	}
	contract := func(start, end types.Date) error {
		return apitest.Err(p.CreateSupplierContract(ctx, inventory.CreateSupplierContractParams{SupplierID: "s", EffectiveStart: start, EffectiveEnd: end}))
	}
	day := types.NewDate(2026, 5, 1)
	type test struct {
		field string
		err   error
	}
	tests := []test{
		{"Name", apitest.Err(p.CreateSupplier(ctx, inventory.CreateSupplierParams{Code: "c"}))},
		{"SupplierID", p.UpdateSupplier(ctx, inventory.UpdateSupplierParams{Name: new("n")})},
		{"SupplierID", apitest.Err(p.CreateSupplierContract(ctx, inventory.CreateSupplierContractParams{EffectiveStart: day}))},
		{"EffectiveStart", contract(types.Date{}, day)},
		{"EffectiveEnd", contract(day, day.AddDays(-1))},
		{"EffectiveEnd", contract(day, types.FarFutureDate())},
		{"InsuranceExpiresAt", p.UpdateSupplier(ctx, inventory.UpdateSupplierParams{SupplierID: "s", InsuranceExpiresAt: new(types.Date{})})},
		{"ContractID", p.UpdateSupplierContract(ctx, inventory.UpdateSupplierContractParams{})},
		{"EffectiveStart", p.UpdateSupplierContract(ctx, inventory.UpdateSupplierContractParams{ContractID: "c", EffectiveStart: new(types.Date{})})},
		{"EffectiveEnd", p.UpdateSupplierContract(ctx, inventory.UpdateSupplierContractParams{ContractID: "c", EffectiveEnd: new(types.Date{})})},
		{"EffectiveEnd", p.UpdateSupplierContract(ctx, inventory.UpdateSupplierContractParams{
			ContractID: "c", EffectiveStart: new(day), EffectiveEnd: new(day.AddDays(-1)),
		})},
		{"ContractID", apitest.Err(p.AddSupplierContractRate(ctx, inventory.AddSupplierContractRateParams{RateType: "x"}))},
		{"RateType", apitest.Err(p.AddSupplierContractRate(ctx, inventory.AddSupplierContractRateParams{ContractID: "c"}))},
		{"AmountCents", apitest.Err(p.AddSupplierContractRate(ctx, inventory.AddSupplierContractRateParams{ContractID: "c", RateType: "x", AmountCents: -1}))},
		{"PurchaseRequisitionID", apitest.Err(p.AddPurchaseRequisitionLine(ctx, inventory.AddPurchaseRequisitionLineParams{PartID: "p", Quantity: dec("1")}))},
		{"PartID", apitest.Err(p.AddPurchaseRequisitionLine(ctx, inventory.AddPurchaseRequisitionLineParams{PurchaseRequisitionID: "r", Quantity: dec("1")}))},
		{"LineID", p.UpdatePurchaseRequisitionLine(ctx, inventory.UpdatePurchaseRequisitionLineParams{})},
		{"LineID", p.RemovePurchaseRequisitionLine(ctx, inventory.RemovePurchaseRequisitionLineParams{})},
		{"PurchaseRequisitionID", p.DeletePurchaseRequisition(ctx, inventory.DeletePurchaseRequisitionParams{})},
		{"SupplierID", apitest.Err(p.CreatePurchaseOrder(ctx, inventory.CreatePurchaseOrderParams{OrderNumber: "n"}))},
		{"OrderNumber", apitest.Err(p.CreatePurchaseOrder(ctx, inventory.CreatePurchaseOrderParams{SupplierID: "s"}))},
		{"Lines[1].PartID", ordered(inventory.PurchaseOrderLine{PartID: "p", QuantityOrdered: dec("1")}, inventory.PurchaseOrderLine{QuantityOrdered: dec("1")})},
		{"POID", apitest.Err(p.ReceivePurchaseOrder(ctx, inventory.ReceivePurchaseOrderParams{Lines: []inventory.ReceiptLine{{}}}))},
		{"Lines", received()},
		{"Lines", received([]inventory.ReceiptLine{}...)},
		{"Lines[0].PurchaseOrderLineID", received(inventory.ReceiptLine{QuantityReceived: dec("1")})},
	}
	// Neither what is nothing, nor what the columns would round or cannot hold.
	for _, bad := range []string{"0", "-1", "0.00004", "1.00001", "100000000000000", "99999999999999.99999"} {
		q := dec(bad)
		tests = append(tests,
			test{"Quantity", apitest.Err(p.AddPurchaseRequisitionLine(ctx, inventory.AddPurchaseRequisitionLineParams{PurchaseRequisitionID: "r", PartID: "p", Quantity: q}))},
			test{"Quantity", p.UpdatePurchaseRequisitionLine(ctx, inventory.UpdatePurchaseRequisitionLineParams{LineID: "l", Quantity: &q})},
			test{"quantity_ordered", ordered(inventory.PurchaseOrderLine{PartID: "p", QuantityOrdered: q})},
			test{"quantity_received", received(inventory.ReceiptLine{PurchaseOrderLineID: "l", QuantityReceived: q})},
		)
		if !q.IsZero() && bad != "-1" {
			tests = append(tests,
				test{"unit_price", ordered(inventory.PurchaseOrderLine{PartID: "p", QuantityOrdered: dec("1"), UnitPrice: &q})},
				test{"EstimatedUnitCost", p.UpdatePurchaseRequisitionLine(ctx, inventory.UpdatePurchaseRequisitionLineParams{LineID: "l", EstimatedUnitCost: &q})},
			)
		}
	}
	for i, tc := range tests {
		require.ErrorIs(t, tc.err, workorder.ErrInvalidInput, "%d %s", i, tc.field)
		require.ErrorContains(t, tc.err, tc.field, "%d", i)
	}
	require.ErrorContains(t, received(
		inventory.ReceiptLine{PurchaseOrderLineID: "l", QuantityReceived: dec("1")},
		inventory.ReceiptLine{PurchaseOrderLineID: "l", QuantityReceived: dec("1.00001")},
	), "[1].quantity_received has more than 4 decimals", "the error says which line")
	srv.WantNoRequest(t)
}

func TestDocumentedLengthsOfSuppliers(t *testing.T) {
	for name, tc := range map[string]struct {
		max int
		do  apitest.Texts
	}{
		"CreateSupplier.Name": {255, func(ctx context.Context, c *workorder.Client, s string) error {
			return apitest.Err(c.PartsInventory.CreateSupplier(ctx, inventory.CreateSupplierParams{Name: s}))
		}},
		"CreateSupplier.Code": {50, func(ctx context.Context, c *workorder.Client, s string) error {
			return apitest.Err(c.PartsInventory.CreateSupplier(ctx, inventory.CreateSupplierParams{Name: "n", Code: s}))
		}},
		"UpdateSupplier.Name": {255, func(ctx context.Context, c *workorder.Client, s string) error {
			return c.PartsInventory.UpdateSupplier(ctx, inventory.UpdateSupplierParams{SupplierID: "s", Name: &s})
		}},
		"UpdateSupplier.Code": {50, func(ctx context.Context, c *workorder.Client, s string) error {
			return c.PartsInventory.UpdateSupplier(ctx, inventory.UpdateSupplierParams{SupplierID: "s", Code: &s})
		}},
		"CreateSupplierContract.ContractNumber": {100, func(ctx context.Context, c *workorder.Client, s string) error {
			return apitest.Err(c.PartsInventory.CreateSupplierContract(ctx, inventory.CreateSupplierContractParams{
				SupplierID: "s", EffectiveStart: types.NewDate(2026, 1, 1), ContractNumber: s,
			}))
		}},
		"UpdateSupplierContract.ContractNumber": {100, func(ctx context.Context, c *workorder.Client, s string) error {
			return c.PartsInventory.UpdateSupplierContract(ctx, inventory.UpdateSupplierContractParams{ContractID: "c", ContractNumber: &s})
		}},
		"AddSupplierContractRate.RateType": {80, func(ctx context.Context, c *workorder.Client, s string) error {
			return apitest.Err(c.PartsInventory.AddSupplierContractRate(ctx, inventory.AddSupplierContractRateParams{ContractID: "c", RateType: s}))
		}},
	} {
		_, field, _ := strings.Cut(name, ".")
		apitest.WantTrimmedLimit(t, field, tc.max, tc.do)
	}
}
