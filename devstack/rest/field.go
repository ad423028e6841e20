package rest

import (
	"net/http"
	"strconv"
	"strings"
)

// field is a column, or a value inside a JSON column.
type field struct {
	name string
	path []jsonStep
}

// jsonStep is one arrow of a JSON path.
type jsonStep struct {
	text  bool // ->> instead of ->
	index bool
	key   string
}

func (s *scanner) field() field {
	return field{name: s.ident(), path: s.jsonPath()}
}

func (s *scanner) jsonPath() []jsonStep {
	var path []jsonStep
	for {
		var step jsonStep
		switch {
		case s.accept("->>"):
			step.text = true
		case s.accept("->"):
		default:
			return path
		}
		if n, ok := s.jsonIndex(); ok {
			step.index, step.key = true, n
		} else {
			step.key = s.ident()
		}
		path = append(path, step)
	}
}

// jsonIndex reads an array index: digits that the path element ends with.
func (s *scanner) jsonIndex() (string, bool) {
	start := s.pos
	s.accept("-")
	for !s.done() && s.in[s.pos] >= '0' && s.in[s.pos] <= '9' {
		s.pos++
	}
	n := s.in[start:s.pos]
	_, err := strconv.ParseInt(n, 10, 32)
	if err == nil && (s.done() || s.peek("->") || strings.IndexByte(":.,)", s.in[s.pos]) >= 0) {
		return n, true
	}
	s.pos = start
	return "", false
}

// outputName is the name under which the field appears when it has no alias:
// the last key of the path, else the column.
func (f field) outputName() string {
	for i := len(f.path) - 1; i >= 0; i-- {
		if !f.path[i].index {
			return f.path[i].key
		}
	}
	return f.name
}

// selectItem is one element of select.
type selectItem struct {
	field
	star  bool
	cast  string
	alias string
	embed *embed // a related resource
}

func (s *scanner) selectItems() []selectItem {
	var items []selectItem
	if s.done() || s.peek(")") {
		return nil
	}
	for {
		s.space()
		items = append(items, s.selectItem())
		s.space()
		if !s.accept(",") {
			return items
		}
	}
}

func (s *scanner) selectItem() selectItem {
	if s.accept("...") {
		e := s.embed(s.ident())
		e.spread = true
		return selectItem{embed: e}
	}
	if s.accept("*") {
		return selectItem{star: true}
	}
	var item selectItem
	item.name = s.ident()
	if s.peek(":") && !s.peek("::") {
		s.accept(":")
		item.alias = item.name
		item.name = s.ident()
	}
	if s.peek("(") || s.peek("!") {
		e := s.embed(item.name)
		e.alias = item.alias
		return selectItem{embed: e}
	}
	item.path = s.jsonPath()
	if s.accept("::") {
		item.cast = s.castName()
	}
	if s.accept(".") {
		start := s.pos
		switch s.until("(),:") {
		case "sum", "avg", "min", "max", "count":
			s.expect("()")
			panic(noAggregates)
		}
		s.failAt(start, "aggregate function")
	}
	if !s.done() && !s.peek(",") && !s.peek(")") {
		s.fail(`"->", "::", ".", ")", "," or end of input`)
	}
	return item
}

// castName reads a type name: letters, digits, '_' and spaces.
func (s *scanner) castName() string {
	start := s.pos
	for !s.done() {
		c := s.in[s.pos]
		if c != '_' && c != ' ' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			break
		}
		s.pos++
	}
	typ := strings.TrimSpace(s.in[start:s.pos])
	if typ == "" {
		s.failAt(start, "type name")
	}
	return typ
}

// embed reads the rest of rel!hint!inner(columns).
func (s *scanner) embed(rel string) *embed {
	e := &embed{name: rel}
	for s.accept("!") {
		switch hint := s.ident(); hint {
		case "inner":
			e.inner = true
		case "left":
		default:
			e.hint = hint
		}
	}
	if s.embedded++; s.embedded > maxTreeDepth {
		s.fail("resources of less depth")
	}
	s.expect("(")
	e.items = s.selectItems()
	s.space()
	s.expect(")")
	s.embedded--
	if rel == "count" && s.in[s.pos-2] == '(' {
		panic(noAggregates)
	}
	return e
}

// noAggregates is an error of its own kind: the syntax is right.
var noAggregates = &apiError{status: http.StatusBadRequest, Code: "PGRST123",
	Message: "Use of aggregate functions is not allowed"}

func parseSelect(v string) (items []selectItem, err error) {
	defer func() {
		if r := recover(); r != nil {
			e, ok := r.(*apiError)
			if !ok {
				panic(r)
			}
			err = e
		}
	}()
	return parseStart("select parameter ("+v+")", v, (*scanner).selectItems)
}

// orderTerm is one element of order.
type orderTerm struct {
	field
	relation  string // of a related resource
	direction string // "", "asc", "desc"
	nulls     string // "", "first", "last"
}

func parseOrder(v string) ([]orderTerm, error) {
	return parse("order ("+v+")", v, func(s *scanner) []orderTerm {
		var terms []orderTerm
		for {
			s.space()
			t := orderTerm{field: s.field()}
			if len(t.path) == 0 && s.accept("(") {
				t.relation = t.name
				t.field = s.field()
				s.expect(")")
			}
			for s.accept(".") {
				switch {
				case t.direction == "" && t.nulls == "" && s.accept("asc"):
					t.direction = "asc"
				case t.direction == "" && t.nulls == "" && s.accept("desc"):
					t.direction = "desc"
				case t.nulls == "" && s.accept("nullsfirst"):
					t.nulls = "first"
				case t.nulls == "" && s.accept("nullslast"):
					t.nulls = "last"
				case t.direction == "" && t.nulls == "":
					s.fail("order direction (asc or desc) or nulls (nullsfirst or nullslast)")
				default:
					s.fail("nulls (nullsfirst or nullslast)")
				}
			}
			terms = append(terms, t)
			s.space()
			if !s.accept(",") {
				return terms
			}
		}
	})
}

// parseNames reads columns= and on_conflict=.
func parseNames(param, v string) ([]string, error) {
	return parse(param+" parameter ("+v+")", v, func(s *scanner) []string {
		var names []string
		for {
			s.space()
			names = append(names, s.ident())
			s.space()
			if !s.accept(",") {
				return names
			}
		}
	})
}
