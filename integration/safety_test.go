package integration

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/assets"
	"github.com/workorder-systems/sdk-go/org"
	"github.com/workorder-systems/sdk-go/query"
	"github.com/workorder-systems/sdk-go/safety"
	"github.com/workorder-systems/sdk-go/types"
)

// makeTemplate makes a template for inspections and returns its id and those of
// its items.
func makeTemplate(t testing.TB, tn *tenant, items ...string) (id string, itemIDs []string) {
	t.Helper()
	var checklist []safety.ChecklistEntry
	for _, item := range items {
		checklist = append(checklist, safety.ChecklistEntry{Description: item})
	}
	id, err := tn.SafetyCompliance.CreateTemplate(t.Context(), safety.CreateTemplateParams{Name: "Ladders", Checklist: checklist})
	require.NoError(t, err)
	rows, err := tn.SafetyCompliance.TemplateItems.List(t.Context(), query.Where(safety.InspectionTemplateItemCols.TemplateID.Eq(id)))
	require.NoError(t, err)
	for _, row := range rows {
		itemIDs = append(itemIDs, row.ID)
	}
	require.Len(t, itemIDs, len(items))
	return id, itemIDs
}

func TestInspectionTemplates(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	s := &tn.SafetyCompliance
	id, err := s.CreateTemplate(t.Context(), safety.CreateTemplateParams{
		Name: "Ladders", Category: "tools", TriggerConfig: json.RawMessage(`{"every":"year"}`),
		Checklist: []safety.ChecklistEntry{{Description: "Feet", Required: true}, {Description: "Rungs"}},
	})
	require.NoError(t, err)
	row, err := s.Templates.Get(t.Context(), id)
	require.NoError(t, err)
	require.Empty(t, cmp.Diff(safety.InspectionTemplate{
		ID: id, TenantID: tn.ID, Name: "Ladders", Category: new("tools"), ItemCount: new(2), TriggerConfig: json.RawMessage(`{"every": "year"}`),
	}, *row, cmpopts.IgnoreFields(safety.InspectionTemplate{}, "CreatedAt", "UpdatedAt", "TriggerConfig")))
	require.JSONEq(t, `{"every":"year"}`, string(row.TriggerConfig))

	type item struct {
		Description string
		Required    bool
		Order       int
	}
	items := func() (out []item) {
		t.Helper()
		rows, err := s.TemplateItems.List(t.Context(), query.Where(safety.InspectionTemplateItemCols.TemplateID.Eq(id)))
		require.NoError(t, err)
		for _, r := range rows {
			require.Equal(t, tn.ID, r.TenantID)
			out = append(out, item{r.Description, r.Required, r.DisplayOrder})
		}
		return out
	}
	require.Equal(t, []item{{"Feet", true, 0}, {"Rungs", false, 1}}, items())

	update := func(p safety.UpdateTemplateParams) error {
		p.TemplateID = id
		return s.UpdateTemplate(t.Context(), p)
	}
	require.NoError(t, update(safety.UpdateTemplateParams{Name: new("Ladders and steps")}))
	require.Len(t, items(), 2, "kept")
	require.NoError(t, update(safety.UpdateTemplateParams{Checklist: []safety.ChecklistEntry{{Description: "All"}}}))
	require.Equal(t, []item{{"All", false, 0}}, items())
	require.NoError(t, update(safety.UpdateTemplateParams{Checklist: []safety.ChecklistEntry{}}))
	require.Empty(t, items())
	requireError(t, update(safety.UpdateTemplateParams{Category: new("No Key")}), workorder.ErrInvalidInput, "23514")
	require.NoError(t, update(safety.UpdateTemplateParams{Checklist: []safety.ChecklistEntry{{Description: "Again"}}}))

	// A result keeps the item, and the call with it.
	rows, err := s.TemplateItems.List(t.Context(), query.Where(safety.InspectionTemplateItemCols.TemplateID.Eq(id)))
	require.NoError(t, err)
	run, err := s.CreateRun(t.Context(), safety.CreateRunParams{TemplateID: id, LocationID: makeLocation(t, tn, "Yard")})
	require.NoError(t, err)
	require.NoError(t, s.CompleteRun(t.Context(), safety.CompleteRunParams{RunID: run, ItemResults: []safety.ItemResult{{TemplateItemID: rows[0].ID, Result: safety.ResultPass}}}))
	requireError(t, update(safety.UpdateTemplateParams{Name: new("Never"), Checklist: []safety.ChecklistEntry{}}), workorder.ErrInvalidReference, "23503")
	row, err = s.Templates.Get(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, "Ladders and steps", row.Name)
	require.Equal(t, 1, *row.ItemCount)

	other := stack.Tenant(t)
	requireError(t, other.SafetyCompliance.UpdateTemplate(t.Context(), safety.UpdateTemplateParams{TemplateID: id, Name: new("x")}), workorder.ErrRuleViolation, "P0001")
}

