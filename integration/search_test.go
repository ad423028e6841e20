package integration

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/assets"
	"github.com/workorder-systems/sdk-go/inventory"
	"github.com/workorder-systems/sdk-go/org"
	"github.com/workorder-systems/sdk-go/search"
	"github.com/workorder-systems/sdk-go/types"
	"github.com/workorder-systems/sdk-go/workorders"
)

// needsType skips where the deployment has the platform's defect that a function
// does not find a type it needs.
func needsType(t testing.TB, err error) {
	t.Helper()
	if errorCode(err) == "42704" && !stack.local {
		t.Skip("the deployment answers 42704 to every such call")
	}
}

func TestCandidatesByNameAndIdentifier(t *testing.T) {
	t.Parallel()
	tn, other := stack.Tenant(t), stack.Tenant(t)
	ctx := t.Context()
	create := func(tn *tenant, p assets.CreateAssetParams) string {
		id, err := tn.Assets.Create(ctx, p)
		require.NoError(t, err)
		return id
	}
	pump := create(tn, assets.CreateAssetParams{Name: "Pump", AssetNumber: "A-100"})
	long := create(tn, assets.CreateAssetParams{Name: "Pump of the cooling water"})
	percent := create(tn, assets.CreateAssetParams{Name: "50% valve"})
	create(tn, assets.CreateAssetParams{Name: "500 valve"})
	create(other, assets.CreateAssetParams{Name: "Pump"})
	hall := makeLocation(t, tn, "Pump house")
	part, err := tn.PartsInventory.CreatePart(ctx, inventory.CreatePartParams{PartNumber: "P-7", Name: "Pump seal"})
	require.NoError(t, err)

	found, err := tn.SemanticSearch.SearchEntityCandidatesV2(ctx, search.CandidatesParams{Query: " pump "})
	require.NoError(t, err)
	var ids []string
	for i, c := range found {
		ids = append(ids, c.EntityID)
		if i > 0 {
			require.GreaterOrEqual(t, found[i-1].Score, c.Score, "the best first")
		}
	}
	require.ElementsMatch(t, []string{pump, long, hall, part}, ids, "of this tenant alone")
	require.Equal(t, pump, found[0].EntityID)
	require.Equal(t, search.NameExact, found[0].MatchType)
	require.InDelta(t, 0.95, found[0].Score, 1e-9)

	found, err = tn.SemanticSearch.SearchEntityCandidatesV2(ctx, search.CandidatesParams{Query: "A-100"})
	require.NoError(t, err)
	require.Len(t, found, 1)
	require.Equal(t, search.AssetNumberExact, found[0].MatchType)

	found, err = tn.Agent.SearchEntities(ctx, search.CandidatesParams{Query: "50%"})
	require.NoError(t, err)
	require.Len(t, found, 1, "a percent sign is no wildcard")
	require.Equal(t, percent, found[0].EntityID)
	found, err = tn.SemanticSearch.SearchEntityCandidatesV2(ctx, search.CandidatesParams{Query: "_ump"})
	require.NoError(t, err)
	require.Empty(t, found)

	for name, tc := range map[string]struct {
		p    search.CandidatesParams
		want int
	}{
		"one kind":  {search.CandidatesParams{Query: "pump", EntityTypes: []string{search.Asset}}, 2},
		"no kind":   {search.CandidatesParams{Query: "pump", EntityTypes: []string{}}, 0},
		"a limit":   {search.CandidatesParams{Query: "pump", Limit: 1}, 1},
		"blank":     {search.CandidatesParams{Query: "  "}, 0},
		"all kinds": {search.CandidatesParams{Query: "pump"}, 4},
	} {
		v1, err := tn.SemanticSearch.SearchEntityCandidates(ctx, tc.p)
		require.NoError(t, err, name)
		require.Len(t, v1, tc.want, name)
		v2, err := tn.SemanticSearch.SearchEntityCandidatesV2(ctx, tc.p)
		require.NoError(t, err, name)
		require.Len(t, v2, tc.want, name)
	}
	_, err = stack.Client(t).SemanticSearch.SearchEntityCandidates(ctx, search.CandidatesParams{Query: "pump"})
	require.Error(t, err, "nobody")
}

func TestAliasesFindThings(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	asset := makeAsset(t, tn, "Press 4711", "")
	alias := search.RegisterEntityAliasParams{EntityType: search.Asset, EntityID: asset, AliasText: " Old Bess "}
	_, err := tn.Member(t, "technician").In(t, tn.ID).SemanticSearch.RegisterEntityAlias(t.Context(), alias)
	requireError(t, err, workorder.ErrPermissionDenied, "42501")
	id, err := tn.SemanticSearch.RegisterEntityAlias(t.Context(), alias)
	needsType(t, err)
	require.NoError(t, err)

	found, err := tn.SemanticSearch.SearchEntityCandidatesV2(t.Context(), search.CandidatesParams{Query: "Old Bess"})
	require.NoError(t, err)
	require.Len(t, found, 1)
	require.Equal(t, search.AliasExact, found[0].MatchType)
	other := makeAsset(t, tn, "Press 4712", "")
	alias.EntityID, alias.AliasText = other, "OLD BESS"
	again, err := tn.SemanticSearch.RegisterEntityAlias(t.Context(), alias)
	require.NoError(t, err)
	require.Equal(t, id, again, "an alias moves")
}

