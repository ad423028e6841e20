package org_test

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/internal/apitest"
	"github.com/workorder-systems/sdk-go/org"
	"github.com/workorder-systems/sdk-go/types"
)

var created = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

var calls = []apitest.Call{
	{
		Name: "Tenants.Create",
		Do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.Tenants.Create(ctx, org.CreateTenantParams{Name: "Acme", Slug: "acme"})
		},
		RPC: "rpc_create_tenant", Body: `{"p_name":"Acme","p_slug":"acme"}`, Reply: `"t2"`, Want: "t2",
	},
	{
		Name: "Tenants.InviteUser",
		Do: apitest.Void(func(ctx context.Context, c *workorder.Client) error {
			return c.Tenants.InviteUser(ctx, org.InviteUserParams{InviteeEmail: " Bob@Example.com ", RoleKey: "member"})
		}),
		RPC:  "rpc_invite_user_to_tenant",
		Body: `{"p_tenant_id":"t1","p_invitee_email":"bob@example.com","p_role_key":"member"}`,
	},
	{
		Name: "Tenants.AssignRole",
		Do: apitest.Void(func(ctx context.Context, c *workorder.Client) error {
			return c.Tenants.AssignRole(ctx, org.AssignRoleParams{TenantID: "t9", UserID: "u2", RoleKey: "manager"})
		}),
		RPC: "rpc_assign_role_to_user", Body: `{"p_tenant_id":"t9","p_user_id":"u2","p_role_key":"manager"}`,
	},
	{
		Name: "Tenants.RemoveMember",
		Do: apitest.Void(func(ctx context.Context, c *workorder.Client) error {
			return c.Tenants.RemoveMember(ctx, org.RemoveMemberParams{UserID: "u2"})
		}),
		RPC: "rpc_remove_member_from_tenant", Body: `{"p_tenant_id":"t1","p_user_id":"u2"}`,
	},
	{
		Name: "Tenants.ReplaceOAuthClientGrants",
		Do: apitest.Void(func(ctx context.Context, c *workorder.Client) error {
			return c.Tenants.ReplaceOAuthClientGrants(ctx, org.ReplaceOAuthClientGrantsParams{OAuthClientID: "app", TenantIDs: []string{"t1", "t2"}})
		}),
		RPC: "rpc_replace_oauth_client_tenant_grants", Body: `{"p_oauth_client_id":"app","p_tenant_ids":["t1","t2"]}`,
	},
	{
		Name: "Tenants.ReplaceOAuthClientGrants with none",
		Do: apitest.Void(func(ctx context.Context, c *workorder.Client) error {
			return c.Tenants.ReplaceOAuthClientGrants(ctx, org.ReplaceOAuthClientGrantsParams{OAuthClientID: "app"})
		}),
		RPC: "rpc_replace_oauth_client_tenant_grants", Body: `{"p_oauth_client_id":"app","p_tenant_ids":[]}`,
	},
	{
		Name: "Authorization.HasPermission",
		Do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.Authorization.HasPermission(ctx, org.HasPermissionParams{PermissionKey: "asset.view"})
		},
		RPC: "rpc_has_permission", Body: `{"p_tenant_id":"t1","p_permission_key":"asset.view"}`, Reply: `true`, Want: true,
	},
	{
		Name: "Authorization.UserPermissions",
		Do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.Authorization.UserPermissions(ctx, "")
		},
		RPC: "rpc_get_user_permissions", Body: `{"p_tenant_id":"t1"}`, Reply: `["a.b","c.d"]`, Want: []string{"a.b", "c.d"},
	},
	{
		Name: "Authorization.AssignPermissionToRole",
		Do: apitest.Void(func(ctx context.Context, c *workorder.Client) error {
			return c.Authorization.AssignPermissionToRole(ctx, org.RolePermissionParams{RoleKey: "member", PermissionKey: "asset.create"})
		}),
		RPC:  "rpc_assign_permission_to_role",
		Body: `{"p_tenant_id":"t1","p_role_key":"member","p_permission_key":"asset.create"}`,
	},
	{
		Name: "Authorization.RevokePermissionFromRole",
		Do: apitest.Void(func(ctx context.Context, c *workorder.Client) error {
			return c.Authorization.RevokePermissionFromRole(ctx, org.RolePermissionParams{RoleKey: "member", PermissionKey: "asset.create"})
		}),
		RPC:  "rpc_revoke_permission_from_role",
		Body: `{"p_tenant_id":"t1","p_role_key":"member","p_permission_key":"asset.create"}`,
	},
	{
		Name: "Authorization.GrantScope",
		Do: apitest.Void(func(ctx context.Context, c *workorder.Client) error {
			return c.Authorization.GrantScope(ctx, org.ScopeParams{UserID: "u2", ScopeType: "location", ScopeValue: "l1"})
		}),
		RPC:  "rpc_grant_scope",
		Body: `{"p_tenant_id":"t1","p_user_id":"u2","p_scope_type":"location","p_scope_value":"l1"}`,
	},
	{
		Name: "Authorization.RevokeScope without a value",
		Do: apitest.Void(func(ctx context.Context, c *workorder.Client) error {
			return c.Authorization.RevokeScope(ctx, org.ScopeParams{UserID: "u2", ScopeType: "shift"})
		}),
		RPC:  "rpc_revoke_scope",
		Body: `{"p_tenant_id":"t1","p_user_id":"u2","p_scope_type":"shift","p_scope_value":null}`,
	},
	{
		Name: "Catalogs.CreateStatus",
		Do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.Catalogs.CreateStatus(ctx, org.CreateStatusParams{
				EntityType: "work_order", Key: "on_hold", Name: "On Hold", Category: org.StatusOpen, DisplayOrder: 6, Color: "#abc",
			})
		},
		RPC: "rpc_create_status",
		Body: `{"p_tenant_id":"t1","p_entity_type":"work_order","p_key":"on_hold","p_name":"On Hold","p_category":"open",
			"p_display_order":6,"p_color":"#abc","p_icon":null}`,
		Reply: `"s1"`, Want: "s1",
	},
	{
		Name: "Catalogs.CreatePriority",
		Do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.Catalogs.CreatePriority(ctx, org.CreatePriorityParams{
				EntityType: "work_order", Key: "asap", Name: "ASAP", Weight: 5, DisplayOrder: 5,
			})
		},
		RPC: "rpc_create_priority",
		Body: `{"p_tenant_id":"t1","p_entity_type":"work_order","p_key":"asap","p_name":"ASAP","p_weight":5,
			"p_display_order":5,"p_color":null}`,
		Reply: `"p1"`, Want: "p1",
	},
	{
		Name: "Catalogs.CreateMaintenanceType",
		Do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.Catalogs.CreateMaintenanceType(ctx, org.CreateMaintenanceTypeParams{
				Key: "lube", Name: "Lubrication", Category: org.MaintenancePlanned, DisplayOrder: new(0),
			})
		},
		RPC: "rpc_create_maintenance_type",
		Body: `{"p_tenant_id":"t1","p_category":"planned","p_key":"lube","p_name":"Lubrication","p_description":null,
			"p_display_order":0,"p_color":null,"p_icon":null}`,
		Reply: `"m1"`, Want: "m1",
	},
	{
		Name: "Catalogs.CreateStatusTransition",
		Do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.Catalogs.CreateStatusTransition(ctx, org.CreateStatusTransitionParams{
				EntityType: "work_order", FromStatusKey: "draft", ToStatusKey: "on_hold",
				GuardCondition: json.RawMessage(`{"assigned_to":"not_null"}`),
			})
		},
		RPC: "rpc_create_status_transition",
		Body: `{"p_tenant_id":"t1","p_entity_type":"work_order","p_from_status_key":"draft","p_to_status_key":"on_hold",
			"p_required_permission":null,"p_guard_condition":{"assigned_to":"not_null"}}`,
		Reply: `"x1"`, Want: "x1",
	},
	{
		Name: "Catalogs.CreateStatusTransition without a guard",
		Do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.Catalogs.CreateStatusTransition(ctx, org.CreateStatusTransitionParams{
				EntityType: "work_order", FromStatusKey: "draft", ToStatusKey: "on_hold", RequiredPermission: "workorder.edit",
			})
		},
		RPC: "rpc_create_status_transition",
		Body: `{"p_tenant_id":"t1","p_entity_type":"work_order","p_from_status_key":"draft","p_to_status_key":"on_hold",
			"p_required_permission":"workorder.edit","p_guard_condition":null}`,
		Reply: `"x1"`, Want: "x1",
	},
	{
		Name: "Catalogs.WorkflowGraph",
		Do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.Catalogs.WorkflowGraph(ctx, org.WorkflowGraphParams{EntityType: "work_order"})
		},
		RPC: "rpc_get_workflow_graph", Body: `{"p_tenant_id":"t1","p_entity_type":"work_order"}`,
		Reply: `{"entity_type":"work_order","tenant_id":"t1","transitions":[
			{"from_status_key":"draft","to_status_key":"assigned","required_permission":"workorder.assign","guard_condition":{"a":"null"}}]}`,
		Want: &org.WorkflowGraph{EntityType: "work_order", TenantID: "t1", Transitions: []org.WorkflowEdge{{
			FromStatusKey: "draft", ToStatusKey: "assigned", RequiredPermission: new("workorder.assign"),
			GuardCondition: json.RawMessage(`{"a":"null"}`),
		}}},
	},
	{
		Name: "Departments.Create",
		Do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.Departments.Create(ctx, org.CreateDepartmentParams{Name: "Line 3", Code: "L3"})
		},
		RPC:   "rpc_create_department",
		Body:  `{"p_tenant_id":"t1","p_name":"Line 3","p_description":null,"p_code":"L3"}`,
		Reply: `"d1"`, Want: "d1",
	},
	{
		Name: "Departments.Update",
		Do: apitest.Void(func(ctx context.Context, c *workorder.Client) error {
			return c.Departments.Update(ctx, org.UpdateDepartmentParams{DepartmentID: "d1", Description: new("")})
		}),
		RPC:  "rpc_update_department",
		Body: `{"p_tenant_id":"t1","p_department_id":"d1","p_name":null,"p_description":"","p_code":null}`,
	},
	{
		Name: "Departments.Delete",
		Do: apitest.Void(func(ctx context.Context, c *workorder.Client) error {
			return c.Departments.Delete(ctx, org.DeleteDepartmentParams{DepartmentID: "d1"})
		}),
		RPC: "rpc_delete_department", Body: `{"p_tenant_id":"t1","p_department_id":"d1"}`,
	},
	{
		Name: "Departments.BulkImport",
		Do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.Departments.BulkImport(ctx, org.BulkImportDepartmentsParams{Rows: []org.ImportDepartment{{Name: "A", Code: "A1"}, {}}})
		},
		RPC:   "rpc_bulk_import_departments",
		Body:  `{"p_tenant_id":"t1","p_rows":[{"name":"A","code":"A1"},{"name":""}]}`,
		Reply: `{"created_ids":["d1"],"errors":[{"index":1,"message":"no name"}]}`,
		Want: &types.BulkImportResult{
			CreatedIDs: []string{"d1"}, Errors: []types.BulkImportError{{Index: 1, Message: "no name"}},
		},
	},
	{
		Name: "Departments.BulkImport of nothing",
		Do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.Departments.BulkImport(ctx, org.BulkImportDepartmentsParams{})
		},
		RPC: "rpc_bulk_import_departments", Body: `{"p_tenant_id":"t1","p_rows":[]}`,
		Reply: `{"created_ids":[],"errors":[]}`,
		Want:  &types.BulkImportResult{CreatedIDs: []string{}, Errors: []types.BulkImportError{}},
	},
	{
		Name: "TenantAPIKeys.Create",
		Do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.TenantAPIKeys.Create(ctx, org.CreateTenantAPIKeyParams{Name: "plc"})
		},
		RPC: "rpc_create_tenant_api_key", Body: `{"p_tenant_id":"t1","p_name":"plc"}`,
		Reply: `{"id":"k1","key":"wosk_0","keyPrefix":"wosk","name":"plc","createdAt":"2026-01-02T03:04:05+00:00"}`,
		Want:  &org.CreatedTenantAPIKey{ID: "k1", Key: "wosk_0", KeyPrefix: "wosk", Name: "plc", CreatedAt: created},
	},
	{
		Name: "TenantAPIKeys.List",
		Do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.TenantAPIKeys.List(ctx, "t9")
		},
		RPC: "rpc_list_tenant_api_keys", Body: `{"p_tenant_id":"t9"}`,
		Reply: `[{"id":"k1","name":"plc","keyPrefix":"wosk","createdAt":"2026-01-02T03:04:05+00:00","lastUsedAt":null,"expiresAt":null}]`,
		Want:  []org.TenantAPIKey{{ID: "k1", Name: "plc", KeyPrefix: "wosk", CreatedAt: created}},
	},
	{
		Name: "TenantAPIKeys.Revoke",
		Do: apitest.Void(func(ctx context.Context, c *workorder.Client) error {
			return c.TenantAPIKeys.Revoke(ctx, org.RevokeTenantAPIKeyParams{KeyID: "k1"})
		}),
		RPC: "rpc_revoke_tenant_api_key", Body: `{"p_tenant_id":"t1","p_key_id":"k1"}`,
	},
	{
		Name: "TenantAPIKeys.Validate sends the hash only",
		Do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.TenantAPIKeys.Validate(ctx, "abc")
		},
		RPC:   "rpc_validate_tenant_api_key",
		Body:  `{"p_key_hash":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}`,
		Reply: `[{"tenant_id":"t1","key_id":"k1"}]`,
		Want:  &org.ValidTenantAPIKey{TenantID: "t1", KeyID: "k1"},
	},
	{
		Name: "TenantAPIKeys.Touch",
		Do: apitest.Void(func(ctx context.Context, c *workorder.Client) error {
			return c.TenantAPIKeys.Touch(ctx, "k1")
		}),
		RPC: "rpc_tenant_api_key_touch", Body: `{"p_key_id":"k1"}`,
	},
	{
		Name: "Audit.SetRetention",
		Do: apitest.Void(func(ctx context.Context, c *workorder.Client) error {
			return c.Audit.SetRetention(ctx, org.SetRetentionParams{RetentionMonths: 12})
		}),
		RPC: "rpc_set_audit_retention_config", Body: `{"p_tenant_id":"t1","p_retention_months":12}`,
	},
	{
		Name: "Audit.SetRetention inactive",
		Do: apitest.Void(func(ctx context.Context, c *workorder.Client) error {
			return c.Audit.SetRetention(ctx, org.SetRetentionParams{RetentionMonths: 12, IsActive: new(false)})
		}),
		RPC: "rpc_set_audit_retention_config", Body: `{"p_tenant_id":"t1","p_retention_months":12,"p_is_active":false}`,
	},
	{
		Name: "Idempotency.Claim",
		Do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.Idempotency.Claim(ctx, org.ClaimIdempotencyParams{Scope: "import", IdempotencyKey: "1"})
		},
		RPC:   "rpc_claim_idempotency",
		Body:  `{"p_tenant_id":"t1","p_scope":"import","p_idempotency_key":"1"}`,
		Reply: `true`, Want: true,
	},
	{
		Name: "Idempotency.Claim with a resource",
		Do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.Idempotency.Claim(ctx, org.ClaimIdempotencyParams{Scope: "import", IdempotencyKey: "1", ResourceID: "r1"})
		},
		RPC:   "rpc_claim_idempotency",
		Body:  `{"p_tenant_id":"t1","p_scope":"import","p_idempotency_key":"1","p_resource_id":"r1"}`,
		Reply: `false`, Want: false,
	},
	{
		Name: "Idempotency.Resource",
		Do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.Idempotency.Resource(ctx, org.IdempotencyResourceParams{Scope: "import", IdempotencyKey: "1"})
		},
		RPC:   "rpc_get_idempotency_resource",
		Body:  `{"p_tenant_id":"t1","p_scope":"import","p_idempotency_key":"1"}`,
		Reply: `"r1"`, Want: "r1",
	},
}

