package main

var safetyPackage = pkg{
	Dir: "safety",
	Views: []view{
		{Name: "v_inspection_templates", Row: "InspectionTemplate", List: "SafetyCompliance.Templates", Doc: "what an inspection looks at", Docs: map[string]string{
			"name":           "need not be unique",
			"trigger_config": "any JSON: the platform makes nothing of it",
			"is_system":      "always false",
			"item_count":     "never nil",
		}},
		{Name: "v_inspection_template_items", Row: "InspectionTemplateItem", List: "SafetyCompliance.TemplateItems", Doc: "a point of a template's checklist", Order: []string{"template_id", "display_order"}, Docs: map[string]string{
			"required":      "for people: the platform completes runs without it",
			"display_order": "place in the list that was given, from 0",
		}},
		{Name: "v_inspection_schedules", Row: "InspectionSchedule", List: "SafetyCompliance.Schedules", Doc: "a reminder of an inspection: no run comes from it", Docs: map[string]string{
			"trigger_config": "any JSON: the platform makes nothing of it",
			"next_due_at":    "nothing moves it on",
		}},
		{Name: "v_inspection_runs", Row: "InspectionRun", List: "SafetyCompliance.Runs", Doc: "an inspection that is planned or was done", Types: map[string]string{
			"status": "RunStatus",
		}, Docs: map[string]string{
			"status":            "any may follow any other",
			"work_order_title":  "nil also when the caller may not see the work order",
			"completed_at":      "of the last CompleteRun; stays when the run is opened again",
			"conducted_by":      "a user",
			"conducted_by_name": "nil also without a name in the tenant",
			"completed_by_name": "nil also without a name in the tenant",
		}},
		{Name: "v_inspection_run_items", Row: "InspectionRunItem", List: "SafetyCompliance.RunItems", Doc: "what a run found for an item", Types: map[string]string{
			"result": "RunResult",
		}},
		{Name: "v_incidents", Row: "Incident", List: "SafetyCompliance.Incidents", Doc: "something that went wrong, or nearly did", Types: map[string]string{
			"type":     "IncidentType",
			"severity": "Severity",
			"status":   "IncidentStatus",
		}, Docs: map[string]string{
			"status":           "any may follow any other",
			"occurred_at":      "may lie in the future",
			"work_order_title": "nil also when the caller may not see the work order",
			"closed_at":        "of the last CloseIncident; stays when the incident is opened again",
			"metadata":         "any JSON",
		}},
		{Name: "v_incident_actions", Row: "IncidentAction", List: "SafetyCompliance.IncidentActions", Doc: "what is done about an incident", Types: map[string]string{
			"incident_severity": "Severity",
			"action_type":       "ActionType",
			"status":            "ActionStatus",
		}, Docs: map[string]string{
			"assigned_to":  "a user, of the tenant or not",
			"completed_at": "of the last CompleteIncidentAction; stays when the status changes",
		}},
	},
	RPCs: []rpc{
		{Name: "rpc_create_inspection_template", Max: map[string]string{"p_name": "255", "p_category": "50"}},
		{Name: "rpc_update_inspection_template", Max: map[string]string{"p_name": "255", "p_category": "50"}},
		{Name: "rpc_create_inspection_schedule", Max: map[string]string{"p_title": "500"}},
		{Name: "rpc_update_inspection_schedule", Max: map[string]string{"p_title": "500"}},
		{Name: "rpc_create_inspection_run"},
		{Name: "rpc_update_inspection_run", Types: map[string]string{"p_status": "RunStatus"}},
		{Name: "rpc_complete_inspection_run"},
		{Name: "rpc_create_incident", Max: map[string]string{"p_title": "500"}, Types: map[string]string{"p_type": "IncidentType", "p_severity": "Severity"}},
		{Name: "rpc_update_incident", Max: map[string]string{"p_title": "500"}, Types: map[string]string{
			"p_type":     "IncidentType",
			"p_severity": "Severity",
			"p_status":   "IncidentStatus",
		}},
		{Name: "rpc_close_incident", Types: map[string]string{"p_status": "IncidentStatus"}},
		{Name: "rpc_create_incident_action", Max: map[string]string{"p_description": "2000"}, Types: map[string]string{"p_action_type": "ActionType"}},
		{Name: "rpc_update_incident_action", Max: map[string]string{"p_description": "2000"}, Types: map[string]string{"p_status": "ActionStatus"}},
		{Name: "rpc_complete_incident_action"},
		{Name: "rpc_compliance_inspection_history", Result: &result{
			Row: "InspectionRecord", Doc: "a run in the report of inspections",
			NotNull: []string{"run_id", "status", "pass_count", "fail_count", "na_count", "not_checked_count"},
			Types:   map[string]string{"status": "RunStatus"},
		}},
		{Name: "rpc_compliance_incident_report", Types: map[string]string{"p_severity": "Severity"}, Result: &result{
			Row: "IncidentRecord", Doc: "an incident in the report of incidents",
			NotNull: []string{"incident_id", "type", "severity", "title", "occurred_at", "status", "action_count", "action_pending_count", "action_completed_count"},
			Types: map[string]string{
				"type":     "IncidentType",
				"severity": "Severity",
				"status":   "IncidentStatus",
			},
			Docs: map[string]string{
				"action_count":         "all, cancelled ones included",
				"action_pending_count": "pending or in progress",
			},
		}},
	},
}
