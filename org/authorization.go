package org

import (
	"context"

	"github.com/workorder-systems/sdk-go/internal/api"
	"github.com/workorder-systems/sdk-go/internal/postgrest"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// AuthorizationService reads roles and permissions and changes what roles may
// do.
//
// TypeScript: authorization (listPermissions is Permissions.List, and so on).
type AuthorizationService struct {
	// Permissions reads v_permissions, the platform's catalog of permission
	// keys, the same for every tenant. Needs a signed-in user only.
	Permissions postgrest.View[Permission]
	// TenantRoles reads v_tenant_roles, the roles of the token's tenant.
	TenantRoles postgrest.View[TenantRole]
	// RolePermissions reads v_role_permissions: which role of the token's
	// tenant holds which permission.
	RolePermissions postgrest.View[RolePermission]
	// UserTenantRoles reads v_user_tenant_roles: the signed-in user's own roles
	// in all their tenants, whatever the token's tenant. The roles of other
	// members are not readable.
	UserTenantRoles postgrest.View[UserTenantRole]
	// Profiles reads v_profiles: the members of the token's tenant, former ones
	// included. Profile.ID is the user's id.
	Profiles postgrest.View[Profile]

	rpc postgrest.Caller
}

func (s *AuthorizationService) bind(conn *api.Conn) {
	s.Permissions = postgrest.NewView(conn, &permissionView)
	s.TenantRoles = postgrest.NewView(conn, &tenantRoleView)
	s.RolePermissions = postgrest.NewView(conn, &rolePermissionView)
	s.UserTenantRoles = postgrest.NewView(conn, &userTenantRoleView)
	s.Profiles = postgrest.NewView(conn, &profileView)
	s.rpc = postgrest.NewCaller(conn)
}

// HasPermissionParams names a permission.
type HasPermissionParams struct {
	TenantID      string // optional: the client's tenant
	PermissionKey string // required, such as "workorder.create"
}

// HasPermission tells whether the signed-in user holds a permission in the
// tenant. It is false, not an error, for a tenant the user is no member of and
// for an unknown key.
//
// TypeScript: authorization.hasPermission.
func (s *AuthorizationService) HasPermission(ctx context.Context, p HasPermissionParams) (bool, error) {
	const op = "Authorization.HasPermission"
	if err := sdkerr.RequireText(op, "PermissionKey", p.PermissionKey); err != nil {
		return false, err
	}
	return postgrest.Call[bool](ctx, s.rpc, op, hasPermissionArgs(p))
}

// UserPermissions returns the permission keys that the signed-in user holds in
// the tenant through all roles, in alphabetical order. An empty tenantID means
// the client's tenant. It is empty for a tenant the user is no member of.
//
// TypeScript: authorization.getUserPermissions.
func (s *AuthorizationService) UserPermissions(ctx context.Context, tenantID string) ([]string, error) {
	return postgrest.Call[[]string](ctx, s.rpc, "Authorization.UserPermissions",
		getUserPermissionsArgs{TenantID: tenantID})
}

// RolePermissionParams names a role of the tenant and a permission.
type RolePermissionParams struct {
	TenantID      string // optional: the client's tenant
	RoleKey       string // required
	PermissionKey string // required
}

// AssignPermissionToRole lets a role do more, at once and for all its holders.
// Repeating it is harmless.
//
// Needs permission tenant.admin. Fails with ErrRuleViolation for an unknown
// role or permission.
//
// TypeScript: authorization.assignPermissionToRole.
func (s *AuthorizationService) AssignPermissionToRole(ctx context.Context, p RolePermissionParams) error {
	const op = "Authorization.AssignPermissionToRole"
	if err := sdkerr.RequireText(op, "RoleKey", p.RoleKey, "PermissionKey", p.PermissionKey); err != nil {
		return err
	}
	return postgrest.Exec(ctx, s.rpc, op, assignPermissionToRoleArgs(p))
}

// RevokePermissionFromRole takes a permission from a role, at once and for all
// its holders. Repeating it is harmless. Revoking tenant.admin from the admin
// role locks everybody out of administration.
//
// Needs permission tenant.admin. Fails with ErrRuleViolation for an unknown
// role or permission.
//
// TypeScript: authorization.revokePermissionFromRole.
func (s *AuthorizationService) RevokePermissionFromRole(ctx context.Context, p RolePermissionParams) error {
	const op = "Authorization.RevokePermissionFromRole"
	if err := sdkerr.RequireText(op, "RoleKey", p.RoleKey, "PermissionKey", p.PermissionKey); err != nil {
		return err
	}
	return postgrest.Exec(ctx, s.rpc, op, revokePermissionFromRoleArgs(p))
}

// ScopeParams names a scope of a user: an attribute that narrows what the user
// may do. Scopes of type location limit where the user may request work.
type ScopeParams struct {
	TenantID   string // optional: the client's tenant
	UserID     string // required
	ScopeType  string // required: "location", "department" or a name of your own (a–z, 0–9, _)
	ScopeValue string // id of the location or department; optional for other types
}

// GrantScope gives a user a scope, and makes the user a member, without a
// role, first when needed. Repeating it is harmless when ScopeValue is given;
// without one each call adds another row.
//
// Needs permission tenant.admin. Fails with ErrInvalidInput for a malformed
// type and with ErrInvalidReference when the location, department or user does
// not exist.
//
// TypeScript: authorization.grantScope.
func (s *AuthorizationService) GrantScope(ctx context.Context, p ScopeParams) error {
	const op = "Authorization.GrantScope"
	if err := sdkerr.RequireText(op, "UserID", p.UserID, "ScopeType", p.ScopeType); err != nil {
		return err
	}
	return postgrest.Exec(ctx, s.rpc, op, grantScopeArgs{
		TenantID:   p.TenantID,
		UserID:     p.UserID,
		ScopeType:  p.ScopeType,
		ScopeValue: postgrest.NullIfZero(p.ScopeValue),
	})
}

// RevokeScope takes a scope from a user; without ScopeValue it takes the
// scopes of that type that have no value. A scope that is not there is no
// error.
//
// Needs permission tenant.admin. Fails with ErrPermissionDenied when the user
// is not a member.
//
// TypeScript: authorization.revokeScope.
func (s *AuthorizationService) RevokeScope(ctx context.Context, p ScopeParams) error {
	const op = "Authorization.RevokeScope"
	if err := sdkerr.RequireText(op, "UserID", p.UserID, "ScopeType", p.ScopeType); err != nil {
		return err
	}
	return postgrest.Exec(ctx, s.rpc, op, revokeScopeArgs{
		TenantID:   p.TenantID,
		UserID:     p.UserID,
		ScopeType:  p.ScopeType,
		ScopeValue: postgrest.NullIfZero(p.ScopeValue),
	})
}