func TestWireRequests(t *testing.T) { apitest.RunCalls(t, calls) }

func TestReadersNameTheirViews(t *testing.T) {
	c, srv := apitest.New(t)
	srv.WantCounted(t, "v_tenants", c.Tenants.Count)
	srv.WantCounted(t, "v_permissions", c.Authorization.Permissions.Count)
	srv.WantCounted(t, "v_tenant_roles", c.Authorization.TenantRoles.Count)
	srv.WantCounted(t, "v_role_permissions", c.Authorization.RolePermissions.Count)
	srv.WantCounted(t, "v_user_tenant_roles", c.Authorization.UserTenantRoles.Count)
	srv.WantCounted(t, "v_profiles", c.Authorization.Profiles.Count)
	srv.WantCounted(t, "v_status_catalogs", c.Catalogs.Statuses.Count)
	srv.WantCounted(t, "v_priority_catalogs", c.Catalogs.Priorities.Count)
	srv.WantCounted(t, "v_maintenance_type_catalogs", c.Catalogs.MaintenanceTypes.Count)
	srv.WantCounted(t, "v_status_transitions", c.Catalogs.StatusTransitions.Count)
	srv.WantCounted(t, "v_departments", c.Departments.Count)
	srv.WantCounted(t, "v_audit_entity_changes", c.Audit.EntityChanges.Count)
	srv.WantCounted(t, "v_audit_permission_changes", c.Audit.PermissionChanges.Count)
	srv.WantCounted(t, "v_audit_retention_configs", c.Audit.RetentionConfigs.Count)
}

