package org

import (
	"context"

	"github.com/workorder-systems/sdk-go/internal/api"
	"github.com/workorder-systems/sdk-go/internal/postgrest"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// AuditService reads the audit log and sets how long it is kept. The log shows
// rows to holders of the role admin of the token's tenant; everybody else reads
// nothing, without an error.
//
// TypeScript: audit (listEntityChanges is EntityChanges.List, and so on).
type AuditService struct {
	// EntityChanges reads v_audit_entity_changes: inserts, updates and deletes
	// of audited rows, oldest first.
	EntityChanges postgrest.View[EntityChange]
	// PermissionChanges reads v_audit_permission_changes: roles given and
	// taken.
	PermissionChanges postgrest.View[PermissionChange]
	// RetentionConfigs reads v_audit_retention_configs: one row, or none when
	// the default of 24 months applies. Needs permission tenant.admin.
	RetentionConfigs postgrest.View[RetentionConfig]

	rpc postgrest.Caller
}

func (s *AuditService) bind(conn *api.Conn) {
	s.EntityChanges = postgrest.NewView(conn, &entityChangeView)
	s.PermissionChanges = postgrest.NewView(conn, &permissionChangeView)
	s.RetentionConfigs = postgrest.NewView(conn, &retentionConfigView)
	s.rpc = postgrest.NewCaller(conn)
}

// SetRetentionParams says how long the audit log is kept.
type SetRetentionParams struct {
	TenantID        string // optional: the client's tenant
	RetentionMonths int    // required, 1–120
	IsActive        *bool  // nil: true; false brings the default of 24 months back
}

// SetRetention sets how long the tenant's audit log is kept.
//
// Needs permission tenant.admin. Fails with ErrInvalidInput when
// RetentionMonths is out of range.
//
// TypeScript has no such method.
func (s *AuditService) SetRetention(ctx context.Context, p SetRetentionParams) error {
	const op = "Audit.SetRetention"
	if p.RetentionMonths == 0 {
		return sdkerr.Required(op, "RetentionMonths")
	}
	return postgrest.Exec(ctx, s.rpc, op, setAuditRetentionConfigArgs(p))
}
