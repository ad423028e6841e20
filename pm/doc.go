// Package pm has the services for preventive maintenance: templates, schedules
// and the work orders that come from them, and the meters whose readings some
// schedules wait for.
//
// Programs reach them through the fields PM and Meters of workorder.Client:
//
//	id, err := client.PM.CreateSchedule(ctx, pm.CreateScheduleParams{
//		AssetID: pump,
//		Title:   "Change the oil",
//		Trigger: pm.TimeTrigger{IntervalDays: 90},
//	})
//
// Every schedule has one trigger. A work order comes from a TimeTrigger when its
// date has come, by the platform's job every 15 minutes or by GenerateDue; from
// a UsageTrigger with the reading that reaches its threshold; and from a
// ManualTrigger by TriggerManual. The two other kinds are stored, but never due.
// WorkOrders.Create with PMScheduleID makes one of any schedule.
//
// Reads follow the tenant in the token. Writes take the tenant in their params,
// and the client's tenant when it is empty.
package pm
