package pm

import (
	"context"
	"time"

	"github.com/shopspring/decimal"

	"github.com/workorder-systems/sdk-go/internal/api"
	"github.com/workorder-systems/sdk-go/internal/postgrest"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
	"github.com/workorder-systems/sdk-go/types"
)

// MeterService reads and writes the meters of assets. Its readers cover
// v_asset_meters, by id, meters that are off included. Any member of the token's
// tenant may read.
//
// TypeScript: meters (list is List, getReadings is Readings.List).
type MeterService struct {
	postgrest.View[Meter]
	// Readings reads v_meter_readings, the latest reading date first. A tenant
	// can have millions: filter by MeterID, and by ReadingDate.
	Readings postgrest.View[MeterReading]

	rpc  postgrest.Caller
	conn *api.Conn
}

func (s *MeterService) bind(conn *api.Conn) {
	s.View = postgrest.NewView(conn, &meterView)
	s.Readings = postgrest.NewView(conn, &meterReadingView)
	s.rpc = postgrest.NewCaller(conn)
	s.conn = conn
}

// MeterType is what a meter counts.
type MeterType string

// The types of meters.
const (
	MeterRuntimeHours    MeterType = "runtime_hours"
	MeterCycles          MeterType = "cycles"
	MeterMiles           MeterType = "miles"
	MeterProductionUnits MeterType = "production_units"
	MeterCustom          MeterType = "custom"
)

// ReadingDirection is which way the values of a meter go.
type ReadingDirection string

// The directions.
const (
	// Increasing takes a value that is at most a tenth below the current one,
	// which then becomes the current one.
	Increasing ReadingDirection = "increasing"
	Decreasing ReadingDirection = "decreasing" // takes no value above the current one
	Reset      ReadingDirection = "reset"      // takes any value
)

// ReadingType is where a reading came from.
type ReadingType string

// The types of readings.
const (
	ReadingManual    ReadingType = "manual"
	ReadingAutomated ReadingType = "automated"
	ReadingImported  ReadingType = "imported"
	ReadingEstimated ReadingType = "estimated"
)

// CreateMeterParams describes a new meter.
type CreateMeterParams struct {
	TenantID         string           // optional: the client's tenant
	AssetID          string           // required
	Type             MeterType        // required
	Name             string           // required, 1–255 characters; unique for the asset, deleted meters included
	Unit             string           // required, 1–50 characters
	CurrentReading   decimal.Decimal  // the value it begins with, 0 or more; makes no reading
	ReadingDirection ReadingDirection // empty: Increasing
	DecimalPlaces    int              // 0–6, for display: values are not rounded
	Description      string
}

// Create adds a meter to an asset and returns its id.
//
// Needs permission asset.edit. Fails with ErrInvalidInput when a value is
// malformed, ErrConflict when the asset has a meter of the name,
// ErrRuleViolation when the asset does not exist and ErrPermissionDenied when it
// is another tenant's.
//
// TypeScript: meters.create.
func (s *MeterService) Create(ctx context.Context, p CreateMeterParams) (string, error) {
	const op = "Meters.Create"
	if err := sdkerr.RequireText(op, "AssetID", p.AssetID, "Type", string(p.Type), "Name", p.Name, "Unit", p.Unit); err != nil {
		return "", err
	}
	if err := checkValue(op, "CurrentReading", p.CurrentReading); err != nil {
		return "", err
	}
	return postgrest.Call[string](ctx, s.rpc, op, createMeterArgs{
		TenantID:         p.TenantID,
		AssetID:          p.AssetID,
		MeterType:        p.Type,
		Name:             p.Name,
		Unit:             p.Unit,
		CurrentReading:   &p.CurrentReading,
		ReadingDirection: postgrest.NullIfZero(p.ReadingDirection),
		DecimalPlaces:    &p.DecimalPlaces,
		Description:      postgrest.NullIfZero(p.Description),
	})
}

// UpdateMeterParams says what to change. A nil field stays as it is. The type,
// the asset and the current value of a meter are fixed: record a reading for
// the last.
type UpdateMeterParams struct {
	TenantID         string // optional: the client's tenant
	MeterID          string // required
	Name             *string
	Unit             *string
	ReadingDirection *ReadingDirection
	DecimalPlaces    *int
	Description      *string
	IsActive         *bool // true brings a deleted meter back
}

// Update changes a meter.
//
// Needs permission asset.edit. Fails with ErrInvalidInput when a value is
// malformed, ErrInvalidReference when the meter is to go off while an active
// schedule waits for it, ErrConflict when the name is taken, ErrRuleViolation
// when the meter does not exist and ErrPermissionDenied when it is another
// tenant's.
//
// TypeScript: meters.update.
func (s *MeterService) Update(ctx context.Context, p UpdateMeterParams) error {
	const op = "Meters.Update"
	if err := sdkerr.RequireText(op, "MeterID", p.MeterID); err != nil {
		return err
	}
	return postgrest.Exec(ctx, s.rpc, op, updateMeterArgs(p))
}

