package main

var pmPackage = pkg{
	Dir: "pm",
	Views: []view{
		{Name: "v_pm_templates", Row: "Template", List: "PM.Templates", Doc: "a template that schedules take the texts of their work orders from", Types: triggerTypes, Docs: map[string]string{
			"trigger_config":     "see ParseTrigger",
			"wo_priority":        "key of a priority of the tenant's catalog",
			"wo_estimated_hours": "for people: does not reach a work order",
			"is_system":          "always false",
		}},
		{Name: "v_pm_template_checklist_items", Row: "ChecklistItem", List: "PM.ChecklistItems", Doc: "a step of a template's checklist", Order: []string{"template_id", "display_order"}, Docs: map[string]string{
			"display_order": "place in the list that was given, from 0; dropped items leave gaps",
		}},
		{Name: "v_pm_schedules", Row: "Schedule", List: "PM.Schedules", Doc: "a schedule of an asset's maintenance", Types: triggerTypes, Docs: pmScheduleDocs},
		{Name: "v_pm_schedules", Row: "ScheduleSummary", List: "PM.ScheduleSummaries", Doc: "a schedule in short", Columns: []string{
			"id", "tenant_id", "title", "asset_id", "asset_name", "next_due_date", "is_active", "is_overdue", "updated_at",
		}},
		{Name: "v_due_pms", Row: "DueSchedule", List: "PM.Due", Doc: "an active schedule whose time, or whose meter's value, has come", Types: triggerTypes, Docs: map[string]string{
			"trigger_config": "see ParseTrigger",
			"next_due_date":  "nil: due by its meter",
		}},
		{Name: "v_overdue_pms", Row: "OverdueSchedule", List: "PM.Overdue", Doc: "an active schedule that was due more than a day ago", Types: triggerTypes, Docs: map[string]string{
			"trigger_config": "see ParseTrigger",
			"days_overdue":   "with a fraction, more than 1",
		}},
		{Name: "v_upcoming_pms", Row: "UpcomingSchedule", List: "PM.Upcoming", Doc: "an active schedule that is due within 30 days", Types: triggerTypes, Docs: map[string]string{
			"trigger_config": "see ParseTrigger",
			"days_until_due": "with a fraction, up to 30",
		}},
		{Name: "v_pm_history", Row: "HistoryEntry", List: "PM.History", Doc: "a work order of a schedule that was completed or cancelled", Order: []string{"scheduled_date desc"}, Docs: map[string]string{
			"pm_title":         "the schedule's title today",
			"work_order_title": "nil also when the caller may not see the work order",
			"scheduled_date":   "when the schedule was due",
			"completed_date":   "when it was completed, or cancelled",
			"actual_hours":     "never set",
			"cost":             "never set",
			"notes":            "never set",
		}},
		{Name: "v_work_orders", Row: "openWorkOrder", List: "PM.GenerateDue", Doc: "a work order as GenerateDue looks at it", Columns: []string{
			"id", "pm_schedule_id", "completed_at",
		}},

		{Name: "v_asset_meters", Row: "Meter", List: "Meters", Doc: "a counter of an asset, also one that is off", Types: map[string]string{
			"meter_type":        "MeterType",
			"reading_direction": "ReadingDirection",
		}, Docs: map[string]string{
			"current_reading":   "the latest accepted reading, or the value it began with; may be NaN or infinite, see types.IsFinite",
			"last_reading_date": "of the reading that was recorded last, which may be dated back; nil: none yet",
			"decimal_places":    "for display: values are not rounded",
			"is_active":         "false once deleted",
			"installation_date": "no function sets it",
		}},
		{Name: "v_meter_readings", Row: "MeterReading", List: "Meters.Readings", Doc: "a value that was read from a meter", Order: []string{"reading_date desc", "created_at desc"}, Types: map[string]string{
			"reading_type": "ReadingType",
		}, Docs: map[string]string{
			"reading_value":    "may be NaN or infinite, see types.IsFinite",
			"recorded_by":      "nil: a machine",
			"recorded_by_name": "nil: a machine, or somebody without a name",
		}},
	},
	RPCs: []rpc{
		{Name: "rpc_create_pm_template", Types: triggerArg, Max: map[string]string{"p_name": "255", "p_wo_title": "500"}},
		{Name: "rpc_update_pm_template", Max: map[string]string{"p_name": "255", "p_wo_title": "500"}},
		{Name: "rpc_create_pm_schedule", Types: triggerArg, Max: map[string]string{"p_title": "500", "p_wo_title": "500"}},
		{Name: "rpc_update_pm_schedule", Max: map[string]string{"p_title": "500", "p_wo_title": "500"}},
		{Name: "rpc_delete_pm_schedule"},
		{Name: "rpc_create_pm_dependency", Types: map[string]string{"p_dependency_type": "DependencyType"}},
		{Name: "rpc_generate_due_pms"},
		{Name: "rpc_process_due_pm_generation"},
		{Name: "rpc_trigger_manual_pm"},

		{Name: "rpc_create_meter", Max: map[string]string{"p_name": "255", "p_unit": "50"}, Types: map[string]string{
			"p_meter_type":        "MeterType",
			"p_reading_direction": "ReadingDirection",
		}},
		{Name: "rpc_update_meter", Max: map[string]string{"p_name": "255", "p_unit": "50"}, Types: map[string]string{
			"p_reading_direction": "ReadingDirection",
		}},
		{Name: "rpc_delete_meter"},
		{Name: "rpc_record_meter_reading", Types: map[string]string{"p_reading_type": "ReadingType"}},
		{Name: "rpc_record_meter_reading_automated"},
	},
}

var (
	triggerTypes = map[string]string{"trigger_type": "TriggerType"}
	triggerArg   = map[string]string{"p_trigger_type": "TriggerType"}
)

var pmScheduleDocs = map[string]string{
	"trigger_config":     "see ParseTrigger",
	"wo_title":           "title of its work orders; nil: the template's, else Title",
	"wo_description":     "nil: the template's, else Description",
	"wo_priority":        "nil: the template's, else medium",
	"wo_estimated_hours": "for people: does not reach a work order",
	"auto_generate":      "work orders are made without somebody triggering them",
	"next_due_date":      "nil: not a time trigger",
	"last_work_order_id": "the one that was generated or triggered last; one made by hand is not",
	"completion_count":   "cancelled work orders count too",
	"parent_pm_id":       "no function sets it",
	"is_active":          "false once deleted",
	"is_overdue":         "active and due by its date, without the day of grace of PM.Overdue",
}
