package safety_test

import (
	"context"
	"fmt"

	"github.com/workorder-systems/sdk-go/internal/apitest"
	"github.com/workorder-systems/sdk-go/safety"
)

func ExampleService() {
	client, done := apitest.Example(map[string]string{
		"/rest/v1/rpc/rpc_create_incident": `"1c1d"`, // and rpc_create_incident_action
	})
	defer done()
	ctx := context.Background()

	incident, err := client.SafetyCompliance.CreateIncident(ctx, safety.CreateIncidentParams{
		Title: "Oil on the stairs", Type: safety.TypeNearMiss, Severity: safety.SeverityHigh,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = client.SafetyCompliance.CreateIncidentAction(ctx, safety.CreateIncidentActionParams{
		IncidentID: incident, Description: "Fit a tray", Type: safety.ActionPreventive,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	err = client.SafetyCompliance.CloseIncident(ctx, safety.CloseIncidentParams{IncidentID: incident, Status: safety.IncidentResolved})
	fmt.Println(incident, err)
	// Output: 1c1d <nil>
}
