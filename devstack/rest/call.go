package rest

import (
	"context"
	"encoding/hex"
	"maps"
	"net/http"
	"slices"
	"strings"
)

func (f *function) argNames() []string {
	names := make([]string, len(f.args))
	for i, a := range f.args {
		names[i] = a.name
	}
	return names
}

// signature is how an ambiguous call names its candidates.
func (f *function) signature() string {
	parts := make([]string, len(f.args))
	for i, a := range f.args {
		parts[i] = a.name + " => " + a.typ
	}
	return f.String() + "(" + strings.Join(parts, ", ") + ")"
}

// accepts says whether the function can be called with exactly these argument
// names: all that are required and none that it lacks.
func (f *function) accepts(keys []string) bool {
	found := 0
	for _, a := range f.args {
		if a.name == "" {
			return false
		}
		given := slices.Contains(keys, a.name)
		if a.required && !given {
			return false
		}
		if given {
			found++
		}
	}
	return found == len(keys)
}

// takesBody says whether the function has one unnamed parameter that takes the
// whole body, whose type is that of the body.
func (f *function) takesBody(p *payload) bool {
	if p == nil || len(f.args) != 1 || f.args[0].name != "" {
		return false
	}
	typ := f.args[0].typ
	return typ == p.rawType || p.rawType == "" && (typ == "json" || typ == "jsonb")
}

// choose picks the function of that name for the given argument names.
func (c *schemaCache) choose(n name, keys []string, p *payload) (*function, error) {
	var named, whole []*function
	for _, f := range c.functions[n] {
		switch {
		case (p == nil || p.rawType == "") && f.accepts(keys):
			named = append(named, f)
		case f.takesBody(p):
			whole = append(whole, f)
		}
	}
	if len(named) == 0 {
		named = whole
	}
	switch len(named) {
	case 0:
		return nil, noFunction(c, n, keys, p)
	case 1:
		return named[0], nil
	}
	list := make([]string, len(named))
	for i, f := range named {
		list[i] = f.signature()
	}
	return nil, &apiError{status: http.StatusMultipleChoices, Code: "PGRST203",
		Message: "Could not choose the best candidate function between: " + strings.Join(list, ", "),
		Hint:    "Try renaming the parameters or the function itself in the database so function overloading can be resolved"}
}

// arguments are what a function is called with: a body, or the query string.
type arguments struct {
	keys   []string
	body   *payload
	values map[string][]string
}

func (r *request) arguments() (arguments, error) {
	if !isRead(r.Method) {
		p, err := r.readPayload()
		if p.form != nil {
			return arguments{keys: slices.Sorted(maps.Keys(p.form)), values: p.form}, err
		}
		keys := p.keys
		if r.columns != nil {
			keys = slices.Compact(slices.Sorted(slices.Values(r.columns)))
		}
		return arguments{keys: keys, body: &p}, err
	}
	return r.queryArguments(), nil
}

// queryArguments are those of the query string.
func (r *request) queryArguments() arguments {
	values := map[string][]string{}
	for _, p := range r.args {
		values[p.key] = append(values[p.key], p.value)
	}
	return arguments{keys: slices.Sorted(maps.Keys(values)), values: values}
}

func (s *Server) function(ctx context.Context, req *request, args arguments) (*schemaCache, *function, error) {
	n := name{req.schema, req.target.name}
	c := s.current()
	f, err := c.choose(n, args.keys, args.body)
	if err == nil {
		return c, f, nil
	}
	if c, err = s.fresher(ctx, req.began); err != nil {
		return nil, nil, err
	}
	f, err = c.choose(n, args.keys, args.body)
	return c, f, err
}

