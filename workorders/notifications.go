package workorders

import (
	"context"

	"github.com/workorder-systems/sdk-go/internal/api"
	"github.com/workorder-systems/sdk-go/internal/postgrest"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
	"github.com/workorder-systems/sdk-go/query"
)

// The events that the platform notifies about.
const (
	EventWorkOrderAssigned   = "work_order.assigned"
	EventSLAResponseBreach   = "work_order.sla_response_breach"
	EventSLAResolutionBreach = "work_order.sla_resolution_breach"
	EventPMOverdue           = "pm.overdue"
)

// NotificationService reads the signed-in user's notifications and says what
// the user wants to hear of.
//
// TypeScript: notifications (list is Feed.List).
type NotificationService struct {
	// Feed reads v_my_notifications, the user's notifications in the token's
	// tenant, newest first. It needs membership, no permission. The TypeScript
	// method stops at 50 rows by itself: use query.Limit.
	Feed postgrest.View[Notification]

	rpc postgrest.Caller
}

func (s *NotificationService) bind(conn *api.Conn) {
	s.Feed = postgrest.NewView(conn, &notificationView)
	s.rpc = postgrest.NewCaller(conn)
}

// Unread matches notifications that have not been marked as read.
func Unread() query.Filter { return notificationCols.ReadAt.IsNull() }

// UnreadCount returns how many notifications of the feed are unread.
//
// Needs membership, no permission.
//
// Not in the TypeScript SDK.
func (s *NotificationService) UnreadCount(ctx context.Context) (int64, error) {
	return s.Feed.Count(ctx, query.Where(Unread()))
}

// ListNotificationsParams says whose tenant's notifications to list.
type ListNotificationsParams struct {
	TenantID string // optional: the client's tenant
	Limit    int    // at most so many, up to 200; zero: 50
}

// ListForTenant returns the signed-in user's newest notifications in a tenant,
// which need not be the one in the token.
//
// Needs permission notification.read, which the roles manager and member do not
// have: they can read Feed. Fails with ErrInvalidInput when Limit is negative.
//
// TypeScript: notifications.listForTenant.
func (s *NotificationService) ListForTenant(ctx context.Context, p ListNotificationsParams) ([]TenantNotification, error) {
	const op = "Notifications.ListForTenant"
	if p.Limit < 0 {
		return nil, sdkerr.Invalid(op, "Limit", "is negative")
	}
	rows, err := postgrest.Call[[]TenantNotification](ctx, s.rpc, op, listMyNotificationsArgs{
		TenantID: p.TenantID,
		Limit:    postgrest.NullIfZero(p.Limit),
	})
	if rows == nil && err == nil {
		rows = []TenantNotification{}
	}
	return rows, err
}

// MarkReadParams names notifications.
type MarkReadParams struct {
	TenantID        string // optional: the client's tenant
	NotificationIDs []string
}

// MarkRead stamps notifications of the signed-in user as read now, those read
// before included. Other users' and unknown ids are ignored.
//
// Needs permission notification.read.
//
// TypeScript: notifications.markRead.
func (s *NotificationService) MarkRead(ctx context.Context, p MarkReadParams) error {
	ids := p.NotificationIDs
	if ids == nil {
		ids = []string{}
	}
	return postgrest.Exec(ctx, s.rpc, "Notifications.MarkRead", markNotificationsReadArgs{
		TenantID:        p.TenantID,
		NotificationIDs: ids,
	})
}

// UpsertPreferenceParams says whether the signed-in user wants to be notified
// of an event.
type UpsertPreferenceParams struct {
	TenantID     string // optional: the client's tenant
	EventKey     string // required, 1–100 characters, such as EventWorkOrderAssigned
	ChannelInApp bool   // false: no notifications of this event
}

// UpsertPreference sets whether the signed-in user is notified of an event in a
// tenant. Without a preference they are. No view shows the preferences.
//
// Needs permission notification.preference.manage. Fails with ErrInvalidInput
// when the key is blank or too long; any other key is taken.
//
// TypeScript: notifications.upsertPreference.
func (s *NotificationService) UpsertPreference(ctx context.Context, p UpsertPreferenceParams) error {
	const op = "Notifications.UpsertPreference"
	if err := sdkerr.RequireText(op, "EventKey", p.EventKey); err != nil {
		return err
	}
	return postgrest.Exec(ctx, s.rpc, op, upsertNotificationPreferenceArgs(p))
}

// ProcessDue looks through the work orders and PM schedules of all tenants for
// missed SLA due times and overdue schedules, stamps the breaches and notifies
// the holders of workorder.assign and tenant.admin. Each breach is told once,
// an overdue schedule at most hourly.
//
// The platform runs it every five minutes by itself; it is here for deployments
// without that job. Call it with a client of the service-role key. The platform
// does not insist on it, but other deployments may (ErrPermissionDenied).
//
// Not in the TypeScript SDK.
func (s *NotificationService) ProcessDue(ctx context.Context) error {
	return postgrest.Exec(ctx, s.rpc, "Notifications.ProcessDue", processDueNotificationsArgs{})
}
