package search_test

import (
	"context"
	"encoding/json"
	"math"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/internal/apitest"
	"github.com/workorder-systems/sdk-go/search"
	"github.com/workorder-systems/sdk-go/types"
	"github.com/workorder-systems/sdk-go/workorders"
)

// vector begins with the numbers.
func vector(numbers ...float32) types.Vector {
	return append(types.Vector(numbers), make(types.Vector, search.Dimensions-len(numbers))...)
}

// sent is a vector as requests hold it.
func sent(v types.Vector) string { return `"` + v.String() + `"` }

func TestWireRequests(t *testing.T) {
	one, half := vector(1), vector(0.5, -1e-20)
	score := 0.25
	apitest.RunCalls(t, []apitest.Call{
		{
			Name: "RegisterEntityAlias",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.SemanticSearch.RegisterEntityAlias(ctx, search.RegisterEntityAliasParams{EntityType: search.Asset, EntityID: "a1", AliasText: " Bertha "})
			},
			RPC:   "rpc_register_entity_alias",
			Body:  `{"p_tenant_id":"t1","p_entity_type":"asset","p_entity_id":"a1","p_alias_text":"Bertha"}`,
			Reply: `9007199254740993`, Want: int64(9007199254740993),
		},
		{
			Name: "SearchEntityCandidates escapes wildcards",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.SemanticSearch.SearchEntityCandidates(ctx, search.CandidatesParams{Query: `100%_\`})
			},
			RPC:   "rpc_search_entity_candidates",
			Body:  `{"p_query":"100\\%\\_\\\\"}`,
			Reply: `[{"entity_type":"asset","entity_id":"a1","label":"x","match_type":"name","score":0.8}]`,
			Want:  []search.Candidate{{EntityType: "asset", EntityID: "a1", Label: "x", MatchType: "name", Score: 0.8}},
		},
		{
			Name: "SearchEntityCandidates of no kind",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.SemanticSearch.SearchEntityCandidates(ctx, search.CandidatesParams{EntityTypes: []string{}, Limit: 3})
			},
			RPC:   "rpc_search_entity_candidates",
			Body:  `{"p_query":"","p_entity_types":[],"p_limit":3}`,
			Reply: `[]`, Want: []search.Candidate{},
		},
		{
			Name: "SearchEntityCandidatesV2",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.SemanticSearch.SearchEntityCandidatesV2(ctx, search.CandidatesParams{Query: "pump", EntityTypes: []string{search.Part}})
			},
			RPC:  "rpc_search_entity_candidates_v2",
			Body: `{"p_query":"pump","p_entity_types":["part"]}`,
			Reply: `[{"entity_type":"part","entity_id":"p1","label":"Pump","match_type":"name_exact","score":0.95,"subtitle":"P-1",
				"site_name":null,"location_path":null,"asset_number":null,"barcode":null,"part_number":"P-1","supplier_name":"S","disambiguation_hint":"P-1 · S"}]`,
			Want: []search.CandidateDetails{{
				EntityType: "part", EntityID: "p1", Label: "Pump", MatchType: search.NameExact, Score: 0.95, Subtitle: new("P-1"),
				PartNumber: new("P-1"), SupplierName: new("S"), DisambiguationHint: new("P-1 · S"),
			}},
		},
		{
			Name: "UpsertWorkOrderEmbedding",
			Do: apitest.Void(func(ctx context.Context, c *workorder.Client) error {
				return c.SemanticSearch.UpsertWorkOrderEmbedding(ctx, search.WorkOrderEmbedding{WorkOrderID: "w1", Embedding: half})
			}),
			RPC: "rpc_upsert_work_order_embedding",
			Body: `{"p_work_order_id":"w1","p_embedding":` + sent(half) + `,"p_source_text":null,"p_model_name":null,"p_model_version":null,
				"p_content_hash":null,"p_embedding_profile":null}`,
		},
		{
			Name: "UpsertAssetEmbedding",
			Do: apitest.Void(func(ctx context.Context, c *workorder.Client) error {
				return c.SemanticSearch.UpsertAssetEmbedding(ctx, search.AssetEmbedding{
					AssetID: "a1", Embedding: one, SourceText: "s", ModelName: "m", ModelVersion: "v", ContentHash: "h", EmbeddingProfile: "p",
				})
			}),
			RPC: "rpc_upsert_asset_embedding",
			Body: `{"p_asset_id":"a1","p_embedding":` + sent(one) + `,"p_source_text":"s","p_model_name":"m","p_model_version":"v",
				"p_content_hash":"h","p_embedding_profile":"p"}`,
		},
		{
			Name: "UpsertPartEmbedding",
			Do: apitest.Void(func(ctx context.Context, c *workorder.Client) error {
				return c.SemanticSearch.UpsertPartEmbedding(ctx, search.PartEmbedding{PartID: "p1", Embedding: one})
			}),
			RPC: "rpc_upsert_part_embedding",
			Body: `{"p_part_id":"p1","p_embedding":` + sent(one) + `,"p_source_text":null,"p_model_name":null,"p_model_version":null,
				"p_content_hash":null,"p_embedding_profile":null}`,
		},
		{
			Name: "BatchUpsertWorkOrderEmbeddings",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.SemanticSearch.BatchUpsertWorkOrderEmbeddings(ctx, []search.WorkOrderEmbedding{{WorkOrderID: "w1", Embedding: one, ModelName: "m"}, {WorkOrderID: "w2", Embedding: half}})
			},
			RPC:   "rpc_batch_upsert_work_order_embeddings",
			Body:  `{"p_rows":[{"work_order_id":"w1","embedding":` + sent(one) + `,"model_name":"m"},{"work_order_id":"w2","embedding":` + sent(half) + `}]}`,
			Reply: `1`, Want: 1,
		},
		{
			Name: "BatchUpsertAssetEmbeddings",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.SemanticSearch.BatchUpsertAssetEmbeddings(ctx, []search.AssetEmbedding{{
					AssetID: "a1", Embedding: one, SourceText: "s", ModelVersion: "v", ContentHash: "h", EmbeddingProfile: "p",
				}})
			},
			RPC:   "rpc_batch_upsert_asset_embeddings",
			Body:  `{"p_rows":[{"asset_id":"a1","embedding":` + sent(one) + `,"source_text":"s","model_version":"v","content_hash":"h","embedding_profile":"p"}]}`,
			Reply: `1`, Want: 1,
		},
		{
			Name: "BatchUpsertPartEmbeddings",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.SemanticSearch.BatchUpsertPartEmbeddings(ctx, []search.PartEmbedding{{PartID: "p1", Embedding: one}})
			},
			RPC:   "rpc_batch_upsert_part_embeddings",
			Body:  `{"p_rows":[{"part_id":"p1","embedding":` + sent(one) + `}]}`,
			Reply: `1`, Want: 1,
		},
		{
			Name: "GetWorkOrderEmbedding",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.SemanticSearch.GetWorkOrderEmbedding(ctx, "w1")
			},
			RPC: "rpc_get_work_order_embedding", Body: `{"p_work_order_id":"w1"}`,
			Reply: sent(half), Want: half,
		},
		{
			Name: "GetWorkOrderEmbedding of none",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.SemanticSearch.GetWorkOrderEmbedding(ctx, "w1")
			},
			RPC: "rpc_get_work_order_embedding", Body: `{"p_work_order_id":"w1"}`,
			Reply: `null`, Want: types.Vector(nil),
		},
		{
			Name: "NextWorkOrdersForEmbedding",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.SemanticSearch.NextWorkOrdersForEmbedding(ctx, 0)
			},
			RPC: "rpc_next_work_orders_for_embedding", Body: `{}`,
			Reply: `[{"work_order_id":"w1","tenant_id":"t1","title":"Leak","description":null,"cause":"wear","resolution":null,"asset_name":null,"location_name":"Hall"}]`,
			Want:  []search.PendingWorkOrder{{WorkOrderID: "w1", TenantID: "t1", Title: "Leak", Cause: new("wear"), LocationName: new("Hall")}},
		},
		{
			Name: "NextAssetsForEmbedding",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.SemanticSearch.NextAssetsForEmbedding(ctx, 7)
			},
			RPC: "rpc_next_assets_for_embedding", Body: `{"p_limit":7}`,
			Reply: `[{"asset_id":"a1","tenant_id":"t1","name":"Pump","description":"d","asset_number":"A-1","location_name":null}]`,
			Want:  []search.PendingAsset{{AssetID: "a1", TenantID: "t1", Name: "Pump", Description: new("d"), AssetNumber: new("A-1")}},
		},
		{
			Name: "NextPartsForEmbedding",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.SemanticSearch.NextPartsForEmbedding(ctx, 500)
			},
			RPC: "rpc_next_parts_for_embedding", Body: `{"p_limit":500}`,
			Reply: `[{"part_id":"p1","tenant_id":"t1","part_number":"P-1","name":null,"description":null}]`,
			Want:  []search.PendingPart{{PartID: "p1", TenantID: "t1", PartNumber: "P-1"}},
		},
		{
			Name: "SimilarPastWorkOrders",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.SemanticSearch.SimilarPastWorkOrders(ctx, search.SimilarPastWorkOrdersParams{QueryEmbedding: one})
			},
			RPC: "rpc_similar_past_work_orders", Body: `{"p_query_embedding":` + sent(one) + `}`,
			Reply: `[{"work_order_id":"w1","title":"Leak","description":null,"status":"completed","completed_at":"2026-01-02T03:04:05+00:00",
				"similarity_score":0.6,"asset_id":"a1","location_id":null,"cause":null,"resolution":"sealed"}]`,
			Want: []search.SimilarWorkOrder{{
				WorkOrderID: "w1", Title: "Leak", Status: "completed", CompletedAt: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
				SimilarityScore: 0.6, AssetID: new("a1"), Resolution: new("sealed"),
			}},
		},
		{
			Name: "SimilarPastWorkOrders of any score",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.SemanticSearch.SimilarPastWorkOrders(ctx, search.SimilarPastWorkOrdersParams{QueryEmbedding: one, Limit: 50, ExcludeWorkOrderID: "w9", NoThreshold: true})
			},
			RPC: "rpc_similar_past_work_orders", Body: `{"p_query_embedding":` + sent(one) + `,"p_limit":50,"p_exclude_work_order_id":"w9","p_min_similarity":null}`,
			Reply: `[]`, Want: []search.SimilarWorkOrder{},
		},
		{
			Name: "SimilarPastWorkOrdersByWorkOrderID",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.SemanticSearch.SimilarPastWorkOrdersByWorkOrderID(ctx, search.SimilarPastWorkOrdersByWorkOrderIDParams{WorkOrderID: "w1", Limit: 2, MinSimilarity: &score})
			},
			RPC: "rpc_similar_past_work_orders_by_work_order_id", Body: `{"p_work_order_id":"w1","p_limit":2,"p_min_similarity":0.25}`,
			Reply: `[]`, Want: []search.SimilarWorkOrder{},
		},
		{
			Name: "SimilarAssets",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.SemanticSearch.SimilarAssets(ctx, search.SimilarParams{QueryEmbedding: one, Limit: 3, MinSimilarity: &score})
			},
			RPC: "rpc_similar_assets", Body: `{"p_query_embedding":` + sent(one) + `,"p_limit":3,"p_min_similarity":0.25}`,
			Reply: `[{"asset_id":"a1","name":"Pump","description":null,"asset_number":"A-1","similarity_score":-1}]`,
			Want:  []search.SimilarAsset{{AssetID: "a1", Name: "Pump", AssetNumber: new("A-1"), SimilarityScore: -1}},
		},
		{
			Name: "SimilarParts",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.SemanticSearch.SimilarParts(ctx, search.SimilarParams{QueryEmbedding: one})
			},
			RPC: "rpc_similar_parts", Body: `{"p_query_embedding":` + sent(one) + `}`,
			Reply: `[{"part_id":"p1","name":null,"description":null,"part_number":"P-1","similarity_score":1}]`,
			Want:  []search.SimilarPart{{PartID: "p1", PartNumber: "P-1", SimilarityScore: 1}},
		},
		{
			Name: "CreateWorkOrderSafe",
			Do: func(ctx context.Context, c *workorder.Client) (any, error) {
				return c.Agent.CreateWorkOrderSafe(ctx, workorders.CreateWorkOrderParams{Title: "Leak", ClientRequestID: "r1"})
			},
			RPC: "rpc_create_work_order",
			Body: `{"p_tenant_id":"t1","p_title":"Leak","p_description":null,"p_priority":"medium","p_maintenance_type":null,"p_assigned_to":null,
				"p_location_id":null,"p_asset_id":null,"p_due_date":null,"p_pm_schedule_id":null,"p_project_id":null,"p_client_request_id":"r1"}`,
			Reply: `"w1"`, Want: search.CreatedWorkOrder{WorkOrderID: "w1", ClientRequestID: "r1"},
		},
	})
}

func TestScoreOfAVectorOfZeros(t *testing.T) {
	c, srv := apitest.New(t)
	srv.Reply(http.StatusOK, `[{"asset_id":"a1","name":"Pump","similarity_score":"NaN"}]`)
	got, err := c.SemanticSearch.SimilarAssets(t.Context(), search.SimilarParams{QueryEmbedding: vector(1)})
	require.NoError(t, err)
	require.True(t, math.IsNaN(got[0].SimilarityScore))
}

func TestVectorsThatTheServerDoesNotTake(t *testing.T) {
	c, srv := apitest.New(t)
	ctx, s := t.Context(), c.SemanticSearch
	nan, inf := vector(1), vector(1)
	nan[700], inf[1535] = float32(math.NaN()), float32(math.Inf(1))
	for name, v := range map[string]types.Vector{
		"none": nil, "empty": {}, "short": vector(1)[1:], "long": append(vector(1), 1), "NaN": nan, "infinite": inf, "zeros": vector(),
	} {
		for field, err := range map[string]error{
			"QueryEmbedding": apitest.Err(s.SimilarAssets(ctx, search.SimilarParams{QueryEmbedding: v})),
			"Embedding":      s.UpsertPartEmbedding(ctx, search.PartEmbedding{PartID: "p1", Embedding: v}),
			"[1].Embedding": apitest.Err(s.BatchUpsertAssetEmbeddings(ctx, []search.AssetEmbedding{
				{AssetID: "a1", Embedding: vector(1)}, {AssetID: "a2", Embedding: v},
			})),
		} {
			require.ErrorIs(t, err, workorder.ErrInvalidInput, name)
			require.ErrorContains(t, err, ": "+field+" ", name)
		}
		require.Error(t, apitest.Err(s.SimilarPastWorkOrders(ctx, search.SimilarPastWorkOrdersParams{QueryEmbedding: v})), name)
		require.Error(t, apitest.Err(s.SimilarParts(ctx, search.SimilarParams{QueryEmbedding: v})), name)
		require.Error(t, s.UpsertWorkOrderEmbedding(ctx, search.WorkOrderEmbedding{WorkOrderID: "w1", Embedding: v}), name)
		require.Error(t, s.UpsertAssetEmbedding(ctx, search.AssetEmbedding{AssetID: "a1", Embedding: v}), name)
	}
	srv.WantNoRequest(t)
}

func TestRefusedBeforeSending(t *testing.T) {
	c, srv := apitest.New(t)
	ctx, s := t.Context(), c.SemanticSearch
	v, score, nan := vector(1), 0.5, math.NaN()
	for _, tc := range []struct {
		field string
		err   error
	}{
		{"EntityType", apitest.Err(s.RegisterEntityAlias(ctx, search.RegisterEntityAliasParams{EntityID: "a1", AliasText: "x"}))},
		{"EntityID", apitest.Err(s.RegisterEntityAlias(ctx, search.RegisterEntityAliasParams{EntityType: "asset", AliasText: "x"}))},
		{"AliasText", apitest.Err(s.RegisterEntityAlias(ctx, search.RegisterEntityAliasParams{EntityType: "asset", EntityID: "a1", AliasText: " "}))},
		{"EntityType", apitest.Err(s.RegisterEntityAlias(ctx, search.RegisterEntityAliasParams{EntityType: "Asset", EntityID: "a1", AliasText: "x"}))},
		{"EntityType", apitest.Err(s.RegisterEntityAlias(ctx, search.RegisterEntityAliasParams{EntityType: "1_asset", EntityID: "a1", AliasText: "x"}))},
		{"EntityTypes", apitest.Err(s.SearchEntityCandidatesV2(ctx, search.CandidatesParams{Query: "x", EntityTypes: []string{search.Asset, "assets"}}))},
		{"EntityTypes", apitest.Err(c.Agent.SearchEntities(ctx, search.CandidatesParams{Query: "x", EntityTypes: []string{"work_order"}}))},
		{"Limit", apitest.Err(s.SearchEntityCandidates(ctx, search.CandidatesParams{Query: "x", Limit: -1}))},
		{"Limit", apitest.Err(s.SearchEntityCandidatesV2(ctx, search.CandidatesParams{Query: "x", Limit: math.MaxInt64}))},
		{"Limit", apitest.Err(s.NextAssetsForEmbedding(ctx, -1))},
		{"WorkOrderID", s.UpsertWorkOrderEmbedding(ctx, search.WorkOrderEmbedding{Embedding: v})},
		{"[0].PartID", apitest.Err(s.BatchUpsertPartEmbeddings(ctx, []search.PartEmbedding{{Embedding: v}}))},
		{"the work order id", apitest.Err(s.GetWorkOrderEmbedding(ctx, ""))},
		{"WorkOrderID", apitest.Err(s.SimilarPastWorkOrdersByWorkOrderID(ctx, search.SimilarPastWorkOrdersByWorkOrderIDParams{}))},
		{"NoThreshold", apitest.Err(s.SimilarPastWorkOrders(ctx, search.SimilarPastWorkOrdersParams{QueryEmbedding: v, MinSimilarity: &score, NoThreshold: true}))},
		{"MinSimilarity", apitest.Err(s.SimilarAssets(ctx, search.SimilarParams{QueryEmbedding: v, MinSimilarity: &nan}))},
		{"Domain", apitest.Err(s.EmbedSearch(ctx, search.EmbedSearchParams{Domain: "locations", QueryText: "x"}))},
		{"QueryText", apitest.Err(s.EmbedSearch(ctx, search.EmbedSearchParams{Domain: search.Parts, QueryText: " \n"}))},
		{"DetailLevel", apitest.Err(s.EmbedSearch(ctx, search.EmbedSearchParams{Domain: search.Parts, QueryText: "x", DetailLevel: "all"}))},
		{"ExcludeWorkOrderID", apitest.Err(s.EmbedSearch(ctx, search.EmbedSearchParams{Domain: search.Parts, QueryText: "x", ExcludeWorkOrderID: "w1"}))},
		{"Domains", apitest.Err(s.EmbedIndex(ctx, search.EmbedIndexParams{Domains: []search.Domain{""}}))},
		{"the embedder", apitest.Err(s.EmbedPending(ctx, nil, search.EmbedPendingParams{}))},
		{"the limit", apitest.Err(c.Agent.ListPartsSummary(ctx, -1))},
		{"TenantID", apitest.Err(c.Agent.EnsureTenant(ctx, search.EnsureTenantParams{TenantID: " "}))},
	} {
		srv.WantRefused(t, tc.field, tc.err)
	}
	n, err := s.BatchUpsertWorkOrderEmbeddings(ctx, nil)
	require.NoError(t, err)
	require.Zero(t, n)
	srv.WantNoRequest(t)
}

// A token of no tenant finds nothing, which must not look like an empty tenant.
func TestSearchesNeedATenant(t *testing.T) {
	base, srv := apitest.New(t)
	c := base.AsUser(apitest.JWT(map[string]any{"sub": "u1", "role": "authenticated"}))
	ctx, s := t.Context(), c.SemanticSearch
	for name, err := range map[string]error{
		"v1":         apitest.Err(s.SearchEntityCandidates(ctx, search.CandidatesParams{Query: "x"})),
		"v2":         apitest.Err(c.Agent.SearchEntities(ctx, search.CandidatesParams{Query: "x"})),
		"orders":     apitest.Err(s.SimilarPastWorkOrders(ctx, search.SimilarPastWorkOrdersParams{QueryEmbedding: vector(1)})),
		"parts":      apitest.Err(s.SimilarParts(ctx, search.SimilarParams{QueryEmbedding: vector(1)})),
		"queue":      apitest.Err(s.NextPartsForEmbedding(ctx, 1)),
		"batch":      apitest.Err(s.BatchUpsertPartEmbeddings(ctx, nil)),
		"pending":    apitest.Err(s.EmbedPending(ctx, func(context.Context, string) (types.Vector, error) { return nil, nil }, search.EmbedPendingParams{})),
		"index":      apitest.Err(s.EmbedIndex(ctx, search.EmbedIndexParams{})),
		"parts list": apitest.Err(c.Agent.ListPartsSummary(ctx, 1)),
	} {
		require.ErrorIs(t, err, workorder.ErrNoTenant, name)
	}
	srv.WantNoRequest(t)
}

// Errors name the method that was called, not what it is made of.
func TestErrorsOfTheAgentNameItsMethods(t *testing.T) {
	base, srv := apitest.New(t)
	c := base.AsUser(apitest.JWT(map[string]any{"sub": "u1", "role": "authenticated"}))
	ctx := t.Context()
	for method, call := range map[string]func() error{
		"ResolveTenant":          func() error { return apitest.Err(c.Agent.ResolveTenant(ctx)) },
		"ListWorkOrdersSummary":  func() error { return apitest.Err(base.Agent.ListWorkOrdersSummary(ctx, 1)) },
		"GetWorkOrderSummary":    func() error { return apitest.Err(base.Agent.GetWorkOrderSummary(ctx, "w1")) },
		"ListAssetsSummary":      func() error { return apitest.Err(base.Agent.ListAssetsSummary(ctx, 1)) },
		"ListPartsSummary":       func() error { return apitest.Err(base.Agent.ListPartsSummary(ctx, 1)) },
		"ListPMSchedulesSummary": func() error { return apitest.Err(base.Agent.ListPMSchedulesSummary(ctx, 1)) },
		"SearchEntities":         func() error { return apitest.Err(base.Agent.SearchEntities(ctx, search.CandidatesParams{Query: "x"})) },
	} {
		srv.ReplyError(http.StatusForbidden, "42501", "not for you")
		var e *workorder.SdkError
		require.ErrorAs(t, call(), &e, method)
		require.Equal(t, "Agent."+method, e.Op)
		require.ErrorIs(t, e, workorder.ErrPermissionDenied)
	}
	require.EqualError(t, apitest.Err(base.Agent.GetWorkOrderSummary(ctx, "")), "Agent.GetWorkOrderSummary: invalid input: the id is required")
}

// With an API key an edge function would be told by the database that nobody is signed
// in, and would call that a bad request.
func TestEdgeFunctionsNeedAUser(t *testing.T) {
	c, srv := apitest.New(t)
	for _, c := range []*workorder.Client{srv.Client(t), c.AsUser(apitest.JWT(map[string]any{"role": "service_role"}))} {
		require.ErrorIs(t, apitest.Err(c.SemanticSearch.EmbedIndex(t.Context(), search.EmbedIndexParams{})), workorder.ErrUnauthenticated)
		require.ErrorIs(t, apitest.Err(c.SemanticSearch.EmbedSearch(t.Context(), search.EmbedSearchParams{Domain: search.Parts, QueryText: "x"})), workorder.ErrUnauthenticated)
	}
	srv.WantNoRequest(t)
}

// Identifiers are compared with the query as it is sent, so one with a wildcard in it
// is asked for twice.
func TestIdentifiersWithWildcards(t *testing.T) {
	c, srv := apitest.New(t)
	hit := func(id, match string, score string) string {
		return `{"entity_type":"asset","entity_id":"` + id + `","label":"` + id + `","match_type":"` + match + `","score":` + score + `}`
	}
	answer := func(w http.ResponseWriter, r *http.Request) {
		var args map[string]any
		_ = json.NewDecoder(r.Body).Decode(&args)
		w.Header().Set("Content-Type", "application/json")
		if args["p_query"] == `A\_1` {
			_, _ = w.Write([]byte(`[` + hit("both", "name_partial", "0.8") + `,` + hit("name A_1", "name_partial", "0.8") + `]`))
		} else {
			_, _ = w.Write([]byte(`[` + hit("code", "barcode_exact", "0.99") + `,` + hit("both", "name_exact", "0.95") + `,` + hit("AX1", "name_partial", "0.8") + `]`))
		}
	}
	for limit, want := range map[int][]string{0: {"code", "both", "name A_1"}, 2: {"code", "both"}} {
		srv.Handle(answer)
		srv.Handle(answer)
		found, err := c.Agent.SearchEntities(t.Context(), search.CandidatesParams{Query: "A_1", Limit: limit})
		require.NoError(t, err)
		var got []string
		for _, f := range found {
			got = append(got, f.EntityID)
		}
		require.Empty(t, cmp.Diff(want, got))
		args := `{"p_query":"A\\_1"}`
		if limit != 0 {
			args = `{"p_query":"A\\_1","p_limit":2}`
		}
		srv.WantRequest(t, http.MethodPost, "/rest/v1/rpc/rpc_search_entity_candidates_v2", args)
		srv.WantRequest(t, http.MethodPost, "/rest/v1/rpc/rpc_search_entity_candidates_v2", `{"p_query":"A_1","p_limit":50}`)
	}
}

func TestEdgeFunctions(t *testing.T) {
	c, srv := apitest.New(t)
	srv.Reply(http.StatusOK, `{"domain":"work_orders","model_id":"m","detail_level":"full","ranking":{"metric":"cosine_similarity","note":"n"},"hit_count":1,
		"hits":[{"work_order_id":"w1","title":"Leak","similarity_score":"NaN","status":"completed","completed_at":"2026-01-02T03:04:05Z","asset_id":null,"location_id":"l1","description":"d","cause":null,"resolution":null}]}`)
	got, err := c.SemanticSearch.EmbedSearch(t.Context(), search.EmbedSearchParams{
		Domain: search.WorkOrders, QueryText: " leak ", Limit: 3, MinSimilarity: new(0.1), ExcludeWorkOrderID: "w9", DetailLevel: search.DetailFull,
	})
	require.NoError(t, err)
	req := srv.WantRequest(t, http.MethodPost, "/functions/v1/embed-search",
		`{"domain":"work_orders","query_text":"leak","limit":3,"min_similarity":0.1,"exclude_work_order_id":"w9","detail_level":"full"}`)
	require.True(t, strings.HasPrefix(req.Header.Get("Authorization"), "Bearer "))
	require.True(t, math.IsNaN(got.Hits[0].SimilarityScore))
	got.Hits[0].SimilarityScore = 0
	require.Empty(t, cmp.Diff(&search.EmbedSearchResult{
		Domain: search.WorkOrders, ModelID: "m", DetailLevel: search.DetailFull, Ranking: search.Ranking{Metric: "cosine_similarity", Note: "n"}, HitCount: 1,
		Hits: []search.Hit{{WorkOrderID: "w1", Title: "Leak", Status: "completed", CompletedAt: new(time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)), LocationID: new("l1"), Description: new("d")}},
	}, got))

	srv.Reply(http.StatusOK, `{"model_id":"m","domains":["assets"],"per_domain":[{"domain":"assets","indexed":2,"ids":["a1","a2"]}],"indexed_total":2}`)
	indexed, err := c.SemanticSearch.EmbedIndex(t.Context(), search.EmbedIndexParams{Domains: []search.Domain{search.Assets}, Limit: 5})
	require.NoError(t, err)
	srv.WantRequest(t, http.MethodPost, "/functions/v1/embed-index", `{"domains":["assets"],"limit":5}`)
	require.Empty(t, cmp.Diff(&search.EmbedIndexResult{
		ModelID: "m", Domains: []search.Domain{search.Assets}, IndexedTotal: 2,
		PerDomain: []search.IndexedDomain{{Domain: search.Assets, Indexed: 2, IDs: []string{"a1", "a2"}}},
	}, indexed))

	for code, want := range map[string]struct {
		status int
		kind   error
	}{
		"rpc_failed":     {400, workorder.ErrInvalidInput},
		"missing_bearer": {401, workorder.ErrUnauthenticated},
		"embed_failed":   {502, workorder.ErrUnavailable},
	} {
		c, srv := apitest.New(t, workorder.WithRetry(workorder.RetryPolicy{MaxAttempts: 1}))
		srv.Reply(want.status, `{"error":"`+code+`","message":"why"}`)
		_, err := c.SemanticSearch.EmbedIndex(t.Context(), search.EmbedIndexParams{})
		require.ErrorIs(t, err, want.kind, code)
		var e *workorder.SdkError
		require.ErrorAs(t, err, &e)
		require.Equal(t, code, e.Code)
		require.Equal(t, "why", e.Message)
	}
}
