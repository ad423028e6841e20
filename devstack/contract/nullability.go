package contract

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
)

// nullability infers which columns of views are never null, from the catalog
// and the definitions of the views. The rule, applied through nested views,
// subqueries, common table expressions and set operations:
//
//   - a not-null column of a table, unless its table is on the nullable side of
//     an outer join;
//   - a column that the WHERE clause or an inner join's condition lets through
//     only when it is set: IS NOT NULL, and what strict operators compare;
//   - counts and ranks, coalesce with a never-null argument, constants, CASE
//     whose every branch is never null, EXISTS, array constructors;
//   - arithmetic, comparison, concatenation, casts and date_trunc of never-null
//     values.
//
// Everything else, such as other functions and aggregates, may be null.
type nullability struct {
	tables map[attribute]bool // attnotnull
	rules  map[uint32]string  // definitions of views and materialized views
	funcs  map[int]function
	opers  map[int]string // names of the operators of pg_catalog

	views   map[uint32][]bool // results, by column number from 1
	working map[uint32]bool
	failed  map[uint32]error
}

type attribute struct {
	rel uint32
	num int
}

type function struct {
	name    string
	builtin bool
	strict  bool
}

func loadNullability(ctx context.Context, tx pgx.Tx) (*nullability, error) {
	n := &nullability{
		tables:  map[attribute]bool{},
		rules:   map[uint32]string{},
		funcs:   map[int]function{},
		opers:   map[int]string{},
		views:   map[uint32][]bool{},
		working: map[uint32]bool{},
		failed:  map[uint32]error{},
	}
	var rel, oid uint32
	var num int16
	var text string
	var f function
	for _, q := range []struct {
		sql  string
		into []any
		add  func()
	}{
		{`select a.attrelid, a.attnum from pg_attribute a join pg_class c on c.oid = a.attrelid
		  where a.attnotnull and c.relkind in ('r', 'p', 'f')`,
			[]any{&rel, &num}, func() { n.tables[attribute{rel, int(num)}] = true }},
		{`select ev_class, ev_action::text from pg_rewrite r join pg_class c on c.oid = r.ev_class
		  where r.ev_type = '1' and c.relkind in ('v', 'm')`,
			[]any{&rel, &text}, func() { n.rules[rel] = text }},
		{`select oid, proname::text, pronamespace = 'pg_catalog'::regnamespace, proisstrict from pg_proc`,
			[]any{&oid, &f.name, &f.builtin, &f.strict}, func() { n.funcs[int(oid)] = f }},
		{`select oid, oprname::text from pg_operator where oprnamespace = 'pg_catalog'::regnamespace`,
			[]any{&oid, &text}, func() { n.opers[int(oid)] = text }},
	} {
		rows, err := tx.Query(ctx, q.sql)
		if err != nil {
			return nil, err
		}
		if _, err := pgx.ForEachRow(rows, q.into, func() error { q.add(); return nil }); err != nil {
			return nil, err
		}
	}
	return n, nil
}

// notNull reports whether a column of a table or view is never null.
func (n *nullability) notNull(rel uint32, num int) bool {
	if _, ok := n.rules[rel]; !ok {
		return n.tables[attribute{rel, num}]
	}
	cols := n.view(rel)
	return num >= 1 && num <= len(cols) && cols[num-1]
}

// view gives the columns of a view. One that cannot be read counts as nullable
// throughout and is noted in failed.
func (n *nullability) view(rel uint32) []bool {
	if cols, ok := n.views[rel]; ok {
		return cols
	}
	if n.working[rel] {
		return nil
	}
	n.working[rel] = true
	tree, err := parseTree(n.rules[rel])
	var cols []bool
	if err == nil {
		list, _ := tree.([]any)
		if len(list) == 1 {
			if q, ok := list[0].(*node); ok && q.is("QUERY") {
				cols = n.outputs(q, nil)
			}
		}
		if cols == nil {
			err = fmt.Errorf("%w: no query", errNodeTree)
		}
	}
	if err != nil {
		n.failed[rel] = err
	}
	n.views[rel] = cols
	return cols
}

// scope is one level of query while its expressions are looked at.
type scope struct {
	query  *node
	parent *scope
	// extended holds the range table entries that an outer join may fill with
	// nulls.
	extended map[int]bool
	// given holds expressions that the conditions prove to be set.
	given map[string]bool
	// grouped says that grouping sets may blank out any column.
	grouped bool
	// ctes in work, to stop at a recursive reference.
	working map[string]bool
}

