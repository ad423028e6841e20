package assets

import (
	"context"
	"encoding/json"
	"strings"

	"github.com/workorder-systems/sdk-go/internal/api"
	"github.com/workorder-systems/sdk-go/internal/postgrest"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
	"github.com/workorder-systems/sdk-go/types"
)

// AssetService reads and writes assets, what a tenant maintains, with their
// warranties and downtime. Its readers cover v_assets, which any member of the
// token's tenant may read.
//
// No function of the platform sets the life cycle of an asset: CommissionedAt,
// DecommissionedAt, EndOfLifeEstimate, ServiceContractExpiresAt,
// PlannedReplacementDate and the links ReplacedByAssetID and
// ReplacementOfAssetID are there to be read and filtered by. The SDK does not
// write them through the view either, where the platform checks no permission.
// WarrantyExpiresAt follows the warranties.
//
// TypeScript: assets (list and getById are List and Get, listSummary is
// Summaries.List and listWarranties is Warranties.List).
type AssetService struct {
	postgrest.View[Asset]
	// Summaries reads the same view without its wide columns.
	Summaries postgrest.View[AssetSummary]
	// Warranties reads v_asset_warranties, also those that are not active.
	Warranties postgrest.View[Warranty]
	// MonthlyDowntime reads reporting.v_asset_downtime_monthly, the only view
	// that shows downtime. Without permission downtime.view it is empty.
	MonthlyDowntime postgrest.View[MonthlyDowntime]

	conn *api.Conn
	rpc  postgrest.Caller
}

func (s *AssetService) bind(conn *api.Conn) {
	s.View = postgrest.NewView(conn, &assetView)
	s.Summaries = postgrest.NewView(conn, &assetSummaryView)
	s.Warranties = postgrest.NewView(conn, &warrantyView)
	s.MonthlyDowntime = postgrest.NewView(conn, &monthlyDowntimeView)
	s.conn = conn
	s.rpc = postgrest.NewCaller(conn)
}

// The statuses of assets that every tenant begins with. A tenant may have more:
// see Catalogs.Statuses. Any of them may follow any other, and none sets a date
// of the asset's life cycle.
const (
	StatusActive         = "active"
	StatusInactive       = "inactive"
	StatusRetired        = "retired"
	StatusCommissioning  = "commissioning"
	StatusInService      = "in_service"
	StatusDecommissioned = "decommissioned"
	StatusReplaced       = "replaced"
)

// CreateAssetParams describes a new asset.
type CreateAssetParams struct {
	TenantID     string // optional: the client's tenant
	Name         string // required, 1–255 characters, need not be unique
	Description  string
	AssetNumber  string // 1–100 characters, unique within the tenant when given
	LocationID   string // of the same tenant
	DepartmentID string // of the same tenant
	Status       string // key of the tenant's catalog for assets; empty: active
	Barcode      string // trimmed by the server, 1–100 characters, unique within the tenant when given
}

// Create adds an asset and returns its id.
//
// Every member may. Fails with ErrConflict when AssetNumber or Barcode is
// taken, ErrInvalidReference for an unknown status, location or department,
// also one of another tenant, and ErrInvalidInput for a value that is malformed
// or an AssetNumber with blanks around it: the server would store it, and no
// scan could ever find it.
//
// TypeScript: assets.create.
func (s *AssetService) Create(ctx context.Context, p CreateAssetParams) (string, error) {
	const op = "Assets.Create"
	if err := sdkerr.RequireText(op, "Name", p.Name); err != nil {
		return "", err
	}
	if err := checkAssetNumber(op, p.AssetNumber); err != nil {
		return "", err
	}
	return postgrest.Call[string](ctx, s.rpc, op, createAssetArgs{
		TenantID:     p.TenantID,
		Name:         p.Name,
		Description:  postgrest.NullIfZero(p.Description),
		AssetNumber:  postgrest.NullIfZero(p.AssetNumber),
		LocationID:   postgrest.NullIfZero(p.LocationID),
		DepartmentID: postgrest.NullIfZero(p.DepartmentID),
		Status:       postgrest.NullIfZero(p.Status),
		Barcode:      postgrest.NullIfZero(p.Barcode),
	})
}

