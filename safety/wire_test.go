package safety_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/internal/apitest"
	"github.com/workorder-systems/sdk-go/safety"
	"github.com/workorder-systems/sdk-go/types"
)

var (
	at       = time.Date(2026, 3, 1, 1, 0, 0, 0, time.FixedZone("", 2*3600))
	firstDay = types.NewDate(2026, 2, 28)
	lastDay  = types.NewDate(2026, 3, 1)
)

func TestWireRequests(t *testing.T) {
	apitest.RunCalls(t, []apitest.Call{
		{
			Name: "CreateTemplate",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.SafetyCompliance.CreateTemplate(ctx, safety.CreateTemplateParams{Name: "Ladders"})
			},
			RPC: "rpc_create_inspection_template",
			Body: `{"p_tenant_id":"t1","p_name":"Ladders","p_description":null,"p_category":null,"p_trigger_config":null,
				"p_checklist_items":null}`,
			Reply: `"x1"`, Want: "x1",
		},
		{
			Name: "CreateTemplate in full",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.SafetyCompliance.CreateTemplate(ctx, safety.CreateTemplateParams{
					TenantID: "t2", Name: "Ladders", Description: "d", Category: "tools", TriggerConfig: json.RawMessage(`[1.50]`),
					Checklist: []safety.ChecklistEntry{{Description: "Feet", Required: true}, {Description: "Rungs"}},
				})
			},
			RPC: "rpc_create_inspection_template",
			Body: `{"p_tenant_id":"t2","p_name":"Ladders","p_description":"d","p_category":"tools","p_trigger_config":[1.50],
				"p_checklist_items":[{"description":"Feet","required":true},{"description":"Rungs","required":false}]}`,
			Reply: `"x1"`, Want: "x1",
		},
		{
			Name: "UpdateTemplate of nothing",
			Do: apitest.Void(func(ctx context.Context, c *workorder.Client) error {
				return c.SafetyCompliance.UpdateTemplate(ctx, safety.UpdateTemplateParams{TemplateID: "x1"})
			}),
			RPC: "rpc_update_inspection_template",
			Body: `{"p_tenant_id":"t1","p_template_id":"x1","p_name":null,"p_description":null,"p_category":null,"p_trigger_config":null,
				"p_checklist_items":null}`,
		},
		{
			Name: "UpdateTemplate takes the items away",
			Do: apitest.Void(func(ctx context.Context, c *workorder.Client) error {
				return c.SafetyCompliance.UpdateTemplate(ctx, safety.UpdateTemplateParams{TemplateID: "x1", Name: new("N"), Checklist: []safety.ChecklistEntry{}})
			}),
			RPC: "rpc_update_inspection_template",
			Body: `{"p_tenant_id":"t1","p_template_id":"x1","p_name":"N","p_description":null,"p_category":null,"p_trigger_config":null,
				"p_checklist_items":[]}`,
		},
		{
			Name: "CreateSchedule leaves the configuration out",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.SafetyCompliance.CreateSchedule(ctx, safety.CreateScheduleParams{TemplateID: "x1", Title: "Round", LocationID: "l1"})
			},
			RPC: "rpc_create_inspection_schedule",
			Body: `{"p_tenant_id":"t1","p_template_id":"x1","p_title":"Round","p_asset_id":null,"p_location_id":"l1",
				"p_next_due_at":null}`,
			Reply: `"s1"`, Want: "s1",
		},
		{
			Name: "UpdateSchedule",
			Do: apitest.Void(func(ctx context.Context, c *workorder.Client) error {
				return c.SafetyCompliance.UpdateSchedule(ctx, safety.UpdateScheduleParams{ScheduleID: "s1", AssetID: new("a1"), NextDueAt: &at, IsActive: new(false)})
			}),
			RPC: "rpc_update_inspection_schedule",
			Body: `{"p_tenant_id":"t1","p_schedule_id":"s1","p_title":null,"p_asset_id":"a1","p_location_id":null,"p_trigger_config":null,
				"p_next_due_at":"2026-02-28T23:00:00Z","p_is_active":false}`,
		},
		{
			Name: "CreateRun",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.SafetyCompliance.CreateRun(ctx, safety.CreateRunParams{
					TemplateID: "x1", InspectionScheduleID: "s1", WorkOrderID: "w1", AssetID: "a1", ScheduledAt: at, Notes: "n",
				})
			},
			RPC: "rpc_create_inspection_run",
			Body: `{"p_tenant_id":"t1","p_template_id":"x1","p_inspection_schedule_id":"s1","p_work_order_id":"w1","p_asset_id":"a1",
				"p_location_id":null,"p_scheduled_at":"2026-02-28T23:00:00Z","p_notes":"n"}`,
			Reply: `"r1"`, Want: "r1",
		},
		{
			Name: "UpdateRun",
			Do: apitest.Void(func(ctx context.Context, c *workorder.Client) error {
				return c.SafetyCompliance.UpdateRun(ctx, safety.UpdateRunParams{RunID: "r1", Status: new(safety.RunInProgress), StartedAt: &at, Notes: new(""), ConductedBy: new("u1")})
			}),
			RPC: "rpc_update_inspection_run",
			Body: `{"p_tenant_id":"t1","p_run_id":"r1","p_status":"in_progress","p_scheduled_at":null,"p_started_at":"2026-02-28T23:00:00Z",
				"p_notes":"","p_conducted_by":"u1"}`,
		},
		{
			Name: "CompleteRun",
			Do: apitest.Void(func(ctx context.Context, c *workorder.Client) error {
				return c.SafetyCompliance.CompleteRun(ctx, safety.CompleteRunParams{RunID: "r1", ItemResults: []safety.ItemResult{
					{TemplateItemID: "i1", Result: safety.ResultPass}, {TemplateItemID: "i2", Result: safety.ResultNotApplicable, Notes: "no feet"},
				}})
			}),
			RPC: "rpc_complete_inspection_run",
			Body: `{"p_tenant_id":"t1","p_run_id":"r1","p_item_results":[{"template_item_id":"i1","result":"pass"},
				{"template_item_id":"i2","result":"na","notes":"no feet"}]}`,
		},
		{
			Name: "CompleteRun without results",
			Do: apitest.Void(func(ctx context.Context, c *workorder.Client) error {
				return c.SafetyCompliance.CompleteRun(ctx, safety.CompleteRunParams{RunID: "r1"})
			}),
			RPC:  "rpc_complete_inspection_run",
			Body: `{"p_tenant_id":"t1","p_run_id":"r1","p_item_results":null}`,
		},
		{
			Name: "ComplianceInspectionHistory",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.SafetyCompliance.ComplianceInspectionHistory(ctx, safety.ComplianceInspectionHistoryParams{FromDate: firstDay, ToDate: lastDay, AssetID: "a1"})
			},
			RPC:  "rpc_compliance_inspection_history",
			Body: `{"p_tenant_id":"t1","p_from_date":"2026-02-28","p_to_date":"2026-03-01","p_asset_id":"a1","p_location_id":null}`,
			Reply: `[{"run_id":"r1","template_name":null,"asset_name":"Press","location_name":null,"status":"completed","scheduled_at":null,
				"completed_at":"2026-02-28T23:00:00+00:00","conducted_by_name":null,"pass_count":1,"fail_count":2,"na_count":3,"not_checked_count":4}]`,
			Want: []safety.InspectionRecord{{
				RunID: "r1", AssetName: new("Press"), Status: safety.RunCompleted, CompletedAt: new(at.UTC()),
				PassCount: 1, FailCount: 2, NACount: 3, NotCheckedCount: 4,
			}},
		},
		{
			Name: "CreateIncident leaves defaults out",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.SafetyCompliance.CreateIncident(ctx, safety.CreateIncidentParams{Title: "Oil"})
			},
			RPC: "rpc_create_incident",
			Body: `{"p_tenant_id":"t1","p_title":"Oil","p_description":null,"p_occurred_at":null,"p_location_id":null,"p_asset_id":null,
				"p_work_order_id":null,"p_metadata":null}`,
			Reply: `"n1"`, Want: "n1",
		},
		{
			Name: "CreateIncident in full",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.SafetyCompliance.CreateIncident(ctx, safety.CreateIncidentParams{
					Title: "Oil", Type: safety.TypeNearMiss, Severity: safety.SeverityHigh, Description: "d", OccurredAt: at, LocationID: "l1", AssetID: "a1",
					WorkOrderID: "w1", Metadata: json.RawMessage(`{"n":1.50}`),
				})
			},
			RPC: "rpc_create_incident",
			Body: `{"p_tenant_id":"t1","p_title":"Oil","p_type":"near_miss","p_severity":"high","p_description":"d",
				"p_occurred_at":"2026-02-28T23:00:00Z","p_location_id":"l1","p_asset_id":"a1","p_work_order_id":"w1","p_metadata":{"n":1.50}}`,
			Reply: `"n1"`, Want: "n1",
		},
		{
			Name: "UpdateIncident",
			Do: apitest.Void(func(ctx context.Context, c *workorder.Client) error {
				return c.SafetyCompliance.UpdateIncident(ctx, safety.UpdateIncidentParams{
					IncidentID: "n1", Title: new("T"), Type: new(safety.TypeEvent), Severity: new(safety.SeverityLow), Status: new(safety.IncidentInvestigating),
				})
			}),
			RPC: "rpc_update_incident",
			Body: `{"p_tenant_id":"t1","p_incident_id":"n1","p_title":"T","p_type":"event","p_severity":"low","p_description":null,
				"p_occurred_at":null,"p_status":"investigating","p_location_id":null,"p_asset_id":null,"p_work_order_id":null,"p_metadata":null}`,
		},
		{
			Name: "CloseIncident",
			Do: apitest.Void(func(ctx context.Context, c *workorder.Client) error {
				return c.SafetyCompliance.CloseIncident(ctx, safety.CloseIncidentParams{IncidentID: "n1"})
			}),
			RPC:  "rpc_close_incident",
			Body: `{"p_tenant_id":"t1","p_incident_id":"n1"}`,
		},
		{
			Name: "CloseIncident as resolved",
			Do: apitest.Void(func(ctx context.Context, c *workorder.Client) error {
				return c.SafetyCompliance.CloseIncident(ctx, safety.CloseIncidentParams{IncidentID: "n1", Status: safety.IncidentResolved})
			}),
			RPC:  "rpc_close_incident",
			Body: `{"p_tenant_id":"t1","p_incident_id":"n1","p_status":"resolved"}`,
		},
		{
			Name: "CreateIncidentAction",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.SafetyCompliance.CreateIncidentAction(ctx, safety.CreateIncidentActionParams{
					IncidentID: "n1", Description: "Wipe", Type: safety.ActionContainment, DueDate: lastDay, AssignedTo: "u1",
				})
			},
			RPC: "rpc_create_incident_action",
			Body: `{"p_tenant_id":"t1","p_incident_id":"n1","p_description":"Wipe","p_action_type":"containment","p_due_date":"2026-03-01",
				"p_assigned_to":"u1"}`,
			Reply: `"c1"`, Want: "c1",
		},
		{
			Name: "UpdateIncidentAction",
			Do: apitest.Void(func(ctx context.Context, c *workorder.Client) error {
				return c.SafetyCompliance.UpdateIncidentAction(ctx, safety.UpdateIncidentActionParams{ActionID: "c1", Status: new(safety.ActionCancelled)})
			}),
			RPC: "rpc_update_incident_action",
			Body: `{"p_tenant_id":"t1","p_action_id":"c1","p_description":null,"p_due_date":null,"p_assigned_to":null,
				"p_status":"cancelled"}`,
		},
		{
			Name: "CompleteIncidentAction",
			Do: apitest.Void(func(ctx context.Context, c *workorder.Client) error {
				return c.SafetyCompliance.CompleteIncidentAction(ctx, safety.CompleteIncidentActionParams{ActionID: "c1"})
			}),
			RPC:  "rpc_complete_incident_action",
			Body: `{"p_tenant_id":"t1","p_action_id":"c1"}`,
		},
		{
			Name: "ComplianceIncidentReport",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.SafetyCompliance.ComplianceIncidentReport(ctx, safety.ComplianceIncidentReportParams{FromDate: firstDay, ToDate: firstDay, Severity: safety.SeverityCritical})
			},
			RPC:  "rpc_compliance_incident_report",
			Body: `{"p_tenant_id":"t1","p_from_date":"2026-02-28","p_to_date":"2026-02-28","p_severity":"critical"}`,
			Reply: `[{"incident_id":"n1","type":"incident","severity":"critical","title":"Oil","occurred_at":"2026-02-28T23:00:00+00:00",
				"status":"open","closed_at":null,"action_count":3,"action_pending_count":1,"action_completed_count":1}]`,
			Want: []safety.IncidentRecord{{
				IncidentID: "n1", Type: safety.TypeIncident, Severity: safety.SeverityCritical, Title: "Oil", OccurredAt: at.UTC(),
				Status: safety.IncidentOpen, ActionCount: 3, ActionPendingCount: 1, ActionCompletedCount: 1,
			}},
		},
	})
}

