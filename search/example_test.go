package search_test

import (
	"context"
	"fmt"

	"github.com/workorder-systems/sdk-go/internal/apitest"
	"github.com/workorder-systems/sdk-go/search"
	"github.com/workorder-systems/sdk-go/types"
)

// What somebody typed or scanned: an alias, a code, a name.
func ExampleSemanticSearchService() {
	client, done := apitest.Example(map[string]string{
		"/rest/v1/rpc/rpc_search_entity_candidates_v2": `[
			{"entity_type":"asset","entity_id":"a57e","label":"Pump 7","match_type":"barcode_exact","score":0.99,"site_name":"Riverside"}]`,
	})
	defer done()

	found, err := client.SemanticSearch.SearchEntityCandidatesV2(context.Background(), search.CandidatesParams{
		Query:       "4006381333931",
		EntityTypes: []string{search.Asset, search.Part},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, c := range found {
		fmt.Println(c.EntityType, c.Label, c.MatchType, c.Score)
	}
	// Output: asset Pump 7 barcode_exact 0.99
}

// A job that runs now and then gives vectors to what is new. The function calls the
// model of your choice.
func ExampleSemanticSearchService_EmbedPending() {
	client, done := apitest.Example(map[string]string{
		"/rest/v1/rpc/rpc_next_assets_for_embedding": `[
			{"asset_id":"a57e","tenant_id":"t1","name":"Pump 7","location_name":"Hall A"}]`,
		"/rest/v1/rpc/rpc_batch_upsert_asset_embeddings": `1`,
	})
	defer done()
	embed := func(_ context.Context, text string) (types.Vector, error) {
		fmt.Printf("embedding %q\n", text)
		v := make(types.Vector, search.Dimensions)
		v[0] = 1
		return v, nil
	}

	report, err := client.SemanticSearch.EmbedPending(context.Background(), embed, search.EmbedPendingParams{
		Domains:   []search.Domain{search.Assets},
		ModelName: "text-embedding-3-small",
		Progress:  func(p search.EmbedProgress) { fmt.Println(p.Domain, p.Embedded) },
	})
	fmt.Println(report.Embedded, err)
	// Output:
	// embedding "Pump 7\nHall A"
	// assets 1
	// 1 <nil>
}
