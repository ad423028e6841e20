package inventory

import (
	"context"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/workorder-systems/sdk-go/internal/postgrest"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// CreatePartParams describes a new part. The server takes the blanks off the
// ends of numbers, codes and the name.
type CreatePartParams struct {
	TenantID            string           // optional: the client's tenant
	PartNumber          string           // required, 1–100 characters; unique within the tenant, P-1 beside p-1
	Name                string           // any length
	Description         string           // any length
	Unit                string           // what quantities count, such as m; empty: each
	PreferredSupplierID string           // a supplier of the tenant
	ExternalID          string           // of another system; need not be unique
	Barcode             string           // up to 100 characters; unique within the tenant, but may be another part's number
	ReorderPoint        *decimal.Decimal // 0 or more, at most 4 decimals; nil: none
	MinQuantity         *decimal.Decimal // as ReorderPoint
	MaxQuantity         *decimal.Decimal // as ReorderPoint; not checked to be above MinQuantity
	LeadTimeDays        *int             // 0–3650; nil: not known
}

// CreatePart adds a part to the tenant's catalog and returns its id.
//
// Needs permission part.create. Fails with ErrConflict when the number or the
// barcode is another part's, ErrInvalidReference when the supplier does not
// exist in the tenant and ErrInvalidInput when a value is out of range. A number
// or a barcode with white space around it other than blanks is ErrInvalidInput
// before anything is sent: the server would store it, and no scan would find it.
//
// TypeScript: partsInventory.createPart.
func (s *Service) CreatePart(ctx context.Context, p CreatePartParams) (string, error) {
	const op = "PartsInventory.CreatePart"
	if err := sdkerr.RequireText(op, "PartNumber", p.PartNumber); err != nil {
		return "", err
	}
	if err := checkPart(op, &p.PartNumber, &p.Barcode, &p.ExternalID, p.LeadTimeDays); err != nil {
		return "", err
	}
	return postgrest.Call[string](ctx, s.rpc, op, createPartArgs{
		TenantID:            p.TenantID,
		PartNumber:          p.PartNumber,
		Name:                postgrest.NullIfZero(p.Name),
		Description:         postgrest.NullIfZero(p.Description),
		Unit:                postgrest.NullIfZero(p.Unit),
		PreferredSupplierID: postgrest.NullIfZero(p.PreferredSupplierID),
		ExternalID:          postgrest.NullIfZero(p.ExternalID),
		ReorderPoint:        p.ReorderPoint,
		MinQuantity:         p.MinQuantity,
		MaxQuantity:         p.MaxQuantity,
		LeadTimeDays:        p.LeadTimeDays,
		Barcode:             postgrest.NullIfZero(p.Barcode),
	})
}

// UpdatePartParams says what to change. A nil field stays as it is. The
// preferred supplier, the quantities and the lead time can be changed, but not
// taken away.
type UpdatePartParams struct {
	TenantID            string  // optional: the client's tenant
	PartID              string  // required
	PartNumber          *string // a blank one changes nothing
	Name                *string // stored as it is, blanks and "" too
	Description         *string // stored as it is
	Unit                *string // a blank one changes nothing
	PreferredSupplierID *string
	ExternalID          *string // a blank one takes it away
	Barcode             *string // a blank one takes it away
	ReorderPoint        *decimal.Decimal
	MinQuantity         *decimal.Decimal
	MaxQuantity         *decimal.Decimal
	LeadTimeDays        *int
	IsActive            *bool // an inactive part is still found, reserved and issued
}

// UpdatePart changes a part.
//
// Needs permission part.edit. Fails with ErrInvalidReference when the part or
// the supplier does not exist in the tenant, and otherwise like CreatePart.
//
// TypeScript: partsInventory.updatePart.
func (s *Service) UpdatePart(ctx context.Context, p UpdatePartParams) error {
	const op = "PartsInventory.UpdatePart"
	if err := sdkerr.RequireText(op, "PartID", p.PartID); err != nil {
		return err
	}
	if err := checkPart(op, p.PartNumber, p.Barcode, p.ExternalID, p.LeadTimeDays); err != nil {
		return err
	}
	return postgrest.Exec(ctx, s.rpc, op, updatePartArgs{
		TenantID:            p.TenantID,
		PartID:              p.PartID,
		PartNumber:          p.PartNumber,
		Name:                p.Name,
		Description:         p.Description,
		Unit:                p.Unit,
		PreferredSupplierID: p.PreferredSupplierID,
		ExternalID:          p.ExternalID,
		ReorderPoint:        p.ReorderPoint,
		MinQuantity:         p.MinQuantity,
		MaxQuantity:         p.MaxQuantity,
		LeadTimeDays:        p.LeadTimeDays,
		IsActive:            p.IsActive,
		Barcode:             p.Barcode,
	})
}

const maxLeadTimeDays = 3650

func checkPart(op string, number, barcode, externalID *string, leadTimeDays *int) error {
	for _, code := range []struct {
		field string
		value *string
	}{{"PartNumber", number}, {"Barcode", barcode}, {"ExternalID", externalID}} {
		if code.value != nil && strings.TrimSpace(*code.value) != strings.Trim(*code.value, " ") {
			return sdkerr.Invalid(op, code.field, "has white space around it, and scans would never find it")
		}
	}
	if leadTimeDays != nil && (*leadTimeDays < 0 || *leadTimeDays > maxLeadTimeDays) {
		return sdkerr.Invalid(op, "LeadTimeDays", "is not between 0 and 3650")
	}
	return nil
}

// ResolvePartByScanCodeParams holds a scanned code.
type ResolvePartByScanCodeParams struct {
	TenantID string // optional: the client's tenant
	Code     string // white space around it, such as a scanner's line end, is taken off
}

// ResolvePartByScanCode returns the id of the part that a scanned code stands
// for: by its barcode, else its number, else its external id, each exactly as it
// is written. Of several parts with the external id it is any. Inactive parts are
// found too. An unknown or blank code gives "", not an error.
//
// Needs permission part.view. Assets.ResolveByScanCode looks for assets and
// locations first, and then for parts in the same order.
//
// TypeScript: partsInventory.resolvePartByScanCode.
func (s *Service) ResolvePartByScanCode(ctx context.Context, p ResolvePartByScanCodeParams) (string, error) {
	const op = "PartsInventory.ResolvePartByScanCode"
	code := strings.TrimSpace(p.Code)
	if code == "" {
		return "", nil
	}
	return postgrest.Call[string](ctx, s.rpc, op, resolvePartByScanCodeArgs{TenantID: p.TenantID, Code: code})
}
