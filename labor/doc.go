// Package labor has the service for the people who do the work: technicians and
// their skills, certifications and availability, crews, shifts and what is left
// of their days.
//
// Programs reach it through the field Labor of workorder.Client:
//
//	smith, err := client.Labor.CreateTechnician(ctx, labor.CreateTechnicianParams{UserID: user})
//	crew, err := client.Labor.CreateCrew(ctx, labor.CreateCrewParams{Name: "Night"})
//	_, err = client.Labor.AddCrewMember(ctx, labor.AddCrewMemberParams{CrewID: crew, TechnicianID: smith})
//
//	monday := types.NewDate(2026, 11, 30)
//	shifts, err := client.Labor.GenerateShiftsFromTemplates(ctx, labor.GenerateShiftsFromTemplatesParams{
//		StartDate: monday, EndDate: monday.AddDays(6),
//	})
//
// Any member of the token's tenant may read all of it. Writes take the tenant in
// their params, and the client's tenant when it is empty. The platform has no
// functions that write the catalogs of skills and certifications, what
// technicians have of them, availability, templates or single shifts: these can
// only be read.
package labor
