// Package workorder is the Go SDK for WorkOrder Systems, a multi-tenant system
// for maintenance management that runs on Supabase.
package workorder
