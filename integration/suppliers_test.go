package integration

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/inventory"
	"github.com/workorder-systems/sdk-go/query"
	"github.com/workorder-systems/sdk-go/reporting"
	"github.com/workorder-systems/sdk-go/types"
	"github.com/workorder-systems/sdk-go/workorders"
)

func getSupplier(t testing.TB, c *workorder.Client, id string) *inventory.Supplier {
	t.Helper()
	s, err := c.PartsInventory.Suppliers.Get(t.Context(), id)
	require.NoError(t, err)
	return s
}

func TestSuppliersAreStoredAsDocumented(t *testing.T) {
	t.Parallel()
	tn, other := stack.Tenant(t), stack.Tenant(t)
	long := strings.Repeat("ü", 255)
	id, err := tn.PartsInventory.CreateSupplier(t.Context(), inventory.CreateSupplierParams{
		Name: "  Müller & Söhne ", Code: " M-1 ", ExternalID: "  ", ContactName: " Ada ", Email: "no address", Phone: " 1", AddressLine: " ",
		SuppliesParts: new(false), SuppliesLabor: new(true), TaxID: strings.Repeat("9", 500), InsuranceExpiresAt: types.NewDate(2020, 1, 1),
	})
	require.NoError(t, err)
	s := getSupplier(t, tn.Client, id)
	require.Equal(t, tn.ID, s.TenantID)
	require.Equal(t, "Müller & Söhne", s.Name)
	require.Equal(t, []*string{new("M-1"), nil, new("Ada"), new("no address"), new("1"), nil},
		[]*string{s.Code, s.ExternalID, s.ContactName, s.Email, s.Phone, s.AddressLine})

	update := func(c *workorder.Client, p inventory.UpdateSupplierParams) error {
		return c.PartsInventory.UpdateSupplier(t.Context(), p)
	}
	require.NoError(t, update(tn.Client, inventory.UpdateSupplierParams{
		SupplierID: id, Name: new("  "), ExternalID: new(" x "), ContactName: new(""), Email: new(" e "), TaxID: new(""),
	}))
	s = getSupplier(t, tn.Client, id)
	require.Equal(t, "Müller & Söhne", s.Name, "a blank name changes nothing")
	require.Equal(t, []*string{new("M-1"), new("x"), new(""), new(" e "), new("1"), nil},
		[]*string{s.Code, s.ExternalID, s.ContactName, s.Email, s.Phone, s.AddressLine})
	require.NoError(t, update(tn.Client, inventory.UpdateSupplierParams{SupplierID: id, Name: &long, Code: new(""), ExternalID: new("")}))
	s = getSupplier(t, tn.Client, id)
	require.Equal(t, long, s.Name)
	require.Nil(t, s.Code)
	require.Nil(t, s.ExternalID)

	_, err = tn.PartsInventory.CreateSupplier(t.Context(), inventory.CreateSupplierParams{Name: "   "})
	requireError(t, err, workorder.ErrInvalidInput, "23514")
	for _, foreign := range []string{id, unknownID} {
		requireError(t, update(other.Client, inventory.UpdateSupplierParams{SupplierID: foreign, Name: new("x")}), workorder.ErrInvalidReference, "23503")
	}
	requireError(t, update(tn.Client, inventory.UpdateSupplierParams{SupplierID: "x"}), workorder.ErrInvalidInput, "22P02")
}

func TestSupplierCodesAreUniqueInTheirTenant(t *testing.T) {
	t.Parallel()
	tn, other := stack.Tenant(t), stack.Tenant(t)
	create := func(tn *tenant, code string) (string, error) {
		return tn.PartsInventory.CreateSupplier(t.Context(), inventory.CreateSupplierParams{Name: "Acme", Code: code})
	}
	_, err := create(tn, "A-1")
	require.NoError(t, err)
	_, err = create(tn, " A-1 ")
	requireError(t, err, workorder.ErrConflict, "23505")
	second, err := create(tn, "a-1")
	require.NoError(t, err, "case counts")
	_, err = create(tn, "")
	require.NoError(t, err)
	_, err = create(tn, "")
	require.NoError(t, err, "many may have none")
	_, err = create(other, "A-1")
	require.NoError(t, err)
	err = tn.PartsInventory.UpdateSupplier(t.Context(), inventory.UpdateSupplierParams{SupplierID: second, Code: new("A-1")})
	requireError(t, err, workorder.ErrConflict, "23505")
	require.Equal(t, "a-1", *getSupplier(t, tn.Client, second).Code)
}

