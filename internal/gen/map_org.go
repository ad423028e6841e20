package main

var orgPackage = pkg{
	Dir: "org",
	Views: []view{
		{Name: "v_tenants", AnyTenant: true, Row: "Tenant", List: "Tenants", Doc: "a tenant that the signed-in user is a member of"},
		{Name: "v_permissions", AnyTenant: true, Row: "Permission", List: "Authorization.Permissions", Doc: "a permission of the platform's catalog", Docs: map[string]string{
			"category": "the part of the platform that the key belongs to",
		}},
		{Name: "v_tenant_roles", Row: "TenantRole", List: "Authorization.TenantRoles", Doc: "a role of the tenant", Docs: map[string]string{
			"is_default": "has no effect: nobody gets a role automatically",
			"is_system":  "made together with the tenant",
		}},
		{Name: "v_role_permissions", Row: "RolePermission", List: "Authorization.RolePermissions", Doc: "a permission that a role of the tenant holds"},
		{Name: "v_user_tenant_roles", AnyTenant: true, Row: "UserTenantRole", List: "Authorization.UserTenantRoles", Doc: "a role that the signed-in user holds in one of their tenants"},
		{Name: "v_profiles", Row: "Profile", List: "Authorization.Profiles", Doc: "the name and picture of a present or former member of the tenant", Docs: map[string]string{
			"id":        "id of the user",
			"full_name": "first and last name, or a name set by hand",
		}},
		{Name: "v_status_catalogs", Row: "Status", List: "Catalogs.Statuses", Doc: "a status that entities of the tenant can be in", Order: []string{"display_order"}, Types: map[string]string{
			"category": "StatusCategory",
		}, Docs: map[string]string{
			"entity_type": "work_order, asset or a type of the tenant's own",
			"is_final":    "nothing leaves the status, except moves that the tenant added",
			"color":       "#RGB or #RRGGBB",
		}},
		{Name: "v_priority_catalogs", Row: "Priority", List: "Catalogs.Priorities", Doc: "a priority of the tenant", Order: []string{"weight", "display_order"}, Docs: map[string]string{
			"weight": "lower is more urgent",
			"color":  "#RGB or #RRGGBB",
		}},
		{Name: "v_maintenance_type_catalogs", Row: "MaintenanceType", List: "Catalogs.MaintenanceTypes", Doc: "a kind of maintenance work", Order: []string{"category", "display_order"}, Types: map[string]string{
			"category": "MaintenanceCategory",
		}, Docs: map[string]string{
			"is_system": "made together with the tenant",
			"color":     "#RGB or #RRGGBB",
		}},
		{Name: "v_status_transitions", Row: "StatusTransition", List: "Catalogs.StatusTransitions", Doc: "an allowed move between two statuses", Order: []string{"from_status_key", "to_status_key"}, Docs: map[string]string{
			"required_permission": "permission key that the mover must hold",
			"guard_condition":     "conditions that the entity must meet",
		}},
		{Name: "v_departments", Row: "Department", List: "Departments", Doc: "an organisational unit of the tenant", Docs: map[string]string{
			"code": "unique within the tenant",
		}},
		{Name: "v_audit_entity_changes", Row: "EntityChange", List: "Audit.EntityChanges", Doc: "a logged insert, update or delete", Docs: map[string]string{
			"id":             "ascends with time",
			"operation":      "INSERT, UPDATE or DELETE",
			"old_data":       "the row before; of UPDATE and DELETE",
			"new_data":       "the row after; of INSERT and UPDATE",
			"changed_fields": "of UPDATE",
			"user_id":        "who did it; nil: the platform",
		}},
		{Name: "v_audit_permission_changes", Row: "PermissionChange", List: "Audit.PermissionChanges", Doc: "a role given to a user or taken away", Docs: map[string]string{
			"id":             "ascends with time",
			"target_user_id": "the user whose rights changed",
			"change_type":    "ROLE_ASSIGNED or ROLE_REMOVED",
			"changed_by":     "who did it; nil: the platform",
		}},
		{Name: "v_audit_retention_configs", Row: "RetentionConfig", List: "Audit.RetentionConfigs", Doc: "how long the tenant's audit log is kept", Docs: map[string]string{
			"is_active": "when false, the default of 24 months applies",
		}},
	},
	RPCs: []rpc{
		{Name: "rpc_create_tenant", Max: map[string]string{"p_name": "255", "p_slug": "63"}},
		{Name: "rpc_invite_user_to_tenant"},
		{Name: "rpc_assign_role_to_user"},
		{Name: "rpc_remove_member_from_tenant"},
		{Name: "rpc_replace_oauth_client_tenant_grants", Max: map[string]string{"p_oauth_client_id": "128,trim"}},

		{Name: "rpc_has_permission"},
		{Name: "rpc_get_user_permissions"},
		{Name: "rpc_assign_permission_to_role"},
		{Name: "rpc_revoke_permission_from_role"},
		{Name: "rpc_grant_scope", Max: map[string]string{"p_scope_type": "50"}},
		{Name: "rpc_revoke_scope", Max: map[string]string{"p_scope_type": "50"}},

		{Name: "rpc_create_status", Max: map[string]string{"p_key": "50"}},
		{Name: "rpc_create_priority", Max: map[string]string{"p_key": "50"}},
		{Name: "rpc_create_maintenance_type", Max: map[string]string{"p_key": "50"}},
		{Name: "rpc_create_status_transition"},
		{Name: "rpc_get_workflow_graph"},

		{Name: "rpc_create_department", Max: map[string]string{"p_name": "255", "p_code": "20"}},
		{Name: "rpc_update_department", Max: map[string]string{"p_name": "255", "p_code": "20"}},
		{Name: "rpc_delete_department"},
		{Name: "rpc_bulk_import_departments"},

		{Name: "rpc_create_tenant_api_key", Max: map[string]string{"p_name": "255"}},
		{Name: "rpc_list_tenant_api_keys"},
		{Name: "rpc_revoke_tenant_api_key"},
		{Name: "rpc_validate_tenant_api_key", Result: &result{
			Row: "ValidTenantAPIKey", Doc: "the owner of a valid key",
			NotNull: []string{"tenant_id", "key_id"},
		}},
		{Name: "rpc_tenant_api_key_touch"},

		{Name: "rpc_set_audit_retention_config"},

		{Name: "rpc_claim_idempotency", Max: map[string]string{"p_scope": "128", "p_idempotency_key": "256"}, Omit: []string{"p_resource_id"}},
		{Name: "rpc_get_idempotency_resource"},
	},
}