// newAxes makes vectors of which each has next to nothing in common with that of
// another n, nor with those of other tests: a platform may look for what is nearest
// among the vectors of all tenants and then keep the caller's.
func newAxes() func(n int) types.Vector {
	seed := rand.Uint64()
	return func(n int) types.Vector {
		r, v := rand.New(rand.NewPCG(seed, uint64(n))), make(types.Vector, search.Dimensions)
		for i := range v {
			v[i] = float32(1 - 2*r.IntN(2))
		}
		return v
	}
}

// cosine is of the angle between two of them.
func cosine(a, b types.Vector) float64 {
	var ab, aa, bb float64
	for i := range a {
		x, y := float64(a[i]), float64(b[i])
		ab, aa, bb = ab+x*y, aa+x*x, bb+y*y
	}
	return ab / math.Sqrt(aa*bb)
}

// mix is a vector between a and b, that much nearer to a.
func mix(a, b types.Vector, nearer float32) types.Vector {
	v := make(types.Vector, len(a))
	for i := range v {
		v[i] = nearer*a[i] + b[i]
	}
	return v
}

func TestSimilarThings(t *testing.T) {
	t.Parallel()
	tn, other := stack.Tenant(t), stack.Tenant(t)
	ctx, axis := t.Context(), newAxes()
	near, far, foreign := makeAsset(t, tn, "Near", ""), makeAsset(t, tn, "Far", ""), makeAsset(t, other, "Foreign", "")
	require.NoError(t, tn.SemanticSearch.UpsertAssetEmbedding(ctx, search.AssetEmbedding{AssetID: near, Embedding: mix(axis(0), axis(1), 1)}))
	require.NoError(t, tn.SemanticSearch.UpsertAssetEmbedding(ctx, search.AssetEmbedding{AssetID: far, Embedding: mix(axis(0), axis(2), 1./3)}))
	require.NoError(t, other.SemanticSearch.UpsertAssetEmbedding(ctx, search.AssetEmbedding{AssetID: foreign, Embedding: axis(0)}))

	found, err := tn.SemanticSearch.SimilarAssets(ctx, search.SimilarParams{QueryEmbedding: axis(0)})
	require.NoError(t, err)
	require.Len(t, found, 2)
	require.Equal(t, near, found[0].AssetID)
	require.InDelta(t, cosine(axis(0), mix(axis(0), axis(1), 1)), found[0].SimilarityScore, 1e-6)
	require.InDelta(t, cosine(axis(0), mix(axis(0), axis(2), 1./3)), found[1].SimilarityScore, 1e-6)
	found, err = tn.SemanticSearch.SimilarAssets(ctx, search.SimilarParams{QueryEmbedding: axis(0), MinSimilarity: new(0.5)})
	require.NoError(t, err)
	require.Len(t, found, 1)

	require.NoError(t, tn.SemanticSearch.UpsertAssetEmbedding(ctx, search.AssetEmbedding{AssetID: far, Embedding: axis(0)}), "replaced")
	found, err = tn.SemanticSearch.SimilarAssets(ctx, search.SimilarParams{QueryEmbedding: axis(0), Limit: 1})
	require.NoError(t, err)
	require.Equal(t, far, found[0].AssetID)

	err = tn.SemanticSearch.UpsertAssetEmbedding(ctx, search.AssetEmbedding{AssetID: foreign, Embedding: axis(0)})
	requireError(t, err, workorder.ErrInvalidReference, "23503")
}

