package search

import (
	"context"
	"fmt"

	"github.com/workorder-systems/sdk-go/internal/postgrest"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
	"github.com/workorder-systems/sdk-go/types"
)

// WorkOrderEmbedding is the vector of a work order, with where it comes from. An
// empty text leaves what is stored.
type WorkOrderEmbedding struct {
	WorkOrderID      string       // required
	Embedding        types.Vector // required: Dimensions finite numbers, not all 0
	SourceText       string       // what was embedded
	ModelName        string
	ModelVersion     string
	ContentHash      string // of the whole text
	EmbeddingProfile string // model and dimensions, such as text_embedding_3_small_1536
}

// AssetEmbedding is the vector of an asset, with where it comes from. An empty text
// leaves what is stored.
type AssetEmbedding struct {
	AssetID          string       // required
	Embedding        types.Vector // required: Dimensions finite numbers, not all 0
	SourceText       string       // what was embedded
	ModelName        string
	ModelVersion     string
	ContentHash      string // of the whole text
	EmbeddingProfile string // model and dimensions, such as text_embedding_3_small_1536
}

// PartEmbedding is the vector of a part, with where it comes from. An empty text
// leaves what is stored.
type PartEmbedding struct {
	PartID           string       // required
	Embedding        types.Vector // required: Dimensions finite numbers, not all 0
	SourceText       string       // what was embedded
	ModelName        string
	ModelVersion     string
	ContentHash      string // of the whole text
	EmbeddingProfile string // model and dimensions, such as text_embedding_3_small_1536
}

// UpsertWorkOrderEmbedding stores the vector of a work order, instead of the one
// there is. Repeating it is harmless. A work order that is not completed leaves the
// queue of NextWorkOrdersForEmbedding for ever.
//
// Needs membership of the work order's tenant, no permission and no tenant in the
// token. Fails with ErrInvalidReference when there is no such work order there.
//
// TypeScript: semanticSearch.upsertWorkOrderEmbedding.
func (s *SemanticSearchService) UpsertWorkOrderEmbedding(ctx context.Context, p WorkOrderEmbedding) error {
	const op = "SemanticSearch.UpsertWorkOrderEmbedding"
	if err := requireEmbedding(op, "", "WorkOrderID", p.WorkOrderID, p.Embedding); err != nil {
		return err
	}
	return postgrest.ExecAgain(ctx, s.rpc, op, upsertWorkOrderEmbeddingArgs{
		WorkOrderID:      p.WorkOrderID,
		Embedding:        p.Embedding,
		SourceText:       postgrest.NullIfZero(p.SourceText),
		ModelName:        postgrest.NullIfZero(p.ModelName),
		ModelVersion:     postgrest.NullIfZero(p.ModelVersion),
		ContentHash:      postgrest.NullIfZero(p.ContentHash),
		EmbeddingProfile: postgrest.NullIfZero(p.EmbeddingProfile),
	})
}

// UpsertAssetEmbedding stores the vector of an asset, instead of the one there is.
// Repeating it is harmless.
//
// Needs membership of the asset's tenant, no permission and no tenant in the token.
// Fails with ErrInvalidReference when there is no such asset there.
//
// TypeScript: semanticSearch.upsertAssetEmbedding.
func (s *SemanticSearchService) UpsertAssetEmbedding(ctx context.Context, p AssetEmbedding) error {
	const op = "SemanticSearch.UpsertAssetEmbedding"
	if err := requireEmbedding(op, "", "AssetID", p.AssetID, p.Embedding); err != nil {
		return err
	}
	return postgrest.ExecAgain(ctx, s.rpc, op, upsertAssetEmbeddingArgs{
		AssetID:          p.AssetID,
		Embedding:        p.Embedding,
		SourceText:       postgrest.NullIfZero(p.SourceText),
		ModelName:        postgrest.NullIfZero(p.ModelName),
		ModelVersion:     postgrest.NullIfZero(p.ModelVersion),
		ContentHash:      postgrest.NullIfZero(p.ContentHash),
		EmbeddingProfile: postgrest.NullIfZero(p.EmbeddingProfile),
	})
}

