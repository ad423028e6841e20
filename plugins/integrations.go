package plugins

import (
	"context"
	"encoding/json"
	"regexp"
	"strings"

	"github.com/workorder-systems/sdk-go/internal/api"
	"github.com/workorder-systems/sdk-go/internal/postgrest"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// IntegrationService keeps what records are called in other systems, and events
// for them. Any member of the token's tenant may read; writing needs permission
// integration.manage, which of the default roles only admin has.
//
// TypeScript: integrations.
type IntegrationService struct {
	// ExternalIDs reads v_integration_external_ids, by id.
	// TypeScript: integrations.listExternalIds.
	ExternalIDs postgrest.View[ExternalID]
	// OutboundEvents reads v_outbound_integration_events, newest first.
	// TypeScript: integrations.listOutboundEvents, whose limit is 100 unless given.
	OutboundEvents postgrest.View[OutboundEvent]

	rpc postgrest.Caller
}

func (s *IntegrationService) bind(conn *api.Conn) {
	s.ExternalIDs = postgrest.NewView(conn, &externalIDView)
	s.OutboundEvents = postgrest.NewView(conn, &outboundEventView)
	s.rpc = postgrest.NewCaller(conn)
}

var entityTypeFormat = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// checkEntityType refuses a type that the platform does, which takes blanks away
// around it first.
func checkEntityType(op, entityType string) error {
	if err := sdkerr.RequireText(op, "EntityType", entityType); err != nil {
		return err
	}
	if !entityTypeFormat.MatchString(strings.Trim(entityType, " ")) {
		return sdkerr.Invalid(op, "EntityType", "must be a–z, then a–z, 0–9 and _")
	}
	return nil
}

// UpsertExternalIDParams says what another system calls a record.
type UpsertExternalIDParams struct {
	TenantID   string          // optional: the client's tenant
	EntityType string          // required, such as asset: a–z, 0–9 and _, up to 80 characters
	EntityID   string          // required, a UUID; need not exist
	SystemKey  string          // required, such as erp, up to 80 characters
	ExternalID string          // required, up to 500 characters; other records may have the same
	Metadata   json.RawMessage // any JSON; empty: {}
}

// UpsertExternalID notes the id that a record has in another system, in place of
// the one it had there. Metadata that is not given is reset to {}. It returns the
// id of the mapping, which stays the same. Blanks around the texts do not count.
//
// Needs permission integration.manage. Fails with ErrInvalidReference when the
// tenant does not exist.
//
// TypeScript: integrations.upsertExternalId.
func (s *IntegrationService) UpsertExternalID(ctx context.Context, p UpsertExternalIDParams) (string, error) {
	const op = "Integrations.UpsertExternalID"
	if err := checkEntityType(op, p.EntityType); err != nil {
		return "", err
	}
	if err := requireText(op, "EntityID", p.EntityID, "SystemKey", p.SystemKey, "ExternalID", p.ExternalID); err != nil {
		return "", err
	}
	if err := checkJSON(op, "Metadata", p.Metadata); err != nil {
		return "", err
	}
	return postgrest.Call[string](ctx, s.rpc, op, upsertIntegrationExternalIDArgs(p))
}

// DeleteExternalIDParams names what another system calls a record.
type DeleteExternalIDParams struct {
	TenantID   string // optional: the client's tenant
	EntityType string // required
	EntityID   string // required
	SystemKey  string // required
}

// DeleteExternalID forgets the id that a record has in another system. One that is
// not there is no error.
//
// Needs permission integration.manage.
//
// TypeScript: integrations.deleteExternalId.
func (s *IntegrationService) DeleteExternalID(ctx context.Context, p DeleteExternalIDParams) error {
	const op = "Integrations.DeleteExternalID"
	if err := requireText(op, "EntityType", p.EntityType, "EntityID", p.EntityID, "SystemKey", p.SystemKey); err != nil {
		return err
	}
	return postgrest.Exec(ctx, s.rpc, op, deleteIntegrationExternalIDArgs(p))
}

// EnqueueEventParams describes an event for other systems.
type EnqueueEventParams struct {
	TenantID   string          // optional: the client's tenant
	EventType  string          // required, up to 120 characters
	Payload    json.RawMessage // required: any JSON but null
	EntityType string
	EntityID   string // a UUID; need not exist
}

// EnqueueEvent appends an event to the tenant's list and returns its id. Nothing of
// the platform sends it anywhere: it is for programs that read OutboundEvents. Each
// call makes an event of its own, and none can be changed or deleted.
//
// Needs permission integration.manage. Fails with ErrInvalidReference when the
// tenant does not exist.
//
// TypeScript: integrations.enqueueEvent.
func (s *IntegrationService) EnqueueEvent(ctx context.Context, p EnqueueEventParams) (string, error) {
	const op = "Integrations.EnqueueEvent"
	if err := requireText(op, "EventType", p.EventType); err != nil {
		return "", err
	}
	if len(p.Payload) == 0 || isNull(p.Payload) {
		return "", sdkerr.Required(op, "Payload")
	}
	if err := checkJSON(op, "Payload", p.Payload); err != nil {
		return "", err
	}
	return postgrest.Call[string](ctx, s.rpc, op, enqueueIntegrationEventArgs{
		TenantID:   p.TenantID,
		EventType:  p.EventType,
		Payload:    p.Payload,
		EntityType: postgrest.NullIfZero(p.EntityType),
		EntityID:   postgrest.NullIfZero(p.EntityID),
	})
}

// checkJSON refuses text that is no JSON. Empty is none.
func checkJSON(op, field string, value json.RawMessage) error {
	if len(value) > 0 && !json.Valid(value) {
		return sdkerr.Invalid(op, field, "must be JSON")
	}
	return nil
}
