package labor_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/internal/apitest"
	"github.com/workorder-systems/sdk-go/labor"
	"github.com/workorder-systems/sdk-go/query"
	"github.com/workorder-systems/sdk-go/types"
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

// second is the error of two results.
func second[T any](_ T, err error) error { return err }

var (
	start  = time.Date(2026, 3, 1, 1, 0, 0, 0, time.FixedZone("", 2*3600))
	monday = types.NewDate(2026, 3, 2)
)

var calls = []call{
	{
		name: "CreateTechnician",
		do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.Labor.CreateTechnician(ctx, labor.CreateTechnicianParams{UserID: "u1"})
		},
		rpc: "rpc_create_technician",
		body: `{"p_tenant_id":"t1","p_user_id":"u1","p_employee_number":null,"p_default_crew_id":null,
			"p_department_id":null}`,
		reply: `"x1"`, want: "x1",
	},
	{
		name: "CreateTechnician in full",
		do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.Labor.CreateTechnician(ctx, labor.CreateTechnicianParams{
				TenantID: "t2", UserID: "u1", EmployeeNumber: "7", DefaultCrewID: "c1", DepartmentID: "d1",
			})
		},
		rpc: "rpc_create_technician",
		body: `{"p_tenant_id":"t2","p_user_id":"u1","p_employee_number":"7","p_default_crew_id":"c1",
			"p_department_id":"d1"}`,
		reply: `"x1"`, want: "x1",
	},
	{
		name: "UpdateTechnician of nothing",
		do: void(func(ctx context.Context, c *workorder.Client) error {
			return c.Labor.UpdateTechnician(ctx, labor.UpdateTechnicianParams{TechnicianID: "x1"})
		}),
		rpc: "rpc_update_technician",
		body: `{"p_tenant_id":"t1","p_technician_id":"x1","p_employee_number":null,"p_default_crew_id":null,
			"p_department_id":null,"p_is_active":null}`,
	},
	{
		name: "UpdateTechnician takes away",
		do: void(func(ctx context.Context, c *workorder.Client) error {
			return c.Labor.UpdateTechnician(ctx, labor.UpdateTechnicianParams{
				TechnicianID: "x1", EmployeeNumber: new(""), IsActive: new(false), ClearDefaultCrew: true, ClearDepartment: true,
			})
		}),
		rpc: "rpc_update_technician",
		body: `{"p_tenant_id":"t1","p_technician_id":"x1","p_employee_number":"","p_default_crew_id":null,
			"p_department_id":null,"p_is_active":false,"p_clear_default_crew":true,"p_clear_department":true}`,
	},
	{
		name: "UpdateTechnician moves",
		do: void(func(ctx context.Context, c *workorder.Client) error {
			return c.Labor.UpdateTechnician(ctx, labor.UpdateTechnicianParams{TechnicianID: "x1", DefaultCrewID: new("c1"), DepartmentID: new("d1")})
		}),
		rpc: "rpc_update_technician",
		body: `{"p_tenant_id":"t1","p_technician_id":"x1","p_employee_number":null,"p_default_crew_id":"c1",
			"p_department_id":"d1","p_is_active":null}`,
	},
	{
		name: "CreateCrew",
		do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.Labor.CreateCrew(ctx, labor.CreateCrewParams{Name: "Night"})
		},
		rpc:   "rpc_create_crew",
		body:  `{"p_tenant_id":"t1","p_name":"Night","p_description":null}`,
		reply: `"c1"`, want: "c1",
	},
	{
		name: "UpdateCrew",
		do: void(func(ctx context.Context, c *workorder.Client) error {
			return c.Labor.UpdateCrew(ctx, labor.UpdateCrewParams{CrewID: "c1", Name: new("Day"), Description: new(""), LeadTechnicianID: new("x1")})
		}),
		rpc:  "rpc_update_crew",
		body: `{"p_tenant_id":"t1","p_crew_id":"c1","p_name":"Day","p_description":"","p_lead_technician_id":"x1"}`,
	},
	{
		name: "UpdateCrew takes the lead away",
		do: void(func(ctx context.Context, c *workorder.Client) error {
			return c.Labor.UpdateCrew(ctx, labor.UpdateCrewParams{CrewID: "c1", ClearLeadTechnician: true})
		}),
		rpc: "rpc_update_crew",
		body: `{"p_tenant_id":"t1","p_crew_id":"c1","p_name":null,"p_description":null,"p_lead_technician_id":null,
			"p_clear_lead_technician":true}`,
	},
	{
		name: "DeleteCrew",
		do: void(func(ctx context.Context, c *workorder.Client) error {
			return c.Labor.DeleteCrew(ctx, labor.DeleteCrewParams{CrewID: "c1"})
		}),
		rpc:  "rpc_delete_crew",
		body: `{"p_tenant_id":"t1","p_crew_id":"c1"}`,
	},
	{
		name: "AddCrewMember",
		do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.Labor.AddCrewMember(ctx, labor.AddCrewMemberParams{CrewID: "c1", TechnicianID: "x1", Role: "driver"})
		},
		rpc:   "rpc_add_crew_member",
		body:  `{"p_tenant_id":"t1","p_crew_id":"c1","p_technician_id":"x1","p_role":"driver"}`,
		reply: `9007199254740993`, want: int64(9007199254740993),
	},
	{
		name: "RemoveCrewMember",
		do: void(func(ctx context.Context, c *workorder.Client) error {
			return c.Labor.RemoveCrewMember(ctx, labor.RemoveCrewMemberParams{CrewID: "c1", TechnicianID: "x1"})
		}),
		rpc:  "rpc_remove_crew_member",
		body: `{"p_tenant_id":"t1","p_crew_id":"c1","p_technician_id":"x1"}`,
	},
	{
		name: "CheckShiftConflicts",
		do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.Labor.CheckShiftConflicts(ctx, labor.CheckShiftConflictsParams{
				TechnicianID: "x1", StartAt: start, EndAt: start.Add(time.Hour), ExcludeShiftID: "s0",
			})
		},
		rpc: "rpc_check_shift_conflicts",
		body: `{"p_technician_id":"x1","p_start_at":"2026-02-28T23:00:00Z","p_end_at":"2026-03-01T00:00:00Z",
			"p_exclude_shift_id":"s0"}`,
		reply: `[{"id":"s1","start_at":"2026-02-28T23:30:00+00:00","end_at":"2026-03-01T07:30:00+00:00","shift_type":"scheduled","label":null}]`,
		want: []labor.ShiftConflict{{
			ID: "s1", StartAt: time.Date(2026, 2, 28, 23, 30, 0, 0, time.UTC), EndAt: time.Date(2026, 3, 1, 7, 30, 0, 0, time.UTC), ShiftType: "scheduled",
		}},
	},
	{
		name: "CheckShiftConflicts without end",
		do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.Labor.CheckShiftConflicts(ctx, labor.CheckShiftConflictsParams{TechnicianID: "x1"})
		},
		rpc:   "rpc_check_shift_conflicts",
		body:  `{"p_technician_id":"x1","p_start_at":null,"p_end_at":null,"p_exclude_shift_id":null}`,
		reply: `[]`, want: []labor.ShiftConflict{},
	},
	{
		name: "GenerateShiftsFromTemplates",
		do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.Labor.GenerateShiftsFromTemplates(ctx, labor.GenerateShiftsFromTemplatesParams{StartDate: monday, EndDate: monday})
		},
		rpc:  "rpc_generate_shifts_from_templates",
		body: `{"p_tenant_id":"t1","p_start_date":"2026-03-02","p_end_date":"2026-03-02"}`,
		reply: `[{"id":"s1","technician_id":null,"crew_id":"c1","start_at":"2026-03-02T08:00:00+00:00","end_at":"2026-03-03T00:00:00+00:00",
			"shift_type":"on_call","label":"Late"}]`,
		want: []labor.GeneratedShift{{
			ID: "s1", CrewID: new("c1"), StartAt: time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC), EndAt: time.Date(2026, 3, 3, 0, 0, 0, 0, time.UTC),
			ShiftType: "on_call", Label: new("Late"),
		}},
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
			require.NotContains(t, r.Header.Get("Prefer"), "timezone", "the platform would read the times of templates there")
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
		"v_technicians":               count(c.Labor.Technicians.Count),
		"v_crews":                     count(c.Labor.Crews.Count),
		"v_crew_members":              count(c.Labor.CrewMembers.Count),
		"v_skill_catalogs":            count(c.Labor.SkillCatalogs.Count),
		"v_certification_catalogs":    count(c.Labor.CertificationCatalogs.Count),
		"v_technician_skills":         count(c.Labor.TechnicianSkills.Count),
		"v_technician_certifications": count(c.Labor.TechnicianCertifications.Count),
		"v_availability_patterns":     count(c.Labor.AvailabilityPatterns.Count),
		"v_availability_overrides":    count(c.Labor.AvailabilityOverrides.Count),
		"v_shifts":                    count(c.Labor.Shifts.Count),
		"v_shift_templates":           count(c.Labor.ShiftTemplates.Count),
		"v_technician_capacity":       count(c.Labor.TechnicianCapacity.Count),
		"v_work_order_labor_actuals":  count(c.Labor.WorkOrderLaborActuals.Count),
	} {
		srv.Handle(func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Range", "*/7") })
		require.NoError(t, read(t.Context()), view)
		srv.WantRequest(t, http.MethodGet, "/rest/v1/"+view, "")
	}
}

