package query

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/workorder-systems/sdk-go/internal/pgjson"
)

// Column is a column of a view whose values are of type V.
type Column[V any] struct{ name string }

// NewColumn names a column. Generated code uses it; use it yourself for a view
// that only your deployment has.
func NewColumn[V any](name string) Column[V] { return Column[V]{name: identifier(name)} }

// Eq keeps the rows whose value equals v.
func (c Column[V]) Eq(v V) Filter { return compare(c.name, "eq", v) }

// NotEq keeps the rows whose value is set and differs from v.
func (c Column[V]) NotEq(v V) Filter { return compare(c.name, "neq", v) }

// Gt keeps the rows whose value is greater than v.
func (c Column[V]) Gt(v V) Filter { return compare(c.name, "gt", v) }

// Gte keeps the rows whose value is v or greater.
func (c Column[V]) Gte(v V) Filter { return compare(c.name, "gte", v) }

// Lt keeps the rows whose value is less than v.
func (c Column[V]) Lt(v V) Filter { return compare(c.name, "lt", v) }

// Lte keeps the rows whose value is v or less.
func (c Column[V]) Lte(v V) Filter { return compare(c.name, "lte", v) }

// In keeps the rows whose value is one of the given. Without values it holds
// for no row.
//
// The values travel in the URL, which servers limit to some kilobytes. A long
// In is asked for in parts, in whatever order the rows shall come: where the
// order is not that of the values, the server also puts the rows of the parts
// in order, some at a time, so such a list takes more requests. Inside Or or
// Not, and as NotIn, it cannot be split: a read whose filter is too long for a
// URL then fails with ErrInvalidInput and names the limit.
func (c Column[V]) In(values ...V) Filter {
	switch len(values) {
	case 0:
		return Filter{kind: none}
	case 1:
		return c.Eq(values[0]) // in.("") means the empty list to PostgREST
	}
	list, err := quoteAll(c.name, values)
	if err != nil {
		return Filter{err: err}
	}
	f := branch(c.name + ".in.(" + strings.Join(list, ",") + ")")
	f.column, f.values = c.name, list
	return f
}

// NotIn keeps the rows whose value is set and none of the given. Without values
// it holds for every row.
func (c Column[V]) NotIn(values ...V) Filter {
	switch len(values) {
	case 0:
		return Filter{}
	case 1:
		return c.NotEq(values[0])
	}
	list, err := quoteAll(c.name, values)
	if err != nil {
		return Filter{err: err}
	}
	return branch(c.name + ".not.in.(" + strings.Join(list, ",") + ")")
}

// IsNull keeps the rows that have no value.
func (c Column[V]) IsNull() Filter { return branch(c.name + ".is.null") }

// NotNull keeps the rows that have a value.
func (c Column[V]) NotNull() Filter { return branch(c.name + ".not.is.null") }

// Asc sorts by this column, smallest first, nulls last.
func (c Column[V]) Asc() Order { return Order{column: c.name, composite: composite[V]()} }

// Desc sorts by this column, greatest first, nulls first.
func (c Column[V]) Desc() Order { return Order{column: c.name, desc: true, composite: composite[V]()} }

// composite tells whether JSON shows a V in another way than PostgreSQL reads
// it from text.
func composite[V any]() bool {
	switch reflect.TypeFor[V]().Kind() {
	case reflect.Slice, reflect.Array, reflect.Map, reflect.Interface:
		return true
	default:
		return false
	}
}

// TextColumn is a column of text, which can be searched.
type TextColumn struct{ Column[string] }

// NewTextColumn names a column of text.
func NewTextColumn(name string) TextColumn { return TextColumn{NewColumn[string](name)} }

// Like keeps the rows that match the pattern: % stands for any text, _ for one
// character, a backslash takes the next character as it is. The server takes *
// for %, so a pattern cannot ask for an asterisk; Contains can.
func (c TextColumn) Like(pattern string) Filter { return compare(c.name, "like", pattern) }

// ILike is Like without regard to case.
func (c TextColumn) ILike(pattern string) Filter { return compare(c.name, "ilike", pattern) }

// Contains keeps the rows whose text contains s, which is no pattern.
func (c TextColumn) Contains(s string) Filter { return c.search("like", "match", "", s, "") }

// ContainsFold is Contains without regard to case.
func (c TextColumn) ContainsFold(s string) Filter { return c.search("ilike", "imatch", "", s, "") }

// HasPrefix keeps the rows whose text starts with s, which is no pattern.
func (c TextColumn) HasPrefix(s string) Filter { return c.search("like", "match", "^", s, "") }

// HasSuffix keeps the rows whose text ends with s, which is no pattern.
func (c TextColumn) HasSuffix(s string) Filter { return c.search("like", "match", "", s, "$") }

