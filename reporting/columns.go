package reporting

// The columns that this package asks for by itself. They are copies, so that a
// program that assigns to an exported set cannot change what the SDK does.
var (
	workOrderCostCols    = WorkOrderCostCols
	lifecycleAlertCols   = LifecycleAlertCols
	openWorkOrderCols    = OpenWorkOrderCols
	overdueWorkOrderCols = OverdueWorkOrderCols
)
