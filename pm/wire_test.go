package pm_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/internal/apitest"
	"github.com/workorder-systems/sdk-go/pm"
)

func dec(s string) decimal.Decimal { return decimal.RequireFromString(s) }

var start = time.Date(2026, 3, 1, 1, 0, 0, 0, time.FixedZone("", 2*3600))

var calls = []apitest.Call{
	{
		Name: "PM.CreateTemplate",
		Do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.PM.CreateTemplate(ctx, pm.CreateTemplateParams{
				Name: "Service", Trigger: pm.CalendarTrigger{Pattern: pm.PatternMonthly, DayOfMonth: 31}, Description: "d",
				WorkOrder: pm.WorkOrderTexts{Title: "Do it", Description: "well", Priority: "high", EstimatedHours: new(dec("2.50"))},
				Checklist: []pm.ChecklistEntry{{Description: "Oil", Required: true}, {Description: "Belt"}},
			})
		},
		RPC: "rpc_create_pm_template",
		Body: `{"p_tenant_id":"t1","p_name":"Service","p_trigger_type":"calendar","p_trigger_config":{"pattern":"monthly","day_of_month":31},
			"p_description":"d","p_estimated_hours":null,"p_wo_title":"Do it","p_wo_description":"well","p_wo_priority":"high",
			"p_wo_estimated_hours":"2.5","p_checklist_items":[{"description":"Oil","required":true},{"description":"Belt","required":false}]}`,
		Reply: `"x1"`, Want: "x1",
	},
	{
		Name: "PM.UpdateTemplate",
		Do: apitest.Void(func(ctx context.Context, c *workorder.Client) error {
			return c.PM.UpdateTemplate(ctx, pm.UpdateTemplateParams{
				TemplateID: "x1", Name: new("New"), Trigger: pm.ManualTrigger{}, Checklist: []pm.ChecklistEntry{},
				WorkOrder: pm.WorkOrderTextChanges{Title: new("T"), Description: new(""), Priority: new("low"), EstimatedHours: new(dec("0"))},
			})
		}),
		RPC: "rpc_update_pm_template",
		Body: `{"p_tenant_id":"t1","p_template_id":"x1","p_name":"New","p_description":null,"p_trigger_config":{},"p_estimated_hours":null,
			"p_wo_title":"T","p_wo_description":"","p_wo_priority":"low","p_wo_estimated_hours":"0","p_checklist_items":[]}`,
	},
	{
		Name: "PM.UpdateTemplate of nothing",
		Do: apitest.Void(func(ctx context.Context, c *workorder.Client) error {
			return c.PM.UpdateTemplate(ctx, pm.UpdateTemplateParams{TemplateID: "x1"})
		}),
		RPC: "rpc_update_pm_template",
		Body: `{"p_tenant_id":"t1","p_template_id":"x1","p_name":null,"p_description":null,"p_trigger_config":null,"p_estimated_hours":null,
			"p_wo_title":null,"p_wo_description":null,"p_wo_priority":null,"p_wo_estimated_hours":null,"p_checklist_items":null}`,
	},
	{
		Name: "PM.CreateSchedule leaves auto_generate out",
		Do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.PM.CreateSchedule(ctx, pm.CreateScheduleParams{
				AssetID: "a1", Title: "Oil", Trigger: pm.TimeTrigger{IntervalDays: 30, StartDate: start},
			})
		},
		RPC: "rpc_create_pm_schedule",
		Body: `{"p_tenant_id":"t1","p_asset_id":"a1","p_title":"Oil","p_trigger_type":"time",
			"p_trigger_config":{"interval_days":30,"start_date":"2026-02-28T23:00:00Z"},"p_description":null,"p_template_id":null,
			"p_estimated_hours":null,"p_wo_title":null,"p_wo_description":null,"p_wo_priority":null,"p_wo_estimated_hours":null}`,
		Reply: `"s1"`, Want: "s1",
	},
	{
		Name: "PM.CreateSchedule keeps every digit of a threshold",
		Do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.PM.CreateSchedule(ctx, pm.CreateScheduleParams{
				AssetID: "a1", Title: "Oil", Trigger: pm.UsageTrigger{MeterID: "m1", Threshold: dec("12345678901234567.123456")},
				TemplateID: "x1", AutoGenerate: new(false), WorkOrder: pm.WorkOrderTexts{Title: "T"},
			})
		},
		RPC: "rpc_create_pm_schedule",
		Body: `{"p_tenant_id":"t1","p_asset_id":"a1","p_title":"Oil","p_trigger_type":"usage",
			"p_trigger_config":{"meter_id":"m1","threshold":12345678901234567.123456},"p_description":null,"p_template_id":"x1","p_auto_generate":false,
			"p_estimated_hours":null,"p_wo_title":"T","p_wo_description":null,"p_wo_priority":null,"p_wo_estimated_hours":null}`,
		Reply: `"s1"`, Want: "s1",
	},
	{
		Name: "PM.UpdateSchedule",
		Do: apitest.Void(func(ctx context.Context, c *workorder.Client) error {
			return c.PM.UpdateSchedule(ctx, pm.UpdateScheduleParams{
				PMScheduleID: "s1", IsActive: new(true),
				Trigger: pm.ConditionTrigger{SensorID: "t", Operator: pm.GreaterThan, Threshold: dec("80.5")},
			})
		}),
		RPC: "rpc_update_pm_schedule",
		Body: `{"p_tenant_id":"t1","p_pm_schedule_id":"s1","p_title":null,"p_description":null,
			"p_trigger_config":{"sensor_id":"t","operator":"greater_than","threshold":80.5},"p_auto_generate":null,"p_is_active":true,
			"p_estimated_hours":null,"p_wo_title":null,"p_wo_description":null,"p_wo_priority":null,"p_wo_estimated_hours":null}`,
	},
	{
		Name: "PM.DeleteSchedule",
		Do: apitest.Void(func(ctx context.Context, c *workorder.Client) error {
			return c.PM.DeleteSchedule(ctx, pm.DeleteScheduleParams{PMScheduleID: "s1"})
		}),
		RPC: "rpc_delete_pm_schedule", Body: `{"p_tenant_id":"t1","p_pm_schedule_id":"s1"}`,
	},
	{
		Name: "PM.CreateDependency leaves the type out",
		Do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.PM.CreateDependency(ctx, pm.CreateDependencyParams{PMScheduleID: "s1", DependsOnPMID: "s2"})
		},
		RPC: "rpc_create_pm_dependency", Body: `{"p_tenant_id":"t1","p_pm_schedule_id":"s1","p_depends_on_pm_id":"s2"}`,
		Reply: `"d1"`, Want: "d1",
	},
	{
		Name: "PM.CreateDependency before",
		Do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.PM.CreateDependency(ctx, pm.CreateDependencyParams{PMScheduleID: "s1", DependsOnPMID: "s2", Type: pm.DependencyBefore})
		},
		RPC:   "rpc_create_pm_dependency",
		Body:  `{"p_tenant_id":"t1","p_pm_schedule_id":"s1","p_depends_on_pm_id":"s2","p_dependency_type":"before"}`,
		Reply: `"d1"`, Want: "d1",
	},
	{
		Name: "PM.GenerateDue with Repeat looks for nothing",
		Do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.PM.GenerateDue(ctx, pm.GenerateDueParams{Repeat: true})
		},
		RPC: "rpc_generate_due_pms", Body: `{"p_tenant_id":"t1"}`, Reply: `2`, Want: 2,
	},
	{
		Name: "PM.TriggerManual",
		Do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.PM.TriggerManual(ctx, pm.TriggerManualParams{PMScheduleID: "s1"})
		},
		RPC: "rpc_trigger_manual_pm", Body: `{"p_tenant_id":"t1","p_pm_schedule_id":"s1"}`, Reply: `"w1"`, Want: "w1",
	},
	{
		Name: "PM.ProcessDueGeneration",
		Do:   func(ctx context.Context, c *workorder.Client) (any, error) { return c.PM.ProcessDueGeneration(ctx, 0) },
		RPC:  "rpc_process_due_pm_generation", Body: `{}`, Reply: `3`, Want: 3,
	},
	{
		Name: "PM.ProcessDueGeneration with a limit",
		Do:   func(ctx context.Context, c *workorder.Client) (any, error) { return c.PM.ProcessDueGeneration(ctx, 5) },
		RPC:  "rpc_process_due_pm_generation", Body: `{"p_limit":5}`, Reply: `3`, Want: 3,
	},
	{
		Name: "Meters.Create",
		Do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.Meters.Create(ctx, pm.CreateMeterParams{AssetID: "a1", Type: pm.MeterRuntimeHours, Name: "Hours", Unit: "h"})
		},
		RPC: "rpc_create_meter",
		Body: `{"p_tenant_id":"t1","p_asset_id":"a1","p_meter_type":"runtime_hours","p_name":"Hours","p_unit":"h","p_current_reading":"0",
			"p_decimal_places":0,"p_description":null}`,
		Reply: `"m1"`, Want: "m1",
	},
	{
		Name: "Meters.Create in full",
		Do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.Meters.Create(ctx, pm.CreateMeterParams{
				TenantID: "t9", AssetID: "a1", Type: pm.MeterCustom, Name: "Tank", Unit: "l", CurrentReading: dec("0.1234567890123456789"),
				ReadingDirection: pm.Decreasing, DecimalPlaces: 6, Description: "d",
			})
		},
		RPC: "rpc_create_meter",
		Body: `{"p_tenant_id":"t9","p_asset_id":"a1","p_meter_type":"custom","p_name":"Tank","p_unit":"l","p_current_reading":"0.1234567890123456789",
			"p_reading_direction":"decreasing","p_decimal_places":6,"p_description":"d"}`,
		Reply: `"m1"`, Want: "m1",
	},
	{
		Name: "Meters.Update",
		Do: apitest.Void(func(ctx context.Context, c *workorder.Client) error {
			return c.Meters.Update(ctx, pm.UpdateMeterParams{MeterID: "m1", ReadingDirection: new(pm.Reset), IsActive: new(false)})
		}),
		RPC: "rpc_update_meter",
		Body: `{"p_tenant_id":"t1","p_meter_id":"m1","p_name":null,"p_unit":null,"p_reading_direction":"reset","p_decimal_places":null,
			"p_description":null,"p_is_active":false}`,
	},
	{
		Name: "Meters.Delete",
		Do: apitest.Void(func(ctx context.Context, c *workorder.Client) error {
			return c.Meters.Delete(ctx, pm.DeleteMeterParams{MeterID: "m1"})
		}),
		RPC: "rpc_delete_meter", Body: `{"p_tenant_id":"t1","p_meter_id":"m1"}`,
	},
	{
		Name: "Meters.RecordReading keeps every digit",
		Do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.Meters.RecordReading(ctx, pm.RecordReadingParams{MeterID: "m1", Value: dec("98765432109876543210.000001")})
		},
		RPC: "rpc_record_meter_reading",
		Body: `{"p_tenant_id":"t1","p_meter_id":"m1","p_reading_value":"98765432109876543210.000001","p_reading_date":null,
			"p_notes":null}`,
		Reply: `"r1"`, Want: "r1",
	},
	{
		Name: "Meters.RecordReading in full",
		Do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.Meters.RecordReading(ctx, pm.RecordReadingParams{MeterID: "m1", Value: dec("0"), Date: start, Type: pm.ReadingImported, Notes: "n"})
		},
		RPC: "rpc_record_meter_reading",
		Body: `{"p_tenant_id":"t1","p_meter_id":"m1","p_reading_value":"0","p_reading_date":"2026-02-28T23:00:00Z","p_reading_type":"imported",
			"p_notes":"n"}`,
		Reply: `"r1"`, Want: "r1",
	},
	{
		Name: "Meters.RecordAutomated",
		Do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.Meters.RecordAutomated(ctx, pm.RecordAutomatedParams{MeterID: "m1", Value: dec("7"), Notes: "n"})
		},
		RPC:   "rpc_record_meter_reading_automated",
		Body:  `{"p_tenant_id":"t1","p_meter_id":"m1","p_reading_value":"7","p_reading_date":null,"p_notes":"n"}`,
		Reply: `"r1"`, Want: "r1",
	},
}

