package query

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/workorder-systems/sdk-go/internal/pgjson"
)

// Raw is a condition in PostgREST's own words, as it stands inside and=(…), for
// what the typed columns cannot ask: "title.fts(english).pump",
// `or(a.gt.1,b.like(any)."{x*,y*}")`, "data->list->>0.eq.x". The caller quotes
// its values: one that holds a comma, a parenthesis or a leading quote goes into
// double quotes, with a backslash before each quote and backslash inside, and so
// does a range such as "[1,5)".
//
// It takes exactly one well-formed expression, which can never change what the
// other conditions of a read ask for. Anything else makes the read fail with
// ErrInvalidInput before it is sent.
func Raw(expr string) Filter {
	if err := pgjson.Text(expr); err != nil {
		return Filter{err: fmt.Errorf("raw filter %w", err)}
	}
	p := rawParser{in: strings.Trim(expr, " ")}
	if p.in == "" {
		return Filter{err: errors.New("raw filter is empty")}
	}
	err := p.node(0)
	if err == nil && p.pos < len(p.in) {
		err = errors.New("something follows the expression")
	}
	if err != nil {
		return Filter{err: fmt.Errorf("raw filter is malformed at byte %d: %w", p.pos, err)}
	}
	return branch(p.in)
}

// rawParser reads PostgREST's logic trees, but none of the odd spellings that
// its versions read differently: what passes has one meaning.
type rawParser struct {
	in  string
	pos int
}

// maxNesting is far beyond what anybody writes.
const maxNesting = 100

// node reads a condition or and(…), or(…), not.and(…), not.or(…).
func (p *rawParser) node(depth int) error {
	if depth > maxNesting {
		return errors.New("the expression is nested too deep")
	}
	start := p.pos
	_ = p.take("not.")
	if (p.take("and") || p.take("or")) && p.take("(") {
		for {
			p.spaces()
			if err := p.node(depth + 1); err != nil {
				return err
			}
			p.spaces()
			switch {
			case p.take(")"):
				return nil
			case !p.take(","):
				return errors.New(`expected "," or ")"`)
			}
		}
	}
	p.pos = start
	return p.condition()
}

// condition reads column.operator.value.
func (p *rawParser) condition() error {
	if err := p.name("a column"); err != nil {
		return err
	}
	for p.take("->") {
		_ = p.take(">")
		if err := p.step(); err != nil {
			return err
		}
	}
	if !p.take(".") {
		return errors.New(`expected "." and an operator behind the column`)
	}
	_ = p.take("not.")
	return p.operation()
}

// name reads a quoted name, or one of letters, digits, _ and $, with dashes and
// spaces inside.
func (p *rawParser) name(what string) error {
	if p.peek(`"`) {
		return p.quoted()
	}
	start := p.pos
	for p.pos < len(p.in) && !p.peek("->") {
		r, n := utf8.DecodeRuneInString(p.in[p.pos:])
		if !isWord(r) && (p.pos == start || r != '-' && r != ' ') {
			break
		}
		p.pos += n
	}
	switch got := p.in[start:p.pos]; {
	case got == "":
		return errors.New("expected " + what)
	case got != strings.TrimRight(got, " -") || strings.Contains(got, "--") || strings.Contains(got, " -") || strings.Contains(got, "- "):
		return fmt.Errorf("%s has to be quoted", what)
	}
	return nil
}

func isWord(r rune) bool {
	return r == '_' || r == '$' || r < utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r)) ||
		r >= utf8.RuneSelf && unicode.IsLetter(r)
}

// step reads a key of a JSON path or a position such as -1.
func (p *rawParser) step() error {
	start := p.pos
	_ = p.take("-")
	if p.digits() && (p.peek("->") || p.peek(".")) {
		return nil
	}
	p.pos = start
	return p.name("a key")
}

func (p *rawParser) digits() bool {
	start := p.pos
	for p.pos < len(p.in) && '0' <= p.in[p.pos] && p.in[p.pos] <= '9' {
		p.pos++
	}
	return p.pos > start
}

// operators says what may stand behind the name of an operator.
var operators = map[string]rawOperator{
	"eq": quantified, "gt": quantified, "gte": quantified, "lt": quantified, "lte": quantified,
	"like": quantified, "ilike": quantified, "match": quantified, "imatch": quantified,
	"neq": plain, "isdistinct": plain,
	"cs": plain, "cd": plain, "ov": plain, "sl": plain, "sr": plain, "nxr": plain, "nxl": plain, "adj": plain,
	"fts": search, "plfts": search, "phfts": search, "wfts": search,
	"in": list, "is": constant,
}

