package workorders

import (
	"context"
	"encoding/json"

	"github.com/workorder-systems/sdk-go/internal/postgrest"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// CommsChannel is the way a message about a work order took.
type CommsChannel string

// The channels of messages.
const (
	ChannelComment CommsChannel = "comment"
	ChannelSMS     CommsChannel = "sms"
	ChannelEmail   CommsChannel = "email"
	ChannelPhone   CommsChannel = "phone"
	ChannelPortal  CommsChannel = "portal"
	ChannelOther   CommsChannel = "other"
)

// AddCommsEventParams describes a message about a work order.
type AddCommsEventParams struct {
	TenantID    string          // optional: the client's tenant
	WorkOrderID string          // required
	Body        string          // required, up to 8,000 characters, trimmed by the server
	Channel     CommsChannel    // empty: ChannelComment
	Metadata    json.RawMessage // nil: {}
}

// AddCommsEvent notes a message about a work order, from the signed-in user,
// and returns its id. It sends nothing to anybody, and nothing changes or
// deletes it later.
//
// The assignee and the requester of the work order may; others need permission
// workorder.edit. Fails with ErrInvalidInput when the body is blank or too long
// or the channel unknown, and ErrRuleViolation when the work order does not
// exist.
//
// TypeScript: workOrders.addCommsEvent.
func (s *WorkOrderService) AddCommsEvent(ctx context.Context, p AddCommsEventParams) (string, error) {
	const op = "WorkOrders.AddCommsEvent"
	if err := sdkerr.RequireText(op, "WorkOrderID", p.WorkOrderID, "Body", p.Body); err != nil {
		return "", err
	}
	return postgrest.Call[string](ctx, s.rpc, op, addWorkOrderCommsEventArgs{
		TenantID:    p.TenantID,
		WorkOrderID: p.WorkOrderID,
		Body:        p.Body,
		Channel:     postgrest.NullIfZero(p.Channel),
		Metadata:    p.Metadata,
	})
}
