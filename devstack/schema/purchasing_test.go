package schema_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	createOrder = `select public.rpc_create_purchase_order($1, $2, $3, p_lines => $4::text::jsonb)`
	receive     = `select public.rpc_receive_purchase_order($1, $2, $3::text::jsonb)`
)

// fillPurchasing is the part of fill for what is bought and from whom.
func fillPurchasing(admin caller) {
	tenant := admin.tenant()
	supplier := one[string](admin, `select id from public.v_suppliers where tenant_id = $1`, tenant)
	part := one[string](admin, `select id from public.v_parts where tenant_id = $1`, tenant)
	contract := one[string](admin, `select public.rpc_create_supplier_contract($1, $2, '2030-01-01')`, tenant, supplier)
	admin.ok(`select public.rpc_add_supplier_contract_rate($1, $2, 'hour', 9500)`, tenant, contract)
	requisition := one[string](admin, `select public.rpc_create_purchase_requisition($1)`, tenant)
	admin.ok(`select public.rpc_add_purchase_requisition_line($1, $2, $3, 5)`, tenant, requisition, part)
	order := one[string](admin, createOrder, tenant, supplier, "N-1", orderLine(part, 5))
	admin.ok(receive, tenant, order, receiptLine(orderLines(admin, order)[0], 1, ""))
}

func orderLine(part string, quantity any) string {
	return fmt.Sprintf(`[{"part_id": %q, "quantity_ordered": %v}]`, part, quantity)
}

// receiptLine is one line; without a bin nothing goes into the stock.
func receiptLine(line string, quantity any, bin string) string {
	if bin == "" {
		return fmt.Sprintf(`[{"purchase_order_line_id": %q, "quantity_received": %v}]`, line, quantity)
	}
	return fmt.Sprintf(`[{"purchase_order_line_id": %q, "quantity_received": %v, "to_inventory_location_id": %q}]`, line, quantity, bin)
}

// orderLines are the ids of the lines of an order, the largest first.
func orderLines(c caller, order string) []string {
	c.db.t.Helper()
	return column[string](c, `select purchase_order_line_id from public.v_purchase_order_receipt_status where purchase_order_id = $1 order by quantity_ordered desc`, order)
}

func TestSuppliersChange(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	_, otherAdmin := d.tenant()
	manager := d.member(admin, "manager")
	id := one[string](admin, `select public.rpc_create_supplier($1, 'S', 'c')`, tenant)
	one[string](admin, `select public.rpc_create_supplier($1, 'T', 'd')`, tenant)
	update := `select public.rpc_update_supplier($1, $2, $3, $4, p_contact_name => $5, p_tax_id => $6)`
	show := func() string {
		return superOne[string](d, `select concat_ws('|', name, coalesce(code, '-'), coalesce(contact_name, '-'), coalesce(tax_id, '-')) from app.suppliers where id = $1`, id)
	}
	manager.fails("42501", update, tenant, id, "X", nil, nil, nil)
	admin.fails("23503", update, tenant, unknown, "X", nil, nil, nil)
	otherAdmin.fails("23503", update, otherAdmin.tenant(), id, "X", nil, nil, nil)
	admin.fails("23505", update, tenant, id, nil, " d ", nil, nil)
	admin.fails("23514", update, tenant, id, nil, strings.Repeat("x", 51), nil, nil)
	admin.ok(update, tenant, id, " ", nil, "", " 7 ")
	require.Equal(t, "S|c||7", show(), "how to reach them is taken as it is")
	admin.ok(update, tenant, id, " U ", " ", nil, " ")
	require.Equal(t, "U|-||-", show())

	require.Zero(t, manager.count(`delete from public.v_suppliers where id = $1`, id))
	order := one[string](admin, createOrder, tenant, id, "N", "[]")
	admin.fails("23503", `delete from public.v_suppliers where id = $1`, id)
	d.super(`delete from app.purchase_orders where id = $1`, order)
	require.Equal(t, 1, admin.count(`delete from public.v_suppliers where id = $1`, id))
}

