package org_test

import (
	"context"
	"errors"
	"fmt"

	workorder "github.com/workorder-systems/sdk-go"
	"github.com/workorder-systems/sdk-go/internal/apitest"
	"github.com/workorder-systems/sdk-go/org"
	"github.com/workorder-systems/sdk-go/query"
)

var ctx = context.Background()

func ExampleTenantService() {
	client, done := apitest.Example(map[string]string{
		"/rest/v1/rpc/rpc_create_tenant": `"7d0f"`,
		"/rest/v1/v_tenants":             `[{"id":"7d0f","name":"Acme","slug":"acme"}]`,
	})
	defer done()

	id, err := client.Tenants.Create(ctx, org.CreateTenantParams{Name: "Acme", Slug: "acme"})
	if errors.Is(err, workorder.ErrConflict) {
		fmt.Println("the slug is taken")
		return
	}
	if err != nil {
		fmt.Println(err)
		return
	}
	_ = client.Tenants.InviteUser(ctx, org.InviteUserParams{
		TenantID: id, InviteeEmail: "bob@example.com", RoleKey: "technician",
	})

	tenant, err := client.Tenants.Get(ctx, id)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(tenant.Name)
	// Output: Acme
}

func ExampleAuthorizationService() {
	client, done := apitest.Example(map[string]string{"/rest/v1/rpc/rpc_has_permission": `true`})
	defer done()

	ok, err := client.Authorization.HasPermission(ctx, org.HasPermissionParams{PermissionKey: "workorder.create"})
	fmt.Println(ok, err)
	// Output: true <nil>
}

func ExampleCatalogService() {
	client, done := apitest.Example(map[string]string{
		"/rest/v1/v_priority_catalogs": `[{"key":"critical","weight":10},{"key":"low","weight":40}]`,
	})
	defer done()

	priorities, err := client.Catalogs.Priorities.List(ctx, query.Where(org.PriorityCols.EntityType.Eq("work_order")))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, p := range priorities {
		fmt.Println(p.Key, p.Weight)
	}
	// Output:
	// critical 10
	// low 40
}

func ExampleDepartmentService_BulkImport() {
	client, done := apitest.Example(map[string]string{
		"/rest/v1/rpc/rpc_bulk_import_departments": `{"created_ids":["d1"],"errors":[{"index":1,"message":"code is taken"}]}`,
	})
	defer done()

	result, err := client.Departments.BulkImport(ctx, org.BulkImportDepartmentsParams{Rows: []org.ImportDepartment{
		{Name: "Line 3", Code: "L3"},
		{Name: "Line 4", Code: "L3"},
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(len(result.CreatedIDs), "imported")
	for _, e := range result.Errors {
		fmt.Println(e)
	}
	// Output:
	// 1 imported
	// row 1: code is taken
}

func ExampleTenantAPIKeyService() {
	client, done := apitest.Example(map[string]string{
		"/rest/v1/rpc/rpc_create_tenant_api_key": `{"id":"k1","key":"wosk_0123","keyPrefix":"wosk_0123","name":"plc"}`,
	})
	defer done()

	key, err := client.TenantAPIKeys.Create(ctx, org.CreateTenantAPIKeyParams{Name: "plc"})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(key.Key)               // for logs
	fmt.Println(len(key.Key.Reveal())) // for the machine
	// Output:
	// [redacted]
	// 9
}

func ExampleAuditService() {
	client, done := apitest.Example(map[string]string{
		"/rest/v1/v_audit_entity_changes": `[{"id":7,"table_name":"departments","operation":"UPDATE","changed_fields":["name","updated_at"]}]`,
	})
	defer done()

	cols := org.EntityChangeCols
	changes, err := client.Audit.EntityChanges.List(ctx,
		query.Where(cols.Operation.Eq("UPDATE"), cols.ChangedFields.Contains("name")), query.Limit(1))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(changes[0].TableName, changes[0].ChangedFields)
	// Output: departments [name updated_at]
}

func ExampleIdempotencyService() {
	client, done := apitest.Example(map[string]string{"/rest/v1/rpc/rpc_claim_idempotency": `true`})
	defer done()

	first, err := client.Idempotency.Claim(ctx, org.ClaimIdempotencyParams{Scope: "nightly.import", IdempotencyKey: "2026-03-01"})
	if err != nil {
		fmt.Println(err)
		return
	}
	if first {
		fmt.Println("importing")
	}
	// Output: importing
}
