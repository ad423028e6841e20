package search

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"strings"

	"github.com/workorder-systems/sdk-go/internal/api"
	"github.com/workorder-systems/sdk-go/internal/postgrest"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
	"github.com/workorder-systems/sdk-go/workorders"
)

// AgentService has what programs need that act for somebody who talks to them: to
// find out for which tenant, to find the thing that is meant, and short lists. It
// puts other services together; the platform has nothing of its own for it.
//
// TypeScript: agent.
type AgentService struct {
	rpc    postgrest.Caller
	client Client
	orders *workorders.WorkOrderService
	search *SemanticSearchService
}

func (s *AgentService) bind(conn *api.Conn, c Client, orders *workorders.WorkOrderService, search *SemanticSearchService) {
	*s = AgentService{rpc: postgrest.NewCaller(conn), client: c, orders: orders, search: search}
}

// TenantResolution says for which tenant the client works.
type TenantResolution struct {
	Resolved bool
	TenantID string // empty unless Resolved
	// NeedsSetTenant says that the token does not name TenantID, so that reads show
	// nothing yet: call EnsureTenant.
	NeedsSetTenant bool
	// NeedsUserInput says that the user must choose one of Candidates.
	NeedsUserInput bool
	Candidates     []TenantCandidate // the user's tenants, unless the token names one
	// StoredTenantID is the tenant that Auth puts into the user's next token, where
	// the token names none; empty when there is none. It may be one that the user
	// has left.
	StoredTenantID string
	NextActions    []string // what to do next, in words
}

// ResolveTenant finds out for which tenant the client works: the one that its access
// token names, else the only one of the user. The tenant that is stored for the user
// does not count, as views show nothing of it before the token names it; it is told
// in StoredTenantID.
//
// Needs a signed-in user.
//
// TypeScript: agent.resolveTenant, which takes the stored tenant for the token's.
func (s *AgentService) ResolveTenant(ctx context.Context) (TenantResolution, error) {
	const op = "Agent.ResolveTenant"
	current, err := s.tokenTenant(ctx, op)
	if err != nil {
		return TenantResolution{}, err
	}
	if current != "" {
		return TenantResolution{Resolved: true, TenantID: current, NextActions: []string{"go on: the token names the tenant"}}, nil
	}
	candidates, err := postgrest.NewView(s.rpc.Conn(), postgrest.As(tenantCandidateView, op)).List(ctx)
	if err != nil {
		return TenantResolution{}, err
	}
	stored, err := s.storedTenant(ctx, op)
	if err != nil {
		return TenantResolution{}, err
	}
	r := TenantResolution{Candidates: candidates, StoredTenantID: stored}
	switch len(candidates) {
	case 0:
		r.NextActions = []string{"have the user invited to a tenant, or create one with Tenants.Create"}
	case 1:
		r.Resolved, r.TenantID, r.NeedsSetTenant = true, candidates[0].ID, true
		r.NextActions = []string{"call Agent.EnsureTenant with TenantID before anything is read"}
	default:
		r.NeedsUserInput = true
		r.NextActions = []string{"ask the user for one of Candidates", "call Agent.EnsureTenant with its ID"}
	}
	return r, nil
}

// EnsureTenantParams says which tenant to work for.
type EnsureTenantParams struct {
	TenantID string // required; of a tenant that the user is a member of
	// SkipRefresh only stores the tenant: the token names it from the next refresh on.
	SkipRefresh bool
}

// TenantState says whether the client works for a tenant.
type TenantState struct {
	TenantID      string   // the tenant that was asked for
	TokenTenantID string   // the tenant that the token names now; empty: none
	TenantIDInJWT bool     // whether the two are the same, so that reads show the tenant
	Refreshed     bool     // whether a new token was fetched
	NextActions   []string // what to do next, in words
}

// EnsureTenant stores the tenant as the user's current one and, unless SkipRefresh,
// gets a token that names it. A client without a session to refresh keeps its token,
// or signs its next one for the tenant; one that is bound to the tenant, or whose
// fixed token names it, has nothing to do.
//
// Fails with ErrPermissionDenied when the user is not a member, and with
// ErrTenantMismatch when the client cannot leave the tenant of its token.
//
// TypeScript: agent.ensureTenant.
func (s *AgentService) EnsureTenant(ctx context.Context, p EnsureTenantParams) (TenantState, error) {
	const op = "Agent.EnsureTenant"
	return s.enter(ctx, op, p.TenantID, !p.SkipRefresh)
}

// SetTenantAndRefresh is EnsureTenant with a refresh.
//
// TypeScript: agent.setTenantAndRefresh.
func (s *AgentService) SetTenantAndRefresh(ctx context.Context, tenantID string) (TenantState, error) {
	const op = "Agent.SetTenantAndRefresh"
	return s.enter(ctx, op, tenantID, true)
}