func TestWireRequests(t *testing.T) { apitest.RunCalls(t, calls) }

func TestReadersNameTheirViews(t *testing.T) {
	c, srv := apitest.New(t)
	srv.WantCounted(t, "v_pm_templates", c.PM.Templates.Count)
	srv.WantCounted(t, "v_pm_template_checklist_items", c.PM.ChecklistItems.Count)
	srv.WantCounted(t, "v_pm_schedules", c.PM.Schedules.Count)
	srv.WantCounted(t, "v_due_pms", c.PM.Due.Count)
	srv.WantCounted(t, "v_overdue_pms", c.PM.Overdue.Count)
	srv.WantCounted(t, "v_upcoming_pms", c.PM.Upcoming.Count)
	srv.WantCounted(t, "v_pm_history", c.PM.History.Count)
	srv.WantCounted(t, "v_asset_meters", c.Meters.Count)
	srv.WantCounted(t, "v_meter_readings", c.Meters.Readings.Count)
}

func TestWhatTheServerCannotUseIsRefusedBeforeSending(t *testing.T) {
	c, srv := apitest.New(t)
	ctx := t.Context()
	schedule := func(tr pm.Trigger) error {
		return apitest.Err(c.PM.CreateSchedule(ctx, pm.CreateScheduleParams{AssetID: "a", Title: "t", Trigger: tr}))
	}
	texts := func(w pm.WorkOrderTexts) error {
		return apitest.Err(c.PM.CreateSchedule(ctx, pm.CreateScheduleParams{AssetID: "a", Title: "t", Trigger: pm.ManualTrigger{}, WorkOrder: w}))
	}
	srv.WantRefused(t, "Trigger.IntervalDays", schedule(pm.TimeTrigger{}))
	srv.WantRefused(t, "Trigger.IntervalDays", schedule(pm.TimeTrigger{IntervalDays: -1}))
	srv.WantRefused(t, "Trigger.IntervalDays", schedule(pm.TimeTrigger{IntervalDays: 1 << 31}))
	srv.WantRefused(t, "Trigger.IntervalDays", schedule(pm.TimeTrigger{IntervalDays: 1<<31 - 1}))
	srv.WantRefused(t, "Trigger.IntervalDays", schedule(pm.TimeTrigger{IntervalDays: 2, StartDate: time.Date(9999, 12, 30, 0, 0, 0, 0, time.UTC)}))
	srv.WantRefused(t, "Trigger.MeterID", schedule(pm.UsageTrigger{Threshold: dec("1")}))
	srv.WantRefused(t, "Trigger.Threshold", schedule(pm.UsageTrigger{MeterID: "m"}))
	srv.WantRefused(t, "Trigger.Threshold", schedule(pm.UsageTrigger{MeterID: "m", Threshold: dec("-0.1")}))
	srv.WantRefused(t, "Trigger.Pattern", schedule(pm.CalendarTrigger{}))
	srv.WantRefused(t, "Trigger.Pattern", schedule(pm.CalendarTrigger{Pattern: "hourly"}))
	srv.WantRefused(t, "Trigger.DayOfMonth", schedule(pm.CalendarTrigger{Pattern: pm.PatternMonthly, DayOfMonth: 32}))
	srv.WantRefused(t, "Trigger.Operator", schedule(pm.ConditionTrigger{SensorID: "s"}))
	srv.WantRefused(t, "Trigger.SensorID or Trigger.IntegrationID", schedule(pm.ConditionTrigger{Operator: pm.Equals}))
	srv.WantRefused(t, "Trigger", schedule(nil))
	srv.WantRefused(t, "AssetID", apitest.Err(c.PM.CreateSchedule(ctx, pm.CreateScheduleParams{Title: "t", Trigger: pm.ManualTrigger{}})))
	srv.WantRefused(t, "Title", apitest.Err(c.PM.CreateSchedule(ctx, pm.CreateScheduleParams{AssetID: "a", Trigger: pm.ManualTrigger{}})))
	srv.WantRefused(t, "WorkOrder.Title", texts(pm.WorkOrderTexts{Title: " \t"}))
	srv.WantRefused(t, "WOTitle", texts(pm.WorkOrderTexts{Title: strings.Repeat("x", 501)}))
	srv.WantRefused(t, "WorkOrder.EstimatedHours", texts(pm.WorkOrderTexts{EstimatedHours: new(dec("-1"))}))
	srv.WantRefused(t, "WorkOrder.Title", c.PM.UpdateSchedule(ctx, pm.UpdateScheduleParams{PMScheduleID: "s", WorkOrder: pm.WorkOrderTextChanges{Title: new("")}}))
	srv.WantRefused(t, "PMScheduleID", c.PM.UpdateSchedule(ctx, pm.UpdateScheduleParams{}))
	srv.WantRefused(t, "Trigger.IntervalDays", c.PM.UpdateSchedule(ctx, pm.UpdateScheduleParams{PMScheduleID: "s", Trigger: pm.TimeTrigger{}}))
	srv.WantRefused(t, "PMScheduleID", c.PM.DeleteSchedule(ctx, pm.DeleteScheduleParams{}))
	srv.WantRefused(t, "Name", apitest.Err(c.PM.CreateTemplate(ctx, pm.CreateTemplateParams{Trigger: pm.ManualTrigger{}})))
	srv.WantRefused(t, "Trigger", apitest.Err(c.PM.CreateTemplate(ctx, pm.CreateTemplateParams{Name: "n"})))
	srv.WantRefused(t, "Checklist[1].Description", apitest.Err(c.PM.CreateTemplate(ctx, pm.CreateTemplateParams{Name: "n", Trigger: pm.ManualTrigger{}, Checklist: []pm.ChecklistEntry{{Description: "a"}, {}}})))
	srv.WantRefused(t, "Checklist[0].Description", c.PM.UpdateTemplate(ctx, pm.UpdateTemplateParams{TemplateID: "x", Checklist: []pm.ChecklistEntry{{Description: strings.Repeat("x", 1001)}}}))
	srv.WantRefused(t, "WorkOrder.Title", c.PM.UpdateTemplate(ctx, pm.UpdateTemplateParams{TemplateID: "x", WorkOrder: pm.WorkOrderTextChanges{Title: new(" ")}}))
	srv.WantRefused(t, "TemplateID", c.PM.UpdateTemplate(ctx, pm.UpdateTemplateParams{}))
	srv.WantRefused(t, "DependsOnPMID", apitest.Err(c.PM.CreateDependency(ctx, pm.CreateDependencyParams{PMScheduleID: "s"})))
	srv.WantRefused(t, "Type", apitest.Err(c.PM.CreateDependency(ctx, pm.CreateDependencyParams{PMScheduleID: "s", DependsOnPMID: "d", Type: pm.DependencySameDay})))
	srv.WantRefused(t, "Type", apitest.Err(c.PM.CreateDependency(ctx, pm.CreateDependencyParams{PMScheduleID: "s", DependsOnPMID: "d", Type: "finish_to_start"})))
	srv.WantRefused(t, "Limit", apitest.Err(c.PM.GenerateDue(ctx, pm.GenerateDueParams{Limit: -1})))
	srv.WantRefused(t, "limit", apitest.Err(c.PM.ProcessDueGeneration(ctx, -1)))
	srv.WantRefused(t, "PMScheduleID", apitest.Err(c.PM.TriggerManual(ctx, pm.TriggerManualParams{})))
	srv.WantRefused(t, "Type", apitest.Err(c.Meters.Create(ctx, pm.CreateMeterParams{AssetID: "a", Name: "n", Unit: "u"})))
	srv.WantRefused(t, "Unit", apitest.Err(c.Meters.Create(ctx, pm.CreateMeterParams{AssetID: "a", Type: pm.MeterMiles, Name: "n"})))
	srv.WantRefused(t, "CurrentReading", apitest.Err(c.Meters.Create(ctx, pm.CreateMeterParams{AssetID: "a", Type: pm.MeterMiles, Name: "n", Unit: "u", CurrentReading: dec("-1")})))
	srv.WantRefused(t, "MeterID", c.Meters.Update(ctx, pm.UpdateMeterParams{}))
	srv.WantRefused(t, "MeterID", c.Meters.Delete(ctx, pm.DeleteMeterParams{}))
	srv.WantRefused(t, "MeterID", apitest.Err(c.Meters.RecordReading(ctx, pm.RecordReadingParams{})))
	srv.WantRefused(t, "Value", apitest.Err(c.Meters.RecordReading(ctx, pm.RecordReadingParams{MeterID: "m", Value: dec("-0.001")})))
	srv.WantRefused(t, "Value", apitest.Err(c.Meters.RecordAutomated(ctx, pm.RecordAutomatedParams{MeterID: "m", Value: dec("-1")})))
	srv.WantRefused(t, "Key", apitest.Err(c.Meters.Ingest(ctx, pm.IngestParams{Key: " ", MeterID: "m"})))
	srv.WantRefused(t, "Key", apitest.Err(c.Meters.Ingest(ctx, pm.IngestParams{Key: "two\nlines", MeterID: "m"})))
	srv.WantRefused(t, "MeterID", apitest.Err(c.Meters.Ingest(ctx, pm.IngestParams{Key: "k"})))
	srv.WantRefused(t, "Value", apitest.Err(c.Meters.Ingest(ctx, pm.IngestParams{Key: "k", MeterID: "m", Value: dec("-1")})))
}

