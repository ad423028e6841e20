package rest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

func (s *Server) serveWrite(ctx context.Context, req *request) (*response, error) {
	src, err := s.source(ctx, req)
	if err != nil {
		return nil, err
	}
	if req.Method == http.MethodPut {
		if err := req.onlyKey(src.rel); err != nil {
			return nil, err
		}
	}
	b := &statement{}
	b.w("with pgrst_source as (")
	kind, shape, err := b.mutation(req, src)
	if err != nil {
		return nil, err
	}
	b.w(") ")
	total := "null::bigint"
	if req.prefer.count != "" {
		total = "(select count(*) from pgrst_source)"
	}
	req.media = forWrites(req)
	rows := "pgrst_source"
	if shape == shapeRows && req.prefer.returns == "representation" {
		rows = "pgrst_shown"
		if err := b.shown(req, src); err != nil {
			return nil, err
		}
	}
	b.finish(req.media, false, total, shape, rows)

	out, err := s.run(ctx, req, transaction{stmt: b, check: func(out *outcome) error {
		if kind == "upsert" && out.rows != 1 {
			return &apiError{status: http.StatusBadRequest, Code: "PGRST115",
				Message: "Payload values do not match URL in primary key column(s)"}
		}
		if err := req.affected(out); err != nil {
			return err
		}
		return req.singular(out)
	}})
	if err != nil {
		return nil, err
	}
	return req.written(out, kind, src.rel), nil
}

// mutation writes the statement that changes rows and gives back what the
// client wants to see of them.
func (b *statement) mutation(req *request, src source) (kind string, shape shape, err error) {
	noop := false
	changed := src
	changed.items = nil // related resources are joined to what is shown afterwards
	switch req.Method {
	case http.MethodPost:
		kind = "insert"
		err = b.insert(req, src)
	case http.MethodPut:
		kind = "upsert"
		err = b.insert(req, src)
	case http.MethodPatch:
		kind = "update"
		noop, err = b.update(req, changed)
	default:
		kind = "delete"
		b.w("delete from ", src.sql)
		b.where(changed, req.where)
	}
	if err != nil {
		return kind, shape, err
	}
	if noop {
		b.w("select ")
	} else {
		b.w(" returning ")
	}
	shape = shapeNone
	switch {
	case req.prefer.returns == "representation":
		shape = shapeRows
		b.returning(src)
	case req.prefer.returns == "headers-only" && kind == "insert" && len(src.rel.key) > 0:
		shape = shapeRows
		for i, k := range src.rel.key {
			if i > 0 {
				b.w(", ")
			}
			b.field(src, field{name: k})
		}
	default:
		b.w("1")
	}
	if noop {
		b.w(" from ", src.sql, " where false")
	}
	return kind, shape, err
}

// returning writes the columns of changed rows that the answer is made of: those
// selected, the key, and what related rows are found by.
func (b *statement) returning(src source) {
	columns := map[string]bool{}
	for _, k := range src.rel.key {
		columns[k] = true
	}
	for _, it := range src.items {
		switch {
		case it.star, it.embed != nil && it.embed.rel.function != nil:
			b.w(src.sql, ".*")
			return
		case it.embed == nil:
			columns[it.name] = true
		default:
			for _, p := range append(it.embed.rel.pairs, it.embed.rel.near...) {
				columns[p.from] = true
			}
		}
	}
	sep := ""
	for _, c := range slices.Sorted(maps.Keys(columns)) {
		b.w(sep)
		b.field(src, field{name: c})
		sep = ", "
	}
}

// shown adds what the client wants to see of the changed rows.
func (b *statement) shown(req *request, src source) error {
	src.sql = quoteIdent(src.rel.name.name)
	b.w(", pgrst_shown as (select ")
	if err := b.selectFrom(src, func() { b.w("pgrst_source as ", src.sql) }); err != nil {
		return err
	}
	if err := b.orderBy(src, req.order); err != nil {
		return err
	}
	b.w(") ")
	return nil
}