func TestSupplierContracts(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	other, otherAdmin := d.tenant()
	manager := d.member(admin, "manager")
	supplier := one[string](admin, `select public.rpc_create_supplier($1, 'S')`, tenant)
	theirs := one[string](otherAdmin, `select public.rpc_create_supplier($1, 'S')`, other)
	create := `select public.rpc_create_supplier_contract($1, $2, $3, $4, $5, p_is_active => null)`

	manager.fails("42501", create, tenant, supplier, "2031-01-31", nil, nil)
	for _, id := range []any{nil, unknown, theirs} {
		admin.fails("23503", create, tenant, id, "2031-01-31", nil, nil)
	}
	admin.fails("23502", create, tenant, supplier, nil, nil, nil)
	admin.fails("23514", create, tenant, supplier, "2031-01-31", "2031-01-30", nil)
	admin.fails("23514", create, tenant, supplier, "2031-01-31", nil, strings.Repeat("x", 101))
	id := one[string](admin, create, tenant, supplier, "2031-01-31", "2031-01-31", " K ")
	update := `select public.rpc_update_supplier_contract($1, $2, $3, $4, $5, $6, $7)`
	show := func() string {
		return one[string](manager, `select concat_ws('|', coalesce(contract_number, '-'), effective_start, effective_end, coalesce(terms, '-'), is_active) from public.v_supplier_contracts where id = $1`, id)
	}
	require.Equal(t, "K|2031-01-31|2031-01-31|-|t", show())
	admin.fails("P0001", update, tenant, unknown, nil, nil, nil, nil, nil)
	otherAdmin.fails("P0001", update, other, id, nil, nil, nil, nil, nil)
	admin.fails("23514", update, tenant, id, nil, "2031-02-01", nil, nil, nil)
	admin.ok(update, tenant, id, nil, nil, nil, nil, nil)
	require.Equal(t, "K|2031-01-31|2031-01-31|-|t", show())
	admin.ok(update, tenant, id, " ", "2033-01-01", "2033-01-01", " t ", false)
	require.Equal(t, "-|2033-01-01|2033-01-01| t |f", show())

	rate := `select public.rpc_add_supplier_contract_rate($1, $2, $3, $4, $5)`
	manager.fails("42501", rate, tenant, id, "hour", 1, nil)
	otherAdmin.fails("P0001", rate, other, id, "hour", 1, nil)
	admin.fails("23514", rate, tenant, id, " ", 1, nil)
	admin.fails("23514", rate, tenant, id, strings.Repeat("x", 81), 1, nil)
	admin.fails("23514", rate, tenant, id, "hour", -1, nil)
	admin.fails("23502", rate, tenant, id, "hour", nil, nil)
	one[int64](admin, rate, tenant, id, " hour ", 9500, " ")
	require.Equal(t, 1, manager.count(`select * from public.v_supplier_contract_rates where contract_id = $1 and rate_type = 'hour' and amount_cents = 9500 and uom is null`, id))
	admin.fails("42501", `update public.v_supplier_contracts set terms = 'x'`)
}

func TestRequisitions(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	other, otherAdmin := d.tenant()
	manager := d.member(admin, "manager")
	part, theirPart := one[string](admin, createPart, tenant, "P"), one[string](otherAdmin, createPart, other, "P")
	create, add := `select public.rpc_create_purchase_requisition($1, $2, $3)`, `select public.rpc_add_purchase_requisition_line($1, $2, $3, $4, $5, $6)`
	update, remove := `select public.rpc_update_purchase_requisition_line($1, $2, $3, $4, $5)`, `select public.rpc_remove_purchase_requisition_line($1, $2)`
	drop := `select public.rpc_delete_purchase_requisition($1, $2)`

	manager.fails("42501", create, tenant, nil, nil)
	id := one[string](admin, create, tenant, "2032-02-29", "  ")
	require.Equal(t, 1, manager.count(`select * from public.v_open_requisitions where id = $1 and status = 'draft' and requested_by = $2 and notes is null`, id, admin.id))
	manager.fails("42501", add, tenant, id, part, 1, nil, nil)
	admin.fails("P0001", add, tenant, unknown, part, 1, nil, nil)
	otherAdmin.fails("P0001", add, other, id, theirPart, 1, nil, nil)
	for _, quantity := range []any{nil, 0, -1, 0.00004} {
		admin.fails("23514", add, tenant, id, part, quantity, nil, nil)
	}
	admin.fails("22003", add, tenant, id, part, 1, 1e14, nil)
	for _, p := range []any{nil, unknown, theirPart} {
		admin.fails("23503", add, tenant, id, p, 1, nil, nil)
	}
	line := one[string](admin, add, tenant, id, part, 2.5, -5, " n ")
	second := one[string](admin, add, tenant, id, part, 2.5, nil, nil)
	show := func() string {
		return superOne[string](d, `select concat_ws(' ', quantity, estimated_unit_cost, coalesce(notes, '-')) from app.purchase_requisition_lines where id = $1`, line)
	}
	require.Equal(t, "2.5000 -5.0000 n", show())
	admin.fails("P0001", update, tenant, unknown, 1, nil, nil)
	otherAdmin.fails("P0001", update, other, line, 1, nil, nil)
	admin.fails("23514", update, tenant, line, 0, nil, nil)
	admin.ok(update, tenant, line, 3, nil, nil)
	require.Equal(t, "3.0000 -5.0000 n", show())
	admin.ok(update, tenant, line, nil, 1.23456, " ")
	require.Equal(t, "3.0000 1.2346 -", show())

	d.super(`update app.purchase_requisitions set status = 'submitted' where id = $1`, id)
	admin.fails("23503", add, tenant, id, part, 1, nil, nil)
	admin.fails("23503", update, tenant, line, 1, nil, nil)
	admin.fails("23503", remove, tenant, line)
	admin.fails("23503", drop, tenant, id)
	require.Equal(t, 1, manager.count(`select * from public.v_open_requisitions where status = 'submitted'`))
	d.super(`update app.purchase_requisitions set status = 'draft' where id = $1`, id)
	admin.ok(remove, tenant, line)
	admin.fails("P0001", remove, tenant, line)
	manager.fails("42501", drop, tenant, id)
	admin.ok(drop, tenant, id)
	admin.fails("P0001", drop, tenant, id)
	admin.fails("P0001", update, tenant, second, 1, nil, nil)
	admin.fails("42501", `insert into public.v_open_requisitions (tenant_id, status) values ($1, 'submitted')`, tenant)
}

