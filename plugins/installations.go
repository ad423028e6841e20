package plugins

import (
	"context"
	"encoding/json"
	"slices"

	"github.com/workorder-systems/sdk-go/internal/postgrest"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// InstallationStatus is whether an installation is at work. Any may follow any
// other.
type InstallationStatus string

// The statuses of installations. Changes are delivered, and webhooks taken, only
// while one is Installed.
const (
	Installed   InstallationStatus = "installed"
	Disabled    InstallationStatus = "disabled"
	Uninstalled InstallationStatus = "uninstalled" // Uninstall does not set it, but deletes
)

// InstallParams says which plugin to install and how.
type InstallParams struct {
	TenantID  string          // optional: the client's tenant
	PluginKey string          // required
	SecretRef string          // name of a secret in the Vault, as it is spelled there; empty: none
	Config    json.RawMessage // any JSON, see WebhookConfig; empty: none
}

// Install installs a plugin in the tenant and returns the installation's id.
//
// When the plugin is installed already, in whatever status, this brings it back to
// Installed and replaces both secret and config: what is not given is gone. To
// change one of them, take UpdateInstallation.
//
// Deliveries are signed with the secret and webhooks checked with it. That the
// Vault has one of that name is not looked up here: without it, deliveries go out
// unsigned and webhooks are refused.
//
// Needs permission tenant.admin. Fails with ErrRuleViolation when the catalog has
// no such plugin or it is not active, and ErrInvalidReference when the tenant does
// not exist. A config that nothing can be delivered with is refused before it is
// sent (ErrInvalidInput): on the platform a wrong timeout_ms would hold up the
// deliveries of all tenants.
//
// TypeScript: plugins.install.
func (s *Service) Install(ctx context.Context, p InstallParams) (string, error) {
	const op = "Plugins.Install"
	if err := checkKey(op, "PluginKey", p.PluginKey); err != nil {
		return "", err
	}
	if isBlank(p.SecretRef) {
		return "", sdkerr.Invalid(op, "SecretRef", "is blank")
	}
	if err := checkConfig(op, p.Config); err != nil {
		return "", err
	}
	return postgrest.Call[string](ctx, s.rpc, op, installPluginArgs{
		TenantID:  p.TenantID,
		PluginKey: p.PluginKey,
		SecretRef: postgrest.NullIfZero(p.SecretRef),
		Config:    p.Config,
	})
}

// UpdateInstallationParams says what to change. A nil field stays as it is, and
// neither secret nor config can be taken away: Install does that.
type UpdateInstallationParams struct {
	TenantID       string // optional: the client's tenant
	InstallationID string // required
	Status         *InstallationStatus
	SecretRef      *string
	Config         json.RawMessage // in place of all that was there
}

// UpdateInstallation changes an installation. Deliveries that are queued follow
// the config of the moment they are sent, and are sent although the installation
// has been disabled since.
//
// Needs permission tenant.admin. Fails with ErrRuleViolation when the installation
// does not exist, ErrPermissionDenied when it is another tenant's, and
// ErrInvalidInput as Install does.
//
// TypeScript: plugins.updateInstallation.
func (s *Service) UpdateInstallation(ctx context.Context, p UpdateInstallationParams) error {
	const op = "Plugins.UpdateInstallation"
	if err := sdkerr.RequireText(op, "InstallationID", p.InstallationID); err != nil {
		return err
	}
	if p.Status != nil && !slices.Contains([]InstallationStatus{Installed, Disabled, Uninstalled}, *p.Status) {
		return sdkerr.Invalid(op, "Status", "is none of installed, disabled, uninstalled")
	}
	if err := sdkerr.RefuseBlank(op, "SecretRef", p.SecretRef); err != nil {
		return err
	}
	if err := checkConfig(op, p.Config); err != nil {
		return err
	}
	if isNull(p.Config) {
		return sdkerr.Invalid(op, "Config", "cannot be taken away, only changed")
	}
	return postgrest.Exec(ctx, s.rpc, op, updatePluginInstallationArgs(p))
}

// UninstallParams names an installation.
type UninstallParams struct {
	TenantID       string // optional: the client's tenant
	InstallationID string // required
}

// Uninstall deletes an installation with its subscriptions and its deliveries,
// also those that are not sent yet.
//
// Needs permission tenant.admin. Fails with ErrRuleViolation when the installation
// does not exist, also when it was uninstalled before, and ErrPermissionDenied when
// it is another tenant's.
//
// TypeScript: plugins.uninstall.
func (s *Service) Uninstall(ctx context.Context, p UninstallParams) error {
	const op = "Plugins.Uninstall"
	if err := sdkerr.RequireText(op, "InstallationID", p.InstallationID); err != nil {
		return err
	}
	return postgrest.Exec(ctx, s.rpc, op, uninstallPluginArgs(p))
}