func (s *scope) entry(i int) *node {
	table := s.query.list("rtable")
	if i < 1 || i > len(table) {
		return nil
	}
	e, _ := table[i-1].(*node)
	return e
}

// outputs gives the columns of a query: true for each that is never null.
func (n *nullability) outputs(q *node, parent *scope) []bool {
	s := &scope{
		query: q, parent: parent,
		extended: map[int]bool{}, given: map[string]bool{}, working: map[string]bool{},
		grouped: len(q.list("groupingSets")) > 0,
	}
	if set := q.node("setOperations"); set != nil {
		return n.setOutputs(s, set)
	}
	n.joins(s)
	var out []bool
	for _, t := range q.list("targetList") {
		entry, _ := t.(*node)
		if entry.flag("resjunk") {
			continue
		}
		out = append(out, n.never(s, entry.node("expr")))
	}
	return out
}

// setOutputs gives the columns of UNION, INTERSECT and EXCEPT.
func (n *nullability) setOutputs(s *scope, set *node) []bool {
	if set.is("RANGETBLREF") {
		return n.outputs(s.entry(set.num("rtindex")).node("subquery"), s)
	}
	left := n.setOutputs(s, set.node("larg"))
	right := n.setOutputs(s, set.node("rarg"))
	const union, intersect = 1, 2
	out := make([]bool, min(len(left), len(right)))
	for i := range out {
		switch set.num("op") {
		case union:
			out[i] = left[i] && right[i]
		case intersect:
			out[i] = left[i] || right[i]
		default:
			out[i] = left[i]
		}
	}
	return out
}

// The kinds of join, of range table entry, of sublink and of function call
// that matter, as PostgreSQL numbers them.
const (
	joinInner = 0
	joinLeft  = 1
	joinFull  = 2
	joinRight = 3

	entryRelation = 0
	entrySubquery = 1
	entryJoin     = 2
	entryFunction = 3
	entryValues   = 5
	entryCTE      = 6
	entryGroup    = 9

	subExists = 0
	subAny    = 2
	subExpr   = 4
	subArray  = 6

	callExplicitCast = 1
	callImplicitCast = 2
)

// joins works out which entries outer joins may fill with nulls and what the
// conditions prove. A condition that needs a column of an outer-joined table
// makes that join an inner one, whose own condition then counts too, so it
// goes round until nothing new turns up.
func (n *nullability) joins(s *scope) {
	tree := s.query.node("jointree")
	for {
		before := len(s.given)
		clear(s.extended)
		n.walkJoins(s, tree, false)
		if len(s.given) == before {
			return
		}
	}
}

func (n *nullability) walkJoins(s *scope, j *node, extended bool) {
	switch {
	case j.is("RANGETBLREF"):
		if extended {
			s.extended[j.num("rtindex")] = true
		}
	case j.is("FROMEXPR"):
		if !extended {
			n.assume(s, j.get("quals"))
		}
		for _, f := range j.list("fromlist") {
			from, _ := f.(*node)
			n.walkJoins(s, from, extended)
		}
	case j.is("JOINEXPR"):
		left, right := j.node("larg"), j.node("rarg")
		kind := j.num("jointype")
		leftNull := (kind == joinRight || kind == joinFull) && !s.needs(left)
		rightNull := (kind == joinLeft || kind == joinFull) && !s.needs(right)
		if !extended && !leftNull && !rightNull {
			n.assume(s, j.get("quals"))
		}
		n.walkJoins(s, left, extended || leftNull)
		n.walkJoins(s, right, extended || rightNull)
	}
}

// needs reports whether the conditions prove a column of one of the joined
// entries to be set, so that no row with nulls in their place gets through.
func (s *scope) needs(j *node) bool {
	switch {
	case j.is("RANGETBLREF"):
		return s.given[entryKey(j.num("rtindex"))]
	case j.is("FROMEXPR"):
		return slices.ContainsFunc(j.list("fromlist"), func(f any) bool {
			from, _ := f.(*node)
			return s.needs(from)
		})
	case j.is("JOINEXPR"):
		return s.needs(j.node("larg")) || s.needs(j.node("rarg"))
	}
	return false
}

