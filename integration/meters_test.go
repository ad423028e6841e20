package integration

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/org"
	"github.com/workorder-systems/sdk-go/pm"
	"github.com/workorder-systems/sdk-go/query"
	"github.com/workorder-systems/sdk-go/types"
)

func makeMeter(t testing.TB, tn *tenant, direction pm.ReadingDirection, start string) string {
	t.Helper()
	id, err := tn.Meters.Create(t.Context(), pm.CreateMeterParams{
		AssetID: makeAsset(t, tn, "Press", ""), Type: pm.MeterCustom, Name: "M", Unit: "u", ReadingDirection: direction, CurrentReading: dec(start),
	})
	require.NoError(t, err)
	return id
}

func TestMetersAndTheirDirections(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	for _, tc := range []struct {
		direction pm.ReadingDirection
		start     string
		values    []string // refused ones with a !
	}{
		{"", "100", []string{"90", "!80", "81", "81", "1000.000001"}},
		{pm.Decreasing, "50", []string{"!60", "40", "40", "0", "!0.1"}},
		{pm.Reset, "5", []string{"500", "0", "12345678901234567890.123456789"}},
	} {
		id := makeMeter(t, tn, tc.direction, tc.start)
		current := tc.start
		for _, v := range tc.values {
			value, refused := strings.CutPrefix(v, "!")
			_, err := tn.Meters.RecordReading(t.Context(), pm.RecordReadingParams{MeterID: id, Value: dec(value)})
			if refused {
				requireError(t, err, workorder.ErrInvalidInput, "23514")
			} else {
				require.NoError(t, err, v)
				current = value
			}
			m, err := tn.Meters.Get(t.Context(), id)
			require.NoError(t, err)
			require.True(t, dec(current).Equal(m.CurrentReading), "%s: %s", v, m.CurrentReading)
		}
	}
}

func TestMeterRules(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	id := makeMeter(t, tn, "", "0")
	m, err := tn.Meters.Get(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, pm.Increasing, m.ReadingDirection)
	require.True(t, m.IsActive)
	require.Nil(t, m.LastReadingDate)
	create := func(change func(*pm.CreateMeterParams)) error {
		p := pm.CreateMeterParams{AssetID: m.AssetID, Type: pm.MeterCycles, Name: "N", Unit: "u"}
		change(&p)
		_, err := tn.Meters.Create(t.Context(), p)
		return err
	}
	requireError(t, create(func(p *pm.CreateMeterParams) { p.Name = "M" }), workorder.ErrConflict, "23505")
	requireError(t, create(func(p *pm.CreateMeterParams) { p.Type = "usage" }), workorder.ErrInvalidInput, "23514")
	requireError(t, create(func(p *pm.CreateMeterParams) { p.DecimalPlaces = 7 }), workorder.ErrInvalidInput, "23514")
	requireError(t, create(func(p *pm.CreateMeterParams) { p.AssetID = unknownID }), workorder.ErrRuleViolation, "P0001")

	read := func(p pm.RecordReadingParams) error {
		p.MeterID = id
		_, err := tn.Meters.RecordReading(t.Context(), p)
		return err
	}
	requireError(t, read(pm.RecordReadingParams{Date: time.Now().AddDate(0, 0, 8)}), workorder.ErrInvalidInput, "23514")
	requireError(t, read(pm.RecordReadingParams{Date: time.Now().AddDate(0, 0, -91)}), workorder.ErrInvalidInput, "23514")
	requireError(t, read(pm.RecordReadingParams{Type: "guess"}), workorder.ErrInvalidInput, "23514")
	back := time.Now().AddDate(0, 0, -10).Truncate(time.Microsecond)
	require.NoError(t, read(pm.RecordReadingParams{Value: dec("5"), Date: back, Type: pm.ReadingEstimated, Notes: "n"}))
	m, err = tn.Meters.Get(t.Context(), id)
	require.NoError(t, err)
	require.True(t, back.Equal(*m.LastReadingDate))
	readings, err := tn.Meters.Readings.List(t.Context(), query.Where(pm.MeterReadingCols.MeterID.Eq(id)))
	require.NoError(t, err)
	require.Len(t, readings, 1)
	require.Equal(t, pm.ReadingEstimated, readings[0].ReadingType)

	// An active schedule keeps its meter.
	schedule := createSchedule(t, tn, pm.CreateScheduleParams{AssetID: m.AssetID, Title: "S", Trigger: pm.UsageTrigger{MeterID: id, Threshold: dec("900")}})
	requireError(t, tn.Meters.Delete(t.Context(), pm.DeleteMeterParams{MeterID: id}), workorder.ErrInvalidReference, "23503")
	requireError(t, tn.Meters.Update(t.Context(), pm.UpdateMeterParams{MeterID: id, IsActive: new(false)}), workorder.ErrInvalidReference, "23503")
	require.NoError(t, tn.PM.DeleteSchedule(t.Context(), pm.DeleteScheduleParams{PMScheduleID: schedule}))
	require.NoError(t, tn.Meters.Delete(t.Context(), pm.DeleteMeterParams{MeterID: id}))
	m, err = tn.Meters.Get(t.Context(), id)
	require.NoError(t, err)
	require.False(t, m.IsActive)
	require.NoError(t, read(pm.RecordReadingParams{Value: dec("6")}), "a meter that is off is read all the same")
	require.NoError(t, tn.Meters.Update(t.Context(), pm.UpdateMeterParams{MeterID: id, IsActive: new(true)}))
}

