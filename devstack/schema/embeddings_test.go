package schema_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// axis is a vector of 1536 numbers that begins with the given ones.
func axis(numbers ...any) string {
	all := make([]string, 1536)
	for i := range all {
		all[i] = "0"
		if i < len(numbers) {
			all[i] = fmt.Sprint(numbers[i])
		}
	}
	return "[" + strings.Join(all, ",") + "]"
}

func TestTextsThatAreNoVectors(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	pump := one[string](admin, `select public.rpc_create_asset($1, 'Pump')`, tenant)
	store := `select public.rpc_upsert_asset_embedding($1, $2::text::extensions.vector)`
	search := `select public.rpc_similar_assets($1::text::extensions.vector)`
	admin.ok(store, pump, axis(1))

	for text, code := range map[string]string{
		"":                             "22P02",
		"abc":                          "22P02",
		"[1,2":                         "22P02",
		"{1,2}":                        "22P02",
		"[1,,2]":                       "22P02",
		axis("null"):                   "22P02",
		"[]":                           "22000",
		"[1,2,3]":                      "22000",
		axis("NaN"):                    "22000",
		axis("-Infinity"):              "22000",
		axis("1e39"):                   "22003",
		axis()[:len(axis())-1] + ",0]": "22000",
	} {
		admin.fails(code, store, pump, text)
		admin.fails(code, search, text)
	}
	admin.ok(store, pump, " "+strings.ReplaceAll(axis("1.50", "-2e-1"), ",", " , ")+" ")
	require.Equal(t, axis("1.5", "-0.2"), superOne[string](d, `select embedding::text from app.asset_embeddings where asset_id = $1`, pump))
	admin.ok(store, pump, axis("1e-60", "1e-30", "-1e-045"))
	require.Equal(t, axis("0", "1e-30", "-1e-45"), superOne[string](d, `select embedding::text from app.asset_embeddings where asset_id = $1`, pump), "what is too small for real is zero")
}

func TestWhoStoresAndReadsVectors(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	other, stranger := d.tenant()
	requestor := d.member(admin, "requestor")
	order := one[string](admin, `select public.rpc_create_work_order($1, 'Leak', p_assigned_to => $2)`, tenant, admin.id)
	theirs := one[string](stranger, `select public.rpc_create_work_order($1, 'Theirs')`, other)
	store := `select public.rpc_upsert_work_order_embedding($1, $2::text::extensions.vector, p_source_text => $3, p_model_name => $4)`
	get := `select public.rpc_get_work_order_embedding($1)::text`

	d.anon().fails("28000", store, order, axis(1), nil, nil)
	d.service().fails("28000", store, order, axis(1), nil, nil)
	for _, id := range []any{theirs, unknown, nil} {
		requestor.fails("23503", store, id, axis(1), nil, nil)
	}
	admin.with("client_id", "app").fails("42501", store, order, axis(1), nil, nil)
	requestor.fails("23502", store, order, nil, nil, nil)
	requestor.fails("23503", store, theirs, nil, nil, nil)
	requestor.ok(store, order, axis(1), "leak", "m1")
	requestor.ok(store, order, axis(0, 1), nil, "m2")
	require.Equal(t, "leak m2", superOne[string](d, `select source_text || ' ' || model_name from app.work_order_embeddings where work_order_id = $1`, order))

	byID := `select title from public.rpc_similar_past_work_orders_by_work_order_id($1, p_min_similarity => -1)`
	for _, c := range []caller{requestor, stranger, d.anon(), d.service()} {
		for _, id := range []any{order, unknown, nil} {
			c.fails("42704", get, id)
			c.fails("42704", byID, id)
		}
	}
	d.letSearchAnswer()
	require.Equal(t, axis(0, 1), one[string](requestor, get, order))
	require.Nil(t, one[*string](stranger, get, order))
	require.Nil(t, one[*string](requestor, get, theirs))
	d.anon().fails("28000", get, order)
	require.Zero(t, stranger.count(`select from app.work_order_embeddings`))
	admin.fails("42501", `delete from app.work_order_embeddings`)

	similar := `select title from public.rpc_similar_past_work_orders($1::text::extensions.vector, p_min_similarity => null)`
	require.Empty(t, column[string](admin, similar, axis(0, 1)), "it is not completed")
	past := one[string](admin, `select public.rpc_create_work_order($1, 'Past', p_assigned_to => $2)`, tenant, admin.id)
	admin.ok(`select public.rpc_transition_work_order_status($1, $2, 'in_progress')`, tenant, past)
	admin.ok(`select public.rpc_complete_work_order($1, $2)`, tenant, past)
	next := `select title from public.rpc_next_work_orders_for_embedding()`
	require.Equal(t, []string{"Past"}, column[string](requestor, next))
	require.Empty(t, column[string](stranger.in(tenant), next))
	requestor.ok(store, past, axis(1, 1), nil, nil)
	require.Empty(t, column[string](requestor, next))
	require.Equal(t, []string{"Past"}, column[string](admin, similar, axis(0, 1)))
	require.Equal(t, []string{"Past"}, column[string](admin, byID, order))
	require.Empty(t, column[string](admin, byID, past), "a work order is not like itself")
	require.Empty(t, column[string](admin, byID, unknown))
	require.Empty(t, column[string](stranger.in(tenant), similar, axis(0, 1)))

	d.super(`delete from app.work_orders where id = $1`, past)
	require.Equal(t, 1, superOne[int](d, `select count(*)::int from app.work_order_embeddings`))
}

