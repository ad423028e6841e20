package rest

import (
	"slices"
	"strings"
)

// condition is a node of a logic tree: a filter on a field, or several
// conditions joined by and/or.
type condition struct {
	negate bool

	join     string // "and", "or"; empty for a filter
	children []condition

	field field
	op    string
	quant string // "any", "all"
	lang  string // of a full-text search
	value string
	list  []string // of in
}

// plainOperators map to one operator of PostgreSQL.
var plainOperators = map[string]string{
	"eq": "=", "neq": "<>", "gt": ">", "gte": ">=", "lt": "<", "lte": "<=",
	"like": "like", "ilike": "ilike", "match": "~", "imatch": "~*",
	"cs": "@>", "cd": "<@", "ov": "&&", "sl": "<<", "sr": ">>", "nxr": "&<", "nxl": "&>", "adj": "-|-",
	"isdistinct": "is distinct from",
}

var quantified = []string{"eq", "gt", "gte", "lt", "lte", "like", "ilike", "match", "imatch"}

var searchFunctions = map[string]string{
	"fts": "to_tsquery", "plfts": "plainto_tsquery", "phfts": "phraseto_tsquery", "wfts": "websearch_to_tsquery",
}

var isValues = map[string]string{
	"null": "is null", "not_null": "is not null", "true": "is true", "false": "is false", "unknown": "is unknown",
}

const operatorExpected = `"not" or operator (eq, gt, ...)`

// operation reads "not.", the operator and its value. Inside a logic tree a
// value ends at a comma or a parenthesis unless it is quoted; elsewhere it is
// the rest of the input as it stands.
func (s *scanner) operation(inTree bool) condition {
	var c condition
	if s.peek("not.") {
		c.negate = s.accept("not.")
	}
	start := s.pos
	c.op = s.until(".(")
	_, plain := plainOperators[c.op]
	_, search := searchFunctions[c.op]
	if !plain && !search && c.op != "in" && c.op != "is" {
		s.failAt(start, operatorExpected)
	}
	if s.accept("(") {
		modifier := s.until(")")
		switch {
		case search:
			c.lang = modifier
		case slices.Contains(quantified, c.op) && (modifier == "any" || modifier == "all"):
			c.quant = modifier
		default:
			s.failAt(s.pos-len(modifier), "operator (eq, gt, ...)")
		}
		s.expect(")")
	}
	s.expect(".")
	switch {
	case c.op == "in":
		c.list = s.list()
	case c.op == "is":
		c.value = s.isValue()
	case inTree:
		c.value = s.treeValue()
	default:
		c.value = s.rest()
		s.pos = len(s.in)
	}
	return c
}

// isValue reads what follows is, in upper or lower case.
func (s *scanner) isValue() string {
	for _, v := range []string{"null", "not_null", "true", "false", "unknown"} {
		if n := len(v); len(s.rest()) >= n && strings.EqualFold(s.rest()[:n], v) {
			s.pos += n
			return v
		}
	}
	s.fail("isVal: (null, not_null, true, false, unknown)")
	return ""
}

// list reads (a,"b,c",d). A list of nothing but one empty value is an empty
// list, quoted or not: that is how PostgREST reads it, too.
func (s *scanner) list() []string {
	s.expectToken("(")
	var list []string
	for {
		list = append(list, s.element())
		if !s.accept(",") {
			break
		}
	}
	s.expectToken(")")
	if len(list) == 1 && list[0] == "" {
		return nil
	}
	return list
}

// element reads one value that ends at ',' or ')'. Quotes count only when they
// enclose the whole value.
func (s *scanner) element() string {
	if v, ok := s.wholeQuoted(); ok {
		return v
	}
	return s.until(",)")
}

func (s *scanner) wholeQuoted() (v string, ok bool) {
	if !s.peek(`"`) {
		return "", false
	}
	start := s.pos
	defer func() {
		if r := recover(); r != nil {
			if _, syntax := r.(*syntaxError); !syntax {
				panic(r)
			}
			ok = false
		}
		if !ok {
			s.pos = start
		}
	}()
	v = s.quoted()
	return v, s.done() || s.peek(",") || s.peek(")")
}

// treeValue reads a value inside a logic tree: quoted, an array literal in
// braces, or everything up to ',' or ')'.
func (s *scanner) treeValue() string {
	if v, ok := s.wholeQuoted(); ok {
		return v
	}
	if s.peek("{") {
		start := s.pos
		s.accept("{")
		s.until("{}")
		if s.accept("}") {
			return s.in[start:s.pos]
		}
		s.pos = start
	}
	return s.until(",)")
}

// tree reads and(…), or(…), not.and(…) or field.op.value.
func (s *scanner) tree(depth int) condition {
	if depth > maxTreeDepth {
		s.fail("a logic tree of less depth")
	}
	s.space()
	start := s.pos
	negate := s.accept("not.")
	for _, join := range []string{"and", "or"} {
		if !s.accept(join) {
			continue
		}
		if s.token("(") {
			return s.branches(negate, join, depth)
		}
		break
	}
	s.pos = start
	f := s.field()
	s.expect(".")
	c := s.operation(true)
	c.field = f
	return c
}

const maxTreeDepth = 200

func (s *scanner) branches(negate bool, join string, depth int) condition {
	c := condition{negate: negate, join: join}
	for {
		c.children = append(c.children, s.tree(depth+1))
		if !s.token(",") {
			break
		}
	}
	if !s.token(")") {
		s.fail(`"," or ")"`)
	}
	return c
}

// parseTree reads the parameter and, or, not.and or not.or. Its name and its
// value are read as one: or=id.eq.1 filters the column orid.
func parseTree(key, v string) (condition, error) {
	return parseStart("logic tree ("+v+")", key+v, func(s *scanner) condition { return s.tree(0) })
}

// treePath splits the name of a logic tree into the path to a related resource
// and what joins the conditions.
func treePath(key string) (path []string, join string, ok bool) {
	path = strings.Split(key, ".")
	last := len(path) - 1
	join = path[last]
	if join != "and" && join != "or" {
		return nil, "", false
	}
	path = path[:last]
	if i := slices.Index(path, "not"); i >= 0 {
		path, join = slices.Delete(path, i, i+1), "not."+join
	}
	return path, join, true
}

// startsFilter says whether the value of a parameter of a function called by GET
// is a condition on its result, and not an argument. What begins with not., in.
// or is. is one, and an error when it does not go on as one.
func startsFilter(v string) bool {
	for _, op := range []string{"not.", "in.", "is."} {
		if strings.HasPrefix(v, op) {
			return true
		}
	}
	_, err := parseFilter(v)
	return err == nil
}

// parseFilter reads the value of a parameter that is named after a field.
func parseFilter(v string) (condition, error) {
	return parseStart("filter ("+v+")", v, func(s *scanner) condition { return s.operation(false) })
}

// parseKey reads the name of such a parameter. More than one name is a path
// into related resources.
func parseKey(key string) (path []string, f field, err error) {
	f, err = parseStart("tree path ("+key+")", key, func(s *scanner) field {
		for {
			f := s.field()
			if len(f.path) > 0 || !s.accept(".") {
				return f
			}
			path = append(path, f.name)
		}
	})
	return path, f, err
}