func TestIngestWithATenantKey(t *testing.T) {
	t.Parallel()
	tn, other := stack.Tenant(t), stack.Tenant(t)
	machine := stack.Client(t) // without a session
	key := func(tn *tenant) (string, types.Secret) {
		k, err := tn.TenantAPIKeys.Create(t.Context(), org.CreateTenantAPIKeyParams{Name: "plc"})
		require.NoError(t, err)
		return k.ID, k.Key
	}
	keyID, ours := key(tn)
	_, theirs := key(other)
	id := makeMeter(t, tn, "", "100")
	ingest := func(k types.Secret, p pm.IngestParams) (string, error) {
		p.Key = k
		if p.MeterID == "" {
			p.MeterID = id
		}
		return machine.Meters.Ingest(t.Context(), p)
	}
	made, err := ingest(ours, pm.IngestParams{Value: dec("123.456"), Notes: "n"})
	if err != nil && strings.Contains(err.Error(), "Requested function was not found") {
		t.Skip("the deployment has no function ingest-meter-reading")
	}
	require.NoError(t, err)
	row, err := tn.Meters.Readings.Get(t.Context(), made)
	require.NoError(t, err)
	require.Equal(t, pm.ReadingAutomated, row.ReadingType)
	require.Nil(t, row.RecordedBy)
	require.True(t, dec("123.456").Equal(row.ReadingValue))
	keys, err := tn.TenantAPIKeys.List(t.Context(), "")
	require.NoError(t, err)
	require.NotNil(t, keys[0].LastUsedAt)

	// A reading is added each time.
	again, err := ingest(ours, pm.IngestParams{Value: dec("123.456"), Date: time.Now()})
	require.NoError(t, err)
	require.NotEqual(t, made, again)

	refused := func(k types.Secret, p pm.IngestParams, kind error, code string) {
		t.Helper()
		_, err := ingest(k, p)
		requireError(t, err, kind, code)
		require.NotContains(t, fmt.Sprintf("%+v", err), k.Reveal())
	}
	refused("wosk_00000000000000000000000000000000", pm.IngestParams{Value: dec("124")}, workorder.ErrUnauthenticated, "INVALID_API_KEY")
	refused(theirs, pm.IngestParams{Value: dec("124")}, workorder.ErrPermissionDenied, "FORBIDDEN")
	refused(ours, pm.IngestParams{MeterID: unknownID}, workorder.ErrNotFound, "NOT_FOUND")
	refused(ours, pm.IngestParams{MeterID: "pump"}, workorder.ErrInvalidInput, "BAD_REQUEST")
	refused(ours, pm.IngestParams{Value: dec("124"), Date: time.Now().AddDate(0, 0, -91)}, workorder.ErrInvalidInput, "BAD_REQUEST")
	refused(ours, pm.IngestParams{Value: dec("50")}, workorder.ErrInvalidInput, "RPC_FAIL")
	require.NoError(t, tn.Meters.Delete(t.Context(), pm.DeleteMeterParams{MeterID: id}))
	refused(ours, pm.IngestParams{Value: dec("124")}, workorder.ErrInvalidInput, "RPC_FAIL")
	require.NoError(t, tn.TenantAPIKeys.Revoke(t.Context(), org.RevokeTenantAPIKeyParams{KeyID: keyID}))
	refused(ours, pm.IngestParams{Value: dec("124")}, workorder.ErrUnauthenticated, "INVALID_API_KEY")
}