func TestReadersNameTheirViews(t *testing.T) {
	c, srv := apitest.New(t)
	s := &c.SafetyCompliance
	srv.WantCounted(t, "v_inspection_templates", s.Templates.Count)
	srv.WantCounted(t, "v_inspection_template_items", s.TemplateItems.Count)
	srv.WantCounted(t, "v_inspection_schedules", s.Schedules.Count)
	srv.WantCounted(t, "v_inspection_runs", s.Runs.Count)
	srv.WantCounted(t, "v_inspection_run_items", s.RunItems.Count)
	srv.WantCounted(t, "v_incidents", s.Incidents.Count)
	srv.WantCounted(t, "v_incident_actions", s.IncidentActions.Count)
}

func TestWhatTheServerCannotUseIsRefusedBeforeSending(t *testing.T) {
	c, srv := apitest.New(t)
	ctx, s := t.Context(), &c.SafetyCompliance
	noJSON := json.RawMessage(`{`)
	complete := func(results ...safety.ItemResult) error {
		return s.CompleteRun(ctx, safety.CompleteRunParams{RunID: "r", ItemResults: results})
	}
	incident := func(p safety.CreateIncidentParams) error {
		p.Title = "x"
		return apitest.Err(s.CreateIncident(ctx, p))
	}
	change := func(p safety.UpdateIncidentParams) error {
		p.IncidentID = "n"
		return s.UpdateIncident(ctx, p)
	}
	history := func(from, to types.Date) error {
		return apitest.Err(s.ComplianceInspectionHistory(ctx, safety.ComplianceInspectionHistoryParams{FromDate: from, ToDate: to}))
	}
	for _, tc := range []struct {
		field string
		err   error
	}{
		{"Name", apitest.Err(s.CreateTemplate(ctx, safety.CreateTemplateParams{}))},
		{"Name", apitest.Err(s.CreateTemplate(ctx, safety.CreateTemplateParams{Name: " "}))},
		{"TriggerConfig", apitest.Err(s.CreateTemplate(ctx, safety.CreateTemplateParams{Name: "x", TriggerConfig: noJSON}))},
		{"Checklist[1].Description", apitest.Err(s.CreateTemplate(ctx, safety.CreateTemplateParams{Name: "x", Checklist: []safety.ChecklistEntry{{Description: "a"}, {}}}))},
		{"TemplateID", s.UpdateTemplate(ctx, safety.UpdateTemplateParams{})},
		{"Name", s.UpdateTemplate(ctx, safety.UpdateTemplateParams{TemplateID: "x", Name: new("")})},
		{"TemplateID", apitest.Err(s.CreateSchedule(ctx, safety.CreateScheduleParams{Title: "x", AssetID: "a"}))},
		{"Title", apitest.Err(s.CreateSchedule(ctx, safety.CreateScheduleParams{TemplateID: "x", AssetID: "a"}))},
		{"AssetID or LocationID", apitest.Err(s.CreateSchedule(ctx, safety.CreateScheduleParams{TemplateID: "x", Title: "x"}))},
		{"ScheduleID", s.UpdateSchedule(ctx, safety.UpdateScheduleParams{})},
		{"Title", s.UpdateSchedule(ctx, safety.UpdateScheduleParams{ScheduleID: "s", Title: new("\t")})},
		{"NextDueAt", s.UpdateSchedule(ctx, safety.UpdateScheduleParams{ScheduleID: "s", NextDueAt: new(time.Time{})})},
		{"AssetID or LocationID", apitest.Err(s.CreateRun(ctx, safety.CreateRunParams{TemplateID: "x", InspectionScheduleID: "s"}))},
		{"RunID", s.UpdateRun(ctx, safety.UpdateRunParams{})},
		{"Status", s.UpdateRun(ctx, safety.UpdateRunParams{RunID: "r", Status: new(safety.RunStatus("done"))})},
		{"Status", s.UpdateRun(ctx, safety.UpdateRunParams{RunID: "r", Status: new(safety.RunStatus(""))})},
		{"ConductedBy", s.UpdateRun(ctx, safety.UpdateRunParams{RunID: "r", ConductedBy: new("")})},
		{"ScheduledAt", s.UpdateRun(ctx, safety.UpdateRunParams{RunID: "r", ScheduledAt: new(time.Time{})})},
		{"StartedAt", s.UpdateRun(ctx, safety.UpdateRunParams{RunID: "r", StartedAt: new(time.Time{})})},
		{"RunID", s.CompleteRun(ctx, safety.CompleteRunParams{})},
		{"ItemResults[0].TemplateItemID", complete(safety.ItemResult{Result: safety.ResultPass})},
		{"ItemResults[0].Result", complete(safety.ItemResult{TemplateItemID: "i"})},
		{"ItemResults[0].Result", complete(safety.ItemResult{TemplateItemID: "i", Result: "PASS"})},
		{"ItemResults[1].TemplateItemID", complete(safety.ItemResult{TemplateItemID: "i", Result: safety.ResultPass}, safety.ItemResult{TemplateItemID: "i", Result: safety.ResultFail})},
		{"ItemResults[1].TemplateItemID", complete(safety.ItemResult{TemplateItemID: "ab", Result: safety.ResultPass}, safety.ItemResult{TemplateItemID: "AB", Result: safety.ResultFail})},
		{"FromDate", history(types.Date{}, lastDay)},
		{"ToDate", history(lastDay, types.Date{})},
		{"ToDate", history(lastDay, firstDay)},
		{"Title", apitest.Err(s.CreateIncident(ctx, safety.CreateIncidentParams{}))},
		{"Type", incident(safety.CreateIncidentParams{Type: "accident"})},
		{"Severity", incident(safety.CreateIncidentParams{Severity: "fatal"})},
		{"Metadata", incident(safety.CreateIncidentParams{Metadata: noJSON})},
		{"IncidentID", s.UpdateIncident(ctx, safety.UpdateIncidentParams{})},
		{"Title", change(safety.UpdateIncidentParams{Title: new("")})},
		{"Type", change(safety.UpdateIncidentParams{Type: new(safety.IncidentType(""))})},
		{"Severity", change(safety.UpdateIncidentParams{Severity: new(safety.Severity("fatal"))})},
		{"Status", change(safety.UpdateIncidentParams{Status: new(safety.IncidentStatus("done"))})},
		{"OccurredAt", change(safety.UpdateIncidentParams{OccurredAt: new(time.Time{})})},
		{"IncidentID", s.CloseIncident(ctx, safety.CloseIncidentParams{})},
		{"Status", s.CloseIncident(ctx, safety.CloseIncidentParams{IncidentID: "n", Status: safety.IncidentOpen})},
		{"IncidentID", apitest.Err(s.CreateIncidentAction(ctx, safety.CreateIncidentActionParams{Description: "x"}))},
		{"Description", apitest.Err(s.CreateIncidentAction(ctx, safety.CreateIncidentActionParams{IncidentID: "n"}))},
		{"Type", apitest.Err(s.CreateIncidentAction(ctx, safety.CreateIncidentActionParams{IncidentID: "n", Description: "x", Type: "other"}))},
		{"ActionID", s.UpdateIncidentAction(ctx, safety.UpdateIncidentActionParams{})},
		{"Status", s.UpdateIncidentAction(ctx, safety.UpdateIncidentActionParams{ActionID: "c", Status: new(safety.ActionStatus("done"))})},
		{"DueDate", s.UpdateIncidentAction(ctx, safety.UpdateIncidentActionParams{ActionID: "c", DueDate: new(types.Date{})})},
		{"ActionID", s.CompleteIncidentAction(ctx, safety.CompleteIncidentActionParams{})},
		{"Severity", apitest.Err(s.ComplianceIncidentReport(ctx, safety.ComplianceIncidentReportParams{FromDate: firstDay, ToDate: lastDay, Severity: "HIGH"}))},
	} {
		srv.WantRefused(t, tc.field, tc.err)
	}
}

