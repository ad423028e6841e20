package rest

import (
	"context"
	"net/http"
	"strconv"
)

// relation finds the table or view that the request names.
func (s *Server) relation(ctx context.Context, req *request) (*schemaCache, *relation, error) {
	n := name{req.schema, req.target.name}
	c := s.current()
	if r := c.relations[n]; r != nil {
		return c, r, nil
	}
	c, err := s.fresher(ctx, req.began)
	if err != nil {
		return nil, nil, err
	}
	if r := c.relations[n]; r != nil {
		return c, r, nil
	}
	return nil, nil, noRelation(c, n)
}

// source is the table or view that the request names, for reading and writing.
func (s *Server) source(ctx context.Context, req *request) (source, error) {
	cache, rel, err := s.relation(ctx, req)
	if err != nil {
		return source{}, err
	}
	src := source{cache: cache, sql: rel.sql(), rel: rel, items: req.selects}
	return src, cache.resolve(req.schema, rel.name.name, rel, req.selects)
}

func (s *Server) serveRead(ctx context.Context, req *request) (*response, error) {
	src, err := s.source(ctx, req)
	if err != nil {
		return nil, err
	}
	b := &statement{}
	b.w("with pgrst_source as (select ")
	if err := b.selectFrom(src, func() { b.w(src.sql) }); err != nil {
		return nil, err
	}
	b.where(src, req.where)
	if err := b.orderBy(src, req.order); err != nil {
		return nil, err
	}
	b.window(req.window)
	b.w(") ")
	total, explain, err := s.counting(b, req, src)
	if err != nil {
		return nil, err
	}
	b.finish(req.media, req.Method == http.MethodHead, total, shapeRows, "pgrst_source")

	out, err := s.run(ctx, req, transaction{readOnly: true, stmt: b, explain: explain})
	if err != nil {
		return nil, err
	}
	s.estimate(req, out)
	if err := req.singular(out); err != nil {
		return nil, err
	}
	resp, err := req.ranged(out, "read")
	if err != nil {
		return nil, err
	}
	resp.header.Set("Content-Location", contentLocation(req))
	return resp, nil
}

// counting adds the count that the client prefers to the WITH clause and gives
// the expression for the total, and the statement to explain for an estimate.
func (s *Server) counting(b *statement, req *request, src source) (total string, explain *statement, err error) {
	if req.prefer.count == "planned" || req.prefer.count == "estimated" {
		explain = &statement{}
		explain.w("explain (format json) select 1 from ", src.sql)
		if err := explain.joins(src, src.items); err != nil {
			return "", nil, err
		}
		explain.where(src, req.where)
	}
	switch req.prefer.count {
	case "exact", "estimated":
		b.w(", pgrst_total as (select 1 from ", src.sql)
		if err := b.joins(src, src.items); err != nil {
			return "", nil, err
		}
		b.where(src, req.where)
		if req.prefer.count == "estimated" && s.cfg.MaxRows > 0 {
			b.w(" limit ", strconv.Itoa(s.cfg.MaxRows+1))
		}
		b.w(") ")
		return "(select count(*) from pgrst_total)", explain, nil
	}
	return "null::bigint", explain, nil
}

// estimate settles the total of a planned or estimated count. A count that
// fits into one answer is exact.
func (s *Server) estimate(req *request, out *outcome) {
	switch req.prefer.count {
	case "planned":
		out.total = &out.planned
	case "estimated":
		if s.cfg.MaxRows > 0 && *out.total > int64(s.cfg.MaxRows) {
			*out.total = max(*out.total, out.planned)
		}
	}
}

// contentLocation is the path with the query, as PostgREST repeats it.
func contentLocation(req *request) string {
	if req.URL.RawQuery == "" {
		return req.URL.EscapedPath()
	}
	return req.URL.EscapedPath() + "?" + req.URL.RawQuery
}
