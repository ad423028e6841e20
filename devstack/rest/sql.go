package rest

import (
	"strconv"
	"strings"
)

// statement is SQL under construction. Values never become part of the text:
// they are parameters whose type the server infers, as for a literal.
type statement struct {
	strings.Builder
	args [][]byte

	embeds int // related resources so far
}

func (b *statement) w(parts ...string) {
	for _, p := range parts {
		b.WriteString(p)
	}
}

// arg adds a parameter and writes its placeholder.
func (b *statement) arg(v string) {
	b.args = append(b.args, []byte(v))
	b.w("$", strconv.Itoa(len(b.args)))
}

// source is what columns belong to: a relation or the rows of a function.
type source struct {
	cache *schemaCache
	sql   string
	rel   *relation    // nil for a function that gives no rows of a relation
	items []selectItem // among them the related resources
	depth int
}

// column writes a field; JSON arrows apply to any type, as its JSON form.
func (b *statement) field(src source, f field) {
	col := src.sql + "." + quoteIdent(f.name)
	if len(f.path) == 0 {
		b.w(col)
		return
	}
	typ := ""
	if src.rel != nil {
		if c := src.rel.byName[f.name]; c != nil {
			typ = c.typ
		}
	}
	if typ == "json" || typ == "jsonb" {
		b.w(col)
	} else {
		b.w("to_jsonb(", col, ")")
	}
	for _, step := range f.path {
		if step.text {
			b.w("->>")
		} else {
			b.w("->")
		}
		b.arg(step.key)
		if step.index {
			b.w("::int")
		} else {
			b.w("::text")
		}
	}
}

// selects writes the select list.
func (b *statement) selects(src source, items []selectItem) error {
	sep := ""
	for _, it := range items {
		if e := it.embed; e != nil {
			b.embedded(&sep, e)
			continue
		}
		b.w(sep)
		sep = ", "
		if it.star {
			b.w(src.sql, ".*")
			continue
		}
		if it.cast == "" {
			b.field(src, it.field)
		} else {
			typ, err := src.cache.castType(it.cast)
			if err != nil {
				return err
			}
			b.w("cast(")
			b.field(src, it.field)
			b.w(" as ", typ, ")")
		}
		switch {
		case it.alias != "":
			b.w(" as ", quoteIdent(it.alias))
		case len(it.path) > 0 || it.cast != "":
			b.w(" as ", quoteIdent(it.outputName()))
		}
	}
	return nil
}

// embedded writes what the select list shows of a related resource.
func (b *statement) embedded(sep *string, e *embed) {
	if e.spread {
		for _, n := range outputs(e.rel.to, e.items) {
			b.w(*sep)
			*sep = ", "
			if e.rel.toOne() {
				b.w(e.sql, ".", quoteIdent(n))
			} else {
				b.w("coalesce(", e.sql, ".", quoteIdent(n), ", '[]') as ", quoteIdent(n))
			}
		}
		return
	}
	if len(e.items) == 0 {
		return // only to filter by
	}
	b.w(*sep)
	*sep = ", "
	if e.rel.toOne() {
		b.w(e.sql, ".pgrst_value")
	} else {
		b.w("coalesce(", e.sql, ".pgrst_value, '[]')")
	}
	b.w(" as ", quoteIdent(e.key()))
}

// selectFrom writes the select list of the source's items, what from writes,
// and the joins that the items need.
func (b *statement) selectFrom(src source, from func()) error {
	b.nameEmbeds(src.items)
	if err := b.selects(src, src.items); err != nil {
		return err
	}
	b.w(" from ")
	from()
	return b.joins(src, src.items)
}

// nameEmbeds gives the lateral joins of items their names, which the select
// list uses before they are written.
func (b *statement) nameEmbeds(items []selectItem) {
	for _, it := range items {
		if it.embed != nil {
			b.embeds++
			it.embed.sql = "pgrst_embed_" + strconv.Itoa(b.embeds)
		}
	}
}

// where writes the conditions, all of which must hold.
func (b *statement) where(src source, conds []condition) {
	for i, c := range conds {
		if i == 0 {
			b.w(" where ")
		} else {
			b.w(" and ")
		}
		b.condition(src, c)
	}
}

func (b *statement) condition(src source, c condition) {
	if c.negate {
		b.w("not ")
	}
	b.w("(")
	if c.join != "" {
		for i, child := range c.children {
			if i > 0 {
				b.w(" ", c.join, " ")
			}
			b.condition(src, child)
		}
	} else {
		b.filter(src, c)
	}
	b.w(")")
}