func TestPurchaseOrders(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	other, otherAdmin := d.tenant()
	manager := d.member(admin, "manager")
	part, theirPart := one[string](admin, createPart, tenant, "P"), one[string](otherAdmin, createPart, other, "P")
	supplier := one[string](admin, `select public.rpc_create_supplier($1, 'S', 'c')`, tenant)
	theirs := one[string](otherAdmin, `select public.rpc_create_supplier($1, 'S')`, other)

	manager.fails("42501", createOrder, tenant, supplier, "N", nil)
	admin.fails("23514", createOrder, tenant, supplier, " ", nil)
	admin.fails("23503", createOrder, tenant, unknown, "N", nil)
	admin.fails("23514", createOrder, tenant, theirs, "N", nil)
	for lines, code := range map[string]string{
		`{}`: "22023", `"x"`: "22023", `3`: "22023", `[3]`: "23502", `[null]`: "23502", `[{}]`: "23502",
		orderLine(part, 0): "23514", orderLine(part, -1): "23514", orderLine(part, 0.00004): "23514", orderLine(part, "null"): "23502",
		orderLine(part, 1e14): "22003", orderLine(part, `"ten"`): "22P02", orderLine("x", 1): "22P02", orderLine(unknown, 1): "23503",
		orderLine(theirPart, 1): "23503", // the platform takes it
		strings.TrimSuffix(orderLine(part, 1), "]") + `, {"part_id": "` + unknown + `", "quantity_ordered": 1}]`: "23503",
	} {
		admin.fails(code, createOrder, tenant, supplier, "N", lines)
	}
	require.Zero(t, manager.count(`select * from public.v_open_purchase_orders`), "no order without its lines")
	id := one[string](admin, createOrder, tenant, supplier, " N ", orderLine(part, `"2.5"`))
	admin.fails("23505", createOrder, tenant, supplier, "N", nil)
	admin.fails("23514", createOrder, tenant, theirs, "N", nil) // the supplier comes first
	require.Equal(t, 1, manager.count(`select * from public.v_open_purchase_orders where id = $1 and order_number = 'N' and status = 'draft' and order_date = current_date and supplier_name = 'S' and supplier_code = 'c'`, id))
	require.Equal(t, 1, manager.count(`select * from public.v_purchase_order_receipt_status where quantity_balance = 2.5 and po_status = 'draft' and part_number = 'P'`))
	admin.fails("55000", `update public.v_open_purchase_orders set status = 'sent'`)
}

