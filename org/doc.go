// Package org reads and writes what a tenant is made of: the tenants of a user,
// members, roles and permissions, departments, catalogs of statuses and
// priorities, API keys, the audit log and idempotency records.
//
// The services are fields of workorder.Client:
//
//	id, err := client.Departments.Create(ctx, org.CreateDepartmentParams{Name: "Line 3", Code: "L3"})
//	if errors.Is(err, workorder.ErrConflict) {
//		// another department of the tenant has that code
//	}
//
// Reads follow the tenant in the access token: without that claim the views of
// a tenant are empty, without an error. Writes name the tenant in their
// params; left empty, the client's tenant is used, and with neither the call
// fails with ErrNoTenant before anything is sent.
//
// Most writes also make their tenant the user's current one on the server, so
// the next token of an unbound session carries it. A client made by
// workorder.Client.ForTenant notices and puts it right.
package org