func (s *Server) serveCall(ctx context.Context, req *request) (*response, error) {
	args, err := req.arguments()
	if err != nil {
		return nil, err
	}
	cache, f, err := s.function(ctx, req, args)
	if err != nil {
		return nil, err
	}
	rel := cache.relations[f.rowsOf]
	origin := f.name.name // as errors name the rows
	if rel != nil {
		origin = rel.name.name
	}
	if err := cache.resolve(req.schema, origin, rel, req.selects); err != nil {
		return nil, err
	}
	b := &statement{}
	shape := f.shape()
	b.call(f, args)
	src := source{cache: cache, sql: quoteIdent(origin), rel: rel, items: req.selects}
	from := func() { b.w("pgrst_source as ", src.sql) }
	b.w(", pgrst_shown as (select ")
	if err := b.selectFrom(src, from); err != nil {
		return nil, err
	}
	b.where(src, req.where)
	if err := b.orderBy(src, req.order); err != nil {
		return nil, err
	}
	b.window(req.window)
	b.w(")")
	total := "null::bigint"
	if req.prefer.count != "" { // no plan says how many rows a function gives: always exact
		total = "(select count(*) from pgrst_total)"
		b.w(", pgrst_total as (select 1 from ")
		from()
		if err := b.joins(src, src.items); err != nil {
			return nil, err
		}
		b.where(src, req.where)
		b.w(")")
	}
	b.w(" ")
	b.finish(req.media, req.Method == http.MethodHead, total, shape, "pgrst_shown")

	out, err := s.run(ctx, req, transaction{
		readOnly: f.readOnly || isRead(req.Method),
		stmt:     b,
		check:    func(out *outcome) error { return req.checkCall(out, shape) },
	})
	if err != nil {
		return nil, err
	}
	if err := req.checkCall(out, shape); err != nil {
		return nil, err
	}
	if shape == shapeNone {
		resp := req.respond(http.StatusNoContent, out, "call")
		resp.header.Del("Content-Type")
		resp.header.Del("Content-Profile")
		if resp.header.Get("Content-Range") == "" {
			resp.header.Set("Content-Range", contentRange(0, 0, out.total))
		}
		return resp, nil
	}
	return req.ranged(out, "call")
}

func (r *request) checkCall(out *outcome, shape shape) error {
	if shape == shapeNone {
		return nil
	}
	if shape == shapeRows {
		if err := r.affected(out); err != nil {
			return err
		}
	}
	return r.singular(out)
}

func (f *function) shape() shape {
	switch {
	case f.void:
		return shapeNone
	case f.composite && f.set:
		return shapeRows
	case f.composite:
		return shapeRow
	case f.set:
		return shapeValues
	}
	return shapeValue
}

// call opens the WITH clause with pgrst_source, the result of the function.
func (b *statement) call(f *function, args arguments) {
	b.w("with pgrst_source as ")
	if !f.set || f.void {
		b.w("materialized ") // the function runs even when nothing looks at its result
	}
	b.w("(select ")
	if f.composite {
		b.w("pgrst_result.*")
	} else {
		b.w("pgrst_result.pgrst_scalar")
	}
	b.w(" from ")
	given := f.given(args.keys)
	unnamed := f.takesBody(args.body)
	if args.body != nil && !unnamed && len(given) > 0 {
		b.record(args.body, given)
		b.w(", lateral ")
	}
	if !f.composite {
		b.w("(select ")
	}
	b.w(f.sql(), "(")
	if unnamed {
		raw := string(args.body.raw)
		if args.body.rawType == "bytea" {
			raw = `\x` + hex.EncodeToString(args.body.raw)
		}
		b.arg(raw)
		b.w("::", f.args[0].typ)
	}
	for i, a := range given {
		if i > 0 {
			b.w(", ")
		}
		if a.variadic {
			b.w("variadic ")
		}
		b.w(quoteIdent(a.name), " := ")
		if args.body != nil {
			b.w("pgrst_body.", quoteIdent(a.name))
			continue
		}
		v := args.values[a.name]
		if a.variadic {
			b.arg(arrayLiteral(v))
		} else {
			b.arg(v[len(v)-1])
		}
		b.w("::", a.typ)
	}
	b.w(")")
	if !f.composite {
		b.w(" as pgrst_scalar)")
	}
	b.w(" pgrst_result)")
}

// record writes the body as one row with a column for each argument, so that
// JSON becomes the types of the arguments as the database converts it.
func (b *statement) record(p *payload, args []argument) {
	b.w("(select * from json_to_record(")
	b.arg(string(p.raw))
	b.w("::json")
	if p.array {
		b.w("->0") // the others are dropped
	}
	b.w(") as _(")
	for i, a := range args {
		if i > 0 {
			b.w(", ")
		}
		b.w(quoteIdent(a.name), " ", a.typ)
	}
	b.w(")) pgrst_body")
}

// given are the arguments that the call names, in the function's order.
func (f *function) given(keys []string) []argument {
	var given []argument
	for _, a := range f.args {
		if a.name != "" && slices.Contains(keys, a.name) {
			given = append(given, a)
		}
	}
	return given
}