// forWrites keeps the negotiated form for representations only; the keys that
// headers-only needs are read here as JSON.
func forWrites(req *request) mediaType {
	if req.prefer.returns == "headers-only" && req.media.kind == mediaCSV {
		return mediaType{kind: mediaJSON}
	}
	return req.media
}

func (r *request) affected(out *outcome) error {
	if r.prefer.maxAffected < 0 || out.rows <= r.prefer.maxAffected {
		return nil
	}
	return &apiError{status: http.StatusBadRequest, Code: "PGRST124",
		Message: "Query result exceeds max-affected preference constraint",
		Details: fmt.Sprintf("The query affects %d rows", out.rows)}
}

func (r *request) written(out *outcome, kind string, rel *relation) *response {
	location := ""
	if r.prefer.returns == "headers-only" {
		if out.rows == 1 {
			location = rowLocation(rel, out.body)
		}
		out.body = nil
	}
	status := http.StatusOK
	switch {
	case kind == "insert" && r.prefer.resolution == "merge-duplicates" && out.inserted <= 0:
	case kind == "insert", kind == "upsert" && out.inserted > 0:
		status = http.StatusCreated
	case r.prefer.returns != "representation":
		status = http.StatusNoContent
	}
	if len(rel.key) == 0 && r.onKey == nil {
		r.prefer.resolution = "" // there are no duplicates to resolve
	}
	resp := r.respond(status, out, kind)
	if location != "" {
		resp.header.Set("Location", location)
	}
	if kind == "upsert" {
		return resp
	}
	lower, upper := int64(1), int64(0)
	if kind == "update" {
		lower, upper = 0, out.rows-1
	}
	resp.header.Set("Content-Range", contentRange(lower, upper, out.total))
	return resp
}

// rowLocation is the path of a new row by its primary key.
func rowLocation(rel *relation, body []byte) string {
	var rows []map[string]json.RawMessage
	if body = bytes.TrimSpace(body); len(body) > 0 && body[0] == '{' {
		body = append(append([]byte{'['}, body...), ']')
	}
	if json.Unmarshal(body, &rows) != nil || len(rows) != 1 {
		return ""
	}
	q := make([]string, len(rel.key))
	for i, k := range rel.key {
		v := string(rows[0][k])
		var text string
		if json.Unmarshal(rows[0][k], &text) == nil {
			v = text
		}
		q[i] = url.QueryEscape(k) + "=eq." + url.QueryEscape(v)
	}
	return "/" + url.PathEscape(rel.name.name) + "?" + strings.Join(q, "&")
}

// payloadColumns reads the body and gives the columns that it sets.
func (r *request) payloadColumns(rel *relation) (payload, []*column, error) {
	p, err := r.readPayload()
	if err != nil {
		return p, nil, err
	}
	names := p.keys
	if r.columns != nil {
		names = r.columns
	}
	cols := make([]*column, len(names))
	for i, n := range names {
		if cols[i] = rel.byName[n]; cols[i] == nil {
			return p, nil, &apiError{status: http.StatusBadRequest, Code: "PGRST204",
				Message: "Could not find the '" + n + "' column of '" + rel.name.name + "' in the schema cache"}
		}
	}
	return p, cols, nil
}

