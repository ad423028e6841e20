package storage

import (
	"context"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// listRequest asks for what lies directly in a folder.
type listRequest struct {
	Prefix *string `json:"prefix"`
	Limit  *int    `json:"limit"`
	Offset int     `json:"offset"`
	Search string  `json:"search"`
	SortBy struct {
		Column string `json:"column"`
		Order  string `json:"order"`
	} `json:"sortBy"`
}

// listed is an object, or a folder, of which only the name is known.
type listed struct {
	Name           string          `json:"name"`
	ID             *string         `json:"id"`
	UpdatedAt      *time.Time      `json:"updated_at"`
	CreatedAt      *time.Time      `json:"created_at"`
	LastAccessedAt *time.Time      `json:"last_accessed_at"`
	Metadata       json.RawMessage `json:"metadata"`
}

const defaultListLimit = 100

func (q *listRequest) check() error {
	if q.Prefix == nil {
		return missing("prefix")
	}
	if q.Limit != nil && *q.Limit < 1 {
		return invalidRequest("body/limit must be >= 1")
	}
	if q.Offset < 0 {
		return invalidRequest("body/offset must be >= 0")
	}
	if q.SortBy.Column == "" {
		q.SortBy.Column = "name"
	}
	if q.SortBy.Order == "" {
		q.SortBy.Order = "asc"
	}
	if !slices.Contains([]string{"name", "updated_at", "created_at", "last_accessed_at"}, q.SortBy.Column) {
		return invalidRequest("body/sortBy/column must be equal to one of the allowed values")
	}
	if q.SortBy.Order != "asc" && q.SortBy.Order != "desc" {
		return invalidRequest("body/sortBy/order must be equal to one of the allowed values")
	}
	return nil
}

// list answers with folders first, then objects. Names are relative to the
// folder; those that the search does not begin are left out.
func (s *Server) list(w http.ResponseWriter, r *http.Request, p params) error {
	c, err := s.caller(r)
	if err != nil {
		return err
	}
	var q listRequest
	if err := readJSON(w, r, &q); err != nil {
		return err
	}
	if err := q.check(); err != nil {
		return err
	}
	folder, limit := *q.Prefix, defaultListLimit
	if folder != "" && !strings.HasSuffix(folder, "/") {
		folder += "/"
	}
	if q.Limit != nil {
		limit = *q.Limit
	}
	level := strconv.Itoa(strings.Count(folder, "/") + 1)
	column, order := q.SortBy.Column, q.SortBy.Order // checked
	if column == "name" {
		column = "path_tokens[" + level + "]"
	}

	var found []listed
	err = s.transact(r, c, func(ctx context.Context, tx *session) error {
		if err := tx.asCaller(ctx); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `
			with inside as (
				select *, path_tokens[`+level+`] as entry, cardinality(path_tokens) > `+level+` as deeper
				from storage.objects
				where bucket_id = $1 and starts_with(lower(name), lower($2))
			), entries as (
				select 0 as part, row_number() over (order by entry `+order+`) as place, entry,
					null as id, null::timestamptz as updated_at, null::timestamptz as created_at, null::timestamptz as last_accessed_at, null::jsonb as metadata
				from inside where deeper group by entry
				union all
				select 1, row_number() over (order by `+column+` `+order+`, name), entry,
					id::text, updated_at, created_at, last_accessed_at, metadata
				from inside where not deeper
			)
			select entry, id, updated_at, created_at, last_accessed_at, metadata
			from entries order by part, place limit $3 offset $4`,
			p.bucket, folder+q.Search, limit, q.Offset)
		if err != nil {
			return err
		}
		found, err = pgx.CollectRows(rows, pgx.RowToStructByPos[listed])
		return err
	})
	if err != nil {
		return err
	}
	writeJSON(w, http.StatusOK, append([]listed{}, found...))
	return nil
}
