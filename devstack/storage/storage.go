// Package storage is the Storage service of the local stack.
package storage

import _ "embed" // schema.sql

// SchemaSQL creates the schema storage. Run it once per database, after the roles
// exist and before the backend's own statements.
//
//go:embed schema.sql
var SchemaSQL string
