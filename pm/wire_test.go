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
	"github.com/workorder-systems/sdk-go/query"
)

// call is one call of a method: what it sends, what the server answers and what
// the caller gets.
type call struct {
	name  string
	do    func(ctx context.Context, c *workorder.Client) (any, error)
	rpc   string
	body  string
	reply string // empty: 204
	want  any
}

// void adapts a method without a result.
func void(do func(ctx context.Context, c *workorder.Client) error) func(context.Context, *workorder.Client) (any, error) {
	return func(ctx context.Context, c *workorder.Client) (any, error) { return nil, do(ctx, c) }
}

func dec(s string) decimal.Decimal { return decimal.RequireFromString(s) }

var start = time.Date(2026, 3, 1, 1, 0, 0, 0, time.FixedZone("", 2*3600))

var calls = []call{
	{
		name: "PM.CreateTemplate",
		do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.PM.CreateTemplate(ctx, pm.CreateTemplateParams{
				Name: "Service", Trigger: pm.CalendarTrigger{Pattern: pm.PatternMonthly, DayOfMonth: 31}, Description: "d",
				WorkOrder: pm.WorkOrderTexts{Title: "Do it", Description: "well", Priority: "high", EstimatedHours: new(dec("2.50"))},
				Checklist: []pm.ChecklistEntry{{Description: "Oil", Required: true}, {Description: "Belt"}},
			})
		},
		rpc: "rpc_create_pm_template",
		body: `{"p_tenant_id":"t1","p_name":"Service","p_trigger_type":"calendar","p_trigger_config":{"pattern":"monthly","day_of_month":31},
			"p_description":"d","p_estimated_hours":null,"p_wo_title":"Do it","p_wo_description":"well","p_wo_priority":"high",
			"p_wo_estimated_hours":"2.5","p_checklist_items":[{"description":"Oil","required":true},{"description":"Belt","required":false}]}`,
		reply: `"x1"`, want: "x1",
	},
	{
		name: "PM.UpdateTemplate",
		do: void(func(ctx context.Context, c *workorder.Client) error {
			return c.PM.UpdateTemplate(ctx, pm.UpdateTemplateParams{
				TemplateID: "x1", Name: new("New"), Trigger: pm.ManualTrigger{}, Checklist: []pm.ChecklistEntry{},
				WorkOrder: pm.WorkOrderTextChanges{Title: new("T"), Description: new(""), Priority: new("low"), EstimatedHours: new(dec("0"))},
			})
		}),
		rpc: "rpc_update_pm_template",
		body: `{"p_tenant_id":"t1","p_template_id":"x1","p_name":"New","p_description":null,"p_trigger_config":{},"p_estimated_hours":null,
			"p_wo_title":"T","p_wo_description":"","p_wo_priority":"low","p_wo_estimated_hours":"0","p_checklist_items":[]}`,
	},
	{
		name: "PM.UpdateTemplate of nothing",
		do: void(func(ctx context.Context, c *workorder.Client) error {
			return c.PM.UpdateTemplate(ctx, pm.UpdateTemplateParams{TemplateID: "x1"})
		}),
		rpc: "rpc_update_pm_template",
		body: `{"p_tenant_id":"t1","p_template_id":"x1","p_name":null,"p_description":null,"p_trigger_config":null,"p_estimated_hours":null,
			"p_wo_title":null,"p_wo_description":null,"p_wo_priority":null,"p_wo_estimated_hours":null,"p_checklist_items":null}`,
	},
	{
		name: "PM.CreateSchedule leaves auto_generate out",
		do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.PM.CreateSchedule(ctx, pm.CreateScheduleParams{
				AssetID: "a1", Title: "Oil", Trigger: pm.TimeTrigger{IntervalDays: 30, StartDate: start},
			})
		},
		rpc: "rpc_create_pm_schedule",
		body: `{"p_tenant_id":"t1","p_asset_id":"a1","p_title":"Oil","p_trigger_type":"time",
			"p_trigger_config":{"interval_days":30,"start_date":"2026-02-28T23:00:00Z"},"p_description":null,"p_template_id":null,
			"p_estimated_hours":null,"p_wo_title":null,"p_wo_description":null,"p_wo_priority":null,"p_wo_estimated_hours":null}`,
		reply: `"s1"`, want: "s1",
	},
	{
		name: "PM.CreateSchedule keeps every digit of a threshold",
		do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.PM.CreateSchedule(ctx, pm.CreateScheduleParams{
				AssetID: "a1", Title: "Oil", Trigger: pm.UsageTrigger{MeterID: "m1", Threshold: dec("12345678901234567.123456")},
				TemplateID: "x1", AutoGenerate: new(false), WorkOrder: pm.WorkOrderTexts{Title: "T"},
			})
		},
		rpc: "rpc_create_pm_schedule",
		body: `{"p_tenant_id":"t1","p_asset_id":"a1","p_title":"Oil","p_trigger_type":"usage",
			"p_trigger_config":{"meter_id":"m1","threshold":12345678901234567.123456},"p_description":null,"p_template_id":"x1","p_auto_generate":false,
			"p_estimated_hours":null,"p_wo_title":"T","p_wo_description":null,"p_wo_priority":null,"p_wo_estimated_hours":null}`,
		reply: `"s1"`, want: "s1",
	},
	{
		name: "PM.UpdateSchedule",
		do: void(func(ctx context.Context, c *workorder.Client) error {
			return c.PM.UpdateSchedule(ctx, pm.UpdateScheduleParams{
				PMScheduleID: "s1", IsActive: new(true),
				Trigger: pm.ConditionTrigger{SensorID: "t", Operator: pm.GreaterThan, Threshold: dec("80.5")},
			})
		}),
		rpc: "rpc_update_pm_schedule",
		body: `{"p_tenant_id":"t1","p_pm_schedule_id":"s1","p_title":null,"p_description":null,
			"p_trigger_config":{"sensor_id":"t","operator":"greater_than","threshold":80.5},"p_auto_generate":null,"p_is_active":true,
			"p_estimated_hours":null,"p_wo_title":null,"p_wo_description":null,"p_wo_priority":null,"p_wo_estimated_hours":null}`,
	},
	{
		name: "PM.DeleteSchedule",
		do: void(func(ctx context.Context, c *workorder.Client) error {
			return c.PM.DeleteSchedule(ctx, pm.DeleteScheduleParams{PMScheduleID: "s1"})
		}),
		rpc: "rpc_delete_pm_schedule", body: `{"p_tenant_id":"t1","p_pm_schedule_id":"s1"}`,
	},
	{
		name: "PM.CreateDependency leaves the type out",
		do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.PM.CreateDependency(ctx, pm.CreateDependencyParams{PMScheduleID: "s1", DependsOnPMID: "s2"})
		},
		rpc: "rpc_create_pm_dependency", body: `{"p_tenant_id":"t1","p_pm_schedule_id":"s1","p_depends_on_pm_id":"s2"}`,
		reply: `"d1"`, want: "d1",
	},
	{
		name: "PM.CreateDependency before",
		do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.PM.CreateDependency(ctx, pm.CreateDependencyParams{PMScheduleID: "s1", DependsOnPMID: "s2", Type: pm.DependencyBefore})
		},
		rpc:   "rpc_create_pm_dependency",
		body:  `{"p_tenant_id":"t1","p_pm_schedule_id":"s1","p_depends_on_pm_id":"s2","p_dependency_type":"before"}`,
		reply: `"d1"`, want: "d1",
	},
	{
		name: "PM.GenerateDue with Repeat looks for nothing",
		do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.PM.GenerateDue(ctx, pm.GenerateDueParams{Repeat: true})
		},
		rpc: "rpc_generate_due_pms", body: `{"p_tenant_id":"t1"}`, reply: `2`, want: 2,
	},
	{
		name: "PM.TriggerManual",
		do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.PM.TriggerManual(ctx, pm.TriggerManualParams{PMScheduleID: "s1"})
		},
		rpc: "rpc_trigger_manual_pm", body: `{"p_tenant_id":"t1","p_pm_schedule_id":"s1"}`, reply: `"w1"`, want: "w1",
	},
	{
		name: "PM.ProcessDueGeneration",
		do:   func(ctx context.Context, c *workorder.Client) (any, error) { return c.PM.ProcessDueGeneration(ctx, 0) },
		rpc:  "rpc_process_due_pm_generation", body: `{}`, reply: `3`, want: 3,
	},
	{
		name: "PM.ProcessDueGeneration with a limit",
		do:   func(ctx context.Context, c *workorder.Client) (any, error) { return c.PM.ProcessDueGeneration(ctx, 5) },
		rpc:  "rpc_process_due_pm_generation", body: `{"p_limit":5}`, reply: `3`, want: 3,
	},
	{
		name: "Meters.Create",
		do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.Meters.Create(ctx, pm.CreateMeterParams{AssetID: "a1", Type: pm.MeterRuntimeHours, Name: "Hours", Unit: "h"})
		},
		rpc: "rpc_create_meter",
		body: `{"p_tenant_id":"t1","p_asset_id":"a1","p_meter_type":"runtime_hours","p_name":"Hours","p_unit":"h","p_current_reading":"0",
			"p_decimal_places":0,"p_description":null}`,
		reply: `"m1"`, want: "m1",
	},
	{
		name: "Meters.Create in full",
		do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.Meters.Create(ctx, pm.CreateMeterParams{
				TenantID: "t9", AssetID: "a1", Type: pm.MeterCustom, Name: "Tank", Unit: "l", CurrentReading: dec("0.1234567890123456789"),
				ReadingDirection: pm.Decreasing, DecimalPlaces: 6, Description: "d",
			})
		},
		rpc: "rpc_create_meter",
		body: `{"p_tenant_id":"t9","p_asset_id":"a1","p_meter_type":"custom","p_name":"Tank","p_unit":"l","p_current_reading":"0.1234567890123456789",
			"p_reading_direction":"decreasing","p_decimal_places":6,"p_description":"d"}`,
		reply: `"m1"`, want: "m1",
	},
	{
		name: "Meters.Update",
		do: void(func(ctx context.Context, c *workorder.Client) error {
			return c.Meters.Update(ctx, pm.UpdateMeterParams{MeterID: "m1", ReadingDirection: new(pm.Reset), IsActive: new(false)})
		}),
		rpc: "rpc_update_meter",
		body: `{"p_tenant_id":"t1","p_meter_id":"m1","p_name":null,"p_unit":null,"p_reading_direction":"reset","p_decimal_places":null,
			"p_description":null,"p_is_active":false}`,
	},
	{
		name: "Meters.Delete",
		do: void(func(ctx context.Context, c *workorder.Client) error {
			return c.Meters.Delete(ctx, pm.DeleteMeterParams{MeterID: "m1"})
		}),
		rpc: "rpc_delete_meter", body: `{"p_tenant_id":"t1","p_meter_id":"m1"}`,
	},
	{
		name: "Meters.RecordReading keeps every digit",
		do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.Meters.RecordReading(ctx, pm.RecordReadingParams{MeterID: "m1", Value: dec("98765432109876543210.000001")})
		},
		rpc: "rpc_record_meter_reading",
		body: `{"p_tenant_id":"t1","p_meter_id":"m1","p_reading_value":"98765432109876543210.000001","p_reading_date":null,
			"p_notes":null}`,
		reply: `"r1"`, want: "r1",
	},
	{
		name: "Meters.RecordReading in full",
		do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.Meters.RecordReading(ctx, pm.RecordReadingParams{MeterID: "m1", Value: dec("0"), Date: start, Type: pm.ReadingImported, Notes: "n"})
		},
		rpc: "rpc_record_meter_reading",
		body: `{"p_tenant_id":"t1","p_meter_id":"m1","p_reading_value":"0","p_reading_date":"2026-02-28T23:00:00Z","p_reading_type":"imported",
			"p_notes":"n"}`,
		reply: `"r1"`, want: "r1",
	},
	{
		name: "Meters.RecordAutomated",
		do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.Meters.RecordAutomated(ctx, pm.RecordAutomatedParams{MeterID: "m1", Value: dec("7"), Notes: "n"})
		},
		rpc:   "rpc_record_meter_reading_automated",
		body:  `{"p_tenant_id":"t1","p_meter_id":"m1","p_reading_value":"7","p_reading_date":null,"p_notes":"n"}`,
		reply: `"r1"`, want: "r1",
	},
}

