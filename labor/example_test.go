package labor_test

import (
	"context"
	"fmt"

	"github.com/workorder-systems/sdk-go/internal/apitest"
	"github.com/workorder-systems/sdk-go/labor"
	"github.com/workorder-systems/sdk-go/query"
	"github.com/workorder-systems/sdk-go/types"
)

func ExampleService() {
	client, done := apitest.Example(map[string]string{
		"/rest/v1/rpc/rpc_create_crew":     `"c4e1"`,
		"/rest/v1/rpc/rpc_add_crew_member": `17`,
		"/rest/v1/v_technician_capacity":   `[{"technician_id":"7ec4","shift_date":"2026-11-30","shift_count":1,"scheduled_minutes":480}]`,
	})
	defer done()
	ctx := context.Background()

	crew, err := client.Labor.CreateCrew(ctx, labor.CreateCrewParams{Name: "Night"})
	if err != nil {
		fmt.Println(err)
		return
	}
	member, err := client.Labor.AddCrewMember(ctx, labor.AddCrewMemberParams{CrewID: crew, TechnicianID: "7ec4"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("member", member)

	// How much do people work on Monday?
	monday := labor.TechnicianCapacityCols.ShiftDate.Eq(types.NewDate(2026, 11, 30))
	days, err := client.Labor.TechnicianCapacity.List(ctx, query.Where(monday), query.Limit(1))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, day := range days {
		fmt.Println(day.TechnicianID, *day.ScheduledMinutes, "minutes")
	}
	// Output:
	// member 17
	// 7ec4 480 minutes
}
