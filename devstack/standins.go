package devstack

import (
	"context"
	_ "embed" // standins.sql
	"fmt"
	"regexp"
	"strings"

	"github.com/jackc/pgx/v5"
)

// standinsSQL creates what migrations expect of extensions and services that a
// stack lacks.
//
//go:embed standins.sql
var standinsSQL string

// preloaded are extensions that need a server configured for them even where
// they are installed, so that their stand-ins always take their place.
var preloaded = []string{"pg_cron", "pg_net", "supabase_vault", "pgsodium", "pg_graphql", "pgmq", "wrappers", "pg_tle", "pgaudit", "plan_filter"}

// extensionRules decide which statements of a migration cannot run here.
type extensionRules struct {
	available map[string]bool
}

func loadExtensionRules(ctx context.Context, conn *pgx.Conn) (*extensionRules, error) {
	rows, err := conn.Query(ctx, "select name from pg_available_extensions")
	if err != nil {
		return nil, fmt.Errorf("devstack: %w", err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("devstack: %w", err)
	}
	r := &extensionRules{available: make(map[string]bool, len(names))}
	for _, name := range names {
		r.available[name] = true
	}
	for _, name := range preloaded {
		delete(r.available, name)
	}
	return r, nil
}

var (
	aboutExtension = regexp.MustCompile(`(?is)^(?:create|alter|drop|comment\s+on)\s+extension\s+(?:if\s+(?:not\s+)?exists\s+)?"?([\w-]+)"?`)
	vectorIndex    = regexp.MustCompile(`(?is)^create\s+index\b.*\busing\s+"?(hnsw|ivfflat)"?`)
)

// skip says why a statement cannot run here, "" when it can.
func (r *extensionRules) skip(sql string) string {
	if m := aboutExtension.FindStringSubmatch(sql); m != nil {
		name := strings.ToLower(m[1])
		if !r.available[name] && name != "plpgsql" {
			return "extension " + name + " is not installed"
		}
	}
	if m := vectorIndex.FindStringSubmatch(sql); m != nil && !r.available["vector"] {
		return "no " + strings.ToLower(m[1]) + " indexes without extension vector"
	}
	return ""
}