func TestSupplierContractsAreStoredAsDocumented(t *testing.T) {
	t.Parallel()
	tn, other := stack.Tenant(t), stack.Tenant(t)
	supplier, theirs := makeSupplier(t, tn, "Acme"), makeSupplier(t, other, "Bolt")
	start := types.NewDate(2028, 2, 29)
	create := func(p inventory.CreateSupplierContractParams) (string, error) {
		return tn.PartsInventory.CreateSupplierContract(t.Context(), p)
	}
	update := func(p inventory.UpdateSupplierContractParams) error {
		return tn.PartsInventory.UpdateSupplierContract(t.Context(), p)
	}
	show := func(id string) string {
		t.Helper()
		c, err := tn.PartsInventory.SupplierContracts.Get(t.Context(), id)
		require.NoError(t, err)
		require.Equal(t, []string{tn.ID, supplier}, []string{c.TenantID, c.SupplierID})
		text := func(s *string) string {
			if s == nil {
				return "-"
			}
			return *s
		}
		end := "-"
		if c.EffectiveEnd != nil {
			end = c.EffectiveEnd.String()
		}
		return fmt.Sprintf("%s|%s|%s|%s|%t", text(c.ContractNumber), c.EffectiveStart, end, text(c.Terms), c.IsActive)
	}

	open, err := create(inventory.CreateSupplierContractParams{SupplierID: supplier, EffectiveStart: start})
	require.NoError(t, err)
	require.Equal(t, "-|2028-02-29|-|-|true", show(open))
	id, err := create(inventory.CreateSupplierContractParams{
		SupplierID: supplier, EffectiveStart: start, EffectiveEnd: start, ContractNumber: "  K ", Terms: " net 30 ", IsActive: new(false),
	})
	require.NoError(t, err, "contracts overlap, and last a day")
	require.Equal(t, "K|2028-02-29|2028-02-29| net 30 |false", show(id))

	requireError(t, update(inventory.UpdateSupplierContractParams{ContractID: id, EffectiveEnd: new(start.AddDays(-1))}), workorder.ErrInvalidInput, "23514")
	requireError(t, update(inventory.UpdateSupplierContractParams{ContractID: id, EffectiveStart: new(start.AddDays(1))}), workorder.ErrInvalidInput, "23514")
	require.Equal(t, "K|2028-02-29|2028-02-29| net 30 |false", show(id), "nothing of a refused change is kept")
	require.NoError(t, update(inventory.UpdateSupplierContractParams{
		ContractID: id, ContractNumber: new(" "), EffectiveStart: new(start.AddDays(1)), EffectiveEnd: new(start.AddDays(366)), Terms: new(""), IsActive: new(true),
	}))
	require.Equal(t, "-|2028-03-01|2029-03-01||true", show(id))

	for _, foreign := range []string{theirs, unknownID} {
		_, err = create(inventory.CreateSupplierContractParams{SupplierID: foreign, EffectiveStart: start})
		requireError(t, err, workorder.ErrInvalidReference, "23503")
	}
	requireError(t, update(inventory.UpdateSupplierContractParams{ContractID: unknownID}), workorder.ErrRuleViolation, "P0001")
	err = other.PartsInventory.UpdateSupplierContract(t.Context(), inventory.UpdateSupplierContractParams{ContractID: id})
	requireError(t, err, workorder.ErrRuleViolation, "P0001")
	err = tn.RPC(t.Context(), "rpc_create_supplier_contract", map[string]any{
		"p_tenant_id": tn.ID, "p_supplier_id": supplier, "p_effective_start": "2028-01-02", "p_effective_end": "2028-01-01",
	}, nil)
	requireError(t, err, workorder.ErrInvalidInput, "23514")
}

