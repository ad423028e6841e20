package integration

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/workorder-systems/sdk-go/assets"
	"github.com/workorder-systems/sdk-go/pm"
	"github.com/workorder-systems/sdk-go/query"
	"github.com/workorder-systems/sdk-go/safety"
	"github.com/workorder-systems/sdk-go/types"
	"github.com/workorder-systems/sdk-go/workorders"
)

// An asset takes along what was only about it: meters with their readings,
// schedules with history and dependencies, warranties and downtime. Work orders
// and incidents stay, without it.
func TestWhatGoesWithAnAsset(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	press, other := makeAsset(t, tn, "Press", ""), makeAsset(t, tn, "Pump", "")
	meter, err := tn.Meters.Create(t.Context(), pm.CreateMeterParams{AssetID: press, Type: pm.MeterCycles, Name: "N", Unit: "n"})
	require.NoError(t, err)
	_, err = tn.Meters.RecordReading(t.Context(), pm.RecordReadingParams{MeterID: meter, Value: dec("1")})
	require.NoError(t, err)
	schedule := createSchedule(t, tn, pm.CreateScheduleParams{AssetID: press, Title: "S", Trigger: pm.ManualTrigger{}})
	waiting := createSchedule(t, tn, pm.CreateScheduleParams{AssetID: other, Title: "W", Trigger: pm.ManualTrigger{}})
	_, err = tn.PM.CreateDependency(t.Context(), pm.CreateDependencyParams{PMScheduleID: waiting, DependsOnPMID: schedule})
	require.NoError(t, err)
	order, err := tn.PM.TriggerManual(t.Context(), pm.TriggerManualParams{PMScheduleID: schedule})
	require.NoError(t, err)
	_, err = tn.Assets.UpsertWarranty(t.Context(), assets.UpsertWarrantyParams{AssetID: press, ExpiresOn: types.NewDate(2030, 1, 1)})
	require.NoError(t, err)
	_, err = tn.Assets.RecordDowntime(t.Context(), assets.RecordDowntimeParams{AssetID: press, ReasonKey: assets.DowntimeOther, StartedAt: time.Now().Add(-time.Hour), EndedAt: time.Now()})
	require.NoError(t, err)
	incident, err := tn.SafetyCompliance.CreateIncident(t.Context(), safety.CreateIncidentParams{Title: "x", AssetID: press})
	require.NoError(t, err)

	require.NoError(t, tn.Assets.Delete(t.Context(), assets.DeleteAssetParams{AssetID: press}))

	require.Empty(t, list(t, tn.Meters.List))
	require.Empty(t, list(t, tn.Meters.Readings.List))
	require.Empty(t, list(t, tn.Assets.Warranties.List))
	require.Empty(t, list(t, tn.Assets.MonthlyDowntime.List))
	schedules := list(t, tn.PM.Schedules.List)
	require.Len(t, schedules, 1)
	require.Equal(t, waiting, schedules[0].ID)
	wo := getWorkOrder(t, tn.Client, order)
	require.Nil(t, wo.AssetID)
	require.Nil(t, wo.PMScheduleID)
	row, err := tn.SafetyCompliance.Incidents.Get(t.Context(), incident)
	require.NoError(t, err)
	require.Nil(t, row.AssetID)
	_, err = tn.PM.TriggerManual(t.Context(), pm.TriggerManualParams{PMScheduleID: waiting})
	require.NoError(t, err, "nothing to wait for any more")
	require.NoError(t, tn.PM.DeleteSchedule(t.Context(), pm.DeleteScheduleParams{PMScheduleID: waiting}))
}

// A place takes along its space and its inspection schedules. All else stays,
// without a place; the places inside become roots.
func TestWhatGoesWithAPlace(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	hall := makeLocation(t, tn, "Hall")
	room, err := tn.Locations.Create(t.Context(), assets.CreateLocationParams{Name: "Room", ParentLocationID: hall})
	require.NoError(t, err)
	press := makeAsset(t, tn, "Press", hall)
	_, err = tn.Spaces.Create(t.Context(), assets.CreateSpaceParams{LocationID: hall})
	require.NoError(t, err)
	zone, err := tn.MapZones.Create(t.Context(), assets.CreateMapZoneParams{Name: "Z", Geometry: yard, LocationID: hall})
	require.NoError(t, err)
	order, err := tn.WorkOrders.Create(t.Context(), workorders.CreateWorkOrderParams{Title: "x", LocationID: hall})
	require.NoError(t, err)
	template, _ := makeTemplate(t, tn)
	_, err = tn.SafetyCompliance.CreateSchedule(t.Context(), safety.CreateScheduleParams{TemplateID: template, Title: "Round", LocationID: hall})
	require.NoError(t, err)
	incident, err := tn.SafetyCompliance.CreateIncident(t.Context(), safety.CreateIncidentParams{Title: "x", LocationID: hall})
	require.NoError(t, err)

	require.NoError(t, tn.Locations.Delete(t.Context(), assets.DeleteLocationParams{LocationID: hall}))

	require.Empty(t, list(t, tn.Spaces.List))
	require.Empty(t, list(t, tn.SafetyCompliance.Schedules.List))
	place, err := tn.Locations.Get(t.Context(), room)
	require.NoError(t, err)
	require.Nil(t, place.ParentLocationID)
	asset, err := tn.Assets.Get(t.Context(), press)
	require.NoError(t, err)
	require.Nil(t, asset.LocationID)
	shape, err := tn.MapZones.Get(t.Context(), zone)
	require.NoError(t, err)
	require.Nil(t, shape.LocationID)
	require.Nil(t, getWorkOrder(t, tn.Client, order).LocationID)
	row, err := tn.SafetyCompliance.Incidents.Get(t.Context(), incident)
	require.NoError(t, err)
	require.Nil(t, row.LocationID)
	n, err := tn.Assets.Count(t.Context(), query.Where(assets.AssetCols.LocationID.IsNull()))
	require.NoError(t, err)
	require.EqualValues(t, 1, n)
}