// UpsertPartEmbedding stores the vector of a part, instead of the one there is.
// Repeating it is harmless.
//
// Needs membership of the part's tenant, no permission and no tenant in the token.
// Fails with ErrInvalidReference when there is no such part there.
//
// TypeScript: semanticSearch.upsertPartEmbedding.
func (s *SemanticSearchService) UpsertPartEmbedding(ctx context.Context, p PartEmbedding) error {
	const op = "SemanticSearch.UpsertPartEmbedding"
	if err := requireEmbedding(op, "", "PartID", p.PartID, p.Embedding); err != nil {
		return err
	}
	return postgrest.ExecAgain(ctx, s.rpc, op, upsertPartEmbeddingArgs{
		PartID:           p.PartID,
		Embedding:        p.Embedding,
		SourceText:       postgrest.NullIfZero(p.SourceText),
		ModelName:        postgrest.NullIfZero(p.ModelName),
		ModelVersion:     postgrest.NullIfZero(p.ModelVersion),
		ContentHash:      postgrest.NullIfZero(p.ContentHash),
		EmbeddingProfile: postgrest.NullIfZero(p.EmbeddingProfile),
	})
}

// row is an element of a batch.
type row struct {
	WorkOrderID      string       `json:"work_order_id,omitempty"`
	AssetID          string       `json:"asset_id,omitempty"`
	PartID           string       `json:"part_id,omitempty"`
	Embedding        types.Vector `json:"embedding"`
	SourceText       string       `json:"source_text,omitempty"`
	ModelName        string       `json:"model_name,omitempty"`
	ModelVersion     string       `json:"model_version,omitempty"`
	ContentHash      string       `json:"content_hash,omitempty"`
	EmbeddingProfile string       `json:"embedding_profile,omitempty"`
}

func (e WorkOrderEmbedding) row() row {
	return row{WorkOrderID: e.WorkOrderID, Embedding: e.Embedding, SourceText: e.SourceText, ModelName: e.ModelName,
		ModelVersion: e.ModelVersion, ContentHash: e.ContentHash, EmbeddingProfile: e.EmbeddingProfile}
}

func (e AssetEmbedding) row() row {
	return row{AssetID: e.AssetID, Embedding: e.Embedding, SourceText: e.SourceText, ModelName: e.ModelName,
		ModelVersion: e.ModelVersion, ContentHash: e.ContentHash, EmbeddingProfile: e.EmbeddingProfile}
}

func (e PartEmbedding) row() row {
	return row{PartID: e.PartID, Embedding: e.Embedding, SourceText: e.SourceText, ModelName: e.ModelName,
		ModelVersion: e.ModelVersion, ContentHash: e.ContentHash, EmbeddingProfile: e.EmbeddingProfile}
}

// BatchUpsertWorkOrderEmbeddings stores the vectors of work orders of the token's
// tenant, all or none, and returns how many. What is no work order of the tenant is
// passed over and not counted. Repeating it is harmless. Without rows nothing is
// sent.
//
// Needs membership of the token's tenant, no permission.
//
// TypeScript: semanticSearch.batchUpsertWorkOrderEmbeddings.
func (s *SemanticSearchService) BatchUpsertWorkOrderEmbeddings(ctx context.Context, rows []WorkOrderEmbedding) (int, error) {
	const op = "SemanticSearch.BatchUpsertWorkOrderEmbeddings"
	out := make([]row, len(rows))
	for i, r := range rows {
		if err := requireEmbedding(op, fmt.Sprintf("[%d].", i), "WorkOrderID", r.WorkOrderID, r.Embedding); err != nil {
			return 0, err
		}
		out[i] = r.row()
	}
	return s.batch(ctx, op, WorkOrders, out)
}

// BatchUpsertAssetEmbeddings stores the vectors of assets of the token's tenant, all
// or none, and returns how many. What is no asset of the tenant is passed over and
// not counted. Repeating it is harmless. Without rows nothing is sent.
//
// Needs membership of the token's tenant, no permission.
//
// TypeScript: semanticSearch.batchUpsertAssetEmbeddings.
func (s *SemanticSearchService) BatchUpsertAssetEmbeddings(ctx context.Context, rows []AssetEmbedding) (int, error) {
	const op = "SemanticSearch.BatchUpsertAssetEmbeddings"
	out := make([]row, len(rows))
	for i, r := range rows {
		if err := requireEmbedding(op, fmt.Sprintf("[%d].", i), "AssetID", r.AssetID, r.Embedding); err != nil {
			return 0, err
		}
		out[i] = r.row()
	}
	return s.batch(ctx, op, Assets, out)
}

// BatchUpsertPartEmbeddings stores the vectors of parts of the token's tenant, all or
// none, and returns how many. What is no part of the tenant is passed over and not
// counted. Repeating it is harmless. Without rows nothing is sent.
//
// Needs membership of the token's tenant, no permission.
//
// TypeScript: semanticSearch.batchUpsertPartEmbeddings.
func (s *SemanticSearchService) BatchUpsertPartEmbeddings(ctx context.Context, rows []PartEmbedding) (int, error) {
	const op = "SemanticSearch.BatchUpsertPartEmbeddings"
	out := make([]row, len(rows))
	for i, r := range rows {
		if err := requireEmbedding(op, fmt.Sprintf("[%d].", i), "PartID", r.PartID, r.Embedding); err != nil {
			return 0, err
		}
		out[i] = r.row()
	}
	return s.batch(ctx, op, Parts, out)
}

