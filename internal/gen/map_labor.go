package main

var laborPackage = pkg{
	Dir: "labor",
	Views: []view{
		{Name: "v_technicians", Row: "Technician", List: "Labor.Technicians", Doc: "the labor profile of a member of the tenant", Docs: map[string]string{
			"user_id":   "who it is; stays when they leave the tenant",
			"is_active": "false: not to be planned with; leaving the tenant does not change it",
		}},
		{Name: "v_crews", Row: "Crew", List: "Labor.Crews", Doc: "a crew of technicians", Docs: map[string]string{
			"name":               "need not be unique",
			"lead_technician_id": "need not be a member of the crew",
		}},
		{Name: "v_crew_members", Row: "CrewMember", List: "Labor.CrewMembers", Doc: "a technician's membership in a crew, also one that has ended", Docs: map[string]string{
			"joined_at": "the last time",
			"left_at":   "nil: a member today",
		}},
		{Name: "v_skill_catalogs", Row: "Skill", List: "Labor.SkillCatalogs", Doc: "a skill of the tenant's catalog", Docs: map[string]string{
			"code": "unique within the tenant",
		}},
		{Name: "v_certification_catalogs", Row: "Certification", List: "Labor.CertificationCatalogs", Doc: "a kind of certification of the tenant's catalog", Docs: map[string]string{
			"code":            "unique within the tenant",
			"expiry_required": "one without an end does not count",
			"validity_days":   "how long one lasts from its issue",
		}},
		{Name: "v_technician_skills", Row: "TechnicianSkill", List: "Labor.TechnicianSkills", Doc: "a skill of a technician", Docs: map[string]string{
			"proficiency": "free text",
		}},
		{Name: "v_technician_certifications", Row: "TechnicianCertification", List: "Labor.TechnicianCertifications", Doc: "a certification of a technician; a renewal is another row", Docs: map[string]string{
			"expires_at": "may lie before IssuedAt: the platform does not look",
			"issued_by":  "a user",
		}},
		{Name: "v_availability_patterns", Row: "AvailabilityPattern", List: "Labor.AvailabilityPatterns", Doc: "a window of every week in which a technician can be planned", Types: weekday, Docs: map[string]string{
			"end_time": "24:00 is midnight at the end of the day",
			"timezone": "free text",
		}},
		{Name: "v_availability_overrides", Row: "AvailabilityOverride", List: "Labor.AvailabilityOverrides", Doc: "a day on which a technician's pattern does not count", Docs: map[string]string{
			"is_available": "false: not at all, or not between the times",
			"start_time":   "nil together with EndTime: the whole day",
		}},
		{Name: "v_shifts", Row: "Shift", List: "Labor.Shifts", Doc: "a time in which a technician, a crew or both work", Docs: map[string]string{
			"shift_type": "such as scheduled",
		}},
		{Name: "v_shift_templates", Row: "ShiftTemplate", List: "Labor.ShiftTemplates", Doc: "a shift of every week, of a technician or of a crew", Types: weekday, Docs: map[string]string{
			"technician_id": "nil: of a crew",
			"crew_id":       "nil: of a technician",
			"end_time":      "24:00 is midnight at the end of the day",
		}},
		{Name: "v_technician_capacity", Row: "TechnicianCapacity", List: "Labor.TechnicianCapacity", Doc: "how much of a day a technician's shifts take", Key: []string{"technician_id", "shift_date"}, Docs: map[string]string{
			"shift_date":        "the UTC day on which the shifts begin; never nil",
			"shift_count":       "shifts of crews are not counted",
			"scheduled_minutes": "of whole shifts, also beyond midnight; what overlaps counts twice; never nil",
		}},
		{Name: "v_work_order_labor_actuals", Row: "WorkOrderLaborActual", List: "Labor.WorkOrderLaborActuals", Doc: "the time that somebody logged for a work order", Key: []string{"work_order_id", "user_id", "technician_id"}, Docs: map[string]string{
			"technician_id":          "no function of the platform sets it",
			"total_minutes":          "never nil",
			"total_labor_cost_cents": "no function of the platform sets what it is the sum of",
			"first_entry_date":       "never nil",
			"last_entry_date":        "never nil",
		}},
	},
	RPCs: []rpc{
		{Name: "rpc_create_technician", Max: map[string]string{"p_employee_number": "50,trim"}},
		{Name: "rpc_update_technician", Max: map[string]string{"p_employee_number": "50,trim"}},
		{Name: "rpc_create_crew", Max: map[string]string{"p_name": "255,trim", "p_description": "2000,trim"}},
		{Name: "rpc_update_crew", Max: map[string]string{"p_name": "255,trim", "p_description": "2000,trim"}},
		{Name: "rpc_delete_crew"},
		{Name: "rpc_add_crew_member", Max: map[string]string{"p_role": "50,trim"}},
		{Name: "rpc_remove_crew_member"},
		{Name: "rpc_check_shift_conflicts", Null: []string{"p_start_at", "p_end_at"}, Result: &result{
			Row: "ShiftConflict", Doc: "a shift of the technician in the time that was asked about",
			NotNull: []string{"id", "start_at", "end_at", "shift_type"},
		}},
		{Name: "rpc_generate_shifts_from_templates", Result: &result{
			Row: "GeneratedShift", Doc: "a shift that was made from a template",
			NotNull: []string{"id", "start_at", "end_at", "shift_type"},
		}},
	},
}

var weekday = map[string]string{"day_of_week": "time.Weekday"}
