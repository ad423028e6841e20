package main

var inventoryPackage = pkg{
	Dir: "inventory",
	Views: []view{
		{Name: "v_parts", AllTenants: true, Row: "Part", List: "PartsInventory.Parts", Doc: "a part of the tenant's catalog, active or not", Docs: partDocs},
		{Name: "v_parts", AllTenants: true, Row: "PartSummary", List: "PartsInventory.Summaries", Doc: "a part in short", Columns: []string{
			"id", "tenant_id", "name", "part_number", "barcode", "preferred_supplier_id", "updated_at",
		}},
		{Name: "v_parts_with_stock", AllTenants: true, Row: "PartWithStock", List: "PartsInventory.PartsWithStock", Doc: "a part with its totals over all bins", Docs: map[string]string{
			"part_number":    "unique within the tenant",
			"lead_time_days": "days from ordering to delivery, 0–3650",
			"total_on_hand":  "sum of its stock levels",
			"total_reserved": "sum of its open reservations; may be NaN, see types.IsFinite",
			"available":      "TotalOnHand less TotalReserved: negative when more is reserved than there is; may be NaN",
		}},
		{Name: "v_stock_levels", AllTenants: true, Row: "StockLevel", List: "PartsInventory.StockLevels", Doc: "how much of a part lies in a bin", Key: []string{"part_id", "inventory_location_id"}, Docs: map[string]string{
			"quantity": "0 or more; a bin that was emptied keeps its row",
		}},
		{Name: "v_stock_by_location", AllTenants: true, Row: "LocationStock", List: "PartsInventory.StockByLocation", Doc: "how much of a part lies in a bin, with the names of both", Key: []string{"part_id", "inventory_location_id"}, Types: map[string]string{
			"location_type": "LocationType",
		}, Docs: map[string]string{
			"quantity":      "0 or more; a bin that was emptied keeps its row",
			"location_type": "always LocationBin",
		}},
		{Name: "v_inventory_locations", AllTenants: true, Row: "Location", List: "PartsInventory.InventoryLocations", Doc: "a place where parts are stored", Types: map[string]string{
			"type": "LocationType",
		}, Docs: map[string]string{
			"location_id": "the place of the tenant's tree where it stands, see assets.Location",
			"code":        "unique within the tenant",
		}},
		{Name: "v_part_reservations", AllTenants: true, Row: "PartReservation", List: "PartsInventory.PartReservations", Doc: "parts that are set aside for a work order", Types: map[string]string{
			"status": "ReservationStatus",
		}, Docs: map[string]string{
			"quantity": "more than 0; may be NaN, see types.IsFinite",
		}},
		{Name: "v_part_usage", AllTenants: true, Row: "PartUsage", List: "PartsInventory.PartUsage", Doc: "parts that were issued to a work order", Docs: map[string]string{
			"inventory_location_id": "the bin that the caller named; nil: the server chose one",
			"quantity_used":         "more than 0",
			"used_by":               "who issued them",
		}},
		{Name: "v_suppliers", AllTenants: true, Row: "Supplier", List: "PartsInventory.Suppliers", Doc: "a supplier of the tenant", Docs: map[string]string{
			"code": "unique within the tenant",
		}},
		{Name: "v_supplier_contracts", Row: "SupplierContract", List: "PartsInventory.SupplierContracts", Doc: "a contract with a supplier, active or not", Docs: map[string]string{
			"effective_end": "last day; nil: open",
		}},
		{Name: "v_supplier_contract_rates", Row: "SupplierContractRate", List: "PartsInventory.SupplierContractRates", Doc: "a rate of a contract"},
		{Name: "v_open_requisitions", AllTenants: true, Row: "OpenRequisition", List: "PartsInventory.OpenRequisitions", Doc: "a purchase requisition that is draft, submitted or approved", Types: map[string]string{
			"status": "RequisitionStatus",
		}},
		{Name: "v_open_purchase_orders", AllTenants: true, Row: "OpenPurchaseOrder", List: "PartsInventory.OpenPurchaseOrders", Doc: "a purchase order that is draft, sent or partially received", Types: map[string]string{
			"status": "PurchaseOrderStatus",
		}, Docs: map[string]string{
			"order_number": "unique within the tenant",
		}},
		{Name: "v_purchase_order_receipt_status", AllTenants: true, Row: "ReceiptStatus", List: "PartsInventory.PurchaseOrderReceiptStatus", Doc: "a line of a purchase order with what has come of it", Key: []string{"purchase_order_line_id"}, Types: map[string]string{
			"po_status": "PurchaseOrderStatus",
		}, Docs: map[string]string{
			"quantity_balance": "QuantityOrdered less QuantityReceived; 0: complete",
		}},
		{Name: "v_vendor_spend_by_supplier", Row: "VendorSpend", List: "PartsInventory.VendorSpendBySupplier", Doc: "what a supplier's vendor costs of work orders come to", Key: []string{"supplier_id"}, Docs: map[string]string{
			"total_amount_cents": "in fact never nil",
		}},
		{Name: "v_work_order_counts_by_primary_supplier", Row: "PrimarySupplierCounts", List: "PartsInventory.WorkOrderCountsByPrimarySupplier", Doc: "how many work orders a supplier is the primary one of", Key: []string{"supplier_id"}},
	},
	RPCs: []rpc{
		{Name: "rpc_create_part", Max: partMax, Numeric: partNumeric},
		{Name: "rpc_update_part", Max: partMax, Numeric: partNumeric},
		{Name: "rpc_resolve_part_by_scan_code"},
		{Name: "rpc_reserve_parts", Numeric: quantityArg},
		{Name: "rpc_issue_parts_to_work_order", Numeric: quantityArg},

		{Name: "rpc_create_supplier", Max: map[string]string{"p_name": "255,trim", "p_code": "50,trim"}},
		{Name: "rpc_update_supplier", Max: map[string]string{"p_name": "255,trim", "p_code": "50,trim"}},
		{Name: "rpc_create_supplier_contract", Max: map[string]string{"p_contract_number": "100,trim"}},
		{Name: "rpc_update_supplier_contract", Max: map[string]string{"p_contract_number": "100,trim"}},
		{Name: "rpc_add_supplier_contract_rate", Max: map[string]string{"p_rate_type": "80,trim"}},

		{Name: "rpc_create_purchase_requisition"},
		{Name: "rpc_add_purchase_requisition_line", Numeric: requisitionLineNumeric},
		{Name: "rpc_update_purchase_requisition_line", Numeric: requisitionLineNumeric},
		{Name: "rpc_remove_purchase_requisition_line"},
		{Name: "rpc_delete_purchase_requisition"},

		{Name: "rpc_create_purchase_order", Types: map[string]string{"p_lines": "[]orderLine"}},
		{Name: "rpc_receive_purchase_order", Types: map[string]string{"p_lines": "[]receiptLine"}},
	},
}

var (
	quantityArg            = map[string]string{"p_quantity": "18,4,positive"}
	requisitionLineNumeric = map[string]string{"p_quantity": "18,4,positive", "p_estimated_unit_cost": "18,4"}

	partNumeric = map[string]string{
		"p_reorder_point": "18,4,nonnegative",
		"p_min_quantity":  "18,4,nonnegative",
		"p_max_quantity":  "18,4,nonnegative",
	}
	partMax  = map[string]string{"p_part_number": "100,trim", "p_barcode": "100,trim"}
	partDocs = map[string]string{
		"part_number":    "unique within the tenant",
		"unit":           "what its quantities count, such as each or m",
		"lead_time_days": "days from ordering to delivery, 0–3650",
		"reorder_point":  "for people: nothing on the platform acts on it; may be NaN, see types.IsFinite",
		"min_quantity":   "for people, as ReorderPoint; not checked to be below MaxQuantity",
		"max_quantity":   "for people, as ReorderPoint",
		"barcode":        "unique within the tenant",
	}
)
