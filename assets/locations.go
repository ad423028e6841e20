package assets

import (
	"context"
	"math"

	"github.com/workorder-systems/sdk-go/internal/api"
	"github.com/workorder-systems/sdk-go/internal/postgrest"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// LocationService reads and writes locations, the places of a tenant. They form
// a tree by ParentLocationID: see Tree. Its readers cover v_locations, which any
// member of the token's tenant may read.
//
// TypeScript: locations (list and getById are List and Get).
type LocationService struct {
	postgrest.View[Location]
	// Hierarchy reads v_location_hierarchy. The platform has forgotten a grant
	// and answers ErrPermissionDenied to everybody: Tree needs no such view.
	Hierarchy postgrest.View[LocationPath]
	// Sites reads reporting.v_location_site, the site that each place belongs to.
	Sites postgrest.View[LocationSite]

	rpc postgrest.Caller
}

// The views as Tree and SiteRollup read them.
var (
	treeView     = postgrest.As(locationView, "Locations.Tree")
	rolledUpView = postgrest.As(assetView, "Locations.SiteRollup")
)

func (s *LocationService) bind(conn *api.Conn) {
	s.View = postgrest.NewView(conn, &locationView)
	s.Hierarchy = postgrest.NewView(conn, &locationPathView)
	s.Sites = postgrest.NewView(conn, &locationSiteView)
	s.rpc = postgrest.NewCaller(conn)
}

// LocationType is what kind of place a location is. Without a parent a place may
// be of any type. A region never has a parent; a site can be in a region or a
// site, a building in a site, a floor in a building, a room or zone in a floor
// or a zone.
type LocationType string

// The types of locations.
const (
	Region   LocationType = "region"
	Site     LocationType = "site"
	Building LocationType = "building"
	Floor    LocationType = "floor"
	Room     LocationType = "room"
	Zone     LocationType = "zone"
)

// CreateLocationParams describes a new location.
type CreateLocationParams struct {
	TenantID         string // optional: the client's tenant
	Name             string // required, 1–255 characters, need not be unique
	Description      string
	ParentLocationID string       // of the same tenant and of a type that can hold this one
	LocationType     LocationType // empty: Site
	Code             string       // 1–50 of letters, digits, _ and -; unique within the tenant when given
	AddressLine      string
	ExternalID       string
	Latitude         *float64 // degrees, -90 to 90; together with Longitude
	Longitude        *float64 // degrees, -180 to 180; the server keeps 7 decimals of both
}

// Create adds a location and returns its id.
//
// Every member may. Fails with ErrConflict when Code is taken,
// ErrInvalidReference when the parent is unknown or another tenant's, and
// ErrInvalidInput when a value is malformed or the parent cannot hold a place of
// this type.
//
// TypeScript: locations.create.
func (s *LocationService) Create(ctx context.Context, p CreateLocationParams) (string, error) {
	const op = "Locations.Create"
	if err := sdkerr.RequireText(op, "Name", p.Name); err != nil {
		return "", err
	}
	if p.LocationType == Region && p.ParentLocationID != "" {
		return "", sdkerr.Invalid(op, "ParentLocationID", "cannot be given to a region")
	}
	if err := checkPosition(op, p.Latitude, p.Longitude); err != nil {
		return "", err
	}
	return postgrest.Call[string](ctx, s.rpc, op, createLocationArgs{
		TenantID:         p.TenantID,
		Name:             p.Name,
		Description:      postgrest.NullIfZero(p.Description),
		ParentLocationID: postgrest.NullIfZero(p.ParentLocationID),
		LocationType:     postgrest.NullIfZero(p.LocationType),
		Code:             postgrest.NullIfZero(p.Code),
		AddressLine:      postgrest.NullIfZero(p.AddressLine),
		ExternalID:       postgrest.NullIfZero(p.ExternalID),
		Latitude:         p.Latitude,
		Longitude:        p.Longitude,
	})
}

// checkPosition refuses a position that is not on the earth.
func checkPosition(op string, latitude, longitude *float64) error {
	switch {
	case (latitude == nil) != (longitude == nil):
		return sdkerr.Invalid(op, "Latitude and Longitude", "go together: one of them is missing")
	case latitude == nil:
		return nil
	case !(math.Abs(*latitude) <= 90):
		return sdkerr.Invalid(op, "Latitude", "must be within -90 and 90")
	case !(math.Abs(*longitude) <= 180):
		return sdkerr.Invalid(op, "Longitude", "must be within -180 and 180")
	}
	return nil
}

// UpdateLocationParams says what to change. A nil field stays as it is. Parent
// and code cannot be taken away; an empty Description, AddressLine or ExternalID
// is stored as "".
type UpdateLocationParams struct {
	TenantID         string // optional: the client's tenant
	LocationID       string // required
	Name             *string
	Description      *string
	ParentLocationID *string
	LocationType     *LocationType
	Code             *string
	AddressLine      *string
	ExternalID       *string
	Latitude         *float64 // together with Longitude
	Longitude        *float64
	ClearPosition    bool // takes the position away; Latitude and Longitude are not sent then
}

// Update changes or moves a location.
//
// Every member may. Fails with ErrRuleViolation when the location does not
// exist, ErrPermissionDenied when it is another tenant's, and like Create.
//
// The platform does not notice a move that closes a cycle (a site below itself,
// a zone below itself), and with one it computes the summaries of all tenants
// without end. A location as its own parent is refused here before anything is
// sent; longer cycles are refused by Move, which looks first. Changing the type
// of a location is not checked against the places inside: those then fail to
// change until they fit again.
//
// TypeScript: locations.update.
func (s *LocationService) Update(ctx context.Context, p UpdateLocationParams) error {
	const op = "Locations.Update"
	if err := sdkerr.RequireText(op, "LocationID", p.LocationID); err != nil {
		return err
	}
	if err := sdkerr.RefuseEmptyIDs(op, "ParentLocationID", p.ParentLocationID); err != nil {
		return err
	}
	switch {
	case p.Code != nil && *p.Code == "":
		return sdkerr.Invalid(op, "Code", "cannot be taken away, only changed")
	case p.ParentLocationID != nil && sameID(*p.ParentLocationID, p.LocationID):
		return &LocationCycleError{Op: op, LocationIDs: []string{p.LocationID}}
	case p.ClearPosition:
		p.Latitude, p.Longitude = nil, nil
	}
	if err := checkPosition(op, p.Latitude, p.Longitude); err != nil {
		return err
	}
	return postgrest.Exec(ctx, s.rpc, op, updateLocationArgs{
		TenantID:         p.TenantID,
		LocationID:       p.LocationID,
		Name:             p.Name,
		Description:      p.Description,
		ParentLocationID: p.ParentLocationID,
		LocationType:     p.LocationType,
		Code:             p.Code,
		AddressLine:      p.AddressLine,
		ExternalID:       p.ExternalID,
		Latitude:         p.Latitude,
		Longitude:        p.Longitude,
		ClearPosition:    postgrest.NullIfZero(p.ClearPosition),
	})
}

// DeleteLocationParams names a location.
type DeleteLocationParams struct {
	TenantID   string // optional: the client's tenant
	LocationID string // required
}

// Delete removes a location for good, with its space, inspection schedules and
// attachments. The places inside become roots; assets, work orders, map zones
// and all else that named it stay, without a location.
//
// Every member may, a requestor too. Fails with ErrRuleViolation when the
// location does not exist and ErrPermissionDenied when it is another tenant's.
//
// TypeScript: locations.delete.
func (s *LocationService) Delete(ctx context.Context, p DeleteLocationParams) error {
	const op = "Locations.Delete"
	if err := sdkerr.RequireText(op, "LocationID", p.LocationID); err != nil {
		return err
	}
	return postgrest.Exec(ctx, s.rpc, op, deleteLocationArgs(p))
}
