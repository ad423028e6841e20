package integration

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/inventory"
	"github.com/workorder-systems/sdk-go/org"
	"github.com/workorder-systems/sdk-go/types"
)

// freshContract makes a contract to act on, as the tenant's administrator.
func freshContract(t testing.TB, tn *tenant) string {
	t.Helper()
	id, err := tn.PartsInventory.CreateSupplierContract(t.Context(), inventory.CreateSupplierContractParams{
		SupplierID: makeSupplier(t, tn, "x"), EffectiveStart: types.NewDate(2026, 1, 1),
	})
	require.NoError(t, err)
	return id
}

func freshRequisition(t testing.TB, tn *tenant) string {
	t.Helper()
	id, err := tn.PartsInventory.CreatePurchaseRequisition(t.Context(), inventory.CreatePurchaseRequisitionParams{})
	require.NoError(t, err)
	return id
}

func freshRequisitionLine(t testing.TB, tn *tenant) string {
	t.Helper()
	id, err := tn.PartsInventory.AddPurchaseRequisitionLine(t.Context(), inventory.AddPurchaseRequisitionLineParams{
		PurchaseRequisitionID: freshRequisition(t, tn), PartID: makePart(t, tn, newSlug()), Quantity: dec("1"),
	})
	require.NoError(t, err)
	return id
}

// purchasingWrites are the writes to suppliers and purchasing that everybody
// tries.
var purchasingWrites = []placeWrite{
	{"PartsInventory.CreateSupplier", adminOnly, func(t testing.TB, tn *tenant, c *workorder.Client) error {
		_, err := c.PartsInventory.CreateSupplier(t.Context(), inventory.CreateSupplierParams{TenantID: tn.ID, Name: "x"})
		return err
	}},
	{"PartsInventory.UpdateSupplier", adminOnly, func(t testing.TB, tn *tenant, c *workorder.Client) error {
		return c.PartsInventory.UpdateSupplier(t.Context(), inventory.UpdateSupplierParams{
			TenantID: tn.ID, SupplierID: makeSupplier(t, tn, "x"), Name: new("y"),
		})
	}},
	{"PartsInventory.CreateSupplierContract", adminOnly, func(t testing.TB, tn *tenant, c *workorder.Client) error {
		_, err := c.PartsInventory.CreateSupplierContract(t.Context(), inventory.CreateSupplierContractParams{
			TenantID: tn.ID, SupplierID: makeSupplier(t, tn, "x"), EffectiveStart: types.NewDate(2026, 1, 1),
		})
		return err
	}},
	{"PartsInventory.UpdateSupplierContract", adminOnly, func(t testing.TB, tn *tenant, c *workorder.Client) error {
		return c.PartsInventory.UpdateSupplierContract(t.Context(), inventory.UpdateSupplierContractParams{
			TenantID: tn.ID, ContractID: freshContract(t, tn), Terms: new("y"),
		})
	}},
	{"PartsInventory.AddSupplierContractRate", adminOnly, func(t testing.TB, tn *tenant, c *workorder.Client) error {
		_, err := c.PartsInventory.AddSupplierContractRate(t.Context(), inventory.AddSupplierContractRateParams{
			TenantID: tn.ID, ContractID: freshContract(t, tn), RateType: "x",
		})
		return err
	}},
	{"PartsInventory.CreatePurchaseRequisition", adminOnly, func(t testing.TB, tn *tenant, c *workorder.Client) error {
		_, err := c.PartsInventory.CreatePurchaseRequisition(t.Context(), inventory.CreatePurchaseRequisitionParams{TenantID: tn.ID})
		return err
	}},
	{"PartsInventory.AddPurchaseRequisitionLine", adminOnly, func(t testing.TB, tn *tenant, c *workorder.Client) error {
		_, err := c.PartsInventory.AddPurchaseRequisitionLine(t.Context(), inventory.AddPurchaseRequisitionLineParams{
			TenantID: tn.ID, PurchaseRequisitionID: freshRequisition(t, tn), PartID: makePart(t, tn, newSlug()), Quantity: dec("1"),
		})
		return err
	}},
	{"PartsInventory.UpdatePurchaseRequisitionLine", adminOnly, func(t testing.TB, tn *tenant, c *workorder.Client) error {
		return c.PartsInventory.UpdatePurchaseRequisitionLine(t.Context(), inventory.UpdatePurchaseRequisitionLineParams{
			TenantID: tn.ID, LineID: freshRequisitionLine(t, tn), Quantity: new(dec("2")),
		})
	}},
	{"PartsInventory.RemovePurchaseRequisitionLine", adminOnly, func(t testing.TB, tn *tenant, c *workorder.Client) error {
		return c.PartsInventory.RemovePurchaseRequisitionLine(t.Context(), inventory.RemovePurchaseRequisitionLineParams{
			TenantID: tn.ID, LineID: freshRequisitionLine(t, tn),
		})
	}},
	{"PartsInventory.DeletePurchaseRequisition", adminOnly, func(t testing.TB, tn *tenant, c *workorder.Client) error {
		return c.PartsInventory.DeletePurchaseRequisition(t.Context(), inventory.DeletePurchaseRequisitionParams{
			TenantID: tn.ID, PurchaseRequisitionID: freshRequisition(t, tn),
		})
	}},
	{"PartsInventory.CreatePurchaseOrder", adminOnly, func(t testing.TB, tn *tenant, c *workorder.Client) error {
		_, err := c.PartsInventory.CreatePurchaseOrder(t.Context(), inventory.CreatePurchaseOrderParams{
			TenantID: tn.ID, SupplierID: makeSupplier(t, tn, "x"), OrderNumber: newSlug(),
			Lines: []inventory.PurchaseOrderLine{ordered(makePart(t, tn, newSlug()), "1")},
		})
		return err
	}},
	{"PartsInventory.ReceivePurchaseOrder", adminOnly, func(t testing.TB, tn *tenant, c *workorder.Client) error {
		order, lines := placeOrder(t, tn, ordered(makePart(t, tn, newSlug()), "1"))
		_, err := c.PartsInventory.ReceivePurchaseOrder(t.Context(), inventory.ReceivePurchaseOrderParams{
			TenantID: tn.ID, POID: order, Lines: []inventory.ReceiptLine{takes(lines[0], "1", "")},
		})
		return err
	}},
}