func TestDocumentedLengths(t *testing.T) {
	type client = *workorder.Client
	apitest.WantLimit(t, "Name", 255, func(ctx context.Context, c client, s string) error {
		return apitest.Err(c.SafetyCompliance.CreateTemplate(ctx, safety.CreateTemplateParams{Name: s}))
	})
	apitest.WantLimit(t, "Category", 50, func(ctx context.Context, c client, s string) error {
		return c.SafetyCompliance.UpdateTemplate(ctx, safety.UpdateTemplateParams{TemplateID: "x", Category: &s})
	})
	apitest.WantLimit(t, "Checklist[0].Description", 1000, func(ctx context.Context, c client, s string) error {
		return apitest.Err(c.SafetyCompliance.CreateTemplate(ctx, safety.CreateTemplateParams{Name: "x", Checklist: []safety.ChecklistEntry{{Description: s}}}))
	})
	apitest.WantLimit(t, "Title", 500, func(ctx context.Context, c client, s string) error {
		return apitest.Err(c.SafetyCompliance.CreateSchedule(ctx, safety.CreateScheduleParams{TemplateID: "x", AssetID: "a", Title: s}))
	})
	apitest.WantLimit(t, "Title", 500, func(ctx context.Context, c client, s string) error {
		return apitest.Err(c.SafetyCompliance.CreateIncident(ctx, safety.CreateIncidentParams{Title: s}))
	})
	apitest.WantLimit(t, "Description", 2000, func(ctx context.Context, c client, s string) error {
		return c.SafetyCompliance.UpdateIncidentAction(ctx, safety.UpdateIncidentActionParams{ActionID: "c", Description: &s})
	})
}