func entryKey(i int) string { return fmt.Sprintf("entry %d", i) }

// assume notes what must be set for the condition to be true.
func (n *nullability) assume(s *scope, quals any) {
	for key := range n.proves(quals) {
		s.given[key] = true
	}
}

// proves gives the expressions that must be set for the condition to be true.
func (n *nullability) proves(v any) map[string]bool {
	out := map[string]bool{}
	if list, ok := v.([]any); ok { // an implicit AND
		for _, e := range list {
			for k := range n.proves(e) {
				out[k] = true
			}
		}
		return out
	}
	e, _ := v.(*node)
	switch {
	case e.is("BOOLEXPR"):
		args := e.list("args")
		switch e.text("boolop") {
		case "and":
			return n.proves(args)
		case "or":
			for i, a := range args {
				branch := n.proves(a)
				if i == 0 {
					out = branch
					continue
				}
				for k := range out {
					if !branch[k] {
						delete(out, k)
					}
				}
			}
		case "not":
			n.needed(args[0], out)
		}
	case e.is("NULLTEST"):
		if isNotNull := e.num("nulltesttype") == 1; isNotNull && !e.flag("argisrow") {
			n.needed(e.get("arg"), out)
		}
	case e.is("BOOLEANTEST"):
		const isTrue, isFalse = 0, 2
		if t := e.num("booltesttype"); t == isTrue || t == isFalse {
			n.needed(e.get("arg"), out)
		}
	case e.is("SUBLINK"):
		if e.num("subLinkType") == subAny {
			n.needed(e.get("testexpr"), out)
		}
	default:
		n.needed(e, out)
	}
	return out
}

// needed notes an expression that must be set, with every part of it that must
// be set for that.
func (n *nullability) needed(v any, out map[string]bool) {
	e, _ := v.(*node)
	if e == nil {
		return
	}
	switch {
	case e.is("VAR"):
		if e.num("varlevelsup") == 0 {
			out[entryKey(e.num("varno"))] = true
		}
	case e.is("RELABELTYPE", "COERCEVIAIO", "COERCETODOMAIN"):
		n.needed(e.get("arg"), out)
	case e.is("OPEXPR"):
		if n.funcs[e.num("opfuncid")].strict {
			for _, a := range e.list("args") {
				n.needed(a, out)
			}
		}
	case e.is("FUNCEXPR"):
		if n.funcs[e.num("funcid")].strict {
			for _, a := range e.list("args") {
				n.needed(a, out)
			}
		}
	case e.is("SCALARARRAYOPEXPR"):
		if args := e.list("args"); e.flag("useOr") && len(args) > 0 {
			n.needed(args[0], out)
		}
	}
	out[canonical(e)] = true
}

// never reports whether the expression is never null.
func (n *nullability) never(s *scope, e *node) bool {
	if e == nil {
		return false
	}
	if !s.grouped && s.given[canonical(e)] {
		return true
	}
	all := func(list []any) bool {
		return !slices.ContainsFunc(list, func(v any) bool { a, _ := v.(*node); return !n.never(s, a) })
	}
	some := func(list []any) bool {
		return slices.ContainsFunc(list, func(v any) bool { a, _ := v.(*node); return n.never(s, a) })
	}
	switch e.label {
	case "VAR":
		for range e.num("varlevelsup") {
			if s = s.parent; s == nil {
				return false
			}
		}
		return n.column(s, e)
	case "CONST":
		return !e.flag("constisnull")
	case "AGGREF":
		f := n.funcs[e.num("aggfnoid")]
		return f.builtin && f.name == "count"
	case "WINDOWFUNC":
		f := n.funcs[e.num("winfnoid")]
		return f.builtin && slices.Contains([]string{"count", "row_number", "rank", "dense_rank", "percent_rank", "cume_dist"}, f.name)
	case "COALESCE", "COALESCEEXPR", "MINMAX", "MINMAXEXPR":
		return some(e.list("args"))
	case "CASE", "CASEEXPR":
		for _, w := range e.list("args") {
			when, _ := w.(*node)
			if !n.never(s, when.node("result")) {
				return false
			}
		}
		return n.never(s, e.node("defresult"))
	case "RELABELTYPE", "COERCEVIAIO", "COERCETODOMAIN", "ARRAYCOERCEEXPR":
		return n.never(s, e.node("arg"))
	case "FUNCEXPR":
		f := n.funcs[e.num("funcid")]
		format := e.num("funcformat")
		cast := format == callExplicitCast || format == callImplicitCast
		return f.builtin && f.strict && (cast || f.name == "date_trunc") && all(e.list("args"))
	case "OPEXPR":
		return slices.Contains(totalOperators, n.opers[e.num("opno")]) && all(e.list("args"))
	case "SCALARARRAYOPEXPR", "BOOLEXPR":
		return all(e.list("args"))
	case "ARRAY", "ARRAYEXPR":
		// As an operand of = any(…) its elements matter, so ask for them too.
		return all(e.list("elements"))
	case "NULLTEST", "BOOLEANTEST", "DISTINCTEXPR", "SQLVALUEFUNCTION", "ROW", "ROWEXPR", "GROUPINGFUNC":
		return true
	case "SUBLINK":
		sub := e.node("subselect")
		switch e.num("subLinkType") {
		case subExists, subArray:
			return true
		case subExpr:
			// A subquery is null when it has no row; an aggregate always has one.
			one := sub.flag("hasAggs") && len(sub.list("groupClause")) == 0 && sub.get("havingQual") == nil &&
				sub.get("limitCount") == nil && sub.get("limitOffset") == nil
			out := n.outputs(sub, s)
			return one && len(out) == 1 && out[0]
		}
	}
	return false
}