func TestRolesMayDoTheirWritesToPurchasingOnly(t *testing.T) {
	t.Parallel()
	tryByEveryRole(t, stack.Tenant(t), purchasingWrites)
}

// TestEveryWriteToInventoryIsTriedByEveryRole keeps the lists of both halves of
// the service complete.
func TestEveryWriteToInventoryIsTriedByEveryRole(t *testing.T) {
	t.Parallel()
	tried := map[string]bool{}
	for _, write := range slices.Concat(partWrites, purchasingWrites) {
		tried[write.name] = true
	}
	require.Empty(t, untried(servicesOf(stack.Client(t), "inventory"), tried))
}

func TestPermissionsDecideOverPurchasingNotRoles(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	manager := tn.Member(t, "manager")
	for permission, writes := range map[string][]string{
		"supplier.create": {"CreateSupplier"},
		"supplier.edit": {
			"UpdateSupplier", "CreateSupplierContract", "UpdateSupplierContract", "AddSupplierContractRate",
		},
		"purchase_requisition.create": {"CreatePurchaseRequisition"},
		"purchase_requisition.edit": {
			"AddPurchaseRequisitionLine", "UpdatePurchaseRequisitionLine", "RemovePurchaseRequisitionLine", "DeletePurchaseRequisition",
		},
		"purchase_order.create":  {"CreatePurchaseOrder"},
		"purchase_order.receive": {"ReceivePurchaseOrder"},
	} {
		t.Run(permission, func(t *testing.T) {
			p := org.RolePermissionParams{RoleKey: "manager", PermissionKey: permission}
			try := func(permitted bool) {
				t.Helper()
				for _, write := range purchasingWrites {
					switch err := write.do(t, tn, manager.Client); {
					case permitted && slices.Contains(writes, write.name[len("PartsInventory."):]):
						require.NoError(t, err, write.name)
					default:
						require.ErrorIs(t, err, workorder.ErrPermissionDenied, write.name)
					}
				}
			}
			require.NoError(t, tn.Authorization.AssignPermissionToRole(t.Context(), p))
			try(true)
			require.NoError(t, tn.Authorization.RevokePermissionFromRole(t.Context(), p))
		})
	}
}
