// Package integration runs the SDK against a stack, through its public API only.
//
// With SUPABASE_URL and SUPABASE_ANON_KEY set, that deployment is used; the
// tests that need more say so and look for SUPABASE_SERVICE_ROLE_KEY and
// SUPABASE_JWT_SECRET. It must not ask for e-mail confirmation, must allow some
// three thousand sign-ups, sign-ins and refreshes from one address within minutes, and
// keeps what the tests make.
// Otherwise a devstack is started. Every test makes its own users and tenants.
package integration