// DeleteMeterParams names a meter.
type DeleteMeterParams struct {
	TenantID string // optional: the client's tenant
	MeterID  string // required
}

// Delete switches a meter off. It stays in the list, keeps its name and its
// readings, and Update can bring it back. RecordReading still takes its values;
// RecordAutomated and Ingest do not.
//
// Needs permission asset.edit. Fails with ErrInvalidReference while an active
// schedule waits for the meter, ErrRuleViolation when it does not exist and
// ErrPermissionDenied when it is another tenant's.
//
// TypeScript: meters.delete.
func (s *MeterService) Delete(ctx context.Context, p DeleteMeterParams) error {
	const op = "Meters.Delete"
	if err := sdkerr.RequireText(op, "MeterID", p.MeterID); err != nil {
		return err
	}
	return postgrest.Exec(ctx, s.rpc, op, deleteMeterArgs(p))
}

// RecordReadingParams describes a value that was read.
type RecordReadingParams struct {
	TenantID string          // optional: the client's tenant
	MeterID  string          // required
	Value    decimal.Decimal // 0 or more, within what the meter's ReadingDirection takes
	Date     time.Time       // 90 days back to 7 days ahead; zero: now, by the server's clock
	Type     ReadingType     // empty: ReadingManual
	Notes    string
}

// RecordReading adds a reading and returns its id. Its value becomes the meter's
// current one, even when Date lies before that of an earlier reading. Each
// active schedule whose threshold the value has reached gets a work order, with
// every reading anew; a schedule that fails to make one fails the reading.
//
// Needs permission asset.edit. Fails with ErrInvalidInput when the value does
// not go with the meter's direction or the date is out of range,
// ErrRuleViolation when the meter does not exist and ErrPermissionDenied when it
// is another tenant's.
//
// TypeScript: meters.recordReading.
func (s *MeterService) RecordReading(ctx context.Context, p RecordReadingParams) (string, error) {
	const op = "Meters.RecordReading"
	if err := sdkerr.RequireText(op, "MeterID", p.MeterID); err != nil {
		return "", err
	}
	if err := checkValue(op, "Value", p.Value); err != nil {
		return "", err
	}
	return postgrest.Call[string](ctx, s.rpc, op, recordMeterReadingArgs{
		TenantID:     p.TenantID,
		MeterID:      p.MeterID,
		ReadingValue: p.Value,
		ReadingDate:  postgrest.NullIfZero(p.Date),
		ReadingType:  postgrest.NullIfZero(p.Type),
		Notes:        postgrest.NullIfZero(p.Notes),
	})
}

// RecordAutomatedParams describes a value that a machine read.
type RecordAutomatedParams struct {
	TenantID string          // required, unless the client has one
	MeterID  string          // required; active
	Value    decimal.Decimal // 0 or more, within what the meter's ReadingDirection takes
	Date     time.Time       // 90 days back to 7 days ahead; zero: now, by the server's clock
	Notes    string
}

// RecordAutomated adds a reading of the type ReadingAutomated and without a
// recorder, as RecordReading otherwise, and returns its id.
//
// It is for servers: call it with a client of the service-role key. The platform
// checks no permission and no key here, not even a session, but other
// deployments may (ErrPermissionDenied); machines use Ingest. Fails with
// ErrInvalidInput when the value or the date does not go or the meter is off,
// ErrRuleViolation when the meter does not exist and ErrPermissionDenied when it
// is another tenant's.
//
// Not in the TypeScript SDK.
func (s *MeterService) RecordAutomated(ctx context.Context, p RecordAutomatedParams) (string, error) {
	const op = "Meters.RecordAutomated"
	if err := sdkerr.RequireText(op, "MeterID", p.MeterID); err != nil {
		return "", err
	}
	if err := checkValue(op, "Value", p.Value); err != nil {
		return "", err
	}
	return postgrest.Call[string](ctx, s.rpc, op, recordMeterReadingAutomatedArgs{
		TenantID:     p.TenantID,
		MeterID:      p.MeterID,
		ReadingValue: p.Value,
		ReadingDate:  postgrest.NullIfZero(p.Date),
		Notes:        postgrest.NullIfZero(p.Notes),
	})
}

func checkValue(op, field string, v decimal.Decimal) error {
	if !types.IsFinite(v) {
		return sdkerr.Invalid(op, field, "is not finite")
	}
	if v.IsNegative() {
		return sdkerr.Invalid(op, field, "is negative")
	}
	return nil
}
