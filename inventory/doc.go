// Package inventory has the service for parts and purchasing: parts, stock and
// the places where it lies, reservations and issues for work orders, suppliers
// and their contracts, requisitions and purchase orders.
//
// Programs reach it through the field PartsInventory of workorder.Client:
//
//	bearing, err := client.PartsInventory.CreatePart(ctx, inventory.CreatePartParams{PartNumber: "BRG-6204"})
//	_, err = client.PartsInventory.ReserveParts(ctx, inventory.ReservePartsParams{
//		WorkOrderID: order,
//		PartID:      bearing,
//		Quantity:    decimal.NewFromInt(2),
//	})
//
// Quantities are exact: decimal.Decimal here, numeric(18,4) in the database.
// Values with more than four digits behind the point, or fourteen before it,
// are refused before anything is sent: the platform would round what it stores,
// and go on with what it did not store.
//
// Reads show one tenant, the client's own or else the one in the token, also
// where the platform's views mix all tenants of the caller. Writes take the
// tenant in their params, and that same tenant when it is empty.
package inventory
