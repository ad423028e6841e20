package reporting

import "github.com/workorder-systems/sdk-go/internal/api"

// Services are the services of this package over one connection. A new one gets
// its field and its line here, and a field of its own in workorder.Client.
type Services struct {
	Costs     CostService
	Dashboard DashboardService
	Analytics AnalyticsService
}

// New is for the root package; use the fields of workorder.Client.
func New(conn *api.Conn) Services {
	return Services{
		Costs:     newCostService(conn),
		Dashboard: newDashboardService(conn),
		Analytics: newAnalyticsService(conn),
	}
}
