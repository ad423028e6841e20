package schema_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAliases(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	other, otherAdmin := d.tenant()
	member := d.member(admin, "member")
	pump := one[string](admin, `select public.rpc_create_asset($1, 'P-7')`, tenant)
	fan := one[string](admin, `select public.rpc_create_asset($1, 'F-1')`, tenant)
	register := `select public.rpc_register_entity_alias($1, $2, $3, $4)`

	admin.fails("42704", register, tenant, "asset", pump, "Bertha")
	admin.fails("42704", register, tenant, nil, nil, "Bertha")
	admin.fails("23514", register, tenant, "asset", pump, " ")
	member.fails("42501", register, tenant, "asset", pump, "Bertha")
	d.letSearchAnswer()
	member.fails("42501", register, tenant, "asset", pump, "Bertha")
	d.anon().fails("28000", register, tenant, "asset", pump, "Bertha")
	otherAdmin.fails("42501", register, tenant, "asset", pump, "Bertha")
	for _, text := range []any{nil, "", "  ", strings.Repeat("x", 501)} {
		admin.fails("23514", register, tenant, "asset", pump, text)
	}
	for _, kind := range []string{"", "Asset", "1a"} {
		admin.fails("23514", register, tenant, kind, pump, "Bertha")
	}
	admin.fails("23502", register, tenant, nil, pump, "Bertha")
	admin.fails("23502", register, tenant, "asset", nil, "Bertha")

	id := one[int64](admin, register, tenant, "asset", pump, " Big Bertha ")
	require.Equal(t, id, one[int64](admin, register, tenant, "asset", fan, "big bertha"), "it moves, whatever its case")
	require.NotEqual(t, id, one[int64](admin, register, tenant, "part", fan, "big bertha"))
	require.NotEqual(t, id, one[int64](otherAdmin, register, other, "asset", fan, "big bertha"))
	one[int64](admin, register, tenant, "work_order", unknown, "bertha's order")

	v1 := `select entity_type || ' ' || label || ' ' || match_type || ' ' || score from public.rpc_search_entity_candidates($1)`
	v2 := `select label || ' ' || match_type || ' ' || score || ' ' || subtitle from public.rpc_search_entity_candidates_v2($1)`
	require.Equal(t, []string{"asset big bertha alias 1", "part big bertha alias 1", "work_order bertha's order alias 1"},
		column[string](member, v1, "BERTHA"), "aliases of any type, of things that do not exist too")
	require.Equal(t, []string{"F-1 alias_partial 0.96 alias: big bertha · active"}, column[string](member, v2, "BERTHA"))
	require.Equal(t, []string{"F-1 alias_exact 1.00 alias: big bertha · active"},
		column[string](member, strings.Replace(v2, "score", "to_char(score, 'FM0.00')", 1), "big bertha"))
	require.Len(t, column[string](otherAdmin, v1, "bertha"), 1, "another tenant has its own")
	require.Empty(t, column[string](otherAdmin, v2, "bertha"), "for a thing that is not its own")
	require.Zero(t, otherAdmin.count(`select from app.entity_aliases where tenant_id = $1`, tenant))
	admin.fails("42501", `delete from app.entity_aliases`)
}

func TestCandidatesAreOnesOwn(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	_, stranger := d.tenant()
	for _, name := range []string{"Pump", "Pump A", `100% \ _`} {
		admin.ok(`select public.rpc_create_asset($1, $2)`, tenant, name)
	}
	for _, fn := range []string{"rpc_search_entity_candidates", "rpc_search_entity_candidates_v2"} {
		find := `select label from public.` + fn + `($1, $2)`
		require.Equal(t, []string{"Pump", "Pump A"}, column[string](admin, find, " pump ", nil))
		require.Empty(t, column[string](admin, find, "pump", []string{}))
		require.Empty(t, column[string](admin, find, "  ", nil))
		require.Empty(t, column[string](stranger, find, "pump", nil))
		require.Empty(t, column[string](stranger.in(tenant), find, "pump", nil), "a claim makes no member")
		require.Equal(t, []string{`100% \ _`}, column[string](admin, find, `100\% \\ \_`, nil))
		require.Len(t, column[string](admin, find, `%`, nil), 3)
		without := stranger
		without.claims = map[string]any{"sub": stranger.id, "role": "authenticated"}
		without.fails("P0001", find, "pump", nil)
		d.anon().fails("42501", find, "pump", nil)
		d.service().fails("42501", find, "pump", nil)
	}
}

// fillSearch gives a tenant an alias and vectors.
func fillSearch(admin caller, wo, asset string) {
	const vector = `(select ('[' || string_agg('0.5', ',') || ']')::extensions.vector from generate_series(1, 1536))`
	tenant := admin.tenant()
	admin.db.letSearchAnswer()
	admin.ok(`select public.rpc_register_entity_alias($1, 'asset', $2, 'Old Bess')`, tenant, asset)
	admin.ok(`select public.rpc_upsert_work_order_embedding($1, `+vector+`, null, null, null, null)`, wo)
	admin.ok(`select public.rpc_upsert_asset_embedding($1, `+vector+`, null, null, null, null)`, asset)
	part := superOne[string](admin.db, `select id::text from app.parts where tenant_id = $1 limit 1`, tenant)
	admin.ok(`select public.rpc_upsert_part_embedding($1, `+vector+`, null, null, null, null)`, part)
}
