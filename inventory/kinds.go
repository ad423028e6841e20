package inventory

// LocationType is what an inventory location is. Which type lies in which is
// not checked.
type LocationType string

// The types of inventory locations. Stock lies in bins only.
const (
	LocationWarehouse LocationType = "warehouse"
	LocationAisle     LocationType = "aisle"
	LocationShelf     LocationType = "shelf"
	LocationBin       LocationType = "bin"
)

// ReservationStatus is how far a reservation has come.
type ReservationStatus string

// The statuses of reservations. No function of the platform sets the last two.
const (
	ReservationReserved  ReservationStatus = "reserved"
	ReservationIssued    ReservationStatus = "issued"
	ReservationReleased  ReservationStatus = "released"
	ReservationCancelled ReservationStatus = "cancelled"
)

// RequisitionStatus is how far a purchase requisition has come.
type RequisitionStatus string

// The statuses of purchase requisitions. No function of the platform sets any
// but the first.
const (
	RequisitionDraft     RequisitionStatus = "draft"
	RequisitionSubmitted RequisitionStatus = "submitted"
	RequisitionApproved  RequisitionStatus = "approved"
	RequisitionRejected  RequisitionStatus = "rejected"
	RequisitionOrdered   RequisitionStatus = "ordered"
)

// PurchaseOrderStatus is how far a purchase order has come.
type PurchaseOrderStatus string

// The statuses of purchase orders. No function of the platform sets
// PurchaseOrderSent, PurchaseOrderClosed or PurchaseOrderCancelled.
const (
	PurchaseOrderDraft             PurchaseOrderStatus = "draft"
	PurchaseOrderSent              PurchaseOrderStatus = "sent"
	PurchaseOrderPartiallyReceived PurchaseOrderStatus = "partially_received"
	PurchaseOrderReceived          PurchaseOrderStatus = "received"
	PurchaseOrderClosed            PurchaseOrderStatus = "closed"
	PurchaseOrderCancelled         PurchaseOrderStatus = "cancelled"
)