func TestEmbeddingsOfWorkOrders(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	ctx, axis := t.Context(), newAxes()
	done, err := tn.WorkOrders.Create(ctx, workorders.CreateWorkOrderParams{Title: "Leak", Priority: "high", AssignedTo: tn.Admin.ID})
	require.NoError(t, err)
	require.NoError(t, tn.WorkOrders.TransitionStatus(ctx, workorders.TransitionStatusParams{WorkOrderID: done, ToStatusKey: "in_progress"}))
	open, err := tn.WorkOrders.Create(ctx, workorders.CreateWorkOrderParams{Title: "Noise", Priority: "low"})
	require.NoError(t, err)
	require.NoError(t, tn.WorkOrders.Complete(ctx, workorders.CompleteWorkOrderParams{WorkOrderID: done}))

	pending, err := tn.SemanticSearch.NextWorkOrdersForEmbedding(ctx, 0)
	require.NoError(t, err)
	require.Len(t, pending, 1, "completed ones only")
	require.Equal(t, done, pending[0].WorkOrderID)

	n, err := tn.SemanticSearch.BatchUpsertWorkOrderEmbeddings(ctx, []search.WorkOrderEmbedding{
		{WorkOrderID: done, Embedding: axis(0)}, {WorkOrderID: open, Embedding: axis(0)}, {WorkOrderID: unknownID, Embedding: axis(0)},
	})
	require.NoError(t, err)
	require.Equal(t, 2, n, "unknown ones are skipped")
	pending, err = tn.SemanticSearch.NextWorkOrdersForEmbedding(ctx, 0)
	require.NoError(t, err)
	require.Empty(t, pending)
	similar, err := tn.SemanticSearch.SimilarPastWorkOrders(ctx, search.SimilarPastWorkOrdersParams{QueryEmbedding: mix(axis(0), axis(1), 1)})
	require.NoError(t, err)
	require.Len(t, similar, 1, "completed ones only")
	similar, err = tn.SemanticSearch.SimilarPastWorkOrders(ctx, search.SimilarPastWorkOrdersParams{QueryEmbedding: mix(axis(0), axis(5), 1./3)})
	require.NoError(t, err)
	require.Empty(t, similar, "the threshold is 0.5")
	similar, err = tn.SemanticSearch.SimilarPastWorkOrders(ctx, search.SimilarPastWorkOrdersParams{QueryEmbedding: mix(axis(0), axis(5), 1./3), NoThreshold: true})
	require.NoError(t, err)
	require.Len(t, similar, 1)
	similar, err = tn.SemanticSearch.SimilarPastWorkOrders(ctx, search.SimilarPastWorkOrdersParams{QueryEmbedding: axis(0), ExcludeWorkOrderID: done})
	require.NoError(t, err)
	require.Empty(t, similar)

	v, err := tn.SemanticSearch.GetWorkOrderEmbedding(ctx, open)
	needsType(t, err)
	require.NoError(t, err)
	require.Equal(t, axis(0), v)
	similar, err = tn.SemanticSearch.SimilarPastWorkOrdersByWorkOrderID(ctx, search.SimilarPastWorkOrdersByWorkOrderIDParams{WorkOrderID: open})
	require.NoError(t, err)
	require.Len(t, similar, 1)
}

func TestEmbeddingsOfParts(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	ctx, axis := t.Context(), newAxes()
	seal, err := tn.PartsInventory.CreatePart(ctx, inventory.CreatePartParams{PartNumber: "S-1", Name: "Seal"})
	require.NoError(t, err)
	pending, err := tn.SemanticSearch.NextPartsForEmbedding(ctx, 1)
	require.NoError(t, err)
	require.Len(t, pending, 1)
	require.NoError(t, tn.SemanticSearch.UpsertPartEmbedding(ctx, search.PartEmbedding{PartID: seal, Embedding: axis(3), SourceText: "Seal"}))
	n, err := tn.SemanticSearch.BatchUpsertPartEmbeddings(ctx, []search.PartEmbedding{{PartID: seal, Embedding: axis(4)}})
	require.NoError(t, err)
	require.Equal(t, 1, n)
	found, err := tn.SemanticSearch.SimilarParts(ctx, search.SimilarParams{QueryEmbedding: axis(4)})
	require.NoError(t, err)
	require.Equal(t, seal, found[0].PartID)
	require.NoError(t, tn.SemanticSearch.UpsertWorkOrderEmbedding(ctx, search.WorkOrderEmbedding{WorkOrderID: must(tn.WorkOrders.Create(ctx, workorders.CreateWorkOrderParams{Title: "x", Priority: "low"}))(t), Embedding: axis(1)}))
}

// must gives a function that wants no error.
func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		require.NoError(t, err)
		return v
	}
}

