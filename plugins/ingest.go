package plugins

import (
	"context"
	"encoding/json"

	"github.com/workorder-systems/sdk-go/internal/jsonbtext"
	"github.com/workorder-systems/sdk-go/internal/postgrest"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
	"github.com/workorder-systems/sdk-go/plugins/webhook"
	"github.com/workorder-systems/sdk-go/types"
)

// IngestWebhookParams is a webhook for the platform: what an outside system tells
// an installation.
type IngestWebhookParams struct {
	PluginKey      string // required
	InstallationID string // required
	// Payload is required: any JSON but null. Its member action says what to do:
	// none, empty or noop does nothing; work_order.create makes a work order of the
	// member data, which has title and, if wanted, description, priority (medium),
	// maintenance_type, assigned_to, location_id, asset_id, due_date, pm_schedule_id
	// and project_id.
	Payload json.RawMessage
	// Secret is the plaintext of the installation's secret, with which the call is
	// signed. It is not sent. Either it or Signature is required.
	Secret types.Secret
	// Signature is the lower-case hex of HMAC-SHA256 over the payload as PostgreSQL
	// writes it (not as it is sent), for callers whose outside system signs.
	Signature string
}

// IngestResult is what the platform did.
type IngestResult struct {
	OK          bool    `json:"ok"`
	Action      string  `json:"action"`
	WorkOrderID *string `json:"work_order_id"` // of work_order.create
}

// IngestWebhook hands a webhook to an installation. It needs no signed-in user: a
// client with the anon key will do, and the signature says that the caller knows
// the installation's secret.
//
// A work order that it creates has nobody as its requester, and its deliveries also
// go to the installation itself. Every accepted call creates one: nothing tells a
// repeated webhook from a new one, so do not repeat a call whose answer was lost
// without looking.
//
// Fails with ErrRuleViolation when there is no such installation of that plugin or
// one of both is not active, ErrUnauthenticated when the Vault has no secret of the
// installation's SecretRef, ErrPermissionDenied when the signature is wrong,
// ErrInvalidInput for an unknown action or a bad value, ErrInvalidReference for a
// priority, a member or a record that the tenant does not have, and ErrRateLimited
// after 120 calls in a minute, counted for whoever installed the plugin.
//
// TypeScript has no such method.
func (s *Service) IngestWebhook(ctx context.Context, p IngestWebhookParams) (*IngestResult, error) {
	const op = "Plugins.IngestWebhook"
	if err := checkKey(op, "PluginKey", p.PluginKey); err != nil {
		return nil, err
	}
	if err := sdkerr.RequireText(op, "InstallationID", p.InstallationID); err != nil {
		return nil, err
	}
	if len(p.Payload) == 0 || isNull(p.Payload) {
		return nil, sdkerr.Required(op, "Payload")
	}
	text, err := jsonbtext.Of(p.Payload)
	if err != nil {
		return nil, sdkerr.Invalid(op, "Payload", err.Error())
	}
	signature := p.Signature
	switch {
	case p.Secret == "" && signature == "":
		return nil, sdkerr.Required(op, "Secret or Signature")
	case p.Secret != "" && signature != "":
		return nil, sdkerr.Invalid(op, "Secret and Signature", "are both given")
	case p.Secret != "":
		signature = webhook.Sign(text, p.Secret)
	}
	return postgrest.Call[*IngestResult](ctx, s.rpc, op, pluginIngestWebhookArgs{
		PluginKey:      p.PluginKey,
		InstallationID: p.InstallationID,
		Payload:        p.Payload,
		Signature:      signature,
	})
}