func TestRequiredFieldsAreCheckedBeforeSending(t *testing.T) {
	c, srv := apitest.New(t)
	srv.WantRefused(t, "Name", apitest.Err(c.Tenants.Create(t.Context(), org.CreateTenantParams{Slug: "x"})))
	srv.WantRefused(t, "Slug", apitest.Err(c.Tenants.Create(t.Context(), org.CreateTenantParams{Name: "x"})))
	srv.WantRefused(t, "InviteeEmail", c.Tenants.InviteUser(t.Context(), org.InviteUserParams{InviteeEmail: " ", RoleKey: "x"}))
	srv.WantRefused(t, "RoleKey", c.Tenants.AssignRole(t.Context(), org.AssignRoleParams{UserID: "x"}))
	srv.WantRefused(t, "UserID", c.Tenants.RemoveMember(t.Context(), org.RemoveMemberParams{}))
	srv.WantRefused(t, "OAuthClientID", c.Tenants.ReplaceOAuthClientGrants(t.Context(), org.ReplaceOAuthClientGrantsParams{OAuthClientID: " "}))
	srv.WantRefused(t, "PermissionKey", c.Authorization.AssignPermissionToRole(t.Context(), org.RolePermissionParams{RoleKey: "x"}))
	srv.WantRefused(t, "ScopeType", c.Authorization.GrantScope(t.Context(), org.ScopeParams{UserID: "x"}))
	srv.WantRefused(t, "Category", apitest.Err(c.Catalogs.CreateStatus(t.Context(), org.CreateStatusParams{EntityType: "x", Key: "x", Name: "x"})))
	srv.WantRefused(t, "ToStatusKey", apitest.Err(c.Catalogs.CreateStatusTransition(t.Context(), org.CreateStatusTransitionParams{EntityType: "x", FromStatusKey: "x"})))
	srv.WantRefused(t, "GuardCondition", apitest.Err(c.Catalogs.CreateStatusTransition(t.Context(), org.CreateStatusTransitionParams{EntityType: "x", FromStatusKey: "x", ToStatusKey: "x", GuardCondition: json.RawMessage(`[]`)})))
	srv.WantRefused(t, "EntityType", apitest.Err(c.Catalogs.WorkflowGraph(t.Context(), org.WorkflowGraphParams{})))
	srv.WantRefused(t, "DepartmentID", c.Departments.Delete(t.Context(), org.DeleteDepartmentParams{}))
	srv.WantRefused(t, "KeyID", c.TenantAPIKeys.Revoke(t.Context(), org.RevokeTenantAPIKeyParams{}))
	srv.WantRefused(t, "keyID", c.TenantAPIKeys.Touch(t.Context(), ""))
	srv.WantRefused(t, "key", apitest.Err(c.TenantAPIKeys.Validate(t.Context(), "")))
	srv.WantRefused(t, "RetentionMonths", c.Audit.SetRetention(t.Context(), org.SetRetentionParams{}))
	srv.WantRefused(t, "Scope", apitest.Err(c.Idempotency.Claim(t.Context(), org.ClaimIdempotencyParams{IdempotencyKey: "x"})))
	srv.WantRefused(t, "IdempotencyKey", apitest.Err(c.Idempotency.Resource(t.Context(), org.IdempotencyResourceParams{Scope: "x"})))
}