func TestInspectionSchedules(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	other := stack.Tenant(t)
	s := &tn.SafetyCompliance
	template, _ := makeTemplate(t, tn)
	theirs, _ := makeTemplate(t, other)
	asset := makeAsset(t, tn, "Crane", "")
	due := time.Date(2028, 2, 29, 0, 30, 0, 0, time.FixedZone("", 3600))
	id, err := s.CreateSchedule(t.Context(), safety.CreateScheduleParams{TemplateID: template, Title: "Round", AssetID: asset, NextDueAt: due})
	require.NoError(t, err)
	_, err = s.CreateSchedule(t.Context(), safety.CreateScheduleParams{TemplateID: theirs, Title: "Round", AssetID: asset})
	requireError(t, err, workorder.ErrInvalidReference, "23503")
	_, err = s.CreateSchedule(t.Context(), safety.CreateScheduleParams{TemplateID: template, Title: "Round", AssetID: unknownID})
	requireError(t, err, workorder.ErrInvalidReference, "23503")
	row, err := s.Schedules.Get(t.Context(), id)
	require.NoError(t, err)
	require.True(t, due.Equal(*row.NextDueAt))
	require.JSONEq(t, `{}`, string(row.TriggerConfig))
	require.Equal(t, "Crane", *row.AssetName)
	require.Equal(t, "Ladders", row.TemplateName)
	require.True(t, row.IsActive)

	require.NoError(t, s.UpdateSchedule(t.Context(), safety.UpdateScheduleParams{ScheduleID: id, Title: new("Round 2"), IsActive: new(false)}))
	row, err = s.Schedules.Get(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, "Round 2", row.Title)
	require.False(t, row.IsActive)
	require.Equal(t, asset, *row.AssetID)
	requireError(t, s.UpdateSchedule(t.Context(), safety.UpdateScheduleParams{ScheduleID: unknownID, IsActive: new(true)}), workorder.ErrRuleViolation, "P0001")
	requireError(t, other.SafetyCompliance.UpdateSchedule(t.Context(), safety.UpdateScheduleParams{ScheduleID: id, IsActive: new(true)}), workorder.ErrRuleViolation, "P0001")

	// It goes with its asset, where a run would keep the asset.
	require.NoError(t, tn.Assets.Delete(t.Context(), assets.DeleteAssetParams{AssetID: asset}))
	_, err = s.Schedules.Get(t.Context(), id)
	require.ErrorIs(t, err, workorder.ErrNotFound)
}

