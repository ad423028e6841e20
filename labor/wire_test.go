package labor_test

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/internal/apitest"
	"github.com/workorder-systems/sdk-go/labor"
	"github.com/workorder-systems/sdk-go/query"
	"github.com/workorder-systems/sdk-go/types"
)

var (
	start  = time.Date(2026, 3, 1, 1, 0, 0, 0, time.FixedZone("", 2*3600))
	monday = types.NewDate(2026, 3, 2)
)

var calls = []apitest.Call{
	{
		Name: "CreateTechnician",
		Do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.Labor.CreateTechnician(ctx, labor.CreateTechnicianParams{UserID: "u1"})
		},
		RPC: "rpc_create_technician",
		Body: `{"p_tenant_id":"t1","p_user_id":"u1","p_employee_number":null,"p_default_crew_id":null,
			"p_department_id":null}`,
		Reply: `"x1"`, Want: "x1",
	},
	{
		Name: "CreateTechnician in full",
		Do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.Labor.CreateTechnician(ctx, labor.CreateTechnicianParams{
				TenantID: "t2", UserID: "u1", EmployeeNumber: "7", DefaultCrewID: "c1", DepartmentID: "d1",
			})
		},
		RPC: "rpc_create_technician",
		Body: `{"p_tenant_id":"t2","p_user_id":"u1","p_employee_number":"7","p_default_crew_id":"c1",
			"p_department_id":"d1"}`,
		Reply: `"x1"`, Want: "x1",
	},
	{
		Name: "UpdateTechnician of nothing",
		Do: apitest.Void(func(ctx context.Context, c *workorder.Client) error {
			return c.Labor.UpdateTechnician(ctx, labor.UpdateTechnicianParams{TechnicianID: "x1"})
		}),
		RPC: "rpc_update_technician",
		Body: `{"p_tenant_id":"t1","p_technician_id":"x1","p_employee_number":null,"p_default_crew_id":null,
			"p_department_id":null,"p_is_active":null}`,
	},
	{
		Name: "UpdateTechnician takes away",
		Do: apitest.Void(func(ctx context.Context, c *workorder.Client) error {
			return c.Labor.UpdateTechnician(ctx, labor.UpdateTechnicianParams{
				TechnicianID: "x1", EmployeeNumber: new(""), IsActive: new(false), ClearDefaultCrew: true, ClearDepartment: true,
			})
		}),
		RPC: "rpc_update_technician",
		Body: `{"p_tenant_id":"t1","p_technician_id":"x1","p_employee_number":"","p_default_crew_id":null,
			"p_department_id":null,"p_is_active":false,"p_clear_default_crew":true,"p_clear_department":true}`,
	},
	{
		Name: "UpdateTechnician moves",
		Do: apitest.Void(func(ctx context.Context, c *workorder.Client) error {
			return c.Labor.UpdateTechnician(ctx, labor.UpdateTechnicianParams{TechnicianID: "x1", DefaultCrewID: new("c1"), DepartmentID: new("d1")})
		}),
		RPC: "rpc_update_technician",
		Body: `{"p_tenant_id":"t1","p_technician_id":"x1","p_employee_number":null,"p_default_crew_id":"c1",
			"p_department_id":"d1","p_is_active":null}`,
	},
	{
		Name: "CreateCrew",
		Do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.Labor.CreateCrew(ctx, labor.CreateCrewParams{Name: "Night"})
		},
		RPC:   "rpc_create_crew",
		Body:  `{"p_tenant_id":"t1","p_name":"Night","p_description":null}`,
		Reply: `"c1"`, Want: "c1",
	},
	{
		Name: "UpdateCrew",
		Do: apitest.Void(func(ctx context.Context, c *workorder.Client) error {
			return c.Labor.UpdateCrew(ctx, labor.UpdateCrewParams{CrewID: "c1", Name: new("Day"), Description: new(""), LeadTechnicianID: new("x1")})
		}),
		RPC:  "rpc_update_crew",
		Body: `{"p_tenant_id":"t1","p_crew_id":"c1","p_name":"Day","p_description":"","p_lead_technician_id":"x1"}`,
	},
	{
		Name: "UpdateCrew takes the lead away",
		Do: apitest.Void(func(ctx context.Context, c *workorder.Client) error {
			return c.Labor.UpdateCrew(ctx, labor.UpdateCrewParams{CrewID: "c1", ClearLeadTechnician: true})
		}),
		RPC: "rpc_update_crew",
		Body: `{"p_tenant_id":"t1","p_crew_id":"c1","p_name":null,"p_description":null,"p_lead_technician_id":null,
			"p_clear_lead_technician":true}`,
	},
	{
		Name: "DeleteCrew",
		Do: apitest.Void(func(ctx context.Context, c *workorder.Client) error {
			return c.Labor.DeleteCrew(ctx, labor.DeleteCrewParams{CrewID: "c1"})
		}),
		RPC:  "rpc_delete_crew",
		Body: `{"p_tenant_id":"t1","p_crew_id":"c1"}`,
	},
	{
		Name: "AddCrewMember",
		Do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.Labor.AddCrewMember(ctx, labor.AddCrewMemberParams{CrewID: "c1", TechnicianID: "x1", Role: "driver"})
		},
		RPC:   "rpc_add_crew_member",
		Body:  `{"p_tenant_id":"t1","p_crew_id":"c1","p_technician_id":"x1","p_role":"driver"}`,
		Reply: `9007199254740993`, Want: int64(9007199254740993),
	},
	{
		Name: "RemoveCrewMember",
		Do: apitest.Void(func(ctx context.Context, c *workorder.Client) error {
			return c.Labor.RemoveCrewMember(ctx, labor.RemoveCrewMemberParams{CrewID: "c1", TechnicianID: "x1"})
		}),
		RPC:  "rpc_remove_crew_member",
		Body: `{"p_tenant_id":"t1","p_crew_id":"c1","p_technician_id":"x1"}`,
	},
	{
		Name: "CheckShiftConflicts",
		Do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.Labor.CheckShiftConflicts(ctx, labor.CheckShiftConflictsParams{
				TechnicianID: "x1", StartAt: start, EndAt: start.Add(time.Hour), ExcludeShiftID: "s0",
			})
		},
		RPC: "rpc_check_shift_conflicts",
		Body: `{"p_technician_id":"x1","p_start_at":"2026-02-28T23:00:00Z","p_end_at":"2026-03-01T00:00:00Z",
			"p_exclude_shift_id":"s0"}`,
		Reply: `[{"id":"s1","start_at":"2026-02-28T23:30:00+00:00","end_at":"2026-03-01T07:30:00+00:00","shift_type":"scheduled","label":null}]`,
		Want: []labor.ShiftConflict{{
			ID: "s1", StartAt: time.Date(2026, 2, 28, 23, 30, 0, 0, time.UTC), EndAt: time.Date(2026, 3, 1, 7, 30, 0, 0, time.UTC), ShiftType: "scheduled",
		}},
	},
	{
		Name: "CheckShiftConflicts without end",
		Do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.Labor.CheckShiftConflicts(ctx, labor.CheckShiftConflictsParams{TechnicianID: "x1"})
		},
		RPC:   "rpc_check_shift_conflicts",
		Body:  `{"p_technician_id":"x1","p_start_at":null,"p_end_at":null,"p_exclude_shift_id":null}`,
		Reply: `[]`, Want: []labor.ShiftConflict{},
	},
	{
		Name: "GenerateShiftsFromTemplates",
		Do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.Labor.GenerateShiftsFromTemplates(ctx, labor.GenerateShiftsFromTemplatesParams{StartDate: monday, EndDate: monday})
		},
		RPC:  "rpc_generate_shifts_from_templates",
		Body: `{"p_tenant_id":"t1","p_start_date":"2026-03-02","p_end_date":"2026-03-02"}`,
		Reply: `[{"id":"s1","technician_id":null,"crew_id":"c1","start_at":"2026-03-02T08:00:00+00:00","end_at":"2026-03-03T00:00:00+00:00",
			"shift_type":"on_call","label":"Late"}]`,
		Want: []labor.GeneratedShift{{
			ID: "s1", CrewID: new("c1"), StartAt: time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC), EndAt: time.Date(2026, 3, 3, 0, 0, 0, 0, time.UTC),
			ShiftType: "on_call", Label: new("Late"),
		}},
	},
}

