package schema_test

import (
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// Of two rules that a call breaks, the one that the platform checks first answers.
func TestTheFirstBrokenRuleAnswers(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	other, otherAdmin := d.tenant()
	technicianUser := d.member(admin, "technician")
	long := strings.Repeat("x", 256)
	asset := one[string](admin, `select public.rpc_create_asset($1, 'Pump')`, tenant)
	theirAsset := one[string](otherAdmin, `select public.rpc_create_asset($1, 'Pump')`, other)
	createSchedule := `select public.rpc_create_pm_schedule($1, $2, 'S', 'manual', '{}')`
	schedule := one[string](admin, createSchedule, tenant, asset)
	theirSchedule := one[string](otherAdmin, createSchedule, other, theirAsset)
	project := one[string](admin, `select public.rpc_create_project($1, 'P', 'A')`, tenant)
	admin.ok(`select public.rpc_create_project($1, 'P', 'B')`, tenant)
	technician := one[string](admin, `select public.rpc_create_technician($1, $2)`, tenant, technicianUser.id)
	crew := one[string](admin, `select public.rpc_create_crew($1, 'C')`, tenant)
	admin.ok(`select public.rpc_add_crew_member($1, $2, $3)`, tenant, crew, technician)
	wo := one[string](admin, createWO, tenant, "W")
	admin.ok(`select public.rpc_insert_attachment_storage_object($1, 'work_order', $2, $3, $4)`, tenant, wo, tenant+"/work_order/"+wo+"/a", admin.id)
	file := one[string](admin, `select file_id::text from public.v_work_order_attachments`)

	for name, c := range map[string]struct {
		code, sql string
		args      []any
	}{
		"a request's asset before its title":       {"23503", `select public.rpc_create_work_order_request($1, null, p_asset_id => $2)`, []any{tenant, theirAsset}},
		"a request's location before its title":    {"23503", `select public.rpc_create_maintenance_request($1, ' ', p_location_id => $2)`, []any{tenant, unknown}},
		"an unknown schedule before a foreign one": {"P0001", `select public.rpc_create_pm_dependency($1, $2, $3)`, []any{tenant, theirSchedule, unknown}},
		"a foreign schedule after both are known":  {"42501", `select public.rpc_create_pm_dependency($1, $2, $3)`, []any{tenant, schedule, theirSchedule}},
		"a project's code before its name":         {"23505", `select public.rpc_update_project($1, $2, $3, 'B')`, []any{tenant, project, long}},
		"an unknown project before its code":       {"P0001", `select public.rpc_update_project($1, $2, $3, 'B')`, []any{tenant, unknown, long}},
		"a crew member before the role":            {"23505", `select public.rpc_add_crew_member($1, $2, $3, $4)`, []any{tenant, crew, technician, long}},
		"an amount before the cost line":           {"23514", `select public.rpc_upsert_work_order_vendor_cost($1, $2, $3, -1)`, []any{tenant, wo, unknown}},
		"an attachment before its label":           {"23505", `select public.rpc_register_entity_attachment($1, 'work_order', $2, $3, $4)`, []any{tenant, wo, file, long}},
	} {
		_, err := admin.exec(c.sql, c.args...)
		require.Equal(t, c.code, sqlState(err), "%s: %v", name, err)
	}
}

// PostgREST runs a GET in a read-only transaction. What counts its calls fails there
// before it looks at tenants and rights, but not before it knows the user.
func TestWhatCountsItsCallsIsRefusedInReadOnlyTransactions(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	requestor := d.member(admin, "requestor")
	get := func(c caller, sql string, args ...any) string {
		return sqlState(c.do(t.Context(), func(tx pgx.Tx) error {
			if _, err := tx.Exec(t.Context(), `set transaction read only`); err != nil {
				return err
			}
			_, err := tx.Exec(t.Context(), sql, args...)
			return err
		}))
	}
	create := `select public.rpc_create_department($1, 'D')`
	require.Equal(t, "25006", get(admin, create, tenant))
	require.Equal(t, "25006", get(requestor, create, tenant))
	require.Equal(t, "25006", get(requestor, create, unknown))
	require.Equal(t, "28000", get(d.anon(), create, tenant))
	require.Equal(t, "42501", get(requestor, `select public.rpc_get_idempotency_resource($1, 's', 'k')`, unknown))
	require.Equal(t, "28000", get(d.anon(), `select public.rpc_clear_tenant_context()`))
}