// refresher is a token source that gets a new token when it is asked to.
type refresher interface {
	Refresh(ctx context.Context) (api.Token, error)
}

func (s *AgentService) enter(ctx context.Context, op, tenantID string, refresh bool) (TenantState, error) {
	tenantID = strings.TrimSpace(tenantID)
	if err := sdkerr.RequireText(op, "TenantID", tenantID); err != nil {
		return TenantState{}, err
	}
	tenantID = strings.ToLower(tenantID)
	current, err := s.tokenTenant(ctx, op)
	if err != nil {
		return TenantState{}, err
	}
	state := TenantState{TenantID: tenantID, TokenTenantID: current}
	_, session := s.rpc.Conn().Config().Auth.(refresher)
	if session && refresh {
		_, err = s.client.SetTenantAndRefresh(ctx, tenantID)
		state.Refreshed = err == nil
	} else if err = s.client.SetTenant(ctx, tenantID); errors.Is(err, sdkerr.ErrTenantMismatch) && current == tenantID {
		err = nil // it cannot move, and need not
	}
	if err != nil {
		return TenantState{}, sdkerr.Wrap(op, nil, err)
	}
	if state.TokenTenantID, err = s.tokenTenant(ctx, op); err != nil {
		return TenantState{}, err
	}
	state.TenantIDInJWT = state.TokenTenantID == tenantID
	if state.TenantIDInJWT {
		state.NextActions = []string{"go on: the token names the tenant"}
	} else {
		state.NextActions = []string{"refresh the session before anything is read: the token does not name the tenant yet"}
	}
	return state, nil
}

var uuidFormat = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// tenantIDOf is the text when it can be a tenant's id.
func tenantIDOf(text string) string {
	if text = strings.ToLower(text); uuidFormat.MatchString(text) {
		return text
	}
	return ""
}

// tokenTenant is the tenant that the current token names. ErrUnauthenticated when the
// client acts for no user.
func (s *AgentService) tokenTenant(ctx context.Context, op string) (string, error) {
	conn := s.rpc.Conn()
	if conn == nil {
		return "", api.Unmade(op)
	}
	if _, err := conn.UserID(ctx, op); err != nil {
		return "", err
	}
	tenant, err := conn.TokenTenant(ctx, op)
	return tenantIDOf(tenant), err
}

// storedTenant is the tenant that Auth has stored for the user.
func (s *AgentService) storedTenant(ctx context.Context, op string) (string, error) {
	resp, err := s.rpc.Conn().Do(ctx, &api.Request{
		Op: op, Method: http.MethodGet, Path: "/auth/v1/user", Header: http.Header{"Accept": {"application/json"}}, Safe: true,
	})
	if err != nil {
		return "", err
	}
	var user struct {
		Metadata map[string]any `json:"user_metadata"`
	}
	if err := postgrest.DecodeInto(op, resp.Body, &user); err != nil {
		return "", err
	}
	stored, _ := user.Metadata["current_tenant_id"].(string)
	return tenantIDOf(stored), nil
}

// SearchEntities is SemanticSearch.SearchEntityCandidatesV2.
//
// TypeScript: agent.searchEntities.
func (s *AgentService) SearchEntities(ctx context.Context, p CandidatesParams) ([]CandidateDetails, error) {
	const op = "Agent.SearchEntities"
	if s.search == nil {
		return nil, api.Unmade(op)
	}
	return s.search.candidates(ctx, op, p)
}

// CreatedWorkOrder is a work order that CreateWorkOrderSafe made.
type CreatedWorkOrder struct {
	WorkOrderID     string
	ClientRequestID string // as given; empty: the call must not be repeated blindly
}

// CreateWorkOrderSafe is WorkOrders.Create. With ClientRequestID it can be repeated
// as often as an agent likes: the first call makes the work order, and the others
// return it. Without one no id is made up, and each call makes another work order.
//
// TypeScript: agent.createWorkOrderSafe.
func (s *AgentService) CreateWorkOrderSafe(ctx context.Context, p workorders.CreateWorkOrderParams) (CreatedWorkOrder, error) {
	const op = "Agent.CreateWorkOrderSafe"
	if s.orders == nil {
		return CreatedWorkOrder{}, api.Unmade(op)
	}
	id, err := s.orders.Create(ctx, p)
	if err != nil {
		return CreatedWorkOrder{}, sdkerr.Wrap(op, nil, err)
	}
	return CreatedWorkOrder{WorkOrderID: id, ClientRequestID: p.ClientRequestID}, nil
}
