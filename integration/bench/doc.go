// Package bench measures the SDK against its peers in one run on one stub
// server: postgrest-go, supabase-go, net/http with encoding/json written by
// hand, and reading nothing but the bytes.
//
// Run it with make bench, which rewrites docs/performance.md.
package bench