func TestReceiving(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	other, otherAdmin := d.tenant()
	manager := d.member(admin, "manager")
	p, q := one[string](admin, createPart, tenant, "P"), one[string](admin, createPart, tenant, "Q")
	b1, b2 := one[string](admin, createBin, tenant, "B1"), one[string](admin, createBin, tenant, "B2")
	theirBin := one[string](otherAdmin, createBin, other, "B")
	shelf := one[string](admin, `insert into public.v_inventory_locations (tenant_id, name, type) values ($1, 'S', 'shelf') returning id`, tenant)
	supplier := one[string](admin, `select public.rpc_create_supplier($1, 'S')`, tenant)
	order := one[string](admin, createOrder, tenant, supplier, "N-1", strings.TrimSuffix(orderLine(p, 10), "]")+","+strings.TrimPrefix(orderLine(q, 2.5), "["))
	second := one[string](admin, createOrder, tenant, supplier, "N-2", orderLine(p, 4))
	empty := one[string](admin, createOrder, tenant, supplier, "N-3", nil)
	lines, otherLine := orderLines(admin, order), orderLines(admin, second)[0]
	both := func(a, b string) string { return strings.TrimSuffix(a, "]") + "," + strings.TrimPrefix(b, "[") }
	status := func(order string) string {
		return one[string](manager, `select coalesce((select status from public.v_open_purchase_orders where id = $1), 'closed') || ' ' || (select string_agg(quantity_received::text, ' ' order by quantity_ordered desc) from public.v_purchase_order_receipt_status where purchase_order_id = $1)`, order)
	}

	manager.fails("42501", receive, tenant, order, receiptLine(lines[0], 1, ""))
	for _, id := range []any{nil, unknown} {
		admin.fails("23503", receive, tenant, id, receiptLine(lines[0], 1, ""))
	}
	otherAdmin.fails("23503", receive, other, order, receiptLine(lines[0], 1, ""))
	admin.fails("23503", receive, tenant, empty, receiptLine(lines[0], 1, ""))
	for json, code := range map[string]string{
		`[]`: "23514", `{}`: "23514", `"x"`: "23514", `null`: "23514", `[{}]`: "23514", `[null]`: "23514", `[3]`: "23514",
		receiptLine(unknown, 1, ""): "23503", receiptLine(otherLine, 1, ""): "23503", receiptLine("x", 1, ""): "22P02",
		receiptLine(lines[0], 0, b1): "23514", receiptLine(lines[0], -1, b1): "23514", receiptLine(lines[0], "null", b1): "23514",
		receiptLine(lines[0], 0.00004, b1): "23514", receiptLine(lines[0], 10.00004, b1): "23514", receiptLine(lines[0], `"x"`, b1): "22P02",
		receiptLine(lines[0], 1, unknown): "23503", receiptLine(lines[0], 1, "x"): "22P02",
		receiptLine(lines[0], 1, shelf): "23514", receiptLine(lines[0], 1, theirBin): "23514",
		both(receiptLine(lines[0], 4, b1), receiptLine(lines[1], 3, b1)): "23514",
		both(receiptLine(lines[0], 6, b1), receiptLine(lines[0], 5, b2)): "23514",
	} {
		admin.fails(code, receive, tenant, order, json)
	}
	require.Equal(t, "draft 0.0000 0.0000", status(order))
	one[string](admin, receive, tenant, order, nil) // lines that are NULL are none
	require.Equal(t, "partially_received 0.0000 0.0000", status(order))
	require.Empty(t, bins(admin, p))

	receipt := one[string](admin, receive, tenant, order, both(receiptLine(lines[0], 4, b1), receiptLine(lines[0], 3, b2)))
	require.Equal(t, "partially_received 7.0000 0.0000", status(order))
	require.Equal(t, []string{"B1 4.0000", "B2 3.0000"}, bins(admin, p))
	admin.fails("23514", receive, tenant, order, receiptLine(lines[0], 4, b1))
	admin.ok(receive, tenant, order, receiptLine(lines[0], 2.9999, ""))
	admin.ok(receive, tenant, order, receiptLine(lines[0], 0.00005, b1))
	require.Equal(t, "partially_received 10.0000 0.0000", status(order))
	require.Equal(t, []string{"B1 4.0001", "B2 3.0000"}, bins(admin, p))
	admin.ok(receive, tenant, order, receiptLine(lines[1], `"2.5"`, b1))
	require.Equal(t, "closed 10.0000 2.5000", status(order))
	require.Equal(t, []string{"B1 4.0000", "B2 3.0000"}, superOne[[]string](d,
		`select array_agg(l.name || ' ' || i.quantity order by l.name) from app.inventory_transactions i join app.inventory_locations l on l.id = i.to_location_id where i.reference_type = 'purchase_receipt' and i.reference_id = $1 and i.created_by = $2`, receipt, admin.id))

	require.Equal(t, 1, admin.count(`delete from public.v_parts where id = $1`, q))
	require.Equal(t, 1, admin.count(`select * from public.v_purchase_order_receipt_status where purchase_order_id = $1`, order), "a part takes its lines along")
	tenths := one[string](admin, createOrder, tenant, supplier, "N-4", orderLine(p, 0.3))
	for _, want := range []string{"partially_received 0.1000", "partially_received 0.2000", "closed 0.3000"} {
		admin.ok(receive, tenant, tenths, receiptLine(orderLines(admin, tenths)[0], 0.1, ""))
		require.Equal(t, want, status(tenths))
	}
}
