package assets

import (
	"context"
	"strings"
	"time"

	"github.com/workorder-systems/sdk-go/internal/postgrest"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
	"github.com/workorder-systems/sdk-go/types"
)

// UpsertWarrantyParams describes a new warranty, or what to change in one.
type UpsertWarrantyParams struct {
	TenantID          string     // optional: the client's tenant
	AssetID           string     // required
	WarrantyID        string     // the asset's warranty to change; empty: a new one
	ExpiresOn         types.Date // required for a new one; zero: unchanged
	StartsOn          types.Date // not checked to be before ExpiresOn; zero: unchanged
	WarrantyType      string     // key of a–z, 0–9 and _, up to 50; empty: standard, or unchanged
	SupplierID        string     // of the same tenant; empty: none, or unchanged
	CoverageSummary   *string    // nil: none, or unchanged
	ExternalReference *string    // nil: none, or unchanged
	IsActive          *bool      // nil: true, or unchanged
}

// UpsertWarranty adds a warranty to an asset, or changes one, and returns its
// id. The asset's WarrantyExpiresAt becomes the latest end among its active
// warranties, also one in the past. Warranties cannot be deleted, only made
// inactive, and a supplier cannot be taken away.
//
// Needs permission asset.warranty.manage. Fails with ErrRuleViolation when the
// asset is not one of the tenant or the warranty not one of the asset,
// ErrInvalidInput without an end or with a malformed type, and
// ErrInvalidReference for an unknown supplier.
//
// TypeScript: assets.upsertWarranty.
func (s *AssetService) UpsertWarranty(ctx context.Context, p UpsertWarrantyParams) (string, error) {
	const op = "Assets.UpsertWarranty"
	if err := sdkerr.RequireText(op, "AssetID", p.AssetID); err != nil {
		return "", err
	}
	if p.WarrantyID == "" && p.ExpiresOn.IsZero() {
		return "", sdkerr.Required(op, "ExpiresOn")
	}
	return postgrest.Call[string](ctx, s.rpc, op, upsertAssetWarrantyArgs{
		TenantID:          p.TenantID,
		AssetID:           p.AssetID,
		WarrantyID:        postgrest.NullIfZero(p.WarrantyID),
		ExpiresOn:         postgrest.NullIfZero(p.ExpiresOn),
		StartsOn:          postgrest.NullIfZero(p.StartsOn),
		WarrantyType:      postgrest.NullIfZero(p.WarrantyType),
		SupplierID:        postgrest.NullIfZero(p.SupplierID),
		CoverageSummary:   p.CoverageSummary,
		ExternalReference: p.ExternalReference,
		IsActive:          p.IsActive,
	})
}

// The reasons for downtime that every tenant begins with. The server takes any
// key in their place.
const (
	DowntimeBreakdown          = "breakdown"
	DowntimePlannedMaintenance = "planned_maintenance"
	DowntimeNoDemand           = "no_demand"
	DowntimeOther              = "other"
)

// RecordDowntimeParams describes a time in which an asset was down.
type RecordDowntimeParams struct {
	TenantID          string    // optional: the client's tenant
	AssetID           string    // required
	ReasonKey         string    // required: key of a–z, 0–9 and _, up to 50; not checked against the catalog
	StartedAt         time.Time // zero: now, by the server's clock
	EndedAt           time.Time // zero: it goes on
	LinkedWorkOrderID string    // of the same tenant
	Notes             string
}

// RecordDowntime notes that an asset was or is down and returns the id of the
// event. Nothing shows single events, and none can be changed or ended later:
// record an event when it is over, or it counts as going on for good.
// MonthlyDowntime shows the sums.
//
// Needs permission downtime.record. Fails with ErrInvalidReference when the
// asset or work order is not one of the tenant and ErrInvalidInput when the key
// is malformed or the event ends before it starts.
//
// TypeScript: assets.recordDowntime.
func (s *AssetService) RecordDowntime(ctx context.Context, p RecordDowntimeParams) (string, error) {
	const op = "Assets.RecordDowntime"
	if err := sdkerr.RequireText(op, "AssetID", p.AssetID, "ReasonKey", strings.TrimSpace(p.ReasonKey)); err != nil {
		return "", err
	}
	if !p.StartedAt.IsZero() && !p.EndedAt.IsZero() && p.EndedAt.Before(p.StartedAt) {
		return "", sdkerr.Invalid(op, "EndedAt", "is before StartedAt")
	}
	return postgrest.Call[string](ctx, s.rpc, op, recordAssetDowntimeArgs{
		TenantID:          p.TenantID,
		AssetID:           p.AssetID,
		ReasonKey:         p.ReasonKey,
		StartedAt:         postgrest.NullIfZero(p.StartedAt),
		EndedAt:           postgrest.NullIfZero(p.EndedAt),
		LinkedWorkOrderID: postgrest.NullIfZero(p.LinkedWorkOrderID),
		Notes:             postgrest.NullIfZero(p.Notes),
	})
}