// EmbedPending drains the queues, goes on behind what fails, and ends.
func TestEmbedPendingDrainsTheQueues(t *testing.T) {
	t.Parallel()
	tn, axis := stack.Tenant(t), newAxes()
	for i := range 7 {
		makeAsset(t, tn, fmt.Sprint("Asset ", i), "")
	}
	bad := makeAsset(t, tn, "Bad", "")
	var running, most atomic.Int64
	embed := func(_ context.Context, text string) (types.Vector, error) {
		most.Store(max(most.Load(), running.Add(1)))
		defer running.Add(-1)
		switch text {
		case "Bad":
			return nil, errors.New("the model does not know")
		case "Asset 3":
			panic("the model broke")
		}
		return axis(1), nil
	}
	_, err := tn.SemanticSearch.EmbedPending(t.Context(), embed, search.EmbedPendingParams{Domains: []search.Domain{search.Assets}, PageSize: 3, Concurrency: 2})
	require.Error(t, err, "what failed is told")
	require.LessOrEqual(t, most.Load(), int64(2))
	left, err := tn.SemanticSearch.NextAssetsForEmbedding(t.Context(), 0)
	require.NoError(t, err)
	require.Len(t, left, 2, "only those that failed are left")

	_, err = tn.SemanticSearch.EmbedPending(t.Context(), func(context.Context, string) (types.Vector, error) { return axis(2), nil },
		search.EmbedPendingParams{Domains: []search.Domain{search.Assets}})
	require.NoError(t, err)
	left, err = tn.SemanticSearch.NextAssetsForEmbedding(t.Context(), 0)
	require.NoError(t, err)
	require.Empty(t, left)
	n, err := tn.SemanticSearch.BatchUpsertAssetEmbeddings(t.Context(), []search.AssetEmbedding{{AssetID: bad, Embedding: axis(3)}})
	require.NoError(t, err)
	require.Equal(t, 1, n)
}

// An agent is ready when the token names the tenant, not before.
func TestAgentFindsItsTenant(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	u := stack.User(t)
	r, err := u.Agent.ResolveTenant(ctx)
	require.NoError(t, err)
	require.False(t, r.Resolved)
	require.Empty(t, r.Candidates)

	c, _ := u.SignIn(t)
	a, err := c.Tenants.Create(ctx, org.CreateTenantParams{Name: "A", Slug: newSlug()})
	require.NoError(t, err)
	r, err = c.Agent.ResolveTenant(ctx)
	require.NoError(t, err)
	require.True(t, r.Resolved)
	require.True(t, r.NeedsSetTenant, "the token does not name it yet")
	require.Equal(t, a, r.TenantID)

	b, err := c.Tenants.Create(ctx, org.CreateTenantParams{Name: "B", Slug: newSlug()})
	require.NoError(t, err)
	r, err = c.Agent.ResolveTenant(ctx)
	require.NoError(t, err)
	require.True(t, r.NeedsUserInput)
	require.Len(t, r.Candidates, 2)

	state, err := c.Agent.EnsureTenant(ctx, search.EnsureTenantParams{TenantID: b})
	require.NoError(t, err)
	require.True(t, state.TenantIDInJWT)
	require.True(t, state.Refreshed)
	r, err = c.Agent.ResolveTenant(ctx)
	require.NoError(t, err)
	require.Equal(t, b, r.TenantID)
	require.False(t, r.NeedsSetTenant)
	state, err = c.Agent.SetTenantAndRefresh(ctx, a)
	require.NoError(t, err)
	require.Equal(t, a, state.TokenTenantID)
	_, err = c.Agent.EnsureTenant(ctx, search.EnsureTenantParams{TenantID: unknownID})
	require.Error(t, err)
}

func TestAgentSummaries(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	ctx := t.Context()
	request := workorders.CreateWorkOrderParams{Title: "Leak", Priority: "high", AssignedTo: tn.Admin.ID, ClientRequestID: newSlug()}
	made, err := tn.Agent.CreateWorkOrderSafe(ctx, request)
	require.NoError(t, err)
	again, err := tn.Agent.CreateWorkOrderSafe(ctx, request)
	require.NoError(t, err)
	require.Equal(t, made, again)
	draft, err := tn.Agent.CreateWorkOrderSafe(ctx, workorders.CreateWorkOrderParams{Title: "Draft", Priority: "low"})
	require.NoError(t, err)

	orders, err := tn.Agent.ListWorkOrdersSummary(ctx, 0)
	require.NoError(t, err)
	require.Len(t, orders, 1, "without drafts")
	require.Equal(t, made.WorkOrderID, orders[0].ID)
	one, err := tn.Agent.GetWorkOrderSummary(ctx, draft.WorkOrderID)
	require.NoError(t, err)
	require.Equal(t, "Draft", one.Title)
	makeAsset(t, tn, "Pump", "")
	assetRows, err := tn.Agent.ListAssetsSummary(ctx, 10)
	require.NoError(t, err)
	require.Len(t, assetRows, 1)
	_, err = tn.PartsInventory.CreatePart(ctx, inventory.CreatePartParams{PartNumber: "S-1", Name: "Seal"})
	require.NoError(t, err)
	parts, err := tn.Agent.ListPartsSummary(ctx, 10)
	require.NoError(t, err)
	require.Len(t, parts, 1)
	schedules, err := tn.Agent.ListPMSchedulesSummary(ctx, 10)
	require.NoError(t, err)
	require.Empty(t, schedules)
	require.Len(t, tn.Agent.RecommendWorkflowBundle(""), 4)
	require.Len(t, tn.Agent.RecommendWorkflowBundle("work_order_intake"), 1)
}
