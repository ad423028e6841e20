package org

import (
	"context"
	"encoding/json"

	"github.com/workorder-systems/sdk-go/internal/api"
	"github.com/workorder-systems/sdk-go/internal/postgrest"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// CatalogService reads and extends the tenant's catalogs: statuses and the
// moves between them, priorities and maintenance types. Any member of the
// token's tenant may read; entries cannot be changed or deleted once made.
//
// TypeScript: catalogs (listStatuses is Statuses.List, and so on).
type CatalogService struct {
	// Statuses reads v_status_catalogs. It mixes the statuses of all kinds of
	// entity: filter by EntityType.
	Statuses postgrest.View[Status]
	// Priorities reads v_priority_catalogs, most urgent (lowest weight) first.
	Priorities postgrest.View[Priority]
	// MaintenanceTypes reads v_maintenance_type_catalogs.
	MaintenanceTypes postgrest.View[MaintenanceType]
	// StatusTransitions reads v_status_transitions, the allowed moves.
	StatusTransitions postgrest.View[StatusTransition]

	rpc postgrest.Caller
}

func (s *CatalogService) bind(conn *api.Conn) {
	s.Statuses = postgrest.NewView(conn, &statusView)
	s.Priorities = postgrest.NewView(conn, &priorityView)
	s.MaintenanceTypes = postgrest.NewView(conn, &maintenanceTypeView)
	s.StatusTransitions = postgrest.NewView(conn, &statusTransitionView)
	s.rpc = postgrest.NewCaller(conn)
}

// StatusCategory groups statuses.
type StatusCategory string

// The categories of statuses.
const (
	StatusOpen   StatusCategory = "open"
	StatusClosed StatusCategory = "closed"
	StatusFinal  StatusCategory = "final"
)

// CreateStatusParams describes a new status.
type CreateStatusParams struct {
	TenantID     string         // optional: the client's tenant
	EntityType   string         // required: "work_order", "asset" or a type of your own
	Key          string         // required, 1–50 of a–z, 0–9 and _; unique within the entity type
	Name         string         // required
	Category     StatusCategory // required
	DisplayOrder int            // 0 or more
	Color        string         // #RGB or #RRGGBB
	Icon         string
}

// CreateStatus adds a status and returns its id. The status is never final,
// whatever its category, and work orders cannot enter it until a transition
// leads there.
//
// Needs permission tenant.admin. Fails with ErrInvalidReference for an unknown
// category, ErrInvalidInput for a malformed value and ErrConflict when the key
// is taken.
//
// TypeScript: catalogs.createStatus.
func (s *CatalogService) CreateStatus(ctx context.Context, p CreateStatusParams) (string, error) {
	const op = "Catalogs.CreateStatus"
	if err := sdkerr.RequireText(op, "EntityType", p.EntityType, "Key", p.Key, "Name", p.Name,
		"Category", string(p.Category)); err != nil {
		return "", err
	}
	return postgrest.Call[string](ctx, s.rpc, op, createStatusArgs{
		TenantID:     p.TenantID,
		EntityType:   p.EntityType,
		Key:          p.Key,
		Name:         p.Name,
		Category:     string(p.Category),
		DisplayOrder: p.DisplayOrder,
		Color:        postgrest.NullIfZero(p.Color),
		Icon:         postgrest.NullIfZero(p.Icon),
	})
}

// CreatePriorityParams describes a new priority.
type CreatePriorityParams struct {
	TenantID     string // optional: the client's tenant
	EntityType   string // required, such as "work_order"
	Key          string // required, 1–50 of a–z, 0–9 and _; unique within the entity type
	Name         string // required
	Weight       int    // 0 or more; lower is more urgent
	DisplayOrder int    // 0 or more
	Color        string // #RGB or #RRGGBB
}

// CreatePriority adds a priority and returns its id.
//
// Needs permission tenant.admin. Fails with ErrInvalidInput for a malformed
// value and ErrConflict when the key is taken.
//
// TypeScript: catalogs.createPriority.
func (s *CatalogService) CreatePriority(ctx context.Context, p CreatePriorityParams) (string, error) {
	const op = "Catalogs.CreatePriority"
	if err := sdkerr.RequireText(op, "EntityType", p.EntityType, "Key", p.Key, "Name", p.Name); err != nil {
		return "", err
	}
	return postgrest.Call[string](ctx, s.rpc, op, createPriorityArgs{
		TenantID:     p.TenantID,
		EntityType:   p.EntityType,
		Key:          p.Key,
		Name:         p.Name,
		Weight:       p.Weight,
		DisplayOrder: p.DisplayOrder,
		Color:        postgrest.NullIfZero(p.Color),
	})
}

// MaintenanceCategory groups maintenance types.
type MaintenanceCategory string

// The categories of maintenance types.
const (
	MaintenanceReactive MaintenanceCategory = "reactive"
	MaintenancePlanned  MaintenanceCategory = "planned"
	MaintenanceAdvanced MaintenanceCategory = "advanced"
	MaintenanceLean     MaintenanceCategory = "lean"
	MaintenanceOther    MaintenanceCategory = "other"
)

// CreateMaintenanceTypeParams describes a new maintenance type of work orders.
type CreateMaintenanceTypeParams struct {
	TenantID     string              // optional: the client's tenant
	Key          string              // required, 1–50 of a–z, 0–9 and _; unique within the tenant
	Name         string              // required
	Category     MaintenanceCategory // required
	Description  string
	DisplayOrder *int   // nil: after the last one of its category
	Color        string // #RGB or #RRGGBB
	Icon         string
}

// CreateMaintenanceType adds a maintenance type and returns its id.
//
// Needs permission tenant.admin. Fails with ErrInvalidReference for an unknown
// category, ErrInvalidInput for a malformed value and ErrConflict when the key
// is taken.
//
// TypeScript: catalogs.createMaintenanceType.
func (s *CatalogService) CreateMaintenanceType(ctx context.Context, p CreateMaintenanceTypeParams) (string, error) {
	const op = "Catalogs.CreateMaintenanceType"
	if err := sdkerr.RequireText(op, "Key", p.Key, "Name", p.Name, "Category", string(p.Category)); err != nil {
		return "", err
	}
	return postgrest.Call[string](ctx, s.rpc, op, createMaintenanceTypeArgs{
		TenantID:     p.TenantID,
		Category:     string(p.Category),
		Key:          p.Key,
		Name:         p.Name,
		Description:  postgrest.NullIfZero(p.Description),
		DisplayOrder: p.DisplayOrder,
		Color:        postgrest.NullIfZero(p.Color),
		Icon:         postgrest.NullIfZero(p.Icon),
	})
}

// CreateStatusTransitionParams describes a move between two statuses.
type CreateStatusTransitionParams struct {
	TenantID      string // optional: the client's tenant
	EntityType    string // required, such as "work_order"
	FromStatusKey string // required
	ToStatusKey   string // required; may equal FromStatusKey
	// RequiredPermission is the permission key the mover must hold; empty: none.
	// The server does not check that such a key exists, and a move that needs
	// an unknown one is never allowed.
	RequiredPermission string
	// GuardCondition is a JSON object of conditions on the entity, such as
	// {"assigned_to":"not_null"}; empty: none. Work orders offer assigned_to and
	// status.
	GuardCondition json.RawMessage
}

// CreateStatusTransition allows a move between two statuses and returns its id.
//
// Needs permission tenant.admin. Fails with ErrInvalidReference when one of the
// statuses does not exist, ErrConflict when the move exists, and with
// ErrInvalidInput, before anything is sent, when GuardCondition is not a JSON
// object: the server would take it and fail at every move.
//
// TypeScript: catalogs.createStatusTransition.
func (s *CatalogService) CreateStatusTransition(ctx context.Context, p CreateStatusTransitionParams) (string, error) {
	const op = "Catalogs.CreateStatusTransition"
	if err := sdkerr.RequireText(op, "EntityType", p.EntityType, "FromStatusKey", p.FromStatusKey,
		"ToStatusKey", p.ToStatusKey); err != nil {
		return "", err
	}
	if len(p.GuardCondition) == 0 {
		p.GuardCondition = nil
	} else {
		var object map[string]json.RawMessage
		if err := json.Unmarshal(p.GuardCondition, &object); err != nil {
			return "", sdkerr.Invalid(op, "GuardCondition", "must be a JSON object")
		}
	}
	return postgrest.Call[string](ctx, s.rpc, op, createStatusTransitionArgs{
		TenantID:           p.TenantID,
		EntityType:         p.EntityType,
		FromStatusKey:      p.FromStatusKey,
		ToStatusKey:        p.ToStatusKey,
		RequiredPermission: postgrest.NullIfZero(p.RequiredPermission),
		GuardCondition:     p.GuardCondition,
	})
}

// WorkflowGraph is the status graph of one kind of entity in a tenant.
type WorkflowGraph struct {
	EntityType  string         `json:"entity_type"`
	TenantID    string         `json:"tenant_id"`
	Transitions []WorkflowEdge `json:"transitions"` // empty when the type has no moves
}

// WorkflowEdge is an allowed move of a WorkflowGraph.
type WorkflowEdge struct {
	FromStatusKey      string          `json:"from_status_key"`
	ToStatusKey        string          `json:"to_status_key"`
	RequiredPermission *string         `json:"required_permission"`
	GuardCondition     json.RawMessage `json:"guard_condition"`
}

// WorkflowGraphParams names a kind of entity.
type WorkflowGraphParams struct {
	TenantID   string // optional: the client's tenant
	EntityType string // required, such as "work_order"
}

// WorkflowGraph returns the allowed moves between statuses, sorted by their
// ends. A type without moves, or unknown, gives a graph without transitions.
//
// Needs membership, no permission.
//
// TypeScript: catalogs.getWorkflowGraph.
func (s *CatalogService) WorkflowGraph(ctx context.Context, p WorkflowGraphParams) (*WorkflowGraph, error) {
	const op = "Catalogs.WorkflowGraph"
	if err := sdkerr.RequireText(op, "EntityType", p.EntityType); err != nil {
		return nil, err
	}
	return postgrest.Call[*WorkflowGraph](ctx, s.rpc, op, getWorkflowGraphArgs(p))
}
