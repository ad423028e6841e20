package postgrest

import (
	"slices"
	"strconv"
	"strings"

	"github.com/workorder-systems/sdk-go/internal/postgrest/rowjson"
	"github.com/workorder-systems/sdk-go/internal/queryspec"
	"github.com/workorder-systems/sdk-go/internal/sdkerr"
)

// column is one that the rows of a read are sorted by.
type column struct {
	queryspec.Order
	name    string // what it is called in the rows
	ask     string // what the select list needs for it; empty: the rows have it
	key     bool   // identifies a row, alone or with others
	nullKey bool   // null may stand in the key
	notNull bool
}

// place is where a row stands in the order: the values of the columns, spelled
// as the server did. nil is null.
type place []*string

// sortBy settles the columns that the rows are sorted by: the caller's order or
// the view's own, then the key, so that no two rows stand in the same place.
// has tells whether rows have a column of the name.
func (r *read) sortBy(has func(name string) bool) {
	orders, own := r.spec.Order, false
	if len(orders) == 0 {
		orders, own = r.def.Order, true
	}
	for _, o := range orders {
		if !slices.ContainsFunc(r.columns, func(c column) bool { return c.Column == o.Column }) {
			r.columns = append(r.columns, column{Order: o, notNull: own})
		}
	}
	for _, k := range r.def.Key {
		i := slices.IndexFunc(r.columns, func(c column) bool { return c.Column == k })
		if i < 0 {
			i = len(r.columns)
			r.columns = append(r.columns, column{Order: queryspec.Order{Column: k}})
		}
		r.columns[i].key = true
		r.columns[i].nullKey = slices.Contains(r.def.NullKey, k)
		r.columns[i].notNull = r.columns[i].notNull || !r.def.Unproven && !r.columns[i].nullKey
	}
	for i := range r.columns {
		c := &r.columns[i]
		if !c.Composite && has(c.Column) {
			c.name = c.Column
			continue
		}
		c.name = "walk_" + strconv.Itoa(i)
		c.ask = c.name + ":" + c.Column
		if c.Composite {
			c.ask += "::text"
		}
	}
}

// orderText is the value of order=.
func (r *read) orderText() string {
	var b strings.Builder
	for i, c := range r.columns {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(c.Column)
		if c.Desc {
			b.WriteString(".desc")
		} else {
			b.WriteString(".asc")
		}
		if c.NullsFirst {
			b.WriteString(".nullsfirst")
		} else {
			b.WriteString(".nullslast")
		}
	}
	return b.String()
}

// place reads where a row stands.
func (r *read) place(m *rowjson.Marks, row int) (place, error) {
	at := make(place, len(r.columns))
	for i, c := range r.columns {
		raw := m.Raw(row, i)
		switch {
		case raw == nil:
			return nil, sdkerr.New(r.op, sdkerr.ErrDecode, "the rows have no column %s, so the list cannot go on behind them", c.Column)
		case string(raw) == "null":
			if c.key && !c.nullKey {
				return nil, r.nullKey(c)
			}
			continue
		case raw[0] == '[' || raw[0] == '{':
			return nil, sdkerr.New(r.op, sdkerr.ErrInvalidInput,
				"the list cannot go on behind the array or object in column %s: order by another column", c.Column)
		}
		text, err := rowjson.Text(raw)
		if err != nil {
			return nil, sdkerr.Decode(r.op, row, c.Column, string(raw), err)
		}
		at[i] = &text
	}
	return at, nil
}

func (p place) equal(other place) bool {
	return slices.EqualFunc(p, other, func(a, b *string) bool {
		return a == b || a != nil && b != nil && *a == *b
	})
}

// behind is the condition of the rows that come behind a place, or also of the
// row there; empty when there can be none. For the order a, b it is
// or(a.gt.1,and(a.eq.1,b.gt.2)). Nesting keeps every value to two mentions.
func behind(columns []column, at place, orThere bool) string {
	rest := ""
	for i := len(columns) - 1; i >= 0; i-- {
		c, v := columns[i], at[i]
		var terms []string
		if t := c.after(v); t != "" {
			terms = append(terms, t)
			if v != nil && !c.NullsFirst && !c.notNull {
				terms = append(terms, c.Column+".is.null")
			}
		}
		switch {
		case i == len(columns)-1 && orThere:
			terms = append(terms, c.equals(v))
		case rest != "":
			terms = append(terms, "and("+c.equals(v)+","+rest+")")
		}
		rest = anyOf(terms)
	}
	// Said apart, the first column's bound lets the server begin there in an
	// index.
	c := columns[0]
	if len(columns) > 1 && at[0] != nil && (c.NullsFirst || c.notNull) {
		return c.Column + "." + c.operator() + "e." + quote(*at[0]) + "," + rest
	}
	return rest
}

func (c column) operator() string {
	if c.Desc {
		return "lt"
	}
	return "gt"
}

// after is the condition of the rows whose value comes behind v, nulls behind
// all values left aside.
func (c column) after(v *string) string {
	switch {
	case v != nil:
		return c.Column + "." + c.operator() + "." + quote(*v)
	case c.NullsFirst:
		return c.Column + ".not.is.null"
	}
	return ""
}

func (c column) equals(v *string) string {
	if v == nil {
		return c.Column + ".is.null"
	}
	return c.Column + ".eq." + quote(*v)
}

func anyOf(terms []string) string {
	if len(terms) < 2 {
		return strings.Join(terms, "")
	}
	return "or(" + strings.Join(terms, ",") + ")"
}

var quoter = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

func quote(s string) string { return `"` + quoter.Replace(s) + `"` }
