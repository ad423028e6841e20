package org_test

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/internal/apitest"
	"github.com/workorder-systems/sdk-go/org"
	"github.com/workorder-systems/sdk-go/query"
	"github.com/workorder-systems/sdk-go/types"
)

// call is one call of a method: what it sends, what the server answers and what
// the caller gets.
type call struct {
	name  string
	do    func(ctx context.Context, c *workorder.Client) (any, error)
	rpc   string
	body  string
	reply string // empty: 204
	want  any
}

// void adapts a method without a result.
func void(do func(ctx context.Context, c *workorder.Client) error) func(context.Context, *workorder.Client) (any, error) {
	return func(ctx context.Context, c *workorder.Client) (any, error) { return nil, do(ctx, c) }
}

var created = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

var calls = []call{
	{
		name: "Tenants.Create",
		do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.Tenants.Create(ctx, org.CreateTenantParams{Name: "Acme", Slug: "acme"})
		},
		rpc: "rpc_create_tenant", body: `{"p_name":"Acme","p_slug":"acme"}`, reply: `"t2"`, want: "t2",
	},
	{
		name: "Tenants.InviteUser",
		do: void(func(ctx context.Context, c *workorder.Client) error {
			return c.Tenants.InviteUser(ctx, org.InviteUserParams{InviteeEmail: " Bob@Example.com ", RoleKey: "member"})
		}),
		rpc:  "rpc_invite_user_to_tenant",
		body: `{"p_tenant_id":"t1","p_invitee_email":"bob@example.com","p_role_key":"member"}`,
	},
	{
		name: "Tenants.AssignRole",
		do: void(func(ctx context.Context, c *workorder.Client) error {
			return c.Tenants.AssignRole(ctx, org.AssignRoleParams{TenantID: "t9", UserID: "u2", RoleKey: "manager"})
		}),
		rpc: "rpc_assign_role_to_user", body: `{"p_tenant_id":"t9","p_user_id":"u2","p_role_key":"manager"}`,
	},
	{
		name: "Tenants.RemoveMember",
		do: void(func(ctx context.Context, c *workorder.Client) error {
			return c.Tenants.RemoveMember(ctx, org.RemoveMemberParams{UserID: "u2"})
		}),
		rpc: "rpc_remove_member_from_tenant", body: `{"p_tenant_id":"t1","p_user_id":"u2"}`,
	},
	{
		name: "Tenants.ReplaceOAuthClientGrants",
		do: void(func(ctx context.Context, c *workorder.Client) error {
			return c.Tenants.ReplaceOAuthClientGrants(ctx, org.ReplaceOAuthClientGrantsParams{OAuthClientID: "app", TenantIDs: []string{"t1", "t2"}})
		}),
		rpc: "rpc_replace_oauth_client_tenant_grants", body: `{"p_oauth_client_id":"app","p_tenant_ids":["t1","t2"]}`,
	},
	{
		name: "Tenants.ReplaceOAuthClientGrants with none",
		do: void(func(ctx context.Context, c *workorder.Client) error {
			return c.Tenants.ReplaceOAuthClientGrants(ctx, org.ReplaceOAuthClientGrantsParams{OAuthClientID: "app"})
		}),
		rpc: "rpc_replace_oauth_client_tenant_grants", body: `{"p_oauth_client_id":"app","p_tenant_ids":[]}`,
	},
	{
		name: "Authorization.HasPermission",
		do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.Authorization.HasPermission(ctx, org.HasPermissionParams{PermissionKey: "asset.view"})
		},
		rpc: "rpc_has_permission", body: `{"p_tenant_id":"t1","p_permission_key":"asset.view"}`, reply: `true`, want: true,
	},
	{
		name: "Authorization.UserPermissions",
		do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.Authorization.UserPermissions(ctx, "")
		},
		rpc: "rpc_get_user_permissions", body: `{"p_tenant_id":"t1"}`, reply: `["a.b","c.d"]`, want: []string{"a.b", "c.d"},
	},
	{
		name: "Authorization.AssignPermissionToRole",
		do: void(func(ctx context.Context, c *workorder.Client) error {
			return c.Authorization.AssignPermissionToRole(ctx, org.RolePermissionParams{RoleKey: "member", PermissionKey: "asset.create"})
		}),
		rpc:  "rpc_assign_permission_to_role",
		body: `{"p_tenant_id":"t1","p_role_key":"member","p_permission_key":"asset.create"}`,
	},
	{
		name: "Authorization.RevokePermissionFromRole",
		do: void(func(ctx context.Context, c *workorder.Client) error {
			return c.Authorization.RevokePermissionFromRole(ctx, org.RolePermissionParams{RoleKey: "member", PermissionKey: "asset.create"})
		}),
		rpc:  "rpc_revoke_permission_from_role",
		body: `{"p_tenant_id":"t1","p_role_key":"member","p_permission_key":"asset.create"}`,
	},
	{
		name: "Authorization.GrantScope",
		do: void(func(ctx context.Context, c *workorder.Client) error {
			return c.Authorization.GrantScope(ctx, org.ScopeParams{UserID: "u2", ScopeType: "location", ScopeValue: "l1"})
		}),
		rpc:  "rpc_grant_scope",
		body: `{"p_tenant_id":"t1","p_user_id":"u2","p_scope_type":"location","p_scope_value":"l1"}`,
	},
	{
		name: "Authorization.RevokeScope without a value",
		do: void(func(ctx context.Context, c *workorder.Client) error {
			return c.Authorization.RevokeScope(ctx, org.ScopeParams{UserID: "u2", ScopeType: "shift"})
		}),
		rpc:  "rpc_revoke_scope",
		body: `{"p_tenant_id":"t1","p_user_id":"u2","p_scope_type":"shift","p_scope_value":null}`,
	},
	{
		name: "Catalogs.CreateStatus",
		do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.Catalogs.CreateStatus(ctx, org.CreateStatusParams{
				EntityType: "work_order", Key: "on_hold", Name: "On Hold", Category: org.StatusOpen, DisplayOrder: 6, Color: "#abc",
			})
		},
		rpc: "rpc_create_status",
		body: `{"p_tenant_id":"t1","p_entity_type":"work_order","p_key":"on_hold","p_name":"On Hold","p_category":"open",
			"p_display_order":6,"p_color":"#abc","p_icon":null}`,
		reply: `"s1"`, want: "s1",
	},
	{
		name: "Catalogs.CreatePriority",
		do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.Catalogs.CreatePriority(ctx, org.CreatePriorityParams{
				EntityType: "work_order", Key: "asap", Name: "ASAP", Weight: 5, DisplayOrder: 5,
			})
		},
		rpc: "rpc_create_priority",
		body: `{"p_tenant_id":"t1","p_entity_type":"work_order","p_key":"asap","p_name":"ASAP","p_weight":5,
			"p_display_order":5,"p_color":null}`,
		reply: `"p1"`, want: "p1",
	},
	{
		name: "Catalogs.CreateMaintenanceType",
		do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.Catalogs.CreateMaintenanceType(ctx, org.CreateMaintenanceTypeParams{
				Key: "lube", Name: "Lubrication", Category: org.MaintenancePlanned, DisplayOrder: new(0),
			})
		},
		rpc: "rpc_create_maintenance_type",
		body: `{"p_tenant_id":"t1","p_category":"planned","p_key":"lube","p_name":"Lubrication","p_description":null,
			"p_display_order":0,"p_color":null,"p_icon":null}`,
		reply: `"m1"`, want: "m1",
	},
	{
		name: "Catalogs.CreateStatusTransition",
		do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.Catalogs.CreateStatusTransition(ctx, org.CreateStatusTransitionParams{
				EntityType: "work_order", FromStatusKey: "draft", ToStatusKey: "on_hold",
				GuardCondition: json.RawMessage(`{"assigned_to":"not_null"}`),
			})
		},
		rpc: "rpc_create_status_transition",
		body: `{"p_tenant_id":"t1","p_entity_type":"work_order","p_from_status_key":"draft","p_to_status_key":"on_hold",
			"p_required_permission":null,"p_guard_condition":{"assigned_to":"not_null"}}`,
		reply: `"x1"`, want: "x1",
	},
	{
		name: "Catalogs.CreateStatusTransition without a guard",
		do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.Catalogs.CreateStatusTransition(ctx, org.CreateStatusTransitionParams{
				EntityType: "work_order", FromStatusKey: "draft", ToStatusKey: "on_hold", RequiredPermission: "workorder.edit",
			})
		},
		rpc: "rpc_create_status_transition",
		body: `{"p_tenant_id":"t1","p_entity_type":"work_order","p_from_status_key":"draft","p_to_status_key":"on_hold",
			"p_required_permission":"workorder.edit","p_guard_condition":null}`,
		reply: `"x1"`, want: "x1",
	},
	{
		name: "Catalogs.WorkflowGraph",
		do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.Catalogs.WorkflowGraph(ctx, org.WorkflowGraphParams{EntityType: "work_order"})
		},
		rpc: "rpc_get_workflow_graph", body: `{"p_tenant_id":"t1","p_entity_type":"work_order"}`,
		reply: `{"entity_type":"work_order","tenant_id":"t1","transitions":[
			{"from_status_key":"draft","to_status_key":"assigned","required_permission":"workorder.assign","guard_condition":{"a":"null"}}]}`,
		want: &org.WorkflowGraph{EntityType: "work_order", TenantID: "t1", Transitions: []org.WorkflowEdge{{
			FromStatusKey: "draft", ToStatusKey: "assigned", RequiredPermission: new("workorder.assign"),
			GuardCondition: json.RawMessage(`{"a":"null"}`),
		}}},
	},
	{
		name: "Departments.Create",
		do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.Departments.Create(ctx, org.CreateDepartmentParams{Name: "Line 3", Code: "L3"})
		},
		rpc:   "rpc_create_department",
		body:  `{"p_tenant_id":"t1","p_name":"Line 3","p_description":null,"p_code":"L3"}`,
		reply: `"d1"`, want: "d1",
	},
	{
		name: "Departments.Update",
		do: void(func(ctx context.Context, c *workorder.Client) error {
			return c.Departments.Update(ctx, org.UpdateDepartmentParams{DepartmentID: "d1", Description: new("")})
		}),
		rpc:  "rpc_update_department",
		body: `{"p_tenant_id":"t1","p_department_id":"d1","p_name":null,"p_description":"","p_code":null}`,
	},
	{
		name: "Departments.Delete",
		do: void(func(ctx context.Context, c *workorder.Client) error {
			return c.Departments.Delete(ctx, org.DeleteDepartmentParams{DepartmentID: "d1"})
		}),
		rpc: "rpc_delete_department", body: `{"p_tenant_id":"t1","p_department_id":"d1"}`,
	},
	{
		name: "Departments.BulkImport",
		do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.Departments.BulkImport(ctx, org.BulkImportDepartmentsParams{Rows: []org.ImportDepartment{{Name: "A", Code: "A1"}, {}}})
		},
		rpc:   "rpc_bulk_import_departments",
		body:  `{"p_tenant_id":"t1","p_rows":[{"name":"A","code":"A1"},{"name":""}]}`,
		reply: `{"created_ids":["d1"],"errors":[{"index":1,"message":"no name"}]}`,
		want: &types.BulkImportResult{
			CreatedIDs: []string{"d1"}, Errors: []types.BulkImportError{{Index: 1, Message: "no name"}},
		},
	},
	{
		name: "Departments.BulkImport of nothing",
		do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.Departments.BulkImport(ctx, org.BulkImportDepartmentsParams{})
		},
		rpc: "rpc_bulk_import_departments", body: `{"p_tenant_id":"t1","p_rows":[]}`,
		reply: `{"created_ids":[],"errors":[]}`,
		want:  &types.BulkImportResult{CreatedIDs: []string{}, Errors: []types.BulkImportError{}},
	},
	{
		name: "TenantAPIKeys.Create",
		do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.TenantAPIKeys.Create(ctx, org.CreateTenantAPIKeyParams{Name: "plc"})
		},
		rpc: "rpc_create_tenant_api_key", body: `{"p_tenant_id":"t1","p_name":"plc"}`,
		reply: `{"id":"k1","key":"wosk_0","keyPrefix":"wosk","name":"plc","createdAt":"2026-01-02T03:04:05+00:00"}`,
		want:  &org.CreatedTenantAPIKey{ID: "k1", Key: "wosk_0", KeyPrefix: "wosk", Name: "plc", CreatedAt: created},
	},
	{
		name: "TenantAPIKeys.List",
		do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.TenantAPIKeys.List(ctx, "t9")
		},
		rpc: "rpc_list_tenant_api_keys", body: `{"p_tenant_id":"t9"}`,
		reply: `[{"id":"k1","name":"plc","keyPrefix":"wosk","createdAt":"2026-01-02T03:04:05+00:00","lastUsedAt":null,"expiresAt":null}]`,
		want:  []org.TenantAPIKey{{ID: "k1", Name: "plc", KeyPrefix: "wosk", CreatedAt: created}},
	},
	{
		name: "TenantAPIKeys.Revoke",
		do: void(func(ctx context.Context, c *workorder.Client) error {
			return c.TenantAPIKeys.Revoke(ctx, org.RevokeTenantAPIKeyParams{KeyID: "k1"})
		}),
		rpc: "rpc_revoke_tenant_api_key", body: `{"p_tenant_id":"t1","p_key_id":"k1"}`,
	},
	{
		name: "TenantAPIKeys.Validate sends the hash only",
		do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.TenantAPIKeys.Validate(ctx, "abc")
		},
		rpc:   "rpc_validate_tenant_api_key",
		body:  `{"p_key_hash":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}`,
		reply: `[{"tenant_id":"t1","key_id":"k1"}]`,
		want:  &org.ValidTenantAPIKey{TenantID: "t1", KeyID: "k1"},
	},
	{
		name: "TenantAPIKeys.Touch",
		do: void(func(ctx context.Context, c *workorder.Client) error {
			return c.TenantAPIKeys.Touch(ctx, "k1")
		}),
		rpc: "rpc_tenant_api_key_touch", body: `{"p_key_id":"k1"}`,
	},
	{
		name: "Audit.SetRetention",
		do: void(func(ctx context.Context, c *workorder.Client) error {
			return c.Audit.SetRetention(ctx, org.SetRetentionParams{RetentionMonths: 12})
		}),
		rpc: "rpc_set_audit_retention_config", body: `{"p_tenant_id":"t1","p_retention_months":12}`,
	},
	{
		name: "Audit.SetRetention inactive",
		do: void(func(ctx context.Context, c *workorder.Client) error {
			return c.Audit.SetRetention(ctx, org.SetRetentionParams{RetentionMonths: 12, IsActive: new(false)})
		}),
		rpc: "rpc_set_audit_retention_config", body: `{"p_tenant_id":"t1","p_retention_months":12,"p_is_active":false}`,
	},
	{
		name: "Idempotency.Claim",
		do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.Idempotency.Claim(ctx, org.ClaimIdempotencyParams{Scope: "import", IdempotencyKey: "1"})
		},
		rpc:   "rpc_claim_idempotency",
		body:  `{"p_tenant_id":"t1","p_scope":"import","p_idempotency_key":"1"}`,
		reply: `true`, want: true,
	},
	{
		name: "Idempotency.Claim with a resource",
		do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.Idempotency.Claim(ctx, org.ClaimIdempotencyParams{Scope: "import", IdempotencyKey: "1", ResourceID: "r1"})
		},
		rpc:   "rpc_claim_idempotency",
		body:  `{"p_tenant_id":"t1","p_scope":"import","p_idempotency_key":"1","p_resource_id":"r1"}`,
		reply: `false`, want: false,
	},
	{
		name: "Idempotency.Resource",
		do: func(ctx context.Context, c *workorder.Client) (any, error) {
			return c.Idempotency.Resource(ctx, org.IdempotencyResourceParams{Scope: "import", IdempotencyKey: "1"})
		},
		rpc:   "rpc_get_idempotency_resource",
		body:  `{"p_tenant_id":"t1","p_scope":"import","p_idempotency_key":"1"}`,
		reply: `"r1"`, want: "r1",
	},
}

