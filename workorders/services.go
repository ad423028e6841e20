package workorders

import "github.com/workorder-systems/sdk-go/internal/api"

// Services are where the services of this package are. A new one gets its field and
// its line here, and in workorder.Client.
type Services struct {
	WorkOrders    *WorkOrderService
	Attachments   *AttachmentService
	Scheduling    *SchedulingService
	Mobile        *MobileService
	FieldOps      *FieldOpsService
	Notifications *NotificationService
	Projects      *ProjectService
}

// Bind is for the root package; use the fields of workorder.Client.
func Bind(conn *api.Conn, s Services) {
	s.WorkOrders.bind(conn)
	s.Attachments.bind(conn)
	s.Scheduling.bind(conn)
	s.Mobile.bind(conn)
	s.FieldOps.bind(conn)
	s.Notifications.bind(conn)
	s.Projects.bind(conn)
}
