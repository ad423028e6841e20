package assets

import (
	"context"

	"github.com/workorder-systems/sdk-go/internal/api"
	"github.com/workorder-systems/sdk-go/internal/postgrest"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
	"github.com/workorder-systems/sdk-go/types"
)

// MapZoneService reads and writes map zones: named shapes on a map, with or
// without a location. Its readers cover v_map_zones, which any member of the
// token's tenant may read.
//
// The server looks at nothing in a shape but its type and that there are
// coordinates, so what others have stored may be no shape at all: check it with
// types.Geometry.Check before use. What this SDK sends has passed that check.
//
// TypeScript: mapZones (list and getById are List and Get).
type MapZoneService struct {
	postgrest.View[MapZone]
	rpc postgrest.Caller
}

func (s *MapZoneService) bind(conn *api.Conn) {
	s.View = postgrest.NewView(conn, &mapZoneView)
	s.rpc = postgrest.NewCaller(conn)
}

// CreateMapZoneParams describes a new map zone.
type CreateMapZoneParams struct {
	TenantID   string         // optional: the client's tenant
	Name       string         // required, 1–255 characters, need not be unique
	Geometry   types.Geometry // required; Features and GeometryCollections are refused
	LocationID string         // of the same tenant; empty: none
}

// Create adds a map zone and returns its id.
//
// Every member may. Fails with ErrRuleViolation when the location is not one of
// the tenant, and with ErrInvalidInput, before anything is sent, when Geometry
// does not pass its Check.
//
// TypeScript: mapZones.create.
func (s *MapZoneService) Create(ctx context.Context, p CreateMapZoneParams) (string, error) {
	const op = "MapZones.Create"
	if err := sdkerr.RequireText(op, "Name", p.Name, "Geometry", string(p.Geometry)); err != nil {
		return "", err
	}
	if err := p.Geometry.Check(); err != nil {
		return "", sdkerr.Invalid(op, "Geometry", err.Error())
	}
	return postgrest.Call[string](ctx, s.rpc, op, createMapZoneArgs{
		TenantID:   p.TenantID,
		Name:       p.Name,
		Geometry:   p.Geometry,
		LocationID: postgrest.NullIfZero(p.LocationID),
	})
}

// UpdateMapZoneParams says what to change. A nil field stays as it is; the
// location cannot be taken away.
type UpdateMapZoneParams struct {
	TenantID   string // optional: the client's tenant
	ZoneID     string // required
	Name       *string
	Geometry   types.Geometry // nil: unchanged
	LocationID *string
}

// Update changes a map zone.
//
// Every member may. Fails with ErrRuleViolation when the zone does not exist or
// the location is not one of the tenant, ErrPermissionDenied when the zone is
// another tenant's, and for a bad Geometry like Create.
//
// TypeScript: mapZones.update.
func (s *MapZoneService) Update(ctx context.Context, p UpdateMapZoneParams) error {
	const op = "MapZones.Update"
	if err := sdkerr.RequireText(op, "ZoneID", p.ZoneID); err != nil {
		return err
	}
	if err := sdkerr.RefuseEmptyIDs(op, "LocationID", p.LocationID); err != nil {
		return err
	}
	args := updateMapZoneArgs{
		TenantID:   p.TenantID,
		ZoneID:     p.ZoneID,
		Name:       p.Name,
		LocationID: p.LocationID,
	}
	if p.Geometry != nil {
		if err := p.Geometry.Check(); err != nil {
			return sdkerr.Invalid(op, "Geometry", err.Error())
		}
		args.Geometry = &p.Geometry
	}
	return postgrest.Exec(ctx, s.rpc, op, args)
}

// DeleteMapZoneParams names a map zone.
type DeleteMapZoneParams struct {
	TenantID string // optional: the client's tenant
	ZoneID   string // required
}

// Delete removes a map zone for good.
//
// Every member may. Fails with ErrRuleViolation when the zone does not exist and
// ErrPermissionDenied when it is another tenant's.
//
// TypeScript: mapZones.delete.
func (s *MapZoneService) Delete(ctx context.Context, p DeleteMapZoneParams) error {
	const op = "MapZones.Delete"
	if err := sdkerr.RequireText(op, "ZoneID", p.ZoneID); err != nil {
		return err
	}
	return postgrest.Exec(ctx, s.rpc, op, deleteMapZoneArgs(p))
}