func TestWireRequests(t *testing.T) {
	apitest.RunCalls(t, calls)
}

// With a time zone in the header the platform would read the times of templates
// there.
func TestTemplatesAreReadInUTC(t *testing.T) {
	c, srv := apitest.New(t)
	srv.Reply(http.StatusOK, `[]`)
	_, err := c.Labor.GenerateShiftsFromTemplates(t.Context(), labor.GenerateShiftsFromTemplatesParams{StartDate: monday, EndDate: monday})
	require.NoError(t, err)
	require.NotContains(t, srv.Requests()[0].Header.Get("Prefer"), "timezone")
}

func TestReadersNameTheirViews(t *testing.T) {
	c, srv := apitest.New(t)
	s := &c.Labor
	srv.WantCounted(t, "v_technicians", s.Technicians.Count)
	srv.WantCounted(t, "v_crews", s.Crews.Count)
	srv.WantCounted(t, "v_crew_members", s.CrewMembers.Count)
	srv.WantCounted(t, "v_skill_catalogs", s.SkillCatalogs.Count)
	srv.WantCounted(t, "v_certification_catalogs", s.CertificationCatalogs.Count)
	srv.WantCounted(t, "v_technician_skills", s.TechnicianSkills.Count)
	srv.WantCounted(t, "v_technician_certifications", s.TechnicianCertifications.Count)
	srv.WantCounted(t, "v_availability_patterns", s.AvailabilityPatterns.Count)
	srv.WantCounted(t, "v_availability_overrides", s.AvailabilityOverrides.Count)
	srv.WantCounted(t, "v_shifts", s.Shifts.Count)
	srv.WantCounted(t, "v_shift_templates", s.ShiftTemplates.Count)
	srv.WantCounted(t, "v_technician_capacity", s.TechnicianCapacity.Count)
	srv.WantCounted(t, "v_work_order_labor_actuals", s.WorkOrderLaborActuals.Count)
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
		return apitest.Err(c.Labor.CheckShiftConflicts(ctx, p))
	}
	generate := func(from, to types.Date) error {
		return apitest.Err(c.Labor.GenerateShiftsFromTemplates(ctx, labor.GenerateShiftsFromTemplatesParams{StartDate: from, EndDate: to}))
	}
	for _, tc := range []struct {
		field string
		err   error
	}{
		{"UserID", apitest.Err(c.Labor.CreateTechnician(ctx, labor.CreateTechnicianParams{}))},
		{"TechnicianID", c.Labor.UpdateTechnician(ctx, labor.UpdateTechnicianParams{})},
		{"ClearDefaultCrew", technician(labor.UpdateTechnicianParams{DefaultCrewID: new("c"), ClearDefaultCrew: true})},
		{"ClearDepartment", technician(labor.UpdateTechnicianParams{DepartmentID: new("d"), ClearDepartment: true})},
		{"Name", apitest.Err(c.Labor.CreateCrew(ctx, labor.CreateCrewParams{}))},
		{"Name", apitest.Err(c.Labor.CreateCrew(ctx, labor.CreateCrewParams{Name: " \t\n"}))},
		{"CrewID", c.Labor.UpdateCrew(ctx, labor.UpdateCrewParams{})},
		{"Name", crew(labor.UpdateCrewParams{Name: new("\u00a0")})},
		{"ClearLeadTechnician", crew(labor.UpdateCrewParams{LeadTechnicianID: new("x"), ClearLeadTechnician: true})},
		{"CrewID", c.Labor.DeleteCrew(ctx, labor.DeleteCrewParams{})},
		{"CrewID", apitest.Err(c.Labor.AddCrewMember(ctx, labor.AddCrewMemberParams{TechnicianID: "x"}))},
		{"TechnicianID", apitest.Err(c.Labor.AddCrewMember(ctx, labor.AddCrewMemberParams{CrewID: "c"}))},
		{"CrewID", c.Labor.RemoveCrewMember(ctx, labor.RemoveCrewMemberParams{TechnicianID: "x"})},
		{"TechnicianID", c.Labor.RemoveCrewMember(ctx, labor.RemoveCrewMemberParams{CrewID: "c"})},
		{"TechnicianID", conflicts(labor.CheckShiftConflictsParams{StartAt: start})},
		{"EndAt", conflicts(labor.CheckShiftConflictsParams{TechnicianID: "x", StartAt: start, EndAt: start})},
		{"EndAt", conflicts(labor.CheckShiftConflictsParams{TechnicianID: "x", StartAt: start, EndAt: start.Add(-time.Second)})},
		{"StartDate", generate(types.Date{}, monday)},
		{"EndDate", generate(monday, types.Date{})},
		{"EndDate", generate(monday, monday.AddDays(-1))},
	} {
		srv.WantRefused(t, tc.field, tc.err)
	}
}