func TestWireRequests(t *testing.T) {
	for _, tc := range calls {
		t.Run(tc.name, func(t *testing.T) {
			c, srv := apitest.New(t)
			status := http.StatusOK
			if tc.reply == "" {
				status = http.StatusNoContent
			}
			srv.Reply(status, tc.reply)

			got, err := tc.do(t.Context(), c)

			require.NoError(t, err)
			require.Empty(t, cmp.Diff(tc.want, got))
			srv.WantRequest(t, http.MethodPost, "/rest/v1/rpc/"+tc.rpc, tc.body)
			srv.WantNoRequest(t)
		})
	}
}

func TestReadersNameTheirViews(t *testing.T) {
	count := func(read func(context.Context, ...query.Option) (int64, error)) func(context.Context) error {
		return func(ctx context.Context) error { _, err := read(ctx); return err }
	}
	c, srv := apitest.New(t)
	for view, read := range map[string]func(context.Context) error{
		"v_tenants":                   count(c.Tenants.Count),
		"v_permissions":               count(c.Authorization.Permissions.Count),
		"v_tenant_roles":              count(c.Authorization.TenantRoles.Count),
		"v_role_permissions":          count(c.Authorization.RolePermissions.Count),
		"v_user_tenant_roles":         count(c.Authorization.UserTenantRoles.Count),
		"v_profiles":                  count(c.Authorization.Profiles.Count),
		"v_status_catalogs":           count(c.Catalogs.Statuses.Count),
		"v_priority_catalogs":         count(c.Catalogs.Priorities.Count),
		"v_maintenance_type_catalogs": count(c.Catalogs.MaintenanceTypes.Count),
		"v_status_transitions":        count(c.Catalogs.StatusTransitions.Count),
		"v_departments":               count(c.Departments.Count),
		"v_audit_entity_changes":      count(c.Audit.EntityChanges.Count),
		"v_audit_permission_changes":  count(c.Audit.PermissionChanges.Count),
		"v_audit_retention_configs":   count(c.Audit.RetentionConfigs.Count),
	} {
		srv.Handle(func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Range", "*/7") })
		require.NoError(t, read(t.Context()), view)
		srv.WantRequest(t, http.MethodGet, "/rest/v1/"+view, "")
	}
}

func TestRequiredFieldsAreCheckedBeforeSending(t *testing.T) {
	c, srv := apitest.New(t)
	for field, err := range map[string]error{
		"Name":            second(c.Tenants.Create(t.Context(), org.CreateTenantParams{Slug: "x"})),
		"Slug":            second(c.Tenants.Create(t.Context(), org.CreateTenantParams{Name: "x"})),
		"InviteeEmail":    c.Tenants.InviteUser(t.Context(), org.InviteUserParams{InviteeEmail: " ", RoleKey: "x"}),
		"RoleKey":         c.Tenants.AssignRole(t.Context(), org.AssignRoleParams{UserID: "x"}),
		"UserID":          c.Tenants.RemoveMember(t.Context(), org.RemoveMemberParams{}),
		"OAuthClientID":   c.Tenants.ReplaceOAuthClientGrants(t.Context(), org.ReplaceOAuthClientGrantsParams{OAuthClientID: " "}),
		"PermissionKey":   c.Authorization.AssignPermissionToRole(t.Context(), org.RolePermissionParams{RoleKey: "x"}),
		"ScopeType":       c.Authorization.GrantScope(t.Context(), org.ScopeParams{UserID: "x"}),
		"Category":        second(c.Catalogs.CreateStatus(t.Context(), org.CreateStatusParams{EntityType: "x", Key: "x", Name: "x"})),
		"ToStatusKey":     second(c.Catalogs.CreateStatusTransition(t.Context(), org.CreateStatusTransitionParams{EntityType: "x", FromStatusKey: "x"})),
		"GuardCondition":  second(c.Catalogs.CreateStatusTransition(t.Context(), org.CreateStatusTransitionParams{EntityType: "x", FromStatusKey: "x", ToStatusKey: "x", GuardCondition: json.RawMessage(`[]`)})),
		"EntityType":      second(c.Catalogs.WorkflowGraph(t.Context(), org.WorkflowGraphParams{})),
		"DepartmentID":    c.Departments.Delete(t.Context(), org.DeleteDepartmentParams{}),
		"KeyID":           c.TenantAPIKeys.Revoke(t.Context(), org.RevokeTenantAPIKeyParams{}),
		"keyID":           c.TenantAPIKeys.Touch(t.Context(), ""),
		"key":             second(c.TenantAPIKeys.Validate(t.Context(), "")),
		"RetentionMonths": c.Audit.SetRetention(t.Context(), org.SetRetentionParams{}),
		"Scope":           second(c.Idempotency.Claim(t.Context(), org.ClaimIdempotencyParams{IdempotencyKey: "x"})),
		"IdempotencyKey":  second(c.Idempotency.Resource(t.Context(), org.IdempotencyResourceParams{Scope: "x"})),
	} {
		require.ErrorIs(t, err, workorder.ErrInvalidInput, field)
		require.ErrorContains(t, err, field+" ", "the error names the field")
	}
	srv.WantNoRequest(t)
}

func second[T any](_ T, err error) error { return err }

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
