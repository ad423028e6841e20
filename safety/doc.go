// Package safety has the service for inspections and incidents: templates of
// what to look at, schedules that remind of it, runs with what was found;
// incidents and what is done about them; and the two reports that auditors ask
// for.
//
// Programs reach it through the field SafetyCompliance of workorder.Client:
//
//	id, err := client.SafetyCompliance.CreateIncident(ctx, safety.CreateIncidentParams{
//		Title:    "Oil on the stairs",
//		Type:     safety.TypeNearMiss,
//		Severity: safety.SeverityHigh,
//	})
//	_, err = client.SafetyCompliance.CreateIncidentAction(ctx, safety.CreateIncidentActionParams{
//		IncidentID: id, Description: "Fit a tray", Type: safety.ActionPreventive,
//	})
//
// Any member of the token's tenant may read all of it and write all but the
// templates: the platform asks for no permission there, and enforces no order of
// statuses. Read the status to tell the state of something, never a time stamp:
// only the methods that complete and close set those, and none takes them away.
//
// The platform does not look whether an asset, a place, a work order or a user
// that a write names is the tenant's own: take ids that this client has read.
package safety