func TestSupplierContractRates(t *testing.T) {
	t.Parallel()
	tn, other := stack.Tenant(t), stack.Tenant(t)
	contract, err := tn.PartsInventory.CreateSupplierContract(t.Context(), inventory.CreateSupplierContractParams{
		SupplierID: makeSupplier(t, tn, "Acme"), EffectiveStart: types.NewDate(2026, 1, 1),
	})
	require.NoError(t, err)
	add := func(c *workorder.Client, p inventory.AddSupplierContractRateParams) (int64, error) {
		return c.PartsInventory.AddSupplierContractRate(t.Context(), p)
	}

	want := map[int64]string{}
	for _, amount := range []int{0, 9_500, math.MaxInt32} {
		id, err := add(tn.Client, inventory.AddSupplierContractRateParams{ContractID: contract, RateType: " labor_hour ", AmountCents: amount, UOM: " h "})
		require.NoError(t, err)
		want[id] = fmt.Sprint("labor_hour ", amount, " h")
	}
	id, err := add(tn.Client, inventory.AddSupplierContractRateParams{ContractID: contract, RateType: "x", UOM: " "})
	require.NoError(t, err)
	want[id] = "x 0"
	rows, err := tn.PartsInventory.SupplierContractRates.List(t.Context(), query.Where(inventory.SupplierContractRateCols.ContractID.Eq(contract)))
	require.NoError(t, err)
	got := map[int64]string{}
	for _, r := range rows {
		require.Equal(t, tn.ID, r.TenantID)
		got[r.ID] = fmt.Sprint(r.RateType, " ", r.AmountCents)
		if r.UOM != nil {
			got[r.ID] += " " + *r.UOM
		}
	}
	require.Equal(t, want, got)

	_, err = add(tn.Client, inventory.AddSupplierContractRateParams{ContractID: contract, RateType: "  "})
	requireError(t, err, workorder.ErrInvalidInput, "23514")
	_, err = add(tn.Client, inventory.AddSupplierContractRateParams{ContractID: contract, RateType: "x", AmountCents: math.MaxInt32 + 1})
	require.ErrorIs(t, err, workorder.ErrInvalidInput)
	_, err = add(tn.Client, inventory.AddSupplierContractRateParams{ContractID: unknownID, RateType: "x"})
	requireError(t, err, workorder.ErrRuleViolation, "P0001")
	_, err = add(other.Client, inventory.AddSupplierContractRateParams{ContractID: contract, RateType: "x"})
	requireError(t, err, workorder.ErrRuleViolation, "P0001")
	for amount, code := range map[any]string{nil: "23502", -1: "23514"} {
		err = tn.RPC(t.Context(), "rpc_add_supplier_contract_rate", map[string]any{
			"p_tenant_id": tn.ID, "p_contract_id": contract, "p_rate_type": "x", "p_amount_cents": amount,
		}, nil)
		requireError(t, err, workorder.ErrInvalidInput, code)
	}
}

// costOf reads what a work order has cost.
func costOf(t testing.TB, c *workorder.Client, workOrder string) *reporting.WorkOrderCost {
	t.Helper()
	cost, err := c.Costs.WorkOrderCosts.Get(t.Context(), workOrder)
	require.NoError(t, err)
	require.Zero(t, cost.LaborCents)
	require.Zero(t, cost.PartsCents, "parts cost a work order nothing by themselves")
	require.Equal(t, cost.VendorCents, cost.TotalCents)
	return cost
}

// spend is what a client sees of the spend on a supplier: cents and lines.
func spend(t testing.TB, c *workorder.Client, supplier string) string {
	t.Helper()
	rows, err := c.PartsInventory.VendorSpendBySupplier.List(t.Context(), query.Where(inventory.VendorSpendCols.SupplierID.Eq(supplier)))
	require.NoError(t, err)
	if len(rows) == 0 {
		return ""
	}
	require.Len(t, rows, 1)
	require.NotNil(t, rows[0].TotalAmountCents)
	return fmt.Sprintf("%s %d/%d", rows[0].SupplierName, *rows[0].TotalAmountCents, rows[0].CostLineCount)
}