func TestWireRequests(t *testing.T) {
	for _, tc := range calls {
		t.Run(tc.name, func(t *testing.T) {
			c, srv := apitest.New(t)
			status := http.StatusOK
			if tc.reply == "" {
				status = http.StatusNoContent
			}
			srv.Reply(status, tc.reply)

			got, err := tc.do(t.Context(), c)

			require.NoError(t, err)
			require.Empty(t, cmp.Diff(tc.want, got))
			r := srv.WantRequest(t, http.MethodPost, "/rest/v1/rpc/"+tc.rpc, tc.body)
			for _, digits := range []string{"12345678901234567.123456", "0.1234567890123456789", "98765432109876543210.000001"} {
				if strings.Contains(tc.body, digits) {
					require.Contains(t, r.Body, digits)
				}
			}
			srv.WantNoRequest(t)
		})
	}
}

func TestReadersNameTheirViews(t *testing.T) {
	count := func(read func(context.Context, ...query.Option) (int64, error)) func(context.Context) error {
		return func(ctx context.Context) error { _, err := read(ctx); return err }
	}
	c, srv := apitest.New(t)
	for view, read := range map[string]func(context.Context) error{
		"v_pm_templates":                count(c.PM.Templates.Count),
		"v_pm_template_checklist_items": count(c.PM.ChecklistItems.Count),
		"v_pm_schedules":                count(c.PM.Schedules.Count),
		"v_due_pms":                     count(c.PM.Due.Count),
		"v_overdue_pms":                 count(c.PM.Overdue.Count),
		"v_upcoming_pms":                count(c.PM.Upcoming.Count),
		"v_pm_history":                  count(c.PM.History.Count),
		"v_asset_meters":                count(c.Meters.Count),
		"v_meter_readings":              count(c.Meters.Readings.Count),
	} {
		srv.Handle(func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Range", "*/7") })
		require.NoError(t, read(t.Context()), view)
		srv.WantRequest(t, http.MethodGet, "/rest/v1/"+view, "")
	}
}

func TestWhatTheServerCannotUseIsRefusedBeforeSending(t *testing.T) {
	c, srv := apitest.New(t)
	ctx := t.Context()
	schedule := func(tr pm.Trigger) error {
		return second(c.PM.CreateSchedule(ctx, pm.CreateScheduleParams{AssetID: "a", Title: "t", Trigger: tr}))
	}
	texts := func(w pm.WorkOrderTexts) error {
		return second(c.PM.CreateSchedule(ctx, pm.CreateScheduleParams{AssetID: "a", Title: "t", Trigger: pm.ManualTrigger{}, WorkOrder: w}))
	}
	for i, tc := range []struct {
		field string
		err   error
	}{
		{"Trigger.IntervalDays", schedule(pm.TimeTrigger{})},
		{"Trigger.IntervalDays", schedule(pm.TimeTrigger{IntervalDays: -1})},
		{"Trigger.IntervalDays", schedule(pm.TimeTrigger{IntervalDays: 1 << 31})},
		{"Trigger.IntervalDays", schedule(pm.TimeTrigger{IntervalDays: 1<<31 - 1})},
		{"Trigger.IntervalDays", schedule(pm.TimeTrigger{IntervalDays: 2, StartDate: time.Date(9999, 12, 30, 0, 0, 0, 0, time.UTC)})},
		{"Trigger.MeterID", schedule(pm.UsageTrigger{Threshold: dec("1")})},
		{"Trigger.Threshold", schedule(pm.UsageTrigger{MeterID: "m"})},
		{"Trigger.Threshold", schedule(pm.UsageTrigger{MeterID: "m", Threshold: dec("-0.1")})},
		{"Trigger.Pattern", schedule(pm.CalendarTrigger{})},
		{"Trigger.Pattern", schedule(pm.CalendarTrigger{Pattern: "hourly"})},
		{"Trigger.DayOfMonth", schedule(pm.CalendarTrigger{Pattern: pm.PatternMonthly, DayOfMonth: 32})},
		{"Trigger.Operator", schedule(pm.ConditionTrigger{SensorID: "s"})},
		{"Trigger.SensorID or Trigger.IntegrationID", schedule(pm.ConditionTrigger{Operator: pm.Equals})},
		{"Trigger", schedule(nil)},
		{"AssetID", second(c.PM.CreateSchedule(ctx, pm.CreateScheduleParams{Title: "t", Trigger: pm.ManualTrigger{}}))},
		{"Title", second(c.PM.CreateSchedule(ctx, pm.CreateScheduleParams{AssetID: "a", Trigger: pm.ManualTrigger{}}))},
		{"WorkOrder.Title", texts(pm.WorkOrderTexts{Title: " \t"})},
		{"WOTitle", texts(pm.WorkOrderTexts{Title: strings.Repeat("x", 501)})},
		{"WorkOrder.EstimatedHours", texts(pm.WorkOrderTexts{EstimatedHours: new(dec("-1"))})},
		{"WorkOrder.Title", c.PM.UpdateSchedule(ctx, pm.UpdateScheduleParams{PMScheduleID: "s", WorkOrder: pm.WorkOrderTextChanges{Title: new("")}})},
		{"PMScheduleID", c.PM.UpdateSchedule(ctx, pm.UpdateScheduleParams{})},
		{"Trigger.IntervalDays", c.PM.UpdateSchedule(ctx, pm.UpdateScheduleParams{PMScheduleID: "s", Trigger: pm.TimeTrigger{}})},
		{"PMScheduleID", c.PM.DeleteSchedule(ctx, pm.DeleteScheduleParams{})},
		{"Name", second(c.PM.CreateTemplate(ctx, pm.CreateTemplateParams{Trigger: pm.ManualTrigger{}}))},
		{"Trigger", second(c.PM.CreateTemplate(ctx, pm.CreateTemplateParams{Name: "n"}))},
		{"Checklist[1].Description", second(c.PM.CreateTemplate(ctx, pm.CreateTemplateParams{Name: "n", Trigger: pm.ManualTrigger{}, Checklist: []pm.ChecklistEntry{{Description: "a"}, {}}}))},
		{"Checklist[0].Description", c.PM.UpdateTemplate(ctx, pm.UpdateTemplateParams{TemplateID: "x", Checklist: []pm.ChecklistEntry{{Description: strings.Repeat("x", 1001)}}})},
		{"WorkOrder.Title", c.PM.UpdateTemplate(ctx, pm.UpdateTemplateParams{TemplateID: "x", WorkOrder: pm.WorkOrderTextChanges{Title: new(" ")}})},
		{"TemplateID", c.PM.UpdateTemplate(ctx, pm.UpdateTemplateParams{})},
		{"DependsOnPMID", second(c.PM.CreateDependency(ctx, pm.CreateDependencyParams{PMScheduleID: "s"}))},
		{"Type", second(c.PM.CreateDependency(ctx, pm.CreateDependencyParams{PMScheduleID: "s", DependsOnPMID: "d", Type: pm.DependencySameDay}))},
		{"Type", second(c.PM.CreateDependency(ctx, pm.CreateDependencyParams{PMScheduleID: "s", DependsOnPMID: "d", Type: "finish_to_start"}))},
		{"Limit", second(c.PM.GenerateDue(ctx, pm.GenerateDueParams{Limit: -1}))},
		{"limit", second(c.PM.ProcessDueGeneration(ctx, -1))},
		{"PMScheduleID", second(c.PM.TriggerManual(ctx, pm.TriggerManualParams{}))},
		{"Type", second(c.Meters.Create(ctx, pm.CreateMeterParams{AssetID: "a", Name: "n", Unit: "u"}))},
		{"Unit", second(c.Meters.Create(ctx, pm.CreateMeterParams{AssetID: "a", Type: pm.MeterMiles, Name: "n"}))},
		{"CurrentReading", second(c.Meters.Create(ctx, pm.CreateMeterParams{AssetID: "a", Type: pm.MeterMiles, Name: "n", Unit: "u", CurrentReading: dec("-1")}))},
		{"MeterID", c.Meters.Update(ctx, pm.UpdateMeterParams{})},
		{"MeterID", c.Meters.Delete(ctx, pm.DeleteMeterParams{})},
		{"MeterID", second(c.Meters.RecordReading(ctx, pm.RecordReadingParams{}))},
		{"Value", second(c.Meters.RecordReading(ctx, pm.RecordReadingParams{MeterID: "m", Value: dec("-0.001")}))},
		{"Value", second(c.Meters.RecordAutomated(ctx, pm.RecordAutomatedParams{MeterID: "m", Value: dec("-1")}))},
		{"Key", second(c.Meters.Ingest(ctx, pm.IngestParams{Key: " ", MeterID: "m"}))},
		{"MeterID", second(c.Meters.Ingest(ctx, pm.IngestParams{Key: "k"}))},
		{"Value", second(c.Meters.Ingest(ctx, pm.IngestParams{Key: "k", MeterID: "m", Value: dec("-1")}))},
	} {
		require.ErrorIs(t, tc.err, workorder.ErrInvalidInput, "%d %s", i, tc.field)
		require.ErrorContains(t, tc.err, tc.field+" ", "the error names the field")
	}
	srv.WantNoRequest(t)
}

func second[T any](_ T, err error) error { return err }

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
