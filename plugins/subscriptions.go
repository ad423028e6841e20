package plugins

import (
	"context"
	"slices"

	"github.com/workorder-systems/sdk-go/internal/postgrest"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
	"github.com/workorder-systems/sdk-go/plugins/webhook"
)

// Operation is a kind of change: Insert, Update or Delete. Subscriptions name them,
// and so do the events that arrive.
type Operation = webhook.Operation

// The kinds of changes.
const (
	Insert = webhook.Insert
	Update = webhook.Update
	Delete = webhook.Delete
)

// UpsertWebhookSubscriptionParams says which changes of a table to deliver.
type UpsertWebhookSubscriptionParams struct {
	TenantID       string // optional: the client's tenant
	InstallationID string // required
	// TableSchema and TableName are required, such as app and work_orders. They are
	// those of the table, not of a view, and compared as they are spelled: see the
	// package's documentation for those that fire.
	TableSchema string
	TableName   string
	// Operations are required: one or more.
	Operations []Operation
	// ChangedFieldsAllowlist are the columns of which an Update must change at least
	// one. Nil: any; empty: no Update is delivered. It does not touch Insert and
	// Delete. Nearly every update changes updated_at.
	ChangedFieldsAllowlist []string
	// IncludePayload sends the whole row along, before and after the change, and
	// else only its id and the names of the changed columns.
	IncludePayload bool
}

// UpsertWebhookSubscription subscribes an installation to the changes of a table,
// or replaces its subscription to that table as a whole. It returns the
// subscription's id, which stays the same. A table that does not exist is taken
// and never fires.
//
// Needs permission tenant.admin. Fails with ErrRuleViolation when the installation
// does not exist, and ErrPermissionDenied when it is another tenant's.
//
// TypeScript: plugins.upsertWebhookSubscription.
func (s *Service) UpsertWebhookSubscription(ctx context.Context, p UpsertWebhookSubscriptionParams) (string, error) {
	const op = "Plugins.UpsertWebhookSubscription"
	if err := requireText(op, "InstallationID", p.InstallationID, "TableSchema", p.TableSchema, "TableName", p.TableName); err != nil {
		return "", err
	}
	if len(p.Operations) == 0 {
		return "", sdkerr.Required(op, "Operations")
	}
	for _, o := range p.Operations {
		if !slices.Contains([]Operation{Insert, Update, Delete}, o) {
			return "", sdkerr.Invalid(op, "Operations", "hold one that is none of INSERT, UPDATE, DELETE")
		}
	}
	return postgrest.Call[string](ctx, s.rpc, op, upsertPluginWebhookSubscriptionArgs{
		TenantID:               p.TenantID,
		InstallationID:         p.InstallationID,
		TableSchema:            p.TableSchema,
		TableName:              p.TableName,
		Operations:             p.Operations,
		ChangedFieldsAllowlist: p.ChangedFieldsAllowlist,
		IncludePayload:         &p.IncludePayload,
	})
}

// DeleteWebhookSubscriptionParams names a subscription.
type DeleteWebhookSubscriptionParams struct {
	TenantID       string // optional: the client's tenant
	SubscriptionID string // required
}

// DeleteWebhookSubscription ends a subscription. What is queued is still sent.
//
// Needs permission tenant.admin. Fails with ErrRuleViolation when the tenant has
// no such subscription.
//
// TypeScript: plugins.deleteWebhookSubscription.
func (s *Service) DeleteWebhookSubscription(ctx context.Context, p DeleteWebhookSubscriptionParams) error {
	const op = "Plugins.DeleteWebhookSubscription"
	if err := sdkerr.RequireText(op, "SubscriptionID", p.SubscriptionID); err != nil {
		return err
	}
	return postgrest.Exec(ctx, s.rpc, op, deletePluginWebhookSubscriptionArgs(p))
}