// totalOperators give a value for any two values that are set.
var totalOperators = []string{
	"+", "-", "*", "/", "%", "||",
	"=", "<>", "<", "<=", ">", ">=",
	"~~", "!~~", "~~*", "!~~*", "~", "!~", "~*", "!~*",
	"@>", "<@", "&&", "?",
}

// column reports whether a column of a range table entry is never null.
func (n *nullability) column(s *scope, v *node) bool {
	index, num := v.num("varno"), v.num("varattno")
	if s.grouped || s.extended[index] {
		return false
	}
	e := s.entry(index)
	if e == nil {
		return false
	}
	if num <= 0 { // the whole row, or a system column
		return true
	}
	at := func(list []any) *node {
		if num > len(list) {
			return nil
		}
		x, _ := list[num-1].(*node)
		return x
	}
	switch e.num("rtekind") {
	case entryRelation:
		return n.notNull(uint32(e.num("relid")), num)
	case entrySubquery:
		out := n.outputs(e.node("subquery"), s)
		return num <= len(out) && out[num-1]
	case entryJoin:
		return n.never(s, at(e.list("joinaliasvars")))
	case entryGroup:
		return n.never(s, at(e.list("groupexprs")))
	case entryValues:
		rows := e.list("values_lists")
		return len(rows) > 0 && !slices.ContainsFunc(rows, func(r any) bool {
			row, _ := r.([]any)
			return !n.never(s, at(row))
		})
	case entryCTE:
		return n.cteColumn(s, e, num)
	case entryFunction:
		return n.functionColumn(e, num)
	}
	return false
}

// cteColumn reports on a column of a common table expression. A recursive one
// is what its own reference may hold, which counts as nullable.
func (n *nullability) cteColumn(s *scope, e *node, num int) bool {
	for range e.num("ctelevelsup") {
		if s = s.parent; s == nil {
			return false
		}
	}
	name := e.text("ctename")
	if s.working[name] {
		return false
	}
	for _, c := range s.query.list("cteList") {
		cte, _ := c.(*node)
		if cte.text("ctename") != name {
			continue
		}
		s.working[name] = true
		out := n.outputs(cte.node("ctequery"), s)
		delete(s.working, name)
		return num <= len(out) && out[num-1]
	}
	return false
}

// functionColumn reports on a column of a function in FROM: generate_series
// gives no nulls, and neither does WITH ORDINALITY count any.
func (n *nullability) functionColumn(e *node, num int) bool {
	count := 0
	for _, f := range e.list("functions") {
		fn, _ := f.(*node)
		count += fn.num("funccolcount")
		if num <= count {
			call := fn.node("funcexpr")
			f := n.funcs[call.num("funcid")]
			return len(e.list("functions")) == 1 && f.builtin && f.name == "generate_series"
		}
	}
	return e.flag("funcordinality") && num == count+1
}
