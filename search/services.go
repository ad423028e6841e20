package search

import (
	"context"

	"github.com/workorder-systems/sdk-go/internal/api"
	"github.com/workorder-systems/sdk-go/workorders"
)

// Services are where the services of this package are. A new one gets its field and
// its line here, and in workorder.Client.
type Services struct {
	SemanticSearch *SemanticSearchService
	Agent          *AgentService
}

// Client is what the agent needs of the client that it belongs to.
type Client interface {
	SetTenant(ctx context.Context, tenantID string) error
	SetTenantAndRefresh(ctx context.Context, tenantID string) (api.Token, error)
}

// Bind is for the root package; use the fields of workorder.Client.
func Bind(conn *api.Conn, c Client, orders *workorders.WorkOrderService, s Services) {
	s.SemanticSearch.bind(conn)
	s.Agent.bind(conn, c, orders, s.SemanticSearch)
}
