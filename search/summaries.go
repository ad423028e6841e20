package search

import (
	"context"
	"math"

	"github.com/workorder-systems/sdk-go/internal/postgrest"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
	"github.com/workorder-systems/sdk-go/query"
)

var (
	assetSummaries      = postgrest.As(assetSummaryView, "Agent.ListAssetsSummary")
	partSummaries       = postgrest.As(partSummaryView, "Agent.ListPartsSummary")
	pmScheduleSummaries = postgrest.As(pmScheduleSummaryView, "Agent.ListPMSchedulesSummary")
	workOrderSummaries  = postgrest.As(workOrderSummaryView, "Agent.ListWorkOrdersSummary")
	workOrderByID       = postgrest.As(workOrderSummaryView, "Agent.GetWorkOrderSummary")
)

// newest are the options of a short list: the last changed first.
func newest(op string, limit int, order query.Order) ([]query.Option, error) {
	if limit < 0 || limit > math.MaxInt32 {
		return nil, sdkerr.Invalid(op, "the limit", "must be 0 or more")
	}
	if limit == 0 {
		limit = 50
	}
	return []query.Option{query.OrderBy(order), query.Limit(limit)}, nil
}

// ListWorkOrdersSummary returns work orders but drafts, the last changed first: up to
// limit of them (0: 50). It shows those that the caller sees in WorkOrders.
//
// TypeScript: agent.listWorkOrdersSummary.
func (s *AgentService) ListWorkOrdersSummary(ctx context.Context, limit int) ([]WorkOrderSummary, error) {
	opts, err := newest("Agent.ListWorkOrdersSummary", limit, WorkOrderSummaryCols.UpdatedAt.Desc())
	if err != nil {
		return nil, err
	}
	opts = append(opts, query.Where(WorkOrderSummaryCols.Status.NotEq("draft")))
	return postgrest.NewView(s.rpc.Conn(), workOrderSummaries).List(ctx, opts...)
}

// GetWorkOrderSummary returns a work order, also a draft. ErrNotFound when there is
// none that the caller sees.
//
// TypeScript: agent.getWorkOrderSummary, which gives null for none.
func (s *AgentService) GetWorkOrderSummary(ctx context.Context, workOrderID string) (*WorkOrderSummary, error) {
	return postgrest.NewView(s.rpc.Conn(), workOrderByID).Get(ctx, workOrderID)
}

// ListAssetsSummary returns assets, the last changed first: up to limit of them (0:
// 50).
//
// TypeScript: agent.listAssetsSummary.
func (s *AgentService) ListAssetsSummary(ctx context.Context, limit int) ([]AssetSummary, error) {
	opts, err := newest("Agent.ListAssetsSummary", limit, AssetSummaryCols.UpdatedAt.Desc())
	if err != nil {
		return nil, err
	}
	return postgrest.NewView(s.rpc.Conn(), assetSummaries).List(ctx, opts...)
}

// ListPartsSummary returns parts of the token's tenant, inactive ones too, the last
// changed first: up to limit of them (0: 50).
//
// TypeScript: agent.listPartsSummary, which has no order and mixes all tenants of the
// user.
func (s *AgentService) ListPartsSummary(ctx context.Context, limit int) ([]PartSummary, error) {
	opts, err := newest("Agent.ListPartsSummary", limit, PartSummaryCols.UpdatedAt.Desc())
	if err != nil {
		return nil, err
	}
	return postgrest.NewView(s.rpc.Conn(), partSummaries).List(ctx, opts...)
}

// ListPMSchedulesSummary returns maintenance schedules, the last changed first: up to
// limit of them (0: 50).
//
// TypeScript: agent.listPmSchedulesSummary.
func (s *AgentService) ListPMSchedulesSummary(ctx context.Context, limit int) ([]PMScheduleSummary, error) {
	opts, err := newest("Agent.ListPMSchedulesSummary", limit, PMScheduleSummaryCols.UpdatedAt.Desc())
	if err != nil {
		return nil, err
	}
	return postgrest.NewView(s.rpc.Conn(), pmScheduleSummaries).List(ctx, opts...)
}