// checkAssetNumber refuses numbers that scans cannot find: they look for the
// trimmed code.
func checkAssetNumber(op, number string) error {
	if number != strings.TrimSpace(number) {
		return sdkerr.Invalid(op, "AssetNumber", "has blanks around it, and scans would never find it")
	}
	return nil
}

// UpdateAssetParams says what to change. A nil field stays as it is. Only the
// barcode can be taken away; an empty Description is stored as "".
type UpdateAssetParams struct {
	TenantID     string // optional: the client's tenant
	AssetID      string // required
	Name         *string
	Description  *string
	AssetNumber  *string
	LocationID   *string
	DepartmentID *string
	Status       *string
	Barcode      *string // "" takes the barcode away
}

// Update changes an asset.
//
// Every member may. Fails with ErrRuleViolation when the asset does not exist,
// ErrPermissionDenied when it is another tenant's, and like Create.
//
// TypeScript: assets.update.
func (s *AssetService) Update(ctx context.Context, p UpdateAssetParams) error {
	const op = "Assets.Update"
	if err := sdkerr.RequireText(op, "AssetID", p.AssetID); err != nil {
		return err
	}
	if p.AssetNumber != nil {
		if *p.AssetNumber == "" {
			return sdkerr.Invalid(op, "AssetNumber", "cannot be taken away, only changed")
		}
		if err := checkAssetNumber(op, *p.AssetNumber); err != nil {
			return err
		}
	}
	if err := sdkerr.RefuseEmptyIDs(op, "LocationID", p.LocationID, "DepartmentID", p.DepartmentID); err != nil {
		return err
	}
	return postgrest.Exec(ctx, s.rpc, op, updateAssetArgs(p))
}

// DeleteAssetParams names an asset.
type DeleteAssetParams struct {
	TenantID string // optional: the client's tenant
	AssetID  string // required
}

// Delete removes an asset for good, with its meters and their readings, its PM
// schedules and their history, its warranties, downtime, inspection schedules
// and attachments. Work orders stay, without the asset and the PM schedule.
// Setting a status such as StatusRetired keeps all of it.
//
// Every member may, a requestor too. Fails with ErrRuleViolation when the asset
// does not exist and ErrPermissionDenied when it is another tenant's.
//
// TypeScript: assets.delete.
func (s *AssetService) Delete(ctx context.Context, p DeleteAssetParams) error {
	const op = "Assets.Delete"
	if err := sdkerr.RequireText(op, "AssetID", p.AssetID); err != nil {
		return err
	}
	return postgrest.Exec(ctx, s.rpc, op, deleteAssetArgs(p))
}

// ImportAsset is one row of a bulk import. The server trims all values; a blank
// one counts as none. An import cannot give barcodes: the server ignores them.
type ImportAsset struct {
	Name         string `json:"name"` // required
	Description  string `json:"description,omitempty"`
	AssetNumber  string `json:"asset_number,omitempty"`
	Status       string `json:"status,omitempty"` // empty: active
	LocationID   string `json:"location_id,omitempty"`
	DepartmentID string `json:"department_id,omitempty"`
}

// BulkImportAssetsParams holds the rows to import.
type BulkImportAssetsParams struct {
	TenantID string // optional: the client's tenant
	Rows     []ImportAsset
}

// BulkImport adds many assets in one call. Bad rows (no name, unknown status,
// number taken, unknown location or department, text that cannot be sent) are
// skipped and reported in the result by their index; good ones stay. No rows
// give an empty result.
//
// Needs permission asset.create.
//
// TypeScript: assets.bulkImport.
func (s *AssetService) BulkImport(ctx context.Context, p BulkImportAssetsParams) (*types.BulkImportResult, error) {
	const op = "Assets.BulkImport"
	return postgrest.BulkImport(ctx, s.rpc, op, p.Rows, func(rows json.RawMessage) postgrest.Args {
		return bulkImportAssetsArgs{TenantID: p.TenantID, Rows: rows}
	})
}
