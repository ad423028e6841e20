package contract

import (
	"errors"
	"fmt"
	"strings"
)

// PostgreSQL keeps the definition of a view as the text form of its parse
// tree, pg_node_tree:
//
//	({QUERY :commandType 1 … :targetList ({TARGETENTRY :expr {VAR :varno 1 …} …}) …})
//
// A value is a node, a list in parentheses, an atom, or <> for nothing.

// node is one {…} of the tree.
type node struct {
	label  string
	fields []nodeField
}

type nodeField struct {
	name  string
	value any // *node, []any, string, or nil
}

// get gives a field's value, nil when it is absent or <>.
func (n *node) get(name string) any {
	if n == nil {
		return nil
	}
	for _, f := range n.fields {
		if f.name == name {
			return f.value
		}
	}
	return nil
}

func (n *node) node(name string) *node {
	v, _ := n.get(name).(*node)
	return v
}

func (n *node) list(name string) []any {
	v, _ := n.get(name).([]any)
	return v
}

func (n *node) text(name string) string {
	v, _ := n.get(name).(string)
	return v
}

// num gives a number, 0 when the field is absent.
func (n *node) num(name string) int {
	v := 0
	_, _ = fmt.Sscanf(n.text(name), "%d", &v)
	return v
}

func (n *node) flag(name string) bool { return n.text(name) == "true" }

// is reports whether the node has one of the labels. Versions of PostgreSQL
// name some nodes differently.
func (n *node) is(labels ...string) bool {
	for _, l := range labels {
		if n != nil && n.label == l {
			return true
		}
	}
	return false
}

// canonical writes a value without its place in the query's text, so that equal
// expressions read the same.
func canonical(v any) string {
	var b strings.Builder
	writeCanonical(&b, v)
	return b.String()
}

func writeCanonical(b *strings.Builder, v any) {
	switch v := v.(type) {
	case *node:
		b.WriteString("{" + v.label)
		for _, f := range v.fields {
			if strings.HasSuffix(f.name, "location") || f.name == "varnullingrels" || f.name == "varnosyn" || f.name == "varattnosyn" {
				continue
			}
			b.WriteString(" :" + f.name + " ")
			writeCanonical(b, f.value)
		}
		b.WriteString("}")
	case []any:
		b.WriteString("(")
		for _, e := range v {
			writeCanonical(b, e)
			b.WriteString(" ")
		}
		b.WriteString(")")
	case string:
		b.WriteString(v)
	default:
		b.WriteString("<>")
	}
}

var errNodeTree = errors.New("malformed pg_node_tree")

// parseTree reads a pg_node_tree.
func parseTree(text string) (any, error) {
	p := &treeParser{text: text}
	v, err := p.value(p.next())
	if err != nil {
		return nil, err
	}
	if p.next() != "" {
		return nil, errNodeTree
	}
	return v, nil
}

type treeParser struct {
	text string
	pos  int
}

// next gives the next token, raw, or "" at the end.
func (p *treeParser) next() string {
	for p.pos < len(p.text) && isSpace(p.text[p.pos]) {
		p.pos++
	}
	start := p.pos
	for p.pos < len(p.text) {
		c := p.text[p.pos]
		if strings.IndexByte("(){}", c) >= 0 {
			if p.pos == start {
				p.pos++
			}
			break
		}
		if isSpace(c) {
			break
		}
		if c == '\\' {
			p.pos++
		}
		p.pos++
	}
	p.pos = min(p.pos, len(p.text))
	return p.text[start:p.pos]
}

func (p *treeParser) peek() string {
	pos := p.pos
	t := p.next()
	p.pos = pos
	return t
}

func isSpace(c byte) bool { return c == ' ' || c == '\n' || c == '\t' }

// value reads the value that starts with the token.
func (p *treeParser) value(token string) (any, error) {
	switch token {
	case "":
		return nil, errNodeTree
	case "<>":
		return nil, nil
	case "{":
		return p.nodeRest()
	case "(":
		list := []any{}
		for {
			token := p.next()
			if token == ")" {
				return list, nil
			}
			v, err := p.value(token)
			if err != nil {
				return nil, err
			}
			list = append(list, v)
		}
	case ")", "}":
		return nil, errNodeTree
	default:
		return unescape(token), nil
	}
}

func (p *treeParser) nodeRest() (*node, error) {
	n := &node{label: p.next()}
	for {
		token := p.next()
		if token == "}" {
			return n, nil
		}
		name, ok := strings.CutPrefix(token, ":")
		if !ok {
			return nil, errNodeTree
		}
		// A field has one value, except a constant's: 4 [ 1 0 0 0 ].
		var values []any
		for {
			if t := p.peek(); t == "}" || strings.HasPrefix(t, ":") || t == "" {
				break
			}
			v, err := p.value(p.next())
			if err != nil {
				return nil, err
			}
			values = append(values, v)
		}
		f := nodeField{name: name}
		switch len(values) {
		case 0:
		case 1:
			f.value = values[0]
		default:
			f.value = values
		}
		n.fields = append(n.fields, f)
	}
}

// unescape takes quotes and backslashes off an atom.
func unescape(token string) string {
	if len(token) >= 2 && token[0] == '"' && token[len(token)-1] == '"' {
		token = token[1 : len(token)-1]
	}
	if !strings.Contains(token, `\`) {
		return token
	}
	var b strings.Builder
	for i := 0; i < len(token); i++ {
		if token[i] == '\\' && i+1 < len(token) {
			i++
		}
		b.WriteByte(token[i])
	}
	return b.String()
}
