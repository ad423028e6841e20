// Package integration runs the SDK against a stack, through its public API only.
//
// With SUPABASE_URL and SUPABASE_ANON_KEY set, that deployment is used; the
// tests that need more say so and look for SUPABASE_SERVICE_ROLE_KEY and
// SUPABASE_JWT_SECRET. Otherwise a devstack is started. Every test makes its own
// users and tenants.
package integration