// search asks for literal text between the anchors ^ and $. PostgREST turns
// every * of a like pattern into %, even an escaped one, so text with an
// asterisk is asked for as a regular expression.
func (c TextColumn) search(like, match, start, s, end string) Filter {
	if strings.Contains(s, "*") {
		return compare(c.name, match, start+escapeRegexp(s)+end)
	}
	pattern := escapeLike(s)
	if start == "" {
		pattern = "%" + pattern
	}
	if end == "" {
		pattern += "%"
	}
	return compare(c.name, like, pattern)
}

// ArrayColumn is a column that holds an array of V.
type ArrayColumn[V any] struct{ name string }

// NewArrayColumn names a column that holds an array.
func NewArrayColumn[V any](name string) ArrayColumn[V] {
	return ArrayColumn[V]{name: identifier(name)}
}

// Contains keeps the rows whose array holds every given value.
func (c ArrayColumn[V]) Contains(values ...V) Filter { return c.array("cs", values) }

// ContainedBy keeps the rows whose array holds nothing but the given values.
func (c ArrayColumn[V]) ContainedBy(values ...V) Filter { return c.array("cd", values) }

// Overlaps keeps the rows whose array holds at least one of the given values.
func (c ArrayColumn[V]) Overlaps(values ...V) Filter {
	if len(values) == 0 {
		return Filter{kind: none}
	}
	return c.array("ov", values)
}

// IsNull keeps the rows that have no array. An empty array is not null.
func (c ArrayColumn[V]) IsNull() Filter { return branch(c.name + ".is.null") }

// NotNull keeps the rows that have an array, even an empty one.
func (c ArrayColumn[V]) NotNull() Filter { return branch(c.name + ".not.is.null") }

func (c ArrayColumn[V]) array(op string, values []V) Filter {
	list, err := quoteAll(c.name, values) // arrays and logic trees quote alike
	if err != nil {
		return Filter{err: err}
	}
	return branch(c.name + "." + op + "." + quote("{"+strings.Join(list, ",")+"}"))
}

// JSONColumn is a column that holds a JSON document, or a part of one: Key and
// Elem lead to its parts.
type JSONColumn struct {
	name string // with all steps of the path but the last
	last string // the last step; empty: the column itself
}

// NewJSONColumn names a column that holds JSON.
func NewJSONColumn(name string) JSONColumn { return JSONColumn{name: identifier(name)} }

// Contains keeps the rows whose document contains v, which is encoded as JSON:
// {"a": 1} is contained in {"a": 1, "b": 2}.
func (c JSONColumn) Contains(v any) Filter {
	b, err := pgjson.Marshal(v)
	if err != nil {
		return Filter{err: fmt.Errorf("value for column %s: %w", c.json(), err)}
	}
	return compare(c.json(), "cs", string(b))
}

// Key is the part of the document at a key of an object, whatever the key looks
// like: Key("0") is not the first element of an array. It is null where the key
// is missing.
func (c JSONColumn) Key(key string) JSONColumn { return JSONColumn{name: c.json(), last: jsonKey(key)} }

// Elem is the part of the document at a position of an array, from 0; negative
// positions count from the end. It is null where the array is shorter.
func (c JSONColumn) Elem(i int) JSONColumn {
	return JSONColumn{name: c.json(), last: strconv.Itoa(i)}
}

// Text is the part of the document as text: a string without its quotes,
// anything else as JSON. It is null where the part is missing or JSON's null.
func (c JSONColumn) Text() TextColumn {
	if c.last == "" {
		return TextColumn{Column[string]{name: c.name}}
	}
	return TextColumn{Column[string]{name: c.name + "->>" + c.last}}
}

// Path is the text at the given keys of the document: Path("a", "b") of
// {"a": {"b": 1}} is "1", and short for Key("a").Key("b").Text(). It is null
// where a key is missing. Keys made of digits are keys; for positions of arrays
// there is Elem.
func (c JSONColumn) Path(keys ...string) TextColumn {
	for _, k := range keys {
		c = c.Key(k)
	}
	return c.Text()
}

// IsNull keeps the rows that have no document.
func (c JSONColumn) IsNull() Filter { return branch(c.json() + ".is.null") }

// NotNull keeps the rows that have a document.
func (c JSONColumn) NotNull() Filter { return branch(c.json() + ".not.is.null") }

// json is the name of the part as JSON.
func (c JSONColumn) json() string {
	if c.last == "" {
		return c.name
	}
	return c.name + "->" + c.last
}

// compare renders column.op."value".
func compare(column, op string, v any) Filter {
	if column == "" {
		return Filter{err: errNoColumn}
	}
	text, err := render(v)
	if err != nil {
		return Filter{err: fmt.Errorf("value for column %s %w", column, err)}
	}
	return branch(column + "." + op + "." + quote(text))
}

func quoteAll[V any](column string, values []V) ([]string, error) {
	if column == "" {
		return nil, errNoColumn
	}
	list := make([]string, len(values))
	for i, v := range values {
		text, err := render(v)
		if err != nil {
			return nil, fmt.Errorf("value %d for column %s %w", i, column, err)
		}
		list[i] = quote(text)
	}
	return list, nil
}

var errNoColumn = errors.New("filter has no column: make columns with NewColumn")
