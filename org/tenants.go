package org

import (
	"context"
	"strings"

	"github.com/workorder-systems/sdk-go/internal/api"
	"github.com/workorder-systems/sdk-go/internal/postgrest"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// TenantService reads the tenants of the signed-in user and manages who belongs
// to them. Its readers cover v_tenants, which needs no tenant in the token and
// shows exactly the tenants the user is a member of.
//
// TypeScript: tenants (list and getById are List and Get).
type TenantService struct {
	postgrest.View[Tenant]
	rpc postgrest.Caller
}

func (s *TenantService) bind(conn *api.Conn) {
	s.View = postgrest.NewView(conn, &tenantView)
	s.rpc = postgrest.NewCaller(conn)
}

// CreateTenantParams describes a new tenant.
type CreateTenantParams struct {
	Name string // required, 1–255 characters
	Slug string // required, 2–63 of a–z, 0–9, _ and -; unique on the platform
}

// Create adds a tenant with its default roles, statuses, priorities and
// maintenance types, makes the signed-in user its administrator, and returns
// its id. It does not make the new tenant the current one: take it with
// Client.ForTenant or Client.SetTenantAndRefresh.
//
// Needs a signed-in user, no permission. Fails with ErrConflict when Slug is
// taken and with ErrInvalidInput when a value is malformed.
//
// TypeScript: tenants.create.
func (s *TenantService) Create(ctx context.Context, p CreateTenantParams) (string, error) {
	const op = "Tenants.Create"
	if err := sdkerr.RequireText(op, "Name", p.Name, "Slug", p.Slug); err != nil {
		return "", err
	}
	return postgrest.Call[string](ctx, s.rpc, op, createTenantArgs(p))
}

// InviteUserParams names a user by e-mail address and the role to give.
type InviteUserParams struct {
	TenantID     string // optional: the client's tenant
	InviteeEmail string // required; sent trimmed and in lower case, as Auth stores it
	RoleKey      string // required, such as "technician"
}

// InviteUser makes an existing user a member of the tenant at once and adds the
// role; the platform sends no e-mail and asks for no acceptance. Repeating it
// is harmless, and a second role is added to the first.
//
// Needs permission tenant.admin. Fails with ErrRuleViolation when no user has
// that address or the tenant has no such role, and with ErrInvalidReference
// when the tenant does not exist.
//
// TypeScript: tenants.inviteUser.
func (s *TenantService) InviteUser(ctx context.Context, p InviteUserParams) error {
	const op = "Tenants.InviteUser"
	email := strings.TrimSpace(p.InviteeEmail)
	if err := sdkerr.RequireText(op, "InviteeEmail", email, "RoleKey", p.RoleKey); err != nil {
		return err
	}
	return postgrest.Exec(ctx, s.rpc, op, inviteUserToTenantArgs{
		TenantID:     p.TenantID,
		InviteeEmail: strings.ToLower(email),
		RoleKey:      p.RoleKey,
	})
}

// AssignRoleParams names a user by id and the role to give.
type AssignRoleParams struct {
	TenantID string // optional: the client's tenant
	UserID   string // required
	RoleKey  string // required, such as "manager"
}

// AssignRole gives a user a role in the tenant, and makes the user a member
// first when needed. Roles add up: earlier ones stay, and no call takes a
// single role away.
//
// Needs permission tenant.admin. Fails with ErrPermissionDenied for one's own
// user, ErrRuleViolation for an unknown role and ErrInvalidReference for an
// unknown user.
//
// TypeScript: tenants.assignRole.
func (s *TenantService) AssignRole(ctx context.Context, p AssignRoleParams) error {
	const op = "Tenants.AssignRole"
	if err := sdkerr.RequireText(op, "UserID", p.UserID, "RoleKey", p.RoleKey); err != nil {
		return err
	}
	return postgrest.Exec(ctx, s.rpc, op, assignRoleToUserArgs(p))
}

// RemoveMemberParams names a member.
type RemoveMemberParams struct {
	TenantID string // optional: the client's tenant
	UserID   string // required
}

// RemoveMember ends a membership and takes the member's roles and scopes. The
// profile stays readable to the other members. Nothing stops the last
// administrator from being removed by another one.
//
// Needs permission tenant.member.remove. Fails with ErrPermissionDenied for
// one's own user and with ErrRuleViolation when the user is not a member.
//
// TypeScript: tenants.removeMember.
func (s *TenantService) RemoveMember(ctx context.Context, p RemoveMemberParams) error {
	const op = "Tenants.RemoveMember"
	if err := sdkerr.RequireText(op, "UserID", p.UserID); err != nil {
		return err
	}
	return postgrest.Exec(ctx, s.rpc, op, removeMemberFromTenantArgs(p))
}

// ReplaceOAuthClientGrantsParams names an OAuth client and the tenants that the
// signed-in user lets it act in.
type ReplaceOAuthClientGrantsParams struct {
	OAuthClientID string   // required, up to 128 characters
	TenantIDs     []string // the complete new set; empty takes every grant away
}

// ReplaceOAuthClientGrants sets, all or nothing, the tenants in which an OAuth
// client may act for the signed-in user.
//
// Needs membership of every tenant named, else ErrPermissionDenied. A blank or
// too long client id fails with ErrInvalidInput.
//
// TypeScript has no such method.
func (s *TenantService) ReplaceOAuthClientGrants(ctx context.Context, p ReplaceOAuthClientGrantsParams) error {
	const op = "Tenants.ReplaceOAuthClientGrants"
	if err := sdkerr.RequireText(op, "OAuthClientID", strings.TrimSpace(p.OAuthClientID)); err != nil {
		return err
	}
	tenants := p.TenantIDs
	if tenants == nil {
		tenants = []string{}
	}
	return postgrest.Exec(ctx, s.rpc, op, replaceOAuthClientTenantGrantsArgs{
		OAuthClientID: p.OAuthClientID,
		TenantIDs:     tenants,
	})
}