func TestGenerateDueRefusesToRepeat(t *testing.T) {
	c, srv := apitest.New(t)
	schedule := func(id, due string) string {
		return fmt.Sprintf(`{"id":%q,"tenant_id":"t1","title":"t","trigger_type":"time","trigger_config":{},
		"wo_priority_entity_type":"work_order","auto_generate":true,"completion_count":0,"is_active":true,"is_overdue":true,
		"created_at":"2026-01-01T00:00:00Z","updated_at":"2026-01-01T00:00:00Z","next_due_date":%q}`, id, due)
	}

	// Nothing is due: nothing to repeat.
	srv.Reply(http.StatusOK, `[]`)
	srv.Reply(http.StatusOK, `0`)
	n, err := c.PM.GenerateDue(t.Context(), pm.GenerateDueParams{})
	require.NoError(t, err)
	require.Zero(t, n)
	srv.WantRequest(t, http.MethodGet, "/rest/v1/v_pm_schedules", "")
	srv.WantRequest(t, http.MethodPost, "/rest/v1/rpc/rpc_generate_due_pms", `{"p_tenant_id":"t1"}`)

	// Of three that are due, the limit of one reaches any of the two oldest.
	due := "[" + schedule("s1", "2020-01-01T00:00:00Z") + "," + schedule("s2", "2020-01-01T00:00:00Z") + "," + schedule("s3", "2020-01-02T00:00:00Z") + "]"
	srv.Reply(http.StatusOK, due)
	srv.Reply(http.StatusOK, `[{"id":"w2","pm_schedule_id":"s2","completed_at":null}]`)
	_, err = c.PM.GenerateDue(t.Context(), pm.GenerateDueParams{Limit: 1})
	require.ErrorIs(t, err, workorder.ErrConflict)
	require.ErrorContains(t, err, "s2")
	require.ErrorContains(t, err, "w2")
	srv.WantRequest(t, http.MethodGet, "/rest/v1/v_pm_schedules", "")
	asked := srv.WantRequest(t, http.MethodGet, "/rest/v1/v_work_orders", "")
	require.Contains(t, fmt.Sprint(asked.Query), "s2")
	require.NotContains(t, fmt.Sprint(asked.Query), "s3")
	srv.WantNoRequest(t)

	// What fails on the way makes nothing.
	srv.ReplyError(http.StatusForbidden, "42501", "no")
	_, err = c.PM.GenerateDue(t.Context(), pm.GenerateDueParams{})
	require.ErrorIs(t, err, workorder.ErrPermissionDenied)
	srv.WantRequest(t, http.MethodGet, "/rest/v1/v_pm_schedules", "")
	srv.WantNoRequest(t)
}

