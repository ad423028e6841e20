package rest

import (
	"net/http"
	"strconv"
)

// joins writes a lateral join for each related resource of items. One that is
// not spread gives its JSON as pgrst_value, a spread one its columns and
// pgrst_found; both are null when nothing is related.
func (b *statement) joins(src source, items []selectItem) error {
	for _, it := range items {
		e := it.embed
		if e == nil {
			continue
		}
		if e.inner {
			b.w(" inner join lateral (")
		} else {
			b.w(" left join lateral (")
		}
		if err := b.related(src, e); err != nil {
			return err
		}
		b.w(") ", e.sql, " on ")
		if e.inner {
			b.w(e.found(), " is not null")
		} else {
			b.w("true")
		}
	}
	return nil
}

func (e *embed) found() string {
	if e.spread {
		return e.sql + ".pgrst_found"
	}
	return e.sql + ".pgrst_value"
}

func (b *statement) related(src source, e *embed) error {
	closing := ""
	switch {
	case !e.spread && e.rel.toOne():
		b.w("select row_to_json(pgrst_row) as pgrst_value from (")
		closing = ") pgrst_row"
	case !e.spread:
		b.w("select json_agg(pgrst_row) as pgrst_value from (")
		closing = ") pgrst_row"
	case !e.rel.toOne():
		b.w("select nullif(count(*), 0) as pgrst_found")
		for _, n := range outputs(e.rel.to, e.items) {
			b.w(", json_agg(pgrst_row.", quoteIdent(n), ") as ", quoteIdent(n))
		}
		b.w(" from (")
		closing = ") pgrst_row"
	}
	b.w("select ")
	if e.spread && e.rel.toOne() {
		b.w("true as pgrst_found")
		if len(outputs(e.rel.to, e.items)) > 0 {
			b.w(", ")
		}
	}
	depth := src.depth + 1
	to := source{cache: src.cache, rel: e.rel.to, items: e.items, depth: depth,
		sql: quoteIdent(e.rel.to.name.name + "_" + strconv.Itoa(depth))}
	if err := b.selectFrom(to, func() { b.relatedFrom(src, to, e.rel) }); err != nil {
		return err
	}
	b.w(" where ")
	b.joined(src, to, e.rel)
	for _, c := range e.where {
		b.w(" and ")
		b.condition(to, c)
	}
	if err := b.orderBy(to, e.order); err != nil {
		return err
	}
	b.window(e.window)
	b.w(closing)
	return nil
}

// relatedFrom writes where related rows come from.
func (b *statement) relatedFrom(src, to source, rel *relationship) {
	switch {
	case rel.function != nil:
		b.w(rel.function.sql(), "((", src.sql, ".*)::", src.rel.sql(), ") as ", to.sql)
	case rel.junction != nil:
		b.w(rel.junction.sql(), " as pgrst_junction cross join ", rel.to.sql(), " as ", to.sql)
	default:
		b.w(rel.to.sql(), " as ", to.sql)
	}
}

// joined writes the condition by which rows are related.
func (b *statement) joined(src, to source, rel *relationship) {
	sep := ""
	equal := func(left source, right source, pairs []columnPair) {
		for _, p := range pairs {
			b.w(sep, left.sql, ".", quoteIdent(p.from), " = ", right.sql, ".", quoteIdent(p.to))
			sep = " and "
		}
	}
	junction := source{sql: "pgrst_junction"}
	switch {
	case rel.function != nil:
		b.w("true")
	case rel.junction != nil:
		equal(src, junction, rel.near)
		equal(junction, to, rel.far)
	default:
		equal(src, to, rel.pairs)
	}
}

// orderByRelated writes a column of a resource that each row has at most one of.
func (b *statement) orderByRelated(src source, t orderTerm) error {
	e, err := find(src.items, []string{t.relation})
	if err != nil {
		return err
	}
	if !e.rel.toOne() {
		return &apiError{status: http.StatusBadRequest, Code: "PGRST118",
			Message: "A related order on '" + t.relation + "' is not possible",
			Details: "'" + src.rel.name.name + "' and '" + t.relation + "' do not form a many-to-one or one-to-one relationship"}
	}
	to := source{cache: src.cache, rel: e.rel.to, sql: "pgrst_ordered"}
	b.w("(select ")
	b.field(to, t.field)
	b.w(" from ")
	b.relatedFrom(src, to, e.rel)
	b.w(" where ")
	b.joined(src, to, e.rel)
	b.w(" limit 1)")
	return nil
}
