package schema_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCompletingAWorkOrderAdvancesItsSchedule(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	asset := one[string](admin, `select public.rpc_create_asset($1, 'Pump')`, tenant)
	pm := func(kind, config string, due any) string {
		return superOne[string](d, `insert into app.pm_schedules (tenant_id, asset_id, title, trigger_type, trigger_config, next_due_date)
			values ($1, $2, $3, $3, $4::text::jsonb, $5::text::timestamptz) returning id`, tenant, asset, kind, config, due)
	}
	weekly, manual := pm("time", `{"interval_days": "7"}`, "2026-01-01T00:00Z"), pm("manual", `{}`, nil)
	done := func(schedule, status string) {
		wo := one[string](admin, `select public.rpc_create_work_order($1, 'W', p_pm_schedule_id => $2, p_assigned_to => $3)`, tenant, schedule, admin.id)
		admin.ok(`select public.rpc_transition_work_order_status($1, $2, $3)`, tenant, wo, status)
		require.Equal(t, 1, admin.count(`select * from public.v_pm_history h join public.v_work_orders w on w.id = h.work_order_id
			where w.id = $1 and h.work_order_title = 'W' and h.completed_by = $2 and h.completed_date = w.completed_at`, wo, admin.id))
	}
	done(weekly, "completed")
	require.True(t, superOne[bool](d, `select next_due_date = last_completed_at + '7 days' and completion_count = 1 from app.pm_schedules where id = $1`, weekly))
	require.Equal(t, 1, admin.count(`select * from public.v_pm_history where pm_title = 'time' and scheduled_date = '2026-01-01T00:00Z'`))
	done(weekly, "cancelled")
	done(manual, "completed")
	require.True(t, superOne[bool](d, `select next_due_date is null and completion_count = 1 from app.pm_schedules where id = $1`, manual))
	require.Equal(t, 2, superOne[int](d, `select completion_count from app.pm_schedules where id = $1`, weekly))
}
