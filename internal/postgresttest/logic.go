// Package postgresttest stands in for PostgREST in unit tests: a parser of
// logic trees by PostgREST's own grammar and a server of one view.
package postgresttest

import (
	"fmt"
	"strings"
)

// Node is a logic tree: either a condition on a column or and/or over nodes.
type Node struct {
	Not    bool
	Op     string   // "and", "or", or an operator such as "eq"
	Nodes  []Node   // of and, or
	Column string   // of a condition, with its JSON path
	Value  string   // of a condition other than in
	Values []string // of in
}

// ParseAnd parses the value of the query parameter and=: "(a.eq.1,…)".
func ParseAnd(s string) (Node, error) {
	p := parser{in: s}
	n := Node{Op: "and"}
	if err := p.list(&n); err != nil {
		return Node{}, fmt.Errorf("%w at %d of %s", err, p.pos, s)
	}
	if p.pos != len(p.in) {
		return Node{}, fmt.Errorf("trailing text at %d of %s", p.pos, s)
	}
	return n, nil
}

var errParse = fmt.Errorf("no logic tree")

type parser struct {
	in  string
	pos int
}

func (p *parser) take(s string) bool {
	if strings.HasPrefix(p.in[p.pos:], s) {
		p.pos += len(s)
		return true
	}
	return false
}

func (p *parser) spaces() {
	for p.take(" ") {
	}
}

// list parses (node,node,…).
func (p *parser) list(n *Node) error {
	p.spaces()
	if !p.take("(") {
		return errParse
	}
	for {
		p.spaces()
		sub, err := p.node()
		if err != nil {
			return err
		}
		n.Nodes = append(n.Nodes, sub)
		p.spaces()
		if p.take(")") {
			p.spaces()
			return nil
		}
		if !p.take(",") {
			return errParse
		}
	}
}

// node tries a condition first, as PostgREST does.
func (p *parser) node() (Node, error) {
	start := p.pos
	if n, err := p.condition(); err == nil {
		return n, nil
	}
	p.pos = start
	n := Node{Not: p.take("not.")}
	switch {
	case p.take("and"):
		n.Op = "and"
	case p.take("or"):
		n.Op = "or"
	default:
		return n, errParse
	}
	return n, p.list(&n)
}

var operators = []string{
	"in", "is", "neq", "cs", "cd", "ov", "eq", "gte", "gt", "lte", "lt",
	"like", "ilike", "match", "imatch", "fts", "plfts", "phfts", "wfts",
	"isdistinct", "sl", "sr", "nxr", "nxl", "adj",
}

// operator reads the operator, a modifier in parentheses and the point behind.
func (p *parser) operator(op string) bool {
	start := p.pos
	if p.take(op) {
		switch op {
		case "eq", "gte", "gt", "lte", "lt", "like", "ilike", "match", "imatch":
			_ = p.take("(any)") || p.take("(all)")
		case "fts", "plfts", "phfts", "wfts":
			if end := strings.IndexByte(p.in[p.pos:], ')'); p.take("(") && end > 1 {
				p.pos += end
			}
		}
		if p.take(".") {
			return true
		}
	}
	p.pos = start
	return false
}

func (p *parser) condition() (n Node, err error) {
	if n.Column, err = p.field(); err != nil {
		return n, err
	}
	for p.take("->") {
		n.Column += "->"
		if p.take(">") {
			n.Column += ">"
		}
		part, err := p.field()
		if err != nil {
			return n, err
		}
		n.Column += part
	}
	p.spaces()
	if !p.take(".") {
		return n, errParse
	}
	n.Not = p.take("not.")
	for _, op := range operators {
		if p.operator(op) {
			n.Op = op
			break
		}
	}
	switch n.Op {
	case "":
		return n, errParse
	case "in":
		n.Values, err = p.values()
	case "is":
		for _, v := range []string{"not_null", "null", "true", "false", "unknown"} {
			if p.take(v) {
				n.Value = v
				return n, nil
			}
		}
		err = errParse
	default:
		n.Value = p.value()
	}
	return n, err
}

// field parses a quoted name or letters, digits, _, $, spaces and dashes.
func (p *parser) field() (string, error) {
	p.spaces()
	if strings.HasPrefix(p.in[p.pos:], `"`) {
		return p.quoted()
	}
	start := p.pos
	for p.pos < len(p.in) {
		c := p.in[p.pos]
		plain := c == '_' || c == ' ' || c == '$' || '0' <= c && c <= '9' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c >= 0x80
		dash := c == '-' && !strings.HasPrefix(p.in[p.pos:], "->")
		if !plain && !dash {
			break
		}
		p.pos++
	}
	if name := strings.TrimSpace(p.in[start:p.pos]); name != "" {
		return name, nil
	}
	return "", errParse
}

func (p *parser) quoted() (string, error) {
	p.pos++
	var b strings.Builder
	for p.pos < len(p.in) {
		c := p.in[p.pos]
		p.pos++
		switch c {
		case '"':
			return b.String(), nil
		case '\\':
			if p.pos >= len(p.in) {
				return "", errParse
			}
			c = p.in[p.pos]
			p.pos++
		}
		b.WriteByte(c)
	}
	return "", errParse
}

// value parses a quoted value, or anything up to a comma or parenthesis.
func (p *parser) value() string {
	start := p.pos
	if strings.HasPrefix(p.in[p.pos:], `"`) {
		if v, err := p.quoted(); err == nil && p.pos < len(p.in) && strings.ContainsRune(",)", rune(p.in[p.pos])) {
			return v
		}
		p.pos = start
	}
	if p.take("{") {
		if i := strings.IndexAny(p.in[p.pos:], "{}"); i >= 0 && p.in[p.pos+i] == '}' {
			p.pos += i + 1
			return p.in[start:p.pos]
		}
		p.pos = start
	}
	for p.pos < len(p.in) && p.in[p.pos] != ',' && p.in[p.pos] != ')' {
		p.pos++
	}
	return p.in[start:p.pos]
}

func (p *parser) values() ([]string, error) {
	if !p.take("(") {
		return nil, errParse
	}
	var out []string
	for {
		out = append(out, p.value())
		if p.take(")") {
			p.spaces()
			if len(out) == 1 && out[0] == "" {
				return nil, nil // in.() and in.("") alike
			}
			return out, nil
		}
		if !p.take(",") {
			return nil, errParse
		}
	}
}
