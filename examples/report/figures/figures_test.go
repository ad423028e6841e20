package figures

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/workorder-systems/sdk-go/reporting"
)

func day(month time.Month, d int) time.Time { return time.Date(2026, month, d, 0, 0, 0, 0, time.UTC) }

func order(status, priority string, created time.Time, completed, due *time.Time) Order {
	return Order{WorkOrderFact: reporting.WorkOrderFact{
		Status: status, Priority: priority, CreatedAt: created, CompletedAt: completed,
	}, DueDate: due}
}

func TestMonthsCrossTheYearAndGoByUTC(t *testing.T) {
	// Half past midnight in the east is still the month before.
	last := time.Date(2026, 3, 1, 0, 30, 0, 0, time.FixedZone("", 3600))
	require.Equal(t, []time.Time{
		time.Date(2025, 12, 1, 0, 0, 0, 0, time.UTC), day(1, 1), day(2, 1),
	}, Months(last, 3))
}

func TestBacklogAt(t *testing.T) {
	orders := []Order{
		order("completed", "high", day(1, 1), new(day(3, 1)), new(day(1, 20))),
		order("cancelled", "low", day(1, 1), new(day(1, 31)), nil),
		order("in_progress", "low", day(1, 28), new(day(1, 29)), nil), // opened again
		order("draft", "low", day(2, 2), nil, nil),
	}
	require.Equal(t, Backlog{
		At: day(2, 1), Open: 2, Overdue: 1,
		ByPriority: map[string]int{"high": 1, "low": 1}, ByAge: [4]int{1, 0, 1, 0},
	}, BacklogAt(orders, day(2, 1)))
	require.Equal(t, Backlog{At: day(2, 1), ByPriority: map[string]int{}}, BacklogAt(nil, day(2, 1)))
}

func TestMTTRLeavesOutCancelledOrders(t *testing.T) {
	facts := []reporting.WorkOrderFact{
		{Status: "completed", CreatedAt: day(1, 1), CompletedAt: new(day(2, 1))},
		{Status: "completed", CreatedAt: day(2, 1), CompletedAt: new(day(2, 2))},
		{Status: "cancelled", CreatedAt: day(1, 1), CompletedAt: new(day(2, 2))},
		{Status: "completed", CreatedAt: day(1, 1), CompletedAt: new(day(3, 1))},
	}
	require.Equal(t, []Mean{
		{Month: day(1, 1)}, {Month: day(2, 1), Count: 2, Hours: 16 * 24},
	}, MTTR(facts, Months(day(2, 9), 2)))
}

func TestMTBFIsOfEachAsset(t *testing.T) {
	failure := func(asset *string, at time.Time) reporting.DowntimeIncidentFact {
		return reporting.DowntimeIncidentFact{AssetID: asset, CompletedAt: at}
	}
	incidents := []reporting.DowntimeIncidentFact{
		failure(new("a"), day(2, 3)), failure(new("a"), day(1, 31)), failure(new("a"), day(2, 4)),
		failure(new("a"), day(2, 4)), // at the same instant: no time between them
		failure(new("b"), day(2, 1)), failure(nil, day(2, 1)), failure(nil, day(2, 2)),
	}
	require.Equal(t, []Mean{
		{Month: day(1, 1)}, {Month: day(2, 1), Count: 2, Hours: 48},
	}, MTBF(incidents, Months(day(2, 9), 2)))
}

func TestTopCosts(t *testing.T) {
	cost := func(id string, total int64) reporting.AssetCost {
		return reporting.AssetCost{AssetID: id, TotalCents: &total}
	}
	costs := []reporting.AssetCost{cost("d", 1), cost("c", 5), cost("a", 0), cost("b", 5)}
	require.Equal(t, []reporting.AssetCost{cost("b", 5), cost("c", 5)}, TopCosts(costs, 2))
	require.Len(t, TopCosts(costs, 10), 3)
	require.Empty(t, TopCosts(nil, 10))
}
