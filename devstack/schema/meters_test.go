package schema_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

const createMeter = `select public.rpc_create_meter($1, $2, $3, $4, 'h', p_current_reading => $5, p_reading_direction => $6)`

func TestMeters(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	other, otherAdmin := d.tenant()
	asset := one[string](admin, `select public.rpc_create_asset($1, 'Pump')`, tenant)
	admin.fails("P0001", createMeter, tenant, unknown, "usage", "", 0, "increasing")
	otherAdmin.fails("42501", createMeter, other, asset, "cycles", "M", 0, "increasing")
	admin.fails("23514", createMeter, tenant, asset, "usage", "M", 0, "increasing")
	admin.fails("23514", createMeter, tenant, asset, "cycles", "", 0, "increasing")
	admin.fails("23514", createMeter, tenant, asset, "cycles", "M", 0, "up")
	admin.fails("23514", createMeter, tenant, asset, "cycles", "M", -1, "reset")
	admin.fails("23502", createMeter, tenant, asset, "cycles", "M", 0, nil)
	for _, role := range []string{"technician", "member", "requestor"} {
		d.member(admin, role).fails("42501", createMeter, tenant, asset, "cycles", "M", 0, "increasing")
	}
	id := one[string](d.member(admin, "manager"), `select public.rpc_create_meter($1, $2, 'custom', 'M', 'u')`, tenant, asset)
	require.Equal(t, 1, admin.count(`select * from public.v_asset_meters where id = $1 and asset_name = 'Pump' and current_reading = 0
		and reading_direction = 'increasing' and decimal_places = 0 and is_active and last_reading_date is null`, id))
	require.Zero(t, admin.count(`select * from public.v_meter_readings`))

	update := `select public.rpc_update_meter($1, $2, p_name => $3, p_decimal_places => $4, p_is_active => $5)`
	admin.fails("23514", update, tenant, id, nil, 7, nil)
	admin.fails("P0001", update, tenant, unknown, "", nil, nil)
	otherAdmin.fails("42501", update, other, id, "X", nil, nil)
	remove := `select public.rpc_delete_meter($1, $2)`
	otherAdmin.fails("42501", remove, other, id)
	schedule := superOne[string](d, `insert into app.pm_schedules (tenant_id, asset_id, title, trigger_type, trigger_config)
		values ($1, $2, 'At 5', 'usage', jsonb_build_object('meter_id', $3::text, 'threshold', 5)) returning id`, tenant, asset, id)
	admin.fails("23503", remove, tenant, id)
	admin.fails("23503", update, tenant, id, nil, nil, false)
	admin.ok(update, tenant, id, "Renamed", 2, true)
	d.super(`update app.pm_schedules set is_active = false where id = $1`, schedule)
	admin.ok(remove, tenant, id)
	admin.ok(remove, tenant, id)
	require.Equal(t, 1, admin.count(`select * from public.v_asset_meters where name = 'Renamed' and decimal_places = 2 and not is_active`))
	admin.fails("23505", createMeter, tenant, asset, "cycles", "Renamed", 0, "increasing") // the name stays taken
	require.Zero(t, otherAdmin.in(tenant).count(`select * from public.v_asset_meters`))
	require.Zero(t, d.anon().count(`select * from public.v_asset_meters`))
}

func TestReadings(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	other, otherAdmin := d.tenant()
	asset := one[string](admin, `select public.rpc_create_asset($1, 'Pump')`, tenant)
	record := `select public.rpc_record_meter_reading($1, $2, $3::text::numeric)`
	for direction, readings := range map[string][][2]string{
		"increasing": {{"100", ""}, {"90", ""}, {"80.9999", "23514"}, {"81", ""}, {"81", ""}, {"0", "23514"}, {"-1", "23514"}, {"0.12345678901234567890", "23514"}, {"1234567890123456789.123456789", ""}},
		"decreasing": {{"50.000001", "23514"}, {"50", ""}, {"40", ""}, {"41", "23514"}, {"0", ""}},
		"reset":      {{"500", ""}, {"0", ""}, {"-0.0001", "23514"}, {"7", ""}},
	} {
		meter := one[string](admin, createMeter, tenant, asset, "custom", direction, 50, direction)
		current := "50"
		for _, r := range readings {
			_, err := admin.exec(record, tenant, meter, r[0])
			require.Equal(t, r[1], sqlState(err), "%s %s", direction, r[0])
			if r[1] == "" {
				current = r[0]
			}
			require.Equal(t, current, one[string](admin, `select current_reading::text from public.v_asset_meters where id = $1`, meter), direction)
		}
	}

	meter := one[string](admin, createMeter, tenant, asset, "custom", "M", 0, "reset")
	full := `select public.rpc_record_meter_reading($1, $2, $3, now() + $4::text::interval, $5)`
	for days, code := range map[string]string{"-89 days": "", "-91 days": "23514", "6 days": "", "8 days": "23514"} {
		_, err := admin.exec(full, tenant, meter, 1, days, "imported")
		require.Equal(t, code, sqlState(err), days)
	}
	admin.ok(full, tenant, meter, 5, "-10 days", "estimated") // the last one entered is current
	require.Equal(t, 1, admin.count(`select * from public.v_asset_meters where id = $1 and current_reading = 5 and last_reading_date < now() - interval '9 days'`, meter))
	admin.fails("23514", full, tenant, meter, 1, "0", "guess")
	admin.fails("23502", full, tenant, meter, nil, "0", "manual")
	admin.fails("23502", full, tenant, meter, 1, "0", nil)
	admin.fails("P0001", record, tenant, unknown, "1")
	otherAdmin.fails("42501", record, other, meter, "1")
	d.member(admin, "technician").fails("42501", record, tenant, meter, "1")
	require.Equal(t, 1, admin.count(`select * from public.v_meter_readings where meter_id = $1 and recorded_by = $2 and recorded_by_name = 'Ada Admin'
		and meter_name = 'M' and asset_name = 'Pump' and reading_value = 5 and reading_type = 'estimated'`, meter, admin.id))
	require.Zero(t, otherAdmin.in(tenant).count(`select * from public.v_meter_readings`))

	auto := `select public.rpc_record_meter_reading_automated($1, $2, $3)`
	admin.fails("42501", auto, tenant, meter, 6)
	d.anon().fails("42501", auto, tenant, meter, 6)
	d.service().ok(auto, tenant, meter, 6)
	d.service().fails("42501", auto, other, meter, 6)
	d.service().fails("P0001", auto, tenant, unknown, 6)
	d.service().fails("23502", auto, nil, meter, 6)
	d.service().fails("23514", auto, tenant, meter, -1)
	require.Equal(t, 1, admin.count(`select * from public.v_meter_readings where reading_type = 'automated' and recorded_by is null and recorded_by_name is null`))
	admin.ok(`select public.rpc_delete_meter($1, $2)`, tenant, meter)
	d.service().fails("23514", auto, tenant, meter, 7)
	admin.ok(record, tenant, meter, "7") // by hand a meter that is off is read
}
