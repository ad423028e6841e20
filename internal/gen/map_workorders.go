package main

var workordersPackage = pkg{
	Dir: "workorders",
	Views: []view{
		{Name: "v_work_orders", Row: "WorkOrder", Doc: "a work order of the tenant", Docs: workOrderDocs},
		{Name: "v_work_orders", Row: "WorkOrderSummary", Doc: "a work order in short", Order: []string{"updated_at desc"}, Columns: []string{
			"id", "tenant_id", "title", "status", "priority", "due_date", "assigned_to", "assigned_to_name",
			"asset_id", "location_id", "project_id", "description", "updated_at", "created_at",
		}},
		{Name: "v_work_order_time_entries", Row: "WorkOrderTimeEntry", Doc: "time that a member spent on a work order", Order: []string{"entry_date desc", "logged_at desc"}, Docs: map[string]string{
			"minutes":    "1–1440",
			"created_by": "who logged it, which may be another member",
		}},
	},
	RPCs: []rpc{
		{Name: "rpc_create_work_order", Key: "p_client_request_id"},
		{Name: "rpc_bulk_import_work_orders"},
		{Name: "rpc_transition_work_order_status"},
		{Name: "rpc_complete_work_order"},
		{Name: "rpc_log_work_order_time", Types: position},
	},
}

var workOrderDocs = map[string]string{
	"status":                     "key of a status of the tenant's catalog",
	"priority":                   "key of a priority of the tenant's catalog",
	"maintenance_type":           "key of a maintenance type of the tenant's catalog",
	"assigned_to":                "id of the user in charge",
	"completed_at":               "also set by cancelling",
	"total_labor_minutes":        "sum of the time entries",
	"requested_by":               "the user whose request it came from",
	"acknowledged_at":            "first response; stays once set",
	"sla_response_due_at":        "nil: no rule for this priority",
	"sla_resolution_due_at":      "nil: no rule for this priority",
	"sla_response_breached_at":   "when the platform noticed",
	"sla_resolution_breached_at": "when the platform noticed",
}

// position is a place as devices report it, in degrees and metres.
var position = map[string]string{
	"p_latitude":        "float64",
	"p_longitude":       "float64",
	"p_accuracy_metres": "float64",
}
