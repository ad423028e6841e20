package workorders

import (
	"context"
	"time"

	"github.com/workorder-systems/sdk-go/internal/postgrest"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// MaintenanceRequestStatus says how far a maintenance request has come.
type MaintenanceRequestStatus string

// The statuses of maintenance requests. Nothing on the platform moves a draft
// on or sets RequestCancelled.
const (
	RequestDraft     MaintenanceRequestStatus = "draft"
	RequestSubmitted MaintenanceRequestStatus = "submitted"
	RequestConverted MaintenanceRequestStatus = "converted" // a work order was made of it
	RequestCancelled MaintenanceRequestStatus = "cancelled"
)

// CreateRequestParams describes what a requester asks for.
type CreateRequestParams struct {
	TenantID        string // optional: the client's tenant
	Title           string // required, up to 500 characters, not blank
	Description     string
	Priority        string    // key of the priority catalog; empty: "medium"
	MaintenanceType string    // key of the maintenance type catalog
	LocationID      string    // of the same tenant
	AssetID         string    // of the same tenant
	DueDate         time.Time // zero: none
}

// CreateRequest asks for a work order from the portal and returns the work
// order's id. It is a maintenance request that is submitted and converted in
// one step: the work order starts in status draft with the signed-in user as
// RequestedBy and nobody assigned.
//
// Needs permission workorder.request.create. A user with location scopes can
// ask only for those locations and what stands there (ErrPermissionDenied).
// Fails with ErrInvalidReference when the priority, the maintenance type or a
// linked row is unknown and ErrInvalidInput when the title is blank or too long.
//
// TypeScript: workOrders.createRequest.
func (s *WorkOrderService) CreateRequest(ctx context.Context, p CreateRequestParams) (string, error) {
	const op = "WorkOrders.CreateRequest"
	if err := sdkerr.RequireText(op, "Title", p.Title); err != nil {
		return "", err
	}
	return postgrest.Call[string](ctx, s.rpc, op, createWorkOrderRequestArgs{
		TenantID:        p.TenantID,
		Title:           p.Title,
		Description:     postgrest.NullIfZero(p.Description),
		Priority:        new(orMedium(p.Priority)),
		MaintenanceType: postgrest.NullIfZero(p.MaintenanceType),
		LocationID:      postgrest.NullIfZero(p.LocationID),
		AssetID:         postgrest.NullIfZero(p.AssetID),
		DueDate:         postgrest.NullIfZero(p.DueDate),
	})
}

// CreateMaintenanceRequestParams describes a maintenance request.
type CreateMaintenanceRequestParams struct {
	TenantID        string // optional: the client's tenant
	Title           string // required, not blank; over 500 characters it can never be converted
	Description     string
	Priority        string                   // key of the priority catalog; empty: "medium"
	MaintenanceType string                   // key of the maintenance type catalog
	LocationID      string                   // of the same tenant
	AssetID         string                   // of the same tenant
	DueDate         time.Time                // zero: none
	Status          MaintenanceRequestStatus // RequestDraft or RequestSubmitted; empty: submitted
}

// CreateMaintenanceRequest adds a maintenance request of the signed-in user and
// returns its id. A submitted one waits for ConvertMaintenanceRequest; a draft
// stays one, because nothing submits it later.
//
// Needs permission workorder.request.create. Location scopes restrict submitted
// requests as they restrict CreateRequest. Fails with ErrInvalidInput when the
// title is blank or Status is another one, and ErrInvalidReference when the
// priority, the maintenance type or a linked row is unknown.
//
// TypeScript: workOrders.createMaintenanceRequest.
func (s *WorkOrderService) CreateMaintenanceRequest(ctx context.Context, p CreateMaintenanceRequestParams) (string, error) {
	const op = "WorkOrders.CreateMaintenanceRequest"
	if err := sdkerr.RequireText(op, "Title", p.Title); err != nil {
		return "", err
	}
	status := p.Status
	if status == "" {
		status = RequestSubmitted
	}
	return postgrest.Call[string](ctx, s.rpc, op, createMaintenanceRequestArgs{
		TenantID:        p.TenantID,
		Title:           p.Title,
		Description:     postgrest.NullIfZero(p.Description),
		Priority:        new(orMedium(p.Priority)),
		MaintenanceType: postgrest.NullIfZero(p.MaintenanceType),
		LocationID:      postgrest.NullIfZero(p.LocationID),
		AssetID:         postgrest.NullIfZero(p.AssetID),
		DueDate:         postgrest.NullIfZero(p.DueDate),
		Status:          &status,
	})
}

// ConvertMaintenanceRequestParams names a maintenance request.
type ConvertMaintenanceRequestParams struct {
	TenantID  string // optional: the client's tenant
	RequestID string // required
}

// ConvertMaintenanceRequest makes a work order of a submitted maintenance
// request and returns the work order's id. The work order takes over what the
// request says, its requester included, and starts in status draft.
//
// Needs permission workorder.edit. Fails with ErrRuleViolation when the request
// does not exist and ErrInvalidInput when it is not submitted: still a draft,
// or converted before.
//
// TypeScript: workOrders.convertMaintenanceRequestToWorkOrder.
func (s *WorkOrderService) ConvertMaintenanceRequest(ctx context.Context, p ConvertMaintenanceRequestParams) (string, error) {
	const op = "WorkOrders.ConvertMaintenanceRequest"
	if err := sdkerr.RequireText(op, "RequestID", p.RequestID); err != nil {
		return "", err
	}
	return postgrest.Call[string](ctx, s.rpc, op, convertMaintenanceRequestToWorkOrderArgs(p))
}

// orMedium gives the priority that stands for none: the functions refuse null.
func orMedium(priority string) string {
	if priority == "" {
		return "medium"
	}
	return priority
}
