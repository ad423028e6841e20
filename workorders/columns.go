package workorders

// The columns that this package asks for by itself. They are copies, so that a
// program that assigns to an exported set cannot change what the SDK does.
var (
	attachmentCols          = EntityAttachmentCols
	workOrderAttachmentCols = WorkOrderAttachmentCols
	timeEntryCols           = WorkOrderTimeEntryCols
	notificationCols        = NotificationCols
	workOrderCols           = WorkOrderCols
	mobileWorkOrderCols     = MobileWorkOrderCols
	mobileAssetCols         = MobileAssetCols
	mobileLocationCols      = MobileLocationCols
	mobileTimeEntryCols     = MobileTimeEntryCols
	mobileAttachmentCols    = MobileAttachmentCols
	mobileCheckInCols       = MobileCheckInCols
	mobileNoteCols          = MobileNoteCols
)