func TestNoTenantFailsBeforeSending(t *testing.T) {
	srv := apitest.NewServer(t)
	c := srv.Client(t, workorder.WithAccessToken(apitest.JWT(map[string]any{"sub": "u1", "role": "authenticated"})))
	_, err := c.Departments.Create(t.Context(), org.CreateDepartmentParams{Name: "A"})
	require.ErrorIs(t, err, workorder.ErrNoTenant)
	srv.WantNoRequest(t)
}

func TestWhatIsNotThereIsErrNotFound(t *testing.T) {
	c, srv := apitest.New(t)
	srv.Reply(http.StatusOK, `null`)
	_, err := c.Idempotency.Resource(t.Context(), org.IdempotencyResourceParams{Scope: "s", IdempotencyKey: "k"})
	require.ErrorIs(t, err, workorder.ErrNotFound)

	srv.Reply(http.StatusOK, `[]`)
	_, err = c.TenantAPIKeys.Validate(t.Context(), "wosk_unknown")
	require.ErrorIs(t, err, workorder.ErrNotFound)
	require.NotContains(t, err.Error(), "wosk_unknown")
}

func TestGraphWithoutTransitionsIsEmpty(t *testing.T) {
	c, srv := apitest.New(t)
	srv.Reply(http.StatusOK, `{"entity_type":"asset","tenant_id":"t1","transitions":null}`)
	graph, err := c.Catalogs.WorkflowGraph(t.Context(), org.WorkflowGraphParams{EntityType: "asset"})
	require.NoError(t, err)
	require.Empty(t, graph.Transitions)
}