func (s *SemanticSearchService) batch(ctx context.Context, op string, kind Domain, rows []row) (int, error) {
	if err := s.rpc.Conn().NeedTenant(ctx, op); err != nil || len(rows) == 0 {
		return 0, err
	}
	body, err := postgrest.Body(op, rows)
	if err != nil {
		return 0, err
	}
	var args postgrest.Args
	switch kind {
	case WorkOrders:
		args = batchUpsertWorkOrderEmbeddingsArgs{Rows: body}
	case Assets:
		args = batchUpsertAssetEmbeddingsArgs{Rows: body}
	case Parts:
		args = batchUpsertPartEmbeddingsArgs{Rows: body}
	}
	return postgrest.CallAgain[int](ctx, s.rpc, op, args)
}

// GetWorkOrderEmbedding returns the stored vector of a work order, nil when it has
// none and when the caller is not a member of its tenant.
//
// On the platform as it is, every call fails with ErrSchemaMismatch (code
// 42704).
//
// TypeScript: semanticSearch.getWorkOrderEmbedding.
func (s *SemanticSearchService) GetWorkOrderEmbedding(ctx context.Context, workOrderID string) (types.Vector, error) {
	const op = "SemanticSearch.GetWorkOrderEmbedding"
	if err := sdkerr.RequireText(op, "the work order id", workOrderID); err != nil {
		return nil, err
	}
	return postgrest.CallAgain[types.Vector](ctx, s.rpc, op, getWorkOrderEmbeddingArgs{WorkOrderID: workOrderID})
}

// NextWorkOrdersForEmbedding returns completed work orders of the token's tenant
// without a vector, the last completed first: up to limit of them (0: 50; the server gives 500 at most).
//
// Needs membership, no permission: it shows members work orders that they do not see
// otherwise. A change to a work order does not bring it back into the queue.
//
// TypeScript: semanticSearch.nextWorkOrdersForEmbedding.
func (s *SemanticSearchService) NextWorkOrdersForEmbedding(ctx context.Context, limit int) ([]PendingWorkOrder, error) {
	const op = "SemanticSearch.NextWorkOrdersForEmbedding"
	if err := s.ready(ctx, op, limit); err != nil {
		return nil, err
	}
	return postgrest.CallAgain[[]PendingWorkOrder](ctx, s.rpc, op, nextWorkOrdersForEmbeddingArgs{Limit: postgrest.NullIfZero(limit)})
}

// NextAssetsForEmbedding returns assets of the token's tenant without a vector, the
// last changed first: up to limit of them (0: 50; the server gives 500 at most). A change to an asset does
// not bring it back into the queue. Needs membership, no permission.
//
// TypeScript: semanticSearch.nextAssetsForEmbedding.
func (s *SemanticSearchService) NextAssetsForEmbedding(ctx context.Context, limit int) ([]PendingAsset, error) {
	const op = "SemanticSearch.NextAssetsForEmbedding"
	if err := s.ready(ctx, op, limit); err != nil {
		return nil, err
	}
	return postgrest.CallAgain[[]PendingAsset](ctx, s.rpc, op, nextAssetsForEmbeddingArgs{Limit: postgrest.NullIfZero(limit)})
}

// NextPartsForEmbedding returns active parts of the token's tenant without a vector,
// the last changed first: up to limit of them (0: 50; the server gives 500 at most). A change to a part does
// not bring it back into the queue. Needs membership, no permission.
//
// TypeScript: semanticSearch.nextPartsForEmbedding.
func (s *SemanticSearchService) NextPartsForEmbedding(ctx context.Context, limit int) ([]PendingPart, error) {
	const op = "SemanticSearch.NextPartsForEmbedding"
	if err := s.ready(ctx, op, limit); err != nil {
		return nil, err
	}
	return postgrest.CallAgain[[]PendingPart](ctx, s.rpc, op, nextPartsForEmbeddingArgs{Limit: postgrest.NullIfZero(limit)})
}

// requireEmbedding checks the parts of an embedding that are required; at is its
// place in a batch.
func requireEmbedding(op, at, idField, id string, v types.Vector) error {
	if err := sdkerr.RequireText(op, at+idField, id); err != nil {
		return err
	}
	return checkVector(op, at+"Embedding", v)
}