func TestVendorSpendAddsUpTheCostsOfASupplier(t *testing.T) {
	t.Parallel()
	tn, other := stack.Tenant(t), stack.Tenant(t)
	supplier, idle := makeSupplier(t, tn, "Acme"), makeSupplier(t, tn, "Idle")
	first, second := makeWorkOrder(t, tn.Client, "x"), makeWorkOrder(t, tn.Client, "y")
	requestor := tn.Member(t, "requestor")
	upsert := func(p workorders.UpsertVendorCostParams) string {
		t.Helper()
		id, err := tn.WorkOrders.UpsertVendorCost(t.Context(), p)
		require.NoError(t, err)
		return id
	}

	require.Empty(t, spend(t, tn.Client, supplier))
	cost := upsert(workorders.UpsertVendorCostParams{WorkOrderID: first, AmountCents: new(2_500), SupplierID: supplier})
	require.Equal(t, "Acme 2500/1", spend(t, tn.Client, supplier))
	require.EqualValues(t, 2_500, costOf(t, tn.Client, first).TotalCents)

	require.Equal(t, cost, upsert(workorders.UpsertVendorCostParams{WorkOrderID: first, VendorCostID: cost, AmountCents: new(3_000)}))
	require.Equal(t, "Acme 3000/1", spend(t, tn.Client, supplier))
	require.EqualValues(t, 3_000, costOf(t, tn.Client, first).TotalCents)

	upsert(workorders.UpsertVendorCostParams{WorkOrderID: second, AmountCents: new(10_000_000), SupplierID: supplier})
	upsert(workorders.UpsertVendorCostParams{WorkOrderID: second, AmountCents: new(1)}) // of no supplier
	require.Equal(t, "Acme 10003000/2", spend(t, tn.Client, supplier))
	require.EqualValues(t, 10_000_001, costOf(t, tn.Client, second).TotalCents)
	require.Empty(t, spend(t, tn.Client, idle))

	require.Equal(t, "Acme 10003000/2", spend(t, requestor.Client, supplier), "shown whichever work orders one may see")
	require.Empty(t, spend(t, other.Client, supplier))
	require.NoError(t, tn.PartsInventory.UpdateSupplier(t.Context(), inventory.UpdateSupplierParams{SupplierID: supplier, Name: new("Acme 2")}))
	require.Equal(t, "Acme 2 10003000/2", spend(t, tn.Client, supplier))

	upsert(workorders.UpsertVendorCostParams{WorkOrderID: first, VendorCostID: cost, SupplierID: idle})
	require.Equal(t, "Acme 2 10000000/1", spend(t, tn.Client, supplier))
	require.Equal(t, "Idle 3000/1", spend(t, tn.Client, idle))
}

func TestPrimarySuppliersCountTheirWorkOrders(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	supplier := makeSupplier(t, tn, "Acme")
	open, done := makeWorkOrder(t, tn.Client, "x"), workOrderIn(t, tn.Client, "in_progress")
	requestor := tn.Member(t, "requestor")
	asked := createRequest(t, requestor.Client, "z")
	set := func(workOrder, supplier string) {
		t.Helper()
		require.NoError(t, tn.WorkOrders.SetPrimarySupplier(t.Context(), workorders.SetPrimarySupplierParams{
			WorkOrderID: workOrder, PrimarySupplierID: supplier,
		}))
	}
	// counts are all, final and other work orders of the supplier.
	counts := func(c *workorder.Client) string {
		t.Helper()
		rows, err := c.PartsInventory.WorkOrderCountsByPrimarySupplier.List(t.Context())
		require.NoError(t, err)
		if len(rows) == 0 {
			return ""
		}
		require.Len(t, rows, 1)
		require.Equal(t, []string{tn.ID, supplier, "Acme"}, []string{rows[0].TenantID, rows[0].SupplierID, rows[0].SupplierName})
		return fmt.Sprintf("%d=%d+%d", rows[0].WorkOrderCount, rows[0].FinalStatusCount, rows[0].NonFinalStatusCount)
	}

	require.Empty(t, counts(tn.Client))
	set(open, supplier)
	set(done, supplier)
	set(done, supplier)
	require.Equal(t, "2=0+2", counts(tn.Client))
	require.NoError(t, tn.WorkOrders.Complete(t.Context(), workorders.CompleteWorkOrderParams{WorkOrderID: done}))
	require.Equal(t, "2=1+1", counts(tn.Client))

	require.Empty(t, counts(requestor.Client), "a requestor counts their own requests")
	set(asked, supplier)
	require.Equal(t, "1=0+1", counts(requestor.Client))
	require.Equal(t, "3=1+2", counts(tn.Client))

	for _, id := range []string{open, done, asked} {
		set(id, "")
	}
	require.Empty(t, counts(tn.Client))
}
