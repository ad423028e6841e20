package schema_test

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCreateCatalogEntries(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	other, otherAdmin := d.tenant()
	u := d.member(admin, "manager")

	status := `select public.rpc_create_status($1, $2, $3, 'N', $4, $5, $6)`
	id := one[string](admin, status, tenant, "work_order", "waiting", "final", 9, "#abc")
	require.Equal(t, 1, admin.count(`select * from public.v_status_catalogs where id = $1 and not is_final`, id))
	otherAdmin.ok(status, other, "work_order", "waiting", "open", 9, nil)
	for _, c := range []struct {
		code string
		args []any
	}{
		{"23505", []any{tenant, "work_order", "waiting", "open", 9, nil}},
		{"23503", []any{tenant, "work_order", "w2", "active", 9, nil}},
		{"23502", []any{tenant, "work_order", "w2", nil, 9, nil}},
		{"23502", []any{tenant, "work_order", nil, "open", 9, nil}},
		{"23514", []any{tenant, "work_order", "Bad-Key", "open", 9, nil}},
		{"23514", []any{tenant, "1x", "w2", "open", 9, nil}},
		{"23514", []any{tenant, "work_order", "w2", "open", 9, "red"}},
		{"23514", []any{tenant, "work_order", "w2", "open", -1, nil}},
		{"23503", []any{unknown, "work_order", "w2", "open", 1, nil}},
	} {
		admin.fails(c.code, status, c.args...)
	}
	u.fails("42501", status, tenant, "work_order", "w2", "open", 1, nil)
	d.anon().fails("28000", status, tenant, "work_order", "w2", "open", 1, nil)

	priority := `select public.rpc_create_priority($1, 'Any Type', $2, 'N', $3, 1)`
	admin.ok(priority, tenant, "urgent", 5)
	admin.fails("23505", priority, tenant, "urgent", 5)
	admin.fails("23514", priority, tenant, "urgent2", -5)
	u.fails("42501", priority, tenant, "x", 5)

	mt := `select public.rpc_create_maintenance_type($1, $2, $3, 'N', p_display_order => $4)`
	id = one[string](admin, mt, tenant, "reactive", "hotfix", nil)
	require.Equal(t, 5, one[int](admin, `select display_order from public.v_maintenance_type_catalogs where id = $1 and entity_type = 'work_order' and not is_system`, id))
	admin.fails("23503", mt, tenant, "preventive", "x", nil)
	admin.fails("23505", mt, tenant, "lean", "hotfix", 1)
	admin.fails("23514", mt, tenant, "lean", "Bad", 1)

	transition := `select public.rpc_create_status_transition($1, 'work_order', $2, $3)`
	admin.fails("23503", transition, tenant, "nope", "draft")
	admin.fails("23503", transition, tenant, "draft", "nope")
	admin.fails("23505", transition, tenant, "draft", "assigned")
	admin.ok(transition, tenant, "waiting", "waiting")
	u.fails("42501", transition, tenant, "waiting", "draft")
	require.Equal(t, 8, admin.count(`select * from public.v_status_transitions`))
}

func TestWorkflowGraph(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	_, outsider := d.tenant()
	graph := func(entity string) map[string]any {
		return one[map[string]any](admin, `select public.rpc_get_workflow_graph($1, $2)`, tenant, entity)
	}
	g := graph("work_order")
	require.Equal(t, tenant, g["tenant_id"])
	var edges []struct {
		From string  `json:"from_status_key"`
		To   string  `json:"to_status_key"`
		Perm *string `json:"required_permission"`
	}
	raw, err := json.Marshal(g["transitions"])
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(raw, &edges))
	require.Len(t, edges, 7)
	require.Equal(t, "assigned cancelled workorder.cancel", edges[0].From+" "+edges[0].To+" "+*edges[0].Perm)
	require.Equal(t, map[string]any{"entity_type": "asset", "tenant_id": tenant, "transitions": nil}, graph("asset"))
	outsider.fails("42501", `select public.rpc_get_workflow_graph($1, 'work_order')`, tenant)
}

