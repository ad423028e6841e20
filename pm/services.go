package pm

import "github.com/workorder-systems/sdk-go/internal/api"

// Services are where the services of this package are. A new one gets its field and
// its line here, and in workorder.Client.
type Services struct {
	PM     *Service
	Meters *MeterService
}

// Bind is for the root package; use the fields of workorder.Client.
func Bind(conn *api.Conn, s Services) {
	s.PM.bind(conn)
	s.Meters.bind(conn)
}