func TestInspectionRuns(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	s := &tn.SafetyCompliance
	template, items := makeTemplate(t, tn, "Feet", "Rungs", "Locks")
	asset := makeAsset(t, tn, "Ladder 7", "")
	day := types.NewDate(2027, 3, 28)
	id, err := s.CreateRun(t.Context(), safety.CreateRunParams{TemplateID: template, AssetID: asset, ScheduledAt: day.In(time.UTC).Add(23 * time.Hour)})
	require.NoError(t, err)
	get := func() *safety.InspectionRun {
		t.Helper()
		row, err := s.Runs.Get(t.Context(), id)
		require.NoError(t, err)
		return row
	}
	require.Equal(t, safety.RunScheduled, get().Status)
	update := func(status safety.RunStatus) {
		t.Helper()
		require.NoError(t, s.UpdateRun(t.Context(), safety.UpdateRunParams{RunID: id, Status: &status}))
		require.Equal(t, status, get().Status)
	}
	update(safety.RunCompleted)
	require.Nil(t, get().CompletedAt, "only CompleteRun says when")
	update(safety.RunInProgress)

	results := func() map[string]safety.RunResult {
		t.Helper()
		rows, err := s.RunItems.List(t.Context(), query.Where(safety.InspectionRunItemCols.InspectionRunID.Eq(id)))
		require.NoError(t, err)
		out := map[string]safety.RunResult{}
		for _, r := range rows {
			out[r.TemplateItemDescription] = r.Result
		}
		require.Len(t, out, len(rows), "one for each item")
		return out
	}
	complete := func(r ...safety.ItemResult) error {
		return s.CompleteRun(t.Context(), safety.CompleteRunParams{RunID: id, ItemResults: r})
	}
	require.NoError(t, complete(safety.ItemResult{TemplateItemID: items[0], Result: safety.ResultPass, Notes: "fine"}, safety.ItemResult{TemplateItemID: items[1], Result: safety.ResultFail}))
	run := get()
	require.Equal(t, safety.RunCompleted, run.Status)
	require.Equal(t, tn.Admin.ID, *run.CompletedBy)
	require.NotNil(t, run.CompletedAt)
	require.Equal(t, map[string]safety.RunResult{"Feet": safety.ResultPass, "Rungs": safety.ResultFail}, results())
	require.NoError(t, complete(safety.ItemResult{TemplateItemID: items[0], Result: safety.ResultNotApplicable}))
	require.Equal(t, map[string]safety.RunResult{"Feet": safety.ResultNotApplicable, "Rungs": safety.ResultFail}, results())
	requireError(t, complete(safety.ItemResult{TemplateItemID: unknownID, Result: safety.ResultPass}), workorder.ErrInvalidReference, "23503")
	requireError(t, s.CompleteRun(t.Context(), safety.CompleteRunParams{RunID: unknownID}), workorder.ErrRuleViolation, "P0001")
	requireError(t, stack.Tenant(t).SafetyCompliance.CompleteRun(t.Context(), safety.CompleteRunParams{RunID: id}), workorder.ErrRuleViolation, "P0001")
	update(safety.RunOverdue)
	require.NotNil(t, get().CompletedAt, "opening it again takes nothing away")

	history := func(from, to types.Date) []safety.InspectionRecord {
		t.Helper()
		rows, err := s.ComplianceInspectionHistory(t.Context(), safety.ComplianceInspectionHistoryParams{FromDate: from, ToDate: to})
		require.NoError(t, err)
		return rows
	}
	require.Empty(t, history(day.AddDays(1), day.AddDays(9)))
	rows := history(day, day)
	require.Len(t, rows, 1)
	require.Empty(t, cmp.Diff(safety.InspectionRecord{
		RunID: id, TemplateName: new("Ladders"), AssetName: new("Ladder 7"), Status: safety.RunOverdue, FailCount: 1, NACount: 1,
	}, rows[0], cmpopts.IgnoreFields(safety.InspectionRecord{}, "ScheduledAt", "CompletedAt")))
	rows, err = s.ComplianceInspectionHistory(t.Context(), safety.ComplianceInspectionHistoryParams{FromDate: day, ToDate: day, AssetID: makeAsset(t, tn, "x", "")})
	require.NoError(t, err)
	require.Empty(t, rows)

	requireError(t, tn.Assets.Delete(t.Context(), assets.DeleteAssetParams{AssetID: asset}), workorder.ErrInvalidInput, "23514")
}