func TestGuards(t *testing.T) {
	d := newDB(t)
	for _, c := range []struct {
		guard, entity string
		want          bool
	}{
		{`{}`, `{}`, true},
		{`{"f": "not_null"}`, `{"f": 1}`, true},
		{`{"f": "not_null"}`, `{"f": null}`, false},
		{`{"f": "not_null"}`, `{"f": "null"}`, false},
		{`{"f": "not_null"}`, `{}`, false},
		{`{"f": "null"}`, `{}`, true},
		{`{"f": "null"}`, `{"f": "null"}`, true},
		{`{"f": "null"}`, `{"f": null}`, false},
		{`{"f": "null"}`, `{"f": 1}`, false},
		{`{"f": {"equals": "a"}}`, `{"f": "a"}`, true},
		{`{"f": {"equals": {"x": 1}}}`, `{"f": {"x": 1.0}}`, true},
		{`{"f": {"equals": "1"}}`, `{"f": 1}`, false},
		{`{"f": {"equals": "a"}}`, `{}`, false},
		{`{"f": {"in": ["a", "b"]}}`, `{"f": "b"}`, true},
		{`{"f": {"in": ["a", "b"]}}`, `{"f": "c"}`, false},
		{`{"f": {"in": ["a"]}}`, `{}`, true},
		{`{"f": {"in": ["a"]}}`, `{"f": null}`, false},
		{`{"f": {"in": ["a", null]}}`, `{"f": null}`, true},
		{`{"f": {"not_in": ["a"]}}`, `{"f": "b"}`, true},
		{`{"f": {"not_in": ["a"]}}`, `{"f": "a"}`, false},
		{`{"f": {"not_in": ["a"]}}`, `{}`, true},
		{`{"f": {"in": ["a", "b"], "not_in": ["b"]}}`, `{"f": "b"}`, false},
		{`{"f": {"in": ["a", "b"], "not_in": ["b"]}}`, `{"f": "a"}`, true},
		{`{"f": "not_null", "g": "not_null"}`, `{"f": 1}`, false},
		{`{"f": "whatever", "g": 1, "h": true, "i": null, "j": ["a"]}`, `{}`, true},
	} {
		require.Equal(t, c.want, superOne[bool](d, `select cfg.guard_passes($1::text::jsonb, $2::text::jsonb)`, c.guard, c.entity), "%s on %s", c.guard, c.entity)
	}
	require.True(t, superOne[bool](d, `select cfg.guard_passes(null, '{}')`))

	tenant, admin := d.tenant()
	edge := `select public.rpc_create_status_transition($1, 'work_order', 'draft', $2, null, $3::text::jsonb)`
	move := `select public.rpc_transition_work_order_status($1, $2, $3)`
	admin.ok(edge, tenant, "in_progress", `{"assigned_to": "not_null"}`)
	admin.ok(edge, tenant, "completed", `["no object"]`)
	wo := one[string](admin, `select public.rpc_create_work_order($1, 'W')`, tenant)
	admin.fails("23503", move, tenant, wo, "in_progress")
	admin.fails("22023", move, tenant, wo, "completed")
	d.super(`update app.work_orders set assigned_to = $2 where id = $1`, wo, admin.id)
	admin.ok(move, tenant, wo, "in_progress")
}

func TestDepartments(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	other, otherAdmin := d.tenant()
	u := d.member(admin, "manager")
	create, update, remove := `select public.rpc_create_department($1, $2, $3, $4)`, `select public.rpc_update_department($1, $2, $3, $4, $5)`, `select public.rpc_delete_department($1, $2)`

	id := one[string](admin, create, tenant, "Line", "Text", "L_1")
	d.super(`insert into app.assets (tenant_id, name, department_id) values ($1, 'Pump', $2)`, tenant, id)
	admin.ok(update, tenant, id, "Line 2", nil, nil)
	require.Equal(t, "Line 2|Text|L_1", one[string](admin, `select concat_ws('|', name, description, code) from public.v_departments`))
	admin.ok(update, tenant, id, nil, "", nil)
	require.Empty(t, one[string](admin, `select description from public.v_departments`))

	foreign := one[string](otherAdmin, create, other, "F", nil, "L_1")
	for _, c := range []struct {
		code string
		args []any
	}{
		{"23502", []any{tenant, nil, nil, nil}},
		{"23514", []any{tenant, "", nil, nil}},
		{"23514", []any{tenant, "N", nil, "lower"}},
		{"23514", []any{tenant, "N", nil, ""}},
		{"23505", []any{tenant, "N", nil, "L_1"}},
		{"23503", []any{unknown, "N", nil, nil}},
		{"42501", []any{other, "N", nil, nil}},
	} {
		admin.fails(c.code, create, c.args...)
	}
	u.fails("42501", create, tenant, "N", nil, nil)
	d.anon().fails("28000", create, tenant, "N", nil, nil)
	admin.fails("P0001", update, tenant, unknown, "N", nil, nil)
	admin.fails("42501", update, tenant, foreign, "N", nil, nil)
	admin.fails("23514", update, tenant, id, "", nil, nil)
	admin.fails("P0001", remove, tenant, unknown)
	admin.fails("42501", remove, tenant, foreign)
	u.fails("42501", remove, tenant, id)
	admin.ok(remove, tenant, id)
	require.Nil(t, superOne[*string](d, `select department_id::text from app.assets`))
}

func TestBulkImportDepartments(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	u := d.member(admin, "member")
	imp := `select public.rpc_bulk_import_departments($1, $2::text::jsonb)`
	res := one[map[string]any](admin, imp, tenant, `[{"name": " A ", "code": " AA "}, {"code": "B"}, {"name": "C", "code": "low"}, {"name": "D", "code": "AA"}, "x", {"name": "E", "code": " "}]`)
	require.Len(t, res["created_ids"], 2)
	var at []float64
	for _, e := range res["errors"].([]any) {
		at = append(at, e.(map[string]any)["index"].(float64))
		require.NotEmpty(t, e.(map[string]any)["message"])
	}
	require.Equal(t, []float64{1, 2, 3, 4}, at)
	require.Equal(t, []string{"A:AA", "E:-"}, column[string](admin, `select name || ':' || coalesce(code, '-') from public.v_departments order by 1`))
	require.Equal(t, map[string]any{"created_ids": []any{}, "errors": []any{}}, one[map[string]any](admin, imp, tenant, `[]`))
	admin.fails("22P02", imp, tenant, `{}`)
	admin.fails("22004", imp, tenant, nil)
	u.fails("42501", imp, tenant, `[]`)
}
