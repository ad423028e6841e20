package assets

import (
	"context"
	"strings"

	"github.com/workorder-systems/sdk-go/internal/postgrest"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
	"github.com/workorder-systems/sdk-go/query"
)

// ScanKind is what a scanned code stands for.
type ScanKind string

// What a scanned code can stand for.
const (
	ScannedNothing  ScanKind = ""
	ScannedAsset    ScanKind = "asset"
	ScannedLocation ScanKind = "location"
	ScannedPart     ScanKind = "part"
)

// ScanResult is what a scanned code stands for.
type ScanResult struct {
	Kind ScanKind
	ID   string // of the asset, location or part; empty with ScannedNothing
}

// ResolveByScanCodeParams holds a scanned code.
type ResolveByScanCodeParams struct {
	TenantID string // optional: the client's tenant
	Code     string // white space around it, such as a scanner's line end, is taken off
}

// ResolveByScanCode tells what a scanned code stands for in a tenant. It is, in
// this order, the barcode of an asset, the number of an asset, the code of a
// location, or the barcode, the number or the external id of a part, each exactly
// as it is written; of several parts with the external id it is any. An unknown or blank code is ScannedNothing, not an error. Once an
// asset has been found nothing else is asked; locations are found only in the
// tenant of the access token.
//
// Needs permission asset.view.
//
// TypeScript: assets.resolveByScanCode, which knows assets only.
func (s *AssetService) ResolveByScanCode(ctx context.Context, p ResolveByScanCodeParams) (ScanResult, error) {
	const op = "Assets.ResolveByScanCode"
	code := strings.TrimSpace(p.Code)
	if code == "" {
		return ScanResult{}, nil
	}
	tenant, err := s.conn.TenantFor(ctx, op, p.TenantID)
	if err != nil {
		return ScanResult{}, err
	}
	asset, err := postgrest.Call[*string](ctx, s.rpc, op, resolveAssetByScanCodeArgs{TenantID: tenant, Code: code})
	switch {
	case err != nil:
		return ScanResult{}, err
	case asset != nil:
		return ScanResult{ScannedAsset, *asset}, nil
	}

	// A code is unique within its tenant, but a view may show several tenants.
	places, err := postgrest.NewView(s.conn, scannedPlaceView).List(ctx, query.Limit(1), query.Columns(locationCols.ID),
		query.Where(locationCols.TenantID.Eq(tenant), locationCols.Code.Eq(code)))
	switch {
	case err != nil:
		return ScanResult{}, sdkerr.Wrap(op, nil, err)
	case len(places) > 0:
		return ScanResult{ScannedLocation, places[0].ID}, nil
	}

	var found ScanResult
	byNumber := false
	for part, err := range postgrest.NewView(s.conn, &scannedPartView).All(ctx, query.Where(scannedPartCols.TenantID.Eq(tenant), query.Or(
		scannedPartCols.Barcode.Eq(code), scannedPartCols.PartNumber.Eq(code), scannedPartCols.ExternalID.Eq(code)))) {
		switch {
		case err != nil:
			return ScanResult{}, sdkerr.Wrap(op, nil, err)
		case part.Barcode != nil && *part.Barcode == code:
			return ScanResult{ScannedPart, part.ID}, nil
		case part.PartNumber == code:
			found, byNumber = ScanResult{ScannedPart, part.ID}, true
		case !byNumber:
			found = ScanResult{ScannedPart, part.ID}
		}
	}
	return found, nil
}

// scannedPart is what a scan needs of a part: one row of the view v_parts.
type scannedPart struct {
	ID         string  `json:"id"`
	Barcode    *string `json:"barcode"`
	PartNumber string  `json:"part_number"`
}

var scannedPlaceView = postgrest.As(locationView, "Assets.ResolveByScanCode")

var scannedPartView = postgrest.ViewDef[scannedPart]{
	List:      "Assets.ResolveByScanCode",
	Schema:    "public",
	Name:      "v_parts",
	Select:    "id,barcode,part_number",
	Key:       []string{"id"},
	AnyTenant: true,
}

var scannedPartCols = struct {
	TenantID   query.Column[string]
	PartNumber query.TextColumn
	Barcode    query.TextColumn
	ExternalID query.TextColumn
}{
	TenantID:   query.NewColumn[string]("tenant_id"),
	PartNumber: query.NewTextColumn("part_number"),
	Barcode:    query.NewTextColumn("barcode"),
	ExternalID: query.NewTextColumn("external_id"),
}
