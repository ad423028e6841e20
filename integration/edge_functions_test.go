package integration

import (
	"crypto/rand"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/assets"
	"github.com/workorder-systems/sdk-go/inventory"
	"github.com/workorder-systems/sdk-go/search"
	"github.com/workorder-systems/sdk-go/workorders"
)

// needsEmbedding skips where the deployment does not serve the functions.
func needsEmbedding(t testing.TB, tn *tenant) {
	t.Helper()
	if !stack.local {
		if _, err := tn.SemanticSearch.EmbedIndex(t.Context(), search.EmbedIndexParams{Limit: 1}); err != nil {
			t.Skipf("the deployment has no edge function embed-index: %v", err)
		}
	}
}

// What the function has embedded is found by words that it shares with the query.
func TestEmbedIndexAndSearch(t *testing.T) {
	t.Parallel()
	tn, other := stack.Tenant(t), stack.Tenant(t)
	needsEmbedding(t, tn)
	ctx := t.Context()
	pump := func(tn *tenant, name string) string {
		id, err := tn.Assets.Create(ctx, assets.CreateAssetParams{Name: name, Description: "moves cooling water"})
		require.NoError(t, err)
		return id
	}
	// A word of this test alone, should the deployment look for what is nearest among
	// the vectors of all tenants.
	word := rand.Text()
	hall, cellar := pump(tn, "Pump in the hall "+word), pump(tn, "Fan in the cellar "+word)
	foreign := pump(other, "Pump in the hall "+word)
	part, err := tn.PartsInventory.CreatePart(ctx, inventory.CreatePartParams{PartNumber: "P-1", Name: "Pump seal"})
	require.NoError(t, err)
	order, err := tn.WorkOrders.Create(ctx, workorders.CreateWorkOrderParams{Title: "Pump leaks", Priority: "high"})
	require.NoError(t, err)

	indexed, err := tn.SemanticSearch.EmbedIndex(ctx, search.EmbedIndexParams{})
	require.NoError(t, err)
	require.Equal(t, 3, indexed.IndexedTotal, "two assets and a part; the work order is not completed")
	require.Equal(t, []search.Domain{search.WorkOrders, search.Assets, search.Parts}, indexed.Domains)
	again, err := tn.SemanticSearch.EmbedIndex(ctx, search.EmbedIndexParams{Domains: []search.Domain{search.Assets}})
	require.NoError(t, err)
	require.Zero(t, again.IndexedTotal, "nothing is left")
	_ = order

	found, err := tn.SemanticSearch.EmbedSearch(ctx, search.EmbedSearchParams{Domain: search.Assets, QueryText: "pump hall " + word, DetailLevel: search.DetailStandard})
	require.NoError(t, err)
	require.Equal(t, 2, found.HitCount)
	require.Equal(t, hall, found.Hits[0].AssetID)
	require.Equal(t, "moves cooling water", *found.Hits[0].DescriptionPreview)
	require.Equal(t, cellar, found.Hits[1].AssetID)
	require.Greater(t, found.Hits[0].SimilarityScore, found.Hits[1].SimilarityScore)
	for _, h := range found.Hits {
		require.NotEqual(t, foreign, h.AssetID)
	}
	one, err := tn.SemanticSearch.EmbedSearch(ctx, search.EmbedSearchParams{Domain: search.Assets, QueryText: "pump hall " + word, Limit: 1})
	require.NoError(t, err)
	require.Len(t, one.Hits, 1)
	require.Nil(t, one.Hits[0].DescriptionPreview)
	parts, err := tn.SemanticSearch.EmbedSearch(ctx, search.EmbedSearchParams{Domain: search.Parts, QueryText: "seal", DetailLevel: search.DetailFull})
	require.NoError(t, err)
	require.Equal(t, part, parts.Hits[0].PartID)
	none, err := other.SemanticSearch.EmbedSearch(ctx, search.EmbedSearchParams{Domain: search.Assets, QueryText: "pump hall " + word})
	require.NoError(t, err)
	require.Empty(t, none.Hits, "of a tenant that has no vectors yet")
}

// A domain is embedded at most so many at a time, until nothing is left.
func TestEmbedIndexTakesSomeAtATime(t *testing.T) {
	t.Parallel()
	tn := stack.Tenant(t)
	needsEmbedding(t, tn)
	for i := range 5 {
		makeAsset(t, tn, fmt.Sprint("Asset ", i), "")
	}
	var counts []int
	for {
		r, err := tn.SemanticSearch.EmbedIndex(t.Context(), search.EmbedIndexParams{Domains: []search.Domain{search.Assets}, Limit: 2})
		require.NoError(t, err)
		if r.IndexedTotal == 0 {
			break
		}
		counts = append(counts, r.IndexedTotal)
	}
	require.Equal(t, []int{2, 2, 1}, counts)
}

func TestEmbedSearchNeedsAUser(t *testing.T) {
	t.Parallel()
	if !stack.local {
		t.Skip("deployments answer for the function's gateway")
	}
	forged := signJWT(t, "another secret of the same length as", map[string]any{
		"sub": unknownID, "role": "authenticated", "tenant_id": unknownID, "exp": time.Now().Add(time.Hour).Unix(),
	})
	_, err := stack.Client(t, workorder.WithAccessToken(forged)).SemanticSearch.EmbedSearch(t.Context(), search.EmbedSearchParams{Domain: search.Assets, QueryText: "x"})
	require.ErrorIs(t, err, workorder.ErrUnauthenticated)
}
