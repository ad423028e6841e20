package safety

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/workorder-systems/sdk-go/internal/api"
	"github.com/workorder-systems/sdk-go/internal/postgrest"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// Service reads and writes inspections and incidents. Any member of the token's
// tenant may read.
//
// TypeScript: safetyCompliance (listTemplates is Templates.List, and so on).
type Service struct {
	// Templates reads v_inspection_templates, by id.
	Templates postgrest.View[InspectionTemplate]
	// TemplateItems reads v_inspection_template_items, by template and place.
	TemplateItems postgrest.View[InspectionTemplateItem]
	// Schedules reads v_inspection_schedules, by id.
	Schedules postgrest.View[InspectionSchedule]
	// Runs reads v_inspection_runs, by id.
	Runs postgrest.View[InspectionRun]
	// RunItems reads v_inspection_run_items, by id.
	RunItems postgrest.View[InspectionRunItem]
	// Incidents reads v_incidents, by id.
	Incidents postgrest.View[Incident]
	// IncidentActions reads v_incident_actions, by id.
	IncidentActions postgrest.View[IncidentAction]

	rpc postgrest.Caller
}

func (s *Service) bind(conn *api.Conn) {
	s.Templates = postgrest.NewView(conn, &inspectionTemplateView)
	s.TemplateItems = postgrest.NewView(conn, &inspectionTemplateItemView)
	s.Schedules = postgrest.NewView(conn, &inspectionScheduleView)
	s.Runs = postgrest.NewView(conn, &inspectionRunView)
	s.RunItems = postgrest.NewView(conn, &inspectionRunItemView)
	s.Incidents = postgrest.NewView(conn, &incidentView)
	s.IncidentActions = postgrest.NewView(conn, &incidentActionView)
	s.rpc = postgrest.NewCaller(conn)
}

// requireTitle refuses a title that is nothing but white space, which the
// platform takes.
func requireTitle(op, field, value string) error {
	if value == "" {
		return sdkerr.Required(op, field)
	}
	return sdkerr.RefuseBlank(op, field, &value)
}

// oneOf refuses what is neither empty nor one of the values.
func oneOf[S ~string](op, field string, value S, values ...S) error {
	if value == "" || slices.Contains(values, value) {
		return nil
	}
	names := make([]string, len(values))
	for i, v := range values {
		names[i] = string(v)
	}
	return sdkerr.Invalid(op, field, "is none of "+strings.Join(names, ", "))
}

// given is the value behind a pointer, empty for nil. An empty one that is given
// is refused.
func given[S ~string](op, field string, value *S) (S, error) {
	switch {
	case value == nil:
		return "", nil
	case *value == "":
		return "", sdkerr.Invalid(op, field, "is empty")
	}
	return *value, nil
}

// checkJSON refuses text that is no JSON. Empty is none.
func checkJSON(op, field string, value json.RawMessage) error {
	if len(value) > 0 && !json.Valid(value) {
		return sdkerr.Invalid(op, field, "must be JSON")
	}
	return nil
}

// anchor refuses an inspection of nothing.
func anchor(op, assetID, locationID string) error {
	if assetID == "" && locationID == "" {
		return sdkerr.Required(op, "AssetID or LocationID")
	}
	return nil
}
