package plugins

import (
	"context"
	"regexp"
	"strings"

	"github.com/workorder-systems/sdk-go/internal/api"
	"github.com/workorder-systems/sdk-go/internal/postgrest"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// Service reads the catalog of plugins and manages what a tenant has installed of
// it. Every signed-in user reads the catalog, which has the active plugins; the
// rest is for holders of permission tenant.admin in the token's tenant, and others
// see no rows of it.
//
// TypeScript: plugins.
type Service struct {
	// View reads v_plugins, by id. TypeScript: plugins.list, getById.
	postgrest.View[Plugin]

	// Installations reads v_plugin_installations, by id, also those of plugins that
	// are no longer active. TypeScript: plugins.listInstallations.
	Installations postgrest.View[Installation]
	// WebhookSubscriptions reads v_plugin_webhook_subscriptions, by id.
	// TypeScript: plugins.listWebhookSubscriptions.
	WebhookSubscriptions postgrest.View[WebhookSubscription]
	// RecentDeliveries reads v_plugin_delivery_queue_recent, by id: all deliveries
	// whose change is still in the audit log, however old.
	// TypeScript: plugins.listRecentDeliveries.
	RecentDeliveries postgrest.View[Delivery]

	rpc postgrest.Caller
}

func (s *Service) bind(conn *api.Conn) {
	s.View = postgrest.NewView(conn, &pluginView)
	s.Installations = postgrest.NewView(conn, &installationView)
	s.WebhookSubscriptions = postgrest.NewView(conn, &webhookSubscriptionView)
	s.RecentDeliveries = postgrest.NewView(conn, &deliveryView)
	s.rpc = postgrest.NewCaller(conn)
}

var keyFormat = regexp.MustCompile(`^[a-z0-9_]{2,80}$`)

// checkKey refuses what no plugin can be called.
func checkKey(op, field, key string) error {
	if err := sdkerr.RequireText(op, field, key); err != nil {
		return err
	}
	if !keyFormat.MatchString(key) {
		return sdkerr.Invalid(op, field, "must be 2 to 80 characters of a–z, 0–9 and _")
	}
	return nil
}

// requireText refuses text that is missing or nothing but white space. It takes
// pairs of a field name and its value.
func requireText(op string, fieldsAndValues ...string) error {
	if err := sdkerr.RequireText(op, fieldsAndValues...); err != nil {
		return err
	}
	for i := 0; i+1 < len(fieldsAndValues); i += 2 {
		if err := sdkerr.RefuseBlank(op, fieldsAndValues[i], &fieldsAndValues[i+1]); err != nil {
			return err
		}
	}
	return nil
}

// RegisterParams describes a plugin of the catalog.
type RegisterParams struct {
	Key           string // required: 2–80 characters of a–z, 0–9 and _
	Name          string // required
	Description   string
	IsIntegration bool
	IsActive      *bool // nil: true. False hides the plugin, and it can neither be installed nor send webhooks
}

// Register puts a plugin into the catalog that all tenants share, or replaces the
// one with this key as a whole: what is not given is gone. It returns the plugin's
// id, which stays the same. A plugin cannot be deleted.
//
// Needs a client with the service-role key and is refused without one
// (ErrPermissionDenied): the platform itself takes it from anybody.
//
// TypeScript has no such method.
func (s *Service) Register(ctx context.Context, p RegisterParams) (string, error) {
	const op = "Plugins.Register"
	if err := checkKey(op, "Key", p.Key); err != nil {
		return "", err
	}
	if err := requireText(op, "Name", p.Name); err != nil {
		return "", err
	}
	return postgrest.CallAsService[string](ctx, s.rpc, op, registerPluginArgs{
		Key:           p.Key,
		Name:          p.Name,
		Description:   postgrest.NullIfZero(p.Description),
		IsIntegration: &p.IsIntegration,
		IsActive:      p.IsActive,
	})
}

// isBlank reports whether text is given and the platform would take it for blank.
func isBlank(text string) bool { return text != "" && strings.TrimSpace(text) == "" }