type rawOperator uint8

const (
	_          rawOperator = iota
	plain                  // op.value
	quantified             // op.value, op(any).value, op(all).value
	search                 // fts.value, fts(english).value
	list                   // in.(a,b)
	constant               // is.null
)

// operation reads operator.value, with what may stand in parentheses between.
func (p *rawParser) operation() error {
	start := p.pos
	for p.pos < len(p.in) && 'a' <= p.in[p.pos] && p.in[p.pos] <= 'z' {
		p.pos++
	}
	name := p.in[start:p.pos]
	op, known := operators[name]
	if !known {
		p.pos = start
		return fmt.Errorf("%q is no operator", name)
	}
	if p.take("(") {
		switch {
		case op == quantified && (p.take("any") || p.take("all")):
		case op == search:
			if err := p.configuration(); err != nil {
				return err
			}
		default:
			return fmt.Errorf("%s does not take that in parentheses", name)
		}
		if !p.take(")") {
			return errors.New(`expected ")"`)
		}
	}
	if !p.take(".") {
		return fmt.Errorf(`expected "." and a value behind %s`, name)
	}
	switch op {
	case list:
		return p.list()
	case constant:
		return p.constant()
	default:
		return p.value()
	}
}

// configuration reads the name of a text search configuration.
func (p *rawParser) configuration() error {
	start := p.pos
	for p.pos < len(p.in) && p.in[p.pos] < utf8.RuneSelf && isWord(rune(p.in[p.pos])) {
		p.pos++
	}
	if p.pos == start {
		return errors.New("expected the name of a text search configuration")
	}
	return nil
}

func (p *rawParser) constant() error {
	for _, word := range [...]string{"not_null", "null", "true", "false", "unknown"} {
		if p.take(word) {
			return p.delimited()
		}
	}
	return errors.New("expected null, not_null, true, false or unknown")
}

// list reads (a,"b",c).
func (p *rawParser) list() error {
	if !p.take("(") {
		return errors.New(`expected "(" and a list of values`)
	}
	for {
		if err := p.element(); err != nil {
			return err
		}
		if p.take(")") {
			return nil
		}
		if !p.take(",") {
			return errors.New(`expected "," or ")"`)
		}
	}
}

// value reads an array such as {a,b} or a single value.
func (p *rawParser) value() error {
	if !p.peek("{") {
		return p.element()
	}
	end := strings.IndexAny(p.in[p.pos+1:], "{}()")
	if end < 0 || p.in[p.pos+1+end] != '}' {
		return errors.New("an array with braces or parentheses inside has to be quoted")
	}
	p.pos += end + 2
	return p.delimited()
}

// element reads a quoted value, or anything up to the next comma or
// parenthesis. Braces do not hold an element of a list together.
func (p *rawParser) element() error {
	if p.peek(`"`) {
		if err := p.quoted(); err != nil {
			return err
		}
		return p.delimited()
	}
	end := strings.IndexAny(p.in[p.pos:], "(,)")
	if end < 0 {
		end = len(p.in) - p.pos
	}
	p.pos += end
	if p.peek("(") {
		return errors.New("a value with a parenthesis has to be quoted")
	}
	return nil
}

// delimited makes sure that a value ends here: with anything behind its last
// quote, the server would take the quotes as part of the value.
func (p *rawParser) delimited() error {
	if p.pos < len(p.in) && p.in[p.pos] != ',' && p.in[p.pos] != ')' {
		return errors.New("something follows the value")
	}
	return nil
}

// quoted reads text in double quotes.
func (p *rawParser) quoted() error {
	for i := p.pos + 1; i < len(p.in); i++ {
		switch p.in[i] {
		case '\\':
			i++
		case '"':
			p.pos = i + 1
			return nil
		}
	}
	return errors.New("a quote is not closed")
}

func (p *rawParser) take(s string) bool {
	if !p.peek(s) {
		return false
	}
	p.pos += len(s)
	return true
}

func (p *rawParser) peek(s string) bool { return strings.HasPrefix(p.in[p.pos:], s) }

func (p *rawParser) spaces() {
	for p.take(" ") {
	}
}