func TestBatchesOfVectors(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	other, stranger := d.tenant()
	part := one[string](admin, `select public.rpc_create_part($1, 'P-1')`, tenant)
	theirs := one[string](stranger, `select public.rpc_create_part($1, 'P-1')`, other)
	batch := `select public.rpc_batch_upsert_part_embeddings($1::text::jsonb)`
	row := func(id string, rest string) string { return `{"part_id": "` + id + `"` + rest + `}` }
	good := row(part, `, "embedding": "`+axis(1)+`"`)
	stored := func() int { return superOne[int](d, `select count(*)::int from app.part_embeddings`) }

	for rows, code := range map[string]string{
		`{}`:                      "22000",
		`3`:                       "22000",
		`[` + row(part, ``) + `]`: "23502",
		`[` + good + `,{"part_id":"` + part + `","embedding":null}]`: "23502",
		`[` + good + `,{"part_id":"x"}]`:                             "22P02",
		`[` + good + `,` + row(part, `,"embedding":"[1]"`) + `]`:     "22000",
	} {
		admin.fails(code, batch, rows)
	}
	admin.fails("22000", batch, nil)
	require.Zero(t, stored(), "all or none")
	stranger.in(tenant).fails("42501", batch, `[]`)
	d.anon().fails("28000", batch, `[]`)
	require.Zero(t, one[int](admin, batch, `[null, "x", {}, {"embedding": "[1]"}]`))
	require.Equal(t, 2, one[int](admin, batch, `[`+good+`,`+row(unknown, ``)+`,`+row(theirs, ``)+`,`+row(part, `,"embedding":`+axis(0, 1))+`]`))
	require.Equal(t, 1, stored())
	require.Equal(t, []float64{1}, column[float64](admin, `select similarity_score from public.rpc_similar_parts($1::text::extensions.vector)`, axis(0, 2)))
}

func TestScoresOfSpecialVectors(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	for name, numbers := range map[string][]any{"same": {2}, "half": {1, 1}, "zero": nil, "opposite": {-1}} {
		id := one[string](admin, `select public.rpc_create_asset($1, $2)`, tenant, name)
		admin.ok(`select public.rpc_upsert_asset_embedding($1, $2::text::extensions.vector)`, id, axis(numbers...))
	}
	similar := `select name || ' ' || round(similarity_score::numeric, 3) from public.rpc_similar_assets($1::text::extensions.vector, 50, $2)`
	require.Equal(t, []string{"same 1.000", "half 0.707", "opposite -1.000", "zero NaN"}, column[string](admin, similar, axis(1e-20), nil))
	require.Equal(t, []string{"same 1.000", "half 0.707", "zero NaN"}, column[string](admin, similar, axis(3), 0.7), "NaN passes every threshold")
	require.ElementsMatch(t, []string{"same 0.000", "half 0.000", "opposite 0.000", "zero NaN"}, column[string](admin, similar, axis(1e20), nil), "its square is infinite to real")
	require.ElementsMatch(t, []string{"same 1.000", "half 1.000", "opposite -1.000", "zero NaN"}, column[string](admin, similar, axis(1e-30), nil), "its square is zero to real")
	unknownScores := `select count(*)::int from public.rpc_similar_assets(null, 50, $1) where similarity_score is null`
	require.Equal(t, 4, one[int](admin, unknownScores, nil))
	require.Zero(t, one[int](admin, unknownScores, 0))
}

// Dimensions are told whatever is there to compare with, but not to non-members.
func TestVectorsOfOtherDimensionsAreNotComparedWithNothing(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	_, stranger := d.tenant()
	for _, fn := range []string{"assets", "parts", "past_work_orders"} {
		similar := `select count(*)::int from public.rpc_similar_` + fn + `('[1,2,3]')`
		admin.fails("22000", similar)
		require.Zero(t, one[int](stranger.in(tenant), similar))
		require.Zero(t, one[int](admin, strings.Replace(similar, "'[1,2,3]'", "null", 1)))
		d.anon().fails("42501", similar)
		for _, c := range []caller{d.anon(), d.service()} {
			c.fails("22P02", strings.Replace(similar, "[1,2,3]", "abc", 1))
		}
	}
}

// What an import makes at once waits in the order in which it was named.
func TestImportsWaitForVectorsAsTheyCame(t *testing.T) {
	d := newDB(t)
	tenant, admin := d.tenant()
	names := strings.Split("f a d b e c", " ")
	rows := func(key string) string {
		all := make([]string, len(names))
		for i, n := range names {
			all[i] = fmt.Sprintf(`{%q: %q, "status": "completed"}`, key, n)
		}
		return "[" + strings.Join(all, ",") + "]"
	}
	admin.ok(`select public.rpc_bulk_import_work_orders($1, $2::text::jsonb)`, tenant, rows("title"))
	require.Equal(t, names, column[string](admin, `select title from public.rpc_next_work_orders_for_embedding()`))
	admin.ok(`select public.rpc_bulk_import_assets($1, $2::text::jsonb)`, tenant, strings.ReplaceAll(rows("name"), "completed", "active"))
	require.Equal(t, names, column[string](admin, `select name from public.rpc_next_assets_for_embedding()`))
}
