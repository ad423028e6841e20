// Package schema holds the reference backend: the SQL that builds, on top of a
// Supabase-like database, the tables, row level security, views and functions
// that the SDK talks to. Apply the files in name order.
package schema

import "embed"

// FS holds the SQL files of the reference backend.
//
//go:embed *.sql
var FS embed.FS
