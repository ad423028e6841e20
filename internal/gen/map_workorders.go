package main

var workordersPackage = pkg{
	Dir: "workorders",
	Views: []view{
		{Name: "v_work_orders", Row: "WorkOrder", List: "WorkOrders", Doc: "a work order of the tenant", Docs: map[string]string{
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
		}},
		{Name: "v_work_orders", Row: "WorkOrderSummary", List: "WorkOrders.Summaries", Doc: "a work order in short", Columns: []string{
			"id", "tenant_id", "title", "status", "priority", "due_date", "assigned_to", "assigned_to_name",
			"asset_id", "location_id", "project_id", "description", "updated_at", "created_at",
		}},
		{Name: "v_work_order_time_entries", Row: "WorkOrderTimeEntry", List: "WorkOrders.TimeEntries", Doc: "time that a member spent on a work order", Docs: map[string]string{
			"minutes":    "1–1440",
			"created_by": "who logged it, which may be another member",
		}},
		{Name: "v_work_order_assignments", Row: "WorkOrderAssignment", List: "WorkOrders.Assignments", Doc: "a technician planned for a work order", Docs: map[string]string{
			"technician_id": "a technician, not a user",
		}},

		// Requests and service levels.
		{Name: "v_my_work_order_requests", Row: "WorkOrderRequest", List: "WorkOrders.MyRequests", Doc: "a work order that the signed-in user asked for", Order: []string{"created_at desc"}},
		{Name: "v_maintenance_requests", Row: "MaintenanceRequest", List: "WorkOrders.MaintenanceRequests", Doc: "a request for maintenance", Order: []string{"created_at desc"}, Types: requestTypes, Docs: map[string]string{
			"converted_work_order_id": "the work order that was made of it",
		}},
		{Name: "v_my_maintenance_requests", Row: "MyMaintenanceRequest", List: "WorkOrders.MyMaintenanceRequests", Doc: "a request for maintenance by the signed-in user", Order: []string{"created_at desc"}, Types: requestTypes, Docs: map[string]string{
			"converted_work_order_id": "the work order that was made of it",
		}},
		{Name: "v_work_order_sla_status", Row: "SLAStatus", List: "WorkOrders.SLAStatus", Doc: "how a work order stands to its response and resolution times", Key: []string{"work_order_id"}, Docs: map[string]string{
			"acknowledged_at":            "first response; stays once set",
			"sla_response_due_at":        "nil: no rule for this priority",
			"sla_resolution_due_at":      "nil: no rule for this priority",
			"sla_response_breached_at":   "when the platform noticed",
			"sla_resolution_breached_at": "when the platform noticed",
			"response_sla_breached":      "nil without a due time; false once acknowledged",
			"resolution_sla_breached":    "nil without a due time; false once completed or cancelled",
		}},
		{Name: "v_work_orders_sla_open", Row: "SLAOpenWorkOrder", List: "WorkOrders.SLAOpen", Doc: "an open work order with a response or resolution time", Key: []string{"work_order_id"}, Docs: map[string]string{
			"minutes_until_response_due":   "rounded down; negative when late",
			"minutes_until_resolution_due": "rounded down; negative when late",
		}},
		{Name: "v_work_order_comms", Row: "CommsEvent", List: "WorkOrders.Comms", Doc: "a message about a work order", Order: []string{"created_at"}, Types: map[string]string{
			"channel": "CommsChannel",
		}},

		// Attachments.
		{Name: "v_entity_attachments", Row: "EntityAttachment", List: "Attachments", Doc: "a file attached to any entity", Order: []string{"created_at desc"}, Docs: attachmentDocs, Types: map[string]string{
			"entity_type": "EntityType",
		}},
		{Name: "v_work_order_attachments", Row: "WorkOrderAttachment", List: "WorkOrders.Attachments", Doc: "a file attached to a work order", Order: []string{"created_at desc"}, Docs: attachmentDocs},
		{Name: "v_asset_attachments", Row: "AssetAttachment", List: "Attachments.Assets", Doc: "a file attached to an asset", Order: []string{"created_at desc"}, Docs: attachmentDocs},
		{Name: "v_location_attachments", Row: "LocationAttachment", List: "Attachments.Locations", Doc: "a file attached to a location", Order: []string{"created_at desc"}, Docs: attachmentDocs},

		// Notifications.
		{Name: "v_my_notifications", Row: "Notification", List: "Notifications.Feed", Doc: "a notification to the signed-in user", Order: []string{"created_at desc"}, Docs: map[string]string{
			"event_key":   "such as work_order.assigned",
			"entity_type": "what it is about",
			"read_at":     "nil: unread",
		}},

		// Scheduling.
		{Name: "v_schedule_blocks", Row: "ScheduleBlock", List: "Scheduling.Blocks", Doc: "a work order's time slot for a technician or a crew", Docs: scheduleDocs},
		{Name: "v_schedule_by_technician", Row: "TechnicianScheduleBlock", List: "Scheduling.ByTechnician", Doc: "a technician's time slot for a work order", Docs: scheduleDocs},
		{Name: "v_schedule_by_crew", Row: "CrewScheduleBlock", List: "Scheduling.ByCrew", Doc: "a crew's time slot for a work order", Docs: scheduleDocs},
		{Name: "v_schedule_by_asset", Row: "AssetScheduleBlock", List: "Scheduling.ByAsset", Doc: "a time slot for work on an asset", Docs: scheduleDocs},
		{Name: "v_schedule_by_location", Row: "LocationScheduleBlock", List: "Scheduling.ByLocation", Doc: "a time slot for work at a location", Docs: scheduleDocs},

		// Mobile.
		{Name: "v_mobile_work_orders", Row: "MobileWorkOrder", List: "Mobile.WorkOrders", Doc: "a work order as a field device keeps it"},
		{Name: "v_mobile_assets", Row: "MobileAsset", List: "Mobile.Assets", Doc: "an asset as a field device keeps it"},
		{Name: "v_mobile_locations", Row: "MobileLocation", List: "Mobile.Locations", Doc: "a location as a field device keeps it"},
		{Name: "v_mobile_work_order_time_entries", Row: "MobileTimeEntry", List: "Mobile.TimeEntries", Doc: "time spent on a work order, with the place where it was logged", Types: placeColumns, Docs: map[string]string{
			"minutes": "1–1440",
		}},
		{Name: "v_mobile_work_order_attachments", Row: "MobileAttachment", List: "Mobile.Attachments", Doc: "a file attached to a work order as a field device keeps it"},
		{Name: "v_mobile_work_order_check_ins", Row: "MobileCheckIn", List: "Mobile.CheckIns", Doc: "a member's arrival at a work order", Types: placeColumns},
		{Name: "v_mobile_work_order_notes", Row: "MobileNote", List: "Mobile.Notes", Doc: "a note on a work order"},

		// Field operations.
		{Name: "v_tools", Row: "Tool", List: "FieldOps.Tools", Doc: "a tool that can be checked out", Docs: map[string]string{
			"status": "only a tool that is available can be checked out; a checkout leaves the status alone",
		}},
		{Name: "v_tool_checkouts", Row: "ToolCheckout", List: "FieldOps.ToolCheckouts", Doc: "a tool given to a user", Order: []string{"checked_out_at desc"}, Docs: map[string]string{
			"returned_at": "nil: not returned yet",
		}},
		{Name: "v_shift_handovers", Row: "ShiftHandover", List: "FieldOps.ShiftHandovers", Doc: "what one shift leaves to the next", Order: []string{"created_at desc"}, Types: map[string]string{
			"status": "HandoverStatus",
		}},

		// Projects.
		{Name: "v_projects", Row: "Project", List: "Projects", Doc: "a group of work orders whose costs belong together", Docs: map[string]string{
			"code": "unique within the tenant",
		}},
	},
	RPCs: []rpc{
		{Name: "rpc_create_work_order", Max: map[string]string{"p_title": "500", "p_client_request_id": "256,trim"}, Key: "p_client_request_id", Scope: "work_order.create"},
		{Name: "rpc_bulk_import_work_orders"},
		{Name: "rpc_transition_work_order_status"},
		{Name: "rpc_complete_work_order"},
		{Name: "rpc_log_work_order_time", Max: map[string]string{"p_description": "1000"}, Types: position},
		{Name: "rpc_assign_work_order", Null: []string{"p_assigned_to"}},
		{Name: "rpc_set_work_order_primary_supplier", Null: []string{"p_primary_supplier_id"}},
		{Name: "rpc_upsert_work_order_vendor_cost"},
		{Name: "rpc_add_work_order_comms_event", Max: map[string]string{"p_body": "8000,trim"}, Types: map[string]string{"p_channel": "CommsChannel"}},

		// Requests and service levels.
		{Name: "rpc_create_work_order_request", Max: map[string]string{"p_title": "500"}},
		{Name: "rpc_create_maintenance_request", Types: map[string]string{"p_status": "MaintenanceRequestStatus"}},
		{Name: "rpc_convert_maintenance_request_to_work_order"},
		{Name: "rpc_acknowledge_work_order"},
		{Name: "rpc_upsert_work_order_sla_rule", NullMeans: map[string]string{
			"p_is_active": "the rule given by id stays as it is; left out it would become active",
		}},

		// Attachments.
		{Name: "rpc_insert_attachment_storage_object", Omit: []string{"p_metadata"}, Types: entityTypes},
		{Name: "rpc_register_entity_attachment", Max: map[string]string{"p_label": "255", "p_kind": "50"}, Types: entityTypes},
		{Name: "rpc_update_entity_attachment_metadata", Max: map[string]string{"p_label": "255", "p_kind": "50"}},

		// Notifications.
		{Name: "rpc_list_my_notifications", Result: &result{
			Row: "TenantNotification", Doc: "a notification to the signed-in user in one tenant",
			NotNull: []string{"id", "tenant_id", "recipient_user_id", "event_key", "title", "payload", "created_at"},
			Columns: []field{
				{"id", "uuid"},
				{"tenant_id", "uuid"},
				{"recipient_user_id", "uuid"},
				{"event_key", "text"},
				{"title", "text"},
				{"body", "text"},
				{"payload", "jsonb"},
				{"entity_type", "text"},
				{"entity_id", "uuid"},
				{"dedupe_key", "text"},
				{"read_at", "timestamp with time zone"},
				{"created_at", "timestamp with time zone"},
			},
			Docs: map[string]string{
				"event_key":   "such as work_order.assigned",
				"entity_type": "what it is about",
				"dedupe_key":  "no second notification with the same key reaches the user",
				"read_at":     "nil: unread",
			},
		}},
		{Name: "rpc_mark_notifications_read"},
		{Name: "rpc_upsert_notification_preference", Max: map[string]string{"p_event_key": "100,trim"}},
		{Name: "rpc_process_due_notifications"},

		// Scheduling.
		{Name: "rpc_schedule_work_order"},
		{Name: "rpc_update_schedule_block"},
		{Name: "rpc_unschedule_work_order"},
		{Name: "rpc_validate_schedule", Result: &result{
			Row: "ScheduleCheck", Doc: "a remark on a planned time slot",
			NotNull: []string{"check_type", "severity", "message"},
			Types: map[string]string{
				"check_type": "CheckType",
				"severity":   "Severity",
			},
			Docs: map[string]string{
				"message": "free text for people; it names the day or the skill",
			},
		}},

		// Mobile.
		{Name: "rpc_mobile_sync"},
		{Name: "rpc_start_work_order", Types: position},
		{Name: "rpc_stop_work_order", Max: map[string]string{"p_note": "10000,trim"}, Types: position},
		{Name: "rpc_add_work_order_note", Max: map[string]string{"p_body": "10000"}, Types: place},

		// Field operations.
		{Name: "rpc_create_tool", Max: map[string]string{"p_name": "255,trim", "p_status": "50,trim"}},
		{Name: "rpc_update_tool", Max: map[string]string{"p_name": "255,trim", "p_status": "50,trim"}},
		{Name: "rpc_checkout_tool"},
		{Name: "rpc_return_tool"},
		{Name: "rpc_create_shift_handover", Null: []string{"p_location_id"}},
		{Name: "rpc_add_shift_handover_item", Types: map[string]string{"p_priority": "HandoverPriority"}},
		{Name: "rpc_submit_shift_handover"},
		{Name: "rpc_acknowledge_shift_handover"},

		// Projects.
		{Name: "rpc_create_project", Max: map[string]string{"p_name": "255,trim", "p_code": "50,trim"}},
		{Name: "rpc_update_project", Max: map[string]string{"p_name": "255,trim", "p_code": "50,trim"}},
		{Name: "rpc_delete_project"},
	},
}

var requestTypes = map[string]string{"status": "MaintenanceRequestStatus"}

var entityTypes = map[string]string{"p_entity_type": "EntityType"}

var attachmentDocs = map[string]string{
	"bucket_id":         "where the file lies in Storage, together with StoragePath",
	"document_type_key": "key of one of the tenant's document types",
	"is_controlled":     "the document is subject to revision control",
}

var scheduleDocs = map[string]string{
	"effective_location_id": "the slot's own location, else the work order's",
	"effective_asset_id":    "the slot's own asset, else the work order's",
}

// Positions come from devices as floats. Nobody calculates with their decimals.
var (
	position = map[string]string{
		"p_latitude":        "float64",
		"p_longitude":       "float64",
		"p_accuracy_metres": "float64",
	}
	place = map[string]string{
		"p_latitude":  "float64",
		"p_longitude": "float64",
	}
	placeColumns = map[string]string{
		"latitude":  "float64",
		"longitude": "float64",
	}
)