// A weekday is a number to the server.
func TestWeekdaysAreNumbers(t *testing.T) {
	c, srv := apitest.New(t)
	srv.Reply(http.StatusOK, `[{"id":"m1","technician_id":"x1","day_of_week":6,"start_time":"08:00:00","end_time":"24:00:00","shift_type":"scheduled"}]`)
	rows, err := c.Labor.ShiftTemplates.List(t.Context(), query.Where(labor.ShiftTemplateCols.DayOfWeek.Eq(time.Saturday)))
	require.NoError(t, err)
	require.Len(t, rows, 1)
	require.Equal(t, time.Saturday, rows[0].DayOfWeek)
	require.Equal(t, 24*time.Hour, rows[0].EndTime.SinceMidnight())
	require.Contains(t, fmt.Sprint(srv.Requests()[0].Query), `day_of_week.eq."6"`)
}

func TestWhatTheServerCannotUseIsRefusedBeforeSending(t *testing.T) {
	c, srv := apitest.New(t)
	ctx := t.Context()
	technician := func(p labor.UpdateTechnicianParams) error {
		p.TechnicianID = "x"
		return c.Labor.UpdateTechnician(ctx, p)
	}
	crew := func(p labor.UpdateCrewParams) error {
		p.CrewID = "c"
		return c.Labor.UpdateCrew(ctx, p)
	}
	conflicts := func(p labor.CheckShiftConflictsParams) error {
		return second(c.Labor.CheckShiftConflicts(ctx, p))
	}
	generate := func(from, to types.Date) error {
		return second(c.Labor.GenerateShiftsFromTemplates(ctx, labor.GenerateShiftsFromTemplatesParams{StartDate: from, EndDate: to}))
	}
	for i, tc := range []struct {
		field string
		err   error
	}{
		{"UserID", second(c.Labor.CreateTechnician(ctx, labor.CreateTechnicianParams{}))},
		{"TechnicianID", c.Labor.UpdateTechnician(ctx, labor.UpdateTechnicianParams{})},
		{"ClearDefaultCrew", technician(labor.UpdateTechnicianParams{DefaultCrewID: new("c"), ClearDefaultCrew: true})},
		{"ClearDepartment", technician(labor.UpdateTechnicianParams{DepartmentID: new("d"), ClearDepartment: true})},
		{"Name", second(c.Labor.CreateCrew(ctx, labor.CreateCrewParams{}))},
		{"Name", second(c.Labor.CreateCrew(ctx, labor.CreateCrewParams{Name: " \t\n"}))},
		{"CrewID", c.Labor.UpdateCrew(ctx, labor.UpdateCrewParams{})},
		{"Name", crew(labor.UpdateCrewParams{Name: new("\u00a0")})},
		{"ClearLeadTechnician", crew(labor.UpdateCrewParams{LeadTechnicianID: new("x"), ClearLeadTechnician: true})},
		{"CrewID", c.Labor.DeleteCrew(ctx, labor.DeleteCrewParams{})},
		{"CrewID", second(c.Labor.AddCrewMember(ctx, labor.AddCrewMemberParams{TechnicianID: "x"}))},
		{"TechnicianID", second(c.Labor.AddCrewMember(ctx, labor.AddCrewMemberParams{CrewID: "c"}))},
		{"CrewID", c.Labor.RemoveCrewMember(ctx, labor.RemoveCrewMemberParams{TechnicianID: "x"})},
		{"TechnicianID", c.Labor.RemoveCrewMember(ctx, labor.RemoveCrewMemberParams{CrewID: "c"})},
		{"TechnicianID", conflicts(labor.CheckShiftConflictsParams{StartAt: start})},
		{"EndAt", conflicts(labor.CheckShiftConflictsParams{TechnicianID: "x", StartAt: start, EndAt: start})},
		{"EndAt", conflicts(labor.CheckShiftConflictsParams{TechnicianID: "x", StartAt: start, EndAt: start.Add(-time.Second)})},
		{"StartDate", generate(types.Date{}, monday)},
		{"EndDate", generate(monday, types.Date{})},
		{"EndDate", generate(monday, monday.AddDays(-1))},
	} {
		require.ErrorIs(t, tc.err, workorder.ErrInvalidInput, "%d", i)
		require.ErrorContains(t, tc.err, tc.field+" ", "%d", i)
	}
	require.Empty(t, srv.Requests())
}