func TestIngestSendsTheKeyInPlaceOfTheSession(t *testing.T) {
	c, srv := apitest.New(t)
	srv.Reply(http.StatusCreated, `{"readingId":"r1"}`)
	id, err := c.Meters.Ingest(t.Context(), pm.IngestParams{Key: " wosk_secret\n", MeterID: "m1", Value: dec("12345678901234567890.5"), Date: start, Notes: "n"})
	require.NoError(t, err)
	require.Equal(t, "r1", id)
	r := srv.WantRequest(t, http.MethodPost, "/functions/v1/ingest-meter-reading",
		`{"meterId":"m1","readingValue":12345678901234567890.5,"readingDate":"2026-02-28T23:00:00Z","notes":"n"}`)
	require.Contains(t, r.Body, "12345678901234567890.5")
	require.Equal(t, "Bearer wosk_secret", r.Header.Get("Authorization"))
	require.Equal(t, apitest.AnonKey, r.Header.Get("Apikey"))

	srv.Reply(http.StatusCreated, `{}`)
	_, err = c.Meters.Ingest(t.Context(), pm.IngestParams{Key: "wosk_secret", MeterID: "m1"})
	require.ErrorIs(t, err, workorder.ErrSchemaMismatch)
	var e *workorder.SdkError
	require.ErrorAs(t, err, &e)
	require.Equal(t, http.StatusCreated, e.HTTPStatus, "it was sent, and is recorded")

	srv.Reply(http.StatusNotFound, `{"code":"NOT_FOUND","message":"Requested function was not found"}`)
	_, err = c.Meters.Ingest(t.Context(), pm.IngestParams{Key: "wosk_secret", MeterID: "m1"})
	require.ErrorIs(t, err, workorder.ErrSchemaMismatch, "not the meter is missing, the function is")
	require.NotErrorIs(t, err, workorder.ErrNotFound)
}

