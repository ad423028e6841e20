package assets

import (
	"context"
	"encoding/json"

	"github.com/shopspring/decimal"

	"github.com/workorder-systems/sdk-go/internal/api"
	"github.com/workorder-systems/sdk-go/internal/postgrest"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
	"github.com/workorder-systems/sdk-go/query"
)

// SpaceService reads and writes spaces: what a location, mostly a room, offers.
// A location has one space at most. Its readers cover v_spaces, which any member
// of the token's tenant may read.
//
// TypeScript: spaces (list and getById are List and Get).
type SpaceService struct {
	postgrest.View[Space]
	rpc postgrest.Caller
}

var spaceOfLocationView = postgrest.As(spaceView, "Spaces.GetByLocationID")

func (s *SpaceService) bind(conn *api.Conn) {
	s.View = postgrest.NewView(conn, &spaceView)
	s.rpc = postgrest.NewCaller(conn)
}

// SpaceStatus says whether a space can be used.
type SpaceStatus string

// The statuses of spaces. Any may follow any other.
const (
	SpaceAvailable   SpaceStatus = "available"
	SpaceOccupied    SpaceStatus = "occupied"
	SpaceMaintenance SpaceStatus = "maintenance"
	SpaceReserved    SpaceStatus = "reserved"
	SpaceOffline     SpaceStatus = "offline"
)

// GetByLocationID returns the space of a location, or ErrNotFound when it has none.
//
// TypeScript: spaces.getByLocationId.
func (s *SpaceService) GetByLocationID(ctx context.Context, locationID string) (*Space, error) {
	const op = "Spaces.GetByLocationID"
	if err := sdkerr.RequireText(op, "locationID", locationID); err != nil {
		return nil, err
	}
	spaces, err := postgrest.NewView(s.rpc.Conn(), spaceOfLocationView).List(ctx, query.Where(spaceCols.LocationID.Eq(locationID)), query.Limit(1))
	if err != nil {
		return nil, sdkerr.Wrap(op, nil, err)
	}
	if len(spaces) == 0 {
		return nil, sdkerr.New(op, sdkerr.ErrNotFound, "the location has no space, or the caller may not see it")
	}
	return &spaces[0], nil
}

// CreateSpaceParams describes a new space.
type CreateSpaceParams struct {
	TenantID   string           // optional: the client's tenant
	LocationID string           // required: any type of location will do
	UsageType  string           // free text, such as "meeting room"
	Capacity   *int             // 0 or more people; nil: unknown
	Status     SpaceStatus      // empty: SpaceAvailable
	AreaSqft   *decimal.Decimal // square feet, rounded to 2 decimals by the server
	Attributes json.RawMessage  // any JSON; empty: none
}

// Create adds a space to a location and returns its id.
//
// Every member may. Fails with ErrConflict when the location has one,
// ErrRuleViolation when the location does not exist, ErrPermissionDenied when it
// is another tenant's and ErrInvalidInput for a value that is malformed.
//
// TypeScript: spaces.create.
func (s *SpaceService) Create(ctx context.Context, p CreateSpaceParams) (string, error) {
	const op = "Spaces.Create"
	if err := sdkerr.RequireText(op, "LocationID", p.LocationID); err != nil {
		return "", err
	}
	attributes, err := checkSpace(op, p.Capacity, p.Attributes)
	if err != nil {
		return "", err
	}
	return postgrest.Call[string](ctx, s.rpc, op, createSpaceArgs{
		TenantID:   p.TenantID,
		LocationID: p.LocationID,
		UsageType:  postgrest.NullIfZero(p.UsageType),
		Capacity:   p.Capacity,
		Status:     postgrest.NullIfZero(p.Status),
		AreaSqft:   p.AreaSqft,
		Attributes: attributes,
	})
}

// checkSpace refuses a capacity below 0 and attributes that are no JSON. Empty
// attributes are none.
func checkSpace(op string, capacity *int, attributes json.RawMessage) (json.RawMessage, error) {
	switch {
	case capacity != nil && *capacity < 0:
		return nil, sdkerr.Invalid(op, "Capacity", "must not be negative")
	case len(attributes) == 0:
		return nil, nil
	case !json.Valid(attributes):
		return nil, sdkerr.Invalid(op, "Attributes", "must be JSON")
	}
	return attributes, nil
}

// UpdateSpaceParams says what to change. A nil field stays as it is. Nothing can
// be set back to null, and the location stays.
type UpdateSpaceParams struct {
	TenantID   string // optional: the client's tenant
	SpaceID    string // required
	UsageType  *string
	Capacity   *int
	Status     *SpaceStatus
	AreaSqft   *decimal.Decimal
	Attributes json.RawMessage // in place of all that were there; empty: unchanged
}

// Update changes a space.
//
// Every member may. Fails with ErrRuleViolation when the space does not exist,
// ErrPermissionDenied when it is another tenant's and ErrInvalidInput for a
// value that is malformed.
//
// TypeScript: spaces.update.
func (s *SpaceService) Update(ctx context.Context, p UpdateSpaceParams) error {
	const op = "Spaces.Update"
	if err := sdkerr.RequireText(op, "SpaceID", p.SpaceID); err != nil {
		return err
	}
	var err error
	if p.Attributes, err = checkSpace(op, p.Capacity, p.Attributes); err != nil {
		return err
	}
	return postgrest.Exec(ctx, s.rpc, op, updateSpaceArgs(p))
}

// DeleteSpaceParams names a space.
type DeleteSpaceParams struct {
	TenantID string // optional: the client's tenant
	SpaceID  string // required
}

// Delete removes a space for good; its location stays.
//
// Every member may. Fails with ErrRuleViolation when the space does not exist
// and ErrPermissionDenied when it is another tenant's.
//
// TypeScript: spaces.delete.
func (s *SpaceService) Delete(ctx context.Context, p DeleteSpaceParams) error {
	const op = "Spaces.Delete"
	if err := sdkerr.RequireText(op, "SpaceID", p.SpaceID); err != nil {
		return err
	}
	return postgrest.Exec(ctx, s.rpc, op, deleteSpaceArgs(p))
}