func (b *statement) filter(src source, c condition) {
	if e := embedOf(src.items, c.field); e != nil {
		b.w(e.found(), " is null")
		return
	}
	if f, ok := searchFunctions[c.op]; ok {
		b.search(src, c, f)
		return
	}
	b.field(src, c.field)
	switch c.op {
	case "is":
		b.w(" ", isValues[c.value])
		return
	case "in":
		b.w(" = any (")
		b.arg(arrayLiteral(c.list))
		b.w(")")
		return
	}
	v := c.value
	if c.op == "like" || c.op == "ilike" {
		v = strings.ReplaceAll(v, "*", "%")
	}
	b.w(" ", plainOperators[c.op], " ")
	if c.quant != "" {
		b.w(c.quant, " (")
		b.arg(v)
		b.w(")")
		return
	}
	b.arg(v)
}

// search writes a full-text search. What is no tsvector yet becomes one.
func (b *statement) search(src source, c condition, function string) {
	lang := func() {
		if c.lang != "" {
			b.arg(c.lang)
			b.w("::regconfig, ")
		}
	}
	vector := false
	if src.rel != nil {
		col := src.rel.byName[c.field.name]
		vector = col == nil || col.typ == "tsvector" && len(c.field.path) == 0
	}
	if vector {
		b.field(src, c.field)
	} else {
		b.w("to_tsvector(")
		lang()
		b.field(src, c.field)
		b.w(")")
	}
	b.w(" @@ ", function, "(")
	lang()
	b.arg(c.value)
	b.w(")")
}

func (b *statement) orderBy(src source, terms []orderTerm) error {
	for i, t := range terms {
		if i == 0 {
			b.w(" order by ")
		} else {
			b.w(", ")
		}
		if t.relation == "" {
			b.field(src, t.field)
		} else if err := b.orderByRelated(src, t); err != nil {
			return err
		}
		if t.direction != "" {
			b.w(" ", t.direction)
		}
		if t.nulls != "" {
			b.w(" nulls ", t.nulls)
		}
	}
	return nil
}

func (b *statement) window(w window) {
	if w.limited {
		b.w(" limit ", strconv.FormatInt(w.limit, 10))
	}
	if w.offset > 0 {
		b.w(" offset ", strconv.FormatInt(w.offset, 10))
	}
}

// arrayLiteral writes text values as PostgreSQL reads an array of any type.
func arrayLiteral(values []string) string {
	var b strings.Builder
	b.WriteByte('{')
	for i, v := range values {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('"')
		b.WriteString(arrayEscape.Replace(v))
		b.WriteByte('"')
	}
	b.WriteByte('}')
	return b.String()
}

var arrayEscape = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// finish writes the outer query over rows, the name of a CTE. It makes one row of
// everything: the total, the number of rows, the body, and what functions said
// about the response. Names that errors of the database can show are PostgREST's.
func (b *statement) finish(m mediaType, head bool, total string, shape shape, rows string) {
	b.w("select ", total, ", count(*), ")
	b.body(m, head, shape)
	b.w(`, nullif(current_setting('response.headers', true), ''), nullif(current_setting('response.status', true), ''), nullif(current_setting('pgrst.inserted', true), '')`,
		` from (select * from `, rows, `) _postgrest_t`)
}

// shape is what the rows of a statement are.
type shape int

const (
	shapeRows   shape = iota // objects
	shapeRow                 // one object
	shapeValues              // values of the column pgrst_scalar
	shapeValue               // one such value
	shapeNone                // nothing to show
)

func (b *statement) body(m mediaType, head bool, shape shape) {
	if head || shape == shapeNone {
		b.w("''::text")
		return
	}
	if m.kind == mediaCSV {
		b.w(`(select coalesce(string_agg(k.k, ','), '') from (select json_object_keys(h.r) k from (select row_to_json(s) r from pgrst_source s limit 1) h) k)
			|| e'\n' || coalesce(string_agg(substring(_postgrest_t::text, 2, length(_postgrest_t::text) - 2), e'\n'), '')`)
		return
	}
	if m.kind == mediaGeoJSON {
		b.w("json_build_object('type', 'FeatureCollection', 'features', coalesce(json_agg(st_asgeojson(_postgrest_t)::json), '[]'))")
		return
	}
	row := "_postgrest_t"
	if shape == shapeValue || shape == shapeValues {
		row = "_postgrest_t.pgrst_scalar"
	}
	agg := "json_agg(" + row + ")"
	if m.strip {
		agg = "json_strip_nulls(" + agg + ")"
	}
	if shape == shapeRow || shape == shapeValue || m.kind == mediaObject {
		b.w("coalesce((", agg, "->0)::text, 'null')")
		return
	}
	b.w("coalesce(", agg, ", '[]')::text")
}