func TestIngestErrors(t *testing.T) {
	for code, tc := range map[string]struct {
		status int
		kind   error
	}{
		"INVALID_API_KEY":    {401, workorder.ErrUnauthenticated},
		"BAD_REQUEST":        {400, workorder.ErrInvalidInput},
		"RPC_FAIL":           {400, workorder.ErrInvalidInput},
		"NOT_FOUND":          {404, workorder.ErrNotFound},
		"FORBIDDEN":          {403, workorder.ErrPermissionDenied},
		"METHOD_NOT_ALLOWED": {405, nil},
		"INTERNAL_ERROR":     {500, nil},
	} {
		t.Run(code, func(t *testing.T) {
			c, srv := apitest.New(t)
			srv.Reply(tc.status, `{"error":"refused wosk_secret","code":"`+code+`"}`)
			_, err := c.Meters.Ingest(t.Context(), pm.IngestParams{Key: "wosk_secret", MeterID: "m1"})
			var e *workorder.SdkError
			require.ErrorAs(t, err, &e)
			require.Equal(t, code, e.Code)
			if tc.kind != nil {
				require.ErrorIs(t, err, tc.kind)
			}
			require.NotContains(t, fmt.Sprintf("%v %+v %#v", err, err, e), "wosk_secret")
			require.Len(t, srv.Requests(), 1, "a reading is never sent twice")
		})
	}
	require.NotContains(t, fmt.Sprintf("%v %+v %#v", pm.IngestParams{Key: "wosk_secret"}, pm.IngestParams{Key: "wosk_secret"}, pm.IngestParams{Key: "wosk_secret"}), "wosk_secret")
}

