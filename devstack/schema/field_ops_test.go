package schema_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTools(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	other, otherAdmin := d.tenant()
	technician, member := d.member(admin, "technician"), d.member(admin, "member")
	create, update := `select public.rpc_create_tool($1, $2, $3, $4, $5)`, `select public.rpc_update_tool($1, $2, $3, $4, $5, $6)`
	checkout, giveBack := `select public.rpc_checkout_tool($1, $2, $3, p_work_order_id => $4)`, `select public.rpc_return_tool($1, $2)`

	tool := one[string](admin, create, tenant, " Wrench ", " ", " S1 ", nil)
	show := func() string {
		return one[string](member, `select concat_ws('|', name, coalesce(asset_tag, '-'), coalesce(serial_number, '-'), status) from public.v_tools where id = $1`, tool)
	}
	require.Equal(t, "Wrench|-|S1|available", show())
	admin.ok(update, tenant, tool, nil, " T1 ", " ", nil)
	require.Equal(t, "Wrench|T1|-|available", show())
	for _, name := range []any{nil, "", "  "} {
		admin.fails("23514", create, tenant, name, nil, nil, nil)
	}
	admin.fails("23514", create, tenant, "N", nil, nil, "In Cal")
	admin.fails("23514", update, tenant, tool, " ", nil, nil, nil)
	admin.fails("23514", update, tenant, tool, nil, nil, nil, " ")
	admin.fails("P0001", update, tenant, unknown, "N", nil, nil, nil)
	otherAdmin.fails("P0001", update, other, tool, "N", nil, nil, nil)
	technician.fails("42501", create, tenant, "N", nil, nil, nil)

	foreign := one[string](otherAdmin, createWO, other, "W")
	technician.fails("P0001", checkout, tenant, unknown, technician.id, nil)
	technician.fails("23503", checkout, tenant, tool, technician.id, foreign)
	technician.fails("23503", checkout, tenant, tool, unknown, nil)
	technician.fails("23503", checkout, tenant, tool, otherAdmin.id, nil)
	technician.fails("23502", checkout, tenant, tool, nil, nil)
	member.fails("42501", checkout, tenant, tool, technician.id, nil)
	out := one[string](technician, checkout, tenant, tool, technician.id, nil)
	technician.fails("23505", checkout, tenant, tool, technician.id, nil)
	require.Equal(t, "Wrench|T1|-|available", show())
	admin.fails("23503", update, tenant, tool, nil, nil, nil, "broken")
	admin.ok(update, tenant, tool, nil, nil, nil, "available")
	technician.ok(giveBack, tenant, out)
	technician.fails("P0001", giveBack, tenant, out)
	admin.ok(update, tenant, tool, nil, nil, nil, "broken")
	technician.fails("23503", checkout, tenant, tool, technician.id, nil)
	require.Equal(t, 1, member.count(`select * from public.v_tool_checkouts where returned_at is not null`))
}

func TestShiftHandovers(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	_, outsider := d.tenant()
	from, to, requestor := d.member(admin, "technician"), d.member(admin, "technician"), d.member(admin, "requestor")
	create := `select public.rpc_create_shift_handover($1, $2, now(), now() + $3::interval, $4)`
	item := `select public.rpc_add_shift_handover_item($1, $2, $3, $4, $5)`
	submit, acknowledge := `select public.rpc_submit_shift_handover($1, $2)`, `select public.rpc_acknowledge_shift_handover($1, $2)`

	from.fails("23514", create, tenant, nil, "-1 hour", to.id)
	from.fails("23502", create, tenant, nil, nil, to.id)
	from.fails("23502", create, tenant, nil, "8 hours", nil)
	from.fails("23503", create, tenant, unknown, "8 hours", to.id)
	from.fails("23503", create, tenant, nil, "8 hours", unknown)
	from.fails("23503", create, tenant, nil, "8 hours", outsider.id)
	requestor.fails("42501", create, tenant, nil, "8 hours", to.id)
	id := one[string](from, create, tenant, nil, "8 hours", to.id)

	from.ok(item, tenant, id, " Watch pump 3 ", nil, nil)
	require.Equal(t, "Watch pump 3 normal", superOne[string](d, `select body || ' ' || priority from app.shift_handover_items`))
	from.fails("23502", item, tenant, id, nil, nil, nil)
	from.fails("23514", item, tenant, id, " ", nil, nil)
	from.fails("23514", item, tenant, id, "x", nil, "urgent")
	from.fails("23503", item, tenant, unknown, "x", nil, nil)
	from.fails("23503", item, tenant, id, "x", unknown, nil)
	to.fails("42501", item, tenant, id, "x", nil, nil)

	to.fails("P0001", submit, tenant, id)
	to.fails("P0001", acknowledge, tenant, id)
	from.ok(submit, tenant, id)
	from.fails("P0001", submit, tenant, id)
	from.fails("23514", item, tenant, id, "too late", nil, nil)
	from.fails("P0001", acknowledge, tenant, id)
	to.ok(acknowledge, tenant, id)
	require.Equal(t, 1, admin.count(`select * from public.v_shift_handovers where status = 'acknowledged' and acknowledged_at is not null`))
	require.Zero(t, requestor.count(`select * from public.v_shift_handovers`))
	d.super(`update app.shift_handovers set to_user_id = $1`, requestor.id)
	require.Equal(t, 1, requestor.count(`select * from public.v_shift_handovers`))
}