func TestAutomatedReadingsByTheService(t *testing.T) {
	t.Parallel()
	service := stack.ServiceClient(t)
	tn, other := stack.Tenant(t), stack.Tenant(t)
	id := makeMeter(t, tn, "", "0")
	record := func(tenantID, meter string) error {
		_, err := service.Meters.RecordAutomated(t.Context(), pm.RecordAutomatedParams{TenantID: tenantID, MeterID: meter, Value: dec("7")})
		return err
	}
	require.NoError(t, record(tn.ID, id))
	requireError(t, record(other.ID, id), workorder.ErrPermissionDenied, "42501")
	requireError(t, record(tn.ID, unknownID), workorder.ErrRuleViolation, "P0001")
	require.NoError(t, tn.Meters.Delete(t.Context(), pm.DeleteMeterParams{MeterID: id}))
	requireError(t, record(tn.ID, id), workorder.ErrInvalidInput, "23514")
}

func TestTenThousandReadingsWhileOthersAreRecorded(t *testing.T) {
	t.Parallel()
	conn := stack.SQL(t)
	tn := stack.Tenant(t)
	id := makeMeter(t, tn, pm.Reset, "0")
	const seeded = 10_000
	_, err := conn.Exec(t.Context(), `insert into app.meter_readings (tenant_id, meter_id, reading_value, reading_date)
		select $1, $2, n, now() - interval '80 days' + n / 3 * interval '1 second' from generate_series(1, $3::integer) n`, tn.ID, id, seeded)
	require.NoError(t, err)

	// Readings of now sort before all others, those of 85 days ago behind them.
	// The walk has passed the former when it begins, the latter are there before
	// it ends: of them it owes those that were recorded before its last page.
	before, after := map[string]bool{}, map[string]bool{}
	record := func(daysAgo int) string {
		made, err := tn.Meters.RecordReading(t.Context(), pm.RecordReadingParams{
			MeterID: id, Value: dec("0.5"), Date: time.Now().AddDate(0, 0, -daysAgo),
		})
		require.NoError(t, err)
		return made
	}
	seen := map[string]bool{}
	var whole []int64
	var last time.Time
	for r, err := range tn.Meters.Readings.All(t.Context(), query.Where(pm.MeterReadingCols.MeterID.Eq(id))) {
		require.NoError(t, err)
		require.False(t, seen[r.ID], "twice")
		seen[r.ID] = true
		require.True(t, last.IsZero() || !r.ReadingDate.After(last), "the latest first")
		last = r.ReadingDate
		if !r.ReadingValue.IsInteger() {
			continue
		}
		whole = append(whole, r.ReadingValue.IntPart())
		if len(whole)%1000 == 500 && len(whole) < seeded-1000 { // pages of 1,000 are on their way
			before[record(0)] = true
			after[record(85)] = true
		}
	}
	slices.Sort(whole)
	require.Len(t, whole, seeded)
	for i, n := range whole {
		require.EqualValues(t, i+1, n, "each once")
	}
	require.NotEmpty(t, after)
	for reading := range after {
		require.True(t, seen[reading], "recorded behind the place of the walk")
	}
	for reading := range before {
		require.False(t, seen[reading], "recorded before the place of the walk")
	}
}
