package inventory

import (
	"github.com/workorder-systems/sdk-go/internal/api"
	"github.com/workorder-systems/sdk-go/internal/postgrest"
)

// Service reads and writes parts, stock and purchasing. Any member of the
// tenant may read, unless a reader says otherwise.
//
// TypeScript: partsInventory (listParts is Parts.List, getPartById is Parts.Get,
// and so on for the other readers).
type Service struct {
	// Parts reads v_parts, by id: all parts, inactive ones among them.
	Parts postgrest.View[Part]
	// Summaries reads the columns of v_parts that a list on a screen needs, by
	// id.
	Summaries postgrest.View[PartSummary]
	// PartsWithStock reads v_parts_with_stock, parts with their totals, by id.
	PartsWithStock postgrest.View[PartWithStock]
	// StockLevels reads v_stock_levels, by part and bin.
	StockLevels postgrest.View[StockLevel]
	// StockByLocation reads v_stock_by_location, stock levels with the names of
	// part and bin, by part and bin.
	StockByLocation postgrest.View[LocationStock]
	// InventoryLocations reads v_inventory_locations, by id.
	InventoryLocations postgrest.View[Location]
	// PartReservations reads v_part_reservations, by id: open ones and those
	// that are done.
	PartReservations postgrest.View[PartReservation]
	// PartUsage reads v_part_usage, what was issued, by id.
	PartUsage postgrest.View[PartUsage]

	// Suppliers reads v_suppliers, by id. What a supplier supplies, its tax id
	// and its insurance can be written but not read.
	Suppliers postgrest.View[Supplier]
	// SupplierContracts reads v_supplier_contracts, by id.
	SupplierContracts postgrest.View[SupplierContract]
	// SupplierContractRates reads v_supplier_contract_rates, by id.
	SupplierContractRates postgrest.View[SupplierContractRate]
	// OpenRequisitions reads v_open_requisitions, by id. Their lines cannot be
	// read.
	OpenRequisitions postgrest.View[OpenRequisition]
	// OpenPurchaseOrders reads v_open_purchase_orders, by id.
	OpenPurchaseOrders postgrest.View[OpenPurchaseOrder]
	// PurchaseOrderReceiptStatus reads v_purchase_order_receipt_status, the lines
	// of purchase orders in every status, by line. Orders without lines have no
	// row.
	PurchaseOrderReceiptStatus postgrest.View[ReceiptStatus]
	// VendorSpendBySupplier reads v_vendor_spend_by_supplier, by supplier: the
	// whole tenant's vendor costs, whichever work orders the caller may see.
	VendorSpendBySupplier postgrest.View[VendorSpend]
	// WorkOrderCountsByPrimarySupplier reads
	// v_work_order_counts_by_primary_supplier, by supplier. Only work orders that
	// the caller may see count.
	WorkOrderCountsByPrimarySupplier postgrest.View[PrimarySupplierCounts]

	rpc  postgrest.Caller
	conn *api.Conn
}

func (s *Service) bind(conn *api.Conn) {
	s.Parts = postgrest.NewView(conn, &partView)
	s.Summaries = postgrest.NewView(conn, &partSummaryView)
	s.PartsWithStock = postgrest.NewView(conn, &partWithStockView)
	s.StockLevels = postgrest.NewView(conn, &stockLevelView)
	s.StockByLocation = postgrest.NewView(conn, &locationStockView)
	s.InventoryLocations = postgrest.NewView(conn, &locationView)
	s.PartReservations = postgrest.NewView(conn, &partReservationView)
	s.PartUsage = postgrest.NewView(conn, &partUsageView)
	s.Suppliers = postgrest.NewView(conn, &supplierView)
	s.SupplierContracts = postgrest.NewView(conn, &supplierContractView)
	s.SupplierContractRates = postgrest.NewView(conn, &supplierContractRateView)
	s.OpenRequisitions = postgrest.NewView(conn, &openRequisitionView)
	s.OpenPurchaseOrders = postgrest.NewView(conn, &openPurchaseOrderView)
	s.PurchaseOrderReceiptStatus = postgrest.NewView(conn, &receiptStatusView)
	s.VendorSpendBySupplier = postgrest.NewView(conn, &vendorSpendView)
	s.WorkOrderCountsByPrimarySupplier = postgrest.NewView(conn, &primarySupplierCountsView)
	s.rpc = postgrest.NewCaller(conn)
	s.conn = conn
}
