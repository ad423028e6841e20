package search

import (
	"context"

	"github.com/workorder-systems/sdk-go/internal/postgrest"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
	"github.com/workorder-systems/sdk-go/types"
)

// SimilarPastWorkOrdersParams says what to look for.
type SimilarPastWorkOrdersParams struct {
	QueryEmbedding     types.Vector // required; of the model that the stored ones are of
	Limit              int          // at most so many, up to 50; 0: 5
	ExcludeWorkOrderID string       // leave this one out
	MinSimilarity      *float64     // the least score, exact only to about 7 digits; nil: the server's default of 0.5
	NoThreshold        bool         // take any score; goes without MinSimilarity
}

// SimilarPastWorkOrders finds completed work orders by how much their stored vectors
// are like another one, the likest first.
//
// Needs membership of the token's tenant, and finds only work orders that the caller
// sees. In a large deployment there can be fewer than Limit although there are more:
// the platform filters after it has searched all tenants.
//
// TypeScript: semanticSearch.similarPastWorkOrders, which knows no NoThreshold.
func (s *SemanticSearchService) SimilarPastWorkOrders(ctx context.Context, p SimilarPastWorkOrdersParams) ([]SimilarWorkOrder, error) {
	const op = "SemanticSearch.SimilarPastWorkOrders"
	if err := checkVector(op, "QueryEmbedding", p.QueryEmbedding); err != nil {
		return nil, err
	}
	least, err := thresholdOf(op, p.MinSimilarity, p.NoThreshold)
	if err != nil {
		return nil, err
	}
	if err := s.ready(ctx, op, p.Limit); err != nil {
		return nil, err
	}
	return postgrest.Call[[]SimilarWorkOrder](ctx, s.rpc, op, similarPastWorkOrdersArgs{
		QueryEmbedding:     p.QueryEmbedding,
		Limit:              postgrest.NullIfZero(p.Limit),
		ExcludeWorkOrderID: postgrest.NullIfZero(p.ExcludeWorkOrderID),
		MinSimilarity:      least,
	})
}

// SimilarPastWorkOrdersByWorkOrderIDParams says what to look for.
type SimilarPastWorkOrdersByWorkOrderIDParams struct {
	WorkOrderID   string   // required; need not be completed
	Limit         int      // at most so many, up to 50; 0: 5
	MinSimilarity *float64 // the least score; nil: the server's default of 0.5
	NoThreshold   bool     // take any score; goes without MinSimilarity
}

// SimilarPastWorkOrdersByWorkOrderID is SimilarPastWorkOrders for the stored vector
// of a work order, without that one. It finds nothing when the work order has none.
//
// On the platform as it is, every call fails with ErrSchemaMismatch (code 42704).
// Embed the work order's text and call SimilarPastWorkOrders there.
//
// TypeScript: semanticSearch.similarPastWorkOrdersByWorkOrderId.
func (s *SemanticSearchService) SimilarPastWorkOrdersByWorkOrderID(ctx context.Context, p SimilarPastWorkOrdersByWorkOrderIDParams) ([]SimilarWorkOrder, error) {
	const op = "SemanticSearch.SimilarPastWorkOrdersByWorkOrderID"
	if err := sdkerr.RequireText(op, "WorkOrderID", p.WorkOrderID); err != nil {
		return nil, err
	}
	least, err := thresholdOf(op, p.MinSimilarity, p.NoThreshold)
	if err != nil {
		return nil, err
	}
	if err := s.ready(ctx, op, p.Limit); err != nil {
		return nil, err
	}
	return postgrest.Call[[]SimilarWorkOrder](ctx, s.rpc, op, similarPastWorkOrdersByWorkOrderIDArgs{
		WorkOrderID:   p.WorkOrderID,
		Limit:         postgrest.NullIfZero(p.Limit),
		MinSimilarity: least,
	})
}

// SimilarParams says what assets or parts to look for.
type SimilarParams struct {
	QueryEmbedding types.Vector // required; of the model that the stored ones are of
	Limit          int          // at most so many, up to 50; 0: 10
	MinSimilarity  *float64     // the least score, exact only to about 7 digits; nil: any
}

func (s *SemanticSearchService) readySimilar(ctx context.Context, op string, p SimilarParams) error {
	if err := checkVector(op, "QueryEmbedding", p.QueryEmbedding); err != nil {
		return err
	}
	if err := checkThreshold(op, p.MinSimilarity); err != nil {
		return err
	}
	return s.ready(ctx, op, p.Limit)
}

// SimilarAssets finds assets by how much their stored vectors are like another one,
// the likest first. Needs membership of the token's tenant.
//
// TypeScript: semanticSearch.similarAssets.
func (s *SemanticSearchService) SimilarAssets(ctx context.Context, p SimilarParams) ([]SimilarAsset, error) {
	const op = "SemanticSearch.SimilarAssets"
	if err := s.readySimilar(ctx, op, p); err != nil {
		return nil, err
	}
	return postgrest.Call[[]SimilarAsset](ctx, s.rpc, op, similarAssetsArgs{
		QueryEmbedding: p.QueryEmbedding, Limit: postgrest.NullIfZero(p.Limit), MinSimilarity: p.MinSimilarity,
	})
}

// SimilarParts finds parts, inactive ones too, by how much their stored vectors are
// like another one, the likest first. Needs membership of the token's tenant.
//
// TypeScript: semanticSearch.similarParts.
func (s *SemanticSearchService) SimilarParts(ctx context.Context, p SimilarParams) ([]SimilarPart, error) {
	const op = "SemanticSearch.SimilarParts"
	if err := s.readySimilar(ctx, op, p); err != nil {
		return nil, err
	}
	return postgrest.Call[[]SimilarPart](ctx, s.rpc, op, similarPartsArgs{
		QueryEmbedding: p.QueryEmbedding, Limit: postgrest.NullIfZero(p.Limit), MinSimilarity: p.MinSimilarity,
	})
}

// thresholdOf is nil for the server's default.
func thresholdOf(op string, least *float64, none bool) (*threshold, error) {
	if err := checkThreshold(op, least); err != nil {
		return nil, err
	}
	switch {
	case none && least != nil:
		return nil, sdkerr.Invalid(op, "NoThreshold", "does not go with MinSimilarity")
	case !none && least == nil:
		return nil, nil
	}
	return &threshold{least}, nil
}
