package plugins

import "github.com/workorder-systems/sdk-go/internal/api"

// Services are where the services of this package are. A new one gets its field and
// its line here, and in workorder.Client.
type Services struct {
	Plugins      *Service
	Integrations *IntegrationService
}

// Bind is for the root package; use the fields of workorder.Client.
func Bind(conn *api.Conn, s Services) {
	s.Plugins.bind(conn)
	s.Integrations.bind(conn)
}
