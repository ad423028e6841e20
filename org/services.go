package org

import "github.com/workorder-systems/sdk-go/internal/api"

// Services are where the services of this package are. A new one gets its field and
// its line here, and in workorder.Client.
type Services struct {
	Tenants       *TenantService
	Authorization *AuthorizationService
	Departments   *DepartmentService
	Catalogs      *CatalogService
	TenantAPIKeys *TenantAPIKeyService
	Audit         *AuditService
	Idempotency   *IdempotencyService
}

// Bind is for the root package; use the fields of workorder.Client.
func Bind(conn *api.Conn, s Services) {
	s.Tenants.bind(conn)
	s.Authorization.bind(conn)
	s.Departments.bind(conn)
	s.Catalogs.bind(conn)
	s.TenantAPIKeys.bind(conn)
	s.Audit.bind(conn)
	s.Idempotency.bind(conn)
}