// Text is counted in characters: up to the documented number it is sent, one
// more is refused before.
func TestDocumentedLengths(t *testing.T) {
	type client = *workorder.Client
	for _, tt := range []struct {
		field string
		most  int
		reply string
		do    func(ctx context.Context, c client, s string) error
	}{
		{"EmployeeNumber", 50, `"x"`, func(ctx context.Context, c client, s string) error {
			return second(c.Labor.CreateTechnician(ctx, labor.CreateTechnicianParams{UserID: "u", EmployeeNumber: s}))
		}},
		{"EmployeeNumber", 50, `null`, func(ctx context.Context, c client, s string) error {
			return c.Labor.UpdateTechnician(ctx, labor.UpdateTechnicianParams{TechnicianID: "x", EmployeeNumber: &s})
		}},
		{"Name", 255, `"x"`, func(ctx context.Context, c client, s string) error {
			return second(c.Labor.CreateCrew(ctx, labor.CreateCrewParams{Name: s}))
		}},
		{"Description", 2000, `null`, func(ctx context.Context, c client, s string) error {
			return c.Labor.UpdateCrew(ctx, labor.UpdateCrewParams{CrewID: "c", Description: &s})
		}},
		{"Role", 50, `1`, func(ctx context.Context, c client, s string) error {
			return second(c.Labor.AddCrewMember(ctx, labor.AddCrewMemberParams{CrewID: "c", TechnicianID: "x", Role: s}))
		}},
	} {
		c, srv := apitest.New(t)
		fits := " " + strings.Repeat("ü", tt.most) + " "
		srv.Reply(200, tt.reply)
		require.NoError(t, tt.do(t.Context(), c, fits), tt.field)
		require.Len(t, srv.Requests(), 1)
		err := tt.do(t.Context(), c, fits+"é")
		require.ErrorIs(t, err, workorder.ErrInvalidInput, tt.field)
		require.ErrorContains(t, err, tt.field+" ")
		require.Len(t, srv.Requests(), 1, "the longer one is not sent")
	}
}
