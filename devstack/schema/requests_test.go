package schema_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRequestorsSeeOnlyTheirRequests(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	requestor, member := d.member(admin, "requestor"), d.member(admin, "member")
	admin.ok(createWO, tenant, "Other")
	request := `select public.rpc_create_work_order_request($1, $2)`

	wo := one[string](requestor, request, tenant, "Leak")
	require.Equal(t, []string{wo}, column[string](requestor, `select id::text from public.v_work_orders where status = 'draft' and requested_by = $1 and assigned_to is null`, requestor.id))
	require.Equal(t, []string{wo}, column[string](requestor, `select id::text from public.v_my_work_order_requests`))
	require.Equal(t, []string{"converted " + wo}, column[string](requestor, `select status || ' ' || converted_work_order_id from public.v_my_maintenance_requests`))
	require.Equal(t, 1, member.count(`select * from public.v_maintenance_requests`))
	require.Zero(t, member.count(`select * from public.v_my_maintenance_requests`))
	require.Equal(t, 1, requestor.count(`select * from public.v_work_orders`))

	requestor.fails("42501", createWO, tenant, "W")
	member.fails("42501", request, tenant, "W")
	d.anon().fails("28000", request, tenant, "W")
	requestor.fails("23502", request, tenant, nil)
	requestor.fails("23514", request, tenant, "  ")
	requestor.fails("23514", request, tenant, strings.Repeat("t", 501))
	for arg, value := range map[string]string{"p_priority": "nope", "p_maintenance_type": "nope", "p_asset_id": unknown, "p_location_id": unknown} {
		requestor.fails("23503", `select public.rpc_create_work_order_request($1, 'W', `+arg+` => $2)`, tenant, value)
	}
}

func TestConvertRequest(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	requestor := d.member(admin, "requestor")
	create := `select public.rpc_create_maintenance_request($1, $2, p_status => $3)`
	convert := `select public.rpc_convert_maintenance_request_to_work_order($1, $2)`

	id := one[string](requestor, create, tenant, "Leak", nil)
	requestor.fails("42501", convert, tenant, id)
	wo := one[string](admin, convert, tenant, id)
	require.Equal(t, requestor.id, one[string](admin, `select requested_by::text from public.v_work_orders where id = $1`, wo))
	admin.fails("23514", convert, tenant, id)
	admin.fails("23514", convert, tenant, one[string](requestor, create, tenant, "Later", " Draft "))
	admin.fails("23514", convert, tenant, one[string](requestor, create, tenant, strings.Repeat("t", 501), "submitted"))
	admin.fails("P0001", convert, tenant, unknown)
	requestor.fails("23514", create, tenant, "W", "converted")
	requestor.fails("23514", create, tenant, "W", "")
}

func TestLocationScopesLimitRequests(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	requestor := d.member(admin, "requestor")
	insert := func(sql string, args ...any) string { return superOne[string](d, sql+` returning id::text`, args...) }
	here := insert(`insert into app.locations (tenant_id, name) values ($1, 'Here')`, tenant)
	inside := insert(`insert into app.locations (tenant_id, name, parent_location_id) values ($1, 'Inside', $2)`, tenant, here)
	there := insert(`insert into app.locations (tenant_id, name) values ($1, 'There')`, tenant)
	pump := insert(`insert into app.assets (tenant_id, name, location_id) values ($1, 'Pump', $2)`, tenant, here)
	far := insert(`insert into app.assets (tenant_id, name, location_id) values ($1, 'Far', $2)`, tenant, there)
	loose := insert(`insert into app.assets (tenant_id, name) values ($1, 'Loose')`, tenant)
	other, otherAdmin := d.tenant()
	foreign := insert(`insert into app.locations (tenant_id, name) values ($1, 'Foreign')`, other)
	request := `select public.rpc_create_work_order_request($1, 'W', p_location_id => $2, p_asset_id => $3)`

	requestor.ok(request, tenant, there, nil)
	requestor.fails("23503", request, tenant, foreign, nil)
	otherAdmin.fails("23503", request, other, nil, pump)
	admin.fails("23503", `select public.rpc_grant_scope($1, $2, 'location', $3)`, tenant, requestor.id, foreign)
	admin.ok(`select public.rpc_grant_scope($1, $2, 'location', $3)`, tenant, requestor.id, here)

	for _, args := range [][]any{{tenant, there, nil}, {tenant, inside, nil}, {tenant, nil, far}, {tenant, there, pump}, {tenant, here, far}, {tenant, nil, unknown}} {
		requestor.fails("42501", request, args...)
	}
	for _, args := range [][]any{{tenant, here, nil}, {tenant, nil, nil}, {tenant, nil, pump}, {tenant, here, pump}, {tenant, nil, loose}, {tenant, here, loose}} {
		requestor.ok(request, args...)
	}
	draft := `select public.rpc_create_maintenance_request($1, 'W', p_location_id => $2, p_status => $3)`
	requestor.ok(draft, tenant, there, "draft")
	requestor.fails("42501", draft, tenant, there, "submitted")
	admin.ok(request, tenant, there, nil)
}
