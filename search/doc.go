// Package search finds things: by a text that may be a name, an alias or a code,
// and by what they are about, as vectors from a language model. It also has the
// helpers of agents, programs that act for somebody who talks to them.
//
// Programs reach them through the fields SemanticSearch and Agent of
// workorder.Client:
//
//	found, err := client.SemanticSearch.SearchEntityCandidatesV2(ctx, search.CandidatesParams{Query: "pump 7"})
//
//	report, err := client.SemanticSearch.EmbedPending(ctx, embed, search.EmbedPendingParams{ModelName: "text-embedding-3-small"})
//
//	similar, err := client.SemanticSearch.SimilarPastWorkOrders(ctx, search.SimilarPastWorkOrdersParams{QueryEmbedding: vector})
//
// The platform keeps one vector of 1,536 numbers for each work order, asset and
// part. It makes none by itself: EmbedPending does, with a function of yours, or
// EmbedIndex, with the model that the deployment is set up for. Vectors of two
// models have nothing to do with each other, so stay with one.
//
// Searches follow the tenant in the token.
package search