func TestIncidents(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	other := stack.Tenant(t)
	s := &tn.SafetyCompliance
	day := types.NewDate(2026, 1, 31)
	id, err := s.CreateIncident(t.Context(), safety.CreateIncidentParams{Title: "Oil", OccurredAt: day.In(time.UTC).Add(12 * time.Hour)})
	require.NoError(t, err)
	get := func() *safety.Incident {
		t.Helper()
		row, err := s.Incidents.Get(t.Context(), id)
		require.NoError(t, err)
		return row
	}
	row := get()
	require.Equal(t, safety.TypeIncident, row.Type)
	require.Equal(t, safety.SeverityMedium, row.Severity)
	require.Equal(t, safety.IncidentOpen, row.Status)
	require.Equal(t, tn.Admin.ID, *row.ReportedBy)
	require.JSONEq(t, `{}`, string(row.Metadata))
	_, err = s.CreateIncident(t.Context(), safety.CreateIncidentParams{Title: "x", AssetID: unknownID})
	requireError(t, err, workorder.ErrInvalidReference, "23503")

	update := func(p safety.UpdateIncidentParams) {
		t.Helper()
		p.IncidentID = id
		require.NoError(t, s.UpdateIncident(t.Context(), p))
	}
	update(safety.UpdateIncidentParams{Status: new(safety.IncidentClosed), Severity: new(safety.SeverityHigh), Metadata: json.RawMessage(`{"a":1.50}`)})
	require.Nil(t, get().ClosedAt, "only CloseIncident says when")
	require.Equal(t, safety.SeverityHigh, get().Severity)
	require.NoError(t, s.CloseIncident(t.Context(), safety.CloseIncidentParams{IncidentID: id, Status: safety.IncidentResolved}))
	require.Equal(t, safety.IncidentResolved, get().Status)
	require.Equal(t, tn.Admin.ID, *get().ClosedBy)
	require.NoError(t, s.CloseIncident(t.Context(), safety.CloseIncidentParams{IncidentID: id}))
	require.Equal(t, safety.IncidentClosed, get().Status)
	requireError(t, s.CloseIncident(t.Context(), safety.CloseIncidentParams{IncidentID: unknownID}), workorder.ErrRuleViolation, "P0001")
	requireError(t, other.SafetyCompliance.CloseIncident(t.Context(), safety.CloseIncidentParams{IncidentID: id}), workorder.ErrRuleViolation, "P0001")
	requireError(t, other.SafetyCompliance.UpdateIncident(t.Context(), safety.UpdateIncidentParams{IncidentID: id, Title: new("x")}), workorder.ErrRuleViolation, "P0001")

	action, err := s.CreateIncidentAction(t.Context(), safety.CreateIncidentActionParams{
		IncidentID: id, Description: "Wipe", Type: safety.ActionContainment, DueDate: day, AssignedTo: tn.Admin.ID,
	})
	require.NoError(t, err)
	report := func() (all, pending, completed int64) {
		t.Helper()
		rows, err := s.ComplianceIncidentReport(t.Context(), safety.ComplianceIncidentReportParams{FromDate: day, ToDate: day, Severity: safety.SeverityHigh})
		require.NoError(t, err)
		require.Len(t, rows, 1)
		require.Equal(t, id, rows[0].IncidentID)
		return rows[0].ActionCount, rows[0].ActionPendingCount, rows[0].ActionCompletedCount
	}
	requireCounts := func(want ...int64) {
		t.Helper()
		a, p, c := report()
		require.Equal(t, want, []int64{a, p, c})
	}
	requireCounts(1, 1, 0)
	set := func(status safety.ActionStatus) *safety.IncidentAction {
		t.Helper()
		require.NoError(t, s.UpdateIncidentAction(t.Context(), safety.UpdateIncidentActionParams{ActionID: action, Status: &status}))
		row, err := s.IncidentActions.Get(t.Context(), action)
		require.NoError(t, err)
		require.Equal(t, status, row.Status)
		return row
	}
	require.Nil(t, set(safety.ActionCompleted).CompletedAt, "only CompleteIncidentAction says when")
	requireCounts(1, 0, 1)
	set(safety.ActionCancelled)
	requireCounts(1, 0, 0)
	require.NoError(t, s.CompleteIncidentAction(t.Context(), safety.CompleteIncidentActionParams{ActionID: action}))
	done, err := s.IncidentActions.Get(t.Context(), action)
	require.NoError(t, err)
	require.Equal(t, tn.Admin.ID, *done.CompletedBy)
	require.Equal(t, "Oil", done.IncidentTitle)
	require.Equal(t, safety.SeverityHigh, done.IncidentSeverity)
	require.Equal(t, day, *done.DueDate)
	requireCounts(1, 0, 1)
	for _, p := range []safety.ComplianceIncidentReportParams{
		{FromDate: day.AddDays(1), ToDate: day.AddDays(30)}, {FromDate: day, ToDate: day, Severity: safety.SeverityLow},
	} {
		rows, err := s.ComplianceIncidentReport(t.Context(), p)
		require.NoError(t, err)
		require.Empty(t, rows)
	}
	_, err = other.Admin.SafetyCompliance.ComplianceIncidentReport(t.Context(), safety.ComplianceIncidentReportParams{TenantID: tn.ID, FromDate: day, ToDate: day})
	requireError(t, err, workorder.ErrPermissionDenied, "42501")

	changes, err := tn.Audit.EntityChanges.List(t.Context(), query.Where(org.EntityChangeCols.RecordID.Eq(id)))
	require.NoError(t, err)
	require.Len(t, changes, 4, "made, changed, closed twice")
}

