package labor

import (
	"github.com/workorder-systems/sdk-go/internal/api"
	"github.com/workorder-systems/sdk-go/internal/postgrest"
)

// Service reads and writes technicians, crews and shifts. Any member of the
// token's tenant may read.
//
// TypeScript: labor (listTechnicians is Technicians.List, getTechnicianById is
// Technicians.Get, and so on; what it lists by an id is a query.Where).
type Service struct {
	// Technicians reads v_technicians, by id, inactive ones included.
	Technicians postgrest.View[Technician]
	// Crews reads v_crews, by id.
	Crews postgrest.View[Crew]
	// CrewMembers reads v_crew_members, by id: one row for each technician who
	// ever was in a crew.
	CrewMembers postgrest.View[CrewMember]
	// SkillCatalogs reads v_skill_catalogs, by id.
	SkillCatalogs postgrest.View[Skill]
	// CertificationCatalogs reads v_certification_catalogs, by id.
	CertificationCatalogs postgrest.View[Certification]
	// TechnicianSkills reads v_technician_skills, by id.
	TechnicianSkills postgrest.View[TechnicianSkill]
	// TechnicianCertifications reads v_technician_certifications, by id.
	TechnicianCertifications postgrest.View[TechnicianCertification]
	// AvailabilityPatterns reads v_availability_patterns, by id.
	AvailabilityPatterns postgrest.View[AvailabilityPattern]
	// AvailabilityOverrides reads v_availability_overrides, by id.
	AvailabilityOverrides postgrest.View[AvailabilityOverride]
	// Shifts reads v_shifts, by id.
	Shifts postgrest.View[Shift]
	// ShiftTemplates reads v_shift_templates, by id.
	ShiftTemplates postgrest.View[ShiftTemplate]
	// TechnicianCapacity reads v_technician_capacity, by technician and day. A
	// technician without a shift on a day has no row for it.
	TechnicianCapacity postgrest.View[TechnicianCapacity]
	// WorkOrderLaborActuals reads v_work_order_labor_actuals, by work order and
	// user. It also shows time for work orders that the caller may not see.
	WorkOrderLaborActuals postgrest.View[WorkOrderLaborActual]

	rpc postgrest.Caller
}

var generatedView = postgrest.As(shiftView, "Labor.GenerateShiftsFromTemplates")

func (s *Service) bind(conn *api.Conn) {
	s.Technicians = postgrest.NewView(conn, &technicianView)
	s.Crews = postgrest.NewView(conn, &crewView)
	s.CrewMembers = postgrest.NewView(conn, &crewMemberView)
	s.SkillCatalogs = postgrest.NewView(conn, &skillView)
	s.CertificationCatalogs = postgrest.NewView(conn, &certificationView)
	s.TechnicianSkills = postgrest.NewView(conn, &technicianSkillView)
	s.TechnicianCertifications = postgrest.NewView(conn, &technicianCertificationView)
	s.AvailabilityPatterns = postgrest.NewView(conn, &availabilityPatternView)
	s.AvailabilityOverrides = postgrest.NewView(conn, &availabilityOverrideView)
	s.Shifts = postgrest.NewView(conn, &shiftView)
	s.ShiftTemplates = postgrest.NewView(conn, &shiftTemplateView)
	s.TechnicianCapacity = postgrest.NewView(conn, &technicianCapacityView)
	s.WorkOrderLaborActuals = postgrest.NewView(conn, &workOrderLaborActualView)
	s.rpc = postgrest.NewCaller(conn)
}