// recordset writes the body as rows of the given columns. With defaults a
// column that an object lacks gets its default instead of null.
func (b *statement) recordset(p payload, cols []*column, defaults bool) {
	if len(cols) == 0 {
		b.w("(select from ")
		if p.array {
			b.w("json_array_elements(")
			b.arg(string(p.raw))
			b.w("::json)")
		} else {
			b.w("(values (1))")
		}
		b.w(" _) as pgrst_body")
		return
	}
	b.w("json_to_recordset(")
	switch {
	case defaults:
		b.w("(select json_agg(jsonb_build_object(")
		sep := ""
		for _, c := range cols {
			if c.defaultSQL == "" {
				continue
			}
			b.w(sep)
			b.arg(c.name)
			b.w("::text, ", c.defaultSQL)
			sep = ", "
		}
		b.w(") || e) from jsonb_array_elements(")
		if p.array {
			b.arg(string(p.raw))
			b.w("::jsonb")
		} else {
			b.w("jsonb_build_array(")
			b.arg(string(p.raw))
			b.w("::jsonb)")
		}
		b.w(") e)")
	case p.array:
		b.arg(string(p.raw))
		b.w("::json")
	default:
		b.w("json_build_array(")
		b.arg(string(p.raw))
		b.w("::json)")
	}
	b.w(") as pgrst_body(")
	for i, c := range cols {
		if i > 0 {
			b.w(", ")
		}
		b.w(quoteIdent(c.name), " ", c.typ)
	}
	b.w(")")
}

// insert writes the statement. Objects without members are rows of defaults.
func (b *statement) insert(req *request, src source) error {
	p, cols, err := req.payloadColumns(src.rel)
	if err != nil {
		return err
	}
	b.w("insert into ", src.sql)
	if len(cols) > 0 {
		b.w("(")
		b.names("", cols)
		b.w(")")
	}
	b.w(" select ")
	b.names("pgrst_body.", cols)
	b.w(" from ")
	b.recordset(p, cols, req.prefer.missing == "default")
	switch {
	case req.Method == http.MethodPut:
		b.where(source{cache: src.cache, sql: "pgrst_body"}, req.where)
		b.w(" and ", countInserted("+"))
	case req.prefer.resolution == "merge-duplicates":
		b.w(" where ", countInserted("+"))
	}
	b.onConflict(req, src, cols)
	return nil
}

func (b *statement) names(prefix string, cols []*column) {
	for i, c := range cols {
		if i > 0 {
			b.w(", ")
		}
		b.w(prefix, quoteIdent(c.name))
	}
}

// onConflict writes the resolution of duplicates: on the given columns, else
// on the primary key.
func (b *statement) onConflict(req *request, src source, cols []*column) {
	key, resolution := src.rel.key, req.prefer.resolution
	if req.Method == http.MethodPut {
		resolution = "merge-duplicates"
	} else if req.onKey != nil {
		key = req.onKey
	}
	if resolution == "" || len(key) == 0 {
		return
	}
	b.w(" on conflict (")
	for i, k := range key {
		if i > 0 {
			b.w(", ")
		}
		b.w(quoteIdent(k))
	}
	b.w(") do ")
	if resolution == "ignore-duplicates" || len(cols) == 0 {
		b.w("nothing")
		return
	}
	b.w("update set ")
	for i, c := range cols {
		if i > 0 {
			b.w(", ")
		}
		b.w(quoteIdent(c.name), " = excluded.", quoteIdent(c.name))
	}
	b.w(" where ", countInserted("-"))
}

// countInserted is a condition that always holds. It counts in a setting of the
// transaction how many rows of an upsert are new: up before the insert of each
// row, down when it is an update instead.
func countInserted(sign string) string {
	return "set_config('pgrst.inserted', (coalesce(nullif(current_setting('pgrst.inserted', true), '')::int, 0) " + sign + " 1)::text, true) <> ''"
}

// update writes the statement, or nothing when there is nothing to set.
func (b *statement) update(req *request, src source) (noop bool, err error) {
	p, cols, err := req.payloadColumns(src.rel)
	if err != nil || len(cols) == 0 || p.empty {
		return true, err
	}
	b.w("update ", src.sql, " set ")
	for i, c := range cols {
		if i > 0 {
			b.w(", ")
		}
		b.w(quoteIdent(c.name), " = pgrst_body.", quoteIdent(c.name))
	}
	b.w(" from (select * from ")
	b.recordset(p, cols, req.prefer.missing == "default")
	b.w(" limit 1) pgrst_body")
	b.where(src, req.where)
	return false, nil
}