func TestParseTrigger(t *testing.T) {
	utc := func(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }
	equal := cmp.Options{cmp.Comparer(decimal.Decimal.Equal), cmp.Comparer(time.Time.Equal)}
	for _, tc := range []struct {
		kind   pm.TriggerType
		config string
		want   pm.Trigger // nil: refused
	}{
		{pm.TriggerTime, `{"interval_days":30}`, pm.TimeTrigger{IntervalDays: 30}},
		{pm.TriggerTime, `{"interval_days":"7","timezone":"x","start_date":"2024-02-29"}`, pm.TimeTrigger{IntervalDays: 7, StartDate: utc(2024, 2, 29)}},
		{pm.TriggerTime, `{"interval_days":1,"start_date":"2024-02-29T01:00:00+01:00"}`, pm.TimeTrigger{IntervalDays: 1, StartDate: utc(2024, 2, 29)}},
		{pm.TriggerTime, `{"interval_days":1,"start_date":"2024-02-29 00:00:00"}`, pm.TimeTrigger{IntervalDays: 1, StartDate: utc(2024, 2, 29)}},
		{pm.TriggerTime, `{"interval_days":null}`, nil},
		{pm.TriggerTime, `{"interval_days":1,"start_date":"infinity"}`, nil},
		{pm.TriggerTime, `{"interval_days":1.5}`, nil},
		{pm.TriggerUsage, `{"meter_id":"m","threshold":"0.10","reset_after_pm":true}`, pm.UsageTrigger{MeterID: "m", Threshold: dec("0.1")}},
		{pm.TriggerUsage, `{"meter_id":"m","threshold":12345678901234567.123456}`, pm.UsageTrigger{MeterID: "m", Threshold: dec("12345678901234567.123456")}},
		{pm.TriggerCalendar, `{"pattern":"yearly","day_of_month":3}`, pm.CalendarTrigger{Pattern: pm.PatternYearly, DayOfMonth: 3}},
		{pm.TriggerCondition, `{"integration_id":"i","operator":"equals","threshold":5}`, pm.ConditionTrigger{IntegrationID: "i", Operator: pm.Equals, Threshold: dec("5")}},
		{pm.TriggerCondition, `{"integration_id":"i","operator":"equals","threshold":"hot"}`, nil},
		{pm.TriggerManual, `[1]`, pm.ManualTrigger{}},
		{"weekly", `{}`, nil},
	} {
		got, err := pm.ParseTrigger(tc.kind, json.RawMessage(tc.config))
		if tc.want == nil {
			require.ErrorIs(t, err, workorder.ErrInvalidInput, tc.config)
			continue
		}
		require.NoError(t, err, tc.config)
		require.Equal(t, tc.kind, got.Type())
		require.Empty(t, cmp.Diff(tc.want, got, equal), tc.config)
	}
}