// safetyWrites are the writes that everybody tries.
var safetyWrites = []placeWrite{
	{"SafetyCompliance.CreateTemplate", adminOnly, func(t testing.TB, tn *tenant, c *workorder.Client) error {
		_, err := c.SafetyCompliance.CreateTemplate(t.Context(), safety.CreateTemplateParams{TenantID: tn.ID, Name: "x"})
		return err
	}},
	{"SafetyCompliance.UpdateTemplate", adminOnly, func(t testing.TB, tn *tenant, c *workorder.Client) error {
		id, _ := makeTemplate(t, tn)
		return c.SafetyCompliance.UpdateTemplate(t.Context(), safety.UpdateTemplateParams{TenantID: tn.ID, TemplateID: id, Name: new("x")})
	}},
	{"SafetyCompliance.CreateSchedule", strangers, func(t testing.TB, tn *tenant, c *workorder.Client) error {
		id, _ := makeTemplate(t, tn)
		_, err := c.SafetyCompliance.CreateSchedule(t.Context(), safety.CreateScheduleParams{TenantID: tn.ID, TemplateID: id, Title: "x", LocationID: makeLocation(t, tn, "x")})
		return err
	}},
	{"SafetyCompliance.UpdateSchedule", strangers, func(t testing.TB, tn *tenant, c *workorder.Client) error {
		template, _ := makeTemplate(t, tn)
		id, err := tn.SafetyCompliance.CreateSchedule(t.Context(), safety.CreateScheduleParams{TemplateID: template, Title: "x", LocationID: makeLocation(t, tn, "x")})
		require.NoError(t, err)
		return c.SafetyCompliance.UpdateSchedule(t.Context(), safety.UpdateScheduleParams{TenantID: tn.ID, ScheduleID: id, IsActive: new(false)})
	}},
	{"SafetyCompliance.CreateRun", strangers, func(t testing.TB, tn *tenant, c *workorder.Client) error {
		_, err := c.SafetyCompliance.CreateRun(t.Context(), safety.CreateRunParams{TenantID: tn.ID, LocationID: makeLocation(t, tn, "x")})
		return err
	}},
	{"SafetyCompliance.UpdateRun", strangers, func(t testing.TB, tn *tenant, c *workorder.Client) error {
		return c.SafetyCompliance.UpdateRun(t.Context(), safety.UpdateRunParams{TenantID: tn.ID, RunID: makeRun(t, tn), Notes: new("x")})
	}},
	{"SafetyCompliance.CompleteRun", strangers, func(t testing.TB, tn *tenant, c *workorder.Client) error {
		return c.SafetyCompliance.CompleteRun(t.Context(), safety.CompleteRunParams{TenantID: tn.ID, RunID: makeRun(t, tn)})
	}},
	{"SafetyCompliance.ComplianceInspectionHistory", strangers, func(t testing.TB, tn *tenant, c *workorder.Client) error {
		_, err := c.SafetyCompliance.ComplianceInspectionHistory(t.Context(), safety.ComplianceInspectionHistoryParams{TenantID: tn.ID, FromDate: types.NewDate(2026, 1, 1), ToDate: types.NewDate(2026, 1, 1)})
		return err
	}},
	{"SafetyCompliance.CreateIncident", strangers, func(t testing.TB, tn *tenant, c *workorder.Client) error {
		_, err := c.SafetyCompliance.CreateIncident(t.Context(), safety.CreateIncidentParams{TenantID: tn.ID, Title: "x"})
		return err
	}},
	{"SafetyCompliance.UpdateIncident", strangers, func(t testing.TB, tn *tenant, c *workorder.Client) error {
		return c.SafetyCompliance.UpdateIncident(t.Context(), safety.UpdateIncidentParams{TenantID: tn.ID, IncidentID: makeIncident(t, tn), Title: new("y")})
	}},
	{"SafetyCompliance.CloseIncident", strangers, func(t testing.TB, tn *tenant, c *workorder.Client) error {
		return c.SafetyCompliance.CloseIncident(t.Context(), safety.CloseIncidentParams{TenantID: tn.ID, IncidentID: makeIncident(t, tn)})
	}},
	{"SafetyCompliance.CreateIncidentAction", strangers, func(t testing.TB, tn *tenant, c *workorder.Client) error {
		_, err := c.SafetyCompliance.CreateIncidentAction(t.Context(), safety.CreateIncidentActionParams{TenantID: tn.ID, IncidentID: makeIncident(t, tn), Description: "x"})
		return err
	}},
	{"SafetyCompliance.UpdateIncidentAction", strangers, func(t testing.TB, tn *tenant, c *workorder.Client) error {
		return c.SafetyCompliance.UpdateIncidentAction(t.Context(), safety.UpdateIncidentActionParams{TenantID: tn.ID, ActionID: makeAction(t, tn), Description: new("y")})
	}},
	{"SafetyCompliance.CompleteIncidentAction", strangers, func(t testing.TB, tn *tenant, c *workorder.Client) error {
		return c.SafetyCompliance.CompleteIncidentAction(t.Context(), safety.CompleteIncidentActionParams{TenantID: tn.ID, ActionID: makeAction(t, tn)})
	}},
	{"SafetyCompliance.ComplianceIncidentReport", strangers, func(t testing.TB, tn *tenant, c *workorder.Client) error {
		_, err := c.SafetyCompliance.ComplianceIncidentReport(t.Context(), safety.ComplianceIncidentReportParams{TenantID: tn.ID, FromDate: types.NewDate(2026, 1, 1), ToDate: types.NewDate(2026, 1, 1)})
		return err
	}},
}

