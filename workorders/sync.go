package workorders

import (
	"context"
	"time"

	"github.com/workorder-systems/sdk-go/internal/postgrest"
)

// SyncParams says what a device has and wants to know.
type SyncParams struct {
	TenantID string // optional: the client's tenant
	// UpdatedAfter is the time behind which to look, exclusive. Zero: everything.
	UpdatedAfter time.Time
	Limit        int // of every list, up to 2,000; zero or negative: 500
	// TechnicianID keeps the work orders that the technician is assigned to, by
	// user or by assignment. The other lists stay as they are.
	TechnicianID string
}

// SyncPayload is what has changed in a tenant. Every list is sorted by the time
// of change: UpdatedAt, and CreatedAt of check-ins and notes, which never
// change.
type SyncPayload struct {
	WorkOrders  []MobileWorkOrder  `json:"work_orders"`
	Assets      []MobileAsset      `json:"assets"` // Barcode is not in it
	Locations   []MobileLocation   `json:"locations"`
	TimeEntries []MobileTimeEntry  `json:"time_entries"`
	Attachments []MobileAttachment `json:"attachments"` // of work orders
	CheckIns    []MobileCheckIn    `json:"check_ins"`
	Notes       []MobileNote       `json:"notes"`
}

// Len is the number of rows in all lists.
func (p *SyncPayload) Len() int {
	return len(p.WorkOrders) + len(p.Assets) + len(p.Locations) + len(p.TimeEntries) +
		len(p.Attachments) + len(p.CheckIns) + len(p.Notes)
}

// Sync returns the first rows, up to the limit of each list, that changed after
// a time. Rows that were deleted do not show up.
//
// A list that reaches the limit is cut, perhaps between rows that changed at
// the same time, as all rows of one import do; asking again after the last
// row's time loses the rest of them. SyncAll takes care of it.
//
// Needs membership, no permission: the platform shows every member all rows of
// the tenant here, whatever the views show them.
//
// TypeScript: mobile.sync.
func (s *MobileService) Sync(ctx context.Context, p SyncParams) (*SyncPayload, error) {
	return s.sync(ctx, "Mobile.Sync", p)
}

func (s *MobileService) sync(ctx context.Context, op string, p SyncParams) (*SyncPayload, error) {
	limit := p.Limit
	if limit <= 0 {
		limit = defaultSyncLimit
	}
	payload, err := postgrest.Call[*SyncPayload](ctx, s.rpc, op, mobileSyncArgs{
		TenantID:     p.TenantID,
		UpdatedAfter: postgrest.NullIfZero(p.UpdatedAfter),
		Limit:        &limit,
		TechnicianID: postgrest.NullIfZero(p.TechnicianID),
	})
	if payload == nil && err == nil {
		payload = &SyncPayload{}
	}
	return payload, err
}

// Limits of the server.
const (
	defaultSyncLimit = 500
	maxSyncLimit     = 2000
)