func TestDocumentedLengths(t *testing.T) {
	type client = *workorder.Client
	apitest.WantTrimmedLimit(t, "EmployeeNumber", 50, func(ctx context.Context, c client, s string) error {
		return apitest.Err(c.Labor.CreateTechnician(ctx, labor.CreateTechnicianParams{UserID: "u", EmployeeNumber: s}))
	})
	apitest.WantTrimmedLimit(t, "EmployeeNumber", 50, func(ctx context.Context, c client, s string) error {
		return c.Labor.UpdateTechnician(ctx, labor.UpdateTechnicianParams{TechnicianID: "x", EmployeeNumber: &s})
	})
	apitest.WantTrimmedLimit(t, "Name", 255, func(ctx context.Context, c client, s string) error {
		return apitest.Err(c.Labor.CreateCrew(ctx, labor.CreateCrewParams{Name: s}))
	})
	apitest.WantTrimmedLimit(t, "Description", 2000, func(ctx context.Context, c client, s string) error {
		return c.Labor.UpdateCrew(ctx, labor.UpdateCrewParams{CrewID: "c", Description: &s})
	})
	apitest.WantTrimmedLimit(t, "Role", 50, func(ctx context.Context, c client, s string) error {
		return apitest.Err(c.Labor.AddCrewMember(ctx, labor.AddCrewMemberParams{CrewID: "c", TechnicianID: "x", Role: s}))
	})
}