func makeRun(t testing.TB, tn *tenant) string {
	t.Helper()
	id, err := tn.SafetyCompliance.CreateRun(t.Context(), safety.CreateRunParams{LocationID: makeLocation(t, tn, "x")})
	require.NoError(t, err)
	return id
}

func makeIncident(t testing.TB, tn *tenant) string {
	t.Helper()
	id, err := tn.SafetyCompliance.CreateIncident(t.Context(), safety.CreateIncidentParams{Title: "x"})
	require.NoError(t, err)
	return id
}

func makeAction(t testing.TB, tn *tenant) string {
	t.Helper()
	id, err := tn.SafetyCompliance.CreateIncidentAction(t.Context(), safety.CreateIncidentActionParams{IncidentID: makeIncident(t, tn), Description: "x"})
	require.NoError(t, err)
	return id
}

func safetyViews(t testing.TB, c *workorder.Client) []dispatchView {
	t.Helper()
	views := viewsOf(t, servicesOf(c, "safety"))
	require.Len(t, views, 7, "views that fillSafety has a row for")
	return views
}

// fillSafety puts one row into every view of safety.
func fillSafety(t testing.TB, tn *tenant) {
	t.Helper()
	template, items := makeTemplate(t, tn, "Feet")
	place := makeLocation(t, tn, "Yard")
	_, err := tn.SafetyCompliance.CreateSchedule(t.Context(), safety.CreateScheduleParams{TemplateID: template, Title: "Round", LocationID: place})
	require.NoError(t, err)
	run, err := tn.SafetyCompliance.CreateRun(t.Context(), safety.CreateRunParams{TemplateID: template, LocationID: place})
	require.NoError(t, err)
	require.NoError(t, tn.SafetyCompliance.CompleteRun(t.Context(), safety.CompleteRunParams{RunID: run, ItemResults: []safety.ItemResult{{TemplateItemID: items[0], Result: safety.ResultPass}}}))
	makeAction(t, tn)
}

func TestEveryViewOfSafetyShowsItsOwnTenantOnly(t *testing.T) {
	t.Parallel()
	a, b := stack.Tenant(t), stack.Tenant(t)
	fillSafety(t, a)
	for _, v := range safetyViews(t, b.Client) {
		n, err := v.count(t.Context())
		require.NoError(t, err, v.name)
		require.Zero(t, n, "%s: there is nothing but another tenant's", v.name)
	}
	fillSafety(t, b)
	for _, tt := range []struct{ mine, other *tenant }{{a, b}, {b, a}} {
		for _, v := range safetyViews(t, tt.mine.Client) {
			require.Equal(t, []string{tt.mine.ID}, v.tenants(t), v.name)
			require.Empty(t, v.tenants(t, query.Where(query.NewColumn[string]("tenant_id").Eq(tt.other.ID))), v.name)
		}
	}
	for _, role := range roles {
		for _, v := range safetyViews(t, a.Member(t, role).Client) {
			require.Len(t, v.tenants(t), 1, "%s by %s", v.name, role)
		}
	}
	open := []string{"SafetyCompliance.Templates", "SafetyCompliance.TemplateItems", "SafetyCompliance.Schedules"}
	for _, v := range safetyViews(t, stack.Client(t)) {
		n, err := v.count(t.Context())
		if slices.Contains(open, v.name) {
			require.NoError(t, err, v.name)
			require.Zero(t, n, v.name)
		} else {
			require.Equal(t, "42501", errorCode(err), "%s: %v", v.name, err)
		}
	}
	for _, v := range safetyViews(t, stack.ServiceClient(t)) {
		_, err := v.count(t.Context())
		require.Equal(t, "42501", errorCode(err), "%s: %v", v.name, err)
	}
}

func TestViewsOfSafetyOfAForeignClaimAreEmpty(t *testing.T) {
	t.Parallel()
	a, outsider := stack.Tenant(t), stack.User(t)
	fillSafety(t, a)
	src, err := workorder.NewSelfSigned(workorder.SelfSigned{Secret: stack.Secret(t), Subject: outsider.ID, Tenant: a.ID})
	require.NoError(t, err)
	for _, v := range safetyViews(t, stack.Client(t, workorder.WithTokenSource(src))) {
		require.Empty(t, v.tenants(t), v.name)
	}
}

func TestRolesMayDoTheirWritesToSafetyOnly(t *testing.T) {
	t.Parallel()
	tryByEveryRole(t, stack.Tenant(t), safetyWrites)
}

// TestEveryWriteToSafetyIsTriedByEveryRole keeps the list above complete.
func TestEveryWriteToSafetyIsTriedByEveryRole(t *testing.T) {
	t.Parallel()
	tried := map[string]bool{}
	for _, write := range safetyWrites {
		tried[write.name] = true
	}
	require.Empty(t, untried(servicesOf(stack.Client(t), "safety"), tried))
}
